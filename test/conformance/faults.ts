// Conformance: broken wires, refusals of every kind, and what an adapter must never do.

import { inspect } from "node:util";
import { expect } from "vitest";
import type { OrderLookup } from "../../src/core/ports.ts";
import { connectTo } from "../exchanges/stub-exchange.ts";
import { admin, until } from "../sim/loopback-exchange.ts";
import { numbered } from "./case.ts";
import { World } from "./world.ts";

async function placedUnder(world: World, fault: Readonly<Record<string, unknown>>) {
  const order = await world.order();
  const createdAt = Date.now() - 500;
  await world.fault(world.subject.routes.place, { times: 1, ...fault });
  const outcome = await world.place(order);
  await world.heal();
  return { order, outcome, ref: { symbol: world.perp, clientOrderId: order.clientOrderId, exchangeOrderId: null, createdAt } };
}

/** Asks as reconciliation does, until the answer is one. */
async function asked(world: World, ref: Parameters<World["port"]["lookup"]>[0]): Promise<OrderLookup> {
  return await until("an answer", async () => {
    const found = await world.port.lookup(ref);
    return found.found === "unknown" ? null : found;
  });
}

export const FAULTS = [
  numbered(81, "a request that is lost before it arrives is unknown, and then not found", async (world) => {
    const { outcome, ref } = await placedUnder(world, { kind: "dropRequest" });
    expect(outcome.outcome).toBe("unknown");
    expect(await asked(world, ref)).toMatchObject({ found: "notFound" });
    expect(world.open()).toBe(0);
  }),
  numbered(82, "an answer that is lost is unknown, and then found by our id: never a second order", async (world) => {
    const { outcome, ref } = await placedUnder(world, { kind: "dropResponse" });
    expect(outcome.outcome).toBe("unknown");
    expect(await asked(world, ref)).toMatchObject({ found: "open", order: { clientOrderId: ref.clientOrderId } });
    expect(world.open()).toBe(1);
  }),
  numbered(83, "a 500 is unknown", async (world) => {
    expect((await placedUnder(world, { kind: "status", status: 500 })).outcome.outcome).toBe("unknown");
  }),
  numbered(84, "a 503 after the order was taken is unknown, and then found", async (world) => {
    const { outcome, ref } = await placedUnder(world, { kind: "status", status: 503, phase: "response" });
    expect(outcome.outcome).toBe("unknown");
    expect(await asked(world, ref)).toMatchObject({ found: "open" });
  }),
  numbered(85, "half an answer is unknown", async (world) => {
    expect((await placedUnder(world, { kind: "malformed" })).outcome.outcome).toBe("unknown");
    // Some exchanges answer before they carry it out.
    await expect.poll(() => world.open()).toBe(1);
  }),
  numbered(86, "a 429 is a refusal and stops the fleet", async (world) => {
    const before = world.one.permits.blocks.length;
    const { outcome } = await placedUnder(world, { kind: "status", status: 429 });
    expect(outcome.outcome).toBe("rejected");
    expect(world.one.permits.blocks.length).toBeGreaterThan(before);
    expect(world.open()).toBe(0);
  }),
  numbered(87, "a 418 stops the fleet and proves nothing", async (world) => {
    const before = world.one.permits.blocks.length;
    const { outcome } = await placedUnder(world, { kind: "status", status: 418 });
    expect(outcome.outcome).toBe("unknown");
    expect(world.one.permits.blocks.length).toBeGreaterThan(before);
  }),
  numbered(88, "a lost answer to a cancel is unknown, never canceled", async (world) => {
    const ref = await world.resting();
    await world.fault(world.subject.routes.cancel, { kind: "dropResponse", times: 1 });
    const outcome = await world.port.cancel(ref, "cancel");
    expect(["unknown", "notFound"]).toContain(outcome.outcome);
    await world.heal();
    await expect.poll(() => world.open()).toBe(0);
  }),
  numbered(89, "a read that fails throws, it never shows an empty account", async (world) => {
    await world.resting();
    for (const fault of [
      { kind: "status", status: 500 },
      { kind: "dropRequest" },
      { kind: "malformed" },
      { kind: "status", status: 429 },
    ]) {
      await world.fault(world.subject.routes.openOrders, { times: 20, ...fault });
      await expect(world.port.snapshot([world.perp])).rejects.toThrow();
      await world.heal();
    }
    expect((await world.port.snapshot([world.perp])).openOrders).toHaveLength(1);
  }),
  numbered(90, "a history that cannot be read throws", async (world) => {
    await world.fault(world.subject.routes.fills, { kind: "status", status: 503, times: 20 });
    await expect(world.port.fillsSince(world.perp, Date.now() - 1_000)).rejects.toThrow();
  }),
  numbered(91, "a lookup that cannot be answered is unknown, never not found", async (world) => {
    const ref = await world.resting();
    await world.fault({ method: "GET", path: "/" }, { kind: "status", status: 503, times: 50 });
    expect(await world.port.lookup(ref)).toMatchObject({ found: "unknown" });
  }),
];

