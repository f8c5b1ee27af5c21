// `botswain setup`: connects Telegram and Discord (asks for tokens, checks and keeps them) and hands out a pairing code.

import { cancel, intro, isCancel, log, outro, password, spinner } from "@clack/prompts";
import type { Command } from "commander";
import { type Text, UserError } from "../../core/text.ts";
import { prepareDataFolder } from "../data-folder.ts";
import { readEnvFile, writeEnvValues } from "../env-file.ts";
import { EXIT } from "../exit-code.ts";
import { inWords, print } from "../language.ts";
import { lockHolder } from "../lock.ts";
import { loadSettings, projectEnvFile, type Settings } from "../settings.ts";
import { variables } from "../variables.ts";
import { addVerb, withDataFolder } from "./verb.ts";

const PAIRING_MINUTES = 15;

interface SetupFlags {
  readonly telegramTokenEnv?: string;
  readonly discordTokenEnv?: string;
  readonly pairOnly?: boolean;
}

/** What a chat platform says about a token. */
interface Checked {
  readonly variable: "TELEGRAM_BOT_TOKEN" | "DISCORD_BOT_TOKEN";
  readonly token: string;
  readonly facts: readonly Text[];
}

type Platform = "telegram" | "discord";
const NAMES = { telegram: "Telegram", discord: "Discord" } as const;

export function addSetup(program: Command): void {
  const verb = addVerb(
    program,
    "setup",
    {
      en: "Connect Telegram and Discord: asks for the bot tokens, checks them, prints a pairing code.",
      "zh-TW": "連接 Telegram 與 Discord：詢問並檢查機器人權杖，再印出配對碼。",
    },
    "setup",
  );
  withDataFolder(verb)
    .option(
      "--telegram-token-env <name>",
      inWords({ en: "take the Telegram token from this environment variable", "zh-TW": "從此環境變數取得 Telegram 權杖" }),
    )
    .option(
      "--discord-token-env <name>",
      inWords({ en: "take the Discord token from this environment variable", "zh-TW": "從此環境變數取得 Discord 權杖" }),
    )
    .option("--pair-only", inWords({ en: "only print a new pairing code", "zh-TW": "只印出新的配對碼" }))
    .action(async (flags: SetupFlags) => {
      process.exitCode = await setUp(flags);
      // Connections to the platforms stay open for a while; nothing waits for them.
      process.exit();
    });
}

async function setUp(flags: SetupFlags): Promise<number> {
  const settings = loadSettings();
  prepareDataFolder(settings.dataFolder);
  if (flags.pairOnly) return tellPairing(settings, print);
  const named = { telegram: flags.telegramTokenEnv, discord: flags.discordTokenEnv };
  if (named.telegram !== undefined || named.discord !== undefined) return setUpFrom(named, settings);
  if (process.stdin.isTTY) return setUpByAsking(settings);
  throw new UserError({
    en: "This is no terminal to ask in: name the variables that hold the tokens (--telegram-token-env NAME, --discord-token-env NAME), or use --pair-only.",
    "zh-TW": "這裡不是可以提問的終端機：請指定存放權杖的變數（--telegram-token-env NAME、--discord-token-env NAME），或使用 --pair-only。",
  });
}

async function setUpFrom(named: Readonly<Record<Platform, string | undefined>>, settings: Settings): Promise<number> {
  const checked: Checked[] = [];
  for (const platform of ["telegram", "discord"] as const) {
    const name = named[platform];
    if (name === undefined) continue;
    const token = process.env[name]?.trim();
    if (!token)
      throw new UserError({
        en: `The environment variable ${name} is empty; put the ${NAMES[platform]} bot token in it.`,
        "zh-TW": `環境變數 ${name} 是空的；請放入 ${NAMES[platform]} 機器人權杖。`,
      });
    checked.push(await check(platform, token, settings));
  }
  for (const { facts } of checked) for (const fact of facts) print(fact);
  for (const line of keep(checked, settings)) print(line);
  return tellPairing(settings, print);
}

async function setUpByAsking(settings: Settings): Promise<number> {
  intro("Botswain");
  const checked: Checked[] = [];
  for (const platform of ["telegram", "discord"] as const) {
    const answer = await askFor(platform, settings);
    if (answer === "canceled") {
      cancel(inWords({ en: "Nothing was changed.", "zh-TW": "未做任何變更。" }));
      return EXIT.failure;
    }
    if (answer === null) continue;
    checked.push(answer);
    for (const fact of answer.facts) log.success(inWords(fact));
  }
  for (const line of keep(checked, settings)) log.info(inWords(line));
  const code = await tellPairing(settings, (text) => log.info(inWords(text)));
  outro(inWords({ en: "Done.", "zh-TW": "完成。" }));
  return code;
}

