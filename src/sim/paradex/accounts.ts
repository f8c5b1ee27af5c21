// The Paradex accounts of the simulated exchange: their keys, and what each key may do.

import { randomBytes } from "node:crypto";
import { getStarkKey, grindKey } from "@scure/starknet";
import type { CredentialValues } from "../../core/credentials.ts";
import { UserError } from "../../core/text.ts";
import type { DialectAccount } from "../dialect.ts";
import { publicKeyOf } from "./signature.ts";

/** An account whose name ends so is given its own main key, which may withdraw; every other one a subkey, which only trades. */
export const MAIN_KEY_SUFFIX = "-main-key";

export interface ParadexAccount {
  readonly name: string;
  /** StarkNet address, hex. */
  readonly address: string;
  readonly felt: bigint;
  /** X coordinate of the key that signs, hex, as Paradex shows it. */
  readonly publicKey: string;
  readonly key: Uint8Array;
  readonly isMainKey: boolean;
  /** Public key of the account itself; the signing key's when that is the main key. */
  readonly mainPublicKey: string;
}

/** A fresh account: `{ address, publicKey, privateKey }`, hex. */
export function createCredentials(): CredentialValues {
  const privateKey = `0x${grindKey(randomBytes(32).toString("hex"))}`;
  // Any number below the field's prime can be an address; 248 bits are.
  return { address: `0x${randomBytes(31).toString("hex")}`, publicKey: getStarkKey(privateKey), privateKey };
}

function accountOf({ name, credentials }: DialectAccount): ParadexAccount {
  const { address = "", publicKey = "", privateKey = "" } = credentials;
  if (!/^0x[0-9a-f]{1,63}$/.test(address) || !/^0x[0-9a-f]{1,64}$/.test(privateKey))
    throw new UserError({
      en: `The keys of ${name} must be an address and a privateKey of 0x and hexadecimal digits.`,
      "zh-TW": `${name} 的 address 與 privateKey 必須是以 0x 開頭的十六進位數字。`,
    });
  const isMainKey = name.endsWith(MAIN_KEY_SUFFIX);
  // Nobody needs the private half of a main key that only signs withdrawals, so its public half may be any number.
  const mainPublicKey = isMainKey ? publicKey : `0x${(BigInt(address) ^ 0xffffn).toString(16)}`;
  return { name, address, felt: BigInt(address), publicKey, key: publicKeyOf(privateKey), isMainKey, mainPublicKey };
}

export class ParadexAccounts {
  readonly #byName: ReadonlyMap<string, ParadexAccount>;
  readonly #byFelt: ReadonlyMap<bigint, ParadexAccount>;

  constructor(accounts: readonly DialectAccount[]) {
    const all = accounts.map(accountOf);
    this.#byName = new Map(all.map((account) => [account.name, account]));
    this.#byFelt = new Map(all.map((account) => [account.felt, account]));
  }

  named(name: string): ParadexAccount {
    const account = this.#byName.get(name);
    if (account === undefined) throw new Error(`account ${name} has no Paradex keys`);
    return account;
  }

  /** By address in hex, whatever its leading zeros. */
  at(address: string): ParadexAccount | undefined {
    return /^0x[0-9a-fA-F]{1,64}$/.test(address) ? this.#byFelt.get(BigInt(address)) : undefined;
  }
}
