// Limits, money events, amends, retreats and adjustments of one kernel, event by event.

import { describe, expect, it } from "vitest";
import { z } from "zod";
import type { Effect } from "../../src/core/effects.ts";
import type { KernelEvent } from "../../src/core/events.ts";
import { createKernel, type Kernel, type KernelOptions, type RiskLimits } from "../../src/core/kernel.ts";
import type { Side } from "../../src/core/order.ts";
import { defineStrategy, type Intent, type Quote, type Strategy } from "../../src/core/strategy.ts";
import { plain } from "../../src/core/text.ts";
import { lots, ticks } from "../../src/core/units.ts";
import { ETH_PERP } from "./instruments.ts";

const LEG = "main";

function quote(slot: string, side: Side, price: number, quantity: number, more: Partial<Quote> = {}): Quote {
  return { slot, side, price: ticks(price), quantity: lots(quantity), postOnly: true, reason: "test", ...more };
}

class Bench {
  intents: Intent[] = [];
  reports: object = {};
  /** What the strategy was told. */
  heard: string[] = [];
  adapt: (params: unknown) => object = () => ({});
  now = 10_000;
  readonly kernel: Kernel;
  readonly effects: Effect[] = [];

  constructor(risk: Partial<RiskLimits> = {}, more: Partial<KernelOptions> = {}, state: ReturnType<Kernel["snapshot"]> | null = null) {
    const strategy = defineStrategy<unknown, object>({
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
      decide: (_state, event) => {
        this.heard.push(event.type);
        return this.intents;
      },
      adapt: (_state, _from, view) => this.adapt(view.params) as never,
      report: () => this.reports,
    }) as Strategy;
    const options = {
      botId: "bench",
      botNumber: 3,
      strategy,
      params: { a: 1 },
      instruments: { [LEG]: ETH_PERP },
      risk: { maxPosition: { [LEG]: 100 }, maxOpenOrders: 10, ...risk },
      lastCounter: null,
      ...more,
    };
    this.kernel = createKernel(options, {
      state,
      orders: [],
      market: { at: 1_000, legs: { [LEG]: { instrument: ETH_PERP, bestBid: ticks(9_999), bestAsk: ticks(10_001) } } },
    });
    this.book(9_999, 10_001);
    this.feed({ type: "recovered" });
  }

  feed(event: { type: KernelEvent["type"] } & Record<string, unknown>, after = 100): readonly Effect[] {
    this.now += after;
    const effects = this.kernel.apply({ leg: LEG, at: this.now, ...event } as unknown as KernelEvent);
    this.effects.push(...effects);
    return effects;
  }

  book(bestBid: number, bestAsk: number, after = 100): readonly Effect[] {
    return this.feed({ type: "book", bestBid, bestAsk }, after);
  }

  wish(...orders: Quote[]): readonly Effect[] {
    this.intents = [{ type: "quote", leg: LEG, orders }];
    return this.feed({ type: "control", desired: "running" });
  }

  fill(side: Side, price: number, quantity: number, tradeId: string, fee = "0"): readonly Effect[] {
    return this.feed({
      type: "fill",
      fill: {
        symbol: "s",
        tradeId,
        exchangeOrderId: "x",
        clientOrderId: "50331700",
        side,
        price,
        quantity,
        fee,
        feeCurrency: "USDC",
        liquidity: "maker",
        at: this.now,
      },
    });
  }
}

function placed(effects: readonly Effect[]) {
  return effects.flatMap((effect) => (effect.type === "place" ? [{ slot: effect.slot, ...effect.order }] : []));
}

function denials(effects: readonly Effect[]): string[] {
  return effects.flatMap((effect) =>
    effect.type === "alert" && effect.alert.type === "orderDenied" ? [`${effect.alert.code}: ${effect.alert.message}`] : [],
  );
}

