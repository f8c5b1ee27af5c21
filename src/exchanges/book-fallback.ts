// Reads a book by REST while its stream is silent, and tells when that proves the stream dead.

import type { Logger } from "pino";
import type { Instrument } from "../core/instrument.ts";
import type { Clock } from "../core/ports.ts";
import type { CcxtBook, CcxtExchange } from "./ccxt-loader.ts";
import { messageOf } from "./outcome.ts";
import type { Quirks } from "./quirks.ts";
import { pauseFor } from "./reconnect.ts";
import { newContext, withContext } from "./request-context.ts";

/** A stream that said nothing for so long is asked about by REST. */
const SILENT_MS = 3_000;
const POLL_MS = 1_000;
/** After so much silence a book that has moved meanwhile proves that its stream is dead: a calm market is silent too. */
const DEAD_MS = 10_000;
const LOOK_MS = 250;
/** All polls of a session together take at most this share of a limit. */
const SHARE = 0.25;

export interface BookFallbackOptions {
  readonly exchange: CcxtExchange;
  readonly instruments: ReadonlyMap<string, Instrument>;
  readonly quirks: Quirks;
  readonly clock: Clock;
  readonly log: Logger;
  /** A book that came by REST. */
  readonly onBook: (instrument: Instrument, book: CcxtBook) => void;
  /** The stream of a symbol is silent although its book moves: its socket must be replaced. */
  readonly onDead: (message: string) => void;
}

interface Watched {
  readonly instrument: Instrument;
  heardAt: number;
  /** Since when the present connection has had its chance to deliver. */
  chanceAt: number;
  askedAt: number;
  isAsking: boolean;
  isSilent: boolean;
  /** The best prices that the first answer of this silence showed. */
  first: string | null;
  hasMoved: boolean;
}

export class BookFallback {
  readonly #options: BookFallbackOptions;
  readonly #watched: readonly Watched[];
  readonly #pollMs: number;

  constructor(options: BookFallbackOptions) {
    this.#options = options;
    const now = options.clock.monotonic();
    this.#watched = [...options.instruments.values()].map((instrument) => ({
      ...{ instrument, heardAt: now, chanceAt: now, askedAt: Number.NEGATIVE_INFINITY, isAsking: false },
      ...{ isSilent: false, first: null, hasMoved: false },
    }));
    this.#pollMs = pollMsOf(options.quirks, this.#watched.length);
  }

  /** A book came by the stream. */
  heard(symbol: string): void {
    const watched = this.#watched.find(({ instrument }) => instrument.ref.symbol === symbol);
    if (watched === undefined) return;
    if (watched.isSilent) this.#options.log.info({ symbol }, "the book's stream speaks again");
    const now = this.#options.clock.monotonic();
    Object.assign(watched, { heardAt: now, chanceAt: now, isSilent: false, first: null, hasMoved: false });
  }

  /** A new connection is being made: it has its own time to deliver, beginning now. The silence goes on. */
  reconnected(): void {
    const chanceAt = this.#options.clock.monotonic();
    for (const watched of this.#watched) Object.assign(watched, { chanceAt, first: null, hasMoved: false });
  }

  /** Looks after every symbol until `signal` aborts. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      for (const watched of this.#watched) this.#look(watched, signal);
      await pauseFor(LOOK_MS, signal);
    }
  }

  #look(watched: Watched, signal: AbortSignal): void {
    const now = this.#options.clock.monotonic();
    const silentMs = now - watched.heardAt;
    // Reading by REST goes on across reconnects, until the stream itself speaks.
    if (silentMs < SILENT_MS) return;
    if (watched.isAsking || now - watched.askedAt < this.#pollMs) return;
    if (!watched.isSilent) {
      const { symbol } = watched.instrument.ref;
      this.#options.log.warn({ symbol, silentMs: Math.round(silentMs) }, "the book's stream is silent, reading by REST");
      watched.isSilent = true;
    }
    void this.#ask(watched, signal);
  }

  async #ask(watched: Watched, signal: AbortSignal): Promise<void> {
    const { clock, exchange, log, onBook, onDead } = this.#options;
    const { symbol } = watched.instrument.ref;
    Object.assign(watched, { isAsking: true, askedAt: clock.monotonic() });
    try {
      const book = await withContext(newContext("market", "read"), () => exchange.fetchOrderBook(symbol));
      // The stream's own book is newer when one came meanwhile.
      if (signal.aborted || !watched.isSilent) return;
      onBook(watched.instrument, book);
      const best = `${book.bids[0]?.[0]} ${book.asks[0]?.[0]}`;
      watched.first ??= best;
      watched.hasMoved ||= best !== watched.first;
      if (!watched.hasMoved || clock.monotonic() - watched.chanceAt < DEAD_MS) return;
      watched.hasMoved = false;
      onDead(`the book of ${symbol} moves, but its stream is silent`);
    } catch (error) {
      log.warn({ symbol, error: messageOf(error) }, "the book could not be read by REST either");
    } finally {
      watched.isAsking = false;
    }
  }
}

/** Each second, or as often as the exchange's limits leave room for: 60 requests a minute are soon gone. */
function pollMsOf({ chargesOf, limits }: Quirks, symbols: number): number {
  const costs = chargesOf("depth", "GET", {});
  const needed = limits.map(({ limit, name, windowMs }) => ((costs[name] ?? 0) * symbols * windowMs) / (limit * SHARE));
  return Math.max(POLL_MS, ...needed);
}
