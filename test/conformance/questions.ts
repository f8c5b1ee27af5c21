// Conformance: instruments, looking an order up, the history, and the account's snapshot.

import { expect } from "vitest";
import { toPrice } from "../../src/core/instrument.ts";
import { money } from "../../src/core/money.ts";
import type { OrderLookup, OrderRef } from "../../src/core/ports.ts";
import type { Lots, Ticks } from "../../src/core/units.ts";
import { until } from "../sim/loopback-exchange.ts";
import { numbered } from "./case.ts";
import type { World } from "./world.ts";

export const INSTRUMENTS = [
  numbered(1, "the instrument's steps are decimals and its kind is told", async (world) => {
    const instrument = await world.instrument();
    const listing = world.sim.exchange.state.listings.get(world.listing());
    expect(instrument).toMatchObject({
      ...{ kind: "perp", tickSize: listing?.instrument.tickSize, lotSize: listing?.instrument.lotSize },
      ref: { exchange: world.subject.exchange, account: "one", symbol: world.perp },
    });
    expect(instrument.minQuantity).toBeGreaterThan(0);
    expect(money(instrument.takerFee).gte(0)).toBe(true);
  }),
  numbered(2, "a symbol that the exchange does not list is refused by name", async (world) => {
    await expect(world.port.instrument("NOPE/USDC:USDC")).rejects.toThrow(/NOPE\/USDC:USDC/);
    await expect(world.port.snapshot(["NOPE/USDC:USDC"])).rejects.toThrow(/NOPE/);
  }),
  numbered(3, "the touch is the exchange's best bid and ask", async (world) => {
    const { bestBid, bestAsk } = await world.port.touch(world.perp);
    expect({ bid: bestBid, ask: bestAsk }).toEqual(world.touch());
  }),
  numbered(4, "the touch follows the market", async (world) => {
    const { bid } = world.touch();
    world.sim.driver.moveTo(world.listing(), Math.round(bid * 1.02) as Ticks, null);
    const { bestBid, bestAsk } = await world.port.touch(world.perp);
    expect({ bid: bestBid, ask: bestAsk }).toEqual(world.touch());
  }),
  {
    ...numbered(5, "a spot instrument says that it is one", async (world) => {
      const instrument = await world.instrument(world.subject.spot ?? "");
      expect(instrument).toMatchObject({ kind: "spot", settle: instrument.quote });
    }),
    kind: "spot" as const,
  },
];

/** Asks until the exchange has made up its mind. */
async function settled(world: World, ref: OrderRef): Promise<OrderLookup> {
  return await until("an answer about the order", async () => {
    const found = await world.port.lookup(ref);
    return found.found === "unknown" ? null : found;
  });
}

export const LOOKUPS = [
  numbered(40, "an open order is found by the exchange's id", async (world) => {
    const ref = await world.resting();
    expect(await world.port.lookup(ref)).toMatchObject({
      found: "open",
      order: { clientOrderId: ref.clientOrderId, price: ref.order.price, quantity: ref.order.quantity, filledQuantity: 0 },
    });
  }),
  numbered(41, "an open order is found by our id alone", async (world) => {
    const ref = await world.resting();
    const found = await world.port.lookup({ ...ref, exchangeOrderId: null });
    expect(found).toMatchObject({ found: "open", order: { exchangeOrderId: ref.exchangeOrderId } });
  }),
  numbered(42, "a filled order is found as filled, by either id", async (world) => {
    const ref = await world.resting({ postOnly: true });
    world.fill(ref, ref.order.quantity);
    expect(await settled(world, ref)).toMatchObject({ found: "closed", status: "filled", filledQuantity: ref.order.quantity });
    expect(await settled(world, { ...ref, exchangeOrderId: null })).toMatchObject({ found: "closed", status: "filled" });
  }),
  numbered(43, "a canceled order is found as canceled", async (world) => {
    const ref = await world.resting();
    await world.port.cancel(ref, "cancel");
    expect(await settled(world, ref)).toMatchObject({ found: "closed", status: "canceled", filledQuantity: 0 });
  }),
  numbered(44, "an order that never arrived is not found", async (world) => {
    const ref = { symbol: world.perp, clientOrderId: world.nextId(), exchangeOrderId: null, createdAt: Date.now() - 1_000 };
    expect(await world.port.lookup(ref)).toMatchObject({ found: "notFound" });
  }),
  numbered(45, "a partly filled order is open with its filled quantity", async (world) => {
    const ref = await world.resting({ postOnly: true, quantity: await world.quantity(800) });
    const part = Math.floor(ref.order.quantity / 3) as Lots;
    world.fill(ref, part);
    const filled = async (): Promise<OrderLookup | null> => {
      const found = await world.port.lookup(ref);
      return found.found === "open" && found.order.filledQuantity === part ? found : null;
    };
    expect(await until("the partial fill", filled)).toMatchObject({ found: "open" });
  }),
  numbered(46, "an order canceled after a partial fill is found with what it filled", async (world) => {
    const ref = await world.resting({ postOnly: true, quantity: await world.quantity(800) });
    const part = Math.floor(ref.order.quantity / 3) as Lots;
    world.fill(ref, part);
    await world.port.cancel(ref, "cancel");
    await expect.poll(() => world.open()).toBe(0);
    expect(await settled(world, ref)).toMatchObject({ found: "closed", status: "canceled", filledQuantity: part });
  }),
];

