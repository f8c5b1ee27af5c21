// A small StandX on loopback, after docs.standx.com: checks token and signature, accepts first and matches later, streams on one socket.

import { generateKeyPairSync, type KeyObject, verify } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { type WebSocket, WebSocketServer } from "ws";

export interface Row {
  [field: string]: unknown;
}
export interface Seen {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingMessage["headers"];
  readonly text: string;
}

const TOKEN = "a.token.of-tests";
const now = (): string => new Date().toISOString().replace("Z", "123Z");

export class StandxServer {
  readonly requests: Seen[] = [];
  readonly orders = new Map<string, Row>();
  readonly trades: Row[] = [];
  positions: Row[] = [];
  /** Answers instead of the usual ones, by path. */
  readonly answers = new Map<string, { readonly status: number; readonly body: unknown } | "reset">();
  /** How an accepted order ends in matching. */
  fate: "open" | "rejected" | "lost" = "open";
  readonly sockets = new Set<WebSocket>();
  readonly #key = generateKeyPairSync("ed25519");
  readonly #http = createServer((request, response) => void this.#serve(request, response));
  readonly #ws = new WebSocketServer({ server: this.#http });
  #counter = 1_000;
  url = "";
  wsUrl = "";

  static async start(): Promise<StandxServer> {
    const server = new StandxServer();
    server.#ws.on("connection", (socket) => {
      server.sockets.add(socket);
      socket.once("close", () => server.sockets.delete(socket));
      socket.on("message", (data) => server.#onMessage(socket, JSON.parse(String(data)) as Row));
    });
    await new Promise<void>((resolve) => server.#http.listen(0, "127.0.0.1", resolve));
    const { port } = server.#http.address() as AddressInfo;
    server.url = `http://127.0.0.1:${port}`;
    server.wsUrl = `ws://127.0.0.1:${port}/ws-stream/v1`;
    return server;
  }

  get credentials(): Readonly<Record<string, string>> {
    const raw = this.#key.privateKey.export({ format: "der", type: "pkcs8" }).subarray(-32);
    return { token: TOKEN, privateKey: raw.toString("hex"), sessionId: "session-of-tests" };
  }

  get signingKey(): KeyObject {
    return this.#key.privateKey;
  }

