// What the database forgets, and when: closed orders, equity, told alerts, finished changes and ended runs, in small bites.

import { setTimeout as pause } from "node:timers/promises";
import { join, sqltag as sql } from "@prisma/client/runtime/client";
import { durationMs } from "../core/duration.ts";
import type { Clock } from "../core/ports.ts";
import { type Text, UserError } from "../core/text.ts";
import { type Database, lockSetting, type Transaction } from "./database.ts";

/** What may be forgotten. Fills, funding and the audit are kept for ever. */
export type RetentionName = "orders" | "equity" | "alerts" | "changes" | "runs";

/** How long rows are kept, ms; null is for ever. */
export type RetentionPolicy = Readonly<Record<RetentionName, number | null>>;

const DAY_MS = 86_400_000;
const NAMES: readonly RetentionName[] = ["orders", "equity", "alerts", "changes", "runs"];
/** Below this, rows that are still needed for a recovery or an answer could be gone. */
const SHORTEST_MS = DAY_MS;

export const DEFAULT_RETENTION: RetentionPolicy = {
  orders: 90 * DAY_MS,
  equity: 366 * DAY_MS,
  alerts: 90 * DAY_MS,
  changes: 365 * DAY_MS,
  runs: 365 * DAY_MS,
};

export const RETENTION_RIGHT: Text = {
  en: `parts NAME=DURATION separated by commas, with the names ${NAMES.join(", ")} and at least 1d or forever, e.g. orders=90d,equity=365d`,
  "zh-TW": `以逗號分隔的 名稱=期間，名稱為 ${NAMES.join("、")}，期間至少 1d 或 forever，例如 orders=90d,equity=365d`,
};

/** Reads `orders=90d,equity=forever`; what is not named keeps its default. Throws a UserError that names every part that is wrong. */
export function parseRetention(value: string): RetentionPolicy {
  const policy: Record<RetentionName, number | null> = { ...DEFAULT_RETENTION };
  const wrong: string[] = [];
  const seen = new Set<string>();
  for (const part of value.split(",").map((piece) => piece.trim())) {
    if (part === "") continue;
    const [word = "", duration = ""] = part.split("=").map((piece) => piece.trim());
    const name = NAMES.find((known) => known === word);
    const kept = duration === "forever" ? null : (daysMs(duration) ?? durationMs(duration) ?? Number.NaN);
    if (name === undefined || seen.has(name) || part.split("=").length !== 2 || !(kept === null || kept >= SHORTEST_MS)) wrong.push(part);
    else policy[name] = kept;
    seen.add(word);
  }
  if (wrong.length === 0) return policy;
  const list = wrong.map((part) => `"${part}"`).join(", ");
  throw new UserError({
    en: `BOTSWAIN_RETENTION holds ${list} but should be ${RETENTION_RIGHT.en}; fills, funding and the audit are kept for ever.`,
    "zh-TW": `BOTSWAIN_RETENTION 含有 ${list}，應為${RETENTION_RIGHT["zh-TW"]}；成交、資金費與稽核紀錄永久保留。`,
  });
}

/** Days beyond the longest duration of a bot's settings. */
function daysMs(duration: string): number | null {
  const days = /^(\d{1,5})d$/.exec(duration)?.[1];
  return days === undefined ? null : Number(days) * DAY_MS;
}

// ---- whose turn it is -----------------------------------------------------------------------------------------------

const LEASE_SETTING = "retention";
const EVERY_MS = 6 * 3_600_000;
/** A holder that says nothing for this long is gone. */
const LEASE_MS = 10 * 60_000;

interface Turn {
  readonly holder: string;
  readonly until: number;
  readonly doneAt: number;
}

export interface RetentionReport {
  readonly deleted: Readonly<Record<RetentionName, number>>;
  readonly batches: number;
  /** The longest that one batch held the database, ms. */
  readonly longestMs: number;
}

export interface Retention {
  /**
   * Forgets what is due when nobody did in the last six hours and nobody else is at it; null when it is not this one's turn.
   * `signal` ends it between two batches.
   */
  runIfDue(signal?: AbortSignal): Promise<RetentionReport | null>;
}

