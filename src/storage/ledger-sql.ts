// The SQL of the ledger's hot tables: many rows per statement, the same text for SQLite and PostgreSQL.

import { empty, join, type Sql, sqltag as sql } from "@prisma/client/runtime/client";
import type { EndRow, FillRow, FundingRow, OrderRow, StateRow } from "../core/ports.ts";
import type { Transaction } from "./database.ts";
import { isLiveRecord, type OrderRecord } from "./order-record.ts";

/** Rows per statement: below the 32 766 bound values that both databases take. */
const ROWS_PER_STATEMENT = 500;

/** An identity of several columns as one map key; JSON keeps its parts apart. */
export function keyOf(...parts: readonly string[]): string {
  return JSON.stringify(parts);
}

function* chunks<T>(items: readonly T[]): Generator<readonly T[]> {
  for (let from = 0; from < items.length; from += ROWS_PER_STATEMENT) yield items.slice(from, from + ROWS_PER_STATEMENT);
}

function tuples(rows: readonly (readonly unknown[])[]): Sql {
  return join(rows.map((row) => sql`(${join(row)})`));
}

// ---- bots -----------------------------------------------------------------------------------------------------------

export interface LockedBot {
  readonly id: string;
  readonly epoch: number;
  fillCount: number;
}

/** Locks bots in the order of their ids (so that two batches never wait for each other) and reads what the ledger needs. */
export async function lockBots(tx: Transaction, ids: readonly string[], lock: Sql): Promise<Map<string, LockedBot>> {
  const bots = new Map<string, LockedBot>();
  for (const part of chunks([...ids].sort())) {
    const rows = await tx.$queryRaw<LockedBot[]>(
      sql`SELECT "id", "epoch", "fillCount" FROM bots WHERE "id" IN (${join(part)}) ORDER BY "id" ${lock}`,
    );
    for (const row of rows) bots.set(row.id, row);
  }
  return bots;
}

export async function saveFillCounts(tx: Transaction, bots: readonly LockedBot[]): Promise<void> {
  for (const bot of bots) await tx.$executeRaw(sql`UPDATE bots SET "fillCount" = ${bot.fillCount} WHERE "id" = ${bot.id}`);
}

// ---- orders ---------------------------------------------------------------------------------------------------------

/** A row as the database gives it back: times as bigint, booleans perhaps as 0 and 1. */
interface StoredOrder extends Omit<OrderRecord, "createdAt" | "updatedAt" | "postOnly" | "reduceOnly" | "isUnknown"> {
  readonly createdAt: bigint;
  readonly updatedAt: bigint;
  readonly postOnly: boolean | number;
  readonly reduceOnly: boolean | number;
  readonly isUnknown: boolean | number;
}

function toRecord(row: StoredOrder): OrderRecord {
  return {
    ...row,
    postOnly: Boolean(row.postOnly),
    reduceOnly: Boolean(row.reduceOnly),
    isUnknown: Boolean(row.isUnknown),
    createdAt: Number(row.createdAt),
    updatedAt: Number(row.updatedAt),
  };
}

const ORDER_COLUMNS = sql`"exchange", "account", "clientOrderId", "botId", "symbol", "exchangeOrderId", "epoch", "leg", "slot", "side",
  "price", "quantity", "filledQuantity", "seenQuantity", "timeInForce", "postOnly", "reduceOnly", "status", "isUnknown", "reason",
  "decision", "createdAt", "updatedAt"`;

function orderTuple(order: OrderRecord): unknown[] {
  return [
    ...[order.exchange, order.account, order.clientOrderId, order.botId, order.symbol, order.exchangeOrderId, order.epoch],
    ...[order.leg, order.slot, order.side, order.price, order.quantity, order.filledQuantity, order.seenQuantity],
    ...[order.timeInForce, order.postOnly, order.reduceOnly, order.status, order.isUnknown, order.reason, order.decision],
    ...[BigInt(order.createdAt), BigInt(order.updatedAt), clientNumber(order.clientOrderId), isLiveRecord(order)],
  ];
}

/** The id as a number for the index on a bot's highest counter; 0 for an id that is not one of ours. */
function clientNumber(clientOrderId: string): bigint {
  return /^\d{1,18}$/.test(clientOrderId) ? BigInt(clientOrderId) : 0n;
}

