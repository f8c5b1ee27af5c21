// Turns what an exchange reports of one of our orders into the kernel's event; live streams, look-ups and the simulation share it.

import type { KernelEvent } from "./events.ts";
import type { Order } from "./order.ts";
import type { Lots } from "./units.ts";

export interface OrderReport {
  readonly exchangeOrderId: string;
  readonly status: "open" | "filled" | "canceled" | "expired";
  /** Filled so far, by the exchange's count. */
  readonly filledQuantity: Lots;
}

/**
 * What a report means for an order that we know. A whole fill of fewer lots than we think it has comes of a change in place that
 * nobody answered: the order is over, and no fill will come to say so.
 */
export function reportEvent(
  about: { readonly leg: string; readonly clientOrderId: string; readonly at: number },
  known: Pick<Order, "quantity" | "amending">,
  report: OrderReport,
): KernelEvent {
  const { exchangeOrderId, filledQuantity, status } = report;
  const whole = Math.max(known.quantity, known.amending?.quantity ?? 0);
  if (status === "open" || (status === "filled" && filledQuantity >= whole))
    return { type: "accepted", ...about, exchangeOrderId, filledQuantity };
  return { type: "canceled", ...about, filledQuantity, expired: status === "expired" };
}
