// A running fleet is adjusted in place, and follows its exchange to another port.

import { readFileSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openAtExchange } from "./books.ts";
import { FleetUnderTest, until } from "./fleet.ts";

describe("a running bot", () => {
  const fleet = new FleetUnderTest();
  let squatter: Server | null = null;
  beforeAll(async () => {
    await fleet.up();
    await fleet.start("eth_grid");
  }, 90_000);
  afterAll(async () => {
    squatter?.close();
    await fleet.destroy();
  }, 60_000);

  const endpoint = (): { url: string; pid: number } => JSON.parse(readFileSync(join(fleet.home, "sim", "endpoint.json"), "utf8"));
  const paramOf = async (name: string): Promise<string> => {
    const { data } = await fleet.exec("/adjust eth_grid");
    return (data.params as { name: string; value: string }[]).find((param) => param.name === name)?.value ?? "";
  };

  it("takes other parameters over without a restart, and keeps them for the next one", async () => {
    const before = await fleet.status("eth_grid");
    const reply = await fleet.exec("/adjust eth_grid orderQuantity=0.02");
    expect(reply.ok, reply.stdout + reply.stderr).toBe(true);
    expect(await paramOf("orderQuantity")).toBe("0.02");
    await until("the orders have the new quantity", async () => {
      const { data } = await fleet.exec("/orders eth_grid");
      const orders = data.orders as { quantity: string }[];
      return orders.length > 0 && orders.every(({ quantity }) => Number(quantity) <= 0.02);
    });
    expect(await fleet.status("eth_grid")).toMatchObject({ pid: before.pid, epoch: before.epoch, state: "running" });
    expect((await fleet.exec("/restart eth_grid")).ok).toBe(true);
    expect(await paramOf("orderQuantity")).toBe("0.02");
  });

  it("that refuses new parameters trades on as it was, and its configuration is as before", async () => {
    const reply = await fleet.exec("/adjust eth_grid orderQuantity=0.00000001");
    expect(reply.ok).toBe(false);
    expect(await paramOf("orderQuantity")).toBe("0.02");
    expect(await fleet.status("eth_grid")).toMatchObject({ state: "running" });
  });

  it("follows its exchange to another port", async () => {
    const before = endpoint();
    const { pid, epoch } = await fleet.status("eth_grid");
    process.kill(before.pid, "SIGKILL");
    // Whoever takes the port first keeps the exchange from coming back to it.
    const port = Number(new URL(before.url).port);
    await until("the port is taken", () => {
      const server = createServer();
      return new Promise<boolean>((resolve) => {
        server.once("error", () => resolve(false));
        server.listen(port, "127.0.0.1", () => {
          squatter = server;
          resolve(true);
        });
      });
    });
    const after = await until("the exchange listens elsewhere", async () => (endpoint().url === before.url ? null : endpoint()));
    expect(after.pid).not.toBe(before.pid);
    const status = await until("the bot trades there", async () => {
      const now = await fleet.status("eth_grid");
      return now.state === "running" && now.epoch > epoch && now.openOrders > 0 ? now : null;
    });
    expect(status.pid).not.toBe(pid);
    const open = await openAtExchange(fleet, "ETH/USDC:USDC");
    expect(open.length).toBeGreaterThan(0);
  });
});
