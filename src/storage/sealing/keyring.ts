// Which master key the database is sealed under, where it comes from, and how another one takes its place.

import { existsSync, rmSync } from "node:fs";
import { z } from "zod";
import { UserError } from "../../core/text.ts";
import { type Database, lockSetting, type Transaction } from "../database.ts";
import type { MasterKey } from "../sealing.ts";
import { adoptStagedKey, makeKeyFile, nextKeyFile, readKeyFile, stageKeyFile } from "./key-file.ts";
import { deriveKey, newDerivation, PASSPHRASE_MIN_LENGTH } from "./passphrase.ts";

/** Where the master key comes from. */
export type KeySource =
  | { readonly type: "file"; readonly path: string }
  /** Asked once per process, and only when a key is needed. */
  | { readonly type: "passphrase"; readonly passphrase: () => Promise<string> };

export interface Keyring {
  /** The key in use; made when nothing is sealed yet. Throws a UserError when the key at hand is not the one in use. */
  keyForSealing(): Promise<MasterKey>;
  /** The key in use, which must be `keyId`; read again after another process has rotated it. Throws a UserError otherwise. */
  keyForOpening(keyId: string): Promise<MasterKey>;
}

/** Setting that names the key in use. */
const SETTING = "sealing";

const headerSchema = z.object({
  keyId: z.string(),
  derivation: z.object({ salt: z.string(), n: z.number(), r: z.number(), p: z.number() }).nullable(),
});
type Header = z.infer<typeof headerSchema>;

function parseHeader(value: string): Header {
  return headerSchema.parse(JSON.parse(value));
}

async function readHeader(db: Database): Promise<Header | null> {
  const row = await db.prisma.setting.findUnique({ where: { key: SETTING } });
  return row === null ? null : parseHeader(row.value);
}

/** How the key in use is kept; null while nothing is sealed. */
export async function keyKind(db: Database): Promise<KeySource["type"] | null> {
  const header = await readHeader(db);
  if (header === null) return null;
  return header.derivation === null ? "file" : "passphrase";
}

/** The keyring of a database; keys stay in memory once read. */
export function createKeyring(db: Database, source: KeySource): Keyring {
  let known: MasterKey | null = null;
  const keyNow = async (): Promise<MasterKey> => {
    const header = (await readHeader(db)) ?? (await makeHeader(db, source));
    if (known?.id !== header.keyId) known = await keyOf(header, source).catch((error) => renewLost(db, source, header, error));
    return known;
  };
  return {
    keyForSealing: keyNow,
    keyForOpening: async (keyId) => {
      if (known?.id === keyId) return known;
      return await keyNow();
    },
  };
}

/** Within the transaction that seals: throws a UserError when another key has come into use since `key` was read. */
export async function checkKeyInUse(tx: Transaction, key: MasterKey): Promise<void> {
  const header = parseHeader(await lockSetting(tx, SETTING, "{}"));
  if (header.keyId !== key.id)
    throw new UserError({
      en: "The master key was rotated just now; nothing was stored, try again.",
      "zh-TW": "主金鑰剛剛被輪替；未儲存任何內容，請再試一次。",
    });
}

/** The first key of a database. Of two processes that begin at once, one header stands and the other is not used. */
async function makeHeader(db: Database, source: KeySource): Promise<Header> {
  const header = await newHeader(source);
  return parseHeader(await db.transact((tx) => lockSetting(tx, SETTING, JSON.stringify(header))));
}

async function newHeader(source: KeySource): Promise<Header> {
  if (source.type === "file") {
    const key = readKeyFile(source.path) ?? makeKeyFile(source.path);
    return { keyId: key.id, derivation: null };
  }
  const derivation = newDerivation();
  const key = await deriveKey(longEnough(await source.passphrase()), derivation);
  return { keyId: key.id, derivation };
}

function longEnough(passphrase: string): string {
  if (passphrase.length >= PASSPHRASE_MIN_LENGTH) return passphrase;
  throw new UserError({
    en: `The passphrase has ${passphrase.length} characters; use at least ${PASSPHRASE_MIN_LENGTH}.`,
    "zh-TW": `密語只有 ${passphrase.length} 個字元；請至少使用 ${PASSPHRASE_MIN_LENGTH} 個。`,
  });
}

/** A key that is lost while nothing is sealed under it (any more) costs nothing: the next one begins anew. */
async function renewLost(db: Database, source: KeySource, header: Header, error: unknown): Promise<MasterKey> {
  if ((await db.prisma.account.count({ where: { sealedCredentials: { not: null } } })) > 0) throw error;
  const next = await newHeader(source);
  const inUse = await db.transact(async (tx) => {
    const current = parseHeader(await lockSetting(tx, SETTING));
    const isFree = current.keyId === header.keyId && (await tx.account.count({ where: { sealedCredentials: { not: null } } })) === 0;
    if (!isFree) return current;
    await tx.setting.update({ where: { key: SETTING }, data: { value: JSON.stringify(next) } });
    return next;
  });
  return await keyOf(inUse, source);
}

