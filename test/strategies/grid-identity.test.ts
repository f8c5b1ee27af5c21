// Properties of the grid under adversarial fills: its books add up, its answers stand as long as it says, its slots name one level.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Instrument } from "../../src/core/instrument.ts";
import { lots, ticks } from "../../src/core/units.ts";
import type { GridState } from "../../src/strategies/grid/state.ts";
import grid from "../../src/strategies/grid.ts";
import { ETH_PERP, ETH_SPOT } from "../core/instruments.ts";
import { GridDesk, LEG } from "./grid-desk.ts";

const RUNS = 1_000;

/** Smallest orders that partial fills fall below. */
const COARSE_PERP: Instrument = { ...ETH_PERP, minQuantity: lots(4), minNotional: "0.5" };
const COARSE_SPOT: Instrument = { ...COARSE_PERP, kind: "spot" };

const setting = fc.record({
  instrument: fc.constantFrom(ETH_PERP, ETH_SPOT, COARSE_PERP, COARSE_SPOT),
  gridType: fc.constantFrom("neutral" as const, "long" as const, "short" as const),
  gridMode: fc.constantFrom("arithmetic" as const, "geometric" as const),
  gridNum: fc.integer({ min: 2, max: 12 }),
  isBounded: fc.boolean(),
  quantity: fc.integer({ min: 6, max: 20 }),
  boundaryAction: fc.constantFrom("none", "adjust_range", "emergency_close", "wait", "stop_only"),
  isInitial: fc.boolean(),
  isTrailing: fc.boolean(),
  cap: fc.option(fc.integer({ min: 1, max: 8 }), { nil: undefined }),
  stopLoss: fc.option(fc.integer({ min: 1, max: 30 }), { nil: undefined }),
});

type Setting = typeof setting extends fc.Arbitrary<infer Value> ? Value : never;

function deskOf(value: Setting): GridDesk {
  const isOneSided = value.instrument.kind === "spot" || value.gridType !== "neutral";
  return new GridDesk({
    instrument: value.instrument,
    params: {
      gridType: value.gridType,
      gridMode: value.gridMode,
      gridNum: value.gridNum,
      ...(value.isBounded ? { lowerPrice: "95", upperPrice: "105" } : { priceRangePercent: "3" }),
      orderQuantity: `${value.quantity / 1_000}`,
      boundaryAction: value.boundaryAction,
      initialPosition: value.isInitial && isOneSided ? "market" : "none",
      ...(value.isTrailing ? { trailingUpLimit: "112", trailingDownLimit: "88" } : {}),
      ...(value.cap === undefined ? {} : { maxRestingOrders: value.cap }),
      ...(value.stopLoss === undefined ? {} : { stopLoss: `${value.stopLoss / 1_000}` }),
    },
  });
}

const happening = fc.record({
  what: fc.constantFrom(
    "fill",
    "fill",
    "fill",
    "move",
    "move",
    "late",
    "forgotten",
    "close",
    "reject",
    "restart",
    "adapt",
    "resume",
    "blind",
  ),
  pick: fc.nat(1_000),
  quantity: fc.integer({ min: 1, max: 25 }),
  drift: fc.integer({ min: -300, max: 300 }),
});

type Happening = typeof happening extends fc.Arbitrary<infer Value> ? Value : never;

/** Slots and sides that were ever wished, so that fills can come for orders that are long gone. */
type Past = { slot: string; side: "buy" | "sell"; price: number }[];

function happen(desk: GridDesk, past: Past, { what, pick, quantity, drift }: Happening): void {
  const order = desk.orders[pick % Math.max(1, desk.orders.length)];
  const old = past[pick % Math.max(1, past.length)];
  const isBaseFee = desk.instrument.kind === "spot" && pick % 2 === 0;
  const fee = isBaseFee ? (quantity * 0.0000123).toFixed(7) : "0.0004";
  const feeCurrency = isBaseFee ? desk.instrument.base : desk.instrument.quote;
  if (desk.hold !== null && (what === "fill" || what === "late")) desk.take(quantity);
  else if (what === "fill" && order !== undefined) desk.trade(order.slot, Math.min(quantity, order.quantity), fee, feeCurrency);
  else if (what === "move") desk.book(Math.max(50, (desk.bestBid ?? 9_999) + 1 + drift));
  else if (what === "late" && old !== undefined) desk.fill(old.slot, old.side, old.price, quantity, fee, feeCurrency);
  else if (what === "forgotten" && desk.instrument.kind === "perp")
    desk.fill("late", pick % 2 === 0 ? "buy" : "sell", 10_000 + drift, quantity);
  else if (what === "close" && order !== undefined) desk.closed(order.slot, pick % 2 === 0 ? "canceled" : "expired");
  else if (what === "reject" && order !== undefined) desk.closed(order.slot, "rejected");
  else if (what === "restart") desk.restart();
  else if (what === "adapt")
    desk.adapt(
      pick % 3 === 0
        ? { gridNum: 2 + (pick % 10) }
        : pick % 3 === 1
          ? { orderQuantity: `${(4 + quantity) / 1_000}` }
          : { gridType: "neutral", initialPosition: "none" },
    );
  else if (what === "resume") desk.ask({ type: "control" });
  else if (what === "blind" && order !== undefined) {
    // A fill while there is no book: nothing is wished, and nothing is lost.
    const { bestBid, bestAsk } = desk;
    desk.bestBid = null;
    desk.bestAsk = null;
    expect(desk.trade(order.slot, 1)).toEqual([]);
    desk.bestBid = bestBid;
    desk.bestAsk = bestAsk;
    desk.ask({ type: "book", leg: LEG });
  }
}

