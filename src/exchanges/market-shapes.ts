// Turns ccxt's public structures into ours: levels in ticks and lots, everything else in decimal strings.

import { type Instrument, toTicks } from "../core/instrument.ts";
import type { FundingRate, Kline, Level, MarketBook, MarkPrice, PublicTrade, Source, Ticker } from "../core/market-data.ts";
import type { CcxtBook, CcxtTrade, Params } from "./ccxt-loader.ts";
import { toTouchQuantity } from "./normalize.ts";
import { ExchangeReadError } from "./outcome.ts";
import { text } from "./quirks/fields.ts";

const UNITS: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 };

/** `8h` in ms; null for what is no interval, and for a month, which has no length. */
export function intervalOf(name: string | null): number | null {
  const match = /^(\d{1,4})([smhdw])$/.exec(name ?? "");
  return match === null ? null : Number(match[1]) * (UNITS[match[2] ?? ""] ?? 0);
}

function levelsOf(instrument: Instrument, rows: readonly (readonly number[])[], depth: number): Level[] {
  return rows.slice(0, depth).flatMap(([price, quantity]) => {
    const lots = toTouchQuantity(instrument, quantity);
    return price === undefined || lots === undefined ? [] : [{ price: toTicks(instrument, String(price), "nearest"), quantity: lots }];
  });
}

export function toMarketBook(
  instrument: Instrument,
  book: CcxtBook,
  depth: number,
  { receivedAt, source }: { readonly receivedAt: number; readonly source: Source },
): MarketBook {
  const { symbol } = instrument.ref;
  const [bids, asks] = [levelsOf(instrument, book.bids, depth), levelsOf(instrument, book.asks, depth)];
  return { symbol, bids, asks, at: book.timestamp ?? null, receivedAt, source };
}

/** Throws an ExchangeReadError for a print without price, quantity or time. */
export function toPublicTrade({ id, side, price, amount, timestamp }: CcxtTrade): PublicTrade {
  if (price === undefined || amount === undefined || timestamp === undefined)
    throw new ExchangeReadError("transient", "a public trade has no price, quantity or time");
  return { id: id ?? null, side: side === "buy" || side === "sell" ? side : null, price, quantity: amount, at: timestamp };
}

function time(row: Params, name: string): number | null {
  const value = text(row, name);
  return value === null ? null : Number(value);
}

export function toTicker(symbol: string, row: Params, receivedAt: number): Ticker {
  const [last, bid, ask, high, low] = [text(row, "last"), text(row, "bid"), text(row, "ask"), text(row, "high"), text(row, "low")];
  const volumes = { baseVolume: text(row, "baseVolume"), quoteVolume: text(row, "quoteVolume") };
  return { symbol, last, bid, ask, high, low, ...volumes, at: time(row, "timestamp"), receivedAt };
}

/** From ccxt's funding structure, which carries the mark price. Throws an ExchangeReadError when it does not. */
export function toMarkPrice(symbol: string, row: Params, receivedAt: number): MarkPrice {
  const mark = text(row, "markPrice");
  if (mark === null) throw new ExchangeReadError("transient", `the mark price of ${symbol} is not told`);
  return { symbol, mark, index: text(row, "indexPrice"), at: time(row, "timestamp"), receivedAt };
}

/** Throws an ExchangeReadError when the rate is not told. */
export function toFundingRate(symbol: string, row: Params, receivedAt: number): FundingRate {
  const rate = text(row, "fundingRate");
  if (rate === null) throw new ExchangeReadError("transient", `the funding rate of ${symbol} is not told`);
  // ccxt writes the time of the coming funding into either field.
  const nextAt = time(row, "nextFundingTimestamp") ?? time(row, "fundingTimestamp");
  return { symbol, rate, nextAt, intervalMs: intervalOf(text(row, "interval")), receivedAt };
}

/** Throws an ExchangeReadError for a candle that lacks a price. */
export function toKline(row: readonly unknown[]): Kline {
  const [at, open, high, low, close, volume] = row.map((value) => (value === undefined || value === null ? "" : String(value)));
  if ([at, open, high, low, close].some((value) => value === undefined || value === ""))
    throw new ExchangeReadError("transient", "a candle has no time or price");
  return {
    ...{ at: Number(at), open: open ?? "", high: high ?? "", low: low ?? "", close: close ?? "" },
    volume: volume === undefined || volume === "" ? "0" : volume,
  };
}
