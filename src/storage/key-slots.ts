// Slots of keys in Redis: on exchanges whose nonces admit one writer per key, who may sign with it right now.

import type { Redis } from "ioredis";
import { KEY_PREFIX } from "./redis.ts";

/** KEYS: slot. ARGV: bot, epoch, ttl ms. A free slot, or one of the same bot with the same or an older epoch, is taken; else its holder. */
const TAKE = `
local value = redis.call("GET", KEYS[1])
if value then
  local epoch, bot = string.match(value, "^(%d+) (.*)$")
  if bot ~= ARGV[1] or tonumber(epoch) > tonumber(ARGV[2]) then return bot end
end
redis.call("SET", KEYS[1], ARGV[2] .. " " .. ARGV[1], "PX", ARGV[3])
return ""`;

/** KEYS: slot. ARGV: bot, epoch. */
const RELEASE = `
if redis.call("GET", KEYS[1]) == ARGV[2] .. " " .. ARGV[1] then return redis.call("DEL", KEYS[1]) end
return 0`;

export interface KeySlots {
  /** Takes or renews the slot of a key; the bot that holds it when that is another one, else null. Throws when Redis does not answer. */
  take(exchange: string, key: string, botId: string, epoch: number, ttlMs: number): Promise<string | null>;
  release(exchange: string, key: string, botId: string, epoch: number): Promise<void>;
}

/** Under `{botswain}:keyslot:<exchange>:<key>`; `key` is a fingerprint, never the key: one key under two accounts' names is one slot. */
export function createKeySlots(redis: Redis): KeySlots {
  const keyOf = (exchange: string, key: string): string => `${KEY_PREFIX}:keyslot:${exchange}:${key}`;
  return {
    async take(exchange, key, botId, epoch, ttlMs) {
      const holder = String(await redis.eval(TAKE, 1, keyOf(exchange, key), botId, epoch, ttlMs));
      return holder === "" ? null : holder;
    },
    async release(exchange, key, botId, epoch) {
      await redis.eval(RELEASE, 1, keyOf(exchange, key), botId, epoch);
    },
  };
}
