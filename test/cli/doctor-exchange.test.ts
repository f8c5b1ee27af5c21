// `doctor --exchange`: which account it takes, that it works against an emulator, and what it says offline.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { examineExchange } from "../../src/cli/verbs/doctor-exchange.ts";
import type { ExchangeSim } from "../../src/sim/exchange-sim.ts";
import { startSim } from "../sim/loopback-exchange.ts";

let home: string;
let sim: ExchangeSim | null = null;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "botswain-doctor-"));
  vi.stubEnv("BOTSWAIN_HOME", home);
  vi.stubEnv("BOTSWAIN_ACCOUNTS_FROM_ENV", "1");
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await sim?.close();
  sim = null;
  rmSync(home, { recursive: true, force: true });
});

function giveAccount(name: string, { apiKey = "", secret = "" }: Readonly<Record<string, string>>): void {
  vi.stubEnv(`BOTSWAIN_ACCOUNT_BACKPACK_${name}_API_KEY`, apiKey);
  vi.stubEnv(`BOTSWAIN_ACCOUNT_BACKPACK_${name}_SECRET`, secret);
}

test("an account of the environment is tried at an emulator, and no secret is shown", async () => {
  sim = await startSim();
  const { credentials } = sim.accounts[0] ?? { credentials: {} as Readonly<Record<string, string>> };
  giveAccount("MAIN", credentials);
  const { url, wsUrl } = sim;
  const examined = await examineExchange({ exchange: "backpack", url, wsUrl });
  expect(examined).toMatchObject({ ok: true, exchange: "backpack", account: "main", mode: "sim" });
  expect(examined.findings.find(({ check }) => check === "key")).toMatchObject({ level: "ok", remedy: null });
  expect(JSON.stringify(examined)).not.toContain(credentials.secret);
  await expect(examineExchange({ exchange: "backpack", account: "other", url, wsUrl })).rejects.toThrow(/no account backpack:other/);
  giveAccount("SECOND", credentials);
  await expect(examineExchange({ exchange: "backpack", url, wsUrl })).rejects.toThrow(/several accounts at backpack \(main, second\)/);
});

test("an address that is not on this machine is refused, whoever asks", async () => {
  const examined = await examineExchange({ exchange: "backpack", url: "http://example.com", wsUrl: "ws://example.com" });
  expect(examined.ok).toBe(false);
  expect(examined.findings[0]).toMatchObject({ check: "account", level: "bad" });
  expect(examined.findings[0]?.what).toContain("http://example.com");
});

test("nobody at the address is bad, with a remedy", async () => {
  sim = await startSim();
  const { url, wsUrl } = sim;
  await sim.close();
  sim = null;
  const examined = await examineExchange({ exchange: "backpack", url, wsUrl });
  expect(examined.ok).toBe(false);
  const bad = examined.findings.filter(({ level }) => level === "bad");
  expect(bad.length).toBeGreaterThan(0);
  for (const { remedy, what } of bad) expect([what.startsWith("unreachable"), remedy === null]).toEqual([true, false]);
});

test("a machine on which nothing has been set up is examined too", async () => {
  vi.stubEnv("BOTSWAIN_ACCOUNTS_FROM_ENV", "");
  vi.stubEnv("BOTSWAIN_HOME", join(home, "not-made-yet"));
  const examined = await examineExchange({ exchange: "backpack", url: "http://127.0.0.1:1", wsUrl: "ws://127.0.0.1:1" });
  expect(examined).toMatchObject({ ok: false, account: null });
});

test("what is left out is named", async () => {
  await expect(examineExchange({ account: "main" })).rejects.toThrow(/--exchange is missing/);
  await expect(examineExchange({ exchange: "backpack", url: "http://127.0.0.1:1" })).rejects.toThrow(/--url and --ws-url belong together/);
  await expect(examineExchange({ exchange: "backpack", account: "sim" })).rejects.toThrow(/exchange-sim --dialect backpack/);
});
