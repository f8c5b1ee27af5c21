// Documented limits as data, and what an operator may override.

import { describe, expect, it } from "vitest";
import { planOf } from "../../src/exchanges/bucket-model.ts";
import { limitsOf, mergeLimits, parseLimitOverrides } from "../../src/exchanges/limits.ts";

describe("limits", () => {
  it("are the documented ones, and cautious for an exchange that nobody described", () => {
    expect(limitsOf("backpack").map(({ name, limit, windowMs }) => [name, limit, windowMs])).toEqual([
      ["requests", 2_000, 60_000],
      ["history", 30, 60_000],
    ]);
    expect(limitsOf("nowhere")).toEqual([{ name: "requests", limit: 60, windowMs: 60_000 }]);
  });

  it("take overrides by name", () => {
    const overrides = parseLimitOverrides(
      '{"backpack":[{"name":"requests","limit":500,"windowMs":60000},{"name":"orders","limit":9,"windowMs":1000}]}',
    );
    expect(mergeLimits("backpack", overrides).map(({ name, limit }) => [name, limit])).toEqual([
      ["requests", 500],
      ["history", 30],
      ["orders", 9],
    ]);
    expect(mergeLimits("other", overrides)).toEqual(limitsOf("other"));
  });

  it.each([
    ["nonsense", /not JSON/],
    ["[]", /value/],
    ['{"backpack":[{"name":"requests","limit":0,"windowMs":60000}]}', /backpack\.0\.limit/],
    ['{"backpack":[{"name":"requests","limit":5,"windowMs":60000,"burst":3}]}', /backpack\.0/],
    ['{"backpack":[{"name":"a:b","limit":5,"windowMs":60000}]}', /backpack\.0\.name/],
  ])("refuse %s and name the field", (text, message) => {
    expect(() => parseLimitOverrides(text)).toThrow(message);
  });

  it("become numbers that leave cancels their share and never pass the limit", () => {
    for (const limit of limitsOf("backpack")) {
      const [cancel, place, market] = [planOf(limit, "cancel"), planOf(limit, "place"), planOf(limit, "market")];
      expect(cancel.windowUs).toBe(62_000_000);
      if (cancel.kind === "log") expect(cancel.capacity).toBe(limit.limit);
      else {
        const mostInWindow = Math.floor(cancel.toleranceUs / cancel.intervalUs) + Math.floor(cancel.windowUs / cancel.intervalUs);
        expect(mostInWindow + cancel.emergency).toBeLessThanOrEqual(limit.limit);
        expect(place.toleranceUs).toBeLessThan(cancel.toleranceUs);
        expect(market.toleranceUs).toBeLessThan(place.toleranceUs);
        // More than three quarters of the limit is usable in the long run.
        expect(cancel.windowUs / cancel.intervalUs).toBeGreaterThan(limit.limit * 0.75);
      }
    }
  });
});
