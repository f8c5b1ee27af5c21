// The maker-taker hedge before it starts: its parameters, what it refuses, and its preview.

import { describe, expect, it } from "vitest";
import type { LegMarket } from "../../src/core/strategy.ts";
import { lots, ticks } from "../../src/core/units.ts";
import hedge from "../../src/strategies/maker-taker-hedge.ts";
import { HEDGE_PERP, MAKER_PERP, PAIRED, paramsOf } from "./maker-taker-hedge-bench.ts";

const MAKER: LegMarket = { instrument: MAKER_PERP, bestBid: ticks(200_000), bestAsk: ticks(200_010) };
const HEDGE: LegMarket = { instrument: HEDGE_PERP, bestBid: ticks(20_000), bestAsk: ticks(20_001) };

function faultsOf(given: Record<string, unknown>): string[] {
  const parsed = hedge.params.safeParse({ orderQuantity: "0.5", ...given });
  return parsed.success ? [] : parsed.error.issues.map((issue) => `${issue.path.join(".")}: ${issue.message}`);
}

function warningsOf(given: Record<string, unknown>, legs: Record<string, LegMarket>): string[] {
  return hedge.preview(paramsOf(given), { at: 0, legs }).warnings.map(({ en }) => en);
}

describe("maker-taker hedge, parameters", () => {
  it("has the seed's defaults and an example that fits", () => {
    expect(hedge.params.parse({})).toEqual({
      hedgeRatio: "1",
      referencePosition: "start",
      sides: "both",
      joinBest: true,
      toleranceTicks: 0,
      maxRetreatTicks: 1,
      filledOrderDelayS: 0,
      maxUnhedgedTimeS: 30,
      maxSlippageBps: 20,
      slippageStepBps: 20,
      maxSlippageCapBps: 100,
      maxPosition: "1",
      positionThreshold: "0.1",
      leverage: "1",
      afterStop: "halt",
    });
    expect(hedge.params.safeParse(hedge.example).success).toBe(true);
  });

  it.each([
    [{ orderQuantity: "2" }, "orderQuantity: orderQuantity 2 must not exceed maxPosition 1"],
    [{ orderQuantity: "0" }, "orderQuantity: orderQuantity 0 must be positive"],
    [{ hedgeRatio: "-1", ...PAIRED }, "hedgeRatio: hedgeRatio -1 must be positive"],
    [{ hedgeRatio: "2" }, "hedgeRatio: hedgeRatio 2 needs hedgeSymbol; on one instrument it is 1"],
    [{ hedgeAccount: "b" }, "hedgeAccount: hedgeAccount b needs hedgeSymbol"],
    [{ minProfitBps: 1 }, "minProfitBps: minProfitBps 1 needs hedgeSymbol; on one instrument a hedge at the touch only costs fees"],
    [{ joinBest: false }, "joinBest: joinBest false needs spreadPercent or minProfitBps to say where to quote"],
    [{ referencePosition: "-1.5" }, "referencePosition: referencePosition -1.5 must lie within maxPosition 1"],
    [{ maxSlippageBps: 200 }, "maxSlippageBps: maxSlippageBps 200 must not exceed maxSlippageCapBps 100"],
    [{ stopLoss: "-250" }, "stopLoss: stopLoss -250 must be positive"],
    [{ leverage: "0.5" }, "leverage: leverage 0.5 must be between 1 and 1000"],
    [{ spreadPercent: "80" }, "spreadPercent: spreadPercent 80 must be at most 50"],
    [{ maxPosition: "1e13" }, "maxPosition: maxPosition 1e13 must be at most 1000000000000"],
    [{ positionThreshold: "-1" }, "positionThreshold: positionThreshold -1 must not be negative"],
    [{ orderQuantity: "NaN" }, "orderQuantity: must be a decimal number such as 0.05"],
  ])("refuses %j", (given, fault) => {
    expect(faultsOf(given)).toContain(fault);
  });

  it("names every fault between fields at once", () => {
    expect(faultsOf({ orderQuantity: "5", hedgeRatio: "2", joinBest: false, leverage: "0" })).toHaveLength(4);
  });

  it("has one leg without hedgeSymbol, and fills exchange and account in from the maker's", () => {
    const home = MAKER_PERP.ref;
    expect(hedge.legs(paramsOf(), home)).toEqual({ maker: home });
    expect(hedge.legs(paramsOf({ hedgeSymbol: "ETH/USDC" }), home)).toEqual({ maker: home, hedge: { ...home, symbol: "ETH/USDC" } });
    expect(hedge.legs(paramsOf(PAIRED), home)).toEqual({ maker: home, hedge: HEDGE_PERP.ref });
  });

  it.each([
    [{ orderQuantity: "0.0009" }, { maker: MAKER }, "orderQuantity 0.0009 is below the smallest order of ETH/USDC:USDC, 0.001 ETH"],
    [
      { maxPosition: "1000000000000" },
      { maker: { ...MAKER, instrument: { ...MAKER_PERP, lotSize: "0.00001" } } },
      "maxPosition 1000000000000 is too large to count in lots of 0.00001 on ETH/USDC:USDC: 1000000000000 base units",
    ],
    [
      { hedgeSymbol: MAKER_PERP.ref.symbol },
      { maker: MAKER, hedge: MAKER },
      "hedgeSymbol ETH/USDC:USDC is the instrument that the maker quotes; leave hedgeSymbol out to hedge on it",
    ],
  ])("does not start with %j on such instruments", (given, legs, sentence) => {
    expect(() => hedge.init(paramsOf(given), { at: 0, legs })).toThrow(expect.objectContaining({ name: "UserError", message: sentence }));
  });
});

