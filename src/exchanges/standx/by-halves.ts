// Reads a history whose pages have no known order: a full page is asked for again as two halves of its time.

import type { Pages } from "../paging.ts";

/** Requests of one reading: enough for some 3000 rows, and a fifth of a minute's budget. */
const REQUESTS_MAX = 24;

export interface HalvesOptions<T> {
  /** Names a row, so that one that is read twice counts once. */
  readonly keyOf: (row: T) => string;
  readonly since: number;
  readonly until: number;
  /** Rows of a full page. */
  readonly limit: number;
}

/** Everything from `since` to `until`; not complete when it takes too many requests, or one millisecond fills a page. */
export async function byHalves<T>(
  page: (from: number, to: number) => Promise<readonly T[]>,
  { keyOf, limit, since, until }: HalvesOptions<T>,
): Promise<Pages<T>> {
  const rows = new Map<string, T>();
  const open: [number, number][] = [[since, Math.max(since, until)]];
  for (let count = 0; count < REQUESTS_MAX; count += 1) {
    const range = open.pop();
    if (range === undefined) return { rows: [...rows.values()], complete: true };
    const [from, to] = range;
    const part = await page(from, to);
    for (const row of part) rows.set(keyOf(row), row);
    if (part.length < limit) continue;
    if (to - from < 2) return { rows: [...rows.values()], complete: false };
    const middle = Math.floor((from + to) / 2);
    open.push([from, middle], [middle, to]);
  }
  return { rows: [...rows.values()], complete: open.length === 0 };
}
