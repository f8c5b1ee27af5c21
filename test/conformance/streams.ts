// Conformance: what the streams tell, and how they come back.

import { expect } from "vitest";
import type { Lots, Ticks } from "../../src/core/units.ts";
import { numbered } from "./case.ts";
import type { Listener, World } from "./world.ts";

async function listening(world: World, run: (listener: Listener) => Promise<void>): Promise<void> {
  const listener = world.listen();
  try {
    await listener.ready();
    await run(listener);
  } finally {
    await listener.stop();
  }
}

function fillsOf(listener: Listener, clientOrderId: string) {
  return listener.of("fill").filter(({ fill }) => fill.clientOrderId === clientOrderId);
}

export const STREAMS = [
  numbered(70, "the book's best prices arrive and follow the market", (world) =>
    listening(world, async (listener) => {
      const last = () => listener.of("book").at(-1);
      expect(last()).toMatchObject({ symbol: world.perp });
      world.sim.driver.moveTo(world.listing(), Math.round(world.touch().bid * 1.01) as Ticks, null);
      const { bid, ask } = world.touch();
      await listener.until("the new touch", () => last()?.bestBid === bid && last()?.bestAsk === ask);
    }),
  ),
  numbered(71, "each of fifty fills of one order is an event of its own", (world) =>
    listening(world, async (listener) => {
      const ref = await world.resting({ postOnly: true, quantity: ((await world.quantity()) * 50) as Lots });
      for (let index = 0; index < 50; index += 1) world.fill(ref, (ref.order.quantity / 50) as Lots);
      const truth = world.sim.exchange.state.account("one").fills.filter((fill) => String(fill.clientId) === String(ref.clientOrderId));
      await listener.until("fifty fills", () => new Set(fillsOf(listener, ref.clientOrderId).map(({ fill }) => fill.tradeId)).size >= 50);
      const fills = fillsOf(listener, ref.clientOrderId);
      if (truth.length > 0) expect(new Set(fills.map(({ fill }) => fill.tradeId)).size).toBe(truth.length);
      const byTrade = new Map(fills.map(({ fill }) => [fill.tradeId, fill.quantity]));
      expect([...byTrade.values()].reduce((sum, quantity) => sum + quantity, 0)).toBe(ref.order.quantity);
    }),
  ),
  numbered(72, "an order's filled quantity is cumulative", (world) =>
    listening(world, async (listener) => {
      const ref = await world.resting({ postOnly: true, quantity: ((await world.quantity()) * 4) as Lots });
      const part = (ref.order.quantity / 4) as Lots;
      const orders = () => listener.of("order").filter((order) => order.clientOrderId === ref.clientOrderId);
      for (let count = 1; count <= 3; count += 1) {
        world.fill(ref, part);
        await listener.until(`${count} parts`, () => orders().at(-1)?.filledQuantity === part * count);
      }
      world.fill(ref, part);
      await listener.until("the end", () => orders().at(-1)?.status === "filled");
      expect(orders().at(-1)?.filledQuantity).toBe(ref.order.quantity);
    }),
  ),
  numbered(73, "acceptance and cancel are told with our id", (world) =>
    listening(world, async (listener) => {
      const ref = await world.resting();
      const orders = () => listener.of("order").filter((order) => order.clientOrderId === ref.clientOrderId);
      await listener.until("acceptance", () => orders().some((order) => order.status === "open"));
      await world.port.cancel(ref, "cancel");
      await listener.until("the cancel", () => orders().at(-1)?.status === "canceled");
      expect(orders().at(-1)?.exchangeOrderId).toBe(ref.exchangeOrderId);
    }),
  ),
  numbered(74, "a cut connection is told, dialed again and subscribed again", (world) =>
    listening(world, async (listener) => {
      const before = listener.of("resynced").length;
      await world.disconnect();
      await listener.until(
        "both streams again",
        () => {
          const since = listener.of("resynced").slice(before);
          return new Set(since.map((event) => event.stream)).size === 2;
        },
        20_000,
      );
      expect(new Set(listener.of("disconnected").map((event) => event.stream)).size).toBe(2);
      const ref = await world.resting({ postOnly: true });
      world.fill(ref, ref.order.quantity);
      await listener.until("a fill on the new connection", () => fillsOf(listener, ref.clientOrderId).length > 0);
    }),
  ),
  numbered(75, "what happened while the stream was away is found in the history", (world) =>
    listening(world, async (listener) => {
      const since = Date.now() - 1_000;
      const ref = await world.resting({ postOnly: true });
      await world.disconnect(1_500);
      world.fill(ref, ref.order.quantity);
      expect((await world.fillsOf(ref, ref.order.quantity, since)).length).toBeGreaterThan(0);
      await listener.until("the stream again", () => listener.of("resynced").length >= 3, 20_000);
    }),
  ),
  numbered(76, "the fill of the stream and the fill of the history are the same fill", (world) =>
    listening(world, async (listener) => {
      const since = Date.now() - 1_000;
      const ref = await world.resting({ postOnly: true });
      world.fill(ref, ref.order.quantity);
      await listener.until("the fill", () => fillsOf(listener, ref.clientOrderId).length > 0);
      const [read] = await world.fillsOf(ref, ref.order.quantity, since);
      const { at: streamAt, fee: streamFee, ...streamed } = fillsOf(listener, ref.clientOrderId)[0]?.fill ?? { at: 0, fee: "" };
      if (read === undefined) throw new Error("no fill in the history");
      const { at, fee, ...rest } = read;
      // Some histories do not repeat our id.
      expect(streamed).toEqual({ ...rest, clientOrderId: rest.clientOrderId ?? ref.clientOrderId });
      expect(Number(streamFee)).toBeCloseTo(Number(fee), 12);
      expect(Math.abs(at - streamAt)).toBeLessThan(1_000);
    }),
  ),
  numbered(77, "another account's orders are not told", (world) =>
    listening(world, async (listener) => {
      const order = await world.order();
      expect((await world.place(order, world.perp, world.two.port)).outcome).toBe("accepted");
      const own = await world.resting();
      await listener.until("our own order", () => listener.of("order").some((event) => event.clientOrderId === own.clientOrderId));
      expect(listener.of("order").some((event) => event.clientOrderId === order.clientOrderId)).toBe(false);
    }),
  ),
  numbered(78, "the mark price is told for a perpetual", (world) =>
    listening(world, (listener) => listener.until("a mark price", () => listener.of("mark").length > 0)),
  ),
  numbered(79, "a book message that is missing is noticed and the book read anew", (world) =>
    listening(world, async (listener) => {
      const { bid } = world.touch();
      await world.breakStream("book", { kind: "lose" });
      for (let step = 1; step <= 6; step += 1) world.sim.driver.moveTo(world.listing(), (Math.round(bid * 1.01) + step * 3) as Ticks, null);
      const { bid: last, ask } = world.touch();
      await listener.until(
        "the right touch in the end",
        () => {
          const book = listener.of("book").at(-1);
          return book?.bestBid === last && book.bestAsk === ask;
        },
        20_000,
      );
    }),
  ),
  numbered(99, "a socket that stays open and says nothing is noticed and replaced", (world) =>
    listening(world, async (listener) => {
      await world.breakStream("book", { kind: "silence" });
      world.sim.driver.moveTo(world.listing(), Math.round(world.touch().bid * 1.01) as Ticks, null);
      await listener.until("the silence noticed", () => listener.of("disconnected").length > 0, 30_000);
      const { bid, ask } = world.touch();
      const last = () => listener.of("book").at(-1);
      await listener.until("the book again", () => last()?.bestBid === bid && last()?.bestAsk === ask, 20_000);
    }),
  ),
  numbered(100, "a fill that is told twice keeps its one identity", (world) =>
    listening(world, async (listener) => {
      await world.breakStream("orders", { kind: "duplicate", times: 50 });
      const ref = await world.resting({ postOnly: true });
      world.fill(ref, ref.order.quantity);
      await listener.until("the fill", () => fillsOf(listener, ref.clientOrderId).length > 0);
      const fills = fillsOf(listener, ref.clientOrderId);
      expect(new Set(fills.map(({ fill }) => `${fill.tradeId}/${fill.exchangeOrderId}`)).size).toBe(1);
    }),
  ),
  numbered(101, "an order message that never comes is made up for by the history", (world) =>
    listening(world, async (listener) => {
      const since = Date.now() - 1_000;
      const ref = await world.resting({ postOnly: true });
      await world.breakStream("orders", { kind: "lose", times: 20 });
      world.fill(ref, ref.order.quantity);
      const fills = await world.fillsOf(ref, ref.order.quantity, since);
      expect(fills.reduce((sum, fill) => sum + fill.quantity, 0)).toBe(ref.order.quantity);
      expect(listener.of("disconnected")).toEqual([]);
    }),
  ),
  numbered(80, "reading ends when its reader has had enough, and can begin again", async (world) => {
    for (const round of [1, 2]) {
      const listener = world.listen();
      await listener.ready();
      await listener.stop();
      expect(listener.of("book").length, `round ${round}`).toBeGreaterThan(0);
    }
  }),
];
