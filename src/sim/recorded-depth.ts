// Recorded order books (by level or by order) with their trades: the market's ladder is the recorded book itself.

import type { Side } from "../core/order.ts";
import type { Lots, Ticks } from "../core/units.ts";
import { BookSide, type RestingOrder } from "./book-side.ts";
import { malformed, type RowReader } from "./csv-rows.ts";
import { type Listing, stepsOf } from "./listings.ts";
import type { Ladder, LadderLevel, MarketStep, Sweep } from "./market-step.ts";
import { takerSide } from "./recorded-trades.ts";

export const DEPTH_HEADER = "local_ns,exch_ms,type,side,price,qty,id";
const COLUMNS = 6;
const LEVELS = 20;
/** Book changes without a trade are told at most this often, market time. */
const QUIET_MS = 100;
const NS_PER_MS = 1e6;

/**
 * Rows of `ms, isTrade, side, price, quantity, key` in ticks and lots, quantity absolute. The key is the order's number in a
 * by-order recording, else one number per side and written price, so that two prices which round to one tick both count.
 */
export function readDepth(lines: readonly string[], reader: RowReader, listing: Listing): Float64Array {
  const steps = stepsOf(listing);
  const rows = new Float64Array((lines.length - 1) * COLUMNS);
  const keys = new Map<string, number>();
  let earlier = 0;
  for (let line = 1; line < lines.length; line += 1) {
    reader.read(lines[line] ?? "", line + 1, 7);
    const at = reader.whole(0, 19, "the time of receipt in ns") / NS_PER_MS;
    if (at < earlier) throw reader.fail(0, "no earlier time than in the line before");
    earlier = at;
    const type = reader.oneOf(2, ["S", "D", "T", "C", "U", "X"]);
    const isTrade = type === "T";
    const side = { B: 1, S: -1, "": 0 }[reader.oneOf(3, isTrade ? ["B", "S", ""] : ["B", "S"])];
    const price = reader.steps(4, steps.price, isTrade ? "nearest" : side > 0 ? "down" : "up", isTrade ? 1 : 0, "a price");
    const quantity = type === "X" || price === 0 ? 0 : reader.steps(5, steps.quantity, "down", 0, "a quantity");
    const isOrder = type === "C" || type === "U" || type === "X";
    const name = isOrder ? `#${reader.text(6)}` : `${side}@${reader.text(4)}`;
    let key = keys.get(name);
    if (key === undefined) {
      key = keys.size;
      keys.set(name, key);
    }
    rows.set([at, isTrade ? 1 : 0, side, price, quantity, key], (line - 1) * COLUMNS);
  }
  if (firstPriceOf(rows) === undefined) throw malformed(reader.file, 2, lines[1] ?? "", "a price of at least one step of the instrument");
  return rows;
}

/** The recorded book: every level or order under its key. */
class RecordedBook {
  readonly #entries = new Map<number, RestingOrder>();
  readonly #sides = { buy: new BookSide("buy"), sell: new BookSide("sell") };

  set(key: number, side: Side, price: Ticks, quantity: Lots): void {
    const old = this.#entries.get(key);
    if (old !== undefined) {
      this.#sides[old.side].reduce(old, old.remaining);
      this.#entries.delete(key);
    }
    if (quantity <= 0) return;
    const entry: RestingOrder = { id: key, owner: "market", side, price, reduceOnly: false, remaining: quantity };
    this.#sides[side].add(entry);
    this.#entries.set(key, entry);
  }

  /** The best levels of both sides, or null while a side is empty. Recorded books are locked at times: such asks are left out. */
  top(): Ladder | null {
    this.#sides.buy.takeChanges();
    this.#sides.sell.takeChanges();
    const bids: LadderLevel[] = [];
    for (const level of this.#sides.buy.levels()) {
      bids.push([level.price, level.quantity]);
      if (bids.length === LEVELS) break;
    }
    const best = bids[0]?.[0] ?? Number.POSITIVE_INFINITY;
    const asks: LadderLevel[] = [];
    for (const level of this.#sides.sell.levels()) {
      if (level.price > best) asks.push([level.price, level.quantity]);
      if (asks.length === LEVELS) break;
    }
    return bids.length === 0 || asks.length === 0 ? null : { bids, asks };
  }
}

/** One market step per message that brought trades, else per 100 ms of book changes. */
export function* depthSteps(rows: Float64Array): Generator<MarketStep> {
  const count = rows.length / COLUMNS;
  const book = new RecordedBook();
  let before = rows[0] ?? 0;
  let price: number = firstPriceOf(rows) ?? 1;
  let row = 0;
  while (row < count) {
    const at = rows[row * COLUMNS] as number;
    const sweeps: Sweep[] = [];
    for (; row < count && rows[row * COLUMNS] === at; row += 1) {
      const cell = (column: number): number => rows[row * COLUMNS + column] ?? 0;
      const side = cell(2);
      const level = cell(3);
      const quantity = cell(4);
      if (cell(1) === 0) book.set(cell(5), side > 0 ? "buy" : "sell", level as Ticks, quantity as Lots);
      else {
        if (quantity > 0) sweeps.push({ side: takerSide(side, level, price), price: level as Ticks, quantity: quantity as Lots });
        price = level;
      }
    }
    if (sweeps.length === 0 && at - before < QUIET_MS && row < count) continue;
    const ladder = book.top();
    if (ladder !== null) price = middleOf(ladder);
    yield { afterMs: at - before, price: price as Ticks, sweeps, ladder };
    before = at;
  }
}

function middleOf(ladder: Ladder): number {
  const [bid] = ladder.bids[0] as LadderLevel;
  const [ask] = ladder.asks[0] as LadderLevel;
  return Math.floor((bid + ask) / 2);
}

function firstPriceOf(rows: Float64Array): number | undefined {
  for (let index = 3; index < rows.length; index += COLUMNS) if ((rows[index] ?? 0) > 0) return rows[index];
  return undefined;
}
