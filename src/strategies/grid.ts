// Grid: rests entries on price levels and, for what they fill, exits one level away; spot, or perp neutral, long and short.

import type { z } from "zod";
import { type Instrument, toLots, toPrice } from "../core/instrument.ts";
import { text } from "../core/money.ts";
import { opposite } from "../core/order.ts";
import { quantumOf } from "../core/position-ledger.ts";
import { defineStrategy, type Intent, type LegView, type StrategyEvent, type View } from "../core/strategy.ts";
import type { Text } from "../core/text.ts";
import { lots, type Ticks } from "../core/units.ts";
import { onFill } from "./grid/fills.ts";
import { type GridParams, params } from "./grid/params.ts";
import { previewGrid } from "./grid/preview.ts";
import { around, bounds, buildLevels, type GridState, initialState, LEG, midOf, slotOf } from "./grid/state.ts";
import { bandOf, disarm, limitsOf, wishes } from "./grid/wishes.ts";

const CLOSE_SLIPPAGE_BPS = 50;

/** A long grid's range ends at the price it started from, so only the far bound of a one-sided grid is a boundary by percent. */
function isBeyond(state: GridState, value: GridParams, instrument: Instrument, mid: Ticks): boolean {
  const limits = limitsOf(state, value);
  if (mid < limits.below) return true;
  const isOneSidedUp = mid > limits.above;
  const isWaitingAbove = (value.gridType === "long" || instrument.kind === "spot") && value.lowerPrice === undefined;
  return isOneSidedUp && !(isWaitingAbove && value.boundaryAction !== "adjust_range");
}

/** Lays the grid over another range; lots of the old one keep their exits and their slots. */
function moveRange(state: GridState, value: GridParams, instrument: Instrument, mid: Ticks, range: { lower: Ticks; upper: Ticks }): Text {
  state.levels.forEach((level, index) => {
    if (level.lots.length > 0)
      state.carried.push({ slot: slotOf(state, index, "exit"), side: opposite(level.side), exitPrice: level.exitPrice, lots: level.lots });
  });
  state.generation += 1;
  state.lower = range.lower;
  state.upper = range.upper;
  state.levels = buildLevels(value, instrument, range, mid, state.orderQuantity);
  const words = `${toPrice(instrument, range.lower)} … ${toPrice(instrument, range.upper)}`;
  return {
    en: `price left the range; the new range is ${words}, open lots keep their exits`,
    "zh-TW": `價格離開區間；新區間為 ${words}，未平倉部位保留原出場單`,
  };
}

function onBoundary(state: GridState, value: GridParams, leg: LegView, mid: Ticks): Intent[] {
  const price = toPrice(leg.instrument, mid);
  switch (value.boundaryAction) {
    case "none":
      return [];
    case "adjust_range":
      return [
        {
          type: "notify",
          severity: "warning",
          kind: "boundary",
          text: moveRange(state, value, leg.instrument, mid, around(value, leg.instrument, mid)),
        },
      ];
    case "stop_only":
      return [
        {
          type: "halt",
          reason: {
            en: `price ${price} left the range; orders are canceled, the position is kept`,
            "zh-TW": `價格 ${price} 離開區間；已撤單並保留部位`,
          },
        },
      ];
    case "emergency_close":
      state.isClosing = true;
      return [
        {
          type: "notify",
          severity: "critical",
          kind: "boundary",
          text: { en: `price ${price} left the range; closing the position`, "zh-TW": `價格 ${price} 離開區間；正在平倉` },
        },
      ];
  }
}

function closing(state: GridState, leg: LegView): Intent[] {
  const hold: Intent = { type: "hold", leg: LEG, quantity: lots(0), maxSlippageBps: CLOSE_SLIPPAGE_BPS };
  if (Math.abs(leg.position) >= Math.max(1, leg.instrument.minQuantity)) return [hold];
  state.isClosing = false;
  return [
    hold,
    { type: "halt", reason: { en: "the price left the range and the position is closed", "zh-TW": "價格離開區間，部位已平倉" } },
  ];
}

function decide(state: GridState, event: StrategyEvent, view: View<GridParams>): readonly Intent[] {
  if (event.type === "fill") onFill(state, event);
  if (event.type === "orderClosed" && event.status === "rejected") disarm(state, event.slot);
  const leg = view.legs[LEG];
  if (leg === undefined || leg.bestBid === null || leg.bestAsk === null) return [];
  if (state.isClosing) return closing(state, leg);
  const mid = midOf(leg.bestBid, leg.bestAsk);
  const intents: Intent[] = isBeyond(state, view.params, leg.instrument, mid) ? onBoundary(state, view.params, leg, mid) : [];
  if (state.isClosing) return [...intents, ...closing(state, leg)];
  const orders = wishes(state, view.params, leg, leg.bestBid, leg.bestAsk);
  intents.push({ type: "quote", leg: LEG, orders, until: bandOf(state, view.params) });
  return intents;
}

export default defineStrategy<GridParams, GridState>({
  name: "grid",
  version: 1,
  summary: {
    en: "Rests buys and sells on price levels and takes the step between them, again and again",
    "zh-TW": "在價格網格上掛買賣單，反覆賺取相鄰格之間的價差",
  },
  params: params as z.ZodType<GridParams>,
  example: { gridType: "neutral", gridMode: "geometric", gridNum: 20, priceRangePercent: "3", orderQuantity: "0.05" },
  legs: (_value, home) => ({ [LEG]: home }),
  preview: previewGrid,
  init: initialState,
  decide,
  adapt(state, from, view) {
    if (JSON.stringify(from.params) === JSON.stringify(view.params)) return state;
    const leg = view.legs[LEG];
    if (leg === undefined || leg.bestBid === null || leg.bestAsk === null) {
      return { refused: { en: "the grid cannot change its parameters without a price", "zh-TW": "沒有行情時無法變更網格參數" } };
    }
    const mid = midOf(leg.bestBid, leg.bestAsk);
    state.orderQuantity = toLots(leg.instrument, view.params.orderQuantity, "down");
    moveRange(state, view.params, leg.instrument, mid, bounds(view.params, leg.instrument, mid));
    return state;
  },
  report(state, view) {
    const instrument = view.legs[LEG]?.instrument;
    if (instrument === undefined) return {};
    const open = state.levels.filter((level) => level.lots.length > 0).length + state.carried.length;
    return {
      gridProfit: text(quantumOf(instrument).times(state.profit)),
      pairs: state.pairs,
      lower: toPrice(instrument, state.lower),
      upper: toPrice(instrument, state.upper),
      openLots: open,
    };
  },
});