/** Orders by an identity of three columns: (exchange, account, clientOrderId) or (exchange, account, exchangeOrderId). */
export async function readOrders(
  tx: Transaction,
  column: "clientOrderId" | "exchangeOrderId",
  keys: readonly (readonly [string, string, string])[],
): Promise<OrderRecord[]> {
  const identity = column === "clientOrderId" ? sql`"exchange", "account", "clientOrderId"` : sql`"exchange", "account", "exchangeOrderId"`;
  const found: OrderRecord[] = [];
  for (const part of chunks(keys)) {
    const rows = await tx.$queryRaw<StoredOrder[]>(
      sql`SELECT ${ORDER_COLUMNS} FROM orders WHERE (${identity}) IN (VALUES ${tuples(part)})`,
    );
    found.push(...rows.map(toRecord));
  }
  return found;
}

export async function writeOrders(tx: Transaction, orders: readonly OrderRecord[]): Promise<void> {
  for (const part of chunks(orders))
    await tx.$executeRaw(sql`
      INSERT INTO orders (${ORDER_COLUMNS}, "clientNumber", "isLive") VALUES ${tuples(part.map(orderTuple))}
      ON CONFLICT ("exchange", "account", "clientOrderId") DO UPDATE SET
        "exchangeOrderId" = excluded."exchangeOrderId", "epoch" = excluded."epoch", "price" = excluded."price",
        "quantity" = excluded."quantity", "filledQuantity" = excluded."filledQuantity", "seenQuantity" = excluded."seenQuantity", "status" = excluded."status", "isUnknown" = excluded."isUnknown",
        "updatedAt" = excluded."updatedAt", "isLive" = excluded."isLive"`);
}

// ---- fills ----------------------------------------------------------------------------------------------------------

type FillIdentity = readonly [string, string, string, string, string];

export function fillIdentity(fill: FillRow): FillIdentity {
  return [fill.exchange, fill.account, fill.symbol, fill.tradeId, fill.exchangeOrderId];
}

interface StoredIdentity {
  readonly exchange: string;
  readonly account: string;
  readonly symbol: string;
  readonly tradeId: string;
  readonly exchangeOrderId: string;
}

const FILL_IDENTITY = sql`"exchange", "account", "symbol", "tradeId", "exchangeOrderId"`;

function identityKey(row: StoredIdentity): string {
  return keyOf(row.exchange, row.account, row.symbol, row.tradeId, row.exchangeOrderId);
}

/** The identities, as keys, of those fills that are stored already. */
export async function storedFills(tx: Transaction, fills: readonly FillRow[]): Promise<Set<string>> {
  const stored = new Set<string>();
  for (const part of chunks(fills)) {
    const rows = await tx.$queryRaw<StoredIdentity[]>(
      sql`SELECT ${FILL_IDENTITY} FROM fills WHERE (${FILL_IDENTITY}) IN (VALUES ${tuples(part.map(fillIdentity))})`,
    );
    for (const row of rows) stored.add(identityKey(row));
  }
  return stored;
}

/** Inserts fills with their numbers; returns the identities, as keys, of those that were really new. */
export async function insertFills(tx: Transaction, fills: readonly { fill: FillRow; number: number }[]): Promise<Set<string>> {
  const inserted = new Set<string>();
  for (const part of chunks(fills)) {
    const rows = await tx.$queryRaw<StoredIdentity[]>(sql`
      INSERT INTO fills (${FILL_IDENTITY}, "botId", "number", "clientOrderId", "epoch", "slot", "side", "price", "quantity", "fee",
        "feeCurrency", "liquidity", "realizedPnl", "at")
      VALUES ${tuples(part.map(fillTuple))} ON CONFLICT (${FILL_IDENTITY}) DO NOTHING RETURNING ${FILL_IDENTITY}`);
    for (const row of rows) inserted.add(identityKey(row));
  }
  return inserted;
}

function fillTuple({ fill, number }: { fill: FillRow; number: number }): unknown[] {
  return [
    ...[...fillIdentity(fill), fill.botId, number, fill.clientOrderId, fill.epoch, fill.slot, fill.side, fill.price, fill.quantity],
    ...[fill.fee, fill.feeCurrency, fill.liquidity, fill.realizedPnl, BigInt(fill.at)],
  ];
}

