// Backups: one file restores into either database, whole or not at all, and never over somebody's shoulder.

import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createAlertOutbox } from "../../src/storage/alerts.ts";
import { createAudit } from "../../src/storage/audit.ts";
import { backUp, restore, verifyBackup } from "../../src/storage/backup/backup.ts";
import { countRows } from "../../src/storage/backup/target.ts";
import { createBots } from "../../src/storage/bots.ts";
import { createChanges } from "../../src/storage/changes.ts";
import { type Database, openDatabase } from "../../src/storage/database.ts";
import { createLedgerStore } from "../../src/storage/ledger.ts";
import { migratePostgres, migrateSqlite, migrationsFolder, readMigrations } from "../../src/storage/migrate.ts";
import { botConfig } from "../memory-fleet.ts";
import { onEachDatabase } from "./databases.ts";
import { createPostgresDatabase, dropPostgresDatabase, postgresMissing } from "./private-postgres.ts";
import { AT, actor, fillRow, fundingRow, noteRow, orderRow, stateRow } from "./rows.ts";
import { quietSignals } from "./signals-fake.ts";

let folder = "";
let file = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "botswain-backup-"));
  file = join(folder, "backup.jsonl.gz");
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** A database with a row in most tables, and values that a careless copy would spoil. */
async function fill(db: Database): Promise<void> {
  await createBots(db, () => AT).create(botConfig("eth_grid", { tags: ["引號 \" ' \\ \n", "emoji 🚢"] }));
  await createBots(db).takeEpoch("eth_grid", 0, { workerId: "w1", host: "h1" });
  await createLedgerStore(db).commit([
    { type: "intent", order: orderRow({ clientOrderId: "900719925474099312" }) },
    { type: "fill", fill: fillRow({ price: "0.123456789012345678901234567890", clientOrderId: null }) },
    { type: "funding", funding: fundingRow() },
    { type: "state", state: stateRow() },
    noteRow("hello"),
    noteRow("gone"),
  ]);
  await createBots(db).endRun("eth_grid", 1, "stopped");
  await createAudit(db).append({ actor: actor("a"), command: "start", outcome: "allowed", detail: "" }, AT);
  await createChanges(db).commit({ type: "stop", botId: "eth_grid", flatten: false }, actor("s"), ["eth_grid"], AT);
  // The newest alert is gone, but its number must not come back.
  await db.transact((tx) => tx.alert.delete({ where: { sequence: 2 } }));
}

async function contents(db: Database): Promise<unknown> {
  const { prisma } = db;
  const all = await Promise.all([
    ...[prisma.account.findMany(), prisma.bot.findMany(), prisma.botConfigVersion.findMany(), prisma.botNumber.findMany()],
    ...[prisma.order.findMany(), prisma.fill.findMany(), prisma.funding.findMany(), prisma.botState.findMany(), prisma.run.findMany()],
    ...[prisma.change.findMany(), prisma.audit.findMany(), prisma.alert.findMany(), prisma.setting.findMany({ orderBy: { key: "asc" } })],
  ]);
  return JSON.parse(JSON.stringify(all, (_, value: unknown) => (typeof value === "bigint" ? `${value}n` : value)));
}

/** Each kind of database as a target, made and removed around `work`. */
async function onTargets(work: (url: string) => Promise<void>): Promise<number> {
  await work(`file:${join(folder, "restored.db")}`);
  if (postgresMissing !== null) return 1;
  const url = await createPostgresDatabase();
  try {
    await work(url);
  } finally {
    await dropPostgresDatabase(url);
  }
  return 2;
}

