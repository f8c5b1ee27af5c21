// Where everything of one installation lies: the data folder and the places in it.

import { createHash } from "node:crypto";
import { chmodSync, mkdirSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { UserError } from "../core/text.ts";

/** Unix socket paths end at 104 bytes (macOS) or 108 (Linux). */
const LONGEST_SOCKET_PATH = 100;

export interface DataFolder {
  readonly path: string;
  readonly databaseUrl: string;
  readonly envFile: string;
  readonly frontSocket: string;
  readonly lockFile: string;
  /** What the supervisor runs, for `ps`. */
  readonly processesFile: string;
  readonly logs: string;
  readonly redis: { readonly folder: string; readonly socket: string };
  readonly sim: { readonly folder: string; readonly keysFile: string; readonly endpointFile: string };
}

/** The data folder of an environment: BOTSWAIN_HOME, else the platform's usual place. Touches nothing. */
export function locateDataFolder(env: NodeJS.ProcessEnv): DataFolder {
  const path = resolve(env.BOTSWAIN_HOME || usualPlace(env));
  const redis = join(path, "redis");
  const sim = join(path, "sim");
  return {
    path,
    databaseUrl: `file:${join(path, "botswain.db")}`,
    envFile: join(path, ".env"),
    frontSocket: shortEnough(path, join(path, "front.sock")),
    lockFile: join(path, "lock"),
    processesFile: join(path, "processes.json"),
    logs: join(path, "logs"),
    redis: { folder: redis, socket: shortEnough(path, join(redis, "redis.sock")) },
    sim: { folder: sim, keysFile: join(sim, "keys.json"), endpointFile: join(sim, "endpoint.json") },
  };
}

/** Creates the folders for their owner only. Throws a UserError that names the folder when that is not possible. */
export function prepareDataFolder(folder: DataFolder): void {
  try {
    for (const path of [folder.path, folder.redis.folder, folder.sim.folder, folder.logs]) makePrivate(path);
    for (const socket of [folder.frontSocket, folder.redis.socket]) makePrivate(join(socket, ".."));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new UserError({
      en: `The data folder ${folder.path} cannot be used (${reason}): set BOTSWAIN_HOME to a folder that you may write to.`,
      "zh-TW": `無法使用資料夾 ${folder.path}（${reason}）：請將 BOTSWAIN_HOME 設為可寫入的資料夾。`,
    });
  }
}

function makePrivate(path: string): void {
  mkdirSync(path, { recursive: true, mode: 0o700 });
  chmodSync(path, 0o700);
}

function usualPlace(env: NodeJS.ProcessEnv): string {
  if (process.platform === "darwin") return join(homedir(), "Library", "Application Support", "Botswain");
  return join(env.XDG_DATA_HOME || join(homedir(), ".local", "share"), "botswain");
}

/** A socket whose path would be too long lies in the machine's temporary folder, under a name made from the data folder's. */
function shortEnough(folder: string, socket: string): string {
  if (Buffer.byteLength(socket) <= LONGEST_SOCKET_PATH) return socket;
  const hash = createHash("sha256").update(folder).digest("hex").slice(0, 12);
  return join(tmpdir(), `botswain-${process.getuid?.() ?? 0}-${hash}`, socket.slice(socket.lastIndexOf("/") + 1));
}
