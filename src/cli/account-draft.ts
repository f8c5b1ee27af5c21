// An account as it was given (typed, piped or set in the environment), checked and made ready to be stored or used.

import { createHash } from "node:crypto";
import type { CredentialValues } from "../core/credentials.ts";
import { redactor } from "../core/redact.ts";
import { UserError } from "../core/text.ts";
import { checkCredentials, publicPartOf } from "../exchanges/credential-fields.ts";
import type { Network, NewAccount } from "../storage/accounts.ts";
import { checkAccountName } from "./account-name.ts";
import { checkProxy, proxyHostOf } from "./account-proxy.ts";

const FINGERPRINT_LENGTH = 8;
const WORDS_MAX = 200;
const TAG = /^[\p{L}\p{N}_-]{1,32}$/u;

export interface AccountDraft {
  readonly exchange: string;
  readonly name: string;
  readonly network: Network;
  readonly credentials: CredentialValues;
  readonly proxy?: string;
  readonly subaccount?: string;
  readonly note?: string;
  readonly tags?: readonly string[];
}

/** Throws a UserError that names every wrong field without showing a secret. From here on the log scrubs the values. */
export function completeAccount(draft: AccountDraft): NewAccount {
  const { exchange, name, network, credentials, proxy, subaccount, note, tags = [] } = draft;
  for (const value of [...Object.values(credentials), ...(proxy === undefined ? [] : [proxy])]) redactor.learn(value);
  checkAccountName(exchange, name);
  checkCredentials(exchange, name, credentials);
  if (proxy !== undefined) checkProxy(`${exchange}:${name}`, proxy);
  for (const [field, words] of [
    ["subaccount", subaccount],
    ["note", note],
  ] as const)
    checkWords(`${exchange}:${name}`, field, words);
  for (const tag of tags) checkTag(`${exchange}:${name}`, tag);
  return {
    exchange,
    name,
    network,
    credentials,
    ...(proxy === undefined ? {} : { proxy }),
    subaccount: subaccount ?? null,
    fingerprint: fingerprintOf(exchange, credentials),
    proxyHost: proxy === undefined ? null : proxyHostOf(proxy),
    note: note ?? null,
    tags: [...new Set(tags)],
  };
}

/** First 8 hex digits of the sha256 of the credentials' public part. */
export function fingerprintOf(exchange: string, credentials: CredentialValues): string {
  return createHash("sha256").update(publicPartOf(exchange, credentials)).digest("hex").slice(0, FINGERPRINT_LENGTH);
}

function checkWords(account: string, field: string, words: string | undefined): void {
  if (words === undefined || (words.length <= WORDS_MAX && words.trim() !== "" && !/\p{Cc}/u.test(words))) return;
  throw new UserError({
    en: `Account ${account}: ${field} should be one line of at most ${WORDS_MAX} characters.`,
    "zh-TW": `帳戶 ${account}：${field} 應為單行、最多 ${WORDS_MAX} 個字元。`,
  });
}

function checkTag(account: string, tag: string): void {
  if (TAG.test(tag)) return;
  throw new UserError({
    en: `Account ${account}: tag ${tag.slice(0, 40)} should be one word of at most 32 letters, digits, _ and -.`,
    "zh-TW": `帳戶 ${account}：標籤 ${tag.slice(0, 40)} 應為單字，最多 32 個字母、數字、_ 與 -。`,
  });
}
