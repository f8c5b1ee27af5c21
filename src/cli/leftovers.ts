// What a supervisor that was killed left running: its roles end by themselves, and a new one must not start beside them.

import { readFileSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";
import { z } from "zod";
import type { DataFolder } from "./data-folder.ts";
import { commandLine, isAlive } from "./process-info.ts";

/** Longer than a worker needs to take its orders off the exchange. */
const PATIENCE_MS = 45_000;

const listSchema = z.object({ roles: z.array(z.object({ role: z.string(), pid: z.number().nullable() })) });

/** Waits until the roles of an earlier supervisor are gone; what does not end in time is killed. `onWait` is called when there are any. */
export async function awaitLeftovers(folder: DataFolder, onWait: () => void): Promise<void> {
  let left = leftovers(folder);
  if (left.length === 0) return;
  onWait();
  const deadline = Date.now() + PATIENCE_MS;
  while (left.length > 0 && Date.now() < deadline) {
    await pause(50);
    left = left.filter(isAlive);
  }
  for (const pid of left) process.kill(pid, "SIGKILL");
  while (left.some(isAlive)) await pause(10);
}

/** Living processes of the last list that still are what the list says; a process id may have gone to a stranger. */
function leftovers(folder: DataFolder): readonly number[] {
  try {
    const { roles } = listSchema.parse(JSON.parse(readFileSync(folder.processesFile, "utf8")));
    return roles.flatMap(({ role, pid }) => (pid !== null && isAlive(pid) && commandLine(pid)?.endsWith(`main.js ${role}`) ? [pid] : []));
  } catch {
    return [];
  }
}
