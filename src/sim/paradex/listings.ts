// What the Paradex dialect lists: perpetuals settled in USDC, by Paradex's symbols, steps, fees and margin.

import type { Instrument } from "../../core/instrument.ts";
import { lots } from "../../core/units.ts";
import { type Coin, type Listing, listed } from "../listings.ts";

/** Steps of ETH and BTC as in Paradex's answers to `/markets`. */
const COINS: readonly Coin[] = [
  { base: "ETH", tickSize: "0.01", lotSize: "0.0001", startPrice: "2500", spacing: 40, quantity: 5_000, sweepMax: 25_000, noisePpm: 230 },
  { base: "BTC", tickSize: "0.1", lotSize: "0.00001", startPrice: "65000", spacing: 100, quantity: 2_000, sweepMax: 10_000, noisePpm: 200 },
  { base: "SOL", tickSize: "0.001", lotSize: "0.01", startPrice: "150", spacing: 30, quantity: 800, sweepMax: 4_000, noisePpm: 260 },
];

/** Currency that the symbols are quoted in; cash and fees are in the settlement currency. */
export const QUOTE = "USD";
const SETTLEMENT = "USDC";

function listingOf(coin: Coin): Listing {
  const instrument: Instrument = {
    ref: { exchange: "paradex", account: "sim", symbol: `${coin.base}/${QUOTE}:${SETTLEMENT}` },
    revision: `${coin.tickSize}|${coin.lotSize}|1|10`,
    kind: "perp",
    base: coin.base,
    // The accounts book values and fees in this currency, and Paradex books them in the settlement currency.
    quote: SETTLEMENT,
    settle: SETTLEMENT,
    tickSize: coin.tickSize,
    lotSize: coin.lotSize,
    minQuantity: lots(1),
    minNotional: "10",
    contractSize: "1",
    makerFee: "-0.00005",
    takerFee: "0.0003",
    maxLeverage: 50,
  };
  return listed(coin, `${coin.base}-${QUOTE}-PERP`, instrument, { initialMargin: "0.02", maintenanceMargin: "0.01" });
}

export const PARADEX_LISTINGS: readonly Listing[] = COINS.map(listingOf);
