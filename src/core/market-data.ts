// Public market data: what it looks like, how old it is, and the door it comes through. Needs no account.

import type { Lots, Ticks } from "./units.ts";

export interface Level {
  readonly price: Ticks;
  readonly quantity: Lots;
}

/** Where a piece of data came from: the exchange's stream, or a question by REST. */
export type Source = "stream" | "rest";

/** Bids from the highest, asks from the lowest. */
export interface MarketBook {
  readonly symbol: string;
  readonly bids: readonly Level[];
  readonly asks: readonly Level[];
  /** When the exchange says that it was so, epoch ms; null when it does not tell. */
  readonly at: number | null;
  readonly receivedAt: number;
  readonly source: Source;
}

/** A public print, decimal strings; `side` is the taker's. */
export interface PublicTrade {
  readonly id: string | null;
  readonly side: "buy" | "sell" | null;
  readonly price: string;
  readonly quantity: string;
  readonly at: number;
}

/** The last day, decimal strings; null for what an exchange does not tell. */
export interface Ticker {
  readonly symbol: string;
  readonly last: string | null;
  readonly bid: string | null;
  readonly ask: string | null;
  readonly high: string | null;
  readonly low: string | null;
  readonly baseVolume: string | null;
  readonly quoteVolume: string | null;
  readonly at: number | null;
  readonly receivedAt: number;
}

/** The prices that a perpetual is valued and funded by, decimal strings. */
export interface MarkPrice {
  readonly symbol: string;
  readonly mark: string;
  readonly index: string | null;
  readonly at: number | null;
  readonly receivedAt: number;
}

/** What a perpetual pays at the next funding: a fraction of the notional for one interval, positive is paid by longs. */
export interface FundingRate {
  readonly symbol: string;
  readonly rate: string;
  /** Epoch ms; null where funding is continuous or the time is not told. */
  readonly nextAt: number | null;
  readonly intervalMs: number | null;
  readonly receivedAt: number;
}

/** `at` is when it opened, epoch ms; the rest decimal strings. */
export interface Kline {
  readonly at: number;
  readonly open: string;
  readonly high: string;
  readonly low: string;
  readonly close: string;
  readonly volume: string;
}

export type MarketWatch =
  | { readonly type: "book"; readonly symbol: string; readonly depth: number }
  | { readonly type: "trades"; readonly symbol: string }
  | { readonly type: "klines"; readonly symbol: string; readonly timeframe: string };

export type MarketDataEvent =
  | { readonly type: "book"; readonly book: MarketBook }
  | { readonly type: "trade"; readonly symbol: string; readonly trade: PublicTrade; readonly source: Source }
  | { readonly type: "kline"; readonly symbol: string; readonly timeframe: string; readonly kline: Kline; readonly source: Source }
  /** The connection is lost: what comes until `back` comes by REST. */
  | { readonly type: "lost"; readonly at: number; readonly message: string }
  | { readonly type: "back"; readonly at: number };

/** How old a watched piece of data is. */
export interface StreamAge {
  readonly watch: MarketWatch;
  /** Since anything came, by stream or REST; null before the first. */
  readonly ageMs: number | null;
  /** Since the stream itself spoke. */
  readonly streamAgeMs: number | null;
}

/** Public data of one exchange. Reads throw when the exchange does not answer: never an empty book, never an old price. */
export interface MarketDataPort {
  readonly exchange: string;
  /** At most `depth` levels of each side. */
  book(symbol: string, depth: number): Promise<MarketBook>;
  /** Newest public trades at or after `since` (epoch ms), oldest first, as far back as the exchange tells. */
  trades(symbol: string, since?: number): Promise<readonly PublicTrade[]>;
  ticker(symbol: string): Promise<Ticker>;
  /** Throws a UserError for spot, which has no mark price. */
  mark(symbol: string): Promise<MarkPrice>;
  /** Throws a UserError for spot, which pays no funding. */
  fundingRate(symbol: string): Promise<FundingRate>;
  /** Candles that opened at or after `since`, oldest first. Throws a UserError for a timeframe that the exchange does not have. */
  klines(symbol: string, timeframe: string, since: number, limit: number): Promise<readonly Kline[]>;
  /** Follows for ever what is asked for, by stream, and by REST while a stream is silent. One reading at a time. */
  watch(watches: readonly MarketWatch[], signal: AbortSignal): AsyncIterable<MarketDataEvent>;
  /** How old everything is that is being watched. */
  ages(): readonly StreamAge[];
  close(): Promise<void>;
}
