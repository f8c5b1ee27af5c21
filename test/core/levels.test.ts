// Grid levels against reference numbers.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { averageStep, gridLevels } from "../../src/core/levels.ts";
import { fromSteps, stepOf, ticks } from "../../src/core/units.ts";

describe("grid levels", () => {
  it("geometric 140 to 160 in 10 points ends at 160", () => {
    const levels = gridLevels(ticks(14_000), ticks(16_000), 10, "geometric").map((level) => fromSteps(level, stepOf("0.01")));
    expect(levels).toEqual(["140.00", "142.09", "144.22", "146.37", "148.56", "150.78", "153.03", "155.32", "157.64", "160.00"]);
  });

  it("arithmetic 100 to 110 in 11 points steps by 1", () => {
    const levels = gridLevels(ticks(10_000), ticks(11_000), 11, "arithmetic");
    expect(levels).toEqual([10_000, 10_100, 10_200, 10_300, 10_400, 10_500, 10_600, 10_700, 10_800, 10_900, 11_000]);
    expect(averageStep(levels)).toBe(100);
  });

  it.each([
    [1, 4, 3, [1, 2, 4]],
    [4, 7, 3, [4, 6, 7]],
    [2, 12, 5, [2, 4, 7, 10, 12]],
  ])("arithmetic rounds halves to the even tick: %d to %d in %d points", (lower, upper, count, expected) => {
    expect(gridLevels(ticks(lower), ticks(upper), count, "arithmetic")).toEqual(expected);
  });

  it("arithmetic is exact where doubles are not", () => {
    const lower = 2 ** 51 + 1;
    const levels = gridLevels(ticks(lower), ticks(lower + 2 ** 50), 200, "arithmetic");
    for (const [index, level] of levels.entries()) {
      const exact = (BigInt(lower) * 199n + BigInt(index) * 2n ** 50n) * 2n;
      const distance = exact - BigInt(level) * 398n;
      expect(distance <= 199n && distance >= -199n).toBe(true);
    }
  });

  it("drops levels that fall on one tick", () => {
    expect(gridLevels(ticks(100), ticks(103), 10, "arithmetic")).toEqual([100, 101, 102, 103]);
  });

  it.each([
    [0, 10, 5],
    [10, 10, 5],
    [11, 10, 5],
    [1, 10, 1],
    [1, 10, 2.5],
  ])("refuses lower %d, upper %d, count %d", (lower, upper, count) => {
    expect(() => gridLevels(ticks(lower), ticks(upper), count, "arithmetic")).toThrow(RangeError);
  });

  it("is ascending, distinct and within the bounds", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 1e9 }),
        fc.integer({ min: 1, max: 1e9 }),
        fc.integer({ min: 2, max: 200 }),
        fc.constantFrom("arithmetic" as const, "geometric" as const),
        (low, width, count, spacing) => {
          const levels = gridLevels(ticks(low), ticks(low + width), count, spacing);
          expect(levels[0]).toBe(low);
          expect(levels.at(-1)).toBe(low + width);
          for (let index = 1; index < levels.length; index++) expect(levels[index]).toBeGreaterThan(levels[index - 1] ?? Number.NaN);
        },
      ),
      { numRuns: 1_000 },
    );
  });
});