describe("risk gate", () => {
  it.each<[string, Partial<RiskLimits>, Quote, string | null]>([
    ["maxOrderNotional", { maxOrderNotional: "0.4" }, quote("a", "buy", 9_900, 5), "maxOrderNotional: notional 0.495 exceeds 0.4"],
    ["maxNotional", { maxNotional: "0.4" }, quote("a", "buy", 9_900, 5), "maxNotional: worst case long 0.5 exceeds 0.4"],
    ["priceBand", { priceBandBps: 50 }, quote("a", "buy", 9_900, 5), "priceBand: price 99.00 is 100 bps from 100.00, the limit is 50 bps"],
    ["symbol", { symbols: ["BTC/USDC:USDC"] }, quote("a", "buy", 9_900, 5), "symbol: ETH/USDC:USDC is not among the allowed BTC/USDC:USDC"],
    ["maxPosition", {}, quote("a", "buy", 9_900, 101), "maxPosition: worst case long 0.101 exceeds 0.100"],
    [
      "reduceOnly without a position",
      {},
      quote("a", "sell", 10_100, 5, { reduceOnly: true }),
      "reduceOnly: 0.005 is more than the own position leaves to reduce",
    ],
    [
      "within every limit",
      { maxOrderNotional: "1", maxNotional: "1", priceBandBps: 200, symbols: ["ETH/USDC:USDC"] },
      quote("a", "buy", 9_900, 5),
      null,
    ],
  ])("%s", (_name, risk, wish, denial) => {
    const effects = new Bench(risk).wish(wish);
    expect(denials(effects)).toEqual(denial === null ? [] : [denial]);
    expect(placed(effects)).toHaveLength(denial === null ? 1 : 0);
  });

  it("defect 18: a quantity below the minimum is denied with its numbers, not sent and not thrown", () => {
    const bench = new Bench({}, { instruments: { [LEG]: { ...ETH_PERP, minQuantity: lots(10) } } });
    const effects = bench.wish(quote("a", "buy", 9_900, 5));
    expect(placed(effects)).toEqual([]);
    expect(denials(effects)).toEqual(["minQuantity: quantity 0.005 is below the smallest, 0.010"]);
  });

  it("holds opening orders back beyond so many a minute, and never closing ones", () => {
    const bench = new Bench({ maxOrdersPerMinute: 1 });
    expect(placed(bench.wish(quote("a", "buy", 9_900, 5), quote("b", "buy", 9_800, 5))).map((order) => order.slot)).toEqual(["a"]);
    bench.fill("buy", 9_900, 5, "t1");
    expect(placed(bench.wish(quote("x", "sell", 10_100, 5, { closing: true }))).map((order) => order.slot)).toEqual(["x"]);
    bench.book(9_999, 10_001, 61_000);
    expect(placed(bench.wish(quote("b", "buy", 9_800, 5))).map((order) => order.slot)).toEqual(["b"]);
  });

  it("never has more orders resting than it may", () => {
    const bench = new Bench({ maxOpenOrders: 2 });
    bench.intents = [{ type: "quote", leg: LEG, orders: ["a", "b", "c"].map((slot, index) => quote(slot, "buy", 9_900 - index, 1)) }];
    const first = placed(bench.feed({ type: "control", desired: "running" }));
    expect(first.map(({ slot }) => slot)).toEqual(["a", "b"]);
    expect(bench.kernel.liveOrders()).toHaveLength(2);
    bench.book(9_999, 10_001);
    expect(bench.kernel.liveOrders()).toHaveLength(2);
  });

  it("lets only reducing orders pass on a stale book", () => {
    const bench = new Bench({ maxBookAgeMs: 1_000 });
    bench.fill("buy", 9_900, 5, "t1");
    bench.intents = [{ type: "quote", leg: LEG, orders: [quote("x", "sell", 10_100, 5, { closing: true }), quote("a", "buy", 9_900, 5)] }];
    expect(placed(bench.feed({ type: "control", desired: "running" }, 5_000)).map((order) => order.slot)).toEqual(["x"]);
  });

  it("lets only reducing orders pass near liquidation and halts at half the distance", () => {
    const bench = new Bench({ minLiquidationDistanceBps: 1_000 });
    bench.fill("buy", 9_900, 5, "t1");
    bench.feed({ type: "margin", liquidationPrice: "92" });
    const effects = bench.wish(quote("a", "buy", 9_900, 5), quote("x", "sell", 10_100, 5));
    expect(placed(effects).map((order) => order.slot)).toEqual(["x"]);
    expect(denials(effects)).toEqual(["liquidation: liquidation is 800 bps away, the limit is 1000 bps"]);
    bench.feed({ type: "margin", liquidationPrice: "96" });
    expect(bench.kernel.status(bench.now).state).toBe("halted");
  });

  it("caps reduce-only orders together at the bot's own position", () => {
    const bench = new Bench();
    bench.fill("buy", 9_900, 5, "t1");
    const effects = bench.wish(quote("x", "sell", 10_100, 3, { reduceOnly: true }), quote("y", "sell", 10_200, 3, { reduceOnly: true }));
    expect(placed(effects).map((order) => order.slot)).toEqual(["x"]);
  });
});

