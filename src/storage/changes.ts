// What people asked of bots: command rows, stored together with the state they want, before any job is queued.

import { type BotConfig, botConfigSchema, withFields } from "../core/bot-config.ts";
import type { Actor, ChangeOutcome, FleetChange } from "../core/command.ts";
import { type Text, UserError } from "../core/text.ts";
import { dropVersion } from "./bots.ts";
import { checkBudget } from "./budgets.ts";
import { type Database, forUpdate, type Transaction } from "./database.ts";
import type { Bot, Change, Prisma } from "./generated/sqlite/client.ts";
import { lockBots } from "./ledger-sql.ts";

export type ChangeState = "pending" | "done" | "failed" | "expired";

export interface ChangeRow {
  /** `c123`. */
  readonly id: string;
  readonly botId: string;
  /** 1, 2, 3 … within the bot: changes of a bot apply in this order. */
  readonly number: number;
  readonly change: FleetChange;
  /** Version of the configuration that an adjustment made, else null. */
  readonly configVersion: number | null;
  readonly state: ChangeState;
  readonly expiresAt: number;
  readonly outcome: ChangeOutcome | null;
}

export interface Changes {
  /**
   * One transaction: a command row per bot and its effect on what is wanted. For those bots that the same `by.key` was
   * committed for before, the first rows are returned and nothing happens again. Throws a UserError when a panic forbids it.
   */
  commit(change: FleetChange, by: Actor, botIds: readonly string[], now: number): Promise<readonly ChangeRow[]>;
  get(id: string): Promise<ChangeRow | null>;
  /** Those of these ids that exist, oldest first. */
  getMany(ids: readonly string[]): Promise<readonly ChangeRow[]>;
  /** Unfinished and unexpired, oldest first. */
  pending(now: number): Promise<readonly ChangeRow[]>;
  /** The first finish wins. An adjustment that failed takes its configuration back in the same transaction. */
  finish(id: string, outcome: ChangeOutcome): Promise<void>;
  /** Finishes what nobody did in time. */
  expire(now: number): Promise<void>;
}

/** How long a change may still be carried out. A stop or panic stays wanted for long; an old start surprises. */
const LIFETIME_MS: Readonly<Record<FleetChange["type"], number>> = {
  start: 60_000,
  resume: 60_000,
  pause: 60_000,
  restart: 60_000,
  adjust: 60_000,
  stop: 600_000,
  panic: 600_000,
  panicClear: 60_000,
};

const PANIC_SETTING = "panic";

/** A standing panic of the whole fleet. */
export interface FleetPanic {
  readonly at: number;
  readonly by: string;
}

/** The standing fleet-wide panic, or null. */
export async function readFleetPanic(client: Pick<Transaction, "setting">): Promise<FleetPanic | null> {
  const row = await client.setting.findUnique({ where: { key: PANIC_SETTING } });
  return row === null ? null : (JSON.parse(row.value) as FleetPanic);
}

