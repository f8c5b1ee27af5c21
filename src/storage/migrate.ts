// Applies the committed migrations at start, keeping the books that `prisma migrate` itself reads.

import { createHash, randomUUID } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import Sqlite from "better-sqlite3";
import pg from "pg";
import { UserError } from "../core/text.ts";

export interface Migration {
  readonly name: string;
  readonly sql: string;
  /** sha256 of the file, as Prisma computes it. */
  readonly checksum: string;
}

/** The project's own migrations: two folders above this module, in the sources and in the build alike. */
export function migrationsFolder(provider: "sqlite" | "postgresql"): string {
  return fileURLToPath(new URL(`../../prisma/${provider}/migrations`, import.meta.url));
}

/** Migrations of a folder in the order in which they apply. */
export function readMigrations(folder: string): Migration[] {
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && existsSync(join(folder, entry.name, "migration.sql")))
    .map((entry) => entry.name)
    .sort()
    .map((name) => {
      const sql = readFileSync(join(folder, name, "migration.sql"), "utf8");
      return { name, sql, checksum: createHash("sha256").update(sql).digest("hex") };
    });
}

/** Names of the tables that migrations make: what else lies in a database is not ours. */
export function tablesOf(migrations: readonly Migration[]): ReadonlySet<string> {
  return new Set(migrations.flatMap(({ sql }) => [...sql.matchAll(/CREATE TABLE "(\w+)"/g)].flatMap((match) => match[1] ?? [])));
}

interface AppliedRow {
  readonly migration_name: string;
  readonly checksum: string;
}

/** What is left to apply. Throws a UserError when the database and the program do not belong together. */
function missing(migrations: readonly Migration[], applied: readonly AppliedRow[]): Migration[] {
  const checksums = new Map(applied.map((row) => [row.migration_name, row.checksum]));
  for (const name of checksums.keys()) {
    if (migrations.some((migration) => migration.name === name)) continue;
    throw new UserError({
      en: `The database of DATABASE_URL was made by a newer Botswain (it holds migration ${name}); start that version, or name another database.`,
      "zh-TW": `DATABASE_URL 的資料庫是由較新版的 Botswain 建立的（含有遷移 ${name}）；請改用該版本啟動，或改用其他資料庫。`,
    });
  }
  return migrations.filter((migration) => {
    const checksum = checksums.get(migration.name);
    if (checksum === undefined || checksum === migration.checksum) return checksum === undefined;
    throw new UserError({
      en: `Migration ${migration.name} was changed after it was applied to the database of DATABASE_URL; put back the file as it was released.`,
      "zh-TW": `遷移 ${migration.name} 套用到 DATABASE_URL 的資料庫之後又被改動；請還原成發行時的檔案。`,
    });
  });
}

const APPLIED = `SELECT migration_name, checksum FROM "_prisma_migrations" WHERE rolled_back_at IS NULL`;

/** Brings an SQLite file up to date (creating it) and returns the names applied. Several processes may do this at once. */
export function migrateSqlite(path: string, folder = migrationsFolder("sqlite")): string[] {
  const db = new Sqlite(path, { timeout: 30_000 });
  try {
    db.pragma("journal_mode = WAL");
    // A migration that rebuilds a table would otherwise drop the rows that refer to it.
    db.pragma("foreign_keys = OFF");
    return db.transaction(() => applySqlite(db, readMigrations(folder))).immediate();
  } finally {
    db.close();
  }
}

/** Applies what is missing of these migrations, within the caller's transaction, and returns the names. */
export function applySqlite(db: Sqlite.Database, migrations: readonly Migration[]): string[] {
  db.exec(`CREATE TABLE IF NOT EXISTS "_prisma_migrations" ("id" TEXT PRIMARY KEY NOT NULL, "checksum" TEXT NOT NULL,
    "finished_at" DATETIME, "migration_name" TEXT NOT NULL, "logs" TEXT, "rolled_back_at" DATETIME,
    "started_at" DATETIME NOT NULL DEFAULT current_timestamp, "applied_steps_count" INTEGER UNSIGNED NOT NULL DEFAULT 0)`);
  const record = db.prepare(`INSERT INTO "_prisma_migrations"
    (id, checksum, finished_at, migration_name, started_at, applied_steps_count) VALUES (?, ?, ?, ?, ?, 1)`);
  return missing(migrations, db.prepare<[], AppliedRow>(APPLIED).all()).map((migration) => {
    db.exec(migration.sql);
    record.run(randomUUID(), migration.checksum, Date.now(), migration.name, Date.now());
    return migration.name;
  });
}

/** Any number known to all processes: the advisory lock that one migrator holds at a time. */
const MIGRATION_LOCK = 72_707_369;

/** Brings a PostgreSQL database up to date and returns the names applied. Several processes may do this at once. */
export async function migratePostgres(url: string, folder = migrationsFolder("postgresql")): Promise<string[]> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 5_000 });
  // Without a listener a connection that breaks between two queries would end the process; the next query reports it.
  client.on("error", () => {});
  await client.connect();
  try {
    await client.query("BEGIN");
    const names = await applyPostgres(client, readMigrations(folder));
    await client.query("COMMIT");
    return names;
  } finally {
    // Ending the connection rolls an unfinished transaction back.
    await client.end();
  }
}

/** Applies what is missing of these migrations, within the caller's transaction, and returns the names. */
export async function applyPostgres(client: pg.Client, migrations: readonly Migration[]): Promise<string[]> {
  await client.query("SELECT pg_advisory_xact_lock($1)", [MIGRATION_LOCK]);
  await client.query(`CREATE TABLE IF NOT EXISTS "_prisma_migrations" ("id" VARCHAR(36) PRIMARY KEY NOT NULL,
    "checksum" VARCHAR(64) NOT NULL, "finished_at" TIMESTAMPTZ, "migration_name" VARCHAR(255) NOT NULL, "logs" TEXT,
    "rolled_back_at" TIMESTAMPTZ, "started_at" TIMESTAMPTZ NOT NULL DEFAULT now(), "applied_steps_count" INTEGER NOT NULL DEFAULT 0)`);
  const applied = await client.query<AppliedRow>(APPLIED);
  const names: string[] = [];
  for (const migration of missing(migrations, applied.rows)) {
    await client.query(migration.sql);
    await client.query(
      `INSERT INTO "_prisma_migrations" (id, checksum, finished_at, migration_name, applied_steps_count) VALUES ($1, $2, now(), $3, 1)`,
      [randomUUID(), migration.checksum, migration.name],
    );
    names.push(migration.name);
  }
  return names;
}
