// Streams: every raw fill, only the newest book, gaps noticed, lost connections told and mended, a clean end.

import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { ExchangeEvent, ExchangePort } from "../../src/core/ports.ts";
import { lots, ticks } from "../../src/core/units.ts";
import { EventQueue } from "../../src/exchanges/event-queue.ts";
import { accountAt, connectTo, SOL, StubExchange } from "./stub-exchange.ts";

/** Orders, the book, the mark price and the public trades. */
const SUBSCRIPTIONS = 4;

let stub: StubExchange;
let port: ExchangePort;
let abort: AbortController;
let events: ExchangeEvent[];
let reading: Promise<void>;

beforeEach(async () => {
  stub = await StubExchange.start();
  port = (await connectTo(accountAt(stub.url))).port;
  abort = new AbortController();
  events = [];
  reading = (async () => {
    for await (const event of port.events([SOL], abort.signal)) events.push(event);
  })();
  await until(() => stub.subscriptions.flat().length === SUBSCRIPTIONS);
});
afterEach(async () => {
  abort.abort();
  await reading;
  await port.close();
  await stub.stop();
});

async function until(condition: () => boolean): Promise<void> {
  await expect.poll(condition, { timeout: 10_000, interval: 5 }).toBe(true);
}
const ofType = <T extends ExchangeEvent["type"]>(type: T): Extract<ExchangeEvent, { type: T }>[] =>
  events.filter((event): event is Extract<ExchangeEvent, { type: T }> => event.type === type);

function depth(first: number, last: number, bids: string[][] = [], asks: string[][] = []): void {
  const data = { e: "depth", E: "1760000000000000", T: "1760000000001000", s: "SOL_USDC_PERP", U: first, u: last, b: bids, a: asks };
  stub.push({ stream: "depth.SOL_USDC_PERP", data });
}
function orderEvent(overrides: object): object {
  const base = {
    E: "1760000000175879",
    T: "1760000000174705",
    O: "USER",
    S: "Bid",
    V: "RejectTaker",
    X: "PartiallyFilled",
    e: "orderFill",
  };
  const more = { c: 16777217, f: "GTC", i: "5406825793", o: "LIMIT", q: "50", p: "99.50", s: "SOL_USDC_PERP", t: null, z: "0", Z: "0" };
  return { stream: "account.orderUpdate.SOL_USDC_PERP", data: { ...base, ...more, ...overrides } };
}

describe("private events", () => {
  it("hands on all of 50 fills that come in one breath, with cumulative quantities", async () => {
    const socket = [...stub.sockets][0];
    for (let index = 1; index <= 50; index += 1) {
      const fill = {
        t: 1_000 + index,
        l: "1",
        L: "99.50",
        z: String(index),
        n: "-0.0001",
        N: "USDC",
        m: true,
        X: index === 50 ? "Filled" : "PartiallyFilled",
      };
      socket?.send(JSON.stringify(orderEvent(fill)));
    }
    await until(() => ofType("fill").length === 50 && ofType("order").length === 50);
    expect(ofType("fill").map(({ fill }) => fill.tradeId)).toEqual(Array.from({ length: 50 }, (_, index) => String(1_001 + index)));
    expect(ofType("fill")[0]?.fill).toEqual({
      symbol: SOL,
      tradeId: "1001",
      exchangeOrderId: "5406825793",
      clientOrderId: "16777217",
      side: "buy",
      price: ticks(9_950),
      quantity: lots(100),
      fee: "-0.0001",
      feeCurrency: "USDC",
      liquidity: "maker",
      at: 1_760_000_000_174,
    });
    expect(ofType("order").map((order) => order.filledQuantity)).toEqual(Array.from({ length: 50 }, (_, index) => lots((index + 1) * 100)));
    expect(ofType("order").at(-1)?.status).toBe("filled");
  });

  it("tells acceptance, cancel and expiry, and ignores symbols of other bots", async () => {
    stub.push(orderEvent({ e: "orderAccepted", X: "New" }));
    stub.push(orderEvent({ e: "orderAccepted", X: "New", s: "ETH_USDC_PERP" }));
    stub.push(orderEvent({ e: "orderCancelled", X: "Cancelled", z: "3" }));
    stub.push(orderEvent({ e: "orderExpired", X: "Expired", z: "3", c: null }));
    await until(() => ofType("order").length === 3);
    expect(ofType("order").map((order) => order.status)).toEqual(["open", "canceled", "expired"]);
    expect(ofType("order").at(-1)).toMatchObject({ clientOrderId: null, filledQuantity: lots(300) });
    expect(ofType("fill")).toHaveLength(0);
  });
});

