// Backpack's WebSocket streams: subscriptions, signed private ones, and what the exchange publishes to each.

import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import type { RawData, WebSocket } from "ws";
import { z } from "zod";
import type { Lots } from "../../core/units.ts";
import { positionOf } from "../accounts.ts";
import { INTERVALS_MS } from "../candles.ts";
import type { DialectSocket } from "../dialect.ts";
import type { Fact } from "../exchange-facts.ts";
import type { Publication, SimulatedExchange } from "../simulated-exchange.ts";
import type { SocketTap } from "../socket-tap.ts";
import {
  acceptedEvent,
  bookTickerEvent,
  closedEvent,
  depthEvent,
  fillEvent,
  klineEvent,
  markPriceEvent,
  positionEvent,
  tickerEvent,
  tradeEvent,
} from "./events.ts";
import { signatureRefusal } from "./signature.ts";
import type { Keyring } from "./signer.ts";
import { tickerView } from "./views.ts";

const PUBLIC_KINDS = new Set(["depth", "bookTicker", "ticker", "trade", "markPrice"]);
const PRIVATE_KINDS = new Set(["account.orderUpdate", "account.positionUpdate"]);
/** Tickers, mark prices and candles are told at most this often per instrument. */
const TICKER_MS = 250;

const messageSchema = z.object({
  method: z.enum(["SUBSCRIBE", "UNSUBSCRIBE"]),
  params: z.array(z.string()).max(1_000),
  signature: z.tuple([z.string(), z.string(), z.coerce.string(), z.coerce.string()]).optional(),
});

interface Connection {
  readonly socket: WebSocket;
  readonly topics: Set<string>;
  /** The account of each private topic. */
  readonly accounts: Map<string, string>;
}

export class BackpackSocket implements DialectSocket {
  readonly #exchange: SimulatedExchange;
  readonly #keyring: Keyring;
  readonly #tap: SocketTap;
  readonly #connections = new Set<Connection>();
  /** Signed lots that the last position event of an account and instrument told. */
  readonly #positions = new Map<string, Lots>();
  readonly #tickerAt = new Map<string, number>();

