// A bot on several accounts: its number on each, what it adopts there, and steps that changed while it was away.

import { describe, expect, it } from "vitest";
import { z } from "zod";
import { encodeClientOrderId } from "../../src/core/client-order-id.ts";
import type { Effect } from "../../src/core/effects.ts";
import type { KernelEvent, OpenOrder } from "../../src/core/events.ts";
import type { Instrument } from "../../src/core/instrument.ts";
import { createKernel, type Kernel, type KernelState } from "../../src/core/kernel.ts";
import { defineStrategy, type Strategy } from "../../src/core/strategy.ts";
import { plain } from "../../src/core/text.ts";
import { lots, type Ticks, ticks } from "../../src/core/units.ts";
import { ETH_PERP } from "./instruments.ts";

const ABROAD: Instrument = { ...ETH_PERP, ref: { ...ETH_PERP.ref, account: "other" } };

/** One bid per leg. */
const BIDS = defineStrategy<unknown, Record<string, never>>({
  ...{ name: "bids", version: 1, summary: plain("bids"), params: z.unknown(), example: {} },
  legs: (_params, home) => ({ home, abroad: { ...home, account: "other" } }),
  preview: () => {
    throw new Error("not asked for here");
  },
  init: () => ({}),
  decide: (_state, _event, view) =>
    Object.entries(view.legs).flatMap(([leg, { bestBid }]) =>
      bestBid === null
        ? []
        : [
            {
              type: "quote",
              leg,
              orders: [{ slot: "bid", side: "buy", price: (bestBid - 100) as Ticks, quantity: lots(10), reason: "test" }],
            },
          ],
    ),
  adapt: (state) => state,
}) as Strategy;

function kernelOf(home: Instrument, abroad: Instrument, state: KernelState | null = null): Kernel {
  const touch = { bestBid: ticks(250_000), bestAsk: ticks(250_010) };
  return createKernel(
    {
      ...{ botId: "pair", botNumber: 3, botNumbers: { home: 3, abroad: 9 }, strategy: BIDS, params: {}, lastCounter: null },
      instruments: { home, abroad },
      risk: { maxPosition: { home: 1_000_000, abroad: 1_000_000 }, maxOpenOrders: 10 },
    },
    { state, orders: [], market: { at: 1, legs: { home: { instrument: home, ...touch }, abroad: { instrument: abroad, ...touch } } } },
  );
}

function feed(kernel: Kernel, ...events: KernelEvent[]): Effect[] {
  return events.flatMap((event) => [...kernel.apply(event)]);
}

const book = (leg: string, at: number): KernelEvent => ({ type: "book", leg, bestBid: ticks(250_000), bestAsk: ticks(250_010), at });
const listed = (clientOrderId: string): OpenOrder => ({
  ...{ symbol: ETH_PERP.ref.symbol, clientOrderId, exchangeOrderId: `x${clientOrderId}`, side: "buy", price: ticks(249_000) },
  ...{ quantity: lots(10), filledQuantity: lots(0), postOnly: true, reduceOnly: false, at: 1 },
});
const placed = (effects: readonly Effect[]): string[] =>
  effects.flatMap((effect) => (effect.type === "place" ? [`${effect.leg} ${effect.order.clientOrderId}`] : []));

describe("a bot on two accounts", () => {
  it("names its orders by its number on each account, under one counter", () => {
    const kernel = kernelOf(ETH_PERP, ABROAD);
    const effects = feed(kernel, { type: "recovered", at: 1 }, book("home", 2), book("abroad", 3));
    expect(placed(effects)).toEqual([`home ${encodeClientOrderId(3, 1)}`, `abroad ${encodeClientOrderId(9, 2)}`]);
  });

  it("adopts what carries its number there, leaves what does not, and never uses an adopted id again", () => {
    const kernel = kernelOf(ETH_PERP, ABROAD);
    const openOrders = [listed(encodeClientOrderId(9, 40)), listed(encodeClientOrderId(3, 41))];
    feed(kernel, { type: "reconciled", leg: "abroad", at: 1, openOrders, position: lots(0) });
    expect(kernel.liveOrders().map((order) => order.clientOrderId)).toEqual([encodeClientOrderId(9, 40)]);
    const effects = feed(kernel, { type: "recovered", at: 2 }, book("home", 3), book("abroad", 4));
    expect(placed(effects).at(0)).toBe(`home ${encodeClientOrderId(3, 41)}`);
  });
});

describe("an order that rested while its exchange changed the steps", () => {
  it("is counted in the new ones by the next life", () => {
    const before = kernelOf(ETH_PERP, ABROAD);
    const [first] = feed(before, { type: "recovered", at: 1 }, book("home", 2)).filter((effect) => effect.type === "place");
    const clientOrderId = first?.type === "place" ? first.order.clientOrderId : "";
    feed(before, { type: "accepted", leg: "home", clientOrderId, exchangeOrderId: "x1", at: 3 });
    expect(before.order(clientOrderId)).toMatchObject({ price: 249_900, quantity: 10 });
    const finer = { ...ETH_PERP, tickSize: "0.001", lotSize: "0.0001", revision: "0.001|0.0001|1|0" };
    const after = kernelOf(finer, ABROAD, before.snapshot());
    expect(after.order(clientOrderId)).toMatchObject({ price: 2_499_000, quantity: 100 });
  });
});
