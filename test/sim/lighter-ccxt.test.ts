// Unmodified ccxt trades on the Lighter dialect: signed transactions, late refusals, history by cursor, streams.

import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { ExchangeSim } from "../../src/sim/exchange-sim.ts";
import { connectLighter, type LighterClient, startLighter } from "./lighter-client.ts";
import { admin, until } from "./loopback-exchange.ts";

const ETH = "ETH/USDC:USDC";
const SPOT = "ETH/USDC";
const NO_ID = undefined as unknown as string;

describe("ccxt on the Lighter dialect", () => {
  let sim: ExchangeSim;
  let client: LighterClient;
  let id = 1_000;

  beforeAll(async () => {
    const limits = [{ name: "all", limit: 1_000_000, windowMs: 60_000 }];
    sim = await startLighter({ paused: true, limits, accounts: [{ name: "sim", balances: { USDC: "100000", ETH: "5" } }] });
    client = await connectLighter(sim, sim.accounts[0]);
    await client.loadMarkets();
  });
  afterAll(async () => {
    await client.close();
    await sim.close();
  });

  const nextId = (): number => {
    id += 1;
    return id;
  };
  const open = async (symbol = ETH) => await client.fetchOpenOrders(symbol);
  /** Places an order and waits until its status is told. */
  const ordered = async (side: "buy" | "sell", amount: number, price: number, params: object = {}, symbol = ETH) => {
    const clientOrderId = nextId();
    await client.createOrder(symbol, "limit", side, amount, price, { clientOrderId, ...params });
    return await until(`order ${clientOrderId}`, async () => {
      const orders = [...(await open(symbol)), ...(await client.fetchClosedOrders(symbol))];
      return orders.find((order) => order.clientOrderId === String(clientOrderId)) ?? null;
    });
  };

  it("loads perpetuals and spot with their steps, fees and minimums", async () => {
    expect(Object.keys(client.markets ?? {}).sort()).toEqual(["BTC/USDC:USDC", SPOT, ETH, "SOL/USDC:USDC"].sort());
    expect(client.market(ETH)).toMatchObject({ id: "0", precision: { price: "0.01", amount: "0.0001" }, taker: "0.00028" });
    expect(client.market(ETH).limits).toMatchObject({ amount: { min: "0.0050" }, cost: { min: "10.000000" } });
  });

  it("answers time, status, tickers, book, candles and funding rates", async () => {
    expect(Math.abs(Number(await client.fetchTime()) - Date.now())).toBeLessThan(2_000);
    expect((await client.fetchStatus()).status).toBe("ok");
    await admin(sim, "POST", "/sim/price", { symbol: "0", price: "2500", quantity: "1.5" });
    const book = await client.fetchOrderBook(ETH);
    expect([book.bids[0]?.[0], book.asks[0]?.[0]]).toEqual([2499.99, 2500.01]);
    expect((await client.fetchTicker(ETH)).markPrice).toBe("2500.00");
    expect(Object.keys(await client.fetchTickers())).toHaveLength(4);
    expect((await client.fetchOHLCV(ETH, "1m")).at(-1)?.[4]).toBe("2500");
    expect(Object.keys(await client.fetchFundingRates())).toHaveLength(3);
    expect((await client.publicGetRecentTrades({ market_id: 0, limit: 1 })).trades[0]).toMatchObject({ price: "2500.00", size: "1.5000" });
    expect((await client.publicGetExchangeStats()).order_book_stats).toHaveLength(4);
    expect((await client.publicGetOrderBooks({ filter: "spot" })).order_books).toHaveLength(1);
  });

  it("takes an order with 200 and carries it out a little later", async () => {
    const answer = await client.createOrder(ETH, "limit", "buy", 0.5, 2400, { clientOrderId: 77, postOnly: true });
    expect(answer.id).toBeUndefined();
    expect(answer.info).toMatchObject({ code: 200, tx_hash: expect.stringMatching(/^[0-9a-f]{64}$/) });
    expect(sim.exchange.state.account("sim").open.size).toBe(0);
    const [order] = await until("the order", async () => ((await open()).length > 0 ? await open() : null));
    expect(order).toMatchObject({ clientOrderId: "77", status: "open", timeInForce: "PO", price: "2400.00", amount: "0.5000" });
    expect(Number(order?.id)).toBeGreaterThan(2 ** 48);
    await expect(client.createOrder(ETH, "limit", "buy", 0.5, 2400, { clientOrderId: 77 })).rejects.toThrow(/21728/);
    await client.cancelOrder(NO_ID, ETH, { clientOrderId: 77 });
    await until("the cancel", async () => ((await open()).length === 0 ? true : null));
    // A cancel of what is gone is taken too.
    expect((await client.cancelOrder(NO_ID, ETH, { clientOrderId: 77 })).info.code).toBe(200);
  });

  it("refuses at once what the server sees, by Lighter's codes", async () => {
    const refused = async (amount: number, price: number, code: RegExp, params: object = {}): Promise<void> =>
      await expect(client.createOrder(ETH, "limit", "buy", amount, price, { clientOrderId: nextId(), ...params })).rejects.toThrow(code);
    await refused(90_000, 2400, /21739/);
    await refused(0.001, 2400, /21706/);
    await refused(0.1, 100, /21734/);
    await refused(0.1, 2400, /21710/, { triggerPrice: 2300 });
    await refused(0.1, 2400, /21104/, { nonce: 1 });
    await refused(0.1, 2400, /21727/, { clientOrderId: 2 ** 48 });
  });

  it("ends late what only the sequencer sees", async () => {
    expect((await ordered("buy", 0.1, 2510, { postOnly: true })).info.status).toBe("canceled-post-only");
    expect((await ordered("sell", 0.1, 2490, { reduceOnly: true, timeInForce: "IOC" })).info.status).toBe("canceled-reduce-only");
    expect((await ordered("buy", 9_000, 2510, { timeInForce: "IOC" })).info.status).toBe("canceled-margin-not-allowed");
    expect((await ordered("buy", 0.1, 2400, { timeInForce: "IOC" })).info.status).toBe("canceled-too-much-slippage");
  });

  it("fills, and tells trades, position and balance", async () => {
    const order = await ordered("buy", 0.4, 2600, { timeInForce: "IOC" });
    expect(order).toMatchObject({ status: "closed", filled: "0.4000" });
    const [trade] = await client.fetchMyTrades(ETH);
    expect(trade).toMatchObject({ order: order.id, side: "buy", takerOrMaker: "taker", amount: "0.4000" });
    expect(trade?.info).toMatchObject({ bid_client_id_str: order.clientOrderId, taker_fee: 280, is_maker_ask: true });
    const [position] = await client.fetchPositions([ETH]);
    expect(position).toMatchObject({ side: "long", contracts: "0.4000" });
    expect(Number((await client.fetchBalance()).USDC?.total)).toBeLessThan(100_000);
    const [kept] = ((await client.fetchBalance({ type: "spot" })) as unknown as { info: { accounts: { assets: unknown[] }[] } }).info
      .accounts;
    expect(kept?.assets).toEqual(expect.arrayContaining([expect.objectContaining({ symbol: "ETH", balance: "5" })]));
    expect((await ordered("sell", 0.1, 2600, {}, SPOT)).status).toBe("open");
    await client.cancelAllOrders();
    await until("no orders", async () => ((await open(SPOT)).length === 0 ? true : null));
  });

  it("cancels one market alone, modifies in place, sets leverage", async () => {
    const kept = await ordered("sell", 0.1, 2700, {}, SPOT);
    const changed = await ordered("buy", 0.1, 2400);
    await client.editOrder(String(changed.id), ETH, "limit", "buy", 0.2, 2390);
    await until("the change", async () => ((await open())[0]?.info.price === "2390.00" ? true : null));
    expect((await open())[0]).toMatchObject({ id: changed.id, amount: "0.2000" });
    await client.cancelAllOrders(undefined, { cancel_all_market_index: 0 });
    await until("one market empty", async () => ((await open()).length === 0 ? true : null));
    expect((await open(SPOT)).map((order) => order.id)).toEqual([kept.id]);
    await client.setLeverage(10, ETH, { marginMode: "cross" });
    await until("leverage", async () => ((await client.fetchPositions([ETH]))[0]?.info.initial_margin_fraction === "10.00" ? true : null));
    await expect(client.setLeverage(10, ETH, { marginMode: "isolated" })).rejects.toThrow(/21613/);
  });

  it("schedules one cancel of everything, five minutes ahead at least", async () => {
    await client.cancelAllOrdersAfter(300_000);
    const timeOf = async (): Promise<number> => Number((await client.fetchAccounts())[0]?.info.cancel_all_time);
    await until("the schedule", async () => ((await timeOf()) > Date.now() ? true : null));
    await expect(client.cancelAllOrdersAfter(400_000)).rejects.toThrow(/21712/);
    await client.cancelAllOrders(undefined, { time_in_force: 2 });
    await until("no schedule", async () => ((await timeOf()) === 0 ? true : null));
    await expect(client.cancelAllOrdersAfter(1_000)).rejects.toThrow(/5 minutes/);
    await expect(client.cancelAllOrders(undefined, { time_in_force: 1, time: Date.now() + 1_000 })).rejects.toThrow(/21714/);
  });

  it("pages its histories by cursor, newest first, and tells funding", async () => {
    const account_index = Number(sim.accounts[0]?.credentials.accountIndex);
    const page = async (cursor?: string) =>
      await client.privateGetAccountInactiveOrders({ account_index, market_id: 0, limit: 2, ...(cursor === undefined ? {} : { cursor }) });
    const first = await page();
    expect(first.orders).toHaveLength(2);
    const second = await page(first.next_cursor);
    expect(Number(second.orders[0].order_index)).toBeLessThan(Number(first.orders[1].order_index));
    sim.exchange.payFunding("0", "0.0001");
    const funding = await client.privateGetPositionFunding({ account_index, limit: 10 });
    expect(funding.position_fundings[0]).toMatchObject({ market_id: 0, position_side: "long", rate: "0.0001" });
    expect(Number(funding.position_fundings[0].change)).toBeLessThan(0);
    expect(await client.publicGetNextNonce({ account_index, api_key_index: 4 })).toMatchObject({ code: 200 });
    expect((await client.privateGetAccountLimits({ account_index })).user_tier_name).toBe("standard");
    expect((await client.publicGetApikeys({ account_index })).api_keys).toHaveLength(1);
  });

  it("streams book, trades, mark price, orders, own trades and balances", async () => {
    const [book, ticker] = await Promise.all([client.watchOrderBook(ETH), client.watchMarkPrice(ETH)]);
    expect(book.bids[0]?.[0]).toBeLessThan(Number(book.asks[0]?.[0]));
    expect(Number(ticker.markPrice)).toBeGreaterThan(0);
    const own = async () => (await client.watchOrders()).filter((order) => order.clientOrderId === String(clientOrderId));
    const toldOrder = async () => await until("the order's message", async () => (await own()).at(-1) ?? null);
    const clientOrderId = nextId();
    const heard = [toldOrder(), client.watchMyTrades(ETH), client.watchTrades(ETH), client.watchBalance({ type: "swap" })];
    const placed = await client.createOrderWs(ETH, "limit", "buy", 0.1, 2600, { clientOrderId, timeInForce: "IOC" });
    expect(placed.clientOrderId).toBe(String(clientOrderId));
    const [order, trades] = await Promise.all(heard);
    expect(order).toMatchObject({ clientOrderId: String(clientOrderId), status: "closed", filled: "0.1000" });
    expect((trades as unknown[]).at(-1)).toMatchObject({ side: "buy", takerOrMaker: "taker" });
    await expect(client.createOrderWs(ETH, "limit", "buy", 90_000, 2400, { clientOrderId: nextId() })).rejects.toThrow(/21739/);
  });

  it("knows who signed: another key's transactions and tokens are refused", async () => {
    const account = sim.accounts[0];
    const strange = { name: "sim", credentials: { ...account?.credentials, apiPrivateKey: "ab".repeat(40) } };
    const intruder = await connectLighter(sim, strange);
    await intruder.loadMarkets();
    await expect(intruder.createOrder(ETH, "limit", "buy", 0.1, 2400, {})).rejects.toThrow(/21120/);
    await expect(intruder.fetchOpenOrders(ETH)).rejects.toThrow(/20013/);
    await intruder.close();
  });
});

describe("the limits of the Lighter dialect", () => {
  it("admits sixty requests a minute of an address and answers 429 to the next", async () => {
    const sim = await startLighter({ paused: true });
    for (let count = 0; count < 60; count += 1) expect((await fetch(`${sim.url}/api/v1/orderBooks`)).status).toBe(200);
    const refused = await fetch(`${sim.url}/api/v1/orderBooks`);
    expect([refused.status, await refused.json()]).toEqual([429, { code: 23_000, message: "Too Many Requests!" }]);
    expect(Number(refused.headers.get("retry-after"))).toBeGreaterThan(0);
    await sim.close();
  });

  it("admits forty reads of trades a minute", async () => {
    const sim = await startLighter({ paused: true });
    const path = `${sim.url}/api/v1/recentTrades?market_id=0&limit=1`;
    for (let count = 0; count < 40; count += 1) expect((await fetch(path)).status).toBe(200);
    expect((await fetch(path)).status).toBe(429);
    await sim.close();
  });
});
