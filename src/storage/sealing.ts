// Seals secrets for the database: AES-256-GCM under a data key of the row's own, which the master key wraps.

import { createCipheriv, createDecipheriv, createHmac, randomBytes } from "node:crypto";
import { UserError } from "../core/text.ts";

/** Of the format, in every sealed value and in what its authentication covers. */
const VERSION = "1";
const CIPHER = "aes-256-gcm";
const KEY_BYTES = 32;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const WRAPPED_BYTES = NONCE_BYTES + KEY_BYTES + TAG_BYTES;
const KEY_ID_LENGTH = 16;

/** The key that wraps every row's data key. It prints as its id, which tells nothing about its bytes. */
export class MasterKey {
  readonly id: string;
  readonly #bytes: Buffer;

  /** Throws a RangeError unless it has 32 bytes. */
  constructor(bytes: Uint8Array) {
    if (bytes.length !== KEY_BYTES) throw new RangeError(`a master key has ${KEY_BYTES} bytes, not ${bytes.length}`);
    this.#bytes = Buffer.from(bytes);
    this.id = createHmac("sha256", this.#bytes).update("botswain master key id").digest("hex").slice(0, KEY_ID_LENGTH);
  }

  static random(): MasterKey {
    return new MasterKey(randomBytes(KEY_BYTES));
  }

  /** The key itself, for ciphers and the key file only. */
  reveal(): Buffer {
    return this.#bytes;
  }

  toJSON(): string {
    return `[key ${this.id}]`;
  }
}

/** The row that a sealed value belongs to: moved to another one, it does not open. */
export interface SealedPlace {
  readonly table: string;
  readonly exchange: string;
  readonly name: string;
}

/** `1.KEYID.WRAPPEDKEY.BOX`, base64url; a fresh data key and fresh nonces each time. */
export function seal(key: MasterKey, place: SealedPlace, plaintext: string): string {
  const dataKey = randomBytes(KEY_BYTES);
  const wrapped = encrypt(key.reveal(), dataKey, [...covered(place), key.id]);
  const box = encrypt(dataKey, Buffer.from(plaintext, "utf8"), covered(place));
  dataKey.fill(0);
  return [VERSION, key.id, wrapped.toString("base64url"), box.toString("base64url")].join(".");
}

/** Throws a UserError for a value that is damaged, belongs to another row, or was sealed under another key. */
export function unseal(key: MasterKey, place: SealedPlace, sealed: string): string {
  const parts = partsOf(key, place, sealed);
  const dataKey = unwrap(key, place, parts);
  const plaintext = decrypt(dataKey, parts.box, covered(place));
  dataKey.fill(0);
  if (plaintext === null) throw changed(place);
  return plaintext.toString("utf8");
}

/** The same value with its data key wrapped by `to`; the box stays as it is. Throws as `unseal` does. */
export function rewrap(from: MasterKey, to: MasterKey, place: SealedPlace, sealed: string): string {
  // Opened once, so that a damaged row is found now and not after the old key is gone.
  unseal(from, place, sealed);
  const parts = partsOf(from, place, sealed);
  const dataKey = unwrap(from, place, parts);
  const wrapped = encrypt(to.reveal(), dataKey, [...covered(place), to.id]);
  dataKey.fill(0);
  return [VERSION, to.id, wrapped.toString("base64url"), parts.box.toString("base64url")].join(".");
}

interface Parts {
  readonly wrapped: Buffer;
  readonly box: Buffer;
}

function partsOf(key: MasterKey, place: SealedPlace, sealed: string): Parts {
  const [version, keyId, wrappedText, boxText, ...rest] = sealed.split(".");
  if (version !== VERSION || keyId === undefined || wrappedText === undefined || boxText === undefined || rest.length > 0)
    throw damaged(place);
  const wrapped = Buffer.from(wrappedText, "base64url");
  const box = Buffer.from(boxText, "base64url");
  if (wrapped.length !== WRAPPED_BYTES || box.length <= NONCE_BYTES + TAG_BYTES) throw damaged(place);
  if (keyId !== key.id) throw otherKey(place, keyId, key.id);
  return { wrapped, box };
}

function unwrap(key: MasterKey, place: SealedPlace, { wrapped }: Parts): Buffer {
  const dataKey = decrypt(key.reveal(), wrapped, [...covered(place), key.id]);
  if (dataKey === null) throw changed(place);
  return dataKey;
}

/** What the authentication covers besides the bytes themselves. */
function covered({ table, exchange, name }: SealedPlace): readonly string[] {
  return ["botswain", VERSION, table, exchange, name];
}

function encrypt(key: Buffer, plaintext: Buffer, authenticated: readonly string[]): Buffer {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv(CIPHER, key, nonce).setAAD(Buffer.from(JSON.stringify(authenticated)));
  return Buffer.concat([nonce, cipher.update(plaintext), cipher.final(), cipher.getAuthTag()]);
}

/** Null when the bytes, the key or what is authenticated is not what was sealed. */
function decrypt(key: Buffer, bytes: Buffer, authenticated: readonly string[]): Buffer | null {
  const nonce = bytes.subarray(0, NONCE_BYTES);
  const text = bytes.subarray(NONCE_BYTES, -TAG_BYTES);
  try {
    const decipher = createDecipheriv(CIPHER, key, nonce, { authTagLength: TAG_BYTES })
      .setAAD(Buffer.from(JSON.stringify(authenticated)))
      .setAuthTag(bytes.subarray(-TAG_BYTES));
    return Buffer.concat([decipher.update(text), decipher.final()]);
  } catch {
    return null;
  }
}

function damaged({ exchange, name }: SealedPlace): UserError {
  return new UserError(
    {
      en: `The stored credentials of account ${exchange}:${name} are damaged (cut off or of an unknown format); restore the database from a backup, or store them anew with "account add ${exchange} ${name} --replace".`,
      "zh-TW": `帳戶 ${exchange}:${name} 儲存的憑證已損壞（被截斷或格式不明）；請從備份還原資料庫，或以「account add ${exchange} ${name} --replace」重新儲存。`,
    },
    "sealed",
  );
}

function changed({ exchange, name }: SealedPlace): UserError {
  return new UserError(
    {
      en: `The stored credentials of account ${exchange}:${name} do not belong to this row or were changed, so they are not used; restore the database from a backup, or store them anew with "account add ${exchange} ${name} --replace".`,
      "zh-TW": `帳戶 ${exchange}:${name} 儲存的憑證不屬於這一列或已被更動，因此不予使用；請從備份還原資料庫，或以「account add ${exchange} ${name} --replace」重新儲存。`,
    },
    "sealed",
  );
}

function otherKey({ exchange, name }: SealedPlace, wanted: string, given: string): UserError {
  return new UserError(
    {
      en: `The credentials of account ${exchange}:${name} are sealed under key ${wanted}, but the key at hand is ${given}; the key was rotated, or the database comes from elsewhere: bring key ${wanted}.`,
      "zh-TW": `帳戶 ${exchange}:${name} 的憑證以金鑰 ${wanted} 封存，但手邊的金鑰是 ${given}；金鑰可能已輪替，或資料庫來自他處：請提供金鑰 ${wanted}。`,
    },
    "sealed",
  );
}
