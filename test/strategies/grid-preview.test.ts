// Quantities, refusals and what a start would mean, against reference numbers.

import { describe, expect, it } from "vitest";
import type { Instrument } from "../../src/core/instrument.ts";
import { UserError } from "../../src/core/text.ts";
import { lots } from "../../src/core/units.ts";
import type { GridParams } from "../../src/strategies/grid/params.ts";
import grid from "../../src/strategies/grid.ts";
import { ETH_PERP, ETH_SPOT } from "../core/instruments.ts";
import { GridDesk, marketAt } from "./grid-desk.ts";

const FIVE = { gridNum: 5, lowerPrice: "96", upperPrice: "104", orderQuantity: "0.01" };

const BTC_PERP: Instrument = {
  ...ETH_PERP,
  ref: { ...ETH_PERP.ref, symbol: "BTC/USDC:USDC" },
  base: "BTC",
  tickSize: "0.1",
  lotSize: "0.00001",
  maxLeverage: 40,
};

function previewOf(params: object, instrument = ETH_PERP, mid = 10_000, available?: { base: string; quote: string }) {
  return grid.preview(grid.params.parse(params) as GridParams, marketAt(instrument, mid, available));
}

/** The one sentence with which a start is refused. */
function refusalOf(params: object, instrument = ETH_PERP, mid = 10_000, available?: { base: string; quote: string }): string {
  try {
    grid.init(grid.params.parse(params) as GridParams, marketAt(instrument, mid, available));
  } catch (error) {
    if (error instanceof UserError) return error.text.en;
    throw error;
  }
  return "";
}

describe("sizing", () => {
  const reference = { gridNum: 150, priceRangePercent: "5", leverage: "40", useRatio: "0.3" };

  it.each([
    ["capital", { ...reference, capital: "800" }, undefined],
    ["the account's available balance", { ...reference }, { base: "0", quote: "800" }],
  ])(
    "reference case from %s: 9 600 over 150 levels at 64 150 is 0.00099 each, 9 526.28 in all, about 0.075 on one side",
    (_name, params, available) => {
      const desk = new GridDesk({ params, instrument: BTC_PERP, mid: 641_500, ...(available === undefined ? {} : { available }) });
      expect(new Set(desk.state.levels.map((level) => level.quantity))).toEqual(new Set([99]));
      const preview = previewOf(params, BTC_PERP, 641_500, available);
      expect(preview).toMatchObject({ orders: 150, leverage: "40", maxPosition: "0.07425", currency: "USDC" });
      expect(Number(preview.notional)).toBeCloseTo(9_526.275, 2);
      expect(Number(preview.maxPosition)).toBeCloseTo(0.075, 2);
      expect(desk.state.capital).toBe("800");
    },
  );

  it("spot has no leverage", () => {
    const desk = new GridDesk({ params: { ...FIVE, orderQuantity: undefined, capital: "100", leverage: "10" }, instrument: ETH_SPOT });
    // 100 over four entries at 100.
    expect(new Set(desk.state.levels.map((level) => level.quantity))).toEqual(new Set([250]));
  });

  it.each([
    [{ ...FIVE, orderQuantity: undefined }, "one of orderQuantity, quoteAmount, capital or useRatio must say"],
    [{ ...FIVE, quoteAmount: "5" }, "orderQuantity and quoteAmount exclude each other"],
    [{ ...FIVE, capital: "5", useRatio: "0.5" }, "orderQuantity and capital exclude each other"],
    [{ ...FIVE, useRatio: "0.5" }, "orderQuantity and useRatio exclude each other"],
    [{ gridNum: 5, capital: "5", useRatio: "1.5" }, "useRatio 1.5 must be at most 1"],
    [{ ...FIVE, leverage: "0.5" }, "leverage 0.5 must be at least 1"],
    [{ ...FIVE, rangeMode: "percent" }, "rangeMode percent makes its own range"],
    [{ orderQuantity: "1", rangeMode: "bounds" }, "rangeMode bounds needs lowerPrice and upperPrice"],
    [{ ...FIVE, trailingUpLimit: "103" }, "trailingUpLimit 103 must be above upperPrice 104"],
    [{ ...FIVE, trailingDownLimit: "97" }, "trailingDownLimit 97 must be below lowerPrice 96"],
    [{ ...FIVE, stopLoss: "-5" }, "stopLoss -5 must be positive"],
    [{ ...FIVE, stopLossPrice: "95", takeProfitPrice: "95" }, "both 95"],
    [{ ...FIVE, gridType: "long", stopLossPrice: "110", takeProfitPrice: "105" }, "must be below takeProfitPrice 105"],
    [{ ...FIVE, gridType: "short", stopLossPrice: "90", takeProfitPrice: "95" }, "must be above takeProfitPrice 95"],
    [{ ...FIVE, boundaryTolerance: "1.1" }, "between 0 and 1"],
    [{ ...FIVE, orderQuantity: "Infinity" }, "decimal number"],
  ])("refuses %j", (params, message) => {
    const parsed = grid.params.safeParse(params);
    expect(JSON.stringify(parsed.error?.issues)).toContain(message);
  });

  it("names all faults at once, each with its path", () => {
    const parsed = grid.params.safeParse({ lowerPrice: "3100", upperPrice: "2900", orderQuantity: "0", leverage: "0" });
    expect(parsed.error?.issues.map((issue) => issue.path[0]).sort()).toEqual(["leverage", "lowerPrice", "orderQuantity"]);
  });

  it.each([
    [{ gridNum: 5, useRatio: "0.5" }, "not known"],
    [{ ...FIVE, orderQuantity: "0.0004" }, "orderQuantity 0.0004 gives each entry less than one lot, 0.001 ETH"],
    [{ gridNum: 200, lowerPrice: "99", upperPrice: "101", orderQuantity: "0.01" }, "does not pay two maker fees"],
    [{ ...FIVE, lowerPrice: "0.001", upperPrice: "100" }, "lowerPrice 0.001 is below one tick, 0.01"],
    [{ ...FIVE, upperPrice: "1e14" }, "upperPrice 1e14 is too large"],
    [{ ...FIVE, initialPosition: "market" }, "a neutral grid begins flat"],
    [{ ...FIVE, gridType: "long", stopLossPrice: "101" }, "stopLossPrice 101.00 must be below the price 100.00"],
    [{ ...FIVE, gridType: "short", takeProfitPrice: "101" }, "takeProfitPrice 101.00 must be below the price 100.00"],
    [{ ...FIVE, lowerPrice: "100.001", upperPrice: "100.002" }, "holds no step of 0.01"],
  ])("a start with %j is refused", (params, message) => {
    expect(refusalOf(params)).toContain(message);
  });

  it("refuses what the exchange would: quantity, notional, leverage", () => {
    expect(refusalOf(FIVE, { ...ETH_PERP, minQuantity: lots(20) })).toContain("below the exchange's smallest, 0.020");
    expect(refusalOf(FIVE, { ...ETH_PERP, minNotional: "5" })).toContain("below the exchange's smallest");
    expect(refusalOf({ ...FIVE, leverage: "50" }, { ...ETH_PERP, maxLeverage: 20 })).toContain(
      "leverage 50 is above the instrument's largest, 20",
    );
  });

  it("a step that does not pay its fees can be asked for", () => {
    expect(refusalOf({ gridNum: 200, lowerPrice: "99", upperPrice: "101", orderQuantity: "0.01", allowUnprofitableStep: true })).toBe("");
  });
});

