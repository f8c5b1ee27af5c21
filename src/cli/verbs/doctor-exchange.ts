// `botswain doctor --exchange NAME`: what trading on one exchange needs, with what to mend for everything that is wrong.

import type { Command } from "commander";
import { pino } from "pino";
import type { CredentialValues } from "../../core/credentials.ts";
import { redactor } from "../../core/redact.ts";
import { UserError } from "../../core/text.ts";
import { type ExchangeAccount, Secret, sealCredentials } from "../../exchanges/account.ts";
import { diagnoseExchange, type Finding } from "../../exchanges/diagnosis.ts";
import { dialectFolder, readEndpoint, readKeys } from "../../sim/sim-folder.ts";
import { createAccounts, listAccounts, noSuchAccount } from "../../storage/accounts.ts";
import { openDatabase } from "../../storage/database.ts";
import { systemClock } from "../../workers/system-clock.ts";
import { keySourceOf } from "../account-keys.ts";
import { SIM_ACCOUNT } from "../account-name.ts";
import { prepareDataFolder } from "../data-folder.ts";
import { inWords, language, print } from "../language.ts";
import { loadSettings, type Settings } from "../settings.ts";
import { answer } from "./answer.ts";

export interface ExchangeChoice {
  readonly exchange?: string;
  readonly account?: string;
  readonly url?: string;
  readonly wsUrl?: string;
}

/** Adds the options that choose an exchange instead of this machine. */
export function withExchange(verb: Command): Command {
  return verb
    .option("--exchange <name>", inWords({ en: "check this exchange instead of the machine", "zh-TW": "檢查此交易所而非本機" }))
    .option("--account <name>", inWords({ en: "with this account; the only one by default", "zh-TW": "使用此帳戶；預設為唯一的帳戶" }))
    .option("--url <url>", inWords({ en: "REST address of a simulated exchange here", "zh-TW": "本機模擬交易所的 REST 位址" }))
    .option("--ws-url <url>", inWords({ en: "WebSocket address of the same", "zh-TW": "同上，WebSocket 位址" }));
}

export function isExchangeChosen({ account, exchange, url, wsUrl }: ExchangeChoice): boolean {
  return [account, exchange, url, wsUrl].some((value) => value !== undefined);
}

/** What was found, in the language of this terminal; `ok` when nothing is bad. */
export interface Examined {
  readonly ok: boolean;
  readonly exchange: string;
  /** Null when there was none to look at. */
  readonly account: string | null;
  readonly mode: string;
  readonly findings: readonly {
    readonly check: string;
    readonly level: Finding["level"];
    readonly what: string;
    readonly remedy: string | null;
  }[];
}

/** Looks at the exchange and the account that were chosen. Throws a UserError for a choice that names none. */
export async function examineExchange(choice: ExchangeChoice): Promise<Examined> {
  const account = await accountOf(choice);
  const findings = await diagnoseExchange({ account, clock: systemClock, log: pino({ level: "silent" }) });
  const shown = findings.map(({ check, level, remedy, what }) => ({
    ...{ check, level, what: redactor.scrub(what[language]), remedy: remedy === null ? null : remedy[language] },
  }));
  const { account: name, exchange, mode } = account;
  return { ok: findings.every(({ level }) => level !== "bad"), exchange, account: nameOf(account, name), mode, findings: shown };
}

/** Prints the findings and leaves with exit code 1 when one of them is bad. */
export async function doctorOfExchange(choice: ExchangeChoice, json: boolean): Promise<void> {
  await answer(
    json,
    () => examineExchange(choice),
    ({ findings }) => {
      for (const { check, level, remedy, what } of findings) {
        print(`${MARKS[level]} ${check}: ${what}`);
        if (remedy !== null) print(`       → ${remedy}`);
      }
    },
  );
  // Connections that a failed check left behind must not keep the process.
  setImmediate(() => process.exit());
}

const MARKS: Readonly<Record<Finding["level"], string>> = { ok: "ok  ", warn: "WARN", bad: "BAD ", skipped: "-   " };

function nameOf({ credentials }: ExchangeAccount, name: string): string | null {
  return Object.keys(credentials).length === 0 ? null : name;
}

