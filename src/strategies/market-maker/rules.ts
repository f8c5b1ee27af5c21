// The rules between the market maker's parameters: every fault names its field, its value and what would be right.

import { money } from "../../core/money.ts";
import type { MarketMakerParams } from "./params.ts";

type Fault = (path: readonly (string | number)[], message: string) => void;

interface Range {
  readonly above?: string;
  readonly below?: string;
  readonly atLeast?: string;
  readonly atMost?: string;
}

/** Beyond this no quantity or amount of money is meant seriously, and none stays a safe integer. */
const QUANTITY_MAX = "1000000000000";

/** Ranges of single decimals; percentages stop where a bid would reach zero. */
const RANGES: Partial<Record<keyof MarketMakerParams, Range>> = {
  spreadPercent: { above: "0", atMost: "50" },
  orderQuantity: { above: "0", atMost: QUANTITY_MAX },
  stepPercent: { above: "0", atMost: "10" },
  quantityGrowth: { above: "0", atMost: "10" },
  minEdgeBps: { atLeast: "-1000", atMost: "1000" },
  priceCeiling: { above: "0", atMost: QUANTITY_MAX },
  priceFloor: { above: "0", atMost: QUANTITY_MAX },
  leverage: { atLeast: "1", atMost: "1000" },
  refreshTolerancePercent: { atLeast: "0", atMost: "50" },
  quantityTolerancePercent: { atLeast: "0", atMost: "1000" },
  inventoryTarget: { atLeast: `-${QUANTITY_MAX}`, atMost: QUANTITY_MAX },
  inventorySkew: { atLeast: "0", atMost: "1" },
  sizeSkew: { atLeast: "0", atMost: "1" },
  maxPosition: { above: "0", atMost: QUANTITY_MAX },
  targetPosition: { atLeast: "0", atMost: QUANTITY_MAX },
  positionThreshold: { atLeast: "0", atMost: QUANTITY_MAX },
  baseAssetTargetPercent: { atLeast: "0", atMost: "100" },
  rebalanceThreshold: { above: "0", atMost: "100" },
  volatilityMultiplier: { atLeast: "0", atMost: "1000" },
  riskAversion: { atLeast: "0.000001", atMost: "1000" },
  arrivalDecay: { atLeast: "0.000001", atMost: "1000000" },
  stopLoss: { above: "0", atMost: QUANTITY_MAX },
  takeProfit: { above: "0", atMost: QUANTITY_MAX },
  capital: { above: "0", atMost: QUANTITY_MAX },
  stopLossRoi: { above: "0", atMost: "1000" },
  takeProfitRoi: { above: "0", atMost: "1000" },
};

function checkRange(fault: Fault, path: readonly (string | number)[], value: string, range: Range): void {
  const number = money(value);
  const name = path.join(".");
  if (range.above !== undefined && number.lte(range.above)) fault(path, `${name} ${value} must be above ${range.above}`);
  if (range.atLeast !== undefined && number.lt(range.atLeast)) fault(path, `${name} ${value} must be at least ${range.atLeast}`);
  if (range.below !== undefined && number.gte(range.below)) fault(path, `${name} ${value} must be below ${range.below}`);
  if (range.atMost !== undefined && number.gt(range.atMost)) fault(path, `${name} ${value} must be at most ${range.atMost}`);
}

function checkLevels(value: MarketMakerParams, fault: Fault): void {
  const { levels } = value;
  if (value.stepPercent !== undefined && value.stepTicks !== undefined) fault(["stepTicks"], "give stepPercent or stepTicks, not both");
  if (levels === undefined) return;
  if (value.stepPercent !== undefined) fault(["stepPercent"], "stepPercent has no effect beside levels; remove one of them");
  if (value.stepTicks !== undefined) fault(["stepTicks"], "stepTicks has no effect beside levels; remove one of them");
  levels.forEach((level, index) => {
    checkRange(fault, ["levels", index, "spreadPercent"], level.spreadPercent, { above: "0", atMost: "50" });
    if (level.quantity !== undefined)
      checkRange(fault, ["levels", index, "quantity"], level.quantity, { above: "0", atMost: QUANTITY_MAX });
    const inner = levels[index - 1];
    if (inner !== undefined && money(level.spreadPercent).lte(inner.spreadPercent))
      fault(
        ["levels", index, "spreadPercent"],
        `levels.${index}.spreadPercent ${level.spreadPercent} must be above ${inner.spreadPercent}, the level before`,
      );
  });
}

function checkReference(value: MarketMakerParams, fault: Fault): void {
  if (value.referenceSymbol === undefined) {
    for (const name of ["referenceExchange", "referenceAccount"] as const)
      if (value[name] !== undefined) fault([name], `${name} ${value[name]} needs referenceSymbol`);
  } else if (value.referencePrice !== "mid") {
    fault(["referencePrice"], `referencePrice ${value.referencePrice} must be mid when referenceSymbol is set`);
  }
}

function checkInventory(value: MarketMakerParams, fault: Fault): void {
  const { maxPosition, targetPosition, inventoryTarget, priceFloor, priceCeiling } = value;
  if (maxPosition !== undefined) {
    if (money(targetPosition).gt(maxPosition))
      fault(["targetPosition"], `targetPosition ${targetPosition} must be at most maxPosition ${maxPosition}`);
    if (money(inventoryTarget).abs().gt(maxPosition))
      fault(["inventoryTarget"], `inventoryTarget ${inventoryTarget} must be within maxPosition ${maxPosition}`);
  }
  if (priceFloor !== undefined && priceCeiling !== undefined && money(priceFloor).gte(priceCeiling))
    fault(["priceFloor"], `priceFloor ${priceFloor} must be below priceCeiling ${priceCeiling}`);
  if (value.mode === "avellaneda_stoikov") {
    if (money(value.inventorySkew).gt(0))
      fault(["inventorySkew"], `inventorySkew ${value.inventorySkew} must be 0 in mode avellaneda_stoikov, which skews by itself`);
    if (money(value.volatilityMultiplier).gt(0))
      fault(
        ["volatilityMultiplier"],
        `volatilityMultiplier ${value.volatilityMultiplier} must be 0 in mode avellaneda_stoikov, which widens by itself`,
      );
  }
}

/** Calls `fault` once for everything that is wrong. */
export function checkRules(value: MarketMakerParams, fault: Fault): void {
  for (const [name, range] of Object.entries(RANGES)) {
    const decimal = value[name as keyof MarketMakerParams];
    if (typeof decimal === "string") checkRange(fault, [name], decimal, range);
  }
  checkLevels(value, fault);
  checkReference(value, fault);
  checkInventory(value, fault);
  const { volatilityWindowS, volatilitySampleS } = value;
  if (volatilityWindowS < 10 * volatilitySampleS)
    fault(
      ["volatilityWindowS"],
      `volatilityWindowS ${volatilityWindowS} must be at least 10 times volatilitySampleS ${volatilitySampleS}, ${10 * volatilitySampleS}`,
    );
  for (const name of ["stopLossRoi", "takeProfitRoi"] as const)
    if (value[name] !== undefined && value.capital === undefined) fault(["capital"], `capital is needed for ${name} ${value[name]}`);
}
