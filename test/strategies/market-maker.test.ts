// The market maker's prices, sizes, refreshes and takes, number by number, and the seed's defects that must not return.

import { describe, expect, it } from "vitest";
import { money } from "../../src/core/money.ts";
import { lots, ticks } from "../../src/core/units.ts";
import { avellanedaStoikov } from "../../src/strategies/market-maker/avellaneda-stoikov.ts";
import { rebalanceLots } from "../../src/strategies/market-maker/reduce.ts";
import { micropriceOf } from "../../src/strategies/market-maker/reference.ts";
import { ladderOffset } from "../../src/strategies/market-maker/targets.ts";
import strategy from "../../src/strategies/market-maker.ts";
import { ETH_PERP, ETH_SPOT } from "../core/instruments.ts";
import { Desk, settings } from "./market-maker-desk.ts";

const TOUCH = [9_999, 10_001] as const;
/** Quotes that nothing but their prices moves. */
const PLAIN = { orderQuantity: "0.05", enableRebalance: false };
const EAGER = { ...PLAIN, refreshIntervalS: 0, refreshTolerancePercent: "0", toleranceTicks: 0 };

function deskAt(input: Record<string, unknown>, touch: readonly [number, number] = TOUCH, instrument = ETH_PERP): Desk {
  const desk = new Desk(input, touch, instrument);
  desk.tell({ type: "start" });
  return desk;
}

describe("ladder", () => {
  it("steps outward by 1.5 x i^1.5 ticks", () => {
    expect([0, 1, 2, 3, 4].map((level) => Math.round(ladderOffset(level) * 100) / 100)).toEqual([0, 1.5, 4.24, 7.79, 12]);
  });

  it("rests half the spread from the mid and the ladder beyond, bids rounded down and asks up", () => {
    const desk = deskAt({ ...PLAIN, maxOrders: 5 });
    expect(desk.prices("buy")).toEqual([9_990, 9_988, 9_985, 9_982, 9_978]);
    expect(desk.prices("sell")).toEqual([10_010, 10_012, 10_015, 10_018, 10_022]);
    expect(desk.orders().map((order) => order.slot)).toContain("bid:4");
    expect(desk.orders().every((order) => order.postOnly === true && order.maxRetreatTicks === 1)).toBe(true);
  });

  it("defect 21: a price between two ticks goes away from the market on both sides, never half to even", () => {
    const desk = deskAt({ ...PLAIN, maxOrders: 1 }, [10_000, 10_001]);
    // Mid 10000.5, half spread 10.0005: 9990.4995 and 10010.5005.
    expect([desk.prices("buy"), desk.prices("sell")]).toEqual([[9_990], [10_011]]);
    // 9991.5 and 10008.5 lie between an odd and an even tick.
    const odd = deskAt({ ...PLAIN, maxOrders: 1, spreadPercent: "0.17" });
    expect([odd.prices("buy"), odd.prices("sell")]).toEqual([[9_991], [10_009]]);
  });

  it.each([
    [{ stepTicks: 7 }, [9_990, 9_983, 9_976]],
    [{ stepPercent: "0.1" }, [9_990, 9_980, 9_970]],
    [{ levels: [{ spreadPercent: "0.1" }, { spreadPercent: "0.3" }, { spreadPercent: "1" }] }, [9_995, 9_985, 9_950]],
  ])("takes steps as told: %j", (input, bids) => {
    expect(deskAt({ ...PLAIN, ...input }).prices("buy")).toEqual(bids);
  });

  it("grows quantities outward and takes a level's own", () => {
    expect(deskAt({ ...PLAIN, quantityGrowth: "2" }).quantities("sell")).toEqual([50, 100, 200]);
    const levels = [{ spreadPercent: "0.1", quantity: "0.01" }, { spreadPercent: "0.3" }];
    expect(deskAt({ ...PLAIN, levels }).quantities("buy")).toEqual([10, 50]);
  });

  it("never quotes nearer than maker fee and minEdgeBps", () => {
    const desk = deskAt({ ...PLAIN, spreadPercent: "0.001", minEdgeBps: "3", maxOrders: 1 });
    // Fee 2 bps and edge 3 bps of 10000 ticks: 5 ticks.
    expect([desk.prices("buy"), desk.prices("sell")]).toEqual([[9_995], [10_005]]);
    const tight = deskAt({ ...PLAIN, spreadPercent: "0.001", minEdgeBps: "-2", maxOrders: 1 }, [10_000, 10_002]);
    expect([tight.prices("buy"), tight.prices("sell")]).toEqual([[10_000], [10_002]]);
  });

  it("keeps bids below asks when the spread is less than a tick", () => {
    const desk = deskAt({ ...PLAIN, spreadPercent: "0.001", minEdgeBps: "-1000", maxOrders: 1, levels: [{ spreadPercent: "0.000001" }] });
    const [bid, ask] = [desk.prices("buy")[0] ?? 0, desk.prices("sell")[0] ?? 0];
    expect(bid).toBeLessThan(ask);
    expect([bid, ask]).toEqual([9_999, 10_001]);
  });

  it("quotes one side, or none beyond ceiling and floor", () => {
    expect(deskAt({ ...PLAIN, sides: "bids" }).prices("sell")).toEqual([]);
    expect(deskAt({ ...PLAIN, sides: "asks" }).prices("buy")).toEqual([]);
    const desk = deskAt({ ...EAGER, priceFloor: "99.5", priceCeiling: "100.5", maxOrders: 1 });
    expect([desk.prices("buy"), desk.prices("sell")]).toEqual([[9_990], [10_010]]);
    desk.book(10_059, 10_061);
    expect([desk.prices("buy").length, desk.prices("sell").length]).toEqual([0, 1]);
    desk.book(9_939, 9_941);
    expect([desk.prices("buy").length, desk.prices("sell").length]).toEqual([1, 0]);
  });
});

