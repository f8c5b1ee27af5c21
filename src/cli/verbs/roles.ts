// `botswain exchange-sim`, `worker` and `bot`: one role each in the foreground; `up` runs all of them.

import type { Command } from "commander";
import { runRole } from "../role-main.ts";
import { addExchangeSim } from "./exchange-sim.ts";
import { addVerb, withDataFolder } from "./verb.ts";

export function addRoles(program: Command): void {
  addExchangeSim(program);
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
