// What became of an order: asked of the open orders, the order history and the fills, and never guessed.

import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { ExchangePort, OrderRef } from "../../src/core/ports.ts";
import { lots, ticks } from "../../src/core/units.ts";
import { accountAt, type Connected, connectTo, SOL, StubExchange, type StubRequest } from "./stub-exchange.ts";

const CREATED = 1_760_000_000_000;
const REF: OrderRef = { symbol: SOL, clientOrderId: "16777217", exchangeOrderId: null, createdAt: CREATED };
const iso = (at: number): string => new Date(at).toISOString().slice(0, -1);

function order(overrides: object = {}): object {
  const base = { id: "77", clientId: 16777217, symbol: "SOL_USDC_PERP", side: "Bid", orderType: "Limit", price: "99.5", quantity: "1.5" };
  return {
    ...base,
    status: "Cancelled",
    executedQuantity: "0.4",
    executedQuoteQuantity: "39.8",
    createdAt: iso(CREATED + 5),
    ...overrides,
  };
}
function fill(tradeId: number, at: number, overrides: object = {}): object {
  const base = { clientId: "16777217", orderId: "77", symbol: "SOL_USDC_PERP", side: "Bid", price: "99.50", quantity: "0.10" };
  return { ...base, tradeId, fee: "0.001", feeSymbol: "USDC", isMaker: true, timestamp: iso(at), ...overrides };
}

let stub: StubExchange;
let connected: Connected;
let port: ExchangePort;

beforeEach(async () => {
  stub = await StubExchange.start();
  connected = await connectTo(accountAt(stub.url));
  port = connected.port;
});
afterEach(async () => {
  await port.close();
  await stub.stop();
});

describe("lookup", () => {
  it("finds an open order by our id and needs no history for it", async () => {
    stub.on("GET /api/v1/order", { status: 200, body: order({ status: "PartiallyFilled", createdAt: CREATED }) });
    expect(await port.lookup(REF)).toMatchObject({
      found: "open",
      order: { exchangeOrderId: "77", clientOrderId: "16777217", filledQuantity: lots(40), price: ticks(9_950), quantity: lots(150) },
    });
    expect(stub.requests.at(-1)?.query.get("clientId")).toBe("16777217");
    expect(stub.count("GET /wapi/v1/history/orders")).toBe(0);
  });

  it("finds a closed one in the history with its cumulative quantity", async () => {
    stub.on("GET /wapi/v1/history/orders", { status: 200, body: [order({ id: "78", clientId: 5 }), order()] });
    expect(await port.lookup(REF)).toEqual({ found: "closed", status: "canceled", exchangeOrderId: "77", filledQuantity: lots(40) });
    stub.on("GET /wapi/v1/history/orders", { status: 200, body: [order({ status: "Filled", executedQuantity: "1.5" })] });
    expect(await port.lookup(REF)).toMatchObject({ found: "closed", status: "filled", filledQuantity: lots(150) });
    expect(await port.lookup({ ...REF, exchangeOrderId: "77" })).toMatchObject({ found: "closed" });
  });

  it("does not take an older order of the same name for this one", async () => {
    stub.on("GET /wapi/v1/history/orders", { status: 200, body: [order({ createdAt: iso(CREATED - 86_400_000) })] });
    expect(await port.lookup(REF)).toEqual({ found: "notFound" });
  });

  it("says notFound only after all three have answered", async () => {
    expect(await port.lookup(REF)).toEqual({ found: "notFound" });
    expect(stub.count("GET /api/v1/order")).toBe(1);
    expect(stub.count("GET /wapi/v1/history/orders")).toBe(1);
    expect(stub.count("GET /wapi/v1/history/fills")).toBe(1);
    for (const route of ["GET /api/v1/order", "GET /wapi/v1/history/orders", "GET /wapi/v1/history/fills"]) {
      const own = await StubExchange.start();
      const other = await connectTo(accountAt(own.url));
      own.on(route, { status: 500, body: { code: "SERVER_ERROR", message: "?" } });
      expect(await other.port.lookup(REF)).toMatchObject({ found: "unknown" });
      await other.port.close();
      await own.stop();
    }
  });

  it("knows that an order with fills arrived, though no list has it yet", async () => {
    stub.on("GET /wapi/v1/history/fills", { status: 200, body: [fill(1, CREATED + 10)] });
    expect(await port.lookup(REF)).toMatchObject({ found: "unknown" });
    stub.on("GET /wapi/v1/history/orders", { status: 200, body: [order({ status: "New" })] });
    expect(await port.lookup(REF)).toMatchObject({ found: "unknown" });
  });

  it("shares the rationed history between lookups that wait together", async () => {
    stub.on("GET /wapi/v1/history/orders", async () => {
      await new Promise((resolve) => setTimeout(resolve, 50));
      return { status: 200, body: [order()] };
    });
    const refs = Array.from({ length: 12 }, (_, index) => ({ ...REF, clientOrderId: String(16_777_217 + index) }));
    const answers = await Promise.all(refs.map((ref) => port.lookup(ref)));
    expect(answers[0]).toMatchObject({ found: "closed" });
    expect(answers.slice(1).every((answer) => answer.found === "notFound")).toBe(true);
    expect(stub.count("GET /wapi/v1/history/orders")).toBeLessThanOrEqual(3);
  });
});