/** Asks until the platform accepts a token; an empty answer skips it. */
async function askFor(platform: Platform, settings: Settings): Promise<Checked | "canceled" | null> {
  const hint = { telegram: "@BotFather", discord: "https://discord.com/developers/applications" }[platform];
  for (;;) {
    const message = inWords({
      en: `${NAMES[platform]} bot token (from ${hint}; empty skips it)`,
      "zh-TW": `${NAMES[platform]} 機器人權杖（來自 ${hint}；留空略過）`,
    });
    const answer = await password({ message });
    if (isCancel(answer)) return "canceled";
    const token = (answer ?? "").trim();
    if (token === "") return null;
    const wait = spinner();
    wait.start(inWords({ en: `asking ${NAMES[platform]}`, "zh-TW": `正在詢問 ${NAMES[platform]}` }));
    try {
      const checked = await check(platform, token, settings);
      wait.stop(inWords({ en: "accepted", "zh-TW": "已接受" }));
      return checked;
    } catch (error) {
      wait.stop(inWords({ en: "not accepted", "zh-TW": "未接受" }));
      if (!(error instanceof UserError)) throw error;
      log.error(inWords(error.text));
    }
  }
}

/** Asks the platform whose token this is. Throws a UserError when it is refused or nobody answers. */
async function check(platform: Platform, token: string, { telegram, discord }: Settings): Promise<Checked> {
  const variable = platform === "telegram" ? "TELEGRAM_BOT_TOKEN" : "DISCORD_BOT_TOKEN";
  if (!variables[variable].schema.safeParse(token).success) {
    const { right } = variables[variable];
    throw new UserError({
      en: `That is no ${NAMES[platform]} bot token: it should be ${right.en}.`,
      "zh-TW": `這不是 ${NAMES[platform]} 機器人權杖：應為${right["zh-TW"]}。`,
    });
  }
  try {
    if (platform === "telegram") {
      const { checkTelegram } = await import("../../bot/telegram.ts");
      const { username } = await checkTelegram(token, telegram.apiRoot ?? undefined);
      return { variable, token, facts: [{ en: `Telegram: this is @${username}`, "zh-TW": `Telegram：這是 @${username}` }] };
    }
    const { checkDiscord } = await import("../../bot/discord.ts");
    const { name, inviteUrl } = await checkDiscord(token, discord.apiRoot ?? undefined);
    const invite: Text = { en: `Add it to your server: ${inviteUrl}`, "zh-TW": `將它加入你的伺服器：${inviteUrl}` };
    return { variable, token, facts: [{ en: `Discord: this is ${name}`, "zh-TW": `Discord：這是 ${name}` }, invite] };
  } catch (error) {
    if (error instanceof UserError) throw error;
    const reason = (error instanceof Error ? error.message : String(error)).replaceAll(token, "[token]");
    throw new UserError({
      en: `${NAMES[platform]} could not be asked (${reason}): check the network and try again.`,
      "zh-TW": `無法詢問 ${NAMES[platform]}（${reason}）：請檢查網路後再試。`,
    });
  }
}

/** Writes the tokens where they take effect: the project's `.env` when that sets them already, else the data folder's. */
function keep(checked: readonly Checked[], { dataFolder }: Settings): readonly Text[] {
  const projectFile = projectEnvFile(process.env);
  const isSetThere = projectFile === null ? {} : readEnvFile(projectFile).values;
  const lines = checked.map(({ variable, token }): Text => {
    const path = projectFile !== null && isSetThere[variable] !== undefined ? projectFile : dataFolder.envFile;
    writeEnvValues(path, { [variable]: token });
    return { en: `${variable} is now in ${path}, readable by you alone`, "zh-TW": `${variable} 已寫入 ${path}，僅你可讀取` };
  });
  if (checked.length === 0 || lockHolder(dataFolder.lockFile) === null) return lines;
  const restart: Text = {
    en: "Botswain is running: restart it to use the new token (bin/botswain down, then npm start)",
    "zh-TW": "Botswain 正在執行：請重新啟動以使用新權杖（bin/botswain down，再 npm start）",
  };
  return [...lines, restart];
}

/** Makes a one-time code; whoever sends it to the bot becomes admin. */
async function tellPairing(settings: Settings, tell: (text: Text) => void): Promise<number> {
  const [{ openDatabase }, { createUsers }] = await Promise.all([import("../../storage/database.ts"), import("../../storage/users.ts")]);
  const db = await openDatabase(settings.databaseUrl);
  try {
    const code = await createUsers(db).createPairingCode(PAIRING_MINUTES * 60_000);
    tell({
      en: `Send /pair ${code} to your bot within ${PAIRING_MINUTES} minutes: you become its admin, and that chat gets the alerts. The code works once.`,
      "zh-TW": `請在 ${PAIRING_MINUTES} 分鐘內將 /pair ${code} 傳給你的機器人：你會成為管理員，該聊天會收到警示。此碼只能使用一次。`,
    });
  } finally {
    await db.close();
  }
  return EXIT.success;
}
