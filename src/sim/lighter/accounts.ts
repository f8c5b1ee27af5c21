// The Lighter accounts of the simulated exchange: number, key slot and the private half of the API key.

import { randomBytes, randomInt } from "node:crypto";
import type { CredentialValues } from "../../core/credentials.ts";
import { UserError } from "../../core/text.ts";
import type { DialectAccount } from "../dialect.ts";

const CHAIN_ID = "304";
/** Slots below are the web and mobile apps'. */
const FIRST_KEY = 4;
const LAST_KEY = 254;

export interface LighterAccount {
  readonly name: string;
  readonly index: number;
  readonly keyIndex: number;
  /** Hex, without 0x. */
  readonly privateKey: string;
  readonly chainId: number;
}

/** A fresh account: `{ accountIndex, apiKeyIndex, apiPrivateKey, chainId }`. */
export function createCredentials(): CredentialValues {
  return {
    accountIndex: String(randomInt(1_000, 2 ** 40)),
    apiKeyIndex: String(randomInt(FIRST_KEY, LAST_KEY + 1)),
    apiPrivateKey: randomBytes(40).toString("hex"),
    chainId: CHAIN_ID,
  };
}

function accountOf({ name, credentials }: DialectAccount): LighterAccount {
  const { accountIndex = "", apiKeyIndex = "", apiPrivateKey = "", chainId = CHAIN_ID } = credentials;
  if (!/^\d{1,15}$/.test(accountIndex) || !/^\d{1,3}$/.test(apiKeyIndex) || !/^(0x)?[0-9a-fA-F]{80}$/.test(apiPrivateKey))
    throw new UserError({
      en: `The keys of ${name} must be an accountIndex, an apiKeyIndex and an apiPrivateKey of 80 hexadecimal digits.`,
      "zh-TW": `${name} 的金鑰必須包含 accountIndex、apiKeyIndex，以及 80 位十六進位數字的 apiPrivateKey。`,
    });
  const privateKey = apiPrivateKey.replace(/^0x/, "").toLowerCase();
  return { name, index: Number(accountIndex), keyIndex: Number(apiKeyIndex), privateKey, chainId: Number(chainId) };
}

export class LighterAccounts {
  readonly #byName: ReadonlyMap<string, LighterAccount>;
  readonly #byIndex: ReadonlyMap<number, LighterAccount>;

  constructor(accounts: readonly DialectAccount[]) {
    const all = accounts.map(accountOf);
    this.#byName = new Map(all.map((account) => [account.name, account]));
    this.#byIndex = new Map(all.map((account) => [account.index, account]));
  }

  named(name: string): LighterAccount {
    const account = this.#byName.get(name);
    if (account === undefined) throw new Error(`account ${name} has no Lighter keys`);
    return account;
  }

  at(index: number): LighterAccount | undefined {
    return this.#byIndex.get(index);
  }
}
