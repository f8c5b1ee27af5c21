// Sealing: what opens only where it belongs, key files that are refused, passphrases, and rotations that survive a crash.

import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { UserError } from "../../src/core/text.ts";
import { createAccounts, type NewAccount } from "../../src/storage/accounts.ts";
import { makeKeyFile, nextKeyFile, readKeyFile } from "../../src/storage/sealing/key-file.ts";
import { createKeyring, type KeySource, keyKind } from "../../src/storage/sealing/keyring.ts";
import { deriveKey, newDerivation } from "../../src/storage/sealing/passphrase.ts";
import { MasterKey, rewrap, seal, unseal } from "../../src/storage/sealing.ts";
import { onEachDatabase } from "./databases.ts";

const PLACE = { table: "accounts", exchange: "backpack", name: "main" };
const TEXT = '{"credentials":{"secret":"canary-4711"}}';

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "botswain-seal-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** The sentence of a UserError; anything else fails the test. */
async function fault(work: () => unknown): Promise<string> {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    for (const text of Object.values(error.text)) expect(text.split("\n")).toHaveLength(1);
    return error.text.en;
  }
  throw new Error("nothing was refused");
}

describe("a sealed value", () => {
  const key = MasterKey.random();
  const sealed = seal(key, PLACE, TEXT);

  test("opens to what was sealed, shows nothing of it, and is another one each time", () => {
    expect(unseal(key, PLACE, sealed)).toBe(TEXT);
    expect(sealed).not.toContain("canary");
    expect(Buffer.from(sealed.split(".")[3] ?? "", "base64url").toString("latin1")).not.toContain("canary");
    expect(seal(key, PLACE, TEXT)).not.toBe(sealed);
  });

  test.each([
    { ...PLACE, table: "users" },
    { ...PLACE, exchange: "aster" },
    { ...PLACE, name: "other" },
  ])("moved to $table $exchange $name it does not open", async (place) => {
    expect(await fault(() => unseal(key, place, sealed))).toMatch(/do not belong to this row or were changed/);
  });

  test("each flipped bit of key or box is noticed, every cut too", async () => {
    const parts = sealed.split(".");
    for (const index of [2, 3]) {
      const bytes = Buffer.from(parts[index] ?? "", "base64url");
      for (let at = 0; at < bytes.length; at += 1) {
        const changed = Buffer.from(bytes);
        changed.writeUInt8(changed.readUInt8(at) ^ 1, at);
        const forged = parts.map((part, each) => (each === index ? changed.toString("base64url") : part)).join(".");
        expect(await fault(() => unseal(key, PLACE, forged))).toMatch(/were changed/);
      }
    }
    for (let length = 0; length < sealed.length; length += 7)
      expect(await fault(() => unseal(key, PLACE, sealed.slice(0, length)))).toMatch(/damaged|were changed/);
  });

  test("another format version is damaged, another key id names both keys", async () => {
    expect(await fault(() => unseal(key, PLACE, sealed.replace(/^1\./, "2.")))).toMatch(/damaged/);
    const other = MasterKey.random();
    const sentence = await fault(() => unseal(other, PLACE, sealed));
    expect(sentence).toContain(`under key ${key.id}`);
    expect(sentence).toContain(other.id);
    const relabelled = sealed.replace(key.id, other.id);
    expect(await fault(() => unseal(other, PLACE, relabelled))).toMatch(/were changed/);
  });

  test("rewrapped it opens with the new key alone, its box untouched", async () => {
    const next = MasterKey.random();
    const moved = rewrap(key, next, PLACE, sealed);
    expect(unseal(next, PLACE, moved)).toBe(TEXT);
    expect(moved.split(".")[3]).toBe(sealed.split(".")[3]);
    expect(await fault(() => unseal(key, PLACE, moved))).toContain(next.id);
  });

  test("a key prints as its id", () => {
    expect(JSON.stringify({ key })).toBe(`{"key":"[key ${key.id}]"}`);
    expect(() => new MasterKey(Buffer.alloc(31))).toThrow(RangeError);
  });
});

