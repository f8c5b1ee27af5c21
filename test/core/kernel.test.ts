// One kernel, event by event: what it sends, what it waits for and what it refuses.

import { describe, expect, it } from "vitest";
import { z } from "zod";
import type { Effect } from "../../src/core/effects.ts";
import type { ExchangeFill, KernelEvent } from "../../src/core/events.ts";
import { createKernel, type Kernel, type KernelState } from "../../src/core/kernel.ts";
import type { Side } from "../../src/core/order.ts";
import { defineStrategy, type Intent, type Quote, type Strategy } from "../../src/core/strategy.ts";
import { plain } from "../../src/core/text.ts";
import { lots, ticks } from "../../src/core/units.ts";
import grid from "../../src/strategies/grid.ts";
import { ETH_PERP } from "./instruments.ts";

const LEG = "main";

/** A strategy that wishes whatever the test put into its parameters. */
function scripted(answer: () => readonly Intent[]): Strategy {
  return defineStrategy<unknown, Record<string, never>>({
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
    decide: () => answer(),
    adapt: (state) => state,
  }) as Strategy;
}

function quote(slot: string, side: Side, price: number, quantity: number, more: Partial<Quote> = {}): Quote {
  return { slot, side, price: ticks(price), quantity: lots(quantity), postOnly: true, reason: "test", ...more };
}

class Bench {
  wishes: Quote[] = [];
  intents: Intent[] | null = null;
  now = 1_000;
  kernel: Kernel;
  readonly effects: Effect[] = [];

  constructor(maxPosition = 100, state: KernelState | null = null) {
    const strategy = scripted(() => this.intents ?? [{ type: "quote", leg: LEG, orders: this.wishes }]);
    this.kernel = createKernel(
      {
        botId: "bench",
        botNumber: 3,
        strategy,
        params: {},
        instruments: { [LEG]: ETH_PERP },
        risk: { maxPosition: { [LEG]: maxPosition }, maxOpenOrders: 4 },
        lastCounter: null,
      },
      {
        state,
        orders: [],
        market: { at: 1_000, legs: { [LEG]: { instrument: ETH_PERP, bestBid: ticks(9_999), bestAsk: ticks(10_001) } } },
      },
    );
  }

  feed(event: Omit<KernelEvent, "at"> & { type: KernelEvent["type"] }, after = 0): readonly Effect[] {
    this.now += after;
    const effects = this.kernel.apply({ ...event, at: this.now } as KernelEvent);
    this.effects.push(...effects);
    return effects;
  }

  run(wishes: Quote[]): readonly Effect[] {
    this.wishes = wishes;
    this.feed({ type: "book", leg: LEG, bestBid: ticks(9_999), bestAsk: ticks(10_001) } as never);
    return this.feed({ type: "recovered" });
  }

  book(bestBid: number, bestAsk: number, after = 100): readonly Effect[] {
    return this.feed({ type: "book", leg: LEG, bestBid: ticks(bestBid), bestAsk: ticks(bestAsk) } as never, after);
  }

  accept(clientOrderId: string): void {
    this.feed({ type: "accepted", leg: LEG, clientOrderId, exchangeOrderId: `x${clientOrderId}` } as never);
  }

  fill(clientOrderId: string, side: Side, price: number, quantity: number, tradeId: string): readonly Effect[] {
    const fill: ExchangeFill = {
      symbol: ETH_PERP.ref.symbol,
      tradeId,
      exchangeOrderId: `x${clientOrderId}`,
      clientOrderId,
      side,
      price: ticks(price),
      quantity: lots(quantity),
      fee: "0",
      feeCurrency: "USDC",
      liquidity: "maker",
      at: this.now,
    };
    return this.feed({ type: "fill", leg: LEG, fill } as never);
  }
}

function placed(effects: readonly Effect[]) {
  return effects.flatMap((effect) => (effect.type === "place" ? [{ slot: effect.slot, ...effect.order }] : []));
}

function canceled(effects: readonly Effect[]): string[] {
  return effects.flatMap((effect) => (effect.type === "cancel" ? [effect.clientOrderId] : []));
}

