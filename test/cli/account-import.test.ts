// `account import-env`: every variable of the older scripts is read, or said why not; incomplete sets name what is missing; twice is once.

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { readSeedVariables } from "../../src/cli/account-seed-variables.ts";
import { AccountBench } from "./account-fixture.ts";

const KEY = "q7LP3uSHqUHZCHNGfSrlm5GJ6CBTwvyoxPPUnmFPeRk=";
const SECRET = "nRWmV0SrWmJrWn0hQ4BzH4WQzV5sS0h0q3p0e5Yc8fE=";
const ADDRESS = `0x${"ab".repeat(20)}`;
const HEX = `0x${"cd".repeat(32)}`;
const LIGHTER_KEY = "ef".repeat(40);
const JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.SflKxwRJSMeKKF2QT4";

/** Every variable that the older scripts know, each with a value. */
const EVERYTHING: Readonly<Record<string, string>> = {
  ...{ BACKPACK_KEY: KEY, BACKPACK_SECRET: SECRET, API_KEY: "old", SECRET_KEY: "old" },
  ...{ BACKPACK_API_URL: "https://api.backpack.exchange", BACKPACK_WS_URL: "wss://ws.backpack.exchange", BACKPACK_API_VERSION: "v1" },
  ...{ BACKPACK_DEFAULT_WINDOW: "5000", BASE_URL: "https://x" },
  ...{ ASTER_API_KEY: "k", ASTER_KEY: "k", ASTER_SECRET_KEY: "s", ASTER_SECRET: "s", ASTER_BASE_URL: "https://x", ASTER_WS_URL: "wss://x" },
  ...{ PARADEX_PRIVATE_KEY: HEX, PARADEX_ACCOUNT_ADDRESS: HEX, PARADEX_BASE_URL: "https://api.testnet.paradex.trade/v1" },
  ...{ PARADEX_WS_URL: "wss://x", PARADEX_SIGNATURE_TTL_SECONDS: "1800", PARADEX_JWT_REFRESH_BUFFER: "120" },
  ...{
    LIGHTER_PRIVATE_KEY: LIGHTER_KEY,
    LIGHTER_API_KEY: "x",
    LIGHTER_PUBLIC_KEY: "p",
    LIGHTER_API_KEY_INDEX: "2",
    LIGHTER_ADDRESS: ADDRESS,
  },
  ...{
    LIGHTER_ACCOUNT_INDEX: "9",
    LIGHTER_BASE_URL: "https://mainnet.zklighter.elliot.ai",
    LIGHTER_WS_URL: "wss://x",
    LIGHTER_CHAIN_ID: "304",
  },
  ...{ LIGHTER_SIGNER_LIB_DIR: "/signers", LIGHTER_VERIFY_SSL: "1" },
  ...{ LIGHTER_RH_API_KEY: LIGHTER_KEY, LIGHTER_RH_API_KEY_INDEX: "4", LIGHTER_ROBINHOOD_ACCOUNT_INDEX: "8", LIGHTER_RH_VERIFY_SSL: "0" },
  ...{ APEX_API_KEY: "apex-key-1", APEX_SECRET_KEY: "apex-secret-1", APEX_PASSPHRASE: "words", APEX_ZK_SEEDS: "12".repeat(65) },
  ...{ APEX_BASE_URL: "https://omni.apex.exchange", APEX_WS_URL: "wss://x" },
  ...{ STANDX_API_TOKEN: JWT, STANDX_JWT: "x", STANDX_PRIVATE_KEY: "ab".repeat(32), STANDX_SIGNING_KEY: "x" },
  ...{ STANDX_BASE_URL: "https://perps.standx.com", STANDX_WS_URL: "wss://x", STANDX_SESSION_ID: "session-1" },
  ...{ HYPERLIQUID_ACCOUNT_ADDRESS: ADDRESS, HYPERLIQUID_SIGNER_ADDRESS: ADDRESS, HYPERLIQUID_SIGNER_PRIVATE_KEY: HEX },
  ...{ HYPERLIQUID_VAULT_ADDRESS: ADDRESS, HYPERLIQUID_REST_URL: "https://api.hyperliquid.xyz", HYPERLIQUID_WS_URL: "wss://x" },
  ...{ HTTP_PROXY: "http://u:p@h:1", HTTPS_PROXY: "http://alice:pw@10.0.0.9:3128" },
  ...{
    ENABLE_DATABASE: "0",
    DB_PATH: "orders.db",
    LOG_FILE: "x.log",
    WEB_HOST: "0.0.0.0",
    WEB_PORT: "5000",
    WEB_DEBUG: "0",
    WEB_API_BASE: "x",
  },
  ...{ TELEGRAM_ENABLED: "1", TELEGRAM_BOT_TOKEN: "1:x", TELEGRAM_CHAT_ID: "5", TELEGRAM_UPDATE_INTERVAL: "30" },
  ...{ TG_BOT_TOKEN: "1:x", TG_BOT_CHAT_ID: "5" },
};

