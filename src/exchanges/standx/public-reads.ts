// StandX's public answers, read and put into ccxt's shapes.

import type { CcxtBook, CcxtTrade, Params } from "../ccxt-loader.ts";
import { AnswerError, ExchangeReadError } from "../outcome.ts";
import { field, list, text } from "../quirks/fields.ts";
import { marketOf, timeOf } from "./rows.ts";
import type { CcxtBase } from "./shape.ts";

/** The documentation lists BTC-USD alone; markets that do not exist are refused one by one and left out. */
const SYMBOLS = ["BTC-USD", "ETH-USD", "SOL-USD", "XRP-USD"];
export const RESOLUTIONS: Readonly<Record<string, string>> = { "1m": "1", "5m": "5", "15m": "15", "1h": "60", "1d": "1D", "1w": "1W" };
const DAY_SEC = 86_400;
const CANDLES = 100;

type Path = "query_symbol_info" | "query_symbol_market" | "query_depth_book" | "query_recent_trades" | "kline/time" | "kline/history";

function get(exchange: CcxtBase, path: Path, params: Params): Promise<unknown> {
  return exchange.request(path, "public", "GET", params);
}

function of(exchange: CcxtBase, symbol: string): Params {
  return { symbol: exchange.market(symbol).id };
}

/** Throws an ExchangeReadError when none of the markets is described. */
export async function readMarkets(exchange: CcxtBase): Promise<readonly Params[]> {
  const found = await Promise.all(SYMBOLS.map((symbol) => marketRows(exchange, symbol)));
  const rows = found.flat();
  if (rows.length === 0) throw new ExchangeReadError("transient", "StandX describes none of its markets");
  return rows.map(marketOf);
}

async function marketRows(exchange: CcxtBase, symbol: string): Promise<readonly unknown[]> {
  try {
    const rows = await get(exchange, "query_symbol_info", { symbol });
    return Array.isArray(rows) ? rows : [];
  } catch (error) {
    if (error instanceof AnswerError && ["rejected", "notFound"].includes(error.reading.kind)) return [];
    throw error;
  }
}

/** Epoch ms, in whole seconds: more the exchange does not tell here. */
export async function readTime(exchange: CcxtBase): Promise<number | undefined> {
  const seconds = Number(await get(exchange, "kline/time", {}));
  return Number.isFinite(seconds) ? seconds * 1_000 : undefined;
}

/** Levels come in no promised order. */
export async function readBook(exchange: CcxtBase, symbol: string): Promise<CcxtBook> {
  const answer = await get(exchange, "query_depth_book", of(exchange, symbol));
  const rows = (side: string): number[][] => list(answer, side).map((row) => (row as readonly string[]).map(Number));
  const bids = rows("bids").sort((one, other) => (other[0] ?? 0) - (one[0] ?? 0));
  const asks = rows("asks").sort((one, other) => (one[0] ?? 0) - (other[0] ?? 0));
  return Object.assign(exchange.orderBook(), { bids, asks });
}

export async function readTrades(exchange: CcxtBase, symbol: string): Promise<readonly CcxtTrade[]> {
  const rows = await get(exchange, "query_recent_trades", of(exchange, symbol));
  return (Array.isArray(rows) ? rows : []).map((row) => {
    const timestamp = timeOf(row, "time");
    return {
      ...{ symbol, price: text(row, "price") ?? "", amount: text(row, "qty") ?? "", info: row },
      side: field(row, "is_buyer_taker") === true ? "buy" : "sell",
      ...(timestamp === undefined ? {} : { timestamp }),
    };
  });
}

export async function readTicker(exchange: CcxtBase, symbol: string): Promise<Params> {
  const row = await get(exchange, "query_symbol_market", of(exchange, symbol));
  const [bid, ask] = list(row, "spread");
  const day = { high: text(row, "high_price_24h"), low: text(row, "low_price_24h"), baseVolume: text(row, "volume_24h") };
  return { last: text(row, "last_price"), bid, ask, ...day, timestamp: timeOf(row, "time"), info: row };
}

export async function readFundingRate(exchange: CcxtBase, symbol: string): Promise<Params> {
  const row = await get(exchange, "query_symbol_market", of(exchange, symbol));
  return {
    ...{ symbol, fundingRate: text(row, "funding_rate"), nextFundingTimestamp: timeOf(row, "next_funding_time") },
    ...{ markPrice: text(row, "mark_price"), indexPrice: text(row, "index_price"), timestamp: timeOf(row, "time"), info: row },
  };
}

export interface CandleQuestion {
  readonly symbol: string;
  readonly timeframe: string;
  readonly since: number | undefined;
  readonly limit: number | undefined;
}

export async function readCandles(exchange: CcxtBase, { limit, since, symbol, timeframe }: CandleQuestion): Promise<readonly number[][]> {
  const to = Math.floor(exchange.milliseconds() / 1_000);
  const from = since === undefined ? to - DAY_SEC : Math.floor(since / 1_000);
  const range = { from, to, resolution: RESOLUTIONS[timeframe], countBack: limit ?? CANDLES };
  const answer = await get(exchange, "kline/history", { ...of(exchange, symbol), ...range });
  const column = (name: string): readonly number[] => list(answer, name).map(Number);
  const columns = ["o", "h", "l", "c", "v"].map(column);
  return column("t").map((at, index) => [at * 1_000, ...columns.map((values) => values[index] ?? Number.NaN)]);
}
