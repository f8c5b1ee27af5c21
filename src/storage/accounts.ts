// Accounts at exchanges: what everybody may know of them in clear, their credentials and proxy sealed.

import { z } from "zod";
import type { CredentialValues } from "../core/credentials.ts";
import { UserError } from "../core/text.ts";
import { type AccountName, accountKey, lockAccount } from "./bot-numbers.ts";
import { type Database, forUpdate, type Transaction } from "./database.ts";
import type { Account as AccountRow } from "./generated/sqlite/client.ts";
import { checkKeyInUse, createKeyring, type Keyring, type KeySource, type Rotation, rotateKey } from "./sealing/keyring.ts";
import { type MasterKey, rewrap, type SealedPlace, seal, unseal } from "./sealing.ts";

/** Where an account's orders go: to real money or to play money. */
export type Network = "live" | "testnet";

/** What may be shown of an account. Times are epoch ms. */
export interface AccountRecord {
  readonly exchange: string;
  readonly name: string;
  readonly network: Network;
  readonly subaccount: string | null;
  /** First 8 hex digits of the sha256 of the credentials' public part: tells two keys apart without showing one. */
  readonly fingerprint: string;
  readonly proxyHost: string | null;
  readonly note: string | null;
  readonly tags: readonly string[];
  readonly keyId: string;
  readonly storedAt: number;
  readonly armedAt: number | null;
  /** Bots configured to trade on it. */
  readonly bots: readonly string[];
}

/** In the clear: on its way to the adapter of one instance, never for a log, row or job. */
export interface AccountSecrets {
  readonly credentials: CredentialValues;
  readonly proxy?: string;
}

export interface NewAccount extends AccountSecrets {
  readonly exchange: string;
  readonly name: string;
  readonly network: Network;
  readonly subaccount: string | null;
  readonly fingerprint: string;
  readonly proxyHost: string | null;
  readonly note: string | null;
  readonly tags: readonly string[];
}

export interface Accounts {
  /** Those with stored credentials, by exchange and name. */
  list(): Promise<readonly AccountRecord[]>;
  /** Null for an account without stored credentials. */
  find(exchange: string, name: string): Promise<AccountRecord | null>;
  /**
   * Seals and stores an account. The same once more changes nothing; other values for a name that is taken are refused unless
   * `replace`, which also disarms it: the new keys may move other money.
   */
  store(account: NewAccount, replace: boolean): Promise<"added" | "replaced" | "unchanged">;
  /** Opens the credentials. Throws a UserError when there are none or they cannot be opened. */
  reveal(exchange: string, name: string): Promise<AccountSecrets>;
  /** Allows trading with real money, or no longer. False when it was so already. Throws a UserError for an unknown account. */
  arm(exchange: string, name: string): Promise<boolean>;
  disarm(exchange: string, name: string): Promise<boolean>;
  /**
   * Removes the credentials. Refused while a bot runs on the account or still holds a claim there, and, unless `force`, while
   * one is configured to trade on it.
   */
  remove(exchange: string, name: string, force: boolean): Promise<void>;
  /** Replaces the master key; see `rotateKey`. */
  rotate(to: KeySource): Promise<Rotation>;
}

const payloadSchema = z.object({ credentials: z.record(z.string(), z.string()), proxy: z.string().optional() });

/** The accounts of a database; the key is read when it is first needed. `now` gives epoch ms. */
export function createAccounts(db: Database, source: KeySource, now: () => number = Date.now): Accounts {
  const keyring = createKeyring(db, source);
  return {
    list: () => listAccounts(db),
    find: (exchange, name) => findAccount(db, exchange, name),
    store: (account, replace) => store(db, keyring, account, replace, now()),
    reveal: (exchange, name) => reveal(db, keyring, exchange, name),
    arm: (exchange, name) => setArmed(db, exchange, name, BigInt(now())),
    disarm: (exchange, name) => setArmed(db, exchange, name, null),
    remove: (exchange, name, force) => remove(db, exchange, name, force),
    rotate: (to) => rotateKey(db, source, to, (tx, from, next) => rewrapAll(db, tx, from, next)),
  };
}

