// What people wish of a running bot beside its parameters: limits, hours, quiet alerts and a drawdown that counts anew.

import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openAtExchange } from "./books.ts";
import { FleetUnderTest, until } from "./fleet.ts";

describe("a running bot", () => {
  const fleet = new FleetUnderTest();
  beforeAll(async () => {
    await fleet.up();
    await fleet.start("eth_grid");
  }, 90_000);
  afterAll(() => fleet.destroy(), 60_000);

  /** Hours in UTC that begin in two hours. */
  function laterToday(): string {
    const at = (hours: number): string => new Date(Date.now() + hours * 3_600_000).toISOString().slice(11, 16);
    return `${at(2)}-${at(4)}`;
  }

  it("begins anew under other limits, with the same orders, and says so only when they are in force", async () => {
    const before = await fleet.status("eth_grid");
    const orders = new Set((await openAtExchange(fleet, "ETH/USDC:USDC")).map(({ id }) => id));
    const reply = await fleet.exec("/adjust eth_grid risk.maxDrawdown=5000 notify.fills=silent");
    expect(reply.ok, reply.stdout + reply.stderr).toBe(true);
    const after = await fleet.status("eth_grid");
    expect(after.epoch).toBeGreaterThan(Number(before.epoch));
    expect(after.state).toBe("running");
    const kept = (await openAtExchange(fleet, "ETH/USDC:USDC")).filter(({ id }) => orders.has(id));
    expect(kept.length).toBeGreaterThan(0);
  });

  it("pauses outside its hours by itself, says until when, and goes on when they are taken away", async () => {
    const { epoch } = await fleet.status("eth_grid");
    const reply = await fleet.exec(`/adjust eth_grid schedule="${laterToday()}" schedule.timezone=UTC`);
    expect(reply.ok, reply.stdout + reply.stderr).toBe(true);
    const paused = await until("the bot pauses", async () => {
      const now = await fleet.status("eth_grid");
      return now.state === "paused" ? now : null;
    });
    expect(paused).toMatchObject({ desired: "running", epoch });
    expect(JSON.stringify(paused)).toMatch(/outside its hours until \d\d:\d\d \(UTC\)/);
    const started = await fleet.exec("/restart eth_grid");
    expect(started.ok, started.stdout + started.stderr).toBe(true);
    expect((await fleet.exec("/adjust eth_grid schedule=default")).ok).toBe(true);
    await until("the bot runs again", async () => (await fleet.status("eth_grid")).state === "running");
  });

  it("lets its drawdown count from now, and tells the peak", async () => {
    const reply = await fleet.exec("/resume eth_grid reset-peak");
    expect(reply.ok, reply.stdout + reply.stderr).toBe(true);
    const status = (await fleet.status("eth_grid")) as unknown as { readonly peakPnl: string; readonly state: string };
    expect(status.state).toBe("running");
    expect(Number.isFinite(Number(status.peakPnl))).toBe(true);
  });
});
