// Accounts out of variables (BOTSWAIN_ACCOUNT_EXCHANGE_NAME_FIELD, or …_FILE for a mounted secret), for containers that store nothing.

import { readFileSync } from "node:fs";
import { type Text, UserError } from "../core/text.ts";
import { type Credentials, Secret, sealCredentials } from "../exchanges/account.ts";
import { credentialFieldsOf } from "../exchanges/credential-fields.ts";
import type { Network } from "../storage/accounts.ts";
import { type AccountDraft, completeAccount } from "./account-draft.ts";

const PREFIX = "BOTSWAIN_ACCOUNT_";
const FILE_SUFFIX = "_FILE";
/** Fields of every account, beside its credentials. */
const OTHER_FIELDS = ["network", "proxy", "subaccount"];

/** An account of the environment; its secrets print as `[redacted]`. */
export interface EnvAccount {
  readonly exchange: string;
  readonly name: string;
  readonly network: Network;
  readonly credentials: Credentials;
  readonly proxy: Secret | null;
  readonly proxyHost: string | null;
  readonly subaccount: string | null;
  readonly fingerprint: string;
  readonly isArmed: boolean;
}

/** Whether a variable belongs to an account. */
export function isAccountVariable(name: string): boolean {
  return name.startsWith(PREFIX);
}

/** `apiKey` as a variable's end: `API_KEY`. */
function variableOf(field: string): string {
  return field.replace(/([a-z0-9])([A-Z])/g, "$1_$2").toUpperCase();
}

/** Every account of the environment, and one sentence per fault. */
export function readEnvAccounts(
  env: Readonly<Record<string, string | undefined>>,
  armed: readonly string[],
): { readonly accounts: readonly EnvAccount[]; readonly faults: readonly Text[] } {
  const { drafts, faults } = readDrafts(env);
  const accounts: EnvAccount[] = [];
  const found: Text[] = [...faults];
  for (const draft of drafts) {
    try {
      accounts.push(toEnvAccount(draft, armed));
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      found.push(error.text);
    }
  }
  const names = accounts.map(({ exchange, name }) => `${exchange}:${name}`);
  const known = new Set([...names, ...drafts.map(({ exchange, name }) => `${exchange}:${name}`)]);
  for (const name of armed.filter((each) => !known.has(each)))
    found.push({
      en: `BOTSWAIN_ARMED names ${name}, but no ${PREFIX}… variable defines that account.`,
      "zh-TW": `BOTSWAIN_ARMED 提到 ${name}，但沒有 ${PREFIX}… 變數定義該帳戶。`,
    });
  return { accounts, faults: found };
}

/** One account of the environment as it was given, for `account add --env`; null when no variable names it. */
export function draftFromEnv(env: Readonly<Record<string, string | undefined>>, exchange: string, name: string): AccountDraft | null {
  const { drafts, faults } = readDrafts(env);
  if (faults.length > 0)
    throw new UserError({ en: faults.map((fault) => fault.en).join("\n"), "zh-TW": faults.map((fault) => fault["zh-TW"]).join("\n") });
  return drafts.find((draft) => draft.exchange === exchange && draft.name === name) ?? null;
}

function readDrafts(env: Readonly<Record<string, string | undefined>>): { drafts: readonly AccountDraft[]; faults: readonly Text[] } {
  const fields = new Map<string, Map<string, string>>();
  const faults: Text[] = [];
  for (const [variable, value] of Object.entries(env)) {
    if (!isAccountVariable(variable) || value === undefined || value.trim() === "") continue;
    const place = placeOf(variable);
    if (place === null) {
      faults.push(unreadable(variable));
      continue;
    }
    const content = place.isFile ? readSecretFile(variable, value.trim(), faults) : value.trim();
    if (content === null) continue;
    const account = fields.get(place.account) ?? new Map<string, string>();
    if (account.has(place.field)) faults.push(twice(place.account, place.field));
    account.set(place.field, content);
    fields.set(place.account, account);
  }
  const drafts = [...fields].flatMap(([account, values]) => toDraft(account, values, faults) ?? []);
  return { drafts, faults };
}

