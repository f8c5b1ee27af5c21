// What the `config` verbs share: their options, how they read files, how they say faults and plans, and their database.

import { randomUUID } from "node:crypto";
import { existsSync } from "node:fs";
import { userInfo } from "node:os";
import type { Command } from "commander";
import { botConfigSchema } from "../../core/bot-config.ts";
import type { Actor } from "../../core/command.ts";
import { type FieldChange, sayChange } from "../../core/config-diff.ts";
import { readSettings } from "../../core/config-overrides.ts";
import { shownValue } from "../../core/fault-words.ts";
import type { Strategy } from "../../core/strategy.ts";
import { join, type Text, UserError } from "../../core/text.ts";
import type { PlannedBot } from "../../storage/config-plan.ts";
import type { Database } from "../../storage/database.ts";
import { loadStrategies, strategyFolders } from "../../strategies/index.ts";
import { type FileFault, faultRow, sayFileFault } from "../config-fault.ts";
import { type ReadBots, readBots } from "../config-reader.ts";
import { prepareDataFolder } from "../data-folder.ts";
import { readEnvFile } from "../env-file.ts";
import { EXIT } from "../exit-code.ts";
import { complain, inWords, language, print } from "../language.ts";
import { seedRow, seedTable } from "../seed-import/report.ts";
import { DEFAULT_CHOICES, type SeedChoices } from "../seed-import/seed-key.ts";
import { environment, loadSettings } from "../settings.ts";

/** `--set` may be repeated. */
export function withSet(verb: Command): Command {
  const words = {
    en: "another value for a field (params.gridNum=20) or a variable (SYMBOL=ETH/USDC); may be repeated",
    "zh-TW": "改用其他欄位值（params.gridNum=20）或設定變數（SYMBOL=ETH/USDC）；可重複",
  };
  return verb.option("--set <name=value>", inWords(words), (pair: string, before: readonly string[] = []) => [...before, pair]);
}

export function withJson(verb: Command): Command {
  return verb.option("--json", inWords({ en: "for programs", "zh-TW": "供程式使用" }));
}

/** What the operator decides about files of the old system. */
export interface SeedFlags {
  readonly mode?: string;
  readonly acceptHost?: readonly string[];
  /** The old system's `.env`, whose variables its files name. */
  readonly envFile?: string;
}

/** `--mode`, `--accept-host` and `--env-file`, for files of the old system. */
export function withSeeds(verb: Command): Command {
  const mode = {
    en: "files of the old system: mode of their bots: sim, paper, testnet or live (default: paper)",
    "zh-TW": "舊系統的檔案：機器人的模式 sim、paper、testnet 或 live（預設：paper）",
  };
  const host = {
    en: "files of the old system: a host outside of the exchange's own that you know; may be repeated",
    "zh-TW": "舊系統的檔案：確認過、但不屬於交易所的主機；可重複",
  };
  const variables = {
    en: "files of the old system: its .env, for the variables that they name (accounts: account import-env)",
    "zh-TW": "舊系統的檔案：其 .env 檔，提供檔案引用的變數（帳戶請用 account import-env）",
  };
  return verb
    .option("--mode <mode>", inWords(mode))
    .option("--env-file <file>", inWords(variables))
    .option("--accept-host <host>", inWords(host), (one: string, before: readonly string[] = []) => [...before, one.toLowerCase()]);
}

function choicesOf({ mode = DEFAULT_CHOICES.mode, acceptHost = [] }: SeedFlags): SeedChoices {
  const known = botConfigSchema.shape.mode.safeParse(mode);
  if (known.success) return { mode: known.data, acceptHosts: acceptHost };
  throw new UserError({
    en: `--mode ${mode.slice(0, 40)} must be sim, paper, testnet or live.`,
    "zh-TW": `--mode ${mode.slice(0, 40)} 必須是 sim、paper、testnet 或 live。`,
  });
}

/** Variables that files may use: those of a named file come before the environment's. Throws a UserError for one that is no .env file. */
function variablesOf({ envFile }: SeedFlags): Readonly<Record<string, string | undefined>> {
  if (envFile === undefined) return environment();
  if (!existsSync(envFile))
    throw new UserError({ en: `There is no file ${envFile}; name an .env file.`, "zh-TW": `沒有檔案 ${envFile}；請指定一個 .env 檔。` });
  const { values, faults } = readEnvFile(envFile);
  if (faults.length > 0) throw new UserError(join(faults, "\n"));
  return { ...environment(), ...values };
}

export function installedStrategies(): Promise<ReadonlyMap<string, Strategy>> {
  return loadStrategies(strategyFolders(environment()));
}

/** Reads files and folders with the overrides of `--set`. */
export async function readFiles(
  paths: readonly string[],
  set: readonly string[] = [],
  seeds: SeedFlags = {},
): Promise<ReadBots & { readonly strategies: ReadonlyMap<string, Strategy> }> {
  const strategies = await installedStrategies();
  return { ...readBots(paths, { strategies, env: variablesOf(seeds), settings: readSettings(set), seeds: choicesOf(seeds) }), strategies };
}

/** Runs a verb and returns its exit code; a UserError is told as its sentence. */
export async function tellingFaults(isJson: boolean, work: () => Promise<number>): Promise<number> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    if (isJson) print(JSON.stringify({ ok: false, error: { code: error.code, message: error.text.en } }));
    else complain(error.text);
    return EXIT.failure;
  }
}

