// Reasons that several parts of the importer give, in both languages.

import { shownValue } from "../../core/fault-words.ts";
import type { Text } from "../../core/text.ts";

export const NULL: Text = { en: "is null: nothing was set", "zh-TW": "為 null：未設定" };
export const EMPTY: Text = { en: "is empty", "zh-TW": "是空的" };
export const OLD_DEFAULT: Text = { en: "the old system's default, since the file says nothing", "zh-TW": "檔案未指定，採用舊系統的預設值" };
export const SET_BY_HAND: Text = { en: "--set says so", "zh-TW": "由 --set 指定" };
export const MISSING: Text = { en: "is missing", "zh-TW": "缺少此欄位" };

/** A key that the old system did not have; `near` is one that it had. */
export function unknownKey(near: string | undefined): Text {
  const hint = near === undefined ? { en: "", "zh-TW": "" } : { en: ` (did you mean ${near}?)`, "zh-TW": `（你是指 ${near} 嗎？）` };
  return {
    en: `is no key of the old system's files${hint.en}; take it out (its value is not shown, since it may be a secret)`,
    "zh-TW": `不是舊系統的設定鍵${hint["zh-TW"]}；請移除（可能是機密，因此不顯示內容）`,
  };
}

export const SECRET_INSIDE: Text = {
  en: "must not be here: it looks like a secret, and a bot holds none: give it to the account (botswain account add), then take it out here",
  "zh-TW": "看起來是機密，機器人設定不可存放：請改用 botswain account add 交給帳戶，再從此檔移除",
};

export function sameAs(path: string): Text {
  return { en: `says the same as ${path}`, "zh-TW": `與 ${path} 相同` };
}

export function unlike(path: string, value: unknown): Text {
  return {
    en: `is in contradiction to ${path}, which is ${shownValue(value)}; keep the one that is meant`,
    "zh-TW": `與 ${path} 的 ${shownValue(value)} 矛盾；請保留正確的一個`,
  };
}

/** A key that stands where the old system did not read it, beside one that it did read. */
export function stray(path: string, value: unknown): Text {
  return {
    en: `is outside of its block, where the old system did not read it: it ran with ${path} ${shownValue(value)}; keep the one that is meant`,
    "zh-TW": `位於區塊之外，舊系統並未讀取，實際使用的是 ${path} 的 ${shownValue(value)}；請保留正確的一個`,
  };
}

/** As `stray`, when the block says nothing. */
export function outside(block: string): Text {
  return {
    en: `is outside of ${block}, where the old system did not read it and ran without it; move it into ${block} if it is meant, else take it out`,
    "zh-TW": `位於 ${block} 之外，舊系統並未讀取；若要使用請移入 ${block}，否則請移除`,
  };
}
