// The parameters of the maker-taker hedge and the rules between them.

import { z } from "zod";
import { decimalString } from "../../core/bot-config.ts";
import { money } from "../../core/money.ts";

/** A bound or a profit beyond 10 % is a slip of the keyboard. */
const BPS_MAX = 1_000;
/** Beyond this no quantity and no amount of money is meant seriously. */
const QUANTITY_MAX = "1000000000000";
const LEVERAGE_MAX = 1_000;
/** Percent of mid; a wider spread is a slip of the keyboard as well. */
const SPREAD_MAX = 50;

const bps = z.number().min(0).max(BPS_MAX);

const fields = {
  hedgeSymbol: z.string().min(3).optional().describe("instrument of the hedge; absent: each fill is taken back on the maker's own one"),
  hedgeExchange: z.string().min(1).optional().describe("exchange of the hedge; absent: the maker's"),
  hedgeAccount: z.string().min(1).optional().describe("account of the hedge; absent: the maker's"),
  hedgeRatio: decimalString.default("1").describe("hedge quantity per maker quantity, base units to base units"),
  referencePosition: z
    .union([z.literal("start"), decimalString])
    .default("start")
    .describe("maker position that needs no hedge, base units, signed; start: the one at the bot's first start"),
  orderQuantity: decimalString.optional().describe("quantity of each quote, base units; absent: 5 % of what the account could use"),
  sides: z.enum(["both", "bids", "asks"]).default("both").describe("which sides to quote"),
  joinBest: z.boolean().default(true).describe("quote no better than the best price of the own side"),
  spreadPercent: decimalString.optional().describe("least distance between bid and ask, percent of mid; absent: the market's own"),
  minProfitBps: z
    .number()
    .min(-BPS_MAX)
    .max(BPS_MAX)
    .optional()
    .describe("quote only where a hedge at the touch earns this after maker and taker fee, bps of the maker notional"),
  toleranceTicks: z.number().int().min(0).max(10_000).default(0).describe("a resting quote this near its wished price stays, ticks"),
  maxRetreatTicks: z.number().int().min(0).max(100).default(1).describe("how far a refused post-only order steps back, ticks"),
  filledOrderDelayS: z.number().min(0).max(86_400).default(0).describe("pause of a side after its order filled whole, seconds"),
  maxUnhedgedQuantity: decimalString.optional().describe("largest residual that quotes may bring about, base units of the hedge"),
  maxUnhedgedTimeS: z.number().min(0).max(86_400).default(30).describe("how long a residual may wait for its hedge, seconds"),
  maxSlippageBps: bps.default(20).describe("how far beyond the touch a hedge may pay at its first attempt, bps"),
  slippageStepBps: bps.default(20).describe("what each failed attempt adds to that, bps"),
  maxSlippageCapBps: bps.default(100).describe("where that ends, bps; used at once when a residual waited too long or grew too large"),
  maxPosition: decimalString.default("1").describe("largest absolute maker position, counted before a quote is placed, base units"),
  positionThreshold: decimalString.default("0.1").describe("excess over maxPosition that is tolerated before it is taken back, base units"),
  leverage: decimalString.default("1").describe("leverage for automatic quantities and the preview, at least 1"),
  stopLoss: decimalString.optional().describe("unrealized loss of all legs at which everything is closed, quote units, positive"),
  takeProfit: decimalString.optional().describe("unrealized profit of all legs at which everything is closed, quote units"),
  afterStop: z.enum(["halt", "finish"]).default("halt").describe("after such a close: wait for a person, or stop for good"),
};

type Fault = (path: keyof typeof fields, en: string, zhTw: string) => void;

export const params = z.strictObject(fields).superRefine((value, context) => {
  const fault: Fault = (path, en, zhTw) => context.addIssue({ code: "custom", path: [path], message: en, params: { "zh-TW": zhTw } });
  checkRanges(value, fault);
  checkQuantities(value, fault);
  checkHedge(value, fault);
});

export type HedgeParams = z.infer<typeof params>;

type Fields = z.infer<z.ZodObject<typeof fields>>;

const POSITIVE = ["hedgeRatio", "orderQuantity", "spreadPercent", "maxUnhedgedQuantity", "maxPosition", "stopLoss", "takeProfit"] as const;