describe("loss limits", () => {
  it("halts for the day's loss, counted from the risk day's beginning, and closes when told to", () => {
    const bench = new Bench({ maxDailyLoss: "1", onBreach: "flatten" });
    bench.fill("buy", 10_000, 100, "t1");
    bench.book(9_200, 9_202);
    expect(bench.kernel.status(bench.now).state).toBe("running");
    bench.feed({ type: "riskDay", day: "2026-11-21" });
    bench.book(8_300, 8_302);
    expect(bench.kernel.status(bench.now).state).toBe("running");
    const effects = bench.book(8_100, 8_102);
    expect(bench.kernel.status(bench.now).state).toBe("halted");
    expect(effects.find((effect) => effect.type === "alert")).toMatchObject({ alert: { type: "riskBreached", code: "maxDailyLoss" } });
    expect(placed(effects)).toMatchObject([{ slot: "take", side: "sell", quantity: 100, reduceOnly: true }]);
  });

  it("keeps the peak through a restart, and the halt until a person resumes", () => {
    const first = new Bench({ maxDrawdown: "1" });
    first.fill("buy", 10_000, 100, "t1");
    first.book(10_499, 10_501);
    const stored = JSON.parse(JSON.stringify(first.kernel.snapshot()));
    const next = new Bench({ maxDrawdown: "1" }, {}, stored);
    next.book(9_599, 9_601);
    expect(next.kernel.status(next.now).state).toBe("running");
    next.book(9_499, 9_501);
    expect(next.kernel.status(next.now)).toMatchObject({ state: "halted" });
    expect(next.kernel.status(next.now).haltReason?.en).toContain("below the peak");
    next.intents = [{ type: "quote", leg: LEG, orders: [quote("a", "buy", 9_900, 1)] }];
    expect(placed(next.feed({ type: "control", desired: "running" }))).toEqual([]);
  });

  it("a reset peak lets a halted bot go on, once per wish, and the next fall counts from there", () => {
    const bench = new Bench({ maxDrawdown: "1" });
    bench.fill("buy", 10_000, 100, "t1");
    bench.book(10_499, 10_501);
    bench.book(9_499, 9_501);
    expect(bench.kernel.status(bench.now)).toMatchObject({ state: "halted", peakPnl: "0.5" });
    bench.feed({ type: "resume" });
    expect(bench.kernel.status(bench.now).state).toBe("halted");
    bench.feed({ type: "resetPeak", since: 77 });
    bench.feed({ type: "resume" });
    expect(bench.kernel.status(bench.now)).toMatchObject({ state: "running", peakPnl: "-0.5" });
    bench.book(9_599, 9_601);
    bench.book(8_649, 8_651);
    bench.feed({ type: "resetPeak", since: 77 });
    expect(bench.kernel.status(bench.now)).toMatchObject({ state: "running", peakPnl: "-0.4" });
    bench.book(8_599, 8_601);
    expect(bench.kernel.status(bench.now).state).toBe("halted");
  });

  it("a peak that is reset without a price is the first net profit that can be told, also after a restart", () => {
    const first = new Bench({ maxDrawdown: "1" });
    first.fill("buy", 10_000, 100, "t1");
    first.book(10_499, 10_501);
    first.feed({ type: "bookLost", leg: LEG });
    first.feed({ type: "resetPeak", since: 5 });
    expect(first.kernel.status(first.now).peakPnl).toBe("0.5");
    const next = new Bench({ maxDrawdown: "1" }, {}, JSON.parse(JSON.stringify(first.kernel.snapshot())));
    // Its first book was at 10 000: from there this fall is within the limit, from the old peak it would not be.
    next.book(9_099, 9_101);
    expect(next.kernel.status(next.now)).toMatchObject({ state: "running", peakPnl: "0" });
  });

  it("counts fees and funding", () => {
    const bench = new Bench({ maxDailyLoss: "1" });
    bench.fill("buy", 10_000, 10, "t1", "0.6");
    bench.feed({ type: "funding", id: "f1", amount: "-0.3" });
    expect(bench.kernel.status(bench.now)).toMatchObject({ state: "running", funding: "-0.3", fees: "0.6", netPnl: "-0.9" });
    bench.feed({ type: "funding", id: "f1", amount: "-0.3" });
    expect(bench.kernel.status(bench.now).state).toBe("running");
    bench.feed({ type: "funding", id: "f2", amount: "-0.3" });
    expect(bench.kernel.status(bench.now).state).toBe("halted");
    expect(bench.effects.filter((effect) => effect.type === "recordFunding")).toHaveLength(2);
  });

  it("halts when the strategy's books and the ledger disagree", () => {
    const bench = new Bench();
    bench.reports = { gridProfit: "5", unpairedPnl: "0" };
    bench.fill("buy", 9_900, 5, "t1");
    expect(bench.kernel.status(bench.now).haltReason?.en).toContain("the books do not add up");
  });
});

