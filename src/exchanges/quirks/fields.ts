// Reads single fields out of answers whose shape nobody guarantees.

import type { Params } from "../ccxt-loader.ts";

export function field(record: unknown, name: string): unknown {
  return typeof record === "object" && record !== null ? (record as Params)[name] : undefined;
}

/** A text or number as text; null when absent, empty or anything else. */
export function text(record: unknown, name: string): string | null {
  const value = field(record, name);
  if (typeof value === "string") return value === "" ? null : value;
  return typeof value === "number" || typeof value === "bigint" ? String(value) : null;
}

/** A list, or an empty one for anything else. */
export function list(record: unknown, name: string): readonly unknown[] {
  const value = field(record, name);
  return Array.isArray(value) ? value : [];
}
