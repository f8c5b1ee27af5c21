// Every variable that Botswain reads, what is right for it, and how it is parsed; settings.ts reads them all at once.

import { isIP } from "node:net";
import { z } from "zod";
import type { Role } from "../core/command.ts";
import { type FleetRiskLimits, parseFleetRisk } from "../core/fleet-risk-limits.ts";
import { type Language, type Text, UserError } from "../core/text.ts";
import { type LimitOverrides, parseLimitOverrides } from "../exchanges/limits.ts";
import { DEFAULT_RETENTION, parseRetention, RETENTION_RIGHT, type RetentionPolicy } from "../storage/retention.ts";
import { PASSPHRASE_MIN_LENGTH } from "../storage/sealing/passphrase.ts";

/** A person named in TELEGRAM_ALLOWED_USERS or DISCORD_ALLOWED_USERS. */
export interface AllowedUser {
  readonly id: string;
  readonly role: Role;
}

/** A recorded market of BOTSWAIN_SIM_DATA; without a symbol the file's name tells it. */
export interface SimDataFile {
  readonly symbol: string | null;
  readonly path: string;
}

export interface Variable<T> {
  readonly schema: z.ZodType<T, string>;
  readonly right: Text;
  /** Its value is never shown. */
  readonly isSecret?: boolean;
}

const LEVELS = ["trace", "debug", "info", "warn", "error", "fatal", "silent"] as const;
const LANGUAGES: readonly Language[] = ["en", "zh-TW"];

function variable<T>(schema: z.ZodType<T, string>, en: string, zhTw: string, isSecret = false): Variable<T> {
  return { schema, right: { en, "zh-TW": zhTw }, isSecret };
}

/** A string that passes a test, with a place to explain what else is wrong with it. */
function checked(test: (value: string) => boolean): z.ZodType<string, string> {
  return z.string().refine(test);
}

function number(test: (value: number) => boolean): z.ZodType<number, string> {
  return z
    .string()
    .regex(/^\d+(\.\d+)?$/)
    .transform(Number)
    .refine(test);
}

function listOf<T>(item: (value: string) => T | null): z.ZodType<readonly T[], string> {
  return z.string().transform((value, context) => {
    const found: T[] = [];
    for (const part of value
      .split(/[,\s]+/)
      .map((text) => text.trim())
      .filter((text) => text !== "")) {
      const parsed = item(part);
      if (parsed === null) context.addIssue({ code: "custom", message: part });
      else found.push(parsed);
    }
    return found;
  });
}

function allowedUser(part: string): AllowedUser | null {
  const match = /^(\d{1,20})(?::(viewer|operator|admin))?$/.exec(part);
  return match?.[1] === undefined ? null : { id: match[1], role: (match[2] as Role | undefined) ?? "operator" };
}

function armedAccount(part: string): string | null {
  return /^[a-z0-9]{2,30}:[a-z][a-z0-9_-]{0,31}$/.test(part) ? part : null;
}

const yesOrNo: z.ZodType<boolean, string> = z
  .string()
  .transform((value) => value.toLowerCase())
  .refine((value) => /^(1|0|true|false|yes|no|on|off)$/.test(value))
  .transform((value) => /^(1|true|yes|on)$/.test(value));

function isUrl(value: string, protocols: readonly string[]): boolean {
  return URL.canParse(value) && protocols.includes(new URL(value).protocol);
}

/** Whether a host name is this machine. */
export function isLoopback(host: string): boolean {
  const bare = host.replace(/^\[(.*)\]$/, "$1");
  return bare === "localhost" || bare === "::1" || (isIP(bare) === 4 && bare.startsWith("127."));
}

/** Who can write to Redis can trade: a Redis that others can reach must ask for a password. */
function isGuardedRedis(value: string): boolean {
  if (!isUrl(value, ["redis:", "rediss:"])) return true;
  const url = new URL(value);
  return isLoopback(url.hostname) || url.password !== "";
}

const redisUrl = z
  .string()
  .refine((value) => /^unix:\/\/\/./.test(value) || isUrl(value, ["redis:", "rediss:"]))
  .refine(isGuardedRedis, { message: "password" });

const databaseUrl = checked((value) => /^file:./.test(value) || isUrl(value, ["postgres:", "postgresql:"]));

const timeZone = checked((value) => {
  try {
    return new Intl.DateTimeFormat("en", { timeZone: value }) !== undefined;
  } catch {
    return false;
  }
});

