// A bot on another exchange's simulation, in real processes: the whole way from a file to orders, fills and a clean stop.

import { type ChildProcess, spawn } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { botswain, FleetUnderTest, PROJECT, until } from "./fleet.ts";

const EXCHANGES = [
  ["aster", "ETH/USDT:USDT"],
  ["paradex", "ETH/USD:USDC"],
] as const;

const botOf = (exchange: string, symbol: string): string => `
version: 1
bots:
  - id: other_grid
    strategy: perp_grid
    exchange: ${exchange}
    account: sim
    symbol: ${symbol}
    mode: sim
    params: { gridType: neutral, gridMode: geometric, gridNum: 20, priceRangePercent: 3, orderQuantity: 0.05 }
    risk: { maxPosition: 2 }
`;

describe.each(EXCHANGES)("a bot on the simulated %s beside one on the simulated Backpack", (exchange, symbol) => {
  const fleet = new FleetUnderTest();
  let other: ChildProcess | null = null;

  function endpoint(): string {
    return (JSON.parse(readFileSync(join(fleet.home, "sim", exchange, "endpoint.json"), "utf8")) as { url: string }).url;
  }
  async function openOrders(): Promise<number> {
    const answer = await fetch(`${endpoint()}/sim/orders?account=sim`);
    return ((await answer.json()) as unknown[]).length;
  }

  beforeAll(async () => {
    await fleet.up();
    other = spawn(process.execPath, [join(PROJECT, "bin", "botswain"), "exchange-sim", "--dialect", exchange], {
      env: { ...process.env, ...fleet.env },
      stdio: "ignore",
    });
    await until(`the simulated ${exchange} listens`, async () => (await fetch(`${endpoint()}/sim/state`)).ok);
    const file = join(fleet.home, "other.yaml");
    writeFileSync(file, botOf(exchange, symbol));
    const imported = await botswain(["config", "import", file, "--json"], fleet.env);
    expect(imported.code, imported.stdout + imported.stderr).toBe(0);
  }, 90_000);
  afterAll(async () => {
    other?.kill("SIGKILL");
    await fleet.destroy();
  }, 60_000);

  it("trades, and its neighbour on Backpack too", async () => {
    await fleet.start("eth_grid");
    await fleet.start("other_grid");
    for (const id of ["eth_grid", "other_grid"])
      await until(`${id} trades`, async () => ((await fleet.status(id)).fills > 0 ? true : null), 120_000);
    const status = await fleet.status("other_grid");
    expect(status).toMatchObject({ state: "running", mode: "sim", symbol });
    expect(status.openOrders).toBe(await openOrders());
  }, 150_000);

  it("comes back with its orders after SIGKILL of its process", async () => {
    const before = await fleet.status("other_grid");
    process.kill(before.pid ?? 0, "SIGKILL");
    const after = await until("a new process", async () => {
      const status = await fleet.status("other_grid");
      return status.pid !== null && status.pid !== before.pid && status.state === "running" ? status : null;
    });
    expect(after.epoch).toBeGreaterThan(before.epoch);
    await until("as many orders as before", async () => (await openOrders()) >= before.openOrders - 2);
  }, 60_000);

  it("leaves no order behind after /stop", async () => {
    const stopped = await fleet.exec("/stop other_grid");
    expect(stopped.ok, stopped.text).toBe(true);
    expect(await openOrders()).toBe(0);
  }, 60_000);
});
