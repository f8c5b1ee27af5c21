// `botswain account …` as scripts use it: add, list, show, arm, remove, rotate; no secret as an argument, none printed.

import { existsSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createAudit } from "../../src/storage/audit.ts";
import { createBots } from "../../src/storage/bots.ts";
import { type Database, openDatabase } from "../../src/storage/database.ts";
import { botConfig } from "../memory-fleet.ts";
import { AccountBench } from "./account-fixture.ts";

const KEY = "q7LP3uSHqUHZCHNGfSrlm5GJ6CBTwvyoxPPUnmFPeRk=";
const SECRET = "nRWmV0SrWmJrWn0hQ4BzH4WQzV5sS0h0q3p0e5Yc8fE=";
const FIELDS = JSON.stringify({ apiKey: KEY, secret: SECRET });

let bench: AccountBench;
beforeEach(() => {
  bench = new AccountBench();
});
afterEach(() => bench.close());

async function withDatabase<T>(work: (db: Database) => Promise<T>): Promise<T> {
  const db = await openDatabase(`file:${join(bench.home, "botswain.db")}`);
  try {
    return await work(db);
  } finally {
    await db.close();
  }
}

function addMain(extra: readonly string[] = [], input = FIELDS) {
  return bench.run(["add", "backpack", "main", "--from-stdin", "--json", ...extra], {}, input);
}

