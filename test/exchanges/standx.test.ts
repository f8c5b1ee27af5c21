// StandX behind our guards: signed requests, orders whose fate is awaited, honest doubt, streams, and no real money.

import { verify } from "node:crypto";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { encodeClientOrderId } from "../../src/core/client-order-id.ts";
import type { PlaceOrder } from "../../src/core/effects.ts";
import type { ExchangeEvent } from "../../src/core/ports.ts";
import { lots, ticks } from "../../src/core/units.ts";
import { sealCredentials } from "../../src/exchanges/account.ts";
import { byHalves } from "../../src/exchanges/standx/by-halves.ts";
import { positionOf } from "../../src/exchanges/standx/rows.ts";
import { signatureHeaders, signingKey } from "../../src/exchanges/standx/signature.ts";
import { until } from "../sim/loopback-exchange.ts";
import { StandxServer } from "./standx-server.ts";
import { type Connected, connectTo } from "./stub-exchange.ts";

const BTC = "BTC/USD:DUSD";
let server: StandxServer;
let one: Connected;
let counter = 0;

beforeEach(async () => {
  server = await StandxServer.start();
  const { url, wsUrl } = server;
  one = await connectTo({ exchange: "standx", account: "main", mode: "sim", credentials: sealCredentials(server.credentials), url, wsUrl });
});
afterEach(async () => {
  await one.port.close();
  await server.stop();
});

function order(fields: Partial<PlaceOrder> = {}): PlaceOrder {
  counter += 1;
  const base = { side: "buy", price: ticks(9_900), quantity: lots(50), timeInForce: "gtc", postOnly: true, reduceOnly: false } as const;
  return {
    type: "place",
    leg: "main",
    slot: "a",
    reason: "test",
    decision: 1,
    clientOrderId: encodeClientOrderId(7, counter),
    ...base,
    ...fields,
  } as PlaceOrder;
}

const place = (placed: PlaceOrder) => one.port.place(BTC, placed, "open", Promise.resolve(true));
const posts = (path: string) => server.requests.filter((request) => request.method === "POST" && request.path === path);

