// The diagnosis against emulated exchanges, and against what is wrong: nobody there, a wrong key, a wrong clock, a signer that is missing.

import { mkdtempSync, writeFileSync } from "node:fs";
import { createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pino } from "pino";
import { afterEach, describe, expect, it } from "vitest";
import type { CredentialValues } from "../../src/core/credentials.ts";
import type { Clock } from "../../src/core/ports.ts";
import { type ExchangeAccount, Secret, sealCredentials } from "../../src/exchanges/account.ts";
import { keyFindings } from "../../src/exchanges/diagnosis/account.ts";
import { checkSigner } from "../../src/exchanges/diagnosis/signer.ts";
import { diagnoseExchange, type Finding } from "../../src/exchanges/diagnosis.ts";
import { quirksOf } from "../../src/exchanges/quirks.ts";
import { asterDialect } from "../../src/sim/aster/dialect.ts";
import { backpackDialect } from "../../src/sim/backpack/dialect.ts";
import type { Dialect } from "../../src/sim/dialect.ts";
import { paradexDialect } from "../../src/sim/paradex/dialect.ts";
import { startSim } from "../sim/loopback-exchange.ts";
import { systemClock } from "./clock.ts";

const DIALECTS: readonly Dialect[] = [backpackDialect, asterDialect, paradexDialect];
const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function place(dialect: Dialect, credentials?: CredentialValues): Promise<ExchangeAccount> {
  const sim = await startSim({ dialect });
  closing.push(() => sim.close());
  const { url, wsUrl } = sim;
  const keys = sealCredentials(credentials ?? sim.accounts[0]?.credentials ?? {});
  return { exchange: dialect.name, account: "sim", mode: "sim", credentials: keys, url, wsUrl };
}

function diagnose(account: ExchangeAccount, clock: Clock = systemClock): Promise<readonly Finding[]> {
  return diagnoseExchange({ account, clock, log: pino({ level: "silent" }) });
}

const levelOf = (findings: readonly Finding[], check: string) => findings.find((one) => one.check === check)?.level;
const wordsOf = (findings: readonly Finding[], check: string) => findings.find((one) => one.check === check)?.what.en;

function expectRemedies(findings: readonly Finding[]): void {
  for (const { level, remedy, what } of findings) {
    if (level === "bad" || level === "warn") expect(remedy?.en ?? "", what.en).not.toBe("");
    expect(what["zh-TW"]).not.toBe("");
  }
}

describe.each(DIALECTS)("diagnosis of $name", (dialect) => {
  it("finds nothing wrong with an exchange that is there, and says what it looked at", async () => {
    const findings = await diagnose(await place(dialect));
    expect(findings.filter(({ level }) => level === "bad")).toEqual([]);
    const checks = new Set(findings.map(({ check }) => check));
    for (const check of ["proxy", "dns", "connection", "rest", "clock", "key", "rights", "limits", "fees", "orders", "positions"])
      expect(checks, check).toContain(check);
    for (const check of ["signer", "builderFee", "deadMan"]) expect(checks, check).toContain(check);
    expect(levelOf(findings, "clock")).toBe("ok");
    expect(wordsOf(findings, "fees")).toMatch(/maker -?[\d.]+%/);
    expect(wordsOf(findings, "orders")).toBe("0 open, 0 of them Botswain's");
    if (dialect.name === "aster") {
      expect(findings.find(({ check }) => check === "rights")?.what.en).toBe("it cannot withdraw");
      expect(wordsOf(findings, "builderFee")).toContain("builder");
    }
    expectRemedies(findings);
  });

  it("says that a wrong key is refused, and where a right one is made", async () => {
    const findings = await diagnose(await place(dialect, dialect.createCredentials("stranger")));
    expect(levelOf(findings, "rest")).toBe("ok");
    expect(levelOf(findings, "key")).toBe("bad");
    expect(findings.find(({ check }) => check === "key")?.remedy?.en).toContain(`account add ${dialect.name}`);
    expectRemedies(findings);
  });

  it("measures a clock that is wrong, and names the cure", async () => {
    const clock: Clock = { now: () => Date.now() + 700, monotonic: () => performance.now() };
    const findings = await diagnose(await place(dialect), clock);
    const found = findings.find(({ check }) => check === "clock");
    // Half of the way there and back may be added to either side.
    expect(found).toMatchObject({ level: "warn", what: { en: expect.stringMatching(/^this machine is [5-9]\d\d ms ahead/) } });
    expect(found?.remedy?.en).toContain("NTP");
    const late: Clock = { now: () => Date.now() - 5_000, monotonic: () => performance.now() };
    expect((await diagnose(await place(dialect), late)).find(({ check }) => check === "clock")).toMatchObject({
      ...{ level: "bad", what: { en: expect.stringContaining("behind the exchange") } },
    });
  });
});

