// Leases on bots in Redis: who may act for a bot right now, by compare-and-set.

import type { Redis } from "ioredis";
import type { LeaseStore } from "../core/ports.ts";
import { KEY_PREFIX } from "./redis.ts";

/**
 * KEYS: lease, wanted epoch. ARGV: epoch, holder, ttl ms. A free lease, or one of the same holder with the same or an older
 * epoch, is taken. A living lease of another holder is never taken; when its epoch is older, the database has moved on to
 * ours, and the wanted epoch makes the old holder's next renewal fail.
 */
const ACQUIRE = `
local value = redis.call("GET", KEYS[1])
local wanted = tonumber(redis.call("GET", KEYS[2])) or 0
local epoch = tonumber(ARGV[1])
if epoch < wanted then return 0 end
if value then
  local held, holder = string.match(value, "^(%d+) (.*)$")
  if tonumber(held) > epoch then return 0 end
  if holder ~= ARGV[2] then
    if tonumber(held) < epoch then redis.call("SET", KEYS[2], ARGV[1], "PX", ARGV[3] * 10) end
    return 0
  end
end
redis.call("SET", KEYS[1], ARGV[1] .. " " .. ARGV[2], "PX", ARGV[3])
return 1`;

/** The same keys and arguments. A missing lease (Redis was flushed) is taken up again unless a newer epoch is wanted. */
const RENEW = `
local value = redis.call("GET", KEYS[1])
local wanted = tonumber(redis.call("GET", KEYS[2])) or 0
if tonumber(ARGV[1]) < wanted then return 0 end
if value and value ~= ARGV[1] .. " " .. ARGV[2] then return 0 end
redis.call("SET", KEYS[1], ARGV[1] .. " " .. ARGV[2], "PX", ARGV[3])
return 1`;

/** KEYS: lease. ARGV: epoch, holder. */
const RELEASE = `
if redis.call("GET", KEYS[1]) == ARGV[1] .. " " .. ARGV[2] then return redis.call("DEL", KEYS[1]) end
return 0`;

function leaseKey(botId: string): string {
  return `${KEY_PREFIX}:lease:${botId}`;
}

/** Leases under `{botswain}:lease:<botId>`, worth `<epoch> <holder>`. Every method throws when Redis does not answer. */
export function createLeaseStore(redis: Redis): LeaseStore {
  const run = async (script: string, botId: string, ...args: (string | number)[]): Promise<boolean> => {
    const key = leaseKey(botId);
    return (await redis.eval(script, 2, key, `${key}:wanted`, ...args)) === 1;
  };
  return {
    acquire: (botId, epoch, holder, ttlMs) => run(ACQUIRE, botId, epoch, holder, ttlMs),
    renew: (botId, epoch, holder, ttlMs) => run(RENEW, botId, epoch, holder, ttlMs),
    release: async (botId, epoch, holder) => {
      await run(RELEASE, botId, epoch, holder);
    },
    holder: async (botId) => parseLease(await redis.get(leaseKey(botId))),
  };
}

function parseLease(value: string | null): { readonly epoch: number; readonly holder: string } | null {
  const match = /^(\d+) (.*)$/s.exec(value ?? "");
  return match === null ? null : { epoch: Number(match[1]), holder: match[2] ?? "" };
}
