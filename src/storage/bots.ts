// The bots: configuration, what is wanted of them, who holds them under which epoch, and what a start needs to know.

import { sqltag as sql } from "@prisma/client/runtime/client";
import { type BotConfig, botConfigSchema } from "../core/bot-config.ts";
import { COUNTER_MAX, decodeClientOrderId, encodeClientOrderId } from "../core/client-order-id.ts";
import type { Desired } from "../core/events.ts";
import { type InstrumentRef, refKey } from "../core/instrument.ts";
import type { FillRow, OrderRow, StateRow, StoredBot, StoredClaim } from "../core/ports.ts";
import { type BotStatus, readStatus } from "../core/status.ts";
import { type Text, UserError } from "../core/text.ts";
import { type AccountName, freeNumber, lockAccount, takeNumbers } from "./bot-numbers.ts";
import { retiredBot } from "./config-retired.ts";
import type { Database, Transaction } from "./database.ts";
import type { Prisma } from "./generated/sqlite/client.ts";

export type HaltKind = "panic" | "strategy" | "risk" | "crash";

export interface BotRecord {
  readonly id: string;
  /** 1..255, unique on its own account. */
  readonly number: number;
  readonly config: BotConfig;
  readonly configVersion: number;
  readonly desired: Desired;
  /** `reason` is the JSON of a Text. */
  readonly halt: { readonly kind: HaltKind; readonly reason: string; readonly at: number } | null;
  /** The bot itself asked for its position to be closed when it comes to rest. */
  readonly flatten: boolean;
  readonly epoch: number;
  /** Who holds the run that has not ended, else null: a worker's id, or `<workerId>/<life>` where its lives are told apart. */
  readonly holder: string | null;
  readonly host: string | null;
  readonly pid: number | null;
  readonly firstStartedAt: number | null;
  /** Fills stored. */
  readonly fillCount: number;
  /** What a worker saved last; see `saveStatus`. */
  readonly lastStatus: BotStatus | null;
}

/** The worker's lasting id in a holder's name. */
export function workerIdOf(holder: string): string {
  const slash = holder.lastIndexOf("/");
  return slash < 0 ? holder : holder.slice(0, slash);
}

export type ClaimOutcome = { readonly ok: true } | { readonly ok: false; readonly ref: InstrumentRef; readonly holder: string };

export interface Bots {
  /** Oldest first. */
  list(): Promise<readonly BotRecord[]>;
  get(id: string): Promise<BotRecord | null>;
  /** Throws a UserError when the id is taken or the account has no number left. */
  create(config: BotConfig): Promise<BotRecord>;
  /** Compares the epoch, raises it and opens a run, in one transaction. The new epoch, or null when someone was first. */
  takeEpoch(id: string, expected: number, holder: { readonly workerId: string; readonly host: string }): Promise<number | null>;
  /** Names the process of a run; ignored when the epoch is not the bot's. */
  setProcess(id: string, epoch: number, pid: number | null): Promise<void>;
  /** Closes a run; when it is the bot's current one, nobody holds the bot any more. */
  endRun(id: string, epoch: number, cause: string): Promise<void>;
  /** For a worker itself (drained: stopped); what people ask for goes through changes. */
  setDesired(id: string, desired: Desired): Promise<void>;
  /** Sticky: the first halt stands until it is cleared, except that a panic replaces any other. */
  halt(id: string, kind: HaltKind, reason: Text): Promise<void>;
  /** Takes all symbols or none; symbols that the bot holds already are fine. */
  claim(id: string, refs: readonly InstrumentRef[]): Promise<ClaimOutcome>;
  releaseClaims(id: string): Promise<void>;
  /** The bot's number on each of these accounts, by `exchange:account`; given for ever where it had none. */
  numbers(id: string, accounts: readonly AccountName[]): Promise<ReadonlyMap<string, number>>;
  /** The position that the bot asked to close is closed. */
  flattened(id: string): Promise<void>;
  /** Takes a refused configuration back: the one before it is the current one again. The first one stays. */
  dropVersion(id: string, version: number): Promise<void>;
  stored(id: string): Promise<StoredBot>;
  /** Keeps the last known numbers for times without a worker; a status of an older epoch is ignored. */
  saveStatus(status: BotStatus): Promise<void>;
  /** Orders that are not proven closed, oldest first. */
  openOrders(id: string): Promise<readonly OrderRow[]>;
  /** Newest first. */
  fills(id: string, limit: number): Promise<readonly FillRow[]>;
}

