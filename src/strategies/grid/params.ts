// The grid's parameters and the rules between them.

import { z } from "zod";
import { decimalString } from "../../core/bot-config.ts";
import { money } from "../../core/money.ts";

/** More levels than any exchange lets one bot rest on a symbol. */
const LEVELS_MAX = 200;
const ORDERS_MAX = 500;
const WINDOW_MAX_S = 604_800;

const range = {
  gridType: z
    .enum(["neutral", "long", "short"])
    .default("neutral")
    .describe("which side opens: below and above the price, below only, above only (spot is always long)"),
  gridMode: z.enum(["arithmetic", "geometric"]).default("arithmetic").describe("equal differences or equal ratios between levels"),
  gridNum: z.number().int().min(2).max(LEVELS_MAX).default(10).describe("number of price levels (points, not cells)"),
  rangeMode: z
    .enum(["bounds", "percent", "volatility"])
    .optional()
    .describe("where the range comes from; by default bounds when lowerPrice and upperPrice are given, else percent"),
  lowerPrice: decimalString.optional().describe("lowest level, quote currency; together with upperPrice"),
  upperPrice: decimalString.optional().describe("highest level, quote currency"),
  priceRangePercent: decimalString.default("5").describe("half width of the range in percent of the price, when no bounds are given"),
  volatilityMultiplier: decimalString.default("3").describe("half width of the range in volatilities of one window (rangeMode volatility)"),
  volatilityWindowS: z
    .number()
    .int()
    .min(60)
    .max(WINDOW_MAX_S)
    .default(3_600)
    .describe("time over which the volatility is measured from mids, seconds"),
};

const quantity = {
  orderQuantity: decimalString.optional().describe("quantity of each entry, base units"),
  quoteAmount: decimalString.optional().describe("notional of each entry, quote currency; instead of orderQuantity"),
  capital: decimalString.optional().describe("money that the grid may use, quote currency; sizes the entries instead of orderQuantity"),
  useRatio: decimalString
    .optional()
    .describe("share of capital to use, above 0 up to 1; without capital, of what the account has available when the bot starts"),
  leverage: decimalString.default("1").describe("leverage for sizing and margin; at least 1 (spot is always 1)"),
};

const start = {
  initialPosition: z
    .enum(["none", "market"])
    .default("none")
    .describe("market: a long, short or spot grid first takes what the levels on the far side of the price will give back"),
  triggerPrice: decimalString.optional().describe("the grid waits until the price reaches this, quote currency"),
  trailingUpLimit: decimalString.optional().describe("the range follows a rising price, but its top never passes this, quote currency"),
  trailingDownLimit: decimalString
    .optional()
    .describe("the range follows a falling price, but its bottom never passes this, quote currency"),
  maxRestingOrders: z
    .number()
    .int()
    .min(1)
    .max(ORDERS_MAX)
    .optional()
    .describe("orders that rest at once; exits always rest, entries far from the market wait"),
  allowUnprofitableStep: z.boolean().default(false).describe("start even when one step does not pay two maker fees"),
};

const boundary = {
  boundaryAction: z
    .enum(["none", "adjust_range", "stop_only", "emergency_close", "wait"])
    .default("adjust_range")
    .describe(
      "outside of the range: do nothing, centre it anew, halt and keep the position, close and stop, or rest only exits until the price is back",
    ),
  boundaryTolerance: decimalString.default("0.001").describe("fraction beyond a bound before boundaryAction acts"),
  enableBoundaryCheck: z.boolean().default(true).describe("false: boundaryAction never acts"),
};

