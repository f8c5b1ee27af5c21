// Reads a whole database as it was at one moment, while others go on writing.

import Sqlite from "better-sqlite3";
import pg from "pg";
import { explaining, postgresPlace, refuseMissing, sqlitePath } from "../database-address.ts";
import { migrationsFolder, readMigrations, tablesOf } from "../migrate.ts";
import { type Counter, columnType, inOrderOfKeys, MIGRATIONS_TABLE, quoted, type Row, type TableShape, type Value } from "./table-shape.ts";

export interface BackupSource {
  readonly provider: "sqlite" | "postgresql";
  /** Names of the migrations that made it, in order; none for a database that is empty. */
  readonly migrations: readonly string[];
  readonly tables: readonly TableShape[];
  readonly counters: readonly Counter[];
  rows(table: TableShape): AsyncIterable<Row>;
  close(): Promise<void>;
}

const ROWS_PER_FETCH = 1_000;

/** Opens the database of an address for reading. Throws a UserError when it is missing or cannot be used. */
export async function openSource(url: string): Promise<BackupSource> {
  refuseMissing(url);
  const path = sqlitePath(url);
  return explaining(url, () => (path === null ? openPostgresSource(url) : openSqliteSource(path)));
}

// ---- SQLite ---------------------------------------------------------------------------------------------------------

async function openSqliteSource(path: string): Promise<BackupSource> {
  const db = new Sqlite(path, { readonly: true, timeout: 30_000 });
  // One read transaction is one moment; the write-ahead log lets writers go on meanwhile.
  db.exec("BEGIN");
  return {
    provider: "sqlite",
    migrations: hasTable(db, MIGRATIONS_TABLE) ? db.prepare<[], string>(APPLIED_NAMES).pluck().all() : [],
    tables: sqliteTables(db),
    counters: sqliteCounters(db),
    rows: (table) => sqliteRows(db, table),
    close: async () => {
      db.close();
    },
  };
}

const APPLIED_NAMES = `SELECT migration_name FROM "_prisma_migrations" WHERE rolled_back_at IS NULL ORDER BY migration_name`;

function hasTable(db: Sqlite.Database, name: string): boolean {
  return db.prepare("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?").get(name) !== undefined;
}

/** Our tables of an open SQLite database, parents first. */
export function sqliteTables(db: Sqlite.Database): TableShape[] {
  const own = tablesOf(readMigrations(migrationsFolder("sqlite")));
  const names = db
    .prepare<[], string>("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'")
    .pluck();
  const shapes = names
    .all()
    .filter((name) => own.has(name))
    .map((name): TableShape => {
      const columns = db.prepare<[string], { name: string; type: string }>("SELECT name, type FROM pragma_table_info(?)").all(name);
      const parents = db.prepare<[string], string>(`SELECT DISTINCT "table" FROM pragma_foreign_key_list(?)`).pluck().all(name);
      return { name, columns: columns.map((column) => ({ name: column.name, type: columnType(column.type) })), parents };
    });
  return inOrderOfKeys(shapes);
}

function sqliteCounters(db: Sqlite.Database): Counter[] {
  if (!hasTable(db, "sqlite_sequence")) return [];
  const rows = db.prepare<[], { name: string; seq: bigint }>("SELECT name, seq FROM sqlite_sequence").safeIntegers().all();
  return rows.map(({ name, seq }) => {
    const key = db.prepare<[string], string>("SELECT name FROM pragma_table_info(?) WHERE pk = 1").pluck().get(name);
    return { table: name, column: key ?? "id", last: String(seq) };
  });
}

async function* sqliteRows(db: Sqlite.Database, table: TableShape): AsyncIterable<Row> {
  const select = `SELECT ${table.columns.map(({ name }) => quoted(name)).join(", ")} FROM ${quoted(table.name)}`;
  const statement = db.prepare<[], (string | bigint | null)[]>(select).raw().safeIntegers();
  for (const row of statement.iterate()) yield table.columns.map(({ type }, index) => fromSqlite(row[index] ?? null, type));
}

