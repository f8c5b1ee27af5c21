// The gate that every order passes before it is sent; no strategy can get around it. Each denial has a code and its numbers.

import { type Instrument, toPrice, toQuantity } from "../instrument.ts";
import { money } from "../money.ts";
import { isLive, leavesQuantity, type Order, type Side, signOf } from "../order.ts";
import type { Lots, Ticks } from "../units.ts";

export type DenialCode =
  | "noBook"
  | "crossedBook"
  | "staleBook"
  | "badPrice"
  | "priceBand"
  | "minQuantity"
  | "minNotional"
  | "maxOrderNotional"
  | "maxOpenOrders"
  | "maxOrdersPerMinute"
  | "maxPosition"
  | "maxNotional"
  | "reduceOnly"
  | "mismatch"
  | "liquidation"
  | "symbol";

export interface Denial {
  readonly code: DenialCode;
  /** With its numbers, in English, for the log and the alert. */
  readonly message: string;
}

/** The limits as they hold for one leg. */
export interface GateLimits {
  readonly maxPosition: Lots;
  readonly maxOpenOrders: number;
  readonly maxOrderNotional?: string | undefined;
  readonly maxNotional?: string | undefined;
  readonly priceBandBps?: number | undefined;
  readonly maxOrdersPerMinute?: number | undefined;
  readonly maxBookAgeMs?: number | undefined;
  readonly minLiquidationDistanceBps?: number | undefined;
  readonly symbols?: readonly string[] | undefined;
}

export interface GateFacts {
  readonly instrument: Instrument;
  readonly bestBid: Ticks | null;
  readonly bestAsk: Ticks | null;
  /** Mark, else mid; null before the first book. */
  readonly mark: Ticks | null;
  readonly bookAgeMs: number;
  readonly position: Lots;
  /** The side on which the position has a part of a lot more, which no whole number shows; absent without one. */
  readonly dustSide?: Side | undefined;
  /** Orders of the bot on this leg; live, in-flight and unknown ones count. */
  readonly orders: readonly Order[];
  /** Live orders on all legs. */
  readonly liveCount: number;
  /** Orders placed in the last minute on all legs. */
  readonly ordersLastMinute: number;
  /** Our position disagrees with the exchange's: only reducing orders pass. */
  readonly isMismatched: boolean;
  /** Distance of mark and liquidation price in bps; null when there is none. */
  readonly liquidationDistanceBps: number | null;
}

export interface GateOrder {
  readonly side: Side;
  readonly price: Ticks;
  readonly quantity: Lots;
  readonly reduceOnly: boolean;
}

/** Largest position towards `side` if everything that may still fill there does, in lots, counted positive. */
export function worstCase(side: Side, position: Lots, orders: readonly Order[]): number {
  let sum = side === "buy" ? position : -position;
  for (const order of orders) if (order.side === side && isLive(order)) sum += leavesQuantity(order);
  return sum;
}

/** What is left of the position for reduce-only orders on `side`, in lots: never more than the bot's own position. */
export function reducible(side: Side, position: Lots, orders: readonly Order[]): number {
  let left = Math.max(0, -signOf(side) * position);
  for (const order of orders) if (order.reduceOnly && order.side === side && isLive(order)) left -= leavesQuantity(order);
  return Math.max(0, left);
}

/** Null when the order may be sent, else why not. Orders that can only bring the position nearer to zero pass more. */
export function checkOrder(order: GateOrder, facts: GateFacts, limits: GateLimits): Denial | null {
  const dust = facts.dustSide === order.side ? 1 : 0;
  const worst = worstCase(order.side, facts.position, facts.orders) + order.quantity + dust;
  const isReducing = worst <= 0;
  return (
    checkMarket(order, facts, limits, isReducing) ??
    checkSize(order, facts, limits) ??
    checkPace(facts, limits, isReducing) ??
    checkExposure(order, facts, limits, worst) ??
    checkAccount(facts, limits, isReducing)
  );
}