  constructor(exchange: SimulatedExchange, keyring: Keyring, tap: SocketTap) {
    this.#exchange = exchange;
    this.#keyring = keyring;
    this.#tap = tap;
    for (const account of exchange.state.accounts.values())
      for (const [symbol, position] of account.positions) this.#positions.set(`${account.name} ${symbol}`, position.quantity);
    exchange.onPublished((publication) => this.#publish(publication));
  }

  /** Number of live connections. */
  get size(): number {
    return this.#tap.size;
  }

  upgrade(request: IncomingMessage, stream: Duplex, head: Buffer): void {
    this.#tap.accept(request, stream, head, (socket) => this.#accept(socket));
  }

  disconnect(refuseMs: number): number {
    return this.#tap.disconnect(refuseMs);
  }

  /** Repeats every subscribed book, so that a quiet market is not taken for a dead stream. */
  heartbeat(): void {
    const isWatched = (symbol: string): boolean =>
      ["depth", "bookTicker", "ticker", "markPrice"].some((kind) => this.#hasTopic(`${kind}.${symbol}`));
    for (const symbol of this.#exchange.state.markets.keys()) if (isWatched(symbol)) this.#exchange.heartbeat(symbol);
  }

  close(): void {
    this.#tap.close();
  }

  #accept(socket: WebSocket): void {
    const connection: Connection = { socket, topics: new Set(), accounts: new Map() };
    this.#connections.add(connection);
    socket.on("message", (data) => this.#receive(connection, data));
    socket.on("close", () => this.#connections.delete(connection));
  }

  #receive(connection: Connection, data: RawData): void {
    const message = parseMessage(data);
    if (message === null) return this.#refuse(connection, 4001, "Invalid request");
    if (message.method === "UNSUBSCRIBE") {
      for (const topic of message.params) {
        connection.topics.delete(topic);
        connection.accounts.delete(topic);
      }
      return;
    }
    for (const topic of message.params) {
      if (!this.#isTopic(topic)) return this.#refuse(connection, 4006, "Invalid stream");
      if (topic.startsWith("account.")) {
        const account = this.#signerOf(message.signature);
        if (account === null) return this.#refuse(connection, 4003, "Invalid signature");
        connection.accounts.set(topic, account);
      }
      connection.topics.add(topic);
    }
  }

  #isTopic(topic: string): boolean {
    const parts = topic.split(".");
    const isListed = (symbol: string | undefined): boolean => symbol !== undefined && this.#exchange.state.markets.has(symbol);
    if (parts[0] === "account")
      return PRIVATE_KINDS.has(parts.slice(0, 2).join(".")) && (parts.length === 2 || (parts.length === 3 && isListed(parts[2])));
    if (parts[0] === "kline") return parts.length === 3 && INTERVALS_MS[parts[1] ?? ""] !== undefined && isListed(parts[2]);
    return parts.length === 2 && PUBLIC_KINDS.has(parts[0] ?? "") && isListed(parts[1]);
  }

  #signerOf(signature: readonly [string, string, string, string] | undefined): string | null {
    if (signature === undefined) return null;
    const [apiKey, text, timestamp, window] = signature;
    const owner = this.#keyring.find(apiKey);
    const signed = { apiKey, signature: text, timestamp, window, instruction: "subscribe", parameters: {} };
    const refusal = signatureRefusal(signed, owner?.key ?? null, this.#exchange.clock.now());
    return refusal === null ? (owner?.account ?? null) : null;
  }

  #refuse({ socket }: Connection, code: number, message: string): void {
    this.#tap.send(socket, "reply", JSON.stringify({ id: null, error: { code, message } }));
  }

  #hasTopic(topic: string): boolean {
    for (const { topics } of this.#connections) if (topics.has(topic)) return true;
    return false;
  }

  // ---- what is published --------------------------------------------------------------------------------------------

  #publish({ at, facts, prints, depth }: Publication): void {
    if (this.#connections.size === 0 && facts.length === 0) return;
    for (const fact of facts) this.#publishFact(fact);
    this.#publishPositions(facts, at);
    for (const print of prints) this.#send(`trade.${print.symbol}`, () => tradeEvent(this.#listing(print.symbol), print));
    for (const update of depth) {
      const { symbol, updateId } = update;
      this.#send(`depth.${symbol}`, () => depthEvent(this.#listing(symbol), update, at));
      this.#send(`bookTicker.${symbol}`, () => bookTickerEvent(this.#exchange.state.market(symbol), updateId, at));
      this.#publishTicker(symbol, at);
    }
  }

  #publishFact(fact: Fact): void {
    if (fact.type !== "accepted" && fact.type !== "fill" && fact.type !== "closed") return;
    const order = this.#exchange.findOrder(fact.account, fact.type === "accepted" ? fact.id : fact.orderId);
    if (order === undefined) return;
    const listing = this.#listing(order.request.symbol);
    this.#sendPrivate("account.orderUpdate", fact.account, listing.id, () => {
      if (fact.type === "accepted") return acceptedEvent(listing, order);
      return fact.type === "fill" ? fillEvent(listing, order, fact) : closedEvent(listing, order, fact);
    });
  }

  /** One event per position that the fills of a command changed. */
  #publishPositions(facts: readonly Fact[], at: number): void {
    const changed = new Map<string, { account: string; symbol: string }>();
    for (const fact of facts) if (fact.type === "fill") changed.set(`${fact.account} ${fact.symbol}`, fact);
    for (const [key, { account: name, symbol }] of changed) {
      if (this.#listing(symbol).instrument.kind !== "perp") continue;
      const account = this.#exchange.state.account(name);
      const before = this.#positions.get(key) ?? (0 as Lots);
      this.#positions.set(key, positionOf(account, symbol).quantity);
      this.#sendPrivate("account.positionUpdate", name, symbol, () => positionEvent(this.#exchange.state, account, symbol, before, at));
    }
  }

  #publishTicker(symbol: string, at: number): void {
    if (at - (this.#tickerAt.get(symbol) ?? 0) < TICKER_MS) return;
    this.#tickerAt.set(symbol, at);
    const candles = this.#exchange.candles.get(symbol);
    this.#send(`ticker.${symbol}`, () => tickerEvent(tickerView(this.#exchange.state.market(symbol), candles?.day(at) ?? null), at));
    this.#send(`markPrice.${symbol}`, () => {
      return markPriceEvent(this.#exchange.state.market(symbol), this.#exchange.fundingForecast(symbol), at);
    });
    for (const [name, intervalMs] of Object.entries(INTERVALS_MS)) {
      this.#send(`kline.${name}.${symbol}`, () => {
        const candle = candles?.list(intervalMs, at, at, 1)[0];
        return candle === undefined ? null : klineEvent(this.#listing(symbol), candle, intervalMs, at);
      });
    }
  }

  #listing(symbol: string) {
    return this.#exchange.state.market(symbol).listing;
  }

  /** Makes the message once, if anyone wants it. */
  #send(topic: string, make: () => object | null): void {
    let text: string | null = null;
    for (const connection of this.#connections) {
      if (!connection.topics.has(topic)) continue;
      if (text === null) {
        const data = make();
        if (data === null) return;
        text = JSON.stringify({ stream: topic, data });
      }
      this.#tap.send(connection.socket, topic, text);
    }
  }

  /** To the account's subscribers of all instruments (`stream` then ends with the symbol as on Backpack) and of this one. */
  #sendPrivate(kind: string, account: string, symbol: string, make: () => object): void {
    let text: string | null = null;
    for (const { socket, accounts } of this.#connections) {
      for (const topic of [kind, `${kind}.${symbol}`]) {
        if (accounts.get(topic) !== account) continue;
        text ??= JSON.stringify({ stream: `${kind}.${symbol}`, data: make() });
        this.#tap.send(socket, `${kind}.${symbol}`, text, account);
      }
    }
  }
}

function parseMessage(data: RawData): z.infer<typeof messageSchema> | null {
  try {
    const parsed = messageSchema.safeParse(JSON.parse(String(data)));
    return parsed.success ? parsed.data : null;
  } catch {
    return null;
  }
}
