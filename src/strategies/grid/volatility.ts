// Volatility of the mid, measured by the grid itself from samples at even times.

import type { Ticks } from "../../core/units.ts";
import { type GridParams, rangeModeOf } from "./params.ts";
import type { GridState } from "./state.ts";

/** Samples of a whole window, and how many steps between samples are enough to begin. */
const SAMPLES = 60;
export const ENOUGH_STEPS = 30;

function intervalMs(value: GridParams): number {
  return Math.round((value.volatilityWindowS * 1_000) / SAMPLES);
}

/** When the next sample is due, epoch ms; null when nothing is measured. */
export function nextSampleAt(state: GridState, value: GridParams): number | null {
  if (rangeModeOf(value) !== "volatility") return null;
  const last = state.samples[state.samples.length - 1];
  return last === undefined ? 0 : last.at + intervalMs(value);
}

/** Takes a sample when one is due. After a gap the measurement begins anew: a step over a longer time is no step. */
export function sample(state: GridState, value: GridParams, mid: Ticks, at: number): void {
  const due = nextSampleAt(state, value);
  if (due === null) {
    if (state.samples.length > 0) state.samples = [];
    return;
  }
  if (at < due) return;
  const last = state.samples[state.samples.length - 1];
  if (last !== undefined && at > last.at + 2 * intervalMs(value)) state.samples = [];
  state.samples.push({ at, mid });
  if (state.samples.length > SAMPLES + 1) state.samples.shift();
}

/**
 * Standard deviation of the mid's logarithmic steps between samples, scaled to one window: a fraction of the price.
 * Null until there are enough samples.
 */
export function volatilityOf(state: GridState): number | null {
  const steps: number[] = [];
  let before: Ticks | null = null;
  for (const { mid } of state.samples) {
    if (before !== null) steps.push(Math.log(mid / before));
    before = mid;
  }
  if (steps.length < ENOUGH_STEPS) return null;
  const mean = steps.reduce((sum, step) => sum + step, 0) / steps.length;
  const variance = steps.reduce((sum, step) => sum + (step - mean) ** 2, 0) / (steps.length - 1);
  return Math.sqrt(variance * SAMPLES);
}
