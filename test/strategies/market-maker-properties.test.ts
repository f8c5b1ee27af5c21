// Whatever the parameters, books and fills: quotes are passive, on step, large enough, apart, within caps, and as steady as they say.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Instrument } from "../../src/core/instrument.ts";
import type { Intent, Quote } from "../../src/core/strategy.ts";
import { lots, ticks } from "../../src/core/units.ts";
import { isEnough, maxPositionOf, minQuantaOf } from "../../src/strategies/market-maker/inventory.ts";
import { isQuoted, referenceOf } from "../../src/strategies/market-maker/reference.ts";
import strategy from "../../src/strategies/market-maker.ts";
import { ETH_PERP, ETH_SPOT } from "../core/instruments.ts";
import { Desk } from "./market-maker-desk.ts";

const RUNS = 1_000;
const INSTRUMENTS: readonly Instrument[] = [
  ETH_PERP,
  ETH_SPOT,
  { ...ETH_PERP, minQuantity: lots(5), minNotional: "12.5" },
  { ...ETH_SPOT, minNotional: "5", makerFee: "-0.0001" },
];

const decimal = (min: number, max: number) => fc.integer({ min: min * 1_000, max: max * 1_000 }).map((count) => String(count / 1_000));

const inputs = fc.record({
  mode: fc.constantFrom("standard", "avellaneda_stoikov"),
  spreadPercent: decimal(0.001, 3),
  orderQuantity: fc.option(decimal(0.001, 0.5), { nil: undefined, freq: 5 }),
  maxOrders: fc.integer({ min: 1, max: 6 }),
  ladder: fc.constantFrom("seed", "percent", "ticks", "levels"),
  quantityGrowth: fc.constantFrom("1", "1.5", "0.5"),
  sides: fc.constantFrom("both", "both", "bids", "asks"),
  minEdgeBps: fc.constantFrom("0", "0", "5", "-5", "-1000"),
  referencePrice: fc.constantFrom("mid", "microprice", "last", "mark"),
  refreshIntervalS: fc.constantFrom(0, 0, 5),
  refreshTolerancePercent: fc.constantFrom("0", "0.02", "1"),
  toleranceTicks: fc.constantFrom(0, 1, 20),
  filledOrderDelayS: fc.constantFrom(0, 3),
  inventorySkew: fc.constantFrom("0", "0.3", "1"),
  sizeSkew: fc.constantFrom("0", "0.5", "1"),
  maxPosition: decimal(0.1, 2),
  inventoryTarget: fc.constantFrom("0", "0.05", "-0.05"),
  enableRebalance: fc.boolean(),
  priceBand: fc.boolean(),
  volatilityMultiplier: fc.constantFrom("0", "0", "2"),
});

type Drawn = typeof inputs extends fc.Arbitrary<infer T> ? T : never;

function inputOf(drawn: Drawn): Record<string, unknown> {
  const { ladder, priceBand, orderQuantity, ...plain } = drawn;
  const isModel = drawn.mode === "avellaneda_stoikov";
  return {
    ...plain,
    ...(orderQuantity === undefined ? {} : { orderQuantity }),
    ...(isModel ? { inventorySkew: "0", volatilityMultiplier: "0" } : {}),
    ...(ladder === "percent" ? { stepPercent: "0.01" } : {}),
    ...(ladder === "ticks" ? { stepTicks: 1 } : {}),
    ...(ladder === "levels" ? { levels: [{ spreadPercent: "0.05", quantity: "0.02" }, { spreadPercent: "0.4" }] } : {}),
    ...(priceBand ? { priceFloor: "99", priceCeiling: "101" } : {}),
    volatilitySampleS: 1,
    volatilityWindowS: 60,
  };
}

const step = fc.record({
  kind: fc.constantFrom("book", "book", "book", "fill", "fill", "reject", "time", "balances"),
  move: fc.integer({ min: -60, max: 60 }),
  gap: fc.integer({ min: 1, max: 8 }),
  pick: fc.nat(1_000),
  part: fc.integer({ min: 1, max: 100 }),
  waitMs: fc.integer({ min: 0, max: 6_000 }),
});

type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

/** Some desks know their balances from the start and have watched the market for a while. */
function deskOf(drawn: Drawn, which: number): Desk {
  const desk = new Desk(inputOf(drawn), [9_999, 10_001], INSTRUMENTS[which] ?? ETH_PERP);
  if (which % 2 === 0) desk.available = { base: "3", quote: "900" };
  for (let sample = 0; sample < 14; sample++) desk.book(9_999 + (sample % 3), 10_001 + (sample % 3), 1_000);
  return desk;
}

function play(desk: Desk, move: Step): readonly Intent[] {
  desk.at += move.waitMs;
  const wished = desk.orders();
  const hold = desk.held();
  if (hold !== undefined) {
    const difference = hold.quantity - desk.position;
    const part = Math.max(1, Math.floor((Math.abs(difference) * move.part) / 100));
    if (move.kind === "fill" && difference !== 0)
      return desk.fill("take", difference > 0 ? "buy" : "sell", difference > 0 ? desk.bestAsk : desk.bestBid, part);
  }
  const order = wished[move.pick % Math.max(1, wished.length)];
  if (move.kind === "fill" && order !== undefined)
    return desk.fill(order.slot, order.side, order.price, Math.max(1, Math.floor((order.quantity * move.part) / 100)));
  if (move.kind === "reject" && order !== undefined)
    return desk.tell({ type: "orderClosed", leg: "main", slot: order.slot, status: "rejected", code: "postOnly" });
  if (move.kind === "balances") {
    desk.available = { base: String(move.pick / 100), quote: String(move.pick) };
    return desk.tell({ type: "book", leg: "main" });
  }
  if (move.kind === "time") return desk.tell({ type: "time" });
  const bid = Math.max(1, desk.bestBid + move.move);
  desk.bidQuantity = lots(move.pick);
  desk.askQuantity = lots(move.part);
  desk.mark = move.pick % 3 === 0 ? ticks(bid) : null;
  return desk.book(bid, bid + move.gap);
}

