// Amends and what may cross them: cancels, fills, listings from before, answers that never come, and the risk gate.

import { describe, expect, it } from "vitest";
import { z } from "zod";
import type { Effect } from "../../src/core/effects.ts";
import type { KernelEvent, OpenOrder } from "../../src/core/events.ts";
import type { Instrument } from "../../src/core/instrument.ts";
import { createKernel, type Kernel, type KernelState, type RiskLimits } from "../../src/core/kernel.ts";
import { leavesQuantity, type Order } from "../../src/core/order.ts";
import { defineStrategy, type Intent, type Strategy } from "../../src/core/strategy.ts";
import { plain } from "../../src/core/text.ts";
import { lots, ticks } from "../../src/core/units.ts";
import { ETH_PERP } from "./instruments.ts";

const LEG = "main";

/** A kernel with one bid of 50 at 9 900 that rests under `id`. */
class Bench {
  intents: Intent[] = [];
  now = 100_000;
  kernel: Kernel;
  readonly id: string;
  readonly #risk: Partial<RiskLimits>;
  readonly #instrument: Instrument;

  constructor(risk: Partial<RiskLimits> = {}, instrument: Instrument = ETH_PERP) {
    this.#risk = risk;
    this.#instrument = instrument;
    this.kernel = this.#begin(null);
    const placed = this.wish(9_900, 50).find((effect) => effect.type === "place");
    if (placed?.type !== "place") throw new Error("nothing was placed");
    this.id = placed.order.clientOrderId;
    this.feed({ type: "accepted", clientOrderId: this.id, exchangeOrderId: "x1" });
  }