/** The bots of a database. `now` gives epoch ms. */
export function createBots(db: Database, now: () => number = Date.now): Bots {
  const { prisma } = db;
  return {
    list: async () => (await prisma.bot.findMany({ include: WITH_CONFIG, orderBy: [{ createdAt: "asc" }, { id: "asc" }] })).map(toRecord),
    get: async (id) => {
      const row = await prisma.bot.findUnique({ where: { id }, include: WITH_CONFIG });
      return row === null ? null : toRecord(row);
    },
    create: (config) => db.transact((tx) => insertBot(tx, config, now())),
    takeEpoch: (id, expected, holder) => db.transact((tx) => takeEpoch(tx, id, expected, holder, BigInt(now()))),
    setProcess: (id, epoch, pid) =>
      db.transact(async (tx) => {
        await tx.bot.updateMany({ where: { id, epoch }, data: { pid } });
        await tx.run.updateMany({ where: { botId: id, epoch, endedAt: null }, data: { pid } });
      }),
    endRun: (id, epoch, cause) =>
      db.transact(async (tx) => {
        await tx.bot.updateMany({ where: { id, epoch }, data: { holder: null, host: null, pid: null } });
        await tx.run.updateMany({ where: { botId: id, epoch, endedAt: null }, data: { endedAt: BigInt(now()), cause } });
      }),
    setDesired: async (id, desired) => {
      await db.transact((tx) => tx.bot.updateMany({ where: { id }, data: { desired } }));
    },
    halt: async (id, kind, reason) => {
      const replaceable = kind === "panic" ? { OR: [{ haltKind: null }, { haltKind: { not: "panic" } }] } : { haltKind: null };
      await db.transact((tx) =>
        tx.bot.updateMany({
          where: { id, ...replaceable },
          data: { haltKind: kind, haltReason: JSON.stringify(reason), haltedAt: BigInt(now()) },
        }),
      );
    },
    claim: (id, refs) => claim(db, id, refs, now()),
    releaseClaims: async (id) => {
      await db.transact((tx) => tx.claim.deleteMany({ where: { botId: id } }));
    },
    numbers: (id, accounts) => db.transact((tx) => takeNumbers(tx, id, accounts, now())),
    flattened: async (id) => {
      await db.transact((tx) => tx.bot.updateMany({ where: { id }, data: { flatten: false } }));
    },
    dropVersion: (id, version) => db.transact((tx) => dropVersion(tx, id, version)),
    stored: (id) => readStored(db, id),
    saveStatus: async (status) => {
      await db.transact((tx) =>
        tx.bot.updateMany({ where: { id: status.id, epoch: { lte: status.epoch } }, data: { lastStatus: JSON.stringify(status) } }),
      );
    },
    openOrders: (id) => openOrders(db, id),
    fills: async (id, limit) => {
      const rows = await prisma.fill.findMany({ where: { botId: id }, orderBy: { number: "desc" }, take: limit });
      return rows.map(({ number: _, at, ...row }) => ({ ...row, at: Number(at) }) as FillRow);
    },
  };
}

const WITH_CONFIG = { versions: { orderBy: { version: "desc" }, take: 1 } } satisfies Prisma.BotInclude;

function toRecord(row: Prisma.BotGetPayload<{ include: typeof WITH_CONFIG }>): BotRecord {
  const version = row.versions[0];
  if (version === undefined) throw new Error(`bot ${row.id} has no configuration`);
  const { haltKind, haltReason, haltedAt } = row;
  return {
    id: row.id,
    number: row.number,
    config: botConfigSchema.parse(JSON.parse(version.json)),
    configVersion: version.version,
    desired: row.desired as Desired,
    halt: haltKind === null ? null : { kind: haltKind as HaltKind, reason: haltReason ?? "{}", at: Number(haltedAt) },
    flatten: row.flatten,
    epoch: row.epoch,
    holder: row.holder,
    host: row.host,
    pid: row.pid,
    firstStartedAt: row.firstStartedAt === null ? null : Number(row.firstStartedAt),
    fillCount: row.fillCount,
    lastStatus: row.lastStatus === null ? null : readStatus(row.lastStatus),
  };
}

/** Within a transaction; see `Bots.create`. A bot that was taken out comes back under its numbers, after its epoch and fills. */
export async function insertBot(tx: Transaction, config: BotConfig, at: number): Promise<BotRecord> {
  const { id, exchange, account } = config;
  await lockAccount(tx, { exchange, account }, at);
  const number = await freeNumber(tx, { exchange, account }, id);
  const row = { id, exchange, account, number, createdAt: BigInt(at) };
  const { epoch, fillCount } = (await retiredBot(tx, id)) ?? { epoch: 0, fillCount: 0 };
  const inserted = await tx.$executeRaw(sql`
    INSERT INTO bots ("id", "exchange", "account", "number", "epoch", "fillCount", "createdAt")
    VALUES (${row.id}, ${exchange}, ${account}, ${number}, ${epoch}, ${fillCount}, ${row.createdAt}) ON CONFLICT ("id") DO NOTHING`);
  if (inserted === 0)
    throw new UserError({
      en: `There is already a bot named ${id}; choose another name.`,
      "zh-TW": `已有名為 ${id} 的機器人；請換一個名稱。`,
    });
  await tx.botNumber.create({ data: { exchange, account, botId: id, number } });
  await tx.botConfigVersion.create({ data: { botId: id, version: 1, json: JSON.stringify(config), createdAt: row.createdAt } });
  return toRecord(await tx.bot.findUniqueOrThrow({ where: { id }, include: WITH_CONFIG }));
}

/** Within a transaction; see `Bots.dropVersion`. */
export async function dropVersion(tx: Transaction, botId: string, version: number): Promise<void> {
  if (version > 1) await tx.botConfigVersion.deleteMany({ where: { botId, version } });
}

