// How long an answer of the grid stands: the touch band and the time outside which another answer could be due.

import type { Until } from "../../core/strategy.ts";
import { ticks } from "../../core/units.ts";
import { isGuarded, isInside, limitsOf, trailStep } from "./boundary.ts";
import type { GridParams } from "./params.ts";
import type { GridState, PriceStop } from "./state.ts";
import { watchesMoney } from "./stops.ts";
import { nextSampleAt } from "./volatility.ts";
import { type Market, swapMargin } from "./wishes.ts";

/** Collects conditions on the mid; the touch brackets the mid, so a touch inside the band means a mid inside it. */
class Band {
  #below = Number.NEGATIVE_INFINITY;
  #above = Number.POSITIVE_INFINITY;

  /** Ask again when the mid may be at or below this. */
  whenDownTo(price: number): void {
    this.#below = Math.max(this.#below, Math.floor(price) + 1);
  }

  /** Ask again when the mid may be at or above this. */
  whenUpTo(price: number): void {
    this.#above = Math.min(this.#above, Math.ceil(price) - 1);
  }

  whenAt(stop: PriceStop): void {
    if (stop.when === "below") this.whenDownTo(stop.price);
    else this.whenUpTo(stop.price);
  }

  until(at: number | null): Until {
    return {
      ...(Number.isFinite(this.#below) ? { below: ticks(this.#below) } : {}),
      ...(Number.isFinite(this.#above) ? { above: ticks(this.#above) } : {}),
      ...(at === null ? {} : { at }),
    };
  }
}

/** While the grid waits to begin. */
export function bandOfWaiting(state: GridState, value: GridParams): Until {
  const band = new Band();
  if (state.phase === "trigger" && state.trigger !== null) band.whenAt(state.trigger);
  return band.until(nextSampleAt(state, value));
}

/** While the grid runs; undefined when every book could matter. */
export function bandOf(state: GridState, value: GridParams, market: Market): Until | undefined {
  if (watchesMoney(value) && market.leg.position !== 0) return undefined;
  const band = new Band();
  for (const level of state.levels) {
    if (level.isArmed || level.entryLeft === 0) continue;
    // An entry arms when the far side of the touch passes it.
    if (level.side === "buy") band.whenUpTo(level.price + 1);
    else band.whenDownTo(level.price - 1);
  }
  if (state.stopLossAt !== null) band.whenAt(state.stopLossAt);
  if (state.takeProfitAt !== null) band.whenAt(state.takeProfitAt);
  bandOfRange(band, state, value, market);
  bandOfChoice(band, state);
  return band.until(nextSampleAt(state, value));
}

function bandOfRange(band: Band, state: GridState, value: GridParams, { leg, mid }: Market): void {
  const { instrument } = leg;
  if ((state.isOutside || !state.isEntered) && !isInside(state, mid)) {
    if (mid > state.upper) band.whenDownTo(state.upper);
    else band.whenUpTo(state.lower);
  }
  if (!state.isEntered) return;
  const limits = limitsOf(state, value);
  const up = trailStep(state, value, instrument, "above");
  const down = trailStep(state, value, instrument, "below");
  if (up !== null) band.whenUpTo(up);
  if (down !== null) band.whenDownTo(down);
  if (state.isOutside) return;
  if (isGuarded(state, value, instrument, "above")) band.whenUpTo(limits.above + 1);
  if (isGuarded(state, value, instrument, "below")) band.whenDownTo(limits.below - 1);
}

/** Where an entry that waits becomes nearer than one that rests, by the margin of a swap. */
function bandOfChoice(band: Band, state: GridState): void {
  if (state.chosen.length === 0) return;
  const chosen = new Set(state.chosen);
  const resting = state.levels.filter((level) => chosen.has(level.name)).map((level) => level.price);
  const waiting = state.levels
    .filter((level) => !chosen.has(level.name) && level.isArmed && level.entryLeft > 0)
    .map((level) => level.price);
  const lowest = Math.min(...resting);
  const highest = Math.max(...resting);
  const margin = swapMargin(state);
  band.whenUpTo((lowest + Math.min(...waiting.filter((price) => price > lowest)) + margin) / 2);
  band.whenDownTo((highest + Math.max(...waiting.filter((price) => price < highest)) - margin) / 2);
}
