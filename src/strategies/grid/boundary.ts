// What happens when the price leaves the range: the limits, and the range that follows the price by trailing.

import { type Instrument, toPrice, toTicks } from "../../core/instrument.ts";
import type { Text } from "../../core/text.ts";
import { type Ticks, ticks } from "../../core/units.ts";
import { isUntouched, newLevel, paysFees, priceAbove, priceBelow } from "./layout.ts";
import { type GridParams, openingSide } from "./params.ts";
import { isHalfRange } from "./range.ts";
import { quantityAt } from "./sizing.ts";
import type { GridState, Level } from "./state.ts";

export type Direction = "above" | "below";

/** Steps that the range follows in one decision; a longer jump goes on with the next book. */
const TRAIL_MAX = 200;

/** How far the price may leave the range before boundaryAction acts. */
export function limitsOf(state: GridState, value: GridParams): { below: Ticks; above: Ticks } {
  const tolerance = Number(value.boundaryTolerance);
  return { below: ticks(Math.floor(state.lower * (1 - tolerance))), above: ticks(Math.ceil(state.upper * (1 + tolerance))) };
}

/** Whether boundaryAction guards this end now: not before the price was inside, not where the range still follows the price. */
export function isGuarded(state: GridState, value: GridParams, instrument: Instrument, direction: Direction): boolean {
  if (!value.enableBoundaryCheck || value.boundaryAction === "none" || !state.isEntered) return false;
  // A half range ends at the price it was laid at; leaving it there costs nothing and is only a reason to lay it anew.
  const free = openingSide(value, instrument.kind) === "buy" ? "above" : "below";
  if (isHalfRange(value, instrument) && direction === free && value.boundaryAction !== "adjust_range") return false;
  return trailStep(state, value, instrument, direction) === null;
}

/** The end that the price has left, if boundaryAction is to act on it. */
export function leftAt(state: GridState, value: GridParams, instrument: Instrument, mid: Ticks): Direction | null {
  const limits = limitsOf(state, value);
  if (mid > limits.above && isGuarded(state, value, instrument, "above")) return "above";
  if (mid < limits.below && isGuarded(state, value, instrument, "below")) return "below";
  return null;
}

export function isInside(state: GridState, mid: Ticks): boolean {
  return mid >= state.lower && mid <= state.upper;
}

/** The price at which the range moves by one step, or null when it does not trail there (any more) or no level is free to move. */
export function trailStep(state: GridState, value: GridParams, instrument: Instrument, direction: Direction): Ticks | null {
  const limit = direction === "above" ? value.trailingUpLimit : value.trailingDownLimit;
  if (limit === undefined || mover(state, direction) === undefined) return null;
  if (direction === "above") {
    const next = priceAbove(state, value);
    if (next > toTicks(instrument, limit, "down")) return null;
    return value.allowUnprofitableStep || paysFees(instrument, state.upper, next) ? next : null;
  }
  const next = priceBelow(state, value);
  if (next < Math.max(1, toTicks(instrument, limit, "up"))) return null;
  return value.allowUnprofitableStep || paysFees(instrument, next, state.lower) ? next : null;
}

/** The level farthest behind the price of which nothing has filled. */
function mover(state: GridState, direction: Direction): Level | undefined {
  const free = state.levels.filter(isUntouched);
  const ahead = direction === "above" ? 1 : -1;
  return free.reduce<Level | undefined>(
    (best, level) => (best === undefined || ahead * (level.price - best.price) < 0 ? level : best),
    undefined,
  );
}

/** Moves levels from the far end to the near one, one step and one order at a time, while the price is a whole step beyond. */
export function trail(state: GridState, value: GridParams, instrument: Instrument, mid: Ticks): void {
  if (!state.isEntered) return;
  for (let count = 0; count < TRAIL_MAX; count++) {
    const up = trailStep(state, value, instrument, "above");
    if (up !== null && mid >= up) moveLevel(state, value, instrument, "above", up);
    else {
      const down = trailStep(state, value, instrument, "below");
      if (down === null || mid > down) return;
      moveLevel(state, value, instrument, "below", down);
    }
  }
}

function moveLevel(state: GridState, value: GridParams, instrument: Instrument, direction: Direction, next: Ticks): void {
  const moved = mover(state, direction);
  if (moved === undefined) return;
  const edge = direction === "above" ? state.upper : state.lower;
  const opens = openingSide(value, instrument.kind) ?? (direction === "above" ? "sell" : "buy");
  // Above the old top a buyer enters at the old top and a seller at the new one; below the old bottom it is the other way round.
  const isEntryAtEdge = (direction === "above") === (opens === "buy");
  const [price, exitPrice] = isEntryAtEdge ? [edge, next] : [next, edge];
  state.levels = state.levels.filter((level) => level !== moved);
  state.levels.push(newLevel(state, { price, exitPrice, side: opens, quantity: quantityAt(state.sizing, instrument, price) }));
  state.levels.sort((a, b) => a.price - b.price);
  const ends = state.levels.flatMap((level) => [level.price, level.exitPrice]);
  state.lower = ticks(Math.min(...ends));
  state.upper = ticks(Math.max(...ends));
}

export function leftText(instrument: Instrument, mid: Ticks, what: Text): Text {
  const price = toPrice(instrument, mid);
  return { en: `price ${price} left the range; ${what.en}`, "zh-TW": `價格 ${price} 離開區間；${what["zh-TW"]}` };
}
