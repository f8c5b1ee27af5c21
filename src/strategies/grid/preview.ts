// What starting a grid would mean: margin, worst loss, break-even step and warnings.

import { type Instrument, toPrice, toQuantity } from "../../core/instrument.ts";
import { averageStep } from "../../core/levels.ts";
import { money, rounded, text, ZERO } from "../../core/money.ts";
import { quantumOf } from "../../core/position-ledger.ts";
import type { MarketSnapshot, Preview } from "../../core/strategy.ts";
import type { Text } from "../../core/text.ts";
import type { GridParams } from "./params.ts";
import { type GridState, initialState, LEG, type Level, midOf } from "./state.ts";

/** Decimal strings in the quote currency; see Preview. */
export function previewGrid(value: GridParams, market: MarketSnapshot): Preview {
  const leg = market.legs[LEG];
  if (leg === undefined) throw new Error("the grid needs a market to preview");
  const { instrument } = leg;
  const state = initialState(value, market);
  const quantity = money(toQuantity(instrument, state.orderQuantity));
  const buys = state.levels.filter((level) => level.side === "buy");
  const sells = state.levels.filter((level) => level.side === "sell");
  const sum = (levels: readonly Level[]) =>
    levels.reduce((total, level) => total.plus(money(toPrice(instrument, level.price)).times(quantity)), ZERO);
  const low = money(toPrice(instrument, state.lower));
  const high = money(toPrice(instrument, state.upper));
  const lossBelow = sum(buys).minus(low.times(quantity).times(buys.length));
  const lossAbove = high.times(quantity).times(sells.length).minus(sum(sells));
  const oneSided = Math.max(buys.length, sells.length);
  const step = quantumOf(instrument)
    .times(averageStep(state.levels.map((level) => level.price)))
    .times(state.orderQuantity);
  const breakEven = money(instrument.makerFee).times(2);
  const mid = money(toPrice(instrument, midOf(leg.bestBid, leg.bestAsk)));
  const fees = breakEven.times(mid).times(quantity);
  return {
    currency: instrument.quote,
    orders: state.levels.length,
    notional: text(sum(state.levels)),
    margin: rounded(sum(buys).gt(sum(sells)) ? sum(buys) : sum(sells), 2),
    maxPosition: text(quantity.times(oneSided)),
    worstLoss: rounded(lossBelow.gt(lossAbove) ? lossBelow : lossAbove, 2),
    breakEvenStep: text(breakEven),
    profitPerPair: rounded(step.minus(fees), 6),
    warnings: warningsOf(state, instrument, mid, step.lte(fees)),
  };
}

function warningsOf(state: GridState, instrument: Instrument, mid: ReturnType<typeof money>, isStepTooSmall: boolean): Text[] {
  const warnings: Text[] = [];
  const price = text(mid);
  if (mid.lt(toPrice(instrument, state.lower)) || mid.gt(toPrice(instrument, state.upper))) {
    warnings.push({ en: `the price ${price} is outside the range`, "zh-TW": `目前價格 ${price} 在區間之外` });
  }
  if (isStepTooSmall) warnings.push({ en: "a step does not pay two maker fees", "zh-TW": "單格利潤不足以支付兩次掛單手續費" });
  if (state.orderQuantity < instrument.minQuantity) {
    warnings.push({
      en: `orderQuantity is below the smallest quantity ${toQuantity(instrument, instrument.minQuantity)}`,
      "zh-TW": `每格數量低於最小下單量 ${toQuantity(instrument, instrument.minQuantity)}`,
    });
  }
  return warnings;
}
