// Holds the memory of one bot's process against its quota: a warning near the ceiling, a fresh process at it.

import type { Text } from "../core/text.ts";

/** Of the ceiling. */
const WARN_SHARE = 0.8;
/** Below this share of the ceiling the next warning is news again. */
const CALM_SHARE = 0.7;
/** A process that is too large soon after it was made anew would be no smaller the next time: it is left alone and told of. */
const ANEW_EVERY_MS = 600_000;
const MIB = 1_048_576;

export interface MemoryLook {
  /** Said once while it lasts. */
  readonly tell: Text | null;
  /** The process is to leave with its orders kept, so that the next one takes over. */
  readonly isTooLarge: boolean;
}

export interface MemoryWatch {
  /** `rss` in bytes, null when not told yet; `now` is monotonic ms. */
  look(id: string, rss: number | null, memoryMb: number, now: number): MemoryLook;
}

export function createMemoryWatch(): MemoryWatch {
  let told: "nothing" | "near" | "over" = "nothing";
  let anewAt = Number.NEGATIVE_INFINITY;
  return {
    look(id, rss, memoryMb, now) {
      if (rss === null) return CALM;
      const usedMb = Math.round(rss / MIB);
      if (usedMb >= memoryMb) {
        const isTooLarge = now - anewAt >= ANEW_EVERY_MS;
        if (isTooLarge) anewAt = now;
        const isNews = isTooLarge || told !== "over";
        told = "over";
        return { tell: isNews ? overText(id, usedMb, memoryMb, isTooLarge) : null, isTooLarge };
      }
      if (usedMb < memoryMb * CALM_SHARE) told = "nothing";
      if (usedMb < memoryMb * WARN_SHARE || told !== "nothing") return CALM;
      told = "near";
      return { tell: nearText(id, usedMb, memoryMb), isTooLarge: false };
    },
  };
}

const CALM: MemoryLook = { tell: null, isTooLarge: false };

function nearText(id: string, usedMb: number, memoryMb: number): Text {
  return {
    en: `${id} uses ${usedMb} MiB of memory; at quotas.memoryMb ${memoryMb} it begins anew`,
    "zh-TW": `${id} 已使用 ${usedMb} MiB 記憶體；達到 quotas.memoryMb ${memoryMb} 時會重新啟動`,
  };
}

function overText(id: string, usedMb: number, memoryMb: number, isAnew: boolean): Text {
  return isAnew
    ? {
        en: `${id} uses ${usedMb} MiB of memory, quotas.memoryMb is ${memoryMb}: it begins anew, its orders are kept`,
        "zh-TW": `${id} 已使用 ${usedMb} MiB 記憶體，quotas.memoryMb 為 ${memoryMb}：將重新啟動並保留掛單`,
      }
    : {
        en: `${id} uses ${usedMb} MiB of memory again soon after it began anew; raise quotas.memoryMb ${memoryMb}`,
        "zh-TW": `${id} 重新啟動後不久又使用 ${usedMb} MiB 記憶體；請調高 quotas.memoryMb ${memoryMb}`,
      };
}
