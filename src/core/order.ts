// One order of ours and the single table of what may happen to it.

import type { Lots, Ticks } from "./units.ts";

export type Side = "buy" | "sell";
export type TimeInForce = "gtc" | "ioc";
export type Liquidity = "maker" | "taker";

export type OrderStatus = "submitted" | "open" | "cancelSubmitted" | "filled" | "canceled" | "rejected" | "expired";

/** What may happen to an order. `denied` means that nothing left the machine; `unknown` that nobody answered. */
export type OrderHappening =
  | "accepted"
  | "rejected"
  | "denied"
  | "unknown"
  | "cancelRequested"
  | "cancelRefused"
  | "filled"
  | "canceled"
  | "expired";

export interface Amending {
  readonly price: Ticks;
  readonly quantity: Lots;
  /** No answer will come any more: what the exchange lists from now on tells how it ended. */
  readonly isUnanswered?: boolean;
}

export interface Order {
  readonly clientOrderId: string;
  readonly leg: string;
  /** The place in the strategy's wish that this order fills; at most one live order each. */
  readonly slot: string;
  readonly side: Side;
  /** Changed by an amend only, as `quantity` is. */
  price: Ticks;
  quantity: Lots;
  readonly timeInForce: TimeInForce;
  readonly postOnly: boolean;
  readonly reduceOnly: boolean;
  /** Why the strategy wanted it, for `/why` and the audit. */
  readonly reason: string;
  /** Price that the strategy wished; differs from `price` after a post-only retreat. */
  wishedPrice: Ticks;
  /** Number of the kernel's decision that made it. */
  readonly decision: number;
  readonly createdAt: number;
  exchangeOrderId: string | null;
  status: OrderStatus;
  /** What an amend would make of it; the larger quantity counts until it is answered, or a listing from after it tells. */
  amending: Amending | null;
  /** True while the exchange's answer is missing: counts as live, is asked about, is never resent. */
  isUnknown: boolean;
  /** Sum of the fills we have seen. */
  filledQuantity: Lots;
  /** Cumulative fill that the exchange reported; the order stays live until our fills reach it. */
  reportedFilledQuantity: Lots;
  updatedAt: number;
}

const OPEN: ReadonlySet<OrderStatus> = new Set(["submitted", "open", "cancelSubmitted"]);

/**
 * Every allowed (status, happening) pair. A missing pair is ignored by `nextStatus`, which returns the old status:
 * reports arrive late, twice and out of order, and a closed order never opens again (`filled` may follow `canceled`
 * only as a fill that adds to `filledQuantity`, not as a status).
 */
const TRANSITIONS: Readonly<Record<OrderStatus, Readonly<Partial<Record<OrderHappening, OrderStatus>>>>> = {
  submitted: {
    accepted: "open",
    rejected: "rejected",
    denied: "rejected",
    unknown: "submitted",
    cancelRequested: "cancelSubmitted",
    filled: "filled",
    canceled: "canceled",
    expired: "expired",
  },
  open: { accepted: "open", cancelRequested: "cancelSubmitted", filled: "filled", canceled: "canceled", expired: "expired" },
  cancelSubmitted: {
    accepted: "cancelSubmitted",
    // The place that we tried to cancel early was never taken.
    rejected: "rejected",
    denied: "rejected",
    unknown: "cancelSubmitted",
    cancelRefused: "open",
    filled: "filled",
    canceled: "canceled",
    expired: "expired",
  },
  filled: {},
  // A cancel report can overtake the fill that completed the order.
  canceled: { filled: "filled" },
  expired: { filled: "filled" },
  // A rejection that a fill or an acceptance contradicts was not one.
  rejected: { accepted: "open", filled: "filled" },
};

/** The status after a happening; the same status when the pair is not in the table. */
export function nextStatus(status: OrderStatus, happening: OrderHappening): OrderStatus {
  return TRANSITIONS[status][happening] ?? status;
}

/** True when the pair is in the table. */
export function isAllowed(status: OrderStatus, happening: OrderHappening): boolean {
  return TRANSITIONS[status][happening] !== undefined;
}

/** True while the order may rest at the exchange or fills of it are still missing. */
export function isLive(order: Pick<Order, "status" | "filledQuantity" | "reportedFilledQuantity">): boolean {
  return OPEN.has(order.status) || order.reportedFilledQuantity > order.filledQuantity;
}

/** Quantity that may still fill: what is not yet filled while it may rest, else what was reported and not yet seen. */
export function leavesQuantity(order: Pick<Order, "status" | "quantity" | "filledQuantity" | "reportedFilledQuantity" | "amending">): Lots {
  const largest = Math.max(order.quantity, order.amending?.quantity ?? 0);
  const limit = OPEN.has(order.status) ? largest : order.reportedFilledQuantity;
  return Math.max(0, limit - order.filledQuantity) as Lots;
}

/** +1 for a buy, -1 for a sell. */
export function signOf(side: Side): 1 | -1 {
  return side === "buy" ? 1 : -1;
}

export function opposite(side: Side): Side {
  return side === "buy" ? "sell" : "buy";
}
