// Three bots side by side in real processes: one is killed, the others do not notice, and all books agree.

import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { expectSameBooks, openAtExchange } from "./books.ts";
import { FleetUnderTest, until } from "./fleet.ts";

const BOTS = ["eth_grid", "btc_grid", "sol_grid"] as const;

describe("three bots on one account", () => {
  const fleet = new FleetUnderTest();
  beforeAll(() => fleet.up(), 60_000);
  afterAll(() => fleet.destroy(), 60_000);

  it("starts the presets as typed and fills arrive", async () => {
    for (const id of BOTS) await fleet.start(id);
    for (const id of BOTS) {
      await until(
        `${id} trades`,
        async () => {
          const status = await fleet.status(id);
          return status.state === "running" && status.fills > 0 && status.openOrders > 0;
        },
        90_000,
      );
    }
    const status = await fleet.exec("/status");
    expect(status.data.bots).toHaveLength(3);
    for (const bot of status.data.bots) {
      for (const field of [
        "id",
        "mode",
        "state",
        "desired",
        "strategy",
        "exchange",
        "account",
        "symbol",
        "epoch",
        "position",
        "lastPrice",
        "realizedPnl",
        "unrealizedPnl",
        "gridProfit",
        "fees",
        "netPnl",
        "openOrders",
        "fills",
        "lastTickAgeMs",
        "lastError",
        "host",
        "pid",
      ]) {
        expect(bot, field).toHaveProperty(field);
      }
      for (const field of ["position", "realizedPnl", "unrealizedPnl", "gridProfit", "fees", "netPnl", "lastPrice"])
        expect(bot[field], field).toMatch(/^-?\d+(\.\d+)?$/);
      expect(bot.mode).toBe("sim");
    }
  });

  it("brings a killed instance back under a new epoch; the pids, epochs and orders of the others are unchanged", async () => {
    const before = await Promise.all(BOTS.map((id) => fleet.status(id)));
    const victim = before[0];
    if (victim?.pid == null) throw new Error("eth_grid has no pid");
    const untouched = new Map<string, string[]>();
    for (const bot of before.slice(1))
      untouched.set(
        bot.id,
        (await openAtExchange(fleet, bot.symbol)).map((order) => order.id),
      );
    process.kill(victim.pid, "SIGKILL");
    const after = await until("eth_grid runs again", async () => {
      const status = await fleet.status("eth_grid");
      return status.state === "running" && status.epoch > victim.epoch && status.pid !== victim.pid ? status : undefined;
    });
    expect(after.epoch).toBe(victim.epoch + 1);
    for (const [index, bot] of before.entries()) {
      if (index === 0) continue;
      const now = await fleet.status(bot.id);
      expect(now).toMatchObject({ pid: bot.pid, epoch: bot.epoch, state: "running" });
      // Whatever is gone from their orders was filled, not canceled.
      const left = new Set((await openAtExchange(fleet, bot.symbol)).map((order) => order.id));
      const fills = await fleet.exec(`/fills ${bot.id} 1000`);
      const filled = new Set((fills.data.fills ?? fills.data).map((fill: { exchangeOrderId: string }) => fill.exchangeOrderId));
      for (const id of untouched.get(bot.id) ?? []) expect(left.has(id) || filled.has(id), `${bot.id} order ${id}`).toBe(true);
    }
  });

  it("kill -9 of everything, then up again: the bots resume and no fill is lost or doubled", async () => {
    const before = await Promise.all(BOTS.map((id) => fleet.status(id)));
    fleet.killAll();
    await fleet.up();
    for (const bot of before) {
      await until(`${bot.id} resumes`, async () => {
        const status = await fleet.status(bot.id);
        return status.state === "running" && status.epoch > bot.epoch && status.fills >= bot.fills;
      });
    }
  });

  it("stops without leaving an order, and every ledger equals the exchange's own trade list", async () => {
    for (const id of BOTS) expect((await fleet.exec(`/stop ${id}`)).ok, id).toBe(true);
    for (const id of BOTS) {
      const status = await fleet.status(id);
      expect(status.state).toBe("stopped");
      expect(await openAtExchange(fleet, status.symbol)).toEqual([]);
      expect(await expectSameBooks(fleet, id, status.symbol)).toBeGreaterThan(0);
    }
    const requests = await fleet.sim<{ accounts?: Record<string, { rejected429?: number }> }>("/sim/requests");
    expect(JSON.stringify(requests)).toContain("sim");
  });
});
