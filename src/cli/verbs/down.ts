// `botswain down`: ends what `up` runs on a data folder, gracefully.

import { hostname } from "node:os";
import { setTimeout as pause } from "node:timers/promises";
import { type Command, InvalidArgumentError } from "commander";
import { UserError } from "../../core/text.ts";
import { locateDataFolder } from "../data-folder.ts";
import { EXIT } from "../exit-code.ts";
import { complain, inWords, print } from "../language.ts";
import { lockHolder } from "../lock.ts";
import { isAlive } from "../process-info.ts";
import { environment } from "../settings.ts";
import { nothingRuns } from "./nothing-runs.ts";
import { addVerb, withDataFolder } from "./verb.ts";

const DEFAULT_WAIT_SECONDS = 90;

export function addDown(program: Command): void {
  const verb = addVerb(
    program,
    "down",
    {
      en: "Stop what runs on this data folder; bots take their opening orders back first.",
      "zh-TW": "停止此資料夾上執行的一切；機器人會先撤回開倉單。",
    },
    "down",
  );
  withDataFolder(verb)
    .option("--wait <seconds>", inWords({ en: "how long to wait for the end", "zh-TW": "等待結束的秒數" }), seconds, DEFAULT_WAIT_SECONDS)
    .action(async ({ wait }: { readonly wait: number }) => {
      process.exitCode = await down(wait);
    });
}

async function down(waitSeconds: number): Promise<number> {
  const folder = locateDataFolder(environment());
  const holder = lockHolder(folder.lockFile);
  if (holder === null) {
    complain(nothingRuns(folder).text);
    return EXIT.notRunning;
  }
  if (holder.host !== hostname()) {
    throw new UserError({
      en: `Botswain runs on ${holder.host} (process ${holder.pid}), not on this machine: stop it there.`,
      "zh-TW": `Botswain 在 ${holder.host} 上執行（程序 ${holder.pid}），不在本機：請到該處停止。`,
    });
  }
  signal(holder.pid);
  const deadline = Date.now() + waitSeconds * 1000;
  while (isAlive(holder.pid) && Date.now() < deadline) await pause(50);
  if (isAlive(holder.pid)) {
    complain({
      en: `Process ${holder.pid} did not end within ${waitSeconds} s; look at bin/botswain logs, or end it with kill ${holder.pid}.`,
      "zh-TW": `程序 ${holder.pid} 未在 ${waitSeconds} 秒內結束；請查看 bin/botswain logs，或以 kill ${holder.pid} 結束它。`,
    });
    return EXIT.failure;
  }
  print({ en: `stopped process ${holder.pid}`, "zh-TW": `已停止程序 ${holder.pid}` });
  return EXIT.success;
}

function signal(pid: number): void {
  try {
    process.kill(pid, "SIGTERM");
  } catch (error) {
    const reason = (error as NodeJS.ErrnoException).code;
    if (reason === "ESRCH") return;
    throw new UserError({
      en: `Process ${pid} cannot be stopped by this user (${reason}).`,
      "zh-TW": `目前的使用者無法停止程序 ${pid}（${reason}）。`,
    });
  }
}

function seconds(value: string): number {
  const parsed = Number(value);
  if (!(parsed > 0 && parsed <= 3600)) throw new InvalidArgumentError("1 … 3600");
  return parsed;
}