export function createChanges(db: Database): Changes {
  const getMany = async (ids: readonly string[]): Promise<ChangeRow[]> => {
    const rows = await db.prisma.change.findMany({ where: { id: { in: ids.flatMap((id) => rowId(id) ?? []) } }, orderBy: { id: "asc" } });
    return rows.map(toRow);
  };
  return {
    commit: (change, by, botIds, now) => db.transact((tx) => commit(db, tx, change, by, botIds, now)),
    getMany,
    get: async (id) => (await getMany([id]))[0] ?? null,
    pending: async (now) => {
      const where = { state: "pending", expiresAt: { gt: BigInt(now) } };
      return (await db.prisma.change.findMany({ where, orderBy: { id: "asc" } })).map(toRow);
    },
    finish: async (id, outcome) => {
      const state = outcome.outcome === "done" || outcome.outcome === "expired" ? outcome.outcome : "failed";
      const data = { state, outcome: JSON.stringify(outcome), finishedAt: BigInt(Date.now()) };
      await db.transact(async (tx) => {
        const row = await tx.change.findUnique({ where: { id: rowId(id) ?? 0 } });
        const { count } = await tx.change.updateMany({ where: { id: rowId(id) ?? 0, state: "pending" }, data });
        if (count > 0 && row !== null && outcome.outcome === "failed") await takeBack(tx, row);
      });
    },
    expire: async (now) => {
      const late = await db.prisma.change.findMany({ where: { state: "pending", expiresAt: { lte: BigInt(now) } } });
      // Workers ask every second: the write lock is taken only when there is something to write.
      if (late.length === 0) return;
      await db.transact(async (tx) => {
        for (const row of late) {
          const outcome: ChangeOutcome = { botId: row.botId, outcome: "expired", message: EXPIRED, status: null };
          const data = { state: "expired", outcome: JSON.stringify(outcome), finishedAt: BigInt(now) };
          const { count } = await tx.change.updateMany({ where: { id: row.id, state: "pending" }, data });
          if (count > 0) await takeBack(tx, row);
        }
      });
    },
  };
}

const EXPIRED: Text = {
  en: "No worker took this up in time; it was not carried out.",
  "zh-TW": "沒有工作程序及時處理，此要求未執行。",
};

async function takeBack(tx: Transaction, { botId, configVersion }: Change): Promise<void> {
  if (configVersion !== null) await dropVersion(tx, botId, configVersion);
}

function rowId(id: string): number | null {
  const digits = /^c(\d{1,9})$/.exec(id)?.[1];
  return digits === undefined ? null : Number(digits);
}

function toRow(row: Change): ChangeRow {
  return {
    id: `c${row.id}`,
    botId: row.botId,
    number: row.number,
    change: JSON.parse(row.change) as FleetChange,
    configVersion: row.configVersion,
    state: row.state as ChangeState,
    expiresAt: Number(row.expiresAt),
    outcome: row.outcome === null ? null : (JSON.parse(row.outcome) as ChangeOutcome),
  };
}

async function commit(
  db: Database,
  tx: Transaction,
  change: FleetChange,
  by: Actor,
  botIds: readonly string[],
  now: number,
): Promise<readonly ChangeRow[]> {
  const ids = [...new Set(botIds)];
  const locked = ids.length === 0 ? new Map() : await lockBots(tx, ids, forUpdate(db));
  const repeated = await tx.change.findMany({ where: { actorKey: by.key, botId: { in: ids } }, orderBy: { id: "asc" } });
  if (change.botId === null && repeated.length === 0) await setFleetPanic(tx, change.type, by, now);
  const rows = [...repeated];
  for (const id of ids.filter((id) => locked.has(id) && !repeated.some((row) => row.botId === id))) {
    const bot = await tx.bot.findUniqueOrThrow({ where: { id } });
    await refuseUnderPanic(tx, change, bot);
    if (change.type === "start") await checkBudget(tx, id, now);
    await tx.bot.update({ where: { id }, data: { ...effectOn(bot, change, by, now), changeCount: bot.changeCount + 1 } });
    // Clearing a panic asks nothing of a worker: it is done when it is stored.
    const outcome: ChangeOutcome | null =
      change.type === "panicClear" ? { botId: id, outcome: "done", message: CLEARED, status: null } : null;
    const data = {
      ...{ botId: id, number: bot.changeCount + 1, actorKey: by.key, actor: JSON.stringify(by) },
      change: JSON.stringify({ ...change, botId: id }),
      configVersion: await configChange(tx, id, change, now),
      ...{ state: outcome === null ? "pending" : "done", outcome: outcome === null ? null : JSON.stringify(outcome) },
      ...{ createdAt: BigInt(now), expiresAt: BigInt(now + LIFETIME_MS[change.type]), finishedAt: outcome === null ? null : BigInt(now) },
    };
    rows.push(await tx.change.create({ data }));
  }
  return rows.map(toRow);
}

