// The maker-taker hedge, decision by decision: quotes, ledger, hedging, limits, stops and changes of parameters.

import { describe, expect, it } from "vitest";
import { lots, ticks } from "../../src/core/units.ts";
import hedge from "../../src/strategies/maker-taker-hedge.ts";
import { Desk, HEDGE_PERP, holdOf, MAKER_PERP, noticesOf, PAIRED, paramsOf, quotesOf } from "./maker-taker-hedge-bench.ts";

const BID = { slot: "bid", price: 200_000, quantity: 500 };
const ASK = { slot: "ask", price: 200_010, quantity: 500 };

describe("maker-taker hedge, quotes", () => {
  it("joins the best bid and the best ask with one post-only order a side", () => {
    const intents = new Desk().book();
    expect(quotesOf(intents)).toEqual([BID, ASK]);
    const [quote] = intents;
    expect(quote?.type === "quote" && quote.orders.every((order) => order.postOnly === true && order.maxRetreatTicks === 1)).toBe(true);
    expect(holdOf(intents, "maker")).toBeUndefined();
  });

  it.each([
    ["bids", [BID]],
    ["asks", [ASK]],
    ["both", [BID, ASK]],
  ])("quotes the sides that are wanted: %s", (sides, expected) => {
    expect(quotesOf(new Desk({ sides }).book())).toEqual(expected);
  });

  it.each([
    // mid 2000.05, 0.1 % wide: at least 1.000025 on either side.
    [{ spreadPercent: "0.1" }, 199_904, 200_106],
    // Narrower than the market: the touch is better for us and post-only.
    [{ spreadPercent: "0.0001" }, 200_000, 200_010],
    [{ spreadPercent: "0.0001", joinBest: false }, 200_004, 200_006],
  ])("keeps a least spread %j", (given, bid, ask) => {
    expect(quotesOf(new Desk(given).book())).toEqual([
      { ...BID, price: bid },
      { ...ASK, price: ask },
    ]);
  });

  it("never crosses the touch, whatever the profit allows", () => {
    const desk = new Desk({ ...PAIRED, minProfitBps: 0, joinBest: false });
    desk.set("hedge", { bestBid: ticks(21_000), bestAsk: ticks(21_001) });
    expect(quotesOf(desk.book())?.[0]?.price).toBe(200_009);
  });

  it.each([
    // bid: 2000.0 x 0.9996 / (1 + 0.0002 + 0.0010) = 1996.803...; ask: 2000.1 x 1.0004 / (1 - 0.0002 - 0.0010) = 2003.304...
    [10, 0, 199_680, 200_331],
    // The tolerance within which an order stays is kept away from the bound.
    [10, 5, 199_675, 200_336],
    [-1000, 0, 200_000, 200_010],
  ])(
    "quotes only where the hedge at the touch earns minProfitBps after both fees: %d bps, tolerance %d",
    (minProfitBps, toleranceTicks, bid, ask) => {
      const quotes = quotesOf(new Desk({ ...PAIRED, minProfitBps, toleranceTicks }).book());
      expect(quotes?.map(({ price }) => price)).toEqual([bid, ask]);
    },
  );

  it("quotes nothing while the hedge leg has no book, and hedges nothing it cannot see", () => {
    const desk = new Desk(PAIRED);
    desk.set("hedge", { bestBid: null, bestAsk: null });
    expect(quotesOf(desk.book())).toEqual([]);
  });

  it("counts maxPosition before it quotes", () => {
    const desk = new Desk({ ...PAIRED, maxPosition: "0.7" });
    desk.fill("maker", "bid", "buy", 500);
    expect(quotesOf(desk.book())).toEqual([{ ...BID, quantity: 200 }, ASK]);
    desk.fill("maker", "bid", "buy", 200);
    expect(quotesOf(desk.book())).toEqual([ASK]);
  });

  it("leaves the rest of a partly filled order in the book and renews it once it is filled, after the delay", () => {
    const desk = new Desk({ ...PAIRED, filledOrderDelayS: 2 });
    desk.book();
    expect(quotesOf(desk.fill("maker", "bid", "buy", 200))).toEqual([{ ...BID, quantity: 300 }, ASK]);
    expect(quotesOf(desk.fill("maker", "bid", "buy", 300))).toEqual([ASK]);
    desk.at += 1_999;
    expect(quotesOf(desk.book())).toEqual([ASK]);
    desk.at += 1;
    expect(quotesOf(desk.book())).toEqual([BID, ASK]);
  });

  it("takes 5 % of what the account could use when no quantity is given, and waits until somebody tells", () => {
    const desk = new Desk({ orderQuantity: undefined, leverage: "2" });
    expect(quotesOf(desk.book())).toEqual([]);
    desk.set("maker", { available: { base: "0", quote: "10000" } });
    // 10000 x 2 x 0.05 / 2000 = 0.5
    expect(quotesOf(desk.book())?.map(({ quantity }) => quantity)).toEqual([500, 499]);
  });

  it("asks to be woken with a band that no touch satisfies", () => {
    const desk = new Desk(PAIRED);
    const quote = desk.fill("maker", "bid", "buy", 200).find((intent) => intent.type === "quote");
    expect(quote).toMatchObject({ until: { below: 200_010, above: 200_000, at: desk.at + 1_000 } });
  });
});

