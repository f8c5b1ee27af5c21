// Paradex's WebSocket: JSON-RPC, public channels, and private ones for as long as the bearer token of the connection lives.

import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import type { RawData, WebSocket } from "ws";
import type { DialectSocket } from "../dialect.ts";
import type { DepthUpdate, Publication, SimulatedExchange } from "../simulated-exchange.ts";
import type { SocketTap } from "../socket-tap.ts";
import type { ParadexAccount } from "./accounts.ts";
import type { Desk } from "./desk.ts";
import { ParadexError } from "./errors.ts";
import { type PrivateEvent, privateEvents } from "./events.ts";
import { fundingPoints } from "./funding.ts";
import { summaryOf } from "./public-rest.ts";
import { bboView, bookSnapshot, fundingDataView, tradeView } from "./public-views.ts";
import {
  answerText,
  bookChannel,
  kindOf,
  messageText,
  parseRequest,
  RPC_ERRORS,
  type RpcError,
  type RpcRequest,
  SNAPSHOT_DEPTH,
} from "./rpc.ts";

/** A book's snapshots come at most this often. */
const SNAPSHOT_MS = 100;
/** Tickers are told at most this often per market. */
const SUMMARY_MS = 250;
/** Documented: a ping every 55 s that wants its pong within 5 s. */
const PING_MS = 55_000;
const PONG_MS = 5_000;
/** Close code of a connection whose token is over. */
const POLICY_VIOLATION = 1008;

interface Connection {
  readonly socket: WebSocket;
  readonly channels: Set<string>;
  /** Who signed in, and until when (epoch ms). */
  login: { readonly account: ParadexAccount; readonly expiresAt: number } | null;
  /** Monotonic ms of the last ping, and whether its pong is still out. */
  pingedAt: number;
  waitsForPong: boolean;
}

export class ParadexSocket implements DialectSocket {
  readonly #desk: Desk;
  readonly #exchange: SimulatedExchange;
  readonly #tap: SocketTap;
  readonly #connections = new Set<Connection>();
  /** Monotonic ms of the last message, by channel. */
  readonly #sentAt = new Map<string, number>();
  /** Books that changed too soon after their last snapshot. */
  readonly #lateBooks = new Map<string, NodeJS.Timeout>();

  constructor(desk: Desk, tap: SocketTap) {
    this.#desk = desk;
    this.#exchange = desk.exchange;
    this.#tap = tap;
    this.#exchange.onPublished((publication) => this.#publish(publication));
  }

  get size(): number {
    return this.#tap.size;
  }

  upgrade(request: IncomingMessage, stream: Duplex, head: Buffer): void {
    this.#tap.accept(request, stream, head, (socket) => this.#accept(socket));
  }

  disconnect(refuseMs: number): number {
    return this.#tap.disconnect(refuseMs);
  }

  /** Repeats every subscribed book, ends logins whose token is over, and pings. */
  heartbeat(): void {
    this.#endLogins();
    this.#ping();
    for (const symbol of this.#exchange.state.markets.keys())
      if ([bookChannel(symbol), `bbo.${symbol}`].some((channel) => this.#isWatched(channel))) this.#exchange.heartbeat(symbol);
  }

  close(): void {
    for (const timer of this.#lateBooks.values()) clearTimeout(timer);
    this.#tap.close();
  }

  #accept(socket: WebSocket): void {
    const pingedAt = this.#exchange.clock.monotonic();
    const connection: Connection = { socket, channels: new Set(), login: null, pingedAt, waitsForPong: false };
    this.#connections.add(connection);
    socket.on("message", (data) => this.#receive(connection, data));
    socket.on("pong", () => {
      connection.waitsForPong = false;
    });
    socket.on("close", () => this.#connections.delete(connection));
  }

  // ---- what clients ask ---------------------------------------------------------------------------------------------

  #receive(connection: Connection, data: RawData): void {
    const request = parseRequest(data);
    if ("code" in request) return this.#answer(connection, null, { error: request });
    const refusal = this.#obey(connection, request);
    if (refusal !== null) return this.#answer(connection, request, { error: refusal });
    if (request.method === "auth") return this.#answer(connection, request, { result: { node_id: "5157000000000001" } });
    const channel = request.params.channel ?? "";
    this.#answer(connection, request, { result: { channel } });
    if (request.method === "subscribe") this.#greet(connection, channel);
  }

  /** Does what a request asks, or says why not. */
  #obey(connection: Connection, { method, params }: RpcRequest): RpcError | null {
    const channel = params.channel ?? "";
    if (method === "auth") return this.#logIn(connection, params.bearer ?? "");
    if (method === "unsubscribe") return connection.channels.delete(channel) ? null : RPC_ERRORS.notSubscribed;
    if (method !== "subscribe") return RPC_ERRORS.method;
    const kind = kindOf(channel, (symbol) => this.#exchange.state.markets.has(symbol));
    if (kind === null) return RPC_ERRORS.channel;
    if (kind === "private" && connection.login === null) return RPC_ERRORS.unauthorized;
    if (connection.channels.has(channel)) return RPC_ERRORS.subscribed;
    connection.channels.add(channel);
    return null;
  }

  #logIn(connection: Connection, token: string): RpcError | null {
    try {
      connection.login = this.#desk.session.alive(token);
      return null;
    } catch (error) {
      if (error instanceof ParadexError) return RPC_ERRORS.token;
      throw error;
    }
  }

  #answer({ socket }: Connection, request: RpcRequest | null, answer: { result: object } | { error: RpcError }): void {
    this.#tap.send(socket, "reply", answerText(request, answer, this.#exchange.clock.now()));
  }

  /** The first message of a channel that tells how things are. */
  #greet({ socket }: Connection, channel: string): void {
    const symbol = channel.split(".")[1] ?? "";
    const market = this.#exchange.state.markets.get(symbol);
    if (market === undefined) return;
    const [sequence, at] = [this.#exchange.updateId(symbol), this.#exchange.clock.now()];
    if (channel.startsWith("order_book."))
      this.#tap.send(socket, channel, messageText(channel, bookSnapshot(market, SNAPSHOT_DEPTH, sequence, at)));
    if (channel.startsWith("bbo.")) this.#tap.send(socket, channel, messageText(channel, bboView(market, sequence, at)));
  }

  // ---- keeping connections ------------------------------------------------------------------------------------------

  /**
   * A connection whose token is over is closed: its private channels end, and the client has to sign in anew. Paradex documents
   * that a login lasts as long as its connection; the simulated exchange is stricter, so that clients show that they can do it.
   */
  #endLogins(): void {
    const now = this.#exchange.clock.now();
    for (const connection of this.#connections) {
      if (connection.login === null || connection.login.expiresAt > now) continue;
      connection.login = null;
      connection.channels.clear();
      connection.socket.close(POLICY_VIOLATION, "token is expired");
    }
  }

  #ping(): void {
    const now = this.#exchange.clock.monotonic();
    for (const connection of this.#connections) {
      const since = now - connection.pingedAt;
      if (connection.waitsForPong && since > PONG_MS) connection.socket.terminate();
      else if (since >= PING_MS) {
        connection.pingedAt = now;
        connection.waitsForPong = true;
        connection.socket.ping();
      }
    }
  }

