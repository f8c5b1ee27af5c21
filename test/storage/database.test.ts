// Opening databases: migrations under races, refusals with one sentence, and the two connections of SQLite.

import { execFile } from "node:child_process";
import { appendFileSync, cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import Sqlite from "better-sqlite3";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { UserError } from "../../src/core/text.ts";
import { openDatabase } from "../../src/storage/database.ts";
import { migratePostgres, migrateSqlite, migrationsFolder, readMigrations } from "../../src/storage/migrate.ts";
import { type CompiledSources, compileSources } from "./compiled.ts";
import { onEachDatabase } from "./databases.ts";

const MIGRATIONS = readMigrations(migrationsFolder("sqlite")).map(({ name }) => name);
const PROJECT = fileURLToPath(new URL("../..", import.meta.url));

async function sentenceOf(opening: Promise<unknown>): Promise<string> {
  const error: unknown = await opening.then(
    () => null,
    (fault) => fault,
  );
  expect(error).toBeInstanceOf(UserError);
  const { text } = error as UserError;
  expect(text["zh-TW"]).not.toBe("");
  return text.en;
}

onEachDatabase("migrations", ({ url, open }) => {
  let folder = "";
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "botswain-migrations-"));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const migrate = async (from: string): Promise<string[]> =>
    url().startsWith("file:") ? migrateSqlite(url().slice("file:".length), from) : migratePostgres(url(), from);
  const copied = (): string => {
    cpSync(migrationsFolder(url().startsWith("file:") ? "sqlite" : "postgresql"), folder, { recursive: true });
    return folder;
  };

  it("have the same names on both databases, in order, numbered without a gap", () => {
    expect(readMigrations(migrationsFolder("postgresql")).map(({ name }) => name)).toEqual(MIGRATIONS);
    expect(MIGRATIONS.map((name) => Number(name.slice(0, 4)))).toEqual(MIGRATIONS.map((_, index) => index + 1));
  });

  it("are applied once, by one of those who open the database at the same time", async () => {
    await Promise.all([open(), open(), open(), open()]);
    const db = await open();
    const rows = await db.prisma.$queryRawUnsafe<{ migration_name: string }[]>(`SELECT migration_name FROM "_prisma_migrations"`);
    expect(rows.map((row) => row.migration_name)).toEqual(MIGRATIONS);
  });

  it("make what the models say", async () => {
    const provider = url().startsWith("file:") ? "sqlite" : "postgresql";
    const from = ["--from-migrations", join("prisma", provider, "migrations"), "--to-schema", join("prisma", provider)];
    const prisma = join(PROJECT, "node_modules/prisma/build/index.js");
    const engine = { PRISMA_SCHEMA_ENGINE_BINARY: join(PROJECT, "scripts/schema-engine.mjs"), CHECKPOINT_DISABLE: "1", NO_COLOR: "1" };
    const diff = promisify(execFile)(process.execPath, [prisma, "migrate", "diff", ...from, "--exit-code"], {
      cwd: PROJECT,
      env: { ...process.env, ...engine, DATABASE_URL: url() },
    });
    // Differences end it with exit code 2, which rejects with the differences in its output.
    expect((await diff).stdout).toContain("No difference detected");
  });

  it("that follow are applied later, in order", async () => {
    await open();
    for (const [name, sql] of [
      ["0012_more", "CREATE TABLE more (a INTEGER); CREATE TABLE most (b INTEGER);"],
      ["0013_less", "DROP TABLE most;"],
    ] as const) {
      mkdirSync(join(copied(), name), { recursive: true });
      writeFileSync(join(folder, name, "migration.sql"), sql);
    }
    expect(await migrate(folder)).toEqual(["0012_more", "0013_less"]);
    expect(await migrate(folder)).toEqual([]);
    expect(await sentenceOf(open())).toContain("made by a newer Botswain (it holds migration 0012_more)");
  });

  it("that fail leave nothing behind", async () => {
    mkdirSync(join(copied(), "0012_broken"));
    writeFileSync(join(folder, "0012_broken", "migration.sql"), "CREATE TABLE half (a INTEGER); CREATE TABLE half (a INTEGER);");
    await expect(migrate(folder)).rejects.toThrow("half");
    rmSync(join(folder, "0012_broken"), { recursive: true });
    expect(await migrate(folder)).toEqual(MIGRATIONS);
  });

  it("keep the numbers that bots had before a bot had one on each account", async () => {
    const between = {
      "0001a_bot": `INSERT INTO accounts ("exchange", "name", "createdAt") VALUES ('backpack', 'sim', 1);
        INSERT INTO bots ("id", "exchange", "account", "number", "createdAt") VALUES ('old', 'backpack', 'sim', 9, 1);`,
      // Fails, and with it the whole, unless the number is there.
      "0012_proof": `CREATE TABLE proof (n INTEGER NOT NULL CHECK (n = 9));
        INSERT INTO proof SELECT (SELECT "number" FROM bot_numbers WHERE "botId" = 'old' AND "exchange" = 'backpack' AND "account" = 'sim');`,
    };
    for (const [name, sql] of Object.entries(between)) {
      mkdirSync(join(copied(), name));
      writeFileSync(join(folder, name, "migration.sql"), sql);
    }
    expect(await migrate(folder)).toEqual([...MIGRATIONS, ...Object.keys(between)].sort());
  });

  it("that were changed after they were applied are refused", async () => {
    await open();
    appendFileSync(join(copied(), "0001_init", "migration.sql"), "\n-- changed");
    await expect(migrate(folder)).rejects.toThrow("Migration 0001_init was changed after it was applied");
  });
});

