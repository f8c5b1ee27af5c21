// Every strategy in seeded bad weather, judged by the simulated exchange's own books; a failing seed is named.

import { beforeAll, describe, expect, it } from "vitest";
import type { Strategy } from "../../src/core/strategy.ts";
import { stepOf } from "../../src/core/units.ts";
import { campaign, summarize } from "../../src/sim/world/campaign.ts";
import { SABOTAGES, type Sabotage } from "../../src/sim/world/sabotage.ts";
import { drawScenario } from "../../src/sim/world/scenario.ts";
import { type SeedOutcome, simulateSeed } from "../../src/sim/world/simulate.ts";
import type { Happening } from "../../src/sim/world/surroundings.ts";
import { loadStrategies } from "../../src/strategies/index.ts";

/** Seeds per strategy; more on demand: `SIMULATION_SEEDS=2000 npx vitest run test/sim/world.test.ts`. */
const SEEDS = Number(process.env.SIMULATION_SEEDS ?? 20);
const SABOTAGE_SEEDS = 10;
const STRATEGIES = ["grid", "maker-taker-hedge", "market-maker"] as const;

let strategies: ReadonlyMap<string, Strategy> = new Map();

beforeAll(async () => {
  strategies = await loadStrategies([]);
});

function strategyNamed(name: string): Strategy {
  const strategy = strategies.get(name);
  if (strategy === undefined) throw new Error(`no strategy ${name}`);
  return strategy;
}

describe("simulation", () => {
  it("knows every built-in strategy", () => {
    expect([...strategies.keys()].sort()).toEqual([...STRATEGIES]);
  });

  it.each(STRATEGIES)(
    `keeps the books, limits and slots of %s over ${SEEDS} seeds, then stops and flattens it`,
    (name) => {
      const outcomes = [...campaign({ strategies: [strategyNamed(name)], from: 1, to: SEEDS })];
      const summary = summarize(outcomes);
      expect(summary.failures).toEqual([]);
      expect(summary.runs).toBe(SEEDS);
      // A world in which little happens proves little.
      expect(summary.fills).toBeGreaterThan(SEEDS * 8);
      expect(summary.restarts).toBeGreaterThan(SEEDS / 2);
    },
    600_000,
  );

  it("meets every misfortune there is", () => {
    const outcomes = [...campaign({ strategies: [strategyNamed("grid")], from: 1, to: 30 })];
    const { misfortunes } = summarize(outcomes);
    const names = Object.keys(drawScenario(strategyNamed("grid"), 1).weather).filter((name) => !name.endsWith("Ms"));
    expect(Object.keys(misfortunes).sort()).toEqual(names.sort());
  }, 60_000);

  it("meets every twist of exchange and person, among them spot and perp in other steps", () => {
    const outcomes = [...campaign({ strategies: [strategyNamed("market-maker")], from: 1, to: 45, steps: 310 })];
    const { happenings, failures } = summarize(outcomes);
    expect(failures).toEqual([]);
    const names: Record<Happening, true> = {
      ...{ amends: true, lateRefusals: true, newSteps: true, newMinimums: true },
      ...{ personTrades: true, transfers: true, lateFundings: true, peakResets: true },
    };
    expect(Object.keys(happenings).sort()).toEqual(Object.keys(names).sort());
    const twists = outcomes.map(({ seed }) => drawScenario(strategyNamed("market-maker"), seed).twists);
    expect(new Set(twists.map(({ feeToken }) => feeToken?.isConverted))).toEqual(new Set([undefined, true, false]));
    expect(new Set(twists.map(({ renamesAmended }) => renamesAmended))).toEqual(new Set([true, false]));
  }, 120_000);

  it.each(Object.keys(SABOTAGES) as Sabotage[])(
    `finds the planted bug within ${SABOTAGE_SEEDS} seeds: %s`,
    (sabotage) => {
      let caught: SeedOutcome | undefined;
      for (const outcome of campaign({ strategies: [...strategies.values()], from: 1, to: SABOTAGE_SEEDS, sabotage })) {
        if (outcome.faults.length === 0) continue;
        caught = outcome;
        break;
      }
      expect(caught?.faults[0]).toBeDefined();
    },
    120_000,
  );

  it("takes the same course for the same seed, and another for another", () => {
    const [first, again, other] = [3, 3, 4].map((seed) => simulateSeed(strategyNamed("grid"), seed).traceHash);
    expect(again).toBe(first);
    expect(other).not.toBe(first);
  });

  it("tells the same course in lines when asked", () => {
    const silent = simulateSeed(strategyNamed("grid"), 5, { steps: 50 });
    const told = simulateSeed(strategyNamed("grid"), 5, { steps: 50, keepsTrace: true });
    expect(told.traceHash).toBe(silent.traceHash);
    expect(silent.trace).toEqual([]);
    expect(told.trace.some((line) => line.includes('"type":"place"'))).toBe(true);
  });

  it("draws spot and perp, one leg and two, and different steps", () => {
    const scenarios = STRATEGIES.flatMap((name) => Array.from({ length: 60 }, (_, index) => drawScenario(strategyNamed(name), index + 1)));
    const instruments = scenarios.flatMap(({ instruments: legs }) => Object.values(legs));
    expect(new Set(instruments.map(({ kind }) => kind))).toEqual(new Set(["spot", "perp"]));
    expect(new Set(instruments.map(({ lotSize }) => stepOf(lotSize).decimals)).size).toBeGreaterThan(1);
    expect(new Set(scenarios.map(({ refs }) => Object.keys(refs).length))).toEqual(new Set([1, 2]));
  });
});
