// Reads single values of an old file: numbers may be written as text there, and every number becomes exact digits here.

import { decimalText, isNumberText } from "../../core/config-values.ts";
import { money, text as moneyText } from "../../core/money.ts";
import type { Text } from "../../core/text.ts";

/** `size`: the sign does not matter; a list: one of these words. */
export type Kind = "decimal" | "positive" | "size" | "number" | "whole" | "truth" | "duration" | "text" | "texts" | readonly string[];

type Read = { readonly value: string | number | boolean | readonly string[] } | { readonly rule: Text };

/** Longer running times are not taken by a bot. */
const UNITS: readonly (readonly [number, string])[] = [
  [86_400, "d"],
  [3_600, "h"],
  [60, "m"],
  [1, "s"],
];

/** A value as a field wants it, or why it is none. */
export function readValue(kind: Kind, value: unknown): Read {
  if (typeof kind !== "string") return wordOf(kind, value);
  if (kind === "truth") return truthOf(value);
  if (kind === "text") return typeof value === "string" && value.trim() !== "" ? { value: value.trim() } : wrong("text", "文字");
  if (kind === "texts") {
    const isList = Array.isArray(value) && value.every((item) => typeof item === "string");
    return isList ? { value } : wrong("a list of texts", "文字清單");
  }
  const digits = digitsOf(value);
  if (digits === null) return wrong("a decimal number such as 0.05", "十進位數字，例如 0.05");
  const number = money(digits);
  if (kind === "positive" && number.lte(0)) return { rule: { en: "must be above 0", "zh-TW": "必須大於 0" } };
  if (kind === "size") return number.eq(0) ? { rule: NOT_ZERO } : { value: moneyText(number.abs()) };
  if (kind === "number") return { value: Number(digits) };
  if (kind === "decimal" || kind === "positive") return { value: digits };
  if (!number.eq(number.round(0)) || number.abs().gt(Number.MAX_SAFE_INTEGER)) return wrong("a whole number", "整數");
  if (kind === "whole") return { value: Number(digits) };
  return durationOf(Number(digits));
}

const NOT_ZERO: Text = { en: "must not be 0; leave it out for none", "zh-TW": "不可為 0；不使用請移除" };

/** Plain digits of a number or of a text that is one; null for anything else. */
function digitsOf(value: unknown): string | null {
  const text = typeof value === "number" && Number.isFinite(value) ? String(value) : typeof value === "string" ? value.trim() : null;
  if (text === null || !isNumberText(text)) return null;
  const digits = decimalText(text);
  return /^-?\d+(\.\d+)?$/.test(digits) ? digits : null;
}

function wordOf(words: readonly string[], value: unknown): Read {
  if (typeof value === "string" && words.includes(value.trim())) return { value: value.trim() };
  return wrong(`one of ${words.join(", ")}`, `${words.join("、")} 其中之一`);
}

function truthOf(value: unknown): Read {
  if (value === true || value === "true") return { value: true };
  return value === false || value === "false" ? { value: false } : wrong("true or false", "true 或 false");
}

/** Seconds in the largest unit that loses nothing. */
function durationOf(seconds: number): Read {
  if (seconds < 1) return { rule: { en: "must be at least 1 second", "zh-TW": "必須至少 1 秒" } };
  const [size, unit] = UNITS.find(([length]) => seconds % length === 0) ?? [1, "s"];
  return { value: `${seconds / size}${unit}` };
}

function wrong(en: string, zhTw: string): Read {
  return { rule: { en: `must be ${en}`, "zh-TW": `必須是${zhTw}` } };
}