describe("maker-taker hedge, residual ledger", () => {
  it("gathers fills too small to hedge and hedges whole lots once they are enough", () => {
    const desk = new Desk(PAIRED);
    // The smallest hedge is 3 lots of 0.03.
    expect(holdOf(desk.fill("maker", "bid", "buy", 50), "hedge")?.quantity).toBe(0);
    expect(desk.residual).toBe("0.05");
    expect(holdOf(desk.fill("maker", "bid", "buy", 49), "hedge")?.quantity).toBe(-3);
    expect(desk.residual).toBe("0.099");
    expect(holdOf(desk.fill("hedge", "take", "sell", 3), "hedge")?.quantity).toBe(-3);
    expect(desk.residual).toBe("0.009");
  });

  it("waits for the smallest notional, reckoned at the worst price that it would pay", () => {
    const desk = new Desk(PAIRED, { hedge: { ...HEDGE_PERP, minQuantity: lots(1), minNotional: "180" } });
    // 0.09 x 2000 x 0.99 is 178.2.
    expect(holdOf(desk.fill("maker", "bid", "buy", 90), "hedge")?.quantity).toBe(0);
    expect(holdOf(desk.fill("maker", "bid", "buy", 30), "hedge")?.quantity).toBe(-4);
  });

  it("hedges by the ratio", () => {
    const desk = new Desk({ ...PAIRED, hedgeRatio: "0.333" });
    expect(holdOf(desk.fill("maker", "ask", "sell", 1_000), "hedge")?.quantity).toBe(11);
    desk.fill("hedge", "take", "buy", 11);
    expect(desk.residual).toBe("-0.003");
  });

  it("counts a fee taken in the base currency of a spot maker as base that never arrived", () => {
    const desk = new Desk(PAIRED, { maker: { ...MAKER_PERP, kind: "spot" } });
    desk.fill("maker", "bid", "buy", 100, { fee: "0.0001", feeCurrency: "ETH" });
    expect(desk.residual).toBe("0.0999");
  });

  it("folds fills while there is no book, and says nothing", () => {
    const desk = new Desk(PAIRED);
    desk.set("maker", { bestBid: null, bestAsk: null });
    desk.set("hedge", { bestBid: null, bestAsk: null });
    expect(desk.fill("maker", "bid", "buy", 100)).toEqual([]);
    expect(desk.residual).toBe("0.1");
  });

  it("hedges on when only the maker's book is lost", () => {
    const desk = new Desk(PAIRED);
    desk.set("maker", { bestBid: null, bestAsk: null });
    const intents = desk.fill("maker", "bid", "buy", 100);
    expect(holdOf(intents, "hedge")?.quantity).toBe(-3);
    expect(quotesOf(intents)).toEqual([]);
  });
});