/** Every fault on a line of its own, below the file that it is in. */
export function tellFaults(faults: readonly FileFault[]): void {
  for (const file of new Set(faults.map((fault) => fault.file))) {
    const own = faults.filter((fault) => fault.file === file);
    const [only] = own;
    if (own.length === 1 && only?.path === "") {
      const said = sayFileFault(only);
      complain({ en: `${said.en}.`, "zh-TW": `${said["zh-TW"]}。` });
      continue;
    }
    complain(
      own.length === 1
        ? { en: `${file} has a fault:`, "zh-TW": `${file} 有 1 個錯誤：` }
        : { en: `${file} has ${own.length} faults:`, "zh-TW": `${file} 有 ${own.length} 個錯誤：` },
    );
    for (const fault of own) complain(`  ${withoutFile(file, inWords(sayFileFault(fault)))}`);
  }
}

function withoutFile(file: string, sentence: string): string {
  return sentence.slice(file.length).replace(/^[:：]?\s*/, "");
}

/** What a person should know of files that are right, and what became of every key of a file of the old system. */
export function tellNotes({ notes, keys }: Pick<ReadBots, "notes" | "keys">): void {
  for (const file of new Set(keys.map((row) => row.file))) {
    const own = keys.filter((row) => row.file === file);
    print(`${file} (${own[0]?.bot || "-"}):`);
    for (const line of seedTable(own, language)) print(`  ${line}`);
  }
  for (const { file, path, text } of notes) print({ en: `${file}: ${path}: ${text.en}`, "zh-TW": `${file}：${path}：${text["zh-TW"]}` });
}

/** Faults and notes for programs. */
export function readingRows({ files, faults, notes, keys }: ReadBots): {
  readonly files: readonly string[];
  readonly faults: readonly unknown[];
  readonly notes: readonly unknown[];
  readonly keys: readonly unknown[];
} {
  const told = notes.map(({ file, path, text }) => ({ file, path, text: text.en }));
  return { files, faults: faults.map(faultRow), notes: told, keys: keys.map(seedRow) };
}

const ACTIONS: Readonly<Record<PlannedBot["action"], Text>> = {
  created: { en: "new", "zh-TW": "新增" },
  changed: { en: "changed", "zh-TW": "變更" },
  unchanged: { en: "unchanged", "zh-TW": "未變更" },
  refused: { en: "refused", "zh-TW": "拒絕" },
  missing: { en: "not in the files; left as it is", "zh-TW": "檔案中沒有；維持原狀" },
  pruned: { en: "not in the files; taken out", "zh-TW": "檔案中沒有；移除" },
};

/** Each bot of a plan, with every field that changes as old → new. */
export function tellPlan(bots: readonly PlannedBot[]): void {
  for (const bot of bots) {
    const tell = bot.action === "refused" ? complain : print;
    const version = bot.action === "created" || bot.action === "changed" ? ` (v${bot.version})` : "";
    const why = bot.reason === null ? "" : `: ${inWords(bot.reason)}`;
    tell(`${bot.id} [${bot.config.mode}]: ${inWords(ACTIONS[bot.action])}${version}${why}`);
    for (const change of bot.changes) if (change.path !== "id") tell(`  ${shownChange(bot, change)}`);
  }
}

/** A new bot's field has no value before. */
function shownChange({ action }: PlannedBot, change: FieldChange): string {
  return action === "created" ? `${change.path}: ${shownValue(change.after)}` : inWords(sayChange(change));
}

/** A plan for programs. */
export function planRows(bots: readonly PlannedBot[]): readonly unknown[] {
  return bots.map(({ id, source, action, version, changes, reason }) => ({
    ...{ id, source, action, version },
    changes: changes.map(({ path, before, after }) => ({ path, before: before ?? null, after: after ?? null })),
    reason: reason?.en ?? null,
  }));
}

/** Opens the database of the settings, works with it and closes it. */
export async function withDatabase<T>(work: (db: Database) => Promise<T>): Promise<T> {
  const settings = loadSettings();
  prepareDataFolder(settings.dataFolder);
  const { openDatabase } = await import("../../storage/database.ts");
  const db = await openDatabase(settings.databaseUrl);
  try {
    return await work(db);
  } finally {
    await db.close();
  }
}

/** Whoever sits at this machine, for one request. */
export function localActor(line: string): Actor {
  return { frontend: "terminal", userId: "local", userName: userName(), chatId: "terminal", key: `config:${randomUUID()}`, line };
}

function userName(): string {
  try {
    return userInfo().username;
  } catch {
    // A container may run under a number that has no name.
    return "local";
  }
}

/** Writes to the audit what was done to which bots. */
export async function auditConfig(db: Database, actor: Actor, bots: readonly PlannedBot[]): Promise<void> {
  const done = bots.filter(({ action }) => action === "created" || action === "changed" || action === "pruned");
  if (done.length === 0) return;
  const { createAudit } = await import("../../storage/audit.ts");
  const detail = done.map(({ id, action, version }) => `${id} ${action}${version === null ? "" : ` v${version}`}`).join(", ");
  await createAudit(db).append({ actor, command: "config", outcome: "allowed", detail }, Date.now());
}
