// Unmodified ccxt trades on the Paradex dialect: signing in, orders with verified signatures, history and margin.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { ExchangeSim } from "../../src/sim/exchange-sim.ts";
import { MAIN_KEY_SUFFIX } from "../../src/sim/paradex/accounts.ts";
import { admin } from "./loopback-exchange.ts";
import { connectParadex, type ParadexClient, startParadex } from "./paradex-client.ts";

const ETH = "ETH/USD:USDC";
const NO_ID = undefined as unknown as string;

/** Moves ETH to a price, where the market stands still. */
async function moveTo(sim: ExchangeSim, price: string, quantity?: string): Promise<void> {
  await admin(sim, "POST", "/sim/price", { symbol: "ETH-USD-PERP", price, ...(quantity === undefined ? {} : { quantity }) });
}

describe("a restart of the Paradex dialect", () => {
  it("keeps keys, open orders and what was closed on arrival, but no token", async () => {
    const folder = mkdtempSync(join(tmpdir(), "paradex-"));
    const first = await startParadex({ paused: true, folder });
    const before = await connectParadex(first, first.accounts[0]);
    const placed = await before.createOrder(ETH, "limit", "buy", 0.1, 2000, { clientOrderId: "kept" });
    await before.createOrder(ETH, "limit", "buy", 0.1, 9000, { clientOrderId: "crossed", postOnly: true });
    const token = await before.authenticateRest();
    await before.close();
    await first.close();
    const second = await startParadex({ paused: true, folder });
    const after = await connectParadex(second, second.accounts[0]);
    expect((await fetch(`${second.url}/v1/balance`, { headers: { authorization: `Bearer ${token}` } })).status).toBe(401);
    expect((await after.fetchOpenOrders(ETH)).map(({ id, clientOrderId }) => [id, clientOrderId])).toEqual([[placed.id, "kept"]]);
    const crossed = await after.fetchOrder(NO_ID, ETH, { clientOrderId: "crossed" });
    expect(crossed.info).toMatchObject({ status: "CLOSED", cancel_reason: "POST_ONLY_WOULD_CROSS" });
    await after.close();
    await second.close();
    rmSync(folder, { recursive: true });
  });
});

