// The newest status of each bot in Redis: one key per bot, so that showing it never waits for a worker.

import type { Redis } from "ioredis";
import { type BotStatus, readStatus } from "../core/status.ts";
import { KEY_PREFIX } from "./redis.ts";

export interface StatusBoard {
  /** Shows a status, unless the board holds one of a later epoch: a process that lost its bot cannot hide its successor. */
  put(status: BotStatus): Promise<void>;
  /** In the order of the ids; null where nothing is known. */
  get(ids: readonly string[]): Promise<readonly (BotStatus | null)[]>;
}

/** A status that nobody renews disappears after a day; how old a status is, its reader judges by `updatedAt`. */
const KEPT_MS = 86_400_000;

/** KEYS: status. ARGV: epoch, JSON, ms to keep. */
const PUT = `
local value = redis.call("GET", KEYS[1])
if value then
  local isReadable, shown = pcall(cjson.decode, value)
  if isReadable and type(shown) == "table" and (tonumber(shown.epoch) or 0) > tonumber(ARGV[1]) then return 0 end
end
redis.call("SET", KEYS[1], ARGV[2], "PX", ARGV[3])
return 1`;

function statusKey(botId: string): string {
  return `${KEY_PREFIX}:status:${botId}`;
}

/** Statuses under `{botswain}:status:<botId>`. Both methods throw when Redis does not answer. */
export function createStatusBoard(redis: Redis): StatusBoard {
  return {
    put: async (status) => {
      await redis.eval(PUT, 1, statusKey(status.id), status.epoch, JSON.stringify(status), KEPT_MS);
    },
    get: async (ids) => {
      if (ids.length === 0) return [];
      const values = await redis.mget(ids.map(statusKey));
      return values.map((value) => (value === null ? null : readStatus(value)));
    },
  };
}