describe("the variables of the older scripts", () => {
  const read = readSeedVariables({ ...EVERYTHING, MY_OWN: "x" }, "main", true);

  test("make an account per exchange, with the network that their addresses meant and one proxy", () => {
    expect(read.accounts.map(({ exchange, name, network, proxy }) => [exchange, name, network, proxy])).toEqual(
      [
        ["backpack", "main", "live"],
        ["paradex", "main", "testnet"],
        ["lighter", "main", "live"],
        ["lighterrobinhood", "main", "live"],
        ["apex", "main", "live"],
        ["standx", "main", "live"],
        ["hyperliquid", "main", "live"],
      ].map((row) => [...row, "http://alice:pw@10.0.0.9:3128"]),
    );
    const credentials = Object.fromEntries(read.accounts.map((draft) => [`${draft.exchange}:${draft.name}`, draft.credentials]));
    expect(credentials).toEqual({
      "backpack:main": { apiKey: KEY, secret: SECRET },
      "paradex:main": { address: HEX, privateKey: HEX },
      "lighter:main": { accountIndex: "9", apiKeyIndex: "2", apiPrivateKey: LIGHTER_KEY, chainId: "304" },
      "lighterrobinhood:main": { accountIndex: "8", apiKeyIndex: "4", apiPrivateKey: LIGHTER_KEY, chainId: "466324" },
      "apex:main": { apiKey: "apex-key-1", secret: "apex-secret-1", password: "words", seeds: "12".repeat(65) },
      "standx:main": { token: JWT, privateKey: "ab".repeat(32), sessionId: "session-1" },
      "hyperliquid:main": { walletAddress: ADDRESS, privateKey: HEX, vaultAddress: ADDRESS },
    });
  });

  test("are all accounted for: each went into an account, or why not", () => {
    expect(read.variables.map(({ variable }) => variable).sort()).toEqual([...Object.keys(EVERYTHING), "MY_OWN"].sort());
    for (const { variable, account, why } of read.variables) expect((account === null) !== (why === null), variable).toBe(true);
    const why = Object.fromEntries(read.variables.map((each) => [each.variable, each.why?.en ?? each.account]));
    expect(why).toMatchObject({
      BACKPACK_KEY: "backpack:main",
      API_KEY: "BACKPACK_KEY is set and comes first",
      LIGHTER_RH_API_KEY: "lighterrobinhood:main",
      LIGHTER_ADDRESS: "the account index names the account",
      PARADEX_BASE_URL: "told the network (testnet); the exchange's own addresses are used",
      HTTP_PROXY: "HTTPS_PROXY comes first",
      MY_OWN: "it is no variable of the scripts that are imported",
    });
    expect(read.refused).toEqual([{ account: "aster:main", why: expect.objectContaining({ en: expect.stringContaining("API wallet") }) }]);
  });

  test("old names work alone, and a Hyperliquid without an address means its testnet", () => {
    const old = readSeedVariables({ API_KEY: KEY, SECRET_KEY: SECRET }, "old", false);
    expect(old.accounts).toEqual([
      expect.objectContaining({ exchange: "backpack", name: "old", credentials: { apiKey: KEY, secret: SECRET } }),
    ]);
    const hoyi = readSeedVariables({ HYPERLIQUID_ACCOUNT_ADDRESS: ADDRESS, HYPERLIQUID_SIGNER_PRIVATE_KEY: HEX }, "main", false);
    expect(hoyi.accounts[0]?.network).toBe("testnet");
  });

  test.each([
    [{ BACKPACK_KEY: KEY }, "BACKPACK_SECRET is missing"],
    [{ SECRET_KEY: SECRET }, "BACKPACK_KEY is missing"],
    [{ PARADEX_PRIVATE_KEY: HEX }, "PARADEX_ACCOUNT_ADDRESS is missing"],
    [{ LIGHTER_PRIVATE_KEY: LIGHTER_KEY, LIGHTER_ADDRESS: ADDRESS }, "LIGHTER_ACCOUNT_INDEX, LIGHTER_API_KEY_INDEX are missing"],
    [{ LIGHTER_RH_PRIVATE_KEY: LIGHTER_KEY, LIGHTER_RH_API_KEY_INDEX: "2" }, "LIGHTER_ROBINHOOD_ACCOUNT_INDEX is missing"],
    [{ APEX_API_KEY: "abcdefgh" }, "APEX_SECRET_KEY, APEX_PASSPHRASE, APEX_ZK_SEEDS are missing"],
    [{ STANDX_JWT: JWT }, "STANDX_PRIVATE_KEY is missing"],
    [{ HYPERLIQUID_ACCOUNT_ADDRESS: ADDRESS }, "HYPERLIQUID_SIGNER_PRIVATE_KEY is missing"],
  ])("%j is refused: the missing one is named", (values, sentence) => {
    const { accounts, refused, variables } = readSeedVariables(values, "main", false);
    expect(accounts).toEqual([]);
    expect(refused).toHaveLength(1);
    expect(refused[0]?.why.en).toContain(sentence);
    for (const { account, why } of variables) expect([account, why]).toEqual([null, expect.anything()]);
  });

  test("a value that cannot be right is refused without being shown", () => {
    const { refused } = readSeedVariables({ BACKPACK_KEY: "your_canary_here", BACKPACK_SECRET: SECRET }, "main", false);
    expect(refused[0]?.why.en).toMatch(/apiKey \(value not shown\)/);
    expect(JSON.stringify(refused)).not.toContain("canary");
  });

  test("a chain or an address alone is no account", () => {
    const { refused, variables } = readSeedVariables(
      { LIGHTER_CHAIN_ID: "304", APEX_BASE_URL: "https://x", HTTP_PROXY: "http://h:1" },
      "main",
      true,
    );
    expect(refused).toEqual([]);
    expect(variables.map(({ variable, account }) => [variable, account]).sort()).toEqual([
      ["APEX_BASE_URL", null],
      ["HTTP_PROXY", null],
      ["LIGHTER_CHAIN_ID", null],
    ]);
  });
});

