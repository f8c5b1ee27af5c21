// Templates of bots for every exchange and product, made from one table of facts and the strategies' own examples.

import { type BotProduct, PRODUCTS } from "../core/bot-products.ts";
import type { Strategy } from "../core/strategy.ts";
import type { Text } from "../core/text.ts";

interface ExchangeFacts {
  /** ccxt's spelling; null where the exchange has no spot market. */
  readonly spot: string | null;
  readonly perp: string;
  /** The simulated exchange stands in, so that the template runs as it is; otherwise it begins with paper. */
  readonly isSimulated?: boolean;
}

/** One liquid instrument of each kind per exchange. */
const EXCHANGES: Readonly<Record<string, ExchangeFacts>> = {
  backpack: { spot: "ETH/USDC", perp: "ETH/USDC:USDC", isSimulated: true },
  aster: { spot: "ETH/USDT", perp: "ETH/USDT:USDT" },
  paradex: { spot: null, perp: "ETH/USD:USDC" },
  lighter: { spot: "ETH/USDC", perp: "ETH/USDC:USDC" },
  hyperliquid: { spot: "UETH/USDC", perp: "ETH/USDC:USDC" },
  binance: { spot: "ETH/USDT", perp: "ETH/USDT:USDT" },
  bybit: { spot: "ETH/USDT", perp: "ETH/USDT:USDT" },
  okx: { spot: "ETH/USDT", perp: "ETH/USDT:USDT" },
  apex: { spot: null, perp: "ETH/USDT:USDT" },
  standx: { spot: null, perp: "ETH/USD:DUSD" },
};

/** Short names, so that an id stays within its 32 characters. */
const SHORT: Readonly<Record<string, string>> = {
  market_maker: "mm",
  perp_market_maker: "perp_mm",
  maker_taker_hedge: "hedge",
  grid: "grid",
  perp_grid: "perp_grid",
};
/** Largest position of every template, base units: far above what one order of an example adds. */
const MAX_POSITION = "1";

export interface Template {
  /** `backpack_perp_grid`. */
  readonly name: string;
  readonly exchange: string;
  readonly product: BotProduct;
  readonly symbol: string;
  readonly summary: Text;
  /** A bot's fields, for `validateBot`. */
  readonly config: Readonly<Record<string, unknown>>;
}

/** Every template that the installed strategies allow, by exchange and product. */
export function templates(strategies: ReadonlyMap<string, Strategy>): readonly Template[] {
  return Object.entries(EXCHANGES).flatMap(([exchange, facts]) =>
    PRODUCTS.flatMap((product) => {
      const strategy = strategies.get(product.strategy);
      const symbol = symbolOf(product, facts);
      return strategy === undefined || symbol === null ? [] : [templateOf(exchange, facts, product, strategy, symbol)];
    }),
  );
}

/** The instrument that a product trades here; null where the exchange has none of its kind. The plain grid is the one on spot. */
function symbolOf({ name, kind }: BotProduct, { spot, perp }: ExchangeFacts): string | null {
  if (kind === "perp") return perp;
  if (kind === "spot" || name === "grid") return spot;
  return spot ?? perp;
}

function templateOf(exchange: string, facts: ExchangeFacts, product: BotProduct, strategy: Strategy, symbol: string): Template {
  const isSimulated = facts.isSimulated === true;
  // What is quoted on spot is hedged on the perpetual of the same exchange; without spot each fill is taken back where it came from.
  const legs = product.name === "maker_taker_hedge" && facts.spot !== null ? { hedgeSymbol: facts.perp } : {};
  const { summary } = product;
  return {
    name: `${exchange}_${product.name}`,
    exchange,
    product,
    symbol,
    summary,
    config: {
      id: `${exchange}_eth_${SHORT[product.name] ?? product.name}`,
      description: `${summary.en} (template for ${exchange})`,
      strategy: product.name,
      exchange,
      account: isSimulated ? "sim" : "main",
      symbol,
      mode: isSimulated ? "sim" : "paper",
      params: { ...product.params, ...strategy.example, ...legs },
      risk: { maxPosition: MAX_POSITION },
    },
  };
}
