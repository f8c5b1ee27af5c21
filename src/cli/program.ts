// Botswain's command line: one file per verb under verbs/.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { CommanderError } from "commander";
import { EXIT } from "./exit-code.ts";
import { complain, inWords, wordsOf } from "./language.ts";
import { PROJECT_FOLDER } from "./settings.ts";
import { SpokenCommand } from "./spoken-command.ts";
import { addAccount } from "./verbs/account.ts";
import { addChat } from "./verbs/chat.ts";
import { addConfig } from "./verbs/config.ts";
import { addDb } from "./verbs/db.ts";
import { addDoctor } from "./verbs/doctor.ts";
import { addDown } from "./verbs/down.ts";
import { addExec } from "./verbs/exec.ts";
import { addExport } from "./verbs/export.ts";
import { addLogs } from "./verbs/logs.ts";
import { addPreview } from "./verbs/preview.ts";
import { addPs } from "./verbs/ps.ts";
import { addRoles } from "./verbs/roles.ts";
import { addSetup } from "./verbs/setup.ts";
import { addSimulate } from "./verbs/simulate.ts";
import { addStats } from "./verbs/stats.ts";
import { addUp } from "./verbs/up.ts";
import { EXAMPLE } from "./verbs/verb.ts";

const VERBS = [
  addUp,
  addDown,
  addPs,
  addLogs,
  addChat,
  addExec,
  addAccount,
  addConfig,
  addPreview,
  addSimulate,
  addStats,
  addExport,
  addDb,
  addSetup,
  addDoctor,
  addRoles,
] as const;

/** The whole command line. Usage faults throw a CommanderError instead of ending the process. */
export function buildProgram(): SpokenCommand {
  const program = new SpokenCommand("botswain")
    .description(inWords({ en: "The boatswain of a fleet of crypto trading bots.", "zh-TW": "加密貨幣交易機器人艦隊的水手長。" }))
    .version(ownVersion(), "-V, --version", inWords({ en: "show the version", "zh-TW": "顯示版本" }))
    .addHelpText("after", `\n${inWords(EXAMPLE)}\n  $ botswain up\n  $ botswain exec "/status"`)
    .exitOverride()
    .showHelpAfterError(inWords({ en: "(--help explains the usage)", "zh-TW": "（--help 可查看用法）" }));
  for (const add of VERBS) add(program);
  return program;
}

/** Runs a command line (without node and script) and returns its exit code. */
export async function runCommandLine(args: readonly string[]): Promise<number> {
  try {
    await buildProgram().parseAsync([...args], { from: "user" });
    return Number(process.exitCode ?? EXIT.success);
  } catch (error) {
    // Commander has printed its own sentence already.
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.success : EXIT.usage;
    complain(wordsOf(error));
    return EXIT.failure;
  }
}

function ownVersion(): string {
  return (JSON.parse(readFileSync(join(PROJECT_FOLDER, "package.json"), "utf8")) as { readonly version: string }).version;
}
