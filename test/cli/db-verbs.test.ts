// `db`, `export` and `stats` as people and programs call them: one database from its first table to a copy in another place.

import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import Sqlite from "better-sqlite3";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { runCommandLine } from "../../src/cli/program.ts";
import { createAudit } from "../../src/storage/audit.ts";
import { createBots } from "../../src/storage/bots.ts";
import { openDatabase } from "../../src/storage/database.ts";
import { createLedgerStore } from "../../src/storage/ledger.ts";
import { migrationsFolder, readMigrations } from "../../src/storage/migrate.ts";
import { botConfig } from "../memory-fleet.ts";
import { AT, actor, fillRow } from "../storage/rows.ts";

const NEWEST = readMigrations(migrationsFolder("sqlite")).at(-1)?.name ?? "";

let folder = "";
let path = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "botswain-db-verbs-"));
  path = join(folder, "botswain.db");
  vi.stubEnv("BOTSWAIN_HOME", folder);
  vi.stubEnv("BOTSWAIN_TIMEZONE", "Asia/Taipei");
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
  process.exitCode = undefined;
  rmSync(folder, { recursive: true, force: true });
});

async function botswain(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  const written = { out: "", err: "" };
  const [stdout, stderr] = (["stdout", "stderr"] as const).map((stream) =>
    vi.spyOn(process[stream], "write").mockImplementation((text, ...rest) => {
      written[stream === "stdout" ? "out" : "err"] += String(text);
      const done = rest.find((value) => typeof value === "function") as (() => void) | undefined;
      done?.();
      return true;
    }),
  );
  process.exitCode = undefined;
  try {
    return { code: await runCommandLine(args), ...written };
  } finally {
    stdout?.mockRestore();
    stderr?.mockRestore();
  }
}

async function json(...args: string[]): Promise<{ code: number; data: Record<string, unknown> }> {
  const { code, out } = await botswain(...args, "--json");
  return { code, data: JSON.parse(out) as Record<string, unknown> };
}

async function withTrades(): Promise<void> {
  const db = await openDatabase(`file:${path}`);
  await createBots(db, () => AT).create(botConfig("eth_grid"));
  await createLedgerStore(db).commit([{ type: "fill", fill: fillRow({ realizedPnl: "2" }) }]);
  await createAudit(db).append({ actor: actor("a"), command: "start", outcome: "allowed", detail: "" }, AT);
  await db.close();
}

describe("db migrate", () => {
  test("says from where to where, and that nothing was left to do", async () => {
    const first = await json("db", "migrate");
    expect(first).toMatchObject({ code: 0, data: { ok: true, provider: "sqlite", from: null, to: NEWEST } });
    expect(await json("db", "migrate")).toMatchObject({ data: { from: NEWEST, to: NEWEST, applied: [] } });
    expect((await botswain("db", "migrate")).out).toBe(`sqlite: up to date (${NEWEST})\n`);
  });

  test("makes the data folder where there is none yet", async () => {
    vi.stubEnv("BOTSWAIN_HOME", join(folder, "not-made-yet"));
    expect(await json("db", "migrate")).toMatchObject({ code: 0, data: { ok: true, to: NEWEST } });
  });

  test("refuses a database that is newer than the program", async () => {
    await botswain("db", "migrate");
    const db = new Sqlite(path);
    db.exec(`INSERT INTO "_prisma_migrations" (id, checksum, finished_at, migration_name) VALUES ('x', 'x', 1, '9999_later')`);
    db.close();
    expect(await json("db", "migrate")).toMatchObject({ code: 1, data: { ok: false } });
    for (const verb of ["migrate", "check"])
      expect((await botswain("db", verb)).err).toContain("made by a newer Botswain (it holds migration 9999_later)");
    expect((await botswain("db", "backup", join(folder, "x.gz"))).err).toContain("made by a newer Botswain");
  });
});

describe("db backup and db restore", () => {
  test("restores on a new machine, where there is no data folder yet", async () => {
    await withTrades();
    const file = join(folder, "copy.gz");
    await botswain("db", "backup", file);
    const home = join(folder, "new", "home");
    vi.stubEnv("BOTSWAIN_HOME", home);
    expect(await json("db", "restore", file)).toMatchObject({ code: 0, data: { ok: true, replaced: 0 } });
    expect(existsSync(join(home, "botswain.db"))).toBe(true);
    expect((await botswain("db", "check")).code).toBe(0);
  });

  const file = () => join(folder, "backup.jsonl.gz");

  test("copy a database, ask before they replace one, and keep the one before", async () => {
    await withTrades();
    const backup = await json("db", "backup", file());
    expect(backup).toMatchObject({ code: 0, data: { ok: true, file: file(), schema: NEWEST } });
    expect(await json("db", "backup", file())).toMatchObject({ code: 1, data: { error: expect.stringContaining("exists already") } });
    expect((await botswain("db", "backup", file(), "--replace")).code).toBe(0);
    const rows = backup.data.rows as number;
    const elsewhere = `file:${join(folder, "copy.db")}`;
    vi.stubEnv("OTHER_DATABASE", elsewhere);
    expect(await json("db", "restore", file(), "--into-env", "OTHER_DATABASE")).toMatchObject({
      code: 0,
      data: { replaced: 0, rows, keptAs: null },
    });
    const refused = await botswain("db", "restore", file(), "--into", elsewhere);
    expect(refused).toMatchObject({ code: 1, out: "" });
    expect(refused.err).toContain(`holds ${rows} rows, which a restore replaces; add --yes if that is meant.`);
    const replaced = await json("db", "restore", file(), "--into", elsewhere, "--yes");
    expect(replaced).toMatchObject({ code: 0, data: { replaced: rows, rows } });
    expect(existsSync(String(replaced.data.keptAs))).toBe(true);
  });

  test("refuse to touch the database of a Botswain that runs", async () => {
    await withTrades();
    await botswain("db", "backup", file());
    const holder = { pid: process.pid, started: null, since: AT, host: hostname() };
    writeFileSync(join(folder, "lock"), JSON.stringify(holder));
    expect((await botswain("db", "restore", file(), "--yes")).err).toContain(`Botswain runs on this data folder (process ${process.pid}`);
    rmSync(join(folder, "lock"));
    const db = await openDatabase(`file:${path}`);
    expect((await botswain("db", "restore", file(), "--yes")).err).toContain("is in use by another process; stop Botswain first");
    await db.close();
    expect((await botswain("db", "restore", file(), "--yes")).code).toBe(0);
  });

  test("say in one sentence what is wrong", async () => {
    expect((await botswain("db", "backup", file())).err).toContain(`There is no database at ${path}`);
    expect((await botswain("db", "restore", file())).err).toContain(`There is no file ${file()}`);
    writeFileSync(file(), "nonsense");
    expect((await botswain("db", "restore", file())).err).toBe(
      `${file()} is no backup of Botswain; name a file that \`botswain db backup\` wrote.\n`,
    );
    expect((await botswain("db", "restore", file(), "--into-env", "NOT_SET")).err).toContain("NOT_SET is empty");
    expect((await botswain("db", "restore", file(), "--into", "mysql://x")).err).toContain("must be file:PATH (SQLite) or postgresql://");
    expect(existsSync(path)).toBe(false);
  });
});

