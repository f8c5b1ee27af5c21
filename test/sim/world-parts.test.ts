// The parts of the simulated world that everything else rests on: its schedule, its market and its own arithmetic.

import { describe, expect, it } from "vitest";
import type { PlaceOrder } from "../../src/core/effects.ts";
import type { KernelStatus } from "../../src/core/kernel.ts";
import { lots, ticks } from "../../src/core/units.ts";
import { createRandom } from "../../src/sim/random.ts";
import { type BotOrder, newest } from "../../src/sim/world/bot-order.ts";
import { type Habits, Market, type MarketListener } from "../../src/sim/world/market.ts";
import { Schedule } from "../../src/sim/world/schedule.ts";
import { Trace } from "../../src/sim/world/trace.ts";
import { TruthBooks } from "../../src/sim/world/truth.ts";
import { ETH_PERP, ETH_SPOT } from "../core/instruments.ts";

const SILENT: MarketListener = { opened: () => undefined, traded: () => undefined, closed: () => undefined, doomed: () => undefined };

function marketWith(userPosition = 0, habits: Partial<Habits> = {}): Market {
  const terms = {
    instrument: ETH_PERP,
    startPrice: ticks(250_000),
    userPosition: lots(userPosition),
    selfTrade: "rejectTaker" as const,
    paysInBase: false,
  };
  return new Market(terms, createRandom("market"), SILENT, habits);
}

function request(order: Partial<PlaceOrder>): PlaceOrder {
  return {
    clientOrderId: "1",
    side: "buy",
    price: ticks(249_000),
    quantity: lots(10),
    timeInForce: "gtc",
    postOnly: false,
    reduceOnly: false,
    ...order,
  };
}

function taken(answer: BotOrder | string): BotOrder {
  if (typeof answer === "string") throw new Error(answer);
  return answer;
}

describe("Schedule", () => {
  it("runs what is due by time, then by order of asking, each at its own moment", () => {
    const schedule = new Schedule(1_000);
    const seen: string[] = [];
    for (const [name, ms] of [
      ["c", 30],
      ["a", 10],
      ["b", 10],
      ["late", 60],
    ] as const)
      schedule.after(ms, () => seen.push(`${name} ${schedule.now}`));
    schedule.after(20, () => schedule.after(5, () => seen.push(`nested ${schedule.now}`)));
    schedule.runUntil(1_050);
    expect(seen).toEqual(["a 1010", "b 1010", "nested 1025", "c 1030"]);
    expect(schedule.now).toBe(1_050);
  });
});

describe("Market", () => {
  it("fills a resting order when the crowd comes to it, and remembers each version", () => {
    const market = marketWith();
    const order = taken(market.place(request({}), 1));
    for (let step = 0; newest(order).status === "open" && step < 50; step += 1) market.step(0.99, 2 + step);
    expect(newest(order)).toMatchObject({ status: "filled", filled: 10 });
    expect(market.position).toBe(10);
    expect(market.find("1", 1)?.version).toMatchObject({ status: "open", filled: 0 });
    expect(market.find("1", 0)).toBeNull();
    expect(market.listing(1)).toHaveLength(1);
    expect(market.listing(100)).toHaveLength(0);
    expect(market.accountPosition(1)).toBe(0);
  });

  it("refuses post-only orders that would take, and reduce-only ones with nothing to reduce", () => {
    const market = marketWith();
    expect(market.place(request({ price: ticks(260_000), postOnly: true }), 1)).toBe("wouldTake");
    expect(market.place(request({ reduceOnly: true }), 1)).toBe("notReducing");
  });

  it("lets reduce-only orders reduce the whole account, the person's own position included", () => {
    const market = marketWith(-100);
    taken(market.place(request({ reduceOnly: true, price: ticks(260_000), timeInForce: "ioc", quantity: lots(3) }), 1));
    expect(market.position).toBe(3);
    expect(market.accountPosition(1)).toBe(-97);
  });

  it("changes an order in place, or leaves it as it was when the change is refused", () => {
    const market = marketWith();
    taken(market.place(request({ postOnly: true }), 1));
    expect(market.amend("1", { price: ticks(260_000), quantity: lots(20) }, 2)).toBe("wouldTake");
    expect(market.listing(2)[0]?.version).toMatchObject({ price: 249_000, quantity: 10 });
    taken(market.amend("1", { price: ticks(248_000), quantity: lots(20) }, 3));
    expect(market.listing(2)[0]?.version).toMatchObject({ price: 249_000, quantity: 10 });
    expect(market.listing(3)[0]?.version).toMatchObject({ price: 248_000, quantity: 20 });
  });

  it("gives a changed order another id where the exchange does, and knows it by the new one alone", () => {
    const market = marketWith(0, { renamesAmended: true });
    const before = newest(taken(market.place(request({}), 1))).exchangeOrderId;
    taken(market.amend("1", { price: ticks(248_000), quantity: lots(20) }, 2));
    const after = newest(market.find("1", 2)?.order as BotOrder).exchangeOrderId;
    expect(after).not.toBe(before);
    expect(market.find("1", 1)?.version.exchangeOrderId).toBe(before);
    expect(market.cancel("1", 3, before)).toBeNull();
    expect(market.cancel("1", 3, after)).not.toBeNull();
  });

  it("takes what it does not want and ends it a moment later where the exchange does so", () => {
    const market = marketWith(0, { refusesLate: true });
    const order = taken(market.place(request({ price: ticks(260_000), postOnly: true }), 1));
    expect(newest(order)).toMatchObject({ status: "open", filled: 0 });
    market.endDoomed(order, 2);
    expect(newest(order)).toMatchObject({ status: "canceled", filled: 0 });
    market.hasMargin = false;
    const opening = taken(market.place(request({ clientOrderId: "2" }), 3));
    market.endDoomed(opening, 4);
    expect(newest(opening).status).toBe("canceled");
  });

  it("cancels what rests when its steps change, opens later and takes whole steps only", () => {
    const market = marketWith();
    const order = taken(market.place(request({}), 1));
    market.takeSteps({ tick: 10, lot: 5 }, 2, 100);
    expect(newest(order).status).toBe("canceled");
    expect(market.instrument).toMatchObject({ tickSize: "0.1", lotSize: "0.005" });
    expect(market.place(request({ clientOrderId: "2" }), 50)).toBe("closed");
    expect(market.place(request({ clientOrderId: "2", price: ticks(249_003) }), 100)).toBe("offGrid");
    taken(market.place(request({ clientOrderId: "2" }), 100));
    market.step(0.99, 101);
    for (const fill of market.fills) expect(fill.price % 10).toBe(0);
  });

  it("takes fees in a currency of its own and tells what they were worth", () => {
    const market = marketWith(0, { feeToken: { currency: "BNB", rate: 500, isConverted: true } });
    taken(market.place(request({ price: ticks(260_000), timeInForce: "ioc", quantity: lots(3) }), 1));
    const [fill] = market.fills;
    const paid = 3 * (fill?.price ?? 0) * Number(ETH_PERP.tickSize) * Number(ETH_PERP.lotSize) * Number(ETH_PERP.takerFee);
    expect(fill?.feeCurrency).toBe("BNB");
    expect(Number(fill?.feeInQuote)).toBeCloseTo(paid, 5);
    expect(Number(fill?.fee)).toBeCloseTo(paid / 500, 6);
  });

  it("knows what the person held at each time", () => {
    const market = marketWith(10);
    market.personTrades(-25, 5);
    expect([market.accountPosition(4), market.accountPosition(5)]).toEqual([10, -15]);
  });

  it("gives up the rest of an order that only takes", () => {
    const market = marketWith();
    const order = taken(market.place(request({ price: ticks(250_001), timeInForce: "ioc", quantity: lots(100_000) }), 1));
    expect(newest(order).status).toBe("expired");
    expect(newest(order).filled).toBeGreaterThan(0);
    expect([...market.open]).toHaveLength(0);
  });
});