describe("fills since", () => {
  const serve = (all: readonly object[], cap: number) => (request: StubRequest) => {
    const offset = Number(request.query.get("offset") ?? 0);
    const limit = Math.min(cap, Number(request.query.get("limit")));
    return { status: 200, body: all.slice(offset, offset + limit) };
  };
  const many = Array.from({ length: 2_350 }, (_, index) => fill(2_350 - index, CREATED + (2_350 - index) * 10));

  it("reads every page, oldest first, also when the exchange caps its pages", async () => {
    for (const cap of [1_000, 500]) {
      stub.on("GET /wapi/v1/history/fills", serve(many, cap));
      const page = await port.fillsSince(SOL, CREATED);
      expect(page.complete).toBe(true);
      expect(page.fills).toHaveLength(2_350);
      expect(page.fills.map((one) => one.tradeId)).toEqual(Array.from({ length: 2_350 }, (_, index) => String(index + 1)));
    }
    expect((await port.fillsSince(SOL, CREATED + 23_000)).fills).toHaveLength(51);
  });

  it("says when it did not reach the end", async () => {
    stub.on("GET /wapi/v1/history/fills", serve(many, 100));
    expect((await port.fillsSince(SOL, CREATED)).complete).toBe(false);
    // An exchange that ignores the page's start gives the same rows again.
    stub.on("GET /wapi/v1/history/fills", { status: 200, body: many.slice(0, 100) });
    expect((await port.fillsSince(SOL, CREATED)).complete).toBe(false);
  });

  it("keeps what a fill is, to the digit", async () => {
    stub.on("GET /wapi/v1/history/fills", {
      status: 200,
      body: [fill(9, CREATED + 92, { price: "3826.15", fee: "-0.004974000000000001", side: "Ask", isMaker: false })],
    });
    expect((await port.fillsSince(SOL, CREATED)).fills).toEqual([
      {
        symbol: SOL,
        tradeId: "9",
        exchangeOrderId: "77",
        clientOrderId: "16777217",
        side: "sell",
        price: ticks(382_615),
        quantity: lots(10),
        fee: "-0.004974000000000001",
        feeCurrency: "USDC",
        liquidity: "taker",
        at: CREATED + 92,
      },
    ]);
  });

  it("throws on a row that does not identify itself instead of skipping it", async () => {
    stub.on("GET /wapi/v1/history/fills", { status: 200, body: [fill(1, CREATED), { ...fill(2, CREATED), tradeId: null }] });
    await expect(port.fillsSince(SOL, 0)).rejects.toMatchObject({ name: "ExchangeReadError" });
  });
});
