// `botswain exchange-sim` as a role: what its choices do, what it tells, and what it refuses in a sentence.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Command } from "commander";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type SimChoice, startSimRole } from "../../src/cli/exchange-sim.ts";
import { loadSettings } from "../../src/cli/settings.ts";
import { addExchangeSim } from "../../src/cli/verbs/exchange-sim.ts";
import { admin, silent } from "./loopback-exchange.ts";

let home: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "botswain-verb-"));
});
afterEach(() => rmSync(home, { recursive: true }));

function start(choice: SimChoice, env: Record<string, string> = {}) {
  const settings = loadSettings({ BOTSWAIN_HOME: home, BOTSWAIN_ENV_FILE: "", ...env });
  return startSimRole({ settings, log: silent }, choice);
}

describe("exchange-sim", () => {
  it("tells where it is and where the keys are, with faults and funding from the start", async () => {
    const file = join(home, "faults.yaml");
    writeFileSync(file, "- {kind: status, path: /api/v1/ping, status: 418, retryAfterSec: 60}\n");
    const role = await start({ faults: file, funding: "0.0008", paused: true });
    const { address } = role;
    expect(address).toMatchObject({ dialect: "backpack", accounts: ["sim"], folder: join(home, "sim") });
    expect(JSON.parse(readFileSync(address.keysFile, "utf8")).accounts[0].name).toBe("sim");
    expect((await fetch(`${address.url}/api/v1/ping`)).status).toBe(418);
    const [mark] = (await (await fetch(`${address.url}/api/v1/markPrices?symbol=ETH_USDC_PERP`)).json()) as { fundingRate: string }[];
    expect(mark?.fundingRate).toBe("0.0008");
    expect(await admin(address, "GET", "/sim/state")).toMatchObject({ paused: true, dialect: "backpack" });
    await role.stop();
  });

  it("keeps other dialects in folders of their own beside it", async () => {
    const [one, other] = [await start({ paused: true }), await start({ dialect: "aster", paused: true })];
    expect(other.address).toMatchObject({ dialect: "aster", folder: join(home, "sim", "aster") });
    expect(other.address.url).not.toBe(one.address.url);
    await Promise.all([one.stop(), other.stop()]);
  });

  it("enforces what BOTSWAIN_LIMITS says of its exchange", async () => {
    const limits = JSON.stringify({ backpack: [{ name: "requests", limit: 2, windowMs: 60_000 }] });
    const role = await start({ paused: true }, { BOTSWAIN_LIMITS: limits });
    const statuses = [];
    for (let call = 0; call < 3; call += 1) statuses.push((await fetch(`${role.address.url}/api/v1/ping`)).status);
    expect(statuses).toEqual([200, 200, 429]);
    await role.stop();
  });

  it("refuses wrong choices in one sentence each", async () => {
    await expect(start({ dialect: "mtgox" })).rejects.toThrow(/does not speak "mtgox"/);
    await expect(start({ funding: "7" })).rejects.toThrow(/funding rate 7 must be from -1 to 1/);
    await expect(start({ funding: "x.csv" })).rejects.toThrow(/x\.csv/);
    await expect(start({ faults: join(home, "none.yaml") })).rejects.toThrow(/none\.yaml cannot be read/);
    expect(() => loadSettings({ BOTSWAIN_HOME: home, BOTSWAIN_ENV_FILE: "", BOTSWAIN_SIM_SPEED: "0" })).toThrow(/"0" but should be/);
  });

  it("explains its options with an example", () => {
    const program = new Command();
    addExchangeSim(program);
    let help = "";
    program.commands[0]
      ?.configureOutput({
        writeOut: (text) => {
          help += text;
        },
      })
      .outputHelp();
    for (const option of ["--dialect", "--data", "--speed", "--seed", "--port", "--faults", "--funding", "--paused", "--json"])
      expect(help).toContain(option);
    expect(help).toContain("$ botswain exchange-sim --dialect");
  });
});
