// Aster's WebSocket streams: raw and combined connections, market streams, and user data behind listen keys.

import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import type { RawData, WebSocket } from "ws";
import { z } from "zod";
import type { DialectSocket } from "../dialect.ts";
import type { Publication, SimulatedExchange } from "../simulated-exchange.ts";
import type { SocketTap } from "../socket-tap.ts";
import type { ListenKey, ListenKeys } from "./listen-keys.ts";
import type { MarketKind } from "./listings.ts";
import { aggTradeEvent, bookTickerEvent, depthEvent, klineEvent, markPriceEvent, partialDepthEvent, tickerEvent } from "./stream-events.ts";
import { type Topic, topicNamed } from "./topics.ts";
import { listenKeyExpired } from "./user-events.ts";
import type { UserStreams } from "./user-streams.ts";

/** Documented: messages that a client may send per second, streams of one connection, and how long a connection lives. */
const MESSAGES_PER_SECOND = 10;
const STREAMS_MAX = 200;
const LIFE_MS = 86_400_000;
const POLICY_VIOLATION = 1008;
const GOING_AWAY = 1001;
/** Tickers, mark prices and candles are told at most this often per instrument. */
const TICKER_MS = 250;
/** Path of the futures streams: clients of this interface know them by the word in their address. */
export const FUTURES_PATH = "/fstream";

const messageSchema = z.object({
  method: z.enum(["SUBSCRIBE", "UNSUBSCRIBE", "LIST_SUBSCRIPTIONS"]),
  params: z.array(z.string()).max(1_000).default([]),
  id: z.union([z.number(), z.string()]).nullish(),
});

interface Connection {
  readonly socket: WebSocket;
  readonly kind: MarketKind;
  /** Combined connections wrap each event with the name of its stream. */
  readonly isCombined: boolean;
  readonly topics: Map<string, Topic>;
  readonly keys: Set<string>;
  readonly openedAt: number;
  /** When the messages of the last second came, monotonic ms. */
  received: number[];
}

export interface AsterSocketOptions {
  readonly exchange: SimulatedExchange;
  readonly tap: SocketTap;
  readonly keys: ListenKeys;
  readonly users: UserStreams;
}

export class AsterSocket implements DialectSocket {
  readonly #exchange: SimulatedExchange;
  readonly #tap: SocketTap;
  readonly #keys: ListenKeys;
  readonly #connections = new Set<Connection>();
  readonly #tickerAt = new Map<string, number>();

