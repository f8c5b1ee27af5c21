// Reads `.env` and the environment once, at start, and reports every fault at once.

import { accessSync, constants, readFileSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import type { z } from "zod";
import { type FleetRiskLimits, NO_FLEET_RISK } from "../core/fleet-risk-limits.ts";
import { type Language, languageOf, type Text, UserError } from "../core/text.ts";
import { Secret } from "../exchanges/account.ts";
import type { LimitOverrides } from "../exchanges/limits.ts";
import { DEFAULT_RETENTION, type RetentionPolicy } from "../storage/retention.ts";
import { PASSPHRASE_MIN_LENGTH } from "../storage/sealing/passphrase.ts";
import { strategyFolders } from "../strategies/index.ts";
import { type EnvAccount, isAccountVariable, readEnvAccounts } from "./account-environment.ts";
import { type DataFolder, locateDataFolder } from "./data-folder.ts";
import { readEnvFile } from "./env-file.ts";
import { type AllowedUser, type SimDataFile, type ValueOf, type VariableName, variables } from "./variables.ts";

/** The folder that holds package.json, seen from dist/cli as from src/cli. */
export const PROJECT_FOLDER = fileURLToPath(new URL("../..", import.meta.url));

/** Variables of the project that are no settings of the program. */
const OTHER_NAMES: readonly string[] = ["BOTSWAIN_ENV_FILE", "BOTSWAIN_SHARED_DATA"];

export interface Settings {
  readonly dataFolder: DataFolder;
  /** As in core/ports and prisma: `file:…` or `postgresql://…`; the data folder's own database when unset. */
  readonly databaseUrl: string;
  /** Null: the embedded Redis. */
  readonly redisUrl: string | null;
  readonly redisServer: string | null;
  readonly logLevel: ValueOf<"LOG_LEVEL">;
  readonly timezone: string;
  readonly language: Language;
  readonly limits: LimitOverrides;
  readonly retention: RetentionPolicy;
  readonly fleetRisk: FleetRiskLimits;
  /** Where strategies are loaded from. */
  readonly strategyFolders: readonly string[];
  readonly accounts: {
    /** Where the key that seals accounts lies. */
    readonly keyFile: string;
    /** Seals accounts instead of the key file when set. */
    readonly passphrase: Secret | null;
    /** The accounts of the environment, when nothing is to be stored; null: those of the database. */
    readonly fromEnv: readonly EnvAccount[] | null;
  };
  readonly sim: {
    readonly data: readonly SimDataFile[];
    readonly speed: number;
    readonly seed: number | null;
    readonly port: number;
    /** A simulated exchange that runs elsewhere on this machine. */
    readonly url: string | null;
  };
  readonly telegram: {
    readonly token: Secret | null;
    readonly allowedUsers: readonly AllowedUser[];
    readonly allowedChats: readonly string[];
    readonly apiRoot: string | null;
  };
  readonly discord: {
    readonly token: Secret | null;
    readonly guildId: string | null;
    readonly allowedUsers: readonly AllowedUser[];
    readonly alertChannelId: string | null;
    readonly alertWebhookUrl: Secret | null;
    readonly apiRoot: string | null;
  };
}

/** The project's `.env`, or the file that BOTSWAIN_ENV_FILE names (empty: none). */
export function projectEnvFile(env: NodeJS.ProcessEnv): string | null {
  const chosen = env.BOTSWAIN_ENV_FILE;
  if (chosen === undefined) return resolve(PROJECT_FOLDER, ".env");
  return chosen === "" ? null : resolve(chosen);
}

/** The environment over the project's `.env`, unchecked: enough to find the data folder. */
export function environment(env: NodeJS.ProcessEnv = process.env): NodeJS.ProcessEnv {
  const file = projectEnvFile(env);
  return file === null ? env : { ...readEnvFile(file).values, ...env };
}

/** The language of the command line: BOTSWAIN_LANGUAGE, else the locale. Never throws. */
export function languageIn(env: NodeJS.ProcessEnv): Language {
  const file = projectEnvFile(env);
  const wanted = env.BOTSWAIN_LANGUAGE ?? (file === null ? undefined : readEnvFile(file).values.BOTSWAIN_LANGUAGE);
  if (wanted === "en" || wanted === "zh-TW") return wanted;
  return languageOf((env.LC_ALL || env.LC_MESSAGES || env.LANG || "").replace("_", "-"));
}

/**
 * All settings. The environment wins over the project's `.env`, and that over `.env` in the data folder; an empty value counts as
 * not set. Throws one UserError that lists every fault, one sentence each.
 */
export function loadSettings(env: NodeJS.ProcessEnv = process.env): Settings {
  const projectFile = projectEnvFile(env);
  const project = projectFile === null ? null : readEnvFile(projectFile);
  const dataFolder = locateDataFolder({ ...project?.values, ...env });
  const own = readEnvFile(dataFolder.envFile);
  const faults: Text[] = [];
  for (const file of [project, own]) {
    if (file === null) continue;
    faults.push(...file.faults, ...unknownNames(file.path, Object.keys(file.values)));
  }
  const values = { ...own.values, ...project?.values, ...env };
  const get = <Name extends VariableName>(name: Name): ValueOf<Name> | null => {
    const value = values[name];
    if (value === undefined || value.trim() === "") return null;
    const parsed = variables[name].schema.safeParse(value.trim());
    if (parsed.success) return parsed.data as ValueOf<Name>;
    faults.push(...faultsOf(name, value.trim(), parsed.error.issues));
    return null;
  };
  const settings = assemble(get, dataFolder, accountsOf(get, dataFolder, values, faults));
  faults.push(...unreadable(settings.sim.data));
  if (faults.length > 0)
    throw new UserError({ en: faults.map((f) => f.en).join("\n"), "zh-TW": faults.map((f) => f["zh-TW"]).join("\n") }, "settings");
  return settings;
}

type Getter = <Name extends VariableName>(name: Name) => ValueOf<Name> | null;

function accountsOf(get: Getter, { path }: DataFolder, values: NodeJS.ProcessEnv, faults: Text[]): Settings["accounts"] {
  const keyFile = get("BOTSWAIN_KEY_FILE");
  const passphrase = passphraseOf(get("BOTSWAIN_PASSPHRASE"), get("BOTSWAIN_PASSPHRASE_FILE"), faults);
  if (keyFile !== null && passphrase !== null)
    faults.push({
      en: "BOTSWAIN_KEY_FILE and a passphrase are both set; accounts are sealed with one of them, so keep one.",
      "zh-TW": "同時設定了 BOTSWAIN_KEY_FILE 與密語；帳戶只用其中一種封存，請只留一個。",
    });
  const armed = get("BOTSWAIN_ARMED") ?? [];
  const isFromEnv = get("BOTSWAIN_ACCOUNTS_FROM_ENV") === true;
  if (isFromEnv) {
    const { accounts, faults: found } = readEnvAccounts(values, armed);
    faults.push(...found);
    return { keyFile: keyFile ?? join(path, "master.key"), passphrase, fromEnv: accounts };
  }
  if (armed.length > 0)
    faults.push({
      en: 'BOTSWAIN_ARMED counts only with BOTSWAIN_ACCOUNTS_FROM_ENV=true; arm a stored account with "account arm".',
      "zh-TW": "BOTSWAIN_ARMED 僅在 BOTSWAIN_ACCOUNTS_FROM_ENV=true 時有效；已儲存的帳戶請用「account arm」啟用。",
    });
  return { keyFile: keyFile ?? join(path, "master.key"), passphrase, fromEnv: null };
}

function passphraseOf(value: string | null, file: string | null, faults: Text[]): Secret | null {
  if (file === null) return value === null ? null : new Secret(value);
  try {
    const content = readFileSync(file, "utf8").replace(/\r?\n$/, "");
    if (content.length >= PASSPHRASE_MIN_LENGTH && value === null) return new Secret(content);
  } catch {
    // Said below, in the same words as for one that is too short.
  }
  if (value === null) faults.push(faultOf("BOTSWAIN_PASSPHRASE_FILE", file, [file]));
  else
    faults.push({
      en: "BOTSWAIN_PASSPHRASE and BOTSWAIN_PASSPHRASE_FILE are both set; keep one.",
      "zh-TW": "同時設定了 BOTSWAIN_PASSPHRASE 與 BOTSWAIN_PASSPHRASE_FILE；請只留一個。",
    });
  return null;
}

function assemble(get: Getter, dataFolder: DataFolder, accounts: Settings["accounts"]): Settings {
  const secret = (name: "TELEGRAM_BOT_TOKEN" | "DISCORD_BOT_TOKEN" | "DISCORD_ALERT_WEBHOOK_URL"): Secret | null => {
    const value = get(name);
    return value === null ? null : new Secret(value);
  };
  return {
    dataFolder,
    databaseUrl: get("DATABASE_URL") ?? dataFolder.databaseUrl,
    redisUrl: get("REDIS_URL"),
    redisServer: get("REDIS_SERVER"),
    logLevel: get("LOG_LEVEL") ?? "info",
    timezone: get("BOTSWAIN_TIMEZONE") ?? Intl.DateTimeFormat().resolvedOptions().timeZone,
    language: get("BOTSWAIN_LANGUAGE") ?? languageIn(process.env),
    limits: get("BOTSWAIN_LIMITS") ?? {},
    fleetRisk: get("BOTSWAIN_FLEET_RISK") ?? NO_FLEET_RISK,
    retention: get("BOTSWAIN_RETENTION") ?? DEFAULT_RETENTION,
    strategyFolders: strategyFolders({ BOTSWAIN_STRATEGIES: get("BOTSWAIN_STRATEGIES") ?? undefined }),
    accounts,
    sim: {
      data: get("BOTSWAIN_SIM_DATA") ?? [],
      speed: get("BOTSWAIN_SIM_SPEED") ?? 1,
      seed: get("BOTSWAIN_SIM_SEED"),
      port: get("BOTSWAIN_SIM_PORT") ?? 0,
      url: get("BOTSWAIN_SIM_URL"),
    },
    telegram: {
      token: secret("TELEGRAM_BOT_TOKEN"),
      allowedUsers: get("TELEGRAM_ALLOWED_USERS") ?? [],
      allowedChats: get("TELEGRAM_ALLOWED_CHATS") ?? [],
      apiRoot: get("TELEGRAM_API_ROOT"),
    },
    discord: {
      token: secret("DISCORD_BOT_TOKEN"),
      guildId: get("DISCORD_GUILD_ID"),
      allowedUsers: get("DISCORD_ALLOWED_USERS") ?? [],
      alertChannelId: get("DISCORD_ALERT_CHANNEL_ID"),
      alertWebhookUrl: secret("DISCORD_ALERT_WEBHOOK_URL"),
      apiRoot: get("DISCORD_API_ROOT"),
    },
  };
}

/** A structured value says what is wrong in it, one sentence per fault; any other is named whole. */
function faultsOf(name: VariableName, value: string, issues: readonly z.core.$ZodIssue[]): Text[] {
  const clauses = issues.flatMap((issue) => (issue.code === "custom" ? ((issue.params?.clause as Text | undefined) ?? []) : []));
  if (clauses.length > 0) return clauses.map((clause) => ({ en: `${name}: ${clause.en}.`, "zh-TW": `${name}：${clause["zh-TW"]}。` }));
  const messages = issues.map((issue) => issue.message);
  return [faultOf(name, value, messages)];
}

/** Lists say which of their parts are wrong; any other value is named whole, unless it is secret. */
function faultOf(name: VariableName, value: string, messages: readonly string[]): Text {
  const { right, isSecret } = variables[name];
  const parts = value.split(/[,\s]+/).filter((part) => messages.includes(part));
  const wrong = parts.length > 0 ? parts : [value];
  if (isSecret) return { en: `${name} (value not shown) should be ${right.en}.`, "zh-TW": `${name}（不顯示內容）應為${right["zh-TW"]}。` };
  return {
    en: `${name} holds ${wrong.map((part) => `"${part}"`).join(" and ")} but should be ${right.en}.`,
    "zh-TW": `${name} 含有${wrong.map((part) => `「${part}」`).join("與")}，應為${right["zh-TW"]}。`,
  };
}

/** A mistyped name in a file would otherwise change nothing, silently. */
function unknownNames(path: string, names: readonly string[]): Text[] {
  const known = [...Object.keys(variables), ...OTHER_NAMES];
  return names
    .filter((name) => /^(BOTSWAIN|TELEGRAM|DISCORD)_/.test(name) && !known.includes(name) && !isAccountVariable(name))
    .map((name) => ({
      en: `${path} sets ${name}, which is no setting of Botswain: see .env.example for the names.`,
      "zh-TW": `${path} 設定了 ${name}，但 Botswain 沒有這個設定：名稱請見 .env.example。`,
    }));
}

function unreadable(files: readonly SimDataFile[]): Text[] {
  return files.filter((file) => !isReadableFile(file.path)).map((file) => faultOf("BOTSWAIN_SIM_DATA", file.path, []));
}

function isReadableFile(path: string): boolean {
  try {
    accessSync(path, constants.R_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
