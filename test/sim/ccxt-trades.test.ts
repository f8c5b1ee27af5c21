// Unmodified ccxt trades against the simulated exchange: every call a bot needs, over HTTP and WebSocket.

import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { ExchangeSim } from "../../src/sim/exchange-sim.ts";
import { admin, type Client, connect, startSim, until } from "./loopback-exchange.ts";

const ETH = "ETH/USDC:USDC";

/** Moves ETH to 2500 and lets the market stand still there. */
async function calm(sim: ExchangeSim): Promise<void> {
  await admin(sim, "POST", "/sim/pause");
  await admin(sim, "POST", "/sim/price", { symbol: "ETH_USDC_PERP", price: "2500" });
}

describe("ccxt on the simulated exchange", () => {
  let sim: ExchangeSim;
  let client: Client;

  beforeAll(async () => {
    sim = await startSim({ paused: true, accounts: [{ name: "sim" }, { name: "spot", balances: { USDC: "10000", ETH: "2" } }] });
    client = await connect(sim, sim.accounts[0]);
    await calm(sim);
  });

  afterAll(async () => {
    await client.close();
    await sim.close();
  });

  it("loads six markets with their steps", async () => {
    const markets = await client.loadMarkets();
    expect(Object.keys(markets).sort()).toEqual(["BTC/USDC", "BTC/USDC:USDC", "ETH/USDC", ETH, "SOL/USDC", "SOL/USDC:USDC"]);
    expect(client.market(ETH)).toMatchObject({
      id: "ETH_USDC_PERP",
      swap: true,
      active: true,
      precision: { price: "0.01", amount: "0.0001" },
    });
  });

  it("answers time, status, ticker, book, trades and candles", async () => {
    expect(Math.abs(Number(await client.fetchTime()) - Date.now())).toBeLessThan(2_000);
    expect((await client.fetchStatus()).status).toBe("ok");
    expect((await client.fetchTicker(ETH)).last).toBeDefined();
    expect(Object.keys(await client.fetchTickers())).toHaveLength(6);
    const book = await client.fetchOrderBook(ETH);
    expect([book.bids[0]?.[0], book.asks[0]?.[0]]).toEqual([2499.99, 2500.01]);
    expect(book.bids).toHaveLength(20);
    await admin(sim, "POST", "/sim/price", { symbol: "ETH_USDC_PERP", price: "2500", quantity: "1.5" });
    const [trade] = await client.fetchTrades(ETH, undefined, 1);
    expect(trade).toMatchObject({ price: "2500", amount: "1.5" });
    const candles = await client.fetchOHLCV(ETH, "1m");
    expect(candles.at(-1)?.[4]).toBe("2500");
    expect((await client.fetchFundingRate(ETH)).markPrice).toBe("2500");
  });

  it("rests, shows and cancels a limit order by id and by client id", async () => {
    const byId = await client.createOrder(ETH, "limit", "buy", 0.5, 2400, { clientOrderId: 4_294_967_295, postOnly: true });
    expect(byId).toMatchObject({ status: "open", filled: "0", clientOrderId: "4294967295", postOnly: true });
    const second = await client.createOrder(ETH, "limit", "sell", 0.25, 2600, { clientOrderId: 7 });
    expect((await client.fetchOpenOrders(ETH)).map((order) => order.clientOrderId).sort()).toEqual(["4294967295", "7"]);
    expect(await client.fetchOpenOrder(String(byId.id), ETH)).toMatchObject({ id: byId.id, amount: "0.5", price: "2400" });
    expect(await client.cancelOrder(String(byId.id), ETH)).toMatchObject({ id: byId.id, status: "canceled" });
    const undefinedId = undefined as unknown as string;
    expect(await client.cancelOrder(undefinedId, ETH, { clientId: 7 })).toMatchObject({ id: second.id, status: "canceled" });
    expect(await client.fetchOpenOrders(ETH)).toEqual([]);
    await expect(client.cancelOrder(String(byId.id), ETH)).rejects.toThrow(/RESOURCE_NOT_FOUND/);
    const history = await client.fetchOrders(ETH);
    expect(history.find((order) => order.id === byId.id)).toMatchObject({ status: "canceled", filled: "0" });
  });

  it("refuses in Backpack's words", async () => {
    const refusals: [RegExp, () => Promise<unknown>][] = [
      [/would immediately match/, () => client.createOrder(ETH, "limit", "buy", 0.1, 2501, { postOnly: true })],
      [/would not reduce/, () => client.createOrder(ETH, "market", "sell", 0.1, undefined, { reduceOnly: true })],
      [/INSUFFICIENT_MARGIN/, () => client.createOrder(ETH, "limit", "buy", 5_000, 2400)],
      [/INVALID_PRICE/, () => client.createOrder(ETH, "limit", "buy", 0.1, 1)],
      [/triggerPrice/, () => client.createOrder(ETH, "limit", "buy", 0.1, 2400, { triggerPrice: 2450 })],
    ];
    for (const [words, order] of refusals) await expect(order()).rejects.toThrow(words);
    await client.createOrder(ETH, "limit", "buy", 0.1, 2500, { clientOrderId: 9 });
    await expect(client.createOrder(ETH, "limit", "buy", 0.1, 2400, { clientOrderId: 9 })).rejects.toThrow(/INVALID_CLIENT_REQUEST/);
    await expect(client.createOrder(ETH, "limit", "sell", 0.1, 2500)).rejects.toThrow(/same account/);
    expect(await client.cancelAllOrders(ETH)).toHaveLength(1);
    const wrong = await connect(sim, {
      name: "sim",
      credentials: { ...sim.accounts[0]?.credentials, secret: Buffer.alloc(32, 7).toString("base64") },
    });
    await expect(wrong.fetchBalance()).rejects.toThrow(/INVALID_SIGNATURE/);
    await wrong.close();
  });

  it("fills market, IOC and FOK orders, with fees, position and balance", async () => {
    const bought = await client.createOrder(ETH, "market", "buy", 0.4, undefined, { clientOrderId: 11 });
    expect(bought).toMatchObject({ status: "closed", filled: "0.4" });
    const part = await client.createOrder(ETH, "limit", "sell", 1_000, 2499.99, { timeInForce: "IOC" });
    expect(part.status).toBe("canceled");
    expect(Number(part.filled)).toBeGreaterThan(0);
    const none = await client.createOrder(ETH, "limit", "sell", 1_000, 2499.59, { timeInForce: "FOK" });
    expect(none).toMatchObject({ status: "canceled", filled: "0" });
    const [position] = await client.fetchPositions([ETH]);
    const back = await client.createOrder(ETH, "limit", "buy", Number(position?.contracts), 2600, { reduceOnly: true, timeInForce: "FOK" });
    expect(back.status).toBe("closed");
    expect(await client.fetchPositions([ETH])).toEqual([]);

    const fills = await client.fetchMyTrades(ETH, 0);
    expect(fills[0]).toMatchObject({ order: bought.id, side: "buy", price: "2500.01", amount: "0.4", takerOrMaker: "taker" });
    expect(fills[0]?.fee).toMatchObject({ currency: "USDC", cost: "0.500002" });
    const info = fills[0]?.info as { clientId: string };
    expect(info.clientId).toBe("11");
    const cash = fills.reduce((sum, fill) => {
      const value = BigInt(Math.round(Number(fill.cost) * 1e12));
      const fee = BigInt(Math.round(Number(fill.fee?.cost) * 1e12));
      return sum + (fill.side === "sell" ? value : -value) - fee;
    }, 0n);
    const balance = await client.fetchBalance();
    expect(Number(balance.USDC?.total)).toBeCloseTo(100_000 + Number(cash) / 1e12, 6);
    const since = Number(fills.at(-1)?.timestamp) + 1;
    expect(await client.fetchMyTrades(ETH, since)).toEqual([]);
  });

  it("trades spot with real coins", async () => {
    const spot = await connect(sim, sim.accounts[1]);
    await admin(sim, "POST", "/sim/price", { symbol: "ETH_USDC", price: "2500" });
    await spot.createOrder("ETH/USDC", "market", "buy", 1);
    const balance = await spot.fetchBalance();
    expect(balance.ETH?.total).toBe("2.999");
    await expect(spot.createOrder("ETH/USDC", "limit", "sell", 3, 2600)).rejects.toThrow(/INSUFFICIENT_FUNDS/);
    await spot.createOrder("ETH/USDC", "limit", "sell", 2, 2600);
    expect((await spot.fetchBalance()).ETH).toMatchObject({ used: "2", total: "2.999" });
    await expect(spot.createOrder("ETH/USDC", "limit", "buy", 5, 2400)).rejects.toThrow(/INSUFFICIENT_FUNDS/);
    const byCost = await spot.createOrder("ETH/USDC", "market", "buy", 0, 0, { cost: 100 });
    expect(byCost).toMatchObject({ status: "closed", filled: "0.0399" });
    await spot.cancelAllOrders("ETH/USDC");
    await spot.close();
  });

  it("places many orders in one request", async () => {
    const order = (price: number) => ({ symbol: ETH, type: "limit" as const, side: "buy" as const, amount: 0.1, price });
    const placed = await client.createOrders([order(2401), order(2402), order(1)]);
    expect(placed.slice(0, 2).map((one) => one.status)).toEqual(["open", "open"]);
    expect(placed[2]?.info).toMatchObject({ operation: "Err", code: "INVALID_PRICE" });
    expect(await client.cancelAllOrders(ETH)).toHaveLength(2);
  });

  it("streams book, ticker and orders, and every single fill", async () => {
    const events: Record<string, unknown>[] = [];
    const handle = client.handleOrder.bind(client);
    client.handleOrder = (socket: unknown, message: { data: Record<string, unknown> }) => {
      events.push(message.data);
      return handle(socket, message);
    };
    const book = await client.watchOrderBook(ETH);
    expect(Number(book.bids[0]?.[0])).toBeLessThan(Number(book.asks[0]?.[0]));
    expect((await client.watchTicker(ETH)).last).toBeDefined();
    const first = client.watchOrders(ETH);
    await until("the private stream is subscribed", async () => {
      await client.createOrder(ETH, "limit", "buy", 0.1, 2300).then((order) => client.cancelOrder(String(order.id), ETH));
      return events.length > 0;
    });
    await first;
    events.length = 0;
    const resting = await client.createOrder(ETH, "limit", "sell", 0.03, 2500.5, { clientOrderId: 21 });
    for (let part = 0; part < 3; part += 1)
      await admin(sim, "POST", "/sim/price", { symbol: "ETH_USDC_PERP", price: "2500.5", quantity: "0.01" });
    const mine = await until("three fills", () => {
      const ours = events.filter((event) => event.i === resting.id);
      return ours.length === 4 ? ours : null;
    });
    expect(mine.map((event) => [event.e, event.X, event.z, event.l])).toEqual([
      ["orderAccepted", "New", "0", undefined],
      ["orderFill", "PartiallyFilled", "0.0100", "0.0100"],
      ["orderFill", "PartiallyFilled", "0.0200", "0.0100"],
      ["orderFill", "Filled", "0.0300", "0.0100"],
    ]);
    expect(mine[3]).toMatchObject({ c: 21, m: true, N: "USDC", n: "0.005001", L: "2500.50", Z: "75.015" });
    expect(new Set(mine.slice(1).map((event) => event.t)).size).toBe(3);
    const positions = await client.fetchPositions([ETH]);
    expect(positions[0]).toMatchObject({ side: "short", contracts: "0.03", entryPrice: "2500.5" });
    client.handleOrder = handle;
  });

  it("is found again after its sockets were cut", async () => {
    const pending = client.watchTicker(ETH);
    await until("a subscription", async () => ((await admin(sim, "GET", "/sim/state")) as { sockets: number }).sockets > 0);
    const cut = expect(pending).rejects.toThrow();
    await admin(sim, "POST", "/sim/disconnect");
    await cut;
    expect((await client.watchTicker(ETH)).last).toBeDefined();
  });
});

