// Decimal strings to integer steps and back, exactly.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fromSteps, stepOf, toSteps } from "../../src/core/units.ts";

describe("units", () => {
  it.each([
    ["100.05", "0.01", "exact", 10_005],
    ["100.059", "0.01", "down", 10_005],
    ["100.051", "0.01", "up", 10_006],
    ["100.055", "0.01", "nearest", 10_006],
    ["-1.5", "1", "down", -2],
    ["-1.5", "1", "up", -1],
    ["1e-5", "0.000001", "exact", 10],
    ["1.23E2", "0.5", "exact", 246],
    ["0.3", "0.1", "exact", 3],
    ["63959.9", "0.1", "exact", 639_599],
  ] as const)("%s in steps of %s (%s) is %d", (value, step, rounding, count) => {
    expect(toSteps(value, stepOf(step), rounding)).toBe(count);
  });

  it.each(["NaN", "Infinity", "", "1,5", "0x10", "1e9999", " 1"])("refuses %j", (value) => {
    expect(() => toSteps(value, stepOf("0.01"), "nearest")).toThrow(RangeError);
  });

  it("refuses what is no multiple under exact, and what is too large to count", () => {
    expect(() => toSteps("0.015", stepOf("0.01"), "exact")).toThrow("not a multiple");
    expect(() => toSteps("1e18", stepOf("0.01"), "exact")).toThrow("too large");
    expect(() => stepOf("0")).toThrow("positive");
  });

  it("comes back to the same count through its decimal string, never in exponent form", () => {
    fc.assert(
      fc.property(fc.maxSafeInteger(), fc.constantFrom("0.01", "0.00000001", "0.5", "5", "0.025", "1000"), (count, text) => {
        const step = stepOf(text);
        const decimal = fromSteps(count, step);
        expect(decimal).toMatch(/^-?\d+(\.\d+)?$/);
        expect(toSteps(decimal, step, "exact")).toBe(count === 0 ? 0 : count);
      }),
      { numRuns: 1_000 },
    );
  });
});
