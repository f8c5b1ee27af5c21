// Two workers: one is stopped with its instance, the other takes over, and the first places nothing when it wakes up.

import { type ChildProcess, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { expectSameBooks, openAtExchange } from "./books.ts";
import { FleetUnderTest, PROJECT, processesOf, until } from "./fleet.ts";

function commandLine(pid: number): string {
  return readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ");
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

describe.skipIf(process.platform !== "linux")("a stopped worker", () => {
  const fleet = new FleetUnderTest();
  let second: ChildProcess | null = null;
  let output = "";
  beforeAll(() => fleet.up(), 60_000);
  afterAll(async () => {
    second?.kill("SIGKILL");
    await fleet.destroy();
  }, 60_000);

  it("is taken over, and its old instance places nothing after SIGCONT", async () => {
    await fleet.start("eth_grid");
    const before = await until("eth_grid runs", async () => {
      const status = await fleet.status("eth_grid");
      return status.state === "running" && status.openOrders > 0 ? status : undefined;
    });
    const workers = processesOf(fleet.home).filter((pid) => /main\.js worker|role-main\.js worker/.test(commandLine(pid)));
    expect(workers).toHaveLength(1);
    second = spawn(process.execPath, [join(PROJECT, "bin", "botswain"), "worker"], {
      env: { ...process.env, ...fleet.env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    for (const stream of [second.stdout, second.stderr]) stream?.on("data", (chunk: Buffer) => (output += chunk.toString()));
    const frozen = [workers[0] ?? -1, before.pid ?? -1];
    for (const pid of frozen) process.kill(pid, "SIGSTOP");
    const after = await until(
      "the second worker takes over",
      async () => {
        const status = await fleet.status("eth_grid");
        return status.epoch > before.epoch && status.state === "running" && status.pid !== before.pid ? status : undefined;
      },
      60_000,
    ).catch((error: unknown) => {
      throw new Error(`${String(error)}\n${output.slice(-3_000)}`);
    });
    for (const pid of frozen) process.kill(pid, "SIGCONT");
    // The old holder fences itself: its process ends.
    await until("the old instance is gone", async () => !isAlive(before.pid ?? -1), 30_000);
    const rows = (await fleet.exec("/orders eth_grid")).data;
    const orders = (Array.isArray(rows) ? rows : rows.orders) as { clientOrderId: string; epoch: number }[];
    const epochs = new Map(orders.map((order) => [order.clientOrderId, order.epoch]));
    const status = await fleet.status("eth_grid");
    expect(status).toMatchObject({ epoch: after.epoch, pid: after.pid, state: "running" });
    for (const order of await openAtExchange(fleet, status.symbol))
      expect(epochs.get(String(order.clientId)), `order ${order.clientId}`).toBeDefined();
    const prices = new Map<string, number>();
    for (const order of (await openAtExchange(fleet, status.symbol)) as unknown as { side: string; price: string }[]) {
      prices.set(`${order.side} ${order.price}`, (prices.get(`${order.side} ${order.price}`) ?? 0) + 1);
    }
    // A level may carry an entry and the exit of its neighbour at one price, never more.
    for (const [place, count] of prices) expect(count, place).toBeLessThanOrEqual(2);
    expect((await fleet.exec("/stop eth_grid")).ok).toBe(true);
    expect(await openAtExchange(fleet, status.symbol)).toEqual([]);
    await expectSameBooks(fleet, "eth_grid", status.symbol);
  }, 180_000);
});
