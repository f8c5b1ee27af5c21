// Changes while the grid runs: new parameters, new steps of the exchange, a state of the first version. No lot is lost.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { refineLedger } from "../../src/core/position-ledger.ts";
import { lots, ticks } from "../../src/core/units.ts";
import type { GridState } from "../../src/strategies/grid/state.ts";
import grid from "../../src/strategies/grid.ts";
import { ETH_PERP } from "../core/instruments.ts";
import { GridDesk } from "./grid-desk.ts";

const FIVE = { gridNum: 5, lowerPrice: "96", upperPrice: "104", orderQuantity: "0.01", boundaryAction: "none" };

describe("new parameters", () => {
  it("quantity: resting entries change, a level that holds keeps its lots and its slots", () => {
    const desk = new GridDesk({ params: FIVE });
    desk.trade("1.1:entry");
    expect(desk.adapt({ orderQuantity: "0.02" })).toBeNull();
    expect(desk.order("1.0:entry")).toMatchObject({ price: 9_600, quantity: 20 });
    expect(desk.order("1.1:exit")).toMatchObject({ price: 10_000, quantity: 10 });
    desk.trade("1.1:exit");
    expect(desk.order("1.1:entry").quantity).toBe(20);
    expect(desk.report.pairs).toBe(1);
  });

  it("number of levels: the sides stay, lots of levels that go keep their exits", () => {
    const desk = new GridDesk({ params: FIVE });
    desk.trade("1.1:entry", 6);
    desk.book(9_700);
    expect(desk.adapt({ gridNum: 9 })).toBeNull();
    expect(desk.state.levels.map((level) => level.side).join(" ")).toBe("buy buy buy buy buy sell sell sell sell");
    expect(desk.order("1.1:exit")).toMatchObject({ price: 10_000, quantity: 6, closing: true });
    // The rest of the old entry fills after all.
    desk.fill("1.1:entry", "buy", 9_800, 4);
    expect(desk.lotsHeld()).toBe(desk.position);
    expect(desk.difference().toFixed()).toBe("0");
  });

  it("range: laid anew, and a carried lot pays its pair", () => {
    const desk = new GridDesk({ params: FIVE });
    desk.trade("1.1:entry");
    expect(desk.adapt({ lowerPrice: "90", upperPrice: "98" })).toBeNull();
    expect(desk.report).toMatchObject({ lower: "90.00", upper: "98.00", openLots: 1 });
    desk.trade("1.1:exit");
    expect(desk.report).toMatchObject({ pairs: 1, gridProfit: "0.02", openLots: 0 });
  });

  it("stops, trailing and tolerance leave every level as it is", () => {
    const desk = new GridDesk({ params: FIVE });
    desk.trade("1.1:entry");
    const levels = JSON.stringify(desk.state.levels);
    expect(desk.adapt({ stopLossPrice: "95", trailingUpLimit: "120", boundaryTolerance: "0.01", boundaryAction: "wait" })).toBeNull();
    expect(JSON.stringify(desk.state.levels)).toBe(levels);
    desk.book(9_490);
    expect(desk.hold).not.toBeNull();
  });

  it.each([
    [{ gridNum: 200, lowerPrice: "99", upperPrice: "101" }, "does not pay two maker fees"],
    [{ orderQuantity: "0.0001" }, "less than one lot"],
    [{ gridType: "long", stopLossPrice: "101" }, "must be below the price"],
    [{ initialPosition: "market" }, "begins flat"],
    [{ trailingUpLimit: "1e14" }, "too large"],
  ])("%j is refused whole; everything stays as it was", (changes, words) => {
    const desk = new GridDesk({ params: FIVE });
    desk.trade("1.1:entry", 4);
    const orders = desk.orders;
    expect(desk.adapt(changes)?.refused.en).toContain(words);
    desk.book(10_000);
    expect(desk.orders).toEqual(orders);
  });

  it("is refused without a price, unless nothing about levels changes", () => {
    const desk = new GridDesk({ params: FIVE });
    desk.bestBid = null;
    desk.bestAsk = null;
    expect(desk.adapt({ gridNum: 7 })?.refused.en).toContain("without a price");
    expect(desk.adapt({ maxRestingOrders: 3 })).toBeNull();
  });

  it("the first position is not disturbed half way", () => {
    const desk = new GridDesk({ params: { ...FIVE, gridType: "long", initialPosition: "market" } });
    desk.take(5);
    expect(desk.adapt({ gridNum: 7 })?.refused.en).toContain("taking its first position");
    expect(desk.adapt({ stopLoss: "5" })).toBeNull();
    desk.take();
    expect(desk.adapt({ gridNum: 9 })).toBeNull();
    expect(desk.hold).toBeNull();
    expect(desk.lotsHeld()).toBe(desk.position);
  });

  it("a trigger can be moved or dropped while the grid waits", () => {
    const desk = new GridDesk({ params: { ...FIVE, triggerPrice: "105" } });
    expect(desk.adapt({ triggerPrice: "97" })).toBeNull();
    expect(desk.until).toEqual({ below: 9_701 });
    expect(desk.adapt({ triggerPrice: undefined })).toBeNull();
    expect(desk.orders).toHaveLength(5);
  });

  it("to a range by volatility: lots keep their exits while it measures", () => {
    const desk = new GridDesk({ params: FIVE });
    desk.trade("1.1:entry");
    const changes = { lowerPrice: undefined, upperPrice: undefined, rangeMode: "volatility", volatilityWindowS: 60 };
    expect(desk.adapt(changes)).toBeNull();
    expect(desk.orders.map((order) => order.slot)).toEqual(["1.1:exit"]);
    for (let count = 0; count < 31; count++) desk.book(count % 2 === 0 ? 10_100 : 10_000);
    expect(desk.orders.length).toBeGreaterThan(5);
  });
});

