// `botswain doctor`: looks at everything that a start needs and says what is wrong with it.

import { accessSync, constants, existsSync, readFileSync, statfsSync } from "node:fs";
import type { Command } from "commander";
import { plain, type Text, UserError } from "../../core/text.ts";
import { prepareDataFolder } from "../data-folder.ts";
import { findRedisProgram } from "../embedded-redis.ts";
import { EXIT } from "../exit-code.ts";
import { inWords, language, print, wordsOf } from "../language.ts";
import { lockHolder } from "../lock.ts";
import { pingRedis } from "../redis-line.ts";
import { loadSettings, PROJECT_FOLDER, type Settings } from "../settings.ts";
import { doctorOfExchange, type ExchangeChoice, isExchangeChosen, withExchange } from "./doctor-exchange.ts";
import { addVerb, withDataFolder } from "./verb.ts";

const DISK_FREE_MIN_BYTES = 500_000_000;
const SIM_TIMEOUT_MS = 2_000;

interface Finding {
  readonly check: string;
  readonly ok: boolean;
  readonly text: Text;
}

export function addDoctor(program: Command): void {
  const verb = addVerb(
    program,
    "doctor",
    { en: "Check everything that a start needs.", "zh-TW": "檢查啟動所需的一切。" },
    "doctor --exchange backpack --json",
  );
  withExchange(withDataFolder(verb))
    .option("--json", inWords({ en: "for programs", "zh-TW": "供程式使用" }))
    .action(async ({ json, ...chosen }: { readonly json?: boolean } & ExchangeChoice) => {
      if (isExchangeChosen(chosen)) return await doctorOfExchange(chosen, json === true);
      const findings = await examine();
      const ok = findings.every((finding) => finding.ok);
      if (json)
        print(JSON.stringify({ ok, checks: findings.map(({ check, ok: good, text }) => ({ check, ok: good, text: text[language] })) }));
      else for (const { check, ok: good, text } of findings) print(`${good ? "ok  " : "BAD "} ${check}: ${text[language]}`);
      process.exitCode = ok ? EXIT.success : EXIT.failure;
      // Connections that a failed check left behind must not keep the process.
      setImmediate(() => process.exit());
    });
}

async function examine(): Promise<readonly Finding[]> {
  const node = await finding("node", () => plain(`${process.version} (${process.platform} ${process.arch})`));
  let settings: Settings;
  try {
    settings = loadSettings();
  } catch (error) {
    return [node, { check: "settings", ok: false, text: plain(wordsOf(error)) }];
  }
  return [
    node,
    { check: "settings", ok: true, text: { en: "read without a fault", "zh-TW": "讀取無誤" } },
    await finding("data folder", () => examineFolder(settings)),
    await finding("redis", () => examineRedis(settings)),
    await finding("database", () => examineDatabase(settings)),
    await finding("running", () => examineRunning(settings)),
    await finding("simulated exchange", () => examineSim(settings)),
    await finding("chats", () => examineChats(settings)),
  ];
}

async function finding(check: string, look: () => Text | Promise<Text>): Promise<Finding> {
  try {
    return { check, ok: true, text: await look() };
  } catch (error) {
    return {
      check,
      ok: false,
      text: error instanceof UserError ? error.text : plain(error instanceof Error ? error.message : String(error)),
    };
  }
}

function examineFolder({ dataFolder }: Settings): Text {
  prepareDataFolder(dataFolder);
  accessSync(dataFolder.path, constants.W_OK);
  const { bavail, bsize } = statfsSync(dataFolder.path);
  const free = bavail * bsize;
  if (free < DISK_FREE_MIN_BYTES)
    throw new UserError({
      en: `only ${Math.round(free / 1e6)} MB are free at ${dataFolder.path}: make room`,
      "zh-TW": `${dataFolder.path} 只剩 ${Math.round(free / 1e6)} MB：請清出空間`,
    });
  return plain(`${dataFolder.path} (${(free / 1e9).toFixed(1)} GB free)`);
}

async function examineRedis(settings: Settings): Promise<Text> {
  if (settings.redisUrl !== null) {
    const { checkRedis } = await import("../redis-address.ts");
    await checkRedis(settings.redisUrl);
    return { en: "REDIS_URL answers", "zh-TW": "REDIS_URL 有回應" };
  }
  const program = findRedisProgram(settings.redisServer, PROJECT_FOLDER);
  const isUp = (await pingRedis(settings.dataFolder.redis.socket)) === "ready";
  return {
    en: `embedded, ${program}${isUp ? ", answers" : ", not running"}`,
    "zh-TW": `內建，${program}${isUp ? "，有回應" : "，未執行"}`,
  };
}

async function examineDatabase(settings: Settings): Promise<Text> {
  const { openDatabase } = await import("../../storage/database.ts");
  const db = await openDatabase(settings.databaseUrl);
  const bots = await db.prisma.bot.count();
  await db.close();
  return { en: `${db.provider}, ${bots} bots`, "zh-TW": `${db.provider}，${bots} 個機器人` };
}

function examineRunning({ dataFolder }: Settings): Text {
  const holder = lockHolder(dataFolder.lockFile);
  if (holder === null) return { en: "nothing runs here (npm start)", "zh-TW": "尚未執行（npm start）" };
  const since = new Date(holder.since).toISOString();
  if (!existsSync(dataFolder.frontSocket))
    throw new UserError({
      en: `process ${holder.pid} runs since ${since}, but its front does not listen: see bin/botswain logs`,
      "zh-TW": `程序 ${holder.pid} 自 ${since} 起執行，但前端未監聽：請查看 bin/botswain logs`,
    });
  return { en: `process ${holder.pid} since ${since}`, "zh-TW": `程序 ${holder.pid}，自 ${since}` };
}

async function examineSim({ sim, dataFolder }: Settings): Promise<Text> {
  const isExpected = sim.url !== null || lockHolder(dataFolder.lockFile) !== null;
  const url = sim.url ?? endpointUrl(dataFolder.sim.endpointFile);
  if (!isExpected || url === null) return { en: "not running", "zh-TW": "未執行" };
  const answers = await fetch(`${url}/api/v1/status`, { signal: AbortSignal.timeout(SIM_TIMEOUT_MS) }).then(
    () => true,
    () => false,
  );
  if (!answers) throw new UserError({ en: `does not answer at ${url}`, "zh-TW": `${url} 沒有回應` });
  return { en: `answers at ${url}`, "zh-TW": `${url} 有回應` };
}

function endpointUrl(file: string): string | null {
  try {
    return (JSON.parse(readFileSync(file, "utf8")) as { readonly url: string }).url;
  } catch {
    return null;
  }
}

function examineChats({ telegram, discord }: Settings): Text {
  const state = (isSet: boolean): Text => (isSet ? { en: "token set", "zh-TW": "已設定權杖" } : { en: "no token", "zh-TW": "未設定權杖" });
  const t = state(telegram.token !== null);
  const d = state(discord.token !== null);
  const hint = telegram.token === null && discord.token === null;
  return {
    en: `Telegram ${t.en}, Discord ${d.en}${discord.alertWebhookUrl === null ? "" : ", webhook set"}${hint ? " (bin/botswain setup connects them)" : ""}`,
    "zh-TW": `Telegram ${t["zh-TW"]}、Discord ${d["zh-TW"]}${discord.alertWebhookUrl === null ? "" : "、已設定 Webhook"}${hint ? "（以 bin/botswain setup 連接）" : ""}`,
  };
}
