// `botswain logs [bot]`: the last log lines of everything or of one bot, and with --follow what comes.

import { closeSync, existsSync, openSync, readSync, statSync, watchFile } from "node:fs";
import { type Command, InvalidArgumentError } from "commander";
import { locateDataFolder } from "../data-folder.ts";
import { EXIT } from "../exit-code.ts";
import { complain, inWords, print } from "../language.ts";
import { lastLines, logPath } from "../log-file.ts";
import { readLogLine } from "../log-line.ts";
import { environment } from "../settings.ts";
import { addVerb, withDataFolder } from "./verb.ts";

const POLL_MS = 250;

interface LogFlags {
  readonly lines: number;
  readonly follow?: boolean;
  readonly json?: boolean;
}

export function addLogs(program: Command): void {
  const verb = addVerb(
    program,
    "logs",
    { en: "Show the newest log lines, of one bot or of everything.", "zh-TW": "顯示最新的記錄，可指定機器人。" },
    "logs eth_grid --follow",
  );
  withDataFolder(verb)
    .argument("[bot]", inWords({ en: "only this bot", "zh-TW": "只顯示此機器人" }))
    .option("-n, --lines <count>", inWords({ en: "how many lines", "zh-TW": "行數" }), lineCount, 100)
    .option("-f, --follow", inWords({ en: "wait for more", "zh-TW": "持續顯示" }))
    .option("--json", inWords({ en: "as written, one JSON object per line", "zh-TW": "原樣輸出，每行一個 JSON" }))
    .action((bot: string | undefined, flags: LogFlags) => {
      process.exitCode = logs(bot, flags);
    });
}

function logs(bot: string | undefined, { lines, follow, json }: LogFlags): number {
  const folder = locateDataFolder(environment());
  const path = logPath(folder.logs);
  if (!existsSync(path) && !follow) {
    complain({ en: `There is no log in ${folder.logs} yet.`, "zh-TW": `${folder.logs} 中還沒有記錄。` });
    return EXIT.failure;
  }
  const isWanted = (line: string): boolean => bot === undefined || readLogLine(line).botId === bot;
  const show = (line: string): void => print(json ? line : readLogLine(line).text);
  for (const line of lastLines(folder.logs, lines, isWanted)) show(line);
  if (follow) followFile(path, (line) => (isWanted(line) ? show(line) : undefined));
  return EXIT.success;
}

/** Calls back for each line appended from now on; a file that was turned over is read from its beginning. */
function followFile(path: string, onLine: (line: string) => void): void {
  let position = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  let rest = "";
  watchFile(path, { interval: POLL_MS }, ({ size }) => {
    if (size < position) position = 0;
    if (size === position) return;
    const bytes = Buffer.alloc(size - position);
    const file = openSync(path, "r");
    readSync(file, bytes, 0, bytes.length, position);
    closeSync(file);
    position = size;
    const parts = (rest + bytes.toString("utf8")).split("\n");
    rest = parts.pop() ?? "";
    for (const line of parts) onLine(line);
  });
}

function lineCount(value: string): number {
  const parsed = Number(value);
  if (!Number.isInteger(parsed) || parsed < 1 || parsed > 1_000_000) throw new InvalidArgumentError("1 … 1000000");
  return parsed;
}
