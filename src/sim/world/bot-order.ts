// An order of the bot as the exchange keeps it: every version of it, so that a read may show the past.

import type { Side } from "../../core/order.ts";
import type { Lots, Ticks } from "../../core/units.ts";

export type BotOrderStatus = "open" | "filled" | "canceled" | "expired";

/** What a read at `at` or later shows of an order. */
export interface OrderVersion {
  readonly at: number;
  readonly exchangeOrderId: string;
  readonly price: Ticks;
  readonly quantity: Lots;
  readonly filled: Lots;
  readonly status: BotOrderStatus;
}

/** An order of the bot as the exchange keeps it. */
export interface BotOrder {
  readonly clientOrderId: string;
  readonly side: Side;
  readonly postOnly: boolean;
  readonly reduceOnly: boolean;
  /** Oldest first, never empty. */
  readonly versions: OrderVersion[];
  engineId: number;
}

export function newest(order: BotOrder): OrderVersion {
  const version = order.versions.at(-1);
  if (version === undefined) throw new Error(`order ${order.clientOrderId} has no version`);
  return version;
}

/** The order as it was at `at`; undefined before it was taken. */
export function versionAt(order: BotOrder, at: number): OrderVersion | undefined {
  for (let index = order.versions.length - 1; index >= 0; index -= 1) {
    const version = order.versions[index];
    if (version !== undefined && version.at <= at) return version;
  }
  return undefined;
}
