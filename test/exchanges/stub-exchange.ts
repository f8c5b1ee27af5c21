// A server that answers as the test says, word by word: for statuses and bodies that no honest simulation would give.

import { generateKeyPairSync } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { pino } from "pino";
import { type WebSocket, WebSocketServer } from "ws";
import type { Clock, ExchangePort, Fence, PermitGrant, PermitRequest, Permits } from "../../src/core/ports.ts";
import { type ExchangeAccount, sealCredentials } from "../../src/exchanges/account.ts";
import { connectExchange } from "../../src/exchanges/connect.ts";
import { systemClock } from "./clock.ts";

export interface StubRequest {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingMessage["headers"];
  readonly body: Readonly<Record<string, unknown>>;
}
export type StubAnswer =
  | { readonly status: number; readonly body: unknown; readonly headers?: Readonly<Record<string, string>> }
  | "hang"
  | "reset"
  | "truncated";
type Handler = (request: StubRequest) => StubAnswer | Promise<StubAnswer>;

export const SOL = "SOL/USDC:USDC";

const MARKETS = ["SOL", "ETH"].map((base) => ({
  symbol: `${base}_USDC_PERP`,
  baseSymbol: base,
  quoteSymbol: "USDC",
  marketType: "PERP",
  orderBookState: "Open",
  createdAt: "2025-01-21T06:34:54.691858",
  filters: { price: { tickSize: "0.01", minPrice: "0.01" }, quantity: { minQuantity: "0.01", stepSize: "0.01" } },
  imfFunction: { base: "0.02", factor: "0.0001", type: "sqrt" },
}));

const OK = (body: unknown): StubAnswer => ({ status: 200, body });