function checkMarket(order: GateOrder, facts: GateFacts, limits: GateLimits, isReducing: boolean): Denial | null {
  const { instrument, bestBid, bestAsk, mark } = facts;
  const { symbol } = instrument.ref;
  if (limits.symbols !== undefined && !limits.symbols.includes(symbol))
    return deny("symbol", `${symbol} is not among the allowed ${limits.symbols.join(", ")}`);
  if (bestBid === null || bestAsk === null || mark === null) return deny("noBook", "no book yet");
  if (bestBid >= bestAsk)
    return deny("crossedBook", `best bid ${toPrice(instrument, bestBid)} is not below best ask ${toPrice(instrument, bestAsk)}`);
  if (limits.maxBookAgeMs !== undefined && facts.bookAgeMs > limits.maxBookAgeMs && !isReducing) {
    return deny("staleBook", `the book is ${facts.bookAgeMs} ms old, the limit is ${limits.maxBookAgeMs} ms`);
  }
  if (!Number.isSafeInteger(order.price) || order.price <= 0) return deny("badPrice", `price ${order.price} ticks is not positive`);
  const distanceBps = (Math.abs(order.price - mark) / mark) * 10_000;
  if (limits.priceBandBps !== undefined && distanceBps > limits.priceBandBps) {
    return deny(
      "priceBand",
      `price ${toPrice(instrument, order.price)} is ${Math.round(distanceBps)} bps from ${toPrice(instrument, mark)}, the limit is ${limits.priceBandBps} bps`,
    );
  }
  return null;
}

function checkSize(order: GateOrder, facts: GateFacts, limits: GateLimits): Denial | null {
  const { instrument } = facts;
  if (!Number.isSafeInteger(order.quantity) || order.quantity <= 0 || order.quantity < instrument.minQuantity) {
    return deny(
      "minQuantity",
      `quantity ${toQuantity(instrument, order.quantity)} is below the smallest, ${toQuantity(instrument, instrument.minQuantity)}`,
    );
  }
  const notional = money(toPrice(instrument, order.price)).times(toQuantity(instrument, order.quantity));
  if (notional.lt(instrument.minNotional))
    return deny("minNotional", `notional ${notional.toFixed()} is below the smallest, ${instrument.minNotional}`);
  if (limits.maxOrderNotional !== undefined && notional.gt(limits.maxOrderNotional)) {
    return deny("maxOrderNotional", `notional ${notional.toFixed()} exceeds ${limits.maxOrderNotional}`);
  }
  return null;
}

function checkPace(facts: GateFacts, limits: GateLimits, isReducing: boolean): Denial | null {
  if (facts.liveCount >= limits.maxOpenOrders)
    return deny("maxOpenOrders", `${facts.liveCount} orders are live, the limit is ${limits.maxOpenOrders}`);
  if (limits.maxOrdersPerMinute !== undefined && facts.ordersLastMinute >= limits.maxOrdersPerMinute && !isReducing) {
    return deny("maxOrdersPerMinute", `${facts.ordersLastMinute} orders in the last minute, the limit is ${limits.maxOrdersPerMinute}`);
  }
  return null;
}

function checkExposure(order: GateOrder, facts: GateFacts, limits: GateLimits, worst: number): Denial | null {
  const { instrument, mark } = facts;
  const words = order.side === "buy" ? "long" : "short";
  if (order.reduceOnly && order.quantity > reducible(order.side, facts.position, facts.orders)) {
    return deny("reduceOnly", `${toQuantity(instrument, order.quantity)} is more than the own position leaves to reduce`);
  }
  if (worst > limits.maxPosition) {
    return deny(
      "maxPosition",
      `worst case ${words} ${toQuantity(instrument, worst as Lots)} exceeds ${toQuantity(instrument, limits.maxPosition)}`,
    );
  }
  if (limits.maxNotional !== undefined && mark !== null && worst > 0) {
    const notional = money(toPrice(instrument, mark)).times(toQuantity(instrument, worst as Lots));
    if (notional.gt(limits.maxNotional))
      return deny("maxNotional", `worst case ${words} ${notional.toFixed()} exceeds ${limits.maxNotional}`);
  }
  return null;
}

function checkAccount(facts: GateFacts, limits: GateLimits, isReducing: boolean): Denial | null {
  if (isReducing) return null;
  if (facts.isMismatched) return deny("mismatch", "our position disagrees with the exchange's: only reducing orders are sent");
  const { liquidationDistanceBps } = facts;
  if (
    limits.minLiquidationDistanceBps !== undefined &&
    liquidationDistanceBps !== null &&
    liquidationDistanceBps < limits.minLiquidationDistanceBps
  ) {
    return deny(
      "liquidation",
      `liquidation is ${Math.round(liquidationDistanceBps)} bps away, the limit is ${limits.minLiquidationDistanceBps} bps`,
    );
  }
  return null;
}

function deny(code: DenialCode, message: string): Denial {
  return { code, message };
}