export interface RetentionOptions {
  readonly db: Database;
  readonly policy: RetentionPolicy;
  /** Who asks, e.g. a worker's id. */
  readonly holder: string;
  readonly clock: Clock;
}

export function createRetention(options: RetentionOptions): Retention {
  const { db, clock, holder } = options;
  return {
    runIfDue: async (signal) => {
      if (!(await takeTurn(db, holder, clock.now()))) return null;
      const report = await forget(options, signal);
      await endTurn(db, holder, clock.now(), signal?.aborted === true);
      return report;
    },
  };
}

async function takeTurn(db: Database, holder: string, now: number): Promise<boolean> {
  // Most looks find nothing due: they must not take the write lock.
  const seen = await db.prisma.setting.findUnique({ where: { key: LEASE_SETTING } });
  if (seen !== null && !isDue(seen.value, holder, now)) return false;
  return db.transact(async (tx) => {
    const value = await lockSetting(tx, LEASE_SETTING);
    if (!isDue(value, holder, now)) return false;
    await writeTurn(tx, { holder, until: now + LEASE_MS, doneAt: value === "" ? 0 : parseTurn(value).doneAt });
    return true;
  });
}

function isDue(value: string, holder: string, now: number): boolean {
  if (value === "") return true;
  const turn = parseTurn(value);
  return now - turn.doneAt >= EVERY_MS && (turn.until <= now || turn.holder === holder);
}

function parseTurn(value: string): Turn {
  return JSON.parse(value) as Turn;
}

async function writeTurn(tx: Transaction, turn: Turn): Promise<void> {
  await tx.setting.update({ where: { key: LEASE_SETTING }, data: { value: JSON.stringify(turn) } });
}

async function endTurn(db: Database, holder: string, now: number, isHalf: boolean): Promise<void> {
  await db.transact(async (tx) => {
    const turn = parseTurn(await lockSetting(tx, LEASE_SETTING));
    if (turn.holder === holder) await writeTurn(tx, { holder, until: 0, doneAt: isHalf ? turn.doneAt : now });
  });
}

// ---- forgetting -----------------------------------------------------------------------------------------------------

const BATCH_FIRST = 200;
const BATCH_MIN = 20;
const BATCH_MAX = 2_000;
/** A batch that held the database longer makes the next one smaller: a commit waits for at most one of them. */
const HELD_AIM_MS = 15;

/** Deletes at most `limit` rows and returns how many; fewer means that nothing is left. */
type Bite = (tx: Transaction, limit: number) => Promise<number>;

async function forget({ db, policy, clock }: RetentionOptions, signal: AbortSignal | undefined): Promise<RetentionReport> {
  const deleted: Record<RetentionName, number> = { orders: 0, equity: 0, alerts: 0, changes: 0, runs: 0 };
  let batches = 0;
  let longestMs = 0;
  let limit = BATCH_FIRST;
  const eat = async (name: RetentionName, bite: Bite): Promise<void> => {
    while (signal?.aborted !== true) {
      const asked = limit;
      let heldMs = 0;
      const count = await db.transact(async (tx) => {
        const startedAt = clock.monotonic();
        const eaten = await bite(tx, asked);
        heldMs = clock.monotonic() - startedAt;
        return eaten;
      });
      batches += 1;
      deleted[name] += count;
      longestMs = Math.max(longestMs, heldMs);
      limit = nextLimit(asked, heldMs);
      if (count < asked) return;
      // Writers that wait get their turn before the next bite.
      await pause(heldMs + 1, undefined, { signal }).catch(() => {});
    }
  };
  const bots = (await db.prisma.bot.findMany({ select: { id: true } })).map(({ id }) => id);
  for (const name of NAMES) {
    const keptMs = policy[name];
    if (keptMs === null) continue;
    for (const bite of bitesOf(name, clock.now(), keptMs, bots)) await eat(name, bite);
  }
  return { deleted, batches, longestMs };
}

/** Half as much after a bite that took too long, a little more after one that was quick. */
export function nextLimit(limit: number, heldMs: number): number {
  const next = heldMs > HELD_AIM_MS ? Math.floor(limit / 2) : heldMs < HELD_AIM_MS / 2 ? Math.ceil(limit * 1.25) : limit;
  return Math.max(BATCH_MIN, Math.min(BATCH_MAX, next));
}

