// The history of many bots in the order of time, read page by page: what exports and statistics are made of.

import { type Sql, sqltag as sql } from "@prisma/client/runtime/client";
import type { FillRow, FundingRow, OrderRow } from "../core/ports.ts";
import type { Database } from "./database.ts";
import type { EquityPoint } from "./equity.ts";

export interface HistoryFilter {
  readonly botIds: readonly string[];
  /** Epoch ms: at or after `from`, before `to`. */
  readonly from: number;
  readonly to: number;
  /** Rows of these accounts only; all when null. */
  readonly accounts: readonly { readonly exchange: string; readonly account: string }[] | null;
}

export interface History {
  fills(filter: HistoryFilter): AsyncIterable<FillRow>;
  /** By the time at which orders were made. */
  orders(filter: HistoryFilter): AsyncIterable<OrderRow>;
  funding(filter: HistoryFilter): AsyncIterable<FundingRow>;
  /** Of bots, whatever the accounts. */
  equity(filter: HistoryFilter): AsyncIterable<EquityPoint>;
}

/** Rows held in memory at most, over all bots; a page is never smaller than the least. */
const HELD_MAX = 10_000;
const PAGE_MIN = 50;
const PAGE_MAX = 1_000;

/** Reads of the ledger; each page is a query of its own, so that no long transaction holds up the writers. */
export function createHistory({ prisma }: Database): History {
  const pageOf = async <T extends Timed>(query: Sql): Promise<T[]> =>
    (await prisma.$queryRaw<(Omit<T, "at"> & { at: bigint })[]>(query)).map((row) => ({ ...row, at: Number(row.at) }) as T);
  return {
    fills: (filter) =>
      inOrder(
        filter,
        (botId, after: FillKey | null, limit) => {
          const begin =
            after === null ? sql`"at" >= ${BigInt(filter.from)}` : sql`("at", "number") > (${BigInt(after.at)}, ${after.number})`;
          return pageOf<FillRow & FillKey>(sql`SELECT * FROM fills WHERE "botId" = ${botId} AND ${begin} AND "at" < ${BigInt(filter.to)}
          ORDER BY "at", "number" LIMIT ${limit}`);
        },
        ({ number: _, ...fill }) => fill,
      ),
    orders: (filter) =>
      inOrder(
        filter,
        async (botId, after: OrderKey | null, limit) => {
          const begin =
            after === null
              ? sql`"createdAt" >= ${BigInt(filter.from)}`
              : sql`("createdAt", "clientOrderId") > (${BigInt(after.at)}, ${after.clientOrderId})`;
          const rows = await prisma.$queryRaw<StoredOrder[]>(sql`SELECT * FROM orders WHERE "botId" = ${botId} AND ${begin}
          AND "createdAt" < ${BigInt(filter.to)} ORDER BY "createdAt", "clientOrderId" LIMIT ${limit}`);
          return rows.map(toTimedOrder);
        },
        ({ at: _, ...order }) => order,
      ),
    funding: (filter) =>
      inOrder(
        filter,
        (botId, after: FundingRow | null, limit) => {
          const begin =
            after === null
              ? sql`"at" >= ${BigInt(filter.from)}`
              : sql`("at", "exchange", "account", "symbol", "fundingId")
                > (${BigInt(after.at)}, ${after.exchange}, ${after.account}, ${after.symbol}, ${after.fundingId})`;
          return pageOf<FundingRow>(sql`SELECT * FROM funding WHERE "botId" = ${botId} AND ${begin} AND "at" < ${BigInt(filter.to)}
          ORDER BY "at", "exchange", "account", "symbol", "fundingId" LIMIT ${limit}`);
        },
        (payment) => payment,
      ),
    equity: (filter) =>
      inOrder(
        { ...filter, accounts: null },
        (botId, after: EquityPoint | null, limit) => {
          const begin = after === null ? sql`"at" >= ${BigInt(filter.from)}` : sql`"at" > ${BigInt(after.at)}`;
          return pageOf<EquityPoint>(sql`SELECT * FROM equity_points WHERE "botId" = ${botId} AND ${begin} AND "at" < ${BigInt(filter.to)}
          ORDER BY "at" LIMIT ${limit}`);
        },
        (point) => point,
      ),
  };
}

interface Timed {
  readonly at: number;
}

interface FillKey extends Timed {
  readonly number: number;
}

interface OrderKey extends Timed {
  readonly clientOrderId: string;
}

interface StoredOrder extends Omit<OrderRow, "createdAt" | "updatedAt" | "postOnly" | "reduceOnly" | "isUnknown"> {
  readonly createdAt: bigint;
  readonly updatedAt: bigint;
  readonly postOnly: boolean | number;
  readonly reduceOnly: boolean | number;
  readonly isUnknown: boolean | number;
  readonly clientNumber: bigint;
  readonly isLive: boolean | number;
  readonly seenQuantity: string;
}

function toTimedOrder({ clientNumber: _, isLive: __, seenQuantity: ___, ...row }: StoredOrder): OrderRow & Timed {
  return {
    ...row,
    postOnly: Boolean(row.postOnly),
    reduceOnly: Boolean(row.reduceOnly),
    isUnknown: Boolean(row.isUnknown),
    createdAt: Number(row.createdAt),
    updatedAt: Number(row.updatedAt),
    at: Number(row.createdAt),
  };
}

/** The next page of one bot: what comes after a row, or from the beginning. */
type ReadPage<Read, Key> = (botId: string, after: Key | null, limit: number) => Promise<Read[]>;

interface Stream<Read> {
  readonly botId: string;
  page: readonly Read[];
  next: number;
  isLast: boolean;
}

/** Merges the bots' pages by time. Memory holds one page per bot. */
async function* inOrder<Read extends Key, Key extends Timed, Shown>(
  { botIds, accounts }: HistoryFilter,
  readPage: ReadPage<Read, Key>,
  show: (row: Read) => Shown,
): AsyncIterable<Shown> {
  const limit = Math.max(PAGE_MIN, Math.min(PAGE_MAX, Math.floor(HELD_MAX / Math.max(1, botIds.length))));
  const streams: Stream<Read>[] = [];
  for (const botId of botIds) {
    const page = await readPage(botId, null, limit);
    if (page.length > 0) streams.push({ botId, page, next: 0, isLast: page.length < limit });
  }
  while (streams.length > 0) {
    const index = earliest(streams);
    const stream = streams[index];
    const row = stream?.page[stream.next];
    if (stream === undefined || row === undefined) return;
    if (isOf(row, accounts)) yield show(row);
    stream.next += 1;
    if (stream.next < stream.page.length) continue;
    stream.page = stream.isLast ? [] : await readPage(stream.botId, row, limit);
    stream.isLast = stream.page.length < limit;
    stream.next = 0;
    if (stream.page.length === 0) streams.splice(index, 1);
  }
}

function earliest(streams: readonly Stream<Timed>[]): number {
  let best = 0;
  for (let index = 1; index < streams.length; index += 1) if (timeOf(streams[index]) < timeOf(streams[best])) best = index;
  return best;
}

function timeOf(stream: Stream<Timed> | undefined): number {
  return stream?.page[stream.next]?.at ?? Number.POSITIVE_INFINITY;
}

function isOf(row: object, accounts: HistoryFilter["accounts"]): boolean {
  if (accounts === null) return true;
  const { exchange, account } = row as { readonly exchange?: string; readonly account?: string };
  return accounts.some((wanted) => wanted.exchange === exchange && wanted.account === account);
}
