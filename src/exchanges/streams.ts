// Keeps the public and private streams of one exchange alive for ever and turns them into one sequence of events.

import type { Logger } from "pino";
import { type Instrument, toLots, toTicks } from "../core/instrument.ts";
import type { Clock, ExchangeEvent, Touch } from "../core/ports.ts";
import { BookFallback } from "./book-fallback.ts";
import type { CcxtBook, CcxtClient, CcxtExchange, CcxtTrade } from "./ccxt-loader.ts";
import { closeClients } from "./close-clients.ts";
import { EventQueue } from "./event-queue.ts";
import { fillOf, inBase, ownOrForeign, toFill, toTouchQuantity } from "./normalize.ts";
import { messageOf } from "./outcome.ts";
import type { OrderUpdate, Quirks, StreamSink } from "./quirks.ts";
import { keepConnected } from "./reconnect.ts";
import { newContext, withContext } from "./request-context.ts";

const FACTS_MAX = 10_000;
/** An unchanged touch is repeated this often, so that a quiet market does not look like a dead feed. */
const REPEAT_MS = 1_000;

type StreamName = "public" | "private";

export interface StreamOptions {
  readonly exchange: CcxtExchange;
  readonly instruments: ReadonlyMap<string, Instrument>;
  readonly quirks: Quirks;
  readonly clients: Set<CcxtClient>;
  readonly clock: Clock;
  readonly log: Logger;
}

/** The best of both sides of a book, or null while one of them is empty. */
export function touchOf(instrument: Instrument, book: CcxtBook, now: number): Touch | null {
  const [bid, ask] = [book.bids[0], book.asks[0]];
  if (bid?.[0] === undefined || ask?.[0] === undefined) return null;
  const bidQuantity = toTouchQuantity(instrument, bid[1]);
  const askQuantity = toTouchQuantity(instrument, ask[1]);
  return {
    bestBid: toTicks(instrument, String(bid[0]), "nearest"),
    bestAsk: toTicks(instrument, String(ask[0]), "nearest"),
    ...(bidQuantity === undefined ? {} : { bidQuantity }),
    ...(askQuantity === undefined ? {} : { askQuantity }),
    at: book.timestamp ?? now,
  };
}

function isSameTouch(one: Touch, other: Touch): boolean {
  return (["bestBid", "bestAsk", "bidQuantity", "askQuantity"] as const).every((key) => one[key] === other[key]);
}

/** One reading of the streams. The exchange's subclass calls it as a sink; `run` yields the events. */
export class StreamSession implements StreamSink {
  readonly #options: StreamOptions;
  readonly #signal: AbortSignal;
  readonly #queue = new EventQueue(FACTS_MAX);
  readonly #isUp: Record<StreamName, boolean> = { public: false, private: false };
  readonly #lastTouch = new Map<string, Touch>();
  readonly #ending = new AbortController();
  readonly #fallback: BookFallback;
  /** Ends the current connection with a reason. */
  #giveUp: (message: string) => void = () => undefined;