function idOf(effects: readonly Effect[], slot: string): string {
  const order = placed(effects).find((candidate) => candidate.slot === slot);
  if (order === undefined) throw new Error(`nothing was placed in ${slot}`);
  return order.clientOrderId;
}

describe("kernel", () => {
  it("places nothing before recovery is done, then one order per wished slot", () => {
    const bench = new Bench();
    bench.wishes = [quote("a", "buy", 9_900, 5), quote("b", "sell", 10_100, 5)];
    expect(placed(bench.book(9_999, 10_001))).toEqual([]);
    const effects = bench.feed({ type: "recovered" });
    expect(placed(effects).map((order) => [order.slot, order.side, order.price, order.quantity, order.postOnly])).toEqual([
      ["a", "buy", 9_900, 5, true],
      ["b", "sell", 10_100, 5, true],
    ]);
    expect(placed(bench.book(9_998, 10_002))).toEqual([]);
  });

  it("replaces an order only after its cancel is confirmed", () => {
    const bench = new Bench();
    const id = idOf(bench.run([quote("a", "buy", 9_900, 5)]), "a");
    bench.accept(id);
    bench.wishes = [quote("a", "buy", 9_800, 5)];
    const effects = bench.book(9_997, 10_001);
    expect(canceled(effects)).toEqual([id]);
    expect(placed(effects)).toEqual([]);
    expect(
      placed(bench.feed({ type: "canceled", leg: LEG, clientOrderId: id, filledQuantity: lots(0) } as never)).map((order) => order.price),
    ).toEqual([9_800]);
  });

  it("defect 9: keeps an unanswered order in its slot, asks about it and never sends it again", () => {
    const bench = new Bench();
    const id = idOf(bench.run([quote("a", "buy", 9_900, 5)]), "a");
    const effects = bench.feed({ type: "unknown", leg: LEG, clientOrderId: id } as never);
    expect(effects.filter((effect) => effect.type === "inquire")).toEqual([{ type: "inquire", leg: LEG, clientOrderId: id }]);
    expect(placed(bench.book(9_998, 10_001, 60_000))).toEqual([]);
    expect(bench.kernel.status(bench.now).unknownOrders).toBe(1);
    bench.feed({ type: "neverArrived", leg: LEG, clientOrderId: id } as never);
    const again = placed(bench.book(9_997, 10_001, 60_000));
    expect(again.map((order) => order.slot)).toEqual(["a"]);
    expect(again[0]?.clientOrderId).not.toBe(id);
  });

  it("closes a rejected slot for a moment that grows with each rejection", () => {
    const bench = new Bench();
    bench.feed({
      type: "rejected",
      leg: LEG,
      clientOrderId: idOf(bench.run([quote("a", "buy", 9_900, 5)]), "a"),
      code: "postOnly",
      message: "would cross",
    } as never);
    expect(placed(bench.book(9_998, 10_001, 500))).toEqual([]);
    const second = bench.book(9_997, 10_001, 600);
    bench.feed({ type: "rejected", leg: LEG, clientOrderId: idOf(second, "a"), code: "postOnly", message: "would cross" } as never);
    expect(placed(bench.book(9_996, 10_001, 1_500))).toEqual([]);
    expect(placed(bench.book(9_995, 10_001, 600)).length).toBe(1);
  });

  it("closes a slot for a growing moment when the exchange accepts its order and ends it at once, unfilled", () => {
    const bench = new Bench();
    const refuse = (id: string): readonly Effect[] => {
      bench.accept(id);
      return bench.feed({ type: "canceled", leg: LEG, clientOrderId: id, filledQuantity: lots(0) } as never, 50);
    };
    expect(placed(refuse(idOf(bench.run([quote("a", "buy", 9_900, 5)]), "a")))).toEqual([]);
    expect(placed(bench.book(9_998, 10_001, 500))).toEqual([]);
    const second = bench.book(9_997, 10_001, 600);
    refuse(idOf(second, "a"));
    expect(placed(bench.book(9_996, 10_001, 1_500))).toEqual([]);
    const third = bench.book(9_995, 10_001, 600);
    // One that has rested and is taken off by somebody is simply placed again.
    const id = idOf(third, "a");
    bench.accept(id);
    bench.book(9_994, 10_001, 5_000);
    expect(placed(bench.feed({ type: "canceled", leg: LEG, clientOrderId: id, filledQuantity: lots(0) } as never)).length).toBe(1);
  });

  it("keeps an order live when its cancel report overtakes a partial fill", () => {
    const bench = new Bench(10);
    const id = idOf(bench.run([quote("a", "buy", 9_900, 10)]), "a");
    bench.accept(id);
    bench.wishes = [quote("a", "buy", 9_800, 10)];
    bench.book(9_997, 10_001);
    const effects = bench.feed({ type: "canceled", leg: LEG, clientOrderId: id, filledQuantity: lots(4) } as never);
    expect(placed(effects)).toEqual([]);
    expect(effects.some((effect) => effect.type === "inquire")).toBe(true);
    bench.wishes = [quote("a", "buy", 9_800, 6)];
    expect(placed(bench.fill(id, "buy", 9_900, 4, "t1")).map((order) => order.quantity)).toEqual([6]);
  });

  it("folds a fill in once, however often and by whichever way it is told", () => {
    const bench = new Bench();
    const id = idOf(bench.run([quote("a", "buy", 9_900, 5)]), "a");
    bench.fill(id, "buy", 9_900, 2, "t1");
    bench.fill(id, "buy", 9_900, 2, "t1");
    expect(bench.kernel.status(bench.now)).toMatchObject({ position: "0.002", fills: 1 });
    expect(bench.effects.filter((effect) => effect.type === "record")).toHaveLength(1);
  });

  it("counts a fill of an order that it no longer remembers", () => {
    const bench = new Bench();
    bench.run([]);
    bench.fill("50331700", "sell", 10_000, 3, "t9");
    expect(bench.kernel.status(bench.now).position).toBe("-0.003");
  });

  it("defect 6: counts live, in-flight and unknown orders against the position limit before it sends", () => {
    const bench = new Bench(10);
    const effects = bench.run([quote("a", "buy", 9_900, 6), quote("b", "buy", 9_800, 6), quote("c", "sell", 10_100, 6)]);
    expect(
      placed(effects)
        .map((order) => order.slot)
        .sort(),
    ).toEqual(["a", "c"]);
    expect(effects.find((effect) => effect.type === "alert")).toMatchObject({ alert: { type: "orderDenied", code: "maxPosition" } });
  });

  it("spends a short order budget on closing orders and on those nearest to the market", () => {
    const bench = new Bench(1_000);
    const effects = bench.run([
      quote("far", "buy", 9_000, 1),
      quote("near", "buy", 9_990, 1),
      quote("exit", "sell", 12_000, 1, { closing: true }),
      quote("mid", "buy", 9_500, 1),
      quote("farther", "buy", 8_000, 1),
    ]);
    expect(placed(effects).map((order) => order.slot)).toEqual(["exit", "near", "mid", "far"]);
  });

  it("keeps only closing orders while paused, up to the position, and opens again on resume", () => {
    const bench = new Bench();
    const id = idOf(bench.run([quote("a", "buy", 9_900, 5)]), "a");
    bench.wishes = [quote("a:exit", "sell", 10_100, 5, { closing: true }), quote("s", "sell", 10_200, 5), quote("b", "buy", 9_800, 5)];
    const opened = bench.fill(id, "buy", 9_900, 5, "t1");
    for (const order of placed(opened)) bench.accept(order.clientOrderId);
    const paused = bench.feed({ type: "control", desired: "paused" } as never);
    expect(canceled(paused).sort()).toEqual([idOf(opened, "s"), idOf(opened, "b")].sort());
    for (const each of canceled(paused)) bench.feed({ type: "canceled", leg: LEG, clientOrderId: each, filledQuantity: lots(0) } as never);
    expect(bench.kernel.status(bench.now).state).toBe("paused");
    expect(
      placed(bench.feed({ type: "control", desired: "running" } as never))
        .map((order) => order.slot)
        .sort(),
    ).toEqual(["b", "s"]);
  });

  it("drains: works closing orders on and is stopped when flat", () => {
    const bench = new Bench();
    const id = idOf(bench.run([quote("a", "buy", 9_900, 5)]), "a");
    bench.wishes = [quote("a:exit", "sell", 10_100, 5, { closing: true })];
    const exit = idOf(bench.fill(id, "buy", 9_900, 5, "t1"), "a:exit");
    bench.accept(exit);
    bench.feed({ type: "control", desired: "draining" } as never);
    expect(bench.kernel.status(bench.now).state).toBe("draining");
    bench.wishes = [quote("b", "buy", 9_900, 5)];
    const last = bench.fill(exit, "sell", 10_100, 5, "t2");
    expect(placed(last)).toEqual([]);
    expect(bench.kernel.status(bench.now).state).toBe("stopped");
  });

  it("stops: cancels everything and says stopped only when nothing is left", () => {
    const bench = new Bench();
    const effects = bench.run([quote("a", "buy", 9_900, 5), quote("b", "sell", 10_100, 5)]);
    bench.accept(idOf(effects, "a"));
    bench.feed({ type: "control", desired: "stopped" } as never);
    expect(bench.kernel.status(bench.now).state).toBe("stopping");
    bench.feed({ type: "canceled", leg: LEG, clientOrderId: idOf(effects, "a"), filledQuantity: lots(0) } as never);
    // The second order was still in flight: it is canceled as soon as its acceptance is known.
    expect(bench.kernel.status(bench.now).state).toBe("stopping");
    bench.now += 10;
    const late = bench.feed({ type: "accepted", leg: LEG, clientOrderId: idOf(effects, "b"), exchangeOrderId: "xb" } as never);
    expect(canceled(late)).toEqual([idOf(effects, "b")]);
    bench.feed({ type: "canceled", leg: LEG, clientOrderId: idOf(effects, "b"), filledQuantity: lots(0) } as never);
    expect(bench.kernel.status(bench.now).state).toBe("stopped");
  });

  it("flattens with one reduce-only order at a time inside the slippage bound", () => {
    const bench = new Bench();
    const id = idOf(bench.run([quote("a", "buy", 9_900, 5)]), "a");
    bench.wishes = [];
    bench.fill(id, "buy", 9_900, 5, "t1");
    const effects = bench.feed({ type: "control", desired: "stopped", flatten: true, maxSlippageBps: 50 } as never);
    expect(placed(effects)).toMatchObject([
      { slot: "take", side: "sell", quantity: 5, price: Math.floor(9_999 * 0.995), timeInForce: "ioc", reduceOnly: true },
    ]);
    const take = idOf(effects, "take");
    bench.fill(take, "sell", 9_999, 3, "t2");
    bench.feed({ type: "canceled", leg: LEG, clientOrderId: take, filledQuantity: lots(3) } as never);
    expect(bench.kernel.status(bench.now).state).toBe("stopping");
    const second = bench.book(9_998, 10_001, 1_100);
    expect(placed(second)).toMatchObject([{ side: "sell", quantity: 2 }]);
    bench.fill(idOf(second, "take"), "sell", 9_998, 2, "t3");
    expect(bench.kernel.status(bench.now)).toMatchObject({ state: "stopped", position: "0.000" });
  });

  it("halts for good until a person resumes", () => {
    const bench = new Bench();
    const effects = bench.run([quote("a", "buy", 9_900, 5)]);
    bench.accept(idOf(effects, "a"));
    expect(canceled(bench.feed({ type: "halt", reason: plain("panic") } as never))).toEqual([idOf(effects, "a")]);
    bench.feed({ type: "canceled", leg: LEG, clientOrderId: idOf(effects, "a"), filledQuantity: lots(0) } as never);
    expect(placed(bench.feed({ type: "control", desired: "running" } as never))).toEqual([]);
    expect(bench.kernel.status(bench.now).state).toBe("halted");
    expect(placed(bench.feed({ type: "resume" }))).toHaveLength(1);
  });

  it("defect 8: takes an order that carries its id for its own, and cancels what it did not wish; leaves foreign orders alone", () => {
    const bench = new Bench();
    bench.run([]);
    const open = {
      symbol: ETH_PERP.ref.symbol,
      side: "buy",
      price: ticks(9_000),
      quantity: lots(1),
      filledQuantity: lots(0),
      postOnly: true,
      reduceOnly: false,
      at: 1,
    };
    const effects = bench.feed({
      type: "reconciled",
      leg: LEG,
      openOrders: [
        { ...open, clientOrderId: "50331999", exchangeOrderId: "own" },
        { ...open, clientOrderId: "4711", exchangeOrderId: "users" },
        { ...open, clientOrderId: "67108865", exchangeOrderId: "otherBots" },
      ],
      position: lots(0),
    } as never);
    expect(canceled(effects)).toEqual(["50331999"]);
  });

  it("defect 2: concludes nothing from an order's absence in a listing but asks", () => {
    const bench = new Bench();
    const id = idOf(bench.run([quote("a", "buy", 9_900, 5)]), "a");
    bench.accept(id);
    bench.now += 10_000;
    const effects = bench.feed({ type: "reconciled", leg: LEG, openOrders: [], position: lots(0) } as never);
    expect(effects.filter((effect) => effect.type === "inquire")).toHaveLength(1);
    expect(bench.kernel.liveOrders()).toHaveLength(1);
  });

  it("defect 12: notices a position that it did not make, from flat, and opens nothing until it agrees again", () => {
    const bench = new Bench();
    bench.run([]);
    const reconcile = (position: number) =>
      bench.feed({ type: "reconciled", leg: LEG, openOrders: [], position: lots(position) } as never, 10_000);
    reconcile(0);
    reconcile(30);
    expect(reconcile(30).find((effect) => effect.type === "alert")).toMatchObject({
      alert: { type: "mismatch", ours: "0.000", theirs: "0.030" },
    });
    bench.wishes = [quote("a", "buy", 9_900, 5)];
    expect(placed(bench.book(9_998, 10_001))).toEqual([]);
    expect(placed(reconcile(0))).toHaveLength(1);
  });

  it("ignores crossed and unreadable books", () => {
    const bench = new Bench();
    bench.run([]);
    bench.feed({ type: "book", leg: LEG, bestBid: 10_005, bestAsk: 10_001 } as never);
    bench.feed({ type: "book", leg: LEG, bestBid: Number.NaN, bestAsk: 10_001 } as never);
    expect(bench.kernel.status(bench.now).lastPrice).toBe("100.00");
  });

  it("throws on two wishes for one leg in one answer", () => {
    const bench = new Bench();
    bench.intents = [
      { type: "quote", leg: LEG, orders: [] },
      { type: "hold", leg: LEG, quantity: lots(0), maxSlippageBps: 10 },
    ];
    expect(() => bench.run([])).toThrow("two wishes");
  });
});

