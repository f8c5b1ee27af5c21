// One seed from its first step to its verdict.

import type { Strategy } from "../../core/strategy.ts";
import type { Misfortune } from "./network.ts";
import type { Sabotage } from "./sabotage.ts";
import type { Happening } from "./surroundings.ts";
import { World } from "./world.ts";

export const STEPS_DEFAULT = 400;

export interface SeedOptions {
  readonly steps?: number;
  readonly sabotage?: Sabotage;
  /** Keeps the lines of the trace, for reading. */
  readonly keepsTrace?: boolean;
  /** Input of the strategy's parameters instead of drawn ones. */
  readonly params?: Readonly<Record<string, unknown>>;
}

export interface SeedOutcome {
  readonly seed: number;
  readonly strategy: string;
  /** Broken rules, in English as the log is; none when the seed is clean. */
  readonly faults: readonly string[];
  readonly fills: number;
  readonly orders: number;
  readonly restarts: number;
  readonly simulatedMs: number;
  /** The same for the same seed, strategy and steps. */
  readonly traceHash: string;
  readonly trace: readonly string[];
  /** How often each misfortune happened. */
  readonly misfortunes: Readonly<Partial<Record<Misfortune, number>>>;
  /** How often each twist of exchange and person happened. */
  readonly happenings: Readonly<Partial<Record<Happening, number>>>;
}

/** Safety under bad weather, then liveness under good: stop, then flatten. Pure: the same input gives the same outcome. */
export function simulateSeed(strategy: Strategy, seed: number, options: SeedOptions = {}): SeedOutcome {
  const { steps = STEPS_DEFAULT, ...choices } = options;
  const world = new World({ strategy, seed, ...choices });
  const startedAt = world.schedule.now;
  world.storm(steps);
  if (world.judge.faults.length === 0) world.comeToRest();
  if (world.judge.faults.length === 0) world.flatten();
  return {
    seed,
    strategy: strategy.name,
    faults: [...world.judge.faults],
    fills: world.judge.trades,
    orders: world.judge.orders,
    restarts: world.restarts,
    simulatedMs: world.schedule.now - startedAt,
    traceHash: world.trace.hash,
    trace: world.trace.lines,
    misfortunes: world.network.counts,
    happenings: world.happenings,
  };
}
