// One instance with a real kernel and a scripted exchange: the way in, its directives, and every way out.

import { pino } from "pino";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { z } from "zod";
import { botConfigSchema } from "../../src/core/bot-config.ts";
import { encodeClientOrderId } from "../../src/core/client-order-id.ts";
import type { LedgerRow, OrderRow } from "../../src/core/ports.ts";
import { defineStrategy, type Intent, type Strategy } from "../../src/core/strategy.ts";
import { plain } from "../../src/core/text.ts";
import { lots, ticks } from "../../src/core/units.ts";
import { type Instance, startInstance } from "../../src/workers/instance.ts";
import { orderRow } from "../../src/workers/ledger-rows.ts";
import type { Begin, Directive, ExitReason, FromInstance } from "../../src/workers/protocol.ts";
import { systemClock } from "../../src/workers/system-clock.ts";
import { ETH_PERP } from "../core/instruments.ts";
import { BOT_NUMBER, fill, LEG, order, ownId } from "./scripted-kernel.ts";
import { openOrder, ScriptedPort } from "./scripted-port.ts";

const CONFIG = botConfigSchema.parse({
  id: "eth_grid",
  strategy: "scripted",
  params: {},
  ...{ exchange: "backpack", account: "sim", symbol: "ETH/USDC:USDC", mode: "sim" },
  risk: { maxPosition: "1" },
});
const OTHER_NUMBER = 9;
const PARAMS = z.object({ size: z.string().optional() });
const RUN: Directive = { sequence: 1, desired: "running", halt: null, flatten: false };
const STOP: Directive = { sequence: 2, desired: "stopped", halt: null, flatten: false };

/** The wish for one bid per slot. */
function bids(...slots: string[]): readonly Intent[] {
  const orders = slots.map(
    (slot) => ({ slot, side: "buy", price: ticks(249_000), quantity: lots(10), postOnly: true, reason: "test" }) as const,
  );
  return [{ type: "quote", leg: LEG, orders }];
}

