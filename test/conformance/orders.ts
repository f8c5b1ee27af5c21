// Conformance: placing and canceling one order, and what becomes of it.

import { expect } from "vitest";
import { toPrice, toQuantity } from "../../src/core/instrument.ts";
import type { Lots, Ticks } from "../../src/core/units.ts";
import { numbered } from "./case.ts";
import type { World } from "./world.ts";

/** The exchange's own view of the only open order of account one. */
function theOrder(world: World) {
  const orders = [...world.sim.exchange.state.account("one").open.values()];
  expect(orders).toHaveLength(1);
  const [order] = orders;
  if (order === undefined) throw new Error("no order");
  return order;
}

async function refused(world: World, fields: Parameters<World["order"]>[0]): Promise<void> {
  const before = world.open();
  const outcome = await world.place(await world.order(fields));
  expect(["rejected", "denied"]).toContain(outcome.outcome);
  expect(world.open()).toBe(before);
}

export const PLACING = [
  numbered(10, "a post-only order rests at the exchange with our price, quantity and id", async (world) => {
    const ref = await world.resting({ postOnly: true });
    const { request, executed } = theOrder(world);
    expect(request).toMatchObject({ price: ref.order.price, quantity: ref.order.quantity, side: "buy", postOnly: true });
    expect(executed).toBe(0);
    const { openOrders } = await world.port.snapshot([world.perp]);
    expect(openOrders).toHaveLength(1);
    expect(openOrders[0]).toMatchObject({
      ...{ clientOrderId: ref.clientOrderId, exchangeOrderId: ref.exchangeOrderId, side: "buy", postOnly: true, reduceOnly: false },
      ...{ price: ref.order.price, quantity: ref.order.quantity, filledQuantity: 0, symbol: world.perp },
    });
  }),
  numbered(11, "a sell rests above the market", async (world) => {
    const ref = await world.resting({ side: "sell", price: Math.round(world.touch().ask * 1.03) as Ticks });
    expect(theOrder(world).request).toMatchObject({ side: "sell", price: ref.order.price });
  }),
  numbered(12, "an immediate-or-cancel order takes and is closed in the answer or soon after", async (world) => {
    const since = Date.now() - 1_000;
    const ref = await world.take("buy");
    const fills = await world.fillsOf(ref, ref.order.quantity, since);
    expect(fills.reduce((sum, fill) => sum + fill.quantity, 0)).toBe(ref.order.quantity);
    expect(world.open()).toBe(0);
  }),
  numbered(13, "an immediate-or-cancel order that cannot fill leaves nothing behind", async (world) => {
    const order = await world.order({ timeInForce: "ioc" });
    const outcome = await world.place(order);
    if (outcome.outcome === "accepted") expect(outcome.filledQuantity).toBe(0);
    else expect(outcome.outcome).toBe("rejected");
    expect(world.open()).toBe(0);
  }),
  numbered(14, "a post-only order that would take never takes", async (world) => {
    const { ask } = world.touch();
    const fillsBefore = world.sim.exchange.state.account("one").fills.length;
    const outcome = await world.place(await world.order({ price: (ask + 5) as Ticks, postOnly: true }));
    if (outcome.outcome === "accepted") expect(outcome.filledQuantity).toBe(0);
    else expect(outcome.outcome).toBe("rejected");
    expect(world.sim.exchange.state.account("one").fills.length).toBe(fillsBefore);
    expect(world.open()).toBe(0);
  }),
  numbered(15, "an order beyond the account's margin is rejected, not unknown", async (world) => {
    const order = await world.order({ quantity: await world.quantity(90_000_000) });
    const createdAt = Date.now() - 500;
    const outcome = await world.place(order);
    expect(outcome.outcome).toBe(world.subject.refusesLate === true ? "accepted" : "rejected");
    expect(world.open()).toBe(0);
    if (outcome.outcome !== "accepted") return;
    const ref = { symbol: world.perp, clientOrderId: order.clientOrderId, exchangeOrderId: outcome.exchangeOrderId, createdAt };
    expect(await world.port.lookup(ref)).toMatchObject({ found: "closed", filledQuantity: 0 });
  }),
  numbered(16, "a reduce-only order without a position does nothing", async (world) => {
    const { bid } = world.touch();
    const order = await world.order({ side: "sell", price: Math.round(bid * 0.99) as Ticks, timeInForce: "ioc", reduceOnly: true });
    const outcome = await world.place(order);
    if (outcome.outcome === "accepted") expect(outcome.filledQuantity).toBe(0);
    else expect(outcome.outcome).toBe("rejected");
    expect((await world.port.snapshot([world.perp])).positions[0]?.quantity).toBe(0);
  }),
  numbered(17, "a reduce-only order closes a position and never turns it", async (world) => {
    const { order } = await world.take("buy");
    const { bid } = world.touch();
    await world.place(
      await world.order({
        ...{ side: "sell", price: Math.round(bid * 0.99) as Ticks, timeInForce: "ioc", reduceOnly: true },
        quantity: (order.quantity * 3) as Lots,
      }),
    );
    const { positions } = await world.port.snapshot([world.perp]);
    expect(positions[0]?.quantity).toBeGreaterThanOrEqual(0);
  }),
  numbered(18, "the same id a second time, while the first order is open, makes no second order", async (world) => {
    const { order } = await world.resting();
    const outcome = await world.place(order);
    expect(["rejected", "unknown"]).toContain(outcome.outcome);
    expect(world.open()).toBe(1);
  }),
  numbered(19, "a quantity of zero is refused before anything is sent", async (world) => {
    const before = world.one.permits.taken.length;
    expect(await world.place(await world.order({ quantity: 0 as Lots }))).toMatchObject({ outcome: "denied" });
    expect(world.one.permits.taken.length).toBe(before);
  }),
  numbered(20, "a price of zero is refused before anything is sent", async (world) => {
    const before = world.one.permits.taken.length;
    expect(await world.place(await world.order({ price: 0 as Ticks }))).toMatchObject({ outcome: "denied" });
    expect(world.one.permits.taken.length).toBe(before);
  }),
  numbered(21, "post-only and immediate-or-cancel at once is refused", (world) => refused(world, { postOnly: true, timeInForce: "ioc" })),
  numbered(22, "an id that is none of ours is refused", (world) => refused(world, { clientOrderId: "not-a-number" })),
  numbered(23, "an order whose intent could not be stored is not sent", async (world) => {
    const order = await world.order();
    expect(await world.port.place(world.perp, order, "open", Promise.resolve(false))).toMatchObject({
      outcome: "denied",
      code: "notStored",
    });
    expect(await world.port.place(world.perp, order, "open", Promise.reject(new Error("disk full")))).toMatchObject({ outcome: "denied" });
    expect(world.open()).toBe(0);
  }),
  numbered(24, "a fenced instance sends no order", async (world) => {
    world.one.fence = (kind) => (kind === "place" ? "the lease is old" : null);
    try {
      expect(await world.place(await world.order())).toMatchObject({ outcome: "denied", code: "fenced" });
    } finally {
      world.one.fence = () => null;
    }
    expect(world.open()).toBe(0);
  }),
  numbered(25, "an order without a permit is not sent", async (world) => {
    const { answer } = world.one.permits;
    world.one.permits.answer = async () => ({ granted: false, code: "queueFull", message: "no room", retryInMs: 10 });
    try {
      expect(await world.place(await world.order())).toMatchObject({ outcome: "denied", code: "queueFull" });
    } finally {
      world.one.permits.answer = answer;
    }
    expect(world.open()).toBe(0);
  }),
  numbered(26, "odd ticks and lots arrive to the last digit", async (world) => {
    const instrument = await world.instrument();
    const { bid } = world.touch();
    const quantity = ((await world.quantity(700)) + 7) as Lots;
    const ref = await world.resting({ price: (Math.round(bid * 0.97) - 3) as Ticks, quantity });
    const [open] = (await world.port.snapshot([world.perp])).openOrders;
    expect(open).toBeDefined();
    if (open === undefined) return;
    expect(toPrice(instrument, open.price)).toBe(toPrice(instrument, ref.order.price));
    expect(toQuantity(instrument, open.quantity)).toBe(toQuantity(instrument, quantity));
    expect(theOrder(world).request).toMatchObject({ price: ref.order.price, quantity });
  }),
  numbered(27, "the answer to an order that took names what was filled, or the fills soon do", async (world) => {
    const since = Date.now() - 1_000;
    const { ask } = world.touch();
    const order = await world.order({ price: (ask + 2) as Ticks });
    const outcome = await world.place(order);
    if (outcome.outcome !== "accepted") throw new Error(`not accepted: ${JSON.stringify(outcome)}`);
    const { exchangeOrderId } = outcome;
    const { clientOrderId } = order;
    const fills = await world.fillsOf({ symbol: world.perp, clientOrderId, exchangeOrderId, createdAt: since }, 1, since);
    expect(fills.length).toBeGreaterThan(0);
  }),
  numbered(28, "four orders at once are four orders", async (world) => {
    const { bid } = world.touch();
    const orders = await Promise.all([...Array(4).keys()].map((step) => world.order({ price: (Math.round(bid * 0.96) - step) as Ticks })));
    const outcomes = await Promise.all(orders.map((order) => world.place(order)));
    expect(outcomes.map(({ outcome }) => outcome)).toEqual(Array(4).fill("accepted"));
    expect(new Set(outcomes.map((one) => (one.outcome === "accepted" ? one.exchangeOrderId : ""))).size).toBe(4);
    const { openOrders } = await world.port.snapshot([world.perp]);
    expect(openOrders.map((order) => order.clientOrderId).sort()).toEqual(orders.map((order) => order.clientOrderId).sort());
  }),
];

