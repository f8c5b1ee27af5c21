// `botswain up`: everything on this machine, with the terminal chat when there is a terminal.

import { spawn } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { join } from "node:path";
import { emitKeypressEvents } from "node:readline";
import { fileURLToPath } from "node:url";
import { type Command, Option } from "commander";
import { type Text, UserError } from "../../core/text.ts";
import { prepareDataFolder } from "../data-folder.ts";
import { EXIT } from "../exit-code.ts";
import { complain, inWords, language, print, wordsOf } from "../language.ts";
import { lockHolder } from "../lock.ts";
import { readLogLine } from "../log-line.ts";
import { loadSettings, type Settings } from "../settings.ts";
import { heldBy, type Supervisor, startSupervisor } from "../supervisor.ts";
import { addVerb, withDataFolder } from "./verb.ts";

/** One Ctrl-C may arrive several times (from the terminal, from npm); this soon after the first it is the same one. */
const SAME_SIGNAL_MS = 750;

interface UpFlags {
  readonly detach?: boolean;
  readonly simData?: string;
  readonly simSpeed?: string;
  readonly simSeed?: string;
}

const STOPPING: Text = { en: "stopping (Ctrl-C again ends it at once)", "zh-TW": "正在停止（再按一次 Ctrl-C 會立即結束）" };
const STOPPED: Text = { en: "stopped", "zh-TW": "已停止" };
const LEFT_CHAT: Text = {
  en: "Chat closed; Botswain runs on. Ctrl-C stops it.",
  "zh-TW": "聊天已關閉，Botswain 會繼續執行；按 Ctrl-C 可停止。",
};

export function addUp(program: Command): void {
  const verb = addVerb(
    program,
    "up",
    {
      en: "Run everything on this machine: Redis, simulated exchange, worker, chat; opens the terminal chat in a terminal.",
      "zh-TW": "在本機執行全部元件：Redis、模擬交易所、worker、聊天；在終端機中會開啟聊天。",
    },
    "up --detach",
  );
  withDataFolder(verb)
    .option("--detach", inWords({ en: "run in the background", "zh-TW": "在背景執行" }))
    .addOption(new Option("--sim-data <files>", "BOTSWAIN_SIM_DATA"))
    .addOption(new Option("--sim-speed <factor>", "BOTSWAIN_SIM_SPEED"))
    .addOption(new Option("--sim-seed <number>", "BOTSWAIN_SIM_SEED"))
    .action(async (flags: UpFlags) => {
      if (flags.simData !== undefined) process.env.BOTSWAIN_SIM_DATA = flags.simData;
      if (flags.simSpeed !== undefined) process.env.BOTSWAIN_SIM_SPEED = flags.simSpeed;
      if (flags.simSeed !== undefined) process.env.BOTSWAIN_SIM_SEED = flags.simSeed;
      const settings = loadSettings();
      process.exitCode = flags.detach ? await runInBackground(settings) : await runHere(settings);
      process.exit();
    });
}

/** Runs until stopped; returns the exit code. */
async function runHere(settings: Settings): Promise<number> {
  const isTerminal = process.stdin.isTTY === true && process.stdout.isTTY === true;
  const supervisor = await startSupervisor({
    settings,
    env: process.env,
    say: (text) => complain(`botswain: ${inWords(text)}`),
    onLine: (line) => {
      if (!isTerminal) print(readLogLine(line).text);
    },
  });
  const stopped = stopOnSignals(supervisor);
  const first = await Promise.race([supervisor.ready.then(() => "ready" as const), supervisor.broken, stopped]);
  if (first === "ready") {
    tellReady(settings);
    process.send?.({ type: "ready" });
    if (isTerminal) void chat(settings);
  }
  const end = first instanceof UserError ? first : await Promise.race([supervisor.broken, stopped]);
  if (!(end instanceof UserError)) return end;
  complain(inWords(end.text));
  await supervisor.stop();
  return EXIT.failure;
}

/** Resolves with the exit code once everything has ended: gracefully at the first signal, at once at a second. */
function stopOnSignals(supervisor: Supervisor): Promise<number> {
  return new Promise((resolve) => {
    let firstAt: number | null = null;
    const onSignal = (): void => {
      const now = Date.now();
      if (firstAt === null) {
        firstAt = now;
        complain(STOPPING);
        supervisor.stop().then(
          () => {
            complain(STOPPED);
            resolve(EXIT.success);
          },
          (error: unknown) => {
            complain(wordsOf(error));
            supervisor.kill();
            resolve(EXIT.failure);
          },
        );
      } else if (now - firstAt > SAME_SIGNAL_MS) {
        supervisor.kill();
        resolve(EXIT.interrupted);
      }
    };
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, onSignal);
  });
}

function tellReady(settings: Settings): void {
  const { dataFolder, telegram, discord } = settings;
  const chats = [telegram.token !== null ? "Telegram" : "", discord.token !== null ? "Discord" : ""].filter((name) => name !== "");
  print({
    en: `ready: try bin/botswain exec "/start eth_grid" --yes`,
    "zh-TW": `就緒：試試 bin/botswain exec "/start eth_grid" --yes`,
  });
  print({
    en: `data folder ${dataFolder.path}; chat: terminal${chats.map((name) => `, ${name}`).join("")}${chats.length === 0 ? " (bin/botswain setup connects Telegram and Discord)" : ""}`,
    "zh-TW": `資料夾 ${dataFolder.path}；聊天：終端機${chats.map((name) => `、${name}`).join("")}${chats.length === 0 ? "（以 bin/botswain setup 連接 Telegram 與 Discord）" : ""}`,
  });
}

/** The terminal chat; leaving it with Ctrl-D keeps everything running, Ctrl-C stops it as anywhere else. */
async function chat(settings: Settings): Promise<void> {
  const { runChat } = await import("../client.ts");
  emitKeypressEvents(process.stdin);
  let isInterrupted = false;
  process.stdin.on("keypress", (_text, key: { readonly ctrl?: boolean; readonly name?: string } | undefined) => {
    if (key?.ctrl === true && key.name === "c") isInterrupted = true;
  });
  try {
    await runChat(settings.dataFolder.frontSocket, { language, input: process.stdin, output: process.stdout });
  } catch (error) {
    complain(wordsOf(error));
  }
  if (isInterrupted) process.emit("SIGINT");
  else print(LEFT_CHAT);
}

/** Starts `up` without a terminal and waits until it is ready. */
async function runInBackground(settings: Settings): Promise<number> {
  const folder = settings.dataFolder;
  prepareDataFolder(folder);
  const holder = lockHolder(folder.lockFile);
  if (holder !== null) throw heldBy(folder, holder);
  const output = openSync(join(folder.logs, "up.log"), "w", 0o600);
  const program = fileURLToPath(new URL("../main.js", import.meta.url));
  const child = spawn(process.execPath, [program, "up"], { detached: true, stdio: ["ignore", output, output, "ipc"], cwd: process.cwd() });
  closeSync(output);
  const isReady = await new Promise<boolean>((resolve) => {
    child.once("message", () => resolve(true));
    child.once("exit", () => resolve(false));
  });
  if (!isReady) {
    const { readFileSync } = await import("node:fs");
    complain(readFileSync(join(folder.logs, "up.log"), "utf8").trimEnd().split("\n").slice(-5).join("\n"));
    return EXIT.failure;
  }
  tellReady(settings);
  print({
    en: `running in the background as process ${child.pid}; stop it with bin/botswain down`,
    "zh-TW": `已在背景執行（程序 ${child.pid}）；以 bin/botswain down 停止`,
  });
  child.disconnect();
  child.unref();
  return EXIT.success;
}
