// Ends what cannot go on by itself: remainders that are too small to rest, entries that were refused, exits that are over.

import { opposite, type Side } from "../../core/order.ts";
import type { StrategyEvent } from "../../core/strategy.ts";
import { lots, type Ticks, ticks } from "../../core/units.ts";
import { endRound } from "./fills.ts";
import { leastAt, type Minimum } from "./minimum.ts";
import { type Carried, type GridState, held, type OpenLot, placeOf } from "./state.ts";

/**
 * An order is over. A refused entry waits until the market is on its far side again; the remainder of an entry that is too small
 * to rest again is given up, so that its round can end.
 */
export function onOrderClosed(state: GridState, event: Extract<StrategyEvent, { type: "orderClosed" }>, minimum: Minimum): void {
  const carried = state.carried.find((candidate) => candidate.slot === event.slot);
  if (carried !== undefined) carried.exitRests = false;
  const { level, part } = placeOf(state, event.slot);
  if (level === undefined) return;
  if (part === "exit") level.exitRests = false;
  if (part !== "entry") return;
  if (event.status === "rejected") level.isArmed = false;
  if (level.entryLeft === 0 || level.entryLeft >= leastAt(minimum, level.price)) return;
  level.entryLeft = lots(0);
  if (level.lots.length === 0) endRound(state, level);
}

/** Moves what is held and too small for an exit of its own to a pile that rests once it is large enough. */
export function gatherDust(state: GridState, minimum: Minimum): void {
  for (const level of state.levels) {
    const quantity = held(level.lots);
    const isOver = level.entryLeft === 0 && !level.exitRests;
    if (quantity === 0 || !isOver || quantity >= leastAt(minimum, level.exitPrice)) continue;
    addDust(state, opposite(level.side), level.exitPrice, level.lots);
    level.lots = [];
    endRound(state, level);
  }
  const small = (carried: Carried) => !carried.exitRests && !isDust(carried) && held(carried.lots) < leastAt(minimum, carried.exitPrice);
  for (const carried of state.carried.filter(small)) {
    state.carried = state.carried.filter((candidate) => candidate !== carried);
    addDust(state, carried.side, carried.exitPrice, carried.lots);
  }
}

function isDust(carried: Carried): boolean {
  return carried.slot === dustSlot(carried.side);
}

function dustSlot(side: Side): string {
  return `dust.${side}:exit`;
}

/** The pile's exit is the one that is farthest away, so that no lot of it is given back below its own. */
export function addDust(state: GridState, side: Side, exitPrice: Ticks, dust: readonly OpenLot[]): void {
  const slot = dustSlot(side);
  let pile = state.carried.find((candidate) => candidate.slot === slot);
  if (pile === undefined) {
    pile = { slot, side, exitPrice, isPair: false, exitRests: false, lots: [] };
    state.carried.push(pile);
  }
  pile.lots.push(...dust);
  pile.exitPrice = ticks(side === "sell" ? Math.max(pile.exitPrice, exitPrice) : Math.min(pile.exitPrice, exitPrice));
}
