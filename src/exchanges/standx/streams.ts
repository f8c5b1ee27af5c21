// StandX's market stream: signing in on the socket, best prices, marks and last prices from one channel, own orders from another.

import type { CcxtBook, CcxtClass, CcxtClient, CcxtTrade } from "../ccxt-loader.ts";
import { messageOf } from "../outcome.ts";
import { field, list, text } from "../quirks/fields.ts";
import type { StreamSink } from "../quirks.ts";
import { OwnOrders } from "./own-orders.ts";
import { timeOf } from "./rows.ts";
import type { CcxtBase, Standx } from "./shape.ts";

const AUTH = "standx auth";
const END = "standx private end";

interface Client extends CcxtClient {
  future(messageHash: string): Promise<unknown>;
  reject(error: Error, messageHash: string): void;
}

/** What our quirks call. */
export interface StandxStreams extends Standx {
  /** Signs in, follows the own orders and stays until the connection ends, with a rejection. */
  watchOwn(): Promise<never>;
  watchMark(symbol: string): Promise<unknown>;
}

export function extendStandx(Given: CcxtClass, sink: StreamSink): CcxtClass {
  const Base = Given as unknown as new (config?: unknown) => CcxtBase & Standx;
  return class StreamingStandx extends Base implements StandxStreams {
    readonly #own = new OwnOrders(this, sink);

    async watchOwn(): Promise<never> {
      const url = urlOf(this);
      const client = this.client(url) as Client;
      await this.watch(url, AUTH, { auth: { token: this.token, streams: [{ channel: "order" }] } }, AUTH);
      sink.onPrivateUp();
      await client.future(END);
      throw new Error("the own channel ended");
    }

    /** The best prices of the price channel: whether the book channel's messages are whole books or changes is not documented. */
    override async watchOrderBook(symbol: string): Promise<CcxtBook> {
      return Object.assign(this.orderBook(), bestIn(await watchPrice(this, symbol)));
    }

    override async watchTrades(symbol: string): Promise<readonly CcxtTrade[]> {
      const data = await watchPrice(this, symbol);
      const [price, timestamp] = [text(data, "last_price"), timeOf(data, "time")];
      return price === null ? [] : [{ symbol, price, ...(timestamp === undefined ? {} : { timestamp }), info: {} }];
    }

    async watchMark(symbol: string): Promise<unknown> {
      const price = text(await watchPrice(this, symbol), "mark_price");
      if (price !== null) sink.onMark(symbol, price);
      return price;
    }

    override handleMessage(client: CcxtClient, message: unknown): void {
      const data = field(message, "data");
      const channel = text(message, "channel");
      if (channel === "auth") return onAuth(client as Client, data);
      if (channel === "price") return client.resolve(data, `price:${text(data, "symbol")}`);
      // The session dials again where fills could not be read, and whoever reads it asks the history.
      if (channel === "order")
        return void this.#own.take(data).catch((error: unknown) => client.reset(new Error(`own fills: ${messageOf(error)}`)));
      const code = text(message, "code");
      if (code !== null && code !== "0" && code !== "200") client.reset(new Error(`StandX: ${code} ${text(message, "message") ?? ""}`));
    }
  } as unknown as CcxtClass;
}

function urlOf(exchange: CcxtBase): string {
  return text(exchange.urls.api, "ws") ?? "";
}

function watchPrice(exchange: CcxtBase, symbol: string): Promise<unknown> {
  const channel = { channel: "price", symbol: exchange.market(symbol).id };
  const hash = `price:${channel.symbol}`;
  return exchange.watch(urlOf(exchange), hash, { subscribe: channel }, hash);
}

function bestIn(data: unknown): Pick<CcxtBook, "bids" | "asks" | "timestamp"> {
  const [bid, ask] = list(data, "spread").map(Number);
  const side = (price: number | undefined): number[][] => (price === undefined || !(price > 0) ? [] : [[price]]);
  const timestamp = timeOf(data, "time");
  return { bids: side(bid), asks: side(ask), ...(timestamp === undefined ? {} : { timestamp }) };
}

function onAuth(client: Client, data: unknown): void {
  const code = text(data, "code");
  if (code === "200" || code === "0") client.resolve(true, AUTH);
  else client.reject(new Error(`StandX refused to sign in: ${code} ${text(data, "msg") ?? ""}`), AUTH);
}
