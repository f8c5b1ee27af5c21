// Which parameters the market maker takes: the seed's names and defaults, and one sentence per fault.

import { describe, expect, it } from "vitest";
import { faultsOf } from "../../src/core/bot-config.ts";
import { params } from "../../src/strategies/market-maker/params.ts";

function faults(input: Record<string, unknown>): string {
  const result = params.safeParse(input);
  return result.success ? "" : faultsOf(result.error).join("\n");
}

describe("market maker parameters", () => {
  it("has the seed's defaults", () => {
    expect(params.parse({})).toMatchObject({
      spreadPercent: "0.2",
      maxOrders: 3,
      enableRebalance: true,
      baseAssetTargetPercent: "30",
      rebalanceThreshold: "15",
      refreshIntervalS: 60,
      targetPosition: "0",
      positionThreshold: "0.1",
      inventorySkew: "0",
      leverage: "1",
    });
  });

  it("describes every field in one short sentence", () => {
    for (const [name, field] of Object.entries(params.shape)) {
      expect(field.description, name).toMatch(/^.{10,130}$/);
    }
  });

  it.each([
    [{ spreadPercent: "0" }, "spreadPercent: spreadPercent 0 must be above 0"],
    [{ spreadPercent: "NaN" }, "spreadPercent"],
    [{ spreadPercent: Number.POSITIVE_INFINITY }, "spreadPercent"],
    [{ orderQuantity: "-1" }, "orderQuantity -1 must be above 0"],
    [{ orderQuantity: "1e999" }, "orderQuantity: must be"],
    [{ orderQuantity: "2000000000000" }, "orderQuantity 2000000000000 must be at most 1000000000000"],
    [{ inventorySkew: "1.5" }, "inventorySkew 1.5 must be at most 1"],
    [{ stopLoss: "-20" }, "stopLoss -20 must be above 0"],
    [{ baseAssetTargetPercent: "130" }, "baseAssetTargetPercent 130 must be at most 100"],
    [{ rebalanceThreshold: "0" }, "rebalanceThreshold 0 must be above 0"],
    [{ maxPosition: "1", targetPosition: "2" }, "targetPosition: targetPosition 2 must be at most maxPosition 1"],
    [{ maxPosition: "1", inventoryTarget: "-2" }, "inventoryTarget -2 must be within maxPosition 1"],
    [{ priceFloor: "3100", priceCeiling: "2900" }, "priceFloor: priceFloor 3100 must be below priceCeiling 2900"],
    [{ stepPercent: "1", stepTicks: 3 }, "give stepPercent or stepTicks, not both"],
    [{ levels: [{ spreadPercent: "1" }, { spreadPercent: "0.5" }] }, "levels.1.spreadPercent 0.5 must be above 1"],
    [{ levels: [{ spreadPercent: "1" }], stepTicks: 3 }, "stepTicks has no effect beside levels"],
    [{ referenceExchange: "aster" }, "referenceExchange aster needs referenceSymbol"],
    [{ referenceSymbol: "ETH/USDT", referencePrice: "mark" }, "referencePrice mark must be mid"],
    [{ mode: "avellaneda_stoikov", inventorySkew: "0.5" }, "inventorySkew 0.5 must be 0 in mode avellaneda_stoikov"],
    [{ volatilityWindowS: 10 }, "volatilityWindowS 10 must be at least 10 times volatilitySampleS 5, 50"],
    [{ stopLossRoi: "0.1" }, "capital is needed for stopLossRoi 0.1"],
    [{ maxOrders: 0 }, "maxOrders"],
    [{ spread: "1" }, "spread"],
  ])("refuses %j", (input, sentence) => {
    expect(faults(input)).toContain(sentence);
  });

  it("lists all faults at once", () => {
    expect(faults({ spreadPercent: "0", sizeSkew: "2", priceFloor: "2", priceCeiling: "1" }).split("\n")).toHaveLength(3);
  });
});
