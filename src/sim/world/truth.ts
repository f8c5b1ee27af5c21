// The bot's books worked out anew from the exchange's own trades, to hold against what the kernel says.

import type { ExchangeFill } from "../../core/events.ts";
import { type Instrument, toPrice } from "../../core/instrument.ts";
import type { KernelStatus } from "../../core/kernel.ts";
import { type Money, money, text, ZERO } from "../../core/money.ts";
import { signOf } from "../../core/order.ts";
import type { Ticks } from "../../core/units.ts";

interface LegBooks {
  readonly instrument: Instrument;
  /** Received minus paid and traded, in ticks x lots. */
  cash: bigint;
  volume: bigint;
  position: number;
  fees: Money;
  funding: Money;
  fills: number;
}

/** Money in and out and nothing else: no average cost, no lots, so it shares no mistake with the ledger. */
export class TruthBooks {
  readonly #legs = new Map<string, LegBooks>();
  /** Fees that nobody could convert, by currency. */
  readonly #otherFees = new Map<string, Money>();
  readonly #isConverted: boolean;

  /** `isConverted`: fees in a currency of the exchange's own are told with their worth. */
  constructor(instruments: Readonly<Record<string, Instrument>>, isConverted = true) {
    this.#isConverted = isConverted;
    for (const [leg, instrument] of Object.entries(instruments))
      this.#legs.set(leg, { instrument, cash: 0n, volume: 0n, position: 0, fees: ZERO, funding: ZERO, fills: 0 });
  }

  fold(leg: string, fill: ExchangeFill): void {
    const books = this.#of(leg);
    const value = BigInt(fill.price) * BigInt(fill.quantity);
    books.cash -= BigInt(signOf(fill.side)) * value;
    books.volume += value;
    books.position += signOf(fill.side) * fill.quantity;
    books.fills += 1;
    if (fill.feeInQuote !== undefined && !this.#isConverted) {
      this.#otherFees.set(fill.feeCurrency, (this.#otherFees.get(fill.feeCurrency) ?? ZERO).plus(fill.fee));
      return;
    }
    const isInBase = fill.feeCurrency === books.instrument.base;
    const inQuote = isInBase ? money(fill.fee).times(toPrice(books.instrument, fill.price)) : (fill.feeInQuote ?? fill.fee);
    books.fees = books.fees.plus(inQuote);
  }

  fund(leg: string, amount: string): void {
    const books = this.#of(leg);
    books.funding = books.funding.plus(amount);
  }

  /** Signed lots. */
  position(leg: string): number {
    return this.#of(leg).position;
  }

  /** How a status differs from these books with open positions valued at `marks`; empty when it does not. */
  differences(status: KernelStatus, markOf: (leg: string) => Ticks | null): string[] {
    let profit = ZERO;
    let fees = ZERO;
    let funding = ZERO;
    let volume = ZERO;
    let fills = 0;
    for (const [leg, books] of this.#legs) {
      const quantum = money(books.instrument.tickSize).times(books.instrument.lotSize);
      const mark = markOf(leg);
      // Without a price an open position has no value yet, and the kernel shows realized profit alone, which differs.
      if (mark === null && books.position !== 0) return [];
      profit = profit.plus(quantum.times((books.cash + BigInt(books.position) * BigInt(mark ?? 0)).toString()));
      volume = volume.plus(quantum.times(books.volume.toString()));
      fees = fees.plus(books.fees);
      funding = funding.plus(books.funding);
      fills += books.fills;
    }
    const compared: readonly (readonly [string, Money, string | Money])[] = [
      ["realized + unrealized", profit, money(status.realizedPnl).plus(status.unrealizedPnl)],
      ["fees", fees, status.fees],
      ["funding", funding, status.funding],
      ["net profit", profit.minus(fees).plus(funding), status.netPnl],
      ["volume", volume, status.volume],
      ["fills", money(fills), money(status.fills)],
      ...[...this.#otherFees].map(([currency, fee]) => [`fees in ${currency}`, fee, status.otherFees[currency] ?? "0"] as const),
    ];
    return compared.flatMap(([name, ours, theirs]) =>
      ours.eq(theirs) ? [] : [`${name} ${text(ours)} by the exchange's trades, ${text(money(theirs.toString()))} by the kernel`],
    );
  }

  #of(leg: string): LegBooks {
    const books = this.#legs.get(leg);
    if (books === undefined) throw new Error(`unknown leg ${leg}`);
    return books;
  }
}
