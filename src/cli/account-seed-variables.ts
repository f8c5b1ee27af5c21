// Reads accounts out of the variables of the market-making scripts that many people come from: every variable is used, or said why not.

import type { CredentialField } from "../core/credentials.ts";
import { plain, type Text, UserError } from "../core/text.ts";
import { credentialFieldsOf } from "../exchanges/credential-fields.ts";
import type { Network } from "../storage/accounts.ts";
import { type AccountDraft, completeAccount } from "./account-draft.ts";
import { ASTER_KEYS, IGNORED, PROXIES, SEED_SETS, type SeedSet } from "./account-seed-sets.ts";

export interface ReadVariable {
  readonly variable: string;
  /** `exchange:name` of the account that it went into, of several for a proxy; null when it was not used. */
  readonly account: string | null;
  /** Why it was not used. */
  readonly why: Text | null;
}

export interface SeedAccounts {
  readonly accounts: readonly AccountDraft[];
  readonly variables: readonly ReadVariable[];
  /** Sets of variables that make no account. */
  readonly refused: readonly { readonly account: string; readonly why: Text }[];
}

type Values = Readonly<Record<string, string | undefined>>;

/** Everything that these values hold; `all`: they come from a file, so that a name which nobody knows is reported, too. */
export function readSeedVariables(values: Values, name: string, all: boolean): SeedAccounts {
  const report = new Map<string, ReadVariable>();
  const accounts: AccountDraft[] = [];
  const refused: { account: string; why: Text }[] = [];
  const proxy = PROXIES.find((variable) => isSet(values, variable));
  for (const set of SEED_SETS) {
    if (!isPresent(set, values)) continue;
    const account = `${set.exchange}:${name}`;
    try {
      const draft = draftOf(set, name, values, proxy, account, report);
      completeAccount(draft);
      accounts.push(draft);
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      refused.push({ account, why: error.text });
      for (const [variable, read] of report) if (read.account === account) note(report, variable, null, NOT_COMPLETE);
    }
  }
  if (ASTER_KEYS.names.some((variable) => isSet(values, variable))) refused.push({ account: `aster:${name}`, why: ASTER_KEYS.why });
  if (proxy !== undefined) {
    const named = accounts.map((account) => `${account.exchange}:${account.name}`).join(", ");
    note(report, proxy, named === "" ? null : named, named === "" ? NO_ACCOUNT : null);
  }
  for (const variable of SEED_SETS.flatMap(({ fields }) => fields).flatMap(({ variables }) => variables))
    if (isSet(values, variable) && !report.has(variable)) note(report, variable, null, NO_ACCOUNT);
  for (const [names, why] of IGNORED)
    for (const variable of names) if (isSet(values, variable) && !report.has(variable)) note(report, variable, null, why);
  if (all)
    for (const variable of Object.keys(values)) if (isSet(values, variable) && !report.has(variable)) note(report, variable, null, UNKNOWN);
  return { accounts, variables: [...report.values()], refused };
}

const NOT_COMPLETE: Text = { en: "its account is not complete or not right (see there)", "zh-TW": "所屬帳戶不完整或有誤（見該處說明）" };
const NO_ACCOUNT: Text = { en: "there is no account to use it for", "zh-TW": "沒有可使用它的帳戶" };
const UNKNOWN: Text = { en: "it is no variable of the scripts that are imported", "zh-TW": "不是可匯入的變數" };

/** A chain or a session alone is no account: something that every account needs must be there. */
function isPresent({ exchange, fields }: SeedSet, values: Values): boolean {
  const required = credentialFieldsOf(exchange);
  return fields.some(({ field, variables }) => isRequired(required, field) && variables.some((variable) => isSet(values, variable)));
}

function isSet(values: Values, variable: string): boolean {
  return (values[variable] ?? "").trim() !== "";
}

function note(report: Map<string, ReadVariable>, variable: string, account: string | null, why: Text | null): void {
  report.set(variable, { variable, account, why });
}

function draftOf(
  set: SeedSet,
  name: string,
  values: Values,
  proxy: string | undefined,
  account: string,
  report: Map<string, ReadVariable>,
): AccountDraft {
  const credentials: Record<string, string> = { ...set.fixed };
  const missing: string[] = [];
  const fields = credentialFieldsOf(set.exchange);
  for (const { field, variables } of set.fields) {
    const [used, ...others] = variables.filter((variable) => isSet(values, variable));
    if (used === undefined) {
      if (isRequired(fields, field) && credentials[field] === undefined) missing.push(variables[0] ?? field);
      continue;
    }
    credentials[field] = (values[used] ?? "").trim();
    note(report, used, account, null);
    for (const other of others) note(report, other, null, { en: `${used} is set and comes first`, "zh-TW": `已設定 ${used}，以其為準` });
  }
  if (missing.length > 0) throw incomplete(account, missing, set.hint);
  const network = networkOf(set, values, credentials);
  for (const variable of set.network.filter((each) => isSet(values, each)))
    note(report, variable, null, {
      en: `told the network (${network}); the exchange's own addresses are used`,
      "zh-TW": `僅用於判斷網路（${network}）；連線一律使用交易所自己的位址`,
    });
  return { exchange: set.exchange, name, network, credentials, ...(proxy === undefined ? {} : { proxy: (values[proxy] ?? "").trim() }) };
}

function isRequired(fields: readonly CredentialField[], name: string): boolean {
  return fields.some((field) => field.name === name && field.isOptional !== true);
}

/** The scripts had no field for it: the address said where orders went. */
function networkOf({ network, defaultNetwork }: SeedSet, values: Values, credentials: Readonly<Record<string, string>>): Network {
  if (credentials.chainId === "300") return "testnet";
  const addresses = network.map((variable) => (values[variable] ?? "").trim()).filter((value) => value !== "");
  if (addresses.length === 0) return defaultNetwork;
  return addresses.some((address) => /testnet|sepolia|sandbox/i.test(address)) ? "testnet" : "live";
}

function incomplete(account: string, missing: readonly string[], hint: Text = plain("")): UserError {
  const names = missing.join(", ");
  return new UserError({
    en: `Account ${account} is not complete: ${names} ${missing.length > 1 ? "are" : "is"} missing.${hint.en}`,
    "zh-TW": `帳戶 ${account} 不完整：缺少 ${names}。${hint["zh-TW"]}`,
  });
}