export const HISTORY = [
  numbered(50, "a fill has its trade, order, price, quantity, fee, side, time and our id", async (world) => {
    const since = Date.now() - 1_000;
    const ref = await world.resting({ postOnly: true });
    world.fill(ref, ref.order.quantity);
    const [fill] = await world.fillsOf(ref, ref.order.quantity, since);
    expect([ref.clientOrderId, null]).toContain(fill?.clientOrderId);
    expect(fill).toMatchObject({
      ...{ symbol: world.perp, exchangeOrderId: ref.exchangeOrderId, side: "buy" },
      ...{ price: ref.order.price, quantity: ref.order.quantity, liquidity: "maker" },
    });
    expect(fill?.tradeId).not.toBe("");
    expect(Math.abs((fill?.at ?? 0) - Date.now())).toBeLessThan(10_000);
    const truth = world.sim.exchange.state.account("one").fills.at(-1);
    expect(
      money(fill?.fee ?? "0")
        .minus(truth?.fee ?? "1")
        .abs()
        .lt("0.00000001"),
      `${fill?.fee} for ${truth?.fee}`,
    ).toBe(true);
    expect(fill?.feeCurrency).toBe(truth?.feeSymbol);
  }),
  numbered(51, "fills before `since` are not told", async (world) => {
    await world.take("buy");
    const since = Date.now() + 5_000;
    expect((await world.port.fillsSince(world.perp, since)).fills).toEqual([]);
  }),
  numbered(52, "two hundred and fifty fills are read page by page, each once", async (world) => {
    const since = Date.now() - 1_000;
    const before = world.sim.exchange.state.account("one").fills.length;
    const ref = await world.resting({ postOnly: true, quantity: ((await world.quantity()) * 250) as Lots });
    for (let index = 0; index < 250; index += 1) world.fill(ref, (ref.order.quantity / 250) as Lots);
    const truth = world.sim.exchange.state.account("one").fills.length - before;
    expect(truth).toBeGreaterThanOrEqual(250);
    const page = await until("all fills", async () => {
      const read = await world.port.fillsSince(world.perp, since);
      return read.complete && read.fills.filter((fill) => fill.exchangeOrderId === ref.exchangeOrderId).length >= truth ? read : null;
    });
    const own = page.fills.filter((fill) => fill.exchangeOrderId === ref.exchangeOrderId);
    expect(new Set(own.map((fill) => fill.tradeId)).size).toBe(truth);
    expect(own.reduce((sum, fill) => sum + fill.quantity, 0)).toBe(ref.order.quantity);
  }),
  numbered(53, "fills come oldest first", async (world) => {
    const since = Date.now() - 1_000;
    await world.take("buy");
    await world.take("sell");
    const fills = await world.fills(2, since);
    expect(fills.map((fill) => fill.at)).toEqual([...fills.map((fill) => fill.at)].sort((a, b) => a - b));
  }),
  numbered(54, "a taker's fill says taker, a maker's fill says maker", async (world) => {
    const since = Date.now() - 1_000;
    const taken = await world.take("buy");
    const made = await world.resting({ postOnly: true });
    world.fill(made, made.order.quantity);
    const fills = await world.fills(2, since);
    expect(fills.find((fill) => fill.exchangeOrderId === taken.exchangeOrderId)?.liquidity).toBe("taker");
    expect(fills.find((fill) => fill.exchangeOrderId === made.exchangeOrderId)?.liquidity).toBe("maker");
  }),
  numbered(55, "another account's fills are not ours", async (world) => {
    const since = Date.now() - 1_000;
    const order = await world.order({ side: "buy", price: Math.round(world.touch().ask * 1.01) as Ticks, timeInForce: "ioc" });
    expect((await world.place(order, world.perp, world.two.port)).outcome).toBe("accepted");
    await until("the other's fill", async () => ((await world.two.port.fillsSince(world.perp, since)).fills.length > 0 ? true : null));
    expect((await world.port.fillsSince(world.perp, since)).fills.filter((fill) => fill.clientOrderId === order.clientOrderId)).toEqual([]);
  }),
];

export const SNAPSHOTS = [
  numbered(60, "a long position is positive and has its entry price", async (world) => {
    const { order } = await world.take("buy");
    const [position] = (await world.port.snapshot([world.perp])).positions;
    expect(position).toMatchObject({ symbol: world.perp, quantity: order.quantity });
    const instrument = await world.instrument();
    const entry = Number(position?.averageEntryPrice);
    expect(Math.abs(entry / Number(toPrice(instrument, world.touch().ask)) - 1)).toBeLessThan(0.02);
  }),
  numbered(61, "a short position is negative", async (world) => {
    const { order } = await world.take("sell");
    expect((await world.port.snapshot([world.perp])).positions[0]?.quantity).toBe(-order.quantity);
  }),
  numbered(62, "a flat account is flat", async (world) => {
    const { positions } = await world.port.snapshot([world.perp]);
    expect(positions.map(({ quantity }) => quantity)).toEqual([0]);
  }),
  numbered(63, "balances are decimal strings, free at most total", async (world) => {
    const { balances } = await world.port.snapshot([world.perp]);
    const { settle } = await world.instrument();
    const own = balances.find(({ currency }) => currency === settle);
    expect(own).toBeDefined();
    expect(money(own?.total ?? "0").gt(0)).toBe(true);
    expect(money(own?.free ?? "0").lte(own?.total ?? "0")).toBe(true);
  }),
  numbered(64, "a part that cannot be read makes the whole snapshot fail", async (world) => {
    await world.resting();
    await world.fault(world.subject.routes.openOrders, { kind: "status", status: 503, times: 20 });
    await expect(world.port.snapshot([world.perp])).rejects.toThrow();
  }),
  numbered(65, "no orders is an empty list", async (world) => {
    expect((await world.port.snapshot([world.perp])).openOrders).toEqual([]);
  }),
];