describe("TruthBooks", () => {
  const status = (change: { fees?: string; netPnl?: string; fills?: number }): KernelStatus => ({
    state: "running",
    position: "0.010",
    averageEntryPrice: null,
    lastPrice: null,
    realizedPnl: "0",
    unrealizedPnl: "1",
    fees: "0.01",
    otherFees: {},
    funding: "0.2",
    netPnl: "1.19",
    volume: "25",
    wearRate: "0",
    currency: "USDC",
    openOrders: 0,
    unknownOrders: 0,
    fills: 1,
    lastBookAt: null,
    haltReason: null,
    report: {},
    ...change,
  });
  const fill = {
    symbol: ETH_SPOT.ref.symbol,
    tradeId: "t1",
    exchangeOrderId: "x1",
    clientOrderId: "1",
    side: "buy",
    price: ticks(250_000),
    quantity: lots(10),
    fee: "0.01",
    feeCurrency: "USDC",
    liquidity: "maker",
    at: 1,
  } as const;

  it("agrees with a status that adds up and names each number that does not", () => {
    const books = new TruthBooks({ main: ETH_PERP });
    books.fold("main", fill);
    books.fund("main", "0.2");
    expect(books.position("main")).toBe(10);
    expect(books.differences(status({}), () => ticks(260_000))).toEqual([]);
    expect(books.differences(status({ fees: "0", netPnl: "1.2" }), () => ticks(260_000))).toHaveLength(2);
    expect(books.differences(status({ fills: 2 }), () => ticks(260_000))).toEqual(["fills 1 by the exchange's trades, 2 by the kernel"]);
  });

  it("takes fees in a third currency at their worth, or beside all sums where nobody knows it", () => {
    const bnb = { ...fill, fee: "0.00002", feeCurrency: "BNB", feeInQuote: "0.01" };
    const books = new TruthBooks({ main: ETH_PERP });
    books.fold("main", bnb);
    books.fund("main", "0.2");
    expect(books.differences(status({}), () => ticks(260_000))).toEqual([]);
    const blind = new TruthBooks({ main: ETH_PERP }, false);
    blind.fold("main", bnb);
    blind.fund("main", "0.2");
    const told = { ...status({ fees: "0", netPnl: "1.2" }), otherFees: { BNB: "0.00002" } };
    expect(blind.differences(told, () => ticks(260_000))).toEqual([]);
    expect(blind.differences({ ...told, otherFees: {} }, () => ticks(260_000))).toEqual([
      "fees in BNB 0.00002 by the exchange's trades, 0 by the kernel",
    ]);
  });

  it("values fees that were paid in base at the price of their fill", () => {
    const books = new TruthBooks({ main: ETH_SPOT });
    books.fold("main", { ...fill, fee: "0.000004", feeCurrency: "ETH" });
    books.fund("main", "0.2");
    expect(books.differences(status({}), () => ticks(260_000))).toEqual([]);
  });
});

describe("Trace", () => {
  it("tells any two courses apart, also by the order of their lines", () => {
    const hashOf = (...lines: string[]): string => {
      const trace = new Trace();
      for (const line of lines) trace.add(line);
      return trace.hash;
    };
    expect(hashOf("a", "b")).toBe(hashOf("a", "b"));
    expect(new Set([hashOf("a", "b"), hashOf("b", "a"), hashOf("ab"), hashOf("a"), hashOf()]).size).toBe(5);
  });
});
