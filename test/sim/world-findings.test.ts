// What the simulated world found in the kernel, each as the shortest course of events that showed it.

import { describe, expect, it } from "vitest";
import { z } from "zod";
import type { Effect } from "../../src/core/effects.ts";
import type { KernelEvent, OpenOrder } from "../../src/core/events.ts";
import type { Instrument } from "../../src/core/instrument.ts";
import { createKernel, type Kernel, type KernelOptions, type RiskLimits } from "../../src/core/kernel.ts";
import type { Side } from "../../src/core/order.ts";
import { defineStrategy, type Quote, type Strategy } from "../../src/core/strategy.ts";
import { plain } from "../../src/core/text.ts";
import { lots, ticks } from "../../src/core/units.ts";
import { ETH_PERP, ETH_SPOT } from "../core/instruments.ts";

const LEG = "main";
const START = 100_000;

/** `events` without their time, so that a test says only what matters. */
type Told = KernelEvent extends infer E ? (E extends KernelEvent ? Omit<E, "at"> : never) : never;

class Bench {
  readonly kernel: Kernel;
  readonly #options: KernelOptions;
  wishes: Quote[] = [];
  now = START;

  constructor(instrument: Instrument, risk: Partial<RiskLimits> = {}) {
    const strategy = defineStrategy<unknown, Record<string, never>>({
      name: "scripted",
      version: 1,
      summary: plain("scripted"),
      params: z.unknown(),
      example: {},
      legs: (_params, home) => ({ [LEG]: home }),
      preview: () => {
        throw new Error("not asked for here");
      },
      init: () => ({}),
      decide: () => [{ type: "quote", leg: LEG, orders: this.wishes }],
      adapt: (state) => state,
    }) as Strategy;
    const limits = { maxPosition: { [LEG]: 10_000 }, maxOpenOrders: 10, ...risk };
    const touch = { bestBid: ticks(9_999), bestAsk: ticks(10_001) };
    this.#options = {
      botId: "bench",
      botNumber: 3,
      strategy,
      params: {},
      instruments: { [LEG]: instrument },
      risk: limits,
      amends: [LEG],
      lastCounter: null,
    };
    this.kernel = createKernel(this.#options, {
      state: null,
      orders: [],
      market: { at: START, legs: { [LEG]: { instrument, ...touch } } },
    });
    this.feed({ type: "book", leg: LEG, ...touch });
    this.feed({ type: "recovered" });
  }

  /** The next life, under an instrument of its own, with a touch of 99.99 and 100.01. */
  restarted(instrument: Instrument): Kernel {
    const touch = { bestBid: ticks(9_999), bestAsk: ticks(10_001) };
    const market = { at: this.now, legs: { [LEG]: { instrument, ...touch } } };
    return createKernel({ ...this.#options, instruments: { [LEG]: instrument } }, { state: this.kernel.snapshot(), orders: [], market });
  }

  feed(event: Told, afterMs = 10): readonly Effect[] {
    this.now += afterMs;
    return this.kernel.apply({ ...event, at: this.now } as KernelEvent);
  }

  /** The strategy wishes something else from now on. */
  wish(...wishes: Quote[]): readonly Effect[] {
    this.wishes = wishes;
    return this.feed({ type: "book", leg: LEG, bestBid: ticks(9_999), bestAsk: ticks(10_001) }, 2_000);
  }

  /** One resting order, accepted. */
  rest(wish: Quote): string {
    const id = placed(this.wish(wish))[0]?.clientOrderId ?? "";
    this.feed({ type: "accepted", leg: LEG, clientOrderId: id, exchangeOrderId: "x1" });
    return id;
  }

  fill(clientOrderId: string, side: Side, quantity: number, tradeId = `t${this.now}`): readonly Effect[] {
    const terms = { price: ticks(10_000), quantity: lots(quantity), fee: "0", feeCurrency: "USDC", liquidity: "maker" as const };
    const fill = { symbol: ETH_PERP.ref.symbol, tradeId, exchangeOrderId: "x1", clientOrderId, side, at: this.now, ...terms };
    return this.feed({ type: "fill", leg: LEG, fill });
  }

  /** A listing that was asked for so long ago. */
  list(clientOrderId: string, quantity: number, ageMs: number): readonly Effect[] {
    const open: OpenOrder = {
      symbol: ETH_PERP.ref.symbol,
      clientOrderId,
      exchangeOrderId: "x1",
      side: "buy",
      price: ticks(9_990),
      quantity: lots(quantity),
      filledQuantity: lots(0),
      postOnly: true,
      reduceOnly: false,
      at: START,
    };
    return this.kernel.apply({ type: "reconciled", leg: LEG, at: this.now - ageMs, openOrders: [open], position: null });
  }
}

function bid(quantity: number): Quote {
  return { slot: "bid", side: "buy", price: ticks(9_990), quantity: lots(quantity), postOnly: true, reason: "test" };
}

function placed(effects: readonly Effect[]) {
  return effects.flatMap((effect) => (effect.type === "place" ? [effect.order] : []));
}

function amended(effects: readonly Effect[]) {
  return effects.flatMap((effect) => (effect.type === "amend" ? [effect.quantity] : []));
}

describe("amending", () => {
  it("completes an order that became as small as what had filled", () => {
    const bench = new Bench(ETH_PERP);
    const id = bench.rest(bid(20));
    expect(amended(bench.wish(bid(10)))).toEqual([10]);
    bench.fill(id, "buy", 10);
    bench.feed({ type: "amended", leg: LEG, clientOrderId: id, price: ticks(9_990), quantity: lots(10) });
    expect(bench.kernel.order(id)?.status).toBe("filled");
    expect(bench.kernel.liveOrders().map(({ clientOrderId }) => clientOrderId)).not.toContain(id);
  });

  it("keeps the slot of an order that may have become larger, however much of its old quantity filled", () => {
    const bench = new Bench(ETH_PERP);
    const id = bench.rest(bid(20));
    expect(amended(bench.wish(bid(30)))).toEqual([30]);
    bench.wishes = [bid(10)];
    expect(placed(bench.fill(id, "buy", 20))).toEqual([]);
    bench.wishes = [bid(5)];
    expect(placed(bench.fill(id, "buy", 5))).toEqual([]);
    expect(bench.kernel.order(id)).toMatchObject({ status: "open", quantity: 30, filledQuantity: 25, amending: null });
    bench.fill(id, "buy", 5);
    expect(bench.kernel.order(id)?.status).toBe("filled");
  });

  it("completes a filled order whose growth was refused", () => {
    const bench = new Bench(ETH_PERP);
    const id = bench.rest(bid(20));
    bench.wish(bid(30));
    bench.fill(id, "buy", 20);
    expect(bench.kernel.order(id)?.status).toBe("open");
    bench.feed({ type: "amendRefused", leg: LEG, clientOrderId: id, isUnknown: false });
    expect(bench.kernel.order(id)?.status).toBe("filled");
  });

  it("is not undone by a listing from before it, and shows in a listing from after it though nobody answered", () => {
    const bench = new Bench(ETH_PERP);
    const id = bench.rest(bid(20));
    bench.wish(bid(30));
    bench.list(id, 20, 500);
    expect(bench.kernel.order(id)?.amending).toMatchObject({ quantity: 30 });
    bench.now += 10_000;
    bench.list(id, 30, 0);
    expect(bench.kernel.order(id)).toMatchObject({ quantity: 30, amending: null });
  });

  it("of a former life shows in the listing, although this one knows nothing of it", () => {
    const bench = new Bench(ETH_PERP);
    const id = bench.rest(bid(20));
    bench.now += 10_000;
    bench.list(id, 35, 0);
    expect(bench.kernel.order(id)?.quantity).toBe(35);
  });
});

describe("late refusals", () => {
  it("pause the slot although the acceptance comes after the end", () => {
    const bench = new Bench(ETH_PERP);
    const id = placed(bench.wish(bid(20)))[0]?.clientOrderId ?? "";
    const canceled = { type: "canceled", leg: LEG, clientOrderId: id, filledQuantity: lots(0) } as const;
    expect(placed(bench.feed(canceled))).toEqual([]);
    expect(placed(bench.feed({ type: "accepted", leg: LEG, clientOrderId: id, exchangeOrderId: "x1" }))).toEqual([]);
    expect(placed(bench.feed({ type: "time" }, 900))).toEqual([]);
    expect(placed(bench.feed({ type: "time" }, 100))).toHaveLength(1);
  });
});

describe("changed steps", () => {
  const coarse: Instrument = { ...ETH_PERP, lotSize: "0.01", minQuantity: lots(1), revision: "0.01|0.01|1|0" };

  it("leave a fill known that has no whole number in them", () => {
    const bench = new Bench(ETH_PERP);
    const id = bench.rest(bid(14));
    bench.wishes = [];
    bench.fill(id, "buy", 4, "t1");
    bench.feed({ type: "instrument", leg: LEG, instrument: coarse });
    expect(bench.fill(id, "buy", 0, "t1").filter(({ type }) => type !== "wake")).toEqual([]);
  });

  it("leave the price that a restart under them was given", () => {
    const bench = new Bench(ETH_PERP);
    const id = bench.rest(bid(20));
    bench.wishes = [];
    bench.fill(id, "buy", 20, "t1");
    const again = bench.restarted(coarse);
    expect(again.status(bench.now)).toMatchObject({ position: "0.02", lastPrice: "100.00" });
  });

  it("count the part of a lot that remains against the limits", () => {
    const bench = new Bench(ETH_PERP, { maxPosition: { [LEG]: 10 } });
    const id = bench.rest(bid(4));
    bench.wishes = [];
    bench.fill(id, "buy", 4, "t1");
    bench.feed({ type: "instrument", leg: LEG, instrument: coarse });
    expect(placed(bench.wish(bid(10)))).toEqual([]);
    expect(placed(bench.wish({ ...bid(9), slot: "other" }))).toHaveLength(1);
  });
});

describe("closing a position", () => {
  function holding(instrument: Instrument, quantity: number, risk: Partial<RiskLimits> = {}): Bench {
    const bench = new Bench(instrument, risk);
    const id = bench.rest(bid(quantity));
    bench.wishes = [];
    bench.fill(id, "buy", quantity);
    return bench;
  }

  const flatten = { type: "control", desired: "stopped", flatten: true, maxSlippageBps: 50 } as const;

  it("takes in portions what one order may not be worth", () => {
    // A lot is worth about 0.1, so one order may be 8 of them.
    const bench = new Bench(ETH_PERP, { maxOrderNotional: "0.85" });
    for (let order = 0; order < 3; order += 1) {
      const id = bench.rest(bid(8));
      bench.wishes = [];
      bench.fill(id, "buy", 8);
    }
    expect(placed(bench.feed(flatten, 2_000))[0]).toMatchObject({ side: "sell", quantity: 8, reduceOnly: true });
  });

  it("waits a second between takes that find nothing, accepted as they are", () => {
    const bench = holding(ETH_PERP, 10);
    const id = placed(bench.feed(flatten, 2_000))[0]?.clientOrderId ?? "";
    bench.feed({ type: "accepted", leg: LEG, clientOrderId: id, exchangeOrderId: "x2" });
    const expired = { type: "canceled", leg: LEG, clientOrderId: id, filledQuantity: lots(0), expired: true } as const;
    expect(placed(bench.feed(expired))).toEqual([]);
    expect(placed(bench.feed({ type: "time" }, 1_000))[0]).toMatchObject({ side: "sell", quantity: 10 });
  });

  it("asks for no price beyond the band", () => {
    const bench = holding(ETH_PERP, 10, { priceBandBps: 20 });
    // Half a percent from the bid would be 9949; the band ends at 9980.
    expect(placed(bench.feed(flatten, 2_000))[0]).toMatchObject({ side: "sell", price: 9_980 });
  });

  it("comes to an end over dust that the exchange takes no order for", () => {
    const bench = holding({ ...ETH_SPOT, minNotional: "0.5" }, 6);
    const id = placed(bench.feed(flatten, 2_000))[0]?.clientOrderId ?? "";
    bench.feed({ type: "accepted", leg: LEG, clientOrderId: id, exchangeOrderId: "x1" });
    bench.fill(id, "sell", 4, "t-close");
    const effects = bench.feed({ type: "canceled", leg: LEG, clientOrderId: id, filledQuantity: lots(4), expired: true });
    expect(effects).toContainEqual({ type: "stateChanged", state: "stopped" });
    expect(placed(bench.feed({ type: "time" }, 60_000))).toEqual([]);
  });
});