export class StubExchange {
  readonly requests: StubRequest[] = [];
  readonly subscriptions: string[][] = [];
  readonly sockets = new Set<WebSocket>();
  readonly #handlers = new Map<string, Handler>([
    ["GET /api/v1/time", () => OK(Date.now())],
    ["GET /api/v1/markets", () => OK(MARKETS)],
    ["GET /api/v1/orders", () => OK([])],
    ["GET /api/v1/position", () => OK([])],
    ["GET /api/v1/capital", () => OK({ USDC: { available: "900.5", locked: "99.5", staked: "0" } })],
    ["GET /wapi/v1/history/fills", () => OK([])],
    ["GET /wapi/v1/history/orders", () => OK([])],
    [
      "GET /api/v1/depth",
      () => OK({ bids: [["99.5", "1"]], asks: [["100.5", "1"]], lastUpdateId: "10", timestamp: 1_760_000_000_000_000 }),
    ],
  ]);
  readonly #http = createServer((request, response) => void this.#answer(request, response));
  readonly #ws = new WebSocketServer({ server: this.#http });
  readonly #connections = new Set<Socket>();
  url = "";

  static async start(): Promise<StubExchange> {
    const stub = new StubExchange();
    stub.#http.on("connection", (socket) => {
      stub.#connections.add(socket);
      socket.once("close", () => stub.#connections.delete(socket));
    });
    stub.#ws.on("connection", (socket) => {
      stub.sockets.add(socket);
      socket.once("close", () => stub.sockets.delete(socket));
      socket.on("message", (data) => {
        const message = JSON.parse(String(data)) as { method: string; params: string[] };
        if (message.method === "SUBSCRIBE") stub.subscriptions.push(message.params);
      });
    });
    await new Promise<void>((resolve) => stub.#http.listen(0, "127.0.0.1", resolve));
    stub.url = `http://127.0.0.1:${(stub.#http.address() as AddressInfo).port}`;
    return stub;
  }

  /** `on("POST /api/v1/order", …)`: from now on. */
  on(route: string, handler: Handler | StubAnswer): void {
    this.#handlers.set(route, typeof handler === "function" ? handler : () => handler);
  }

  count(route: string): number {
    return this.requests.filter((request) => `${request.method} ${request.path}` === route).length;
  }

  push(message: unknown): void {
    for (const socket of this.sockets) socket.send(JSON.stringify(message));
  }

  dropSockets(): void {
    for (const socket of this.sockets) socket.terminate();
  }

  async stop(): Promise<void> {
    this.dropSockets();
    for (const socket of this.#connections) socket.destroy();
    this.#ws.close();
    await new Promise((resolve) => this.#http.close(resolve));
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let text = "";
    for await (const part of request) text += String(part);
    const url = new URL(request.url ?? "/", "http://stub");
    const method = request.method ?? "GET";
    const body = text === "" ? {} : (JSON.parse(text) as Record<string, unknown>);
    const seen = { method, path: url.pathname, query: url.searchParams, headers: request.headers, body };
    this.requests.push(seen);
    const missing: Handler = () => ({ status: 404, body: { code: "RESOURCE_NOT_FOUND", message: "Not found" } });
    const answer = await (this.#handlers.get(`${method} ${url.pathname}`) ?? missing)(seen);
    if (answer === "hang") return;
    if (answer === "reset") return void request.socket.destroy();
    if (answer === "truncated") {
      response.writeHead(200, { "content-type": "application/json", "content-length": "500" });
      response.write('{"id":"1","st');
      return void setImmediate(() => request.socket.destroy());
    }
    response.writeHead(answer.status, { "content-type": "application/json", ...answer.headers });
    response.end(typeof answer.body === "string" ? answer.body : JSON.stringify(answer.body));
  }
}

/** Grants everything at once and remembers what was asked. */
export class OpenPermits implements Permits {
  readonly taken: PermitRequest[] = [];
  readonly blocks: { readonly buckets: readonly string[]; readonly forMs: number }[] = [];
  answer: () => Promise<PermitGrant> = async () => ({ granted: true, waitedMs: 0, nonce: this.#nextNonce() });
  #nonce = 0;

  async take(request: PermitRequest): Promise<PermitGrant> {
    this.taken.push(request);
    return await this.answer();
  }
  #nextNonce(): number {
    this.#nonce = Math.max(this.#nonce + 1_000, Date.now() * 1_000);
    return this.#nonce;
  }
  async block(buckets: readonly string[], untilMs: number): Promise<void> {
    this.blocks.push({ buckets, forMs: untilMs - Date.now() });
  }
}

/** A fresh ED25519 key as Backpack wants it: raw public key and seed, base64. */
export function newKey(): { readonly apiKey: string; readonly secret: string } {
  const { privateKey, publicKey } = generateKeyPairSync("ed25519");
  const raw = (key: { export(options: { format: "der"; type: "spki" | "pkcs8" }): Buffer }, type: "spki" | "pkcs8"): string =>
    key.export({ format: "der", type }).subarray(-32).toString("base64");
  return { apiKey: raw(publicKey, "spki"), secret: raw(privateKey, "pkcs8") };
}

export function accountAt(url: string, overrides: Partial<ExchangeAccount> = {}): ExchangeAccount {
  const key = newKey();
  const wsUrl = `${url.replace("http", "ws")}/ws`;
  return {
    exchange: "backpack",
    account: "sim",
    mode: "sim",
    credentials: sealCredentials(key),
    url,
    wsUrl,
    ...overrides,
  };
}

export interface Connected {
  readonly port: ExchangePort;
  readonly permits: OpenPermits;
  fence: Fence;
}

/** Connects our adapter to a server with open permits and a fence that the test can shut. */
export async function connectTo(account: ExchangeAccount, clock: Clock = systemClock, keepAliveMs?: number): Promise<Connected> {
  const permits = new OpenPermits();
  const gate: { fence: Fence } = { fence: () => null };
  const log = pino({ level: "silent" });
  const pings = keepAliveMs === undefined ? {} : { keepAliveMs };
  const port = await connectExchange({ account, permits, fence: (kind) => gate.fence(kind), clock, log, ...pings });
  return Object.assign(gate, { port, permits });
}