describe("new steps of the exchange", () => {
  function change(desk: GridDesk, tickSize: string, lotSize: string): void {
    desk.instrument = { ...desk.instrument, tickSize, lotSize, revision: `${tickSize}|${lotSize}|1|0` };
    const ratio = Number(ETH_PERP.tickSize) / Number(tickSize);
    refineLedger(desk.ledger, desk.instrument);
    desk.bestBid = null;
    desk.bestAsk = null;
    expect(desk.adapt({})).toBeNull();
    desk.bestBid = Math.floor(9_990 * ratio);
    desk.bestAsk = Math.ceil(10_010 * ratio);
    desk.ask({ type: "book", leg: "main" });
  }

  it("finer: the same prices and quantities in more ticks and lots", () => {
    const desk = new GridDesk({ params: FIVE });
    desk.trade("1.1:entry");
    change(desk, "0.001", "0.0001");
    expect(desk.order("1.1:exit")).toMatchObject({ price: 100_000, quantity: 100 });
    expect(desk.order("1.0:entry")).toMatchObject({ price: 96_000, quantity: 100 });
    desk.trade("1.1:exit");
    expect(desk.report).toMatchObject({ gridProfit: "0.02", pairs: 1 });
    expect(desk.difference().toFixed()).toBe("0");
  });

  it("coarser: whole lots go on, what is too fine stays on the books, and the profit adds up to the last unit", () => {
    const desk = new GridDesk({ params: { ...FIVE, gridMode: "geometric", gridNum: 6, orderQuantity: "0.023" } });
    desk.trade(desk.orders[0]?.slot ?? "");
    desk.trade(desk.orders.find((order) => !order.closing)?.slot ?? "", 17);
    change(desk, "0.5", "0.01");
    expect(desk.position).toBe(4);
    expect(desk.lotsHeld()).toBe(4);
    expect(desk.difference().toFixed()).toBe("0");
    for (const order of desk.orders.filter((one) => one.closing)) desk.trade(order.slot);
    expect(desk.difference().toFixed()).toBe("0");
    expect(desk.position).toBe(0);
  });

  it("adds up after any change of steps at any moment", () => {
    const fills = fc.array(fc.tuple(fc.nat(20), fc.integer({ min: 1, max: 30 })), { maxLength: 20 });
    const steps = fc.constantFrom(["0.01", "0.01"], ["0.05", "0.005"], ["0.001", "0.0005"], ["0.02", "0.002"], ["0.1", "0.001"]);
    fc.assert(
      fc.property(
        fc.constantFrom("neutral", "long", "short"),
        fills,
        steps,
        fills,
        (gridType, before, [tickSize = "", lotSize = ""], after) => {
          const desk = new GridDesk({ params: { ...FIVE, gridType, gridNum: 7, orderQuantity: "0.037" } });
          const trade = (moves: readonly (readonly [number, number])[]) => {
            for (const [pick, quantity] of moves) {
              const order = desk.orders[pick % Math.max(1, desk.orders.length)];
              if (order !== undefined) desk.trade(order.slot, Math.min(quantity, order.quantity));
              expect(desk.difference().toFixed()).toBe("0");
            }
          };
          trade(before);
          change(desk, tickSize, lotSize);
          expect(desk.difference().toFixed()).toBe("0");
          trade(after);
          for (const order of desk.orders) expect(order.price > 0 && order.quantity > 0).toBe(true);
        },
      ),
      { numRuns: 1_000 },
    );
  });

  it("a range that has no room in the new steps is laid elsewhere or halts with the reason", () => {
    const desk = new GridDesk({ params: { ...FIVE, lowerPrice: "99", upperPrice: "101" } });
    desk.trade("1.1:entry");
    change(desk, "5", "0.001");
    expect(desk.said.at(-1)).toMatchObject({ type: "halt" });
    expect(desk.lotsHeld()).toBe(desk.position);
    expect(desk.difference().toFixed()).toBe("0");
  });
});

