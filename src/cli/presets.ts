// The bots that exist after a first start, so that `/start eth_grid` works as typed: neutral perpetual grids on the simulated exchange.

import { type BotConfig, botConfigSchema } from "../core/bot-config.ts";
import { money, text } from "../core/money.ts";

const LEVELS = 20;
/** All entries of one side together stay well below this many orders' worth. */
const POSITION_IN_ORDERS = 25;

interface Preset {
  readonly id: string;
  readonly symbol: string;
  /** Of one entry, base units. */
  readonly orderQuantity: string;
}

const PRESETS: readonly Preset[] = [
  { id: "eth_grid", symbol: "ETH/USDC:USDC", orderQuantity: "0.05" },
  { id: "btc_grid", symbol: "BTC/USDC:USDC", orderQuantity: "0.002" },
  { id: "sol_grid", symbol: "SOL/USDC:USDC", orderQuantity: "1" },
];

/** The configurations of the preset bots. */
export function presetBots(): readonly BotConfig[] {
  return PRESETS.map(({ id, symbol, orderQuantity }) =>
    botConfigSchema.parse({
      id,
      strategy: "grid",
      params: {
        gridType: "neutral",
        gridMode: "geometric",
        gridNum: LEVELS,
        priceRangePercent: "3",
        orderQuantity,
        boundaryAction: "adjust_range",
        boundaryTolerance: "0.001",
      },
      exchange: "backpack",
      account: "sim",
      symbol,
      mode: "sim",
      risk: { maxPosition: text(money(orderQuantity).times(POSITION_IN_ORDERS)), maxOpenOrders: 60 },
    }),
  );
}
