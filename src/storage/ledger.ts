// The ledger: rows of a step in one transaction, many rows per statement, each answered with what became of it.

import type { FillRow, LedgerRow, LedgerStore, OrderRow, RowResult, StateRow } from "../core/ports.ts";
import { insertAlerts } from "./alerts.ts";
import { type Database, forUpdate, type Transaction } from "./database.ts";
import {
  fillIdentity,
  fundingIdentity,
  insertFills,
  insertFunding,
  keyOf,
  type LockedBot,
  lockBots,
  quantitiesFilled,
  readOrders,
  saveFillCounts,
  storedFills,
  storedStates,
  writeEnd,
  writeOrders,
  writeStates,
} from "./ledger-sql.ts";
import { advance, type OrderRecord, withFill } from "./order-record.ts";

/**
 * Stores batches of rows. Intents, states and ends whose epoch is below the bot's are "stale" and not stored; order reports,
 * fills, funding and alerts are facts and always taken. "duplicate" is a row that is stored already (or says nothing new): an
 * intent whose client order id exists, a fill or payment with the same identity, a state that is not newer, the alert of a fill
 * already told.
 * Throws when a bot does not exist or the database fails; then nothing of the batch is stored.
 */
export function createLedgerStore(db: Database): LedgerStore {
  return {
    commit: async (rows) => {
      if (rows.length === 0) return [];
      return db.transact((tx) => new Batch(db, tx, rows).commit());
    },
  };
}

/** One batch on its way into the database. */
class Batch {
  readonly #db: Database;
  readonly #tx: Transaction;
  readonly #rows: readonly LedgerRow[];
  readonly #results: RowResult[];
  /** Orders that the batch touches, by (exchange, account, clientOrderId), and those of them that changed. */
  readonly #orders = new Map<string, OrderRecord>();
  readonly #changed = new Set<string>();
  #bots = new Map<string, LockedBot>();

  constructor(db: Database, tx: Transaction, rows: readonly LedgerRow[]) {
    this.#db = db;
    this.#tx = tx;
    this.#rows = rows;
    this.#results = rows.map(() => "stored");
  }

