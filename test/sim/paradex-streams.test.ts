// The Paradex dialect's streams, signatures, bearer tokens, limits and faults, through unmodified ccxt.

import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { WebSocket } from "ws";
import type { Clock } from "../../src/core/ports.ts";
import type { ExchangeSim } from "../../src/sim/exchange-sim.ts";
import { createCredentials } from "../../src/sim/paradex/accounts.ts";
import { admin, until } from "./loopback-exchange.ts";
import { connectParadex, type ParadexClient, startParadex } from "./paradex-client.ts";

const ETH = "ETH/USD:USDC";
const MARKET = "ETH-USD-PERP";

/** The system's clock, which a test can put forward. */
class PushedClock implements Clock {
  aheadMs = 0;

  now(): number {
    return Date.now() + this.aheadMs;
  }

  monotonic(): number {
    return performance.now() + this.aheadMs;
  }
}

interface Message {
  readonly id?: number;
  readonly result?: object;
  readonly error?: { readonly code: number; readonly data?: string };
  readonly params?: { readonly channel: string; readonly data: Readonly<Record<string, unknown>> };
}

/** A plain JSON-RPC client, for what ccxt does not subscribe to. */
class RawStreams {
  readonly messages: Message[] = [];
  closeCode: number | null = null;
  readonly #socket: WebSocket;
  #id = 0;

  constructor(url: string) {
    this.#socket = new WebSocket(url);
    this.#socket.on("message", (data) => this.messages.push(JSON.parse(String(data)) as Message));
    this.#socket.on("close", (code) => {
      this.closeCode = code;
    });
  }

  open(): Promise<boolean> {
    return until("an open socket", () => this.#socket.readyState === WebSocket.OPEN);
  }

  async ask(method: string, params: object): Promise<Message> {
    this.#id += 1;
    const id = this.#id;
    this.#socket.send(JSON.stringify({ jsonrpc: "2.0", id, method, params }));
    return until(`an answer to ${method}`, () => this.messages.find((message) => message.id === id) ?? null);
  }

  of(channel: string): Readonly<Record<string, unknown>>[] {
    return this.messages.flatMap(({ params }) => (params?.channel === channel ? [params.data] : []));
  }

  close(): void {
    this.#socket.close();
  }
}

