// Many seeds of many strategies, one after the other, and what they amount to.

import type { Strategy } from "../../core/strategy.ts";
import type { Misfortune } from "./network.ts";
import type { Sabotage } from "./sabotage.ts";
import { type SeedOutcome, simulateSeed } from "./simulate.ts";
import type { Happening } from "./surroundings.ts";
import { Trace } from "./trace.ts";

export interface CampaignOptions {
  readonly strategies: readonly Strategy[];
  /** Both included. */
  readonly from: number;
  readonly to: number;
  readonly steps?: number;
  readonly sabotage?: Sabotage;
}

export interface CampaignSummary {
  /** Runs with at least one broken rule. */
  readonly failures: readonly { readonly seed: number; readonly strategy: string; readonly faults: readonly string[] }[];
  readonly runs: number;
  readonly fills: number;
  readonly orders: number;
  readonly restarts: number;
  readonly simulatedMs: number;
  /** Over the traces of all runs in order; equal for equal options and code. */
  readonly tracesHash: string;
  readonly amends: number;
  readonly lateRefusals: number;
  readonly misfortunes: Readonly<Partial<Record<Misfortune, number>>>;
  readonly happenings: Readonly<Partial<Record<Happening, number>>>;
}

/** Runs one seed at each step. The first seed of each strategy runs twice, and must take the same course both times. */
export function* campaign(options: CampaignOptions): Generator<SeedOutcome> {
  const { strategies, from, to, steps, sabotage } = options;
  const seedOptions = { ...(steps === undefined ? {} : { steps }), ...(sabotage === undefined ? {} : { sabotage }) };
  for (const strategy of strategies) {
    for (let seed = from; seed <= to; seed += 1) {
      const outcome = simulateSeed(strategy, seed, seedOptions);
      if (seed !== from) yield outcome;
      else yield compared(outcome, simulateSeed(strategy, seed, seedOptions));
    }
  }
}

function compared(first: SeedOutcome, second: SeedOutcome): SeedOutcome {
  if (first.traceHash === second.traceHash) return first;
  return { ...first, faults: [...first.faults, `the same seed took two courses: ${first.traceHash} and ${second.traceHash}`] };
}

export function summarize(outcomes: readonly SeedOutcome[]): CampaignSummary {
  const traces = new Trace();
  for (const outcome of outcomes) traces.add(`${outcome.strategy} ${outcome.seed} ${outcome.traceHash}`);
  const happenings = counted<Happening>(outcomes.map((outcome) => outcome.happenings));
  const sum = (of: (outcome: SeedOutcome) => number): number => outcomes.reduce((total, outcome) => total + of(outcome), 0);
  return {
    failures: outcomes.filter(({ faults }) => faults.length > 0).map(({ seed, strategy, faults }) => ({ seed, strategy, faults })),
    runs: outcomes.length,
    fills: sum(({ fills }) => fills),
    orders: sum(({ orders }) => orders),
    restarts: sum(({ restarts }) => restarts),
    simulatedMs: sum(({ simulatedMs }) => simulatedMs),
    tracesHash: traces.hash,
    amends: happenings.amends ?? 0,
    lateRefusals: happenings.lateRefusals ?? 0,
    misfortunes: counted<Misfortune>(outcomes.map((outcome) => outcome.misfortunes)),
    happenings,
  };
}

function counted<Name extends string>(counts: readonly Readonly<Partial<Record<Name, number>>>[]): Partial<Record<Name, number>> {
  const sums: Partial<Record<Name, number>> = {};
  for (const count of counts) for (const [name, times] of Object.entries(count) as [Name, number][]) sums[name] = (sums[name] ?? 0) + times;
  return sums;
}
