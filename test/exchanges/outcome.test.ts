// What each answer of the exchange to an order, a cancel or a read is taken for: doubt is never read as a failure.

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { PlaceOrder } from "../../src/core/effects.ts";
import type { ExchangePort, OrderRef, PlaceOutcome } from "../../src/core/ports.ts";
import { lots, ticks } from "../../src/core/units.ts";
import { readAnswer, retryAfterMs } from "../../src/exchanges/outcome.ts";
import { quirksOf } from "../../src/exchanges/quirks.ts";
import { accountAt, type Connected, connectTo, SOL, type StubAnswer, StubExchange } from "./stub-exchange.ts";

const ORDER: PlaceOrder = {
  clientOrderId: "16777217",
  side: "buy",
  price: ticks(9_950),
  quantity: lots(150),
  timeInForce: "gtc",
  postOnly: true,
  reduceOnly: false,
};
const REF: OrderRef = { symbol: SOL, clientOrderId: "16777217", exchangeOrderId: "77", createdAt: Date.now() };
const VIEW = { id: "77", clientId: 16777217, symbol: "SOL_USDC_PERP", side: "Bid", orderType: "Limit", price: "99.5", quantity: "1.5" };
const view = (status: string, executedQuantity: string): StubAnswer => ({
  status: 200,
  body: { ...VIEW, status, executedQuantity, executedQuoteQuantity: "0", createdAt: 1_760_000_000_000, timeInForce: "GTC" },
});
const fault = (status: number, code: string, message = "no"): StubAnswer => ({ status, body: { code, message } });

let stub: StubExchange;
let connected: Connected;
let port: ExchangePort;

beforeAll(async () => {
  stub = await StubExchange.start();
});
afterAll(() => stub.stop());
beforeEach(async () => {
  connected = await connectTo(accountAt(stub.url));
  port = connected.port;
});
afterEach(() => port.close());

function place(order: Partial<PlaceOrder> = {}): Promise<PlaceOutcome> {
  return port.place(SOL, { ...ORDER, ...order }, "open", Promise.resolve(true));
}

describe("the answer to an order", () => {
  it.each<[string, StubAnswer, Partial<PlaceOutcome>]>([
    ["resting", view("New", "0"), { outcome: "accepted", exchangeOrderId: "77", filledQuantity: lots(0), closed: false }],
    ["partly filled", view("PartiallyFilled", "0.5"), { outcome: "accepted", filledQuantity: lots(50), closed: false }],
    ["filled", view("Filled", "1.5"), { outcome: "accepted", filledQuantity: lots(150), closed: true }],
    ["ioc that expired", view("Expired", "0.2"), { outcome: "accepted", filledQuantity: lots(20), closed: true }],
    ["would cross", fault(400, "INVALID_ORDER", "Order would immediately match and take."), { outcome: "rejected", code: "INVALID_ORDER" }],
    ["no margin", fault(400, "INSUFFICIENT_MARGIN"), { outcome: "rejected", code: "INSUFFICIENT_MARGIN" }],
    ["bad signature", fault(401, "INVALID_SIGNATURE"), { outcome: "rejected", code: "authentication" }],
    ["too many requests", fault(429, "TOO_MANY_REQUESTS"), { outcome: "rejected", code: "rateLimited" }],
    ["429 without a body", { status: 429, body: "" }, { outcome: "rejected", code: "rateLimited" }],
    ["our id is taken", fault(400, "INVALID_CLIENT_REQUEST", "Duplicate clientId"), { outcome: "unknown" }],
    ["a known code with a 5xx", fault(500, "INVALID_ORDER"), { outcome: "unknown" }],
    ["a code nobody described", fault(400, "COSMIC_RAY"), { outcome: "unknown" }],
    ["server error", fault(500, "SERVER_ERROR"), { outcome: "unknown" }],
    ["gateway error in HTML", { status: 502, body: "<html>Bad Gateway</html>" }, { outcome: "unknown" }],
    ["maintenance", fault(503, "MAINTENANCE"), { outcome: "unknown" }],
    ["timeout code", fault(408, "TIMEOUT"), { outcome: "unknown" }],
    ["firewall", { status: 403, body: "<html>blocked</html>" }, { outcome: "unknown" }],
    ["success in HTML", { status: 200, body: "<html>welcome</html>" }, { outcome: "unknown" }],
    ["success without an order", { status: 200, body: {} }, { outcome: "unknown" }],
    ["success with nothing", { status: 202, body: "" }, { outcome: "unknown" }],
    ["half an answer", "truncated", { outcome: "unknown" }],
    ["a reset connection", "reset", { outcome: "unknown" }],
  ])("%s", async (_name, answer, expected) => {
    stub.on("POST /api/v1/order", answer);
    expect(await place()).toMatchObject(expected);
  });

  it("an answer that never comes is unknown after less than 10 s", async () => {
    stub.on("POST /api/v1/order", "hang");
    const startedAt = performance.now();
    expect(await place()).toMatchObject({ outcome: "unknown" });
    expect(performance.now() - startedAt).toBeLessThan(10_000);
  });

  it("nobody listening is denied: nothing was written", async () => {
    const gone = await StubExchange.start();
    const other = await connectTo(accountAt(gone.url));
    await gone.stop();
    // The kept socket is noticed as dead first: an order written to it would honestly be unknown.
    await expect(other.port.touch(SOL)).rejects.toMatchObject({ kind: "transient" });
    const outcome = await other.port.place(SOL, ORDER, "open", Promise.resolve(true));
    expect(outcome).toMatchObject({ outcome: "denied", code: "notSent" });
    await other.port.close();
  });
});