describe("a state of the first version", () => {
  it("goes on with its lots, its slots and its profit", () => {
    const desk = new GridDesk({ params: FIVE });
    const level = (price: number, side: "buy" | "sell", exitPrice: number) => ({
      price: ticks(price),
      side,
      exitPrice: ticks(exitPrice),
      entryLeft: lots(10),
      isArmed: true,
      lots: [],
    });
    const first = {
      generation: 3,
      lower: ticks(9_600),
      upper: ticks(10_400),
      orderQuantity: lots(10),
      levels: [
        level(9_600, "buy", 9_800),
        { ...level(9_800, "buy", 10_000), entryLeft: lots(0), lots: [{ quantity: lots(10), price: ticks(9_800) }] },
        level(10_000, "buy", 10_200),
        level(10_200, "sell", 10_000),
        level(10_400, "sell", 10_200),
      ],
      carried: [{ slot: "1.4:exit", side: "sell", exitPrice: ticks(10_600), lots: [{ quantity: lots(7), price: ticks(10_400) }] }],
      carriedCount: 2,
      profit: "4000",
      pairs: 2,
      isClosing: false,
    };
    const stored = { gridNum: 5, lowerPrice: "96", upperPrice: "104", orderQuantity: "0.01", boundaryAction: "none", gridType: "neutral" };
    desk.state = grid.adapt(first as unknown as GridState, { version: 1, params: stored }, desk.view()) as GridState;
    desk.ask({ type: "start" });
    expect(desk.order("3.1:exit")).toMatchObject({ price: 10_000, quantity: 10 });
    expect(desk.order("1.4:exit")).toMatchObject({ price: 10_600, quantity: 7 });
    expect(desk.order("3.0:entry").quantity).toBe(10);
    expect(desk.report).toMatchObject({ gridProfit: "0.04", pairs: 2, openLots: 2 });
  });
});
