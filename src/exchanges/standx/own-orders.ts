// What StandX's stream says about our orders, and the fills that are read when one of them has filled.

import type { CcxtTrade } from "../ccxt-loader.ts";
import { text } from "../quirks/fields.ts";
import type { StreamSink } from "../quirks.ts";
import { newContext, withContext } from "../request-context.ts";
import { STATUSES, timeOf } from "./rows.ts";
import type { CcxtBase, Standx } from "./shape.ts";

/** Fills are read from so long before their order's own time on: the two clocks are not one. */
const FILLS_BEFORE_MS = 10_000;
/** Identities of fills that are remembered. */
const TOLD_MAX = 10_000;

export class OwnOrders {
  readonly #exchange: CcxtBase & Standx;
  readonly #sink: StreamSink;
  /** Fills that were handed on. */
  readonly #told = new Set<string>();
  /** How much of an open order was filled when its fills were last read, by its id. */
  readonly #filled = new Map<string, string>();

  constructor(exchange: CcxtBase & Standx, sink: StreamSink) {
    this.#exchange = exchange;
    this.#sink = sink;
  }

  /** Takes one message. Rejects when the fills that it speaks of could not be read. */
  async take(data: unknown): Promise<void> {
    const symbol = this.#exchange.ownSymbol(text(data, "symbol"));
    const exchangeOrderId = text(data, "id");
    const status = STATUSES[text(data, "status") ?? ""];
    if (symbol === undefined || exchangeOrderId === null || status === undefined) return;
    const now = this.#exchange.milliseconds();
    const filled = text(data, "fill_qty") ?? "0";
    this.#sink.onOrder({
      ...{ symbol, exchangeOrderId, filled, fill: null, clientOrderId: text(data, "cl_ord_id") },
      side: text(data, "side") === "sell" ? "sell" : "buy",
      status: status === "rejected" ? "canceled" : status,
      at: timeOf(data, "updated_at") ?? now,
    });
    const hasFilled = Number(filled) > 0 && this.#filled.get(exchangeOrderId) !== filled;
    if (status === "open") this.#filled.set(exchangeOrderId, filled);
    else this.#filled.delete(exchangeOrderId);
    if (hasFilled) await this.#tellFills(symbol, exchangeOrderId, (timeOf(data, "created_at") ?? now) - FILLS_BEFORE_MS);
  }

  /** The channel of fills is not documented: they are read once an order says that it has filled. */
  async #tellFills(symbol: string, order: string, from: number): Promise<void> {
    const to = this.#exchange.milliseconds() + FILLS_BEFORE_MS;
    const read = (): Promise<readonly CcxtTrade[]> => this.#exchange.tradesBetween(symbol, from, to);
    for (const trade of await withContext(newContext("reconcile", "read"), read)) {
      const key = `${trade.id}/${trade.order}`;
      if (trade.order !== order || this.#told.has(key)) continue;
      if (this.#told.size >= TOLD_MAX) this.#told.clear();
      this.#told.add(key);
      this.#sink.onTrade(trade);
    }
  }
}
