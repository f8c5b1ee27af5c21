// Retention: what is read of the setting, what is forgotten and what never is, whose turn it is, and how little it holds up.

import { describe, expect, it } from "vitest";
import { encodeClientOrderId } from "../../src/core/client-order-id.ts";
import type { LedgerRow } from "../../src/core/ports.ts";
import { createAlertOutbox } from "../../src/storage/alerts.ts";
import { createAudit } from "../../src/storage/audit.ts";
import { createBots } from "../../src/storage/bots.ts";
import { createChanges } from "../../src/storage/changes.ts";
import type { Database } from "../../src/storage/database.ts";
import { createEquityStore } from "../../src/storage/equity.ts";
import { createLedgerStore } from "../../src/storage/ledger.ts";
import { createRetention, DEFAULT_RETENTION, nextLimit, parseRetention, type RetentionPolicy } from "../../src/storage/retention.ts";
import { systemClock } from "../exchanges/clock.ts";
import { botConfig, createManualClock } from "../memory-fleet.ts";
import { onEachDatabase } from "./databases.ts";
import { actor, fillRow, fundingRow, orderRow } from "./rows.ts";
import { quietSignals } from "./signals-fake.ts";

const DAY = 86_400_000;
const NOW = Date.UTC(2026, 10, 20, 12, 0, 0);
const OLD = NOW - 100 * DAY;

describe("BOTSWAIN_RETENTION", () => {
  it("changes what it names and keeps the rest", () => {
    expect(parseRetention("")).toEqual(DEFAULT_RETENTION);
    expect(parseRetention("orders=30d, equity=forever ,runs=48h")).toEqual({
      ...DEFAULT_RETENTION,
      orders: 30 * DAY,
      equity: null,
      runs: 2 * DAY,
    });
    expect(parseRetention("equity=1000d").equity).toBe(1_000 * DAY);
  });

  it("is refused with every part that is wrong", () => {
    for (const bad of ["fills=90d", "orders=", "orders", "orders=90", "orders=0d", "orders=1h", "orders=1d=2d", "orders=-3d", "=1d"])
      expect(() => parseRetention(bad), bad).toThrow(`holds "${bad}" but should be parts NAME=DURATION`);
    expect(() => parseRetention("orders=90d,orders=30d")).toThrow('holds "orders=30d"');
    expect(() => parseRetention("fills=1d,orders=30d,audit=2d")).toThrow('holds "fills=1d", "audit=2d" but');
    expect(() => parseRetention("fills=1d")).toThrow("fills, funding and the audit are kept for ever");
  });
});

describe("the size of a bite", () => {
  it("shrinks when the database was held for long, grows slowly, and stays within bounds", () => {
    expect(nextLimit(400, 40)).toBe(200);
    expect(nextLimit(400, 10)).toBe(400);
    expect(nextLimit(400, 1)).toBe(500);
    expect([nextLimit(30, 500), nextLimit(1_999, 0)]).toEqual([20, 2_000]);
  });
});

