// One bot's quotas in a running fleet: what is beyond them slows that bot alone, and says so once.

import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type BotConfig, botConfigSchema } from "../../src/core/bot-config.ts";
import { type Database, openDatabase } from "../../src/storage/database.ts";
import { FleetUnderTest, until } from "./fleet.ts";

describe("a bot beyond its quotas", () => {
  const fleet = new FleetUnderTest();
  let db: Database;
  beforeAll(async () => {
    await fleet.up();
    await fleet.start("btc_grid");
    db = await openDatabase(`file:${join(fleet.home, "botswain.db")}`);
  }, 120_000);
  afterAll(async () => {
    await db.close();
    await fleet.destroy();
  }, 60_000);

  /** Stores the configuration with other quotas as its next version; the fleet takes it over by itself. */
  async function setQuotas(botId: string, quotas: Partial<BotConfig["quotas"]>): Promise<void> {
    const current = await db.prisma.botConfigVersion.findFirstOrThrow({ where: { botId }, orderBy: { version: "desc" } });
    const config = botConfigSchema.parse(JSON.parse(current.json));
    const json = JSON.stringify({ ...config, quotas: { ...config.quotas, ...quotas } });
    await db.transact((tx) =>
      tx.botConfigVersion.create({ data: { botId, version: current.version + 1, json, createdAt: BigInt(Date.now()) } }),
    );
  }

  /** What was told about resources, by bot. */
  async function told(words: string): Promise<readonly (string | null)[]> {
    const alerts = await db.prisma.alert.findMany({ where: { json: { contains: words } } });
    return alerts.map(({ botId }) => botId);
  }

  it("waits alone, says so once, and its neighbour trades on", async () => {
    const neighbour = await fleet.status("btc_grid");
    await setQuotas("eth_grid", { requestsPerMinute: 10 });
    await fleet.start("eth_grid");
    await until("the bot was told to be slowed down", async () => (await told("quotas.requestsPerMinute 10")).length > 0, 75_000);
    expect(await told("quotas.requestsPerMinute 10")).toEqual(["eth_grid"]);
    const now = await fleet.status("btc_grid");
    expect(now).toMatchObject({ state: "running", pid: neighbour.pid, epoch: neighbour.epoch });
    expect(now.openOrders).toBeGreaterThan(0);
    expect((await fleet.status("eth_grid")).openOrders).toBeLessThanOrEqual(10);
    // With its quota used up the bot still comes to rest: cancels and reconciliation are never held back.
    const stopped = await fleet.exec("/stop eth_grid keep");
    expect(stopped.ok, stopped.stdout + stopped.stderr).toBe(true);
    expect(await fleet.status("eth_grid")).toMatchObject({ state: "stopped", openOrders: 0 });
  }, 240_000);

  it("is made anew when its process is as large as its quota, and that is told", async () => {
    const before = await fleet.status("btc_grid");
    // No process that holds an exchange fits in so little: it begins anew once, and is then left alone and told of.
    await setQuotas("btc_grid", { memoryMb: 128 });
    await until("the memory was told of", async () => (await told("quotas.memoryMb")).length > 0);
    expect(new Set(await told("quotas.memoryMb"))).toEqual(new Set(["btc_grid"]));
    const after = await until("a process under another epoch trades", async () => {
      const now = await fleet.status("btc_grid");
      return now.state === "running" && now.epoch > before.epoch ? now : null;
    });
    expect(after.pid).not.toBe(before.pid);
  });
});
