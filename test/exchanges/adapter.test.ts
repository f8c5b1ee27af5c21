// The adapter against the simulated exchange: real HTTP, real WebSocket, real signatures, and its own count of requests.

import { pino } from "pino";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { encodeClientOrderId } from "../../src/core/client-order-id.ts";
import type { PlaceOrder } from "../../src/core/effects.ts";
import type { ExchangeEvent, ExchangePort, OrderRef, PlaceOutcome } from "../../src/core/ports.ts";
import { lots, type Ticks, ticks } from "../../src/core/units.ts";
import { sealCredentials } from "../../src/exchanges/account.ts";
import { connectExchange } from "../../src/exchanges/connect.ts";
import { createPermits, mirrorEpoch } from "../../src/exchanges/token-bucket.ts";
import { type ExchangeSim, startExchangeSim } from "../../src/sim/exchange-sim.ts";
import { systemClock } from "./clock.ts";
import { hasRedis, type PrivateRedis, startPrivateRedis } from "./private-redis.ts";
import { OpenPermits } from "./stub-exchange.ts";

interface RequestCount {
  readonly rejected429: number;
  readonly buckets: readonly { readonly name: string; readonly mostInWindow: number; readonly limit: number }[];
}

const ETH = "ETH/USDC:USDC";
const ETH_SPOT = "ETH/USDC";
const log = pino({ level: "silent" });

let sim: ExchangeSim;
let port: ExchangePort;
let counter = 0;

