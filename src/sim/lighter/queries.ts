// Reads the query of a Lighter request, and turns pages by cursor, newest first.

import type { FastifyRequest } from "fastify";
import type { ExchangeState } from "../exchange-state.ts";
import type { ListedMarket } from "../listed-market.ts";
import { LighterError } from "./errors.ts";

export type Query = Readonly<Record<string, string | undefined>>;

const PAGE_MAX = 100;

export function queryOf(request: FastifyRequest): Query {
  return request.query as Query;
}

/** A whole number of a query. Throws a LighterError for none and for one that is needed and absent. */
export function wholeIn(query: Query, name: string, fallback: number | null, most = Number.MAX_SAFE_INTEGER): number {
  const value = query[name];
  if (value === undefined && fallback !== null) return fallback;
  if (value === undefined || !/^\d{1,16}$/.test(value) || Number(value) > most) throw new LighterError(20001, name);
  return Number(value);
}

/** Throws a LighterError for a market that is not listed. */
export function marketIn(state: ExchangeState, query: Query): ListedMarket {
  const market = state.markets.get(query.market_id ?? "");
  if (market === undefined) throw new LighterError(20001, "market_id");
  return market;
}

/** The market that a query narrows its answer to; null for all. */
export function onlyMarket(state: ExchangeState, query: Query): string | null {
  return query.market_id === undefined || query.market_id === "255" ? null : marketIn(state, query).listing.id;
}

/** One page of rows that come oldest first; `keyOf` grows from row to row. */
export function pageOf<Row>(rows: readonly Row[], query: Query, keyOf: (row: Row) => number): { rows: Row[]; next: string | null } {
  const limit = Math.max(1, wholeIn(query, "limit", null, PAGE_MAX));
  const before = query.cursor === undefined ? Number.POSITIVE_INFINITY : Number(Buffer.from(query.cursor, "base64").toString());
  if (Number.isNaN(before)) throw new LighterError(20001, "cursor");
  const fitting = rows.filter((row) => keyOf(row) < before).toReversed();
  const page = fitting.slice(0, limit);
  const last = page.at(-1);
  const next = fitting.length > limit && last !== undefined ? Buffer.from(String(keyOf(last))).toString("base64") : null;
  return { rows: page, next };
}

/** `next_cursor` is there only while more follows. */
export function cursorField(next: string | null): object {
  return next === null ? {} : { next_cursor: next };
}