describe("kernel and grid", () => {
  const params = grid.params.parse({ gridNum: 5, lowerPrice: "96", upperPrice: "104", orderQuantity: "0.01" });
  const options = {
    botId: "g",
    botNumber: 3,
    strategy: grid as Strategy,
    params,
    instruments: { [LEG]: ETH_PERP },
    risk: { maxPosition: { [LEG]: 1_000 }, maxOpenOrders: 50 },
    lastCounter: null,
  };
  const market = { at: 1, legs: { [LEG]: { instrument: ETH_PERP, bestBid: ticks(9_999), bestAsk: ticks(10_001) } } };

  it("defect 3: a close filled in ten parts is ten bookings, one tracked remainder after each, and unlocks only at the end", () => {
    const kernel = createKernel(options, { state: null, orders: [], market });
    let now = 10;
    const apply = (event: object) => {
      now += 10;
      return kernel.apply({ at: now, ...event } as KernelEvent);
    };
    const started = [...apply({ type: "book", leg: LEG, bestBid: ticks(9_999), bestAsk: ticks(10_001) }), ...apply({ type: "recovered" })];
    expect(
      placed(started)
        .map((order) => [order.side, order.price])
        .sort(),
    ).toEqual(
      [
        ["buy", 10_000],
        ["buy", 9_600],
        ["buy", 9_800],
        ["sell", 10_200],
        ["sell", 10_400],
      ].sort(),
    );
    const entry = placed(started).find((order) => order.price === 9_800);
    const fill = (order: { clientOrderId: string; side: Side } | undefined, price: number, quantity: number) =>
      apply({
        type: "fill",
        leg: LEG,
        fill: {
          symbol: "s",
          tradeId: `t${now}`,
          exchangeOrderId: `x${order?.clientOrderId}`,
          clientOrderId: order?.clientOrderId ?? "",
          side: order?.side,
          price: ticks(price),
          quantity: lots(quantity),
          fee: "0",
          feeCurrency: "USDC",
          liquidity: "maker",
          at: now,
        },
      });
    let exit = placed(fill(entry, 9_800, 4)).find((order) => order.side === "sell");
    expect(exit).toMatchObject({ price: 10_000, quantity: 4 });
    // The rest of the entry fills: the exit is replaced by one for the whole of it.
    apply({ type: "accepted", leg: LEG, clientOrderId: exit?.clientOrderId, exchangeOrderId: `x${exit?.clientOrderId}` });
    const more = fill(entry, 9_800, 6);
    expect(canceled(more)).toEqual([exit?.clientOrderId]);
    exit = placed(apply({ type: "canceled", leg: LEG, clientOrderId: exit?.clientOrderId, filledQuantity: lots(0) })).find(
      (order) => order.side === "sell",
    );
    expect(exit).toMatchObject({ price: 10_000, quantity: 10 });
    for (let part = 1; part <= 10; part++) {
      const effects = fill(exit, 10_000, 1);
      expect(kernel.status(now)).toMatchObject({ position: ((10 - part) / 1_000).toFixed(3), realizedPnl: String((part * 2) / 1_000) });
      const reentered = placed(effects).filter((order) => order.price === 9_800);
      expect(reentered).toHaveLength(part === 10 ? 1 : 0);
    }
    expect(kernel.status(now).report).toMatchObject({ gridProfit: "0.02", pairs: 1 });
  });

  it("goes on after a restart from its JSON with the same lots, pairs and profit", () => {
    const kernel = createKernel(options, { state: null, orders: [], market });
    kernel.apply({ type: "book", at: 10, leg: LEG, bestBid: ticks(9_999), bestAsk: ticks(10_001) });
    const entry = placed(kernel.apply({ type: "recovered", at: 11 })).find((order) => order.price === 9_800);
    kernel.apply({
      type: "fill",
      at: 12,
      leg: LEG,
      fill: {
        symbol: "s",
        tradeId: "t1",
        exchangeOrderId: "x",
        clientOrderId: entry?.clientOrderId ?? "",
        side: "buy",
        price: ticks(9_800),
        quantity: lots(10),
        fee: "0.1",
        feeCurrency: "USDC",
        liquidity: "maker",
        at: 12,
      },
    });
    const stored = JSON.parse(JSON.stringify(kernel.snapshot())) as KernelState;
    const next = createKernel(options, { state: stored, orders: [], market: { ...market, at: 20 } });
    expect(next.status(20)).toMatchObject({ state: "recovering", position: "0.010", fees: "0.1" });
    next.apply({ type: "book", at: 21, leg: LEG, bestBid: ticks(9_810), bestAsk: ticks(9_812) });
    expect(next.snapshot().strategyState).toEqual(kernel.snapshot().strategyState);
  });

  it.each([
    [{ lowerPrice: "3100", upperPrice: "2900", orderQuantity: "1" }, "lowerPrice 3100 must be below upperPrice 2900"],
    [{ lowerPrice: "3100", orderQuantity: "1" }, "go together"],
    [{ orderQuantity: "0" }, "must be positive"],
    [{ orderQuantity: "NaN" }, "decimal number"],
    [{ orderQuantity: "1", gridNum: 1 }, "gridNum"],
    [{ orderQuantity: "1", priceRangePercent: "100" }, "below 100"],
    [{ orderQuantity: "1", colour: "red" }, "colour"],
  ])("refuses %j", (input, message) => {
    const result = grid.params.safeParse(input);
    expect(result.success).toBe(false);
    expect(JSON.stringify(result.error?.issues)).toContain(message);
  });
});
