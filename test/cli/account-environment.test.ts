// Accounts out of the environment, and which bot gets what of an account: every mode against every kind of account.

import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inspect } from "node:util";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { checkFit, createAccountDoor, misfit } from "../../src/cli/account-access.ts";
import { createFleetPreview } from "../../src/cli/fleet-preview.ts";
import { presetBots } from "../../src/cli/presets.ts";
import { loadSettings } from "../../src/cli/settings.ts";
import type { Mode } from "../../src/core/alert.ts";
import { botConfigSchema } from "../../src/core/bot-config.ts";
import { UserError } from "../../src/core/text.ts";
import { createAccounts, type NewAccount } from "../../src/storage/accounts.ts";
import { openDatabase } from "../../src/storage/database.ts";
import { loadStrategies } from "../../src/strategies/index.ts";

const KEY = "q7LP3uSHqUHZCHNGfSrlm5GJ6CBTwvyoxPPUnmFPeRk=";
const SECRET = "nRWmV0SrWmJrWn0hQ4BzH4WQzV5sS0h0q3p0e5Yc8fE=";
const PROXY = "socks5://alice:canary-password@10.0.0.9:1080";

let home: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "botswain-env-"));
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

function load(env: NodeJS.ProcessEnv) {
  return loadSettings({ BOTSWAIN_HOME: home, BOTSWAIN_ENV_FILE: "", ...env });
}

function faults(env: NodeJS.ProcessEnv): string {
  try {
    load(env);
  } catch (error) {
    if (error instanceof UserError) return error.text.en;
    throw error;
  }
  return "";
}

const FROM_ENV = {
  BOTSWAIN_ACCOUNTS_FROM_ENV: "yes",
  BOTSWAIN_ARMED: "backpack:main",
  BOTSWAIN_ACCOUNT_BACKPACK_MAIN_API_KEY: KEY,
  BOTSWAIN_ACCOUNT_BACKPACK_MAIN_SECRET: SECRET,
  BOTSWAIN_ACCOUNT_BACKPACK_MAIN_PROXY: PROXY,
  BOTSWAIN_ACCOUNT_BINANCE_GRID_TWO_APIKEY: "abcdefghij",
  BOTSWAIN_ACCOUNT_BINANCE_GRID_TWO_SECRET: "canary-of-binance",
  BOTSWAIN_ACCOUNT_BINANCE_GRID_TWO_NETWORK: "testnet",
};