interface Place {
  /** `exchange:name`. */
  readonly account: string;
  readonly field: string;
  readonly isFile: boolean;
}

/** Names may hold `_` themselves, so the field is found from the end, the longest one first. */
function placeOf(variable: string): Place | null {
  const match = /^([A-Z0-9]+)_(.+)$/.exec(variable.slice(PREFIX.length));
  if (match?.[1] === undefined || match[2] === undefined) return null;
  const exchange = match[1].toLowerCase();
  const isFile = match[2].endsWith(FILE_SUFFIX);
  const rest = isFile ? match[2].slice(0, -FILE_SUFFIX.length) : match[2];
  const names = [...credentialFieldsOf(exchange).map(({ name }) => name), ...OTHER_FIELDS];
  const endings = names.flatMap((field) => [...new Set([variableOf(field), field.toUpperCase()])].map((ending) => ({ field, ending })));
  const fitting = endings.filter(({ ending }) => rest.endsWith(`_${ending}`)).sort((one, other) => other.ending.length - one.ending.length);
  const chosen = fitting[0];
  if (chosen === undefined) return null;
  return { account: `${exchange}:${rest.slice(0, -chosen.ending.length - 1).toLowerCase()}`, field: chosen.field, isFile };
}

function readSecretFile(variable: string, path: string, faults: Text[]): string | null {
  try {
    return readFileSync(path, "utf8").trim();
  } catch (error) {
    const why = error instanceof Error && "code" in error ? String(error.code) : "unreadable";
    faults.push({
      en: `${variable} names the file ${path}, which cannot be read (${why}).`,
      "zh-TW": `${variable} 指定的檔案 ${path} 無法讀取（${why}）。`,
    });
    return null;
  }
}

function toDraft(account: string, values: ReadonlyMap<string, string>, faults: Text[]): AccountDraft | null {
  const [exchange = "", name = ""] = account.split(":");
  const network = values.get("network") ?? "live";
  if (network !== "live" && network !== "testnet") {
    faults.push({
      en: `Account ${account}: network ${network.slice(0, 40)} should be live or testnet.`,
      "zh-TW": `帳戶 ${account}：network ${network.slice(0, 40)} 應為 live 或 testnet。`,
    });
    return null;
  }
  const proxy = values.get("proxy");
  const subaccount = values.get("subaccount");
  return {
    exchange,
    name,
    network,
    credentials: Object.fromEntries([...values].filter(([field]) => !OTHER_FIELDS.includes(field))),
    ...(proxy === undefined ? {} : { proxy }),
    ...(subaccount === undefined ? {} : { subaccount }),
  };
}

function toEnvAccount(draft: AccountDraft, armed: readonly string[]): EnvAccount {
  const { exchange, name, network, credentials, proxy, proxyHost, subaccount, fingerprint } = completeAccount(draft);
  return {
    exchange,
    name,
    network,
    credentials: sealCredentials(credentials),
    proxy: proxy === undefined ? null : new Secret(proxy),
    proxyHost,
    subaccount,
    fingerprint,
    isArmed: armed.includes(`${exchange}:${name}`),
  };
}

function unreadable(variable: string): Text {
  const exchange = /^([A-Z0-9]+)_/.exec(variable.slice(PREFIX.length))?.[1]?.toLowerCase() ?? "binance";
  const endings = [...credentialFieldsOf(exchange).map(({ name }) => name), ...OTHER_FIELDS].map(variableOf).join(", ");
  return {
    en: `${variable} is not ${PREFIX}EXCHANGE_NAME_FIELD; the fields of ${exchange} are ${endings} (each may end in ${FILE_SUFFIX}).`,
    "zh-TW": `${variable} 不是 ${PREFIX}交易所_名稱_欄位；${exchange} 的欄位有 ${endings}（皆可加 ${FILE_SUFFIX}）。`,
  };
}

function twice(account: string, field: string): Text {
  return {
    en: `Account ${account}: ${field} is given twice (once in a file, or in two spellings); keep one.`,
    "zh-TW": `帳戶 ${account}：${field} 給了兩次（檔案或兩種寫法）；請只留一個。`,
  };
}
