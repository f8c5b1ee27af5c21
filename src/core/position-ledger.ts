// One leg's books: position at average cost and as FIFO lots, fees, funding, transfers, exact to the last unit.

import { applyToLots, type FifoLot, shareOf } from "./fifo-lots.ts";
import { type Instrument, toPrice } from "./instrument.ts";
import { type Money, money, text, ZERO } from "./money.ts";
import { type Side, signOf } from "./order.ts";
import { type Lots, lots, stepOf, type Ticks, toSteps } from "./units.ts";

/**
 * Plain JSON. `cost`, `cash`, `realized` and `realizedFifo` count quanta (ticks x lots of `tickSize` and `lotSize`, signed) as
 * decimal bigints: products of safe integers can pass 2^53. Money is decimal strings in quote currency.
 */
export interface PositionLedger {
  /** The steps in which this ledger counts; at least as fine as any the instrument ever had. */
  tickSize: string;
  lotSize: string;
  /** Signed lots of `lotSize`. */
  position: Lots;
  /** Signed cost of the open position: positive for a long, negative for a short. */
  cost: string;
  /** Received minus paid for fills. */
  cash: string;
  realized: string;
  realizedFifo: string;
  fifo: FifoLot[];
  /** Paid fees in quote currency; other currencies are converted at their fill. */
  fees: string;
  /** Fees in a currency that had no price when they were paid; in no total. */
  otherFees: Record<string, string>;
  /** Spot: paid as fees in base currency, base units; what was bought with it is in `position` and at the exchange no more. */
  baseFees?: string;
  /** Positive is received. */
  funding: string;
  /** Positive came in. Changes equity, never profit. */
  transfers: string;
  /** Independent sum of every change of money but fills: - fees + funding + transfers. */
  otherCash: string;
  /** Traded notional in quanta. */
  volume: string;
  fills: number;
  /** Keys of the newest funding and transfer entries, so that one told twice is one. */
  seenEntries: string[];
}

export interface LedgerFill {
  readonly side: Side;
  readonly price: Ticks;
  readonly quantity: Lots;
  readonly fee: string;
  readonly feeCurrency: string;
  /** The fee in quote currency at the time of the fill, when the feed could convert it. */
  readonly feeInQuote?: string;
}

/** The books do not add up: a programmer error that halts the bot. */
export class LedgerIdentityError extends Error {}

const SEEN_ENTRIES_MAX = 500;
/** big.js: away from zero. */
const ROUND_UP = 3;

export function emptyLedger(instrument: Pick<Instrument, "tickSize" | "lotSize">): PositionLedger {
  return {
    tickSize: instrument.tickSize,
    lotSize: instrument.lotSize,
    position: lots(0),
    cost: "0",
    cash: "0",
    realized: "0",
    realizedFifo: "0",
    fifo: [],
    fees: "0",
    otherFees: {},
    funding: "0",
    transfers: "0",
    otherCash: "0",
    volume: "0",
    fills: 0,
    seenEntries: [],
  };
}

/** Value of one quantum (one tick x one lot) in quote currency. */
export function quantumOf(steps: { readonly tickSize: string; readonly lotSize: string }): Money {
  return money(steps.tickSize).times(steps.lotSize);
}

/** How many of the ledger's steps one of the instrument's is; the ledger's are never coarser. */
function factor(instrumentStep: string, ledgerStep: string): number {
  return toSteps(instrumentStep, stepOf(ledgerStep), "exact");
}

/** The position in the instrument's lots, rounded toward zero: dust below a lot is carried here and shown there as nothing. */
export function positionOf(ledger: PositionLedger, instrument: Instrument): Lots {
  return lots(Math.trunc(ledger.position / factor(instrument.lotSize, ledger.lotSize)));
}

/** True when a part of the position is no whole lot of the instrument: `positionOf` leaves it out. */
export function hasDust(ledger: PositionLedger, instrument: Instrument): boolean {
  return ledger.position % factor(instrument.lotSize, ledger.lotSize) !== 0;
}

/**
 * What of a position is there to be sold, in the ledger's lots rounded toward zero. Spot fees paid in base currency have taken
 * their part of a long; the part of a lot that they leave stays as dust. Profit is counted on the position as traded, with those
 * fees at the price of their fill.
 */
export function heldLots({ position, baseFees, lotSize }: PositionLedger): Lots {
  if (position <= 0 || baseFees === undefined) return position;
  const spent = Number(money(baseFees).div(lotSize).round(0, ROUND_UP));
  return lots(Math.min(position, Math.max(0, position - spent)));
}

