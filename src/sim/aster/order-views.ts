// An account's orders and fills in the shapes of Aster's REST answers, futures and spot.

import { money } from "../../core/money.ts";
import type { ExchangeOrder, OrderFilled } from "../exchange-facts.ts";
import type { Listing } from "../listings.ts";
import { wireSymbol } from "./listings.ts";
import {
  amountOrZero,
  amountText,
  averageText,
  clientIdText,
  priceText,
  quantityOrZero,
  quantityText,
  sideText,
  statusText,
  timeInForceText,
  typeText,
  valueText,
} from "./values.ts";

/** `answer` is what placing and canceling answer, `query` what looking an order up does. */
export function orderView(listing: Listing, order: ExchangeOrder, shape: "answer" | "query"): object {
  const { request } = order;
  const executed = quantityOrZero(listing, order.executed);
  const shared = {
    orderId: order.id,
    symbol: wireSymbol(listing),
    status: statusText(order.state),
    clientOrderId: clientIdText(order),
    price: request.price === null ? "0" : priceText(listing, request.price),
    avgPrice: averageText(listing, order),
    origQty: quantityText(listing, request.quantity),
    executedQty: executed,
    ...(shape === "answer" ? { cumQty: executed } : {}),
    cumQuote: amountOrZero(order.executedQuote),
    timeInForce: timeInForceText(order),
    type: typeText(order),
    side: sideText(request.side),
    stopPrice: "0",
    origType: typeText(order),
    updateTime: order.updatedAt,
  };
  if (listing.instrument.kind === "spot") return { ...shared, time: order.createdAt, orderListId: -1 };
  return {
    ...shared,
    reduceOnly: request.reduceOnly,
    closePosition: false,
    positionSide: "BOTH",
    workingType: "CONTRACT_PRICE",
    priceProtect: false,
    ...(shape === "query" ? { time: order.createdAt } : {}),
  };
}

/** `realized`: what the fill earned on the position it closed. */
export function userTradeView(listing: Listing, fill: OrderFilled, realized: string): object {
  const shared = {
    symbol: wireSymbol(listing),
    id: fill.tradeId,
    orderId: fill.orderId,
    side: sideText(fill.side),
    price: priceText(listing, fill.price),
    qty: quantityText(listing, fill.quantity),
    quoteQty: valueText(listing, fill.price, fill.quantity),
    commission: amountText(fill.fee),
    commissionAsset: fill.feeSymbol,
    time: fill.at,
    counterpartyId: 0,
    createUpdateId: null,
    maker: fill.isMaker,
    buyer: fill.side === "buy",
  };
  if (listing.instrument.kind === "spot") return shared;
  return { ...shared, realizedPnl: amountText(money(realized)), marginAsset: listing.instrument.settle, positionSide: "BOTH" };
}
