// What we know about Hyperliquid that ccxt does not: each quirk has a test that fails without it.

import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { PlaceOrder } from "../../src/core/effects.ts";
import type { ExchangePort, OrderRef, PlaceOutcome } from "../../src/core/ports.ts";
import { lots, ticks } from "../../src/core/units.ts";
import { loadCcxt } from "../../src/exchanges/ccxt-loader.ts";
import { allowedPrice, cloidOf, hyperliquidStatus, hyperliquidUpdate, ownIdOf } from "../../src/exchanges/quirks/hyperliquid-answers.ts";
import { quirksOf } from "../../src/exchanges/quirks.ts";
import { connectScripted, Heard, ScriptedExchange, type ScriptedRequest } from "./scripted-exchange.ts";
import type { OpenPermits } from "./stub-exchange.ts";

const ETH = "ETH/USDC:USDC";
const MAIN = `0x${"Ab".repeat(20)}`;
const AGENT_KEY = `0x${"11".repeat(32)}`;
const ID = "16777217";
const ORDER: PlaceOrder = {
  ...{ clientOrderId: ID, side: "buy", price: ticks(22_165), quantity: lots(1_000), timeInForce: "gtc", postOnly: true, reduceOnly: false },
};
const REF: OrderRef = { symbol: ETH, clientOrderId: ID, exchangeOrderId: "77", createdAt: 1_700_000_000_000 };
const FILL = {
  ...{ coin: "ETH", px: "2381.1", sz: "0.0841", side: "A", time: 1_704_262_888_911, oid: 3929354691, crossed: true, fee: "0.050062" },
  ...{ tid: 128423918764978, cloid: cloidOf(ID), feeToken: "USDC", dir: "Close Long", closedPnl: "0.19343" },
};
const CONTEXT = { funding: "0.00001", openInterest: "1", prevDayPx: "2300", dayNtlVlm: "1", oraclePx: "2369" };

/** Answers to /info by type; tests replace single ones. */
const INFO: Readonly<Record<string, unknown>> = {
  exchangeStatus: { specialStatuses: null, time: 1 },
  metaAndAssetCtxs: [
    {
      universe: [
        { name: "ETH", szDecimals: 4, maxLeverage: 50 },
        { name: "BTC", szDecimals: 5, maxLeverage: 40 },
      ],
    },
    [
      { ...CONTEXT, markPx: "2369.6", midPx: "2369.45" },
      { ...CONTEXT, markPx: "68517.0", midPx: "68517.0" },
    ],
  ],
  spotMetaAndAssetCtxs: [
    {
      tokens: [
        { name: "USDC", szDecimals: 8, index: 0 },
        { name: "PURR", szDecimals: 0, index: 1 },
      ],
      universe: [{ name: "PURR/USDC", tokens: [1, 0], index: 0 }],
    },
    [{ midPx: "0.209265", markPx: "0.14" }],
  ],
  userAbstraction: '"disabled"',
  frontendOpenOrders: [],
  clearinghouseState: { assetPositions: [], marginSummary: { accountValue: "100.5", totalMarginUsed: "20.25" }, time: 1 },
  spotClearinghouseState: {
    balances: [
      { coin: "USDC", total: "50.1", hold: "0.1" },
      { coin: "PURR", total: "7", hold: "0" },
    ],
  },
};

let server: ScriptedExchange;
let port: ExchangePort;
let permits: OpenPermits;
let info: Record<string, unknown>;
let refused: unknown;

const ok = (...statuses: unknown[]): unknown => ({ status: "ok", response: { type: "order", data: { statuses } } });
const actions = (): readonly ScriptedRequest[] => server.sent(/^\/exchange$/);
const actionOf = (request: ScriptedRequest | undefined) => (request?.body.action ?? {}) as Readonly<Record<string, unknown>>;
const place = (order: Partial<PlaceOrder> = {}): Promise<PlaceOutcome> =>
  port.place(ETH, { ...ORDER, ...order }, "open", Promise.resolve(true));

async function connect(extra: Readonly<Record<string, string>> = {}): Promise<void> {
  ({ port, permits } = await connectScripted(server, "hyperliquid", { walletAddress: MAIN, privateKey: AGENT_KEY, ...extra }));
}

beforeEach(async () => {
  server = await ScriptedExchange.start();
  info = { ...INFO, exchangeStatus: { specialStatuses: null, time: Date.now() } };
  refused = ok({ resting: { oid: 77 } });
  server.answer = ({ body, path }) => ({ body: path === "/exchange" ? refused : info[String(body.type)] });
  await connect();
});
afterEach(async () => {
  await port.close();
  await server.stop();
});

