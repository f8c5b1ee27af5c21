// The log files of a data folder: appended line by line, kept small by turning them over, read back for `logs`.

import { appendFileSync, existsSync, readFileSync, renameSync, statSync } from "node:fs";
import { join } from "node:path";

const FILE_BYTES_MAX = 10_485_760;
const FILES_KEPT = 5;
const CHECK_EVERY_LINES = 200;

export interface LogFile {
  append(line: string): void;
}

/** The newest log file of a folder. */
export function logPath(folder: string): string {
  return join(folder, "botswain.log");
}

/** Appends to `botswain.log`; at 10 MiB it becomes `botswain.log.1`, and the fifth oldest goes. */
export function openLogFile(folder: string, bytesMax = FILE_BYTES_MAX): LogFile {
  const path = logPath(folder);
  let untilCheck = 0;
  return {
    append(line) {
      if (untilCheck === 0) {
        untilCheck = CHECK_EVERY_LINES;
        if ((statSync(path, { throwIfNoEntry: false })?.size ?? 0) >= bytesMax) turnOver(path);
      }
      untilCheck -= 1;
      appendFileSync(path, `${line}\n`, { mode: 0o600 });
    },
  };
}

/** The last lines over all kept files, oldest first; only those that `keep` accepts. */
export function lastLines(folder: string, count: number, keep: (line: string) => boolean): readonly string[] {
  const found: string[] = [];
  for (let index = 0; index < FILES_KEPT && found.length < count; index += 1) {
    const path = index === 0 ? logPath(folder) : `${logPath(folder)}.${index}`;
    if (!existsSync(path)) break;
    const lines = readFileSync(path, "utf8")
      .split("\n")
      .filter((line) => line !== "" && keep(line));
    found.unshift(...lines.slice(-(count - found.length)));
  }
  return found;
}

function turnOver(path: string): void {
  for (let index = FILES_KEPT - 1; index >= 1; index -= 1) {
    const older = index === 1 ? path : `${path}.${index - 1}`;
    if (existsSync(older)) renameSync(older, `${path}.${index}`);
  }
}
