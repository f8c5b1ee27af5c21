// Which Redis a role talks to, and whether it answers.

import { UserError } from "../core/text.ts";
import { connectRedis } from "../storage/redis.ts";
import { pingRedis } from "./redis-line.ts";
import type { Settings } from "./settings.ts";

const ANSWER_MS = 5_000;

/** REDIS_URL, else the embedded Redis of the data folder. Throws a UserError when it does not answer. */
export async function redisAddress(settings: Settings): Promise<string> {
  if (settings.redisUrl !== null) {
    await checkRedis(settings.redisUrl);
    return settings.redisUrl;
  }
  const { socket } = settings.dataFolder.redis;
  if ((await pingRedis(socket)) !== "absent") return `unix://${socket}`;
  throw new UserError({
    en: `No Redis answers on ${socket}: run \`bin/botswain up\`, or set REDIS_URL to a running Redis.`,
    "zh-TW": `${socket} 上沒有 Redis 回應：請執行 \`bin/botswain up\`，或將 REDIS_URL 指向執行中的 Redis。`,
  });
}

/** Throws a UserError that names REDIS_URL (without its password) and the reason when it cannot be used. */
export async function checkRedis(url: string): Promise<void> {
  const redis = connectRedis(url, "command");
  let reason = `no answer within ${ANSWER_MS / 1000} s`;
  redis.on("error", (error: Error) => {
    reason = error.message;
  });
  const deadline = Date.now() + ANSWER_MS;
  try {
    for (;;) {
      try {
        await redis.ping();
        return;
      } catch (error) {
        const message = error instanceof Error ? error.message : String(error);
        if (/NOAUTH|WRONGPASS|NOPERM/.test(message)) reason = message;
        else if (Date.now() < deadline) continue;
        throw new UserError({
          en: `REDIS_URL (${withoutPassword(url)}) cannot be used (${reason}): start that Redis, or correct the address or password.`,
          "zh-TW": `無法使用 REDIS_URL（${withoutPassword(url)}）（${reason}）：請啟動該 Redis，或更正位址或密碼。`,
        });
      }
    }
  } finally {
    redis.disconnect();
  }
}

function withoutPassword(url: string): string {
  if (!URL.canParse(url)) return url;
  const address = new URL(url);
  address.password = "";
  address.username = "";
  return address.href;
}