describe("a key file", () => {
  test("is made once, for its owner alone; a second maker gets the same key", () => {
    const path = join(folder, "master.key");
    const key = makeKeyFile(path);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(makeKeyFile(path).id).toBe(key.id);
    expect(readKeyFile(path)?.id).toBe(key.id);
    expect(readdirSync(folder)).toEqual(["master.key"]);
    expect(readKeyFile(join(folder, "none"))).toBeNull();
  });

  test.each([0o640, 0o604, 0o660])("of mode %o is refused", async (mode) => {
    const path = join(folder, "master.key");
    makeKeyFile(path);
    chmodSync(path, mode);
    expect(await fault(() => readKeyFile(path))).toMatch(/can be read by others .*chmod 600/);
  });

  test.each(["", "botswain-key-1 abc", "something else"])("that holds %j is no key, and stays as it is", async (content) => {
    const path = join(folder, "master.key");
    writeFileSync(path, content, { mode: 0o600 });
    expect(await fault(() => readKeyFile(path))).toMatch(/holds no key of Botswain/);
    expect(readFileSync(path, "utf8")).toBe(content);
  });

  test("that cannot be read is named", async () => {
    expect(await fault(() => readKeyFile(folder))).toContain(folder);
    chmodSync(folder, 0o700);
    expect(await fault(() => readKeyFile(folder))).toMatch(/cannot be read \(EISDIR\)/);
  });
});

test("scrypt costs N = 2^17, r = 8, p = 1, and depends on salt and passphrase", async () => {
  const derivation = newDerivation();
  expect(derivation).toMatchObject({ n: 131_072, r: 8, p: 1 });
  const key = await deriveKey("correct horse battery", derivation);
  expect((await deriveKey("correct horse battery", derivation)).id).toBe(key.id);
  expect((await deriveKey("correct horse batterx", derivation)).id).not.toBe(key.id);
  expect((await deriveKey("correct horse battery", newDerivation())).id).not.toBe(key.id);
});

function account(name: string): NewAccount {
  return {
    ...{ exchange: "backpack", name, network: "live", credentials: { apiKey: `key-of-${name}`, secret: `secret-of-${name}` } },
    ...{ subaccount: null, fingerprint: "00000000", proxyHost: null, note: null, tags: [] },
  };
}

function inFile(name = "master.key"): KeySource {
  return { type: "file", path: join(folder, name) };
}

function inMind(words: string): KeySource {
  return { type: "passphrase", passphrase: async () => words };
}