describe("ccxt on the Paradex dialect", () => {
  let sim: ExchangeSim;
  let client: ParadexClient;

  beforeAll(async () => {
    sim = await startParadex({ paused: true, accounts: [{ name: "sim" }, { name: `poor${MAIN_KEY_SUFFIX}`, balances: { USDC: "50" } }] });
    client = await connectParadex(sim, sim.accounts[0]);
    await client.loadMarkets();
    await moveTo(sim, "2500");
  });

  afterAll(async () => {
    await client.close();
    await sim.close();
  });

  const byClientId = (clientOrderId: string) => client.fetchOrder(NO_ID, ETH, { clientOrderId });
  const buy = (amount: number, price: number, params: object) => client.createOrder(ETH, "limit", "buy", amount, price, params);
  const sell = (amount: number, price: number, params: object) => client.createOrder(ETH, "limit", "sell", amount, price, params);

  it("loads three markets with their steps", async () => {
    expect(Object.keys(client.markets ?? {}).sort()).toEqual(["BTC/USD:USDC", ETH, "SOL/USD:USDC"]);
    expect(client.market(ETH)).toMatchObject({ id: "ETH-USD-PERP", swap: true, precision: { price: "0.01", amount: "0.0001" } });
    expect(client.market(ETH).limits.cost?.min).toBe("10");
    expect((await client.fetchTradingFee(ETH)).taker).toBe("0.0003");
  });

  it("answers time, status, ticker, book, best prices, trades, candles and funding", async () => {
    expect(Math.abs(Number(await client.fetchTime()) - Date.now())).toBeLessThan(2_000);
    expect((await client.fetchStatus()).status).toBe("ok");
    expect((await client.fetchTicker(ETH)).bid).toBe("2499.99");
    expect(Object.keys(await client.fetchTickers())).toHaveLength(3);
    const book = await client.fetchOrderBook(ETH);
    expect([book.bids[0]?.[0], book.asks[0]?.[0]]).toEqual([2499.99, 2500.01]);
    expect(await client.publicGetBboMarket({ market: "ETH-USD-PERP" })).toMatchObject({ bid: "2499.99", ask: "2500.01" });
    await moveTo(sim, "2500", "1.5");
    expect((await client.fetchTrades(ETH, undefined, 1))[0]).toMatchObject({ price: "2500", amount: "1.5" });
    expect((await client.fetchOHLCV(ETH, "1m")).at(-1)?.[4]).toBe("2500");
    sim.exchange.payFunding("ETH-USD-PERP", "0.0001");
    expect((await client.fetchFundingRate(ETH)).fundingRate).toBe("0.0001");
    expect((await client.fetchFundingRateHistory(ETH))[0]?.fundingRate).toBe("0.0001");
  });

  it("rests, shows and cancels orders by id and by client id", async () => {
    const first = await buy(0.5, 2400, { clientOrderId: "bot-7-a", postOnly: true });
    expect(first).toMatchObject({ status: "open", clientOrderId: "bot-7-a", timeInForce: "PO", remaining: "0.5" });
    const second = await sell(0.25, 2600, { clientOrderId: "bot-7-b" });
    expect((await client.fetchOpenOrders(ETH)).map((order) => order.clientOrderId)).toEqual(["bot-7-a", "bot-7-b"]);
    expect(await client.fetchOrder(String(first.id), ETH)).toMatchObject({ id: first.id, status: "open", amount: "0.5" });
    await expect(buy(0.1, 2300, { clientOrderId: "bot-7-a" })).rejects.toThrow(/DUPLICATED_CLIENT_ID/);
    await client.cancelOrder(NO_ID, ETH, { clientOrderId: "bot-7-a" });
    await client.cancelOrder(String(second.id), ETH);
    expect(await client.fetchOpenOrders(ETH)).toEqual([]);
    expect(await byClientId("bot-7-a")).toMatchObject({ status: "canceled", info: { status: "CLOSED", cancel_reason: "USER_CANCELED" } });
    await expect(client.cancelOrder(String(first.id), ETH)).rejects.toThrow(/ORDER_IS_CLOSED/);
    await expect(client.cancelOrder("77", ETH)).rejects.toThrow(/ORDER_ID_NOT_FOUND/);
    await expect(byClientId("unknown")).rejects.toThrow(/CLIENT_ORDER_ID_NOT_FOUND/);
    expect((await buy(0.1, 2400, { clientOrderId: "bot-7-a" })).status).toBe("open");
    await client.cancelAllOrders(ETH);
    expect(await client.fetchOpenOrders()).toEqual([]);
  });

  it("accepts and then closes what Paradex finds out too late", async () => {
    await buy(0.1, 2450, { clientOrderId: "own" });
    const late: [string, Promise<{ status: unknown }>][] = [
      ["POST_ONLY_WOULD_CROSS", buy(0.1, 2501, { clientOrderId: "POST_ONLY_WOULD_CROSS", postOnly: true })],
      ["REDUCE_ONLY_WILL_INCREASE", buy(0.1, 2400, { clientOrderId: "REDUCE_ONLY_WILL_INCREASE", reduceOnly: true })],
      ["NOT_ENOUGH_MARGIN", buy(5_000, 2400, { clientOrderId: "NOT_ENOUGH_MARGIN" })],
      ["SELF_TRADE", sell(100, 2450, { clientOrderId: "SELF_TRADE" })],
    ];
    for (const [reason, order] of late) {
      expect((await order).status).toBe("open");
      const now = await byClientId(reason);
      expect(now.info).toMatchObject({ status: "CLOSED", cancel_reason: reason, avg_fill_price: "" });
      expect(now.status).toBe(reason === "NOT_ENOUGH_MARGIN" ? "rejected" : "canceled");
    }
    await client.cancelAllOrders(ETH);
  });

  it("refuses outright what it cannot read", async () => {
    await expect(buy(0.001, 2400, {})).rejects.toThrow(/INVALID_ORDER_SIZE/);
    await expect(buy(0.1, 1, { triggerPrice: 2300 })).rejects.toThrow(/VALIDATION_ERROR/);
    await expect(buy(0.1, 2400, { clientOrderId: "x".repeat(65) })).rejects.toThrow(/VALIDATION_ERROR/);
    await expect(client.privateGetAccountMargin({ market: "DOGE-USD-PERP" })).rejects.toThrow(/MARKET_NOT_FOUND/);
    await expect(client.privateGetFills({ cursor: "???" })).rejects.toThrow(/INVALID_REQUEST_PARAMETER/);
  });

  it("fills market and IOC orders and an order in parts, with fees, position and balance", async () => {
    const before = Number((await client.fetchBalance()).USDC?.total);
    await client.createOrder(ETH, "market", "buy", 0.4, undefined, { clientOrderId: "m1" });
    expect(await byClientId("m1")).toMatchObject({ status: "closed", filled: "0.4", average: "2500.01" });
    const [fill] = await client.fetchMyTrades(ETH);
    expect(fill).toMatchObject({ side: "buy", amount: "0.4", takerOrMaker: "taker", fee: { cost: "0.3000012", currency: "USDC" } });
    expect(fill?.info).toMatchObject({ client_id: "m1", remaining_size: "0", liquidity: "TAKER" });
    expect(Number((await client.fetchBalance()).USDC?.total)).toBeCloseTo(before - 0.3000012, 9);
    await sell(1_000, 2499.99, { clientOrderId: "ioc", timeInForce: "IOC" });
    const ioc = await byClientId("ioc");
    expect(ioc.info).toMatchObject({ status: "CLOSED", cancel_reason: "REMAINING_IOC_CANCEL", instruction: "IOC" });
    expect(Number(ioc.filled)).toBeGreaterThan(0);
    const [short] = await client.fetchPositions([ETH]);
    expect(short).toMatchObject({ side: "short", info: { status: "OPEN", side: "SHORT" } });
    expect(Number(short?.contracts)).toBeCloseTo(Number(ioc.filled) - 0.4, 9);
    await moveTo(sim, "2500");
    await buy(Number(short?.contracts), 2600, { clientOrderId: "back", reduceOnly: true });
    expect((await byClientId("back")).info.flags).toEqual(["REDUCE_ONLY"]);
    expect(await client.fetchPositions([ETH])).toEqual([]);
    await buy(2, 2499, { clientOrderId: "parts" });
    await moveTo(sim, "2499", "0.5");
    const part = await byClientId("parts");
    expect(part).toMatchObject({ status: "open", amount: "2" });
    expect(Number(part.filled)).toBeGreaterThan(0);
    expect(Number(part.filled)).toBeLessThan(2);
    expect((await client.fetchMyTrades(ETH)).find((one) => one.order === part.id)?.fee?.cost).toMatch(/^-/);
    await client.cancelAllOrders(ETH);
    await moveTo(sim, "2500");
  });

  it("takes a batch order by order, cancels one, and amends in place", async () => {
    const order = (price: number, clientOrderId: string) => ({
      symbol: ETH,
      type: "limit" as const,
      side: "buy" as const,
      amount: 0.1,
      price,
      params: { clientOrderId },
    });
    const batch = await client.createOrders([order(2300, "b1"), order(2310, "b1"), order(2320, "b2")]);
    expect(batch.map(({ clientOrderId, status }) => [clientOrderId, status])).toEqual([
      ["b1", "open"],
      ["b2", "open"],
      [undefined, "rejected"],
    ]);
    const signed = client.privatePostOrdersBatch([] as unknown as object);
    await expect(signed).rejects.toThrow(/BATCH_SIZE_OUT_OF_RANGE/);
    const b1 = batch[0]?.id ?? "";
    const amended = await client.editOrder(b1, ETH, "limit", "buy", 0.2, 2310);
    expect(amended).toMatchObject({ id: b1, amount: "0.2", price: "2310", clientOrderId: "b1" });
    expect(amended.info.request_info).toMatchObject({ request_type: "MODIFY_ORDER" });
    expect(await byClientId("b1")).toMatchObject({ id: b1, status: "open", amount: "0.2", price: "2310" });
    await expect(client.editOrder(b1, ETH, "limit", "sell", 0.2, 2310)).rejects.toThrow(/VALIDATION_ERROR/);
    const canceled = await client.cancelOrders([b1, "99"], ETH, { clientOrderIds: ["b2", "b9"] });
    expect(canceled.map(({ info }) => info.status)).toEqual([
      "QUEUED_FOR_CANCELLATION",
      "NOT_FOUND",
      "QUEUED_FOR_CANCELLATION",
      "NOT_FOUND",
    ]);
    expect(await client.fetchOpenOrders(ETH)).toEqual([]);
  });

  it("pages its histories from the newest to the oldest", async () => {
    const whole = (await client.fetchOrders(ETH, undefined, 100)).map(({ id }) => id).toSorted();
    const seen: string[] = [];
    let cursor: string | undefined;
    do {
      const page = await client.privateGetOrdersHistory({ page_size: 4, ...(cursor === undefined ? {} : { cursor }) });
      expect(page.results.length).toBeLessThanOrEqual(4);
      seen.push(...page.results.map(({ id }: { id: string }) => id));
      cursor = page.next ?? undefined;
    } while (cursor !== undefined);
    expect(seen.length).toBeGreaterThan(8);
    expect(seen.toSorted()).toEqual(whole);
    expect(seen).toEqual(seen.toSorted((a, b) => Number(b) - Number(a)));
    const fills = await client.privateGetFills({ page_size: 1, start_at: 1 });
    expect(fills.next).toEqual(expect.any(String));
    expect((await client.privateGetFills({ start_at: Date.now() + 60_000 })).results).toEqual([]);
  });

  it("pays funding and tells margin, leverage and account", async () => {
    await client.createOrder(ETH, "market", "buy", 1, undefined, {});
    const [position] = await client.fetchPositions([ETH]);
    sim.exchange.payFunding("ETH-USD-PERP", "0.0002");
    const [payment] = await client.fetchFundingHistory(ETH);
    expect(payment).toMatchObject({ symbol: ETH, code: "USDC" });
    expect(Number(payment?.amount)).toBeCloseTo(-0.0002 * 2_500 * Number(position?.contracts), 6);
    await client.setLeverage(10, ETH);
    expect(await client.fetchLeverage(ETH)).toMatchObject({ longLeverage: 10, marginMode: "cross" });
    await expect(client.setLeverage(500, ETH)).rejects.toThrow(/VALIDATION_ERROR/);
    await expect(client.setMarginMode("isolated", ETH)).rejects.toThrow(/ISOLATED_MARKET_ACCOUNT_MISMATCH/);
    const account = (await client.privateGetAccount()) as unknown as Record<string, string>;
    expect(Number(account.initial_margin_requirement)).toBeCloseTo(250 * Number(position?.contracts), 6);
    expect(account).toMatchObject({ settlement_asset: "USDC", status: "ACTIVE" });
  });

  it("tells a subkey from a main key, which may withdraw", async () => {
    const rights = async (one: ParadexClient) => {
      const [info] = (await one.privateGetAccountInfo()).results;
      const { results } = await one.privateGetAccountKeysSubkeys();
      return { main: info.public_key, subkeys: results.map((key: { public_key: string }) => key.public_key) };
    };
    const { publicKey } = sim.accounts[0]?.credentials ?? {};
    const ofSubkey = await rights(client);
    expect(ofSubkey.subkeys).toEqual([publicKey]);
    expect(ofSubkey.main).not.toBe(publicKey);
    const strong = await connectParadex(sim, sim.accounts[1]);
    await strong.authenticateRest();
    expect(await rights(strong)).toEqual({ main: sim.accounts[1]?.credentials.publicKey, subkeys: [] });
    await strong.close();
  });
});