describe("accounts of the environment", () => {
  test("are read with names of several words, files and arming; nothing of them prints", () => {
    const file = join(home, "lighter-key");
    writeFileSync(file, `${"ef".repeat(40)}\n`);
    const { accounts } = load({
      ...FROM_ENV,
      BOTSWAIN_ACCOUNT_LIGHTER_MAIN_ACCOUNT_INDEX: "77",
      BOTSWAIN_ACCOUNT_LIGHTER_MAIN_API_KEY_INDEX: "3",
      BOTSWAIN_ACCOUNT_LIGHTER_MAIN_API_PRIVATE_KEY_FILE: file,
    });
    expect(
      accounts.fromEnv?.map(({ exchange, name, network, isArmed, proxyHost }) => [exchange, name, network, isArmed, proxyHost]),
    ).toEqual([
      ["backpack", "main", "live", true, "socks5://10.0.0.9:1080"],
      ["binance", "grid_two", "testnet", false, null],
      ["lighter", "main", "live", false, null],
    ]);
    expect(accounts.fromEnv?.[2]?.credentials.apiPrivateKey?.reveal()).toBe("ef".repeat(40));
    for (const printed of [inspect(accounts, { depth: 9 }), JSON.stringify(accounts)]) expect(printed).not.toMatch(/canary|efefef|nRWmV0/);
  });

  test("each fault is told with its variable or account, no secret with it", () => {
    const found = faults({
      BOTSWAIN_ACCOUNTS_FROM_ENV: "true",
      BOTSWAIN_ARMED: "backpack:other",
      BOTSWAIN_ACCOUNT_BACKPACK_MAIN_API_KEY: "canary",
      BOTSWAIN_ACCOUNT_BACKPACK_MAIN_COLOUR: "canary",
      BOTSWAIN_ACCOUNT_OKX_MAIN_SECRET_FILE: "/nowhere/secret",
      BOTSWAIN_ACCOUNT_OKX_MAIN_API_KEY: "abcdefgh",
      BOTSWAIN_ACCOUNT_OKX_MAIN_APIKEY: "abcdefgh",
      BOTSWAIN_ACCOUNT_BYBIT_MAIN_NETWORK: "moon",
    }).split("\n");
    for (const pattern of [
      /^BOTSWAIN_ACCOUNT_BACKPACK_MAIN_COLOUR is not BOTSWAIN_ACCOUNT_EXCHANGE_NAME_FIELD; the fields of backpack are API_KEY, SECRET, NETWORK/,
      /^BOTSWAIN_ACCOUNT_OKX_MAIN_SECRET_FILE names the file \/nowhere\/secret, which cannot be read \(ENOENT\)/,
      /^Account okx:main: apiKey is given twice/,
      /^Account bybit:main: network moon should be live or testnet/,
      /^Account backpack:main: apiKey \(value not shown\) should be .*; secret is missing/,
      /^BOTSWAIN_ARMED names backpack:other, but no BOTSWAIN_ACCOUNT_… variable/,
    ])
      expect(found.filter((line) => pattern.test(line))).toHaveLength(1);
    expect(found.join()).not.toContain("canary");
  });

  test("keys and passphrases that contradict each other are told", () => {
    writeFileSync(join(home, "short"), "short\n");
    expect(faults({ BOTSWAIN_PASSPHRASE: "canary" })).toMatch(
      /^BOTSWAIN_PASSPHRASE \(value not shown\) should be a passphrase of at least 12/,
    );
    expect(faults({ BOTSWAIN_PASSPHRASE_FILE: join(home, "short") })).toMatch(/^BOTSWAIN_PASSPHRASE_FILE holds ".*short"/);
    expect(faults({ BOTSWAIN_PASSPHRASE_FILE: "/nowhere" })).toMatch(/^BOTSWAIN_PASSPHRASE_FILE holds "\/nowhere"/);
    expect(faults({ BOTSWAIN_PASSPHRASE: "correct horse battery", BOTSWAIN_PASSPHRASE_FILE: join(home, "short") })).toMatch(/both set/);
    expect(faults({ BOTSWAIN_PASSPHRASE: "correct horse battery", BOTSWAIN_KEY_FILE: "/k" })).toMatch(/both set/);
    expect(faults({ BOTSWAIN_ARMED: "backpack:main" })).toMatch(/counts only with BOTSWAIN_ACCOUNTS_FROM_ENV=true/);
    expect(faults({ BOTSWAIN_ARMED: "backpack" })).toMatch(/BOTSWAIN_ARMED holds "backpack"/);
    expect(JSON.stringify(load({ BOTSWAIN_PASSPHRASE: "correct horse battery" }))).not.toContain("horse");
  });
});