/** The version of the configuration that a change makes; null for one that makes none. */
async function configChange(tx: Transaction, botId: string, change: FleetChange, now: number): Promise<number | null> {
  if (change.type === "adjust") return nextVersion(tx, botId, (config) => withFields(config, change.params, change.fields), now);
  if (change.type !== "resume" || change.resetPeak !== true) return null;
  const reset = (config: BotConfig): BotConfig => ({ ...config, risk: { ...config.risk, drawdownSince: now } });
  return nextVersion(tx, botId, reset, now);
}

/** Stores what `change` makes of the configuration as its next version and returns that. */
async function nextVersion(tx: Transaction, botId: string, change: (config: BotConfig) => BotConfig, now: number): Promise<number> {
  const current = await tx.botConfigVersion.findFirstOrThrow({ where: { botId }, orderBy: { version: "desc" } });
  const newest = await tx.change.aggregate({ where: { botId }, _max: { configVersion: true } });
  // A version that was taken back is not given again: workers know it as refused.
  const version = Math.max(current.version, newest._max.configVersion ?? 0) + 1;
  const json = JSON.stringify(change(botConfigSchema.parse(JSON.parse(current.json))));
  await tx.botConfigVersion.create({ data: { botId, version, json, createdAt: BigInt(now) } });
  return version;
}

const CLEARED: Text = { en: "The panic halt is cleared.", "zh-TW": "已解除緊急停止。" };

async function setFleetPanic(tx: Transaction, type: FleetChange["type"], by: Actor, now: number): Promise<void> {
  if (type === "panicClear") await tx.setting.deleteMany({ where: { key: PANIC_SETTING } });
  if (type !== "panic") return;
  const value = JSON.stringify({ at: now, by: by.userName } satisfies FleetPanic);
  await tx.setting.upsert({ where: { key: PANIC_SETTING }, create: { key: PANIC_SETTING, value }, update: { value } });
}

const FORBIDDEN_UNDER_PANIC: ReadonlySet<FleetChange["type"]> = new Set(["start", "resume", "pause", "restart"]);

/** Nothing starts again before the panic is cleared. */
async function refuseUnderPanic(tx: Transaction, change: FleetChange, bot: Bot): Promise<void> {
  if (!FORBIDDEN_UNDER_PANIC.has(change.type)) return;
  if ((await readFleetPanic(tx)) !== null)
    throw new UserError(
      {
        en: `A panic stands for the whole fleet; clear it with /panic clear before you ${change.type} ${bot.id}.`,
        "zh-TW": `整個機隊處於緊急停止狀態；請先以 /panic clear 解除，再操作 ${bot.id}。`,
      },
      "panic",
    );
  if (bot.haltKind === "panic")
    throw new UserError(
      {
        en: `${bot.id} was halted by a panic; clear it with /panic clear before you ${change.type} it.`,
        "zh-TW": `${bot.id} 已被緊急停止；請先以 /panic clear 解除再操作。`,
      },
      "panic",
    );
}

const NO_HALT = { haltKind: null, haltReason: null, haltedAt: null };

function effectOn(bot: Bot, change: FleetChange, by: Actor, now: number): Prisma.BotUpdateInput {
  switch (change.type) {
    case "start":
    case "resume":
      return { desired: "running", flatten: false, ...NO_HALT };
    case "stop":
      return { desired: "stopped", flatten: false };
    case "pause":
      return { desired: "paused" };
    case "restart":
    case "adjust":
      return {};
    case "panic": {
      const reason: Text = { en: `panic by ${by.userName}`, "zh-TW": `${by.userName} 下令緊急停止` };
      return { desired: "stopped", haltKind: "panic", haltReason: JSON.stringify(reason), haltedAt: BigInt(now) };
    }
    case "panicClear":
      return bot.haltKind === "panic" ? NO_HALT : {};
  }
}
