// Puts bots' configurations into the database as new versions: all of them in one transaction, or none.

import { type BotConfig, botConfigSchema } from "../core/bot-config.ts";
import { validateBot } from "../core/bot-validation.ts";
import type { Actor, ChangeOutcome, FleetChange } from "../core/command.ts";
import type { Fault } from "../core/fault-words.ts";
import type { Strategy } from "../core/strategy.ts";
import { type Text, UserError } from "../core/text.ts";
import { lockAccount, takeNumbers } from "./bot-numbers.ts";
import { insertBot } from "./bots.ts";
import { type ConfigSource, type PlannedBot, type PlanOptions, planConfigs } from "./config-plan.ts";
import { retireBot } from "./config-retired.ts";
import { type Database, forUpdate, type Transaction } from "./database.ts";
import { lockBots } from "./ledger-sql.ts";

/** A bot's configuration that nobody has checked yet. */
export interface BotDraft {
  /** The file it comes from, for faults. */
  readonly source: string;
  readonly config: unknown;
}

export interface ImportOptions extends Partial<PlanOptions> {
  readonly strategies: ReadonlyMap<string, Strategy>;
  /** Who asked; `by.key` must be of this request alone. */
  readonly by: Actor;
  /** Epoch ms. */
  readonly now: number;
  /** Plans only. */
  readonly isDryRun?: boolean;
  /** What was shown to a person before: when the database has changed meanwhile, nothing is stored. */
  readonly shown?: readonly PlannedBot[];
}

export interface ImportResult {
  /** False when there is a fault or a refusal: nothing was stored then. */
  readonly ok: boolean;
  readonly bots: readonly PlannedBot[];
  readonly faults: readonly (Fault & { readonly source: string })[];
}

/** Checks drafts and stores them. An identical configuration makes no new version. Nothing is stored unless everything can be. */
export async function importBots(db: Database, drafts: readonly BotDraft[], options: ImportOptions): Promise<ImportResult> {
  const { sources, faults } = checkDrafts(drafts, options.strategies);
  const plan: PlanOptions = { others: options.others ?? "ignore" };
  if (faults.length > 0) return { ok: false, bots: [], faults };
  if (options.isDryRun === true) return judged(await planConfigs(db.prisma, sources, plan));
  return db.transact(async (tx) => {
    await lockAll(db, tx, sources, plan);
    const bots = await planConfigs(tx, sources, plan);
    if (options.shown !== undefined && !isSamePlan(options.shown, bots)) throw changedMeanwhile();
    const result = judged(bots);
    if (result.ok) for (const bot of bots) await store(tx, bot, options);
    return result;
  });
}

function checkDrafts(
  drafts: readonly BotDraft[],
  strategies: ReadonlyMap<string, Strategy>,
): { readonly sources: readonly ConfigSource[]; readonly faults: ImportResult["faults"] } {
  const sources: ConfigSource[] = [];
  const faults: (Fault & { readonly source: string })[] = [];
  for (const { source, config } of drafts) {
    const validation = validateBot(config, strategies);
    if (!validation.ok) faults.push(...validation.faults.map((fault) => ({ ...fault, source })));
    else if (sources.some((other) => other.config.id === validation.config.id))
      faults.push({
        source,
        path: "id",
        value: validation.config.id,
        rule: { en: "must be of its own: it is there twice", "zh-TW": "不可重複" },
      });
    else sources.push({ source, config: validation.config });
  }
  return { sources, faults };
}

function judged(bots: readonly PlannedBot[]): ImportResult {
  return { ok: !bots.some(({ action }) => action === "refused"), bots, faults: [] };
}

/** Nobody takes an epoch, a claim or another version of these bots before the transaction ends. */
async function lockAll(db: Database, tx: Transaction, sources: readonly ConfigSource[], { others }: PlanOptions): Promise<void> {
  const ids = sources.map(({ config }) => config.id);
  const rest = others === "prune" ? (await tx.bot.findMany({ select: { id: true } })).map(({ id }) => id) : [];
  const all = [...new Set([...ids, ...rest])];
  if (all.length > 0) await lockBots(tx, all, forUpdate(db));
}

function isSamePlan(shown: readonly PlannedBot[], now: readonly PlannedBot[]): boolean {
  const essence = (bots: readonly PlannedBot[]): string =>
    JSON.stringify(bots.map(({ id, action, changes, version }) => [id, action, version, changes]));
  return essence(shown) === essence(now);
}

function changedMeanwhile(): UserError {
  return new UserError(
    {
      en: "Nothing was stored: the bots have changed since this was shown. Run it again and look once more.",
      "zh-TW": "沒有儲存任何內容：顯示之後機器人已有變更。請重新執行並再次確認。",
    },
    "conflict",
  );
}

async function store(tx: Transaction, bot: PlannedBot, { by, now }: ImportOptions): Promise<void> {
  if (bot.action === "created") await insertBot(tx, bot.config, now);
  if (bot.action === "pruned") await retireBot(tx, bot.id);
  if (bot.action === "changed" && bot.version !== null) await storeVersion(tx, bot.id, bot.version, bot.config, by, now);
}

const STORED: Text = { en: "stored as the bot's configuration", "zh-TW": "已儲存為機器人的設定" };

/** The next version, and a row among the bot's changes that says who made it. */
async function storeVersion(tx: Transaction, id: string, version: number, config: BotConfig, by: Actor, now: number): Promise<void> {
  const bot = await tx.bot.findUniqueOrThrow({ where: { id } });
  const json = JSON.stringify(botConfigSchema.parse(config));
  await tx.botConfigVersion.create({ data: { botId: id, version, json, createdAt: BigInt(now) } });
  const home = bot.exchange === config.exchange && bot.account === config.account ? {} : await moveHome(tx, config, now);
  const number = bot.changeCount + 1;
  await tx.bot.update({ where: { id }, data: { ...home, changeCount: number } });
  const change: FleetChange = { type: "adjust", botId: id, params: config.params };
  const outcome: ChangeOutcome = { botId: id, outcome: "done", message: STORED, status: null };
  const row = { botId: id, number, actorKey: by.key, actor: JSON.stringify(by), change: JSON.stringify(change), configVersion: version };
  const times = { createdAt: BigInt(now), expiresAt: BigInt(now), finishedAt: BigInt(now) };
  await tx.change.create({ data: { ...row, ...times, state: "done", outcome: JSON.stringify(outcome) } });
}

/** The bot's own account is another one: it gets a number there. */
async function moveHome(
  tx: Transaction,
  { id, exchange, account }: BotConfig,
  now: number,
): Promise<{ readonly exchange: string; readonly account: string; readonly number: number }> {
  await lockAccount(tx, { exchange, account }, now);
  const [number] = (await takeNumbers(tx, id, [{ exchange, account }], now)).values();
  if (number === undefined) throw new Error(`${id} got no number on ${exchange}:${account}`);
  return { exchange, account, number };
}