describe("StandX", () => {
  it("describes its instrument exactly and leaves out the markets that it refuses", async () => {
    expect(await one.port.instrument(BTC)).toMatchObject({
      ...{ kind: "perp", base: "BTC", quote: "USD", settle: "DUSD", tickSize: "0.01", lotSize: "0.001", minQuantity: 1 },
      ...{ makerFee: "0.0001", takerFee: "0.0004", maxLeverage: 20 },
    });
    await expect(one.port.instrument("ETH/USD:DUSD")).rejects.toThrow(/lists no ETH/);
    expect(await one.port.touch(BTC)).toMatchObject({ bestBid: 10_010, bestAsk: 10_030, bidQuantity: 2_000, askQuantity: 3_000 });
  });

  it("places a signed order with our id, post-only as alo, and resolves with what became of it", async () => {
    const placed = order();
    const outcome = await place(placed);
    expect(outcome).toMatchObject({ outcome: "accepted", filledQuantity: 0, closed: false });
    expect(JSON.parse(posts("new_order")[0]?.text ?? "")).toEqual({
      ...{ symbol: "BTC-USD", side: "buy", order_type: "limit", qty: "0.050", price: "99.00", time_in_force: "alo", reduce_only: false },
      cl_ord_id: placed.clientOrderId,
    });
    expect(JSON.stringify(server.requests.map(({ headers, text }) => [headers, text]))).not.toMatch(/builder|broker|referr?al/i);
    expect(one.permits.taken.filter((permit) => permit.class === "place")).toHaveLength(1);
    const ref = { symbol: BTC, clientOrderId: placed.clientOrderId, exchangeOrderId: null, createdAt: Date.now() };
    expect(await one.port.lookup(ref)).toMatchObject({ found: "open", order: { price: 9_900, quantity: 50, postOnly: true } });
  });

  it("calls an order that matching refuses rejected, with its reason", async () => {
    server.fate = "rejected";
    expect(await place(order())).toMatchObject({ outcome: "rejected", message: "alo order rejected" });
  });

  it("calls an order unknown that was taken and is nowhere, and one whose answer never came; none is sent twice", async () => {
    server.fate = "lost";
    expect((await place(order())).outcome).toBe("unknown");
    server.answers.set("new_order", "reset");
    expect((await place(order())).outcome).toBe("unknown");
    expect(posts("new_order")).toHaveLength(2);
  });

  it("tells refusals apart: a bad request, a limit, a server's fault", async () => {
    server.answers.set("new_order", { status: 400, body: { code: 400, message: "invalid qty" } });
    expect(await place(order())).toMatchObject({ outcome: "rejected", code: "400" });
    server.answers.set("new_order", { status: 200, body: { code: 400, message: "invalid qty" } });
    expect((await place(order())).outcome).toBe("rejected");
    server.answers.set("new_order", { status: 429, body: { code: 429, message: "slow down" } });
    expect(await place(order())).toMatchObject({ outcome: "rejected", code: "rateLimited" });
    expect(one.permits.blocks).toHaveLength(1);
    server.answers.set("new_order", { status: 500, body: { code: 500, message: "?" } });
    expect((await place(order())).outcome).toBe("unknown");
  });

  it("sends nothing when the fence is shut or the intent is not stored", async () => {
    one.fence = () => "lease is 6 s old";
    expect(await place(order())).toMatchObject({ outcome: "denied", code: "fenced" });
    one.fence = () => null;
    const unstored = await one.port.place(BTC, order(), "open", Promise.resolve(false));
    expect(unstored).toMatchObject({ outcome: "denied", code: "notStored" });
    expect(posts("new_order")).toEqual([]);
  });

  it("cancels by its id and by ours, and knows an order that is not there any more", async () => {
    for (const byId of [true, false]) {
      const placed = order();
      const outcome = await place(placed);
      if (outcome.outcome !== "accepted") throw new Error(JSON.stringify(outcome));
      const exchangeOrderId = byId ? outcome.exchangeOrderId : null;
      const ref = { symbol: BTC, clientOrderId: placed.clientOrderId, exchangeOrderId, createdAt: Date.now() };
      expect(await one.port.cancel(ref, "cancel")).toEqual({ outcome: "canceled", filledQuantity: 0 });
      expect(await one.port.cancel(ref, "cancel")).toEqual({ outcome: "notFound" });
      expect(await one.port.lookup(ref)).toMatchObject({ found: "closed", status: "canceled" });
    }
  });

  it("reads the account whole, a free balance that is never negative, and a short by its own result", async () => {
    await place(order());
    const row = { symbol: "BTC-USD", qty: "0.940", entry_price: "121737.96", mark_price: "121715.05", liq_price: "112373.50" };
    server.positions = [{ ...row, upnl: "-21.53540" }];
    const snapshot = await one.port.snapshot([BTC]);
    expect(snapshot.openOrders).toHaveLength(1);
    expect(snapshot.balances).toEqual([{ currency: "DUSD", total: "1000.5", free: "0" }]);
    expect(snapshot.positions).toEqual([{ symbol: BTC, quantity: 940, averageEntryPrice: "121737.96", liquidationPrice: "112373.50" }]);
    server.positions = [{ ...row, upnl: "21.53540" }];
    expect((await one.port.snapshot([BTC])).positions[0]?.quantity).toBe(-940);
    server.positions = [{ ...row, upnl: "0", mark_price: row.entry_price }];
    await expect(one.port.snapshot([BTC])).rejects.toThrow(/long or short is not told/);
    expect(positionOf({ ...row, qty: "-0.94" }, BTC).side).toBe("short");
  });

  it("streams best prices, marks and last prices, orders, and fills that it reads when an order has filled", async () => {
    const events: ExchangeEvent[] = [];
    const stop = new AbortController();
    const reading = (async () => {
      for await (const event of one.port.events([BTC], stop.signal)) events.push(event);
    })();
    const of = <T extends ExchangeEvent["type"]>(type: T) =>
      events.filter((event): event is Extract<ExchangeEvent, { type: T }> => event.type === type);
    await until("both streams", () => new Set(of("resynced").map(({ stream }) => stream)).size === 2);
    server.price("100.20", "100.40", "100.35", "100.20");
    await until("prices", () => of("book").at(-1)?.bestBid === 10_020 && of("mark").at(-1)?.mark === 10_035 && of("last").length > 0);
    expect(of("last").at(-1)).toMatchObject({ symbol: BTC, price: 10_020 });
    const placed = order();
    const outcome = await place(placed);
    if (outcome.outcome !== "accepted") throw new Error(JSON.stringify(outcome));
    server.fill(outcome.exchangeOrderId, "0.020", "0.000198");
    server.fill(outcome.exchangeOrderId, "0.030", "0.001188");
    await until("both fills", () => of("fill").length >= 2);
    expect(of("fill").map(({ fill }) => [fill.quantity, fill.liquidity, fill.feeCurrency])).toEqual([
      [20, "maker", "DUSD"],
      [30, "taker", "DUSD"],
    ]);
    await until("the end", () => of("order").at(-1)?.status === "filled");
    expect(of("order").at(-1)).toMatchObject({ clientOrderId: placed.clientOrderId, filledQuantity: 50 });
    const page = await one.port.fillsSince(BTC, Date.now() - 60_000);
    expect([page.complete, page.fills.length]).toEqual([true, 2]);
    for (const socket of server.sockets) socket.terminate();
    await until("the stream again", () => of("resynced").length >= 4);
    stop.abort();
    await reading;
  });

  it("sets leverage and margin mode, and says of funding that nobody tells", async () => {
    await one.port.setPerp?.(BTC, { leverage: 5, marginMode: "isolated" });
    expect(JSON.parse(posts("change_leverage")[0]?.text ?? "")).toEqual({ symbol: "BTC-USD", leverage: 5 });
    expect(JSON.parse(posts("change_margin_mode")[0]?.text ?? "")).toEqual({ symbol: "BTC-USD", margin_mode: "isolated" });
    expect(one.port.capabilities).toMatchObject({ fundingHistory: false, deadManSwitch: false, amend: false });
    expect(await one.port.fundingSince(BTC, 0)).toEqual({ entries: [], complete: false });
  });

  it("is not traded with real money, and the sentence says why; a key that is none is refused unseen", async () => {
    const credentials = sealCredentials(server.credentials);
    await expect(connectTo({ exchange: "standx", account: "main", mode: "live", credentials })).rejects.toThrow(
      /not traded with real money yet: its documentation does not say how long a signed order stays valid/,
    );
    const { url, wsUrl } = server;
    const wrong = sealCredentials({ ...server.credentials, privateKey: "no-key-at-all" });
    const refused = connectTo({ exchange: "standx", account: "main", mode: "sim", credentials: wrong, url, wsUrl });
    await expect(refused).rejects.toThrow(/privateKey \(value not shown\) must be an ED25519 key/);
  });
});