export const CANCELING = [
  numbered(30, "an order is canceled by the exchange's id", async (world) => {
    const ref = await world.resting();
    const outcome = await world.port.cancel(ref, "cancel");
    expect(["canceled", "unknown"]).toContain(outcome.outcome);
    await expect.poll(() => world.open()).toBe(0);
    if (outcome.outcome === "canceled" && outcome.filledQuantity !== null) expect(outcome.filledQuantity).toBe(0);
  }),
  numbered(31, "an order whose exchange id is not known is canceled by ours", async (world) => {
    const ref = await world.resting();
    const outcome = await world.port.cancel({ ...ref, exchangeOrderId: null }, "cancel");
    expect(["canceled", "unknown"]).toContain(outcome.outcome);
    await expect.poll(() => world.open()).toBe(0);
  }),
  numbered(32, "canceling an order that has filled is never reported as canceled with nothing filled", async (world) => {
    const ref = await world.resting({ postOnly: true });
    world.fill(ref, ref.order.quantity);
    expect(world.open()).toBe(0);
    const outcome = await world.port.cancel(ref, "cancel");
    expect(["notFound", "unknown", "canceled"]).toContain(outcome.outcome);
    if (outcome.outcome === "canceled") expect(outcome.filledQuantity).toBe(ref.order.quantity);
  }),
  numbered(33, "canceling twice does no harm", async (world) => {
    const ref = await world.resting();
    await world.port.cancel(ref, "cancel");
    await expect.poll(() => world.open()).toBe(0);
    const again = await world.port.cancel(ref, "cancel");
    expect(["notFound", "unknown", "canceled"]).toContain(again.outcome);
  }),
  numbered(34, "a cancel after a partial fill tells the whole filled quantity or none at all", async (world) => {
    const ref = await world.resting({ postOnly: true, quantity: await world.quantity(800) });
    const part = Math.floor(ref.order.quantity / 4) as Lots;
    world.fill(ref, part);
    expect(theOrder(world).executed).toBe(part);
    const outcome = await world.port.cancel(ref, "cancel");
    if (outcome.outcome === "canceled" && outcome.filledQuantity !== null) expect(outcome.filledQuantity).toBe(part);
    await expect.poll(() => world.open()).toBe(0);
  }),
  numbered(35, "an order of somebody else is not canceled", async (world) => {
    const ref = await world.resting();
    expect(await world.port.cancel({ ...ref, clientOrderId: "12" }, "cancel")).toMatchObject({ outcome: "denied", code: "notOurs" });
    expect(world.open()).toBe(1);
  }),
  numbered(36, "a cancel leaves the account's other orders alone", async (world) => {
    const keep = await world.resting();
    const ref = await world.resting({ price: (keep.order.price - 9) as Ticks });
    await world.port.cancel(ref, "panic");
    await expect.poll(() => world.open()).toBe(1);
    expect(theOrder(world).request.price).toBe(keep.order.price);
  }),
  numbered(37, "a cancel goes through while orders are fenced", async (world) => {
    const ref = await world.resting();
    world.one.fence = (kind) => (kind === "place" ? "the lease is old" : null);
    try {
      await world.port.cancel(ref, "cancel");
    } finally {
      world.one.fence = () => null;
    }
    await expect.poll(() => world.open()).toBe(0);
  }),
  numbered(38, "an order is changed in place, under the id that its answer names", async (world) => {
    const { port } = world;
    const ref = await world.resting({ postOnly: true });
    if (port.amend === undefined) throw new Error("the exchange changes no order in place: list this case as skipped");
    const price = (ref.order.price - 11) as Ticks;
    const { quantity } = ref.order;
    const to = { side: "buy", price, quantity, postOnly: true, reduceOnly: false } as const;
    expect(await port.amend(ref, to, Promise.resolve(true))).toMatchObject({ outcome: "amended", price, quantity });
    expect(theOrder(world).request).toMatchObject({ price, quantity });
  }),
];
