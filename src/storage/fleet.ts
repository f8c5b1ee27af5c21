// The fleet as commands see it: reads never wait for a worker, changes are stored before they are queued.

import { setTimeout as sleep } from "node:timers/promises";
import type { Actor, BotOverview, ChangeOutcome, Fleet, FleetChange } from "../core/command.ts";
import { createLocalTime, dayAfter } from "../core/local-time.ts";
import type { Clock, LeaseStore } from "../core/ports.ts";
import type { PnlReport } from "../core/statistics.ts";
import type { BotStatus } from "../core/status.ts";
import type { Preview } from "../core/strategy.ts";
import { type Text, UserError } from "../core/text.ts";
import { type LiveOrderCount, overviewOf } from "./bot-overview.ts";
import { type BotRecord, type Bots, createBots, workerIdOf } from "./bots.ts";
import { type ChangeRow, type Changes, createChanges, readFleetPanic } from "./changes.ts";
import type { Database } from "./database.ts";
import type { Queues, QueueTarget } from "./queue.ts";
import type { Signals } from "./signals.ts";
import { readPnl } from "./statistics.ts";
import type { StatusBoard } from "./status-board.ts";

export interface FleetOptions {
  readonly db: Database;
  readonly statusBoard: Pick<StatusBoard, "get">;
  readonly leases: Pick<LeaseStore, "holder">;
  readonly queues: Pick<Queues, "enqueue">;
  readonly signals: Signals;
  readonly clock: Clock;
  /** What a start of a bot would mean; null when it cannot be told now. */
  readonly preview: (record: BotRecord) => Promise<Preview | null>;
  /** Throws a UserError for a stopped bot that must not be started; asked before anything is stored. */
  readonly admit?: (record: BotRecord) => Promise<void>;
  /** The zone in whose days profit is counted; UTC unless told. */
  readonly timezone?: string;
  /** How long a change waits for its outcome; 20 s unless told. */
  readonly waitMs?: number;
  /** How often it looks for the outcome when no signal comes; 250 ms unless told. */
  readonly pollMs?: number;
}

/** The fleet over a database and Redis. Without Redis everything still works, later and with older numbers. */
export function createFleet(options: FleetOptions): Fleet {
  const bots = createBots(options.db, () => options.clock.now());
  const changes = createChanges(options.db);
  return {
    bots: async () => overviews(options, await bots.list()),
    bot: async (id) => {
      const record = await bots.get(id);
      return record === null ? undefined : (await overviews(options, [record]))[0];
    },
    change: (change, by, onProgress) => carryOut(options, bots, changes, change, by, onProgress ?? (() => {})),
    openOrders: bots.openOrders,
    fills: bots.fills,
    pnl: (botId, days) => recentPnl(options, bots, botId, days),
    preview: async (botId, params) => {
      const record = await bots.get(botId);
      if (record === null) return null;
      return options.preview(params === undefined ? record : { ...record, config: { ...record.config, params } });
    },
    panicked: () => readFleetPanic(options.db.prisma),
  };
}

async function recentPnl({ db, clock, timezone }: FleetOptions, bots: Bots, botId: string | null, days: number): Promise<PnlReport> {
  const calendar = createLocalTime(timezone ?? "UTC");
  const from = calendar.startOf(dayAfter(calendar.day(clock.now()), 1 - days));
  const records = (await bots.list()).filter((record) => botId === null || record.id === botId);
  const counted = records.map(({ id, config: { mode, exchange, account } }) => ({ id, mode, exchange, account }));
  const grouping = botId === null ? "currency" : "bot";
  return readPnl(db, { bots: counted, from, to: Number.MAX_SAFE_INTEGER, accounts: null, calendar, grouping });
}

async function overviews({ db, statusBoard, clock }: FleetOptions, records: readonly BotRecord[]): Promise<BotOverview[]> {
  const ids = records.map((record) => record.id);
  const unknown: (BotStatus | null)[] = ids.map(() => null);
  const [board, orders] = await Promise.all([statusBoard.get(ids).catch(() => unknown), countLiveOrders(db, ids)]);
  const now = clock.now();
  return records.map((record, index) => overviewOf(record, board[index] ?? null, orders.get(record.id) ?? { open: 0, unknown: 0 }, now));
}

