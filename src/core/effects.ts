// What the kernel asks the driver to do, as tagged data.

import type { AlertBody } from "./alert.ts";
import type { ActualState, ExchangeFill } from "./events.ts";
import type { Order, Side, TimeInForce } from "./order.ts";
import type { Text } from "./text.ts";
import type { Lots, Ticks } from "./units.ts";

export interface PlaceOrder {
  readonly clientOrderId: string;
  readonly side: Side;
  readonly price: Ticks;
  readonly quantity: Lots;
  readonly timeInForce: TimeInForce;
  readonly postOnly: boolean;
  readonly reduceOnly: boolean;
}

/** What a fill did to the books; stored in the same transaction as the state that it changed. Money in decimal strings. */
export interface FillRecord {
  readonly leg: string;
  readonly slot: string;
  readonly fill: ExchangeFill;
  /** Signed position after the fill, lots. */
  readonly position: Lots;
  readonly realizedPnl: string;
}

export type Effect =
  | {
      readonly type: "place";
      readonly leg: string;
      readonly order: PlaceOrder;
      readonly slot: string;
      readonly reason: string;
      readonly decision: number;
      readonly urgency: "close" | "open";
    }
  | { readonly type: "cancel"; readonly leg: string; readonly clientOrderId: string; readonly exchangeOrderId: string | null }
  /** Change a resting order in place; only for legs whose exchange can. */
  | {
      readonly type: "amend";
      readonly leg: string;
      readonly clientOrderId: string;
      readonly exchangeOrderId: string | null;
      readonly price: Ticks;
      readonly quantity: Lots;
    }
  /** Ask the exchange what became of this order: it is unknown, or its reported fills have not been seen. */
  | { readonly type: "inquire"; readonly leg: string; readonly clientOrderId: string }
  | { readonly type: "record"; readonly fill: FillRecord }
  | { readonly type: "recordFunding"; readonly leg: string; readonly id: string; readonly amount: string; readonly at: number }
  | { readonly type: "adjusted" }
  | { readonly type: "adjustRefused"; readonly reason: Text }
  /** The strategy's work is done: desired state becomes stopped. */
  | { readonly type: "finished"; readonly reason: Text; readonly flatten: boolean }
  /** The order changed: store its row (facts; accepted from any epoch). */
  | { readonly type: "orderChanged"; readonly order: Order }
  | { readonly type: "alert"; readonly alert: AlertBody }
  | { readonly type: "wake"; readonly at: number }
  | { readonly type: "stateChanged"; readonly state: ActualState };
