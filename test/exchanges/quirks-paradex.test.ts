// What our description of Paradex adds to ccxt, one test per quirk: each fails when its quirk is gone.

import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { encodeClientOrderId } from "../../src/core/client-order-id.ts";
import type { PlaceOrder } from "../../src/core/effects.ts";
import type { ExchangePort, OrderRef } from "../../src/core/ports.ts";
import type { Lots, Ticks } from "../../src/core/units.ts";
import { type ExchangeAccount, sealCredentials } from "../../src/exchanges/account.ts";
import { builderFeeIn } from "../../src/exchanges/builder-fee-guard.ts";
import type { ExchangeSim } from "../../src/sim/exchange-sim.ts";
import { MAIN_KEY_SUFFIX } from "../../src/sim/paradex/accounts.ts";
import { Listener } from "../conformance/world.ts";
import { admin, until } from "../sim/loopback-exchange.ts";
import { startParadex } from "../sim/paradex-client.ts";
import { RecordingWire } from "./recording-wire.ts";
import { type Connected, connectTo } from "./stub-exchange.ts";

const ETH = "ETH/USD:USDC";
const BTC = "BTC/USD:USDC";
const ID = "ETH-USD-PERP";
const READY = Promise.resolve(true);

let sim: ExchangeSim;
let wire: RecordingWire;
let one: Connected;
let port: ExchangePort;
/** How far the exchange's clock is ahead of ours, ms. */
let aheadMs = 0;
let count = 0;

function accessOf(name: string): ExchangeAccount {
  const keys = sim.accounts.find((account) => account.name === name);
  const credentials = sealCredentials(keys?.credentials ?? {});
  return { exchange: "paradex", account: name, mode: "sim", credentials, url: wire.url, wsUrl: sim.wsUrl };
}

beforeAll(async () => {
  const clock = { now: () => Date.now() + aheadMs, monotonic: () => performance.now() };
  const balances = { USDC: "100000" };
  const names = ["one", "filler", "poor", `boss${MAIN_KEY_SUFFIX}`];
  const accounts = names.map((name) => ({ name, balances: name === "poor" ? { USDC: "20" } : balances }));
  sim = await startParadex({ paused: true, accounts, clock });
  wire = await RecordingWire.to(sim.url);
  one = await connectTo(accessOf("one"));
  port = one.port;
  wire.reset();
}, 30_000);

afterAll(async () => {
  await port.close();
  await wire.close();
  await sim.close();
});

afterEach(async () => {
  wire.reset();
  await admin(sim, "DELETE", "/sim/faults");
  for (const { name } of sim.exchange.state.accounts.values()) sim.exchange.cancelAll(name, null);
});

function touch(): { readonly bid: Ticks; readonly ask: Ticks } {
  const { engine } = sim.exchange.state.market(ID);
  return { bid: engine.best("buy")?.price ?? (0 as Ticks), ask: engine.best("sell")?.price ?? (0 as Ticks) };
}

/** A buy of 0.1 ETH far below the market, or what the fields say. */
function order(fields: Partial<PlaceOrder> = {}): PlaceOrder {
  count += 1;
  const base = { side: "buy", timeInForce: "gtc", postOnly: false, reduceOnly: false } as const;
  const price = Math.round(touch().bid * 0.97) as Ticks;
  return { ...base, price, quantity: 1_000 as Lots, clientOrderId: encodeClientOrderId(3, count), ...fields };
}

async function rest(fields: Partial<PlaceOrder> = {}, at: ExchangePort = port): Promise<OrderRef & { readonly order: PlaceOrder }> {
  const wished = order(fields);
  const outcome = await at.place(ETH, wished, "open", READY);
  if (outcome.outcome !== "accepted") throw new Error(JSON.stringify(outcome));
  const { clientOrderId } = wished;
  return { symbol: ETH, clientOrderId, exchangeOrderId: outcome.exchangeOrderId, createdAt: Date.now() - 1_000, order: wished };
}