async function takeEpoch(
  tx: Transaction,
  id: string,
  expected: number,
  holder: { readonly workerId: string; readonly host: string },
  at: bigint,
): Promise<number | null> {
  const { workerId, host } = holder;
  const taken = await tx.$executeRaw(sql`
    UPDATE bots SET "epoch" = "epoch" + 1, "holder" = ${workerId}, "host" = ${host}, "pid" = NULL,
      "firstStartedAt" = COALESCE("firstStartedAt", ${at})
    WHERE "id" = ${id} AND "epoch" = ${expected}`);
  if (taken === 0) return null;
  await tx.run.updateMany({ where: { botId: id, endedAt: null }, data: { endedAt: at, cause: `taken over by ${workerId}` } });
  await tx.run.create({ data: { botId: id, epoch: expected + 1, workerId, host, startedAt: at } });
  return expected + 1;
}

/** Carries the refusal out of a transaction that must not leave half of the claims behind. */
class ClaimTaken extends Error {
  readonly ref: InstrumentRef;
  readonly holder: string;
  constructor(ref: InstrumentRef, holder: string) {
    super(`${refKey(ref)} is held by ${holder}`);
    this.ref = ref;
    this.holder = holder;
  }
}

async function claim(db: Database, id: string, refs: readonly InstrumentRef[], at: number): Promise<ClaimOutcome> {
  // In one order for everybody, so that two bots that want the same two symbols cannot wait for each other.
  const ordered = [...refs].sort((one, other) => (refKey(one) < refKey(other) ? -1 : 1));
  try {
    await db.transact(async (tx) => {
      for (const { exchange, account, symbol } of ordered) {
        await tx.$executeRaw(sql`
          INSERT INTO claims ("exchange", "account", "symbol", "botId", "at")
          VALUES (${exchange}, ${account}, ${symbol}, ${id}, ${BigInt(at)}) ON CONFLICT ("exchange", "account", "symbol") DO NOTHING`);
        const held = await tx.claim.findUnique({ where: { exchange_account_symbol: { exchange, account, symbol } } });
        if (held !== null && held.botId !== id) throw new ClaimTaken({ exchange, account, symbol }, held.botId);
      }
    });
    return { ok: true };
  } catch (error) {
    if (error instanceof ClaimTaken) return { ok: false, ref: error.ref, holder: error.holder };
    throw error;
  }
}

async function openOrders(db: Database, id: string): Promise<OrderRow[]> {
  const rows = await db.prisma.order.findMany({
    where: { botId: id, isLive: true },
    orderBy: [{ createdAt: "asc" }, { clientNumber: "asc" }],
  });
  return rows.map(({ clientNumber: _, isLive: __, seenQuantity: ___, createdAt, updatedAt, ...row }) => {
    return { ...row, createdAt: Number(createdAt), updatedAt: Number(updatedAt) } as OrderRow;
  });
}

async function readStored(db: Database, id: string): Promise<StoredBot> {
  const { prisma } = db;
  const [state, orders, lastCounter, newestFill, claims] = await Promise.all([
    prisma.botState.findUnique({ where: { botId: id } }),
    openOrders(db, id),
    readLastCounter(db, id),
    prisma.fill.findFirst({ where: { botId: id }, orderBy: { at: "desc" }, select: { at: true } }),
    readClaims(db, id),
  ]);
  return {
    state: state === null ? null : ({ ...state, at: Number(state.at) } satisfies StateRow),
    openOrders: orders,
    lastCounter,
    lastFillAt: newestFill === null ? null : Number(newestFill.at),
    claims,
  };
}

/** One counter serves all of a bot's accounts, under its number on each. */
async function readLastCounter({ prisma }: Database, botId: string): Promise<number | null> {
  const numbers = await prisma.botNumber.findMany({ where: { botId }, select: { number: true } });
  let last: number | null = null;
  for (const number of new Set(numbers.map((row) => row.number))) {
    const clientNumber = { gte: BigInt(encodeClientOrderId(number, 0)), lte: BigInt(encodeClientOrderId(number, COUNTER_MAX)) };
    const highest = await prisma.order.findFirst({
      where: { botId, clientNumber },
      orderBy: { clientNumber: "desc" },
      select: { clientOrderId: true },
    });
    const counter = highest === null ? null : (decodeClientOrderId(highest.clientOrderId)?.counter ?? null);
    if (counter !== null) last = Math.max(last ?? 0, counter);
  }
  return last;
}

async function readClaims({ prisma }: Database, botId: string): Promise<StoredClaim[]> {
  const claims = await prisma.claim.findMany({ where: { botId }, orderBy: { at: "asc" } });
  return await Promise.all(
    claims.map(async ({ exchange, account, symbol, at }) => {
      const newest = await prisma.funding.findFirst({
        where: { botId, exchange, account, symbol },
        orderBy: { at: "desc" },
        select: { at: true },
      });
      return { exchange, account, symbol, since: Number(at), lastFundingAt: newest === null ? null : Number(newest.at) };
    }),
  );
}
