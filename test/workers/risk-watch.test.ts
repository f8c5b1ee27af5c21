// The risk watch on real storage: a breach halts exactly the bots concerned, says so once, and a resume is answered while it holds.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pino } from "pino";
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import type { Alert } from "../../src/core/alert.ts";
import { type FleetRiskLimits, NO_FLEET_RISK } from "../../src/core/fleet-risk-limits.ts";
import type { LeaseStore } from "../../src/core/ports.ts";
import type { AccountReading, BotStatus } from "../../src/core/status.ts";
import type { Text } from "../../src/core/text.ts";
import { createAlertOutbox } from "../../src/storage/alerts.ts";
import { type Bots, createBots } from "../../src/storage/bots.ts";
import { createChanges } from "../../src/storage/changes.ts";
import { type Database, openDatabase } from "../../src/storage/database.ts";
import { createEquityStore } from "../../src/storage/equity.ts";
import { createLeaseStore } from "../../src/storage/lease.ts";
import { connectRedis } from "../../src/storage/redis.ts";
import { createSignals } from "../../src/storage/signals.ts";
import { createStatusBoard } from "../../src/storage/status-board.ts";
import { riskDayOf } from "../../src/workers/risk-day.ts";
import { createRiskWatch, type RiskWatch, type RiskWatchOptions, startRiskWatch } from "../../src/workers/risk-watch.ts";
import { hasRedis, type PrivateRedis, startPrivateRedis } from "../exchanges/private-redis.ts";
import { botConfig, botStatus } from "../memory-fleet.ts";
import { onEachDatabase } from "../storage/databases.ts";
import { actor } from "../storage/rows.ts";
import { localSignals } from "../storage/signals-fake.ts";
import { ManualClock } from "./manual-clock.ts";

const MINUTE = 60_000;
const LIMITS: FleetRiskLimits = { accounts: { "backpack/sim": { maxDailyLoss: "500" } } };
const NO_LEASES: Pick<LeaseStore, "acquire" | "release"> = { acquire: async () => true, release: async () => undefined };
const SILENT = pino({ level: "silent" });

