// Unmodified ccxt listens to the simulated Aster: books, prices, every fill as a message of its own, and listen keys that end.

import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { WebSocket } from "ws";
import type { ExchangeSim } from "../../src/sim/exchange-sim.ts";
import { type AsterClient, calm, connectAster, ETH, ETH_SPOT, startAster, tapMessages } from "./aster-client.ts";
import { admin, until } from "./loopback-exchange.ts";

type Row = Readonly<Record<string, unknown>>;

/** Waits for the first private message, which proves that the stream is there. */
async function subscribed(client: AsterClient, seen: readonly Row[], symbol: string = ETH): Promise<void> {
  client.watchOrders(symbol).catch(() => undefined);
  await until("the private stream", async () => {
    const { id } = await client.createOrder(symbol, "limit", "buy", 0.1, 2300);
    await client.cancelOrder(String(id), symbol);
    return seen.some((message) => message.e === "ORDER_TRADE_UPDATE" || message.e === "executionReport");
  });
}

describe("streams of the simulated Aster", () => {
  let sim: ExchangeSim;

  beforeAll(async () => {
    sim = await startAster();
    await calm(sim);
  });

  afterAll(async () => {
    await sim.close();
  });

  it("tells books, touch, trades, candles, tickers and marks", async () => {
    const client = await connectAster(sim);
    const seen = tapMessages(client);
    const book = await client.watchOrderBook(ETH);
    expect([book.bids.length, book.bids[0]?.[0], book.asks[0]?.[0]]).toEqual([20, 2499.99, 2500.01]);
    expect((await client.watchBidsAsks([ETH]))[ETH]).toMatchObject({ bid: "2499.99", ask: "2500.01" });
    const trade = client.watchTrades(ETH);
    const candle = client.watchOHLCV(ETH, "1m");
    const pushes = setInterval(() => admin(sim, "POST", "/sim/price", { symbol: "ETHUSDT", price: "2500", quantity: "0.5" }), 50);
    try {
      expect((await trade)[0]).toMatchObject({ symbol: ETH, price: "2500.00", amount: "0.500" });
      expect((await candle)[0]?.[4]).toBe("2500.00");
      expect((await client.watchTicker(ETH)).last).toBe("2500.00");
    } finally {
      clearInterval(pushes);
    }
    // ccxt waits for marks and tickers under one name, so it can listen to one of them only.
    const marks = await connectAster(sim);
    expect(await marks.watchMarkPrice(ETH)).toMatchObject({ markPrice: "2500.00000000", info: { r: "0.00010000" } });
    await marks.close();
    const books = seen.filter((message) => message.e === "depthUpdate") as { U: number; u: number; pu: number }[];
    for (const [index, { U, pu }] of books.entries())
      expect(Number(pu), `book ${index}`).toBe(index === 0 ? Number(U) - 1 : Number(books[index - 1]?.u));
    await client.close();
  });

  it("tells every fill of an order, its fee and profit, and the position and balance after it", async () => {
    const client = await connectAster(sim);
    await client.loadMarkets();
    await client.createOrder(ETH, "market", "buy", 0.03);
    const seen = tapMessages(client);
    await subscribed(client, seen);
    seen.length = 0;
    const resting = await client.createOrder(ETH, "limit", "sell", 0.03, 2500.5, { clientOrderId: "three-parts" });
    for (let part = 0; part < 3; part += 1)
      await admin(sim, "POST", "/sim/price", { symbol: "ETHUSDT", price: "2500.5", quantity: "0.01" });
    const mine = await until("four messages", () => {
      const ours = seen.flatMap((message) => {
        const order = message.o as Row | undefined;
        return message.e === "ORDER_TRADE_UPDATE" && String(order?.i) === resting.id ? [order as Row] : [];
      });
      return ours.length === 4 ? ours : null;
    });
    expect(mine.map(({ x, X, z, l }) => [x, X, z, l])).toEqual([
      ["NEW", "NEW", "0", "0"],
      ["TRADE", "PARTIALLY_FILLED", "0.010", "0.010"],
      ["TRADE", "PARTIALLY_FILLED", "0.020", "0.010"],
      ["TRADE", "FILLED", "0.030", "0.010"],
    ]);
    expect(mine[3]).toMatchObject({
      c: "three-parts",
      m: true,
      N: "USDT",
      n: "0.00250050",
      L: "2500.50",
      ap: "2500.50000",
      rp: "0.00490000",
    });
    expect(new Set(mine.slice(1).map(({ t }) => t)).size).toBe(3);
    const updates = seen
      .filter((message) => message.e === "ACCOUNT_UPDATE")
      .map((message) => message.a as { B: Row[]; P: Row[]; m: string });
    expect(updates.map(({ P, m }) => [m, P[0]?.pa])).toEqual([
      ["ORDER", "0.020"],
      ["ORDER", "0.010"],
      ["ORDER", "0"],
    ]);
    const total = (await client.fetchBalance()).USDT?.total;
    expect(updates.at(-1)?.B[0]).toMatchObject({ a: "USDT", wb: total });
    await client.close();
  });

  it("tells funding and changed settings", async () => {
    const client = await connectAster(sim);
    const seen = tapMessages(client);
    await subscribed(client, seen);
    await client.createOrder(ETH, "market", "buy", 1);
    sim.exchange.payFunding("ETHUSDT", "0.0001");
    const paid = await until("the payment", () => seen.find((message) => (message.a as Row | undefined)?.m === "FUNDING_FEE") ?? null);
    expect(paid.a).toMatchObject({ P: [], B: [{ a: "USDT" }] });
    await client.setLeverage(7, ETH);
    const config = await until("the setting", () => seen.find((message) => message.e === "ACCOUNT_CONFIG_UPDATE") ?? null);
    expect(config.ac).toEqual({ s: "ETHUSDT", l: 7 });
    await client.createOrder(ETH, "market", "sell", 1, undefined, { reduceOnly: true });
    await client.close();
  });

  it("gives one listen key to an account, ends it with a word, and serves the next one", async () => {
    const client = await connectAster(sim);
    const seen = tapMessages(client);
    await subscribed(client, seen);
    const { listenKey } = (await client.fapiPrivatePostV3ListenKey()) as { listenKey: string };
    expect(listenKey).toBe(client.options.listenKey.swap);
    await client.fapiPrivatePutV3ListenKey();
    expect(await admin(sim, "POST", "/sim/aster/expire-listen-key", { account: "sim" })).toEqual({ expired: true });
    await until("the expiry", () => seen.find((message) => message.e === "listenKeyExpired") ?? null);
    await expect(client.fapiPrivatePutV3ListenKey()).rejects.toThrow(/-1125/);
    seen.length = 0;
    await client.createOrder(ETH, "limit", "buy", 0.1, 2300, { clientOrderId: "unheard" });
    await client.cancelAllOrders(ETH);
    // What follows is ours to do: ccxt does not know the word.
    client.options.lastAuthenticatedTime.swap = 0;
    await subscribed(client, seen);
    expect(client.options.listenKey.swap).not.toBe(listenKey);
    expect(seen.some((message) => (message.o as Row | undefined)?.c === "unheard")).toBe(false);
    await client.close();
  });

  it("is found again after its sockets were cut", async () => {
    const client = await connectAster(sim);
    await client.watchTicker(ETH);
    const pending = client.watchTrades(ETH);
    await until("a subscription", async () => ((await admin(sim, "GET", "/sim/state")) as { sockets: number }).sockets > 0);
    const cut = expect(pending).rejects.toThrow();
    await admin(sim, "POST", "/sim/disconnect");
    await cut;
    expect((await client.watchTicker(ETH)).last).toBeDefined();
    await client.close();
  });

  it("streams spot on its own address", async () => {
    const client = await connectAster(sim, "sim", { defaultType: "spot" });
    await client.loadMarkets();
    const seen = tapMessages(client);
    expect((await client.watchOrderBook(ETH_SPOT)).bids[0]?.[0]).toBe(2499.99);
    await subscribed(client, seen, ETH_SPOT);
    const bought = await client.createOrder(ETH_SPOT, "market", "buy", 0.5, undefined, { clientOrderId: "spot-buy" });
    const report = await until(
      "the report",
      () => seen.find((message) => message.e === "executionReport" && message.x === "TRADE" && String(message.i) === bought.id) ?? null,
    );
    expect(report).toMatchObject({ s: "ETHUSDT", c: "spot-buy", X: "FILLED", l: "0.500", z: "0.500", N: "ETH", m: false });
    const held = await until("the balance", () => seen.find((message) => message.e === "outboundAccountPosition") ?? null);
    expect((held.B as Row[]).map(({ a }) => a).sort()).toEqual(["ETH", "USDT"]);
    await client.close();
  });

  it("closes a connection that talks too much and refuses names that are no stream", async () => {
    const socket = new WebSocket(`${sim.wsUrl}/ws`);
    const answers: Row[] = [];
    socket.on("message", (data) => answers.push(JSON.parse(String(data))));
    await new Promise((resolve) => socket.on("open", resolve));
    socket.send(JSON.stringify({ method: "SUBSCRIBE", params: ["ethusdt@nonsense"], id: 7 }));
    await until("the refusal", () => answers.find(({ id }) => id === 7) ?? null);
    expect(answers[0]).toEqual({ error: { code: 2, msg: "Invalid request: invalid stream" }, id: 7 });
    const closed = new Promise<number>((resolve) => socket.on("close", (code) => resolve(code)));
    for (let message = 0; message < 11; message += 1) socket.send(JSON.stringify({ method: "LIST_SUBSCRIPTIONS", id: message }));
    expect(await closed).toBe(1008);
  });
});
