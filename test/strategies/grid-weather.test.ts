// The grid's ways to begin, to follow and to end, through the kernel in bad weather, judged by the exchange's own books.

import { describe, expect, it } from "vitest";
import { money, text } from "../../src/core/money.ts";
import type { Strategy } from "../../src/core/strategy.ts";
import { ticks } from "../../src/core/units.ts";
import grid from "../../src/strategies/grid.ts";
import { ETH_PERP, ETH_SPOT } from "../core/instruments.ts";
import { SimulatedWorld, seededRandom } from "../core/simulated-world.ts";

const SEEDS = 12;
const STEPS = 500;
const WAYS = {
  "first position": { gridType: "long", gridNum: 9, priceRangePercent: "3", orderQuantity: "0.01", initialPosition: "market" },
  "first position, short": { gridType: "short", gridNum: 9, priceRangePercent: "3", orderQuantity: "0.01", initialPosition: "market" },
  trailing: {
    gridNum: 9,
    priceRangePercent: "1",
    orderQuantity: "0.01",
    trailingUpLimit: "3000",
    trailingDownLimit: "1500",
    boundaryAction: "wait",
  },
  "few orders": { gridNum: 15, priceRangePercent: "2", orderQuantity: "0.01", maxRestingOrders: 5, boundaryAction: "wait" },
  volatility: { gridNum: 7, rangeMode: "volatility", volatilityWindowS: 60, volatilityMultiplier: "1", orderQuantity: "0.01" },
  "emergency close": { gridNum: 9, priceRangePercent: "1", orderQuantity: "0.01", boundaryAction: "emergency_close" },
  "stop loss": { gridNum: 9, priceRangePercent: "2", orderQuantity: "0.01", stopLoss: "0.3" },
} as const;

function worldOf(seed: number, params: object): SimulatedWorld {
  const random = seededRandom(seed + 4_711);
  return new SimulatedWorld({
    seed,
    instrument: seed % 4 === 0 ? ETH_SPOT : ETH_PERP,
    strategy: grid as Strategy,
    params: grid.params.parse(params),
    maxPosition: 60 + Math.floor(random() * 100),
    start: ticks(200_000),
    weather: {
      lostRequests: random() * 0.15,
      lostAnswers: random() * 0.15,
      lostEvents: random() * 0.2,
      doubledEvents: random() * 0.4,
      rejects: random() * 0.15,
      crashes: random() * 0.01,
      delayMaxMs: 50 + random() * 2_000,
    },
  });
}

describe("grid in bad weather", () => {
  it.each(Object.entries(WAYS))("%s: limits hold, books add up, nothing of ours is left", (_name, params) => {
    let fills = 0;
    for (let seed = 1; seed <= SEEDS; seed++) {
      const world = worldOf(seed, params);
      for (let step = 0; step < STEPS; step++) world.step();
      world.calm();
      world.settle(150);
      expect(world.violations, `seed ${seed}`).toEqual([]);
      const { report, realizedPnl, unrealizedPnl } = world.kernel.status(world.now);
      if (report.unpairedPnl !== undefined)
        expect(text(money(report.gridProfit ?? "0").plus(report.unpairedPnl)), `seed ${seed}`).toBe(
          text(money(realizedPnl).plus(unrealizedPnl)),
        );
      world.feed({ type: "control", at: world.now, desired: "stopped" });
      world.settle(250);
      expect(world.openAtExchange(), `seed ${seed}`).toEqual([]);
      expect(world.kernel.status(world.now).position, `seed ${seed}`).toBe((world.position / 1_000).toFixed(3));
      fills += world.trades.length;
    }
    expect(fills).toBeGreaterThan(SEEDS);
  });
});
