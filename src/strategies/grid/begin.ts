// How the grid begins: what it refuses, what it waits for, and its first levels and position.

import { type Instrument, toPrice, toQuantity } from "../../core/instrument.ts";
import { money, rounded, text } from "../../core/money.ts";
import { signOf } from "../../core/order.ts";
import type { Intent, MarketSnapshot, Refusal } from "../../core/strategy.ts";
import { UserError } from "../../core/text.ts";
import { lots, type Ticks } from "../../core/units.ts";
import { faultOf, type Layout, layOut, take } from "./layout.ts";
import { leastAt } from "./minimum.ts";
import { type GridParams, openingSide, rangeModeOf } from "./params.ts";
import { isRefusal, percentWidth, rangeAround, rangeOf, refuse, ticksOf, widthOf } from "./range.ts";
import { capitalOf, leverageOf } from "./sizing.ts";
import { blankState, type GridState, LEG, midOf } from "./state.ts";
import { isReached, setPriceStops, stopAt } from "./stops.ts";
import { volatilityOf } from "./volatility.ts";
import type { Market } from "./wishes.ts";

const PRICES = [
  "lowerPrice",
  "upperPrice",
  "triggerPrice",
  "trailingUpLimit",
  "trailingDownLimit",
  "stopLossPrice",
  "takeProfitPrice",
] as const;

/** What the parameters ask for that this instrument does not have. */
export function instrumentFault(value: GridParams, instrument: Instrument): Refusal | null {
  for (const name of PRICES) {
    const price = value[name];
    const at = price === undefined ? null : ticksOf(instrument, name, price);
    if (isRefusal(at)) return at;
  }
  const { maxLeverage } = instrument;
  if (maxLeverage !== undefined && money(leverageOf(value, instrument)).gt(maxLeverage)) {
    return refuse(
      `leverage ${value.leverage} is above the instrument's largest, ${maxLeverage}`,
      `leverage ${value.leverage} 超過此商品的最大槓桿 ${maxLeverage}`,
    );
  }
  if (value.initialPosition === "market" && openingSide(value, instrument.kind) === null) {
    return refuse(
      "initialPosition market needs gridType long or short: a neutral grid begins flat",
      "initialPosition market 需要 gridType 為 long 或 short：中性網格由空手開始",
    );
  }
  return null;
}

/** The layout at a price; by volatility it is what has been measured, or what priceRangePercent says while nothing is. */
export function layoutAt(state: GridState, value: GridParams, instrument: Instrument, mid: Ticks): Layout | Refusal {
  const volatility = volatilityOf(state);
  const isUnmeasured = rangeModeOf(value) === "volatility" && volatility === null;
  const range = isUnmeasured ? rangeAround(value, instrument, mid, percentWidth(value)) : rangeOf(value, instrument, mid, volatility ?? 0);
  return isRefusal(range) ? range : layOut(value, instrument, range, mid, state.available);
}

/** The layout of a range that follows the price: by volatility or by percent, also when the first one was named by bounds. */
export function layoutAround(state: GridState, value: GridParams, instrument: Instrument, mid: Ticks): Layout | Refusal {
  const volatility = volatilityOf(state);
  if (rangeModeOf(value) === "volatility" && volatility === null) return refuse("volatility is not measured yet", "尚未量測到波動率");
  const range = rangeAround(value, instrument, mid, widthOf(value, volatility ?? 0));
  const layout = layOut(value, instrument, range, mid, state.available);
  return isRefusal(layout) ? layout : (faultOf(layout, value, instrument) ?? layout);
}

/** The state of a first start. Throws a UserError when these parameters cannot be traded on this market. */
export function initialState(value: GridParams, market: MarketSnapshot): GridState {
  const leg = market.legs[LEG];
  if (leg === undefined) throw new Error("the grid needs a market to start from");
  const { instrument } = leg;
  const mid = midOf(leg.bestBid, leg.bestAsk);
  const state = blankState(instrument, leg.available?.quote ?? null);
  const fault = instrumentFault(value, instrument) ?? waitOrBegin(state, value, instrument, mid);
  if (fault !== null) throw new UserError(fault.refused);
  return state;
}