/** Those with stored credentials; needs no key. */
export async function listAccounts({ prisma }: Database): Promise<AccountRecord[]> {
  const rows = await prisma.account.findMany({
    where: { sealedCredentials: { not: null } },
    include: { numbers: { select: { botId: true } } },
    orderBy: [{ exchange: "asc" }, { name: "asc" }],
  });
  return rows.map((row) => toRecord(row, row.numbers));
}

/** Null for an account without stored credentials; needs no key. */
export async function findAccount({ prisma }: Database, exchange: string, name: string): Promise<AccountRecord | null> {
  const row = await prisma.account.findUnique({
    where: { exchange_name: { exchange, name } },
    include: { numbers: { select: { botId: true } } },
  });
  return row === null || row.sealedCredentials === null ? null : toRecord(row, row.numbers);
}

function toRecord(row: AccountRow, bots: readonly { readonly botId: string }[]): AccountRecord {
  return {
    exchange: row.exchange,
    name: row.name,
    network: row.network as Network,
    subaccount: row.subaccount,
    fingerprint: row.fingerprint ?? "",
    proxyHost: row.proxyHost,
    note: row.note,
    tags: JSON.parse(row.tags) as string[],
    keyId: row.keyId ?? "",
    storedAt: Number(row.storedAt),
    armedAt: row.armedAt === null ? null : Number(row.armedAt),
    bots: bots.map(({ botId }) => botId).sort(),
  };
}

function placeOf({ exchange, name }: { readonly exchange: string; readonly name: string }): SealedPlace {
  return { table: "accounts", exchange, name };
}

/** One spelling for the same values, so that a second import of them is seen to be the same. */
function payloadOf({ credentials, proxy }: AccountSecrets): string {
  const sorted = Object.fromEntries(Object.entries(credentials).sort(([one], [other]) => (one < other ? -1 : 1)));
  return JSON.stringify({ credentials: sorted, ...(proxy === undefined ? {} : { proxy }) });
}

async function store(db: Database, keyring: Keyring, account: NewAccount, replace: boolean, at: number) {
  const key = await keyring.keyForSealing();
  const { exchange, name } = account;
  const payload = payloadOf(account);
  const shown = {
    network: account.network,
    subaccount: account.subaccount,
    fingerprint: account.fingerprint,
    proxyHost: account.proxyHost,
    note: account.note,
    tags: JSON.stringify(account.tags),
  };
  return await db.transact(async (tx) => {
    await checkKeyInUse(tx, key);
    await lockAccount(tx, { exchange, account: name }, at);
    const row = await tx.account.findUniqueOrThrow({ where: { exchange_name: { exchange, name } } });
    const isNew = row.sealedCredentials === null;
    // Words for people do not make it another account.
    const { note: _, tags: __, ...values } = shown;
    if (!isNew && isSame(row, replace ? shown : values, key, payload, replace)) return "unchanged";
    if (!isNew && !replace) throw accountTaken({ exchange, account: name });
    const sealedCredentials = seal(key, placeOf(account), payload);
    const data = { ...shown, sealedCredentials, keyId: key.id, storedAt: BigInt(at), armedAt: null };
    await tx.account.update({ where: { exchange_name: { exchange, name } }, data });
    return isNew ? "added" : "replaced";
  });
}

function isSame(row: AccountRow, shown: Partial<AccountRow>, key: MasterKey, payload: string, replace: boolean): boolean {
  try {
    const isOpenedSame = unseal(key, placeOf(row), row.sealedCredentials ?? "") === payload;
    return isOpenedSame && Object.entries(shown).every(([column, value]) => row[column as keyof AccountRow] === value);
  } catch (error) {
    // What cannot be opened any more may be replaced, but is never taken for the same.
    if (replace) return false;
    throw error;
  }
}

/** The sentence about a name under which other credentials are stored. */
export function accountTaken(account: AccountName): UserError {
  return new UserError(
    {
      en: `Account ${accountKey(account)} exists already with other values; nothing was changed. Choose another name, or replace it: account add ${account.exchange} ${account.account} --replace.`,
      "zh-TW": `帳戶 ${accountKey(account)} 已存在且內容不同；未做任何變更。請改用其他名稱，或取代它：account add ${account.exchange} ${account.account} --replace。`,
    },
    "taken",
  );
}

