// Reads a history page by page, whichever way an exchange turns its pages, and says whether the end was reached.

/** Pages of one reading: with 1000 rows each more than any outage, and a third of a minute's history budget. */
const PAGES_MAX = 10;

export interface Pages<T> {
  readonly rows: readonly T[];
  /** False when the history may hold more than was read. */
  readonly complete: boolean;
}

interface Timed {
  readonly timestamp?: number;
}

export interface PageOptions<T> {
  /** Names a row, so that one that is read twice counts once. */
  readonly keyOf: (row: T) => string;
  readonly since: number;
  /** Rows asked for at once. */
  readonly limit: number;
}

/**
 * Rows from the newest back to `since`, by offset. A short page is the end, except a round hundred: an exchange may cap a page
 * below what was asked. Rows that arrive meanwhile push others to the next page, where they are read again.
 */
export async function byOffset<T extends Timed>(
  page: (offset: number, limit: number) => Promise<readonly T[]>,
  { keyOf, since, limit }: PageOptions<T>,
): Promise<Pages<T>> {
  const rows = new Map<string, T>();
  let offset = 0;
  for (let count = 0; count < PAGES_MAX; count += 1) {
    const part = await page(offset, limit);
    const before = rows.size;
    for (const row of part) rows.set(keyOf(row), row);
    const reachedSince = part.some((row) => row.timestamp !== undefined && row.timestamp < since);
    if (reachedSince || part.length === 0 || (part.length < limit && part.length % 100 !== 0))
      return { rows: [...rows.values()], complete: true };
    // The same page again: the exchange does not turn pages.
    if (rows.size === before) break;
    offset += part.length;
  }
  return { rows: [...rows.values()], complete: false };
}

/**
 * Rows from `since` on, oldest first, by time: each page begins where the last one ended. `spanMs` is the longest range that
 * the exchange answers at once; empty ranges are stepped over until `until`.
 */
export async function byTime<T extends Timed>(
  page: (from: number, to: number, limit: number) => Promise<readonly T[]>,
  { keyOf, since, limit, until, spanMs }: PageOptions<T> & { readonly until: number; readonly spanMs: number },
): Promise<Pages<T>> {
  const rows = new Map<string, T>();
  let from = since;
  for (let count = 0; count < PAGES_MAX && from <= until; count += 1) {
    const to = Math.min(until, from + spanMs);
    const part = await page(from, to, limit);
    const before = rows.size;
    for (const row of part) rows.set(keyOf(row), row);
    if (part.length < limit) {
      if (to >= until) return { rows: [...rows.values()], complete: true };
      from = to + 1;
      continue;
    }
    const newest = Math.max(...part.map((row) => row.timestamp ?? from));
    // More rows in one millisecond than a page holds: this way cannot get past them.
    if (newest === from && rows.size === before) break;
    from = newest;
  }
  return { rows: [...rows.values()], complete: from > until };
}

export interface CursorPage<T> {
  readonly rows: readonly T[];
  /** Null on the last page. */
  readonly next: string | null;
}

/** Rows from the newest back to `since`, by the cursor that each answer names for the next page. */
export async function byCursor<T extends Timed>(
  page: (cursor: string | null, limit: number) => Promise<CursorPage<T>>,
  { keyOf, since, limit }: PageOptions<T>,
): Promise<Pages<T>> {
  const rows = new Map<string, T>();
  let cursor: string | null = null;
  for (let count = 0; count < PAGES_MAX; count += 1) {
    const part = await page(cursor, limit);
    for (const row of part.rows) rows.set(keyOf(row), row);
    const reachedSince = part.rows.some((row) => row.timestamp !== undefined && row.timestamp < since);
    if (reachedSince || part.next === null || part.next === cursor) return { rows: [...rows.values()], complete: true };
    cursor = part.next;
  }
  return { rows: [...rows.values()], complete: false };
}

/**
 * Rows from the newest back to `since` of a history that answers at most `spanMs` at once: each span is turned page by page by
 * the cursor that the answers name, the newest span first.
 */
export async function bySpan<T extends Timed>(
  page: (range: { readonly from: number; readonly to: number }, cursor: string | null, limit: number) => Promise<CursorPage<T>>,
  { keyOf, limit, since, spanMs, until }: PageOptions<T> & { readonly until: number; readonly spanMs: number },
): Promise<Pages<T>> {
  const rows = new Map<string, T>();
  let to = until;
  for (let count = 0; count < PAGES_MAX; count += 1) {
    const range = { from: Math.max(since, to - spanMs), to };
    const span = await byCursor((cursor, size) => page(range, cursor, size), { keyOf, since: range.from, limit });
    for (const row of span.rows) rows.set(keyOf(row), row);
    if (!span.complete) break;
    if (range.from <= since) return { rows: [...rows.values()], complete: true };
    to = range.from;
  }
  return { rows: [...rows.values()], complete: false };
}
