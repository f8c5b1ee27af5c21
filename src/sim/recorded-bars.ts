// Recorded one-candle rows walked as a path of prices: open, low and high in the order the candle's direction suggests, close.

import type { Side } from "../core/order.ts";
import type { Lots, Ticks } from "../core/units.ts";
import type { RowReader } from "./csv-rows.ts";
import { type Listing, stepsOf } from "./listings.ts";
import type { MarketStep } from "./market-step.ts";

export const BAR_HEADER = "ts_ms,open,high,low,close,volume";
const COLUMNS = 6;
/** Steps from one corner of a bar to the next. */
const STEPS_PER_LEG = 4;
const STEPS_PER_BAR = 1 + 3 * STEPS_PER_LEG;
const ONE_BAR_MS = 60_000;

/** Rows of `ts_ms, open, high, low, close, volume` in ticks and lots. Throws a UserError at the first malformed line. */
export function readBars(lines: readonly string[], reader: RowReader, listing: Listing): Float64Array {
  const { price, quantity } = stepsOf(listing);
  const rows = new Float64Array((lines.length - 1) * COLUMNS);
  let earlier = 0;
  for (let line = 1; line < lines.length; line += 1) {
    reader.read(lines[line] ?? "", line + 1, COLUMNS);
    const at = reader.whole(0, 15, "the bar's open time in ms");
    if (at <= earlier) throw reader.fail(0, "a later time than in the line before");
    earlier = at;
    const priceAt = (index: number): number => reader.steps(index, price, "nearest", 1, "a price");
    const [open, high, low, close] = [priceAt(1), priceAt(2), priceAt(3), priceAt(4)];
    if (high < Math.max(open, close)) throw reader.fail(2, "a high that is not below open and close");
    if (low > Math.min(open, close)) throw reader.fail(3, "a low that is not above open and close");
    rows.set([at, open, high, low, close, reader.steps(5, quantity, "down", 0, "a volume")], (line - 1) * COLUMNS);
  }
  return rows;
}

/** Prices of a bar: an up bar goes open, low, high, close; a down bar open, high, low, close. */
export function pathOf(open: number, high: number, low: number, close: number): number[] {
  const corners = close >= open ? [open, low, high, close] : [open, high, low, close];
  const path = [open];
  for (let leg = 1; leg < corners.length; leg += 1) {
    const from = corners[leg - 1] as number;
    const to = corners[leg] as number;
    for (let step = 1; step <= STEPS_PER_LEG; step += 1) path.push(Math.round(from + ((to - from) * step) / STEPS_PER_LEG));
  }
  return path;
}

/** Time from a bar to the next; the last bar is taken to be as long as the one before. */
function durationOf(rows: Float64Array, row: number): number {
  const at = rows[row * COLUMNS] ?? 0;
  const next = rows[(row + 1) * COLUMNS];
  if (next !== undefined) return next - at;
  const before = rows[(row - 1) * COLUMNS];
  return before === undefined ? ONE_BAR_MS : at - before;
}

/** The market steps of bars; a bar's volume is spread over its steps as market orders towards the next price. */
export function* barSteps(rows: Float64Array): Generator<MarketStep> {
  const count = rows.length / COLUMNS;
  let previous = rows[1] ?? 0;
  for (let row = 0; row < count; row += 1) {
    const cell = (column: number): number => rows[row * COLUMNS + column] ?? 0;
    const open = cell(1);
    const close = cell(4);
    const barMs = durationOf(rows, row);
    const quantity = Math.floor(cell(5) / STEPS_PER_BAR) as Lots;
    for (const price of pathOf(open, cell(2), cell(3), close)) {
      const side: Side = price > previous || (price === previous && close >= open) ? "buy" : "sell";
      const sweeps = quantity > 0 ? [{ side, price: price as Ticks, quantity }] : [];
      yield { afterMs: barMs / STEPS_PER_BAR, price: price as Ticks, sweeps, ladder: null };
      previous = price;
    }
  }
}
