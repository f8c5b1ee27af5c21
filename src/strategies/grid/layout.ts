// Lays levels over a range: sides, exits and quantities, what would be refused, and the move from one range to the next.

import { type Instrument, toPrice, toQuantity } from "../../core/instrument.ts";
import { averageStep, gridLevels } from "../../core/levels.ts";
import { money, rounded, text } from "../../core/money.ts";
import { opposite, type Side } from "../../core/order.ts";
import type { Refusal } from "../../core/strategy.ts";
import { type Lots, type Ticks, ticks } from "../../core/units.ts";
import { leastAt, minimumOf } from "./minimum.ts";
import { type GridParams, openingSide } from "./params.ts";
import { isRefusal, type Range, refuse } from "./range.ts";
import { quantityAt, sizingOf } from "./sizing.ts";
import { type GridState, type Level, type Sizing, slotOf } from "./state.ts";

/** A level that is not in the state yet. */
export interface Laid {
  readonly price: Ticks;
  readonly side: Side;
  readonly exitPrice: Ticks;
  readonly quantity: Lots;
}

export interface Layout {
  readonly range: Range;
  readonly anchor: Ticks;
  readonly sizing: Sizing;
  readonly levels: readonly Laid[];
  readonly stepTicks: number;
  readonly stepRatio: number;
}

/**
 * Levels of a range with their sides, exits and quantities. An exit is always a level of the range, so the top point of a grid
 * that buys, and the bottom point of one that sells, are exits only.
 */
export function layOut(value: GridParams, instrument: Instrument, range: Range, anchor: Ticks, available: string | null): Layout | Refusal {
  if (range.lower >= range.upper) {
    return refuse(
      `the range from ${toPrice(instrument, range.lower)} to ${toPrice(instrument, range.upper)} holds no step of ${instrument.tickSize}`,
      `區間 ${toPrice(instrument, range.lower)} 到 ${toPrice(instrument, range.upper)} 容不下一個最小跳動單位 ${instrument.tickSize}`,
    );
  }
  const prices = gridLevels(range.lower, range.upper, value.gridNum, value.gridMode);
  const opens = openingSide(value, instrument.kind);
  const bare = prices.flatMap((price, index) => {
    const side: Side = opens ?? (price <= anchor ? "buy" : "sell");
    const exitPrice = prices[side === "buy" ? index + 1 : index - 1];
    return exitPrice === undefined ? [] : [{ price, side, exitPrice }];
  });
  const sizing = sizingOf(value, instrument, anchor, bare.length, available);
  if (isRefusal(sizing)) return sizing;
  return {
    range,
    anchor,
    sizing,
    levels: bare.map((level) => ({ ...level, quantity: quantityAt(sizing, instrument, level.price) })),
    stepTicks: averageStep(prices),
    stepRatio: (range.upper / range.lower) ** (1 / (prices.length - 1)),
  };
}

/** True when the step between two prices pays the maker fees of both. */
export function paysFees(instrument: Instrument, lower: Ticks, upper: Ticks): boolean {
  return money(instrument.makerFee)
    .times(money(lower).plus(upper))
    .lt(upper - lower);
}

/** Why a layout must not be traded: a quantity that the exchange refuses, or a step that does not pay its fees. */
export function faultOf(layout: Layout, value: GridParams, instrument: Instrument): Refusal | null {
  const minimum = minimumOf(instrument);
  for (const level of layout.levels) {
    const least = leastAt(minimum, ticks(Math.min(level.price, level.exitPrice)));
    if (level.quantity >= least) continue;
    const quantity = toQuantity(instrument, level.quantity);
    const price = toPrice(instrument, level.price);
    return refuse(
      `an entry of ${quantity} ${instrument.base} at ${price} is below the exchange's smallest, ${toQuantity(instrument, least)}`,
      `在 ${price} 的單筆數量 ${quantity} ${instrument.base} 低於交易所最小值 ${toQuantity(instrument, least)}`,
    );
  }
  return value.allowUnprofitableStep ? null : feeFault(layout, instrument);
}

