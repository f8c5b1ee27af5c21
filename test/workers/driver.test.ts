// The driver with a scripted exchange and a scripted kernel: rows before sends, honest outcomes, one record per fill.

import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { encodeClientOrderId } from "../../src/core/client-order-id.ts";
import type { Effect } from "../../src/core/effects.ts";
import type { KernelEvent } from "../../src/core/events.ts";
import type { LedgerRow, RowResult } from "../../src/core/ports.ts";
import { lots, ticks } from "../../src/core/units.ts";
import { createDriver, type Driver } from "../../src/workers/driver.ts";
import { createOwnOrders } from "../../src/workers/own-orders.ts";
import { systemClock } from "../../src/workers/system-clock.ts";
import { ETH_PERP } from "../core/instruments.ts";
import { BOT_NUMBER, fill, LEG, order, ownId, placeEffect, ScriptedKernel } from "./scripted-kernel.ts";
import { ScriptedPort } from "./scripted-port.ts";

const ONE = ownId(1);
const TWO = ownId(2);
const HEDGE = "hedge";
const OTHER_NUMBER = 9;
const OVER = { en: "too far", "zh-TW": "太遠" };

describe("the driver", () => {
  let port: ScriptedPort;
  /** The port of another account, where the bot has another number. */
  let abroad: ScriptedPort;
  /** Ends and adjustments, in the order in which they were told. */
  let told: string[];
  let kernel: ScriptedKernel;
  let driver: Driver;
  let batches: LedgerRow[][];
  let results: (rows: readonly LedgerRow[]) => Promise<readonly RowResult[]>;
  let fatal: string[];
  let errors: string[];
  let fence: string | null;
  /** Rows, sends and cancels in the order in which they happened. */
  let story: string[];

  beforeEach(() => {
    vi.useFakeTimers();
    port = new ScriptedPort();
    abroad = new ScriptedPort("other");
    told = [];
    kernel = new ScriptedKernel();
    batches = [];
    fatal = [];
    errors = [];
    story = [];
    fence = null;
    results = async (rows) => rows.map(() => "stored");
    driver = createDriver({
      owner: { botId: "eth_grid", epoch: 4 },
      mode: "sim",
      strategy: { name: "grid", version: 1 },
      kernel,
      legs: {
        [LEG]: { instrument: ETH_PERP, port, own: createOwnOrders(BOT_NUMBER) },
        [HEDGE]: { instrument: abroad.described, port: abroad, own: createOwnOrders(OTHER_NUMBER) },
      },
      ledger: {
        commit: (rows) => {
          batches.push([...rows]);
          story.push(`rows ${rows.map((row) => row.type).join(",")}`);
          return results(rows);
        },
      },
      fence: () => fence,
      clock: systemClock,
      isUrgent: () => false,
      flattensOnBreach: true,
      onFill: () => undefined,
      onEnd: (end) => told.push(`${end.kind}${end.flatten ? " flatten" : ""}`),
      onAdjusted: (refusal) => told.push(refusal === null ? "adjusted" : `refused: ${refusal.en}`),
      onState: () => undefined,
      onError: (message) => errors.push(message),
      onFatal: (why) => fatal.push(why),
    });
  });
  afterEach(() => {
    driver.stop();
    vi.useRealTimers();
  });

  async function settle(ms = 0): Promise<void> {
    await vi.advanceTimersByTimeAsync(ms);
  }

  /** Answers the first event of a type with effects. */
  function onFirst(type: KernelEvent["type"], effects: readonly Effect[]): void {
    let isDone = false;
    const before = kernel.answer;
    kernel.answer = (event) => {
      if (isDone || event.type !== type) return before(event);
      isDone = true;
      return effects;
    };
  }

  it("stores the intent, and sends only once it is stored", async () => {
    let store: (results: readonly RowResult[]) => void = () => undefined;
    results = () =>
      new Promise((resolve) => {
        store = resolve;
      });
    onFirst("time", [placeEffect(ONE)]);
    driver.post({ type: "time", at: 1 });
    await settle(100);
    expect(batches).toHaveLength(1);
    expect(batches[0]?.[0]).toMatchObject({
      type: "intent",
      order: {
        botId: "eth_grid",
        epoch: 4,
        clientOrderId: ONE,
        price: "2490.00",
        quantity: "0.010",
        status: "submitted",
        exchangeOrderId: null,
      },
    });
    expect(port.calls).toEqual([]);
    store(["stored"]);
    await settle();
    expect(port.calls).toEqual([`place ${ONE}`]);
    expect(kernel.events.at(-1)).toMatchObject({ type: "accepted", clientOrderId: ONE, exchangeOrderId: `x${ONE}`, leg: LEG });
  });

  it("denies an order whose intent is not stored within five seconds, or not at all", async () => {
    results = () => new Promise(() => undefined);
    onFirst("time", [placeEffect(ONE)]);
    driver.post({ type: "time", at: 1 });
    await settle(5_000);
    expect(port.calls).toEqual([`not stored ${ONE}`]);
    results = async () => ["duplicate"];
    onFirst("time", [placeEffect(TWO)]);
    driver.post({ type: "time", at: 2 });
    await settle();
    expect(kernel.log).toEqual(["time", `denied ${ONE}`, "time", `denied ${TWO}`]);
    expect(fatal).toEqual([]);
  });

  it("commits a fill, the state that it made and its alert as one batch, intents first", async () => {
    onFirst("fill", [
      { type: "record", fill: { leg: LEG, slot: "level1:entry", fill: fill("t1", ONE), position: lots(10), realizedPnl: "0" } },
      { type: "alert", alert: { type: "note", message: { en: "filled", "zh-TW": "成交" } } },
      { type: "orderChanged", order: order(ONE, { status: "filled", filledQuantity: lots(10) }) },
      placeEffect(TWO),
    ]);
    driver.takeFills(LEG, [fill("t1", ONE)]);
    await settle();
    expect(batches).toHaveLength(1);
    expect(batches[0]?.map((row) => row.type)).toEqual(["intent", "fill", "order", "state", "alert"]);
    expect(batches[0]?.[1]).toMatchObject({
      type: "fill",
      fill: { tradeId: "t1", price: "2490.00", quantity: "0.010", epoch: 4, slot: "level1:entry" },
    });
    expect(batches[0]?.[3]).toMatchObject({ type: "state", state: { sequence: 1, json: '{"step":1}' } });
  });

  it("hands a fill to the kernel once, however often and from wherever it comes", async () => {
    driver.takeFills(LEG, [fill("t1", ONE)]);
    driver.takeFills(LEG, [fill("t1", ONE), fill("t2", ONE)]);
    driver.takeFills(LEG, [fill("t1", ONE)]);
    await settle();
    expect(kernel.events.map((event) => (event.type === "fill" ? event.fill.tradeId : event.type))).toEqual(["t1", "t2"]);
    expect(driver.fillCount).toBe(2);
  });

  it("leaves foreign fills alone, and takes those that turn out to be ours", async () => {
    driver.takeFills(LEG, [fill("t1", "1"), fill("t2", null, { exchangeOrderId: "abc" }), fill("t3", ownId(1).replace(/^./, "9"))]);
    await settle();
    expect(kernel.events).toEqual([]);
    driver.learn(LEG, ONE, "abc");
    await settle();
    expect(kernel.events).toMatchObject([{ type: "fill", fill: { tradeId: "t2", clientOrderId: ONE } }]);
  });

  it("knows its orders on each account by its number there", async () => {
    const theirs = encodeClientOrderId(BOT_NUMBER, 1);
    const ours = encodeClientOrderId(OTHER_NUMBER, 1);
    driver.takeFills(HEDGE, [fill("t1", theirs), fill("t2", ours)]);
    driver.takeFills(LEG, [fill("t2", ours), fill("t2", theirs)]);
    await settle();
    expect(kernel.events).toMatchObject([
      { leg: HEDGE, fill: { tradeId: "t2", clientOrderId: ours } },
      { leg: LEG, fill: { tradeId: "t2", clientOrderId: theirs } },
    ]);
  });

  it("stores funding with the state that took it in, under the account of its leg", async () => {
    onFirst("funding", [{ type: "recordFunding", leg: HEDGE, id: "2026-11-20T08:00:00", amount: "-0.25", at: 77 }]);
    driver.post({ type: "funding", leg: HEDGE, id: "2026-11-20T08:00:00", amount: "-0.25", at: 77 });
    await settle();
    expect(batches[0]).toMatchObject([
      {
        type: "funding",
        funding: {
          account: "other",
          symbol: ETH_PERP.ref.symbol,
          fundingId: "2026-11-20T08:00:00",
          currency: "USDC",
          amount: "-0.25",
          at: 77,
        },
      },
      { type: "state" },
    ]);
  });

  it("stores what ends a bot with the state that came to it, and tells of it only then", async () => {
    let store: () => void = () => undefined;
    results = (rows) =>
      new Promise((resolve) => {
        store = () => resolve(rows.map(() => "stored"));
      });
    onFirst("time", [{ type: "alert", alert: { type: "halted", reason: OVER } }]);
    driver.post({ type: "time", at: 1 });
    await settle();
    expect(batches[0]).toMatchObject([
      { type: "end", end: { botId: "eth_grid", epoch: 4, kind: "strategy", reason: OVER, flatten: false } },
      { type: "state" },
      { type: "alert" },
    ]);
    expect(told).toEqual([]);
    store();
    await settle();
    expect(told).toEqual(["strategy"]);
    results = async (rows) => rows.map(() => "stored");
    onFirst("time", [
      { type: "alert", alert: { type: "riskBreached", code: "maxDailyLoss", message: OVER } },
      { type: "alert", alert: { type: "halted", reason: OVER } },
    ]);
    driver.post({ type: "time", at: 2 });
    onFirst("mark", [{ type: "finished", reason: OVER, flatten: true }]);
    driver.post({ type: "mark", leg: LEG, mark: ticks(1), at: 3 });
    await settle();
    expect(told).toEqual(["strategy", "risk flatten", "finished flatten"]);
  });

  it("does not store the operator's own halt again", async () => {
    onFirst("halt", [{ type: "alert", alert: { type: "halted", reason: OVER } }]);
    driver.post({ type: "halt", reason: OVER, at: 1 });
    await settle();
    expect(batches.flat().map((row) => row.type)).toEqual(["alert"]);
    expect(told).toEqual([]);
  });

  it("answers adjustments in their order, an accepted one after its state is stored", async () => {
    const stores: (() => void)[] = [];
    results = (rows) =>
      new Promise((resolve) => {
        stores.push(() => resolve(rows.map(() => "stored")));
      });
    onFirst("adjust", [{ type: "adjusted" }]);
    driver.post({ type: "adjust", params: {}, at: 1 });
    await settle();
    onFirst("adjust", [{ type: "adjustRefused", reason: OVER }]);
    driver.post({ type: "adjust", params: {}, at: 2 });
    await settle();
    expect(told).toEqual([]);
    for (const store of stores) store();
    await settle();
    expect(batches.flat().map((row) => row.type)).toEqual(["state"]);
    expect(told).toEqual(["adjusted", "refused: too far"]);
  });

  it("changes an order in place once the state that knows of it is stored, and tells the outcome", async () => {
    const amended = { price: ticks(248_000), quantity: lots(12) };
    kernel.orders.set(ONE, order(ONE, { status: "open", exchangeOrderId: "x1" }));
    port.amend = async (ref, to, ready) => {
      story.push(`amend ${ref.exchangeOrderId} to ${to.side} ${to.quantity} at ${to.price}, stored: ${await ready}`);
      return { outcome: "amended", exchangeOrderId: "x2", ...amended };
    };
    onFirst("time", [{ type: "amend", leg: LEG, clientOrderId: ONE, exchangeOrderId: "x1", ...amended }]);
    driver.post({ type: "time", at: 1 });
    await settle();
    expect(story).toEqual(["rows state", "amend x1 to buy 12 at 248000, stored: true"]);
    expect(kernel.events.at(-1)).toMatchObject({ type: "amended", clientOrderId: ONE, exchangeOrderId: "x2", ...amended });
    driver.takeFills(LEG, [fill("t1", null, { exchangeOrderId: "x2" })]);
    await settle();
    expect(kernel.events.at(-1)).toMatchObject({ type: "fill", fill: { clientOrderId: ONE } });
    for (const outcome of [
      { outcome: "refused", code: "x", message: "no" } as const,
      { outcome: "unknown", message: "timeout" } as const,
    ]) {
      port.amend = async () => outcome;
      onFirst("time", [{ type: "amend", leg: LEG, clientOrderId: ONE, exchangeOrderId: "x1", ...amended }]);
      driver.post({ type: "time", at: 2 });
      await settle();
      expect(kernel.events.at(-1)).toMatchObject({ type: "amendRefused", isUnknown: outcome.outcome === "unknown" });
    }
  });

  it("fences itself on a stale row and sends nothing of that step", async () => {
    results = async (rows) => rows.map(() => "stale");
    onFirst("time", [placeEffect(ONE)]);
    driver.post({ type: "time", at: 1 });
    await settle();
    expect(fatal).toEqual(["stale"]);
    expect(port.calls).toEqual([`not stored ${ONE}`]);
    driver.post({ type: "time", at: 2 });
    await settle();
    expect(kernel.events).toHaveLength(1);
  });

  it("ends when a fact cannot be stored, but not when only an intent could not", async () => {
    results = async () => {
      throw new Error("the disk is full");
    };
    onFirst("time", [placeEffect(ONE)]);
    driver.post({ type: "time", at: 1 });
    await settle();
    expect(fatal).toEqual([]);
    expect(kernel.log).toEqual(["time", `denied ${ONE}`]);
    onFirst("time", [{ type: "orderChanged", order: order(ONE) }]);
    driver.post({ type: "time", at: 2 });
    await settle();
    expect(fatal).toEqual(["ledger"]);
  });

  it("refuses places behind the fence without storing anything, and openings while the database is in trouble", async () => {
    fence = "the lease is 9.0 s old";
    onFirst("time", [placeEffect(ONE)]);
    driver.post({ type: "time", at: 1 });
    await settle();
    expect(batches).toEqual([]);
    expect(kernel.events.at(-1)).toMatchObject({ type: "denied", code: "fenced", message: "the lease is 9.0 s old" });
    fence = null;
    driver.desk.ledgerTrouble = true;
    onFirst("time", [placeEffect(ONE, "open"), placeEffect(TWO, "close")]);
    driver.post({ type: "time", at: 2 });
    await settle();
    expect(kernel.log.slice(3)).toEqual([`denied ${ONE}`, `accepted ${TWO}`]);
    expect(port.calls).toEqual([`place ${TWO}`]);
  });

  it("sends in the order in which the kernel asked, after the rows of the step", async () => {
    port.placeOutcome = (placed) => {
      story.push(`place ${placed.clientOrderId}`);
      return { outcome: "accepted", exchangeOrderId: "x", filledQuantity: lots(0), closed: false };
    };
    port.cancelOutcome = (canceled) => {
      story.push(`cancel ${canceled.clientOrderId}`);
      return { outcome: "canceled", filledQuantity: lots(0) };
    };
    onFirst("time", [
      { type: "orderChanged", order: order(ONE, { status: "cancelSubmitted", exchangeOrderId: "x1" }) },
      { type: "cancel", leg: LEG, clientOrderId: ONE, exchangeOrderId: "x1" },
      placeEffect(TWO),
    ]);
    driver.post({ type: "time", at: 1 });
    await settle();
    expect(story).toEqual(["rows intent,order", `cancel ${ONE}`, `place ${TWO}`]);
    expect(kernel.log).toEqual(["time", `canceled ${ONE}`, `accepted ${TWO}`]);
  });

  it("turns every outcome of a place into its event", async () => {
    const outcomes = [
      { outcome: "rejected", code: "postOnly", message: "would take" },
      { outcome: "denied", code: "staleEpoch", message: "no permit" },
      { outcome: "accepted", exchangeOrderId: "x", filledQuantity: lots(4), closed: true },
    ] as const;
    let index = 0;
    port.placeOutcome = () => outcomes[index++] ?? outcomes[0];
    for (const counter of [1, 2, 3]) {
      onFirst("time", [placeEffect(ownId(counter))]);
      driver.post({ type: "time", at: counter });
      await settle();
    }
    expect(kernel.events.filter((event) => event.type !== "time")).toMatchObject([
      { type: "rejected", code: "postOnly", clientOrderId: ONE },
      { type: "denied", code: "staleEpoch", clientOrderId: TWO },
      { type: "accepted", filledQuantity: 4, clientOrderId: ownId(3) },
      { type: "canceled", filledQuantity: 4, expired: true, clientOrderId: ownId(3) },
    ]);
  });

  it("turns a cancel that was not found or not answered into a refusal, never into a cancel", async () => {
    for (const outcome of [{ outcome: "notFound" }, { outcome: "unknown", message: "timeout" }] as const) {
      port.cancelOutcome = () => outcome;
      onFirst("time", [{ type: "cancel", leg: LEG, clientOrderId: ONE, exchangeOrderId: "x1" }]);
      driver.post({ type: "time", at: 1 });
      await settle();
    }
    expect(kernel.events.filter((event) => event.type !== "time")).toMatchObject([
      { type: "cancelRefused", isUnknown: false },
      { type: "cancelRefused", isUnknown: true },
    ]);
  });

  it("asks for the filled quantity of a cancel that did not say it", async () => {
    kernel.orders.set(ONE, order(ONE, { status: "cancelSubmitted", exchangeOrderId: "x1" }));
    port.cancelOutcome = () => ({ outcome: "canceled", filledQuantity: null });
    port.lookupOutcome = () => ({ found: "closed", status: "canceled", exchangeOrderId: "x1", filledQuantity: lots(3) });
    port.fillPage = { fills: [fill("t1", ONE, { quantity: lots(3) })], complete: true };
    onFirst("time", [{ type: "cancel", leg: LEG, clientOrderId: ONE, exchangeOrderId: "x1" }]);
    driver.post({ type: "time", at: 1 });
    await settle();
    expect(kernel.log).toEqual(["time", "fill", `canceled ${ONE}`]);
    expect(kernel.events.at(-1)).toMatchObject({ type: "canceled", filledQuantity: 3 });
  });

  it("discards the kernel when it throws", async () => {
    kernel.answer = () => {
      throw new Error("a broken invariant");
    };
    driver.post({ type: "time", at: 1 });
    driver.post({ type: "time", at: 2 });
    await settle();
    expect(fatal).toEqual(["kernel"]);
    expect(kernel.events).toHaveLength(1);
  });

  it("keeps only the newest book of a leg, in the place of the first that waited", async () => {
    for (const bestBid of [100, 101, 102])
      driver.post({ type: "book", leg: LEG, bestBid: ticks(bestBid), bestAsk: ticks(200), at: bestBid });
    driver.post({ type: "time", at: 5 });
    driver.post({ type: "book", leg: LEG, bestBid: ticks(103), bestAsk: ticks(200), at: 103 });
    await settle();
    expect(kernel.events).toMatchObject([{ type: "book", bestBid: 103 }, { type: "time" }]);
    for (const mark of [1, 2]) {
      driver.post({ type: "mark", leg: LEG, mark: ticks(mark), at: mark });
      driver.post({ type: "mark", leg: HEDGE, mark: ticks(10 * mark), at: mark });
      driver.post({ type: "balances", leg: LEG, base: "0", quote: String(mark), at: mark });
    }
    await settle();
    expect(kernel.events.slice(2)).toMatchObject([{ mark: 2 }, { leg: HEDGE, mark: 20 }, { quote: "2" }]);
  });

  it("wakes the kernel when it asked to be woken", async () => {
    onFirst("time", [{ type: "wake", at: systemClock.now() + 1_500 }]);
    driver.post({ type: "time", at: 1 });
    await settle(1_400);
    expect(kernel.log).toEqual(["time"]);
    await settle(200);
    expect(kernel.log).toEqual(["time", "time"]);
  });

  it("stores the state within a second of what matters, and rarely for books alone", async () => {
    driver.post({ type: "book", leg: LEG, bestBid: ticks(100), bestAsk: ticks(200), at: 1 });
    await settle(5_000);
    driver.keepState();
    expect(batches).toEqual([]);
    await settle(5_000);
    driver.keepState();
    expect(batches).toHaveLength(1);
    driver.post({ type: "time", at: 2 });
    await settle(1_000);
    driver.keepState();
    driver.keepState();
    expect(batches.map((rows) => rows.map((row) => (row.type === "state" ? row.state.sequence : row.type)))).toEqual([[1], [2]]);
  });
});
