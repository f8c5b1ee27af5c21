// Paradex's streams: signing in on the socket, the account's own channels that ccxt leaves out, and cancels that they confirm.

import { EventEmitter, once } from "node:events";
import type { CcxtClass, CcxtClient, CcxtOrder, Params } from "../ccxt-loader.ts";
import type { OrderName, StreamSink } from "../quirks.ts";
import { field, text } from "./fields.ts";
import { orderUpdateOf, statusIn } from "./paradex-answers.ts";
import { type CcxtParadexClass, type ParadexRest, paradexRest } from "./paradex-rest.ts";

const OWN_CHANNELS = ["orders.ALL", "fills.ALL"];
/** The exchange answers requests of a stream at once; one that does not is as good as gone. */
const REPLY_MS = 10_000;
/** A cancel is answered when it is queued; the stream tells soon after that the order is closed. */
const CLOSING_MS = 1_000;
/** A cancel of which no more is known than that it is queued. */
const QUEUED: CcxtOrder = { info: {} };

interface Client extends CcxtClient {
  future(messageHash: string): Promise<unknown>;
  reject(error: Error, messageHash: string): void;
}

/** What we add to it. */
export interface Paradex extends ParadexRest {
  /** Asks for a cancel (who is signed in already) and, while the private stream stands, waits for a moment for the order to be closed. */
  cancelOwn(name: OrderName): Promise<CcxtOrder>;
  /** Subscribes to the account's own channels and stays until their connection ends, with a rejection. */
  watchOwn(): Promise<never>;
  watchMark(symbol: string): Promise<unknown>;
}

/** What the wait for a symbol's next mark price is called. */
function markHash(symbol: string): string {
  return `mark:${symbol}`;
}

/** What an order that is being canceled is called: by our id while the exchange's is not known. */
function closingName(exchangeOrderId: string | null, clientOrderId: string | null): string {
  return exchangeOrderId === null ? `client:${clientOrderId}` : `order:${exchangeOrderId}`;
}

/** Requests over the socket, and the channels that are subscribed by them. */
function subscribing(Base: CcxtParadexClass, sink: StreamSink) {
  return class Subscribing extends paradexRest(Base) {
    /** The connection whose own channels are subscribed. */
    protected listening: CcxtClient | null = null;

    async watchOwn(): Promise<never> {
      const url = this.socketUrl();
      const bearer = await this.authenticateRest();
      const client = this.client(url) as Client;
      await this.ask(url, "auth", { bearer }).catch((error: unknown) => {
        this.refuseToken(bearer);
        throw error;
      });
      await Promise.all(OWN_CHANNELS.map((channel) => this.ask(url, "subscribe", { channel })));
      // A connection that came in place of the one that signed in would stay silent for ever.
      if (this.clients[url] !== client) throw new Error("the connection was replaced while it signed in");
      this.listening = client;
      sink.onPrivateUp();
      await client.future("own channels");
      throw new Error("the own channels ended");
    }

    /** One market's channel. ccxt asks for the channel of all markets once per symbol, and the second time is refused. */
    async watchMark(symbol: string): Promise<unknown> {
      const channel = `markets_summary.${this.market(symbol).id}`;
      const request = { jsonrpc: "2.0", method: "subscribe", params: { channel } };
      return await this.watch(this.socketUrl(), markHash(symbol), request, channel);
    }

    protected onReply(client: Client, id: string, message: unknown): void {
      const error = field(message, "error");
      if (error === undefined) client.resolve(true, `reply:${id}`);
      else client.reject(new Error(`Paradex refused: ${text(error, "message") ?? ""} ${text(error, "data") ?? ""}`), `reply:${id}`);
    }

    /** A request over the socket and its answer. Throws when it is refused or not answered in time. */
    private async ask(url: string, method: string, params: Params): Promise<void> {
      const id = this.requestId();
      const reply = this.watch(url, `reply:${id}`, { jsonrpc: "2.0", id, method, params }, `reply:${id}`);
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise<never>((_, reject) => {
        timer = setTimeout(() => reject(new Error(`no answer to ${method} within ${REPLY_MS} ms`)), REPLY_MS);
      });
      await Promise.race([reply, late]).finally(() => clearTimeout(timer));
    }

    private socketUrl(): string {
      return text(this.urls.api, "ws") ?? "";
    }
  };
}

export function extendParadex(Base: CcxtClass, sink: StreamSink): CcxtClass {
  return class ExtendedParadex extends subscribing(Base as CcxtParadexClass, sink) implements Paradex {
    readonly #closed = new EventEmitter();

    async cancelOwn({ clientOrderId, exchangeOrderId }: OrderName): Promise<CcxtOrder> {
      const stop = new AbortController();
      const name = closingName(exchangeOrderId, clientOrderId);
      const told = once(this.#closed, name, { signal: stop.signal }).then(
        ([order]) => order as CcxtOrder,
        () => QUEUED,
      );
      try {
        if (exchangeOrderId === null) await this.privateDeleteOrdersByClientIdClientId({ client_id: clientOrderId });
        else await this.privateDeleteOrdersOrderId({ order_id: exchangeOrderId });
        if (this.listening === null || this.clients[this.listening.url] !== this.listening) return QUEUED;
        const timer = setTimeout(() => stop.abort(), CLOSING_MS);
        return await told.finally(() => clearTimeout(timer));
      } finally {
        stop.abort();
      }
    }

    /** ccxt takes any answer for the one to `auth`, knows no fills and merges orders. */
    override handleMessage(client: CcxtClient, message: unknown): void {
      const id = text(message, "id");
      if (id !== null && text(message, "method") === null) return this.onReply(client as Client, id, message);
      const params = field(message, "params");
      const [channel] = (text(params, "channel") ?? "").split(".");
      const data = field(params, "data");
      if (channel === "fills") return sink.onTrade(this.parseTrade(data));
      if (channel === "orders") return this.onOrder(data);
      if (channel === "markets_summary") return this.onSummary(client, data);
      super.handleMessage(client, message);
    }

    private onOrder(data: unknown): void {
      const update = orderUpdateOf(data, this.safeSymbol(text(data, "market") ?? undefined) ?? "");
      if (update === null) return;
      sink.onOrder(update);
      if (statusIn(data) === "open") return;
      const order = this.parseOrder(data);
      this.#closed.emit(closingName(update.exchangeOrderId, null), order);
      this.#closed.emit(closingName(null, update.clientOrderId), order);
    }

    private onSummary(client: CcxtClient, data: unknown): void {
      const symbol = this.safeSymbol(text(data, "symbol") ?? undefined) ?? "";
      const price = text(data, "mark_price");
      if (price === null) return;
      sink.onMark(symbol, price);
      client.resolve(price, markHash(symbol));
    }
  };
}