/** The key that the header names, from where the settings say. Throws a UserError when that is another one. */
async function keyOf({ keyId, derivation }: Header, source: KeySource): Promise<MasterKey> {
  if (source.type === "file") return derivation === null ? keyOfFile(source.path, keyId) : Promise.reject(needsPassphrase());
  if (derivation === null) throw needsKeyFile();
  const key = await deriveKey(await source.passphrase(), derivation);
  if (key.id === keyId) return key;
  throw new UserError(
    {
      en: "The passphrase is not the one that the accounts are sealed with (it is wrong, or it was changed by a rotation); nothing was changed.",
      "zh-TW": "密語與封存帳戶所用的不同（輸入錯誤，或已因輪替而變更）；未做任何變更。",
    },
    "key",
  );
}

function keyOfFile(path: string, keyId: string): MasterKey {
  const key = readKeyFile(path);
  if (key?.id === keyId) return key;
  // A rotation that was interrupted after its commit: the next key is in use already.
  if (readKeyFile(nextKeyFile(path))?.id === keyId) {
    adoptStagedKey(path);
    return keyOfFile(path, keyId);
  }
  if (key === null)
    throw new UserError(
      {
        en: `The key file ${path} is missing, and the accounts are sealed with its key ${keyId}; bring it back (nothing new was made in its place), or remove the accounts and add them anew.`,
        "zh-TW": `找不到金鑰檔 ${path}，而帳戶是以其金鑰 ${keyId} 封存；請還原該檔（未另建新檔），或移除帳戶後重新加入。`,
      },
      "key",
    );
  throw new UserError(
    {
      en: `The key file ${path} holds key ${key.id}, but the accounts are sealed with key ${keyId}; it was rotated or comes from another installation: bring the file that holds ${keyId}.`,
      "zh-TW": `金鑰檔 ${path} 內是金鑰 ${key.id}，但帳戶是以金鑰 ${keyId} 封存；金鑰已輪替或來自其他安裝：請提供含 ${keyId} 的檔案。`,
    },
    "key",
  );
}

function needsPassphrase(): UserError {
  return new UserError(
    {
      en: "The accounts are sealed with a passphrase: set BOTSWAIN_PASSPHRASE_FILE or BOTSWAIN_PASSPHRASE.",
      "zh-TW": "帳戶以密語封存：請設定 BOTSWAIN_PASSPHRASE_FILE 或 BOTSWAIN_PASSPHRASE。",
    },
    "key",
  );
}

function needsKeyFile(): UserError {
  return new UserError(
    {
      en: 'The accounts are sealed with a key file, but a passphrase is set: unset it, or change to it with "account rotate-key --to passphrase".',
      "zh-TW": "帳戶以金鑰檔封存，但設定了密語：請取消設定，或以「account rotate-key --to passphrase」改用密語。",
    },
    "key",
  );
}

/** What a rotation does to everything that is sealed, within its transaction; returns how many rows it rewrapped. */
export type RewrapAll = (tx: Transaction, from: MasterKey, to: MasterKey) => Promise<number>;

export interface Rotation {
  readonly from: string;
  readonly to: string;
  readonly rows: number;
}

/**
 * Replaces the master key: everything is rewrapped in one transaction, and only then does the old key go. A crash at any moment
 * leaves all of it readable. Throws a UserError when the key in use is not at hand, or a file that the new key wants is there.
 */
export async function rotateKey(db: Database, from: KeySource, to: KeySource, rewrapAll: RewrapAll): Promise<Rotation> {
  const old = await createKeyring(db, from).keyForSealing();
  const isSameFile = from.type === "file" && to.type === "file" && from.path === to.path;
  const { next, derivation } = await prepareNext(to, isSameFile);
  const header: Header = { keyId: next.id, derivation };
  const rows = await db.transact(async (tx) => {
    await checkKeyInUse(tx, old);
    const count = await rewrapAll(tx, old, next);
    await tx.setting.update({ where: { key: SETTING }, data: { value: JSON.stringify(header) } });
    return count;
  });
  if (to.type === "file") adoptStagedKey(to.path);
  if (from.type === "file" && !isSameFile) rmSync(from.path, { force: true });
  return { from: old.id, to: next.id, rows };
}

async function prepareNext(to: KeySource, isSameFile: boolean): Promise<{ next: MasterKey; derivation: Header["derivation"] }> {
  if (to.type === "passphrase") {
    const derivation = newDerivation();
    return { next: await deriveKey(longEnough(await to.passphrase()), derivation), derivation };
  }
  if (!isSameFile && existsSync(to.path))
    throw new UserError({
      en: `The key file ${to.path} exists already and is not the one in use; move it away first. Nothing was changed.`,
      "zh-TW": `金鑰檔 ${to.path} 已存在，且不是使用中的金鑰；請先移走。未做任何變更。`,
    });
  return { next: stageKeyFile(to.path), derivation: null };
}