  /** Fills a part of an order and tells the order's owner, not the fill. */
  fill(id: string, quantity: string, fee: string): void {
    const order = this.orders.get(id) ?? {};
    this.#counter += 1;
    const filled = (Number(order.fill_qty) + Number(quantity)).toFixed(3);
    Object.assign(order, { fill_qty: filled, status: Number(filled) >= Number(order.qty) ? "filled" : "open", updated_at: now() });
    this.trades.push({
      ...{ id: this.#counter, order_id: Number(id), symbol: order.symbol, side: order.side, price: order.price, qty: quantity },
      ...{ fee_qty: fee, fee_asset: "DUSD", created_at: now() },
    });
    this.#tell({ seq: 9, channel: "order", data: order });
  }

  price(bid: string, ask: string, mark = bid, last = ask): void {
    const data = { symbol: "BTC-USD", spread: [bid, ask], mark_price: mark, last_price: last, index_price: mark, time: now() };
    this.#tell({ seq: 5, channel: "price", symbol: "BTC-USD", data });
  }

  async stop(): Promise<void> {
    for (const socket of this.sockets) socket.terminate();
    this.#ws.close();
    this.#http.closeAllConnections();
    await new Promise((resolve) => this.#http.close(resolve));
  }

  #tell(message: Row): void {
    for (const socket of this.sockets) socket.send(JSON.stringify(message));
  }

  #onMessage(socket: WebSocket, message: Row): void {
    const auth = message.auth as { readonly token?: string } | undefined;
    if (auth !== undefined) {
      const data = auth.token === TOKEN ? { code: 200, msg: "success" } : { code: 401, msg: "invalid token" };
      socket.send(JSON.stringify({ seq: 1, channel: "auth", data }));
    }
    if (message.subscribe !== undefined) this.price("100.10", "100.30");
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let text = "";
    for await (const part of request) text += String(part);
    const { pathname, searchParams: query } = new URL(request.url ?? "/", "http://standx");
    const path = pathname.replace(/^\/api\//, "");
    const seen = { method: request.method ?? "GET", path, query, headers: request.headers, text };
    this.requests.push(seen);
    const own = this.answers.get(path);
    if (own === "reset") return void request.socket.destroy();
    const { status, body } = own ?? this.#answer(seen);
    response.writeHead(status, { "content-type": "application/json" });
    response.end(JSON.stringify(body));
  }

  #answer(seen: Seen): { readonly status: number; readonly body: unknown } {
    const { headers, method, path, query } = seen;
    const isPublic = /^(query_symbol|query_depth|query_recent|kline)/.test(path);
    if (!isPublic && headers.authorization !== `Bearer ${TOKEN}`) return { status: 401, body: { code: 401, message: "unauthorized" } };
    if (method === "POST" && !this.#isSigned(seen)) return { status: 401, body: { code: 401, message: "invalid signature" } };
    if (path === "query_symbol_info" && query.get("symbol") !== "BTC-USD")
      return { status: 400, body: { code: 400, message: "invalid symbol" } };
    const body = this.#bodyOf(seen);
    return body === undefined ? { status: 404, body: { code: 404, message: "not found" } } : { status: 200, body };
  }

  #isSigned({ headers, text }: Seen): boolean {
    const name = (end: string): string => String(headers[`x-request-${end}`] ?? "");
    const message = `v1,${name("id")},${name("timestamp")},${text}`;
    if (name("sign-version") !== "v1" || headers["x-session-id"] !== "session-of-tests") return false;
    return verify(null, Buffer.from(message), this.#key.publicKey, Buffer.from(name("signature"), "base64"));
  }

  #bodyOf({ path, query, text }: Seen): unknown {
    const params = (text === "" ? {} : JSON.parse(text)) as Row;
    const done = { code: 0, message: "success", request_id: "r" };
    switch (path) {
      case "kline/time":
        return Math.floor(Date.now() / 1_000);
      case "query_symbol_info":
        return [
          {
            ...{ symbol: "BTC-USD", base_asset: "BTC", quote_asset: "DUSD", enabled: true, price_tick_decimals: 2, qty_tick_decimals: 3 },
            ...{ min_order_qty: "0.001", max_order_qty: "100", max_leverage: "20", maker_fee: "0.0001", taker_fee: "0.0004" },
          },
        ];
      case "query_depth_book":
        return {
          symbol: "BTC-USD",
          bids: [
            ["100.00", "1"],
            ["100.10", "2"],
          ],
          asks: [
            ["100.50", "1"],
            ["100.30", "3"],
          ],
        };
      case "query_balance":
        return { balance: "1000.5", cross_available: "-3", equity: "990" };
      case "query_positions":
        return this.positions;
      case "query_open_orders":
        return { result: [...this.orders.values()].filter(({ status }) => status === "open") };
      case "query_orders":
        return { result: [...this.orders.values()] };
      case "query_trades":
        return { result: this.trades.filter((trade) => String(trade.created_at) >= (query.get("start") ?? "")) };
      case "query_order":
        return this.#found(query.get("order_id"), query.get("cl_ord_id"));
      case "new_order":
        this.#place(params);
        return done;
      case "cancel_order":
        return this.#cancel(params) ? done : undefined;
      case "change_leverage":
      case "change_margin_mode":
        return done;
      default:
        return undefined;
    }
  }

  #found(id: string | null, clientId: string | null): Row | undefined {
    return [...this.orders.values()].find((order) => (id === null ? order.cl_ord_id === clientId : String(order.id) === id));
  }

  #place(params: Row): void {
    if (this.fate === "lost") return;
    this.#counter += 1;
    const status = this.fate === "rejected" ? "rejected" : "open";
    const remark = status === "rejected" ? "alo order rejected" : "";
    const times = { created_at: now(), updated_at: now() };
    const order = { ...params, ...times, id: this.#counter, fill_qty: "0", status, remark };
    this.orders.set(String(this.#counter), order);
    if (status === "open") this.#tell({ seq: 2, channel: "order", data: order });
  }

  #cancel(params: Row): boolean {
    const id = params.order_id === undefined ? null : String(params.order_id);
    const order = this.#found(id, params.cl_ord_id === undefined ? null : String(params.cl_ord_id));
    if (order?.status !== "open") return false;
    Object.assign(order, { status: "canceled", updated_at: now() });
    this.#tell({ seq: 3, channel: "order", data: order });
    return true;
  }
}
