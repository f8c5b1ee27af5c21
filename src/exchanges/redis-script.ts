// Runs a Lua script by its digest and sends its text only when Redis does not know it.

import { createHash } from "node:crypto";
import type { Redis } from "ioredis";

export interface Script {
  readonly text: string;
  readonly digest: string;
}

export function scriptOf(text: string): Script {
  return { text, digest: createHash("sha1").update(text).digest("hex") };
}

/** The script's reply. Throws what Redis says, or that it cannot be reached. */
export async function runScript(redis: Redis, script: Script, keys: readonly string[], args: readonly string[]): Promise<unknown> {
  try {
    return await redis.evalsha(script.digest, keys.length, ...keys, ...args);
  } catch (error) {
    // A restarted or flushed Redis has forgotten the script.
    if (!(error instanceof Error) || !error.message.startsWith("NOSCRIPT")) throw error;
    return await redis.eval(script.text, keys.length, ...keys, ...args);
  }
}
