// The grid, step by step: how it begins, what rests, how its range moves and how it ends.

import { describe, expect, it } from "vitest";
import { lots } from "../../src/core/units.ts";
import { ETH_PERP, ETH_SPOT } from "../core/instruments.ts";
import { GridDesk, saidTypes } from "./grid-desk.ts";

/** Five points from 96 to 104 around 100. */
const FIVE = { gridNum: 5, lowerPrice: "96", upperPrice: "104", orderQuantity: "0.01", boundaryAction: "none" };

describe("what rests", () => {
  it("neutral: buys below, sells above, every exit on a level of the grid", () => {
    const desk = new GridDesk({ params: FIVE });
    expect(desk.resting()).toEqual({ "96": "buy 10", "98": "buy 10", "100": "buy 10", "102": "sell 10", "104": "sell 10" });
    desk.tradeAt("98");
    desk.tradeAt("102");
    expect(desk.orders.filter((order) => order.closing).map((order) => [order.side, order.price, order.quantity])).toEqual([
      ["sell", 10_000, 10],
      ["buy", 10_000, 10],
    ]);
    expect(desk.orders.some((order) => order.reduceOnly === true)).toBe(false);
  });

  it.each([
    ["long", { "96": "buy 10", "98": "buy 10" }],
    ["short", { "102": "sell 10", "104": "sell 10" }],
  ])("%s: only its own side opens, and its exits reduce only", (gridType, resting) => {
    const desk = new GridDesk({ params: { ...FIVE, gridType } });
    expect(desk.resting()).toMatchObject(resting);
    expect(new Set(desk.orders.map((order) => order.side)).size).toBe(1);
    desk.trade(desk.orders[0]?.slot ?? "");
    expect(desk.orders.filter((order) => order.closing).map((order) => order.reduceOnly)).toEqual([true]);
  });

  it("spot is always long and never reduce-only", () => {
    const desk = new GridDesk({ instrument: ETH_SPOT, params: { ...FIVE, gridType: "short" } });
    expect(desk.resting()).toEqual({ "96": "buy 10", "98": "buy 10", "100": "buy 10" });
    desk.tradeAt("98");
    expect(desk.orders.find((order) => order.closing)).toMatchObject({ side: "sell", price: 10_000, quantity: 10 });
    expect(desk.orders.some((order) => order.reduceOnly === true)).toBe(false);
  });

  it("a pair pays one step, and its entry rests again", () => {
    const desk = new GridDesk({ params: FIVE });
    desk.tradeAt("98");
    expect(desk.report).toMatchObject({ gridProfit: "0", pairs: 0, openLots: 1, unpairedPnl: "0.02" });
    desk.trade("1.1:exit");
    expect(desk.report).toMatchObject({ gridProfit: "0.02", pairs: 1, openLots: 0, unpairedPnl: "0", lower: "96.00", upper: "104.00" });
    expect(desk.order("1.1:entry")).toMatchObject({ price: 9_800, quantity: 10 });
  });

  it("quotes the same notional per level when sized in quote currency", () => {
    const desk = new GridDesk({ params: { ...FIVE, orderQuantity: undefined, quoteAmount: "1.5" } });
    expect(desk.resting()).toEqual({ "96": "buy 15", "98": "buy 15", "100": "buy 15", "102": "sell 14", "104": "sell 14" });
  });

  it("maxRestingOrders: exits always, then the entries nearest to the market; far ones wait and come when they are near", () => {
    const desk = new GridDesk({ params: { ...FIVE, gridNum: 9, maxRestingOrders: 4 } });
    expect(Object.keys(desk.resting())).toEqual(["98", "99", "100", "101"]);
    desk.book(10_140);
    expect(Object.keys(desk.resting())).toEqual(
      ["100", "101", "102", "103"]
        .filter((price) => price !== "101")
        .concat("101")
        .sort(),
    );
    desk.tradeAt("101");
    expect(desk.orders).toHaveLength(4);
    expect(desk.orders.filter((order) => order.closing)).toHaveLength(1);
  });

  it("maxRestingOrders: a price that wavers in the middle moves nothing", () => {
    const desk = new GridDesk({ params: { ...FIVE, gridNum: 9, maxRestingOrders: 4 } });
    const first = desk.resting();
    for (const mid of [10_001, 9_999, 10_010, 9_990, 10_000]) {
      desk.book(mid);
      expect(desk.resting()).toEqual(first);
    }
  });

  it("an exit that the market has passed is taken instead of being refused as post-only", () => {
    const desk = new GridDesk({ params: FIVE });
    desk.tradeAt("98");
    expect(desk.order("1.1:exit").postOnly).toBe(true);
    desk.book(10_100);
    expect(desk.order("1.1:exit").postOnly).toBe(false);
  });

  it("a fill without a book is folded in and answered with nothing", () => {
    const desk = new GridDesk({ params: FIVE });
    desk.bestBid = null;
    desk.bestAsk = null;
    expect(desk.trade("1.1:entry", 4)).toEqual([]);
    expect(desk.lotsHeld()).toBe(4);
    desk.book(10_000);
    expect(desk.order("1.1:exit").quantity).toBe(4);
  });
});