/** Everything that is wrong with the answer, in words. */
function faultsOf(desk: Desk): string[] {
  const { instrument, value, bestBid, bestAsk } = desk;
  const faults: string[] = [];
  const orders = desk.orders();
  const bids = orders.filter((order) => order.side === "buy");
  const asks = orders.filter((order) => order.side === "sell");
  const leg = desk.view().legs.main;
  if (!isQuoted(leg)) throw new Error("the desk always has a book");
  const reference = referenceOf(value, desk.state.lastFillPrice, leg, undefined) ?? Number.NaN;
  const edge = reference * (Number(instrument.makerFee) + Number(value.minEdgeBps) / 10_000);
  if (new Set(orders.map((order) => order.slot)).size !== orders.length) faults.push("a slot twice");
  for (const order of orders) {
    const name = `${order.slot} ${order.quantity} at ${order.price}`;
    if (!Number.isSafeInteger(order.price) || order.price < 1 || !Number.isSafeInteger(order.quantity)) faults.push(`${name}: off step`);
    if (!isEnough(instrument, minQuantaOf(instrument), order.price, order.quantity)) faults.push(`${name}: too small`);
    if (order.postOnly !== true || order.reduceOnly === true) faults.push(`${name}: not post-only`);
    if (order.side === "buy" ? order.price >= bestAsk : order.price <= bestBid) faults.push(`${name}: crosses ${bestBid}/${bestAsk}`);
    const distance = order.side === "buy" ? reference - order.price : order.price - reference;
    if (distance < edge - 1e-5) faults.push(`${name}: edge ${distance} below ${edge}`);
  }
  if (Math.max(...bids.map((order) => order.price)) >= Math.min(...asks.map((order) => order.price))) faults.push("bids meet asks");
  const cap = maxPositionOf(value, instrument) ?? Number.POSITIVE_INFINITY;
  const sum = (list: readonly Quote[]): number => list.reduce((total, order) => total + order.quantity, 0);
  if (bids.length > 0 && desk.position + sum(bids) > cap) faults.push(`long beyond ${cap}`);
  if (asks.length > 0 && sum(asks) - desk.position > cap) faults.push(`short beyond ${cap}`);
  return faults;
}

describe("market maker, any parameters, books and fills", () => {
  it("quotes passive, on step, large enough, apart, with its edge, and within its cap", () => {
    let quoted = 0;
    fc.assert(
      fc.property(inputs, fc.nat(3), fc.array(step, { minLength: 5, maxLength: 40 }), (drawn, which, steps) => {
        const desk = deskOf(drawn, which);
        for (const move of steps) {
          play(desk, move);
          expect(faultsOf(desk)).toEqual([]);
          quoted += desk.orders().length;
        }
      }),
      { numRuns: RUNS },
    );
    expect(quoted).toBeGreaterThan(RUNS * 10);
  });

  it("answers the same inside the band that it gave, and from its state as JSON", () => {
    let inside = 0;
    fc.assert(
      fc.property(
        inputs,
        fc.nat(3),
        fc.array(step, { minLength: 5, maxLength: 20 }),
        fc.nat(1_000),
        fc.nat(1_000),
        (drawn, which, steps, low, high) => {
          const desk = deskOf(drawn, which);
          for (const move of steps) {
            play(desk, move);
            const { below, above } = desk.until();
            const revived = new Desk(inputOf(drawn), [desk.bestBid, desk.bestAsk], desk.instrument);
            Object.assign(revived, {
              at: desk.at,
              available: desk.available,
              position: desk.position,
              cost: desk.cost,
              cash: desk.cash,
              mark: desk.mark,
            });
            revived.bidQuantity = desk.bidQuantity;
            revived.askQuantity = desk.askQuantity;
            revived.state = JSON.parse(JSON.stringify(desk.state));
            expect(JSON.stringify(revived.state)).toBe(JSON.stringify(desk.state));
            if (below === undefined || above === undefined || above - below < 2) continue;
            const bid = below + (low % (above - below));
            const ask = bid + 1 + (high % (above - bid));
            revived.book(bid, ask);
            expect(revived.orders()).toEqual(desk.orders());
            inside += 1;
          }
        },
      ),
      { numRuns: RUNS },
    );
    expect(inside).toBeGreaterThan(RUNS);
  });

  it("gives the same answers for the same events", () => {
    fc.assert(
      fc.property(inputs, fc.array(step, { maxLength: 15 }), (drawn, steps) => {
        const [one, other] = [deskOf(drawn, 0), deskOf(drawn, 0)];
        for (const move of steps) {
          expect(play(one, move)).toEqual(play(other, move));
          other.state = JSON.parse(JSON.stringify(other.state));
        }
        expect(strategy.report?.(one.state, one.view())).toEqual(strategy.report?.(other.state, other.view()));
      }),
      { numRuns: RUNS },
    );
  });
});
