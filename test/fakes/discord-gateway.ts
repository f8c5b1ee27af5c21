// The gateway of the fake Discord: hello, identify, ready, heartbeats, dispatches with sequence numbers, resume.

import type { IncomingMessage, Server } from "node:http";
import type { Duplex } from "node:stream";
import { type WebSocket, WebSocketServer } from "ws";
import { type Fields, isFields } from "./specs.ts";

export interface GatewayOptions {
  readonly server: Server;
  readonly token: string;
  readonly url: string;
  readonly violations: string[];
  readonly heartbeatMs: number;
  readonly ready: () => Fields;
  readonly guilds: () => readonly Fields[];
  readonly changed: () => void;
}

interface Session {
  readonly id: string;
  sequence: number;
  readonly events: { readonly s: number; readonly t: string; readonly d: Fields }[];
}

const OP = { dispatch: 0, heartbeat: 1, identify: 2, resume: 6, reconnect: 7, invalidSession: 9, hello: 10, heartbeatAck: 11 } as const;
const AUTHENTICATION_FAILED = 4004;
const NOT_AUTHENTICATED = 4003;

export class FakeGateway {
  /** What clients did: `identify`, `resume`, `heartbeat`, in order. */
  readonly seen: string[] = [];
  readonly #options: GatewayOptions;
  readonly #upgrades = new WebSocketServer({ noServer: true });
  readonly #sockets = new Map<WebSocket, Session | null>();
  readonly #sessions = new Map<string, Session>();

  constructor(options: GatewayOptions) {
    this.#options = options;
    options.server.on("upgrade", (request: IncomingMessage, socket: Duplex, head: Buffer) => {
      const url = new URL(request.url ?? "/", "http://localhost");
      this.#upgrades.handleUpgrade(request, socket, head, (client) => this.#welcome(client, url.searchParams));
    });
  }

  /** Sends an event to the connected clients; those that resume later get it then. */
  dispatch(type: string, data: Fields): void {
    const connected = new Map<Session, WebSocket | null>();
    for (const [client, session] of this.#sockets) if (session !== null) connected.set(session, client);
    // While nobody is connected the newest session collects what it will miss.
    const newest = [...this.#sessions.values()].at(-1);
    if (connected.size === 0 && newest !== undefined) connected.set(newest, null);
    for (const [session, client] of connected) this.#send(client, session, type, data);
  }

  isConnected(): boolean {
    return [...this.#sockets.values()].some((session) => session !== null);
  }

  /** Tells clients to reconnect (op 7). */
  askToReconnect(): void {
    for (const client of this.#sockets.keys()) client.send(JSON.stringify({ op: OP.reconnect, d: null }));
  }

  /** Closes every connection with a code. */
  close(code: number): void {
    for (const client of this.#sockets.keys()) client.close(code);
  }

  stop(): void {
    for (const client of this.#sockets.keys()) client.terminate();
    this.#upgrades.close();
  }

  #welcome(client: WebSocket, query: URLSearchParams): void {
    const { violations, heartbeatMs } = this.#options;
    if (query.get("v") !== "10" || query.get("encoding") !== "json") violations.push(`gateway: asked for ${query.toString()}`);
    this.#sockets.set(client, null);
    client.on("close", () => this.#sockets.delete(client));
    client.on("error", () => client.terminate());
    client.on("message", (raw) => {
      const message: unknown = JSON.parse(String(raw));
      if (isFields(message)) this.#receive(client, message);
      else violations.push("gateway: a message that is no object");
    });
    client.send(JSON.stringify({ op: OP.hello, d: { heartbeat_interval: heartbeatMs }, s: null, t: null }));
  }

  #receive(client: WebSocket, message: Fields): void {
    const data = isFields(message.d) ? message.d : {};
    switch (message.op) {
      case OP.heartbeat:
        this.#note("heartbeat");
        client.send(JSON.stringify({ op: OP.heartbeatAck }));
        break;
      case OP.identify:
        this.#identify(client, data);
        break;
      case OP.resume:
        this.#resume(client, data);
        break;
      default:
        if (this.#sockets.get(client) === null) client.close(NOT_AUTHENTICATED);
    }
  }

  #identify(client: WebSocket, data: Fields): void {
    const { token, violations, url, ready, guilds } = this.#options;
    if (data.token !== token) return client.close(AUTHENTICATION_FAILED);
    if (typeof data.intents !== "number" || !isFields(data.properties)) violations.push("gateway: identify without intents or properties");
    this.#note("identify");
    const session: Session = { id: `session-${this.#sessions.size + 1}`, sequence: 0, events: [] };
    this.#sessions.set(session.id, session);
    this.#sockets.set(client, session);
    this.#send(client, session, "READY", { ...ready(), session_id: session.id, resume_gateway_url: url });
    for (const guild of guilds()) this.#send(client, session, "GUILD_CREATE", guild);
  }

  #resume(client: WebSocket, data: Fields): void {
    const session = this.#sessions.get(String(data.session_id));
    if (data.token !== this.#options.token) return client.close(AUTHENTICATION_FAILED);
    if (session === undefined) return client.send(JSON.stringify({ op: OP.invalidSession, d: false }));
    this.#note("resume");
    this.#sockets.set(client, session);
    const missed = session.events.filter((event) => event.s > Number(data.seq));
    for (const event of missed) client.send(JSON.stringify({ op: OP.dispatch, ...event }));
    this.#send(client, session, "RESUMED", {});
  }

  #send(client: WebSocket | null, session: Session, type: string, data: Fields): void {
    session.sequence += 1;
    const event = { s: session.sequence, t: type, d: data };
    session.events.push(event);
    client?.send(JSON.stringify({ op: OP.dispatch, ...event }));
    this.#options.changed();
  }

  #note(what: string): void {
    this.seen.push(what);
    this.#options.changed();
  }
}
