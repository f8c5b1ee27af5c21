// What differs between two configurations of a bot, field by field, without a secret.

import type { BotConfig } from "./bot-config.ts";
import { safeValue } from "./config-secrets.ts";
import { shownValue } from "./fault-words.ts";
import { plain, type Text } from "./text.ts";

export interface FieldChange {
  /** `params.gridNum`. */
  readonly path: string;
  /** Undefined: was not there. */
  readonly before: unknown;
  /** Undefined: is not there any more. */
  readonly after: unknown;
}

/** Every field that differs; `before` null: the bot is new, and every field is. */
export function diffConfigs(before: BotConfig | null, after: BotConfig): readonly FieldChange[] {
  const old = before === null ? new Map<string, unknown>() : new Map(fieldsOf(before, []));
  const next = new Map(fieldsOf(after, []));
  const paths = [...new Set([...old.keys(), ...next.keys()])];
  return paths
    .filter((path) => JSON.stringify(old.get(path)) !== JSON.stringify(next.get(path)))
    .map((path) => ({ path, before: safeValue(path, old.get(path)), after: safeValue(path, next.get(path)) }));
}

/** `params.gridNum: 20 → 24`. */
export function sayChange({ path, before, after }: FieldChange): Text {
  return plain(`${path}: ${shownValue(before)} → ${shownValue(after)}`);
}

/** Leaves by their path; a list is one leaf, an empty object too. */
function fieldsOf(value: unknown, path: readonly string[]): readonly (readonly [string, unknown])[] {
  const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
  const entries = isObject ? Object.entries(value).filter(([, inner]) => inner !== undefined) : [];
  if (entries.length === 0) return [[path.join("."), value]];
  return entries.flatMap(([key, inner]) => fieldsOf(inner, [...path, key]));
}
