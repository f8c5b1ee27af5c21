// An exchange that nobody has described, on generic rules: ccxt's own reading of its answers, the status above it.

import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { PlaceOrder } from "../../src/core/effects.ts";
import type { CancelOutcome, ExchangePort, OrderRef, PlaceOutcome } from "../../src/core/ports.ts";
import { lots, ticks } from "../../src/core/units.ts";
import { describedExchanges, quirksOf } from "../../src/exchanges/quirks.ts";
import { connectScripted, type ScriptedAnswer, ScriptedExchange, type ScriptedRequest } from "./scripted-exchange.ts";
import type { OpenPermits } from "./stub-exchange.ts";

// HashKey stands for all of them: ccxt streams from it, and nobody has described it.
const ETH = "ETH/USDT";
const ID = "16777217";
const ORDER: PlaceOrder = {
  ...{
    clientOrderId: ID,
    side: "buy",
    price: ticks(200_010),
    quantity: lots(1_500),
    timeInForce: "gtc",
    postOnly: true,
    reduceOnly: false,
  },
};
const REF: OrderRef = { symbol: ETH, clientOrderId: ID, exchangeOrderId: "o-1", createdAt: Date.now() };
const MARKET = {
  ...{ symbol: "ETHUSDT", symbolName: "ETHUSDT", status: "TRADING", baseAsset: "ETH", quoteAsset: "USDT", retailAllowed: true },
  filters: [
    { minPrice: "0.01", maxPrice: "100000", tickSize: "0.01", filterType: "PRICE_FILTER" },
    { minQty: "0.0001", maxQty: "1000", stepSize: "0.0001", filterType: "LOT_SIZE" },
    { minNotional: "10", filterType: "MIN_NOTIONAL" },
  ],
};
const VIEW = {
  ...{ symbol: "ETHUSDT", orderId: "o-1", clientOrderId: ID, price: "2000.10", origQty: "0.15", executedQty: "0.05", timeInForce: "GTC" },
  ...{ type: "LIMIT_MAKER", side: "BUY", time: "1700000000000", transactTime: "1700000000000" },
};
const view = (status: string, executedQty = "0.05"): ScriptedAnswer => ({ body: { ...VIEW, status, executedQty } });
const fault = (status: number, code: string): ScriptedAnswer => ({ status, body: { code, msg: "no" } });

let server: ScriptedExchange;
let port: ExchangePort;
let permits: OpenPermits;
let routes: Record<string, (request: ScriptedRequest) => ScriptedAnswer>;
const place = (order: Partial<PlaceOrder> = {}): Promise<PlaceOutcome> =>
  port.place(ETH, { ...ORDER, ...order }, "open", Promise.resolve(true));

beforeEach(async () => {
  server = await ScriptedExchange.start();
  routes = {
    "GET exchangeInfo": () => ({ body: { symbols: [MARKET], contracts: [], coins: [] } }),
    "POST order": () => view("NEW", "0"),
    "DELETE order": () => view("CANCELED"),
    "GET order": () => view("PARTIALLY_FILLED"),
    "GET openOrders": () => ({ body: [{ ...VIEW, status: "PARTIALLY_FILLED" }] }),
    "GET account": () => ({ body: { balances: [{ asset: "USDT", assetId: "USDT", total: "100.5", free: "90.5", locked: "10" }] } }),
    "GET trades": () => ({ body: [] }),
  };
  server.answer = (request) => routes[`${request.method} ${request.path.split("/").at(-1)}`]?.(request) ?? { status: 404, body: {} };
  ({ port, permits } = await connectScripted(server, "hashkey", { apiKey: "abcdefgh", secret: "abcdefgh" }));
});
afterEach(async () => {
  await port.close();
  await server.stop();
});

