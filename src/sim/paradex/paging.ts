// Paradex's pages: newest first, a range of time, and a cursor that names where the next page begins.

import { badParameter } from "./errors.ts";

export type Query = Readonly<Record<string, string | undefined>>;

const PAGE_DEFAULT = 100;
const PAGE_MAX = 5_000;

export interface Page<Row> {
  /** Cursor of the next page, or null on the last one. */
  readonly next: string | null;
  readonly prev: null;
  readonly results: readonly Row[];
}

/** A whole number of a query, or `fallback` when it is absent. Throws a ParadexError. */
export function wholeIn(query: Query, name: string, fallback: number, most: number): number {
  const value = query[name];
  if (value === undefined || value === "") return fallback;
  if (!/^\d{1,16}$/.test(value) || Number(value) > most) throw badParameter(`${name} must be a whole number of at most ${most}`);
  return Number(value);
}

function cursorOf(key: number): string {
  return Buffer.from(JSON.stringify({ before: key })).toString("base64");
}

function keyIn(cursor: string): number {
  try {
    const { before } = JSON.parse(Buffer.from(cursor, "base64").toString()) as { before?: unknown };
    if (typeof before === "number") return before;
  } catch {
    // Told below, like any other cursor that is none.
  }
  throw badParameter("cursor is not one of ours");
}

/**
 * One page of rows that come oldest first. `keyOf` grows from row to row, so that a page stays where it is while newer rows
 * arrive; `timeOf` is epoch ms. Throws a ParadexError.
 */
export function pageOf<Row>(rows: readonly Row[], query: Query, keyOf: (row: Row) => number, timeOf: (row: Row) => number): Page<Row> {
  const from = wholeIn(query, "start_at", 0, Number.MAX_SAFE_INTEGER);
  const to = wholeIn(query, "end_at", Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER);
  const size = Math.max(1, wholeIn(query, "page_size", PAGE_DEFAULT, PAGE_MAX));
  const before = query.cursor === undefined || query.cursor === "" ? Number.POSITIVE_INFINITY : keyIn(query.cursor);
  const fitting = rows.filter((row) => keyOf(row) < before && timeOf(row) >= from && timeOf(row) <= to).toReversed();
  const results = fitting.slice(0, size);
  const last = results.at(-1);
  return { next: fitting.length > size && last !== undefined ? cursorOf(keyOf(last)) : null, prev: null, results };
}
