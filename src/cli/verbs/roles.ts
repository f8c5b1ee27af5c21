// `botswain exchange-sim`, `worker` and `bot`: one role each in the foreground; `up` runs all of them.

import type { Command } from "commander";
import { inWords } from "../language.ts";
import { runRole } from "../role-main.ts";
import { addVerb, withDataFolder } from "./verb.ts";

interface SimFlags {
  readonly data?: string;
  readonly speed?: string;
  readonly seed?: string;
  readonly port?: string;
}

const SIM_VARIABLES = {
  data: "BOTSWAIN_SIM_DATA",
  speed: "BOTSWAIN_SIM_SPEED",
  seed: "BOTSWAIN_SIM_SEED",
  port: "BOTSWAIN_SIM_PORT",
} as const;

export function addRoles(program: Command): void {
  addSim(program);
  withDataFolder(
    addVerb(program, "worker", { en: "Run only the worker that hosts bots.", "zh-TW": "只執行承載機器人的 worker。" }, "worker"),
  ).action(async () => runRole("worker", async (context) => (await import("../worker.ts")).startWorkerRole(context)));
  withDataFolder(
    addVerb(
      program,
      "bot",
      {
        en: "Run only the front: Telegram, Discord, alerts and the local socket.",
        "zh-TW": "只執行前端：Telegram、Discord、警示與本機 socket。",
      },
      "bot",
    ),
  ).action(async () => runRole("bot", async (context) => (await import("../front.ts")).startFrontRole(context)));
}

function addSim(program: Command): void {
  const verb = addVerb(
    program,
    "exchange-sim",
    { en: "Run only the simulated exchange (Backpack's API on this machine).", "zh-TW": "只執行模擬交易所（本機上的 Backpack API）。" },
    "exchange-sim --data candles.csv.gz --speed 600 --port 8080",
  );
  withDataFolder(verb)
    .option(
      "--data <files>",
      inWords({ en: "recorded files, comma separated (BOTSWAIN_SIM_DATA)", "zh-TW": "以逗號分隔的錄製檔（BOTSWAIN_SIM_DATA）" }),
    )
    .option("--speed <factor>", inWords({ en: "how many times faster (BOTSWAIN_SIM_SPEED)", "zh-TW": "播放倍速（BOTSWAIN_SIM_SPEED）" }))
    .option(
      "--seed <number>",
      inWords({ en: "of the generated market (BOTSWAIN_SIM_SEED)", "zh-TW": "產生行情的種子（BOTSWAIN_SIM_SEED）" }),
    )
    .option("--port <port>", inWords({ en: "port on 127.0.0.1 (BOTSWAIN_SIM_PORT)", "zh-TW": "127.0.0.1 的埠號（BOTSWAIN_SIM_PORT）" }))
    .action(async (flags: SimFlags) => {
      for (const [flag, name] of Object.entries(SIM_VARIABLES)) {
        const value = flags[flag as keyof SimFlags];
        if (value !== undefined) process.env[name] = value;
      }
      await runRole("exchange-sim", async (context) => (await import("../exchange-sim.ts")).startSimRole(context));
    });
}