function fromSqlite(value: string | bigint | null, type: TableShape["columns"][number]["type"]): Value {
  if (typeof value !== "bigint") return value;
  if (type === "boolean") return value !== 0n;
  return type === "bigint" ? value.toString() : Number(value);
}

// ---- PostgreSQL -----------------------------------------------------------------------------------------------------

async function openPostgresSource(url: string): Promise<BackupSource> {
  postgresPlace(url);
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 5_000 });
  client.on("error", () => {});
  await client.connect();
  try {
    await client.query("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
    const books = await client.query(`SELECT to_regclass('public."${MIGRATIONS_TABLE}"') IS NOT NULL AS found`);
    const applied = books.rows[0]?.found === true ? await client.query<{ migration_name: string }>(APPLIED_NAMES) : { rows: [] };
    return {
      provider: "postgresql",
      migrations: applied.rows.map((row) => row.migration_name),
      tables: await postgresTables(client),
      counters: await postgresCounters(client),
      rows: (table) => postgresRows(client, table),
      close: () => client.end(),
    };
  } catch (error) {
    await client.end();
    throw error;
  }
}

/** Our tables of a PostgreSQL database, parents first. */
export async function postgresTables(client: pg.Client): Promise<TableShape[]> {
  const own = tablesOf(readMigrations(migrationsFolder("postgresql")));
  const columns = await client.query<{ table: string; name: string; type: string }>(`
    SELECT c.table_name AS "table", c.column_name AS name, c.data_type AS type FROM information_schema.columns c
    JOIN information_schema.tables t USING (table_schema, table_name)
    WHERE c.table_schema = 'public' AND t.table_type = 'BASE TABLE'
    ORDER BY c.table_name, c.ordinal_position`);
  const keys = await client.query<{ child: string; parent: string }>(`
    SELECT child.relname AS child, parent.relname AS parent FROM pg_constraint k
    JOIN pg_class child ON child.oid = k.conrelid JOIN pg_class parent ON parent.oid = k.confrelid
    WHERE k.contype = 'f' AND k.connamespace = 'public'::regnamespace`);
  const names = [...new Set(columns.rows.map((row) => row.table))].filter((name) => own.has(name));
  return inOrderOfKeys(
    names.map((name) => ({
      name,
      columns: columns.rows.filter((row) => row.table === name).map((row) => ({ name: row.name, type: columnType(row.type) })),
      parents: [...new Set(keys.rows.filter(({ child }) => child === name).map(({ parent }) => parent))].filter((parent) =>
        own.has(parent),
      ),
    })),
  );
}

async function postgresCounters(client: pg.Client): Promise<Counter[]> {
  const found = await client.query<{ table: string; column: string; sequence: string }>(`
    SELECT c.relname AS "table", a.attname AS "column", pg_get_serial_sequence(quote_ident(c.relname), a.attname) AS sequence
    FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
    WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND a.attnum > 0 AND NOT a.attisdropped
      AND pg_get_serial_sequence(quote_ident(c.relname), a.attname) IS NOT NULL`);
  const counters: Counter[] = [];
  for (const { table, column, sequence } of found.rows) {
    const { rows } = await client.query<{ last: string; used: boolean }>(`SELECT last_value AS last, is_called AS used FROM ${sequence}`);
    if (rows[0]?.used === true) counters.push({ table, column, last: rows[0].last });
  }
  return counters;
}

async function* postgresRows(client: pg.Client, table: TableShape): AsyncIterable<Row> {
  const columns = table.columns.map(({ name }) => quoted(name)).join(", ");
  await client.query(`DECLARE whole_table NO SCROLL CURSOR FOR SELECT ${columns} FROM ${quoted(table.name)}`);
  try {
    for (;;) {
      // The driver gives back 64-bit integers as strings, as a backup holds them.
      const page = await client.query<Value[]>({ text: `FETCH ${ROWS_PER_FETCH} FROM whole_table`, rowMode: "array" });
      yield* page.rows;
      if (page.rows.length < ROWS_PER_FETCH) return;
    }
  } finally {
    await client.query("CLOSE whole_table");
  }
}