describe("what is sent", () => {
  it("carries exactly the fields of the order, a window of two seconds and whole steps as text", async () => {
    stub.on("POST /api/v1/order", view("New", "0"));
    await place({ reduceOnly: true });
    const sent = stub.requests.at(-1);
    expect(sent?.body).toEqual({
      clientId: 16777217,
      orderType: "Limit",
      postOnly: true,
      price: "99.50",
      quantity: "1.50",
      reduceOnly: true,
      side: "Bid",
      symbol: "SOL_USDC_PERP",
    });
    expect(sent?.headers["x-window"]).toBe("2000");
    await place({ timeInForce: "ioc", postOnly: false });
    expect(stub.requests.at(-1)?.body).toMatchObject({ timeInForce: "IOC" });
    expect(stub.requests.at(-1)?.body).not.toHaveProperty("postOnly");
  });

  it.each<[string, Partial<PlaceOrder>, string]>([
    ["an id that is no number", { clientOrderId: "grid-1" }, "clientOrderId"],
    ["an id beyond 32 bits", { clientOrderId: "4294967296" }, "clientOrderId"],
    ["post-only that must not rest", { timeInForce: "ioc" }, "invalid"],
    ["an empty order", { quantity: lots(0) }, "invalid"],
  ])("is refused before the wire: %s", async (_name, order, code) => {
    const before = stub.requests.length;
    expect(await place(order)).toMatchObject({ outcome: "denied", code });
    expect(stub.requests.length).toBe(before);
  });

  it("is refused when a quantity or price could not be told exactly, e.g. a symbol that is not listed", async () => {
    expect(await port.place("XYZ/USDC:USDC", ORDER, "open", Promise.resolve(true))).toMatchObject({ outcome: "denied" });
  });
});

