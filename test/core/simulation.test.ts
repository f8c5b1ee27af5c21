// The kernel and the grid in bad weather, judged by the exchange's own books; a failing seed is printed.

import { describe, expect, it } from "vitest";
import { money, text } from "../../src/core/money.ts";
import type { Strategy } from "../../src/core/strategy.ts";
import { ticks } from "../../src/core/units.ts";
import grid from "../../src/strategies/grid.ts";
import { ETH_PERP, ETH_SPOT } from "./instruments.ts";
import { type Sabotage, SimulatedWorld, seededRandom, type Weather } from "./simulated-world.ts";

/** More on demand: `SIMULATION_SEEDS=2000 npx vitest run test/core/simulation.test.ts`. */
const SEEDS = Number(process.env.SIMULATION_SEEDS ?? 120);
const STEPS = 600;
const PARAMS = [
  { gridType: "neutral", gridMode: "geometric", gridNum: 12, priceRangePercent: "2", orderQuantity: "0.01" },
  { gridType: "long", gridMode: "arithmetic", gridNum: 8, priceRangePercent: "3", orderQuantity: "0.02" },
  { gridType: "short", gridMode: "arithmetic", gridNum: 8, priceRangePercent: "3", orderQuantity: "0.02" },
];

function weatherOf(seed: number): Weather {
  const random = seededRandom(seed + 1_000_003);
  return {
    lostRequests: random() * 0.2,
    lostAnswers: random() * 0.2,
    lostEvents: random() * 0.3,
    doubledEvents: random() * 0.5,
    rejects: random() * 0.2,
    crashes: random() * 0.02,
    delayMaxMs: 50 + random() * 3_000,
  };
}

function worldOf(seed: number, sabotage?: Sabotage): SimulatedWorld {
  const random = seededRandom(seed + 77);
  const params = grid.params.parse(PARAMS[seed % PARAMS.length]);
  const maxPosition = 30 + Math.floor(random() * 200);
  const instrument = seed % 7 === 0 ? ETH_SPOT : ETH_PERP;
  return new SimulatedWorld({
    seed,
    instrument,
    strategy: grid as Strategy,
    params,
    maxPosition,
    start: ticks(200_000),
    weather: weatherOf(seed),
    ...(sabotage === undefined ? {} : { sabotage }),
  });
}

/** Safety after every step; then liveness: the weather clears, the operator stops, everything of ours goes and every trade was counted once. */
function faultsOf(world: SimulatedWorld): string[] {
  for (let step = 0; step < STEPS; step++) world.step();
  const faults = [...world.violations];
  world.calm();
  world.settle(150);
  world.feed({ type: "control", at: world.now, desired: "stopped" });
  world.settle(250);
  const status = world.kernel.status(world.now);
  if (world.openAtExchange().length > 0) faults.push(`${world.openAtExchange().length} orders left`);
  if (status.state !== "stopped") faults.push(`state ${status.state}`);
  const traded = world.trades.map((trade) => `${trade.tradeId}:${trade.exchangeOrderId}`).sort();
  if (JSON.stringify([...world.recorded.keys()].sort()) !== JSON.stringify(traded))
    faults.push(`${world.recorded.size} fills recorded, ${traded.length} traded`);
  if (status.position !== (world.position / 1_000).toFixed(3))
    faults.push(`position ${status.position}, at the exchange ${world.position / 1_000}`);
  return faults;
}

describe("simulation", () => {
  it(`keeps its books, its limits and its slots over ${SEEDS} seeds of lost, late and doubled messages, rejections and crashes`, () => {
    let fills = 0;
    for (let seed = 1; seed <= SEEDS; seed++) {
      const world = worldOf(seed);
      expect(faultsOf(world), `seed ${seed}`).toEqual([]);
      fills += world.trades.length;
    }
    expect(fills).toBeGreaterThan(SEEDS * 20);
  }, 600_000);

  it.each(["reusedIds", "blindGate", "doubledFill", "unknownIsFailure", "earlyCancel", "forgottenRows"] as const)(
    "catches a planted bug within 20 seeds: %s",
    (sabotage) => {
      const caught = Array.from({ length: 20 }, (_, index) => index + 1).some((seed) => faultsOf(worldOf(seed, sabotage)).length > 0);
      expect(caught).toBe(true);
    },
  );

  it("adds up: grid profit and unpaired profit are realized and unrealized profit", () => {
    for (let seed = 1; seed <= 30; seed++) {
      const world = worldOf(seed);
      for (let step = 0; step < STEPS; step++) world.step();
      world.calm();
      world.settle(150);
      const status = world.kernel.status(world.now);
      const state = (
        world.kernel.snapshot() as {
          strategyState: {
            levels: { side: string; lots: { quantity: number; price: number }[] }[];
            carried: { side: string; lots: { quantity: number; price: number }[] }[];
          };
        }
      ).strategyState;
      const mark = Math.round(Number(status.lastPrice) * 100);
      let unpaired = 0;
      let held = 0;
      for (const level of state.levels)
        for (const lot of level.lots) {
          const sign = level.side === "buy" ? 1 : -1;
          held += sign * lot.quantity;
          unpaired += sign * lot.quantity * (mark - lot.price);
        }
      for (const carried of state.carried)
        for (const lot of carried.lots) {
          const sign = carried.side === "sell" ? 1 : -1;
          held += sign * lot.quantity;
          unpaired += sign * lot.quantity * (mark - lot.price);
        }
      expect(held, `seed ${seed}: lots held`).toBe(world.position);
      const total = money(status.report.gridProfit ?? "0").plus(money(unpaired).times("0.00001"));
      expect(text(total), `seed ${seed}`).toBe(text(money(status.realizedPnl).plus(status.unrealizedPnl)));
    }
  });

  it("gives the same trace for the same seed", () => {
    const traces = [1, 1].map((seed) => {
      const world = worldOf(seed);
      for (let step = 0; step < STEPS; step++) world.step();
      return world.trace.join("\n");
    });
    expect(traces[0]).toBe(traces[1]);
  });
});