describe("an instance", () => {
  let port: ScriptedPort;
  /** Where a hedge leg trades, when a test names one. */
  let abroad: ScriptedPort;
  let legs: Strategy["legs"];
  let adapt: Strategy["adapt"];
  let wishes: readonly Intent[];
  /** The answer to fills, when a test gives another. */
  let onFill: readonly Intent[] | null;
  let sent: FromInstance[];
  let rows: LedgerRow[];
  let renews: () => Promise<boolean>;
  let released: number;
  let ended: ExitReason | null;
  let connectFault: Error | null;
  let instance: Instance;

  beforeEach(() => {
    vi.useFakeTimers();
    port = new ScriptedPort();
    abroad = new ScriptedPort("other");
    legs = (_params, home) => ({ [LEG]: home });
    adapt = (state) => state;
    wishes = bids("bid");
    onFill = null;
    sent = [];
    rows = [];
    renews = async () => true;
    released = 0;
    ended = null;
    connectFault = null;
    for (const exchange of [port, abroad]) rests(exchange);
  });
  afterEach(() => {
    instance.shutdown("keep");
    vi.useRealTimers();
  });

  /** What is placed rests, and what is canceled rests no longer. */
  function rests(exchange: ScriptedPort): void {
    exchange.placeOutcome = (placed) => {
      exchange.openOrders.push(openOrder(placed.clientOrderId, { price: placed.price, quantity: placed.quantity }));
      return { outcome: "accepted", exchangeOrderId: `x${placed.clientOrderId}`, filledQuantity: lots(0), closed: false };
    };
    exchange.cancelOutcome = (canceled) => {
      exchange.openOrders = exchange.openOrders.filter((open) => open.clientOrderId !== canceled.clientOrderId);
      return { outcome: "canceled", filledQuantity: lots(0) };
    };
  }

  function strategy(): Strategy {
    return defineStrategy<unknown, Record<string, never>>({
      ...{ name: "scripted", version: 1, summary: plain("scripted"), params: PARAMS, example: {} },
      legs: (params, home) => legs(params, home),
      preview: () => {
        throw new Error("not asked for here");
      },
      init: () => ({}),
      decide: (_state, event) => (event.type === "fill" ? (onFill ?? wishes) : wishes),
      adapt: (state, from, view) => adapt(state, from, view) as Record<string, never>,
    }) as Strategy;
  }

  function begin(directive: Directive, more: Partial<Begin> = {}): void {
    const stored = { state: null, openOrders: [], lastCounter: null, lastFillAt: null, claims: [] };
    const message: Begin = {
      ...{ type: "begin", config: CONFIG, number: BOT_NUMBER, epoch: 4, holder: "worker", host: "here", stored },
      ...{ firstStartedAt: null, directive, redisUrl: "", limits: {}, logLevel: "silent" },
      ...{ configVersion: 1, numbers: { "backpack:other": OTHER_NUMBER }, strategyFolders: [], timezone: "Asia/Taipei" },
      accounts: [access("sim")],
      ...more,
    };
    instance = startInstance(message, {
      send: (said) => sent.push(said),
      connect: async ({ account }) => {
        if (connectFault !== null) throw connectFault;
        return account === "sim" ? port : abroad;
      },
      leases: {
        acquire: async () => true,
        renew: () => renews(),
        release: async () => {
          released += 1;
        },
        holder: async () => null,
      },
      ledger: {
        commit: async (batch) => {
          rows.push(...batch);
          return batch.map(() => "stored");
        },
      },
      strategies: new Map([["scripted", strategy()]]),
      clock: systemClock,
      log: pino({ level: "silent" }),
      pid: 42,
    });
    void instance.ended.then((reason) => {
      ended = reason;
    });
  }

  function said<T extends FromInstance["type"]>(type: T): Extract<FromInstance, { type: T }>[] {
    return sent.filter((message): message is Extract<FromInstance, { type: T }> => message.type === type);
  }

  function resting(): string[] {
    return port.openOrders.map((open) => open.clientOrderId ?? "foreign");
  }

  function stored(counter: number, more: Partial<OrderRow> = {}): OrderRow {
    const live = order(ownId(counter), { slot: "bid", status: "open", exchangeOrderId: `x${ownId(counter)}` });
    return { ...orderRow({ botId: "eth_grid", epoch: 3 }, ETH_PERP, live), ...more };
  }

  function access(account: string): Begin["accounts"][number] {
    return { exchange: "backpack", account, mode: "sim", credentials: {} };
  }

  function book(): void {
    port.emit({ type: "book", symbol: ETH_PERP.ref.symbol, bestBid: ticks(250_000), bestAsk: ticks(250_010), at: 1, receivedAt: 1 });
  }

  const wait = (ms: number) => vi.advanceTimersByTimeAsync(ms);

  it("recovers, quotes, and says how it is every second", async () => {
    port.balances = [{ currency: "USDC", total: "1000", free: "900" }];
    begin(RUN);
    book();
    await wait(3_000);
    expect(said("recovered")).toEqual([{ type: "recovered", openOrders: 0 }]);
    expect(resting()).toEqual([ownId(1)]);
    expect(said("status").at(-1)?.status).toMatchObject({
      id: "eth_grid",
      state: "running",
      epoch: 4,
      pid: 42,
      openOrders: 1,
      host: "here",
    });
    expect(said("status").at(-1)?.status.accounts).toMatchObject([
      { account: "sim", currency: "USDC", balance: "1000", parts: [{ value: "0" }] },
    ]);
    expect(said("followed").at(-1)).toEqual({ type: "followed", sequence: 1 });
    expect(rows[0]).toMatchObject({ type: "intent", order: { clientOrderId: ownId(1), epoch: 4 } });
  });

  it("adopts what rests from the life before, and asks about what does not", async () => {
    port.openOrders = [openOrder(ownId(7))];
    port.lookupOutcome = ({ exchangeOrderId }) => ({
      ...{ found: "closed", status: "canceled", filledQuantity: lots(0) },
      exchangeOrderId: exchangeOrderId ?? "",
    });
    begin(RUN, {
      stored: { state: null, openOrders: [stored(7), stored(8, { slot: "gone" })], lastCounter: 8, lastFillAt: null, claims: [] },
    });
    book();
    await wait(3_000);
    expect(said("recovered")).toEqual([{ type: "recovered", openOrders: 1 }]);
    expect(port.calls.filter((call) => call.startsWith("lookup"))).toEqual([`lookup ${ownId(8)}`]);
    expect(resting()).toEqual([ownId(7)]);
  });

  it("proves that nothing is left after a stop, and then leaves when it is told to", async () => {
    begin(RUN);
    book();
    await wait(2_000);
    instance.directive(STOP);
    await wait(1_500);
    expect(resting()).toEqual([]);
    expect(said("settled")).toMatchObject([{ settled: { sequence: 2, position: "0.000", isFlat: true } }]);
    instance.shutdown("keep");
    await wait(1_000);
    expect(ended).toBe("asked");
    expect(released).toBe(1);
    expect(port.isClosed).toBe(true);
  });

  it("rescues: started halted, it only takes orders off", async () => {
    port.openOrders = [openOrder(ownId(7)), openOrder("77")];
    const halt = { en: "panic", "zh-TW": "緊急" };
    begin({ ...STOP, halt }, { stored: { state: null, openOrders: [stored(7)], lastCounter: 7, lastFillAt: null, claims: [] } });
    await wait(3_000);
    expect(resting()).toEqual(["77"]);
    expect(port.calls.filter((call) => /^(place|panic)/.test(call))).toEqual([`panic ${ownId(7)}`]);
    expect(said("settled")).toMatchObject([{ settled: { sequence: 2 } }]);
  });

  it("sweeps without its kernel when the stored state cannot be loaded, and says that it does not know the position", async () => {
    port.openOrders = [openOrder(ownId(7))];
    port.lookupOutcome = () => ({ found: "closed", status: "canceled", exchangeOrderId: "x7", filledQuantity: lots(0) });
    const state = { botId: "eth_grid", epoch: 3, sequence: 1, strategy: "scripted", strategyVersion: 1, json: "not json", at: 1 };
    begin(STOP, { stored: { state, openOrders: [stored(7)], lastCounter: 7, lastFillAt: 1, claims: [] } });
    await wait(10_000);
    expect(resting()).toEqual([]);
    expect(said("settled")).toMatchObject([{ settled: { sequence: 2, position: null, isFlat: false } }]);
    expect(rows).toMatchObject([{ type: "order", order: { clientOrderId: ownId(7), status: "canceled" } }]);
  });

  it("ends as a fault when the same state is to trade", async () => {
    const state = { botId: "eth_grid", epoch: 3, sequence: 1, strategy: "scripted", strategyVersion: 1, json: "not json", at: 1 };
    begin(RUN, { stored: { state, openOrders: [], lastCounter: null, lastFillAt: null, claims: [] } });
    await wait(1_000);
    expect(ended).toBe("fault");
    expect(said("fault")).toHaveLength(1);
  });

  it("refuses a configuration that cannot run", async () => {
    begin(RUN, { config: { ...CONFIG, strategy: "unheard_of" } });
    await wait(1_000);
    expect(ended).toBe("refused");
    expect(said("refused")[0]?.reason.en).toBe('eth_grid: there is no strategy "unheard_of"; there are scripted');
  });

  it("waits for an exchange that does not answer, and rests at once when it never reached it", async () => {
    connectFault = new Error("503");
    begin(RUN);
    await wait(20_000);
    expect(ended).toBeNull();
    expect(said("status").at(-1)?.status).toMatchObject({ state: "starting", lastError: "connecting backpack:sim failed: 503" });
    instance.directive(STOP);
    await wait(1_000);
    expect(said("settled")).toMatchObject([{ settled: { sequence: 2, isFlat: true } }]);
  });

  it("fences itself when the lease names another epoch, and leaves the orders to the successor", async () => {
    begin(RUN);
    book();
    await wait(2_000);
    renews = async () => false;
    await wait(1_500);
    expect(ended).toBe("fenced");
    expect(resting()).toEqual([ownId(1)]);
    expect(released).toBe(0);
  });

  it("takes opening orders off when its worker leaves", async () => {
    begin(RUN);
    book();
    await wait(2_000);
    instance.shutdown("cancel");
    await wait(1_000);
    expect(resting()).toEqual([]);
    expect(ended).toBe("asked");
    expect(rows.at(-1)).toMatchObject({ type: "state" });
  });

  it("keeps them for a restart", async () => {
    begin(RUN);
    book();
    await wait(2_000);
    instance.shutdown("keep");
    await wait(1_000);
    expect(resting()).toEqual([ownId(1)]);
    expect(ended).toBe("asked");
  });

  it("places nothing once its worker is gone, waits for a successor, then applies onShutdown and ends within ten seconds", async () => {
    begin(RUN);
    book();
    await wait(2_000);
    instance.orphaned();
    wishes = bids("bid", "another");
    book();
    await wait(5_900);
    expect(ended).toBeNull();
    expect(port.calls.filter((call) => call.startsWith("place"))).toHaveLength(1);
    await wait(4_000);
    expect(ended).toBe("orphaned");
    expect(resting()).toEqual([]);
  });

  it("pulls its quotes when Redis has been away for the life of a lease, and quotes again when it is back", async () => {
    begin(RUN);
    book();
    await wait(2_000);
    renews = async () => {
      throw new Error("Redis is away");
    };
    await wait(4_000);
    expect(resting()).toEqual([ownId(1)]);
    await wait(3_000);
    expect(resting()).toEqual([]);
    expect(said("status").at(-1)?.status.note?.en).toBe("Redis does not answer; opening orders are pulled");
    renews = async () => true;
    await wait(5_000);
    expect(resting()).toEqual([ownId(2)]);
  });

  it("stores a halt that the strategy called, and says so", async () => {
    wishes = [{ type: "halt", reason: { en: "too far", "zh-TW": "太遠" } }];
    begin(RUN);
    await wait(1_000);
    expect(said("ended")).toMatchObject([{ end: { kind: "strategy", reason: { en: "too far" }, epoch: 4, flatten: false } }]);
    const end = rows.findIndex((row) => row.type === "end");
    expect(rows[end + 1]).toMatchObject({ type: "state" });
    expect(JSON.parse((rows[end + 1] as { state: { json: string } }).state.json)).toMatchObject({ halted: { en: "too far" } });
  });

  it("lifts a halt that only its state holds, and keeps one that comes up while it recovers", async () => {
    const reason = (en: string): Intent => ({ type: "halt", reason: { en, "zh-TW": en } });
    wishes = [reason("too far")];
    begin(RUN);
    await wait(1_000);
    const halted = rows.findLast((row) => row.type === "state");
    if (halted?.type !== "state") throw new Error("no state was stored");
    const stored = { state: halted.state, openOrders: [], lastCounter: null, lastFillAt: null, claims: [] };
    instance.shutdown("keep");
    await wait(1_000);
    // The person who resumed it knows nothing of the fill that is read now, on which the strategy halts again.
    wishes = bids("bid");
    onFill = [reason("worse")];
    port.fillPage = { fills: [fill("t1", ownId(9))], complete: true };
    [sent, rows] = [[], []];
    begin(RUN, { epoch: 5, stored });
    book();
    await wait(4_000);
    expect(said("status").at(-1)?.status).toMatchObject({ state: "halted", haltReason: { en: "worse" } });
    expect(rows.filter((row) => row.type === "end")).toMatchObject([{ end: { epoch: 5, reason: { en: "worse" } } }]);
    expect(resting()).toEqual([]);
    instance.shutdown("keep");
    await wait(1_000);
    port.fillPage = { fills: [], complete: true };
    begin({ ...RUN, halt: { en: "worse", "zh-TW": "worse" } }, { epoch: 6, stored });
    book();
    await wait(3_000);
    expect(resting()).toEqual([]);
    instance.directive({ ...RUN, sequence: 2 });
    await wait(1_000);
    expect(resting()).toHaveLength(1);
  });

  it("follows a resume that comes while it recovers", async () => {
    const halt = { en: "panic", "zh-TW": "緊急" };
    port.snapshotFault = new Error("503");
    connectFault = new Error("503");
    begin({ ...RUN, halt });
    await wait(2_000);
    connectFault = null;
    instance.directive({ ...RUN, sequence: 2 });
    port.snapshotFault = null;
    await wait(5_000);
    book();
    await wait(3_000);
    expect(resting()).toHaveLength(1);
    expect(said("status").at(-1)?.status).toMatchObject({ state: "running", haltReason: null });
  });

  it("stores that the strategy has finished, takes its orders off, and does not begin again when Redis was away", async () => {
    begin(RUN);
    book();
    await wait(2_000);
    wishes = [{ type: "finish", reason: { en: "target reached", "zh-TW": "達成目標" }, flatten: false }];
    book();
    await wait(500);
    expect(said("ended")).toMatchObject([{ end: { kind: "finished", flatten: false } }]);
    expect(resting()).toEqual([]);
    wishes = bids("bid");
    renews = async () => {
      throw new Error("Redis is away");
    };
    await wait(7_000);
    renews = async () => true;
    book();
    await wait(3_000);
    expect(resting()).toEqual([]);
    instance.directive(STOP);
    await wait(1_500);
    expect(said("settled").at(-1)).toMatchObject({ settled: { sequence: 2, isFlat: true } });
  });

  it("takes other parameters over while it runs, or refuses them and trades on as it was", async () => {
    begin(RUN);
    book();
    await wait(2_000);
    wishes = bids("bid", "another");
    instance.adjust(2, { size: "2" });
    await wait(500);
    expect(said("adjusted")).toEqual([{ type: "adjusted", version: 2, refusal: null }]);
    expect(resting()).toEqual([ownId(1), ownId(2)]);
    expect(JSON.parse((rows.findLast((row) => row.type === "state") as { state: { json: string } }).state.json)).toMatchObject({
      params: { size: "2" },
    });
    adapt = () => ({ refused: plain("open lots are outside") });
    instance.adjust(3, { size: "3" });
    instance.adjust(4, { size: 5 });
    legs = (_params, home) => ({ [LEG]: { ...home, symbol: "SOL/USDC:USDC" } });
    instance.adjust(5, { size: "6" });
    await wait(500);
    const refusals = new Map(said("adjusted").map(({ version, refusal }) => [version, refusal?.en]));
    expect(refusals.get(3)).toBe("open lots are outside");
    expect(refusals.get(4)).toContain("eth_grid: the parameters of scripted are not valid: size");
    expect(refusals.get(5)).toBe("eth_grid: these parameters trade other instruments; stop the bot flat, then start it under them");
    expect(resting()).toEqual([ownId(1), ownId(2)]);
  });

  it("trades each leg on its own account, under its number there, and closes both", async () => {
    legs = (_params, home) => ({ [LEG]: home, hedge: { ...home, account: "other" } });
    const wish = (leg: string): Intent => ({ ...(bids("bid")[0] as Extract<Intent, { type: "quote" }>), leg });
    wishes = [wish(LEG), wish("hedge")];
    abroad.openOrders = [openOrder(encodeClientOrderId(OTHER_NUMBER, 3)), openOrder(ownId(9))];
    begin(RUN, { accounts: [access("sim"), access("other")] });
    for (const exchange of [port, abroad])
      exchange.emit({ type: "book", symbol: ETH_PERP.ref.symbol, bestBid: ticks(250_000), bestAsk: ticks(250_010), at: 1, receivedAt: 1 });
    await wait(4_000);
    expect(resting()).toEqual([ownId(4)]);
    // What it does not remember under its own number goes; what carries its number of the other account is another bot's.
    expect(abroad.openOrders.map((open) => open.clientOrderId).sort()).toEqual([encodeClientOrderId(OTHER_NUMBER, 5), ownId(9)].sort());
    expect(rows.filter((row) => row.type === "intent").map((row) => row.order.account)).toEqual(["sim", "other"]);
    instance.directive(STOP);
    await wait(2_000);
    expect([resting(), abroad.openOrders.map((open) => open.clientOrderId)]).toEqual([[], [ownId(9)]]);
    expect(said("settled").at(-1)).toMatchObject({ settled: { sequence: 2, isFlat: true } });
    instance.shutdown("keep");
    await wait(1_000);
    expect([port.isClosed, abroad.isClosed]).toEqual([true, true]);
  });

  it("is told the risk day in the operator's zone, at the start and when it changes", async () => {
    vi.setSystemTime(Date.UTC(2026, 10, 20, 15, 59, 50));
    begin(RUN);
    book();
    await wait(15_000);
    const days = rows.flatMap((row) =>
      row.type === "state" ? [(JSON.parse(row.state.json) as { losses: { day: string } }).losses.day] : [],
    );
    expect([...new Set(days)]).toEqual(["2026-11-20", "2026-11-21"]);
  });

  it("books funding with its state, from where the bot's claim begins", async () => {
    port.capabilities = { ...port.capabilities, fundingHistory: true };
    port.funding = { entries: [{ id: "h8", amount: "-0.125", at: 50 }], complete: true };
    const claims = [{ exchange: "backpack", account: "sim", symbol: ETH_PERP.ref.symbol, since: 40, lastFundingAt: null }];
    begin(RUN, { stored: { state: null, openOrders: [], lastCounter: null, lastFillAt: null, claims } });
    await wait(2_000);
    expect(port.fundingAskedFrom).toEqual([40]);
    expect(rows.filter((row) => row.type === "funding")).toMatchObject([
      { funding: { fundingId: "h8", amount: "-0.125", currency: "USDC" } },
    ]);
    expect(said("status").at(-1)?.status.funding).toBe("-0.125");
    await wait(300_000);
    expect(port.fundingAskedFrom).toHaveLength(2);
    expect(rows.filter((row) => row.type === "funding")).toHaveLength(1);
  });

  it("ends to begin anew, its orders kept, when the exchange has changed a step", async () => {
    begin(RUN);
    book();
    await wait(2_000);
    port.described = { ...ETH_PERP, minQuantity: lots(5), revision: "0.01|0.001|5|0" };
    await wait(600_000);
    expect(ended).toBeNull();
    port.described = { ...ETH_PERP, tickSize: "0.1", revision: "0.1|0.001|5|0" };
    await wait(601_000);
    expect(ended).toBe("asked");
    expect(resting()).toHaveLength(1);
  });
});
