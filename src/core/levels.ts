// Price levels of a grid in whole ticks, evenly spaced by difference or by ratio.

import { type Ticks, ticks } from "./units.ts";

export type Spacing = "arithmetic" | "geometric";

/** numerator / denominator of positive whole numbers to the nearest whole number, halves to the even one. */
function halfEven(numerator: bigint, denominator: bigint): bigint {
  const quotient = numerator / denominator;
  const twice = (numerator % denominator) * 2n;
  return twice > denominator || (twice === denominator && quotient % 2n === 1n) ? quotient + 1n : quotient;
}

/**
 * `count` points from `lower` to `upper`, both included, rounded to the nearest tick (halves to the even one), without
 * duplicates, ascending. Arithmetic is exact in integers; geometric uses lower x (upper/lower)^(i/(count-1)), whose double error
 * is far below half a tick for any price under 2^40 ticks, and which never lies on a half: such a root is whole or irrational.
 * Throws a RangeError unless 0 < lower < upper and count >= 2.
 */
export function gridLevels(lower: Ticks, upper: Ticks, count: number, spacing: Spacing): Ticks[] {
  if (!(lower > 0 && lower < upper)) throw new RangeError(`grid levels need 0 < lower < upper, got ${lower} and ${upper} ticks`);
  if (!Number.isInteger(count) || count < 2) throw new RangeError(`a grid needs at least 2 levels, got ${count}`);
  const last = count - 1;
  const levels = new Set<number>([lower, upper]);
  for (let index = 1; index < last; index++) {
    levels.add(
      spacing === "arithmetic"
        ? Number(halfEven(BigInt(lower) * BigInt(last) + BigInt(upper - lower) * BigInt(index), BigInt(last)))
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
