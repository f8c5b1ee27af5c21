// What a fill does to the grid: entries take lots in, exits give them back first in, first out.

import type { Instrument } from "../../core/instrument.ts";
import { money, text } from "../../core/money.ts";
import { opposite, type Side, signOf } from "../../core/order.ts";
import type { LegView, StrategyEvent } from "../../core/strategy.ts";
import { type Lots, lots, stepOf, type Ticks, ticks, toSteps } from "../../core/units.ts";
import type { GridParams } from "./params.ts";
import { openingSide } from "./params.ts";
import { type Carried, type GridState, held, type Level, type OpenLot, placeOf } from "./state.ts";

type Fill = Extract<StrategyEvent, { type: "fill" }>;

/** Folds one fill in, whatever phase the grid is in. */
export function onFill(state: GridState, fill: Fill, value: GridParams, leg: LegView): void {
  const { level, part } = placeOf(state, fill.slot);
  const carried = state.carried.find((candidate) => candidate.slot === fill.slot);
  if (carried !== undefined && carried.side === fill.side) exitCarried(state, carried, fill);
  else if (level !== undefined && part === "entry" && level.side === fill.side) enter(level, fill.price, fill.quantity);
  else if (level !== undefined && part === "exit" && level.side !== fill.side) exitLevel(state, level, fill);
  else if (part === "entry") carry(state, fill.side, fill.price, fill.quantity);
  else fillOutside(state, fill, value, leg);
  payInBase(state, level, fill, leg.instrument);
}

function enter(level: Level, price: Ticks, quantity: Lots): void {
  addLot(level.lots, price, quantity);
  level.entryLeft = lots(Math.max(0, level.entryLeft - quantity));
}

