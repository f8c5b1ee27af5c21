// What the simulated Aster lists: its perpetuals and spot pairs in USDT, with their steps, fees and margin.

import type { Instrument } from "../../core/instrument.ts";
import { lots } from "../../core/units.ts";
import { type Coin, type Listing, listed } from "../listings.ts";

export type MarketKind = "spot" | "perp";

/** Smallest price times quantity of an order, in USDT; orders that only reduce a position are free of it. */
export const MIN_NOTIONAL = "5";
/** Leverage of an account that never set one, and the highest that can be set. */
export const DEFAULT_LEVERAGE = 20;
export const MAX_LEVERAGE = 125;

const QUOTE = "USDT";
/** Perpetual and spot of a coin carry the same name on the wire, so the spot pair's own id needs an ending. */
const SPOT_SUFFIX = "_SPOT";

const COINS: readonly Coin[] = [
  { base: "BTC", tickSize: "0.1", lotSize: "0.001", startPrice: "65000", spacing: 100, quantity: 40, sweepMax: 200, noisePpm: 200 },
  { base: "ETH", tickSize: "0.01", lotSize: "0.001", startPrice: "2500", spacing: 40, quantity: 500, sweepMax: 2_500, noisePpm: 230 },
  { base: "SOL", tickSize: "0.01", lotSize: "0.01", startPrice: "150", spacing: 3, quantity: 800, sweepMax: 4_000, noisePpm: 260 },
];

const TERMS = {
  perp: { makerFee: "0.0001", takerFee: "0.00035", initialMargin: "0.05", maintenanceMargin: "0.01" },
  spot: { makerFee: "0.0004", takerFee: "0.001", initialMargin: "0", maintenanceMargin: "0" },
} as const;

function listingOf(coin: Coin, kind: MarketKind): Listing {
  const { makerFee, takerFee } = TERMS[kind];
  const instrument: Instrument = {
    ref: { exchange: "aster", account: "sim", symbol: kind === "perp" ? `${coin.base}/${QUOTE}:${QUOTE}` : `${coin.base}/${QUOTE}` },
    revision: `${coin.tickSize}|${coin.lotSize}|1|${MIN_NOTIONAL}`,
    kind,
    base: coin.base,
    quote: QUOTE,
    settle: QUOTE,
    tickSize: coin.tickSize,
    lotSize: coin.lotSize,
    minQuantity: lots(1),
    minNotional: MIN_NOTIONAL,
    contractSize: "1",
    makerFee,
    takerFee,
    ...(kind === "perp" ? { maxLeverage: MAX_LEVERAGE } : {}),
  };
  return listed(coin, listingId(kind, `${coin.base}${QUOTE}`), instrument, TERMS[kind]);
}

export const ASTER_LISTINGS: readonly Listing[] = COINS.flatMap((coin) => [listingOf(coin, "perp"), listingOf(coin, "spot")]);

/** The exchange's own id of what `symbol` names on the wire of the futures or the spot interface. */
export function listingId(kind: MarketKind, symbol: string): string {
  return kind === "perp" ? symbol : `${symbol}${SPOT_SUFFIX}`;
}

/** What both interfaces call a listing: `ETHUSDT`. */
export function wireSymbol({ instrument }: Listing): string {
  return `${instrument.base}${instrument.quote}`;
}