describe("diagnosis", () => {
  it("says unreachable with a remedy when nobody listens, and asks nothing more", async () => {
    const server = createServer().listen(0, "127.0.0.1");
    await new Promise((resolve) => server.once("listening", resolve));
    const { port } = server.address() as { readonly port: number };
    await new Promise((resolve) => server.close(resolve));
    const credentials = sealCredentials(backpackDialect.createCredentials("sim"));
    const url = `http://127.0.0.1:${port}`;
    const findings = await diagnose({
      exchange: "backpack",
      account: "sim",
      mode: "sim",
      credentials,
      url,
      wsUrl: url.replace("http", "ws"),
    });
    expect(wordsOf(findings, "connection")).toMatch(/^unreachable: 127\.0\.0\.1/);
    for (const check of ["clock", "key", "fees", "orders"]) expect(levelOf(findings, check)).toBe("skipped");
    expect(levelOf(findings, "limits")).toBe("ok");
    expectRemedies(findings);
  });

  it("does not hang on a server that accepts and never answers", async () => {
    const sockets = new Set<Socket>();
    const server = createServer((socket) => void sockets.add(socket)).listen(0, "127.0.0.1");
    await new Promise((resolve) => server.once("listening", resolve));
    closing.push(async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    });
    const { port } = server.address() as { readonly port: number };
    const url = `http://127.0.0.1:${port}`;
    const account = { exchange: "backpack", account: "sim", mode: "sim", credentials: {}, url, wsUrl: url.replace("http", "ws") } as const;
    const startedAt = Date.now();
    const findings = await diagnose(account);
    expect(Date.now() - startedAt).toBeLessThan(15_000);
    expect(wordsOf(findings, "rest")).toMatch(/^unreachable/);
  });

  it("shows of a proxy its host alone, and that it does not answer", async () => {
    const credentials = sealCredentials(backpackDialect.createCredentials("main"));
    const proxy = new Secret("http://someone:hidden-word@127.0.0.1:9");
    const findings = await diagnose({ exchange: "backpack", account: "main", mode: "live", credentials, proxy });
    expect(wordsOf(findings, "proxy")).toBe("http://127.0.0.1:9");
    expect(findings.find(({ check, level }) => check === "connection" && level === "bad")?.remedy?.en).toContain("proxy");
    expect(JSON.stringify(findings)).not.toContain("hidden-word");
  });

  it("without an account checks what is public", async () => {
    const account = { ...(await place(backpackDialect)), credentials: {} };
    const findings = await diagnose(account);
    expect([levelOf(findings, "rest"), levelOf(findings, "key")]).toEqual(["ok", "skipped"]);
    expect(findings.every(({ level }) => level !== "bad")).toBe(true);
  });

  it("says that a key that can withdraw is refused, and warns of one that works from anywhere", () => {
    const findings = keyFindings("aster", { canTrade: true, canWithdraw: true, isAddressBound: false });
    expect(findings.map(({ check, level }) => [check, level])).toEqual([
      ["key", "ok"],
      ["rights", "bad"],
      ["trading", "ok"],
      ["addresses", "warn"],
    ]);
    expectRemedies(findings);
    expect(keyFindings("backpack", null).map(({ level }) => level)).toEqual(["ok", "warn"]);
  });

  it("names the signer's files that are missing or others, and where an operator gets them", () => {
    const file = join(mkdtempSync(join(tmpdir(), "botswain-signer-")), "signer.wasm");
    writeFileSync(file, "not the real one");
    const lighter = quirksOf("lighter");
    const missing = checkSigner(lighter, {});
    expect(missing.map(({ level }) => level)).toEqual(["bad", "bad"]);
    expect(missing[0]?.remedy?.en).toMatch(/github\.com\/ccxt\/lighter-wasm.*github\.com\/elliottech\/lighter-go/);
    const other = checkSigner(lighter, { libraryPath: file, librarySha256: "0".repeat(64) });
    expect(other[0]?.what.en).toMatch(/has sha256 [0-9a-f]{64}, not 0{64}/);
    const found = /sha256 ([0-9a-f]{64})/.exec(other[0]?.what.en ?? "")?.[1] ?? "";
    expect(checkSigner(lighter, { libraryPath: file, librarySha256: found })[0]?.level).toBe("ok");
    expect(checkSigner(quirksOf("backpack"), {})[0]?.level).toBe("ok");
  });
});
