// Connections to Redis, each set up for what it is used for.

import { Redis } from "ioredis";
import { UserError } from "../core/text.ts";

export type RedisRole = "queue" | "command" | "subscriber";

/** Prefix of every key of ours; the braces keep them on one node of a Redis Cluster. */
export const KEY_PREFIX = "{botswain}";

/** How long a command waits for an answer before it fails. */
const COMMAND_TIMEOUT_MS = 1_000;

/**
 * Connects to `redis://…`, `rediss://…` or `unix:///path/redis.sock` (an absolute path alone works too) and keeps reconnecting.
 * `command` fails within a second when nobody answers; `queue` (BullMQ workers) and `subscriber` wait as long as it takes.
 * Throws a UserError for an address that cannot be read, and for a Redis of another machine without a password: whoever can
 * write to it can trade. Connection errors do not throw; listen to `error` to log them.
 */
export function connectRedis(url: string, role: RedisRole): Redis {
  const patience = role === "command" ? { maxRetriesPerRequest: 1, commandTimeout: COMMAND_TIMEOUT_MS } : { maxRetriesPerRequest: null };
  const options = {
    ...patience,
    connectTimeout: 5_000,
    connectionName: `botswain-${role}`,
    retryStrategy: (attempt: number) => Math.min(2_000, 25 * 2 ** Math.min(attempt, 10)),
  };
  const path = socketPath(url);
  if (path === null) refuseOpenRedis(url);
  const redis = path === null ? new Redis(url, options) : new Redis({ ...options, path });
  // Without a listener Node would end the process on the first lost connection.
  redis.on("error", () => {});
  return redis;
}

function socketPath(url: string): string | null {
  if (url.startsWith("/")) return url;
  return url.startsWith("unix://") ? decodeURIComponent(url.slice("unix://".length)) : null;
}

function refuseOpenRedis(url: string): void {
  const parsed = URL.canParse(url) ? new URL(url) : null;
  if (parsed === null || !/^rediss?:$/.test(parsed.protocol))
    throw new UserError({
      en: "REDIS_URL must look like redis://:password@host:6379, rediss://… or unix:///path/redis.sock.",
      "zh-TW": "REDIS_URL 的格式應為 redis://:password@host:6379、rediss://… 或 unix:///path/redis.sock。",
    });
  const isLocal = /^(localhost|127(\.\d+){3}|\[::1\])$/.test(parsed.hostname);
  if (!isLocal && parsed.password === "")
    throw new UserError({
      en: `REDIS_URL names ${parsed.hostname} without a password; whoever can write to that Redis can trade, so set one (redis://:password@host).`,
      "zh-TW": `REDIS_URL 指向 ${parsed.hostname} 但沒有密碼；能寫入該 Redis 的人就能下單，請設定密碼（redis://:password@host）。`,
    });
}
