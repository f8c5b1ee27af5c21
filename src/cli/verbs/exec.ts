// `botswain exec "<line>"`: one command as the local admin; the exit code says whether it succeeded.

import type { Command } from "commander";
import { UserError } from "../../core/text.ts";
import { locateDataFolder } from "../data-folder.ts";
import { EXIT } from "../exit-code.ts";
import { complain, inWords, language, print } from "../language.ts";
import { environment } from "../settings.ts";
import { nothingRuns } from "./nothing-runs.ts";
import { addVerb, withDataFolder } from "./verb.ts";

interface ExecFlags {
  readonly json?: boolean;
  readonly yes?: boolean;
}

export function addExec(program: Command): void {
  const verb = addVerb(
    program,
    "exec",
    { en: "Run one chat command as the local admin.", "zh-TW": "以本機管理員身分執行一個聊天指令。" },
    'exec "/start eth_grid" --yes --json',
  );
  withDataFolder(verb)
    .argument("<line...>", inWords({ en: "the command line, e.g. /status", "zh-TW": "指令，例如 /status" }))
    .option("--json", inWords({ en: 'prints {"ok","command","text","data"}', "zh-TW": '輸出 {"ok","command","text","data"}' }))
    .option("-y, --yes", inWords({ en: "answer its question with the first choice", "zh-TW": "對提問採用第一個選項" }))
    .action(async (words: readonly string[], flags: ExecFlags) => {
      process.exitCode = await exec(words.join(" "), flags);
    });
}

async function exec(line: string, { json = false, yes = false }: ExecFlags): Promise<number> {
  const folder = locateDataFolder(environment());
  try {
    const { execLine } = await import("../client.ts");
    const result = await execLine(folder.frontSocket, line, { yes, language, json, onProgress: complain });
    const { ok, command, text, data } = result;
    if (json) print(JSON.stringify({ ok, command, text, data }));
    else (ok ? print : complain)(text);
    return result.asks ? EXIT.needsConfirmation : ok ? EXIT.success : EXIT.failure;
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    const isRunning = error.code !== "notRunning";
    const text = inWords(isRunning ? error.text : nothingRuns(folder).text);
    if (json) print(JSON.stringify({ ok: false, command: line.trim().split(/\s+/)[0]?.replace(/^\//, "") ?? "", text, data: null }));
    else complain(text);
    return isRunning ? EXIT.failure : EXIT.notRunning;
  }
}
