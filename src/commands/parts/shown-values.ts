// How numbers, ages, times and bots are shown to people; data for programs keeps the exact strings.

import type { Mode } from "../../core/alert.ts";
import { modeWord, stateWord } from "../../core/chat/words.ts";
import { money, rounded } from "../../core/money.ts";
import type { BotStatus } from "../../core/status.ts";
import { join, plain, type Text } from "../../core/text.ts";

const MONEY_DECIMALS = 4;

/** `eth_grid [sim]`: no bot is named without its mode. */
export function botWithMode(id: string, mode: Mode): Text {
  const word = modeWord(mode);
  return { en: `${id} [${word.en}]`, "zh-TW": `${id}［${word["zh-TW"]}］` };
}

/** Money rounded to four decimals with a plus sign when positive: `+1.25`. */
export function signedMoney(value: string): string {
  const shown = rounded(value, MONEY_DECIMALS);
  return money(shown).gt(0) ? `+${shown}` : shown;
}

/** Money rounded to four decimals. */
export function shownMoney(value: string): string {
  return rounded(value, MONEY_DECIMALS);
}

/** True when a position string is not zero. */
export function isHeld(position: string): boolean {
  return !money(position).eq(0);
}

/** `340 ms`, `12 s`, `3 min`, `5 h`, `2 d`; a dash for null. */
export function shownAge(ageMs: number | null): Text {
  if (ageMs === null) return plain("-");
  const age = Math.max(0, Math.round(ageMs));
  if (age < 1_000) return { en: `${age} ms`, "zh-TW": `${age} 毫秒` };
  const seconds = Math.floor(age / 1_000);
  if (seconds < 120) return { en: `${seconds} s`, "zh-TW": `${seconds} 秒` };
  const minutes = Math.floor(seconds / 60);
  if (minutes < 120) return { en: `${minutes} min`, "zh-TW": `${minutes} 分鐘` };
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return { en: `${hours} h`, "zh-TW": `${hours} 小時` };
  const days = Math.floor(hours / 24);
  return { en: `${days} d`, "zh-TW": `${days} 天` };
}

/** `2025-05-04 12:33:21`, UTC. */
export function shownTime(at: number): string {
  return new Date(at).toISOString().slice(0, 19).replace("T", " ");
}

/** `10x cross margin`: how a perpetual is held. */
export function shownPerp({
  leverage,
  marginMode,
}: {
  readonly leverage?: number | undefined;
  readonly marginMode?: string | undefined;
}): Text {
  const times = leverage === undefined ? null : { en: `${leverage}x`, "zh-TW": `${leverage} 倍` };
  const mode = marginMode === undefined ? null : { en: `${marginMode} margin`, "zh-TW": marginMode === "isolated" ? "逐倉" : "全倉" };
  return join([times ?? [], mode ?? []].flat(), " ");
}

/** The state's word; for a bot nobody hears from, with the age of what is known. */
export function shownState(status: BotStatus, now: number): Text {
  const word = stateWord(status.state);
  if (status.state !== "unreachable") return word;
  const age = shownAge(now - status.updatedAt);
  return { en: `${word.en} (last heard ${age.en} ago)`, "zh-TW": `${word["zh-TW"]}（最後回報於 ${age["zh-TW"]}前）` };
}

/** `2.5 ETH`-like position with the base currency of the symbol. */
export function shownPosition(status: Pick<BotStatus, "position" | "symbol">): string {
  const base = status.symbol.split("/")[0] ?? "";
  return `${status.position} ${base}`.trim();
}
