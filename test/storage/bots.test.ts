// Bots and changes: numbers, epochs, claims and halts under races, and what people's wishes do to them.

import { expect, it } from "vitest";
import { encodeClientOrderId } from "../../src/core/client-order-id.ts";
import type { FleetChange } from "../../src/core/command.ts";
import { plain, UserError } from "../../src/core/text.ts";
import { createBots } from "../../src/storage/bots.ts";
import { createChanges } from "../../src/storage/changes.ts";
import { createLedgerStore } from "../../src/storage/ledger.ts";
import { botConfig, botStatus } from "../memory-fleet.ts";
import { onEachDatabase } from "./databases.ts";
import { AT, actor, fundingRow, orderRow } from "./rows.ts";

const HOLDER = { workerId: "w1", host: "h1" };
const ETH = { exchange: "backpack", account: "sim", symbol: "ETH/USDC:USDC" };
const BTC = { exchange: "backpack", account: "sim", symbol: "BTC/USDC:USDC" };

onEachDatabase("bots", ({ open }) => {
  it("keeps a configuration as it was given", async () => {
    const bots = createBots(await open(), () => AT);
    const config = botConfig("eth_grid", { tags: ["a"], params: { gridNum: 20, lowerPrice: "1700.5" } });
    await bots.create(config);
    expect(await bots.get("eth_grid")).toEqual({
      ...{ id: "eth_grid", number: 1, config, configVersion: 1, desired: "stopped", halt: null, flatten: false, epoch: 0 },
      holder: null,
      ...{ host: null, pid: null, firstStartedAt: null, fillCount: 0, lastStatus: null },
    });
    expect(await bots.get("nobody")).toBeNull();
  });

  it("refuses a taken name and tells accounts' numbers apart under a race", async () => {
    const all = [createBots(await open()), createBots(await open())] as const;
    const names = Array.from({ length: 12 }, (_, n) => `bot${n}`);
    await Promise.all(names.map((name, n) => all[n % 2 === 0 ? 0 : 1].create(botConfig(name))));
    const numbers = (await all[0].list()).map((bot) => bot.number).sort((a, b) => a - b);
    expect(numbers).toEqual(Array.from({ length: 12 }, (_, n) => n + 1));
    expect((await all[0].create(botConfig("elsewhere", { account: "other" }))).number).toBe(1);
    await expect(all[1].create(botConfig("bot3"))).rejects.toThrow("already a bot named bot3");
    const twice = await Promise.allSettled([all[0].create(botConfig("same")), all[1].create(botConfig("same"))]);
    expect(twice.map((result) => result.status).sort()).toEqual(["fulfilled", "rejected"]);
  });

  it("refuses the 256th bot of an account with one sentence", async () => {
    const db = await open();
    const bots = createBots(db, () => AT);
    await bots.create(botConfig("first"));
    const rows = Array.from({ length: 254 }, (_, n) => ({
      id: `b${n}`,
      exchange: "backpack",
      account: "sim",
      number: n + 2,
      createdAt: 0n,
    }));
    const numbers = rows.map(({ id, exchange, account, number }) => ({ botId: id, exchange, account, number }));
    await db.transact(async (tx) => {
      await tx.bot.createMany({ data: rows });
      await tx.botNumber.createMany({ data: numbers });
    });
    await expect(bots.create(botConfig("last"))).rejects.toThrow(UserError);
  });

  it("gives a bot a number on every account, never one that another bot has there, also under a race", async () => {
    const dbs = [await open(), await open()] as const;
    const [one, other] = [createBots(dbs[0], () => AT), createBots(dbs[1], () => AT)];
    const abroad = { exchange: "backpack", account: "other" };
    const home = { exchange: "backpack", account: "sim" };
    await one.create(botConfig("native", { account: "other" }));
    for (let index = 0; index < 6; index += 1) await one.create(botConfig(`bot${index}`));
    const given = await Promise.all(
      Array.from({ length: 6 }, (_, index) => (index % 2 === 0 ? one : other).numbers(`bot${index}`, [abroad, home])),
    );
    expect(given.map((numbers) => numbers.get("backpack:sim"))).toEqual([1, 2, 3, 4, 5, 6]);
    expect(given.map((numbers) => numbers.get("backpack:other")).sort()).toEqual([2, 3, 4, 5, 6, 7]);
    expect(await other.numbers("bot0", [abroad])).toEqual(new Map([["backpack:other", given[0]?.get("backpack:other")]]));
    // A newcomer there gets a number that no guest has.
    expect((await other.create(botConfig("late", { account: "other" }))).number).toBe(8);
  });

  it("knows the counter of client order ids over all accounts, and since when it holds what", async () => {
    const db = await open();
    const bots = createBots(db, () => AT);
    await bots.create(botConfig("native", { account: "other" }));
    await bots.create(botConfig("eth_grid"));
    const abroad = { ...ETH, account: "other" };
    await bots.claim("eth_grid", [ETH, abroad]);
    await bots.numbers("eth_grid", [ETH, abroad]);
    const ledger = createLedgerStore(db);
    await ledger.commit([
      { type: "intent", order: orderRow({ clientOrderId: encodeClientOrderId(1, 7) }) },
      { type: "intent", order: orderRow({ account: "other", clientOrderId: encodeClientOrderId(2, 9) }) },
      { type: "funding", funding: fundingRow({ account: "other", fundingId: "8h", at: AT + 8 }) },
      { type: "funding", funding: fundingRow({ account: "other", fundingId: "16h", at: AT + 16 }) },
      // Nobody's claim: told late by a bot that no longer holds it.
      { type: "funding", funding: fundingRow({ symbol: BTC.symbol, at: AT + 99 }) },
    ]);
    expect(await bots.stored("eth_grid")).toMatchObject({
      lastCounter: 9,
      claims: [
        { ...abroad, since: AT, lastFundingAt: AT + 16 },
        { ...ETH, since: AT, lastFundingAt: null },
      ],
    });
  });

  it("gives an epoch to one of many who take it, and opens one run", async () => {
    const dbs = [await open(), await open()] as const;
    const bots = createBots(dbs[0], () => AT);
    await bots.create(botConfig("eth_grid"));
    const takers = Array.from({ length: 8 }, (_, n) => createBots(dbs[n % 2 === 0 ? 0 : 1], () => AT + n));
    const epochs = await Promise.all(takers.map((taker, n) => taker.takeEpoch("eth_grid", 0, { workerId: `w${n}`, host: `h${n}` })));
    expect(epochs.filter((epoch) => epoch !== null)).toEqual([1]);
    const winner = epochs.indexOf(1);
    expect(await bots.get("eth_grid")).toMatchObject({ epoch: 1, holder: `w${winner}`, host: `h${winner}`, firstStartedAt: AT + winner });
    expect(await dbs[0].prisma.run.count()).toBe(1);
    expect(await bots.takeEpoch("nobody", 0, HOLDER)).toBeNull();
  });

  it("closes runs, and a late end of an old run takes nothing from the new one", async () => {
    const db = await open();
    const bots = createBots(db, () => AT);
    await bots.create(botConfig("eth_grid"));
    await bots.takeEpoch("eth_grid", 0, HOLDER);
    await bots.setProcess("eth_grid", 1, 111);
    await bots.takeEpoch("eth_grid", 1, { workerId: "w2", host: "h2" });
    await bots.setProcess("eth_grid", 1, 999);
    await bots.setProcess("eth_grid", 2, 222);
    await bots.endRun("eth_grid", 1, "late");
    expect(await bots.get("eth_grid")).toMatchObject({ epoch: 2, holder: "w2", host: "h2", pid: 222 });
    await bots.endRun("eth_grid", 2, "stopped");
    expect(await bots.get("eth_grid")).toMatchObject({ epoch: 2, holder: null, host: null, pid: null });
    const runs = await db.prisma.run.findMany({ orderBy: { epoch: "asc" }, select: { pid: true, cause: true, endedAt: true } });
    expect(runs).toEqual([
      { pid: 111, cause: "taken over by w2", endedAt: BigInt(AT) },
      { pid: 222, cause: "stopped", endedAt: BigInt(AT) },
    ]);
  });

  it("gives a symbol to one of two claimers, all or nothing, and again to its holder", async () => {
    const dbs = [await open(), await open()] as const;
    const bots = [createBots(dbs[0]), createBots(dbs[1])] as const;
    await bots[0].create(botConfig("one"));
    await bots[0].create(botConfig("two"));
    const results = await Promise.all([bots[0].claim("one", [ETH, BTC]), bots[1].claim("two", [BTC, ETH])]);
    expect(results.filter((result) => result.ok)).toHaveLength(1);
    const [winner, loser] = results[0].ok ? (["one", "two"] as const) : (["two", "one"] as const);
    expect(results.find((result) => !result.ok)).toMatchObject({ ok: false, holder: winner });
    expect(await dbs[0].prisma.claim.findMany({ where: { botId: loser } })).toEqual([]);
    expect(await bots[0].claim(winner, [ETH])).toEqual({ ok: true });
    await bots[1].releaseClaims(winner);
    expect(await bots[0].claim(loser, [ETH, BTC])).toEqual({ ok: true });
  });

  it("keeps the first halt until it is cleared, but lets a panic replace it", async () => {
    const bots = createBots(await open(), () => AT);
    await bots.create(botConfig("eth_grid"));
    await bots.halt("eth_grid", "risk", plain("too far"));
    await bots.halt("eth_grid", "crash", plain("again"));
    expect((await bots.get("eth_grid"))?.halt).toEqual({ kind: "risk", reason: JSON.stringify(plain("too far")), at: AT });
    await bots.halt("eth_grid", "panic", plain("all off"));
    await bots.halt("eth_grid", "strategy", plain("later"));
    expect((await bots.get("eth_grid"))?.halt?.kind).toBe("panic");
  });

  it("keeps the last status of the newest epoch", async () => {
    const bots = createBots(await open());
    const config = botConfig("eth_grid");
    await bots.create(config);
    await bots.takeEpoch("eth_grid", 0, HOLDER);
    await bots.saveStatus(botStatus(config, { epoch: 1, position: "0.5" }));
    await bots.saveStatus(botStatus(config, { epoch: 0, position: "9" }));
    expect((await bots.get("eth_grid"))?.lastStatus?.position).toBe("0.5");
  });
});

