// Unmodified ccxt trades against the simulated Aster: every call a bot needs, over HTTP, signed by an agent wallet.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { ExchangeSim } from "../../src/sim/exchange-sim.ts";
import { type AsterClient, accountOf, calm, connectAster, ETH, ETH_SPOT, startAster } from "./aster-client.ts";
import { admin } from "./loopback-exchange.ts";

describe("ccxt's Aster on the simulated exchange", () => {
  let sim: ExchangeSim;
  let client: AsterClient;

  beforeAll(async () => {
    const accounts = [
      { name: "sim", balances: { USDT: "100000" } },
      { name: "spot", balances: { USDT: "10000", ETH: "2" } },
    ];
    sim = await startAster({ accounts });
    client = await connectAster(sim);
    await client.loadMarkets();
    await calm(sim);
  });

  afterAll(async () => {
    await client.close();
    await sim.close();
  });

  it("loads perpetuals and spot pairs with their steps", async () => {
    const symbols = ["BTC/USDT", "BTC/USDT:USDT", ETH_SPOT, ETH, "SOL/USDT", "SOL/USDT:USDT"];
    expect(Object.keys(client.markets ?? {}).sort()).toEqual(symbols.sort());
    expect(client.market(ETH)).toMatchObject({ id: "ETHUSDT", swap: true, active: true, precision: { price: "0.01", amount: "0.001" } });
    expect(client.market(ETH_SPOT)).toMatchObject({ id: "ETHUSDT", spot: true, limits: { cost: { min: "5" } } });
    expect(Math.abs(Number(await client.fetchTime({ type: "swap" })) - Date.now())).toBeLessThan(2_000);
  });

  it("answers prices, books, trades, candles and funding", async () => {
    expect(await client.fetchTicker(ETH)).toMatchObject({ symbol: ETH });
    expect(Object.keys(await client.fetchTickers(undefined, { type: "swap" }))).toHaveLength(3);
    const book = await client.fetchOrderBook(ETH, 5);
    expect([book.bids.length, book.bids[0]?.[0], book.asks[0]?.[0]]).toEqual([5, 2499.99, 2500.01]);
    await admin(sim, "POST", "/sim/price", { symbol: "ETHUSDT", price: "2500", quantity: "1.5" });
    const trades = await client.fetchTrades(ETH, undefined, 1);
    expect(trades[0]).toMatchObject({ symbol: ETH, price: "2500.00", amount: "1.500" });
    expect((await client.fetchTrades(ETH, Date.now() - 60_000)).at(-1)).toMatchObject({ price: "2500.00" });
    expect((await client.fetchOHLCV(ETH, "1m")).at(-1)?.[4]).toBe("2500.00");
    const bids = await client.fetchBidsAsks([ETH]);
    expect(bids[ETH]).toMatchObject({ bid: "2499.99", ask: "2500.01" });
    const rate = await client.fetchFundingRate(ETH);
    expect(rate).toMatchObject({ symbol: ETH, markPrice: "2500.00000000", fundingRate: "0.00010000" });
    expect(Number((rate.info as { nextFundingTime: number }).nextFundingTime)).toBeGreaterThan(Date.now());
  });

  it("rests post-only orders, shows them, and cancels by id and by client id", async () => {
    const byId = await client.createOrder(ETH, "limit", "buy", 0.5, 2400, { clientOrderId: "bot:1/a.B_c-9", postOnly: true });
    expect(byId).toMatchObject({ status: "open", filled: "0", clientOrderId: "bot:1/a.B_c-9", timeInForce: "GTX", price: "2400.00" });
    await client.createOrder(ETH, "limit", "sell", 0.25, 2600, { clientOrderId: "second", timeInForce: "GTC" });
    const open = await client.fetchOpenOrders(ETH);
    expect(open.map((order) => order.clientOrderId).sort()).toEqual(["bot:1/a.B_c-9", "second"]);
    expect(await client.fetchOrder(String(byId.id), ETH)).toMatchObject({ id: byId.id, amount: "0.500", status: "open" });
    expect(await client.fetchOpenOrder("", ETH, { clientOrderId: "second" })).toMatchObject({ amount: "0.250" });
    expect(await client.cancelOrder(String(byId.id), ETH)).toMatchObject({ id: byId.id, status: "canceled" });
    expect(await client.cancelOrder("", ETH, { clientOrderId: "second" })).toMatchObject({ status: "canceled" });
    expect(await client.fetchOpenOrders(ETH)).toEqual([]);
    expect(await client.fetchOrder("", ETH, { clientOrderId: "second" })).toMatchObject({ status: "canceled", filled: "0" });
    await expect(client.cancelOrder(String(byId.id), ETH)).rejects.toThrow(/-2011/);
    await expect(client.fetchOrder("1", ETH)).rejects.toMatchObject({ name: "OrderNotFound" });
    await expect(client.fetchOpenOrder(String(byId.id), ETH)).rejects.toThrow(/-2013/);
    expect((await client.fetchOrders(ETH)).map((order) => order.status)).toEqual(["canceled", "canceled"]);
  });

  it("refuses in Aster's numbers", async () => {
    const order = (side: "buy" | "sell", amount: number, price: number | undefined, params: object = {}) =>
      client.createOrder(ETH, price === undefined ? "market" : "limit", side, amount, price, params);
    const raw = (fields: object) =>
      client.fapiPrivatePostV3Order({
        symbol: "ETHUSDT",
        side: "BUY",
        type: "LIMIT",
        timeInForce: "GTC",
        quantity: "0.1",
        price: "2400",
        ...fields,
      });
    await order("buy", 0.1, 2500, { clientOrderId: "twice" });
    const refusals: readonly [number, () => Promise<unknown>][] = [
      [-5022, () => order("buy", 0.1, 2501, { postOnly: true })],
      [-2022, () => order("sell", 0.1, undefined, { reduceOnly: true })],
      [-2019, () => order("buy", 5_000, 2400)],
      [-4024, () => order("buy", 0.1, 100)],
      [-4016, () => order("sell", 0.1, 20_000)],
      [-4164, () => order("buy", 0.002, 2400)],
      [-4116, () => order("buy", 0.1, 2400, { clientOrderId: "twice" })],
      [-5021, () => order("sell", 1_000, 2499.59, { timeInForce: "FOK" })],
      [-2010, () => order("sell", 0.1, 2500)],
      [-1116, () => order("buy", 0.1, 2400, { triggerPrice: 2450 })],
      [-1111, () => raw({ price: "2400.001" })],
      [-1100, () => raw({ quantity: "-" })],
      [-1100, () => raw({ quantity: "1e2" })],
      [-4003, () => raw({ quantity: "0" })],
      [-1100, () => raw({ newClientOrderId: "with space" })],
      [-4015, () => raw({ newClientOrderId: "x".repeat(37) })],
      [-1115, () => raw({ timeInForce: "GTE" })],
      [-1117, () => raw({ side: "LONG" })],
      [-1121, () => raw({ symbol: "NOPEUSDT" })],
      [-1102, () => raw({ symbol: "" })],
      [-4061, () => raw({ positionSide: "LONG" })],
      [-2010, () => raw({ builder: "0x1F5877C19e3777Cfd15F9d57253eA4aA5254Ec39", feeRate: "0.001" })],
    ];
    for (const [code, act] of refusals) await expect(act(), String(code)).rejects.toThrow(String(code));
    expect(await client.fetchOpenOrders(ETH)).toHaveLength(1);
    await client.cancelAllOrders(ETH);
    expect(await client.fetchOpenOrders(ETH)).toEqual([]);
    // A name is free again once its order is closed.
    await order("buy", 0.1, 2400, { clientOrderId: "twice" });
    await client.cancelAllOrders(ETH);
  });

  it("only acknowledges: what an order did in the book is asked for, or told by the stream", async () => {
    const bought = await client.createOrder(ETH, "market", "buy", 0.4, undefined, { clientOrderId: "market-1" });
    expect(bought).toMatchObject({ status: "open", filled: "0" });
    expect(await client.fetchOrder(String(bought.id), ETH)).toMatchObject({ status: "closed", filled: "0.400", average: "2500.01000" });
    const known = await client.createOrder(ETH, "market", "sell", 0.1, undefined, { newOrderRespType: "RESULT" });
    expect(known).toMatchObject({ status: "closed", filled: "0.100" });
    const part = await client.createOrder(ETH, "limit", "sell", 500, 2499.99, { timeInForce: "IOC", newOrderRespType: "RESULT" });
    expect(part.status).toBe("canceled");
    expect(Number(part.filled)).toBeGreaterThan(0);
    const [position] = await client.fetchPositions([ETH]);
    expect(position).toMatchObject({ side: "short", marginMode: "cross", hedged: false });
    expect(Number(position?.contracts)).toBeCloseTo(Number(part.filled) - 0.3, 6);
    const back = await client.createOrder(ETH, "limit", "buy", Number(position?.contracts), 2600, { reduceOnly: true, timeInForce: "IOC" });
    expect(await client.fetchOrder(String(back.id), ETH)).toMatchObject({ status: "closed", reduceOnly: true });
    expect(await client.fetchPositions([ETH])).toEqual([]);
  });

  it("pages fills by id and by time, with fee, side of the book and profit", async () => {
    const fills = await client.fetchMyTrades(ETH);
    const [first] = fills;
    expect(first).toMatchObject({ side: "buy", price: "2500.01", amount: "0.400", takerOrMaker: "taker", fee: { currency: "USDT" } });
    expect(first?.fee?.cost).toBe("0.3500014");
    const ids = fills.map((fill) => Number(fill.id));
    expect([...ids].sort((a, b) => a - b)).toEqual(ids);
    const page = (params: object) =>
      client.fapiPrivateGetV3UserTrades({ symbol: "ETHUSDT", ...params }) as Promise<{ id: number; realizedPnl: string }[]>;
    expect((await page({ fromId: ids[1], limit: 2 })).map(({ id }) => id)).toEqual(ids.slice(1, 3));
    expect((await page({ limit: 1 })).map(({ id }) => id)).toEqual(ids.slice(-1));
    expect((await page({ startTime: 1, limit: 1 })).map(({ id }) => id)).toEqual(ids.slice(0, 1));
    expect(await page({ startTime: Date.now() + 1_000 })).toEqual([]);
    expect((await page({ orderId: Number(first?.order) })).length).toBe(1);
    expect((await page({}))[1]?.realizedPnl).toBe("-0.00200000");
    await expect(page({ fromId: 1, startTime: 1 })).rejects.toThrow(/-1128/);
    await expect(page({ startTime: 1, endTime: 700_000_000 })).rejects.toThrow(/-4165/);
    const cash = fills.reduce((sum, fill) => sum + (fill.side === "sell" ? 1 : -1) * Number(fill.cost) - Number(fill.fee?.cost), 0);
    expect(Number((await client.fetchBalance()).USDT?.total)).toBeCloseTo(100_000 + cash, 4);
  });

  it("places and cancels up to five orders in one request, each with its own outcome", async () => {
    const order = (price: number, clientOrderId: string) => ({
      symbol: ETH,
      type: "limit" as const,
      side: "buy" as const,
      amount: 0.1,
      price,
      params: { clientOrderId },
    });
    const placed = await client.createOrders([order(2401, "b1"), order(100, "b2"), order(2402, "b3")]);
    expect(placed.map((one) => one.status)).toEqual(["open", undefined, "open"]);
    expect(placed[1]?.info).toEqual({ code: -4024, msg: "Price is lower than mark price multiplier floor." });
    const six = Array.from({ length: 6 }, (_, index) => ({
      symbol: "ETHUSDT",
      side: "BUY",
      type: "LIMIT",
      timeInForce: "GTC",
      quantity: "0.1",
      price: String(2300 + index),
    }));
    await expect(client.fapiPrivatePostV3BatchOrders({ batchOrders: six })).rejects.toThrow(/-4082/);
    const canceled = await client.cancelOrders([String(placed[0]?.id), "77"], ETH);
    expect(canceled[0]).toMatchObject({ status: "canceled" });
    expect(canceled[1]?.info).toEqual({ code: -2011, msg: "Unknown order sent." });
    const byName = await client.cancelOrders([], ETH, { origClientOrderIdList: ["b3"] });
    expect(byName[0]).toMatchObject({ status: "canceled", clientOrderId: "b3" });
    expect(await client.fetchOpenOrders(ETH)).toEqual([]);
  });

  it("sets leverage, margin type and position mode", async () => {
    expect(await client.setLeverage(10, ETH)).toMatchObject({ leverage: 10, symbol: "ETHUSDT" });
    expect(await client.fetchLeverages([ETH])).toMatchObject({ [ETH]: { longLeverage: 10, marginMode: "cross" } });
    await expect(client.fapiPrivatePostV3Leverage({ symbol: "ETHUSDT", leverage: 500 })).rejects.toThrow(/-4028/);
    // 100000 dollars carry 1000000 at ten times, and 2000000 at the twenty of an account that never chose.
    await expect(client.createOrder(ETH, "limit", "buy", 500, 2400)).rejects.toMatchObject({ name: "InsufficientFunds" });
    await client.setLeverage(20, ETH);
    await client.createOrder(ETH, "limit", "buy", 500, 2400);
    await expect(client.setMarginMode("isolated", ETH)).rejects.toThrow(/-4047/);
    await expect(client.setPositionMode(true)).rejects.toThrow(/-4067/);
    await client.cancelAllOrders(ETH);
    await expect(client.setMarginMode("cross", ETH)).rejects.toThrow(/-4046/);
    await client.setMarginMode("isolated", ETH);
    expect(await client.fetchMarginModes([ETH])).toMatchObject({ [ETH]: { marginMode: "isolated" } });
    await client.setMarginMode("cross", ETH);
    expect(await client.fetchPositionMode(ETH)).toMatchObject({ hedged: false });
    await expect(client.setPositionMode(false)).rejects.toThrow(/-4059/);
    await client.setPositionMode(true);
    await expect(client.createOrder(ETH, "limit", "buy", 0.1, 2400)).rejects.toThrow(/-4061/);
    await client.setPositionMode(false);
  });

  it("pays and records funding", async () => {
    await client.createOrder(ETH, "market", "buy", 2);
    const before = Number((await client.fetchBalance()).USDT?.total);
    sim.exchange.payFunding("ETHUSDT", "0.0005");
    const [paid] = await client.fetchFundingHistory(ETH);
    expect(paid).toMatchObject({ symbol: ETH, code: "USDT", amount: "-2.50000000" });
    expect(Number((await client.fetchBalance()).USDT?.total)).toBeCloseTo(before - 2.5, 8);
    expect((await client.fetchFundingRateHistory(ETH)).at(-1)).toMatchObject({ symbol: ETH, fundingRate: "0.0005" });
    const types = new Set((await client.fetchLedger()).map((entry) => (entry.info as { incomeType: string }).incomeType));
    expect([...types].sort()).toEqual(["COMMISSION", "FUNDING_FEE", "REALIZED_PNL"]);
    expect(await client.fetchFundingHistory(ETH, Date.now() + 1_000)).toEqual([]);
    await client.createOrder(ETH, "market", "sell", 2, undefined, { reduceOnly: true });
  });

  it("cancels everything when the dead-man switch is not pressed again, and only then", async () => {
    const arm = (countdownTime: number) => client.fapiPrivatePostV3CountdownCancelAll({ symbol: "ETHUSDT", countdownTime });
    await client.createOrder(ETH, "limit", "buy", 0.1, 2400);
    expect(await arm(60_000)).toEqual({ symbol: "ETHUSDT", countdownTime: "60000" });
    sim.exchange.tick();
    expect(await client.fetchOpenOrders(ETH)).toHaveLength(1);
    await arm(0);
    await arm(1);
    await new Promise((resolve) => setTimeout(resolve, 2));
    sim.exchange.tick();
    expect(await client.fetchOpenOrders(ETH)).toEqual([]);
  });

  it("trades spot with real coins under the same names", async () => {
    const spot = await connectAster(sim, "spot", { defaultType: "spot" });
    await spot.loadMarkets();
    expect((await spot.fetchTicker(ETH_SPOT)).bid).toBe("2499.99");
    await spot.createOrder(ETH_SPOT, "market", "buy", 1);
    expect((await spot.fetchBalance()).ETH?.free).toBe("2.99900000");
    await expect(spot.createOrder(ETH_SPOT, "limit", "sell", 3, 2600)).rejects.toMatchObject({ name: "InsufficientFunds" });
    const order = await spot.createOrder(ETH_SPOT, "limit", "sell", 2, 2600, { clientOrderId: "spot-1" });
    expect(order).toMatchObject({ symbol: ETH_SPOT, status: "open" });
    expect((await spot.fetchBalance()).ETH).toMatchObject({ used: "2.00000000" });
    expect(await spot.fetchOpenOrders(ETH_SPOT)).toHaveLength(1);
    expect(await spot.fetchOpenOrders(ETH)).toEqual([]);
    await spot.createOrder(ETH_SPOT, "market", "buy", 0, 0, { cost: 100 });
    expect((await spot.fetchMyTrades(ETH_SPOT)).map((fill) => fill.symbol)).toEqual([ETH_SPOT, ETH_SPOT]);
    expect(await spot.cancelOrder("", ETH_SPOT, { clientOrderId: "spot-1" })).toMatchObject({ status: "canceled" });
    await spot.close();
  });
});

