// One reading of public data: streams that are dialed again for ever, and REST for whatever is silent meanwhile.

import type { Logger } from "pino";
import type { Instrument } from "../core/instrument.ts";
import type { MarketDataEvent, MarketWatch, Source, StreamAge } from "../core/market-data.ts";
import type { Clock } from "../core/ports.ts";
import { BookFallback } from "./book-fallback.ts";
import type { CcxtBook, CcxtClient, CcxtExchange, CcxtTrade } from "./ccxt-loader.ts";
import { closeClients } from "./close-clients.ts";
import { toKline, toMarketBook, toPublicTrade } from "./market-shapes.ts";
import { messageOf } from "./outcome.ts";
import type { Quirks } from "./quirks.ts";
import { keepConnected, pauseFor } from "./reconnect.ts";
import { newContext, withContext } from "./request-context.ts";

/** Trades and candles of a calm market are silent for long: they are asked about less often than books. */
const SILENT_MS = 10_000;
const POLL_MS = 5_000;
/** Identities of trades that were told, by symbol. */
const TOLD_MAX = 1_000;
/** The longest wait that a timer knows. */
const MAX_TIMER_MS = 2 ** 31 - 1;
/** Events that wait for a slow reader; of books only the newest waits. */
const FACTS_MAX = 10_000;

export interface MarketSessionOptions {
  readonly exchange: CcxtExchange;
  readonly quirks: Quirks;
  readonly clients: Set<CcxtClient>;
  readonly watches: readonly MarketWatch[];
  readonly instruments: ReadonlyMap<string, Instrument>;
  readonly clock: Clock;
  readonly log: Logger;
}

interface Followed {
  readonly watch: MarketWatch;
  heardAt: number | null;
  streamAt: number | null;
  told: Set<string>;
  /** Open time and prices of the newest candle that was told. */
  newest: string;
}

export class MarketSession {
  readonly #options: MarketSessionOptions;
  readonly #followed: readonly Followed[];
  readonly #ending = new AbortController();
  readonly #fallback: BookFallback;
  readonly #startedAt: number;
  #facts: MarketDataEvent[] = [];
  readonly #books = new Map<string, MarketDataEvent>();
  #wake: () => void = () => undefined;
  #giveUp: (message: string) => void = () => undefined;
  #isUp = false;