onEachDatabase("changes", ({ open }) => {
  const start: FleetChange = { type: "start", botId: "eth_grid" };

  it("makes a repeated request one row with one effect, also when both come at once", async () => {
    const dbs = [await open(), await open()] as const;
    const bots = createBots(dbs[0]);
    await bots.create(botConfig("eth_grid"));
    const [one, other] = await Promise.all(dbs.map((db) => createChanges(db).commit(start, actor("k1"), ["eth_grid"], AT)));
    expect(one).toEqual(other);
    expect(one).toMatchObject([{ id: "c1", botId: "eth_grid", number: 1, change: start, state: "pending", outcome: null }]);
    await createChanges(dbs[0]).commit({ type: "stop", botId: "eth_grid", flatten: false }, actor("k2"), ["eth_grid"], AT);
    await createChanges(dbs[1]).commit(start, actor("k1"), ["eth_grid"], AT);
    expect((await bots.get("eth_grid"))?.desired).toBe("stopped");
    expect((await createChanges(dbs[0]).pending(AT)).map((row) => row.number)).toEqual([1, 2]);
  });

  it("sets what is wanted, and clears halts on start and resume", async () => {
    const db = await open();
    const bots = createBots(db);
    const changes = createChanges(db);
    await bots.create(botConfig("eth_grid"));
    const wanted = async (change: FleetChange, key: string): Promise<string> => {
      await changes.commit(change, actor(key), ["eth_grid"], AT);
      const bot = await bots.get("eth_grid");
      return `${bot?.desired} ${bot?.halt?.kind ?? "-"}`;
    };
    expect(await wanted(start, "1")).toBe("running -");
    expect(await wanted({ type: "pause", botId: "eth_grid" }, "2")).toBe("paused -");
    await bots.halt("eth_grid", "risk", plain("too far"));
    expect(await wanted({ type: "restart", botId: "eth_grid" }, "3")).toBe("paused risk");
    expect(await wanted({ type: "resume", botId: "eth_grid" }, "4")).toBe("running -");
    expect(await wanted({ type: "stop", botId: "eth_grid", flatten: true }, "5")).toBe("stopped -");
    expect(await wanted({ type: "panic", botId: "eth_grid", flatten: false }, "6")).toBe("stopped panic");
    await expect(wanted(start, "7")).rejects.toThrow("/panic clear");
    await expect(wanted({ type: "resume", botId: "eth_grid" }, "8")).rejects.toThrow(UserError);
    expect(await wanted({ type: "panicClear", botId: "eth_grid" }, "9")).toBe("stopped -");
    expect(await wanted(start, "10")).toBe("running -");
  });

  it("holds the whole fleet under a panic until it is cleared", async () => {
    const db = await open();
    const bots = createBots(db);
    const changes = createChanges(db);
    for (const id of ["one", "two"]) await bots.create(botConfig(id));
    await bots.halt("two", "risk", plain("too far"));
    const rows = await changes.commit({ type: "panic", botId: null, flatten: true }, actor("p"), ["one", "two"], AT);
    expect(rows.map((row) => row.change)).toEqual(["one", "two"].map((botId) => ({ type: "panic", botId, flatten: true })));
    await bots.create(botConfig("three"));
    await expect(changes.commit({ type: "start", botId: "three" }, actor("s"), ["three"], AT)).rejects.toThrow("whole fleet");
    expect((await bots.get("three"))?.desired).toBe("stopped");
    const cleared = await changes.commit({ type: "panicClear", botId: null }, actor("c"), ["one", "two", "three"], AT);
    expect(cleared.map((row) => row.state)).toEqual(["done", "done", "done"]);
    expect((await bots.list()).map((bot) => bot.halt)).toEqual([null, null, null]);
    await changes.commit({ type: "start", botId: "three" }, actor("s2"), ["three"], AT);
    expect((await bots.get("three"))?.desired).toBe("running");
  });

  it("never lets a start slip past a panic that comes at the same time", async () => {
    const dbs = [await open(), await open()] as const;
    const bots = createBots(dbs[0]);
    await bots.create(botConfig("eth_grid"));
    const started = createChanges(dbs[1]).commit(start, actor("s"), ["eth_grid"], AT);
    const panicked = createChanges(dbs[0]).commit({ type: "panic", botId: null, flatten: false }, actor("p"), ["eth_grid"], AT);
    await Promise.allSettled([started, panicked]);
    expect(await bots.get("eth_grid")).toMatchObject({ desired: "stopped", halt: { kind: "panic" } });
  });

  it("stores an adjustment as the next configuration, and takes it back when it fails or expires", async () => {
    const db = await open();
    const [bots, changes] = [createBots(db, () => AT), createChanges(db)];
    await bots.create(botConfig("eth_grid", { params: { gridNum: 20 } }));
    await changes.commit({ type: "pause", botId: "eth_grid" }, actor("p"), ["eth_grid"], AT);
    const adjust = async (gridNum: number) => {
      const [row] = await changes.commit(
        { type: "adjust", botId: "eth_grid", params: { gridNum } },
        actor(`a${gridNum}`),
        ["eth_grid"],
        AT,
      );
      return row;
    };
    const current = async () => {
      const bot = await bots.get("eth_grid");
      return [bot?.configVersion, bot?.config.params.gridNum, bot?.desired];
    };
    const outcomeOf = (outcome: "done" | "failed") => ({ botId: "eth_grid", outcome, message: plain("x"), status: null });
    const first = await adjust(24);
    expect(first).toMatchObject({ configVersion: 2, state: "pending" });
    expect(await adjust(24)).toEqual(first);
    expect(await current()).toEqual([2, 24, "paused"]);
    await changes.finish(first?.id ?? "", outcomeOf("done"));
    const second = await adjust(1);
    await changes.finish(second?.id ?? "", outcomeOf("failed"));
    expect(await current()).toEqual([2, 24, "paused"]);
    // A version that was taken back is never another one's name.
    const third = await adjust(30);
    expect(third?.configVersion).toBe(4);
    await changes.expire(AT + 60_001);
    expect(await changes.get(third?.id ?? "")).toMatchObject({ state: "expired" });
    expect(await current()).toEqual([2, 24, "paused"]);
    // The first finish wins: one that lost takes nothing back.
    await changes.finish(first?.id ?? "", outcomeOf("failed"));
    await bots.dropVersion("eth_grid", 1);
    expect(await current()).toEqual([2, 24, "paused"]);
    const kept = await changes.get(second?.id ?? "");
    expect(kept?.change).toMatchObject({ type: "adjust", params: { gridNum: 1 } });
  });

  it("lets the first finish win and expires what nobody did", async () => {
    const db = await open();
    const changes = createChanges(db);
    await createBots(db).create(botConfig("eth_grid"));
    const [row] = await changes.commit(start, actor("k1"), ["eth_grid"], AT);
    const [late] = await changes.commit({ type: "pause", botId: "eth_grid" }, actor("k2"), ["eth_grid"], AT);
    const done = { botId: "eth_grid", outcome: "done", message: plain("runs"), status: null } as const;
    await changes.finish(row?.id ?? "", done);
    await changes.finish(row?.id ?? "", { ...done, outcome: "failed" });
    expect(await changes.get(row?.id ?? "")).toMatchObject({ state: "done", outcome: done });
    expect(await changes.pending((late?.expiresAt ?? 0) - 1)).toHaveLength(1);
    expect(await changes.pending(late?.expiresAt ?? 0)).toEqual([]);
    await changes.expire(late?.expiresAt ?? 0);
    expect(await changes.get(late?.id ?? "")).toMatchObject({ state: "expired", outcome: { outcome: "expired" } });
    expect(await changes.get("c999")).toBeNull();
    expect(await changes.get("nonsense")).toBeNull();
  });
});