/** Our resting order trades at the exchange. */
function hit(ref: { readonly order: PlaceOrder }, quantity: Lots): void {
  const { price } = ref.order;
  sim.driver.moveTo(ID, price, 0 as Lots);
  const request = { symbol: ID, side: "sell", price, quantity, quoteQuantity: null, timeInForce: "ioc" } as const;
  const flags = { postOnly: false, reduceOnly: false, clientId: null, selfTrade: "rejectTaker" } as const;
  sim.exchange.run((state, at) => state.place("filler", { ...request, ...flags }, at));
}

async function listening(symbols: readonly string[], run: (listener: Listener) => Promise<void>): Promise<void> {
  const listener = new Listener(port, symbols);
  try {
    await run(await listener.ready());
  } finally {
    await listener.stop();
  }
}

const fault = (body: object) => admin(sim, "POST", "/sim/faults", body);
const TOKEN_OVER = { kind: "status", status: 401, code: "INVALID_TOKEN", message: "token is expired" };

describe("signing in", () => {
  it("quirk: reads that are refused for their token sign in once together and are asked again", async () => {
    await fault({ ...TOKEN_OVER, method: "GET", path: "/v1/orders", times: 3 });
    const answers = await Promise.all([1, 2, 3].map(() => port.snapshot([ETH])));
    expect(answers.map(({ openOrders }) => openOrders)).toEqual([[], [], []]);
    expect(wire.seen("POST", /auth$/)).toHaveLength(1);
  });

  it("quirk: an order that is refused for its token is rejected and not sent again; the next one has a new token", async () => {
    await fault({ ...TOKEN_OVER, method: "POST", path: "/v1/orders" });
    expect(await port.place(ETH, order(), "open", READY)).toMatchObject({ outcome: "rejected", code: "authentication" });
    expect(wire.seen("POST", /orders$/)).toHaveLength(1);
    await rest();
    expect(wire.seen("POST", /auth$/)).toHaveLength(1);
  });

  it("quirk: an order for which nobody can sign in was not sent, which is no doubt", async () => {
    await fault({ ...TOKEN_OVER, method: "POST", path: "/v1/orders" });
    await fault({ kind: "status", status: 503, method: "POST", path: "/v1/auth", times: 9 });
    await port.place(ETH, order(), "open", READY);
    expect(await port.place(ETH, order(), "open", READY)).toMatchObject({ outcome: "denied", code: "notSignedIn" });
    expect(await port.cancel({ ...order(), symbol: ETH, exchangeOrderId: "7", createdAt: Date.now() }, "cancel")).toMatchObject({
      outcome: "denied",
    });
  });

  it("quirk: the exchange's clock is measured, and again when it has moved", async () => {
    aheadMs = 400_000;
    try {
      const { openOrders } = await port.snapshot([ETH]);
      expect(openOrders).toEqual([]);
      await rest();
      const [sent] = wire.seen("POST", /orders$/);
      expect(Math.abs(Number(sent?.body.signature_timestamp) - Date.now() - aheadMs)).toBeLessThan(5_000);
      aheadMs = 100_000;
      const other = await connectTo(accessOf("poor"));
      await rest({ quantity: 50 as Lots }, other.port);
      await other.port.close();
    } finally {
      aheadMs = 0;
    }
    const again = await connectTo(accessOf("one"));
    await port.close();
    one = again;
    port = one.port;
  });

  it("quirk: the stream is signed in anew after its token ended", async () => {
    await listening([ETH], async (listener) => {
      aheadMs = 200_000;
      try {
        await listener.until("the end", () => listener.of("disconnected").some(({ stream }) => stream === "private"), 15_000);
        await listener.until(
          "a new login",
          () => listener.of("resynced").filter(({ stream }) => stream === "private").length === 2,
          15_000,
        );
      } finally {
        aheadMs = 0;
      }
    });
    await port.close();
    one = await connectTo(accessOf("one"));
    port = one.port;
  }, 40_000);

  it("quirk: a key that may withdraw is refused, a subkey is not", async () => {
    await expect(connectTo(accessOf(`boss${MAIN_KEY_SUFFIX}`))).rejects.toThrow(/can withdraw/);
  });

  it("quirk: the public key is computed from the private one, and one that is not its own is refused", async () => {
    const { credentials, ...access } = accessOf("poor");
    const { address, privateKey } = credentials;
    if (address === undefined || privateKey === undefined) throw new Error("no keys");
    const bare = await connectTo({ ...access, credentials: { address, privateKey } });
    await bare.port.close();
    const others = sealCredentials({ publicKey: "0x123" });
    await expect(connectTo({ ...access, credentials: { ...credentials, ...others } })).rejects.toThrow(/publicKey 0x123 is not the one/);
    const boss = accessOf(`boss${MAIN_KEY_SUFFIX}`);
    const disguised = { address: boss.credentials.address, privateKey: boss.credentials.privateKey };
    if (disguised.address === undefined || disguised.privateKey === undefined) throw new Error("no keys");
    const hidden = { ...boss, credentials: { address: disguised.address, privateKey: disguised.privateKey } };
    await expect(connectTo(hidden)).rejects.toThrow(/can withdraw/);
  });
});