describe("four processes that migrate one SQLite file at once", () => {
  let compiled: CompiledSources;
  beforeAll(async () => {
    compiled = await compileSources(["storage/migrate"]);
  });
  afterAll(() => compiled.remove());

  it("apply each migration once", async () => {
    const module = compiled.url("storage/migrate");
    const [file, migrations] = [join(compiled.folder, "botswain.db"), migrationsFolder("sqlite")];
    const script = `import { migrateSqlite } from ${JSON.stringify(module)};
      console.log(JSON.stringify(migrateSqlite(${JSON.stringify(file)}, ${JSON.stringify(migrations)})));`;
    const runs = Array.from({ length: 4 }, () => promisify(execFile)(process.execPath, ["--input-type=module", "-e", script]));
    const applied = (await Promise.all(runs)).flatMap(({ stdout }) => JSON.parse(stdout) as string[]);
    expect(applied).toEqual(MIGRATIONS);
  });
});

describe("a database that cannot be used", () => {
  let folder = "";
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "botswain-open-"));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it("is named with what to do: another kind", async () => {
    expect(await sentenceOf(openDatabase("mysql://me:secret@host/db"))).toBe(
      'DATABASE_URL must start with "file:" (SQLite) or "postgresql://", got mysql:.',
    );
  });

  it("is named with what to do: a missing folder, a file that is none", async () => {
    const missing = await sentenceOf(openDatabase(`file:${join(folder, "nowhere", "botswain.db")}`));
    expect(missing).toContain(join(folder, "nowhere", "botswain.db"));
    expect(missing).toContain("DATABASE_URL");
    writeFileSync(join(folder, "botswain.db"), "this is a letter to my aunt and no database at all, not even a small one".repeat(50));
    expect(await sentenceOf(openDatabase(`file:${join(folder, "botswain.db")}`))).toContain("file is not a database");
  });

  it("is named without its password: PostgreSQL that does not answer", async () => {
    const sentence = await sentenceOf(openDatabase("postgresql://me:s3cret@127.0.0.1:1/botswain"));
    expect(sentence).toContain("127.0.0.1:1/botswain");
    expect(sentence).toContain("ECONNREFUSED");
    expect(sentence).not.toContain("s3cret");
  });

  it("is named with what to do: an address that cannot be read, another schema", async () => {
    expect(await sentenceOf(openDatabase("postgresql://me:s3cret@host:notaport/db"))).toContain("must look like");
    expect(await sentenceOf(openDatabase("postgresql://me@127.0.0.1:1/db?schema=other"))).toContain("without another schema");
  });

  it("opens a file: address with three slashes", async () => {
    const db = await openDatabase(`file://${join(folder, "botswain.db")}`);
    expect(await db.prisma.bot.count()).toBe(0);
    await db.close();
  });
});

describe("SQLite", () => {
  let folder = "";
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "botswain-sqlite-"));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const setting = (key: string) => ({ data: { key, value: "" } });

  it("runs in WAL with foreign keys and synchronous=NORMAL", async () => {
    const db = await openDatabase(`file:${join(folder, "botswain.db")}`);
    const pragmas = await db.transact(async (tx) => [
      await tx.$queryRawUnsafe("PRAGMA journal_mode"),
      await tx.$queryRawUnsafe("PRAGMA synchronous"),
      await tx.$queryRawUnsafe("PRAGMA foreign_keys"),
    ]);
    expect(JSON.stringify(pragmas, (_, value) => (typeof value === "bigint" ? Number(value) : value))).toBe(
      '[[{"journal_mode":"wal"}],[{"synchronous":1}],[{"foreign_keys":1}]]',
    );
    await db.close();
  });

  it("shows readers nothing of an unfinished transaction, and refuses a write outside of one", async () => {
    const db = await openDatabase(`file:${join(folder, "botswain.db")}`);
    await db.transact(async (tx) => {
      await tx.setting.create(setting("a"));
      expect(await db.prisma.setting.count()).toBe(0);
    });
    expect(await db.prisma.setting.count()).toBe(1);
    await expect(db.prisma.$executeRawUnsafe("DELETE FROM settings")).rejects.toThrow();
    expect(await db.prisma.setting.count()).toBe(1);
    await db.close();
  });

  it("goes on after a transaction that was rolled back", async () => {
    const db = await openDatabase(`file:${join(folder, "botswain.db")}`);
    const failing = db.transact(async (tx) => {
      await tx.setting.create(setting("a"));
      throw new Error("no");
    });
    await expect(failing).rejects.toThrow("no");
    await db.transact((tx) => tx.setting.create(setting("b")));
    expect(await db.prisma.setting.findMany({ select: { key: true } })).toEqual([{ key: "b" }]);
    await db.close();
  });

  it("waits for another process's write without blocking this one", async () => {
    const path = join(folder, "botswain.db");
    const db = await openDatabase(`file:${path}`);
    const other = new Sqlite(path);
    other.exec("BEGIN IMMEDIATE");
    let turns = 0;
    const ticking = setInterval(() => {
      turns += 1;
      if (turns === 10) other.exec("COMMIT");
    }, 5);
    await db.transact((tx) => tx.setting.create(setting("a")));
    clearInterval(ticking);
    expect(turns).toBeGreaterThanOrEqual(10);
    other.close();
    await db.close();
  });
});