describe("reference", () => {
  it("weighs the mid towards the thinner side", () => {
    const desk = deskAt({ ...PLAIN, referencePrice: "microprice", maxOrders: 1 });
    desk.bidQuantity = lots(300);
    desk.askQuantity = lots(100);
    const leg = desk.view().legs.main;
    expect(leg === undefined ? null : micropriceOf({ ...leg, bestBid: desk.bestBid, bestAsk: desk.bestAsk })).toBe(10_000.5);
  });

  it("quotes around the last public trade, else the bot's own last fill, or the mark", () => {
    const desk = deskAt({ ...EAGER, referencePrice: "last", maxOrders: 1 });
    desk.fill("ask:0", "sell", 10_010, 50);
    expect(desk.prices("sell")[0]).toBe(10_021);
    expect(desk.until().at).toBe(desk.at + 1_000);
    desk.last = ticks(10_004);
    desk.wait(1_000);
    expect(desk.prices("sell")[0]).toBe(10_015);
    desk.fill("ask:0", "sell", 10_015, 50);
    expect(desk.prices("sell")[0]).toBe(10_015);
    const marked = deskAt({ ...EAGER, referencePrice: "mark", maxOrders: 1 });
    marked.mark = ticks(10_003);
    marked.wait(1_000);
    expect(marked.prices("sell")[0]).toBe(10_014);
    expect(marked.until().at).toBe(marked.at + 1_000);
  });

  it("quotes around another instrument's mid in its own ticks and pulls everything without it", () => {
    const input = { ...EAGER, referenceSymbol: "ETH/USDT:USDT", referenceExchange: "aster", maxOrders: 1 };
    expect(strategy.legs(settings(input), ETH_PERP.ref)).toEqual({
      main: ETH_PERP.ref,
      reference: { exchange: "aster", account: "sim", symbol: "ETH/USDT:USDT" },
    });
    const desk = new Desk(input, TOUCH);
    expect(desk.wait(0)).toMatchObject([{ type: "quote", leg: "main", orders: [] }]);
    const [main] = Object.values(desk.view().legs);
    if (main === undefined) throw new Error("the desk has a leg");
    desk.reference = { ...main, instrument: { ...ETH_PERP, tickSize: "0.1" }, bestBid: ticks(1_000), bestAsk: ticks(1_001) };
    desk.wait(0);
    // 100.05: 10005 of our ticks, half spread 10.005.
    expect([desk.prices("buy"), desk.prices("sell")]).toEqual([[9_994], [10_016]]);
    desk.reference = { ...desk.reference, bestBid: null };
    desk.wait(0);
    expect(desk.orders()).toEqual([]);
  });
});

