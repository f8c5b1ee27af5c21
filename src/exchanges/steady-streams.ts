// A ccxt exchange whose sockets are all known to us and whose books keep trying until their snapshot fits.

import type { Logger } from "pino";
import type { CcxtBook, CcxtClass, CcxtClient } from "./ccxt-loader.ts";
import { messageOf } from "./outcome.ts";

/** Pauses between snapshots of a book that does not connect with its stream yet. */
const SNAPSHOT_PAUSE_MS = 250;
const SNAPSHOT_PAUSE_MAX_MS = 4_000;
const BACKLOG_MAX = 5_000;

export interface SteadyOptions {
  readonly log: Logger;
  /** Every WebSocket client ever made, so that none outlives its session unseen. */
  readonly clients: Set<CcxtClient>;
  readonly onConnected: (url: string) => void;
}

/** Derives the class whose streams `StreamSession` supervises. */
export function steadyStreams(Base: CcxtClass, { clients, log, onConnected }: SteadyOptions): CcxtClass {
  return class SteadyStreams extends Base {
    override client(url: string): CcxtClient {
      const client = super.client(url);
      clients.add(client);
      return client;
    }

    override onConnected(client: CcxtClient): void {
      super.onConnected(client);
      onConnected(client.url);
    }

    /**
     * ccxt gives up after three snapshots and forgets the connection while its socket lives on; a refused permit would
     * take the private stream down with it. This one tries as long as the connection stands.
     */
    override async loadOrderBook(client: CcxtClient, messageHash: string, symbol: string, limit?: number): Promise<void> {
      const book = this.orderbooks[symbol];
      let pauseMs = SNAPSHOT_PAUSE_MS;
      while (book !== undefined && client.error === undefined && this.orderbooks[symbol] === book) {
        try {
          if (await this.joinSnapshot(book, symbol, limit)) {
            client.resolve(book, messageHash);
            return;
          }
        } catch (error) {
          log.warn({ symbol, error: messageOf(error) }, "no snapshot of the book yet");
        }
        await new Promise((resolve) => setTimeout(resolve, pauseMs));
        pauseMs = Math.min(pauseMs * 2, SNAPSHOT_PAUSE_MAX_MS);
      }
    }

    /** True when a fresh snapshot and the messages since fit together. */
    private async joinSnapshot(book: CcxtBook, symbol: string, limit: number | undefined): Promise<boolean> {
      const snapshot = await this.fetchOrderBook(symbol, limit);
      const from = this.getCacheIndex(snapshot, book.cache);
      if (from < 0) {
        if (book.cache.length > BACKLOG_MAX) book.cache.length = 0;
        return false;
      }
      const backlog = book.cache.slice(from);
      book.cache.length = 0;
      book.reset(snapshot);
      this.handleDeltas(book, backlog);
      return true;
    }
  };
}