describe("how it begins", () => {
  it("waits for its trigger price, says so, and lays the range where it is triggered", () => {
    const desk = new GridDesk({ params: { gridNum: 5, priceRangePercent: "4", orderQuantity: "0.01", triggerPrice: "105" } });
    expect(desk.orders).toEqual([]);
    expect(desk.until).toEqual({ above: 10_499 });
    expect(desk.report.values).toContainEqual({ label: { en: "waits for price", "zh-TW": "等待觸發價" }, value: "105.00" });
    desk.book(10_400);
    expect(desk.orders).toEqual([]);
    desk.restart();
    desk.book(10_500);
    expect(desk.report).toMatchObject({ lower: "100.80", upper: "109.20" });
    expect(desk.orders).toHaveLength(5);
  });

  it("a trigger below the price waits for a fall", () => {
    const desk = new GridDesk({ params: { ...FIVE, triggerPrice: "97" } });
    desk.book(10_300);
    desk.book(9_701);
    expect(desk.orders).toEqual([]);
    desk.book(9_700);
    expect(desk.resting()).toMatchObject({ "96": "buy 10", "98": "sell 10" });
  });

  it("long: takes what the levels above the price will give back; those first exits close no pair", () => {
    const desk = new GridDesk({ params: { ...FIVE, gridType: "long", initialPosition: "market", gridNum: 9 } });
    // 100, 101, 102 and 103 hold; 104 is an exit only.
    expect(desk.hold).toMatchObject({ quantity: 40, maxSlippageBps: 50 });
    desk.take(15);
    expect(desk.hold?.quantity).toBe(40);
    desk.restart();
    desk.take();
    expect(desk.position).toBe(40);
    const resting = {
      "97": "buy 10",
      "98": "buy 10",
      "99": "buy 10",
      "101": "sell 10",
      "102": "sell 10",
      "103": "sell 10",
      "104": "sell 10",
    };
    expect(desk.resting()).toMatchObject(resting);
    desk.tradeAt("101");
    expect(desk.report.pairs).toBe(0);
    expect(desk.report.gridProfit).toBe("0.0099");
    // From then on the level is an ordinary one.
    desk.book(10_110);
    desk.tradeAt("100");
    desk.tradeAt("101");
    expect(desk.report.pairs).toBe(1);
    expect(desk.difference().toFixed()).toBe("0");
  });

  it("short: sells first what the levels below the price will buy back", () => {
    const desk = new GridDesk({ params: { ...FIVE, gridType: "short", initialPosition: "market" } });
    expect(desk.hold?.quantity).toBe(-20);
    desk.take();
    expect(desk.resting()).toEqual({ "96": "buy 10", "98": "buy 10", "102": "sell 10", "104": "sell 10" });
    expect(desk.orders.filter((order) => order.side === "buy").every((order) => order.reduceOnly && order.closing)).toBe(true);
  });

  it("without a first position nothing is sold before it was bought", () => {
    const desk = new GridDesk({ instrument: ETH_SPOT, params: FIVE });
    expect(desk.hold).toBeNull();
    expect(desk.orders.every((order) => order.side === "buy")).toBe(true);
  });

  it("a first position whose rest is too small to take is done", () => {
    const desk = new GridDesk({
      instrument: { ...ETH_PERP, minQuantity: lots(4) },
      params: { ...FIVE, gridType: "long", initialPosition: "market" },
    });
    desk.take(17);
    expect(desk.hold).toBeNull();
    expect(desk.orders.filter((order) => order.closing).map((order) => order.quantity)).toEqual([10, 7]);
  });

  it("by volatility: measures, waits for enough samples, then lays the range from them", () => {
    const desk = new GridDesk({
      params: { gridNum: 5, rangeMode: "volatility", volatilityWindowS: 60, volatilityMultiplier: "2", orderQuantity: "0.01" },
    });
    expect(desk.orders).toEqual([]);
    for (let count = 0; count < 29; count++) desk.book(count % 2 === 0 ? 10_100 : 10_000);
    expect(desk.orders).toEqual([]);
    expect(desk.until?.at).toBe(desk.now + 1_000);
    expect(desk.report.values?.[0]?.value).toBe("29/30");
    desk.book(10_000);
    expect(desk.orders).toHaveLength(5);
    // 30 steps of about 1 %, 60 of them in a window: about 7.8 % per window, twice that on both sides.
    expect(Number(desk.report.lower)).toBeGreaterThan(84);
    expect(Number(desk.report.lower)).toBeLessThan(85);
  });

  it("by volatility: a gap in the samples begins the measurement anew, and a range too narrow to pay waits", () => {
    const desk = new GridDesk({ params: { gridNum: 5, rangeMode: "volatility", volatilityWindowS: 60, orderQuantity: "0.01" } });
    for (let count = 0; count < 20; count++) desk.book(10_000);
    desk.now += 10_000;
    for (let count = 0; count < 20; count++) desk.book(10_000);
    expect(desk.report.values?.[0]?.value).toBe("19/30");
    for (let count = 0; count < 20; count++) desk.book(10_000);
    expect(desk.orders).toEqual([]);
    expect(desk.report.values?.[0]?.label.en).toBe("waits for more volatility");
  });
});