describe("a person's word and a halt", () => {
  it("a halted strategy hears of it only with the resume, a recovering one only with its start", () => {
    const first = new Bench();
    first.feed({ type: "halt", reason: plain("panic") });
    first.heard = [];
    first.feed({ type: "control", desired: "paused" });
    first.feed({ type: "control", desired: "running" });
    expect(first.heard).toEqual([]);
    const stored = JSON.parse(JSON.stringify(first.kernel.snapshot()));
    first.feed({ type: "resume" });
    expect(first.heard).toEqual(["control"]);
    const next = new Bench({}, {}, stored);
    expect(next.kernel.status(next.now).state).toBe("halted");
    expect(next.heard).toEqual(["start"]);
  });
});

describe("the market's last trade", () => {
  it("is kept once it is told, asks nothing of the strategy, and is not carried over a restart", () => {
    const first = new Bench();
    expect(first.kernel.snapshot()).toMatchObject({ legs: { [LEG]: { last: null } } });
    expect(first.feed({ type: "last", price: 10_002 })).toEqual([]);
    for (const price of [0, -1, 1.5, Number.NaN]) first.feed({ type: "last", price });
    const seen = first.kernel.snapshot();
    expect(seen).toMatchObject({ legs: { [LEG]: { last: 10_002 } } });
    const next = new Bench({}, {}, JSON.parse(JSON.stringify(seen)));
    expect(next.kernel.snapshot()).toMatchObject({ legs: { [LEG]: { last: null } } });
  });
});

describe("post-only retreat", () => {
  it("stays behind the touch and steps back one tick more after each refusal, within its bound", () => {
    const bench = new Bench();
    bench.intents = [{ type: "quote", leg: LEG, orders: [quote("a", "buy", 10_003, 5, { maxRetreatTicks: 4 })] }];
    let order = placed(bench.feed({ type: "control", desired: "running" }))[0];
    const prices = [order?.price];
    for (let refusal = 1; refusal <= 3; refusal++) {
      bench.feed({ type: "rejected", clientOrderId: order?.clientOrderId, code: "postOnly", message: "would cross" });
      order = placed(bench.book(9_999, 10_001, 35_000))[0];
      prices.push(order?.price);
    }
    expect(prices).toEqual([10_000, 9_999, 9_999, 9_999]);
    bench.feed({ type: "accepted", clientOrderId: order?.clientOrderId, exchangeOrderId: "x1" });
    // It rests a little off its wish, and that is no reason to move it.
    expect(bench.book(9_998, 10_001).filter((effect) => effect.type === "cancel")).toEqual([]);
  });
});

