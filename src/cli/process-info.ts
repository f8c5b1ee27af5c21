// Facts about a process of this machine: whether it lives, and since when, so that a reused process id is not mistaken for it.

import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";

/** Whether a process exists; one of another user counts. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return !isZombie(pid);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

/** An opaque mark of when a process started, the same as long as it lives; null when it is gone or nobody can say. */
export function startMark(pid: number): string | null {
  const fields = statFields(pid);
  if (fields !== null) return `${bootId()}:${fields[19]}`;
  return process.platform === "linux" ? null : askPs(pid, "lstart=");
}

/** A process's command line as it shows it; null when it is gone. */
export function commandLine(pid: number): string | null {
  if (process.platform !== "linux") return askPs(pid, "command=");
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ").trim() || null;
  } catch {
    return null;
  }
}

function askPs(pid: number, column: string): string | null {
  try {
    return execFileSync("ps", ["-o", column, "-p", String(pid)], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }).trim() || null;
  } catch {
    return null;
  }
}

/** A zombie has ended already; only its parent has not noticed. */
function isZombie(pid: number): boolean {
  return statFields(pid)?.[0] === "Z";
}

/** The fields of /proc/PID/stat after the program's name, which may hold spaces and brackets itself. */
function statFields(pid: number): readonly string[] | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  } catch {
    return null;
  }
}

function bootId(): string {
  try {
    return readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
  } catch {
    return "";
  }
}
