// What the Lighter dialect lists: perpetuals and one spot market by Lighter's numbers, with its decimals, fees and margin.

import type { Instrument } from "../../core/instrument.ts";
import { lots } from "../../core/units.ts";
import { type Coin, type Listing, listed } from "../listings.ts";

export const QUOTE = "USDC";
/** Lighter's numbers of the assets. */
export const ASSET_IDS: Readonly<Record<string, number>> = { ETH: 1, BTC: 2, USDC: 3, SOL: 4 };
/** Fees are told in millionths of the value. */
export const FEE_TICK = 1_000_000;
/** Margin fractions are told in ten-thousandths. */
export const FRACTION = 10_000;
const HOUR_MS = 3_600_000;

interface LighterCoin extends Coin {
  /** Lighter's market number. */
  readonly id: string;
  readonly kind: "perp" | "spot";
  readonly minLots: number;
}

/** Numbers and decimals of ETH and BTC as in Lighter's answers to `orderBookDetails`. */
const COINS: readonly LighterCoin[] = [
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

function listingOf(coin: LighterCoin): Listing {
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
  const margin = isPerp ? { initialMargin: "0.05", maintenanceMargin: "0.012" } : { initialMargin: "0", maintenanceMargin: "0" };
  return { ...listed(coin, coin.id, instrument, margin), fundingIntervalMs: HOUR_MS };
}

export const LIGHTER_LISTINGS: readonly Listing[] = COINS.map(listingOf);