onEachDatabase("the keyring", (fixture) => {
  test("a wrong passphrase, a missing, damaged or other key file is one sentence, and nothing is overwritten", async () => {
    const db = await fixture.open();
    expect(await keyKind(db)).toBeNull();
    await createAccounts(db, inFile()).store(account("main"), false);
    expect(await keyKind(db)).toBe("file");
    const before = await db.prisma.account.findMany();
    const path = join(folder, "master.key");
    const kept = readFileSync(path, "utf8");
    const reading = () => createAccounts(db, inFile()).reveal("backpack", "main");
    renameSync(path, `${path}.away`);
    expect(await fault(reading)).toMatch(/master\.key is missing, .* bring it back/);
    expect(existsSync(path)).toBe(false);
    makeKeyFile(path);
    expect(await fault(reading)).toMatch(/holds key [0-9a-f]{16}, but the accounts are sealed with key [0-9a-f]{16}/);
    expect(await fault(() => createAccounts(db, inFile()).store(account("second"), false))).toMatch(/holds key/);
    writeFileSync(path, kept.slice(0, 20));
    expect(await fault(reading)).toMatch(/holds no key/);
    expect(await fault(() => createAccounts(db, inMind("a passphrase instead")).reveal("backpack", "main"))).toMatch(
      /sealed with a key file/,
    );
    renameSync(`${path}.away`, path);
    expect((await reading()).credentials.secret).toBe("secret-of-main");
    expect(await db.prisma.account.findMany()).toEqual(before);
  });

  test("a passphrase opens what it sealed; another, or a short one, does not", async () => {
    const db = await fixture.open();
    expect(await fault(() => createAccounts(db, inMind("too short")).store(account("main"), false))).toMatch(
      /9 characters; use at least 12/,
    );
    await createAccounts(db, inMind("correct horse battery")).store(account("main"), false);
    expect(await keyKind(db)).toBe("passphrase");
    expect((await createAccounts(db, inMind("correct horse battery")).reveal("backpack", "main")).credentials.apiKey).toBe("key-of-main");
    expect(await fault(() => createAccounts(db, inMind("wrong horse battery")).reveal("backpack", "main"))).toMatch(
      /passphrase is not the one/,
    );
    expect(await fault(() => createAccounts(db, inFile()).reveal("backpack", "main"))).toMatch(/BOTSWAIN_PASSPHRASE/);
    expect(readdirSync(folder)).toEqual([]);
  });

  test("a rotation rewraps every row, and a process that knew the old key reads on", async () => {
    const db = await fixture.open();
    const accounts = createAccounts(db, inFile());
    for (const name of ["main", "second", "third"]) await accounts.store(account(name), false);
    const reader = createAccounts(db, inFile());
    expect((await reader.reveal("backpack", "main")).credentials.secret).toBe("secret-of-main");
    const old = readKeyFile(join(folder, "master.key"));
    const rotation = await accounts.rotate(inFile());
    expect(rotation).toMatchObject({ from: old?.id, rows: 3 });
    expect(readKeyFile(join(folder, "master.key"))?.id).toBe(rotation.to);
    expect(readdirSync(folder)).toEqual(["master.key"]);
    for (const name of ["main", "second", "third"])
      expect((await reader.reveal("backpack", name)).credentials.secret).toBe(`secret-of-${name}`);
    for (const row of await accounts.list()) expect(row.keyId).toBe(rotation.to);
    await reader.store(account("fourth"), false);
    expect((await accounts.find("backpack", "fourth"))?.keyId).toBe(rotation.to);
  });

  test("from a file to a passphrase and back; the file that is not needed any more is gone", async () => {
    const db = await fixture.open();
    await createAccounts(db, inFile()).store(account("main"), false);
    expect(await fault(() => createAccounts(db, inFile()).rotate(inMind("short")))).toMatch(/at least 12/);
    await createAccounts(db, inFile()).rotate(inMind("correct horse battery"));
    expect(readdirSync(folder)).toEqual([]);
    expect((await createAccounts(db, inMind("correct horse battery")).reveal("backpack", "main")).credentials.secret).toBe(
      "secret-of-main",
    );
    makeKeyFile(join(folder, "master.key"));
    expect(await fault(() => createAccounts(db, inMind("correct horse battery")).rotate(inFile()))).toMatch(/exists already/);
    rmSync(join(folder, "master.key"));
    await createAccounts(db, inMind("correct horse battery")).rotate(inFile());
    expect((await createAccounts(db, inFile()).reveal("backpack", "main")).credentials.secret).toBe("secret-of-main");
  });

  test("a crash before or after the commit of a rotation leaves everything readable", async () => {
    const db = await fixture.open();
    const path = join(folder, "master.key");
    await createAccounts(db, inFile()).store(account("main"), false);
    // Before: the next key lies there, and the rows are still under the old one.
    makeKeyFile(nextKeyFile(path));
    expect((await createAccounts(db, inFile()).reveal("backpack", "main")).credentials.secret).toBe("secret-of-main");
    copyFileSync(path, join(folder, "old"));
    await createAccounts(db, inFile()).rotate(inFile());
    // After: the rows are under the next key, which has not taken its place yet.
    renameSync(path, nextKeyFile(path));
    copyFileSync(join(folder, "old"), path);
    expect((await createAccounts(db, inFile()).reveal("backpack", "main")).credentials.secret).toBe("secret-of-main");
    expect(existsSync(nextKeyFile(path))).toBe(false);
    expect((await createAccounts(db, inFile()).reveal("backpack", "main")).credentials.secret).toBe("secret-of-main");
  });

  test("a row that cannot be opened stops the rotation with nothing changed", async () => {
    const db = await fixture.open();
    const accounts = createAccounts(db, inFile());
    for (const name of ["main", "second"]) await accounts.store(account(name), false);
    const row = await db.prisma.account.findUniqueOrThrow({ where: { exchange_name: { exchange: "backpack", name: "second" } } });
    const sealedCredentials = row.sealedCredentials?.slice(0, -20) ?? "";
    await db.transact((tx) =>
      tx.account.update({ where: { exchange_name: { exchange: "backpack", name: "second" } }, data: { sealedCredentials } }),
    );
    const before = await db.prisma.account.findMany({ orderBy: { name: "asc" } });
    expect(await fault(() => accounts.rotate(inFile()))).toMatch(/backpack:second/);
    expect(await db.prisma.account.findMany({ orderBy: { name: "asc" } })).toEqual(before);
    expect((await createAccounts(db, inFile()).reveal("backpack", "main")).credentials.secret).toBe("secret-of-main");
  });

  test("of a key that is lost while nothing is sealed, the next account begins anew", async () => {
    const db = await fixture.open();
    await createAccounts(db, inFile()).store(account("main"), false);
    rmSync(join(folder, "master.key"));
    await createAccounts(db, inFile()).remove("backpack", "main", false);
    await createAccounts(db, inFile()).store(account("main"), false);
    expect((await createAccounts(db, inFile()).reveal("backpack", "main")).credentials.secret).toBe("secret-of-main");
  });

  test("many processes that seal for the first time agree on one key", async () => {
    const doors = await Promise.all([fixture.open(), fixture.open(), fixture.open()]);
    const keys = await Promise.all(doors.map((db) => createKeyring(db, inFile()).keyForSealing()));
    expect(new Set(keys.map((key) => key.id)).size).toBe(1);
    const words = await Promise.all(doors.map((db) => createKeyring(db, inFile()).keyForSealing()));
    expect(words[0]?.id).toBe(keys[0]?.id);
  });
});