/** The same in the instrument's lots. */
export function heldOf(ledger: PositionLedger, instrument: Instrument): Lots {
  return lots(Math.trunc(heldLots(ledger) / factor(instrument.lotSize, ledger.lotSize)));
}

/**
 * Folds one fill in and returns the realized profit of it in quote currency. A fill through zero closes at cost and opens
 * the rest at its price. Throws a LedgerIdentityError when the books do not add up afterwards.
 */
export function applyFill(ledger: PositionLedger, instrument: Instrument, fill: LedgerFill): Money {
  const signed = BigInt(signOf(fill.side)) * BigInt(fill.quantity) * BigInt(factor(instrument.lotSize, ledger.lotSize));
  const price = BigInt(fill.price) * BigInt(factor(instrument.tickSize, ledger.tickSize));
  const position = BigInt(ledger.position);
  let cost = BigInt(ledger.cost);
  let realized = BigInt(ledger.realized);
  const before = realized;
  const isClosing = position !== 0n && position > 0n !== signed > 0n;
  const closed = isClosing ? minimum(absolute(signed), absolute(position)) : 0n;
  if (closed > 0n) {
    const released = shareOf(cost, closed, absolute(position));
    realized += (signed < 0n ? closed : -closed) * price - released;
    cost -= released;
  }
  const opened = absolute(signed) - closed;
  cost += (signed > 0n ? opened : -opened) * price;
  ledger.position = lots(Number(position + signed));
  ledger.cost = cost.toString();
  ledger.cash = (BigInt(ledger.cash) - signed * price).toString();
  ledger.realized = realized.toString();
  ledger.realizedFifo = (BigInt(ledger.realizedFifo) + applyToLots(ledger.fifo, signed, price)).toString();
  ledger.volume = (BigInt(ledger.volume) + absolute(signed) * price).toString();
  ledger.fills += 1;
  addFee(ledger, instrument, fill);
  assertIdentity(ledger);
  return quantumOf(ledger).times((realized - before).toString());
}

function addFee(ledger: PositionLedger, instrument: Instrument, fill: LedgerFill): void {
  const isInBase = fill.feeCurrency === instrument.base && instrument.base !== instrument.quote;
  if (instrument.kind === "spot" && isInBase) ledger.baseFees = text(money(ledger.baseFees ?? "0").plus(fill.fee));
  const inQuote = feeInQuote(instrument, fill);
  if (inQuote === null) {
    ledger.otherFees[fill.feeCurrency] = text(money(ledger.otherFees[fill.feeCurrency] ?? "0").plus(fill.fee));
    return;
  }
  ledger.fees = text(money(ledger.fees).plus(inQuote));
  ledger.otherCash = text(money(ledger.otherCash).minus(inQuote));
}

/** The fee in quote currency: as paid, at the fill's price when paid in base, as converted by the feed; null without a price. */
function feeInQuote(instrument: Instrument, fill: LedgerFill): Money | null {
  if (fill.feeCurrency === instrument.quote || fill.feeCurrency === instrument.settle) return money(fill.fee);
  if (fill.feeCurrency === instrument.base) return money(fill.fee).times(toPrice(instrument, fill.price));
  return fill.feeInQuote === undefined ? null : money(fill.feeInQuote);
}

/** Folds a funding payment in, once per id. Returns false when it was seen before. */
export function applyFunding(ledger: PositionLedger, id: string, amount: string): boolean {
  if (!remember(ledger, `funding:${id}`)) return false;
  ledger.funding = text(money(ledger.funding).plus(amount));
  ledger.otherCash = text(money(ledger.otherCash).plus(amount));
  assertIdentity(ledger);
  return true;
}

/** Folds a transfer in, once per id. Returns false when it was seen before. */
export function applyTransfer(ledger: PositionLedger, id: string, amount: string): boolean {
  if (!remember(ledger, `transfer:${id}`)) return false;
  ledger.transfers = text(money(ledger.transfers).plus(amount));
  ledger.otherCash = text(money(ledger.otherCash).plus(amount));
  assertIdentity(ledger);
  return true;
}

function remember(ledger: PositionLedger, key: string): boolean {
  if (ledger.seenEntries.includes(key)) return false;
  ledger.seenEntries.push(key);
  if (ledger.seenEntries.length > SEEN_ENTRIES_MAX) ledger.seenEntries.splice(0, ledger.seenEntries.length - SEEN_ENTRIES_MAX);
  return true;
}

