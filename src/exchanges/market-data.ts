// Public market data of any exchange that ccxt knows, through the same guarded requests and supervised streams as trading.

import type { Instrument } from "../core/instrument.ts";
import type {
  FundingRate,
  Kline,
  MarketBook,
  MarketDataEvent,
  MarketDataPort,
  MarketWatch,
  MarkPrice,
  PublicTrade,
  StreamAge,
  Ticker,
} from "../core/market-data.ts";
import { UserError } from "../core/text.ts";
import type { Params } from "./ccxt-loader.ts";
import { type ConnectOptions, connectPublic, type OpenedExchange } from "./connect.ts";
import { MarketSession } from "./market-session.ts";
import { toFundingRate, toKline, toMarketBook, toMarkPrice, toPublicTrade, toTicker } from "./market-shapes.ts";
import { toInstrument } from "./normalize.ts";
import { ExchangeReadError, toReadError } from "./outcome.ts";
import { newContext, withContext } from "./request-context.ts";

const DEPTH_MAX = 1_000;
const KLINES_MAX = 1_000;

/**
 * Opens an exchange for its public data; credentials of the account are not used. Throws a UserError for an exchange that
 * cannot be reached that way and an ExchangeReadError when it does not answer.
 */
export async function connectMarketData(options: ConnectOptions): Promise<MarketDataPort> {
  return new CcxtMarketData(await connectPublic(options), options);
}

class CcxtMarketData implements MarketDataPort {
  readonly exchange: string;
  readonly #opened: OpenedExchange;
  readonly #options: ConnectOptions;
  readonly #closing = new AbortController();
  #session: MarketSession | null = null;

  constructor(opened: OpenedExchange, options: ConnectOptions) {
    this.exchange = options.account.exchange;
    this.#opened = opened;
    this.#options = options;
  }

  async book(symbol: string, depth: number): Promise<MarketBook> {
    const instrument = this.#instrument(symbol);
    checkCount("depth", depth, DEPTH_MAX);
    const { exchange } = this.#opened;
    const book = await this.#read(`book of ${symbol}`, () => exchange.fetchOrderBook(symbol));
    const told = toMarketBook(instrument, book, depth, { receivedAt: this.#now(), source: "rest" });
    if (told.bids.length > 0 || told.asks.length > 0) return told;
    throw new ExchangeReadError("transient", `the book of ${symbol} is empty`);
  }

  async trades(symbol: string, since?: number): Promise<readonly PublicTrade[]> {
    this.#instrument(symbol);
    const { exchange } = this.#opened;
    const rows = await this.#read(`trades of ${symbol}`, () => exchange.fetchTrades(symbol, since));
    const trades = rows.map(toPublicTrade).filter(({ at }) => since === undefined || at >= since);
    return trades.sort((one, other) => one.at - other.at);
  }

  async ticker(symbol: string): Promise<Ticker> {
    this.#instrument(symbol);
    const row = await this.#read(`ticker of ${symbol}`, () => this.#opened.exchange.fetchTicker(symbol));
    return toTicker(symbol, row, this.#now());
  }

  async mark(symbol: string): Promise<MarkPrice> {
    return toMarkPrice(symbol, await this.#funding(symbol, "mark price"), this.#now());
  }

  async fundingRate(symbol: string): Promise<FundingRate> {
    return toFundingRate(symbol, await this.#funding(symbol, "funding rate"), this.#now());
  }

  async klines(symbol: string, timeframe: string, since: number, limit: number): Promise<readonly Kline[]> {
    this.#instrument(symbol);
    this.#checkTimeframe(timeframe);
    checkCount("limit", limit, KLINES_MAX);
    const { exchange } = this.#opened;
    const rows = await this.#read(`candles of ${symbol}`, () => exchange.fetchOHLCV(symbol, timeframe, since, limit));
    return rows
      .map(toKline)
      .filter(({ at }) => at >= since)
      .slice(0, limit);
  }

  async *watch(watches: readonly MarketWatch[], signal: AbortSignal): AsyncGenerator<MarketDataEvent, void, undefined> {
    if (this.#session !== null) throw new Error(`the market data of ${this.exchange} is being watched already`);
    for (const watch of watches) {
      if (watch.type === "klines") this.#checkTimeframe(watch.timeframe);
      if (watch.type === "book") checkCount("depth", watch.depth, DEPTH_MAX);
    }
    const instruments = new Map(watches.map(({ symbol }) => [symbol, this.#instrument(symbol)]));
    const { clock, log } = this.#options;
    const session = new MarketSession({ ...this.#opened, watches, instruments, clock, log });
    this.#session = session;
    try {
      yield* session.run(AbortSignal.any([signal, this.#closing.signal]));
    } finally {
      this.#session = null;
    }
  }

  ages(): readonly StreamAge[] {
    return this.#session?.ages() ?? [];
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await this.#opened.exchange.fetchDispatcher?.destroy();
  }

  #now(): number {
    return this.#options.clock.now();
  }

  #instrument(symbol: string): Instrument {
    const market = this.#opened.exchange.markets?.[symbol];
    if (market !== undefined) return toInstrument(market, this.#opened.quirks, this.#options.account.account);
    throw new UserError({
      en: `Exchange ${this.exchange} lists no symbol ${symbol.slice(0, 40)}; write it as in SOL/USDC (spot) or SOL/USDC:USDC (perpetual)`,
      "zh-TW": `交易所 ${this.exchange} 沒有商品 ${symbol.slice(0, 40)}；寫法如 SOL/USDC（現貨）或 SOL/USDC:USDC（永續）`,
    });
  }

  #checkTimeframe(timeframe: string): void {
    const { timeframes = {} } = this.#opened.exchange;
    if (Object.hasOwn(timeframes, timeframe)) return;
    const right = Object.keys(timeframes).join(", ");
    throw new UserError({
      en: `Exchange ${this.exchange} has no timeframe ${timeframe.slice(0, 20)}; it has ${right}`,
      "zh-TW": `交易所 ${this.exchange} 沒有時間週期 ${timeframe.slice(0, 20)}；可用的有 ${right}`,
    });
  }

  /** ccxt tells the mark price with the funding rate on every exchange that we describe. */
  async #funding(symbol: string, what: string): Promise<Params> {
    const { exchange } = this.#opened;
    if (this.#instrument(symbol).kind === "spot" || exchange.has.fetchFundingRate !== true)
      throw new UserError({
        en: `${symbol} at ${this.exchange} has no ${what} that can be read; perpetuals of most exchanges have one`,
        "zh-TW": `${this.exchange} 的 ${symbol} 沒有可讀取的${what === "mark price" ? "標記價格" : "資金費率"}；多數交易所的永續合約才有`,
      });
    return await this.#read(`${what} of ${symbol}`, () => exchange.fetchFundingRate(symbol));
  }

  async #read<T>(what: string, work: () => Promise<T>): Promise<T> {
    try {
      return await withContext(newContext("market", "read"), work);
    } catch (error) {
      throw toReadError(what, error);
    }
  }
}

function checkCount(name: string, value: number, max: number): void {
  if (Number.isInteger(value) && value >= 1 && value <= max) return;
  throw new UserError({
    en: `${name} ${value} must be a whole number from 1 to ${max}`,
    "zh-TW": `${name} ${value} 必須是 1 到 ${max} 的整數`,
  });
}