function bitesOf(name: RetentionName, now: number, keptMs: number, bots: readonly string[]): readonly Bite[] {
  const before = BigInt(now - keptMs);
  switch (name) {
    case "orders":
      return [(tx, limit) => biteOrders(tx, before, limit)];
    case "equity":
      return bots.map(
        (botId): Bite =>
          (tx, limit) =>
            biteEquity(tx, botId, before, limit),
      );
    case "alerts":
      return [(tx, limit) => biteAlerts(tx, before, BigInt(now - 2 * keptMs), limit)];
    case "changes":
      return [(tx, limit) => biteChanges(tx, before, limit)];
    case "runs":
      return bots.map(
        (botId): Bite =>
          (tx, limit) =>
            biteRuns(tx, botId, before, limit),
      );
  }
}

/** Ids of one bot on one account share the bits above these; see core/client-order-id.ts. */
const COUNTERS = 16_777_216n;

/**
 * Closed orders, oldest first, but never the one with a bot's highest counter on an account: the next client order id follows it.
 * An id that is not one of ours (number 0) has no counter to keep.
 */
async function biteOrders(tx: Transaction, before: bigint, limit: number): Promise<number> {
  return tx.$executeRaw(sql`
    DELETE FROM orders WHERE ("exchange", "account", "clientOrderId") IN (
      SELECT o."exchange", o."account", o."clientOrderId" FROM orders o
      WHERE o."isLive" = ${false} AND o."updatedAt" < ${before} AND (o."clientNumber" = 0 OR EXISTS (
        SELECT 1 FROM orders later WHERE later."botId" = o."botId" AND later."clientNumber" > o."clientNumber"
          AND later."clientNumber" < o."clientNumber" - o."clientNumber" % ${COUNTERS} + ${COUNTERS}))
      ORDER BY o."updatedAt" LIMIT ${limit})`);
}

async function biteEquity(tx: Transaction, botId: string, before: bigint, limit: number): Promise<number> {
  return tx.$executeRaw(sql`
    DELETE FROM equity_points WHERE "botId" = ${botId} AND "at" IN (
      SELECT "at" FROM equity_points WHERE "botId" = ${botId} AND "at" < ${before} ORDER BY "at" LIMIT ${limit})`);
}

/** Oldest first, and only what every target was told; a target that takes nothing for twice the time holds nothing up. */
async function biteAlerts(tx: Transaction, before: bigint, abandoned: bigint, limit: number): Promise<number> {
  const oldest = await tx.alert.findMany({ orderBy: { sequence: "asc" }, take: limit, select: { sequence: true, at: true } });
  const behind = (await tx.alertCursor.aggregate({ _min: { sequence: true } }))._min.sequence;
  const end = oldest.findIndex(({ sequence, at }) => at >= before || (behind !== null && sequence > behind && at >= abandoned));
  const sequences = (end < 0 ? oldest : oldest.slice(0, end)).map(({ sequence }) => sequence);
  if (sequences.length > 0) await tx.$executeRaw(sql`DELETE FROM alerts WHERE "sequence" IN (${join(sequences)})`);
  return sequences.length;
}

/** Finished ones; those that made a configuration stay, because their versions are not given again. */
async function biteChanges(tx: Transaction, before: bigint, limit: number): Promise<number> {
  return tx.$executeRaw(sql`
    DELETE FROM changes WHERE "id" IN (
      SELECT "id" FROM changes WHERE "finishedAt" < ${before} AND "state" <> 'pending' AND "configVersion" IS NULL ORDER BY "id" LIMIT ${limit})`);
}

/** Ended ones, but never a bot's newest. */
async function biteRuns(tx: Transaction, botId: string, before: bigint, limit: number): Promise<number> {
  return tx.$executeRaw(sql`
    DELETE FROM runs WHERE "botId" = ${botId} AND "epoch" IN (
      SELECT "epoch" FROM runs WHERE "botId" = ${botId} AND "endedAt" < ${before}
        AND "epoch" < (SELECT MAX("epoch") FROM runs WHERE "botId" = ${botId}) ORDER BY "epoch" LIMIT ${limit})`);
}
