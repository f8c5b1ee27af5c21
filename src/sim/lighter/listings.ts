// What the Lighter dialect lists: perpetuals and one spot market by Lighter's numbers, with its decimals, fees and margin.

import type { Instrument } from "../../core/instrument.ts";
import { money } from "../../core/money.ts";
import { lots, type Ticks } from "../../core/units.ts";
import type { Listing } from "../listings.ts";

export const QUOTE = "USDC";
/** Lighter's numbers of the assets. */
export const ASSET_IDS: Readonly<Record<string, number>> = { ETH: 1, BTC: 2, USDC: 3, SOL: 4 };
/** Fees are told in millionths of the value. */
export const FEE_TICK = 1_000_000;
/** Margin fractions are told in ten-thousandths. */
export const FRACTION = 10_000;
const HOUR_MS = 3_600_000;

interface Coin {
  /** Lighter's market number. */
  readonly id: string;
  readonly kind: "perp" | "spot";
  readonly base: string;
  readonly tickSize: string;
  readonly lotSize: string;
  readonly minLots: number;
  readonly startPrice: string;
  readonly spacing: number;
  readonly quantity: number;
  readonly sweepMax: number;
  readonly noisePpm: number;
}

/** Numbers and decimals of ETH and BTC as in Lighter's answers to `orderBookDetails`. */
const COINS: readonly Coin[] = [
  {
    ...{ id: "0", kind: "perp", base: "ETH", tickSize: "0.01", lotSize: "0.0001", minLots: 50, startPrice: "2500" },
    ...{ spacing: 40, quantity: 5_000, sweepMax: 25_000, noisePpm: 230 },
  },
  {
    ...{ id: "1", kind: "perp", base: "BTC", tickSize: "0.1", lotSize: "0.00001", minLots: 20, startPrice: "65000" },
    ...{ spacing: 100, quantity: 2_000, sweepMax: 10_000, noisePpm: 200 },
  },
  {
    ...{ id: "2", kind: "perp", base: "SOL", tickSize: "0.001", lotSize: "0.001", minLots: 50, startPrice: "150" },
    ...{ spacing: 30, quantity: 8_000, sweepMax: 40_000, noisePpm: 260 },
  },
  {
    ...{ id: "2048", kind: "spot", base: "ETH", tickSize: "0.01", lotSize: "0.0001", minLots: 1, startPrice: "2500" },
    ...{ spacing: 40, quantity: 5_000, sweepMax: 25_000, noisePpm: 230 },
  },
];

function listingOf(coin: Coin): Listing {
  const isPerp = coin.kind === "perp";
  const instrument: Instrument = {
    ref: { exchange: "lighter", account: "sim", symbol: isPerp ? `${coin.base}/${QUOTE}:${QUOTE}` : `${coin.base}/${QUOTE}` },
    revision: `${coin.tickSize}|${coin.lotSize}|${coin.minLots}|${isPerp ? 10 : 0}`,
    kind: coin.kind,
    base: coin.base,
    quote: QUOTE,
    settle: QUOTE,
    tickSize: coin.tickSize,
    lotSize: coin.lotSize,
    minQuantity: lots(coin.minLots),
    minNotional: isPerp ? "10" : "0",
    contractSize: "1",
    // A premium account's; a standard one trades free. Spot is free for both.
    makerFee: isPerp ? "0.00004" : "0",
    takerFee: isPerp ? "0.00028" : "0",
    ...(isPerp ? { maxLeverage: 50 } : {}),
  };
  return {
    id: coin.id,
    instrument,
    initialMargin: isPerp ? "0.05" : "0",
    maintenanceMargin: isPerp ? "0.012" : "0",
    fundingIntervalMs: HOUR_MS,
    ladder: { levels: 20, halfSpread: 1 as Ticks, spacing: coin.spacing as Ticks, quantity: lots(coin.quantity) },
    generator: { startPrice: coin.startPrice, stepMs: 250, noisePpm: coin.noisePpm, sweepMax: lots(coin.sweepMax) },
    unit: money(coin.tickSize).times(money(coin.lotSize)),
  };
}

export const LIGHTER_LISTINGS: readonly Listing[] = COINS.map(listingOf);