describe("preview", () => {
  it("adds up by hand: five levels of 0.01 around 100", () => {
    expect(previewOf(FIVE)).toMatchObject({
      orders: 5,
      notional: "5",
      // Buys 96, 98, 100: 2.94; sells 102, 104: 2.06.
      margin: "2.94",
      leverage: "1",
      maxPosition: "0.03",
      // 2.94 - 0.03 x 96 = 0.06, and fees of 2.94 x 0.0002 + 2.88 x 0.0005.
      lossAtLower: "0.06",
      lossAtUpper: "0.02",
      lossAtStop: null,
      breakEvenStep: "0.0004",
      breakEvenStepTaker: "0.0007",
      // A step of 2 on 0.01, minus two fees on a notional of 1.
      profitPerPair: "0.0196",
      warnings: [],
    });
  });

  it("the first position is taken at the price, and its side is the whole grid", () => {
    const preview = previewOf({ ...FIVE, gridType: "long", initialPosition: "market" });
    expect(preview).toMatchObject({ orders: 4, maxPosition: "0.04", notional: "3.94", lossAtUpper: null });
  });

  it("the stop by price or the end that closes bounds the loss", () => {
    expect(previewOf({ ...FIVE, stopLossPrice: "90" }).lossAtStop).toBe("0.24");
    expect(Number(previewOf({ ...FIVE, boundaryAction: "emergency_close", boundaryTolerance: "0.01" }).lossAtStop)).toBeCloseTo(0.09, 2);
  });

  it.each([
    ["price outside the range", FIVE, 11_000, "outside the range"],
    [
      "step below fees",
      { gridNum: 200, lowerPrice: "99", upperPrice: "101", orderQuantity: "0.01" },
      10_000,
      "the start will be refused: the step",
    ],
    ["few levels", { gridNum: 50, lowerPrice: "99.95", upperPrice: "100.05", orderQuantity: "0.01" }, 10_000, "only 11 levels fit"],
    ["a stop that is no cap", { ...FIVE, stopLoss: "0.01" }, 10_000, "stopLoss 0.01 does not cap the loss"],
    ["a range that is measured later", { gridNum: 5, rangeMode: "volatility", orderQuantity: "0.01" }, 10_000, "measured volatility"],
    ["liquidation before the stop", { ...FIVE, leverage: "40", stopLossPrice: "60" }, 10_000, "beyond the estimated liquidation"],
  ])("warns about %s", (_name, params, mid, words) => {
    expect(
      previewOf(params, ETH_PERP, mid)
        .warnings.map((warning) => warning.en)
        .join("\n"),
    ).toContain(words);
  });

  it("warns when the exchange's minimum or the account's balance stands in the way", () => {
    const words = (instrument: Instrument, available?: { base: string; quote: string }) =>
      previewOf(FIVE, instrument, 10_000, available)
        .warnings.map((warning) => warning.en)
        .join("\n");
    expect(words({ ...ETH_PERP, minNotional: "5" })).toContain("notional 0.96 is below the smallest, 5");
    expect(words(ETH_PERP, { base: "0", quote: "2" })).toContain("the margin 2.94 USDC is more than the account has available, 2");
    expect(words(ETH_PERP, { base: "0", quote: "3" })).toBe("");
  });

  it("is shown for the price that triggers", () => {
    expect(previewOf({ gridNum: 5, priceRangePercent: "4", orderQuantity: "0.01", triggerPrice: "200" }, ETH_PERP, 10_000)).toMatchObject({
      notional: "10",
    });
  });

  it("throws one clear sentence when no level can be laid", () => {
    expect(() => previewOf({ ...FIVE, lowerPrice: "100.001", upperPrice: "100.002" })).toThrow(UserError);
  });

  it("every parameter is described in one short sentence", () => {
    const described = Object.entries((grid.params as unknown as { shape: Record<string, { description?: string }> }).shape);
    expect(described.length).toBeGreaterThan(30);
    for (const [name, field] of described) expect(field.description ?? "", name).toMatch(/^[^.]{10,140}$/);
  });
});