describe("amends", () => {
  it("changes a resting order in place where the exchange can, and counts the larger quantity until it is answered", () => {
    const bench = new Bench({}, { amends: [LEG] });
    const id = placed(bench.wish(quote("a", "buy", 9_900, 50)))[0]?.clientOrderId;
    bench.feed({ type: "accepted", clientOrderId: id, exchangeOrderId: "x1" });
    const effects = bench.wish(quote("a", "buy", 9_950, 80));
    expect(effects.find((effect) => effect.type === "amend")).toMatchObject({ clientOrderId: id, price: 9_950, quantity: 80 });
    expect(placed(bench.wish(quote("a", "buy", 9_950, 80), quote("b", "buy", 9_800, 40)))).toEqual([]);
    bench.feed({ type: "amended", clientOrderId: id, price: 9_950, quantity: 80 });
    expect(bench.kernel.order(id ?? "")).toMatchObject({ price: 9_950, quantity: 80 });
  });

  it("falls back to cancel and place when the exchange refuses", () => {
    const bench = new Bench({}, { amends: [LEG] });
    const id = placed(bench.wish(quote("a", "buy", 9_900, 5)))[0]?.clientOrderId;
    bench.feed({ type: "accepted", clientOrderId: id, exchangeOrderId: "x1" });
    bench.wish(quote("a", "buy", 9_950, 5));
    const effects = bench.feed({ type: "amendRefused", clientOrderId: id, isUnknown: false });
    expect(effects.filter((effect) => effect.type === "cancel")).toHaveLength(1);
  });
});

describe("what ends or changes a bot", () => {
  it("finishes when the strategy says so, closing first when asked", () => {
    const bench = new Bench();
    bench.fill("buy", 9_900, 5, "t1");
    bench.intents = [{ type: "finish", reason: plain("target reached"), flatten: true }];
    const effects = bench.book(9_998, 10_001);
    expect(effects.find((effect) => effect.type === "finished")).toMatchObject({ flatten: true });
    expect(placed(effects)).toMatchObject([{ side: "sell", quantity: 5, timeInForce: "ioc" }]);
    expect(bench.kernel.status(bench.now).state).toBe("stopping");
  });

  it("finishes when its time to run is over, also across a restart", () => {
    const bench = new Bench({}, { runForMs: 60_000 });
    bench.feed({ type: "time" }, 30_000);
    const stored = JSON.parse(JSON.stringify(bench.kernel.snapshot()));
    const next = new Bench({}, { runForMs: 60_000 }, stored);
    next.now = bench.now;
    next.feed({ type: "time" }, 20_000);
    expect(next.kernel.status(next.now).state).toBe("running");
    expect(next.feed({ type: "time" }, 30_000).some((effect) => effect.type === "finished")).toBe(true);
    expect(next.kernel.status(next.now).state).toBe("stopped");
  });

  it("takes new parameters whole, or refuses them with everything as it was", () => {
    const bench = new Bench();
    const before = bench.kernel.snapshot();
    bench.adapt = () => ({ refused: plain("too narrow") });
    expect(bench.feed({ type: "adjust", params: { a: 2 } })).toMatchObject([{ type: "adjustRefused", reason: { en: "too narrow" } }]);
    expect(bench.kernel.snapshot().params).toEqual(before.params);
    bench.adapt = () => ({ fresh: true });
    expect(bench.feed({ type: "adjust", params: { a: 2 } }).some((effect) => effect.type === "adjusted")).toBe(true);
    expect(bench.kernel.snapshot()).toMatchObject({ params: { a: 2 }, strategyState: { fresh: true } });
  });

  it("recounts its books when the exchange changes tick and lot, and cancels what rests", () => {
    const bench = new Bench();
    bench.fill("buy", 9_900, 5, "t1");
    const id = placed(bench.wish(quote("a", "buy", 9_800, 5)))[0]?.clientOrderId;
    bench.feed({ type: "accepted", clientOrderId: id, exchangeOrderId: "x1" });
    bench.intents = [];
    const finer = { ...ETH_PERP, tickSize: "0.001", lotSize: "0.0001", revision: "new" };
    const effects = bench.feed({ type: "instrument", instrument: finer });
    expect(effects.filter((effect) => effect.type === "cancel")).toHaveLength(1);
    expect(bench.kernel.status(bench.now)).toMatchObject({ position: "0.0050", averageEntryPrice: "99" });
  });
});