  constructor({ exchange, tap, keys, users }: AsterSocketOptions) {
    this.#exchange = exchange;
    this.#tap = tap;
    this.#keys = keys;
    exchange.onPublished((publication) => this.#publish(publication));
    users.onEvent((account, kind, event) => this.#sendUser(keys.ofAccount(account, kind), event));
  }

  get size(): number {
    return this.#tap.size;
  }

  /** `/fstream/…` is futures, anything else spot; `…/stream` is combined; the last part may be a stream's name or a listen key. */
  upgrade(request: IncomingMessage, stream: Duplex, head: Buffer): void {
    const url = new URL(request.url ?? "/", "ws://127.0.0.1");
    const parts = url.pathname.split("/").filter((part) => part !== "");
    const kind = url.pathname.startsWith(FUTURES_PATH) ? "perp" : "spot";
    const isCombined = parts.includes("stream");
    const named = (url.searchParams.get("streams") ?? "").split("/");
    const names = [...parts.slice(1), ...named, url.searchParams.get("listenKey") ?? ""];
    this.#tap.accept(request, stream, head, (socket) => {
      const openedAt = this.#exchange.clock.monotonic();
      const connection: Connection = { socket, kind, isCombined, topics: new Map(), keys: new Set(), openedAt, received: [] };
      this.#connections.add(connection);
      // Parts of the path that name nothing mean nothing, as on the real servers.
      for (const name of names) this.#subscribe(connection, name);
      socket.on("message", (data) => this.#receive(connection, data));
      socket.on("close", () => this.#connections.delete(connection));
    });
  }

  disconnect(refuseMs: number): number {
    return this.#tap.disconnect(refuseMs);
  }

  /** Repeats watched books, ends connections and listen keys whose time is over. */
  heartbeat(): void {
    const now = this.#exchange.clock.monotonic();
    for (const { socket, openedAt } of this.#connections) if (now - openedAt > LIFE_MS) socket.close(GOING_AWAY);
    for (const key of this.#keys.takeExpired()) this.expire(key);
    const watched = new Set<string>();
    for (const { topics } of this.#connections)
      for (const { market, type } of topics.values()) if (type !== "aggTrade" && type !== "kline") watched.add(market.listing.id);
    for (const symbol of watched) this.#exchange.heartbeat(symbol);
  }

  close(): void {
    this.#tap.close();
  }

  /** Tells the streams of a listen key that it is over; nothing follows on it. */
  expire(key: ListenKey): void {
    this.#sendUser(key, listenKeyExpired(this.#exchange.clock.now()));
    for (const { keys } of this.#connections) keys.delete(key.key);
  }

  #receive(connection: Connection, data: RawData): void {
    const now = this.#exchange.clock.monotonic();
    connection.received = [...connection.received.filter((at) => at > now - 1_000), now];
    if (connection.received.length > MESSAGES_PER_SECOND) return connection.socket.close(POLICY_VIOLATION, "Too many requests");
    const message = parseMessage(data);
    if (message === null) return this.#reply(connection, { error: { code: 2, msg: "Invalid request: unknown message" }, id: null });
    const { method, params, id = null } = message;
    if (method === "LIST_SUBSCRIPTIONS") return this.#reply(connection, { result: [...connection.topics.keys()], id });
    for (const name of params) {
      if (method === "UNSUBSCRIBE") {
        connection.topics.delete(name);
        connection.keys.delete(name);
      } else if (connection.topics.size >= STREAMS_MAX || !this.#subscribe(connection, name))
        return this.#reply(connection, { error: { code: 2, msg: "Invalid request: invalid stream" }, id });
    }
    this.#reply(connection, { result: null, id });
  }

  /** False for a name that is neither a stream nor a live listen key. */
  #subscribe({ kind, topics, keys }: Connection, name: string): boolean {
    if (name === "") return false;
    if (this.#keys.named(name)?.kind === kind) {
      keys.add(name);
      return true;
    }
    const topic = topicNamed(name, kind, this.#exchange.state.markets);
    if (topic === null) return false;
    topics.set(name, topic);
    return true;
  }

  #reply({ socket }: Connection, answer: object): void {
    this.#tap.send(socket, "reply", JSON.stringify(answer));
  }

  // ---- what is published --------------------------------------------------------------------------------------------

  #publish(publication: Publication): void {
    if (this.#connections.size === 0) return;
    const { at, prints, depth } = publication;
    const isDue = new Set(depth.map(({ symbol }) => symbol).filter((symbol) => at - (this.#tickerAt.get(symbol) ?? 0) >= TICKER_MS));
    for (const symbol of isDue) this.#tickerAt.set(symbol, at);
    const made = new Map<string, readonly string[]>();
    for (const connection of this.#connections) {
      for (const [name, topic] of connection.topics) {
        const { id } = topic.market.listing;
        const isConcerned = depth.some(({ symbol }) => symbol === id) || prints.some(({ symbol }) => symbol === id);
        if (!isConcerned) continue;
        const key = `${connection.kind} ${name}`;
        const events = made.get(key) ?? this.#eventsOf(topic, publication, isDue.has(id)).map((event) => JSON.stringify(event));
        made.set(key, events);
        for (const text of events) this.#send(connection, name, text, null);
      }
    }
  }

  /** What a publication means to a stream. */
  #eventsOf(topic: Topic, { at, prints, depth }: Publication, isTickerDue: boolean): readonly object[] {
    const { market } = topic;
    const { id } = market.listing;
    const update = depth.find(({ symbol }) => symbol === id);
    if (topic.type === "aggTrade") return prints.filter(({ symbol }) => symbol === id).map((print) => aggTradeEvent(market.listing, print));
    if (update === undefined) return [];
    if (topic.type === "depth") return [depthEvent(market.listing, update, at)];
    if (topic.type === "partialDepth") return [partialDepthEvent(market, update.updateId, topic.levels, at)];
    if (topic.type === "bookTicker") return present(bookTickerEvent(market, update.updateId, at));
    if (!isTickerDue) return [];
    if (topic.type === "markPrice") return present(markPriceEvent(market, this.#exchange.fundingForecast(id), at));
    const candles = this.#exchange.candles.get(id);
    if (topic.type === "kline") {
      const candle = candles?.list(topic.intervalMs, at, at, 1)[0];
      return candle === undefined ? [] : [klineEvent(market.listing, candle, topic.name, topic.intervalMs, at)];
    }
    return [tickerEvent(market, candles?.day(at) ?? null, this.#exchange.prints.get(id) ?? [], at)];
  }

  #sendUser(key: ListenKey | undefined, event: object): void {
    if (key === undefined) return;
    const text = JSON.stringify(event);
    for (const connection of this.#connections) if (connection.keys.has(key.key)) this.#send(connection, key.key, text, key.account);
  }

  /** `account` is whose user data it is, or null; faults then know the stream by `userData` and not by its secret key. */
  #send({ socket, isCombined }: Connection, name: string, text: string, account: string | null): void {
    const wrapped = isCombined ? `{"stream":${JSON.stringify(name)},"data":${text}}` : text;
    this.#tap.send(socket, account === null ? name : "userData", wrapped, account);
  }
}

function present(event: object | null): readonly object[] {
  return event === null ? [] : [event];
}

function parseMessage(data: RawData): z.infer<typeof messageSchema> | null {
  try {
    const parsed = messageSchema.safeParse(JSON.parse(String(data)));
    return parsed.success ? parsed.data : null;
  } catch {
    return null;
  }
}