describe("streams of the Paradex dialect", () => {
  let sim: ExchangeSim;
  let client: ParadexClient;

  beforeAll(async () => {
    sim = await startParadex({ paused: true });
    client = await connectParadex(sim, sim.accounts[0]);
    await client.loadMarkets();
    await admin(sim, "POST", "/sim/price", { symbol: MARKET, price: "2500" });
  });

  afterAll(async () => {
    await client.close();
    await sim.close();
  });

  it("streams snapshots of 15 levels with growing numbers, trades and tickers", async () => {
    const book = await client.watchOrderBook(ETH);
    expect([book.bids[0]?.[0], book.asks[0]?.[0], book.bids.length, book.asks.length]).toEqual([2499.99, 2500.01, 15, 15]);
    const first = Number(book.nonce);
    const [trades, ticker] = [client.watchTrades(ETH), client.watchTicker(ETH)];
    await until("the subscriptions", () => (Object.keys(client.clients[sim.wsUrl]?.subscriptions ?? {}).length >= 3 ? true : null));
    await client.fetchTime();
    await admin(sim, "POST", "/sim/price", { symbol: MARKET, price: "2501", quantity: "0.5" });
    expect((await trades)[0]).toMatchObject({ symbol: ETH, amount: "0.5" });
    expect((await ticker).bid).toBeDefined();
    const next = await until("a later book", async () => {
      const later = await client.watchOrderBook(ETH);
      return Number(later.nonce) > first && later.bids[0]?.[0] === 2500.99 ? later : null;
    });
    expect(next.asks[0]?.[0]).toBe(2501.01);
    await admin(sim, "POST", "/sim/price", { symbol: MARKET, price: "2500" });
  });

  it("streams an order's way from NEW to its end", async () => {
    const watched = client.watchOrders(ETH);
    await until("a private subscription", () => client.clients[sim.wsUrl]?.subscriptions[`orders.${MARKET}`] ?? null);
    await client.fetchBalance();
    const placed = await client.createOrder(ETH, "limit", "buy", 0.5, 2400, { clientOrderId: "s1" });
    const [order] = await watched;
    expect(order).toMatchObject({ id: placed.id, clientOrderId: "s1", status: "open" });
    const canceled = client.watchOrders(ETH);
    await client.cancelOrder(String(placed.id), ETH);
    expect((await canceled).at(-1)).toMatchObject({ id: placed.id, status: "canceled" });
  });

  it("tells fills, positions, account and funding on their channels, in order", async () => {
    const raw = new RawStreams(sim.wsUrl);
    await raw.open();
    expect((await raw.ask("subscribe", { channel: "orders.ALL" })).error?.data).toBe("unauthorized");
    expect((await raw.ask("auth", { bearer: "a.b.c" })).error?.code).toBe(40111);
    expect((await raw.ask("auth", { bearer: await client.authenticateRest() })).result).toMatchObject({ node_id: expect.any(String) });
    for (const channel of ["orders.ALL", "fills.ALL", "positions", "account", "funding_payments", `bbo.${MARKET}`])
      expect((await raw.ask("subscribe", { channel })).result).toEqual({ channel });
    expect((await raw.ask("subscribe", { channel: "fills.ALL" })).error?.data).toBe("already subscribed");
    expect((await raw.ask("subscribe", { channel: "fills.DOGE-USD-PERP" })).error?.data).toBe("invalid channel");
    expect((await raw.ask("shout", {})).error?.code).toBe(-32601);
    await client.createOrder(ETH, "market", "buy", 3, undefined, { clientOrderId: "sweep" });
    await until("an account message", () => raw.of("account").at(-1) ?? null);
    const fills = raw.of("fills.ALL");
    expect(fills.length).toBeGreaterThan(1);
    expect(new Set(fills.map(({ id }) => id)).size).toBe(fills.length);
    expect(fills.reduce((sum, { size }) => sum + Number(size), 0)).toBeCloseTo(3, 9);
    const orders = raw.of("orders.ALL");
    expect(orders.map(({ status }) => status)).toEqual(["NEW", ...fills.slice(1).map(() => "OPEN"), "CLOSED"]);
    const sequences = orders.map(({ seq_no }) => Number(seq_no));
    expect(sequences).toEqual(sequences.toSorted((a, b) => a - b));
    expect(new Set(sequences).size).toBe(sequences.length);
    expect(raw.of("positions")).toMatchObject([{ market: MARKET, side: "LONG", size: "3", status: "OPEN" }]);
    expect(raw.of(`bbo.${MARKET}`).length).toBeGreaterThan(0);
    sim.exchange.payFunding(MARKET, "0.0001");
    const payment = await until("a funding payment", () => raw.of("funding_payments").at(-1) ?? null);
    expect(Number(payment.payment)).toBeCloseTo(-0.75, 6);
    expect((await raw.ask("unsubscribe", { channel: "fills.ALL" })).result).toEqual({ channel: "fills.ALL" });
    expect((await raw.ask("unsubscribe", { channel: "fills.ALL" })).error?.data).toBe("not subscribed");
    raw.close();
  });

  it("tells an order that is closed on arrival twice, and nothing of other accounts", async () => {
    const raw = new RawStreams(sim.wsUrl);
    await raw.open();
    await raw.ask("auth", { bearer: await client.authenticateRest() });
    await raw.ask("subscribe", { channel: `orders.${MARKET}` });
    await client.createOrder(ETH, "limit", "buy", 0.1, 2600, { postOnly: true });
    const last = await until("the close", () => raw.of(`orders.${MARKET}`)[1] ?? null);
    expect(raw.of(`orders.${MARKET}`)[0]).toMatchObject({ status: "NEW", cancel_reason: "" });
    expect(last).toMatchObject({ status: "CLOSED", cancel_reason: "POST_ONLY_WOULD_CROSS", remaining_size: "0.1" });
    raw.close();
  });
});