describe("the range follows the price", () => {
  it("trailing up: the lowest unheld level moves to the top, one step at a time, never beyond the limit", () => {
    const desk = new GridDesk({ params: { ...FIVE, gridType: "long", boundaryAction: "stop_only", trailingUpLimit: "109" } });
    desk.book(10_500);
    expect(desk.report).toMatchObject({ lower: "96.00", upper: "104.00" });
    desk.book(10_600);
    expect(desk.report).toMatchObject({ lower: "98.00", upper: "106.00" });
    expect(desk.resting()).toEqual({ "98": "buy 10", "100": "buy 10", "102": "buy 10", "104": "buy 10" });
    desk.book(10_810);
    expect(desk.report).toMatchObject({ lower: "100.00", upper: "108.00" });
    expect(saidTypes(desk)).toEqual([]);
    // 110 would be beyond the limit: now the boundary is one.
    desk.book(10_900);
    expect(desk.report.upper).toBe("108.00");
    expect(saidTypes(desk)).toEqual(["halt"]);
  });

  it("trailing leaves a level that holds where it is", () => {
    const desk = new GridDesk({ params: { ...FIVE, gridType: "long", trailingUpLimit: "120" } });
    desk.tradeAt("96");
    desk.book(10_600);
    expect(desk.state.levels.map((level) => level.price)).toEqual([9_600, 10_000, 10_200, 10_400]);
    expect(desk.order("1.0:exit")).toMatchObject({ price: 9_800, quantity: 10 });
  });

  it("trailing down: a short grid's highest unheld level moves to the bottom", () => {
    const desk = new GridDesk({ params: { ...FIVE, gridType: "short", trailingDownLimit: "93" } });
    desk.book(9_400);
    expect(desk.report).toMatchObject({ lower: "94.00", upper: "102.00" });
    expect(desk.resting()).toEqual({ "96": "sell 10", "98": "sell 10", "100": "sell 10", "102": "sell 10" });
    expect(desk.state.levels[0]).toMatchObject({ price: 9_600, exitPrice: 9_400 });
  });

  it("trailing a neutral grid keeps the number of orders and names no slot twice", () => {
    const desk = new GridDesk({ params: { ...FIVE, gridMode: "geometric", trailingUpLimit: "200" } });
    for (const mid of [10_700, 11_200, 11_900, 12_700]) desk.book(mid);
    expect(desk.state.levels).toHaveLength(5);
    expect(new Set(desk.state.levels.map((level) => level.name)).size).toBe(5);
    expect(Number(desk.report.upper)).toBeGreaterThan(121);
  });

  it("adjust_range: centres anew by percent; lots keep their exits and their slots", () => {
    const desk = new GridDesk({ params: { gridNum: 5, priceRangePercent: "4", orderQuantity: "0.01" } });
    desk.tradeAt("98");
    desk.book(9_580);
    expect(saidTypes(desk)).toEqual(["notify"]);
    expect(desk.report).toMatchObject({ lower: "91.97", upper: "99.63", openLots: 1 });
    expect(desk.order("1.1:exit")).toMatchObject({ side: "sell", price: 10_000, quantity: 10, closing: true });
    desk.book(10_000);
    desk.trade("1.1:exit");
    expect(desk.report).toMatchObject({ pairs: 1, gridProfit: "0.02" });
  });

  it("wait: beyond the range only exits rest; back inside the entries rest again", () => {
    const desk = new GridDesk({ params: { ...FIVE, boundaryAction: "wait" } });
    desk.tradeAt("104");
    desk.book(10_420);
    expect(desk.orders.map((order) => order.slot)).toEqual(["1.4:exit"]);
    expect(desk.report.values?.[0]?.label.en).toBe("outside of its range, entries wait");
    // Within the tolerance outside is still outside.
    desk.book(10_405);
    expect(desk.orders).toHaveLength(1);
    desk.book(10_400);
    expect(desk.orders.length).toBeGreaterThan(3);
    expect(saidTypes(desk)).toEqual(["notify", "notify"]);
  });

  it("stop_only halts and keeps the position; enableBoundaryCheck false does nothing", () => {
    const desk = new GridDesk({ params: { ...FIVE, boundaryAction: "stop_only" } });
    desk.tradeAt("96");
    desk.book(9_580);
    expect(saidTypes(desk)).toEqual(["halt"]);
    expect(desk.orders).toEqual([]);
    expect(desk.position).toBe(10);
    const unchecked = new GridDesk({ params: { ...FIVE, boundaryAction: "stop_only", enableBoundaryCheck: false } });
    unchecked.book(9_000);
    expect(saidTypes(unchecked)).toEqual([]);
  });

  it("emergency_close keeps trying until flat, then halts", () => {
    const desk = new GridDesk({ params: { ...FIVE, boundaryAction: "emergency_close", boundaryTolerance: "0.01" } });
    desk.trade("1.0:entry");
    desk.trade("1.1:entry");
    desk.book(9_550);
    expect(desk.hold).toBeNull();
    desk.book(9_500);
    expect(desk.hold).toMatchObject({ quantity: 0 });
    desk.take(7);
    for (let count = 0; count < 5; count++) desk.book(9_400);
    expect(desk.hold).toMatchObject({ quantity: 0 });
    expect(saidTypes(desk)).toEqual(["notify"]);
    desk.restart();
    desk.take();
    expect(saidTypes(desk)).toEqual(["notify", "halt"]);
    expect(desk.report.openLots).toBe(0);
    expect(desk.difference().toFixed()).toBe("0");
  });

  it("a range that the price has not entered yet is no boundary that it left", () => {
    const desk = new GridDesk({ mid: 11_000, params: { ...FIVE, gridType: "long", boundaryAction: "emergency_close" } });
    expect(desk.resting()).toMatchObject({ "96": "buy 10", "102": "buy 10" });
    desk.book(10_300);
    desk.book(10_500);
    expect(saidTypes(desk)).toEqual(["notify"]);
  });

  it.each([
    ["long", 10_500],
    ["short", 9_500],
  ])("a %s grid by percent does not stop where it began", (gridType, mid) => {
    const desk = new GridDesk({ params: { gridType, gridNum: 5, orderQuantity: "0.01", boundaryAction: "emergency_close" } });
    desk.book(mid);
    expect(saidTypes(desk)).toEqual([]);
    expect(desk.orders).toHaveLength(4);
  });
});
