// Grid: rests entries on price levels and, for what they fill, exits one level away; spot, or perp neutral, long and short.

import type { z } from "zod";
import { type Instrument, toPrice } from "../core/instrument.ts";
import { defineStrategy, type Intent, type StrategyEvent, type View } from "../core/strategy.ts";
import type { Text } from "../core/text.ts";
import type { Ticks } from "../core/units.ts";
import { adaptState } from "./grid/adapt.ts";
import { bandOf, bandOfWaiting } from "./grid/band.ts";
import { beginWhenReady, build, initialState, layoutAround } from "./grid/begin.ts";
import { isInside, leftAt, leftText, trail } from "./grid/boundary.ts";
import { onFill } from "./grid/fills.ts";
import { goMeasuring, take } from "./grid/layout.ts";
import { minimumOf } from "./grid/minimum.ts";
import { type GridParams, params, rangeModeOf } from "./grid/params.ts";
import { previewGrid } from "./grid/preview.ts";
import { isRefusal } from "./grid/range.ts";
import { reportGrid } from "./grid/report.ts";
import { gatherDust, onOrderClosed } from "./grid/rounds.ts";
import { type GridState, LEG, midOf } from "./grid/state.ts";
import { beginClosing, close, stopReached } from "./grid/stops.ts";
import { sample } from "./grid/volatility.ts";
import { type Market, wishes } from "./grid/wishes.ts";

function marketOf(view: View<GridParams>): Market | null {
  const leg = view.legs[LEG];
  if (leg === undefined || leg.bestBid === null || leg.bestAsk === null) return null;
  const { bestBid, bestAsk, instrument } = leg;
  return { leg, bestBid, bestAsk, mid: midOf(bestBid, bestAsk), at: view.at, minimum: minimumOf(instrument) };
}

/** Facts are folded in before anything else, also while there is no book. */
function fold(state: GridState, event: StrategyEvent, view: View<GridParams>): void {
  const leg = view.legs[LEG];
  if (leg === undefined) return;
  if (event.type === "fill") onFill(state, event, view.params, leg);
  if (event.type === "orderClosed") onOrderClosed(state, event, minimumOf(leg.instrument));
}

function decide(state: GridState, event: StrategyEvent, view: View<GridParams>): readonly Intent[] {
  fold(state, event, view);
  const { params: value } = view;
  const market = marketOf(view);
  if (market === null) return [];
  sample(state, value, market.mid, market.at);
  if (state.phase === "ended") {
    // A stop is over when a person says so; nothing else lets the grid in again.
    if (event.type !== "control") return [nothing];
    state.phase = "measuring";
    state.isFresh = true;
  }
  if (state.phase === "trigger" || state.phase === "measuring") {
    const answer = beginWhenReady(state, value, market);
    if (isRefusal(answer)) return refused(state, answer.refused);
    if (answer === "waiting") return [{ ...nothing, orders: wishes(state, value, market), until: bandOfWaiting(state, value) }];
  }
  const notes: Intent[] = [];
  if (state.phase !== "closing") {
    const reason = stopReached(state, value, market);
    if (reason !== null) notes.push(beginClosing(state, market, reason));
  }
  if (state.phase === "building") {
    const hold = build(state, value, market);
    if (hold !== null) return [hold];
  }
  if (state.phase === "running") notes.push(...run(state, value, market));
  return state.phase === "closing" ? [...notes, ...close(state, value, market)] : notes;
}

/** Nothing rests, whatever the price does. */
const nothing = { type: "quote", leg: LEG, orders: [], until: {} } as const satisfies Intent;

function refused(state: GridState, reason: Text): readonly Intent[] {
  state.phase = "ended";
  return [nothing, { type: "halt", reason }];
}

/** The range follows or ends, then what rests is wished; empty when the boundary closes the position. */
function run(state: GridState, value: GridParams, market: Market): Intent[] {
  const { instrument } = market.leg;
  const notes: Intent[] = [];
  if (isInside(state, market.mid)) notes.push(...comeBack(state));
  trail(state, value, instrument, market.mid);
  if (value.boundaryAction !== "wait") state.isOutside = false;
  if (!state.isOutside && leftAt(state, value, instrument, market.mid) !== null) notes.push(...onBoundary(state, value, market));
  if (state.phase === "closing") return notes;
  if (notes.some((note) => note.type === "halt")) return [...notes, { type: "quote", leg: LEG, orders: [] }];
  gatherDust(state, market.minimum);
  const orders = wishes(state, value, market);
  const until = state.phase === "running" ? bandOf(state, value, market) : bandOfWaiting(state, value);
  return [...notes, { type: "quote", leg: LEG, orders, ...(until === undefined ? {} : { until }) }];
}

/** The price is inside: from now on it can leave, and entries that waited may rest where they are passive. */
function comeBack(state: GridState): Intent[] {
  state.isEntered = true;
  if (!state.isOutside) return [];
  state.isOutside = false;
  for (const level of state.levels) level.isArmed = false;
  return [notify("info", { en: "the price is back inside the range; entries rest again", "zh-TW": "價格回到區間內；恢復進場掛單" })];
}

function notify(severity: "info" | "warning" | "critical", text: Text): Intent {
  return { type: "notify", severity, kind: "boundary", text };
}

function onBoundary(state: GridState, value: GridParams, market: Market): Intent[] {
  const { leg, mid } = market;
  switch (value.boundaryAction) {
    case "none":
      return [];
    case "wait":
      state.isOutside = true;
      return [notify("warning", leftText(leg.instrument, mid, { en: "entries wait until it is back", "zh-TW": "暫停進場，等待價格返回" }))];
    case "adjust_range":
      return [adjustRange(state, value, market)];
    case "stop_only": {
      const what = { en: "orders are canceled, the position is kept", "zh-TW": "已撤單並保留部位" };
      return [{ type: "halt", reason: leftText(leg.instrument, mid, what) }];
    }
    case "emergency_close":
      return [beginClosing(state, market, outsideText(leg.instrument, mid))];
  }
}

function outsideText(instrument: Instrument, mid: Ticks): Text {
  const price = toPrice(instrument, mid);
  return { en: `price ${price} left the range`, "zh-TW": `價格 ${price} 離開區間` };
}

/** Centres the range on the price; when no grid can be laid there the position is closed, by volatility the grid measures on. */
function adjustRange(state: GridState, value: GridParams, market: Market): Intent {
  const { mid } = market;
  const { instrument } = market.leg;
  const isMeasured = rangeModeOf(value) === "volatility";
  const layout = layoutAround(state, value, instrument, mid);
  if (isRefusal(layout) && !isMeasured) return beginClosing(state, market, layout.refused);
  if (isRefusal(layout)) {
    goMeasuring(state);
    const what = {
      en: "the new range waits for volatility, open lots keep their exits",
      "zh-TW": "新區間等待波動率，未平倉部位保留原出場單",
    };
    return notify("warning", leftText(instrument, mid, what));
  }
  take(state, layout);
  state.isEntered = true;
  const words = `${toPrice(instrument, state.lower)} … ${toPrice(instrument, state.upper)}`;
  const what = { en: `the new range is ${words}, open lots keep their exits`, "zh-TW": `新區間為 ${words}，未平倉部位保留原出場單` };
  return notify("warning", leftText(instrument, mid, what));
}

export default defineStrategy<GridParams, GridState>({
  name: "grid",
  version: 2,
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
  adapt: adaptState,
  report: reportGrid,
});