describe("a simulated Aster that is started again", () => {
  it("knows its accounts, orders, fills, profit, leverage and funding", async () => {
    const folder = mkdtempSync(join(tmpdir(), "aster-sim-"));
    const first = await startAster({ folder });
    await calm(first);
    const client = await connectAster(first);
    await client.createOrder(ETH, "market", "buy", 1);
    await client.createOrder(ETH, "market", "sell", 0.5);
    await client.createOrder(ETH, "limit", "buy", 0.1, 2400, { clientOrderId: "kept" });
    await client.setLeverage(3, ETH);
    first.exchange.payFunding("ETHUSDT", "0.0001");
    await client.close();
    await first.close();
    const second = await startAster({ folder });
    const again = await connectAster(second);
    expect(accountOf(second).credentials).toEqual(accountOf(first).credentials);
    expect(await again.fetchOrder("", ETH, { clientOrderId: "kept" })).toMatchObject({ status: "open", amount: "0.100" });
    const fills = (await again.fapiPrivateGetV3UserTrades({ symbol: "ETHUSDT" })) as { realizedPnl: string }[];
    expect(fills.map(({ realizedPnl }) => realizedPnl)).toEqual(["0.00000000", "-0.01000000"]);
    expect(await again.fetchFundingHistory(ETH)).toHaveLength(1);
    expect(await again.fetchLeverages([ETH])).toMatchObject({ [ETH]: { longLeverage: 3 } });
    await again.close();
    await second.close();
    rmSync(folder, { recursive: true });
  });
});