const stops = {
  stopLoss: decimalString.optional().describe("unrealized loss that closes the position, quote currency, a positive number"),
  takeProfit: decimalString.optional().describe("unrealized profit that closes the position, quote currency"),
  stopLossTotal: decimalString
    .optional()
    .describe("net loss since the start (fees and funding included) that closes, quote currency, positive"),
  takeProfitTotal: decimalString.optional().describe("net profit since the start (fees and funding included) that closes, quote currency"),
  stopLossPrice: decimalString.optional().describe("price that closes the position at a loss, quote currency"),
  takeProfitPrice: decimalString.optional().describe("price that closes the position with profit, quote currency"),
  stopLossRoi: decimalString
    .optional()
    .describe("net loss since the start that closes, fraction of capital (of the margin when sized otherwise)"),
  takeProfitRoi: decimalString
    .optional()
    .describe("net profit since the start that closes, fraction of capital (of the margin when sized otherwise)"),
  afterStop: z.enum(["halt", "finish"]).default("halt").describe("after a close: halt until a person resumes, or finish for good"),
  maxSlippageBps: z
    .number()
    .int()
    .min(1)
    .max(5_000)
    .default(50)
    .describe("how far beyond the touch an order that takes may reach, hundredths of a percent"),
};

const fields = { ...range, ...quantity, ...start, ...boundary, ...stops };

/** Decimal parameters that must be above zero whenever they are given. */
const POSITIVE = [
  "lowerPrice",
  "upperPrice",
  "volatilityMultiplier",
  "orderQuantity",
  "quoteAmount",
  "capital",
  "useRatio",
  "triggerPrice",
  "trailingUpLimit",
  "trailingDownLimit",
  "stopLoss",
  "takeProfit",
  "stopLossTotal",
  "takeProfitTotal",
  "stopLossPrice",
  "takeProfitPrice",
  "stopLossRoi",
  "takeProfitRoi",
] as const;

type Fields = z.infer<z.ZodObject<typeof fields>>;
type Fault = (path: keyof Fields, en: string, zh: string) => void;

export const params = z.strictObject(fields).superRefine((value, context) => {
  const fault: Fault = (path, en, zh) => context.addIssue({ code: "custom", path: [path], message: en, params: { "zh-TW": zh } });
  checkNumbers(value, fault);
  checkRange(value, fault);
  checkQuantity(value, fault);
  checkTrailing(value, fault);
  checkStops(value, fault);
});

function checkNumbers(value: Fields, fault: Fault): void {
  for (const name of POSITIVE) {
    const given = value[name];
    if (given !== undefined && money(given).lte(0)) fault(name, `${name} ${given} must be positive`, `${name} ${given} 必須大於 0`);
  }
  const { priceRangePercent, boundaryTolerance, useRatio, leverage } = value;
  const percent = money(priceRangePercent);
  if (percent.lte(0) || percent.gte(100))
    fault(
      "priceRangePercent",
      `priceRangePercent ${priceRangePercent} must be above 0 and below 100`,
      `priceRangePercent ${priceRangePercent} 必須大於 0 且小於 100`,
    );
  const tolerance = money(boundaryTolerance);
  if (tolerance.lt(0) || tolerance.gt(1))
    fault(
      "boundaryTolerance",
      `boundaryTolerance ${boundaryTolerance} must be between 0 and 1`,
      `boundaryTolerance ${boundaryTolerance} 必須介於 0 與 1 之間`,
    );
  if (useRatio !== undefined && money(useRatio).gt(1))
    fault("useRatio", `useRatio ${useRatio} must be at most 1`, `useRatio ${useRatio} 不得超過 1`);
  if (money(leverage).lt(1)) fault("leverage", `leverage ${leverage} must be at least 1`, `leverage ${leverage} 必須至少為 1`);
}

function checkRange(value: Fields, fault: Fault): void {
  const { lowerPrice, upperPrice, rangeMode } = value;
  if ((lowerPrice === undefined) !== (upperPrice === undefined))
    fault(
      lowerPrice === undefined ? "lowerPrice" : "upperPrice",
      "lowerPrice and upperPrice go together",
      "lowerPrice 與 upperPrice 必須同時提供",
    );
  if (lowerPrice !== undefined && upperPrice !== undefined && money(lowerPrice).gte(upperPrice))
    fault(
      "lowerPrice",
      `lowerPrice ${lowerPrice} must be below upperPrice ${upperPrice}`,
      `lowerPrice ${lowerPrice} 必須低於 upperPrice ${upperPrice}`,
    );
  if (rangeMode === "bounds" && lowerPrice === undefined && upperPrice === undefined)
    fault("rangeMode", "rangeMode bounds needs lowerPrice and upperPrice", "rangeMode bounds 需要 lowerPrice 與 upperPrice");
  if ((rangeMode === "percent" || rangeMode === "volatility") && (lowerPrice !== undefined || upperPrice !== undefined))
    fault(
      "rangeMode",
      `rangeMode ${rangeMode} makes its own range; leave lowerPrice and upperPrice out`,
      `rangeMode ${rangeMode} 會自行決定區間；請移除 lowerPrice 與 upperPrice`,
    );
}