const simData = z.string().transform((value): readonly SimDataFile[] =>
  value
    .split(",")
    .map((part) => part.trim())
    .filter((part) => part !== "")
    .map((part) => {
      const match = /^([A-Z0-9]+\/[A-Z0-9]+(?::[A-Z0-9]+)?)=(.+)$/.exec(part);
      return match?.[2] === undefined ? { symbol: null, path: part } : { symbol: match[1] ?? null, path: match[2] };
    }),
);

const limits = z.string().transform((value, context): LimitOverrides => {
  try {
    return parseLimitOverrides(value);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    context.addIssue({ code: "custom", message: error.message });
    return {};
  }
});

const retention = z.string().transform((value, context): RetentionPolicy => {
  try {
    return parseRetention(value);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    context.addIssue({ code: "custom", message: error.message });
    return DEFAULT_RETENTION;
  }
});

const fleetRisk = z.string().transform((value, context): FleetRiskLimits => {
  const parsed = parseFleetRisk(value);
  if (parsed !== null && "limits" in parsed) return parsed.limits;
  if (parsed === null) context.addIssue({ code: "custom", message: "it is not JSON" });
  for (const clause of parsed?.faults ?? []) context.addIssue({ code: "custom", message: clause.en, params: { clause } });
  return z.NEVER;
});

const webUrl = checked((value) => isUrl(value, ["http:", "https:"]));
const discordId = checked((value) => /^\d{17,20}$/.test(value));
const webhookUrl = checked((value) => isUrl(value, ["http:", "https:"]) && /\/webhooks\/\d+\/[\w-]+/.test(value));