describe("what is sent", () => {
  it("quirk: no approval, no referrer and no builder in a whole round trip", async () => {
    server.requests.length = 0;
    expect(await place()).toMatchObject({ outcome: "accepted", exchangeOrderId: "77", closed: false });
    // Nothing is asked before the order either.
    expect(server.requests).toHaveLength(1);
    refused = ok("success");
    expect(await port.cancel(REF, "cancel")).toEqual({ outcome: "canceled", filledQuantity: null });
    expect(actions().map((request) => actionOf(request).type)).toEqual(["order", "cancel"]);
    for (const { text } of server.requests) expect(text).not.toMatch(/builder|referrer|CCXT/i);
  });

  it("quirk: the agent signs after the wait, with an expiry of two seconds, and reads ask for the main wallet", async () => {
    let release = (): void => undefined;
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    const open = permits.answer;
    permits.answer = async () => {
      await held;
      return await open();
    };
    const placing = place();
    await new Promise((resolve) => setTimeout(resolve, 50));
    const releasedAt = Date.now();
    release();
    await placing;
    const { action, expiresAfter, nonce, signature } = (actions()[0]?.body ?? {}) as Record<string, unknown>;
    expect(Number(nonce)).toBeGreaterThanOrEqual(releasedAt);
    expect(Number(expiresAfter) - releasedAt).toBeGreaterThan(500);
    expect(Number(expiresAfter) - Date.now()).toBeLessThanOrEqual(2_000 + 50);
    const { Exchange } = await loadCcxt("hyperliquid");
    const plain = new Exchange({ privateKey: AGENT_KEY, walletAddress: MAIN }) as unknown as Record<
      string,
      (...args: unknown[]) => unknown
    >;
    expect(signature).toEqual(plain.signL1Action?.(action, nonce, undefined, expiresAfter));
    await port.snapshot([ETH]);
    const users = server.requests.map(({ body }) => body.user).filter((user) => user !== undefined);
    expect(new Set(users)).toEqual(new Set([MAIN.toLowerCase()]));
  });

  it("quirk: nonces are the permits', unique in the fleet", async () => {
    // The clock of the permits is not this machine's.
    const firstUs = (Date.now() - 30_000) * 1_000;
    let taken = 0;
    permits.answer = async () => ({ granted: true, waitedMs: 0, nonce: firstUs + 1_000 * taken++ });
    await Promise.all(Array.from({ length: 8 }, () => place()));
    const nonces = actions().map(({ body }) => Number(body.nonce));
    expect(new Set(nonces).size).toBe(8);
    expect([...nonces].sort()).toEqual(Array.from({ length: 8 }, (_, index) => firstUs / 1_000 + index));
  });

  it("quirk: a vault is named in the request and in the signature, and reads ask for it", async () => {
    await port.close();
    const vault = `0x${"Cd".repeat(20)}`;
    await connect({ vaultAddress: vault });
    await place();
    const { action, expiresAfter, nonce, signature, vaultAddress } = (actions()[0]?.body ?? {}) as Record<string, unknown>;
    expect(vaultAddress).toBe(vault.toLowerCase());
    const { Exchange } = await loadCcxt("hyperliquid");
    const plain = new Exchange({ privateKey: AGENT_KEY, walletAddress: MAIN }) as unknown as Record<
      string,
      (...args: unknown[]) => unknown
    >;
    expect(signature).toEqual(plain.signL1Action?.(action, nonce, vault.slice(2).toLowerCase(), expiresAfter));
    await port.snapshot([ETH]);
    expect(server.requests.at(-1)?.body.user).toBe(vault.toLowerCase());
  });

  it("quirk: the wallet's own key is refused, because it moves money", async () => {
    // The address of the key 0x11…11.
    await expect(connect({ walletAddress: "0x19E7E376E7C213B7E7e7e46cc70A5dD086DAff2A" })).rejects.toThrow(/hyperliquid:one can withdraw/);
  });

  it("quirk: our id is a cloid that names us, and comes back from one", async () => {
    await place();
    const [order] = actionOf(actions()[0]).orders as readonly Record<string, unknown>[];
    expect(order).toEqual({ a: 0, b: true, p: "2216.5", s: "0.1", r: false, t: { limit: { tif: "Alo" } }, c: cloidOf(ID) });
    expect(cloidOf(ID)).toBe("0x626f74737761696e0000000001000001");
    expect(ownIdOf(cloidOf("4294967295"))).toBe("4294967295");
    expect(ownIdOf("0x00000000000000000000000001000001")).toBeNull();
    expect(ownIdOf("0x626f74737761696e0000000000000001")).toBeNull();
    expect(() => cloidOf("1")).toThrow(/none of ours/);
    expect(await port.cancel({ ...REF, exchangeOrderId: null }, "cancel")).toMatchObject({ outcome: "unknown" });
    expect(actionOf(actions()[1])).toEqual({ type: "cancelByCloid", cancels: [{ asset: 0, cloid: cloidOf(ID) }] });
  });

  it("quirk: trailing zeros are not signed, ioc is Ioc", async () => {
    await place({ price: ticks(22_000), quantity: lots(10_000), timeInForce: "ioc", postOnly: false, reduceOnly: true });
    const [order] = actionOf(actions()[0]).orders as readonly Record<string, unknown>[];
    expect(order).toMatchObject({ p: "2200", s: "1", r: true, t: { limit: { tif: "Ioc" } } });
  });

  it.each<[string, boolean, string, "buy" | "sell", string, string]>([
    ["five digits stay", false, "0.0001", "buy", "2216.5", "2216.5"],
    ["a finer price goes down for a bid", false, "0.0001", "buy", "10000.5", "10000"],
    ["and up for an ask", false, "0.0001", "sell", "10000.5", "10001"],
    ["whole numbers are always allowed", false, "0.00001", "buy", "123456", "123456"],
    ["at most six decimals less those of the size", false, "0.01", "sell", "0.012341", "0.0124"],
    ["eight of them on spot", true, "1", "buy", "0.20926519", "0.20926"],
    ["small prices keep five digits", true, "1", "sell", "0.000123451", "0.00012346"],
  ])("quirk: prices of five digits: %s", (_name, spot, amount, side, price, expected) => {
    expect(allowedPrice({ spot, precision: { amount } }, side, price)).toBe(expected);
  });

  it("quirk: weights by what is asked; a cancel spares the budget of orders", async () => {
    const { chargesOf } = quirksOf("hyperliquid");
    expect(chargesOf("info", "POST", { type: "l2Book" })).toEqual({ weight: 2 });
    expect(chargesOf("info", "POST", { type: "userRole" })).toEqual({ weight: 60 });
    expect(chargesOf("info", "POST", { type: "frontendOpenOrders" })).toEqual({ weight: 20 });
    expect(chargesOf("exchange", "POST", { action: { type: "order" } })).toEqual({ weight: 1, actions: 1 });
    expect(chargesOf("exchange", "POST", { action: { type: "cancelByCloid" } })).toEqual({ weight: 1 });
    refused = { status: "err", response: "Too many cumulative requests sent (37986 > 10436) for cumulative volume traded $437.92." };
    expect(await place()).toMatchObject({ outcome: "rejected", code: "rateLimited" });
    expect(permits.blocks.map(({ buckets }) => buckets)).toEqual([["actions"]]);
  });

  it("quirk: leverage keeps the margin mode that is set, and the other way round", async () => {
    info.activeAssetData = { leverage: { type: "isolated", value: 7 } };
    refused = { status: "ok", response: { type: "default" } };
    await port.setPerp?.(ETH, { leverage: 5 });
    await port.setPerp?.(ETH, { marginMode: "cross" });
    await port.setPerp?.(ETH, { leverage: 3, marginMode: "isolated" });
    expect(actions().map((request) => actionOf(request))).toEqual([
      { type: "updateLeverage", asset: 0, isCross: false, leverage: 5 },
      { type: "updateLeverage", asset: 0, isCross: true, leverage: 7 },
      { type: "updateLeverage", asset: 0, isCross: false, leverage: 3 },
    ]);
  });

  it("quirk: the dead-man switch is at least five seconds ahead, can be turned off, and may be refused", async () => {
    refused = { status: "ok", response: { type: "default" } };
    await port.deadManSwitch?.([ETH], 1_000);
    await port.deadManSwitch?.([ETH], null);
    const [on, off] = actions().map((request) => actionOf(request));
    expect(Number(on?.time) - Date.now()).toBeGreaterThan(5_000);
    expect(off).toEqual({ type: "scheduleCancel" });
    refused = { status: "err", response: "Cannot set scheduled cancel time until enough volume traded. Required: $1000000." };
    await expect(port.deadManSwitch?.([ETH], 30_000)).rejects.toMatchObject({ kind: "rejected" });
  });
});