function waitOrBegin(state: GridState, value: GridParams, instrument: Instrument, mid: Ticks): Refusal | null {
  const trigger = stopAt(instrument, "triggerPrice", value.triggerPrice, mid);
  if (isRefusal(trigger)) return trigger;
  const isWaiting = trigger !== null && !isReached(trigger, mid);
  if (!isWaiting && rangeModeOf(value) !== "volatility") return begin(state, value, instrument, mid, "0");
  state.trigger = isWaiting ? trigger : null;
  state.phase = isWaiting ? "trigger" : "measuring";
  // What would be refused later is refused now, as far as it can be known.
  const layout = layoutAt(state, value, instrument, isWaiting ? trigger.price : mid);
  if (isRefusal(layout)) return layout;
  const stops = setPriceStops(state, value, instrument, isWaiting ? trigger.price : mid);
  const isMeasured = rangeModeOf(value) === "volatility";
  return stops ?? faultOf(layout, isMeasured ? { ...value, allowUnprofitableStep: true } : value, instrument);
}

/** Lays the grid at this price; `netPnl` is where profit and loss count from. Nothing changes when it is refused. */
export function begin(state: GridState, value: GridParams, instrument: Instrument, mid: Ticks, netPnl: string): Refusal | null {
  const layout = layoutAt(state, value, instrument, mid);
  if (isRefusal(layout)) return layout;
  const fault = faultOf(layout, value, instrument) ?? setPriceStops(state, value, instrument, mid);
  if (fault !== null) return fault;
  take(state, layout);
  state.trigger = null;
  state.obstacle = null;
  state.phase = "running";
  if (!state.isFresh) return null;
  state.isFresh = false;
  state.netAtStart = netPnl;
  state.capital = capitalOf(value, state.available) ?? marginOf(layout, value, instrument);
  if (value.initialPosition === "market") for (const level of state.levels) level.isInitial = isFarSide(level, mid);
  if (state.levels.some((level) => level.isInitial)) state.phase = "building";
  return null;
}

/** A level on the far side of the price gives back at its exit what the grid takes now. */
export function isFarSide(level: { readonly side: "buy" | "sell"; readonly price: Ticks }, mid: Ticks): boolean {
  return level.side === "buy" ? level.price >= mid : level.price <= mid;
}

/** Margin of the larger side, quote currency. */
function marginOf(layout: Layout, value: GridParams, instrument: Instrument): string {
  const sums = { buy: money(0), sell: money(0) };
  for (const { side, price, quantity } of layout.levels)
    sums[side] = sums[side].plus(money(toPrice(instrument, price)).times(toQuantity(instrument, quantity)));
  const larger = sums.buy.gt(sums.sell) ? sums.buy : sums.sell;
  return rounded(larger.div(leverageOf(value, instrument)), 8);
}

/** Waits for the trigger and for enough samples; true once the grid has begun. A refusal that time cannot mend halts. */
export function beginWhenReady(state: GridState, value: GridParams, market: Market): "waiting" | "begun" | Refusal {
  const { leg, mid } = market;
  if (state.phase === "trigger") {
    if (state.trigger !== null && value.triggerPrice !== undefined && !isReached(state.trigger, mid)) return "waiting";
    state.trigger = null;
    state.phase = "measuring";
  }
  const isMeasured = rangeModeOf(value) === "volatility";
  if (isMeasured && volatilityOf(state) === null) return "waiting";
  const fault = begin(state, value, leg.instrument, mid, leg.netPnl);
  if (fault === null) return "begun";
  // A quiet market makes a range that is too narrow to pay; a livelier one may come.
  if (!isMeasured) return fault;
  state.obstacle = fault.refused;
  return "waiting";
}

/** Takes the first position; null once it is there, up to what is too small to take. */
export function build(state: GridState, value: GridParams, market: Market): Intent | null {
  const { leg, minimum, mid } = market;
  const waiting = state.levels.filter((level) => level.isInitial);
  const left = waiting.reduce((sum, level) => sum + level.entryLeft, 0);
  const side = openingSide(value, leg.instrument.kind);
  if (left >= leastAt(minimum, mid) && side !== null) {
    return { type: "hold", leg: LEG, quantity: lots(leg.position + signOf(side) * left), maxSlippageBps: value.maxSlippageBps };
  }
  for (const level of waiting) {
    if (level.lots.length === 0) level.isInitial = false;
    else level.entryLeft = lots(0);
  }
  state.phase = "running";
  return null;
}

/** Base units that the first position still lacks. */
export function missing(state: GridState, instrument: Instrument): string {
  const left = state.levels.reduce((sum, level) => sum + (level.isInitial ? level.entryLeft : 0), 0);
  return text(money(toQuantity(instrument, lots(left))));
}
