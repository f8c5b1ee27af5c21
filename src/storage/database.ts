// Opens the database that DATABASE_URL names: SQLite in a file, or PostgreSQL; migrated, with one client type for both.

import { PrismaPg } from "@prisma/adapter-pg";
import { sqltag as sql } from "@prisma/client/runtime/client";
import { explaining, postgresPlace, refuseMissing, sqlitePath } from "./database-address.ts";
import type { Prisma, PrismaClient as SqliteClient } from "./generated/sqlite/client.ts";
import { migratePostgres, migrateSqlite, migrationsFolder, readMigrations } from "./migrate.ts";
import { createSqliteAdapter } from "./sqlite-adapter.ts";

/** The application's client type; the generated PostgreSQL client has the same models. */
export type PrismaClient = SqliteClient;
/** A client whose statements belong to one transaction. */
export type Transaction = Prisma.TransactionClient;

export interface Database {
  /** For reads. On SQLite a write outside `transact` is refused. */
  readonly prisma: PrismaClient;
  readonly provider: "sqlite" | "postgresql";
  /** Runs `work` in one transaction: all of it or nothing. On SQLite it holds the write lock from its beginning. */
  transact<T>(work: (tx: Transaction) => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

/** Waiting for a turn, and working, at most. */
const TRANSACTION_LIMITS = { maxWait: 60_000, timeout: 30_000 };
const CONNECT_TIMEOUT_MS = 5_000;

/** Hears each statement of a client as it is sent, with its values as JSON; for tests that look at query plans. */
export type QueryListener = (statement: string, values: string) => void;

/**
 * Opens `file:/…/botswain.db` (created when missing; its folder must exist) or `postgresql://…`, after applying migrations.
 * Throws a UserError that names DATABASE_URL when it cannot be reached, read or migrated; credentials are never shown.
 */
export async function openDatabase(url: string, onQuery?: QueryListener): Promise<Database> {
  const path = sqlitePath(url);
  return path === null ? openPostgres(url, onQuery) : openSqlite(path, onQuery);
}

/** Like `openDatabase`, for those who only look: an SQLite file that is missing is not made. Throws a UserError for one. */
export async function openExisting(url: string): Promise<Database> {
  refuseMissing(url);
  return openDatabase(url);
}

function openSqlite(path: string, onQuery: QueryListener | undefined): Promise<Database> {
  return explaining(`file:${path}`, async () => {
    migrateSqlite(path);
    const { PrismaClient } = await import("./generated/sqlite/client.ts");
    const prisma = new PrismaClient({ adapter: createSqliteAdapter(path), ...clientOptions(onQuery) });
    if (onQuery !== undefined) listen(prisma, onQuery);
    await prisma.$connect();
    return databaseOf(prisma, "sqlite");
  });
}

function openPostgres(url: string, onQuery: QueryListener | undefined): Promise<Database> {
  return explaining(url, async () => {
    postgresPlace(url);
    await migratePostgres(url);
    const { PrismaClient } = await import("./generated/postgresql/client.ts");
    const adapter = new PrismaPg({ connectionString: url, max: 10, connectionTimeoutMillis: CONNECT_TIMEOUT_MS });
    const prisma = new PrismaClient({ adapter, ...clientOptions(onQuery) });
    if (onQuery !== undefined) listen(prisma, onQuery);
    await prisma.$connect();
    return databaseOf(prisma as unknown as PrismaClient, "postgresql");
  });
}

function clientOptions(onQuery: QueryListener | undefined) {
  const log = [{ emit: "event" as const, level: "query" as const }];
  return { transactionOptions: TRANSACTION_LIMITS, ...(onQuery === undefined ? {} : { log }) };
}

/** The client's type knows of its events only when they are asked for always. */
function listen(prisma: object, onQuery: QueryListener): void {
  const client = prisma as { $on(event: "query", hear: (event: { readonly query: string; readonly params: string }) => void): void };
  client.$on("query", ({ query, params }) => onQuery(query, params));
}

function databaseOf(prisma: PrismaClient, provider: Database["provider"]): Database {
  return { prisma, provider, transact: (work) => prisma.$transaction(work), close: () => prisma.$disconnect() };
}

/** The migrations of a database: the newest before (null for a new one), the newest now, and those applied between. */
export interface MigrationReport {
  readonly provider: Database["provider"];
  readonly from: string | null;
  readonly to: string;
  readonly applied: readonly string[];
}

/** Brings the database of an address up to date without opening it for work. Throws a UserError as `openDatabase` does. */
export async function migrateDatabase(url: string): Promise<MigrationReport> {
  const path = sqlitePath(url);
  const provider = path === null ? "postgresql" : "sqlite";
  const applied = await explaining(url, () => (path === null ? migratePostgres(url) : migrateSqlite(path)));
  const names = readMigrations(migrationsFolder(provider)).map(({ name }) => name);
  const before = names.filter((name) => !applied.includes(name));
  return { provider, from: before.at(-1) ?? null, to: names.at(-1) ?? "", applied };
}

/**
 * The value of a setting (made with `initial` when missing), locked until the transaction ends: two transactions that lock
 * the same setting run one after the other.
 */
export async function lockSetting(tx: Transaction, key: string, initial = ""): Promise<string> {
  const rows = await tx.$queryRaw<{ value: string }[]>(sql`
    INSERT INTO settings ("key", "value") VALUES (${key}, ${initial})
    ON CONFLICT ("key") DO UPDATE SET "value" = settings."value" RETURNING "value"`);
  return rows[0]?.value ?? initial;
}

/** `FOR UPDATE` where rows are locked one by one; nothing on SQLite, whose transactions hold the only write lock. */
export function forUpdate(db: Database): Prisma.Sql {
  return db.provider === "postgresql" ? sql`FOR UPDATE` : sql``;
}