/** Quantities of the stored fills of one order, for an order that is first heard of after its fills. */
export async function quantitiesFilled(tx: Transaction, order: OrderRow): Promise<string[]> {
  const byExchangeOrder =
    order.exchangeOrderId === null
      ? empty
      : sql`OR ("clientOrderId" IS NULL AND "symbol" = ${order.symbol} AND "exchangeOrderId" = ${order.exchangeOrderId})`;
  const rows = await tx.$queryRaw<{ quantity: string }[]>(sql`SELECT "quantity" FROM fills
    WHERE "exchange" = ${order.exchange} AND "account" = ${order.account}
      AND ("clientOrderId" = ${order.clientOrderId} ${byExchangeOrder})`);
  return rows.map((row) => row.quantity);
}

// ---- funding and ends -----------------------------------------------------------------------------------------------

type FundingIdentity = readonly [string, string, string, string];

export function fundingIdentity(funding: FundingRow): FundingIdentity {
  return [funding.exchange, funding.account, funding.symbol, funding.fundingId];
}

/** Inserts payments; returns the identities, as keys, of those that were new. */
export async function insertFunding(tx: Transaction, payments: readonly FundingRow[]): Promise<Set<string>> {
  const inserted = new Set<string>();
  const tuple = (row: FundingRow): unknown[] => [...fundingIdentity(row), row.botId, row.currency, row.amount, BigInt(row.at)];
  for (const part of chunks(payments)) {
    const rows = await tx.$queryRaw<{ exchange: string; account: string; symbol: string; fundingId: string }[]>(sql`
      INSERT INTO funding ("exchange", "account", "symbol", "fundingId", "botId", "currency", "amount", "at")
      VALUES ${tuples(part.map(tuple))} ON CONFLICT ("exchange", "account", "symbol", "fundingId") DO NOTHING
      RETURNING "exchange", "account", "symbol", "fundingId"`);
    for (const row of rows) inserted.add(keyOf(row.exchange, row.account, row.symbol, row.fundingId));
  }
  return inserted;
}

/** A bot that halted itself stays halted until a person resumes it; one that finished is stopped. */
export async function writeEnd(tx: Transaction, end: EndRow): Promise<void> {
  const { botId, kind, reason, flatten, at } = end;
  if (flatten) await tx.$executeRaw(sql`UPDATE bots SET "flatten" = ${true} WHERE "id" = ${botId}`);
  if (kind === "finished") await tx.$executeRaw(sql`UPDATE bots SET "desired" = 'stopped' WHERE "id" = ${botId}`);
  else
    await tx.$executeRaw(sql`
      UPDATE bots SET "haltKind" = ${kind}, "haltReason" = ${JSON.stringify(reason)}, "haltedAt" = ${BigInt(at)}
      WHERE "id" = ${botId} AND "haltKind" IS NULL`);
}

// ---- states and alerts ----------------------------------------------------------------------------------------------

/** Epoch and sequence of the stored states of these bots. */
export async function storedStates(tx: Transaction, botIds: readonly string[]): Promise<Map<string, { epoch: number; sequence: number }>> {
  const states = new Map<string, { epoch: number; sequence: number }>();
  for (const part of chunks(botIds)) {
    const rows = await tx.$queryRaw<{ botId: string; epoch: number; sequence: number }[]>(
      sql`SELECT "botId", "epoch", "sequence" FROM bot_states WHERE "botId" IN (${join(part)})`,
    );
    for (const row of rows) states.set(row.botId, row);
  }
  return states;
}

export async function writeStates(tx: Transaction, states: readonly StateRow[]): Promise<void> {
  const tuple = (row: StateRow): unknown[] => [
    ...[row.botId, row.epoch, row.sequence, row.strategy, row.strategyVersion, row.json, BigInt(row.at)],
  ];
  for (const part of chunks(states))
    await tx.$executeRaw(sql`
      INSERT INTO bot_states ("botId", "epoch", "sequence", "strategy", "strategyVersion", "json", "at") VALUES ${tuples(part.map(tuple))}
      ON CONFLICT ("botId") DO UPDATE SET "epoch" = excluded."epoch", "sequence" = excluded."sequence", "strategy" = excluded."strategy",
        "strategyVersion" = excluded."strategyVersion", "json" = excluded."json", "at" = excluded."at"`);
}
