// The private Redis of a data folder: one server on a unix socket with an append-only file, adopted when alive, restarted when dead.

import { type ChildProcess, spawn } from "node:child_process";
import { accessSync, constants, readFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { plain, type Text, UserError } from "../core/text.ts";
import type { DataFolder } from "./data-folder.ts";
import { type Lock, takeLock } from "./lock.ts";
import { commandLine, isAlive } from "./process-info.ts";
import { pingRedis, redisPid, shutDownRedis } from "./redis-line.ts";

const START_TIMEOUT_MS = 30_000;
const STOP_TIMEOUT_MS = 10_000;
const WATCH_MS = 1_000;
/** Redis may be busy for a moment; so many unanswered pings in a row mean that it is gone. */
const MISSED_PINGS = 5;
const RESTART_PAUSE_MS = [0, 250, 1_000, 5_000] as const;

export interface EmbeddedRedis {
  /** `unix:///…/redis.sock`. */
  readonly url: string;
  pid(): Promise<number | null>;
  /** Saves and ends the server. */
  stop(): Promise<void>;
  /** Tells the server to end and does not wait; it still saves. */
  abandon(): void;
}

export interface EmbeddedRedisOptions {
  readonly folder: DataFolder["redis"];
  /** A redis-server or valkey-server program. */
  readonly program: string;
  /** One line per event worth knowing. */
  readonly log: (text: Text) => void;
}

/** The redis-server to use: REDIS_SERVER, else the one that set-up found, else PATH. Throws a UserError when there is none. */
export function findRedisProgram(chosen: string | null, projectFolder: string, path = process.env.PATH ?? ""): string {
  const remembered = readOrNull(join(projectFolder, "node_modules/.botswain/redis-server"));
  const onPath = path.split(delimiter).flatMap((folder) => [join(folder, "redis-server"), join(folder, "valkey-server")]);
  const found = (chosen !== null ? [chosen] : [...(remembered === null ? [] : [remembered.trim()]), ...onPath]).find(isProgram);
  if (found !== undefined) return found;
  throw new UserError({
    en:
      chosen !== null
        ? `REDIS_SERVER is "${chosen}", which is no program: correct it or unset it.`
        : "No redis-server was found: run `npm run setup`, install Redis, or set REDIS_URL to a running one.",
    "zh-TW":
      chosen !== null
        ? `REDIS_SERVER 是「${chosen}」，但那不是可執行的程式：請更正或移除。`
        : "找不到 redis-server：請執行 `npm run setup`、安裝 Redis，或將 REDIS_URL 指向執行中的 Redis。",
  });
}

/** Adopts the folder's living server or starts one, and keeps it alive until `stop`. Throws a UserError when it does not start. */
export async function startRedis(options: EmbeddedRedisOptions): Promise<EmbeddedRedis> {
  const first = await ensureRedis(options);
  const stopping = new AbortController();
  const watching = watch(options, first, stopping.signal);
  return {
    url: `unix://${options.folder.socket}`,
    pid: () => redisPid(options.folder.socket),
    async stop() {
      stopping.abort();
      await watching;
      await stopRedis(options.folder.socket);
    },
    abandon() {
      stopping.abort();
      const pid = ownServer(options.folder);
      if (pid !== null) process.kill(pid, "SIGTERM");
    },
  };
}

/** Pings until stopped; a server that ended or stays silent is replaced, with growing pauses while that fails. */
async function watch(options: EmbeddedRedisOptions, first: ChildProcess | null, signal: AbortSignal): Promise<void> {
  let child = first;
  let missed = 0;
  let failures = 0;
  while (await waited(WATCH_MS, signal)) {
    if ((await pingRedis(options.folder.socket)) !== "absent") {
      missed = 0;
      failures = 0;
      continue;
    }
    missed += 1;
    const hasEnded = child !== null && (child.exitCode !== null || child.signalCode !== null);
    if (!hasEnded && missed < MISSED_PINGS) continue;
    if (!(await waited(RESTART_PAUSE_MS[Math.min(failures, RESTART_PAUSE_MS.length - 1)] ?? 0, signal))) return;
    options.log({ en: "the embedded Redis is gone; starting it again", "zh-TW": "內建 Redis 已停止，重新啟動中" });
    try {
      child = await ensureRedis(options);
      missed = 0;
    } catch (error) {
      failures += 1;
      options.log(error instanceof UserError ? error.text : plain(String(error)));
    }
  }
}

/** Waits; false when stopped meanwhile. */
async function waited(ms: number, signal: AbortSignal): Promise<boolean> {
  await pause(ms, undefined, { signal }).catch(() => {});
  return !signal.aborted;
}

/** Never two servers on one folder: the decision is taken under a lock, and a server that answers is adopted. */
async function ensureRedis(options: EmbeddedRedisOptions): Promise<ChildProcess | null> {
  const lock = await waitForLock(join(options.folder.folder, "deciding"));
  try {
    if ((await pingRedis(options.folder.socket)) !== "absent") {
      await waitUntilReady(options.folder.socket, () => null);
      return null;
    }
    await endSilentServer(options.folder);
    return await spawnRedis(options);
  } finally {
    lock.release();
  }
}

/** A server that lives but does not answer (stopped, stuck) must be gone before another opens its files. */
async function endSilentServer(folder: DataFolder["redis"]): Promise<void> {
  const pid = ownServer(folder);
  if (pid === null) return;
  process.kill(pid, "SIGKILL");
  while (isAlive(pid)) await pause(10);
}

/** The process of this folder's server as its pid file says, unless that id has gone to a stranger. */
function ownServer(folder: DataFolder["redis"]): number | null {
  const pid = Number(readOrNull(pidFile(folder)) ?? Number.NaN);
  return Number.isInteger(pid) && pid > 1 && commandLine(pid)?.includes(folder.socket) ? pid : null;
}

function pidFile(folder: DataFolder["redis"]): string {
  return join(folder.folder, "redis.pid");
}

async function spawnRedis({ folder, program }: EmbeddedRedisOptions): Promise<ChildProcess> {
  const settings = {
    port: "0",
    unixsocket: folder.socket,
    unixsocketperm: "700",
    dir: folder.folder,
    appendonly: "yes",
    appendfsync: "everysec",
    save: "",
    "maxmemory-policy": "noeviction",
    daemonize: "no",
    pidfile: pidFile(folder),
  };
  const args = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value]);
  // A group of its own: Ctrl-C in the terminal must not end Redis before the bots have stopped.
  const env = { PATH: process.env.PATH, LANG: process.env.LANG, TZ: process.env.TZ, BOTSWAIN_HOME: process.env.BOTSWAIN_HOME };
  const child = spawn(program, args, { stdio: ["ignore", "pipe", "pipe"], detached: true, env });
  let output = "";
  const keep = (chunk: Buffer): void => {
    output = (output + chunk.toString("utf8")).slice(-2_000);
  };
  child.stdout.on("data", keep);
  child.stderr.on("data", keep);
  let failure: string | null = null;
  child.once("error", (error) => {
    failure = error.message;
  });
  child.once("exit", (code, signal) => {
    failure ??= `it ended with ${code ?? signal}: ${output.trim().split("\n").slice(-3).join(" | ")}`;
  });
  await waitUntilReady(folder.socket, () => failure);
  return child;
}