  constructor(options: StreamOptions, signal: AbortSignal) {
    this.#options = options;
    this.#signal = signal;
    this.#fallback = new BookFallback({
      ...options,
      onBook: (instrument, book) => this.#onPolledBook(instrument, book),
      onDead: (message) => this.#giveUp(message),
    });
  }

  async *run(): AsyncGenerator<ExchangeEvent, void, undefined> {
    const stop = (): void => {
      this.#ending.abort();
      this.#queue.close();
      this.#closeClients("stopped");
    };
    if (this.#signal.aborted) return;
    this.#signal.addEventListener("abort", stop, { once: true });
    const kept = Promise.all([this.#keepAlive(), this.#fallback.run(this.#ending.signal)]);
    try {
      for (let batch = await this.#queue.next(); batch !== null; batch = await this.#queue.next()) {
        yield* batch;
        if (!this.#queue.takeOverflow()) continue;
        this.#options.log.error({ limit: FACTS_MAX }, "events were dropped, their reader is too slow");
        const at = this.#options.clock.now();
        yield { type: "disconnected", stream: "private", at, message: "events were dropped" };
        yield { type: "resynced", stream: "private", at };
      }
    } finally {
      this.#signal.removeEventListener("abort", stop);
      stop();
      await kept;
    }
  }

  onOrder(update: OrderUpdate): void {
    const instrument = this.#options.instruments.get(update.symbol);
    // The account's other bots trade other symbols on the same stream.
    if (instrument === undefined) return;
    const { quirks } = this.#options;
    const fill = fillOf(instrument, quirks, update);
    if (fill !== null) this.#queue.push({ type: "fill", fill });
    const { symbol, exchangeOrderId, status, at } = update;
    const clientOrderId = ownOrForeign(quirks, update.clientOrderId);
    const filledQuantity = toLots(instrument, inBase(instrument, update.filled), "nearest");
    this.#queue.push({ type: "order", symbol, clientOrderId, exchangeOrderId, status, filledQuantity, at });
  }

  onTrade(trade: CcxtTrade): void {
    const instrument = this.#options.instruments.get(trade.symbol ?? "");
    if (instrument !== undefined) this.#queue.push({ type: "fill", fill: toFill(instrument, this.#options.quirks, trade) });
  }

  onPrivateUp(): void {
    this.#up("private");
  }

  onMark(symbol: string, price: string): void {
    const instrument = this.#options.instruments.get(symbol);
    if (instrument === undefined) return;
    this.#queue.push({ type: "mark", symbol, mark: toTicks(instrument, price, "nearest"), at: this.#options.clock.now() });
  }

  onBookGap(symbol: string): void {
    this.#down("public", `messages of the book of ${symbol} are missing`);
  }

  /** The socket stands; ccxt sends the subscription in the same turn. */
  onConnected(url: string): void {
    const { exchange, quirks } = this.#options;
    if (!quirks.isPrivateUrl(exchange, url)) return;
    setImmediate(() => {
      if (!this.#ending.signal.aborted) this.#up("private");
    });
  }

  #keepAlive(): Promise<void> {
    const { clock, log } = this.#options;
    const onLost = (message: string): void => {
      log.warn({ error: message }, "stream lost, connecting again");
      this.#down("public", message);
      this.#down("private", message);
    };
    return keepConnected({ session: () => this.#session(), onLost, clock, signal: this.#ending.signal });
  }

  /** Subscribes to everything and returns the reason when the first of them fails. */
  async #session(): Promise<string> {
    const { exchange, instruments, quirks } = this.#options;
    const { watchMark } = quirks;
    const perps = watchMark === null ? [] : [...instruments.values()].filter((instrument) => instrument.kind === "perp");
    // What a book of the last connection remembers would look like a gap.
    exchange.orderbooks = {};
    this.#fallback.reconnected();
    const dead = new Promise<never>((_, reject) => {
      this.#giveUp = (message) => reject(new Error(message));
    });
    let isOver = false;
    const follow = async (watch: () => Promise<void>): Promise<void> => {
      while (!isOver && !this.#ending.signal.aborted) await watch();
    };
    const watches = [
      ...quirks.privateWatches(exchange, [...instruments.keys()], this).map((watch) => follow(async () => void (await watch()))),
      ...[...instruments.values()].map((instrument) =>
        follow(async () => this.#onBook(instrument, await exchange.watchOrderBook(instrument.ref.symbol))),
      ),
      ...perps.map((instrument) => follow(async () => void (await watchMark?.(exchange, instrument.ref.symbol, this)))),
    ];
    const context = newContext("market", "read");
    // Who trades by the book goes on without last prices: their end is not the session's.
    const lasts = [...instruments.values()].map((instrument) => this.#followLast(instrument, follow));
    try {
      await withContext(context, () => Promise.race([...watches, dead]));
      return "the stream ended";
    } catch (error) {
      return messageOf(error);
    } finally {
      isOver = true;
      this.#closeClients("session over");
      await Promise.allSettled([...watches, ...lasts]);
    }
  }

  /** The price of each symbol's newest public trade, where the exchange tells it. */
  async #followLast(instrument: Instrument, follow: (watch: () => Promise<void>) => Promise<void>): Promise<void> {
    const { exchange, log, quirks } = this.#options;
    const { symbol } = instrument.ref;
    const own = exchange.has.watchTrades === true ? (): Promise<readonly CcxtTrade[]> => exchange.watchTrades(symbol) : null;
    const watch = quirks.watchLast === undefined ? own : quirks.watchLast && (() => quirks.watchLast?.(exchange, symbol) ?? []);
    if (watch === null) return;
    try {
      await withContext(newContext("market", "read"), () => follow(async () => this.#onPrints(instrument, await watch())));
    } catch (error) {
      log.debug({ symbol, error: messageOf(error) }, "public trades are not followed any more");
    }
  }

  #onPrints(instrument: Instrument, trades: readonly CcxtTrade[]): void {
    const newest = trades.at(-1);
    if (newest?.price === undefined) return;
    const price = toTicks(instrument, newest.price, "nearest");
    this.#queue.push({ type: "last", symbol: instrument.ref.symbol, price, at: newest.timestamp ?? this.#options.clock.now() });
  }

  /** A book that REST told while its stream is silent: news like any other, but no sign that the stream is back. */
  #onPolledBook(instrument: Instrument, book: CcxtBook): void {
    const receivedAt = this.#options.clock.now();
    const touch = touchOf(instrument, book, receivedAt);
    if (touch === null || touch.bestBid >= touch.bestAsk) return;
    this.#queue.push({ type: "book", symbol: instrument.ref.symbol, ...touch, receivedAt });
  }

  #onBook(instrument: Instrument, book: CcxtBook): void {
    const receivedAt = this.#options.clock.now();
    const touch = touchOf(instrument, book, receivedAt);
    if (touch === null || touch.bestBid >= touch.bestAsk) return;
    const symbol = instrument.ref.symbol;
    this.#fallback.heard(symbol);
    this.#up("public");
    const last = this.#lastTouch.get(symbol);
    if (last !== undefined && isSameTouch(last, touch) && receivedAt - last.at < REPEAT_MS) return;
    this.#lastTouch.set(symbol, { ...touch, at: receivedAt });
    this.#queue.push({ type: "book", symbol, ...touch, receivedAt });
  }

  #up(stream: StreamName): void {
    if (this.#isUp[stream]) return;
    this.#isUp[stream] = true;
    this.#queue.push({ type: "resynced", stream, at: this.#options.clock.now() });
  }

  #down(stream: StreamName, message: string): void {
    if (!this.#isUp[stream]) return;
    this.#isUp[stream] = false;
    if (stream === "public") this.#queue.dropPrices();
    this.#queue.push({ type: "disconnected", stream, at: this.#options.clock.now(), message });
  }

  #closeClients(reason: string): void {
    closeClients(this.#options.exchange, this.#options.clients, reason);
  }
}