async function connect(
  to: ExchangeSim,
  permits: Parameters<typeof connectExchange>[0]["permits"] = new OpenPermits(),
): Promise<ExchangePort> {
  const keys = to.accounts[0];
  if (keys === undefined) throw new Error("the simulated exchange has no account");
  const account = {
    exchange: "backpack",
    account: "sim",
    mode: "sim" as const,
    credentials: sealCredentials(keys.credentials),
  };
  return await connectExchange({
    account: { ...account, url: to.url, wsUrl: to.wsUrl },
    permits,
    fence: () => null,
    clock: systemClock,
    log,
  });
}
async function admin(path: string, body: object): Promise<void> {
  const answer = await fetch(`${sim.url}${path}`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  expect(answer.status).toBe(200);
}

beforeAll(async () => {
  sim = await startExchangeSim({ port: 0, folder: null, paused: true, log });
  port = await connect(sim);
});
afterAll(async () => {
  await port.close();
  await sim.close();
});

function order(price: Ticks, overrides: Partial<PlaceOrder> = {}): PlaceOrder {
  counter += 1;
  const clientOrderId = encodeClientOrderId(7, counter);
  return { clientOrderId, side: "buy", price, quantity: lots(200), timeInForce: "gtc", postOnly: true, reduceOnly: false, ...overrides };
}
function refOf(placed: PlaceOrder, outcome: PlaceOutcome | null, symbol = ETH): OrderRef {
  const exchangeOrderId = outcome?.outcome === "accepted" ? outcome.exchangeOrderId : null;
  return { symbol, clientOrderId: placed.clientOrderId, exchangeOrderId, createdAt: Date.now() - 5_000 };
}
const send = (placed: PlaceOrder, symbol = ETH): Promise<PlaceOutcome> => port.place(symbol, placed, "open", Promise.resolve(true));

describe("reading", () => {
  it("knows the instruments with exact steps, fees and leverage", async () => {
    const perp = await port.instrument(ETH);
    expect(perp).toMatchObject({
      ref: { exchange: "backpack", account: "sim", symbol: ETH },
      kind: "perp",
      tickSize: "0.01",
      lotSize: "0.0001",
      contractSize: "1",
      settle: "USDC",
      makerFee: "0.0002",
      takerFee: "0.0005",
      maxLeverage: 50,
    });
    expect(perp.revision).toBe(`0.01|0.0001|${perp.minQuantity}|0`);
    expect(await port.instrument(ETH_SPOT)).toMatchObject({ kind: "spot", settle: "USDC", makerFee: "0.0008" });
    await expect(port.instrument("NO/PE:NO")).rejects.toThrow(/lists no NO/);
  });

  it("knows the touch", async () => {
    const touch = await port.touch(ETH);
    expect(touch.bestBid).toBeGreaterThan(0);
    expect(touch.bestAsk).toBeGreaterThan(touch.bestBid);
    expect(Math.abs(touch.at - Date.now())).toBeLessThan(60_000);
  });
});

describe("orders", () => {
  it("rests, is listed whole, and is canceled by either id", async () => {
    const { bestBid } = await port.touch(ETH);
    const [first, second] = [order(ticks(bestBid - 1_000)), order(ticks(bestBid - 2_000))];
    const [one, two] = [await send(first), await send(second)];
    expect(one).toMatchObject({ outcome: "accepted", filledQuantity: 0, closed: false });
    const snapshot = await port.snapshot([ETH]);
    expect(snapshot.openOrders).toContainEqual(
      expect.objectContaining({
        symbol: ETH,
        clientOrderId: first.clientOrderId,
        side: "buy",
        price: first.price,
        quantity: lots(200),
        filledQuantity: 0,
        postOnly: true,
        reduceOnly: false,
      }),
    );
    expect(snapshot.openOrders).toHaveLength(2);
    expect((await port.snapshot([ETH_SPOT])).openOrders).toHaveLength(0);
    expect(snapshot.balances).toContainEqual({ currency: "USDC", total: expect.any(String), free: expect.any(String) });
    expect(await port.lookup({ ...refOf(first, one), exchangeOrderId: null })).toMatchObject({ found: "open" });
    expect(await port.cancel(refOf(first, one), "cancel")).toEqual({ outcome: "canceled", filledQuantity: 0 });
    expect(await port.cancel({ ...refOf(second, two), exchangeOrderId: null }, "panic")).toMatchObject({ outcome: "canceled" });
    expect(await port.cancel(refOf(first, one), "cancel")).toEqual({ outcome: "notFound" });
    expect(await port.lookup(refOf(first, one))).toMatchObject({ found: "closed", status: "canceled", filledQuantity: 0 });
    expect(await port.lookup(refOf(order(ticks(1)), null))).toEqual({ found: "notFound" });
  });

  it("is rejected with the exchange's code when post-only would take, or when it only reduces nothing", async () => {
    const { bestAsk } = await port.touch(ETH);
    expect(await send(order(ticks(bestAsk + 100)))).toMatchObject({ outcome: "rejected", code: expect.stringMatching(/^[A-Z_]+$/) });
    expect(await send(order(ticks(bestAsk - 5_000), { reduceOnly: true, side: "sell", postOnly: false }))).toMatchObject({
      outcome: "rejected",
    });
  });

  it("takes by ioc: the answer, the position, the fills and the history agree", async () => {
    const since = Date.now() - 1_000;
    const { bestAsk } = await port.touch(ETH);
    const placed = order(ticks(bestAsk + 500), { timeInForce: "ioc", postOnly: false });
    const outcome = await send(placed);
    expect(outcome).toMatchObject({ outcome: "accepted", filledQuantity: lots(200), closed: true });
    const ref = refOf(placed, outcome);
    const page = await port.fillsSince(ETH, since);
    expect(page.complete).toBe(true);
    const own = page.fills.filter((fill) => fill.exchangeOrderId === ref.exchangeOrderId);
    expect(own.reduce((sum, fill) => sum + fill.quantity, 0)).toBe(200);
    expect(own.every((fill) => fill.liquidity === "taker" && fill.clientOrderId === placed.clientOrderId && fill.side === "buy")).toBe(
      true,
    );
    expect(await port.lookup(ref)).toMatchObject({ found: "closed", status: "filled", filledQuantity: lots(200) });
    const { positions } = await port.snapshot([ETH]);
    expect(positions).toEqual([{ symbol: ETH, quantity: lots(200), averageEntryPrice: expect.any(String), liquidationPrice: null }]);
    // Back to flat, and past it: a short position is negative.
    const { bestBid } = await port.touch(ETH);
    const sale = { side: "sell", timeInForce: "ioc", postOnly: false, quantity: lots(500) } as const;
    expect(await port.place(ETH, order(ticks(bestBid - 500), sale), "close", Promise.resolve(true))).toMatchObject({ closed: true });
    expect((await port.snapshot([ETH])).positions[0]?.quantity).toBe(-300);
  });
});

describe("faults", () => {
  it.each(["dropResponse", "malformed"])("an order whose answer is lost (%s) is unknown, and found by our id", async (kind) => {
    const { bestBid } = await port.touch(ETH);
    const placed = order(ticks(bestBid - 1_000));
    await admin("/sim/faults", { method: "POST", path: "/api/v1/order", kind });
    expect(await send(placed)).toMatchObject({ outcome: "unknown" });
    const found = await port.lookup(refOf(placed, null));
    expect(found).toMatchObject({ found: "open", order: { clientOrderId: placed.clientOrderId } });
    expect(await port.cancel(refOf(placed, null), "cancel")).toMatchObject({ outcome: "canceled" });
  });

  it("an order that is lost on the way is unknown, and not found by three answers", async () => {
    const { bestBid } = await port.touch(ETH);
    const placed = order(ticks(bestBid - 1_000));
    await admin("/sim/faults", { method: "POST", path: "/api/v1/order", kind: "dropRequest" });
    expect(await send(placed)).toMatchObject({ outcome: "unknown" });
    expect(await port.lookup(refOf(placed, null))).toEqual({ found: "notFound" });
  });

  it("a 503 after the order was placed is unknown; a read through a 500 throws", async () => {
    const { bestBid } = await port.touch(ETH);
    const placed = order(ticks(bestBid - 1_000));
    await admin("/sim/faults", { method: "POST", path: "/api/v1/order", kind: "status", phase: "response", status: 503 });
    expect(await send(placed)).toMatchObject({ outcome: "unknown" });
    await port.cancel(refOf(placed, null), "cancel");
    await admin("/sim/faults", { method: "GET", path: "/api/v1/position", kind: "status", status: 500 });
    await expect(port.snapshot([ETH])).rejects.toMatchObject({ kind: "transient" });
  });

  it("an order that reaches the exchange too late has expired there", async () => {
    const { bestBid } = await port.touch(ETH);
    const placed = order(ticks(bestBid - 1_000));
    await admin("/sim/faults", { method: "POST", path: "/api/v1/order", kind: "delay", delayMs: 2_500 });
    expect(await send(placed)).toMatchObject({ outcome: "rejected" });
    expect(await port.lookup(refOf(placed, null))).toEqual({ found: "notFound" });
  });
});

describe("streams", () => {
  let abort: AbortController;
  let events: ExchangeEvent[];
  let reading: Promise<void>;
  beforeEach(() => {
    abort = new AbortController();
    events = [];
    reading = (async () => {
      for await (const event of port.events([ETH, ETH_SPOT], abort.signal)) events.push(event);
    })();
  });
  afterEach(async () => {
    abort.abort();
    await reading;
  });
  const until = async (condition: () => boolean): Promise<void> => {
    await expect.poll(condition, { timeout: 15_000, interval: 10 }).toBe(true);
  };
  const has = (type: ExchangeEvent["type"], symbol?: string): boolean =>
    events.some((event) => event.type === type && (symbol === undefined || ("symbol" in event && event.symbol === symbol)));

  it("brings books of both symbols, and the fills of a resting order that the market sweeps", async () => {
    await until(() => has("book", ETH) && has("book", ETH_SPOT) && events.filter((event) => event.type === "resynced").length === 2);
    const { bestBid } = await port.touch(ETH);
    const placed = order(bestBid, { quantity: lots(100) });
    const outcome = await send(placed);
    expect(outcome).toMatchObject({ outcome: "accepted" });
    await admin("/sim/price", { symbol: "ETH_USDC_PERP", price: String((bestBid - 300) / 100) });
    await until(() => events.some((event) => event.type === "order" && event.status === "filled"));
    const fills = events.flatMap((event) =>
      event.type === "fill" && event.fill.clientOrderId === placed.clientOrderId ? [event.fill] : [],
    );
    expect(fills.reduce((sum, fill) => sum + fill.quantity, 0)).toBe(100);
    expect(fills.every((fill) => fill.liquidity === "maker")).toBe(true);
    const history = (await port.fillsSince(ETH, Date.now() - 60_000)).fills.filter((fill) => fill.clientOrderId === placed.clientOrderId);
    expect(fills).toEqual(history);
  });

  it("comes back after every connection was cut and none was let in for a while", async () => {
    await until(() => events.filter((event) => event.type === "resynced").length === 2);
    await admin("/sim/disconnect", { refuseMs: 700 });
    await until(() => events.filter((event) => event.type === "disconnected").length === 2);
    await until(() => events.filter((event) => event.type === "resynced").length === 4);
    const books = events.filter((event) => event.type === "book").length;
    await until(() => events.filter((event) => event.type === "book").length > books);
  });
});

describe.skipIf(!hasRedis)("the fleet under one limit (needs redis-server)", () => {
  let redis: PrivateRedis;
  beforeAll(async () => {
    redis = await startPrivateRedis();
  });
  afterAll(() => redis.stop());

  it("four bots hammering one account never exceed it, at the exchange's own count", async () => {
    const limits = [
      { name: "requests", limit: 60, windowMs: 1_000 },
      { name: "history", limit: 5, windowMs: 1_000, reserve: 0, headroom: 0 },
    ];
    const strict = await startExchangeSim({
      port: 0,
      folder: null,
      paused: true,
      log,
      limits: limits.map(({ limit, name, windowMs }) => ({
        name,
        limit,
        windowMs,
        ...(name === "history" ? { pathPrefix: "/wapi/v1/history/" } : {}),
      })),
    });
    const bots = ["a", "b", "c", "d"];
    const ports = await Promise.all(
      bots.map(async (botId) => {
        await mirrorEpoch(redis.connect(), "backpack", botId, 1);
        const permits = createPermits({
          redis: redis.connect(),
          exchange: "backpack",
          account: "sim",
          botId,
          epoch: 1,
          limits,
          clock: systemClock,
        });
        return await connect(strict, permits);
      }),
    );
    const until = performance.now() + 3_000;
    let accepted = 0;
    let limited = 0;
    const hammer = async (from: ExchangePort): Promise<void> => {
      const { bestBid } = await from.touch(ETH);
      while (performance.now() < until) {
        const placed = order(ticks(bestBid - 1_000));
        const outcome = await from.place(ETH, placed, "open", Promise.resolve(true));
        if (outcome.outcome === "accepted") {
          accepted += 1;
          await from.cancel(refOf(placed, outcome), "cancel");
        } else if (outcome.outcome === "rejected") limited += 1;
        await from.fillsSince(ETH, 0).catch(() => undefined);
      }
    };
    await Promise.all(ports.map(hammer));
    const counts = (await (await fetch(`${strict.url}/sim/requests`)).json()) as { accounts: Record<string, RequestCount> };
    const own = counts.accounts.sim;
    expect(own?.rejected429).toBe(0);
    expect(own?.buckets).toHaveLength(2);
    for (const bucket of own?.buckets ?? []) expect(bucket.mostInWindow).toBeLessThanOrEqual(bucket.limit);
    expect(limited).toBe(0);
    expect(accepted).toBeGreaterThan(10);
    await Promise.all(ports.map((one) => one.close()));
    await strict.close();
  }, 30_000);
});