describe("orders", () => {
  it("quirk: an order is signed when its permit is there, to the millisecond, and lives two seconds", async () => {
    const { answer } = one.permits;
    let grantedAt = 0;
    one.permits.answer = async () => {
      await new Promise((resolve) => setTimeout(resolve, 1_200));
      grantedAt = Date.now();
      return { granted: true, waitedMs: 0 };
    };
    try {
      await rest();
    } finally {
      one.permits.answer = answer;
    }
    const [sent] = wire.seen("POST", /orders$/);
    expect(sent?.body).toMatchObject({ recv_window: 2_000, instruction: "GTC" });
    expect(Number(sent?.body.signature_timestamp)).toBeGreaterThan(grantedAt - 600);
  });

  it("quirk: an order that arrives after its window is refused", async () => {
    await fault({ kind: "delay", method: "POST", path: "/v1/orders", delayMs: 2_300 });
    expect(await port.place(ETH, order(), "open", READY)).toMatchObject({ outcome: "rejected", code: "INVALID_TIMESTAMP" });
    expect(sim.exchange.state.account("one").open.size).toBe(0);
  });

  it("quirk: fill-or-kill, which ccxt turns into good-til-canceled, is refused before anything is sent", async () => {
    const killed = { ...order(), timeInForce: "fok" } as unknown as PlaceOrder;
    expect(await port.place(ETH, killed, "open", READY)).toMatchObject({ outcome: "denied", code: "invalid" });
    expect(wire.requests).toEqual([]);
  });

  it("quirk: an order that is refused after its acceptance reaches the stream as canceled with nothing filled", () =>
    listening([ETH], async (listener) => {
      const ref = await rest({ quantity: 900_000_000 as Lots });
      await listener.until("the refusal", () => listener.of("order").some(({ status }) => status === "canceled"));
      const told = listener.of("order").filter(({ clientOrderId }) => clientOrderId === ref.clientOrderId);
      expect(told.map(({ status, filledQuantity }) => [status, filledQuantity])).toEqual([
        ["open", 0],
        ["canceled", 0],
      ]);
    }));

  it("quirk: a cancel is confirmed by the stream, with what was filled and without a read", () =>
    listening([ETH], async () => {
      const [byId, byOurs] = [await rest(), await rest({ price: Math.round(touch().bid * 0.9) as Ticks })];
      hit(byId, 250 as Lots);
      wire.requests.length = 0;
      expect(await port.cancel(byId, "cancel")).toEqual({ outcome: "canceled", filledQuantity: 250 });
      expect(await port.cancel({ ...byOurs, exchangeOrderId: null }, "cancel")).toEqual({ outcome: "canceled", filledQuantity: 0 });
      expect(wire.requests.map(({ method, query }) => [method, query.size])).toEqual([
        ["DELETE", 0],
        ["DELETE", 0],
      ]);
    }));

  it("quirk: without a stream a queued cancel is unknown, never canceled", async () => {
    expect(await port.cancel(await rest(), "cancel")).toMatchObject({ outcome: "unknown" });
  });

  it("quirk: an order is changed by PUT under its own id; without that id it is not", async () => {
    const ref = await rest({ postOnly: true });
    const price = (ref.order.price - 7) as Ticks;
    const to = { side: "buy", price, quantity: 1_500 as Lots, postOnly: true, reduceOnly: false } as const;
    const same = { exchangeOrderId: ref.exchangeOrderId, price, quantity: 1_500 };
    expect(await port.amend?.(ref, to, READY)).toEqual({ outcome: "amended", ...same });
    expect(wire.seen("PUT", /orders\/\d+$/)).toHaveLength(1);
    expect(wire.seen("POST", /orders$/)).toHaveLength(1);
    expect(await port.amend?.({ ...ref, exchangeOrderId: null }, to, READY)).toMatchObject({ outcome: "refused", code: "noExchangeId" });
  });

  it("quirk: filled is what the size has lost, and an empty cancel reason is no cancel", async () => {
    const ref = await rest();
    hit(ref, 400 as Lots);
    expect(await port.lookup(ref)).toMatchObject({ found: "open", order: { filledQuantity: 400 } });
    hit(ref, 600 as Lots);
    expect(await port.lookup(ref)).toMatchObject({ found: "closed", status: "filled", filledQuantity: 1_000 });
    // A cancel that came too late leaves its reason behind.
    wire.onAnswer = (_, answer) => ({ ...answer, text: answer.text.replace('"cancel_reason":""', '"cancel_reason":"USER_CANCELED"') });
    expect(await port.lookup(ref)).toMatchObject({ found: "closed", status: "filled", filledQuantity: 1_000 });
  });

  it("quirk: the history tells about an order that is asked for by id in vain", async () => {
    const ref = await rest();
    hit(ref, 300 as Lots);
    await port.cancel(ref, "cancel");
    wire.onAnswer = ({ path }, answer) =>
      /orders\/(by_client_id\/)?\d+$/.test(path) ? { status: 400, text: '{"error":"ORDER_ID_NOT_FOUND","message":"gone"}' } : answer;
    expect(await port.lookup(ref)).toMatchObject({ found: "closed", status: "canceled", filledQuantity: 300 });
    expect(await port.lookup({ ...ref, exchangeOrderId: null })).toMatchObject({ found: "closed", filledQuantity: 300 });
  });

  it("quirk: no partner, builder or referral goes along from connect to cancel", async () => {
    const whole = await connectTo(accessOf("poor"));
    const ref = await rest({ quantity: 50 as Lots }, whole.port);
    await whole.port.cancel(ref, "cancel");
    await whole.port.close();
    expect(wire.seen("DELETE", /orders\/\d+$/)).toHaveLength(1);
    const outgoing = wire.requests.map(({ path, query, headers, text }) => `${path}?${query} ${JSON.stringify(headers)} ${text}`);
    for (const request of outgoing) expect(request).not.toMatch(/partner|builder|broker|referr|integrator|ccxt/i);
    for (const { path, query, body } of wire.requests) expect(builderFeeIn(`${path}?${query}`, body)).toBeNull();
  });
});

