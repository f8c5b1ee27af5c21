// What happened, in the shapes of Backpack's WebSocket streams. Times are microseconds.

import type { Lots, Ticks } from "../../core/units.ts";
import { positionOf, type SimAccount } from "../accounts.ts";
import type { Candle } from "../candles.ts";
import type { ExchangeOrder, OrderClosed, OrderFilled, Print } from "../exchange-facts.ts";
import type { ExchangeState } from "../exchange-state.ts";
import type { FundingForecast } from "../funding.ts";
import type { ListedMarket } from "../listed-market.ts";
import type { Listing } from "../listings.ts";
import type { DepthUpdate } from "../simulated-exchange.ts";
import { positionId, positionNumbers, selfTradeText } from "./account-views.ts";
import { microText, plainPrice, priceText, quantityText, sideText } from "./values.ts";

function orderFields(listing: Listing, order: ExchangeOrder, at: number): object {
  const { request } = order;
  return {
    E: microText(at),
    T: microText(at),
    O: request.origin === "liquidation" ? "LIQUIDATION_AUTOCLOSE" : "USER",
    S: sideText(request.side),
    V: selfTradeText(request),
    f: request.timeInForce.toUpperCase(),
    i: String(order.id),
    o: request.price === null ? "MARKET" : "LIMIT",
    q: quantityText(listing, request.quantity),
    r: request.reduceOnly,
    s: listing.id,
    ...(request.price === null ? {} : { p: priceText(listing, request.price) }),
    ...(request.clientId === null ? {} : { c: request.clientId }),
    ...(request.quoteQuantity === null ? {} : { Q: request.quoteQuantity }),
  };
}

export function acceptedEvent(listing: Listing, order: ExchangeOrder): object {
  return { e: "orderAccepted", ...orderFields(listing, order, order.createdAt), X: "New", Z: "0", t: null, z: "0" };
}

/** `z` and `Z` are cumulative, `l` and `L` this fill alone. */
export function fillEvent(listing: Listing, order: ExchangeOrder, fill: OrderFilled): object {
  return {
    e: "orderFill",
    ...orderFields(listing, order, fill.at),
    L: priceText(listing, fill.price),
    N: fill.feeSymbol,
    X: fill.executed === order.request.quantity ? "Filled" : "PartiallyFilled",
    Z: fill.executedQuote,
    l: quantityText(listing, fill.quantity),
    m: fill.isMaker,
    n: fill.fee,
    t: fill.tradeId,
    z: quantityText(listing, fill.executed),
  };
}

export function closedEvent(listing: Listing, order: ExchangeOrder, fact: OrderClosed): object {
  return {
    e: fact.status === "Cancelled" ? "orderCancelled" : "orderExpired",
    ...orderFields(listing, order, fact.at),
    ...(fact.reason === null ? {} : { R: fact.reason }),
    X: fact.status,
    Z: order.executedQuote,
    t: null,
    z: quantityText(listing, order.executed),
  };
}

/** `before`: signed lots that the last event told. */
export function positionEvent(state: ExchangeState, account: SimAccount, symbol: string, before: Lots, at: number): object {
  const { listing, price } = state.market(symbol);
  const position = positionOf(account, symbol);
  const numbers = positionNumbers(listing, position, price);
  return {
    e: position.quantity === 0 ? "positionClosed" : before === 0 ? "positionOpened" : "positionAdjusted",
    B: numbers.entryPrice,
    E: microText(at),
    M: numbers.markPrice,
    P: numbers.pnlUnrealized,
    Q: numbers.exposureQuantity,
    T: microText(at),
    b: numbers.entryPrice,
    f: listing.initialMargin,
    i: Number(positionId(state, symbol)),
    l: "0",
    m: listing.maintenanceMargin,
    n: numbers.exposureNotional,
    p: numbers.pnlRealized,
    q: numbers.netQuantity,
    s: symbol,
  };
}

export function depthEvent(listing: Listing, update: DepthUpdate, at: number): object {
  const levels = (changes: readonly (readonly [Ticks, Lots])[]): string[][] =>
    changes.map(([price, quantity]) => [priceText(listing, price), quantityText(listing, quantity)]);
  const { updateId } = update;
  return {
    e: "depth",
    E: microText(at),
    T: microText(at),
    U: updateId,
    a: levels(update.asks),
    b: levels(update.bids),
    s: listing.id,
    u: updateId,
  };
}

/** Null while a side is empty. */
export function bookTickerEvent({ listing, engine }: ListedMarket, updateId: number, at: number): object | null {
  const bid = engine.best("buy");
  const ask = engine.best("sell");
  if (bid === undefined || ask === undefined) return null;
  return {
    e: "bookTicker",
    A: quantityText(listing, ask.quantity),
    B: quantityText(listing, bid.quantity),
    E: microText(at),
    T: microText(at),
    a: priceText(listing, ask.price),
    b: priceText(listing, bid.price),
    s: listing.id,
    u: updateId,
  };
}

/** From the REST ticker, so that both always agree. */
export function tickerEvent(ticker: Readonly<Record<string, string>>, at: number): object {
  return {
    e: "ticker",
    E: microText(at),
    V: ticker.quoteVolume,
    c: ticker.lastPrice,
    h: ticker.high,
    l: ticker.low,
    n: Number(ticker.trades),
    o: ticker.firstPrice,
    s: ticker.symbol,
    v: ticker.volume,
  };
}

export function tradeEvent(listing: Listing, print: Print): object {
  return {
    e: "trade",
    E: microText(print.at),
    T: microText(print.at),
    a: String(print.sellOrderId),
    b: String(print.buyOrderId),
    m: print.takerSide === "sell",
    p: priceText(listing, print.price),
    q: quantityText(listing, print.quantity),
    s: listing.id,
    t: print.tradeId,
  };
}

/** The reference price is mark and index; null for spot, which has none. */
export function markPriceEvent({ listing, price }: ListedMarket, funding: FundingForecast, at: number): object | null {
  if (listing.instrument.kind !== "perp") return null;
  const mark = plainPrice(listing, price);
  return {
    e: "markPrice",
    E: microText(at),
    T: microText(at),
    f: funding.rate,
    i: mark,
    n: Number(microText(funding.nextAt)),
    p: mark,
    s: listing.id,
  };
}

/** The candle that is open now. */
export function klineEvent(listing: Listing, candle: Candle, intervalMs: number, at: number): object {
  return {
    e: "kline",
    E: microText(at),
    T: new Date(candle.start + intervalMs).toISOString().slice(0, 19),
    X: false,
    c: priceText(listing, candle.close),
    h: priceText(listing, candle.high),
    l: priceText(listing, candle.low),
    n: candle.trades,
    o: priceText(listing, candle.open),
    s: listing.id,
    t: new Date(candle.start).toISOString().slice(0, 19),
    v: quantityText(listing, candle.quantity),
  };
}
