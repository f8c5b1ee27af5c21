// What reaches the kernel. Every event says when; core has no clock of its own.

import type { Instrument } from "./instrument.ts";
import type { Liquidity, Side } from "./order.ts";
import type { Text } from "./text.ts";
import type { Lots, Ticks } from "./units.ts";

/** What the operator wants: kept in the database, survives every restart. */
export type Desired = "running" | "draining" | "paused" | "stopped";

export type ActualState =
  | "starting"
  | "recovering"
  | "waiting"
  | "running"
  | "draining"
  | "paused"
  | "stopping"
  | "stopped"
  | "halted"
  | "failed"
  | "unreachable";

/** An order of ours as the exchange lists it among the open ones. */
export interface OpenOrder {
  readonly symbol: string;
  readonly clientOrderId: string | null;
  readonly exchangeOrderId: string;
  readonly side: Side;
  readonly price: Ticks;
  readonly quantity: Lots;
  readonly filledQuantity: Lots;
  readonly postOnly: boolean;
  readonly reduceOnly: boolean;
  readonly at: number;
}

/** A fill as the exchange tells it; identified by (exchange, account, symbol, tradeId, exchangeOrderId). */
export interface ExchangeFill {
  readonly symbol: string;
  readonly tradeId: string;
  readonly exchangeOrderId: string;
  readonly clientOrderId: string | null;
  readonly side: Side;
  readonly price: Ticks;
  readonly quantity: Lots;
  /** Decimal string, positive is paid. */
  readonly fee: string;
  readonly feeCurrency: string;
  /** What the fee was worth in quote currency at the fill, where it was paid in another one and the feed knows its price. */
  readonly feeInQuote?: string;
  readonly liquidity: Liquidity;
  readonly at: number;
}

export type KernelEvent = { readonly at: number } & (
  | {
      readonly type: "book";
      readonly leg: string;
      readonly bestBid: Ticks;
      readonly bestAsk: Ticks;
      readonly bidQuantity?: Lots;
      readonly askQuantity?: Lots;
    }
  | { readonly type: "mark"; readonly leg: string; readonly mark: Ticks }
  /** The price of the market's newest public trade. */
  | { readonly type: "last"; readonly leg: string; readonly price: Ticks }
  /** What the account could use on this leg, decimal strings. */
  | { readonly type: "balances"; readonly leg: string; readonly base: string; readonly quote: string }
  /** Where the exchange would liquidate the position, price; null when flat or not told. */
  | { readonly type: "margin"; readonly leg: string; readonly liquidationPrice: string | null }
  /** Funding that the exchange settled, decimal string in quote currency, positive is received; `id` is unique per leg. */
  | { readonly type: "funding"; readonly leg: string; readonly id: string; readonly amount: string }
  /** Money that a person moved, decimal string in quote currency, positive came in. Changes equity, never profit. */
  | { readonly type: "transfer"; readonly leg: string; readonly id: string; readonly amount: string }
  /** A new risk day began, e.g. "2026-11-20" in the operator's zone: daily limits count from here. */
  | { readonly type: "riskDay"; readonly day: string }
  | { readonly type: "bookLost"; readonly leg: string }
  | {
      readonly type: "accepted";
      readonly leg: string;
      readonly clientOrderId: string;
      readonly exchangeOrderId: string;
      readonly filledQuantity?: Lots;
    }
  | { readonly type: "rejected"; readonly leg: string; readonly clientOrderId: string; readonly code: string; readonly message: string }
  /** Nothing left the machine: no permit, lost lease, intent not stored, signing failed. */
  | { readonly type: "denied"; readonly leg: string; readonly clientOrderId: string; readonly code: string; readonly message: string }
  | { readonly type: "unknown"; readonly leg: string; readonly clientOrderId: string }
  | {
      readonly type: "canceled";
      readonly leg: string;
      readonly clientOrderId: string;
      readonly filledQuantity: Lots;
      readonly expired?: boolean;
    }
  /** The exchange did not cancel (not found, or nobody answered): the order is what it was, and is asked about. */
  | { readonly type: "cancelRefused"; readonly leg: string; readonly clientOrderId: string; readonly isUnknown: boolean }
  | {
      readonly type: "amended";
      readonly leg: string;
      readonly clientOrderId: string;
      /** Where the exchange gives a changed order another id. */
      readonly exchangeOrderId?: string;
      readonly price: Ticks;
      readonly quantity: Lots;
    }
  /** The order is what it was, or nobody knows. */
  | { readonly type: "amendRefused"; readonly leg: string; readonly clientOrderId: string; readonly isUnknown: boolean }
  /** Proven never to have reached the exchange. */
  | { readonly type: "neverArrived"; readonly leg: string; readonly clientOrderId: string }
  | { readonly type: "fill"; readonly leg: string; readonly fill: ExchangeFill }
  | { readonly type: "reconciled"; readonly leg: string; readonly openOrders: readonly OpenOrder[]; readonly position: Lots | null }
  | { readonly type: "instrument"; readonly leg: string; readonly instrument: Instrument }
  /** Load, snapshot and replay are done: the strategy may be asked. */
  | { readonly type: "recovered" }
  | { readonly type: "control"; readonly desired: Desired; readonly flatten?: boolean; readonly maxSlippageBps?: number }
  /** New parameters for the running strategy, already validated: taken over whole, or refused with everything as it was. */
  | { readonly type: "adjust"; readonly params: unknown }
  | { readonly type: "halt"; readonly reason: Text }
  | { readonly type: "resume" }
  /** A person accepts the loss: the drawdown counts from now on. `since` (epoch ms) names the wish; each is followed once. */
  | { readonly type: "resetPeak"; readonly since: number }
  | { readonly type: "time" }
);
