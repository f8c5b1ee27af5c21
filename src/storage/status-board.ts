// The newest status of each bot in Redis: one key per bot, so that showing it never waits for a worker.

import type { Redis } from "ioredis";
import type { BotStatus } from "../core/status.ts";
import { KEY_PREFIX } from "./redis.ts";

export interface StatusBoard {
  put(status: BotStatus): Promise<void>;
  /** In the order of the ids; null where nothing is known. */
  get(ids: readonly string[]): Promise<readonly (BotStatus | null)[]>;
}

/** A status that nobody renews disappears after a day; how old a status is, its reader judges by `updatedAt`. */
const KEPT_MS = 86_400_000;

function statusKey(botId: string): string {
  return `${KEY_PREFIX}:status:${botId}`;
}

/** Statuses under `{botswain}:status:<botId>`. Both methods throw when Redis does not answer. */
export function createStatusBoard(redis: Redis): StatusBoard {
  return {
    put: async (status) => {
      await redis.set(statusKey(status.id), JSON.stringify(status), "PX", KEPT_MS);
    },
    get: async (ids) => {
      if (ids.length === 0) return [];
      const values = await redis.mget(ids.map(statusKey));
      return values.map((value) => (value === null ? null : (JSON.parse(value) as BotStatus)));
    },
  };
}
