// What the grid wants to rest now: an exit for whatever a level holds, and the entries nearest to the market.

import { opposite, type Side } from "../../core/order.ts";
import type { LegView, Quote } from "../../core/strategy.ts";
import type { Ticks } from "../../core/units.ts";
import { leastAt, type Minimum } from "./minimum.ts";
import { type GridParams, openingSide } from "./params.ts";
import { type GridState, held, type Level, type OpenLot, slotOf } from "./state.ts";

/** The touch and what follows from the instrument, for one decision. */
export interface Market {
  readonly leg: LegView;
  readonly bestBid: Ticks;
  readonly bestAsk: Ticks;
  readonly mid: Ticks;
  readonly at: number;
  readonly minimum: Minimum;
}

/** The complete resting set; arms entries whose side the market is on. */
export function wishes(state: GridState, value: GridParams, market: Market): Quote[] {
  const exits = exitQuotes(state, value, market);
  const waiting = state.isOutside ? [] : state.levels.filter((level) => isWished(level, market));
  const room = value.maxRestingOrders === undefined ? waiting.length : Math.max(0, value.maxRestingOrders - exits.length);
  return [...exits, ...nearest(state, waiting, room, market.mid).map(entryQuote)];
}

function isWished(level: Level, { bestBid, bestAsk }: Market): boolean {
  const isPassive = level.side === "buy" ? level.price < bestAsk : level.price > bestBid;
  if (isPassive) level.isArmed = true;
  return level.isArmed && level.entryLeft > 0;
}

function entryQuote(level: Level): Quote {
  return {
    slot: slotOf(level, "entry"),
    side: level.side,
    price: level.price,
    quantity: level.entryLeft,
    postOnly: true,
    reason: `entry at level ${level.name}`,
  };
}

/**
 * The entries that may rest: those chosen before stay until another is nearer by half a step, so that a price in the middle
 * between two does not move them to and fro.
 */
function nearest(state: GridState, waiting: readonly Level[], room: number, mid: Ticks): readonly Level[] {
  if (waiting.length <= room) {
    state.chosen = [];
    return waiting;
  }
  const distance = (level: Level) => Math.abs(level.price - mid);
  const before = new Set(state.chosen);
  const sorted = [...waiting].sort((a, b) => distance(a) - distance(b) || a.price - b.price);
  const kept = sorted.filter((level) => before.has(level.name)).slice(0, room);
  const others = sorted.filter((level) => !kept.includes(level));
  while (kept.length < room) kept.push(...others.splice(0, 1));
  kept.sort((a, b) => distance(a) - distance(b));
  for (;;) {
    const farthest = kept[kept.length - 1];
    const candidate = others[0];
    if (farthest === undefined || candidate === undefined || distance(candidate) + swapMargin(state) >= distance(farthest)) break;
    kept.pop();
    others.shift();
    kept.push(candidate);
    kept.sort((a, b) => distance(a) - distance(b));
  }
  state.chosen = kept.map((level) => level.name);
  return kept;
}

/** By how many ticks an entry must be nearer to take another's place. */
export function swapMargin(state: GridState): number {
  return Math.floor(state.stepTicks / 2);
}

function exitQuotes(state: GridState, value: GridParams, market: Market): Quote[] {
  const isReduceOnly = reducesOnly(state, value, market.leg);
  const orders: Quote[] = [];
  for (const level of state.levels) {
    const slot = slotOf(level, "exit");
    const exit = exitQuote(slot, opposite(level.side), level, market, isReduceOnly, `exit of level ${level.name}`);
    if (exit !== null) orders.push(exit);
  }
  for (const carried of state.carried) {
    const exit = exitQuote(carried.slot, carried.side, carried, market, isReduceOnly, "exit from an earlier range");
    if (exit !== null) orders.push(exit);
  }
  return orders;
}

interface Pile {
  readonly exitPrice: Ticks;
  readonly lots: readonly OpenLot[];
  exitRests: boolean;
}

/** An exit that rests stays wished even when its remainder is too small to be placed anew. */
function exitQuote(slot: string, side: Side, pile: Pile, market: Market, isReduceOnly: boolean, reason: string): Quote | null {
  const { exitPrice: price } = pile;
  const quantity = held(pile.lots);
  if (quantity === 0 || (quantity < leastAt(market.minimum, price) && !pile.exitRests)) return null;
  pile.exitRests = true;
  // An exit that the market has already passed is taken at the better price instead of being refused as post-only.
  const crosses = side === "sell" ? price <= market.bestBid : price >= market.bestAsk;
  return { slot, side, price, quantity, postOnly: !crosses, closing: true, ...(isReduceOnly ? { reduceOnly: true } : {}), reason };
}

/** Exits of a long or short perp grid are reduce-only while every lot stands on its side; a neutral grid's may turn the position. */
function reducesOnly(state: GridState, value: GridParams, leg: LegView): boolean {
  if (leg.instrument.kind !== "perp") return false;
  const side = openingSide(value, "perp");
  if (side === null) return false;
  return (
    state.carried.every((carried) => carried.side !== side) && state.levels.every((level) => level.side === side || level.lots.length === 0)
  );
}
