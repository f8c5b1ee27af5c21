// Price levels of a grid in whole ticks, evenly spaced by difference or by ratio.

import { type Ticks, ticks } from "./units.ts";

export type Spacing = "arithmetic" | "geometric";

/**
 * `count` points from `lower` to `upper`, both included, rounded to the nearest tick, without duplicates, ascending.
 * Arithmetic is exact in integers; geometric uses lower x (upper/lower)^(i/(count-1)), whose double error is far below half a
 * tick for any price under 2^40 ticks. Throws a RangeError unless 0 < lower < upper and count >= 2.
 */
export function gridLevels(lower: Ticks, upper: Ticks, count: number, spacing: Spacing): Ticks[] {
  if (!(lower > 0 && lower < upper)) throw new RangeError(`grid levels need 0 < lower < upper, got ${lower} and ${upper} ticks`);
  if (!Number.isInteger(count) || count < 2) throw new RangeError(`a grid needs at least 2 levels, got ${count}`);
  const last = count - 1;
  const levels = new Set<number>();
  for (let index = 0; index <= last; index++) {
    if (index === 0) levels.add(lower);
    else if (index === last) levels.add(upper);
    else
      levels.add(
        spacing === "arithmetic"
          ? lower + Math.round(((upper - lower) * index) / last)
          : Math.round(lower * (upper / lower) ** (index / last)),
      );
  }
  return [...levels].sort((a, b) => a - b).map(ticks);
}

/** Mean distance between neighbouring levels in ticks, at least 1. */
export function averageStep(levels: readonly Ticks[]): number {
  const first = levels[0];
  const last = levels[levels.length - 1];
  if (first === undefined || last === undefined || levels.length < 2) return 1;
  return Math.max(1, Math.round((last - first) / (levels.length - 1)));
}
