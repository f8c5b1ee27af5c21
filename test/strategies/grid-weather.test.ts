// The grid's ways to begin, to follow and to end, in seeded bad weather, judged by the exchange's own books.

import { describe, expect, it } from "vitest";
import type { Strategy } from "../../src/core/strategy.ts";
import { simulateSeed } from "../../src/sim/world/simulate.ts";
import grid from "../../src/strategies/grid.ts";

const SEEDS = 12;
const WAYS = {
  "first position": { gridType: "long", gridNum: 9, priceRangePercent: "3", orderQuantity: "0.01", initialPosition: "market" },
  "first position, short": { gridType: "short", gridNum: 9, priceRangePercent: "3", orderQuantity: "0.01", initialPosition: "market" },
  trailing: {
    gridNum: 9,
    priceRangePercent: "1",
    orderQuantity: "0.01",
    trailingUpLimit: "100000",
    trailingDownLimit: "50",
    boundaryAction: "wait",
  },
  "few orders": { gridNum: 15, priceRangePercent: "2", orderQuantity: "0.01", maxRestingOrders: 5, boundaryAction: "wait" },
  volatility: { gridNum: 7, rangeMode: "volatility", volatilityWindowS: 60, volatilityMultiplier: "1", orderQuantity: "0.01" },
  "emergency close": { gridNum: 9, priceRangePercent: "1", orderQuantity: "0.01", boundaryAction: "emergency_close" },
  "stop loss": { gridNum: 9, priceRangePercent: "2", orderQuantity: "0.01", stopLoss: "0.3" },
} as const;

describe("grid in bad weather", () => {
  it.each(Object.entries(WAYS))(
    "%s: limits hold, books add up, nothing of ours is left",
    (_name, params) => {
      let fills = 0;
      for (let seed = 1; seed <= SEEDS; seed++) {
        const outcome = simulateSeed(grid as Strategy, seed, { params });
        expect(outcome.faults, `seed ${seed}`).toEqual([]);
        fills += outcome.fills;
      }
      expect(fills).toBeGreaterThan(SEEDS);
    },
    60_000,
  );
});