/** Lots of one price are one lot: many small fills stay one entry. */
function addLot(lotsHeld: OpenLot[], price: Ticks, quantity: Lots): void {
  const last = lotsHeld[lotsHeld.length - 1];
  if (last !== undefined && last.price === price) last.quantity = lots(last.quantity + quantity);
  else lotsHeld.push({ quantity, price });
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

function exitLevel(state: GridState, level: Level, fill: Fill): void {
  const left = giveBack(state, level.lots, fill.side, fill.price, fill.quantity);
  level.gaveBack = true;
  if (level.lots.length === 0 && level.entryLeft === 0) endRound(state, level);
  if (left > 0) carry(state, fill.side, fill.price, left);
}

function exitCarried(state: GridState, carried: Carried, fill: Fill): void {
  const left = giveBack(state, carried.lots, carried.side, fill.price, fill.quantity);
  if (carried.lots.length === 0) {
    if (carried.isPair) state.pairs += 1;
    state.carried = state.carried.filter((candidate) => candidate !== carried);
  }
  if (left > 0) carry(state, fill.side, fill.price, left);
}

/** The round is over: a pair when an exit closed it, unless its lots came from the first position; the entry may rest again. */
export function endRound(state: GridState, level: Level): void {
  if (level.gaveBack && !level.isInitial) state.pairs += 1;
  level.entryLeft = level.quantity;
  level.isArmed = false;
  level.isInitial = false;
  level.gaveBack = false;
  level.exitRests = false;
}

/**
 * A fill of no order that the grid wished: the kernel took to reach a position, or the order is long forgotten. It closes what is
 * held on the other side (carried lots first, then the levels whose exits are farthest away), then builds the first position, and
 * what is left is carried.
 */
function fillOutside(state: GridState, fill: Fill, value: GridParams, leg: LegView): void {
  let left = fill.quantity;
  for (const carried of [...state.carried]) {
    if (left <= 0 || carried.side !== fill.side) continue;
    left = giveBack(state, carried.lots, fill.side, fill.price, left);
    carried.exitRests = false;
    if (carried.lots.length === 0) state.carried = state.carried.filter((candidate) => candidate !== carried);
  }
  const levels = state.levels.filter((level) => level.side !== fill.side && level.lots.length > 0);
  for (const level of levels.sort((a, b) => signOf(fill.side) * (a.exitPrice - b.exitPrice))) {
    if (left <= 0) break;
    left = giveBack(state, level.lots, fill.side, fill.price, left);
    level.exitRests = false;
    if (level.lots.length === 0 && level.entryLeft === 0) endRound(state, level);
  }
  if (state.phase === "building" && openingSide(value, leg.instrument.kind) === fill.side) left = buildFirst(state, fill, left);
  if (left > 0) carry(state, fill.side, fill.price, left);
  if (leg.position === 0) netOut(state);
}

/** Hands what the grid took for its first position to the levels that wait for it, the nearest to the price first. */
function buildFirst(state: GridState, fill: Fill, quantity: Lots): Lots {
  let left: number = quantity;
  const waiting = state.levels.filter((level) => level.isInitial && level.entryLeft > 0);
  for (const level of waiting.sort((a, b) => signOf(fill.side) * (a.price - b.price))) {
    const taken = lots(Math.min(left, level.entryLeft));
    if (taken <= 0) break;
    enter(level, fill.price, taken);
    left -= taken;
  }
  return lots(left);
}

/** An exit one step away for lots that belong to no level of today. */
export function carry(state: GridState, side: Side, price: Ticks, quantity: Lots): void {
  state.carriedCount += 1;
  const exitPrice = ticks(Math.max(1, price + signOf(side) * state.stepTicks));
  const slot = `carried.${state.carriedCount}:exit`;
  state.carried.push({ slot, side: opposite(side), exitPrice, isPair: true, exitRests: false, lots: [{ quantity, price }] });
}

/** Longs and shorts that stand against each other while the position is flat are closed against each other at their own prices. */
export function netOut(state: GridState): void {
  const longs = lotsOf(state, "buy");
  const shorts = lotsOf(state, "sell");
  if (longs.length === 0 && shorts.length === 0) return;
  const quantity = Math.min(held(longs), held(shorts));
  let profit = BigInt(state.profit);
  for (const [side, sign] of [["buy", -1n] as const, ["sell", 1n] as const]) {
    let left = quantity;
    for (const lot of side === "buy" ? longs : shorts) {
      const taken = Math.min(left, lot.quantity);
      profit += sign * BigInt(lot.price) * BigInt(taken);
      left -= taken;
      lot.quantity = lots(lot.quantity - taken);
    }
  }
  state.profit = profit.toString();
  dropEmpty(state);
}

/** Every lot that an entry of this side holds, carried ones included. */
export function lotsOf(state: GridState, side: Side): OpenLot[] {
  return [
    ...state.carried.filter((carried) => carried.side !== side).flatMap((carried) => carried.lots),
    ...state.levels.filter((level) => level.side === side).flatMap((level) => level.lots),
  ];
}

function dropEmpty(state: GridState): void {
  for (const level of state.levels) {
    const before = level.lots.length;
    level.lots = level.lots.filter((lot) => lot.quantity > 0);
    if (before > 0 && level.lots.length === 0) {
      level.gaveBack = false;
      endRound(state, level);
    }
  }
  for (const carried of state.carried) carried.lots = carried.lots.filter((lot) => lot.quantity > 0);
  state.carried = state.carried.filter((carried) => carried.lots.length > 0);
}

/**
 * On spot a fee in base currency takes away what an exit could sell. Whole lots are written off where the fee fell due, rounded
 * up; what the rounding took too much is carried and pays the next fees.
 */
function payInBase(state: GridState, level: Level | undefined, fill: Fill, instrument: Instrument): void {
  if (instrument.kind !== "spot" || fill.feeCurrency !== instrument.base || instrument.base === instrument.quote) return;
  state.baseFees = text(money(state.baseFees).plus(fill.fee));
  let owed = toSteps(state.baseFees, stepOf(instrument.lotSize), "up") - held(state.spent);
  const piles = [
    level?.lots ?? [],
    ...state.levels.map((other) => other.lots),
    ...state.carried.filter((carried) => carried.side === "sell").map((carried) => carried.lots),
  ];
  for (const pile of piles) {
    while (owed > 0) {
      const lot = pile[pile.length - 1];
      if (lot === undefined) break;
      const taken = lots(Math.min(owed, lot.quantity));
      addLot(state.spent, lot.price, taken);
      owed -= taken;
      if (taken === lot.quantity) pile.pop();
      else lot.quantity = lots(lot.quantity - taken);
    }
  }
  state.carried = state.carried.filter((carried) => carried.lots.length > 0);
  for (const other of state.levels) if (other.lots.length === 0 && other.entryLeft === 0) endRound(state, other);
}