describe("grid properties", () => {
  it(`grid profit + unpaired = realized + unrealized, and lots = position, in ${RUNS} runs of fills in any order`, () => {
    fc.assert(
      fc.property(setting, fc.array(happening, { maxLength: 60 }), (value, happenings) => {
        const desk = deskOf(value);
        const past: Past = [];
        for (const one of happenings) {
          for (const order of desk.orders) if (!past.some((old) => old.slot === order.slot)) past.push({ ...order });
          happen(desk, past, one);
          expect(desk.lotsHeld()).toBe(desk.position);
          expect(desk.difference().toFixed()).toBe("0");
          const { levels, carried } = desk.state;
          const slots = desk.orders.map((order) => order.slot);
          expect(new Set(slots).size).toBe(slots.length);
          expect(new Set(levels.map((level) => level.name)).size).toBe(levels.length);
          for (const level of levels) {
            expect(level.entryLeft).toBeGreaterThanOrEqual(0);
            for (const lot of level.lots) expect(lot.quantity).toBeGreaterThan(0);
          }
          for (const pile of carried) expect(pile.lots.length).toBeGreaterThan(0);
        }
      }),
      { numRuns: RUNS },
    );
  }, 120_000);

  it(`an exit never gives back more than is held, and a slot never names another price, in ${RUNS} runs`, () => {
    fc.assert(
      fc.property(setting, fc.array(happening, { maxLength: 50 }), (value, happenings) => {
        const desk = deskOf(value);
        const past: Past = [];
        const named = new Map<string, string>();
        for (const one of happenings) {
          for (const order of desk.orders) {
            if (!past.some((old) => old.slot === order.slot)) past.push({ ...order });
            if (order.slot.startsWith("dust")) continue;
            const place = `${order.side} ${order.price}`;
            expect(named.get(order.slot) ?? place).toBe(place);
            named.set(order.slot, place);
          }
          happen(desk, past, one);
          const exits = (side: "buy" | "sell") =>
            desk.orders.filter((order) => order.closing === true && order.side === side).reduce((sum, order) => sum + order.quantity, 0);
          const heldOf = (side: "buy" | "sell") =>
            desk.state.levels
              .filter((level) => level.side === side)
              .reduce((sum, level) => sum + level.lots.reduce((all, lot) => all + lot.quantity, 0), 0) +
            desk.state.carried
              .filter((pile) => pile.side !== side)
              .reduce((sum, pile) => sum + pile.lots.reduce((all, lot) => all + lot.quantity, 0), 0);
          expect(exits("sell")).toBeLessThanOrEqual(heldOf("buy"));
          expect(exits("buy")).toBeLessThanOrEqual(heldOf("sell"));
        }
      }),
      { numRuns: RUNS },
    );
  }, 120_000);

  it(`an answer stands while the touch is inside its band, in ${RUNS} runs`, () => {
    fc.assert(
      fc.property(
        setting,
        fc.array(happening, { maxLength: 25 }),
        fc.array(fc.tuple(fc.double({ min: 0, max: 1, noNaN: true }), fc.integer({ min: 1, max: 20 })), { minLength: 1, maxLength: 10 }),
        (value, happenings, touches) => {
          const desk = deskOf({ ...value, stopLoss: undefined });
          const past: Past = [];
          for (const one of happenings) {
            for (const order of desk.orders) if (!past.some((old) => old.slot === order.slot)) past.push({ ...order });
            happen(desk, past, one);
          }
          if (desk.hold !== null || desk.until === undefined) return;
          const below = desk.until.below ?? 8_000;
          const above = desk.until.above ?? 12_000;
          for (const [where, width] of touches) {
            const bid = Math.round(below + where * (above - below - width));
            if (bid < below || bid + width > above || bid < 1) continue;
            const copy = JSON.parse(JSON.stringify(desk.state)) as GridState;
            const leg = { ...desk.leg(), bestBid: ticks(bid), bestAsk: ticks(bid + width) };
            const view = { params: desk.params, at: desk.now + 1, legs: { [LEG]: leg } };
            const intents = grid.decide(copy, { type: "book", leg: LEG }, view);
            const [quote] = intents.filter((intent) => intent.type === "quote");
            // An exit that the touch has passed would already be filled; whether it may take is no other wish.
            const plainly = (orders: readonly { slot: string; postOnly?: boolean }[]) =>
              orders.map((order) => JSON.stringify({ ...order, postOnly: true })).sort();
            expect(intents.filter((intent) => intent.type === "hold" || intent.type === "finish")).toEqual([]);
            expect(plainly(quote?.type === "quote" ? quote.orders : [])).toEqual(plainly(desk.orders));
          }
        },
      ),
      { numRuns: RUNS },
    );
  }, 120_000);

  it("the same state, event and view give the same answer, also through JSON", () => {
    fc.assert(
      fc.property(setting, fc.array(happening, { maxLength: 40 }), (value, happenings) => {
        const [one, other] = [deskOf(value), deskOf(value)];
        const past: Past = [];
        for (const what of happenings) {
          for (const order of one.orders) if (!past.some((old) => old.slot === order.slot)) past.push({ ...order });
          happen(one, past, what);
          other.state = JSON.parse(JSON.stringify(other.state)) as GridState;
          happen(other, past, what);
          expect(other.state).toEqual(one.state);
          expect(other.orders).toEqual(one.orders);
        }
      }),
      { numRuns: RUNS },
    );
  }, 120_000);
});