describe("what is answered", () => {
  it.each<[string, unknown, Partial<PlaceOutcome>]>([
    ["resting", ok({ resting: { oid: 77, cloid: cloidOf(ID) } }), { outcome: "accepted", exchangeOrderId: "77", closed: false }],
    [
      "filled",
      ok({ filled: { totalSz: "0.1", avgPx: "2216.5", oid: 78 } }),
      { outcome: "accepted", filledQuantity: lots(1_000), closed: true },
    ],
    ["no margin", ok({ error: "Insufficient margin to place order. asset=4" }), { outcome: "rejected", code: "insufficientFunds" }],
    [
      "crossing",
      ok({ error: "Post only order would have immediately matched, bbo was 1@2." }),
      { outcome: "rejected", code: "wouldCross" },
    ],
    ["ioc without a match", ok({ error: "Order could not immediately match against any resting orders." }), { outcome: "rejected" }],
    ["words of tomorrow about the order", ok({ error: "The moon is full." }), { outcome: "rejected", code: "refused" }],
    ["an id that exists", ok({ error: "Order with this cloid exists." }), { outcome: "unknown" }],
    ["a wallet nobody knows", { status: "err", response: "User or API Wallet 0x12 does not exist." }, { outcome: "rejected" }],
    ["words of tomorrow about the action", { status: "err", response: "The moon is full." }, { outcome: "unknown" }],
    ["an order without a status", ok(), { outcome: "unknown" }],
    ["nothing", {}, { outcome: "unknown" }],
  ])("quirk: a status 200 is read by its words: %s", async (_name, answer, expected) => {
    refused = answer;
    expect(await place()).toMatchObject(expected);
  });

  it("quirk: a cancel of what is over is notFound, and so is a question about what never was", async () => {
    refused = ok({ error: "Order was never placed, already canceled, or filled." });
    expect(await port.cancel(REF, "cancel")).toEqual({ outcome: "notFound" });
    info.orderStatus = { status: "unknownOid" };
    info.userFillsByTime = [];
    expect(await port.lookup({ ...REF, exchangeOrderId: null })).toEqual({ found: "notFound" });
    expect(server.requests.findLast(({ body }) => body.type === "orderStatus")?.body.oid).toBe(cloidOf(ID));
  });

  it("quirk: the exchange's many words for closed are understood", async () => {
    const order = { coin: "ETH", limitPx: "2216.5", oid: 77, origSz: "0.1", sz: "0.04", side: "B", timestamp: 1, cloid: cloidOf(ID) };
    info.orderStatus = { status: "order", order: { order, status: "selfTradeCanceled", statusTimestamp: 2 } };
    expect(await port.lookup(REF)).toEqual({ found: "closed", status: "canceled", exchangeOrderId: "77", filledQuantity: lots(600) });
    const statusOf = (status: string) => hyperliquidStatus({ info: { status } });
    expect(["scheduledCancel", "marginCanceled", "badAloPxRejected", "filled", "open", "new"].map(statusOf)).toEqual([
      ...["canceled", "canceled", "rejected", "filled", "open", null],
    ]);
  });

  it("quirk: perp and spot are two purses, unless margin is unified", async () => {
    const { balances } = await port.snapshot([ETH]);
    expect(balances).toContainEqual({ currency: "USDC", total: "150.6", free: "130.25" });
    expect(balances).toContainEqual({ currency: "PURR", total: "7", free: "7" });
    info.userAbstraction = '"unifiedAccount"';
    await port.close();
    await connect();
    expect((await port.snapshot([ETH])).balances).toContainEqual({ currency: "USDC", total: "50.1", free: "50" });
  });

  it("quirk: an answer that is no JSON is never a flat position", async () => {
    info.clearinghouseState = "<html>busy</html>";
    await expect(port.snapshot([ETH])).rejects.toMatchObject({ kind: "transient" });
  });

  it("quirk: fills are paged by time over all symbols, and more than are kept is not the whole", async () => {
    const row = (index: number) => ({ ...FILL, coin: index % 2 === 0 ? "ETH" : "BTC", tid: index, time: FILL.time + index });
    server.answer = ({ body }) => {
      const from = Number(body.startTime) - FILL.time;
      const rows =
        body.type === "userFillsByTime" ? Array.from({ length: 2_500 }, (_, index) => row(index)).slice(Math.max(0, from)) : null;
      return { body: rows?.slice(0, 2_000) ?? info[String(body.type)] };
    };
    const page = await port.fillsSince(ETH, FILL.time);
    expect(page).toMatchObject({ complete: true });
    expect(page.fills).toHaveLength(1_250);
    expect(page.fills[0]).toMatchObject({ clientOrderId: ID, side: "sell", quantity: lots(841), fee: "0.050062", liquidity: "taker" });
    const asked = server.requests.filter(({ body }) => body.type === "userFillsByTime");
    expect(asked).toHaveLength(2);
    server.answer = ({ body }) => ({
      body: body.type === "userFillsByTime" ? [{ ...FILL, dir: "Spot Dust Conversion", sz: "0.00001" }] : {},
    });
    expect(await port.fillsSince(ETH, FILL.time)).toEqual({ complete: true, fills: [] });
  });

  it("quirk: a payment is named by its hour, for its hash is all zeros", async () => {
    const row = (coin: string) => ({
      time: 1_734_026_400_057,
      hash: `0x${"0".repeat(64)}`,
      delta: { coin, usdc: "75.635093", szi: "-7375.9" },
    });
    info.userFunding = [row("ETH"), row("BTC")];
    expect(await port.fundingSince(ETH, 1_734_000_000_000)).toEqual({
      ...{ complete: true, entries: [{ id: "1734026400057", amount: "75.635093", at: 1_734_026_400_057 }] },
    });
  });
});