describe("db check", () => {
  test("finds everything in order, then each thing that is not", async () => {
    await withTrades();
    expect(await json("db", "check")).toMatchObject({ code: 0, data: { ok: true, provider: "sqlite" } });
    const db = new Sqlite(path);
    db.pragma("foreign_keys = OFF");
    db.exec(`UPDATE audit SET "userName" = 'Eve'; UPDATE fills SET "number" = 7, "price" = '1e5';
      INSERT INTO funding VALUES ('backpack', 'sim', 'ETH/USDC:USDC', 'f', 'nobody', 'USDC', '1', 1);
      INSERT INTO claims VALUES ('backpack', 'sim', 'X', 'nobody', 1);`);
    db.close();
    const { code, data } = await json("db", "check");
    const bad = (data.findings as { check: string; ok: boolean }[]).filter(({ ok }) => !ok).map(({ check }) => check);
    expect([code, bad.sort()]).toEqual([1, ["audit", "decimals", "fillNumbers", "keys", "orphans"]]);
    const { out } = await botswain("db", "check");
    expect(out).toContain("BAD  row 1 of the audit was changed");
    expect(out).toContain("BAD  rows of bots that do not exist: funding: 1 (nobody)");
    expect(out).toContain("BAD  1 values are no decimals, first fills.price = 1e5");
  });
});

describe("export and stats", () => {
  test("write to stdout, to files, and what programs read", async () => {
    await withTrades();
    const csv = await botswain("export", "fills");
    expect(csv.out.split("\r\n")[0]).toContain("time,localTime,bot,mode,exchange,account,symbol,side,price,quantity");
    expect(csv.out).toContain(
      "2025-05-04T12:00:01.000Z,2025-05-04T20:00:01.000+08:00,eth_grid,sim,backpack,sim,ETH/USDC:USDC,buy,1800.50,0.10",
    );
    expect(JSON.parse((await botswain("export", "pnl", "--json")).out)).toMatchObject([
      { day: "2025-05-04", bot: "eth_grid", netPnl: "1.964", trades: 1 },
    ]);
    const file = join(folder, "fills.json");
    expect(await json("export", "fills", "--out", file)).toMatchObject({ code: 0, data: { ok: true, rows: 1 } });
    expect(JSON.parse(readFileSync(file, "utf8"))).toMatchObject([{ realizedPnl: "2", price: "1800.50" }]);
    const tax = await botswain("export", "fills", "--profile", "tax");
    expect([tax.code, tax.out.split("\r\n").length]).toEqual([0, 2]);
    expect(tax.err).toContain("No bot trades real money");
    expect((await botswain("export", "orders", "--profile", "tax")).err).toContain(
      "--profile tax is for fills and for funding, not for orders.",
    );
    expect(await json("stats")).toMatchObject({
      code: 0,
      data: { ok: true, timezone: "Asia/Taipei", totals: [{ netPnl: "1.964", volume: "180.05", days: 1 }] },
    });
    const { out } = await botswain("stats", "--by", "currency");
    expect(out).toMatch(/2025-05-04 +- +sim +USDC +1\.964 +2 +0\.036 +0 +180\.05 +0 +1 +0/);
    expect((await botswain("stats", "--from", "2030-01-01")).out).toBe("Nothing was traded.\n");
  });

  test("refuse what is wrong with usage help or a sentence, and make no database", async () => {
    expect((await botswain("export", "fills")).err).toContain(`There is no database at ${path}`);
    expect((await botswain("stats")).err).toContain(`There is no database at ${path}`);
    expect((await botswain("export", "money")).code).toBe(2);
    expect((await botswain("export", "fills", "--format", "xml")).code).toBe(2);
    expect(existsSync(path)).toBe(false);
    for (const verb of [["db"], ["db", "migrate"], ["db", "backup"], ["db", "restore"], ["db", "check"], ["export"], ["stats"]]) {
      const { code, out } = await botswain(...verb, "--help");
      expect([verb, code]).toEqual([verb, 0]);
      expect(out).toContain("$ botswain ");
      if (verb.length > 1 || verb[0] !== "db") expect(out).toContain("--json");
    }
  });
});
