// What a fill does to the grid: entries take lots in, exits give them back first in, first out.

import { averageStep } from "../../core/levels.ts";
import { opposite, type Side, signOf } from "../../core/order.ts";
import type { StrategyEvent } from "../../core/strategy.ts";
import { type Lots, lots, type Ticks, ticks } from "../../core/units.ts";
import type { Carried, GridState, Level, OpenLot } from "./state.ts";

/** Lots held, summed. */
export function held(lotsHeld: readonly OpenLot[]): Lots {
  return lots(lotsHeld.reduce((sum, lot) => sum + lot.quantity, 0));
}

/** Gives lots back first in, first out, at a price; returns what was left over when more came than was held. */
function giveBack(state: GridState, lotsHeld: OpenLot[], exitSide: Side, price: Ticks, quantity: Lots): Lots {
  let left: number = quantity;
  let profit = BigInt(state.profit);
  while (left > 0) {
    const lot = lotsHeld[0];
    if (lot === undefined) break;
    const taken = Math.min(left, lot.quantity);
    const gain = exitSide === "sell" ? price - lot.price : lot.price - price;
    profit += BigInt(gain) * BigInt(taken);
    left -= taken;
    if (taken === lot.quantity) lotsHeld.shift();
    else lot.quantity = lots(lot.quantity - taken);
  }
  state.profit = profit.toString();
  return lots(left);
}

/** Folds one fill in; a fill of no level of today is settled against what is carried, or carried itself. */
export function onFill(state: GridState, fill: Extract<StrategyEvent, { type: "fill" }>): void {
  const [place, part] = fill.slot.split(":");
  const carried = state.carried.find((candidate) => candidate.slot === fill.slot);
  const [generation, index] = (place ?? "").split(".");
  const level = Number(generation) === state.generation ? state.levels[Number(index)] : undefined;
  if (carried !== undefined && carried.side === fill.side) {
    const left = giveBack(state, carried.lots, carried.side, fill.price, fill.quantity);
    if (carried.lots.length === 0) finishCarried(state, carried);
    if (left > 0) carry(state, fill.side, fill.price, left);
  } else if (level !== undefined && part === "entry" && level.side === fill.side) {
    level.lots.push({ quantity: fill.quantity, price: fill.price });
    level.entryLeft = lots(Math.max(0, level.entryLeft - fill.quantity));
  } else if (level !== undefined && part === "exit" && level.side !== fill.side) {
    const left = giveBack(state, level.lots, fill.side, fill.price, fill.quantity);
    if (left > 0) carry(state, fill.side, fill.price, left);
    if (level.lots.length === 0 && level.entryLeft === 0) finishPair(state, level);
  } else {
    settle(state, fill.side, fill.price, fill.quantity);
  }
}

function finishPair(state: GridState, level: Level): void {
  state.pairs += 1;
  level.entryLeft = state.orderQuantity;
  level.isArmed = false;
}

function finishCarried(state: GridState, carried: Carried): void {
  state.pairs += 1;
  state.carried = state.carried.filter((candidate) => candidate !== carried);
}

/** A fill that belongs to no level of today gives back what is carried on the other side first, then is carried itself. */
function settle(state: GridState, side: Side, price: Ticks, quantity: Lots): void {
  let left = quantity;
  for (const carried of [...state.carried]) {
    if (left <= 0) return;
    if (carried.side !== side) continue;
    left = giveBack(state, carried.lots, side, price, left);
    if (carried.lots.length === 0) finishCarried(state, carried);
  }
  if (left > 0) carry(state, side, price, left);
}

function carry(state: GridState, side: Side, price: Ticks, quantity: Lots): void {
  const step = averageStep(state.levels.map((level) => level.price));
  const exitSide = opposite(side);
  state.carriedCount += 1;
  const exitPrice = ticks(Math.max(1, price + signOf(side) * step));
  state.carried.push({ slot: `carried.${state.carriedCount}:exit`, side: exitSide, exitPrice, lots: [{ quantity, price }] });
}
