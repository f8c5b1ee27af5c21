// Compares bots' configurations with those in the database: what would be created, changed, left, refused or taken out, and why.

import { type BotConfig, botConfigSchema } from "../core/bot-config.ts";
import { diffConfigs, type FieldChange } from "../core/config-diff.ts";
import { money } from "../core/money.ts";
import { readStatus } from "../core/status.ts";
import type { Text } from "../core/text.ts";
import type { Transaction } from "./database.ts";
import type { Prisma } from "./generated/sqlite/client.ts";

/** `missing`: in the database only, and left there; `pruned`: in the database only, and taken out. */
export type BotAction = "created" | "changed" | "unchanged" | "refused" | "missing" | "pruned";

export interface PlannedBot {
  readonly id: string;
  /** The file that the configuration comes from; null for a bot that is in the database only. */
  readonly source: string | null;
  readonly action: BotAction;
  readonly changes: readonly FieldChange[];
  /** The configuration's version afterwards; null when there is none. */
  readonly version: number | null;
  /** Why it is refused, or when a change counts. */
  readonly reason: Text | null;
  readonly config: BotConfig;
}

export interface ConfigSource {
  readonly source: string;
  readonly config: BotConfig;
}

export interface PlanOptions {
  /** Bots of the database that no source names: not looked at, told of, or taken out where that is safe. */
  readonly others: "ignore" | "report" | "prune";
}

/** Fields that say what a bot is: its books, orders and history belong to them. */
const IDENTITY = ["exchange", "account", "symbol", "strategy", "mode"] as const;

const FACTS = {
  versions: { orderBy: { version: "desc" }, take: 1 },
  claims: { select: { symbol: true } },
  state: { select: { epoch: true } },
  changes: { where: { configVersion: { not: null } }, orderBy: { configVersion: "desc" }, take: 1, select: { configVersion: true } },
} satisfies Prisma.BotInclude;

type BotFacts = Prisma.BotGetPayload<{ include: typeof FACTS }>;

/** Reads only; within a transaction its answer stays true until that ends. */
export async function planConfigs(
  tx: Pick<Transaction, "bot" | "order">,
  sources: readonly ConfigSource[],
  { others }: PlanOptions,
): Promise<readonly PlannedBot[]> {
  const wanted = new Set(sources.map(({ config }) => config.id));
  const where = others === "ignore" ? { id: { in: [...wanted] } } : {};
  const rows = await tx.bot.findMany({ where, include: FACTS, orderBy: { id: "asc" } });
  const live = await liveOrders(tx, rows);
  const bots = new Map(rows.map((row) => [row.id, row]));
  const planned = sources.map((source) => planOne(source, bots.get(source.config.id) ?? null, live));
  const rest = rows.filter((row) => !wanted.has(row.id)).map((row) => planOther(row, live, others === "prune"));
  return [...planned, ...rest];
}

async function liveOrders(tx: Pick<Transaction, "order">, rows: readonly BotFacts[]): Promise<ReadonlyMap<string, number>> {
  const groups = await tx.order.groupBy({ by: ["botId"], where: { botId: { in: rows.map(({ id }) => id) }, isLive: true }, _count: true });
  return new Map(groups.map(({ botId, _count }) => [botId, _count]));
}

function planOne({ source, config: given }: ConfigSource, row: BotFacts | null, live: ReadonlyMap<string, number>): PlannedBot {
  const { id } = given;
  if (row === null) return { id, source, action: "created", changes: diffConfigs(null, given), version: 1, reason: null, config: given };
  const { config: before, version } = currentOf(row);
  const config = carryOver(before, given);
  const changes = diffConfigs(before, config);
  const base = { id, source, changes, config };
  if (changes.length === 0) return { ...base, action: "unchanged", version, reason: null };
  const identity = IDENTITY.filter((field) => before[field] !== config[field]);
  const reason = identity.length === 0 ? null : identityRefusal(row, before, identity, live);
  if (reason !== null) return { ...base, action: "refused", version, reason };
  // A version that was taken back is not given again: workers know it as refused.
  const next = Math.max(version, row.changes[0]?.configVersion ?? 0) + 1;
  return { ...base, action: "changed", version: next, reason: whenItCounts(row, changes) };
}