describe("books", () => {
  const levels = (bid: string, ask: string) => ({
    bids: [
      ["90", "1"],
      [bid, "1"],
    ],
    asks: [[ask, "2"]],
    timestamp: 1_760_000_000_000_000,
  });

  it("joins the snapshot with the stream and removes emptied levels", async () => {
    stub.on("GET /api/v1/depth", { status: 200, body: { ...levels("99.5", "100.5"), lastUpdateId: "10" } });
    depth(9, 10);
    depth(11, 11, [["99.60", "4"]]);
    await until(() => ofType("book").at(-1)?.bestBid === ticks(9_960));
    expect(ofType("book").at(-1)).toMatchObject({ symbol: SOL, bestAsk: ticks(10_050) });
    depth(
      12,
      12,
      [["99.60", "0.00000"]],
      [
        ["100.50", "0"],
        ["100.70", "1"],
      ],
    );
    await until(() => ofType("book").at(-1)?.bestAsk === ticks(10_070));
    expect(ofType("book").at(-1)?.bestBid).toBe(ticks(9_950));
    expect(
      ofType("resynced")
        .map((event) => event.stream)
        .sort(),
    ).toEqual(["private", "public"]);
  });

  it("tells a gap, forgets the book and comes back by a new snapshot, on the same connection", async () => {
    stub.on("GET /api/v1/depth", { status: 200, body: { ...levels("99.5", "100.5"), lastUpdateId: "10" } });
    depth(11, 11);
    await until(() => ofType("book").length > 0);
    const subscriptions = stub.subscriptions.length;
    stub.on("GET /api/v1/depth", { status: 200, body: { ...levels("97.00", "98.00"), lastUpdateId: "20" } });
    depth(15, 21, [["97.10", "1"]]);
    await until(() => ofType("book").at(-1)?.bestBid === ticks(9_710));
    expect(ofType("disconnected").map((event) => event.stream)).toEqual(["public"]);
    expect(ofType("resynced").filter((event) => event.stream === "public")).toHaveLength(2);
    expect(stub.subscriptions.length).toBe(subscriptions);
  });

  it("waits through refused snapshots without losing the private stream", async () => {
    stub.on("GET /api/v1/depth", { status: 500, body: { code: "SERVER_ERROR", message: "?" } });
    depth(11, 11);
    await until(() => stub.count("GET /api/v1/depth") >= 2);
    stub.push(orderEvent({ e: "orderAccepted", X: "New" }));
    await until(() => ofType("order").length === 1);
    stub.on("GET /api/v1/depth", { status: 200, body: { ...levels("99.5", "100.5"), lastUpdateId: "11" } });
    await until(() => ofType("book").length === 1);
    expect(ofType("disconnected")).toHaveLength(0);
  });

  it("shows no crossed and no one-sided book", async () => {
    stub.on("GET /api/v1/depth", { status: 200, body: { bids: [["101", "1"]], asks: [["100", "1"]], lastUpdateId: "10", timestamp: 1 } });
    depth(11, 11);
    depth(12, 12, [["101", "0"]]);
    depth(13, 13, [["99", "1"]]);
    await until(() => ofType("book").length === 1);
    expect(ofType("book")[0]).toMatchObject({ bestBid: ticks(9_900), bestAsk: ticks(10_000) });
  });
});

