// A server whose every answer a test writes itself, over HTTP and WebSocket: for exchanges that nobody has emulated.

import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { pino } from "pino";
import { type WebSocket, WebSocketServer } from "ws";
import type { ExchangeEvent, ExchangePort, Fence } from "../../src/core/ports.ts";
import { type ExchangeAccount, sealCredentials } from "../../src/exchanges/account.ts";
import { connectExchange } from "../../src/exchanges/connect.ts";
import { systemClock } from "./clock.ts";
import { OpenPermits } from "./stub-exchange.ts";

export interface ScriptedRequest {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingMessage["headers"];
  readonly text: string;
  /** Fields of a JSON or form body. */
  readonly body: Readonly<Record<string, unknown>>;
}

export interface ScriptedAnswer {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** JSON unless it is text. */
  readonly body: unknown;
}

export class ScriptedExchange {
  readonly requests: ScriptedRequest[] = [];
  /** What was sent over sockets, with the path it went to. */
  readonly frames: { readonly path: string; readonly message: Readonly<Record<string, unknown>> }[] = [];
  readonly sockets = new Map<WebSocket, string>();
  answer: (request: ScriptedRequest) => ScriptedAnswer = () => ({ status: 404, body: {} });
  /** What the server says to a message of a socket, if anything. */
  reply: (message: Readonly<Record<string, unknown>>, path: string) => readonly unknown[] = () => [];
  readonly #connections = new Set<Socket>();
  readonly #http: Server = createServer((request, response) => void this.#serve(request, response));
  readonly #ws = new WebSocketServer({ server: this.#http });
  url = "";

  static async start(): Promise<ScriptedExchange> {
    const server = new ScriptedExchange();
    server.#http.on("connection", (socket) => {
      server.#connections.add(socket);
      socket.once("close", () => server.#connections.delete(socket));
    });
    server.#ws.on("connection", (socket, request) => {
      const path = new URL(request.url ?? "/", "http://x").pathname;
      server.sockets.set(socket, path);
      socket.once("close", () => server.sockets.delete(socket));
      socket.on("message", (data) => {
        const message = JSON.parse(String(data)) as Record<string, unknown>;
        server.frames.push({ path, message });
        for (const word of server.reply(message, path)) socket.send(JSON.stringify(word));
      });
    });
    await new Promise<void>((resolve) => server.#http.listen(0, "127.0.0.1", resolve));
    server.url = `http://127.0.0.1:${(server.#http.address() as AddressInfo).port}`;
    return server;
  }

  /** Sends to every socket whose path fits. */
  push(message: unknown, path = /./): void {
    for (const [socket, at] of this.sockets) if (path.test(at)) socket.send(JSON.stringify(message));
  }

  sent(path: RegExp): readonly ScriptedRequest[] {
    return this.requests.filter((request) => path.test(request.path));
  }

  async stop(): Promise<void> {
    for (const socket of this.sockets.keys()) socket.terminate();
    for (const socket of this.#connections) socket.destroy();
    this.#ws.close();
    await new Promise((resolve) => this.#http.close(resolve));
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let text = "";
    for await (const part of request) text += String(part);
    const url = new URL(request.url ?? "/", "http://x");
    const body = /^\s*[[{]/.test(text)
      ? (JSON.parse(text) as Record<string, unknown>)
      : (Object.fromEntries(new URLSearchParams(text)) as Record<string, unknown>);
    const seen = { method: request.method ?? "GET", path: url.pathname, query: url.searchParams, headers: request.headers, text, body };
    this.requests.push(seen);
    const answer = this.answer(seen);
    response.writeHead(answer.status ?? 200, { "content-type": "application/json", ...answer.headers });
    response.end(typeof answer.body === "string" ? answer.body : JSON.stringify(answer.body));
  }
}

export interface ScriptedPort {
  readonly port: ExchangePort;
  readonly permits: OpenPermits;
}

/** Our adapter for `exchange`, connected to the server with open permits. */
export async function connectScripted(
  server: ScriptedExchange,
  exchange: string,
  values: Readonly<Record<string, string>>,
  fence: Fence = () => null,
): Promise<ScriptedPort> {
  const permits = new OpenPermits();
  const account: ExchangeAccount = {
    ...{ exchange, account: "one", mode: "sim", credentials: sealCredentials(values) },
    ...{ url: server.url, wsUrl: `${server.url.replace("http", "ws")}/ws` },
  };
  const port = await connectExchange({ account, permits, fence, clock: systemClock, log: pino({ level: "silent" }) });
  return { port, permits };
}

/** Reads the streams of a port until a test has seen enough. */
export class Heard {
  readonly events: ExchangeEvent[] = [];
  readonly #ending = new AbortController();
  readonly #reading: Promise<void>;

  constructor(port: ExchangePort, symbols: readonly string[]) {
    this.#reading = (async () => {
      for await (const event of port.events(symbols, this.#ending.signal)) this.events.push(event);
    })();
  }

  of<Type extends ExchangeEvent["type"]>(type: Type): readonly Extract<ExchangeEvent, { type: Type }>[] {
    return this.events.filter((event): event is Extract<ExchangeEvent, { type: Type }> => event.type === type);
  }

  async until(what: string, isThere: () => boolean, timeoutMs = 8_000): Promise<void> {
    const deadline = Date.now() + timeoutMs;
    while (!isThere()) {
      if (Date.now() > deadline)
        throw new Error(`${what}: not within ${timeoutMs} ms; heard ${JSON.stringify(this.events).slice(0, 2_000)}`);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }

  async stop(): Promise<void> {
    this.#ending.abort();
    await this.#reading;
  }
}