function checkRanges(value: Fields, fault: Fault): void {
  for (const name of POSITIVE) {
    const given = value[name];
    if (given === undefined) continue;
    if (money(given).lte(0)) fault(name, `${name} ${given} must be positive`, `${name} ${given} 必須大於 0`);
    if (money(given).gt(QUANTITY_MAX))
      fault(name, `${name} ${given} must be at most ${QUANTITY_MAX}`, `${name} ${given} 不得超過 ${QUANTITY_MAX}`);
  }
  const { leverage, positionThreshold, spreadPercent } = value;
  if (money(positionThreshold).lt(0))
    fault(
      "positionThreshold",
      `positionThreshold ${positionThreshold} must not be negative`,
      `positionThreshold ${positionThreshold} 不得為負`,
    );
  if (money(leverage).lt(1) || money(leverage).gt(LEVERAGE_MAX))
    fault(
      "leverage",
      `leverage ${leverage} must be between 1 and ${LEVERAGE_MAX}`,
      `leverage ${leverage} 必須介於 1 與 ${LEVERAGE_MAX} 之間`,
    );
  if (spreadPercent !== undefined && money(spreadPercent).gt(SPREAD_MAX))
    fault(
      "spreadPercent",
      `spreadPercent ${spreadPercent} must be at most ${SPREAD_MAX}`,
      `spreadPercent ${spreadPercent} 不得超過 ${SPREAD_MAX}`,
    );
}

function checkQuantities(value: Fields, fault: Fault): void {
  const { maxPosition, orderQuantity, referencePosition, maxSlippageBps, maxSlippageCapBps } = value;
  if (orderQuantity !== undefined && money(orderQuantity).gt(maxPosition))
    fault(
      "orderQuantity",
      `orderQuantity ${orderQuantity} must not exceed maxPosition ${maxPosition}`,
      `orderQuantity ${orderQuantity} 不得超過 maxPosition ${maxPosition}`,
    );
  if (referencePosition !== "start" && money(referencePosition).abs().gt(maxPosition))
    fault(
      "referencePosition",
      `referencePosition ${referencePosition} must lie within maxPosition ${maxPosition}`,
      `referencePosition ${referencePosition} 必須在 maxPosition ${maxPosition} 之內`,
    );
  if (maxSlippageBps > maxSlippageCapBps)
    fault(
      "maxSlippageBps",
      `maxSlippageBps ${maxSlippageBps} must not exceed maxSlippageCapBps ${maxSlippageCapBps}`,
      `maxSlippageBps ${maxSlippageBps} 不得超過 maxSlippageCapBps ${maxSlippageCapBps}`,
    );
  if (!value.joinBest && value.spreadPercent === undefined && value.minProfitBps === undefined)
    fault(
      "joinBest",
      "joinBest false needs spreadPercent or minProfitBps to say where to quote",
      "joinBest 為 false 時，需要 spreadPercent 或 minProfitBps 決定報價位置",
    );
}

/** What only makes sense when the hedge has an instrument of its own. */
function checkHedge(value: Fields, fault: Fault): void {
  if (value.hedgeSymbol !== undefined) return;
  for (const name of ["hedgeExchange", "hedgeAccount"] as const)
    if (value[name] !== undefined) fault(name, `${name} ${value[name]} needs hedgeSymbol`, `${name} ${value[name]} 需要搭配 hedgeSymbol`);
  if (!money(value.hedgeRatio).eq(1))
    fault(
      "hedgeRatio",
      `hedgeRatio ${value.hedgeRatio} needs hedgeSymbol; on one instrument it is 1`,
      `hedgeRatio ${value.hedgeRatio} 需要搭配 hedgeSymbol；同一商品避險時固定為 1`,
    );
  if (value.minProfitBps !== undefined)
    fault(
      "minProfitBps",
      `minProfitBps ${value.minProfitBps} needs hedgeSymbol; on one instrument a hedge at the touch only costs fees`,
      `minProfitBps ${value.minProfitBps} 需要搭配 hedgeSymbol；同一商品以對手價避險只會付出手續費`,
    );
}