describe("account import-env", () => {
  let bench: AccountBench;
  let file: string;
  beforeEach(() => {
    bench = new AccountBench();
    file = join(bench.home, "old.env");
  });
  afterEach(() => bench.close());

  function write(values: Readonly<Record<string, string>>): void {
    writeFileSync(
      file,
      Object.entries(values)
        .map(([name, value]) => `${name}=${value}\n`)
        .join(""),
    );
  }

  test("imports a file twice as once, after a dry run that stores nothing", async () => {
    const { ASTER_API_KEY: _, ASTER_KEY: __, ASTER_SECRET_KEY: ___, ASTER_SECRET: ____, ...rest } = EVERYTHING;
    write(rest);
    const dry = await bench.run(["import-env", "--file", file, "--dry-run", "--json"]);
    expect(dry.code).toBe(0);
    expect(new Set(dry.json.accounts.map((account: { outcome: string }) => account.outcome))).toEqual(new Set(["would be stored"]));
    expect((await bench.run(["list", "--json"])).json.accounts).toEqual([]);
    for (const outcome of ["added", "unchanged"]) {
      const { code, json, out } = await bench.run(["import-env", "--file", file, "--json"]);
      expect(code).toBe(0);
      expect(json.accounts.map((account: { outcome: string }) => account.outcome)).toEqual(Array.from({ length: 7 }, () => outcome));
      for (const secret of [KEY, SECRET, HEX, LIGHTER_KEY, JWT, "alice", "apex-secret"]) expect(out).not.toContain(secret);
    }
    expect((await bench.run(["list", "--json"])).json.accounts).toHaveLength(7);
    expect((await bench.run(["show", "lighterrobinhood", "main", "--json"])).json.account).toMatchObject({ armed: false, network: "live" });
  });

  test("imports what is whole, refuses the rest, and says so with its exit code", async () => {
    write({ BACKPACK_KEY: KEY, BACKPACK_SECRET: SECRET, STANDX_JWT: JWT, ASTER_API_KEY: "abc" });
    const { code, out } = await bench.run(["import-env", "--file", file]);
    expect(code).toBe(1);
    expect(out).toMatch(/backpack:main: added \(live, [0-9a-f]{8}\)/);
    expect(out).toMatch(/standx:main: refused: Account standx:main is not complete: STANDX_PRIVATE_KEY is missing/);
    expect(out).toMatch(/aster:main: refused: Aster is traded with an API wallet now/);
    expect(out).toMatch(/BACKPACK_KEY → backpack:main/);
    write({ BACKPACK_KEY: SECRET, BACKPACK_SECRET: KEY });
    expect((await bench.run(["import-env", "--file", file])).out).toMatch(/backpack:main: refused: .* exists already with other values/);
    expect((await bench.run(["import-env", "--file", file, "--name", "second", "--json"])).json.accounts[0].outcome).toBe("added");
  });

  test("reads the environment without a file, and says when there is nothing", async () => {
    const { json } = await bench.run(["import-env", "--json"], { BACKPACK_KEY: KEY, BACKPACK_SECRET: SECRET });
    expect(json.accounts).toEqual([expect.objectContaining({ account: "backpack:main", outcome: "added" })]);
    expect(json.variables).not.toContainEqual(expect.objectContaining({ variable: "PATH" }));
    write({ SOMETHING: "else" });
    const none = await bench.run(["import-env", "--file", file]);
    expect(none.code).toBe(1);
    expect(none.out).toMatch(/No variable of an account was found/);
  });
});
