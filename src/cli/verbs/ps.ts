// `botswain ps`: the processes of a data folder.

import { readFileSync } from "node:fs";
import type { Command } from "commander";
import { type DataFolder, locateDataFolder } from "../data-folder.ts";
import { EXIT } from "../exit-code.ts";
import { complain, inWords, print } from "../language.ts";
import { lockHolder } from "../lock.ts";
import { isAlive } from "../process-info.ts";
import { redisPid } from "../redis-line.ts";
import { environment } from "../settings.ts";
import type { ProcessList } from "../supervisor.ts";
import { nothingRuns } from "./nothing-runs.ts";
import { addVerb, withDataFolder } from "./verb.ts";

export interface PsRow {
  readonly role: string;
  readonly pid: number | null;
  readonly state: "ready" | "starting" | "waiting";
  readonly upSeconds: number | null;
  readonly restarts: number;
}

export function addPs(program: Command): void {
  const verb = addVerb(program, "ps", { en: "List the processes of this data folder.", "zh-TW": "列出此資料夾的程序。" }, "ps --json");
  withDataFolder(verb)
    .option("--json", inWords({ en: "for programs", "zh-TW": "供程式使用" }))
    .action(async ({ json }: { readonly json?: boolean }) => {
      const folder = locateDataFolder(environment());
      const rows = await listProcesses(folder, Date.now());
      if (json) print(JSON.stringify({ ok: rows !== null, dataFolder: folder.path, processes: rows ?? [] }));
      else if (rows !== null) for (const line of table(rows)) print(line);
      else complain(nothingRuns(folder).text);
      process.exitCode = rows === null ? EXIT.notRunning : EXIT.success;
    });
}

/** The rows of `ps`; null when nothing runs. */
export async function listProcesses(folder: DataFolder, now: number): Promise<readonly PsRow[] | null> {
  const holder = lockHolder(folder.lockFile);
  if (holder === null) return null;
  const supervisor: PsRow = { role: "up", pid: holder.pid, state: "ready", upSeconds: secondsSince(holder.since, now), restarts: 0 };
  const list = readList(folder);
  if (list === null) return [{ ...supervisor, state: "starting" }];
  const redis = list.hasEmbeddedRedis ? [rowOf("redis", await redisPid(folder.redis.socket), null, 0, true, now)] : [];
  return [supervisor, ...redis, ...list.roles.map((role) => rowOf(role.role, role.pid, role.since, role.restarts, role.isReady, now))];
}

function rowOf(role: string, pid: number | null, since: number | null, restarts: number, isReady: boolean, now: number): PsRow {
  const lives = pid !== null && isAlive(pid);
  const upSeconds = lives && since !== null ? secondsSince(since, now) : null;
  return { role, pid: lives ? pid : null, state: !lives ? "waiting" : isReady ? "ready" : "starting", upSeconds, restarts };
}

function secondsSince(since: number, now: number): number {
  return Math.max(0, Math.round((now - since) / 1000));
}

function readList(folder: DataFolder): ProcessList | null {
  try {
    return JSON.parse(readFileSync(folder.processesFile, "utf8")) as ProcessList;
  } catch {
    return null;
  }
}

function table(rows: readonly PsRow[]): string[] {
  const cells = rows.map((row) => [
    row.role,
    String(row.pid ?? "-"),
    row.state,
    row.upSeconds === null ? "-" : `${row.upSeconds} s`,
    String(row.restarts),
  ]);
  const all = [["ROLE", "PID", "STATE", "UP", "RESTARTS"], ...cells];
  const widths = [0, 1, 2, 3, 4].map((column) => Math.max(...all.map((line) => line[column]?.length ?? 0)));
  return all.map((line) =>
    line
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("  ")
      .trimEnd(),
  );
}
