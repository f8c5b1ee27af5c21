// Puts a backup's rows into a database: all of them or none, and what was there before stays until all is well.

import { closeSync, existsSync, fsyncSync, linkSync, openSync, renameSync, rmSync } from "node:fs";
import { dirname } from "node:path";
import Sqlite from "better-sqlite3";
import pg from "pg";
import { UserError } from "../../core/text.ts";
import { explaining, postgresPlace, sqlitePath } from "../database-address.ts";
import { applyPostgres, applySqlite, type Migration, migrationsFolder, readMigrations } from "../migrate.ts";
import { postgresTables, sqliteTables } from "./source.ts";
import { type Counter, MIGRATIONS_TABLE, quoted, type Row, type TableShape } from "./table-shape.ts";

export interface RestoreTarget {
  /** Makes the tables as these migrations left them, empty, and says what they are. */
  begin(migrations: readonly string[]): Promise<readonly TableShape[]>;
  insert(table: TableShape, rows: readonly Row[]): Promise<void>;
  /** Counters, later migrations, keys; then everything at once takes the place of what was there. What that is kept as, if anywhere. */
  finish(counters: readonly Counter[]): Promise<{ readonly keptAs: string | null }>;
  /** Leaves everything as it was; harmless after `finish`. */
  abandon(): Promise<void>;
}

/** Rows of all our tables in the database of an address, 0 for one that does not exist yet. */
export function countRows(url: string): Promise<number> {
  return explaining(url, () => countAll(url));
}

async function countAll(url: string): Promise<number> {
  const path = sqlitePath(url);
  if (path === null) return withPostgres(url, async (client) => countPostgres(client, await postgresTables(client)));
  if (!existsSync(path)) return 0;
  const db = new Sqlite(path, { readonly: true, timeout: 5_000 });
  try {
    return sqliteTables(db).reduce(
      (sum, { name }) =>
        sum +
        Number(
          db
            .prepare<[], number>(`SELECT COUNT(*) FROM ${quoted(name)}`)
            .pluck()
            .get(),
        ),
      0,
    );
  } finally {
    db.close();
  }
}

/**
 * Opens the place to restore into. Throws a UserError when another process has the database open. `stamp` names what is kept of
 * the one before.
 */
export async function openTarget(url: string, stamp: string): Promise<RestoreTarget> {
  const path = sqlitePath(url);
  return explaining(url, () => (path === null ? openPostgresTarget(url) : openSqliteTarget(path, stamp)));
}

function upTo(all: readonly Migration[], names: readonly string[]): Migration[] {
  return all.filter(({ name }) => names.includes(name));
}

function inUse(place: string): UserError {
  return new UserError(
    {
      en: `${place} is in use by another process; stop Botswain first (botswain down), then restore.`,
      "zh-TW": `${place} 正被其他程序使用；請先停止 Botswain（botswain down）再還原。`,
    },
    "inUse",
  );
}

// ---- SQLite ---------------------------------------------------------------------------------------------------------

function openSqliteTarget(path: string, stamp: string): RestoreTarget {
  const release = lockFile(path);
  const draft = `${path}.restore-${process.pid}`;
  removeSqlite(draft);
  closeSync(openSync(draft, "wx", 0o600));
  const db = new Sqlite(draft);
  const all = readMigrations(migrationsFolder("sqlite"));
  const close = (): void => {
    if (db.open) db.close();
  };
  return {
    begin: async (migrations) => {
      // Nobody else reads the draft, and a crash throws it away: it needs no journal, and reaches the disk at the end.
      for (const pragma of ["journal_mode = OFF", "synchronous = OFF", "foreign_keys = OFF"]) db.pragma(pragma);
      db.exec("BEGIN");
      applySqlite(db, upTo(all, migrations));
      return sqliteTables(db);
    },
    insert: async (table, rows) => {
      const columns = table.columns.map(({ name }) => quoted(name)).join(", ");
      const holes = table.columns.map(() => "?").join(", ");
      const statement = db.prepare(`INSERT INTO ${quoted(table.name)} (${columns}) VALUES (${holes})`);
      for (const row of rows) statement.run(row.map((value, index) => toSqlite(value, table.columns[index]?.type)));
    },
    finish: async (counters) => {
      for (const { table, last } of counters) {
        const known = db.prepare("UPDATE sqlite_sequence SET seq = MAX(seq, ?) WHERE name = ?").run(BigInt(last), table);
        if (known.changes === 0 && isCounted(db, table))
          db.prepare("INSERT INTO sqlite_sequence (name, seq) VALUES (?, ?)").run(table, BigInt(last));
      }
      applySqlite(db, all);
      refuseStrayRows(db);
      db.exec("COMMIT");
      db.pragma("journal_mode = WAL");
      close();
      syncFile(draft);
      const keptAs = replaceFile(draft, path, stamp);
      release();
      return { keptAs };
    },
    abandon: async () => {
      close();
      release();
      removeSqlite(draft);
    },
  };
}

