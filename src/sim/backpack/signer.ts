// Who signed a request: the accounts' API keys and the check of the signature headers.

import type { KeyObject } from "node:crypto";
import type { FastifyRequest } from "fastify";
import type { Clock } from "../../core/ports.ts";
import { UserError } from "../../core/text.ts";
import type { DialectAccount } from "../dialect.ts";
import { headerOf } from "../gate.ts";
import { BackpackError } from "./errors.ts";
import { publicKeyOf, type SignedParameters, signatureRefusal } from "./signature.ts";

export interface Keyring {
  /** Name and public key of the account that an API key belongs to. */
  find(apiKey: string): { readonly account: string; readonly key: KeyObject } | undefined;
}

/** The API keys of all accounts. Throws a UserError for one that is not a key. */
export function createKeyring(accounts: readonly DialectAccount[]): Keyring {
  const owners = new Map(
    accounts.map(({ name, credentials: { apiKey = "" } }) => {
      const key = publicKeyOf(apiKey);
      if (key === null) throw new UserError({ en: `The apiKey of ${name} is not a key.`, "zh-TW": `${name} 的 apiKey 不是有效的金鑰。` });
      return [apiKey, { account: name, key }] as const;
    }),
  );
  return { find: (apiKey) => owners.get(apiKey) };
}

/** The account whose API key a request shows, without a proof. */
export function claimedBy(request: FastifyRequest, keyring: Keyring): string | null {
  return keyring.find(headerOf(request, "x-api-key") ?? "")?.account ?? null;
}

/** The account that signed the request. Throws a BackpackError. */
export function signerOf(request: FastifyRequest, instruction: string, keyring: Keyring, clock: Clock): string {
  const apiKey = headerOf(request, "x-api-key");
  const signature = headerOf(request, "x-signature");
  const timestamp = headerOf(request, "x-timestamp");
  if (apiKey === undefined || signature === undefined || timestamp === undefined)
    throw new BackpackError(401, "UNAUTHORIZED", "Missing X-API-Key, X-Signature or X-Timestamp");
  const parameters = (request.method === "GET" ? request.query : (request.body ?? {})) as SignedParameters | SignedParameters[];
  const owner = keyring.find(apiKey);
  const signed = { apiKey, signature, timestamp, window: headerOf(request, "x-window"), instruction, parameters };
  const refusal = signatureRefusal(signed, owner?.key ?? null, clock.now());
  if (refusal !== null) throw refusal;
  if (owner === undefined) throw new BackpackError(401, "UNAUTHORIZED", "Unknown API key");
  return owner.account;
}