  #begin(state: KernelState | null): Kernel {
    const strategy = defineStrategy<unknown, object>({
      ...{ name: "scripted", version: 1, summary: plain("scripted"), params: z.unknown(), example: {} },
      legs: (_params, home) => ({ [LEG]: home }),
      preview: () => {
        throw new Error("not asked for here");
      },
      init: () => ({}),
      decide: () => this.intents,
      adapt: (before) => before,
    }) as Strategy;
    const options = {
      ...{ botId: "bench", botNumber: 3, strategy, params: {}, instruments: { [LEG]: this.#instrument }, lastCounter: null, amends: [LEG] },
      risk: { maxPosition: { [LEG]: 100 }, maxOpenOrders: 1, ...this.#risk },
    };
    const market = { at: 1_000, legs: { [LEG]: { instrument: this.#instrument, bestBid: ticks(9_999), bestAsk: ticks(10_001) } } };
    this.kernel = createKernel(options, { state, orders: [], market });
    this.feed({ type: "book", bestBid: 9_999, bestAsk: 10_001 });
    this.feed({ type: "recovered" });
    return this.kernel;
  }

  /** The process dies and begins anew from its state. */
  restart(): void {
    this.#begin(JSON.parse(JSON.stringify(this.kernel.snapshot())));
  }

  feed(event: { type: KernelEvent["type"] } & Record<string, unknown>, after = 100): readonly Effect[] {
    this.now += after;
    return this.kernel.apply({ leg: LEG, at: this.now, ...event } as unknown as KernelEvent);
  }

  /** What the strategy will answer from now on. */
  want(price: number, quantity: number): void {
    const quote = { slot: "a", side: "buy", price: ticks(price), quantity: lots(quantity), postOnly: true, reason: "test" } as const;
    this.intents = [{ type: "quote", leg: LEG, orders: quantity === 0 ? [] : [quote] }];
  }

  wish(price: number, quantity: number): readonly Effect[] {
    this.want(price, quantity);
    return this.feed({ type: "book", bestBid: 9_999, bestAsk: 10_001 });
  }

  fill(tradeId: string, quantity: number, clientOrderId: string | null = this.id, exchangeOrderId = "x1"): readonly Effect[] {
    const facts = { symbol: ETH_PERP.ref.symbol, tradeId, clientOrderId, exchangeOrderId, side: "buy", price: 9_900, quantity };
    return this.feed({ type: "fill", fill: { ...facts, fee: "0", feeCurrency: "USDC", liquidity: "maker", at: this.now } });
  }

  /** A listing, asked for now, that shows the order so. */
  list(price: number, quantity: number, filled = 0, exchangeOrderId = "x1"): readonly Effect[] {
    const open = { symbol: ETH_PERP.ref.symbol, clientOrderId: this.id, exchangeOrderId, side: "buy", price, quantity };
    const openOrders = [{ ...open, filledQuantity: filled, postOnly: true, reduceOnly: false, at: 0 } as unknown as OpenOrder];
    return this.feed({ type: "reconciled", openOrders, position: null });
  }

  get order(): Order {
    const found = this.kernel.order(this.id);
    if (found === undefined) throw new Error("the order is forgotten");
    return found;
  }
}

function types(effects: readonly Effect[]): string[] {
  return effects.map((effect) => effect.type).filter((type) => type === "place" || type === "amend" || type === "cancel");
}

describe("an amend and a cancel", () => {
  it("cancels while the amend is on its way, and counts the larger quantity until both have ended", () => {
    const bench = new Bench();
    expect(types(bench.wish(9_950, 80))).toEqual(["amend"]);
    expect(types(bench.wish(9_950, 0))).toEqual(["cancel"]);
    expect(leavesQuantity(bench.order)).toBe(80);
    bench.feed({ type: "canceled", clientOrderId: bench.id, filledQuantity: 0 });
    expect(bench.kernel.liveOrders()).toEqual([]);
    // The exchange knows nothing of it any more: that answer must not bring it back.
    bench.feed({ type: "amendRefused", clientOrderId: bench.id, isUnknown: false });
    bench.feed({ type: "amended", clientOrderId: bench.id, price: 9_950, quantity: 80 });
    expect(bench.order.status).toBe("canceled");
    expect(bench.kernel.liveOrders()).toEqual([]);
  });

  it("waits for fills that the cancel reported, also those of the amended quantity", () => {
    const bench = new Bench();
    bench.wish(9_950, 80);
    bench.wish(9_950, 0);
    bench.feed({ type: "canceled", clientOrderId: bench.id, filledQuantity: 70 });
    expect(leavesQuantity(bench.order)).toBe(70);
    bench.fill("t1", 70);
    expect(bench.kernel.liveOrders()).toEqual([]);
    expect(bench.kernel.status(bench.now).position).toBe("0.070");
  });

  it("does not send a second amend before the first is answered", () => {
    const bench = new Bench();
    bench.wish(9_950, 80);
    expect(types(bench.wish(9_960, 80))).toEqual([]);
    expect(types(bench.feed({ type: "amended", clientOrderId: bench.id, price: 9_950, quantity: 80 }))).toEqual(["amend"]);
    expect(bench.order.amending).toEqual({ price: 9_960, quantity: 80 });
  });
});

describe("an amend and fills", () => {
  it("an order that filled whole before its amend is over when the exchange refuses", () => {
    const bench = new Bench();
    bench.wish(9_950, 80);
    bench.fill("t1", 50);
    expect(bench.kernel.liveOrders()).toHaveLength(1);
    bench.intents = [];
    bench.feed({ type: "amendRefused", clientOrderId: bench.id, isUnknown: false });
    expect(bench.order.status).toBe("filled");
  });

  it("an order made smaller than what has filled is over, and one that filled beyond its old quantity was amended", () => {
    const smaller = new Bench();
    smaller.wish(9_950, 20);
    smaller.fill("t1", 30);
    smaller.intents = [];
    smaller.feed({ type: "amended", clientOrderId: smaller.id, price: 9_950, quantity: 20 });
    expect(smaller.order.status).toBe("filled");
    const larger = new Bench();
    larger.wish(9_950, 80);
    larger.want(9_950, 20);
    larger.fill("t1", 60);
    expect(larger.order).toMatchObject({ quantity: 80, price: 9_950, amending: null, status: "open" });
  });

  it("knows the order under the id that the amend gave it", () => {
    const bench = new Bench();
    bench.wish(9_950, 50);
    bench.feed({ type: "amended", clientOrderId: bench.id, exchangeOrderId: "x2", price: 9_950, quantity: 50 });
    bench.fill("t1", 10, null, "x2");
    expect(bench.order).toMatchObject({ exchangeOrderId: "x2", filledQuantity: 10 });
    expect(bench.wish(9_950, 0)).toContainEqual(expect.objectContaining({ type: "cancel", exchangeOrderId: "x2" }));
  });
});

describe("an amend and listings", () => {
  it("is not undone by a listing while its answer is still to come, however long it waits for its permit", () => {
    const bench = new Bench();
    bench.wish(9_950, 80);
    bench.now += 4_000;
    bench.list(9_900, 50);
    expect(leavesQuantity(bench.order)).toBe(80);
    expect(bench.order.amending).toMatchObject({ quantity: 80 });
    bench.feed({ type: "amended", clientOrderId: bench.id, price: 9_950, quantity: 80 });
    expect(bench.order).toMatchObject({ quantity: 80, amending: null });
  });

  it("unanswered, keeps the larger quantity until a listing from well after it tells, whichever it shows", () => {
    for (const [price, quantity, exchangeOrderId] of [
      [9_900, 50, "x1"],
      [9_950, 80, "x2"],
    ] as const) {
      const bench = new Bench();
      bench.wish(9_950, 80);
      const effects = bench.feed({ type: "amendRefused", clientOrderId: bench.id, isUnknown: true });
      expect(effects.some((effect) => effect.type === "inquire")).toBe(true);
      bench.list(9_900, 50);
      expect(leavesQuantity(bench.order)).toBe(80);
      bench.intents = [];
      bench.now += 2_100;
      bench.list(price, quantity, 0, exchangeOrderId);
      expect(bench.order).toMatchObject({ price, quantity, exchangeOrderId, amending: null });
    }
  });

  it("of a former life is resolved by the first listing that is new enough", () => {
    const bench = new Bench();
    bench.wish(9_950, 80);
    bench.intents = [];
    bench.restart();
    expect(leavesQuantity(bench.order)).toBe(80);
    bench.now += 2_100;
    bench.list(9_950, 80);
    expect(bench.order).toMatchObject({ price: 9_950, quantity: 80, amending: null });
  });

  it("unanswered, then closed with what the smaller one could fill: over, with its fills", () => {
    const bench = new Bench();
    bench.wish(9_950, 20);
    bench.feed({ type: "amendRefused", clientOrderId: bench.id, isUnknown: true });
    bench.intents = [];
    bench.fill("t1", 20);
    bench.feed({ type: "canceled", clientOrderId: bench.id, filledQuantity: 20 });
    expect(bench.kernel.liveOrders()).toEqual([]);
  });
});

describe("an amend and the risk gate", () => {
  it("does not grow beyond the largest position, but at the limit of open orders it may", () => {
    const bench = new Bench();
    expect(types(bench.wish(9_900, 100))).toEqual(["amend"]);
    expect(types(new Bench().wish(9_900, 101))).toEqual(["cancel"]);
  });

  it("is not moved out of the price band, nor above the largest notional of an order", () => {
    expect(types(new Bench({ priceBandBps: 150 }).wish(9_840, 50))).toEqual(["cancel"]);
    expect(types(new Bench({ priceBandBps: 150 }).wish(9_860, 50))).toEqual(["amend"]);
    expect(types(new Bench({ maxOrderNotional: "5" }).wish(9_900, 51))).toEqual(["cancel"]);
  });

  it("may move what is left of an order, however little", () => {
    const bench = new Bench({}, { ...ETH_PERP, minQuantity: lots(5), minNotional: "1" });
    bench.want(9_950, 1);
    const effects = bench.fill("t1", 49);
    expect(effects.find((effect) => effect.type === "amend")).toMatchObject({ price: 9_950, quantity: 50 });
  });
});