function toSqlite(value: Row[number], type: string | undefined): string | number | bigint | null {
  if (type === "bigint" && typeof value === "string") return BigInt(value);
  return typeof value === "boolean" ? Number(value) : value;
}

function isCounted(db: Sqlite.Database, table: string): boolean {
  const made = db.prepare<[string], string>("SELECT sql FROM sqlite_master WHERE type = 'table' AND name = ?").pluck().get(table);
  return made?.includes("AUTOINCREMENT") === true;
}

function refuseStrayRows(db: Sqlite.Database): void {
  const strays = db.pragma("foreign_key_check") as { readonly table: string; readonly parent: string }[];
  const [first] = strays;
  if (first === undefined) return;
  throw new UserError({
    en: `The backup holds ${strays.length} rows whose parent is missing (first: table ${first.table}, parent ${first.parent}); nothing was restored.`,
    "zh-TW": `備份中有 ${strays.length} 筆資料缺少上層資料（第一筆：資料表 ${first.table}，上層 ${first.parent}）；未還原任何內容。`,
  });
}

/**
 * Folds the write-ahead log of a database into its file and keeps everybody else out until the returned function is called.
 * Throws a UserError when somebody has it open.
 */
function lockFile(path: string): () => void {
  if (!existsSync(path)) return () => {};
  const db = new Sqlite(path, { timeout: 500 });
  const release = (): void => {
    if (db.open) db.close();
  };
  try {
    db.pragma("locking_mode = EXCLUSIVE");
    db.pragma("journal_mode = DELETE");
    db.exec("BEGIN EXCLUSIVE; COMMIT");
  } catch (error) {
    release();
    if (error instanceof Sqlite.SqliteError && error.code.startsWith("SQLITE_BUSY")) throw inUse(path);
    // A file that cannot be read is what a restore is for; it is kept as it is.
    if (!(error instanceof Sqlite.SqliteError)) throw error;
  }
  return release;
}

/** Keeps the old file under a name of its own and lets the new one take its place in one step. */
function replaceFile(draft: string, path: string, stamp: string): string | null {
  const kept = existsSync(path) ? `${path}.before-restore-${stamp}` : null;
  if (kept !== null) linkSync(path, kept);
  for (const end of ["-wal", "-shm"]) rmSync(`${path}${end}`, { force: true });
  renameSync(draft, path);
  syncFile(dirname(path));
  return kept;
}

function syncFile(path: string): void {
  const file = openSync(path, "r");
  fsyncSync(file);
  closeSync(file);
}

function removeSqlite(path: string): void {
  for (const end of ["", "-journal", "-wal", "-shm"]) rmSync(`${path}${end}`, { force: true });
}

// ---- PostgreSQL -----------------------------------------------------------------------------------------------------

async function withPostgres<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = await connect(url);
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

async function connect(url: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 5_000 });
  client.on("error", () => {});
  await client.connect();
  return client;
}

async function countPostgres(client: pg.Client, tables: readonly TableShape[]): Promise<number> {
  let sum = 0;
  for (const { name } of tables) {
    const { rows } = await client.query<{ count: string }>(`SELECT COUNT(*) AS count FROM ${quoted(name)}`);
    sum += Number(rows[0]?.count ?? 0);
  }
  return sum;
}

async function openPostgresTarget(url: string): Promise<RestoreTarget> {
  const client = await connect(url);
  let isOpen = true;
  const end = async (): Promise<void> => {
    // Ending the connection rolls an unfinished transaction back.
    if (isOpen) await client.end();
    isOpen = false;
  };
  try {
    const others = await client.query(
      "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'",
    );
    if (others.rows.length > 0) throw inUse(postgresPlace(url));
  } catch (error) {
    await end();
    throw error;
  }
  const all = readMigrations(migrationsFolder("postgresql"));
  return {
    begin: async (migrations) => {
      await client.query("BEGIN");
      const old = [...(await postgresTables(client)).map(({ name }) => name), MIGRATIONS_TABLE];
      await client.query(`DROP TABLE IF EXISTS ${old.map(quoted).join(", ")} CASCADE`);
      await applyPostgres(client, upTo(all, migrations));
      return postgresTables(client);
    },
    insert: async (table, rows) => {
      const width = table.columns.length;
      const tuple = (row: number): string => `(${table.columns.map((_, column) => `$${row * width + column + 1}`).join(", ")})`;
      const columns = table.columns.map(({ name }) => quoted(name)).join(", ");
      const text = `INSERT INTO ${quoted(table.name)} (${columns}) VALUES ${rows.map((_, index) => tuple(index)).join(", ")}`;
      await client.query(text, rows.flat());
    },
    finish: async (counters) => {
      for (const { table, column, last } of counters)
        await client.query("SELECT setval(pg_get_serial_sequence(quote_ident($1), $2)::regclass, $3)", [table, column, last]);
      await applyPostgres(client, all);
      await client.query("COMMIT");
      await end();
      return { keptAs: null };
    },
    abandon: end,
  };
}
