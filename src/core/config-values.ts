// Values of a configuration file before anybody knows their types: numbers keep their digits, words wait for a schema.

import { money, text as moneyText } from "./money.ts";

/** A number as it was written; no float stands between the file and an exact decimal. */
export class WrittenNumber {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
  toJSON(): string {
    return this.text;
  }
}

/** What a variable or `--set` gave: the schema of its place says whether it is text, a number, a truth value or a list. */
export class Word {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
  toJSON(): string {
    return this.text;
  }
}

export type ConfigValue = string | boolean | null | WrittenNumber | Word | readonly ConfigValue[] | ConfigObject;
export interface ConfigObject {
  readonly [key: string]: ConfigValue;
}

/** Deeper than any configuration has a reason to be. */
export const DEPTH_MAX = 24;
/** Longer than any price or quantity. */
export const NUMBER_LENGTH_MAX = 100;
/** Beyond this, an exponent is left as it stands: written out it would only be long, and no field takes it. */
const EXPONENT_MAX = 60;

const NUMBER = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE]([+-]?\d+))?$/;
const PLAIN = /^-?\d+(?:\.\d+)?$/;

export function isConfigObject(value: unknown): value is ConfigObject {
  return (
    typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof WrittenNumber) && !(value instanceof Word)
  );
}

export function isConfigList(value: ConfigValue | undefined): value is readonly ConfigValue[] {
  return Array.isArray(value);
}

/** True for a decimal number in any notation that JSON or YAML know. */
export function isNumberText(text: string): boolean {
  return text.length <= NUMBER_LENGTH_MAX && NUMBER.test(text);
}

/** The number as a decimal string: digits stay as written, an exponent is written out. */
export function decimalText(text: string): string {
  if (PLAIN.test(text)) return text;
  const exponent = Number(NUMBER.exec(text)?.[1] ?? 0);
  return Math.abs(exponent) > EXPONENT_MAX ? text : moneyText(money(withDigits(text)));
}

/** The number as a JavaScript number, or null when that would not be the same number. */
export function exactNumber(text: string): number | null {
  const value = Number(text);
  if (!Number.isFinite(value)) return null;
  if (Number.isInteger(value) && !Number.isSafeInteger(value)) return null;
  return money(String(value)).eq(money(withDigits(text))) ? value : null;
}

/** `+1`, `.5` and `5.` in the way that a decimal library reads them. */
function withDigits(text: string): string {
  return text
    .replace(/^\+/, "")
    .replace(/^(-?)\./, "$10.")
    .replace(/\.(?=[eE]|$)/, "");
}

/** Plain JSON: a number where it is exact, else its digits as text; a word is text. */
export function plainValue(value: ConfigValue): unknown {
  if (value instanceof WrittenNumber) return exactNumber(value.text) ?? decimalText(value.text);
  if (value instanceof Word) return value.text;
  if (isConfigList(value)) return value.map(plainValue);
  if (isConfigObject(value)) return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, plainValue(inner)]));
  return value;
}

/** Plain JSON as values of a file; what JSON does not know becomes null. */
export function configValueOf(value: unknown): ConfigValue {
  if (typeof value === "string" || typeof value === "boolean") return value;
  if (typeof value === "number" && Number.isFinite(value)) return new WrittenNumber(String(value));
  if (Array.isArray(value)) return value.map(configValueOf);
  if (typeof value !== "object" || value === null) return null;
  const entries = Object.entries(value).filter(([, inner]) => inner !== undefined);
  return Object.fromEntries(entries.map(([key, inner]) => [key, configValueOf(inner)]));
}
