// Which of the market maker's orders move: only levels that are out of tolerance or that must, and only as far as the caps allow.

import { lots, type Ticks, ticks } from "../../core/units.ts";
import { isEnough } from "./inventory.ts";
import type { Resting } from "./state.ts";
import { type Bounds, boundsOf, type Market, type Stance, spreadAndShift, targetsOf } from "./targets.ts";

export interface Pace {
  /** Levels out of tolerance may move. */
  readonly isDue: boolean;
  /** Nothing new is placed; what must go goes. */
  readonly isPaused: boolean;
}

/** Ticks that a level may be off before it moves. */
function toleranceOf(stance: Stance, market: Market): number {
  const { toleranceTicks, refreshTolerancePercent } = stance.value;
  return Math.max(toleranceTicks, ((market.toleranceOf ?? market.reference) * Number(refreshTolerancePercent)) / 100);
}

/** True while a resting order is passive and keeps the least edge. */
function mayStay(resting: Resting, bounds: Bounds): boolean {
  return resting.side === "buy" ? resting.price <= bounds.highestBid : resting.price >= bounds.lowestAsk;
}

/** True when a quantity is so near to the wanted one that an order is not replaced for it. */
function isNear(quantity: number, wanted: number, stance: Stance): boolean {
  return Math.abs(quantity - wanted) <= (wanted * Number(stance.value.quantityTolerancePercent)) / 100;
}

/** What becomes of one level: kept, moved or filled up. */
function settleLevel(resting: Resting, target: Resting, stance: Stance, market: Market, pace: Pace): Resting {
  if (!pace.isDue || pace.isPaused) return resting;
  if (Math.abs(resting.price - target.price) > toleranceOf(stance, market)) return target;
  return isNear(resting.quantity, target.quantity, stance) ? resting : { ...resting, quantity: target.quantity };
}

function meet(orders: readonly Resting[]): boolean {
  let highestBid = Number.NEGATIVE_INFINITY;
  let lowestAsk = Number.POSITIVE_INFINITY;
  for (const order of orders) {
    if (order.side === "buy") highestBid = Math.max(highestBid, order.price);
    else lowestAsk = Math.min(lowestAsk, order.price);
  }
  return highestBid >= lowestAsk;
}

/** Cuts orders, innermost first, where a side's budget is used up; an order that was cut before stays while it is near enough. */
function capped(orders: readonly Resting[], before: Readonly<Record<string, Resting>>, stance: Stance): Resting[] {
  let { buys, sells, buyQuanta } = stance.caps;
  return orders.flatMap((order) => {
    const most = order.side === "buy" ? Math.min(buys, Math.floor(buyQuanta / order.price)) : sells;
    const resting = before[order.slot];
    const cut = Math.min(order.quantity, most);
    const stays =
      resting !== undefined && resting.price === order.price && resting.quantity <= most && isNear(resting.quantity, cut, stance);
    const quantity = stays ? resting.quantity : cut;
    if (!isEnough(stance.instrument, stance.minQuanta, order.price, quantity)) return [];
    if (order.side === "buy") {
      buys -= quantity;
      buyQuanta -= quantity * order.price;
    } else sells -= quantity;
    return [quantity === order.quantity ? order : { ...order, quantity: lots(quantity) }];
  });
}

/**
 * What should rest now, given what rested before. Between refreshes a level moves only when it would match, lose its least
 * edge or break a cap; empty slots are filled at once unless paused. Bids end strictly below asks.
 */
export function settle(before: Readonly<Record<string, Resting>>, stance: Stance, market: Market, pace: Pace): Resting[] {
  const targets = targetsOf(stance, market);
  const bounds = boundsOf(stance, market);
  const kept = targets.flatMap((target) => {
    const resting = before[target.slot];
    if (resting !== undefined && mayStay(resting, bounds)) return [settleLevel(resting, target, stance, market, pace)];
    return pace.isPaused ? [] : [target];
  });
  // A kept order can stand in the way of a new one on the other side: then all go where they belong.
  return capped(meet(kept) ? (pace.isPaused ? [] : targets) : kept, before, stance);
}

function isSame(orders: readonly Resting[], other: readonly Resting[]): boolean {
  return (
    orders.length === other.length &&
    orders.every((order, index) => {
      const twin = other[index];
      return twin !== undefined && twin.slot === order.slot && twin.price === order.price && twin.quantity === order.quantity;
    })
  );
}

/** A band that no touch is in: the strategy is asked at every book. */
export function noBand(market: Pick<Market, "bestBid" | "bestAsk">): { below: Ticks; above: Ticks } {
  return { below: market.bestAsk, above: market.bestBid };
}

/**
 * The band of the touch in which `settle` would answer the same again. Every price is monotone in bid, ask and reference,
 * and all three stay inside the band, so what holds at both ends of it holds in between. A tolerance in percent grows with the
 * reference: the upper end is held against that of the lower one, or a price between them could be out of its own.
 */
export function bandOf(
  wished: readonly Resting[],
  stance: Stance,
  market: Market,
  pace: Pace,
  isReferenceInside: boolean,
): { below: Ticks; above: Ticks } {
  const before = Object.fromEntries(wished.map((order) => [order.slot, order]));
  const here = boundsOf(stance, market);
  const holds = (bestBid: number, bestAsk: number, edge: number, lowest: number): boolean => {
    if (bestBid < 1) return false;
    const touch = { bestBid: ticks(bestBid), bestAsk: ticks(bestAsk) };
    const there = isReferenceInside ? { ...touch, reference: edge, toleranceOf: lowest } : { ...touch, reference: market.reference };
    // A side that comes or goes could hide an order that is too small at one end and not wanted at the other.
    const bounds = boundsOf(stance, there);
    if (bounds.quotesBids !== here.quotesBids || bounds.quotesAsks !== here.quotesAsks) return false;
    return isSame(wished, settle(before, stance, there, pace));
  };
  const half = (market.reference * spreadAndShift(stance).spreadPercent) / 200;
  const widest = Math.ceil(Math.max(half, toleranceOf(stance, market), 1));
  const reach = (isHeld: (distance: number) => boolean): number | null => {
    for (let distance = widest; ; distance = Math.floor(distance / 2)) {
      if (isHeld(distance)) return distance;
      if (distance === 0) return null;
    }
  };
  const down = reach((distance) => {
    const lowest = market.bestBid - distance;
    return holds(lowest, lowest + 1, lowest, lowest);
  });
  if (down === null) return noBand(market);
  const up = reach((distance) => {
    const highest = market.bestAsk + distance;
    return holds(highest - 1, highest, highest, market.bestBid - down);
  });
  if (up === null) return noBand(market);
  return { below: ticks(market.bestBid - down), above: ticks(market.bestAsk + up) };
}