describe("marks", () => {
  const mark = (price: string): void => {
    const data = { e: "markPrice", E: 1, T: 1, f: "0.0001", i: "100.1", n: 1_760_000_000_000_000, p: price, s: "SOL_USDC_PERP" };
    stub.push({ stream: "markPrice.SOL_USDC_PERP", data });
  };

  it("are told in ticks, one after the other, beside the books", async () => {
    expect(stub.subscriptions.flat()).toContain("markPrice.SOL_USDC_PERP");
    mark("100.02751853");
    await until(() => ofType("mark").length === 1);
    mark("100.04");
    await until(() => ofType("mark").length === 2);
    expect(ofType("mark").map((event) => [event.symbol, event.mark])).toEqual([
      [SOL, ticks(10_003)],
      [SOL, ticks(10_004)],
    ]);
  });
});

describe("the touch", () => {
  it("carries the quantities there, also when only they change", async () => {
    stub.on("GET /api/v1/depth", {
      status: 200,
      body: { bids: [["99.5", "1.25"]], asks: [["100.5", "2"]], lastUpdateId: "10", timestamp: 1 },
    });
    depth(11, 11);
    await until(() => ofType("book").length === 1);
    expect(ofType("book")[0]).toMatchObject({ bidQuantity: lots(125), askQuantity: lots(200) });
    depth(12, 12, [["99.5", "0.75"]]);
    await until(() => ofType("book").length === 2);
    expect(ofType("book")[1]).toMatchObject({ bestBid: ticks(9_950), bidQuantity: lots(75), askQuantity: lots(200) });
  });
});

describe("connection", () => {
  it("tells both streams lost, subscribes again and says when it is back", async () => {
    depth(11, 11);
    await until(() => ofType("resynced").length === 2);
    stub.dropSockets();
    await until(() => ofType("disconnected").length === 2);
    await until(() => stub.subscriptions.flat().length === 2 * SUBSCRIPTIONS);
    depth(11, 11);
    await until(() => ofType("resynced").length === 4);
    const story = events.filter((event) => event.type === "disconnected" || event.type === "resynced").map((event) => event.type);
    expect(story).toEqual(["resynced", "resynced", "disconnected", "disconnected", "resynced", "resynced"]);
  });

  it("survives a refused subscription", async () => {
    stub.push({ id: null, error: { code: 4003, message: "Invalid signature" } });
    await until(() => ofType("disconnected").some((event) => event.message.includes("Invalid signature")));
    await until(() => stub.subscriptions.flat().length === 2 * SUBSCRIPTIONS);
  });

  it("ends at once when told, leaves no socket, and can be read again", async () => {
    await expect(port.events([SOL], abort.signal)[Symbol.asyncIterator]().next()).rejects.toThrow(/being read already/);
    abort.abort();
    await reading;
    await until(() => stub.sockets.size === 0);
    const again = new AbortController();
    const second: ExchangeEvent[] = [];
    reading = (async () => {
      for await (const event of port.events([SOL], again.signal)) {
        second.push(event);
        break;
      }
    })();
    await reading;
    expect(second[0]).toMatchObject({ type: "resynced", stream: "private" });
    await until(() => stub.sockets.size === 0);
  });
});

describe("the queue in between", () => {
  const book = (symbol: string, bestBid: number): ExchangeEvent => ({
    type: "book",
    symbol,
    bestBid: ticks(bestBid),
    bestAsk: ticks(bestBid + 1),
    at: 0,
    receivedAt: 0,
  });

  it("keeps the newest book per symbol and every fact, facts first, within its bound", async () => {
    const queue = new EventQueue(2);
    queue.push(book("A", 1));
    queue.push(book("B", 5));
    queue.push(book("A", 2));
    queue.push({ type: "mark", symbol: "A", mark: ticks(7), at: 0 });
    queue.push({ type: "mark", symbol: "A", mark: ticks(8), at: 0 });
    for (let index = 0; index < 3; index += 1) queue.push({ type: "resynced", stream: "private", at: index });
    const batch = await queue.next();
    expect(batch?.map((event) => event.type)).toEqual(["resynced", "resynced", "book", "book", "mark"]);
    expect(batch?.[4]).toMatchObject({ mark: 8 });
    expect(batch?.[2]).toMatchObject({ symbol: "A", bestBid: 2 });
    expect(queue.takeOverflow()).toBe(true);
    expect(queue.takeOverflow()).toBe(false);
    const waiting = queue.next();
    queue.close();
    expect(await waiting).toBeNull();
  });
});
