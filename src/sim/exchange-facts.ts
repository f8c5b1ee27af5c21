// What happened at the simulated exchange, as plain JSON: facts are journaled, replayed and told to the streams.

import type { Side } from "../core/order.ts";
import type { Lots, Ticks } from "../core/units.ts";
import type { SourceProgress } from "./market-step.ts";
import type { EngineTimeInForce, SelfTrade } from "./matching-engine.ts";

/** An order as its owner sent it, already in ticks and lots. */
export interface OrderRequest {
  readonly symbol: string;
  readonly side: Side;
  /** Null is a market order. */
  readonly price: Ticks | null;
  readonly quantity: Lots;
  /** Set when a market order was given by its value in the quote currency. */
  readonly quoteQuantity: string | null;
  readonly timeInForce: EngineTimeInForce;
  readonly postOnly: boolean;
  readonly reduceOnly: boolean;
  readonly clientId: number | null;
  readonly selfTrade: SelfTrade;
}

export type ClosedStatus = "Filled" | "Cancelled" | "Expired";
export type OrderState = "New" | "PartiallyFilled" | ClosedStatus;

export interface AccountOpened {
  readonly type: "account";
  readonly name: string;
  /** Decimal strings by asset. */
  readonly balances: Readonly<Record<string, string>>;
}

export interface OrderAccepted {
  readonly type: "accepted";
  readonly id: number;
  readonly account: string;
  readonly at: number;
  readonly order: OrderRequest;
}

/** One execution for one of its two orders. */
export interface OrderFilled {
  readonly type: "fill";
  readonly tradeId: number;
  readonly orderId: number;
  readonly account: string;
  readonly symbol: string;
  readonly clientId: number | null;
  readonly side: Side;
  readonly price: Ticks;
  readonly quantity: Lots;
  readonly fee: string;
  readonly feeSymbol: string;
  readonly isMaker: boolean;
  /** Of the order after this fill: lots, and value as an exact decimal in the quote currency. */
  readonly executed: Lots;
  readonly executedQuote: string;
  readonly at: number;
}

export interface OrderClosed {
  readonly type: "closed";
  readonly orderId: number;
  readonly account: string;
  readonly status: "Cancelled" | "Expired";
  readonly reason: string | null;
  readonly at: number;
}

/** Where a market stands. A later one replaces an earlier one. */
export interface MarketMoved {
  readonly type: "market";
  readonly symbol: string;
  readonly price: Ticks;
  readonly progress: SourceProgress | null;
}

/** Trade ids below `limit` may have been given out. */
export interface TradeIdsReserved {
  readonly type: "tradeIds";
  readonly limit: number;
}

export type Fact = AccountOpened | OrderAccepted | OrderFilled | OrderClosed | MarketMoved | TradeIdsReserved;

/** A public trade. */
export interface Print {
  readonly symbol: string;
  readonly tradeId: number;
  readonly price: Ticks;
  readonly quantity: Lots;
  readonly takerSide: Side;
  readonly buyOrderId: number;
  readonly sellOrderId: number;
  readonly at: number;
}

/** An order as the exchange keeps it. */
export interface ExchangeOrder {
  readonly id: number;
  readonly account: string;
  readonly request: OrderRequest;
  readonly createdAt: number;
  executed: Lots;
  /** Exact decimal in the quote currency. */
  executedQuote: string;
  state: OrderState;
  expiryReason: string | null;
}

/** Why an order was not taken, in Backpack's words. */
export interface OrderRefusal {
  readonly code: string;
  readonly message: string;
}