describe("inventory", () => {
  it.each(["0.3", "0.5", "1"])(
    "defect 10: at full inventory a skew of %s moves quotes by that part of the spread, and the reducing one rests",
    (skew) => {
      for (const side of [1, -1]) {
        const desk = new Desk({ ...EAGER, inventorySkew: skew, maxPosition: "0.1", minEdgeBps: "-1000", maxOrders: 1 }, TOUCH);
        desk.hold(side * 100, 10_000);
        desk.tell({ type: "start" });
        const [bid, ask] = [desk.prices("buy"), desk.prices("sell")];
        const reducing = side > 0 ? ask : bid;
        const shifted = 10_000 + side * 10 - side * Number(skew) * 20;
        expect(side > 0 ? bid : ask).toEqual([]);
        expect(reducing).toEqual([side > 0 ? Math.max(10_000, shifted) : Math.min(10_000, shifted)]);
        expect(side > 0 ? (reducing[0] ?? 0) > desk.bestBid : (reducing[0] ?? 0) < desk.bestAsk).toBe(true);
      }
    },
  );

  it("leans half as far at half inventory, from its target", () => {
    const desk = new Desk({ ...EAGER, inventorySkew: "0.5", maxPosition: "0.2", inventoryTarget: "0.05", maxOrders: 1 }, TOUCH);
    desk.hold(50, 10_000);
    desk.tell({ type: "start" });
    expect([desk.prices("buy"), desk.prices("sell")]).toEqual([[9_990], [10_010]]);
    desk.hold(150, 10_000);
    desk.wait(1);
    // 0.1 beyond a target of 0.05 under a cap of 0.2: ratio 0.5, shift 0.5 x 0.5 x 20 ticks.
    expect([desk.prices("buy"), desk.prices("sell")]).toEqual([[9_985], [10_005]]);
  });

  it("shrinks the side that adds and grows the one that reduces", () => {
    const desk = new Desk({ ...EAGER, sizeSkew: "1", maxPosition: "0.2", maxOrders: 1 }, TOUCH);
    desk.hold(100, 10_000);
    desk.tell({ type: "start" });
    expect([desk.quantities("buy"), desk.quantities("sell")]).toEqual([[25], [75]]);
  });

  it("gates before placing: position and a whole side stay within maxPosition, and reducing orders say so", () => {
    const desk = new Desk({ ...EAGER, maxPosition: "0.12" }, TOUCH);
    desk.tell({ type: "start" });
    expect(desk.quantities("buy")).toEqual([50, 50, 20]);
    desk.hold(60, 10_000);
    desk.wait(1);
    expect([desk.quantities("buy"), desk.quantities("sell")]).toEqual([
      [50, 10],
      [50, 50, 50],
    ]);
    expect(desk.orders().map((order) => order.closing === true)).toEqual([false, false, true, false, false]);
    desk.hold(120, 10_000);
    desk.wait(1);
    expect(desk.quantities("buy")).toEqual([]);
  });

  it("defect 11: knows its position from its own books, whatever the exchange can or cannot tell", () => {
    const desk = new Desk({ ...EAGER, maxPosition: "0.1", stopLoss: "1" }, TOUCH);
    desk.available = null;
    desk.hold(100, 10_000);
    desk.tell({ type: "start" });
    expect(desk.quantities("buy")).toEqual([]);
    desk.book(8_999, 9_001);
    expect(desk.held()?.quantity).toBe(0);
  });
});

describe("sizes from the balances", () => {
  it("quotes nothing while they are unknown, and says so once", () => {
    const desk = deskAt({ enableRebalance: false });
    expect(desk.answer.map((intent) => intent.type)).toEqual(["quote", "notify"]);
    desk.book(10_000, 10_002);
    expect(desk.answer).toMatchObject([{ type: "quote", orders: [] }]);
    desk.available = { base: "0", quote: "100" };
    desk.book(9_999, 10_001);
    expect(desk.quantities("buy")).toEqual([50, 50, 50]);
  });

  it("takes min(5 %, 1 / (4 x orders)) of each balance, of quote times leverage for perps", () => {
    const spot = new Desk({ maxPosition: "5" }, TOUCH, ETH_SPOT);
    spot.available = { base: "3", quote: "600" };
    spot.tell({ type: "start" });
    expect([spot.quantities("buy"), spot.quantities("sell")]).toEqual([
      [300, 300, 300],
      [150, 150, 150],
    ]);
    const perp = new Desk({ maxOrders: 10, leverage: "4", enableRebalance: false, maxPosition: "5" }, TOUCH);
    perp.available = { base: "0", quote: "100" };
    perp.tell({ type: "start" });
    expect(perp.quantities("buy")).toEqual(Array(10).fill(100));
  });

  it("sells no spot that nobody has, and counts its own resting orders as owned", () => {
    const desk = new Desk(EAGER, TOUCH, ETH_SPOT);
    desk.tell({ type: "start" });
    expect([desk.quantities("buy"), desk.quantities("sell")]).toEqual([[50, 50, 50], []]);
    desk.fill("bid:0", "buy", 9_990, 50);
    expect(desk.quantities("sell")).toEqual([50]);
    desk.available = { base: "0.07", quote: "8" };
    desk.wait(1);
    // 0.07 free and 0.05 resting; 8 free and the three resting bids.
    expect([desk.quantities("buy"), desk.quantities("sell")]).toEqual([
      [50, 50, 50],
      [50, 50, 20],
    ]);
    // Dust moves no order.
    desk.available = { base: "0.001", quote: "0.2" };
    desk.wait(1);
    expect([desk.quantities("buy"), desk.quantities("sell")]).toEqual([
      [50, 50, 50],
      [50, 50, 20],
    ]);
  });
});

