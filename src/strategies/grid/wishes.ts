// What the grid wants to rest now: an entry per armed level and an exit for whatever a level holds.

import type { Instrument } from "../../core/instrument.ts";
import { opposite, type Side } from "../../core/order.ts";
import type { LegView, Quote } from "../../core/strategy.ts";
import { type Ticks, ticks } from "../../core/units.ts";
import { held } from "./fills.ts";
import type { GridParams } from "./params.ts";
import { type GridState, type Level, type OpenLot, slotOf } from "./state.ts";

function entryQuote(state: GridState, level: Level, index: number, bestBid: Ticks, bestAsk: Ticks, instrument: Instrument): Quote | null {
  const isPassive = level.side === "buy" ? level.price < bestAsk : level.price > bestBid;
  if (isPassive) level.isArmed = true;
  if (level.entryLeft < Math.max(1, instrument.minQuantity)) {
    // A remainder too small to rest is given up once nothing of this round is held.
    if (level.entryLeft > 0 && level.lots.length === 0) level.entryLeft = state.orderQuantity;
    else return null;
  }
  if (!level.isArmed) return null;
  return {
    slot: slotOf(state, index, "entry"),
    side: level.side,
    price: level.price,
    quantity: level.entryLeft,
    postOnly: true,
    reason: `entry of level ${index}`,
  };
}

function exitQuote(
  slot: string,
  side: Side,
  price: Ticks,
  lotsHeld: readonly OpenLot[],
  leg: LegView,
  isReduceOnly: boolean,
  reason: string,
): Quote | null {
  const quantity = held(lotsHeld);
  if (quantity < Math.max(1, leg.instrument.minQuantity)) return null;
  const crosses = side === "sell" ? leg.bestBid !== null && price <= leg.bestBid : leg.bestAsk !== null && price >= leg.bestAsk;
  // An exit that the market has already passed is taken at the better price instead of being refused as post-only.
  return { slot, side, price, quantity, postOnly: !crosses, closing: true, ...(isReduceOnly ? { reduceOnly: true } : {}), reason };
}

/** The complete resting set; arms entries whose side the market is on. */
export function wishes(state: GridState, value: GridParams, leg: LegView, bestBid: Ticks, bestAsk: Ticks): Quote[] {
  const isReduceOnly = leg.instrument.kind === "perp" && value.gridType !== "neutral";
  const orders: Quote[] = [];
  state.levels.forEach((level, index) => {
    const entry = entryQuote(state, level, index, bestBid, bestAsk, leg.instrument);
    const exit = exitQuote(
      slotOf(state, index, "exit"),
      opposite(level.side),
      level.exitPrice,
      level.lots,
      leg,
      isReduceOnly,
      `exit of level ${index}`,
    );
    if (entry !== null) orders.push(entry);
    if (exit !== null) orders.push(exit);
  });
  for (const carried of state.carried) {
    const exit = exitQuote(carried.slot, carried.side, carried.exitPrice, carried.lots, leg, isReduceOnly, "exit from an earlier range");
    if (exit !== null) orders.push(exit);
  }
  return orders;
}

/** The touch band in which no entry arms and no bound is passed. */
export function bandOf(state: GridState, value: GridParams): { below: Ticks; above: Ticks } {
  const limits = limitsOf(state, value);
  let { below, above } = limits;
  for (const level of state.levels) {
    if (level.isArmed) continue;
    if (level.side === "buy") above = Math.min(above, level.price) as Ticks;
    else below = Math.max(below, level.price) as Ticks;
  }
  return { below, above };
}

/** How far the touch may leave the range before boundaryAction acts. */
export function limitsOf(state: GridState, value: GridParams): { below: Ticks; above: Ticks } {
  const tolerance = Number(value.boundaryTolerance);
  return { below: ticks(Math.floor(state.lower * (1 - tolerance))), above: ticks(Math.ceil(state.upper * (1 + tolerance))) };
}

/** A refused entry waits until the market is on its far side again. */
export function disarm(state: GridState, slot: string): void {
  state.levels.forEach((level, index) => {
    if (slotOf(state, index, "entry") === slot) level.isArmed = false;
  });
}
