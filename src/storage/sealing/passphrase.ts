// The master key out of a passphrase: scrypt with a salt that the database keeps.

import { randomBytes, type ScryptOptions, scrypt } from "node:crypto";
import { MasterKey } from "../sealing.ts";

/** Shorter ones can be guessed whatever the derivation costs. */
export const PASSPHRASE_MIN_LENGTH = 12;

/** How a key was derived; kept in the database, since every machine must derive the same. */
export interface Derivation {
  readonly salt: string;
  readonly n: number;
  readonly r: number;
  readonly p: number;
}

const KEY_BYTES = 32;
const SALT_BYTES = 16;
/** N = 2^17, r = 8, p = 1: 128 MB and about half a second. */
const COST = { n: 2 ** 17, r: 8, p: 1 } as const;

export function newDerivation(): Derivation {
  return { salt: randomBytes(SALT_BYTES).toString("base64"), ...COST };
}

/** Different spellings of the same characters give the same key. */
export async function deriveKey(passphrase: string, { salt, n, r, p }: Derivation): Promise<MasterKey> {
  const options: ScryptOptions = { N: n, r, p, maxmem: 256 * n * r };
  const bytes = await new Promise<Buffer>((resolve, reject) =>
    scrypt(passphrase.normalize("NFKC"), Buffer.from(salt, "base64"), KEY_BYTES, options, (error, key) =>
      error === null ? resolve(key) : reject(error),
    ),
  );
  return new MasterKey(bytes);
}