onEachDatabase("retention", ({ open }) => {
  const clockAt = () => createManualClock(NOW);
  const run = (db: Database, policy: RetentionPolicy = DEFAULT_RETENTION) =>
    createRetention({ db, policy, holder: "w1", clock: clockAt() }).runIfDue();
  const closed = (counter: number, at: number, bot = 1): LedgerRow => ({
    type: "order",
    order: orderRow({
      ...{ botId: bot === 1 ? "eth_grid" : "btc_grid", clientOrderId: encodeClientOrderId(bot, counter), status: "canceled" },
      ...{ createdAt: at, updatedAt: at },
    }),
  });

  it("forgets closed orders, but neither an open one nor the highest counter of a bot, and no fill", async () => {
    const db = await open();
    for (const id of ["eth_grid", "btc_grid"]) await createBots(db).create(botConfig(id));
    const open1: LedgerRow = {
      type: "order",
      order: orderRow({ clientOrderId: encodeClientOrderId(1, 3), status: "open", createdAt: OLD, updatedAt: OLD }),
    };
    const foreign: LedgerRow = {
      type: "order",
      order: orderRow({ clientOrderId: "web-1", status: "filled", createdAt: OLD, updatedAt: OLD }),
    };
    await createLedgerStore(db).commit([
      ...[closed(1, OLD), closed(2, OLD), open1, closed(9, NOW - DAY), foreign],
      ...[closed(7, OLD, 2), closed(8, OLD, 2)],
      { type: "fill", fill: fillRow({ at: OLD, clientOrderId: encodeClientOrderId(1, 1) }) },
      { type: "funding", funding: fundingRow({ at: OLD }) },
    ]);
    expect((await run(db))?.deleted).toMatchObject({ orders: 4 });
    const left = await db.prisma.order.findMany({ orderBy: { clientNumber: "asc" }, select: { clientOrderId: true } });
    expect(left.map(({ clientOrderId }) => clientOrderId)).toEqual([
      encodeClientOrderId(1, 3),
      encodeClientOrderId(1, 9),
      encodeClientOrderId(2, 8),
    ]);
    expect((await createBots(db).stored("btc_grid")).lastCounter).toBe(8);
    expect([await db.prisma.fill.count(), await db.prisma.funding.count()]).toEqual([1, 1]);
  });

  it("drops old equity, which was thinned before, ended runs but the newest, and finished changes without a configuration", async () => {
    const db = await open();
    const bots = createBots(db, () => NOW - 400 * DAY);
    await bots.create(botConfig("eth_grid"));
    const equity = createEquityStore(db);
    const point = (at: number) => ({
      botId: "eth_grid",
      at,
      currency: "USDC",
      realizedPnl: "1",
      unrealizedPnl: "0",
      fees: "0",
      funding: "0",
      netPnl: "1",
    });
    await equity.addPoints([400, 380, 300, 1].map((days) => point(NOW - days * DAY)));
    for (let epoch = 0; epoch < 3; epoch += 1) {
      await bots.takeEpoch("eth_grid", epoch, { workerId: "w1", host: "h1" });
      await bots.endRun("eth_grid", epoch + 1, "crashed");
    }
    const changes = createChanges(db);
    const asked = NOW - 400 * DAY;
    const params = { gridNum: 20 };
    const [stop] = await changes.commit({ type: "stop", botId: "eth_grid", flatten: false }, actor("1"), ["eth_grid"], asked);
    const [adjust] = await changes.commit({ type: "adjust", botId: "eth_grid", params }, actor("2"), ["eth_grid"], asked);
    const [waiting] = await changes.commit({ type: "stop", botId: "eth_grid", flatten: false }, actor("3"), ["eth_grid"], asked);
    const outcome = { botId: "eth_grid", outcome: "done", message: { en: "", "zh-TW": "" }, status: null } as const;
    await db.transact((tx) =>
      tx.change.updateMany({
        where: { number: { lte: 2 } },
        data: { state: "done", finishedAt: BigInt(asked), outcome: JSON.stringify(outcome) },
      }),
    );
    expect((await run(db))?.deleted).toMatchObject({ equity: 2, runs: 2, changes: 1 });
    expect((await equity.points("eth_grid", 0)).map(({ at }) => at)).toEqual([NOW - 300 * DAY, NOW - DAY]);
    expect((await db.prisma.run.findMany()).map(({ epoch }) => epoch)).toEqual([3]);
    expect([await changes.get(stop?.id ?? ""), (await changes.get(adjust?.id ?? ""))?.configVersion]).toEqual([null, 2]);
    expect((await changes.get(waiting?.id ?? ""))?.state).toBe("pending");
  });

  it("forgets alerts that every target was told, and what nobody took for twice the time", async () => {
    const db = await open();
    const outbox = createAlertOutbox(db, quietSignals());
    await outbox.cursor("telegram:1");
    await outbox.cursor("discord:2");
    const raise = (days: number) =>
      outbox.raise({ type: "note", message: { en: "a", "zh-TW": "b" }, botId: null, mode: "sim", at: NOW - days * DAY });
    for (const days of [200, 120, 110, 100, 5]) await raise(days);
    await outbox.advance("telegram:1", 5);
    await outbox.advance("discord:2", 2);
    expect((await run(db))?.deleted).toMatchObject({ alerts: 2 });
    expect((await outbox.after(0, 10)).map(({ sequence }) => sequence)).toEqual([3, 4, 5]);
  });

  it("is done by one of many, every six hours, and a holder that died is replaced", async () => {
    const db = await open();
    const other = await open();
    const clock = clockAt();
    const by = (holder: string, on: Database) => createRetention({ db: on, policy: DEFAULT_RETENTION, holder, clock });
    const both = await Promise.all([by("w1", db).runIfDue(), by("w2", other).runIfDue()]);
    expect(both.filter((report) => report !== null)).toHaveLength(1);
    expect(await by("w1", db).runIfDue()).toBeNull();
    clock.advance(6 * 3_600_000);
    // One that was ended half way leaves the rest to be done.
    expect(await by("w2", other).runIfDue(AbortSignal.abort())).not.toBeNull();
    expect(await by("w1", db).runIfDue()).not.toBeNull();
    clock.advance(6 * 3_600_000);
    const held = JSON.stringify({ holder: "dead", until: clock.now() + 600_000, doneAt: 0 });
    await db.transact((tx) => tx.setting.update({ where: { key: "retention" }, data: { value: held } }));
    expect(await by("w1", db).runIfDue()).toBeNull();
    clock.advance(600_000);
    expect(await by("w1", db).runIfDue()).not.toBeNull();
  });

  it("leaves audit and chain alone, and lets commits through while it deletes twenty thousand rows", { timeout: 60_000 }, async () => {
    const db = await open();
    await createBots(db).create(botConfig("eth_grid"));
    await createAudit(db).append({ actor: actor("a"), command: "start", outcome: "allowed", detail: "" }, OLD);
    const ledger = createLedgerStore(db);
    await ledger.commit([closed(1, OLD)]);
    // Twenty thousand like it, made by the database itself.
    const numbers =
      db.provider === "sqlite"
        ? "WITH RECURSIVE s(n) AS (SELECT 2 UNION ALL SELECT n + 1 FROM s WHERE n < 20000)"
        : "WITH s(n) AS (SELECT generate_series(2, 20000))";
    const same = `"exchange", "account", "botId", "symbol", "exchangeOrderId", "epoch", "leg", "slot", "side", "price", "quantity", "filledQuantity",
      "seenQuantity", "timeInForce", "postOnly", "reduceOnly", "status", "isUnknown", "isLive", "reason", "decision", "createdAt", "updatedAt"`;
    await db.transact((tx) =>
      tx.$executeRawUnsafe(`INSERT INTO orders (${same}, "clientNumber", "clientOrderId")
        ${numbers} SELECT ${same}, 16777216 + n, CAST(16777216 + n AS TEXT) FROM s, orders`),
    );
    const deletion = createRetention({ db, policy: DEFAULT_RETENTION, holder: "w1", clock: { ...systemClock, now: () => NOW } }).runIfDue();
    let isDone = false;
    const waits: number[] = [];
    const writing = (async () => {
      const writer = createLedgerStore(await open());
      for (let n = 0; !isDone; n += 1) {
        const startedAt = performance.now();
        await writer.commit([{ type: "fill", fill: fillRow({ tradeId: `t${n}` }) }]);
        waits.push(performance.now() - startedAt);
        await new Promise((resume) => setTimeout(resume, 5));
      }
    })();
    const report = await deletion;
    isDone = true;
    await writing;
    expect(report?.deleted.orders).toBe(19_999);
    expect(await createAudit(db).verify()).toEqual({ ok: true, rows: 1 });
    expect(waits.length).toBeGreaterThan(5);
    const sorted = [...waits].sort((a, b) => a - b);
    const median = sorted[Math.floor(sorted.length / 2)] ?? Number.POSITIVE_INFINITY;
    console.log(
      `${db.provider}: ${report?.batches} bites, longest ${report?.longestMs.toFixed(1)} ms; ${waits.length} commits beside them: median ${median.toFixed(1)} ms, longest ${sorted.at(-1)?.toFixed(1)} ms`,
    );
    // Far above what is measured, so that a busy machine does not fail it.
    expect(median).toBeLessThan(50);
    expect(report?.batches).toBeGreaterThan(10);
  });
});