onEachDatabase("risk watch", ({ open }) => {
  let clock: ManualClock;
  let db: Database;
  let bots: Bots;
  let shown: Map<string, BotStatus>;
  let isBoardAway: boolean;
  let wakes: number;
  let changes: number;

  beforeEach(async () => {
    clock = new ManualClock();
    db = await open();
    bots = createBots(db, () => clock.now());
    shown = new Map();
    isBoardAway = false;
    wakes = 0;
    changes = 0;
    for (const [id, account] of [
      ["eth_grid", "sim"],
      ["btc_grid", "sim"],
      ["other_grid", "second"],
    ] as const) {
      const symbol = id === "btc_grid" ? "BTC/USDC:USDC" : "ETH/USDC:USDC";
      await bots.create(botConfig(id, { account, symbol }));
      await bots.setDesired(id, "running");
    }
  });

  function watch(limits: FleetRiskLimits, some: Partial<RiskWatchOptions> = {}): RiskWatch {
    const board = {
      get: async (ids: readonly string[]) => {
        if (isBoardAway) throw new Error("Redis is away");
        return ids.map((id) => shown.get(id) ?? null);
      },
    };
    return createRiskWatch({
      ...{ limits, timezone: "UTC", bots, board, equity: createEquityStore(db), leases: NO_LEASES, holder: "w1", clock, log: SILENT },
      raise: createAlertOutbox(db, localSignals()).raise,
      wake: async () => {
        wakes += 1;
      },
      ...some,
    });
  }

  async function show(id: string, status: Partial<BotStatus>): Promise<void> {
    const record = await bots.get(id);
    if (record === null) throw new Error(`no bot ${id}`);
    const base = { state: "running", desired: record.desired, epoch: record.epoch, updatedAt: clock.now() } as const;
    shown.set(id, botStatus(record.config, { ...base, ...status }));
  }

  async function halts(): Promise<Record<string, string | null>> {
    const all = await bots.list();
    return Object.fromEntries(
      all.map(({ id, halt }) => [id, halt === null ? null : `${halt.kind}: ${(JSON.parse(halt.reason) as Text).en}`]),
    );
  }

  async function alerts(): Promise<Alert[]> {
    return (await createAlertOutbox(db, localSignals()).after(0, 100)).map(({ alert }) => alert);
  }

  async function resume(id: string): Promise<void> {
    changes += 1;
    await createChanges(db).commit({ type: "resume", botId: id }, actor(`key${changes}`), [id], clock.now());
  }

  it("a breach halts exactly the bots of that account, sticky, with one alert that names code and numbers", async () => {
    const watching = watch(LIMITS);
    for (const id of ["eth_grid", "btc_grid", "other_grid"]) await show(id, {});
    await watching.look();
    await show("eth_grid", { netPnl: "-320.5" });
    await show("btc_grid", { netPnl: "-179.5" });
    await show("other_grid", { netPnl: "-4000" });
    await watching.look();
    const reason = "risk: account backpack/sim lost 500 USDC today, the limit is 500";
    expect(await halts()).toEqual({ eth_grid: reason, btc_grid: reason, other_grid: null });
    expect(wakes).toBe(1);
    const message = {
      en: "account backpack/sim lost 500 USDC today, the limit is 500; halted: btc_grid, eth_grid",
      "zh-TW": "帳戶 backpack/sim 本日虧損 500 USDC，上限為 500；已停機：btc_grid、eth_grid",
    };
    expect(await alerts()).toEqual([{ type: "riskBreached", code: "maxDailyLoss", message, botId: null, mode: "sim", at: clock.now() }]);
    clock.advance(1_000);
    await show("eth_grid", { netPnl: "0" });
    await show("btc_grid", { netPnl: "0" });
    await watching.look();
    expect(await halts()).toEqual({ eth_grid: reason, btc_grid: reason, other_grid: null });
    expect(await alerts()).toHaveLength(1);
  });

  it("a resume while the breach holds is answered by a new halt; the next day it stands", async () => {
    const watching = watch(LIMITS);
    await show("eth_grid", {});
    await watching.look();
    await show("eth_grid", { netPnl: "-501" });
    await watching.look();
    await resume("eth_grid");
    expect((await bots.get("eth_grid"))?.halt).toBeNull();
    await watching.look();
    expect((await halts()).eth_grid).toContain("lost 501 USDC today");
    expect((await alerts()).map((alert) => alert.type === "riskBreached" && alert.message.en)).toEqual([
      expect.stringContaining("halted: btc_grid, eth_grid"),
      "account backpack/sim lost 501 USDC today, the limit is 500; halted: eth_grid",
    ]);
    clock.advance(24 * 3_600_000);
    await show("eth_grid", { netPnl: "-501" });
    await watching.look();
    expect((await halts()).eth_grid).toContain("lost 501 USDC today");
    await resume("eth_grid");
    await watching.look();
    expect((await halts()).eth_grid).toBeNull();
  });

  it("a stopped bot is halted when a person starts it into the breach, and a panic is not replaced", async () => {
    await bots.setDesired("btc_grid", "stopped");
    const watching = watch({ fleet: { maxGrossExposure: { ETH: "1" } }, accounts: {} });
    await show("eth_grid", { position: "-0.6" });
    await show("other_grid", { position: "0.6", account: "second" });
    await bots.halt("other_grid", "panic", { en: "panic by Ann", "zh-TW": "panic" });
    await bots.setDesired("eth_grid", "stopped");
    await watching.look();
    expect(await halts()).toEqual({ eth_grid: null, btc_grid: null, other_grid: "panic: panic by Ann" });
    expect(await alerts()).toEqual([]);
    await bots.setDesired("eth_grid", "running");
    await bots.setDesired("btc_grid", "running");
    await watching.look();
    expect(await halts()).toMatchObject({ eth_grid: "risk: the fleet holds 1.2 ETH gross, the limit is 1", btc_grid: null });
  });

  it("a restarted worker goes on from the stored baselines: the peak and the day's start stay", async () => {
    const limits: FleetRiskLimits = { fleet: { maxDrawdown: "100" }, accounts: {} };
    await show("eth_grid", {});
    await watch(limits).look();
    await show("eth_grid", { netPnl: "80" });
    await watch(limits).look();
    await show("eth_grid", { netPnl: "-20" });
    await watch(limits).look();
    expect((await halts()).other_grid).toBe(
      "risk: the fleet fell 100 USDC below its peak, the limit is 100; last known numbers count for btc_grid (none yet), other_grid (none yet)",
    );
  });

  it("statuses without a kernel, without a price or unreadable change nothing; the last known numbers count", async () => {
    const watching = watch(LIMITS);
    await show("eth_grid", { netPnl: "10", position: "1" });
    await watching.look();
    const odd: Partial<BotStatus>[] = [
      { currency: "", netPnl: "0", state: "starting" },
      { state: "starting", netPnl: "-900" },
      { netPnl: "-900", position: "1", lastPrice: null },
      { netPnl: "NaN" },
      { netPnl: "1e400" },
      { netPnl: "-900", position: "one" },
    ];
    for (const status of odd) {
      clock.advance(1_000);
      await show("eth_grid", status);
      await watching.look();
    }
    expect((await halts()).eth_grid).toBeNull();
    clock.advance(1_000);
    await show("eth_grid", { netPnl: "-490", position: "1" });
    await watching.look();
    expect((await halts()).eth_grid).toContain("lost 500 USDC today");
  });

  it("every leg of a bot counts, on its own account", async () => {
    const watching = watch({ fleet: { maxNetExposure: { ETH: "1" } }, accounts: { "aster/main": { maxNetExposure: { ETH: "1" } } } });
    const leg = { symbol: "ETH/USDC:USDC", base: "ETH", price: "1800" };
    const legs = [
      { ...leg, exchange: "backpack", account: "sim", position: "2" },
      { ...leg, exchange: "aster", account: "main", position: "-2" },
    ];
    await show("eth_grid", { position: "2", legs });
    await watching.look();
    expect(await halts()).toEqual({
      eth_grid: "risk: account aster/main holds -2 ETH net, the limit is 1",
      btc_grid: null,
      other_grid: null,
    });
  });

  /** What a bot read of an account in USDC. */
  function reading(account: string, balance: string, more: Partial<AccountReading> = {}): AccountReading {
    return { exchange: "backpack", account, currency: "USDC", balance, parts: [], at: clock.now(), ...more };
  }

  it("the exchange's own count halts every bot of the account, though the bots' profit alone would not", async () => {
    const watching = watch({ accounts: { "backpack/sim": { capital: "1000", minEquity: "900" } } });
    const part = (value: string | null) => [{ symbol: "ETH/USDC:USDC", value }];
    await show("eth_grid", { accounts: [reading("sim", "1000", { parts: part("-99") })] });
    await show("btc_grid", { accounts: [reading("sim", "1000")] });
    await show("other_grid", { accounts: [reading("second", "1")] });
    await watching.look();
    expect(await halts()).toEqual({ eth_grid: null, btc_grid: null, other_grid: null });
    clock.advance(1_000);
    await show("eth_grid", { accounts: [reading("sim", "1000", { parts: part("-101") })] });
    await watching.look();
    const reason = "risk: account backpack/sim has an equity of 899 USDC, the least is 900";
    expect(await halts()).toEqual({ eth_grid: reason, btc_grid: reason, other_grid: null });
    expect(await alerts()).toMatchObject([{ type: "riskBreached", code: "minEquity" }]);
  });

  it("an old reading is unknown, never nothing: capital and profit stand for it until a new one comes", async () => {
    const watching = watch({ accounts: { "backpack/second": { capital: "100", minEquity: "50" } } });
    await show("other_grid", { account: "second", netPnl: "-10", accounts: [reading("second", "60")] });
    await watching.look();
    clock.advance(119_000);
    await show("other_grid", { account: "second", netPnl: "-55", accounts: [] });
    await watching.look();
    // 60 by the exchange two minutes ago still counts; by capital and profit it would be 45.
    expect((await halts()).other_grid).toBeNull();
    clock.advance(2_000);
    await show("other_grid", { account: "second", netPnl: "-55" });
    await watching.look();
    expect((await halts()).other_grid).toBe("risk: account backpack/second has an equity of 45 USDC, the least is 50");
  });

  it("with the board away the saved statuses count, and what the exchange tells of an account is used", async () => {
    isBoardAway = true;
    const watching = watch({ accounts: { "backpack/second": { capital: "100", minEquity: "50" } } });
    const record = await bots.get("other_grid");
    if (record === null) throw new Error("no bot");
    await bots.saveStatus(botStatus(record.config, { netPnl: "-50", updatedAt: clock.now() }));
    await watching.look();
    expect((await halts()).other_grid).toBeNull();
    await bots.saveStatus(botStatus(record.config, { netPnl: "-50", updatedAt: clock.now(), accounts: [reading("second", "49")] }));
    await watching.look();
    expect(await halts()).toEqual({
      eth_grid: null,
      btc_grid: null,
      other_grid: "risk: account backpack/second has an equity of 49 USDC, the least is 50",
    });
  });

  it("one bot that cannot be halted keeps nobody from halting the others, and is tried again", async () => {
    let isFailing = true;
    const halt: Bots["halt"] = async (id, kind, reason) => {
      if (isFailing && id === "btc_grid") throw new Error("the database is busy");
      await bots.halt(id, kind, reason);
    };
    const watching = watch(LIMITS, { bots: { list: bots.list, halt }, wake: () => Promise.reject(new Error("Redis is away")) });
    await show("eth_grid", {});
    await watching.look();
    await show("eth_grid", { netPnl: "-500" });
    await watching.look();
    expect(await halts()).toMatchObject({ eth_grid: expect.stringContaining("risk"), btc_grid: null });
    isFailing = false;
    await watching.look();
    expect((await halts()).btc_grid).toContain("risk");
    expect(await alerts()).toHaveLength(2);
  });

  it("several workers without a lease halt and agree, whatever each saw", async () => {
    const away = { acquire: () => Promise.reject(new Error("Redis is away")), release: async () => undefined };
    const all = [watch(LIMITS, { leases: away }), watch(LIMITS, { leases: away, holder: "w2" })] as const;
    await show("eth_grid", {});
    await Promise.all(all.map((one) => one.look()));
    await show("eth_grid", { netPnl: "-500" });
    await Promise.all(all.map((one) => one.look()));
    expect(await halts()).toMatchObject({
      eth_grid: expect.stringContaining("lost 500"),
      btc_grid: expect.stringContaining("lost 500"),
      other_grid: null,
    });
  });

  it("stores one point a minute for each bot that tells fresh numbers, limits or not", async () => {
    const watching = watch(NO_FLEET_RISK);
    const equity = createEquityStore(db);
    await show("eth_grid", { netPnl: "1", realizedPnl: "2", fees: "1" });
    await show("btc_grid", { netPnl: "5", updatedAt: clock.now() - 3 * MINUTE });
    for (let second = 0; second < 130; second += 1) {
      await watching.look();
      clock.advance(1_000);
      const eth = shown.get("eth_grid");
      if (eth !== undefined) shown.set("eth_grid", { ...eth, updatedAt: clock.now() });
    }
    const points = await equity.points("eth_grid", 0);
    expect(points).toHaveLength(3);
    expect(points[0]).toMatchObject({ currency: "USDC", netPnl: "1", realizedPnl: "2", unrealizedPnl: "0", fees: "1", funding: "0" });
    expect(await equity.points("btc_grid", 0)).toEqual([]);
    expect(await equity.stepRisk((before) => ({ state: before, result: before.baselines }))).toEqual({});
  });
});

