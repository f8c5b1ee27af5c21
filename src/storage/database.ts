// Opens the database that DATABASE_URL names: SQLite in a file, or PostgreSQL; migrated, with one client type for both.

import { resolve } from "node:path";
import { PrismaPg } from "@prisma/adapter-pg";
import { sqltag as sql } from "@prisma/client/runtime/client";
import { type Text, UserError } from "../core/text.ts";
import type { Prisma, PrismaClient as SqliteClient } from "./generated/sqlite/client.ts";
import { migratePostgres, migrateSqlite } from "./migrate.ts";
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

/**
 * Opens `file:/…/botswain.db` (created when missing; its folder must exist) or `postgresql://…`, after applying migrations.
 * Throws a UserError that names DATABASE_URL when it cannot be reached, read or migrated; credentials are never shown.
 */
export async function openDatabase(url: string): Promise<Database> {
  if (url.startsWith("file:")) return openSqlite(resolve(url.slice("file:".length).replace(/^\/\/(?=\/)/, "")));
  if (/^postgres(ql)?:\/\//.test(url)) return openPostgres(url);
  const scheme = /^[a-z0-9+.-]{1,20}:/i.exec(url)?.[0] ?? "something else";
  throw new UserError({
    en: `DATABASE_URL must start with "file:" (SQLite) or "postgresql://", got ${scheme}.`,
    "zh-TW": `DATABASE_URL 必須以「file:」（SQLite）或「postgresql://」開頭，目前是 ${scheme}。`,
  });
}

async function openSqlite(path: string): Promise<Database> {
  try {
    migrateSqlite(path);
    const { PrismaClient } = await import("./generated/sqlite/client.ts");
    const prisma = new PrismaClient({ adapter: createSqliteAdapter(path), transactionOptions: TRANSACTION_LIMITS });
    await prisma.$connect();
    return databaseOf(prisma, "sqlite");
  } catch (error) {
    throw unusable(error, (why) => ({
      en: `The database file ${path} of DATABASE_URL cannot be opened (${why}); check its folder and its rights, or restore it from a backup.`,
      "zh-TW": `無法開啟 DATABASE_URL 的資料庫檔案 ${path}（${why}）；請檢查所在資料夾與權限，或從備份還原。`,
    }));
  }
}

async function openPostgres(url: string): Promise<Database> {
  const place = placeOf(url);
  try {
    await migratePostgres(url);
    const { PrismaClient } = await import("./generated/postgresql/client.ts");
    const adapter = new PrismaPg({ connectionString: url, max: 10, connectionTimeoutMillis: CONNECT_TIMEOUT_MS });
    const prisma = new PrismaClient({ adapter, transactionOptions: TRANSACTION_LIMITS });
    await prisma.$connect();
    return databaseOf(prisma as unknown as PrismaClient, "postgresql");
  } catch (error) {
    throw unusable(error, (why) => ({
      en: `The PostgreSQL database at ${place} of DATABASE_URL cannot be used (${why}); start it, or correct its address, user or password.`,
      "zh-TW": `無法使用 DATABASE_URL 的 PostgreSQL 資料庫 ${place}（${why}）；請啟動它，或更正位址、使用者或密碼。`,
    }));
  }
}

function databaseOf(prisma: PrismaClient, provider: Database["provider"]): Database {
  return { prisma, provider, transact: (work) => prisma.$transaction(work), close: () => prisma.$disconnect() };
}

/** `host:5432/name`, without user and password. Throws a UserError for an address that cannot be read. */
function placeOf(url: string): string {
  const parsed = URL.canParse(url) ? new URL(url) : null;
  if (parsed === null || (parsed.searchParams.get("schema") ?? "public") !== "public")
    throw new UserError({
      en: "DATABASE_URL must look like postgresql://user:password@host:5432/database, without another schema than public.",
      "zh-TW": "DATABASE_URL 的格式應為 postgresql://user:password@host:5432/database，且不可指定 public 以外的 schema。",
    });
  return `${parsed.host}${parsed.pathname}`;
}

function unusable(error: unknown, sentence: (why: string) => Text): UserError {
  if (error instanceof UserError) return error;
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  const message = error instanceof Error ? error.message : String(error);
  return new UserError(sentence([code, message].filter((part) => part !== "").join(": ")), "database");
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