/** The account that is meant; without credentials when none is stored, so that what is public is checked all the same. */
async function accountOf({ account, exchange, url, wsUrl }: ExchangeChoice): Promise<ExchangeAccount> {
  if (exchange === undefined)
    throw new UserError({
      en: "--exchange is missing; name the exchange to check, e.g. --exchange backpack",
      "zh-TW": "缺少 --exchange；請指定要檢查的交易所，例如 --exchange backpack",
    });
  if ((url === undefined) !== (wsUrl === undefined))
    throw new UserError({
      en: "--url and --ws-url belong together; give both addresses of the simulated exchange, or neither",
      "zh-TW": "--url 與 --ws-url 必須一起使用；請同時提供模擬交易所的兩個位址，或都不提供",
    });
  const settings = loadSettings();
  if (account === SIM_ACCOUNT) return simAccount(settings, exchange, { url, wsUrl });
  const found = await storedAccount(settings, exchange, account);
  const secrets = { credentials: sealCredentials(found?.credentials ?? {}) };
  const own = { exchange, account: found?.name ?? account ?? "none", ...secrets };
  if (url !== undefined && wsUrl !== undefined) return { ...own, mode: "sim", url, wsUrl };
  const proxy = found?.proxy === undefined ? {} : { proxy: new Secret(found.proxy) };
  return { ...own, ...proxy, mode: found?.network ?? "paper" };
}

function simAccount(
  { dataFolder }: Settings,
  exchange: string,
  given: { readonly url: string | undefined; readonly wsUrl: string | undefined },
): ExchangeAccount {
  const folder = dialectFolder(dataFolder.sim.folder, exchange);
  const keys = readKeys(folder).find(({ name }) => name === SIM_ACCOUNT);
  const [url, wsUrl] = [given.url ?? readEndpoint(folder)?.url, given.wsUrl ?? readEndpoint(folder)?.wsUrl];
  if (keys === undefined || url === undefined || wsUrl === undefined)
    throw new UserError({
      en: `No simulated ${exchange.slice(0, 30)} has run in this data folder; start one: bin/botswain exchange-sim --dialect ${exchange.slice(0, 30)}`,
      "zh-TW": `此資料夾中沒有執行過模擬的 ${exchange.slice(0, 30)}；請先啟動：bin/botswain exchange-sim --dialect ${exchange.slice(0, 30)}`,
    });
  return { exchange, account: SIM_ACCOUNT, mode: "sim", credentials: sealCredentials(keys.credentials), url, wsUrl };
}

interface Found {
  readonly name: string;
  readonly network: "live" | "testnet";
  readonly credentials: CredentialValues;
  readonly proxy?: string;
}

async function storedAccount(settings: Settings, exchange: string, name: string | undefined): Promise<Found | null> {
  const { fromEnv } = settings.accounts;
  if (fromEnv !== null) {
    const chosen = chosenOf(
      fromEnv.filter((account) => account.exchange === exchange),
      exchange,
      name,
    );
    if (chosen === null) return null;
    const values = Object.entries(chosen.credentials).map(([field, secret]) => [field, secret.reveal()]);
    const proxy = chosen.proxy === null ? {} : { proxy: chosen.proxy.reveal() };
    return { name: chosen.name, network: chosen.network, credentials: Object.fromEntries(values), ...proxy };
  }
  // A fresh machine is examined before anything has been set up there.
  if (settings.databaseUrl === settings.dataFolder.databaseUrl) prepareDataFolder(settings.dataFolder);
  const db = await openDatabase(settings.databaseUrl);
  try {
    const chosen = chosenOf(
      (await listAccounts(db)).filter((account) => account.exchange === exchange),
      exchange,
      name,
    );
    if (chosen === null) return null;
    return {
      ...(await createAccounts(db, keySourceOf(settings)).reveal(exchange, chosen.name)),
      name: chosen.name,
      network: chosen.network,
    };
  } finally {
    await db.close();
  }
}

/** The one that is named, or the only one. Throws a UserError for a name that there is not, and for several without a name. */
function chosenOf<T extends { readonly name: string }>(accounts: readonly T[], exchange: string, name: string | undefined): T | null {
  if (name !== undefined) {
    const found = accounts.find((account) => account.name === name);
    if (found === undefined) throw noSuchAccount({ exchange, account: name });
    return found;
  }
  if (accounts.length <= 1) return accounts[0] ?? null;
  const names = accounts.map((account) => account.name).join(", ");
  throw new UserError({
    en: `There are several accounts at ${exchange} (${names}); choose one with --account`,
    "zh-TW": `${exchange} 有多個帳戶（${names}）；請以 --account 指定`,
  });
}