function currentOf(row: BotFacts): { readonly config: BotConfig; readonly version: number } {
  const version = row.versions[0];
  if (version === undefined) throw new Error(`bot ${row.id} has no configuration`);
  return { config: botConfigSchema.parse(JSON.parse(version.json)), version: version.version };
}

/** A mark that a command set, and that no file holds, is not undone by a file's silence. */
function carryOver(before: BotConfig, given: BotConfig): BotConfig {
  const { drawdownSince } = before.risk;
  if (drawdownSince === undefined || given.risk.drawdownSince !== undefined) return given;
  return { ...given, risk: { ...given.risk, drawdownSince } };
}

function planOther(row: BotFacts, live: ReadonlyMap<string, number>, isPruned: boolean): PlannedBot {
  const { config, version } = currentOf(row);
  const base = { id: row.id, source: null, changes: [], config };
  if (!isPruned) return { ...base, action: "missing", version, reason: null };
  const reason = busy(row, live);
  return reason === null
    ? { ...base, action: "pruned", version: null, reason: null }
    : { ...base, action: "refused", version, reason: prefixed({ en: "stays", "zh-TW": "予以保留" }, reason) };
}

/** What a bot still does or holds; null when it is at rest and flat. */
function busy(row: BotFacts, live: ReadonlyMap<string, number>): Text | null {
  const orders = live.get(row.id) ?? 0;
  const symbols = row.claims.map(({ symbol }) => symbol).join(", ");
  const position = row.lastStatus === null ? "0" : readStatus(row.lastStatus).position;
  if (row.desired !== "stopped") return { en: `it is ${row.desired}; /stop it first`, "zh-TW": `它的狀態是 ${row.desired}；請先 /stop` };
  if (row.holder !== null) return { en: "its process has not ended yet", "zh-TW": "它的程序尚未結束" };
  if (orders > 0) return { en: `${orders} of its orders are not proven closed`, "zh-TW": `它有 ${orders} 筆委託尚未確認結束` };
  if (symbols !== "")
    return {
      en: `it holds ${symbols}, where its position is not proven flat; /stop it and choose to close the position`,
      "zh-TW": `它仍占用 ${symbols}，部位尚未確認為零；請 /stop 並選擇平倉`,
    };
  if (!money(position).eq(0)) return { en: `its last known position is ${position}`, "zh-TW": `它最後已知的部位是 ${position}` };
  return null;
}

function identityRefusal(
  row: BotFacts,
  before: BotConfig,
  fields: readonly (typeof IDENTITY)[number][],
  live: ReadonlyMap<string, number>,
): Text | null {
  const names = fields.join(", ");
  const doing = busy(row, live);
  if (doing !== null) return prefixed({ en: `${names} cannot change now`, "zh-TW": `目前無法變更 ${names}` }, doing);
  if (row.firstStartedAt === null && row.state === null) return null;
  return {
    en: `${names} cannot change: it has run on ${before.exchange}/${before.account} ${before.symbol} as ${before.strategy} [${before.mode}], and its books belong to that; give the new one another id`,
    "zh-TW": `無法變更 ${names}：它曾以 ${before.strategy} 在 ${before.exchange}/${before.account} ${before.symbol} [${before.mode}] 執行，帳目屬於該設定；請另用新的 id`,
  };
}

function prefixed(what: Text, why: Text): Text {
  return { en: `${what.en}: ${why.en}`, "zh-TW": `${what["zh-TW"]}：${why["zh-TW"]}` };
}

function whenItCounts(row: BotFacts, changes: readonly FieldChange[]): Text | null {
  if (row.holder === null) return row.desired === "stopped" ? null : { en: "counts from its next start", "zh-TW": "下次啟動時生效" };
  const hasOthers = changes.some(({ path }) => !path.startsWith("params."));
  if (!hasOthers)
    return {
      en: "it runs: its worker hands it the new parameters now; if it refuses them, this version is taken back and the chat is told",
      "zh-TW": "執行中：工作程序會立即交付新參數；若機器人拒絕，此版本會被撤回並在聊天中告知",
    };
  return {
    en: "it runs: its worker hands it what a running bot can take now, the rest counts from its next start (/restart); if it refuses the parameters, this version is taken back and the chat is told",
    "zh-TW": "執行中：工作程序會立即交付可即時套用的部分，其餘於下次啟動時生效（/restart）；若機器人拒絕參數，此版本會被撤回並在聊天中告知",
  };
}