  async commit(): Promise<readonly RowResult[]> {
    await this.#lock();
    await this.#readOrders();
    await this.#applyOrders();
    await this.#applyFills();
    await this.#applyFunding();
    const changed = [...this.#changed].flatMap((key) => this.#orders.get(key) ?? []);
    await writeOrders(this.#tx, changed);
    await this.#applyStates();
    for (const [index, row] of this.#rows.entries())
      if (row.type === "end" && this.#results[index] !== "stale") await writeEnd(this.#tx, row.end);
    await this.#applyAlerts();
    return this.#results;
  }

  /** Every writer of a bot takes its row first: epochs cannot change, and fills are numbered, while the batch runs. */
  async #lock(): Promise<void> {
    const ids = new Set(this.#rows.flatMap((row) => botIdOf(row) ?? []));
    if (ids.size === 0) return;
    this.#bots = await lockBots(this.#tx, [...ids], forUpdate(this.#db));
    for (const id of ids) if (!this.#bots.has(id)) throw new Error(`the ledger knows no bot ${id}`);
    this.#rows.forEach((row, index) => {
      const epoch = fencedEpochOf(row);
      const current = this.#bots.get(botIdOf(row) ?? "")?.epoch ?? 0;
      if (epoch !== null && epoch < current) this.#results[index] = "stale";
    });
  }

  async #readOrders(): Promise<void> {
    const byClient = new Map<string, readonly [string, string, string]>();
    const byExchange = new Map<string, readonly [string, string, string]>();
    for (const row of this.#rows) {
      if (row.type === "intent" || row.type === "order") byClient.set(orderKey(row.order), orderIdentity(row.order));
      if (row.type !== "fill") continue;
      const { exchange, account, clientOrderId, exchangeOrderId } = row.fill;
      if (clientOrderId === null) byExchange.set(keyOf(exchange, account, exchangeOrderId), [exchange, account, exchangeOrderId]);
      else byClient.set(keyOf(exchange, account, clientOrderId), [exchange, account, clientOrderId]);
    }
    const found = await readOrders(this.#tx, "clientOrderId", [...byClient.values()]);
    found.push(...(await readOrders(this.#tx, "exchangeOrderId", [...byExchange.values()])));
    for (const order of found) this.#orders.set(orderKey(order), order);
  }

  async #applyOrders(): Promise<void> {
    for (const [index, row] of this.#rows.entries()) {
      if ((row.type !== "intent" && row.type !== "order") || this.#results[index] === "stale") continue;
      const key = orderKey(row.order);
      const stored = this.#orders.get(key);
      const next = stored === undefined ? await this.#firstRecord(row) : row.type === "intent" ? null : advance(stored, row.order);
      if (next === null) {
        this.#results[index] = "duplicate";
        continue;
      }
      this.#orders.set(key, next);
      this.#changed.add(key);
    }
  }

  async #firstRecord(row: { readonly type: "intent" | "order"; readonly order: OrderRow }): Promise<OrderRecord> {
    const record: OrderRecord = { ...row.order, seenQuantity: "0" };
    if (row.type === "intent") return record;
    return (await quantitiesFilled(this.#tx, row.order)).reduce(withFill, record);
  }

  async #applyFills(): Promise<void> {
    const entries = this.#rows.flatMap((row, index) => (row.type === "fill" ? [{ fill: row.fill, index, key: fillKey(row.fill) }] : []));
    if (entries.length === 0) return;
    const known = await storedFills(
      this.#tx,
      entries.map((entry) => entry.fill),
    );
    const fresh = entries.filter((entry) => {
      const isNew = !known.has(entry.key);
      known.add(entry.key);
      if (!isNew) this.#results[entry.index] = "duplicate";
      return isNew;
    });
    const inserted = await insertFills(
      this.#tx,
      fresh.map(({ fill }) => ({ fill, number: this.#nextFillNumber(fill.botId) })),
    );
    for (const { fill, index, key } of fresh) {
      if (inserted.has(key)) this.#countFill(fill);
      else this.#results[index] = "duplicate";
    }
    const touched = new Set(fresh.map(({ fill }) => fill.botId));
    await saveFillCounts(
      this.#tx,
      [...touched].flatMap((id) => this.#bots.get(id) ?? []),
    );
  }

  #nextFillNumber(botId: string): number {
    const bot = this.#bots.get(botId);
    if (bot === undefined) throw new Error(`the ledger knows no bot ${botId}`);
    bot.fillCount += 1;
    return bot.fillCount;
  }

  /** Adds a stored fill to its order, when the order is known. */
  #countFill(fill: FillRow): void {
    const order = this.#orderOf(fill);
    if (order === undefined) return;
    const key = orderKey(order);
    this.#orders.set(key, withFill(order, fill.quantity));
    this.#changed.add(key);
  }

  #orderOf(fill: FillRow): OrderRecord | undefined {
    if (fill.clientOrderId !== null) return this.#orders.get(keyOf(fill.exchange, fill.account, fill.clientOrderId));
    const isItsOrder = (order: OrderRecord): boolean =>
      order.exchange === fill.exchange &&
      order.account === fill.account &&
      order.symbol === fill.symbol &&
      order.exchangeOrderId === fill.exchangeOrderId;
    return [...this.#orders.values()].find(isItsOrder);
  }

  async #applyFunding(): Promise<void> {
    const entries = this.#rows.flatMap((row, index) => (row.type === "funding" ? [{ funding: row.funding, index }] : []));
    if (entries.length === 0) return;
    const inserted = await insertFunding(
      this.#tx,
      entries.map(({ funding }) => funding),
    );
    for (const { funding, index } of entries) {
      // Of two alike in one batch the first is the new one.
      if (!inserted.delete(keyOf(...fundingIdentity(funding)))) this.#results[index] = "duplicate";
    }
  }

  /** Keeps the newest state of each bot. */
  async #applyStates(): Promise<void> {
    const entries = this.#rows.flatMap((row, index) =>
      row.type === "state" && this.#results[index] !== "stale" ? [{ state: row.state, index }] : [],
    );
    if (entries.length === 0) return;
    const known = await storedStates(this.#tx, [...new Set(entries.map(({ state }) => state.botId))]);
    const newest = new Map<string, StateRow>();
    for (const { state, index } of entries) {
      const before = newest.get(state.botId) ?? known.get(state.botId);
      const isNewer =
        before === undefined || state.epoch > before.epoch || (state.epoch === before.epoch && state.sequence > before.sequence);
      if (isNewer) newest.set(state.botId, state);
      else this.#results[index] = "duplicate";
    }
    await writeStates(this.#tx, [...newest.values()]);
  }

  /** Last, because the order of alerts is kept by a lock that all batches share. */
  async #applyAlerts(): Promise<void> {
    const entries = this.#rows.flatMap((row, index) => (row.type === "alert" ? [{ alert: row.alert, index }] : []));
    const isNew = await insertAlerts(
      this.#tx,
      entries.map(({ alert }) => alert),
    );
    entries.forEach(({ index }, position) => {
      if (isNew[position] === false) this.#results[index] = "duplicate";
    });
  }
}

/** The epoch under which a row may only be written while it is the bot's; null for facts. */
function fencedEpochOf(row: LedgerRow): number | null {
  switch (row.type) {
    case "intent":
      return row.order.epoch;
    case "state":
      return row.state.epoch;
    case "end":
      return row.end.epoch;
    default:
      return null;
  }
}

/** The bot whose row the ledger must hold; alerts need none. */
function botIdOf(row: LedgerRow): string | null {
  switch (row.type) {
    case "intent":
    case "order":
      return row.order.botId;
    case "fill":
      return row.fill.botId;
    case "funding":
      return row.funding.botId;
    case "end":
      return row.end.botId;
    case "state":
      return row.state.botId;
    case "alert":
      return null;
  }
}

function orderIdentity(order: OrderRow): readonly [string, string, string] {
  return [order.exchange, order.account, order.clientOrderId];
}

function orderKey(order: OrderRow): string {
  return keyOf(...orderIdentity(order));
}

function fillKey(fill: FillRow): string {
  return keyOf(...fillIdentity(fill));
}