describe("maker-taker hedge, limits", () => {
  it("steps the slippage up with each failed take, to the cap, and starts anew once hedged", () => {
    const desk = new Desk({ ...PAIRED, maxSlippageBps: 10, slippageStepBps: 15, maxSlippageCapBps: 50 });
    const slippages = [holdOf(desk.fill("maker", "bid", "buy", 100), "hedge")?.maxSlippageBps];
    for (let attempt = 0; attempt < 4; attempt++) {
      const intents = desk.tell({ type: "orderClosed", leg: "hedge", slot: "take", status: "expired" });
      slippages.push(holdOf(intents, "hedge")?.maxSlippageBps);
    }
    expect(slippages).toEqual([10, 25, 40, 50, 50]);
    desk.fill("hedge", "take", "sell", 3);
    expect(holdOf(desk.fill("maker", "bid", "buy", 100), "hedge")?.maxSlippageBps).toBe(10);
  });

  it("never lets a quote bring about more than maxUnhedgedQuantity", () => {
    const desk = new Desk({ ...PAIRED, maxUnhedgedQuantity: "0.6" });
    expect(quotesOf(desk.fill("maker", "bid", "buy", 200))).toEqual([{ ...BID, quantity: 300 }, ASK]);
    expect(quotesOf(desk.fill("maker", "bid", "buy", 300))).toEqual([{ ...BID, quantity: 100 }, ASK]);
  });

  it("stops the side that adds, warns once and pays up to the cap when a residual waits too long", () => {
    const desk = new Desk({ ...PAIRED, maxUnhedgedTimeS: 30, maxSlippageCapBps: 80 });
    desk.fill("maker", "ask", "sell", 100);
    desk.at += 29_999;
    expect(noticesOf(desk.book())).toEqual([]);
    desk.at += 1;
    const late = desk.tell({ type: "time" });
    expect(noticesOf(late).map(({ severity, text }) => [severity, text.en])).toEqual([
      [
        "warning",
        "-0.1 ETH are not hedged, for 30 s; the side that adds is no longer quoted and the hedge may pay up to maxSlippageCapBps",
      ],
    ]);
    expect(holdOf(late, "hedge")).toMatchObject({ quantity: 3, maxSlippageBps: 80 });
    expect(quotesOf(late)).toEqual([BID]);
    expect(noticesOf(desk.book())).toEqual([]);
    const done = desk.fill("hedge", "take", "buy", 3);
    expect(noticesOf(done).map(({ text }) => text.en)).toEqual(["hedged again; -0.01 ETH are left over"]);
    expect(quotesOf(done)).toEqual([BID, { ...ASK, quantity: 400 }]);
  });

  it("does the same when the residual grew beyond maxUnhedgedQuantity all the same", () => {
    const desk = new Desk({ ...PAIRED, maxUnhedgedQuantity: "0.05" });
    const intents = desk.fill("maker", "bid", "buy", 60);
    expect(noticesOf(intents)[0]?.text.en).toContain("more than maxUnhedgedQuantity");
    expect(quotesOf(intents)).toEqual([{ ...ASK, quantity: 50 }]);
  });

  it("takes back what stands beyond maxPosition by more than the threshold", () => {
    const desk = new Desk({ ...PAIRED, maxPosition: "1", positionThreshold: "0.1" });
    desk.fill("maker", "bid", "buy", 500);
    desk.fill("maker", "bid", "buy", 600);
    expect(holdOf(desk.book(), "maker")).toBeUndefined();
    desk.fill("maker", "bid", "buy", 1);
    expect(holdOf(desk.book(), "maker")?.quantity).toBe(1_000);
  });

  it.each([
    ["stopLoss", "-20", "halt"],
    ["takeProfit", "35", "finish"],
  ] as const)("closes every leg at %s and tries until flat", (name, unrealizedPnl, afterStop) => {
    const desk = new Desk({ ...PAIRED, stopLoss: "20", takeProfit: "35", afterStop });
    desk.fill("maker", "bid", "buy", 100);
    desk.fill("hedge", "take", "sell", 3);
    desk.set("maker", { unrealizedPnl: "-5" });
    desk.set("hedge", { unrealizedPnl: String(Number(unrealizedPnl) + 5) });
    const first = desk.book("hedge");
    const words = name === "stopLoss" ? "stop loss" : "take profit";
    expect(noticesOf(first).map(({ severity, text }) => [severity, text.en])).toEqual([
      ["critical", `${words}: unrealized result ${unrealizedPnl} USDC; closing every leg`],
    ]);
    expect([holdOf(first, "maker")?.quantity, holdOf(first, "hedge")?.quantity]).toEqual([0, 0]);
    // The price came back, a take failed: the close goes on with a wider bound.
    desk.set("hedge", { unrealizedPnl: "0" });
    const again = desk.tell({ type: "orderClosed", leg: "hedge", slot: "take", status: "expired" });
    expect(holdOf(again, "hedge")).toMatchObject({ quantity: 0, maxSlippageBps: 40 });
    expect(again.some((intent) => intent.type === afterStop)).toBe(false);
    desk.fill("hedge", "take", "buy", 3);
    expect(desk.fill("maker", "take", "sell", 100).map(({ type }) => type)).toEqual(["hold", "hold", afterStop]);
  });

  it("does not judge a stop by half of the legs", () => {
    const desk = new Desk({ ...PAIRED, stopLoss: "20" });
    desk.set("maker", { unrealizedPnl: "-50" });
    desk.set("hedge", { unrealizedPnl: "0", bestBid: null, bestAsk: null });
    expect(noticesOf(desk.book())).toEqual([]);
  });
});