describe("the mode of a bot and its account", () => {
  const live = { network: "live", isArmed: true } as const;
  const unarmed = { network: "live", isArmed: false } as const;
  const testnet = { network: "testnet", isArmed: false } as const;

  test.each([
    ["sim", "sim", null, null],
    ["sim", "main", live, /Mode sim trades on the account sim alone, not on backpack:main/],
    ["paper", "main", live, null],
    ["paper", "main", unarmed, null],
    ["paper", "anything", null, null],
    ["paper", "main", testnet, /backpack:main is on testnet, but the bot's mode is paper/],
    ["testnet", "main", testnet, null],
    ["testnet", "main", live, /backpack:main is on live, but the bot's mode is testnet/],
    ["testnet", "main", null, /There is no account backpack:main/],
    ["testnet", "sim", null, /backpack:sim belongs to the simulated exchange, but the bot's mode is testnet/],
    ["live", "main", live, null],
    ["live", "main", unarmed, /backpack:main is not armed for real money; arm it once \(bin\/botswain account arm backpack main\)/],
    ["live", "main", testnet, /backpack:main is on testnet, but the bot's mode is live/],
    ["live", "main", null, /There is no account backpack:main/],
    ["live", "sim", null, /belongs to the simulated exchange, but the bot's mode is live/],
  ] as const)("%s on %s, %j", (mode, account, standing, sentence) => {
    const reason = misfit("backpack", account, mode, standing, false);
    if (sentence === null) expect(reason).toBeNull();
    else {
      expect(reason?.en).toMatch(sentence);
      expect(reason?.["zh-TW"]).not.toBe("");
    }
  });

  const never = () => Promise.reject(new Error("not asked for"));

  function stored(network: "live" | "testnet", name: string): NewAccount {
    return {
      ...{ exchange: "backpack", name, network, credentials: { apiKey: KEY, secret: SECRET }, proxy: PROXY },
      ...{ subaccount: null, fingerprint: "00000000", proxyHost: "socks5://10.0.0.9:1080", note: null, tags: [] },
    };
  }

  test("a worker hands over what the mode needs and no more, out of the database", async () => {
    const settings = load({});
    const db = await openDatabase(settings.databaseUrl);
    const accounts = createAccounts(db, { type: "file", path: settings.accounts.keyFile });
    await accounts.store(stored("live", "main"), false);
    await accounts.store(stored("testnet", "play"), false);
    const door = createAccountDoor(settings, async () => ({ mode: "sim", credentials: {}, url: "http://127.0.0.1:1" }));
    const access = (account: string, mode: Mode) => door.access("backpack", account, mode);
    await expect(access("main", "live")).rejects.toThrow("not armed for real money");
    await accounts.arm("backpack", "main");
    const credentials = { apiKey: KEY, secret: SECRET };
    expect(await access("main", "live")).toEqual({ mode: "live", credentials, proxy: PROXY });
    expect(await access("play", "testnet")).toEqual({ mode: "testnet", credentials, proxy: PROXY });
    expect(await access("main", "paper")).toEqual({ mode: "paper", credentials: {}, proxy: PROXY });
    expect(await access("nobody", "paper")).toEqual({ mode: "paper", credentials: {} });
    expect(await access("sim", "sim")).toMatchObject({ mode: "sim", url: "http://127.0.0.1:1" });
    await accounts.rotate({ type: "file", path: settings.accounts.keyFile });
    expect((await access("main", "live")).credentials).toEqual(credentials);
    await accounts.disarm("backpack", "main");
    await expect(access("main", "live")).rejects.toThrow(UserError);
    await door.close();
    await db.close();
  });

  test("a worker with accounts of the environment opens no database and makes no key", async () => {
    const settings = load(FROM_ENV);
    const door = createAccountDoor(settings, never);
    expect(await door.access("backpack", "main", "live")).toMatchObject({ credentials: { apiKey: KEY, secret: SECRET }, proxy: PROXY });
    expect(await door.access("binance", "grid_two", "testnet")).toEqual({
      mode: "testnet",
      credentials: { apiKey: "abcdefghij", secret: "canary-of-binance" },
    });
    await expect(door.access("backpack", "second", "live")).rejects.toThrow("There is no account backpack:second in the environment");
    const disarmed = createAccountDoor(load({ ...FROM_ENV, BOTSWAIN_ARMED: "" }), never);
    await expect(disarmed.access("backpack", "main", "live")).rejects.toThrow("BOTSWAIN_ARMED=backpack:main");
    await door.close();
    expect(existsSync(join(home, "botswain.db"))).toBe(false);
    expect(existsSync(join(home, "master.key"))).toBe(false);
  });

  test("the chat hears of it before it confirms a start, and not about a bot that runs", async () => {
    const settings = load({});
    const db = await openDatabase(settings.databaseUrl);
    const preview = createFleetPreview(settings, db, await loadStrategies());
    const config = botConfigSchema.parse({ ...presetBots()[0], account: "main", mode: "live" });
    await expect(preview({ config, desired: "stopped" })).rejects.toThrow("There is no account backpack:main");
    expect(await preview({ config, desired: "running" })).toBeNull();
    await createAccounts(db, { type: "file", path: settings.accounts.keyFile }).store(stored("live", "main"), false);
    await expect(preview({ config, desired: "stopped" })).rejects.toThrow("not armed for real money");
    await expect(checkFit(settings, db, [{ exchange: "backpack", account: "sim" }], "sim")).resolves.toBeUndefined();
    await db.close();
  });
});
