// What is traded: an instrument's identity, its steps and its limits.

import { fromSteps, type Lots, lots, type Rounding, stepOf, type Ticks, ticks, toSteps } from "./units.ts";

export interface InstrumentRef {
  readonly exchange: string;
  readonly account: string;
  /** ccxt's unified symbol: `SOL/USDC` (spot), `SOL/USDC:USDC` (linear perp). */
  readonly symbol: string;
}

export interface Instrument {
  readonly ref: InstrumentRef;
  /** Changes when the exchange changes a step or a limit: `tickSize|lotSize|minQuantity|minNotional`. */
  readonly revision: string;
  readonly kind: "spot" | "perp";
  readonly base: string;
  readonly quote: string;
  readonly settle: string;
  /** Price step, decimal string in quote currency. */
  readonly tickSize: string;
  /** Quantity step, decimal string in base units (contracts x contractSize). */
  readonly lotSize: string;
  readonly minQuantity: Lots;
  /** Smallest price x quantity, decimal string in quote currency; "0" when there is none. */
  readonly minNotional: string;
  readonly contractSize: string;
  /** Fraction of notional, decimal string; negative is a rebate. */
  readonly makerFee: string;
  readonly takerFee: string;
  readonly maxLeverage?: number;
}

/** The steps that a revision names; empty for one that names none. */
export function stepsIn(revision: string | undefined): Partial<Pick<Instrument, "tickSize" | "lotSize">> {
  const [tickSize, lotSize] = revision?.split("|") ?? [];
  return tickSize === undefined || lotSize === undefined ? {} : { tickSize, lotSize };
}

/** Ticks of a decimal price. Round a bid down and an ask up. */
export function toTicks(instrument: Instrument, price: string, rounding: Rounding = "exact"): Ticks {
  return ticks(toSteps(price, stepOf(instrument.tickSize), rounding));
}

/** Lots of a decimal quantity in base units; what we send is rounded down. */
export function toLots(instrument: Instrument, quantity: string, rounding: Rounding = "exact"): Lots {
  return lots(toSteps(quantity, stepOf(instrument.lotSize), rounding));
}

/** Decimal price of a count of ticks. */
export function toPrice(instrument: Instrument, count: Ticks): string {
  return fromSteps(count, stepOf(instrument.tickSize));
}

/** Decimal quantity in base units of a count of lots. */
export function toQuantity(instrument: Instrument, count: Lots): string {
  return fromSteps(count, stepOf(instrument.lotSize));
}

/** `backpack:main:SOL/USDC:USDC`, for maps, claims and logs. */
export function refKey(ref: InstrumentRef): string {
  return `${ref.exchange}:${ref.account}:${ref.symbol}`;
}
