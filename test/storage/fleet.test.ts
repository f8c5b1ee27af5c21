// The fleet as commands see it: what is shown with and without fresh statuses, and changes from asking to outcome.

import { describe, expect, it } from "vitest";
import type { FleetChange } from "../../src/core/command.ts";
import type { BotStatus } from "../../src/core/status.ts";
import { plain, UserError } from "../../src/core/text.ts";
import { createBots } from "../../src/storage/bots.ts";
import { createChanges } from "../../src/storage/changes.ts";
import type { Database } from "../../src/storage/database.ts";
import { createFleet } from "../../src/storage/fleet.ts";
import { createLedgerStore } from "../../src/storage/ledger.ts";
import type { QueueTarget } from "../../src/storage/queue.ts";
import { until } from "../cli/until.ts";
import { systemClock } from "../exchanges/clock.ts";
import { botConfig, botStatus, createManualClock } from "../memory-fleet.ts";
import { onEachDatabase } from "./databases.ts";
import { actor, fillRow, orderRow } from "./rows.ts";
import { localSignals, quietSignals } from "./signals-fake.ts";

const CONFIG = botConfig("eth_grid");
const START: FleetChange = { type: "start", botId: "eth_grid" };

/** A fleet whose status board holds what the test puts there; `board: null` is a Redis that does not answer. */
function makeFleet(db: Database, parts: Partial<Parameters<typeof createFleet>[0]> = {}) {
  const board = new Map<string, BotStatus>();
  const queued: { target: QueueTarget; changeId: string }[] = [];
  const fleet = createFleet({
    db,
    statusBoard: { get: async (ids) => ids.map((id) => board.get(id) ?? null) },
    leases: { holder: async () => ({ epoch: 1, holder: "w1" }) },
    queues: { enqueue: async (target, { changeId }) => void queued.push({ target, changeId }) },
    signals: quietSignals(),
    clock: createManualClock(),
    preview: async () => null,
    ...parts,
  });
  return { fleet, board, queued };
}