onEachDatabase("a backup", ({ url, open }) => {
  it("taken while bots trade restores exactly, into either kind of database", async () => {
    const db = await open();
    await fill(db);
    const before = await contents(db);
    const report = await backUp(url(), file, AT);
    expect(report).toMatchObject({
      file,
      createdAt: new Date(AT).toISOString(),
      schema: readMigrations(migrationsFolder("sqlite")).at(-1)?.name,
    });
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(await verifyBackup(file)).toMatchObject({ rows: report.rows });
    const tried = await onTargets(async (target) => {
      expect(await countRows(target)).toBe(0);
      expect(await restore(file, target, AT)).toMatchObject({ rows: report.rows, from: db.provider, keptAs: null });
      expect(await countRows(target)).toBe(report.rows);
      const copy = await openDatabase(target);
      expect(await contents(copy)).toEqual(before);
      expect(await createAudit(copy).verify()).toEqual({ ok: true, rows: 1 });
      await createAlertOutbox(copy, quietSignals()).raise({
        type: "note",
        message: { en: "next", "zh-TW": "下一則" },
        botId: null,
        mode: "sim",
        at: AT,
      });
      expect((await copy.prisma.alert.findMany({ orderBy: { sequence: "asc" } })).map(({ sequence }) => sequence)).toEqual([1, 3]);
      expect((await createBots(copy).create(botConfig("later"))).number).toBe(2);
      await copy.close();
    });
    expect(tried).toBe(postgresMissing === null ? 2 : 1);
  });

  it("is one moment: rows that are committed while it is written are in it whole or not at all", async () => {
    const db = await open();
    await createBots(db).create(botConfig("eth_grid"));
    const ledger = createLedgerStore(db);
    const pair = (n: number) =>
      [fillRow({ tradeId: `a${n}` }), fillRow({ tradeId: `b${n}` })].map((fill) => ({ type: "fill" as const, fill }));
    for (let n = 0; n < 200; n += 1) await ledger.commit(pair(n));
    let isWriting = true;
    const writing = (async () => {
      for (let n = 200; isWriting; n += 1) {
        await ledger.commit(pair(n));
        await new Promise((resume) => setImmediate(resume));
      }
    })();
    await backUp(url(), file, AT);
    isWriting = false;
    await writing;
    await restore(file, `file:${join(folder, "copy.db")}`, AT);
    const copy = await openDatabase(`file:${join(folder, "copy.db")}`);
    const fills = await copy.prisma.fill.findMany();
    const bot = await copy.prisma.bot.findUniqueOrThrow({ where: { id: "eth_grid" } });
    await copy.close();
    expect(fills.length).toBeGreaterThanOrEqual(400);
    expect(fills.length % 2).toBe(0);
    expect(bot.fillCount).toBe(fills.length);
  });

  it("replaces what was there, and is refused while another process has the database open", async () => {
    const db = await open();
    await fill(db);
    await backUp(url(), file, AT);
    const before = await contents(db);
    await createBots(db).create(botConfig("newcomer"));
    await expect(restore(file, url(), AT)).rejects.toThrow("is in use by another process; stop Botswain first");
    expect(await createBots(db).get("newcomer")).not.toBeNull();
    await db.close();
    const { keptAs } = await restore(file, url(), AT);
    const restored = await open();
    expect(await contents(restored)).toEqual(before);
    if (db.provider === "postgresql") return;
    const old = await openDatabase(`file:${keptAs}`);
    expect((await createBots(old).list()).map(({ id }) => id)).toEqual(["eth_grid", "newcomer"]);
    await old.close();
    expect(statSync(url().slice("file:".length)).mode & 0o777).toBe(0o600);
  });

  it("of an older version is brought up to date", async () => {
    const provider = url().startsWith("file:") ? "sqlite" : "postgresql";
    const first = join(folder, "first");
    const all = migrationsFolder(provider);
    for (const name of ["0001_init", "0002_numbers_and_adjustments"]) cpSync(join(all, name), join(first, name), { recursive: true });
    if (provider === "sqlite") migrateSqlite(url().slice("file:".length), first);
    else await migratePostgres(url(), first);
    expect(await backUp(url(), file, AT)).toMatchObject({ schema: "0002_numbers_and_adjustments", rows: 0 });
    await restore(file, url(), AT);
    const db = await open();
    const rows = await db.prisma.$queryRawUnsafe<{ migration_name: string }[]>(
      `SELECT migration_name FROM "_prisma_migrations" ORDER BY 1`,
    );
    expect(rows.map((row) => row.migration_name)).toEqual(readMigrations(all).map(({ name }) => name));
  });

  it("leaves tables of other programs alone", async () => {
    const db = await open();
    await fill(db);
    await db.transact((tx) => tx.$executeRawUnsafe("CREATE TABLE theirs (a TEXT)"));
    await db.transact((tx) => tx.$executeRawUnsafe("INSERT INTO theirs VALUES ('kept')"));
    await db.close();
    const { rows } = await backUp(url(), file, AT);
    expect(await countRows(url())).toBe(rows);
    await restore(file, url(), AT);
    const again = await open();
    const theirs = again.prisma.$queryRawUnsafe("SELECT a FROM theirs");
    // A new SQLite file holds what the backup holds; the old one is kept.
    if (db.provider === "sqlite") await expect(theirs).rejects.toThrow("no such table");
    else expect(await theirs).toEqual([{ a: "kept" }]);
  });

  it("that is bad leaves the database as it was, whatever is wrong with it", async () => {
    const db = await open();
    await fill(db);
    await backUp(url(), file, AT);
    const before = await contents(db);
    await db.close();
    const lines = gunzipSync(readFileSync(file)).toString().split("\n");
    const at = (needle: string): number => lines.findIndex((line) => line.includes(needle));
    const edited = (index: number, line: string): string[] => lines.map((old, n) => (n === index ? line : old));
    const head = JSON.parse(lines[0] ?? "") as { migrations: string[] };
    const fillLine = at('"0.123456789012345678901234567890"');
    const bad: [string, Buffer | string[]][] = [
      ["is no backup of Botswain", Buffer.from("hello")],
      ["is no backup of Botswain", ["{}"]],
      ["ends too early", readFileSync(file).subarray(0, -20)],
      ["is damaged at line", lines.slice(0, -2)],
      ["does not have its checksum", edited(fillLine, (lines[fillLine] ?? "").replace("0.1234", "0.1235"))],
      ["does not have its checksum", lines.filter((_, n) => n !== fillLine)],
      ["is damaged at line", edited(fillLine, "[1]")],
      ["is damaged at line", edited(fillLine, "{not json")],
      ["is damaged at line", [...lines.slice(0, -1), '["after the end"]']],
      ["does not have its checksum", edited(0, (lines[0] ?? "").replace(/"createdAt":"2/, '"createdAt":"3'))],
      [
        "was made by a newer Botswain \\(it holds migration 9999_later\\)",
        edited(0, JSON.stringify({ ...head, migrations: [...head.migrations, "9999_later"] })),
      ],
      ["version 2 of the backup format", edited(0, JSON.stringify({ ...head, version: 2 }))],
    ];
    for (const [sentence, content] of bad) {
      const path = join(folder, "bad.gz");
      writeFileSync(path, Array.isArray(content) ? gzipSync(content.join("\n")) : content);
      await expect(restore(path, url(), AT)).rejects.toThrow(new RegExp(sentence));
    }
    await expect(restore(join(folder, "none.gz"), url(), AT)).rejects.toThrow("There is no file");
    expect(await contents(await open())).toEqual(before);
  });
});

describe("a backup's file", () => {
  it("is not written for a database that is missing or empty, and leaves no part behind", async () => {
    const path = join(folder, "none.db");
    await expect(backUp(`file:${path}`, file, AT)).rejects.toThrow(`There is no database at ${path}`);
    expect(existsSync(path)).toBe(false);
    writeFileSync(path, "");
    await expect(backUp(`file:${path}`, file, AT)).rejects.toThrow("nothing to back up");
    migrateSqlite(path);
    await expect(backUp(`file:${path}`, join(folder, "nowhere", "x.gz"), AT)).rejects.toThrow("ENOENT");
    expect(existsSync(file)).toBe(false);
  });
});