describe("refresh", () => {
  it("defect 28: an unchanged market moves nothing, and a changed one only levels out of tolerance", () => {
    const desk = deskAt({ ...EAGER, toleranceTicks: 3, maxOrders: 2 });
    const first = desk.orders();
    for (let count = 0; count < 50; count++) expect(desk.book(9_999, 10_001, 1_000)).toMatchObject([{ orders: first }]);
    desk.book(10_002, 10_004);
    expect(desk.prices("buy")).toEqual([9_990, 9_988]);
    desk.fill("bid:0", "buy", 9_990, 50);
    expect(desk.prices("buy")).toEqual([9_992, 9_988]);
    desk.book(10_004, 10_006);
    expect(desk.prices("buy")).toEqual([9_992, 9_993]);
  });

  it("waits for its interval, except for a level that would lose its edge", () => {
    const desk = deskAt({ ...PLAIN, maxOrders: 1 });
    desk.book(10_007, 10_009, 1_000);
    // 10008 and a fee of 2 ticks: the ask at 10010.01 or less is no longer worth resting, and moves alone.
    expect([desk.prices("buy"), desk.prices("sell")]).toEqual([[9_990], [10_019]]);
    desk.wait(58_999);
    expect(desk.prices("buy")).toEqual([9_990]);
    expect(desk.until().at).toBe(1_060_000);
    desk.wait(1);
    expect(desk.prices("buy")).toEqual([9_997]);
  });

  it("is asked again only outside the band that it names", () => {
    const desk = deskAt({ ...EAGER, toleranceTicks: 5, maxOrders: 1 });
    const { below, above } = desk.until();
    if (below === undefined || above === undefined) throw new Error("a quiet market has a band");
    expect(below).toBeLessThan(9_999);
    expect(above).toBeGreaterThan(10_001);
    const before = desk.orders();
    for (const [bid, ask] of [
      [below, below + 1],
      [above - 1, above],
      [below, above],
    ] as const) {
      desk.book(bid, ask);
      expect(desk.orders()).toEqual(before);
    }
  });

  it("wishes what is left of a partly filled order, and fills it up at a refresh", () => {
    const desk = deskAt({ ...PLAIN, maxOrders: 1 });
    desk.fill("bid:0", "buy", 9_990, 30);
    expect(desk.quantities("buy")).toEqual([20]);
    desk.wait(60_000);
    expect(desk.quantities("buy")).toEqual([50]);
    expect(desk.prices("buy")).toEqual([9_990]);
  });

  it("pauses after a whole fill, not after a part", () => {
    const desk = deskAt({ ...EAGER, filledOrderDelayS: 30, maxOrders: 2 });
    desk.fill("bid:0", "buy", 9_990, 20);
    expect(desk.prices("buy")).toEqual([9_990, 9_988]);
    desk.fill("bid:0", "buy", 9_990, 30);
    expect(desk.prices("buy")).toEqual([9_988]);
    expect(desk.until().at).toBe(desk.at + 30_000);
    desk.wait(29_999);
    expect(desk.prices("buy")).toEqual([9_988]);
    desk.wait(1);
    expect(desk.prices("buy")).toEqual([9_990, 9_988]);
  });

  it("prices a refused order anew", () => {
    const desk = deskAt({ ...PLAIN, maxOrders: 1 });
    desk.book(10_002, 10_004, 1_000);
    expect(desk.prices("buy")).toEqual([9_990]);
    desk.tell({ type: "orderClosed", leg: "main", slot: "bid:0", status: "rejected", code: "postOnly" });
    expect(desk.prices("buy")).toEqual([9_992]);
  });

  it("folds fills in while there is no book", () => {
    const desk = deskAt({ ...PLAIN, maxOrders: 1 });
    const view = desk.view();
    const [main] = Object.values(view.legs);
    if (main === undefined) throw new Error("the desk has a leg");
    const fill = {
      type: "fill",
      leg: "main",
      slot: "bid:0",
      side: "buy",
      price: ticks(9_990),
      quantity: lots(30),
      fee: "0",
      feeCurrency: "USDC",
    } as const;
    expect(strategy.decide(desk.state, fill, { ...view, legs: { main: { ...main, bestBid: null, bestAsk: null } } })).toEqual([]);
    desk.wait(0);
    expect(desk.quantities("buy")).toEqual([20]);
  });
});