async function waitUntilReady(socket: string, failure: () => string | null): Promise<void> {
  const deadline = Date.now() + START_TIMEOUT_MS;
  while ((await pingRedis(socket)) !== "ready") {
    const reason = failure() ?? (Date.now() > deadline ? `no answer within ${START_TIMEOUT_MS / 1000} s` : null);
    if (reason !== null) {
      throw new UserError({
        en: `The embedded Redis does not start (${reason}): mend that, or set REDIS_URL to a running Redis.`,
        "zh-TW": `內建 Redis 無法啟動（${reason}）：請排除問題，或將 REDIS_URL 指向執行中的 Redis。`,
      });
    }
    await pause(10);
  }
}

/** Ends a server politely; one that does not listen within ten seconds is killed (its append-only file is safe). */
async function stopRedis(socket: string): Promise<void> {
  const pid = await redisPid(socket);
  if (pid === null) return;
  await shutDownRedis(socket);
  const deadline = Date.now() + STOP_TIMEOUT_MS;
  while (isAlive(pid) && Date.now() < deadline) await pause(10);
  if (isAlive(pid)) process.kill(pid, "SIGKILL");
}

async function waitForLock(path: string): Promise<Lock> {
  const deadline = Date.now() + START_TIMEOUT_MS;
  for (;;) {
    const taken = takeLock(path);
    if ("lock" in taken) return taken.lock;
    if (Date.now() > deadline) throw new Error(`process ${taken.holder.pid} does not give up ${path}`);
    await pause(50);
  }
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function readOrNull(path: string): string | null {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return null;
  }
}
