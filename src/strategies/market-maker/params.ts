// The market maker's parameters: names, units and defaults; the rules between them are in rules.ts.

import { z } from "zod";
import { decimalString } from "../../core/bot-config.ts";
import { checkRules } from "./rules.ts";

/** More levels per side than any maker needs; two sides stay far below what exchanges let one bot rest. */
const LEVELS_MAX = 50;
const DAY_S = 86_400;

const level = z.strictObject({
  spreadPercent: decimalString.describe("full spread of this level, percent of the reference"),
  quantity: decimalString.optional().describe("quantity of each order of this level, base units; orderQuantity when absent"),
});

const quoting = {
  mode: z
    .enum(["standard", "avellaneda_stoikov"])
    .default("standard")
    .describe("where the spread comes from: a percentage, or the model of Avellaneda and Stoikov"),
  spreadPercent: decimalString.default("0.2").describe("full spread between the first bid and the first ask, percent of the reference"),
  orderQuantity: decimalString.optional().describe("quantity of each order, base units; sized from the balances when absent"),
  maxOrders: z.number().int().min(1).max(LEVELS_MAX).default(3).describe("orders per side; level i rests 1.5 x i^1.5 ticks further out"),
  levels: z.array(level).min(1).max(LEVELS_MAX).optional().describe("explicit levels, nearest first; replaces spreadPercent and maxOrders"),
  stepPercent: decimalString.optional().describe("distance between levels, percent of the reference; replaces the default ladder"),
  stepTicks: z.number().int().min(1).max(1_000_000).optional().describe("distance between levels, ticks; replaces the default ladder"),
  quantityGrowth: decimalString.default("1").describe("factor from one level's quantity to the next"),
  sides: z.enum(["both", "bids", "asks"]).default("both").describe("which sides to quote"),
  minEdgeBps: decimalString
    .default("0")
    .describe("least distance of every order from the reference beyond the maker fee, basis points; negative gives some away"),
  priceCeiling: decimalString.optional().describe("no bid above this price, and none at all while the reference is above it"),
  priceFloor: decimalString.optional().describe("no ask below this price, and none at all while the reference is below it"),
  postOnly: z.boolean().default(true).describe("orders are refused rather than taken when they would match at once"),
  maxRetreatTicks: z.number().int().min(0).max(100).default(1).describe("how far a refused post-only order steps back, ticks"),
  leverage: decimalString.default("1").describe("leverage for sizing and preview (perp)"),
};

const reference = {
  referencePrice: z
    .enum(["mid", "microprice", "last", "mark"])
    .default("mid")
    .describe(
      "what is quoted around: mid, mid weighted by the touch quantities, last public trade (else own last fill), or the exchange's mark",
    ),
  referenceSymbol: z.string().min(3).optional().describe("quote around the mid of this other instrument"),
  referenceExchange: z.string().min(1).optional().describe("exchange of referenceSymbol; the bot's own when absent"),
  referenceAccount: z.string().min(1).optional().describe("account of referenceSymbol; the bot's own when absent"),
};

const refreshing = {
  refreshIntervalS: z
    .number()
    .min(0)
    .max(DAY_S)
    .default(60)
    .describe("seconds between refreshes; in between a level moves only when it must; 0 refreshes at every change"),
  refreshTolerancePercent: decimalString.default("0.02").describe("a level moves only when it is off by more, percent of the reference"),
  toleranceTicks: z.number().int().min(0).max(1_000_000).default(1).describe("as refreshTolerancePercent, in ticks; the larger counts"),
  quantityTolerancePercent: decimalString
    .default("50")
    .describe("a level is filled up at a refresh when its quantity is off by more, percent"),
  filledOrderDelayS: z.number().min(0).max(DAY_S).default(0).describe("seconds without new orders after one is filled whole"),
};

const inventory = {
  inventoryTarget: decimalString.default("0").describe("signed position towards which the skews lean, base units"),
  inventorySkew: decimalString.default("0").describe("shift of both sides at full inventory, fraction 0..1 of the spread (standard mode)"),
  sizeSkew: decimalString
    .default("0")
    .describe("at full inventory the side that adds shrinks by this fraction 0..1, the other grows by it"),
  maxPosition: decimalString.optional().describe("largest position if every order of a side fills, base units; perp: 1 when absent"),
  targetPosition: decimalString.default("0").describe("absolute position that is tolerated (perp), base units"),
  positionThreshold: decimalString.default("0.1").describe("position beyond targetPosition that starts a reduction (perp), base units"),
  enableRebalance: z.boolean().default(true).describe("take towards the target when the inventory is too far from it"),
  baseAssetTargetPercent: decimalString.default("30").describe("wanted share of base in all assets (spot), percent"),
  rebalanceThreshold: decimalString.default("15").describe("deviation from that share that starts a rebalance, percent of all assets"),
  rebalanceTo: z
    .enum(["target", "threshold"])
    .optional()
    .describe("trade the whole deviation or only what is beyond the threshold; target for spot, threshold for perp when absent"),
  rebalanceSlippageBps: z.number().min(0).max(1_000).default(10).describe("worst price of a rebalance beyond the touch, basis points"),
};

const volatility = {
  volatilitySampleS: z.number().min(0.1).max(3_600).default(5).describe("seconds between two samples of the reference"),
  volatilityWindowS: z.number().min(1).max(DAY_S).default(300).describe("time constant of the volatility estimate, seconds"),
  volatilityMultiplier: decimalString
    .default("0")
    .describe("the spread is at least this times the volatility over volatilityHorizonS (standard mode); 0 switches it off"),
  volatilityHorizonS: z.number().min(1).max(DAY_S).default(60).describe("time over which volatilityMultiplier counts it, seconds"),
  riskAversion: decimalString.default("0.1").describe("gamma of Avellaneda-Stoikov, with prices in percent of the reference"),
  arrivalDecay: decimalString.default("10").describe("kappa of Avellaneda-Stoikov: how fast fills thin out per percent of distance"),
  horizonS: z.number().min(1).max(DAY_S).default(3_600).describe("T of Avellaneda-Stoikov, seconds"),
  horizon: z
    .enum(["rolling", "session"])
    .default("rolling")
    .describe("T - t of Avellaneda-Stoikov: always horizonS, or running down from horizonS and starting anew"),
};

const protection = {
  stopLoss: decimalString.optional().describe("loss of the open position that closes it, quote units, positive"),
  takeProfit: decimalString.optional().describe("profit of the open position that closes it, quote units"),
  capital: decimalString.optional().describe("money that stopLossRoi and takeProfitRoi are fractions of, quote units"),
  stopLossRoi: decimalString.optional().describe("net loss that closes the position, fraction of capital, positive"),
  takeProfitRoi: decimalString.optional().describe("net profit that closes the position, fraction of capital"),
  maxSlippageBps: z.number().min(0).max(5_000).default(50).describe("worst price of a protective close beyond the touch, basis points"),
  afterStop: z.enum(["halt", "finish"]).default("halt").describe("once closed: wait for a person, or stop for good"),
};

const fields = z.strictObject({ ...quoting, ...reference, ...refreshing, ...inventory, ...volatility, ...protection });

export type MarketMakerParams = z.infer<typeof fields>;

export const params = fields.superRefine((value, context) =>
  checkRules(value, (path, message) => context.addIssue({ code: "custom", path: [...path], message })),
);
