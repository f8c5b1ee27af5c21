// The gate that every order passes before it is sent: worst-case position, order count and the exchange's own minimums.

import { type Instrument, toPrice, toQuantity } from "../instrument.ts";
import { money } from "../money.ts";
import { isLive, leavesQuantity, type Order, type Side } from "../order.ts";
import type { Lots, Ticks } from "../units.ts";

export type DenialCode =
  | "noBook"
  | "crossedBook"
  | "maxPosition"
  | "maxOpenOrders"
  | "minQuantity"
  | "minNotional"
  | "badPrice"
  | "mismatch";

export interface Denial {
  readonly code: DenialCode;
  /** With its numbers, in English, for the log and the alert. */
  readonly message: string;
}

export interface GateLimits {
  readonly maxPosition: Lots;
  readonly maxOpenOrders: number;
}

export interface GateFacts {
  readonly instrument: Instrument;
  readonly bestBid: Ticks | null;
  readonly bestAsk: Ticks | null;
  readonly position: Lots;
  /** Orders of the bot on this leg; live, in-flight and unknown ones count. */
  readonly orders: readonly Order[];
  /** Live orders on all legs. */
  readonly liveCount: number;
  /** Our position disagrees with the exchange's: only reducing orders pass. */
  readonly isMismatched: boolean;
}

export interface GateOrder {
  readonly side: Side;
  readonly price: Ticks;
  readonly quantity: Lots;
}

/** Largest position towards `side` if everything that may still fill there does, in lots, counted positive. */
export function worstCase(side: Side, position: Lots, orders: readonly Order[]): number {
  let sum = side === "buy" ? position : -position;
  for (const order of orders) if (order.side === side && isLive(order)) sum += leavesQuantity(order);
  return sum;
}

/** Null when the order may be sent, else why not. */
export function checkOrder(order: GateOrder, facts: GateFacts, limits: GateLimits): Denial | null {
  const { instrument, bestBid, bestAsk } = facts;
  if (bestBid === null || bestAsk === null) return { code: "noBook", message: "no book yet" };
  if (bestBid >= bestAsk)
    return {
      code: "crossedBook",
      message: `best bid ${toPrice(instrument, bestBid)} is not below best ask ${toPrice(instrument, bestAsk)}`,
    };
  if (!Number.isSafeInteger(order.price) || order.price <= 0)
    return { code: "badPrice", message: `price ${order.price} ticks is not positive` };
  if (!Number.isSafeInteger(order.quantity) || order.quantity < instrument.minQuantity || order.quantity <= 0) {
    return {
      code: "minQuantity",
      message: `quantity ${toQuantity(instrument, order.quantity)} is below the smallest, ${toQuantity(instrument, instrument.minQuantity)}`,
    };
  }
  const notional = money(toPrice(instrument, order.price)).times(toQuantity(instrument, order.quantity));
  if (notional.lt(instrument.minNotional))
    return { code: "minNotional", message: `notional ${notional.toFixed()} is below the smallest, ${instrument.minNotional}` };
  if (facts.liveCount >= limits.maxOpenOrders)
    return { code: "maxOpenOrders", message: `${facts.liveCount} orders are live, the limit is ${limits.maxOpenOrders}` };
  const worst = worstCase(order.side, facts.position, facts.orders) + order.quantity;
  if (worst > limits.maxPosition) {
    const words = order.side === "buy" ? "long" : "short";
    return {
      code: "maxPosition",
      message: `worst case ${words} ${toQuantity(instrument, worst as Lots)} exceeds ${toQuantity(instrument, limits.maxPosition)}`,
    };
  }
  if (facts.isMismatched && worst > 0)
    return { code: "mismatch", message: "our position disagrees with the exchange's: only reducing orders are sent" };
  return null;
}