describe("maker-taker hedge, one instrument", () => {
  it("quotes while flat, takes a fill back, and quotes its full quantity anew", () => {
    const desk = new Desk();
    desk.book();
    const filled = desk.fill("maker", "bid", "buy", 200);
    expect(holdOf(filled, "maker")?.quantity).toBe(0);
    expect(quotesOf(filled)).toBeNull();
    expect(quotesOf(desk.fill("maker", "take", "sell", 200))).toEqual([BID, ASK]);
  });

  it("goes on quoting what is too small to take back", () => {
    const desk = new Desk({}, { maker: { ...MAKER_PERP, minQuantity: lots(10) } });
    desk.book();
    expect(quotesOf(desk.fill("maker", "bid", "buy", 9))).toEqual([{ ...BID, quantity: 491 }, ASK]);
    expect(holdOf(desk.fill("maker", "bid", "buy", 1), "maker")?.quantity).toBe(0);
  });

  it("brings the position to a reference other than zero", () => {
    const desk = new Desk({ referencePosition: "-2.5" });
    expect(holdOf(desk.book(), "maker")?.quantity).toBe(-2_500);
    expect(quotesOf(desk.fill("maker", "take", "sell", 2_500))).toEqual([BID, ASK]);
  });
});

describe("maker-taker hedge, changes", () => {
  it("keeps the ledger when quantities, ratio or reference change", () => {
    const desk = new Desk(PAIRED);
    desk.fill("maker", "bid", "buy", 100);
    desk.params = paramsOf({ ...PAIRED, hedgeRatio: "2", referencePosition: "0.01", orderQuantity: "0.25" });
    const adapted = hedge.adapt(desk.state, { version: 1, params: paramsOf(PAIRED) }, desk.view);
    expect(adapted).toBe(desk.state);
    expect(desk.residual).toBe("0.18");
    expect(quotesOf(desk.book())?.map(({ quantity }) => quantity)).toEqual([250, 250]);
  });

  it("keeps the ledger when the lot size changes", () => {
    const desk = new Desk(PAIRED);
    desk.fill("maker", "bid", "buy", 101);
    desk.set("hedge", { instrument: { ...HEDGE_PERP, lotSize: "0.002", minQuantity: lots(1) } });
    hedge.adapt(desk.state, { version: 1, params: desk.params }, desk.view);
    expect(holdOf(desk.book("hedge"), "hedge")?.quantity).toBe(-50);
    desk.fill("hedge", "take", "sell", 50);
    expect(desk.residual).toBe("0.001");
  });

  it("refuses another hedge instrument while running, and after a restart while the former one is held", () => {
    const desk = new Desk(PAIRED);
    desk.fill("maker", "bid", "buy", 100);
    desk.fill("hedge", "take", "sell", 3);
    const before = desk.params;
    desk.params = paramsOf({ ...PAIRED, hedgeSymbol: "BTC/USDC:USDC" });
    expect(hedge.adapt(desk.state, { version: 1, params: before }, desk.view)).toMatchObject({
      refused: { en: "another hedge instrument needs a stop and a start" },
    });
    desk.set("hedge", { instrument: { ...HEDGE_PERP, ref: { ...HEDGE_PERP.ref, symbol: "BTC/USDC:USDC" } } });
    expect(hedge.adapt(desk.state, { version: 1, params: before }, desk.view)).toMatchObject({
      refused: { en: "the hedge instrument cannot change while -0.09 of the former one are held; close that position first" },
    });
  });

  it("reports residual, age and edges", () => {
    const desk = new Desk(PAIRED);
    desk.fill("maker", "bid", "buy", 100);
    desk.at += 7_400;
    expect(hedge.report?.(desk.state, desk.view)).toEqual({
      residual: "0.1",
      values: [
        { label: { en: "Unhedged for (s)", "zh-TW": "未避險時間（秒）" }, value: "7" },
        { label: { en: "Bid edge (bps)", "zh-TW": "買單邊際（bps）" }, value: "-6" },
        { label: { en: "Ask edge (bps)", "zh-TW": "賣單邊際（bps）" }, value: "-6" },
      ],
    });
  });
});
