// One leg's books: position at average cost, realized profit, fees and funding, exact to the last unit.

import { type Instrument, toPrice } from "./instrument.ts";
import { type Money, money, text, ZERO } from "./money.ts";
import { type Side, signOf } from "./order.ts";
import { type Lots, lots, type Ticks } from "./units.ts";

/**
 * Plain JSON. `cost`, `cash` and `realized` count quanta (ticks x lots, signed) as decimal bigints: products of safe
 * integers can pass 2^53. The identity `realized = cash + cost` holds after every entry.
 */
export interface PositionLedger {
  position: Lots;
  /** Signed cost of the open position: positive for a long, negative for a short. */
  cost: string;
  /** Received minus paid. */
  cash: string;
  realized: string;
  /** Paid fees in quote currency (base fees valued at their fill's price), decimal string. */
  fees: string;
  /** Fees paid in a third currency, which have no price here. */
  otherFees: Record<string, string>;
  /** Positive is received, decimal string in quote currency. */
  funding: string;
  /** Traded notional in quanta. */
  volume: string;
  fills: number;
}

export interface LedgerFill {
  readonly side: Side;
  readonly price: Ticks;
  readonly quantity: Lots;
  readonly fee: string;
  readonly feeCurrency: string;
}

export function emptyLedger(): PositionLedger {
  return { position: lots(0), cost: "0", cash: "0", realized: "0", fees: "0", otherFees: {}, funding: "0", volume: "0", fills: 0 };
}

/** Value of one quantum (one tick x one lot) in quote currency. */
export function quantumOf(instrument: Instrument): Money {
  return money(instrument.tickSize).times(instrument.lotSize);
}

/** Share `part/whole` of a cost, rounded to the nearest quantum; the remainder stays with the position. */
function shareOf(cost: bigint, part: bigint, whole: bigint): bigint {
  const twice = 2n * cost * part;
  const sign = twice < 0n ? -1n : 1n;
  return sign * ((sign * twice + whole) / (2n * whole));
}

/**
 * Folds one fill in and returns the realized profit of it in quote currency. A fill through zero closes at cost and opens
 * the rest at its price. Throws when the identity breaks, which is a programmer error.
 */
export function applyFill(ledger: PositionLedger, instrument: Instrument, fill: LedgerFill): Money {
  const signed = BigInt(signOf(fill.side) * fill.quantity);
  const price = BigInt(fill.price);
  const position = BigInt(ledger.position);
  let cost = BigInt(ledger.cost);
  let realized = BigInt(ledger.realized);
  const before = realized;
  const isClosing = position !== 0n && position > 0n !== signed > 0n;
  const closed = isClosing ? minimum(absolute(signed), absolute(position)) : 0n;
  if (closed > 0n) {
    const released = shareOf(cost, closed, absolute(position));
    const proceeds = (signed < 0n ? closed : -closed) * price;
    realized += proceeds - released;
    cost -= released;
  }
  const opened = absolute(signed) - closed;
  cost += (signed > 0n ? opened : -opened) * price;
  ledger.position = lots(Number(position + signed));
  ledger.cost = cost.toString();
  ledger.cash = (BigInt(ledger.cash) - signed * price).toString();
  ledger.realized = realized.toString();
  ledger.volume = (BigInt(ledger.volume) + absolute(signed) * price).toString();
  ledger.fills += 1;
  addFee(ledger, instrument, fill);
  assertIdentity(ledger);
  return quantumOf(instrument).times((realized - before).toString());
}

function addFee(ledger: PositionLedger, instrument: Instrument, fill: LedgerFill): void {
  const fee = money(fill.fee);
  if (fill.feeCurrency === instrument.quote || fill.feeCurrency === instrument.settle) {
    ledger.fees = text(money(ledger.fees).plus(fee));
  } else if (fill.feeCurrency === instrument.base) {
    ledger.fees = text(money(ledger.fees).plus(fee.times(toPrice(instrument, fill.price))));
  } else {
    ledger.otherFees[fill.feeCurrency] = text(money(ledger.otherFees[fill.feeCurrency] ?? "0").plus(fee));
  }
}

/** Throws when `realized = cash + cost` is broken or a flat position has a cost. */
export function assertIdentity(ledger: PositionLedger): void {
  const isWhole = BigInt(ledger.realized) === BigInt(ledger.cash) + BigInt(ledger.cost);
  if (!isWhole || (ledger.position === 0 && ledger.cost !== "0")) {
    throw new Error(
      `ledger identity broken: realized ${ledger.realized}, cash ${ledger.cash}, cost ${ledger.cost}, position ${ledger.position}`,
    );
  }
}

/** Average entry price as a decimal string with 8 more decimals than the tick, or null when flat. */
export function averageEntryPrice(ledger: PositionLedger, instrument: Instrument): string | null {
  if (ledger.position === 0) return null;
  return text(money(ledger.cost).times(instrument.tickSize).div(ledger.position).round(12));
}

export interface LedgerTotals {
  readonly realizedPnl: Money;
  readonly unrealizedPnl: Money;
  readonly fees: Money;
  readonly funding: Money;
  /** realized + unrealized - fees + funding. */
  readonly netPnl: Money;
  readonly volume: Money;
}

/** Totals in quote currency with the open position valued at `mark`; unrealized is 0 without a mark. */
export function totalsOf(ledger: PositionLedger, instrument: Instrument, mark: Ticks | null): LedgerTotals {
  const quantum = quantumOf(instrument);
  const realizedPnl = quantum.times(ledger.realized);
  const value = mark === null ? null : BigInt(ledger.position) * BigInt(mark) - BigInt(ledger.cost);
  const unrealizedPnl = value === null ? ZERO : quantum.times(value.toString());
  const fees = money(ledger.fees);
  const funding = money(ledger.funding);
  return {
    realizedPnl,
    unrealizedPnl,
    fees,
    funding,
    netPnl: realizedPnl.plus(unrealizedPnl).minus(fees).plus(funding),
    volume: quantum.times(ledger.volume),
  };
}

function absolute(value: bigint): bigint {
  return value < 0n ? -value : value;
}

function minimum(a: bigint, b: bigint): bigint {
  return a < b ? a : b;
}