describe("what is streamed", () => {
  const subscribed = (message: Readonly<Record<string, unknown>>): readonly unknown[] => {
    if (message.method !== "subscribe") return [];
    const { type } = message.subscription as { readonly type: string };
    const response = { channel: "subscriptionResponse", data: { method: "subscribe", subscription: message.subscription } };
    const book = {
      channel: "l2Book",
      data: { coin: "ETH", time: Date.now(), levels: [[{ px: "2216.2", sz: "74.0637" }], [{ px: "2216.5", sz: "1" }]] },
    };
    if (type === "l2Book") return [response, book];
    return type === "userFills" ? [response, { channel: "userFills", data: { isSnapshot: true, user: MAIN, fills: [FILL] } }] : [response];
  };

  it("quirk: every fill of a breath arrives, those of the snapshot do not, and the stream is up when both channels are", async () => {
    server.reply = (message) => (JSON.stringify(message).includes("userFills") ? [] : subscribed(message));
    const heard = new Heard(port, [ETH]);
    try {
      await heard.until("a book", () => heard.of("book").length > 0);
      expect(heard.of("resynced").map(({ stream }) => stream)).toEqual(["public"]);
      for (const message of subscribed({ method: "subscribe", subscription: { type: "userFills" } })) server.push(message);
      await heard.until("private up", () => heard.of("resynced").some(({ stream }) => stream === "private"));
      const fills = Array.from({ length: 50 }, (_, index) => ({ ...FILL, tid: 1_000 + index }));
      for (const fill of fills) server.push({ channel: "userFills", data: { user: MAIN, fills: [fill] } });
      await heard.until("50 fills", () => heard.of("fill").length === 50);
      expect(heard.of("fill")[0]?.fill).toMatchObject({
        tradeId: "1000",
        exchangeOrderId: "3929354691",
        clientOrderId: ID,
        fee: "0.050062",
      });
      const order = { coin: "ETH", side: "B", limitPx: "2216.5", sz: "0.04", oid: 77, timestamp: 5, origSz: "0.1", cloid: cloidOf(ID) };
      server.push({ channel: "orderUpdates", data: [{ order, status: "reduceOnlyCanceled", statusTimestamp: 9 }] });
      await heard.until("the order", () => heard.of("order").length === 1);
      expect(heard.of("order")[0]).toMatchObject({ clientOrderId: ID, status: "canceled", filledQuantity: lots(600), at: 9 });
      server.push({ channel: "activeAssetCtx", data: { coin: "ETH", ctx: { ...CONTEXT, markPx: "2369.6" } } });
      await heard.until("the mark", () => heard.of("mark").some(({ mark }) => mark === ticks(23_696)));
    } finally {
      await heard.stop();
    }
  });

  it("quirk: an update is told from a fill, and a filled order is filled whole", () => {
    const order = { coin: "ETH", side: "A", limitPx: "1", sz: "0.0", oid: 7, timestamp: 5, origSz: "0.30" };
    expect(hyperliquidUpdate({ order, status: "filled", statusTimestamp: 6 }, ETH)).toEqual({
      ...{ symbol: ETH, exchangeOrderId: "7", clientOrderId: null, side: "sell", status: "filled", filled: "0.30", at: 6, fill: null },
    });
    expect(hyperliquidUpdate({ order, status: "somethingNew" }, ETH)).toBeNull();
  });
});