onEachDatabase("the fleet shows", ({ open }) => {
  /** A bot that runs under epoch 1 and whose status on the board is new. */
  async function running() {
    const db = await open();
    const clock = createManualClock();
    const bots = createBots(db, clock.now);
    await bots.create(CONFIG);
    await bots.takeEpoch("eth_grid", 0, { workerId: "w1", host: "h1" });
    await bots.setProcess("eth_grid", 1, 4711);
    await bots.setDesired("eth_grid", "running");
    const { fleet, board } = makeFleet(db, { clock });
    const fresh = { state: "running", desired: "running", epoch: 1, updatedAt: clock.now(), host: "h1", pid: 4711 } as const;
    board.set("eth_grid", botStatus(CONFIG, { ...fresh, position: "0.3", openOrders: 4, lastTickAgeMs: 100 }));
    const shown = async () => (await fleet.bot("eth_grid"))?.status;
    return { db, clock, bots, fleet, board, shown };
  }

  it("a bot that never ran: stopped, zeros", async () => {
    const db = await open();
    await createBots(db).create(CONFIG);
    const { fleet } = makeFleet(db);
    const status = (await fleet.bots())[0]?.status;
    expect(status).toMatchObject({
      state: "stopped",
      desired: "stopped",
      position: "0",
      netPnl: "0",
      currency: "USDC",
      fills: 0,
      pid: null,
    });
    expect(await fleet.bot("nobody")).toBeUndefined();
  });

  it("a fresh status as it is, an old one as unreachable with its last numbers", async () => {
    const { clock, shown } = await running();
    clock.advance(10_000);
    expect(await shown()).toMatchObject({ state: "running", position: "0.3", openOrders: 4, pid: 4711, lastTickAgeMs: 100 });
    clock.advance(1);
    expect(await shown()).toMatchObject({ state: "unreachable", position: "0.3", openOrders: 0, pid: 4711, lastTickAgeMs: 10_101 });
  });

  it("a bot that somebody just took as starting, never the state of its former life", async () => {
    const { bots, clock, shown } = await running();
    await bots.takeEpoch("eth_grid", 1, { workerId: "w2", host: "h2" });
    expect(await shown()).toMatchObject({ state: "starting", epoch: 2, position: "0.3", host: "h2" });
    clock.advance(10_001);
    expect(await shown()).toMatchObject({ state: "unreachable" });
  });

  it("what bots earned on the last days of the operator's calendar, today included", async () => {
    const { db, clock } = await running();
    const { fleet } = makeFleet(db, { clock, timezone: "Asia/Taipei" });
    // It is 20:00 there; yesterday began 44 hours ago.
    const hoursAgo = (hours: number, tradeId: string) =>
      fillRow({ tradeId, at: clock.now() - hours * 3_600_000, realizedPnl: "1", fee: "0" });
    const fills = [hoursAgo(1, "a"), hoursAgo(21, "b"), hoursAgo(45, "c")];
    await createLedgerStore(db).commit(fills.map((fill) => ({ type: "fill", fill })));
    const { timezone, days } = await fleet.pnl("eth_grid", 2);
    expect([timezone, ...days.map(({ day, botId, netPnl }) => `${day} ${botId} ${netPnl}`)]).toEqual([
      "Asia/Taipei",
      "2025-05-03 eth_grid 1",
      "2025-05-04 eth_grid 1",
    ]);
    expect((await fleet.pnl(null, 3)).totals).toMatchObject([
      { botId: null, currency: "USDC", mode: "sim", netPnl: "3", trades: 3, days: 3 },
    ]);
    expect((await fleet.pnl("nobody", 3)).totals).toEqual([]);
  });

  it("what the database knows while Redis is away", async () => {
    const { db, clock, bots, shown } = await running();
    const ledger = createLedgerStore(db);
    const unknown = orderRow({ clientOrderId: "16777230", status: "open", isUnknown: true });
    await ledger.commit([
      { type: "order", order: orderRow({ status: "open" }) },
      { type: "order", order: unknown },
      { type: "fill", fill: fillRow({ quantity: "0.01" }) },
    ]);
    const saved = await shown();
    await bots.saveStatus({ ...(saved as BotStatus), position: "0.25", lastPrice: "1801" });
    clock.advance(11_000);
    const { fleet } = makeFleet(db, { clock, statusBoard: { get: () => Promise.reject(new Error("Redis is away")) } });
    const expected = { state: "unreachable", position: "0.25", lastPrice: "1801", openOrders: 1, unknownOrders: 1, fills: 1 };
    expect((await fleet.bot("eth_grid"))?.status).toMatchObject(expected);
    expect(await fleet.openOrders("eth_grid")).toHaveLength(2);
    expect(await fleet.fills("eth_grid", 5)).toHaveLength(1);
  });

  it("a stopped bot with its last numbers, and a halted one as halted", async () => {
    const { clock, bots, shown } = await running();
    await bots.setDesired("eth_grid", "stopped");
    clock.advance(11_000);
    expect(await shown()).toMatchObject({ state: "unreachable" });
    await bots.endRun("eth_grid", 1, "stopped");
    expect(await shown()).toMatchObject({ state: "stopped", position: "0.3", pid: null });
    await bots.halt("eth_grid", "crash", plain("too many crashes"));
    expect(await shown()).toMatchObject({ state: "failed", haltReason: { en: "too many crashes" } });
    await bots.halt("eth_grid", "panic", { en: "panic by Ann", "zh-TW": "Ann 下令緊急停止" });
    expect(await shown()).toMatchObject({ state: "halted", haltReason: { en: "panic by Ann" } });
  });
});

