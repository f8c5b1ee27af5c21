// A lock file that one living process holds: a second one learns who, and a dead holder's lock is taken over.

import { linkSync, readFileSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { z } from "zod";
import { isAlive, startMark } from "./process-info.ts";

/** The holder refreshes its file this often; another machine's lock counts as dead after six misses. */
const REFRESH_MS = 5_000;
const STALE_MS = 6 * REFRESH_MS;
const ATTEMPTS = 20;

const holderSchema = z.object({ pid: z.number(), started: z.string().nullable(), since: z.number(), host: z.string() });

/** Who holds a lock. `since` is epoch ms. */
export type LockHolder = z.infer<typeof holderSchema>;

export interface Lock {
  /** Gives the lock back; harmless when repeated. */
  release(): void;
}

/** Takes the lock, or says who has it. */
export function takeLock(path: string): { readonly lock: Lock } | { readonly holder: LockHolder } {
  const own = JSON.stringify({
    pid: process.pid,
    started: startMark(process.pid),
    since: Date.now(),
    host: hostname(),
  } satisfies LockHolder);
  const draft = `${path}.${process.pid}`;
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    writeFileSync(draft, own, { mode: 0o600 });
    if (linked(draft, path)) {
      rmSync(draft);
      return { lock: hold(path, own) };
    }
    rmSync(draft);
    const holder = lockHolder(path);
    if (holder !== null) return { holder };
    removeDead(path);
  }
  throw new Error(`the lock file ${path} could not be taken`);
}

/** The living holder of a lock; null when nobody holds it. */
export function lockHolder(path: string): LockHolder | null {
  const holder = parseHolder(readOrNull(path));
  return holder !== null && isHeld(path, holder) ? holder : null;
}

function isHeld(path: string, holder: LockHolder): boolean {
  if (holder.host !== hostname()) return Date.now() - modifiedAt(path) < STALE_MS;
  return isAlive(holder.pid) && (holder.started === null || holder.started === startMark(holder.pid));
}

/** Moves a dead lock away; when a new holder's file was caught instead, it is put back. */
function removeDead(path: string): void {
  const moved = `${path}.dead.${process.pid}`;
  try {
    renameSync(path, moved);
  } catch {
    return;
  }
  const holder = parseHolder(readOrNull(moved));
  if (holder !== null && isHeld(moved, holder)) linked(moved, path);
  rmSync(moved, { force: true });
}

function hold(path: string, own: string): Lock {
  const refresh = setInterval(() => {
    try {
      utimesSync(path, new Date(), new Date());
    } catch {
      // The folder went away; there is nothing left to guard.
    }
  }, REFRESH_MS);
  refresh.unref();
  return {
    release() {
      clearInterval(refresh);
      if (readOrNull(path) === own) rmSync(path, { force: true });
    },
  };
}

/** Links appear complete and fail when the name is taken, which plain writing does not. */
function linked(from: string, to: string): boolean {
  try {
    linkSync(from, to);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
}

function readOrNull(path: string): string | null {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return null;
  }
}

function parseHolder(source: string | null): LockHolder | null {
  try {
    return source === null ? null : holderSchema.parse(JSON.parse(source));
  } catch {
    return null;
  }
}

function modifiedAt(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}
