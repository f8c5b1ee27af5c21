// Lighter's WebSocket: one address for market and account channels, tokens on subscription, transactions, and its own pings.

import { randomUUID } from "node:crypto";
import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import type { RawData, WebSocket } from "ws";
import { z } from "zod";
import type { DialectSocket } from "../dialect.ts";
import { RestError } from "../gate.ts";
import type { Publication } from "../simulated-exchange.ts";
import type { SocketTap } from "../socket-tap.ts";
import { type Channel, type ChannelSources, channelNamed, greeting, news, statsNews } from "./channels.ts";
import { takenView } from "./private-rest.ts";
import type { Sequencer } from "./sequencer.ts";
import type { Tokens } from "./signature.ts";

/** Documented: messages of a client a minute, and how long a connection may say nothing. */
const MESSAGES_PER_MINUTE = 200;
const MINUTE_MS = 60_000;
const SILENCE_MAX_MS = 120_000;
/** Statistics are told at most this often. */
const STATS_MS = 250;

const messageSchema = z.looseObject({
  type: z.string(),
  channel: z.string().optional(),
  auth: z.string().optional(),
  data: z.looseObject({ id: z.unknown(), tx_type: z.number(), tx_info: z.unknown() }).optional(),
});

interface Connection {
  readonly socket: WebSocket;
  readonly channels: Map<string, Channel>;
  /** When the messages of the last minute came, monotonic ms. */
  received: number[];
  heardAt: number;
  pingedAt: number;
}

export interface LighterSocketOptions extends ChannelSources {
  readonly tap: SocketTap;
  readonly tokens: Tokens;
  readonly sequencer: Sequencer;
}

export class LighterSocket implements DialectSocket {
  readonly #options: LighterSocketOptions;
  readonly #connections = new Set<Connection>();
  #statsAt = 0;

  constructor(options: LighterSocketOptions) {
    this.#options = options;
    options.exchange.onPublished((publication) => this.#publish(publication));
  }

  get size(): number {
    return this.#options.tap.size;
  }

  upgrade(request: IncomingMessage, stream: Duplex, head: Buffer): void {
    this.#options.tap.accept(request, stream, head, (socket) => this.#accept(socket));
  }

  disconnect(refuseMs: number): number {
    return this.#options.tap.disconnect(refuseMs);
  }

  /** Repeats watched books and statistics, pings, and ends what has been silent for too long. */
  heartbeat(): void {
    const { exchange } = this.#options;
    const now = exchange.clock.monotonic();
    for (const connection of this.#connections) {
      if (now - connection.heardAt > SILENCE_MAX_MS) connection.socket.terminate();
      else if (now - Math.max(connection.heardAt, connection.pingedAt) > MINUTE_MS) {
        connection.pingedAt = now;
        this.#reply(connection, { type: "ping" });
      }
    }
    for (const symbol of this.#watched("order_book")) exchange.heartbeat(symbol);
    this.#tellStats();
  }

  close(): void {
    this.#options.sequencer.close();
    this.#options.tap.close();
  }

  #accept(socket: WebSocket): void {
    const at = this.#options.exchange.clock.monotonic();
    const connection: Connection = { socket, channels: new Map(), received: [], heardAt: at, pingedAt: at };
    this.#connections.add(connection);
    socket.on("message", (data) => this.#receive(connection, data));
    socket.on("ping", () => {
      connection.heardAt = this.#options.exchange.clock.monotonic();
    });
    socket.on("close", () => this.#connections.delete(connection));
    this.#reply(connection, { session_id: randomUUID(), type: "connected" });
  }

  #receive(connection: Connection, data: RawData): void {
    const now = this.#options.exchange.clock.monotonic();
    connection.heardAt = now;
    connection.received = [...connection.received.filter((at) => at > now - MINUTE_MS), now];
    if (connection.received.length > MESSAGES_PER_MINUTE) return this.#refuse(connection, 30009, "Too Many Websocket Messages!");
    const message = parseMessage(data);
    const { channel: name = "" } = message ?? {};
    switch (message?.type) {
      case "pong":
        return;
      case "ping":
        return this.#reply(connection, { type: "pong" });
      case "subscribe":
        return this.#subscribe(connection, name, message.auth);
      case "unsubscribe":
        connection.channels.delete(name);
        return this.#reply(connection, { type: "unsubscribed", channel: name.replaceAll("/", ":") });
      case "jsonapi/sendtx":
        return this.#send(connection, message.data);
      default:
        return this.#refuse(connection, 30001, "Invalid Message Type");
    }
  }

  #subscribe(connection: Connection, name: string, token: string | undefined): void {
    const channel = channelNamed(this.#options, name);
    if (channel === null) return this.#refuse(connection, 30005, `Invalid Channel: ${name.slice(0, 60)}`);
    if (connection.channels.has(name)) return this.#refuse(connection, 30003, `Already Subscribed: ${name}`);
    if (channel.isGuarded) {
      if (token === undefined) return this.#refuse(connection, 20001, "auth field is required");
      const owner = this.#ownerOf(connection, token);
      if (owner === null) return;
      if (owner !== channel.account?.index) return this.#refuse(connection, 20013, "invalid auth: couldnt find account");
    }
    connection.channels.set(name, channel);
    this.#tell(connection, channel, JSON.stringify(greeting(this.#options, channel)));
  }

  #ownerOf(connection: Connection, token: string): number | null {
    try {
      return this.#options.tokens.ownerOf(token).index;
    } catch (error) {
      if (!(error instanceof RestError)) throw error;
      this.#refuse(connection, Number(error.code), error.message);
      return null;
    }
  }

  #send(connection: Connection, data: z.infer<typeof messageSchema>["data"]): void {
    const id = data?.id;
    try {
      const taken = takenView(this.#options.sequencer.take(data?.tx_type ?? 0, data?.tx_info));
      this.#reply(connection, { type: "jsonapi/sendtx", id, ...taken });
    } catch (error) {
      if (!(error instanceof RestError)) throw error;
      this.#reply(connection, { id, error: { code: Number(error.code), message: error.message } });
    }
  }

  #refuse(connection: Connection, code: number, message: string): void {
    this.#reply(connection, { error: { code, message } });
  }

  #reply({ socket }: Connection, answer: object): void {
    this.#options.tap.send(socket, "reply", JSON.stringify(answer));
  }

  #tell({ socket }: Connection, channel: Channel, text: string): void {
    this.#options.tap.send(socket, channel.label, text, channel.account?.name ?? null);
  }

  #publish(publication: Publication): void {
    const made = new Map<string, string | null>();
    for (const connection of this.#connections) {
      for (const [name, channel] of connection.channels) {
        let text = made.get(name);
        if (text === undefined) {
          const message = news(this.#options, channel, publication);
          text = message === null ? null : JSON.stringify(message);
          made.set(name, text);
        }
        if (text !== null) this.#tell(connection, channel, text);
      }
    }
    if (publication.depth.length > 0) this.#tellStats();
  }

  #tellStats(): void {
    const { exchange } = this.#options;
    const now = exchange.clock.monotonic();
    if (now - this.#statsAt < STATS_MS) return;
    this.#statsAt = now;
    for (const connection of this.#connections)
      for (const channel of connection.channels.values())
        if (channel.kind === "market_stats") this.#tell(connection, channel, JSON.stringify(statsNews(exchange, channel)));
  }

  #watched(kind: string): Set<string> {
    const symbols = new Set<string>();
    for (const { channels } of this.#connections)
      for (const channel of channels.values()) if (channel.kind === kind && channel.symbol !== null) symbols.add(channel.symbol);
    return symbols;
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