onEachDatabase("the fleet changes", ({ open }) => {
  async function withBots(...ids: string[]) {
    const db = await open();
    for (const id of ids) await createBots(db).create(botConfig(id));
    return { db, changes: createChanges(db) };
  }
  const done = (botId: string) => ({ botId, outcome: "done", message: plain("it runs"), status: null }) as const;

  it("one bot: stored, queued, and answered with its outcome at the signal", async () => {
    const { db, changes } = await withBots("eth_grid");
    const signals = localSignals();
    const { fleet, queued } = makeFleet(db, { clock: systemClock, signals, pollMs: 60_000 });
    const heard: string[] = [];
    signals.on("changeQueued", (id) => heard.push(id));
    const outcome = fleet.change(START, actor("k1"));
    await until(() => queued.length === 1 && heard.length === 1);
    expect(queued).toEqual([{ target: "fleet", changeId: "c1" }]);
    expect((await createBots(db).get("eth_grid"))?.desired).toBe("running");
    await changes.finish("c1", done("eth_grid"));
    await signals.publish("changeFinished", "c1");
    expect(await outcome).toEqual([done("eth_grid")]);
    expect(await fleet.change(START, actor("k1"))).toEqual([done("eth_grid")]);
    expect(queued).toHaveLength(1);
  });

  it("goes to the worker that holds the bot while its lease lives, else to any", async () => {
    const { db } = await withBots("eth_grid");
    await createBots(db).takeEpoch("eth_grid", 0, { workerId: "w1/4711-abc", host: "h1" });
    const ask = async (change: FleetChange, key: string, isAlive: boolean): Promise<QueueTarget | undefined> => {
      const leases = { holder: async () => (isAlive ? { epoch: 1, holder: "w1" } : null) };
      const { fleet, queued } = makeFleet(db, { clock: systemClock, leases, waitMs: 0 });
      await fleet.change(change, actor(key));
      await until(() => queued.length === 1);
      return queued[0]?.target;
    };
    const stop: FleetChange = { type: "stop", botId: "eth_grid", flatten: false };
    expect(await ask(stop, "1", true)).toEqual({ workerId: "w1" });
    expect(await ask(stop, "2", false)).toBe("fleet");
    expect(await ask(START, "3", true)).toBe("fleet");
  });

  it("every bot in a panic, telling outcomes as they come, without Redis", async () => {
    const { db, changes } = await withBots("one", "two");
    const away = () => Promise.reject(new Error("Redis is away"));
    const offline = { leases: { holder: away }, queues: { enqueue: away }, signals: quietSignals() };
    const { fleet } = makeFleet(db, { clock: systemClock, pollMs: 10, ...offline });
    const progress: number[] = [];
    const outcomes = fleet.change({ type: "panic", botId: null, flatten: false }, actor("p"), (known) => progress.push(known.length));
    await until(async () => (await changes.pending(0)).length === 2);
    expect(await fleet.panicked()).toMatchObject({ by: "Ann" });
    await changes.finish("c1", done("one"));
    await until(() => progress.includes(1));
    await changes.finish("c2", done("two"));
    expect(await outcomes).toEqual([done("one"), done("two")]);
    await fleet.change({ type: "panicClear", botId: null }, actor("c"));
    expect(await fleet.panicked()).toBeNull();
  });

  it("what nobody confirms is unconfirmed, and what is not there is named", async () => {
    const { db, changes } = await withBots("eth_grid");
    const { fleet } = makeFleet(db, { clock: systemClock, waitMs: 30, pollMs: 5 });
    expect(await fleet.change(START, actor("k1"))).toMatchObject([{ botId: "eth_grid", outcome: "unconfirmed" }]);
    expect(await changes.pending(0)).toHaveLength(1);
    await expect(fleet.change({ type: "start", botId: "sol" }, actor("k2"))).rejects.toThrow("no bot named sol; the bots are eth_grid");
  });
});

describe("a preview", () => {
  onEachDatabase("is asked for the bot's own record", ({ open }) => {
    it("and is null for a bot that is not there", async () => {
      const db = await open();
      await createBots(db).create(CONFIG);
      const asked: string[] = [];
      const { fleet } = makeFleet(db, {
        preview: async ({ id }) => {
          asked.push(id);
          return null;
        },
      });
      expect([await fleet.preview("eth_grid"), await fleet.preview("nobody")]).toEqual([null, null]);
      expect(asked).toEqual(["eth_grid"]);
    });
  });
});

onEachDatabase("a start that is not admitted", ({ open }) => {
  it("is refused in one sentence before anything is stored or queued, and never asked of a bot that runs", async () => {
    const db = await open();
    const bots = createBots(db);
    await bots.create(CONFIG);
    const admit = async () => {
      throw new UserError(plain("the account does not fit"));
    };
    const { fleet, queued } = makeFleet(db, { admit });
    await expect(fleet.change(START, actor("s"))).rejects.toThrow("the account does not fit");
    expect([(await bots.get("eth_grid"))?.desired, await db.prisma.change.count(), queued]).toEqual(["stopped", 0, []]);
    await bots.setDesired("eth_grid", "running");
    await expect(makeFleet(db, { admit, waitMs: 0 }).fleet.change(START, actor("s"))).resolves.toHaveLength(1);
  });
});