describe.skipIf(!hasRedis)("the lease on the risk watch (skipped without redis-server)", () => {
  let server: PrivateRedis;
  beforeAll(async () => {
    server = await startPrivateRedis();
  });
  afterAll(() => server.stop());

  it("one worker of the fleet watches; another goes on when it leaves; without Redis everybody does", async () => {
    const leases = createLeaseStore(connectRedis(`unix://${server.socket}`, "command"));
    const looked: string[] = [];
    const watchOf = (holder: string): RiskWatch =>
      createRiskWatch({
        ...{ limits: LIMITS, timezone: "UTC", leases, holder, clock: new ManualClock(), log: SILENT },
        bots: {
          list: async () => {
            looked.push(holder);
            return [];
          },
          halt: async () => undefined,
        },
        board: { get: async () => [] },
        equity: {
          stepRisk: async (step) => step({ bots: {}, baselines: {} }).result,
          ...{ addPoints: async () => undefined, points: async () => [], thin: async () => undefined },
        },
        ...{ raise: async () => undefined, wake: async () => undefined },
      });
    const [one, other] = [watchOf("w1"), watchOf("w2")];
    for (const watch of [one, other, one, other]) await watch.look();
    expect(looked.splice(0)).toEqual(["w1", "w1"]);
    await one.release();
    await other.look();
    await one.look();
    expect(looked.splice(0)).toEqual(["w2"]);
    await server.kill();
    await Promise.all([one.look(), other.look()]);
    expect(looked.sort()).toEqual(["w1", "w2"]);
    await server.start();
  });

  it("a running watch halts within a second of the loss and at once after a resume, and wakes the holders", async () => {
    const folder = mkdtempSync(join(tmpdir(), "botswain-risk-"));
    const db = await openDatabase(`file:${join(folder, "botswain.db")}`);
    const url = `unix://${server.socket}`;
    const [redis, subscriber] = [connectRedis(url, "command"), connectRedis(url, "subscriber")];
    const signals = createSignals(redis, subscriber);
    const bots = createBots(db);
    const config = botConfig("eth_grid");
    await bots.create(config);
    await bots.setDesired("eth_grid", "running");
    const board = createStatusBoard(redis);
    const show = (netPnl: string): Promise<void> => board.put(botStatus(config, { netPnl, state: "running", updatedAt: Date.now() }));
    const woken: string[] = [];
    signals.on("changeQueued", (id) => woken.push(id));
    await show("0");
    const clock = { now: () => Date.now(), monotonic: () => performance.now() };
    const watch = startRiskWatch({ limits: LIMITS, timezone: "UTC", holder: "w3", clock, log: SILENT, db, redis, signals });
    const isHalted = async (): Promise<boolean> => (await bots.get("eth_grid"))?.halt?.kind === "risk";
    await vi.waitFor(async () => expect(await createEquityStore(db).points("eth_grid", 0)).toHaveLength(1), 10_000);
    await show("-500");
    await vi.waitFor(async () => expect(await isHalted()).toBe(true), 10_000);
    await vi.waitFor(() => expect(woken).toHaveLength(1), 10_000);
    await createChanges(db).commit({ type: "resume", botId: "eth_grid" }, actor("resume"), ["eth_grid"], Date.now());
    await signals.publish("changeQueued", "c1");
    await vi.waitFor(async () => expect(await isHalted()).toBe(true), 10_000);
    await watch.stop();
    await signals.close();
    redis.disconnect();
    subscriber.disconnect();
    await db.close();
    rmSync(folder, { recursive: true, force: true });
  });
});

describe("the risk day", () => {
  it("is the calendar day of the zone", () => {
    const at = Date.UTC(2026, 10, 20, 16, 0, 0);
    expect(riskDayOf(at - 1, "Asia/Taipei")).toBe("2026-11-20");
    expect(riskDayOf(at, "Asia/Taipei")).toBe("2026-11-21");
    expect(riskDayOf(at, "America/New_York")).toBe("2026-11-20");
    expect(riskDayOf(Date.UTC(2026, 0, 1), "UTC")).toBe("2026-01-01");
  });
});