describe("permit, intent and fence", () => {
  it("asks for the class of what is done, and for the history bucket on history", async () => {
    stub.on("POST /api/v1/order", view("New", "0"));
    stub.on("DELETE /api/v1/order", view("Cancelled", "0"));
    connected.permits.taken.length = 0;
    await place();
    await port.place(SOL, ORDER, "close", Promise.resolve(true));
    await port.cancel(REF, "cancel");
    await port.cancel(REF, "panic");
    await port.fillsSince(SOL, 0);
    await port.touch(SOL);
    expect(connected.permits.taken.map((request) => `${request.class} ${request.buckets.join("+")}`)).toEqual([
      "place requests",
      "reduce requests",
      "cancel requests",
      "panic requests",
      "reconcile requests+history",
      "market requests",
    ]);
  });

  it("sends nothing before the intent is stored, and nothing at all when it cannot be", async () => {
    stub.on("POST /api/v1/order", view("New", "0"));
    const before = stub.count("POST /api/v1/order");
    let store: (stored: boolean) => void = () => undefined;
    const stored = new Promise<boolean>((resolve) => {
      store = resolve;
    });
    const pending = port.place(SOL, ORDER, "open", stored);
    await port.touch(SOL);
    expect(stub.count("POST /api/v1/order")).toBe(before);
    store(true);
    expect(await pending).toMatchObject({ outcome: "accepted" });
    expect(await port.place(SOL, ORDER, "open", Promise.resolve(false))).toMatchObject({ outcome: "denied", code: "notStored" });
    const failing = Promise.reject(new Error("disk full"));
    expect(await port.place(SOL, ORDER, "open", failing)).toMatchObject({ outcome: "denied", code: "notStored" });
    expect(stub.count("POST /api/v1/order")).toBe(before + 1);
  });

  it("signs after the wait, and takes a new permit when the first one went stale", async () => {
    stub.on("POST /api/v1/order", view("New", "0"));
    connected.permits.taken.length = 0;
    const slow = new Promise<boolean>((resolve) => setTimeout(() => resolve(true), 1_200));
    const from = Date.now();
    expect(await port.place(SOL, ORDER, "open", slow)).toMatchObject({ outcome: "accepted" });
    expect(Number(stub.requests.at(-1)?.headers["x-timestamp"])).toBeGreaterThanOrEqual(from + 1_100);
    expect(connected.permits.taken.length).toBe(2);
  });

  it("turns a refused permit into a denial", async () => {
    connected.permits.answer = async () => ({ granted: false, code: "staleEpoch", message: "epoch 1 is not the newest", retryInMs: null });
    expect(await place()).toMatchObject({ outcome: "denied", code: "staleEpoch" });
    expect(await port.cancel(REF, "cancel")).toMatchObject({ outcome: "denied", code: "staleEpoch" });
    await expect(port.touch(SOL)).rejects.toMatchObject({ name: "ExchangeReadError", kind: "denied" });
    expect(await port.lookup(REF)).toMatchObject({ found: "unknown" });
  });

  it("asks the fence in the turn of the write: a lease lost while the socket connects stops the order", async () => {
    stub.on("POST /api/v1/order", view("New", "0"));
    const before = stub.requests.length;
    let asked = 0;
    // Open when the request is made, shut when the new connection is there.
    connected.fence = (kind) => {
      asked += 1;
      return kind === "place" && asked > 1 ? "lease is 6.2 s old" : null;
    };
    expect(await place()).toMatchObject({ outcome: "denied", code: "fenced", message: "lease is 6.2 s old" });
    expect(asked).toBe(2);
    expect(stub.requests.length).toBe(before);
    connected.fence = (kind) => (kind === "place" ? "no" : null);
    stub.on("DELETE /api/v1/order", view("Cancelled", "0"));
    expect(await port.cancel(REF, "cancel")).toMatchObject({ outcome: "canceled" });
  });
});

describe("limits and bans", () => {
  it("stops the fleet on a 429 for as long as the exchange says, on the narrowest bucket", async () => {
    stub.on("GET /wapi/v1/history/fills", {
      status: 429,
      body: { code: "TOO_MANY_REQUESTS", message: "slow" },
      headers: { "retry-after": "7" },
    });
    await expect(port.fillsSince(SOL, 0)).rejects.toMatchObject({ kind: "rateLimited" });
    expect(connected.permits.blocks).toHaveLength(1);
    expect(connected.permits.blocks[0]?.buckets).toEqual(["history"]);
    expect(connected.permits.blocks[0]?.forMs).toBeGreaterThan(6_500);
    stub.on("GET /wapi/v1/history/fills", { status: 200, body: [] });
  });

  it("stops everything on what looks like a ban", async () => {
    stub.on("POST /api/v1/order", { status: 418, body: "<html>teapot</html>" });
    expect(await place()).toMatchObject({ outcome: "unknown" });
    expect(connected.permits.blocks[0]).toMatchObject({ buckets: ["requests"] });
  });

  it("reads Retry-After as seconds or as a date", () => {
    expect(retryAfterMs("2", 0)).toBe(2_000);
    expect(retryAfterMs("Thu, 01 Jan 1970 00:00:09 GMT", 4_000)).toBe(5_000);
    expect(retryAfterMs("soon", 0)).toBeNull();
    expect(retryAfterMs(undefined, 0)).toBeNull();
  });
});