describe("parts", () => {
  it("read the signing key in hex, base64 and base58, and sign the body that is sent", () => {
    const bytes = Buffer.from(server.credentials.privateKey ?? "", "hex");
    const message = (headers: Readonly<Record<string, string>>) =>
      Buffer.from(`v1,${headers["x-request-id"]},${headers["x-request-timestamp"]},{"a":1}`);
    for (const spelled of [bytes.toString("hex"), `0x${bytes.toString("hex")}`, bytes.toString("base64"), base58(bytes)]) {
      const headers = signatureHeaders(signingKey(spelled), '{"a":1}', 1_700_000_000_000);
      const signature = Buffer.from(headers["x-request-signature"] ?? "", "base64");
      expect(verify(null, message(headers), server.signingKey, signature)).toBe(true);
    }
  });

  it("halve full pages by time, whatever order they come in, and say when that did not reach the end", async () => {
    const rows = Array.from({ length: 900 }, (_, index) => ({ id: String(index), at: index * 10 }));
    const read = async (from: number, to: number) =>
      rows
        .filter(({ at }) => at >= from && at <= to)
        .slice(0, 200)
        .reverse();
    const found = await byHalves(read, { keyOf: ({ id }) => id, since: 0, until: 9_000, limit: 200 });
    expect([found.complete, found.rows.length]).toEqual([true, 900]);
    const dense = await byHalves(async () => rows.slice(0, 200), { keyOf: ({ id }) => id, since: 5, until: 6, limit: 200 });
    expect(dense.complete).toBe(false);
  });
});

function base58(bytes: Buffer): string {
  const alphabet = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
  let number = BigInt(`0x${bytes.toString("hex")}`);
  let text = "";
  for (; number > 0n; number /= 58n) text = (alphabet[Number(number % 58n)] ?? "") + text;
  return text;
}
