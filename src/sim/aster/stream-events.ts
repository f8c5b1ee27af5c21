// What happened in the markets, in the shapes of Aster's WebSocket streams.

import { money } from "../../core/money.ts";
import type { Lots, Ticks } from "../../core/units.ts";
import type { Candle } from "../candles.ts";
import type { Print } from "../exchange-facts.ts";
import type { FundingForecast } from "../funding.ts";
import type { ListedMarket } from "../listed-market.ts";
import type { Listing } from "../listings.ts";
import type { DepthUpdate } from "../simulated-exchange.ts";
import { wireSymbol } from "./listings.ts";
import { dayNumbers, levelsOf } from "./public-views.ts";
import { amountText, priceText, quantityText } from "./values.ts";

const DAY_MS = 86_400_000;

/** `U` and `u` are the first and last update that the event holds, `pu` the one before: a gap shows as a `pu` that is not the last `u`. */
function depthFrame(listing: Listing, updateId: number, at: number): object {
  return { e: "depthUpdate", E: at, T: at, s: wireSymbol(listing), U: updateId, u: updateId, pu: updateId - 1 };
}

/** What changed; a quantity of 0 is a level that is gone. */
export function depthEvent(listing: Listing, update: DepthUpdate, at: number): object {
  const levels = (changes: readonly (readonly [Ticks, Lots])[]): string[][] =>
    changes.map(([price, quantity]) => [priceText(listing, price), quantityText(listing, quantity)]);
  return { ...depthFrame(listing, update.updateId, at), b: levels(update.bids), a: levels(update.asks) };
}

/** The best levels of both sides, whole. */
export function partialDepthEvent(market: ListedMarket, updateId: number, most: number, at: number): object {
  const { bids, asks } = levelsOf(market, most);
  return { ...depthFrame(market.listing, updateId, at), b: bids, a: asks };
}

/** Null while a side is empty. */
export function bookTickerEvent({ listing, engine }: ListedMarket, updateId: number, at: number): object | null {
  const bid = engine.best("buy");
  const ask = engine.best("sell");
  if (bid === undefined || ask === undefined) return null;
  return {
    e: "bookTicker",
    u: updateId,
    s: wireSymbol(listing),
    b: priceText(listing, bid.price),
    B: quantityText(listing, bid.quantity),
    a: priceText(listing, ask.price),
    A: quantityText(listing, ask.quantity),
    T: at,
    E: at,
  };
}

export function aggTradeEvent(listing: Listing, print: Print): object {
  return {
    e: "aggTrade",
    E: print.at,
    a: print.tradeId,
    s: wireSymbol(listing),
    p: priceText(listing, print.price),
    q: quantityText(listing, print.quantity),
    f: print.tradeId,
    l: print.tradeId,
    T: print.at,
    m: print.takerSide === "sell",
  };
}

/** The reference price is mark and index; null for spot, which has none. */
export function markPriceEvent({ listing, price }: ListedMarket, funding: FundingForecast, at: number): object | null {
  if (listing.instrument.kind !== "perp") return null;
  const mark = amountText(priceText(listing, price));
  const rate = amountText(funding.rate);
  return { e: "markPriceUpdate", E: at, s: wireSymbol(listing), p: mark, P: mark, i: mark, r: rate, T: funding.nextAt };
}

export function tickerEvent(market: ListedMarket, day: Candle | null, prints: readonly Print[], at: number): object {
  const { listing } = market;
  const numbers = dayNumbers(market, day);
  return {
    e: "24hrTicker",
    E: at,
    s: wireSymbol(listing),
    p: numbers.change,
    P: numbers.changePercent,
    w: numbers.average,
    c: priceText(listing, numbers.last),
    Q: quantityText(listing, prints.at(-1)?.quantity ?? (0 as Lots)),
    o: priceText(listing, numbers.open),
    h: priceText(listing, numbers.high),
    l: priceText(listing, numbers.low),
    v: quantityText(listing, numbers.quantity),
    q: numbers.value,
    O: at - DAY_MS,
    C: at,
    F: prints[0]?.tradeId ?? -1,
    L: prints.at(-1)?.tradeId ?? -1,
    n: numbers.trades,
  };
}

/** The candle that is open now; `name` is its length as the stream names it. */
export function klineEvent(listing: Listing, candle: Candle, name: string, intervalMs: number, at: number): object {
  const symbol = wireSymbol(listing);
  const value = listing.unit.times(money(candle.value));
  const k = {
    t: candle.start,
    T: candle.start + intervalMs - 1,
    s: symbol,
    i: name,
    f: -1,
    L: -1,
    o: priceText(listing, candle.open),
    c: priceText(listing, candle.close),
    h: priceText(listing, candle.high),
    l: priceText(listing, candle.low),
    v: quantityText(listing, candle.quantity),
    n: candle.trades,
    x: false,
    q: amountText(value),
    V: amountText(money(listing.instrument.lotSize).times(candle.quantity).div(2)),
    Q: amountText(value.div(2)),
    B: "0",
  };
  return { e: "kline", E: at, s: symbol, k };
}