function checkQuantity(value: Fields, fault: Fault): void {
  const fromCapital = value.capital === undefined ? (value.useRatio === undefined ? null : "useRatio") : "capital";
  const ways = [
    value.orderQuantity === undefined ? null : "orderQuantity",
    value.quoteAmount === undefined ? null : "quoteAmount",
    fromCapital,
  ].filter((way) => way !== null);
  if (ways.length === 0)
    fault(
      "orderQuantity",
      "one of orderQuantity, quoteAmount, capital or useRatio must say how much an entry trades",
      "必須以 orderQuantity、quoteAmount、capital 或 useRatio 其中之一指定每筆數量",
    );
  else if (ways.length > 1)
    fault(
      "orderQuantity",
      `orderQuantity: ${ways.join(" and ")} exclude each other; keep one`,
      `orderQuantity：${ways.join(" 與 ")} 不能並用；請保留其一`,
    );
}

function checkTrailing({ lowerPrice, upperPrice, trailingUpLimit, trailingDownLimit }: Fields, fault: Fault): void {
  if (trailingUpLimit !== undefined && upperPrice !== undefined && money(trailingUpLimit).lte(upperPrice))
    fault(
      "trailingUpLimit",
      `trailingUpLimit ${trailingUpLimit} must be above upperPrice ${upperPrice}`,
      `trailingUpLimit ${trailingUpLimit} 必須高於 upperPrice ${upperPrice}`,
    );
  if (trailingDownLimit !== undefined && lowerPrice !== undefined && money(trailingDownLimit).gte(lowerPrice))
    fault(
      "trailingDownLimit",
      `trailingDownLimit ${trailingDownLimit} must be below lowerPrice ${lowerPrice}`,
      `trailingDownLimit ${trailingDownLimit} 必須低於 lowerPrice ${lowerPrice}`,
    );
}

function checkStops({ gridType, stopLossPrice, takeProfitPrice }: Fields, fault: Fault): void {
  if (stopLossPrice === undefined || takeProfitPrice === undefined) return;
  const difference = money(stopLossPrice).cmp(takeProfitPrice);
  if (difference === 0)
    fault(
      "stopLossPrice",
      `stopLossPrice and takeProfitPrice are both ${stopLossPrice}`,
      `stopLossPrice 與 takeProfitPrice 同為 ${stopLossPrice}`,
    );
  else if (gridType === "long" && difference > 0)
    fault(
      "stopLossPrice",
      `stopLossPrice ${stopLossPrice} must be below takeProfitPrice ${takeProfitPrice} for a long grid`,
      `做多網格的 stopLossPrice ${stopLossPrice} 必須低於 takeProfitPrice ${takeProfitPrice}`,
    );
  else if (gridType === "short" && difference < 0)
    fault(
      "stopLossPrice",
      `stopLossPrice ${stopLossPrice} must be above takeProfitPrice ${takeProfitPrice} for a short grid`,
      `做空網格的 stopLossPrice ${stopLossPrice} 必須高於 takeProfitPrice ${takeProfitPrice}`,
    );
}

export type GridParams = z.infer<typeof params>;

/** Where the range comes from. */
export function rangeModeOf(value: GridParams): "bounds" | "percent" | "volatility" {
  return value.rangeMode ?? (value.lowerPrice === undefined ? "percent" : "bounds");
}

/** The side that opens, or null when both do: spot is always long. */
export function openingSide(value: GridParams, kind: "spot" | "perp"): "buy" | "sell" | null {
  if (kind === "spot" || value.gridType === "long") return "buy";
  return value.gridType === "short" ? "sell" : null;
}