describe("limits and faults", () => {
  it("answers 429 beyond a limit, and counts every request", async () => {
    const limits = [
      { name: "requests", limit: 8, windowMs: 60_000 },
      { name: "history", limit: 2, windowMs: 60_000, pathPrefix: "/wapi/v1/history/" },
    ];
    const sim = await startSim({ paused: true, limits });
    const client = await connect(sim, sim.accounts[0]);
    await client.loadMarkets();
    await client.fetchMyTrades(ETH);
    await client.fetchMyTrades(ETH);
    await expect(client.fetchMyTrades(ETH)).rejects.toThrow(/TOO_MANY_REQUESTS/);
    for (let call = 0; call < 6; call += 1) await client.fetchBalance();
    await expect(client.fetchBalance()).rejects.toMatchObject({ name: "RateLimitExceeded" });
    const { accounts } = (await admin(sim, "GET", "/sim/requests")) as { accounts: Record<string, { buckets: object[] }> };
    expect(accounts.sim).toMatchObject({ total: 10, rejected429: 2 });
    expect(accounts.sim?.buckets).toEqual([
      { name: "requests", limit: 8, windowMs: 60_000, total: 10, mostInWindow: 10 },
      { name: "history", limit: 2, windowMs: 60_000, total: 3, mostInWindow: 3 },
    ]);
    await client.close();
    await sim.close();
  });

  it("injects faults: a lost answer is an order that exists", async () => {
    const sim = await startSim({ paused: true });
    const client = await connect(sim, sim.accounts[0]);
    await client.loadMarkets();
    const path = "/api/v1/order";
    const place = (clientOrderId: number) => client.createOrder(ETH, "limit", "buy", 0.1, 2000, { clientOrderId });
    await admin(sim, "POST", "/sim/faults", [
      { method: "POST", path, kind: "dropRequest" },
      { method: "POST", path, kind: "dropResponse" },
      { method: "POST", path, kind: "status", status: 503 },
      { method: "POST", path, kind: "status", status: 502, phase: "response" },
      { method: "POST", path, kind: "malformed" },
    ]);
    for (const id of [1, 2, 3, 4]) await expect(place(id)).rejects.toThrow();
    await place(5).catch(() => undefined);
    const open = await client.fetchOpenOrders(ETH);
    expect(open.map((order) => order.clientOrderId).sort()).toEqual(["2", "4", "5"]);
    await admin(sim, "POST", "/sim/faults", { path, kind: "delay", delayMs: 60, phase: "request" });
    const signedFor50Ms = await connect(sim, sim.accounts[0], { options: { recvWindow: 50 } });
    await signedFor50Ms.loadMarkets();
    await expect(signedFor50Ms.createOrder(ETH, "limit", "buy", 0.1, 2000, { clientOrderId: 6 })).rejects.toThrow(/expired/);
    const faults = (await admin(sim, "GET", "/sim/faults")) as { used: number; left: number }[];
    expect(faults.map(({ used, left }) => [used, left])).toEqual(Array(6).fill([1, 0]));
    await signedFor50Ms.close();
    await client.close();
    await sim.close();
  });
});