function feeFault(layout: Layout, instrument: Instrument): Refusal | null {
  for (const { price, exitPrice } of layout.levels) {
    const [lower, upper] = price < exitPrice ? [price, exitPrice] : [exitPrice, price];
    if (paysFees(instrument, lower, upper)) continue;
    const step = rounded(
      money(upper - lower)
        .div(lower)
        .times(100),
      4,
    );
    const fees = text(money(instrument.makerFee).times(200));
    return refuse(
      `the step from ${toPrice(instrument, lower)} to ${toPrice(instrument, upper)} is ${step} %, which does not pay two maker fees of together ${fees} %; use fewer levels or a wider range, or set allowUnprofitableStep`,
      `${toPrice(instrument, lower)} 到 ${toPrice(instrument, upper)} 的格距為 ${step} %，不足以支付兩次掛單手續費（共 ${fees} %）；請減少格數、放寬區間，或設定 allowUnprofitableStep`,
    );
  }
  return null;
}

/** An untouched level of the current range, with a name of its own. */
export function newLevel(state: GridState, laid: Laid): Level {
  const name = `${state.generation}.${state.nextLevel}`;
  state.nextLevel += 1;
  return {
    ...laid,
    name,
    entryLeft: laid.quantity,
    isArmed: false,
    isInitial: false,
    gaveBack: false,
    exitRests: false,
    lots: [],
  };
}

/** True while nothing of a level's round has filled. */
export function isUntouched(level: Level): boolean {
  return level.lots.length === 0 && level.entryLeft === level.quantity;
}

/**
 * Puts a layout in place of the levels of today. A level that stays (same price, side and exit) keeps its lots, its round and
 * its slots; lots of a level that goes are carried: their exits rest on under their old slots.
 */
export function take(state: GridState, layout: Layout): void {
  const before = new Map(state.levels.map((level) => [`${level.side}:${level.price}:${level.exitPrice}`, level]));
  state.generation += 1;
  state.nextLevel = 0;
  const levels = layout.levels.map((laid) => {
    const key = `${laid.side}:${laid.price}:${laid.exitPrice}`;
    const kept = before.get(key);
    if (kept === undefined) return newLevel(state, laid);
    before.delete(key);
    if (isUntouched(kept)) kept.entryLeft = laid.quantity;
    kept.quantity = laid.quantity;
    return kept;
  });
  for (const level of before.values()) carryLevel(state, level);
  state.levels = levels;
  state.anchor = layout.anchor;
  state.lower = layout.range.lower;
  state.upper = layout.range.upper;
  state.stepTicks = layout.stepTicks;
  state.stepRatio = layout.stepRatio;
  state.sizing = layout.sizing;
  state.isEntered = false;
  state.isOutside = false;
  state.chosen = [];
}

/** Takes the levels away until a new range can be laid; lots keep their exits. */
export function goMeasuring(state: GridState): void {
  const { anchor, sizing, stepTicks, stepRatio, lower, upper } = state;
  take(state, { range: { lower, upper }, anchor, sizing, levels: [], stepTicks, stepRatio });
  state.phase = "measuring";
}

/** The lots of a level that goes keep their exit and its slot. */
export function carryLevel(state: GridState, level: Level): void {
  if (level.lots.length === 0) return;
  state.carried.push({
    slot: slotOf(level, "exit"),
    side: opposite(level.side),
    exitPrice: level.exitPrice,
    isPair: !level.isInitial,
    exitRests: level.exitRests,
    lots: level.lots,
  });
}

/** The level after the top, one step up. */
export function priceAbove(state: GridState, value: GridParams): Ticks {
  const next = value.gridMode === "geometric" ? Math.round(state.upper * state.stepRatio) : state.upper + state.stepTicks;
  return ticks(Math.max(state.upper + 1, next));
}

/** The level before the bottom, one step down; 0 or less when there is none. */
export function priceBelow(state: GridState, value: GridParams): Ticks {
  const next = value.gridMode === "geometric" ? Math.round(state.lower / state.stepRatio) : state.lower - state.stepTicks;
  return ticks(Math.min(state.lower - 1, next));
}