async function countLiveOrders(db: Database, ids: readonly string[]): Promise<Map<string, LiveOrderCount>> {
  const groups = await db.prisma.order.groupBy({
    by: ["botId", "isUnknown", "status"],
    where: { botId: { in: [...ids] }, isLive: true },
    _count: true,
  });
  const counts = new Map<string, LiveOrderCount>();
  for (const { botId, isUnknown, status, _count } of groups) {
    const { open, unknown } = counts.get(botId) ?? { open: 0, unknown: 0 };
    const isAnswered = !isUnknown && status !== "submitted";
    counts.set(botId, isAnswered ? { open: open + _count, unknown } : { open, unknown: unknown + _count });
  }
  return counts;
}

async function carryOut(
  options: FleetOptions,
  bots: Bots,
  changes: Changes,
  change: FleetChange,
  by: Actor,
  onProgress: (outcomes: readonly ChangeOutcome[]) => void,
): Promise<readonly ChangeOutcome[]> {
  const all = await bots.list();
  const concerned = change.botId === null ? all : all.filter((record) => record.id === change.botId);
  if (change.botId !== null && concerned.length === 0) throw noSuchBot(change.botId, all);
  if (change.type === "start") for (const record of concerned) if (record.desired === "stopped") await options.admit?.(record);
  const ids = concerned.map((record) => record.id);
  const rows = await changes.commit(change, by, ids, options.clock.now());
  const holders = new Map(concerned.map((record) => [record.id, record.holder]));
  const open = rows.filter((row) => row.state === "pending");
  // Nobody waits for the queue: without Redis the workers find the rows by looking.
  for (const row of open) void announce(options, row, holders.get(row.botId) ?? null).catch(() => {});
  const finished = await waitFor(options, changes, rows, onProgress);
  return finished.map((row) => row.outcome ?? { botId: row.botId, outcome: "unconfirmed", message: UNCONFIRMED, status: null });
}

const UNCONFIRMED: Text = {
  en: "Stored, but nobody has confirmed its end yet; it goes on, /status shows how.",
  "zh-TW": "已記錄，但尚未有人確認完成；仍在進行中，可用 /status 查看。",
};

function noSuchBot(id: string, all: readonly BotRecord[]): UserError {
  const names = all.map((record) => record.id).join(", ");
  return new UserError(
    {
      en: `There is no bot named ${id}; ${names === "" ? "there are none yet" : `the bots are ${names}`}.`,
      "zh-TW": `沒有名為 ${id} 的機器人；${names === "" ? "目前尚無任何機器人" : `現有機器人：${names}`}。`,
    },
    "unknownBot",
  );
}

/** Queues a change for whoever holds the bot, and tells workers to look. */
async function announce({ queues, leases, signals }: FleetOptions, row: ChangeRow, holder: string | null): Promise<void> {
  const target = await targetOf(row, holder, leases);
  const job = { changeId: row.id, botId: row.botId, expiresAt: row.expiresAt };
  await Promise.allSettled([queues.enqueue(target, job), signals.publish("changeQueued", row.id)]);
}

async function targetOf(row: ChangeRow, holder: string | null, leases: FleetOptions["leases"]): Promise<QueueTarget> {
  if (holder === null || row.change.type === "start" || row.change.type === "panic") return "fleet";
  const isAlive = (await leases.holder(row.botId).catch(() => null)) !== null;
  return isAlive ? { workerId: workerIdOf(holder) } : "fleet";
}

/** Waits until every row is finished or time is up; tells of outcomes as they come. Rows in the order given. */
async function waitFor(
  { signals, clock, waitMs = 20_000, pollMs = 250 }: FleetOptions,
  changes: Changes,
  rows: readonly ChangeRow[],
  onProgress: (outcomes: readonly ChangeOutcome[]) => void,
): Promise<readonly ChangeRow[]> {
  const deadline = clock.monotonic() + waitMs;
  let current = rows;
  let wake = new AbortController();
  const ids = new Set(rows.map((row) => row.id));
  const stopListening = signals.on("changeFinished", (id) => {
    if (ids.has(id)) wake.abort();
  });
  try {
    while (current.some((row) => row.outcome === null) && clock.monotonic() < deadline) {
      await sleep(pollMs, undefined, { signal: wake.signal }).catch(() => {});
      wake = new AbortController();
      const before = current.filter((row) => row.outcome !== null).length;
      const fresh = new Map((await changes.getMany([...ids])).map((row) => [row.id, row]));
      current = current.map((row) => fresh.get(row.id) ?? row);
      const outcomes = current.flatMap((row) => row.outcome ?? []);
      if (outcomes.length > before) onProgress(outcomes);
    }
  } finally {
    stopListening();
  }
  return current;
}