  // ---- what is published --------------------------------------------------------------------------------------------

  #publish(publication: Publication): void {
    if (this.#connections.size === 0) return;
    this.#endLogins();
    for (const event of privateEvents(this.#desk, publication)) this.#tell(event);
    for (const print of publication.prints) {
      const { listing } = this.#exchange.state.market(print.symbol);
      for (const channel of [`trades.${print.symbol}`, "trades.ALL"]) this.#send(channel, () => tradeView(listing, print));
    }
    for (const update of publication.depth) this.#tellBook(update, publication.at);
    for (const fact of publication.facts) if (fact.type === "fundingRate") this.#tellFunding(fact.symbol);
  }

  /** To the account's subscribers of all markets and of this one. */
  #tell({ account, kind, symbol, make }: PrivateEvent): void {
    const names = kind === "positions" || kind === "account" ? [kind] : [kind, `${kind}.ALL`, `${kind}.${symbol}`];
    let data: object | null = null;
    for (const { socket, channels, login } of this.#connections) {
      if (login?.account.name !== account) continue;
      for (const channel of names) {
        if (!channels.has(channel)) continue;
        data ??= make();
        this.#tap.send(socket, channel, messageText(channel, data), account);
      }
    }
  }

  #tellBook({ symbol, updateId }: DepthUpdate, at: number): void {
    const market = this.#exchange.state.market(symbol);
    this.#tellSnapshot(symbol);
    this.#send(`bbo.${symbol}`, () => bboView(market, updateId, at));
    for (const channel of ["markets_summary", "markets_summary.ALL", `markets_summary.${symbol}`])
      if (this.#isDue(channel, symbol, SUMMARY_MS)) this.#send(channel, () => summaryOf(this.#exchange, market));
  }

  /** Sends a book now, or as soon as its last snapshot is old enough. */
  #tellSnapshot(symbol: string): void {
    const channel = bookChannel(symbol);
    if (!this.#isWatched(channel) || this.#lateBooks.has(symbol)) return;
    const send = (): void => {
      const market = this.#exchange.state.market(symbol);
      this.#sentAt.set(`${channel} ${symbol}`, this.#exchange.clock.monotonic());
      this.#send(channel, () => bookSnapshot(market, SNAPSHOT_DEPTH, this.#exchange.updateId(symbol), this.#exchange.clock.now()));
    };
    if (this.#isDue(channel, symbol, SNAPSHOT_MS)) return send();
    const timer = setTimeout(() => {
      this.#lateBooks.delete(symbol);
      send();
    }, SNAPSHOT_MS);
    this.#lateBooks.set(symbol, timer);
  }

  #tellFunding(symbol: string): void {
    const market = this.#exchange.state.market(symbol);
    const point = fundingPoints(market).at(-1);
    if (point === undefined) return;
    const data = fundingDataView(market.listing, point.rate, point.index, point.at);
    for (const channel of ["funding_data", "funding_data.ALL", `funding_data.${symbol}`]) this.#send(channel, () => data);
  }

  /** Whether a channel may tell a market again; from then on it has. */
  #isDue(channel: string, symbol: string, everyMs: number): boolean {
    const now = this.#exchange.clock.monotonic();
    const key = `${channel} ${symbol}`;
    if (now - (this.#sentAt.get(key) ?? Number.NEGATIVE_INFINITY) < everyMs) return false;
    this.#sentAt.set(key, now);
    return true;
  }

  #isWatched(channel: string): boolean {
    for (const { channels } of this.#connections) if (channels.has(channel)) return true;
    return false;
  }

  /** To every subscriber of a public channel; `make` runs only when there is one. */
  #send(channel: string, make: () => object): void {
    let text: string | null = null;
    for (const { socket, channels } of this.#connections) {
      if (!channels.has(channel)) continue;
      text ??= messageText(channel, make());
      this.#tap.send(socket, channel, text);
    }
  }
}
