// Lighter's private streams: every raw order and trade told as it comes, and waits for what becomes of an order.

import { setTimeout as wait } from "node:timers/promises";
import type { CcxtClient, CcxtOrder, Params } from "../ccxt-loader.ts";
import type { StreamSink } from "../quirks.ts";
import { field, list, text } from "./fields.ts";
import { epochMs, statusIn } from "./lighter-answers.ts";
import type { Lighter, LighterClass, LighterRest, OrderWatch } from "./lighter-ccxt.ts";

export function lighterStreams(Base: LighterClass<LighterRest>, sink: StreamSink): LighterClass<Lighter> {
  return class Streams extends Base implements Lighter {
    readonly #watches = new Map<(order: CcxtOrder) => boolean, (order: CcxtOrder) => void>();
    /** The connection of the private streams, and which of them are subscribed on it. */
    #client: CcxtClient | null = null;
    readonly #subscribed = new Set<string>();

    listenFor(fits: (order: CcxtOrder) => boolean): OrderWatch {
      const told = new Promise<CcxtOrder>((resolve) => this.#watches.set(fits, resolve));
      const within = async (ms: number): Promise<CcxtOrder | null> => {
        if (!this.#isFollowing()) return null;
        const stop = new AbortController();
        const late = wait(ms, null, { signal: stop.signal }).catch(() => null);
        return await Promise.race([told, late]).finally(() => stop.abort());
      };
      return { within, stop: () => void this.#watches.delete(fits) };
    }

    #isFollowing(): boolean {
      const client = this.#client;
      return client !== null && client.error === undefined && this.clients[client.url] === client && this.#subscribed.has("orders");
    }

    /** Public and private channels share one socket: the private ones stand when they are subscribed, not when it does. */
    #heard(client: CcxtClient, message: unknown, name: "orders" | "trades"): void {
      if (this.#client !== client) this.#subscribed.clear();
      this.#client = client;
      if (!text(message, "type")?.startsWith("subscribed/") || this.#subscribed.has(name)) return;
      this.#subscribed.add(name);
      if (this.#subscribed.size === 2) sink.onPrivateUp();
    }

    /** ccxt's own cache hands out merged orders; every one is told as it comes. */
    override handleOrders(client: CcxtClient, message: unknown): unknown {
      this.#heard(client, message, "orders");
      for (const raw of rowsOf(message, "orders")) {
        const order = this.parseOrder(raw);
        for (const [fits, resolve] of this.#watches) if (fits(order)) resolve(order);
        const status = statusIn(raw);
        if (status === null || status === "rejected" || order.id === undefined || order.symbol === undefined) continue;
        sink.onOrder({
          ...{ symbol: order.symbol, exchangeOrderId: order.id, clientOrderId: order.clientOrderId ?? null },
          ...{ side: order.side === "sell" ? "sell" : "buy", status, filled: text(raw, "filled_base_amount") ?? "0" },
          at: epochMs(text(raw, "updated_at")) ?? 0,
          fill: null,
        });
      }
      return super.handleOrders(client, message);
    }

    override handleMyTrades(client: CcxtClient, message: unknown): unknown {
      this.#heard(client, message, "trades");
      for (const raw of rowsOf(message, "trades")) sink.onTrade(this.parseTrade({ ...(raw as Params), account_index: this.accountIndex }));
      return super.handleMyTrades(client, message);
    }
  };
}

/** Rows of a message that has lists by market. */
function rowsOf(message: unknown, name: string): unknown[] {
  const byMarket = field(message, name);
  return typeof byMarket === "object" && byMarket !== null ? Object.keys(byMarket).flatMap((id) => list(byMarket, id)) : [];
}