describe("volatility", () => {
  /** Mids that step up and down by one percent every five seconds. */
  function shaken(desk: Desk, samples: number): void {
    for (let sample = 1; sample <= samples; sample++) {
      const mid = sample % 2 === 0 ? 10_000 : 10_100;
      desk.book(mid - 1, mid + 1, 5_000);
    }
  }

  it("widens the spread to a multiple of the volatility over its horizon, once it is known", () => {
    const desk = deskAt({ ...EAGER, maxOrders: 1, volatilityMultiplier: "0.5", volatilityHorizonS: 20 });
    expect(desk.orders()).toEqual([]);
    expect(desk.until().at).toBe(desk.at + 5_000);
    shaken(desk, 11);
    expect(desk.orders()).toEqual([]);
    desk.book(9_999, 10_001, 5_000);
    // Returns of 0.995 % every 5 s make 1.99 % over 20 s; half of that is the spread, 49.75 ticks to each side.
    expect(desk.prices("sell")).toEqual([10_050]);
    expect(desk.prices("buy")).toEqual([9_950]);
    const report = strategy.report?.(desk.state, desk.view());
    expect(report?.values?.map(({ label }) => label.en)).toEqual(["reservation price", "spread %", "skew %", "volatility % per hour"]);
  });

  it("has the paper's reservation price and spread", () => {
    const model = { price: 100, riskAversion: 0.1, variance: 4, timeLeft: 1, arrivalDecay: 1.5 };
    expect(avellanedaStoikov({ ...model, inventory: 1 }).reservation).toBeCloseTo(99.6, 10);
    expect(avellanedaStoikov({ ...model, inventory: -2 }).reservation).toBeCloseTo(100.8, 10);
    expect(avellanedaStoikov({ ...model, inventory: 0 }).spread).toBeCloseTo(0.4 + 20 * Math.log(1 + 0.1 / 1.5), 10);
    expect(avellanedaStoikov({ ...model, inventory: 0 }).spread).toBeCloseTo(1.69077, 5);
  });

  it("quotes by Avellaneda and Stoikov, prices in percent of the reference and inventory in orders", () => {
    const input = { ...EAGER, mode: "avellaneda_stoikov", horizonS: 10, maxOrders: 1, minEdgeBps: "-1000" };
    const desk = deskAt(input);
    shaken(desk, 12);
    desk.hold(100, 10_000);
    desk.wait(1);
    const { squares, seconds } = desk.state.volatility;
    const risk = 0.1 * (squares / seconds) * 10;
    const spread = risk + 20 * Math.log(1 + 0.1 / 10);
    // 0.1 held in orders of 0.05: q = 2.
    const reservation = 10_000 * (1 - (2 * risk) / 100);
    expect(desk.prices("buy")).toEqual([Math.floor(reservation - 50 * spread)]);
    expect(desk.prices("sell")).toEqual([Math.max(10_000, Math.ceil(reservation + 50 * spread))]);
    expect(Number(desk.state.figures?.spreadPercent)).toBeCloseTo(spread, 4);
  });
});