describe("the answer to a cancel", () => {
  it.each<[string, StubAnswer, object]>([
    ["canceled", view("Cancelled", "0.3"), { outcome: "canceled", filledQuantity: lots(30) }],
    ["filled meanwhile", view("Filled", "1.5"), { outcome: "canceled", filledQuantity: lots(150) }],
    ["taken, not done", view("New", "0"), { outcome: "unknown" }],
    ["taken, no body", { status: 202, body: "" }, { outcome: "unknown" }],
    ["not there", fault(404, "RESOURCE_NOT_FOUND"), { outcome: "notFound" }],
    ["an unknown 404", { status: 404, body: "<html>" }, { outcome: "unknown" }],
    ["limited", fault(429, "TOO_MANY_REQUESTS"), { outcome: "denied", code: "rateLimited" }],
    ["server error", fault(500, "SERVER_ERROR"), { outcome: "unknown" }],
    ["a reset connection", "reset", { outcome: "unknown" }],
  ])("%s", async (_name, answer, expected) => {
    stub.on("DELETE /api/v1/order", answer);
    expect(await port.cancel(REF, "cancel")).toMatchObject(expected);
  });

  it("names one order by either id, and only one of ours", async () => {
    stub.on("DELETE /api/v1/order", view("Cancelled", "0"));
    await port.cancel(REF, "cancel");
    expect(stub.requests.at(-1)?.body).toEqual({ orderId: "77", symbol: "SOL_USDC_PERP" });
    await port.cancel({ ...REF, exchangeOrderId: null }, "cancel");
    expect(stub.requests.at(-1)?.body).toEqual({ clientId: 16777217, symbol: "SOL_USDC_PERP" });
    expect(await port.cancel({ ...REF, clientOrderId: "1" }, "panic")).toMatchObject({ outcome: "denied", code: "notOurs" });
  });
});

describe("a failed read is never an empty one", () => {
  it.each<[string, string, StubAnswer]>([
    ["orders as an object", "GET /api/v1/orders", { status: 200, body: {} }],
    ["orders in HTML", "GET /api/v1/orders", { status: 200, body: "<html></html>" }],
    ["orders as null", "GET /api/v1/orders", { status: 200, body: "null" }],
    ["positions as an object", "GET /api/v1/position", { status: 200, body: {} }],
    ["positions missing", "GET /api/v1/position", fault(500, "SERVER_ERROR")],
    ["balances as a list", "GET /api/v1/capital", { status: 200, body: [] }],
  ])("%s", async (_name, route, answer) => {
    const own = await StubExchange.start();
    const other = await connectTo(accountAt(own.url));
    own.on(route, answer);
    await expect(other.port.snapshot([SOL])).rejects.toMatchObject({ name: "ExchangeReadError", kind: "transient" });
    await other.port.close();
    await own.stop();
  });

  it("keeps the kind of a failure", async () => {
    stub.on("GET /api/v1/depth", fault(401, "UNAUTHORIZED"));
    await expect(port.touch(SOL)).rejects.toMatchObject({ kind: "authentication" });
    stub.on("GET /api/v1/depth", fault(503, "MAINTENANCE"));
    await expect(port.touch(SOL)).rejects.toMatchObject({ kind: "maintenance" });
    await expect(port.touch("XYZ/USDC:USDC")).rejects.toThrow(/XYZ/);
  });
});

describe("the table of Backpack", () => {
  const answers = quirksOf("backpack").answers ?? {};
  it("proves nothing by a code with a 5xx, and knows no inherited words", () => {
    for (const code of Object.keys(answers)) expect(readAnswer(answers, 500, code).isProof).toBe(false);
    expect(readAnswer(answers, 400, "constructor")).toEqual({ kind: "unknown", isProof: false });
    expect(readAnswer(answers, 404, "RESOURCE_NOT_FOUND")).toEqual({ kind: "notFound", isProof: false });
    expect(readAnswer(answers, 200, "INVALID_ORDER").isProof).toBe(false);
  });
});
