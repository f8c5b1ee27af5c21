// Prisma's SQLite adapter made safe for concurrent work: one connection for transactions, one for reads.

import { setTimeout as sleep } from "node:timers/promises";
import { PrismaBetterSqlite3 } from "@prisma/adapter-better-sqlite3";
import type { SqlDriverAdapter, SqlDriverAdapterFactory, Transaction } from "@prisma/driver-adapter-utils";

/** How long a transaction waits for the writers of other processes before it fails. */
const WRITE_WAIT_MS = 15_000;
const OPEN_WAIT_MS = 10_000;

/**
 * The adapter as it comes runs everything on one connection: a statement beside an open transaction lands inside it, and a
 * transaction that reads before it writes fails when another process wrote in between. Here a transaction takes the write lock
 * when it begins (waiting without blocking the event loop), and everything outside a transaction reads committed data only;
 * a write outside a transaction is refused by SQLite.
 */
export function createSqliteAdapter(path: string): SqlDriverAdapterFactory {
  return {
    provider: "sqlite",
    adapterName: "botswain-sqlite",
    connect: async () => {
      const writer = await openConnection(path);
      const reader = await openConnection(path);
      await writer.executeScript("PRAGMA busy_timeout = 0");
      await reader.executeScript("PRAGMA query_only = ON");
      const begin = createTransactions(writer);
      return {
        provider: "sqlite",
        adapterName: "botswain-sqlite",
        queryRaw: (query) => reader.queryRaw(query),
        executeRaw: (query) => reader.executeRaw(query),
        executeScript: (script) => writer.executeScript(script),
        startTransaction: begin,
        dispose: async () => {
          await reader.dispose();
          await writer.dispose();
        },
      };
    },
  };
}

async function openConnection(path: string): Promise<SqlDriverAdapter> {
  const connection = await new PrismaBetterSqlite3({ url: path, timeout: OPEN_WAIT_MS, fileMustExist: true }).connect();
  await connection.executeScript("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA foreign_keys = ON");
  return connection;
}

/** Transactions of one connection, one after the other in the order in which they were asked for. */
function createTransactions(connection: SqlDriverAdapter): () => Promise<Transaction> {
  let last: Promise<void> = Promise.resolve();
  return async () => {
    const before = last;
    let release = (): void => {};
    last = new Promise((resolve) => {
      release = resolve;
    });
    await before;
    try {
      await takeWriteLock(connection);
    } catch (error) {
      release();
      throw error;
    }
    return {
      provider: "sqlite",
      adapterName: "botswain-sqlite",
      options: { usePhantomQuery: false },
      queryRaw: (query) => connection.queryRaw(query),
      executeRaw: (query) => connection.executeRaw(query),
      // Prisma sends COMMIT and ROLLBACK itself and then calls these; after a COMMIT that failed it calls only `rollback`.
      commit: async () => release(),
      rollback: async () => {
        try {
          await connection.executeScript("ROLLBACK");
        } catch {
          // Nothing was open any more, as it should be.
        } finally {
          release();
        }
      },
      createSavepoint: (name) => connection.executeScript(`SAVEPOINT ${name}`),
      rollbackToSavepoint: (name) => connection.executeScript(`ROLLBACK TO ${name}`),
      releaseSavepoint: (name) => connection.executeScript(`RELEASE SAVEPOINT ${name}`),
    };
  };
}

/** Begins with the write lock. SQLite's own wait would block this process, and a writer of this process could then never finish. */
async function takeWriteLock(connection: SqlDriverAdapter): Promise<void> {
  const startedAt = performance.now();
  for (;;) {
    try {
      return await connection.executeScript("BEGIN IMMEDIATE");
    } catch (error) {
      if (!isBusy(error) || performance.now() - startedAt > WRITE_WAIT_MS) throw error;
      await sleep(pauseMs(performance.now() - startedAt));
    }
  }
}

/**
 * Until the next look. SQLite has no queue for its lock: whoever looks most often gets it, so the longer a transaction has waited
 * the more often it looks.
 */
function pauseMs(waitedMs: number): number {
  return Math.random() * Math.max(1, 20 - waitedMs / 20);
}

function isBusy(error: unknown): boolean {
  const cause = error instanceof Error ? error.cause : undefined;
  return typeof cause === "object" && cause !== null && "kind" in cause && cause.kind === "SocketTimeout";
}