describe("taking", () => {
  it.each([
    ["5", "500", "target", -2_000],
    ["5", "500", "threshold", -500],
    ["1", "900", "target", 2_000],
    ["1", "900", "threshold", 500],
    ["4.5", "550", "target", 0],
    ["4.501", "549.9", "target", -1_501],
    ["0.005", "0.4", "target", 0],
    ["0", "1000", "target", 3_000],
  ])("rebalances base %s and quote %s to the %s by %i lots at 100", (base, quote, rebalanceTo, count) => {
    expect(rebalanceLots(settings({ rebalanceTo }), ETH_SPOT, { base, quote }, money("100"))).toBe(count);
  });

  it("spends at most 95 % of the balance that pays", () => {
    expect(rebalanceLots(settings({ baseAssetTargetPercent: "0" }), ETH_SPOT, { base: "5", quote: "0" }, money("100"))).toBe(-4_750);
    expect(rebalanceLots(settings({ baseAssetTargetPercent: "100" }), ETH_SPOT, { base: "0", quote: "500" }, money("100"))).toBe(4_750);
  });

  it("holds until the share is right, then waits for balances that know of it", () => {
    const desk = new Desk({ orderQuantity: "0.05" }, TOUCH, ETH_SPOT);
    desk.available = { base: "5", quote: "500" };
    desk.tell({ type: "start" });
    expect(desk.held()).toMatchObject({ quantity: -2_000, maxSlippageBps: 10 });
    desk.fill("take", "sell", 9_999, 1_500);
    expect(desk.held()?.quantity).toBe(-2_000);
    desk.fill("take", "sell", 9_999, 500);
    expect(desk.held()).toBeUndefined();
    expect(desk.quantities("sell")).toEqual([50, 50, 50]);
    desk.wait(120_000);
    expect(desk.held()).toBeUndefined();
    desk.available = { base: "3", quote: "700" };
    desk.wait(1_000);
    expect(desk.held()).toBeUndefined();
    desk.available = { base: "6", quote: "400" };
    desk.wait(1_000);
    // With the 0.15 in its own asks and 14.98 in its bids: 6.15 of base, 414.98 of quote, 3.06 too much.
    expect(desk.held()?.quantity).toBe(-5_060);
  });

  it("gives a rebalance up that does not come about, and quotes", () => {
    const desk = new Desk({ orderQuantity: "0.05" }, TOUCH, ETH_SPOT);
    desk.available = { base: "5", quote: "500" };
    desk.tell({ type: "start" });
    desk.wait(59_999);
    expect(desk.held()).toBeDefined();
    desk.wait(1);
    expect(desk.held()).toBeUndefined();
    expect(desk.orders().length).toBe(6);
  });

  it.each([
    [{}, 500, 100],
    [{}, -500, -100],
    [{}, 100, undefined],
    [{ targetPosition: "0.3" }, 500, 400],
    [{ rebalanceTo: "target" }, 500, 0],
    [{ inventoryTarget: "0.2" }, 500, 300],
    [{ inventoryTarget: "0.2" }, -50, 0],
    [{ inventoryTarget: "0.2" }, 50, undefined],
    [{ enableRebalance: false }, 500, undefined],
    [{ enableRebalance: false }, 1_200, 1_000],
  ])("reduces a perp and never builds: %j at %i lots holds %s", (input, position, held) => {
    const desk = new Desk({ orderQuantity: "0.05", ...input }, TOUCH);
    desk.hold(position, 10_000);
    desk.tell({ type: "start" });
    expect(desk.held()?.quantity).toBe(held);
  });

  it.each(["halt", "finish"] as const)(
    "defect 27: a stop loss closes until flat, quotes nothing meanwhile, then it is over (%s)",
    (afterStop) => {
      const desk = new Desk({ ...EAGER, stopLoss: "1", afterStop, maxSlippageBps: 80 }, TOUCH);
      desk.hold(100, 10_000);
      desk.tell({ type: "start" });
      expect(desk.orders().length).toBe(6);
      desk.book(9_001, 9_003);
      expect(desk.held()).toBeUndefined();
      expect(desk.until().at).toBe(desk.at + 1_000);
      desk.book(8_999, 9_001);
      expect(desk.answer.map((intent) => intent.type)).toEqual(["notify", "hold"]);
      expect(desk.held()).toMatchObject({ quantity: 0, maxSlippageBps: 80 });
      // The price comes back, an order is refused, part of it fills: it goes on closing.
      desk.book(9_999, 10_001);
      expect(desk.answer.map((intent) => intent.type)).toEqual(["hold"]);
      desk.tell({ type: "orderClosed", leg: "main", slot: "take", status: "rejected" });
      expect(desk.answer.map((intent) => intent.type)).toEqual(["hold"]);
      desk.state = JSON.parse(JSON.stringify(desk.state));
      desk.fill("take", "sell", 9_999, 60);
      expect(desk.answer.map((intent) => intent.type)).toEqual(["hold"]);
      desk.fill("take", "sell", 9_999, 40);
      expect(desk.answer.map((intent) => intent.type)).toEqual(["hold", afterStop]);
    },
  );

  it("takes profit by unrealized result, and stops by return on capital", () => {
    const desk = new Desk({ ...EAGER, takeProfit: "0.5" }, TOUCH);
    desk.hold(-100, 10_000);
    desk.book(9_499, 9_501);
    expect(desk.held()?.quantity).toBe(0);
    const roi = new Desk({ ...EAGER, capital: "100", stopLossRoi: "0.01" }, TOUCH);
    roi.hold(100, 10_000);
    roi.hold(0, 9_000);
    roi.tell({ type: "start" });
    expect(roi.answer.map((intent) => intent.type)).toEqual(["notify", "hold", "halt"]);
  });
});

