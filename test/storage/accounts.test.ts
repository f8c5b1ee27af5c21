// Accounts: many per exchange, sealed; the same twice is once; armed knowingly; removed only when nothing needs them.

import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { createAccounts, type NewAccount } from "../../src/storage/accounts.ts";
import { createBots } from "../../src/storage/bots.ts";
import { botConfig } from "../memory-fleet.ts";
import { onEachDatabase } from "./databases.ts";
import { AT } from "./rows.ts";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "botswain-accounts-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function source() {
  return { type: "file" as const, path: join(folder, "master.key") };
}

function account(overrides: Partial<NewAccount> = {}): NewAccount {
  return {
    ...{ exchange: "backpack", name: "main", network: "live", credentials: { apiKey: "canary-api-key", secret: "canary-secret" } },
    ...{ proxy: "socks5://canary-user:canary-password@10.0.0.9:1080", proxyHost: "socks5://10.0.0.9:1080", subaccount: "grid" },
    ...{ fingerprint: "0a1b2c3d", note: "first", tags: ["eth"] },
    ...overrides,
  };
}

onEachDatabase("accounts", ({ open, url }) => {
  it("keeps what may be shown in clear and seals the rest", async () => {
    const db = await open();
    const accounts = createAccounts(db, source(), () => AT);
    expect(await accounts.store(account(), false)).toBe("added");
    const record = await accounts.find("backpack", "main");
    expect(record).toEqual({
      ...{ exchange: "backpack", name: "main", network: "live", subaccount: "grid", fingerprint: "0a1b2c3d" },
      ...{ proxyHost: "socks5://10.0.0.9:1080", note: "first", tags: ["eth"], keyId: record?.keyId },
      ...{ storedAt: AT, armedAt: null, bots: [] },
    });
    expect(await accounts.reveal("backpack", "main")).toEqual({
      credentials: { apiKey: "canary-api-key", secret: "canary-secret" },
      proxy: "socks5://canary-user:canary-password@10.0.0.9:1080",
    });
    expect(JSON.stringify(await db.prisma.account.findMany(), (_, value) => String(value ?? ""))).not.toContain("canary");
    if (!url().startsWith("file:")) return;
    const place = url().slice("file:".length);
    for (const name of readdirSync(join(place, ".."))) expect(readFileSync(join(place, "..", name)).includes("canary"), name).toBe(false);
  });

  it("holds many accounts of an exchange, each opened on its own", async () => {
    const accounts = createAccounts(await open(), source());
    for (const name of ["main", "second"])
      for (const exchange of ["backpack", "aster"])
        await accounts.store(account({ exchange, name, credentials: { secret: `${exchange} ${name}` } }), false);
    expect((await accounts.list()).map(({ exchange, name }) => `${exchange}:${name}`)).toEqual([
      "aster:main",
      "aster:second",
      "backpack:main",
      "backpack:second",
    ]);
    expect((await accounts.reveal("aster", "second")).credentials.secret).toBe("aster second");
    await expect(accounts.reveal("aster", "third")).rejects.toThrow("There is no account aster:third");
  });

  it("the same twice is once; other values are refused, or replace and disarm", async () => {
    const db = await open();
    const accounts = createAccounts(db, source(), () => AT);
    await accounts.store(account(), false);
    await accounts.arm("backpack", "main");
    const before = await db.prisma.account.findMany();
    expect(await accounts.store(account({ credentials: { secret: "canary-secret", apiKey: "canary-api-key" } }), false)).toBe("unchanged");
    expect(await accounts.store(account({ note: null, tags: [] }), false)).toBe("unchanged");
    for (const other of [
      account({ credentials: { apiKey: "x", secret: "y" } }),
      account({ network: "testnet" }),
      account({ subaccount: null }),
    ])
      await expect(accounts.store(other, false)).rejects.toThrow("backpack:main exists already with other values; nothing was changed");
    expect(await db.prisma.account.findMany()).toEqual(before);
    expect(await accounts.store(account({ credentials: { apiKey: "x", secret: "y" } }), true)).toBe("replaced");
    expect((await accounts.reveal("backpack", "main")).credentials).toEqual({ apiKey: "x", secret: "y" });
    expect((await accounts.find("backpack", "main"))?.armedAt).toBeNull();
  });

  it("a row copied over another one does not open, and can be replaced", async () => {
    const db = await open();
    const accounts = createAccounts(db, source());
    await accounts.store(account(), false);
    await accounts.store(account({ name: "second", credentials: { secret: "other" } }), false);
    const { sealedCredentials } = await db.prisma.account.findUniqueOrThrow({
      where: { exchange_name: { exchange: "backpack", name: "main" } },
    });
    await db.transact((tx) =>
      tx.account.update({ where: { exchange_name: { exchange: "backpack", name: "second" } }, data: { sealedCredentials } }),
    );
    await expect(accounts.reveal("backpack", "second")).rejects.toThrow("do not belong to this row");
    await expect(accounts.store(account({ name: "second" }), false)).rejects.toThrow("do not belong to this row");
    expect(await accounts.store(account({ name: "second" }), true)).toBe("replaced");
    expect((await accounts.reveal("backpack", "second")).credentials.secret).toBe("canary-secret");
  });

  it("is armed and disarmed once each", async () => {
    const accounts = createAccounts(await open(), source(), () => AT);
    await accounts.store(account(), false);
    expect([await accounts.arm("backpack", "main"), await accounts.arm("backpack", "main")]).toEqual([true, false]);
    expect((await accounts.find("backpack", "main"))?.armedAt).toBe(AT);
    expect([await accounts.disarm("backpack", "main"), await accounts.disarm("backpack", "main")]).toEqual([true, false]);
    await expect(accounts.arm("backpack", "nobody")).rejects.toThrow("There is no account backpack:nobody");
  });

  it("a bot's account that nobody stored is none", async () => {
    const db = await open();
    await createBots(db).create(botConfig("eth_grid", { account: "main" }));
    const accounts = createAccounts(db, source());
    expect(await accounts.find("backpack", "main")).toBeNull();
    expect(await accounts.list()).toEqual([]);
    await accounts.store(account(), false);
    expect((await accounts.find("backpack", "main"))?.bots).toEqual(["eth_grid"]);
  });

  it("is removed when no bot needs it: never under a running one, by force under a stopped one", async () => {
    const db = await open();
    const bots = createBots(db);
    const accounts = createAccounts(db, source());
    await accounts.store(account(), false);
    const { id, epoch } = await bots.create(botConfig("eth_grid", { account: "main" }));
    const held = await bots.takeEpoch(id, epoch, { workerId: "w1", host: "h1" });
    await expect(accounts.remove("backpack", "main", true)).rejects.toThrow("in use by eth_grid; stop them flat first");
    await bots.endRun(id, held ?? 0, "asked");
    await bots.claim(id, [{ exchange: "backpack", account: "main", symbol: "ETH/USDC:USDC" }]);
    await expect(accounts.remove("backpack", "main", true)).rejects.toThrow("in use by eth_grid");
    await bots.releaseClaims(id);
    await expect(accounts.remove("backpack", "main", false)).rejects.toThrow("is the account of eth_grid");
    expect(await accounts.find("backpack", "main")).not.toBeNull();
    await accounts.remove("backpack", "main", true);
    const row = await db.prisma.account.findUniqueOrThrow({ where: { exchange_name: { exchange: "backpack", name: "main" } } });
    expect(row).toMatchObject({ sealedCredentials: null, network: null, fingerprint: null, proxyHost: null, armedAt: null });
    await expect(accounts.remove("backpack", "main", true)).rejects.toThrow("There is no account");
    await accounts.store(account({ name: "unused" }), false);
    await accounts.remove("backpack", "unused", false);
    expect(await db.prisma.account.count({ where: { name: "unused" } })).toBe(0);
  });
});
