// Which account a bot of a mode may trade on, and what it is given of that account's secrets: no more than its mode needs.

import type { Mode } from "../core/alert.ts";
import { type Text, UserError } from "../core/text.ts";
import { createAccounts, findAccount, type Network, noSuchAccount } from "../storage/accounts.ts";
import { accountKey } from "../storage/bot-numbers.ts";
import { type Database, openDatabase } from "../storage/database.ts";
import type { WorkerOptions } from "../workers/host.ts";
import type { EnvAccount } from "./account-environment.ts";
import { keySourceOf } from "./account-keys.ts";
import { SIM_ACCOUNT } from "./account-name.ts";
import type { Settings } from "./settings.ts";

type Access = Awaited<ReturnType<WorkerOptions["accounts"]>>;

/** What the rule of modes needs to know of an account. */
export interface AccountStanding {
  readonly network: Network;
  readonly isArmed: boolean;
}

/** Why a bot of this mode may not trade on an account; null when it may. `standing` is null for an account that nobody stored. */
export function misfit(exchange: string, account: string, mode: Mode, standing: AccountStanding | null, isFromEnv: boolean): Text | null {
  const name = accountKey({ exchange, account });
  if (mode === "sim") return account === SIM_ACCOUNT ? null : onlySim(name);
  if (mode === "paper") return standing === null || standing.network === "live" ? null : otherNetwork(name, "testnet", "paper");
  if (account === SIM_ACCOUNT) return simulatedOnly(name, mode);
  if (standing === null) return isFromEnv ? notInEnvironment(name) : noSuchAccount({ exchange, account }).text;
  if (standing.network !== mode) return otherNetwork(name, standing.network, mode);
  if (mode === "live" && !standing.isArmed) return notArmed(exchange, account, isFromEnv);
  return null;
}

/** Throws a UserError when a bot of this mode may not trade on one of these accounts. Opens no secret. */
export async function checkFit(
  settings: Pick<Settings, "accounts">,
  db: Database,
  accounts: readonly { readonly exchange: string; readonly account: string }[],
  mode: Mode,
): Promise<void> {
  const { fromEnv } = settings.accounts;
  for (const { exchange, account } of accounts) {
    const standing = fromEnv === null ? await storedStanding(db, exchange, account) : envAccount(fromEnv, exchange, account);
    const reason = misfit(exchange, account, mode, standing, fromEnv !== null);
    if (reason !== null) throw new UserError(reason, "account");
  }
}

async function storedStanding(db: Database, exchange: string, account: string): Promise<AccountStanding | null> {
  const record = await findAccount(db, exchange, account);
  return record === null ? null : { network: record.network, isArmed: record.armedAt !== null };
}

function envAccount(accounts: readonly EnvAccount[], exchange: string, name: string): EnvAccount | null {
  return accounts.find((account) => account.exchange === exchange && account.name === name) ?? null;
}

export interface AccountDoor {
  readonly access: WorkerOptions["accounts"];
  close(): Promise<void>;
}

/**
 * A worker's way to accounts: the simulated one through `simAccess`, all others out of the database or the environment. The
 * database and the key are opened when a bot first asks for them.
 */
export function createAccountDoor(settings: Settings, simAccess: (exchange: string) => Promise<Access>): AccountDoor {
  const { fromEnv } = settings.accounts;
  let opened: Promise<StoredDoor> | null = null;
  const stored = (): Promise<StoredDoor> => {
    opened ??= openStored(settings).catch((error) => {
      // The next bot tries again.
      opened = null;
      throw error;
    });
    return opened;
  };
  return {
    access: async (exchange, account, mode) => {
      if (mode === "sim" && account === SIM_ACCOUNT) return await simAccess(exchange);
      if (fromEnv !== null) return envAccess(fromEnv, exchange, account, mode);
      return await storedAccess(await stored(), exchange, account, mode);
    },
    async close() {
      await (await opened?.catch(() => null))?.db.close();
    },
  };
}