/**
 * Equity change = realized + unrealized - fees + funding + transfers at any mark, which is: realized = cash + cost (at average
 * cost and as FIFO lots), the lots hold the position, and the other money adds up. Throws a LedgerIdentityError.
 */
export function assertIdentity(ledger: PositionLedger): void {
  const cash = BigInt(ledger.cash);
  const fifoCost = ledger.fifo.reduce((sum, lot) => sum + BigInt(lot.cost), 0n);
  const fifoQuantity = ledger.fifo.reduce((sum, lot) => sum + lot.quantity, 0);
  const other = money(ledger.funding).plus(ledger.transfers).minus(ledger.fees);
  const isWhole =
    BigInt(ledger.realized) === cash + BigInt(ledger.cost) &&
    BigInt(ledger.realizedFifo) === cash + fifoCost &&
    fifoQuantity === ledger.position &&
    (ledger.position !== 0 || ledger.cost === "0") &&
    other.eq(ledger.otherCash);
  if (isWhole) return;
  throw new LedgerIdentityError(
    `realized ${ledger.realized}, FIFO ${ledger.realizedFifo}, cash ${ledger.cash}, cost ${ledger.cost}, position ${ledger.position}, other ${text(other)} against ${ledger.otherCash}`,
  );
}

/**
 * Takes finer steps when the instrument's became finer or merely different; coarser ones need nothing. Throws a RangeError
 * when the new steps do not divide the old ones, because then the books cannot be counted exactly.
 */
export function refineLedger(ledger: PositionLedger, instrument: Instrument): void {
  const ticksPer = refinement(ledger.tickSize, instrument.tickSize);
  const lotsPer = refinement(ledger.lotSize, instrument.lotSize);
  const scale = (value: string) => (BigInt(value) * BigInt(ticksPer) * BigInt(lotsPer)).toString();
  if (ticksPer > 1) ledger.tickSize = instrument.tickSize;
  if (lotsPer > 1) ledger.lotSize = instrument.lotSize;
  ledger.position = lots(ledger.position * lotsPer);
  for (const key of ["cost", "cash", "realized", "realizedFifo", "volume"] as const) ledger[key] = scale(ledger[key]);
  ledger.fifo = ledger.fifo.map((lot) => ({ quantity: lot.quantity * lotsPer, cost: scale(lot.cost) }));
}

/** How many new steps an old one is; 1 when the new step is a multiple of the old. */
function refinement(before: string, after: string): number {
  const isCoarser = money(after).gte(before);
  if (isCoarser && money(after).mod(before).eq(0)) return 1;
  return toSteps(before, stepOf(after), "exact");
}

/** Average entry price as a decimal string rounded to 12 decimals, or null when flat. */
export function averageEntryPrice(ledger: PositionLedger): string | null {
  if (ledger.position === 0) return null;
  return text(money(ledger.cost).times(ledger.tickSize).div(ledger.position).round(12));
}

export interface LedgerTotals {
  readonly realizedPnl: Money;
  readonly unrealizedPnl: Money;
  readonly fees: Money;
  readonly funding: Money;
  readonly transfers: Money;
  /** realized + unrealized - fees + funding. */
  readonly netPnl: Money;
  readonly volume: Money;
}

/** Totals in quote currency with the open position valued at `mark` (instrument's ticks); unrealized is 0 without a mark. */
export function totalsOf(ledger: PositionLedger, instrument: Instrument, mark: Ticks | null): LedgerTotals {
  const quantum = quantumOf(ledger);
  const realizedPnl = quantum.times(ledger.realized);
  const at = mark === null ? null : BigInt(mark) * BigInt(factor(instrument.tickSize, ledger.tickSize));
  const unrealizedPnl = at === null ? ZERO : quantum.times((BigInt(ledger.position) * at - BigInt(ledger.cost)).toString());
  const fees = money(ledger.fees);
  const funding = money(ledger.funding);
  const netPnl = realizedPnl.plus(unrealizedPnl).minus(fees).plus(funding);
  return { realizedPnl, unrealizedPnl, fees, funding, transfers: money(ledger.transfers), netPnl, volume: quantum.times(ledger.volume) };
}

function absolute(value: bigint): bigint {
  return value < 0n ? -value : value;
}

function minimum(a: bigint, b: bigint): bigint {
  return a < b ? a : b;
}
