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
  /** As the owner named it: a number where the dialect has numbers, else a text. */
  readonly clientId: number | string | null;
  readonly selfTrade: SelfTrade;
  /** Set on orders that the exchange itself places; absent on its users'. */
  readonly origin?: "liquidation";
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
  readonly clientId: number | string | null;
  readonly side: Side;
  readonly price: Ticks;
  readonly quantity: Lots;
  readonly fee: string;
  readonly feeSymbol: string;
  readonly isMaker: boolean;
  /** Of the order after this fill: lots, and value as an exact decimal in the quote currency. */
  readonly executed: Lots;
  readonly executedQuote: string;
  /** As of its order. */
  readonly origin?: "liquidation";
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

/** An open order got another price or quantity in place. */
export interface OrderAmended {
  readonly type: "amended";
  readonly orderId: number;
  readonly account: string;
  readonly price: Ticks;
  /** Its whole, filled part included. */
  readonly quantity: Lots;
  /** Its new place among the orders of its price, in the numbers of order ids; null kept the old one. */
  readonly priority: number | null;
  readonly at: number;
}

export interface LeverageSet {
  readonly type: "leverage";
  readonly account: string;
  readonly symbol: string;
  readonly leverage: number;
}

/** A dead-man switch was set, or with `until` null disarmed. */
export interface CountdownSet {
  readonly type: "countdown";
  readonly account: string;
  /** Null for all instruments. */
  readonly symbol: string | null;
  /** Epoch ms. */
  readonly until: number | null;
}

/** What a position paid (negative) or received. */
export interface FundingPaid {
  readonly type: "funding";
  readonly id: number;
  readonly account: string;
  readonly symbol: string;
  /** Signed lots that were held. */
  readonly quantity: Lots;
  readonly mark: Ticks;
  readonly rate: string;
  /** Exact decimal in `asset`. */
  readonly amount: string;
  readonly asset: string;
  readonly at: number;
}

/** A perpetual's funding was settled at this rate; the payments stand in the same line. */
export interface FundingSettled {
  readonly type: "fundingRate";
  readonly symbol: string;
  readonly rate: string;
  readonly mark: Ticks;
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

export type Fact =
  | AccountOpened
  | OrderAccepted
  | OrderAmended
  | OrderFilled
  | OrderClosed
  | LeverageSet
  | CountdownSet
  | FundingPaid
  | FundingSettled
  | MarketMoved
  | TradeIdsReserved;

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
  /** As it stands now: amendments change price and quantity. */
  request: OrderRequest;
  readonly createdAt: number;
  /** Epoch ms of the last acceptance, fill, amendment or end. */
  updatedAt: number;
  /** Its place among the orders of its price when that is no longer its id. */
  priority?: number;
  executed: Lots;
  /** Exact decimal in the quote currency. */
  executedQuote: string;
  state: OrderState;
  expiryReason: string | null;
}

export type RefusalReason =
  | "minQuantity"
  | "minNotional"
  | "price"
  | "duplicateId"
  | "duplicateClientId"
  | "orderLimit"
  | "margin"
  | "funds"
  | "wouldTake"
  | "notReducing"
  | "selfTrade"
  | "notFound"
  | "leverage";

/** Why an order was not taken: `reason` for every dialect, `code` and `message` in Backpack's words. */
export interface OrderRefusal {
  readonly reason: RefusalReason;
  readonly code: string;
  readonly message: string;
}