export const ACCOUNTS = [
  numbered(92, "leverage is set and again set without a fault", async (world) => {
    const { port } = world;
    if (port.setPerp === undefined) throw new Error("leverage cannot be set here: list this case as skipped");
    await port.setPerp(world.perp, { leverage: 5 });
    await port.setPerp(world.perp, { leverage: 5 });
  }),
  numbered(93, "the dead-man switch cancels what is open when nobody renews it, and not before", async (world) => {
    const { port } = world;
    if (port.deadManSwitch === undefined) throw new Error("there is no dead-man switch here: list this case as skipped");
    await world.resting();
    await port.deadManSwitch([world.perp], null);
    expect(world.open()).toBe(1);
    await port.deadManSwitch([world.perp], 1_000);
    expect(world.open()).toBe(1);
    await expect.poll(() => world.open(), { timeout: 10_000 }).toBe(0);
  }),
  numbered(94, "wrong credentials are refused as such, without showing them", async (world) => {
    const account = World.access(world.subject, world.sim, "one");
    const other = World.access(world.subject, world.sim, "two");
    const mixed = {
      ...account,
      credentials: { ...account.credentials, ...pick(other.credentials, ["secret", "privateKey", "apiPrivateKey"]) },
    };
    let told: unknown = null;
    try {
      const { port } = await connectTo(mixed);
      try {
        await port.snapshot([world.perp]);
      } finally {
        await port.close();
      }
    } catch (error) {
      told = error;
    }
    expect(told).toBeInstanceOf(Error);
    for (const [name, secret] of Object.entries(mixed.credentials))
      if (/secret|private/i.test(name)) expect(inspect(told, { depth: 8 })).not.toContain(secret.reveal());
  }),
  numbered(95, "paper mode sends no order", async (world) => {
    const account = World.access(world.subject, world.sim, "one");
    const port = await connectTo(account).then((connected) => connected.port);
    try {
      const order = await world.order();
      Object.assign(account, { mode: "paper" });
      expect(await port.place(world.perp, order, "open", Promise.resolve(true))).toMatchObject({ outcome: "denied", code: "paper" });
      expect(world.open()).toBe(0);
    } finally {
      await port.close();
    }
  }),
  numbered(96, "two accounts in one process place each for itself", async (world) => {
    const [mine, theirs] = [await world.order(), await world.order()];
    const outcomes = await Promise.all([world.place(mine), world.place(theirs, world.perp, world.two.port)]);
    expect(outcomes.map(({ outcome }) => outcome)).toEqual(["accepted", "accepted"]);
    expect(world.sim.exchange.state.account("one").open.size).toBe(1);
    expect(world.sim.exchange.state.account("two").open.size).toBe(1);
    await world.two.port.cancel(
      { symbol: world.perp, clientOrderId: theirs.clientOrderId, exchangeOrderId: null, createdAt: Date.now() },
      "cancel",
    );
  }),
  numbered(97, "nothing printed of the adapter holds a secret", async (world) => {
    const account = World.access(world.subject, world.sim, "one");
    const shown = [inspect(world.port, { depth: 9, showHidden: true }), JSON.stringify(world.port)].join();
    for (const [name, secret] of Object.entries(account.credentials))
      if (/secret|private/i.test(name)) expect(shown).not.toContain(secret.reveal());
  }),
  numbered(98, "every request took a permit", async (world) => {
    const before = world.one.permits.taken.length;
    const counted = async (): Promise<number> => {
      const { accounts } = (await admin(world.sim, "GET", "/sim/requests")) as { accounts: Record<string, { total: number }> };
      return Object.values(accounts).reduce((sum, { total }) => sum + total, 0);
    };
    const arrived = await counted();
    const ref = await world.resting();
    await world.port.lookup(ref);
    await world.port.cancel(ref, "cancel");
    await world.port.snapshot([world.perp]);
    expect(world.one.permits.taken.length - before).toBeGreaterThanOrEqual((await counted()) - arrived);
  }),
];

function pick<T>(record: Readonly<Record<string, T>>, names: readonly string[]): Record<string, T> {
  return Object.fromEntries(Object.entries(record).filter(([name]) => names.includes(name)));
}