interface StoredDoor {
  readonly db: Database;
  readonly accounts: ReturnType<typeof createAccounts>;
}

async function openStored(settings: Settings): Promise<StoredDoor> {
  const db = await openDatabase(settings.databaseUrl);
  return { db, accounts: createAccounts(db, keySourceOf(settings)) };
}

async function storedAccess({ db, accounts }: StoredDoor, exchange: string, account: string, mode: Mode): Promise<Access> {
  const standing = await storedStanding(db, exchange, account);
  const reason = misfit(exchange, account, mode, standing, false);
  if (reason !== null) throw new UserError(reason, "account");
  if (standing === null) return { mode, credentials: {} };
  const { credentials, proxy } = await accounts.reveal(exchange, account);
  return handedOver(mode, credentials, proxy);
}

function envAccess(accounts: readonly EnvAccount[], exchange: string, name: string, mode: Mode): Access {
  const account = envAccount(accounts, exchange, name);
  const reason = misfit(exchange, name, mode, account, true);
  if (reason !== null) throw new UserError(reason, "account");
  if (account === null) return { mode, credentials: {} };
  const values = Object.entries(account.credentials).map(([field, secret]) => [field, secret.reveal()]);
  return handedOver(mode, Object.fromEntries(values), account.proxy?.reveal());
}

/** Paper trades read public data only: they get the account's way out, not its keys. */
function handedOver(mode: Mode, credentials: Access["credentials"], proxy: string | undefined): Access {
  return { mode, credentials: mode === "paper" ? {} : credentials, ...(proxy === undefined ? {} : { proxy }) };
}

function onlySim(name: string): Text {
  return {
    en: `Mode sim trades on the account ${SIM_ACCOUNT} alone, not on ${name}; set account to ${SIM_ACCOUNT}, or mode to paper, testnet or live.`,
    "zh-TW": `sim 模式只能使用帳戶 ${SIM_ACCOUNT}，不能使用 ${name}；請將 account 設為 ${SIM_ACCOUNT}，或將 mode 設為 paper、testnet 或 live。`,
  };
}

function simulatedOnly(name: string, mode: Mode): Text {
  return {
    en: `Account ${name} belongs to the simulated exchange, but the bot's mode is ${mode}; name an account that is stored, or use mode sim.`,
    "zh-TW": `帳戶 ${name} 屬於模擬交易所，但機器人的模式是 ${mode}；請改用已儲存的帳戶，或使用 sim 模式。`,
  };
}

function otherNetwork(name: string, network: Network, mode: Mode): Text {
  return {
    en: `Account ${name} is on ${network}, but the bot's mode is ${mode}; use an account on ${mode === "testnet" ? "testnet" : "live"}, or another mode.`,
    "zh-TW": `帳戶 ${name} 的網路是 ${network}，但機器人的模式是 ${mode}；請改用 ${mode === "testnet" ? "testnet" : "live"} 的帳戶，或更改模式。`,
  };
}

function notArmed(exchange: string, account: string, isFromEnv: boolean): Text {
  const how = isFromEnv ? `BOTSWAIN_ARMED=${exchange}:${account}` : `bin/botswain account arm ${exchange} ${account}`;
  return {
    en: `Account ${exchange}:${account} is not armed for real money; arm it once (${how}), then start again.`,
    "zh-TW": `帳戶 ${exchange}:${account} 尚未啟用真實資金交易；請先啟用一次（${how}），再重新啟動。`,
  };
}

function notInEnvironment(name: string): Text {
  return {
    en: `There is no account ${name} in the environment, which is where accounts come from here (BOTSWAIN_ACCOUNTS_FROM_ENV).`,
    "zh-TW": `環境變數中沒有帳戶 ${name}；此處的帳戶來自環境變數（BOTSWAIN_ACCOUNTS_FROM_ENV）。`,
  };
}