describe("streams", () => {
  it("quirk: the private stream stands when its channels are subscribed, not when the socket does", async () => {
    await fault({ kind: "lose", topic: "reply", times: "always" });
    const listener = new Listener(port, [ETH]);
    await until("books", () => listener.of("book").length > 0);
    await until("the socket in use", () => listener.of("mark").length > 0);
    expect(listener.of("resynced").map(({ stream }) => stream)).toEqual(["public"]);
    await listener.stop();
  });

  it("quirk: every fill is told for itself, with its fee, besides its order", () =>
    listening([ETH], async (listener) => {
      const ref = await rest({ postOnly: true });
      hit(ref, 100 as Lots);
      hit(ref, 200 as Lots);
      await listener.until("two fills", () => listener.of("fill").length === 2);
      expect(listener.of("fill").map(({ fill }) => [fill.clientOrderId, fill.quantity, fill.liquidity, fill.feeCurrency])).toEqual([
        [ref.clientOrderId, 100, "maker", "USDC"],
        [ref.clientOrderId, 200, "maker", "USDC"],
      ]);
      expect(listener.of("fill").every(({ fill }) => Number(fill.fee) < 0)).toBe(true);
    }));

  it("quirk: marks of two markets come over one socket, and no channel is asked for twice", () =>
    listening([ETH, BTC], async (listener) => {
      sim.driver.moveTo("BTC-USD-PERP", 651_000 as Ticks, null);
      const marked = () => new Set(listener.of("mark").map(({ symbol }) => symbol));
      await listener.until("both marks", () => {
        sim.exchange.heartbeat("BTC-USD-PERP");
        sim.exchange.heartbeat(ID);
        return marked().size === 2;
      });
      expect(listener.of("disconnected")).toEqual([]);
    }));
});