/** All variables. The order is that of `.env.example`. */
export const variables = {
  BOTSWAIN_HOME: variable(z.string(), "a folder for Botswain's data, e.g. /var/lib/botswain", "Botswain 的資料夾，例如 /var/lib/botswain"),
  DATABASE_URL: variable(
    databaseUrl,
    "file:PATH for SQLite or postgresql://USER:PASSWORD@HOST/DATABASE",
    "SQLite 用 file:路徑，PostgreSQL 用 postgresql://使用者:密碼@主機/資料庫",
    true,
  ),
  REDIS_URL: variable(
    redisUrl,
    "redis://HOST:PORT, rediss://… or unix:///PATH; a Redis on another machine needs a password: redis://:PASSWORD@HOST:PORT",
    "redis://主機:埠、rediss://… 或 unix:///路徑；其他機器上的 Redis 必須有密碼：redis://:密碼@主機:埠",
    true,
  ),
  REDIS_SERVER: variable(z.string(), "the path of a redis-server program", "redis-server 程式的路徑"),
  LOG_LEVEL: variable(
    z.enum(LEVELS) as z.ZodType<(typeof LEVELS)[number], string>,
    `one of ${LEVELS.join(", ")}`,
    `${LEVELS.join("、")} 其中之一`,
  ),
  BOTSWAIN_TIMEZONE: variable(timeZone, "a time zone such as Asia/Taipei or UTC", "時區，例如 Asia/Taipei 或 UTC"),
  BOTSWAIN_LANGUAGE: variable(z.enum(LANGUAGES) as z.ZodType<Language, string>, "en or zh-TW", "en 或 zh-TW"),
  BOTSWAIN_LIMITS: variable(
    limits,
    'JSON such as {"backpack":[{"name":"requests","limit":1000,"windowMs":60000}]}',
    'JSON，例如 {"backpack":[{"name":"requests","limit":1000,"windowMs":60000}]}',
  ),
  BOTSWAIN_FLEET_RISK: variable(
    fleetRisk,
    'JSON such as {"fleet":{"maxDailyLoss":"500"},"accounts":{"backpack/sim":{"maxNetExposure":{"ETH":"2"}}}}',
    'JSON，例如 {"fleet":{"maxDailyLoss":"500"},"accounts":{"backpack/sim":{"maxNetExposure":{"ETH":"2"}}}}',
  ),
  BOTSWAIN_RETENTION: variable(retention, RETENTION_RIGHT.en, RETENTION_RIGHT["zh-TW"]),
  BOTSWAIN_KEY_FILE: variable(
    z.string(),
    "the path of the key file that seals accounts, readable by its owner alone",
    "封存帳戶的金鑰檔路徑，僅限擁有者可讀",
  ),
  BOTSWAIN_PASSPHRASE: variable(
    checked((value) => value.length >= PASSPHRASE_MIN_LENGTH),
    `a passphrase of at least ${PASSPHRASE_MIN_LENGTH} characters`,
    `至少 ${PASSPHRASE_MIN_LENGTH} 個字元的密語`,
    true,
  ),
  BOTSWAIN_PASSPHRASE_FILE: variable(
    z.string(),
    `the path of a readable file with a passphrase of at least ${PASSPHRASE_MIN_LENGTH} characters`,
    `可讀取的檔案路徑，內含至少 ${PASSPHRASE_MIN_LENGTH} 個字元的密語`,
  ),
  BOTSWAIN_ACCOUNTS_FROM_ENV: variable(yesOrNo, "true or false", "true 或 false"),
  BOTSWAIN_ARMED: variable(
    listOf(armedAccount),
    "accounts that may trade real money, EXCHANGE:NAME separated by commas, e.g. backpack:main",
    "可用真實資金交易的帳戶，以逗號分隔的 交易所:名稱，例如 backpack:main",
  ),
  BOTSWAIN_STRATEGIES: variable(
    z.string(),
    "a folder with strategy files of your own (.js or .mjs)",
    "放置自訂策略檔（.js 或 .mjs）的資料夾",
  ),
  BOTSWAIN_SIM_DATA: variable(
    simData,
    "recorded files separated by commas, each FILE or SYMBOL=FILE, that exist and can be read",
    "以逗號分隔、存在且可讀取的錄製檔，每項為 檔案 或 商品=檔案",
  ),
  BOTSWAIN_SIM_SPEED: variable(
    number((value) => value > 0 && value <= 1_000_000),
    "a number above 0 and at most 1000000, e.g. 60",
    "大於 0 且不超過 1000000 的數字，例如 60",
  ),
  BOTSWAIN_SIM_SEED: variable(
    number((value) => Number.isInteger(value) && value <= 0xffff_ffff),
    "a whole number from 0 to 4294967295",
    "0 到 4294967295 的整數",
  ),
  BOTSWAIN_SIM_PORT: variable(
    number((value) => Number.isInteger(value) && value <= 65_535),
    "a port from 0 (any free one) to 65535",
    "0（任一可用埠）到 65535 的埠號",
  ),
  BOTSWAIN_SIM_URL: variable(
    checked((value) => isUrl(value, ["http:"]) && isLoopback(new URL(value).hostname)),
    "the address of a running exchange-sim on this machine, e.g. http://127.0.0.1:8080",
    "本機上執行中的 exchange-sim 位址，例如 http://127.0.0.1:8080",
  ),
  TELEGRAM_BOT_TOKEN: variable(
    checked((value) => /^\d+:[\w-]{20,}$/.test(value)),
    "the token that @BotFather gave you: digits, a colon, then letters",
    "@BotFather 給的權杖：數字、冒號、再接英數字",
    true,
  ),
  TELEGRAM_ALLOWED_USERS: variable(
    listOf(allowedUser),
    "numeric user ids (not names) separated by commas, each with an optional role: 123456789:admin",
    "以逗號分隔的數字使用者編號（不是名稱），可加角色：123456789:admin",
  ),
  TELEGRAM_ALLOWED_CHATS: variable(
    listOf((part) => (/^-?\d{1,20}$/.test(part) ? part : null)),
    "numeric chat ids separated by commas, e.g. -1001234567890",
    "以逗號分隔的數字聊天編號，例如 -1001234567890",
  ),
  TELEGRAM_API_ROOT: variable(webUrl, "an http(s) address, e.g. https://api.telegram.org", "http(s) 網址，例如 https://api.telegram.org"),
  DISCORD_BOT_TOKEN: variable(
    checked((value) => /^[\w.-]{20,}$/.test(value)),
    "the bot token from Discord's developer portal",
    "Discord 開發者後台的機器人權杖",
    true,
  ),
  DISCORD_GUILD_ID: variable(discordId, "the numeric id of your server (17 to 20 digits)", "伺服器的數字編號（17 到 20 位）"),
  DISCORD_ALLOWED_USERS: variable(
    listOf(allowedUser),
    "numeric user ids (not names) separated by commas, each with an optional role: 123456789012345678:admin",
    "以逗號分隔的數字使用者編號（不是名稱），可加角色：123456789012345678:admin",
  ),
  DISCORD_ALERT_CHANNEL_ID: variable(discordId, "the numeric id of a channel (17 to 20 digits)", "頻道的數字編號（17 到 20 位）"),
  DISCORD_ALERT_WEBHOOK_URL: variable(
    webhookUrl,
    "an incoming webhook's address: https://discord.com/api/webhooks/ID/TOKEN",
    "傳入 Webhook 的網址：https://discord.com/api/webhooks/編號/權杖",
    true,
  ),
  DISCORD_API_ROOT: variable(webUrl, "an http(s) address, e.g. https://discord.com/api", "http(s) 網址，例如 https://discord.com/api"),
} as const;

export type VariableName = keyof typeof variables;

/** What a variable holds once parsed. */
export type ValueOf<Name extends VariableName> = z.output<(typeof variables)[Name]["schema"]>;