describe("preview and adapt", () => {
  const market = { at: 1, legs: { main: { instrument: ETH_PERP, bestBid: ticks(9_999), bestAsk: ticks(10_001) } } };

  it("shows the first ladder and the whole position up to its cap", () => {
    const preview = strategy.preview(settings({ ...PLAIN, maxPosition: "0.5", leverage: "5", stopLoss: "2" }), market);
    expect(preview.orders).toBe(6);
    // 0.05 x (99.90 + 99.88 + 99.85 + 100.10 + 100.12 + 100.15)
    expect(preview.notional).toBe("30");
    expect(preview.maxPosition).toBe("0.5");
    // Asks: 0.05 x (100.10 + 100.12) + 0.4 x 100.15 = 50.071, at leverage 5.
    expect(preview.margin).toBe("10.01");
    // 2 at the stop, and fees of 2 bps in and 5 bps out of about 50.
    expect(preview.lossAtStop).toBe("2.04");
    expect(preview.breakEvenStep).toBe("0.0004");
    // 20 ticks x 0.05 less two maker fees of 5: 0.01 - 0.002
    expect(preview.profitPerPair).toBe("0.008");
    expect(preview.warnings).toEqual([]);
  });

  it("warns of what will surprise", () => {
    const warned = (input: Record<string, unknown>) =>
      strategy
        .preview(settings(input), market)
        .warnings.map((text) => text.en)
        .join("\n");
    expect(warned({})).toContain("without orderQuantity");
    expect(warned({ orderQuantity: "0.2" })).toContain("positionThreshold 0.1");
    expect(warned({ ...PLAIN, maxPosition: "0.1" })).toContain("maxPosition 0.100 is below one side's orders, 0.150");
    expect(warned(PLAIN)).toContain("without a stop loss");
    expect(warned({ ...PLAIN, spreadPercent: "0.03" })).toContain("does not pay two maker fees");
    expect(warned({ ...PLAIN, orderQuantity: "0.0001" })).toContain("no order reaches");
    expect(warned({ ...PLAIN, mode: "avellaneda_stoikov" })).toContain("without volatility");
    expect(warned({ ...PLAIN, maxPosition: "100", leverage: "50", stopLoss: "1000" })).toContain("beyond the estimated liquidation");
  });

  it("goes on under new parameters with its stop and its last fill, and quotes anew", () => {
    const desk = deskAt({ ...EAGER, maxOrders: 2 });
    desk.fill("bid:0", "buy", 9_990, 20);
    const adapted = strategy.adapt(desk.state, { version: 1, params: desk.value }, desk.view());
    if ("refused" in adapted) throw new Error("nothing is refused");
    expect(adapted).toMatchObject({ resting: {}, lastFillPrice: "99.90", startedAt: 1_000_000 });
  });

  it("has an example that is valid and quotes", () => {
    expect(deskAt({ ...strategy.example }).orders().length).toBe(6);
  });

  it("says once when the quantity is too small to quote", () => {
    const desk = deskAt({ ...PLAIN, orderQuantity: "0.0001" });
    expect(desk.answer.map((intent) => intent.type)).toEqual(["quote", "notify"]);
    expect(desk.wait(1).map((intent) => intent.type)).toEqual(["quote"]);
  });
});