describe("maker-taker hedge, preview", () => {
  it("counts both quotes, both legs' margin, both fees and today's edge", () => {
    const given = { ...PAIRED, leverage: "5", maxPosition: "2", maxUnhedgedQuantity: "1" };
    const preview = hedge.preview(paramsOf(given), { at: 0, legs: { maker: MAKER, hedge: HEDGE } });
    expect(preview).toMatchObject({
      currency: "USDC",
      orders: 2,
      // 0.5 x 2000 + 0.5 x 2000.1
      notional: "2000.05",
      // 2 x 2000.1 / 5 on each leg
      margin: "1600.08",
      maxPosition: "2",
      breakEvenStep: "0.0006",
      breakEvenStepTaker: "0.0009",
      // One order of 0.5 through 1 %: 0.5 x (2000 - 1980.04) + 0.2 + 0.495
      lossAtLower: "10.68",
      lossAtStop: null,
      // 6 bps of 1000
      profitPerPair: "-0.6",
    });
    expect(preview.warnings.map(({ en }) => en)).toEqual([
      "up to 1 ETH may wait for a hedge: an adverse move of 1 % would cost about 20 USDC",
      "hedged at today's touch a fill loses 6 bps after both fees",
    ]);
  });

  it("warns of the unbounded residual, of small fills, of other money and of nothing to quote", () => {
    expect(warningsOf({ ...PAIRED, orderQuantity: "0.05", minProfitBps: 1 }, { maker: MAKER, hedge: HEDGE })).toEqual([
      "up to 10 ETH may wait for a hedge (maxUnhedgedQuantity is not set): an adverse move of 1 % would cost about 200.01 USDC",
      "one filled order is smaller than the smallest hedge: fills are gathered until a hedge is possible",
    ]);
    const usdt = { ...HEDGE, instrument: { ...HEDGE_PERP, quote: "USDT" } };
    expect(warningsOf({ ...PAIRED, minProfitBps: 1, maxUnhedgedQuantity: "0.06" }, { maker: MAKER, hedge: usdt })).toEqual([
      "up to 0.06 ETH may wait for a hedge: an adverse move of 1 % would cost about 1.2 USDT",
      "prices in USDC and USDT are compared one to one",
      "maxUnhedgedQuantity 0.06 is below the smallest hedge: a side may stop before it can be hedged",
    ]);
    expect(warningsOf({ orderQuantity: undefined }, { maker: MAKER })[1]).toContain("nothing would be quoted now");
  });

  it("takes an automatic quantity from the balance", () => {
    const spot = {
      ...MAKER,
      instrument: { ...MAKER_PERP, kind: "spot" as const, minQuantity: lots(2) },
      available: { base: "3", quote: "4000" },
    };
    // Buy 4000 x 0.05 / 2000 = 0.1; sell 3 x 0.05 = 0.15.
    const preview = hedge.preview(paramsOf({ orderQuantity: undefined }), { at: 0, legs: { maker: spot } });
    expect(preview).toMatchObject({ orders: 2, maxPosition: "0.15", notional: "500.015" });
  });
});
