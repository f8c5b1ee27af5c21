// Recorded trades as market orders: each print sweeps users' orders up to its price, and the ladder follows.

import type { Side } from "../core/order.ts";
import type { Lots, Ticks } from "../core/units.ts";
import type { RowReader } from "./csv-rows.ts";
import { type Listing, stepsOf } from "./listings.ts";
import type { MarketStep, Sweep } from "./market-step.ts";

export const TRADE_HEADER = "ts_ms,price,qty,side,id";
const COLUMNS = 4;

/** Rows of `ts_ms, price, quantity, side` (1 buy, -1 sell, 0 unknown) in ticks and lots. Throws a UserError at the first malformed line. */
export function readTrades(lines: readonly string[], reader: RowReader, listing: Listing): Float64Array {
  const steps = stepsOf(listing);
  const rows = new Float64Array((lines.length - 1) * COLUMNS);
  let earlier = 0;
  for (let line = 1; line < lines.length; line += 1) {
    reader.read(lines[line] ?? "", line + 1, 5);
    const at = reader.whole(0, 15, "the trade's time in ms");
    if (at < earlier) throw reader.fail(0, "no earlier time than in the line before");
    earlier = at;
    const price = reader.steps(1, steps.price, "nearest", 1, "a price");
    const quantity = reader.steps(2, steps.quantity, "down", 0, "a quantity");
    const side = { B: 1, S: -1, "": 0 }[reader.oneOf(3, ["B", "S", ""])];
    rows.set([at, price, quantity, side], (line - 1) * COLUMNS);
  }
  return rows;
}

/** The taker's side of a print: as recorded, else by the direction of the price. */
export function takerSide(side: number, price: number, previous: number): Side {
  if (side !== 0) return side > 0 ? "buy" : "sell";
  return price >= previous ? "buy" : "sell";
}

/** One market step for all trades of the same millisecond. */
export function* tradeSteps(rows: Float64Array): Generator<MarketStep> {
  const count = rows.length / COLUMNS;
  let before = rows[0] ?? 0;
  let price = rows[1] ?? 0;
  let row = 0;
  while (row < count) {
    const at = rows[row * COLUMNS] as number;
    const sweeps: Sweep[] = [];
    for (; row < count && rows[row * COLUMNS] === at; row += 1) {
      const traded = rows[row * COLUMNS + 1] as number;
      const quantity = rows[row * COLUMNS + 2] as number;
      const side = takerSide(rows[row * COLUMNS + 3] as number, traded, price);
      if (quantity > 0) sweeps.push({ side, price: traded as Ticks, quantity: quantity as Lots });
      price = traded;
    }
    yield { afterMs: at - before, price: price as Ticks, sweeps, ladder: null };
    before = at;
  }
}