  constructor(options: MarketSessionOptions) {
    this.#options = options;
    this.#startedAt = options.clock.monotonic();
    this.#followed = options.watches.map((watch) => ({ watch, heardAt: null, streamAt: null, told: new Set(), newest: "" }));
    const booked = options.watches.filter(({ type }) => type === "book").map(({ symbol }) => symbol);
    this.#fallback = new BookFallback({
      ...options,
      instruments: new Map([...options.instruments].filter(([symbol]) => booked.includes(symbol))),
      onBook: (instrument, book) => this.#onBook(instrument.ref.symbol, book, "rest"),
      onDead: (message) => this.#giveUp(message),
    });
  }

  async *run(signal: AbortSignal): AsyncGenerator<MarketDataEvent, void, undefined> {
    if (signal.aborted) return;
    const stop = (): void => {
      this.#ending.abort();
      this.#wake();
      this.#closeClients("stopped");
    };
    signal.addEventListener("abort", stop, { once: true });
    const { clock } = this.#options;
    const ending = this.#ending.signal;
    const onLost = (message: string): void => this.#lost(message);
    const kept = Promise.all([
      keepConnected({ session: () => this.#connect(), onLost, clock, signal: ending }),
      this.#fallback.run(ending),
      ...this.#followed.filter(({ watch }) => watch.type !== "book").map((followed) => this.#pollWhileSilent(followed)),
    ]);
    try {
      while (!ending.aborted) {
        const batch = [...this.#facts, ...this.#books.values()];
        this.#facts = [];
        this.#books.clear();
        if (batch.length > 0) yield* batch;
        else
          await new Promise<void>((resolve) => {
            this.#wake = resolve;
          });
      }
    } finally {
      signal.removeEventListener("abort", stop);
      stop();
      await kept;
    }
  }

  ages(): readonly StreamAge[] {
    const now = this.#options.clock.monotonic();
    const since = (at: number | null): number | null => (at === null ? null : now - at);
    return this.#followed.map(({ watch, heardAt, streamAt }) => ({ watch, ageMs: since(heardAt), streamAgeMs: since(streamAt) }));
  }

  /** One connection, subscribed to everything that the exchange streams; resolves with the reason of its end. */
  async #connect(): Promise<string> {
    const { exchange } = this.#options;
    exchange.orderbooks = {};
    this.#fallback.reconnected();
    const dead = new Promise<never>((_, reject) => {
      this.#giveUp = (message) => reject(new Error(message));
    });
    let isOver = false;
    const watches = this.#followed.flatMap((followed) => {
      const next = this.#nextOf(followed.watch);
      if (next === null) return [];
      const follow = async (): Promise<void> => {
        while (!isOver && !this.#ending.signal.aborted) await next();
      };
      return [follow()];
    });
    // An exchange that streams none of this is only polled.
    if (watches.length === 0) watches.push(pauseFor(MAX_TIMER_MS, this.#ending.signal));
    try {
      await withContext(newContext("market", "read"), () => Promise.race([...watches, dead]));
      return "the stream ended";
    } catch (error) {
      return messageOf(error);
    } finally {
      isOver = true;
      this.#closeClients("session over");
      await Promise.allSettled(watches);
    }
  }

  /** Waits for the next message of a stream and hands it on; null where the exchange has no such stream. */
  #nextOf(watch: MarketWatch): (() => Promise<void>) | null {
    const { exchange, quirks } = this.#options;
    const { symbol, type } = watch;
    if (type === "book") return async () => this.#onBook(symbol, await exchange.watchOrderBook(symbol), "stream");
    if (type === "trades") {
      const { watchLast } = quirks;
      if (watchLast === null || (watchLast === undefined && exchange.has.watchTrades !== true)) return null;
      return async () => this.#onTrades(watch, await (watchLast?.(exchange, symbol) ?? exchange.watchTrades(symbol)), "stream");
    }
    if (exchange.has.watchOHLCV !== true) return null;
    return async () => this.#onKlines(watch, await exchange.watchOHLCV(symbol, watch.timeframe), "stream");
  }

  async #pollWhileSilent({ watch }: Followed): Promise<void> {
    const { clock, exchange, log } = this.#options;
    const signal = this.#ending.signal;
    const hasStream = this.#nextOf(watch) !== null;
    let polledAt = Number.NEGATIVE_INFINITY;
    while (!signal.aborted) {
      await pauseFor(500, signal);
      const now = clock.monotonic();
      const silentMs = now - (this.#of(watch).streamAt ?? this.#startedAt);
      if (signal.aborted || now - polledAt < POLL_MS || (hasStream && silentMs < SILENT_MS)) continue;
      polledAt = now;
      try {
        await withContext(newContext("market", "read"), async () => {
          if (watch.type === "trades") this.#onTrades(watch, await exchange.fetchTrades(watch.symbol), "rest");
          if (watch.type === "klines")
            this.#onKlines(watch, await exchange.fetchOHLCV(watch.symbol, watch.timeframe, undefined, 2), "rest");
        });
      } catch (error) {
        log.warn({ symbol: watch.symbol, error: messageOf(error) }, `${watch.type} could not be read by REST`);
      }
    }
  }

  #onBook(symbol: string, book: CcxtBook, source: Source): void {
    const instrument = this.#options.instruments.get(symbol);
    if (instrument === undefined) return;
    if (source === "stream") this.#fallback.heard(symbol);
    for (const { watch } of this.#followed) {
      if (watch.type !== "book" || watch.symbol !== symbol) continue;
      this.#heard(watch, source);
      const told = toMarketBook(instrument, book, watch.depth, { receivedAt: this.#options.clock.now(), source });
      this.#books.set(`${symbol} ${watch.depth}`, { type: "book", book: told });
    }
    this.#wake();
  }

  #onTrades(watch: MarketWatch, rows: readonly CcxtTrade[], source: Source): void {
    const followed = this.#of(watch);
    // What was there before anybody watched is history, not news.
    const isFirst = source === "rest" && followed.heardAt === null;
    for (const trade of rows.map(toPublicTrade).sort((one, other) => one.at - other.at)) {
      const key = trade.id ?? `${trade.at} ${trade.price} ${trade.quantity} ${trade.side}`;
      if (followed.told.has(key)) continue;
      followed.told.add(key);
      if (!isFirst) this.#push({ type: "trade", symbol: watch.symbol, trade, source });
    }
    for (const old of followed.told) {
      if (followed.told.size <= TOLD_MAX) break;
      followed.told.delete(old);
    }
    this.#heard(watch, source);
  }

  #onKlines(watch: Extract<MarketWatch, { type: "klines" }>, rows: readonly (readonly unknown[])[], source: Source): void {
    const followed = this.#of(watch);
    for (const row of rows) {
      const kline = toKline(row);
      const newestAt = Number(followed.newest.split(" ")[0] ?? 0);
      const told = [kline.at, ...Object.values(kline)].join(" ");
      if (kline.at < newestAt || told === followed.newest) continue;
      followed.newest = told;
      this.#push({ type: "kline", symbol: watch.symbol, timeframe: watch.timeframe, kline, source });
    }
    this.#heard(watch, source);
  }

  #of(watch: MarketWatch): Followed {
    const found = this.#followed.find((followed) => followed.watch === watch);
    if (found === undefined) throw new Error(`nobody watches ${watch.type} of ${watch.symbol}`);
    return found;
  }

  #heard(watch: MarketWatch, source: Source): void {
    const followed = this.#of(watch);
    followed.heardAt = this.#options.clock.monotonic();
    if (source === "rest") return;
    followed.streamAt = followed.heardAt;
    if (this.#isUp) return;
    this.#isUp = true;
    this.#push({ type: "back", at: this.#options.clock.now() });
  }

  #lost(message: string): void {
    this.#options.log.warn({ error: message }, "market data stream lost, connecting again");
    this.#books.clear();
    if (this.#isUp) this.#push({ type: "lost", at: this.#options.clock.now(), message });
    this.#isUp = false;
  }

  #push(event: MarketDataEvent): void {
    if (this.#facts.length >= FACTS_MAX) this.#facts.shift();
    this.#facts.push(event);
    this.#wake();
  }

  #closeClients(reason: string): void {
    closeClients(this.#options.exchange, this.#options.clients, reason);
  }
}