describe("add", () => {
  test("takes JSON from standard input, makes the key file, and prints no secret", async () => {
    const { code, json, out } = await addMain(["--note", "my first", "--tag", "eth", "--tag", "grid", "--subaccount", "bots"]);
    expect(code).toBe(0);
    expect(json).toMatchObject({ ok: true, outcome: "added", account: { exchange: "backpack", name: "main", network: "live" } });
    expect(json.account.fingerprint).toMatch(/^[0-9a-f]{8}$/);
    for (const secret of [KEY, SECRET]) expect(out).not.toContain(secret);
    expect(statSync(join(bench.home, "master.key")).mode & 0o777).toBe(0o600);
    const shown = (await bench.run(["show", "backpack", "main", "--json"])).json.account;
    expect(shown).toMatchObject({ note: "my first", tags: ["eth", "grid"], subaccount: "bots", armed: false, from: "database", bots: [] });
    expect((await addMain(["--note", "my first", "--tag", "eth", "--tag", "grid", "--subaccount", "bots"])).json.outcome).toBe("unchanged");
  });

  test("takes a whole account from standard input: network, proxy, note and tags", async () => {
    const input = JSON.stringify({
      ...{ apiKey: KEY, secret: SECRET, network: "testnet", note: "n", tags: ["t"], subaccount: "s" },
      proxy: "socks5://alice:canary-password@10.0.0.9:1080",
    });
    expect((await addMain([], input)).json.account).toMatchObject({ network: "testnet", proxyHost: "socks5://10.0.0.9:1080" });
    const { out } = await bench.run(["show", "backpack", "main"]);
    expect(out).toContain("socks5://10.0.0.9:1080");
    expect(out).not.toMatch(/alice|canary/);
  });

  test("takes variables with --env, and files that they name", async () => {
    const file = join(bench.home, "secret.txt");
    writeFileSync(file, `${SECRET}\n`);
    const env = { BOTSWAIN_ACCOUNT_BACKPACK_MAIN_API_KEY: KEY, BOTSWAIN_ACCOUNT_BACKPACK_MAIN_SECRET_FILE: file };
    expect((await bench.run(["add", "backpack", "main", "--env", "--json"], env)).json.outcome).toBe("added");
    expect((await bench.run(["add", "backpack", "other", "--env", "--json"], env)).json).toMatchObject({
      ok: false,
      error: expect.stringContaining("No variable BOTSWAIN_ACCOUNT_BACKPACK_OTHER_… is set"),
    });
  });

  test.each([
    [
      "wrong values, without showing them",
      '{"apiKey":"canary-1","secret":"canary-2"}',
      /apiKey \(value not shown\) should be .*; secret \(value/,
    ],
    ["a missing field", `{"apiKey":"${KEY}"}`, /secret is missing/],
    [
      "a field that the exchange does not have",
      `{"apiKey":"${KEY}","secret":"${SECRET}","password":"canary"}`,
      /password is no field of backpack/,
    ],
    ["what is not JSON", "canary", /Standard input should be one JSON object such as \{"apiKey":"…","secret":"…"\}/],
    ["a list", '["canary"]', /should be one JSON object/],
    ["a value that is no text", '{"apiKey":true}', /apiKey should be a text in quotes/],
    ["a proxy without a port", `{"apiKey":"${KEY}","secret":"${SECRET}","proxy":"http://u:canary@host"}`, /proxy \(value not shown\)/],
    ["a proxy of another kind", `{"apiKey":"${KEY}","secret":"${SECRET}","proxy":"ftp://u:canary@host:1"}`, /proxy \(value not shown\)/],
    ["another network", `{"apiKey":"${KEY}","secret":"${SECRET}","network":"moon"}`, /network moon should be live or testnet/],
    ["a tag of two words", `{"apiKey":"${KEY}","secret":"${SECRET}","tags":["a b"]}`, /tag a b should be one word/],
  ])("refuses %s", async (_, input, sentence) => {
    const { code, json, out } = await addMain([], input);
    expect(code).toBe(1);
    expect(json.ok).toBe(false);
    expect(json.error).toMatch(sentence);
    expect(out).not.toContain("canary");
    expect((await bench.run(["list", "--json"])).json.accounts).toEqual([]);
  });

  test.each([
    [["add", "Backpack!", "main"], /is no exchange's name/],
    [["add", "nosuchexchange", "main"], /nosuchexchange/],
    [["add", "backpack", "Main"], /cannot be an account's name/],
    [["add", "backpack", "sim"], /belongs to the simulated exchange/],
    [["add", "backpack", "main"], /This is no terminal to ask in/],
    [["arm", "backpack", "main"], /There is no account backpack:main/],
    [["remove", "backpack", "main"], /There is no account backpack:main/],
    [["show", "backpack", "main"], /There is no account backpack:main/],
    [["import-env", "--file", "/nowhere/.env"], /There is no file/],
    [["rotate-key", "--to", "paper"], /should be file or passphrase/],
  ])("%j says why not", async (args, sentence) => {
    const { code, error } = await bench.run(args);
    expect(code).toBe(1);
    expect(error).toMatch(sentence);
  });

  test("a secret as an argument is a usage fault and is not repeated", async () => {
    const { code, error } = await bench.run(["add", "backpack", "main", "canary-secret"]);
    expect(code).toBe(2);
    expect(error).not.toContain("canary");
  });

  test("other values for a name are refused, or replace and disarm", async () => {
    await addMain();
    await bench.run(["arm", "backpack", "main", "--yes"]);
    const other = JSON.stringify({ apiKey: SECRET, secret: KEY });
    expect((await addMain([], other)).json.error).toMatch(/exists already with other values; nothing was changed/);
    expect((await addMain(["--replace"], other)).json.outcome).toBe("replaced");
    expect((await bench.run(["show", "backpack", "main", "--json"])).json.account.armed).toBe(false);
  });
});

describe("arm, list, remove", () => {
  test("arming asks for the name or --yes, is listed, and leaves audit rows that hold", async () => {
    await addMain();
    expect((await bench.run(["arm", "backpack", "main"])).error).toMatch(/no terminal to ask in: add --yes/);
    expect((await bench.run(["arm", "backpack", "main", "--yes", "--json"])).json).toMatchObject({ ok: true, changed: true });
    expect((await bench.run(["arm", "backpack", "main", "-y", "--json"])).json.changed).toBe(false);
    await withDatabase((db) => createBots(db).create(botConfig("eth_grid", { account: "main" })));
    const { out } = await bench.run(["list"]);
    expect(out).toMatch(/backpack:main +live +armed +[0-9a-f]{8} +- +eth_grid/);
    const { accounts } = (await bench.run(["list", "--json"])).json;
    expect(accounts).toEqual([expect.objectContaining({ name: "main", armed: true, bots: ["eth_grid"] })]);
    expect((await bench.run(["disarm", "backpack", "main", "--json"])).json).toMatchObject({
      changed: true,
      account: { bots: ["eth_grid"] },
    });
    expect((await bench.run(["remove", "backpack", "main", "--json"])).json.error).toMatch(/no terminal to ask in/);
    expect((await bench.run(["remove", "backpack", "main", "--yes", "--json"])).json.error).toMatch(/is the account of eth_grid/);
    expect((await bench.run(["remove", "backpack", "main", "--yes", "--force", "--json"])).json.ok).toBe(true);
    expect((await bench.run(["list"])).out).toMatch(/There is no account yet/);
    const rows = await withDatabase(async (db) => {
      expect((await createAudit(db).verify()).ok).toBe(true);
      return await db.prisma.audit.findMany({ orderBy: { sequence: "asc" } });
    });
    expect(rows.map(({ line, outcome }) => `${line}: ${outcome}`)).toEqual([
      "account add backpack main: allowed",
      "account arm backpack main: allowed",
      "account arm backpack main: allowed",
      "account disarm backpack main: allowed",
      "account remove backpack main: refused",
      "account remove backpack main --force: allowed",
    ]);
  });

  test("a testnet account needs no arming", async () => {
    await addMain(["--network", "testnet"]);
    expect((await bench.run(["arm", "backpack", "main", "--yes", "--json"])).json.error).toMatch(/on testnet, where no real money is/);
  });

  test("a key file that others may read is refused, and nothing is stored", async () => {
    await addMain();
    const path = join(bench.home, "master.key");
    const before = readFileSync(path, "utf8");
    rmSync(path);
    writeFileSync(path, before, { mode: 0o644 });
    const { json } = await bench.run(["add", "backpack", "second", "--from-stdin", "--json"], {}, FIELDS);
    expect(json.error).toMatch(/can be read by others \(mode 644\); run: chmod 600/);
    expect(readFileSync(path, "utf8")).toBe(before);
    expect((await bench.run(["list", "--json"])).json.accounts).toHaveLength(1);
  });
});

describe("rotate-key", () => {
  test("another key file; a passphrase; and back, with every account readable in between", async () => {
    await addMain();
    const path = join(bench.home, "master.key");
    const before = readFileSync(path, "utf8");
    expect((await bench.run(["rotate-key", "--json"])).json).toMatchObject({ ok: true, kind: "file", accounts: 1 });
    expect(readFileSync(path, "utf8")).not.toBe(before);
    expect((await addMain()).json.outcome).toBe("unchanged");
    const words = join(bench.home, "words");
    writeFileSync(words, "correct horse battery\n");
    const early = await bench.run(
      ["add", "backpack", "x", "--from-stdin", "--json"],
      { BOTSWAIN_PASSPHRASE: "correct horse battery" },
      FIELDS,
    );
    expect(early.json.error).toMatch(/sealed with a key file, but a passphrase is set/);
    expect((await bench.run(["rotate-key", "--new-passphrase-file", words, "--json"])).json).toMatchObject({
      ok: true,
      kind: "passphrase",
    });
    expect(existsSync(path)).toBe(false);
    expect((await addMain()).json.error).toMatch(/sealed with a passphrase: set BOTSWAIN_PASSPHRASE_FILE/);
    const env = { BOTSWAIN_PASSPHRASE_FILE: words };
    expect((await bench.run(["add", "backpack", "main", "--from-stdin", "--json"], env, FIELDS)).json.outcome).toBe("unchanged");
    expect((await bench.run(["rotate-key", "--to", "file", "--json"], env)).json).toMatchObject({ ok: true, kind: "file" });
    expect((await addMain()).json.outcome).toBe("unchanged");
    expect((await bench.run(["rotate-key", "--new-passphrase-file", "/nowhere", "--json"])).json.error).toMatch(
      /cannot be read \(ENOENT\)/,
    );
  });
});

describe("with BOTSWAIN_ACCOUNTS_FROM_ENV", () => {
  const env = {
    ...{ BOTSWAIN_ACCOUNTS_FROM_ENV: "true", BOTSWAIN_ARMED: "backpack:main" },
    ...{ BOTSWAIN_ACCOUNT_BACKPACK_MAIN_API_KEY: KEY, BOTSWAIN_ACCOUNT_BACKPACK_MAIN_SECRET: SECRET },
  };

  test("accounts are listed without a secret, nothing can be stored, and no key is made", async () => {
    const { json, out } = await bench.run(["list", "--json"], env);
    expect(json.accounts).toEqual([expect.objectContaining({ exchange: "backpack", name: "main", armed: true, from: "environment" })]);
    expect(out).not.toContain(SECRET);
    for (const args of [
      ["add", "backpack", "x"],
      ["arm", "backpack", "main"],
      ["remove", "backpack", "main"],
      ["rotate-key"],
      ["import-env"],
    ])
      expect((await bench.run([...args, "--json"], env)).json.error).toMatch(/Accounts come from the environment here/);
    expect(existsSync(join(bench.home, "master.key"))).toBe(false);
  });
});

test("every verb has an example", async () => {
  for (const verb of ["add", "list", "show", "arm", "disarm", "remove", "import-env", "rotate-key"]) {
    const { code, out } = await bench.run([verb, "--help"]);
    expect(code).toBe(0);
    expect(out).toContain(`$ botswain account ${verb}`);
    expect(out).toContain("--json");
  }
});