describe("signatures, tokens, limits and faults of the Paradex dialect", () => {
  it("refuses signatures of another key, of other numbers and of another time", async () => {
    const sim = await startParadex({ paused: true });
    const [account] = sim.accounts;
    const credentials = { ...account?.credentials, privateKey: createCredentials().privateKey ?? "" };
    const wrong = await connectParadex(sim, { name: "sim", credentials });
    await expect(wrong.fetchBalance()).rejects.toThrow(/STARKNET_SIGNATURE_VERIFICATION_FAILED/);
    const stranger = await connectParadex(sim, { name: "other", credentials: createCredentials() });
    await expect(stranger.fetchBalance()).rejects.toThrow(/NOT_ONBOARDED/);
    const client = await connectParadex(sim, account);
    await client.loadMarkets();
    await client.authenticateRest();
    expect(await client.onboarding()).toEqual({});
    const request = client.createOrderRequest(ETH, "limit", "buy", 0.1, 2400);
    const signed = await client.signOrderRequest({ ...request });
    await expect(client.privatePostOrders({ ...signed, size: "0.2" })).rejects.toThrow(/INVALID_ORDER_SIGNATURE/);
    await expect(client.privatePostOrders({ ...signed, side: "SELL" })).rejects.toThrow(/INVALID_ORDER_SIGNATURE/);
    await expect(client.privatePostOrders({ ...signed, signature: '["1","2"]' })).rejects.toThrow(/INVALID_ORDER_SIGNATURE/);
    const late = { ...signed, signature_timestamp: signed.signature_timestamp - 120_000 };
    await expect(client.privatePostOrders(late)).rejects.toThrow(/INVALID_TIMESTAMP/);
    expect(await client.privatePostOrders(signed)).toMatchObject({ status: "NEW", size: "0.1" });
    await Promise.all([wrong.close(), stranger.close(), client.close()]);
    await sim.close();
  });

  it("ends a token after three minutes, for requests and for streams, and gives out new ones", async () => {
    const clock = new PushedClock();
    const sim = await startParadex({ paused: true, clock });
    const client = await connectParadex(sim, sim.accounts[0]);
    await client.loadMarkets();
    client.nonce = () => Math.floor(clock.now() / 1_000);
    const token = await client.authenticateRest();
    const raw = new RawStreams(sim.wsUrl);
    await raw.open();
    await raw.ask("auth", { bearer: token });
    await raw.ask("subscribe", { channel: "orders.ALL" });
    const pending = expect(client.watchOrders()).rejects.toThrow();
    await until("ccxt's subscription", () => client.clients[sim.wsUrl]?.subscriptions["orders.ALL"] ?? null);
    const ask = (bearer: string) => fetch(`${sim.url}/v1/balance`, { headers: { authorization: bearer } });
    expect((await ask(`Bearer ${token}`)).status).toBe(200);
    expect(await (await ask("nothing")).json()).toMatchObject({ error: "UNAUTHORIZED" });
    clock.aheadMs += 181_000;
    const refused = await ask(`Bearer ${token}`);
    expect([refused.status, await refused.json()]).toEqual([401, { data: null, error: "INVALID_TOKEN", message: "token is expired" }]);
    await until("the end of the connection", () => raw.closeCode);
    expect(raw.closeCode).toBe(1008);
    await pending;
    const watched = client.watchOrders();
    await until("a subscription anew", () => client.clients[sim.wsUrl]?.subscriptions["orders.ALL"] ?? null);
    expect(await client.authenticateRest()).not.toBe(token);
    await client.createOrder(ETH, "limit", "buy", 0.1, 2400, { clientOrderId: "later" });
    expect((await watched)[0]?.clientOrderId).toBe("later");
    await client.close();
    await sim.close();
  });

  it("counts what Paradex counts, and answers 429 with its headers", async () => {
    // In a second that does not end, however slow the machine is.
    const sim = await startParadex({ paused: true, clock: { now: () => Date.now(), monotonic: () => 0 } });
    const client = await connectParadex(sim, sim.accounts[0]);
    await client.loadMarkets();
    const headers = { authorization: `Bearer ${await client.authenticateRest()}` };
    const answers = await Promise.all(Array.from({ length: 42 }, () => fetch(`${sim.url}/v1/balance`, { headers })));
    const statuses = answers.map(({ status }) => status).toSorted();
    expect(statuses.filter((status) => status === 429)).toHaveLength(2);
    const over = answers.find(({ status }) => status === 429);
    expect(await over?.json()).toMatchObject({ error: "RATE_LIMIT_EXCEEDED" });
    expect(over?.headers.get("x-ratelimit-limit")).toBe("40");
    expect(over?.headers.get("retry-after")).toBe("1");
    await expect(client.fetchBalance()).rejects.toThrow(/RATE_LIMIT_EXCEEDED/);
    await client.createOrder(ETH, "limit", "buy", 0.1, 2400);
    await client.close();
    await sim.close();
  });

  it("injects faults: a lost answer is an order that exists", async () => {
    const sim = await startParadex({ paused: true });
    const client = await connectParadex(sim, sim.accounts[0]);
    await client.loadMarkets();
    await client.authenticateRest();
    const place = (clientOrderId: string) => client.createOrder(ETH, "limit", "buy", 0.1, 2400, { clientOrderId });
    await admin(sim, "POST", "/sim/faults", [
      { method: "POST", path: "/v1/orders", kind: "dropRequest" },
      { method: "POST", path: "/v1/orders", kind: "dropResponse" },
      { method: "POST", path: "/v1/orders", kind: "status", status: 503, code: "SERVICE_UNAVAILABLE", phase: "response" },
    ]);
    for (const id of ["f1", "f2"]) await expect(place(id)).rejects.toThrow();
    await expect(place("f3")).rejects.toThrow(/SERVICE_UNAVAILABLE/);
    const open = async () => (await client.fetchOpenOrders(ETH)).map(({ clientOrderId }) => clientOrderId).toSorted();
    expect(await open()).toEqual(["f2", "f3"]);
    await admin(sim, "POST", "/sim/faults", { method: "POST", path: "/v1/orders/batch", kind: "partialBatch", items: [0] });
    const item = { symbol: ETH, type: "limit", side: "buy", amount: 0.1, price: 2400 } as const;
    await client.createOrders(["g1", "g2"].map((clientOrderId) => ({ ...item, params: { clientOrderId } })));
    expect(await open()).toEqual(["f2", "f3", "g2"]);
    await admin(sim, "POST", "/sim/faults", { method: "GET", path: "/v1/orders", kind: "stale", ageMs: 60_000 });
    await client.cancelAllOrders(ETH);
    expect(await open()).toEqual(["f2", "f3", "g2"]);
    expect(await open()).toEqual([]);
    await client.close();
    await sim.close();
  });
});
