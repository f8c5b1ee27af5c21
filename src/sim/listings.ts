// What the simulated exchange lists: Backpack's own symbols with its steps, fees and margin, and how lively each market is.

import type { Instrument } from "../core/instrument.ts";
import { type Money, money } from "../core/money.ts";
import { type Lots, lots, stepOf, type Ticks } from "../core/units.ts";

/** The shape of the market maker's orders around the reference price. */
export interface LadderShape {
  /** Levels on each side. */
  readonly levels: number;
  /** From the reference price to the best bid and ask. */
  readonly halfSpread: Ticks;
  /** Between the deeper levels. */
  readonly spacing: Ticks;
  /** Quantity of a level is 1 to 4 times this, by its price. */
  readonly quantity: Lots;
}

/** How a generated market moves; `Ppm` is millionths of the price per step. */
export interface GeneratorShape {
  /** First price and the level it is slowly drawn back to, decimal string. */
  readonly startPrice: string;
  readonly stepMs: number;
  readonly noisePpm: number;
  /** Largest quantity of one market order. */
  readonly sweepMax: Lots;
}

export interface Listing {
  /** Backpack's symbol, such as `ETH_USDC_PERP`. */
  readonly id: string;
  readonly instrument: Instrument;
  /** Fraction of notional; "0" on spot. */
  readonly initialMargin: string;
  readonly maintenanceMargin: string;
  /** Between two funding payments of a perpetual; eight hours when absent. */
  readonly fundingIntervalMs?: number;
  readonly ladder: LadderShape;
  readonly generator: GeneratorShape;
  /** Value of one tick times one lot in the quote currency. */
  readonly unit: Money;
}

/** A coin's steps at an exchange and how its market moves there. */
export interface Coin {
  readonly base: string;
  readonly tickSize: string;
  readonly lotSize: string;
  readonly startPrice: string;
  readonly spacing: number;
  readonly quantity: number;
  readonly sweepMax: number;
  readonly noisePpm: number;
}

/** Steps as in Backpack's answers (SOL, ETH) and order books (BTC). */
const COINS: readonly Coin[] = [
  { base: "SOL", tickSize: "0.01", lotSize: "0.01", startPrice: "150", spacing: 3, quantity: 800, sweepMax: 4_000, noisePpm: 260 },
  { base: "ETH", tickSize: "0.01", lotSize: "0.0001", startPrice: "2500", spacing: 40, quantity: 5_000, sweepMax: 25_000, noisePpm: 230 },
  { base: "BTC", tickSize: "0.1", lotSize: "0.00001", startPrice: "65000", spacing: 100, quantity: 2_000, sweepMax: 10_000, noisePpm: 200 },
];

const SPOT = { kind: "spot", suffix: "", makerFee: "0.0008", takerFee: "0.001", initialMargin: "0", maintenanceMargin: "0" } as const;
const PERP = {
  kind: "perp",
  suffix: "_PERP",
  makerFee: "0.0002",
  takerFee: "0.0005",
  initialMargin: "0.02",
  maintenanceMargin: "0.0125",
} as const;

/** A listing whose market is quoted and moves as its coin's does. Margins are fractions of notional, "0" on spot. */
export function listed(
  coin: Coin,
  id: string,
  instrument: Instrument,
  margin: Pick<Listing, "initialMargin" | "maintenanceMargin">,
): Listing {
  return {
    id,
    instrument,
    initialMargin: margin.initialMargin,
    maintenanceMargin: margin.maintenanceMargin,
    ladder: { levels: 20, halfSpread: 1 as Ticks, spacing: coin.spacing as Ticks, quantity: lots(coin.quantity) },
    generator: { startPrice: coin.startPrice, stepMs: 250, noisePpm: coin.noisePpm, sweepMax: lots(coin.sweepMax) },
    unit: money(coin.tickSize).times(money(coin.lotSize)),
  };
}

function listingOf(coin: Coin, terms: typeof SPOT | typeof PERP): Listing {
  const quote = "USDC";
  const symbol = terms.kind === "perp" ? `${coin.base}/${quote}:${quote}` : `${coin.base}/${quote}`;
  const instrument: Instrument = {
    ref: { exchange: "backpack", account: "sim", symbol },
    revision: `${coin.tickSize}|${coin.lotSize}|1|0`,
    kind: terms.kind,
    base: coin.base,
    quote,
    settle: quote,
    tickSize: coin.tickSize,
    lotSize: coin.lotSize,
    minQuantity: lots(1),
    minNotional: "0",
    contractSize: "1",
    makerFee: terms.makerFee,
    takerFee: terms.takerFee,
    ...(terms.kind === "perp" ? { maxLeverage: 50 } : {}),
  };
  return listed(coin, `${coin.base}_${quote}${terms.suffix}`, instrument, terms);
}

export const LISTINGS: readonly Listing[] = COINS.flatMap((coin) => [listingOf(coin, PERP), listingOf(coin, SPOT)]);

/** Exact value of `quantity` lots at `price` ticks in the quote currency. */
export function notionalOf(listing: Listing, price: Ticks, quantity: Lots): Money {
  return listing.unit.times(money(BigInt(price) * BigInt(quantity)));
}

/** Smallest price step and quantity step of a listing. */
export function stepsOf(listing: Listing): { price: ReturnType<typeof stepOf>; quantity: ReturnType<typeof stepOf> } {
  return { price: stepOf(listing.instrument.tickSize), quantity: stepOf(listing.instrument.lotSize) };
}