/** The sentence about an account that nobody stored. */
export function noSuchAccount(account: AccountName): UserError {
  return new UserError(
    {
      en: `There is no account ${accountKey(account)}; "account list" shows those that are stored, "account add ${account.exchange} ${account.account}" adds one.`,
      "zh-TW": `沒有帳戶 ${accountKey(account)}；「account list」列出已儲存的帳戶，「account add ${account.exchange} ${account.account}」可新增。`,
    },
    "unknownAccount",
  );
}

async function reveal({ prisma }: Database, keyring: Keyring, exchange: string, name: string): Promise<AccountSecrets> {
  const row = await prisma.account.findUnique({ where: { exchange_name: { exchange, name } } });
  if (row === null || row.sealedCredentials === null) throw noSuchAccount({ exchange, account: name });
  const key = await keyring.keyForOpening(row.keyId ?? "");
  const { credentials, proxy } = payloadSchema.parse(JSON.parse(unseal(key, placeOf(row), row.sealedCredentials)));
  return { credentials, ...(proxy === undefined ? {} : { proxy }) };
}

async function setArmed(db: Database, exchange: string, name: string, armedAt: bigint | null): Promise<boolean> {
  return await db.transact(async (tx) => {
    const row = await tx.account.findUnique({ where: { exchange_name: { exchange, name } } });
    if (row === null || row.sealedCredentials === null) throw noSuchAccount({ exchange, account: name });
    if ((row.armedAt === null) === (armedAt === null)) return false;
    await tx.account.update({ where: { exchange_name: { exchange, name } }, data: { armedAt } });
    return true;
  });
}

async function remove(db: Database, exchange: string, name: string, force: boolean): Promise<void> {
  const ref: AccountName = { exchange, account: name };
  await db.transact(async (tx) => {
    const row = await tx.account.findUnique({ where: { exchange_name: { exchange, name } } });
    if (row === null || row.sealedCredentials === null) throw noSuchAccount(ref);
    const numbers = await tx.botNumber.findMany({ where: ref, include: { bot: true }, orderBy: { botId: "asc" } });
    const claims = await tx.claim.findMany({ where: ref });
    const active = numbers.filter(({ bot }) => bot.desired !== "stopped" || bot.holder !== null || claims.some((c) => c.botId === bot.id));
    if (active.length > 0) throw inUse(ref, namesOf(active));
    if (numbers.length > 0 && !force) throw configured(ref, namesOf(numbers));
    const where = { exchange_name: { exchange, name } };
    const cleared = { sealedCredentials: null, keyId: null, network: null, subaccount: null, fingerprint: null, proxyHost: null };
    // Orders and fills of its bots still name the account, so its row stays while they do.
    if (numbers.length > 0) await tx.account.update({ where, data: { ...cleared, note: null, tags: "[]", storedAt: null, armedAt: null } });
    else await tx.account.delete({ where });
  });
}

function namesOf(rows: readonly { readonly botId: string }[]): string {
  return rows.map(({ botId }) => botId).join(", ");
}

function inUse(account: AccountName, bots: string): UserError {
  return new UserError(
    {
      en: `Account ${accountKey(account)} is in use by ${bots}; stop them flat first (/stop BOT flatten).`,
      "zh-TW": `帳戶 ${accountKey(account)} 正由 ${bots} 使用；請先停止並平倉（/stop 機器人 flatten）。`,
    },
    "inUse",
  );
}

function configured(account: AccountName, bots: string): UserError {
  return new UserError(
    {
      en: `Account ${accountKey(account)} is the account of ${bots}, which could not start again without it; add --force to remove it all the same.`,
      "zh-TW": `帳戶 ${accountKey(account)} 是 ${bots} 的帳戶，移除後它們將無法再啟動；仍要移除請加上 --force。`,
    },
    "inUse",
  );
}

async function rewrapAll(db: Database, tx: Transaction, from: MasterKey, to: MasterKey): Promise<number> {
  // Locked before they are read, so that none changes in between.
  await tx.$queryRaw`SELECT "exchange" FROM accounts ${forUpdate(db)}`;
  const rows = await tx.account.findMany({ where: { sealedCredentials: { not: null } } });
  for (const row of rows) {
    const sealedCredentials = rewrap(from, to, placeOf(row), row.sealedCredentials ?? "");
    const where = { exchange_name: { exchange: row.exchange, name: row.name } };
    await tx.account.update({ where, data: { sealedCredentials, keyId: to.id } });
  }
  return rows.length;
}