describe("an exchange on generic rules", () => {
  it("is not among the described ones, has no hosts of its own and asks for a key and a secret", () => {
    expect(describedExchanges().map(({ id }) => id)).not.toContain("hashkey");
    const quirks = quirksOf("hashkey");
    expect(quirks.capabilities).toEqual({
      amend: false,
      batchPlace: false,
      lookupByClientOrderId: true,
      deadManSwitch: false,
      fundingHistory: false,
    });
    expect(quirks.credentials.map(({ name }) => name)).toEqual(expect.arrayContaining(["apiKey", "secret"]));
    expect(quirks.limits).toEqual([{ name: "requests", limit: 60, windowMs: 60_000 }]);
  });

  it("sends whole ticks and lots under our id, every request with a permit", async () => {
    expect(await place()).toEqual({ outcome: "accepted", exchangeOrderId: "o-1", filledQuantity: lots(0), closed: false });
    const sent = server.requests.find(({ method, path }) => method === "POST" && path.endsWith("/order"));
    const seen = { ...sent?.body, ...Object.fromEntries(sent?.query ?? []) };
    expect(seen).toMatchObject({ symbol: "ETHUSDT", side: "BUY", quantity: "0.1500", price: "2000.10", newClientOrderId: ID });
    expect(permits.taken).toHaveLength(server.requests.length);
  });

  it.each<[string, ScriptedAnswer, Partial<PlaceOutcome>]>([
    ["partly filled", view("PARTIALLY_FILLED"), { outcome: "accepted", filledQuantity: lots(500), closed: false }],
    ["filled", view("FILLED", "0.15"), { outcome: "accepted", filledQuantity: lots(1_500), closed: true }],
    ["a class that says no", fault(400, "-1124"), { outcome: "rejected" }],
    ["no funds", fault(400, "0401"), { outcome: "rejected", code: "insufficientFunds" }],
    ["a wrong key", fault(401, "-1002"), { outcome: "rejected", code: "authentication" }],
    ["too many", fault(429, "-1003"), { outcome: "rejected", code: "rateLimited" }],
    ["a class that says nothing", fault(400, "-1000"), { outcome: "unknown" }],
    ["a class that says no, with a 5xx", fault(502, "-1124"), { outcome: "unknown" }],
    ["a firewall", { status: 403, body: "<html>blocked</html>" }, { outcome: "unknown" }],
    ["success in HTML", { body: "<html>hello</html>" }, { outcome: "unknown" }],
    ["success without an order", { body: {} }, { outcome: "unknown" }],
  ])("an answer to an order: %s", async (_name, answer, expected) => {
    routes["POST order"] = () => answer;
    expect(await place()).toMatchObject(expected);
  });

  it.each<[string, ScriptedAnswer, CancelOutcome]>([
    ["canceled", view("CANCELED"), { outcome: "canceled", filledQuantity: lots(500) }],
    ["there is none", fault(400, "-1143"), { outcome: "notFound" }],
    ["still open", view("NEW"), { outcome: "unknown", message: expect.any(String) }],
    ["a server error", { status: 500, body: "" }, { outcome: "unknown", message: expect.any(String) }],
  ])("an answer to a cancel: %s", async (_name, answer, expected) => {
    routes["DELETE order"] = () => answer;
    expect(await port.cancel(REF, "cancel")).toEqual(expected);
  });

  it("looks an order up by its id or ours, and does not take one missing answer for proof", async () => {
    expect(await port.lookup(REF)).toMatchObject({
      found: "open",
      order: { clientOrderId: ID, quantity: lots(1_500), filledQuantity: lots(500) },
    });
    routes["GET order"] = () => view("CANCELED");
    expect(await port.lookup({ ...REF, exchangeOrderId: null })).toMatchObject({
      found: "closed",
      status: "canceled",
      filledQuantity: lots(500),
    });
    expect(server.requests.at(-1)?.query.get("origClientOrderId")).toBe(ID);
    routes["GET order"] = () => ({ status: 500, body: "" });
    expect(await port.lookup(REF)).toMatchObject({ found: "unknown" });
  });

  it("reads whole snapshots or throws", async () => {
    const { balances, openOrders, positions } = await port.snapshot([ETH]);
    expect(openOrders).toHaveLength(1);
    expect(positions).toEqual([]);
    expect(balances).toEqual([{ currency: "USDT", total: "100.5", free: "90.5" }]);
    routes["GET account"] = () => ({ body: "<html>busy</html>" });
    await expect(port.snapshot([ETH])).rejects.toMatchObject({ kind: "transient" });
    routes["GET account"] = () => fault(401, "-1002");
    await expect(port.snapshot([ETH])).rejects.toMatchObject({ kind: "authentication" });
  });

  it("denies an id that is none of ours and funding that nobody reads", async () => {
    expect(await place({ clientOrderId: "web_abc" })).toMatchObject({ outcome: "denied", code: "clientOrderId" });
    expect((await port.fundingSince(ETH, 0)).complete).toBe(false);
  });

  it.each(["nowhere", "gopax", "Backpack!", ""])("refuses %j, which ccxt cannot stream from", async (name) => {
    await expect(connectScripted(server, name, { apiKey: "abcdefgh", secret: "abcdefgh" })).rejects.toThrow(
      /ccxt can stream from|not supported/,
    );
  });
});
