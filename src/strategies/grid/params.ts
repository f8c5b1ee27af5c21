// The grid's parameters and the rules between them.

import { z } from "zod";
import { decimalString } from "../../core/bot-config.ts";
import { money } from "../../core/money.ts";

/** More levels than any exchange lets one bot rest on a symbol. */
const LEVELS_MAX = 200;

const fields = {
  gridType: z
    .enum(["neutral", "long", "short"])
    .default("neutral")
    .describe("which side opens: below and above the price, below only, above only (spot is always long)"),
  gridMode: z.enum(["arithmetic", "geometric"]).default("arithmetic").describe("equal differences or equal ratios between levels"),
  gridNum: z.number().int().min(2).max(LEVELS_MAX).default(10).describe("number of price levels (points, not cells)"),
  lowerPrice: decimalString.optional().describe("lowest level, quote currency; with upperPrice, else the range is set by percent"),
  upperPrice: decimalString.optional().describe("highest level, quote currency"),
  priceRangePercent: decimalString.default("5").describe("half width of the range in percent of the price, when no bounds are given"),
  orderQuantity: decimalString.describe("quantity of each entry, base units"),
  boundaryAction: z
    .enum(["none", "adjust_range", "stop_only", "emergency_close"])
    .default("adjust_range")
    .describe("what to do when the price leaves the range: nothing, centre the range anew, halt and keep the position, close it and halt"),
  boundaryTolerance: decimalString.default("0.001").describe("fraction beyond a bound before boundaryAction acts"),
};

export const params = z.strictObject(fields).superRefine((value, context) => {
  const { lowerPrice, upperPrice } = value;
  const fault = (path: string, message: string) => context.addIssue({ code: "custom", path: [path], message });
  if ((lowerPrice === undefined) !== (upperPrice === undefined))
    fault(lowerPrice === undefined ? "lowerPrice" : "upperPrice", "lowerPrice and upperPrice go together");
  if (lowerPrice !== undefined && upperPrice !== undefined && money(lowerPrice).gte(upperPrice))
    fault("lowerPrice", `lowerPrice ${lowerPrice} must be below upperPrice ${upperPrice}`);
  if (lowerPrice !== undefined && money(lowerPrice).lte(0)) fault("lowerPrice", `lowerPrice ${lowerPrice} must be positive`);
  if (money(value.orderQuantity).lte(0)) fault("orderQuantity", `orderQuantity ${value.orderQuantity} must be positive`);
  const percent = money(value.priceRangePercent);
  if (percent.lte(0) || percent.gte(100))
    fault("priceRangePercent", `priceRangePercent ${value.priceRangePercent} must be above 0 and below 100`);
  const tolerance = money(value.boundaryTolerance);
  if (tolerance.lt(0) || tolerance.gt(1))
    fault("boundaryTolerance", `boundaryTolerance ${value.boundaryTolerance} must be between 0 and 1`);
});

export type GridParams = z.infer<typeof params>;