describe("the account and its markets", () => {
  it("quirk: fees are those that the market names", async () => {
    wire.onAnswer = ({ path }, answer) =>
      path.endsWith("/markets") ? { ...answer, text: answer.text.replaceAll('"-0.00005"', '"0.00002"') } : answer;
    const other = await connectTo(accessOf("poor"));
    expect(await other.port.instrument(ETH)).toMatchObject({ makerFee: "0.00002", takerFee: "0.0003", maxLeverage: 50 });
    await other.port.close();
  });

  it("quirk: what is free is the free collateral, at most the balance", async () => {
    const before = (await port.snapshot([ETH])).balances.find(({ currency }) => currency === "USDC");
    await rest({ quantity: 100_000 as Lots });
    const after = (await port.snapshot([ETH])).balances.find(({ currency }) => currency === "USDC");
    expect(after?.total).toBe(before?.total);
    expect(Number(after?.free)).toBeLessThan(Number(before?.free) - 100);
    expect(Number(before?.free)).toBeLessThanOrEqual(Number(before?.total));
  });

  it("quirk: a new margin mode keeps the leverage, and a new leverage the margin mode", async () => {
    await port.setPerp?.(ETH, { leverage: 7 });
    await port.setPerp?.(ETH, { marginMode: "cross" });
    wire.onAnswer = ({ method, path }, answer) =>
      method === "GET" && path.endsWith("/margin") ? { ...answer, text: answer.text.replaceAll("CROSS", "ISOLATED") } : answer;
    await expect(port.setPerp?.(ETH, { leverage: 9 })).rejects.toThrow(/ISOLATED_MARKET_ACCOUNT_MISMATCH/);
    expect(wire.seen("POST", /margin\/ETH-USD-PERP$/).map(({ body }) => [body.leverage, body.margin_type])).toEqual([
      [7, "CROSS"],
      [7, "CROSS"],
      [9, "ISOLATED"],
    ]);
  });

  it("quirk: funding is read by the cursors that ccxt drops, each payment by its own id", async () => {
    const since = Date.now() - 1_000;
    const { ask } = touch();
    await rest({ price: (ask + 500) as Ticks, timeInForce: "ioc" });
    for (const rate of ["0.0001", "0.0002", "-0.0001", "0.0003", "0.0004"]) sim.exchange.payFunding(ID, rate);
    wire.onRequest = ({ query }) => (query.has("page_size") ? query.set("page_size", "2") : undefined);
    const page = await port.fundingSince(ETH, since);
    expect(page.complete).toBe(true);
    expect(new Set(page.entries.map(({ id }) => id)).size).toBe(5);
    expect(page.entries.map(({ amount }) => Math.sign(Number(amount))).sort()).toEqual([-1, -1, -1, -1, 1]);
    expect(wire.seen("GET", /funding\/payments$/)).toHaveLength(3);
  });

  it("quirk: fills are read by cursor too", async () => {
    const since = Date.now() - 1_000;
    const ref = await rest({ postOnly: true });
    for (let part = 0; part < 5; part += 1) hit(ref, 100 as Lots);
    wire.onRequest = ({ query }) => (query.has("page_size") ? query.set("page_size", "2") : undefined);
    const { fills, complete } = await port.fillsSince(ETH, since);
    expect(complete).toBe(true);
    expect(fills.filter(({ exchangeOrderId }) => exchangeOrderId === ref.exchangeOrderId)).toHaveLength(5);
  });
});
