// Take-profit and stop-loss by price, by profit and loss and by return on capital, and the close that follows.

import { type Instrument, toPrice } from "../../core/instrument.ts";
import { money, rounded } from "../../core/money.ts";
import type { Intent, LegView, Refusal } from "../../core/strategy.ts";
import type { Text } from "../../core/text.ts";
import { lots, type Ticks } from "../../core/units.ts";
import { lotsOf, netOut } from "./fills.ts";
import { leastAt } from "./minimum.ts";
import { type GridParams, openingSide } from "./params.ts";
import { isRefusal, refuse, ticksOf } from "./range.ts";
import { addDust } from "./rounds.ts";
import { type GridState, held, LEG, type PriceStop } from "./state.ts";
import type { Market } from "./wishes.ts";

/** When nothing was held as the close began, a fill may still be on its way this long. */
const LATE_FILLS_MS = 2_000;

/** A stop acts when the price comes to it from where it is now. */
export function stopAt(instrument: Instrument, name: string, price: string | undefined, mid: Ticks): PriceStop | null | Refusal {
  if (price === undefined) return null;
  const at = ticksOf(instrument, name, price);
  if (isRefusal(at)) return at;
  return { price: at, when: at <= mid ? "below" : "above" };
}

/** Sets the stops by price as seen from the price now; refuses those on the wrong side of a one-sided grid. */
export function setPriceStops(state: GridState, value: GridParams, instrument: Instrument, mid: Ticks): Refusal | null {
  const stopLoss = stopAt(instrument, "stopLossPrice", value.stopLossPrice, mid);
  const takeProfit = stopAt(instrument, "takeProfitPrice", value.takeProfitPrice, mid);
  if (isRefusal(stopLoss)) return stopLoss;
  if (isRefusal(takeProfit)) return takeProfit;
  const opens = openingSide(value, instrument.kind);
  const losing = opens === "buy" ? "below" : "above";
  const price = toPrice(instrument, mid);
  if (opens !== null && stopLoss !== null && stopLoss.when !== losing)
    return wrongSide("stopLossPrice", stopLoss, instrument, price, losing);
  if (opens !== null && takeProfit !== null && takeProfit.when === losing) {
    return wrongSide("takeProfitPrice", takeProfit, instrument, price, losing === "below" ? "above" : "below");
  }
  state.stopLossAt = stopLoss;
  state.takeProfitAt = takeProfit;
  return null;
}

function wrongSide(name: string, stop: PriceStop, instrument: Instrument, price: string, side: "below" | "above"): Refusal {
  const at = toPrice(instrument, stop.price);
  return refuse(
    `${name} ${at} must be ${side} the price ${price}`,
    `${name} ${at} 必須${side === "below" ? "低於" : "高於"}目前價格 ${price}`,
  );
}

export function isReached(stop: PriceStop, mid: Ticks): boolean {
  return stop.when === "below" ? mid <= stop.price : mid >= stop.price;
}

/** Whether a stop watches profit and loss, which change with every price while something is held. */
export function watchesMoney(value: GridParams): boolean {
  const { stopLoss, takeProfit, stopLossTotal, takeProfitTotal, stopLossRoi, takeProfitRoi } = value;
  return [stopLoss, takeProfit, stopLossTotal, takeProfitTotal, stopLossRoi, takeProfitRoi].some((limit) => limit !== undefined);
}

/** The sentence of the first stop that is reached, or null. */
export function stopReached(state: GridState, value: GridParams, { leg, mid }: Market): Text | null {
  const price = toPrice(leg.instrument, mid);
  if (state.stopLossAt !== null && isReached(state.stopLossAt, mid)) return reached("stopLossPrice", value.stopLossPrice, price);
  if (state.takeProfitAt !== null && isReached(state.takeProfitAt, mid)) return reached("takeProfitPrice", value.takeProfitPrice, price);
  const unrealized = money(leg.unrealizedPnl);
  const total = money(leg.netPnl).minus(state.netAtStart);
  const capital = money(state.capital);
  const roi = capital.gt(0) ? total.div(capital) : money(0);
  const checks = [
    ["stopLoss", value.stopLoss, unrealized.neg()],
    ["takeProfit", value.takeProfit, unrealized],
    ["stopLossTotal", value.stopLossTotal, total.neg()],
    ["takeProfitTotal", value.takeProfitTotal, total],
    ["stopLossRoi", value.stopLossRoi, roi.neg()],
    ["takeProfitRoi", value.takeProfitRoi, roi],
  ] as const;
  for (const [name, limit, now] of checks) {
    if (limit !== undefined && now.gte(limit)) return reached(name, limit, rounded(now, 6));
  }
  return null;
}

function reached(name: string, limit: string | undefined, now: string): Text {
  return { en: `${name} ${limit} is reached (${now})`, "zh-TW": `已觸及 ${name} ${limit}（${now}）` };
}

/** Begins to close: from now on nothing rests but the way to flat. */
export function beginClosing(state: GridState, market: Market, reason: Text): Intent {
  state.phase = "closing";
  state.closing = { reason, since: market.at, hadPosition: !isFlat(state, market) };
  const text: Text = { en: `${reason.en}; closing the position`, "zh-TW": `${reason["zh-TW"]}；正在平倉` };
  return { type: "notify", severity: "critical", kind: "boundary", text };
}

/** What was bought and went as fees cannot be sold. */
function unsellable(state: GridState): number {
  return held(state.spent);
}

function isFlat(state: GridState, { leg, minimum, bestBid }: Market): boolean {
  return Math.abs(leg.position - unsellable(state)) < leastAt(minimum, bestBid);
}

/** Keeps trying until flat, then halts or finishes; a close that fails is tried again with every book. */
export function close(state: GridState, value: GridParams, market: Market): readonly Intent[] {
  const { closing } = state;
  const quantity = lots(unsellable(state));
  const hold: Intent = { type: "hold", leg: LEG, quantity, maxSlippageBps: value.maxSlippageBps };
  if (closing === null) return [];
  if (!isFlat(state, market)) {
    closing.hadPosition = true;
    return [hold];
  }
  if (!closing.hadPosition && market.at - closing.since < LATE_FILLS_MS) return [hold];
  return [{ type: "quote", leg: LEG, orders: [], until: {} }, endOf(state, value, market.leg, closing.reason)];
}

function endOf(state: GridState, value: GridParams, leg: LegView, reason: Text): Intent {
  clearLots(state);
  state.phase = "ended";
  state.closing = null;
  if (value.afterStop === "finish") return { type: "finish", reason, flatten: leg.position === 0, maxSlippageBps: value.maxSlippageBps };
  const text: Text = { en: `${reason.en}; the position is closed`, "zh-TW": `${reason["zh-TW"]}；部位已平倉` };
  return { type: "halt", reason: text };
}

/** After a close only what is too small to sell is left; it waits as dust, and every level is free again. */
function clearLots(state: GridState): void {
  netOut(state);
  const rest = (["buy", "sell"] as const).map((side) => ({ side, lots: lotsOf(state, side) }));
  const exits = { buy: state.upper, sell: state.lower };
  state.levels = [];
  state.carried = [];
  for (const { side, lots: left } of rest) if (left.length > 0) addDust(state, side === "buy" ? "sell" : "buy", exits[side], left);
}
