// Where the grid lies: the bounds that the parameters name, or a range around the price by percent or by volatility.

import { type Instrument, toPrice, toTicks } from "../../core/instrument.ts";
import { money, text } from "../../core/money.ts";
import type { Refusal } from "../../core/strategy.ts";
import type { Text } from "../../core/text.ts";
import { type Rounding, type Ticks, ticks } from "../../core/units.ts";
import { type GridParams, openingSide, rangeModeOf } from "./params.ts";

export interface Range {
  readonly lower: Ticks;
  readonly upper: Ticks;
}

export function isRefusal(value: unknown): value is Refusal {
  return typeof value === "object" && value !== null && "refused" in value;
}

export function refuse(en: string, zh: string): Refusal {
  return { refused: { en, "zh-TW": zh } satisfies Text };
}

/** Ticks of a price parameter; refuses what is below one tick or beyond what can be counted. */
export function ticksOf(instrument: Instrument, name: string, price: string, rounding: Rounding = "nearest"): Ticks | Refusal {
  try {
    const count = toTicks(instrument, price, rounding);
    if (count > 0) return count;
  } catch {
    return refuse(`${name} ${price} is too large for ticks of ${instrument.tickSize}`, `${name} ${price} 超出可計算的範圍`);
  }
  return refuse(
    `${name} ${price} is below one tick, ${instrument.tickSize}`,
    `${name} ${price} 低於一個最小跳動單位 ${instrument.tickSize}`,
  );
}

/** Half width of a range by percent, as a fraction of the price. */
export function percentWidth(value: GridParams): string {
  return text(money(value.priceRangePercent).div(100));
}

/** A one-sided grid that takes no first position starts at the price, so only its far bound is laid by percent or volatility. */
export function isHalfRange(value: GridParams, instrument: Instrument): boolean {
  return rangeModeOf(value) !== "bounds" && openingSide(value, instrument.kind) !== null && value.initialPosition === "none";
}

/** A range around the price; `width` is a fraction of the price. */
export function rangeAround(value: GridParams, instrument: Instrument, mid: Ticks, width: string): Range {
  const price = money(toPrice(instrument, mid));
  const distance = price.times(width);
  const half = openingSide(value, instrument.kind);
  const isHalf = half !== null && value.initialPosition === "none";
  return {
    lower: isHalf && half === "sell" ? mid : ticks(Math.max(1, toTicks(instrument, text(price.minus(distance)), "nearest"))),
    upper: isHalf && half === "buy" ? mid : toTicks(instrument, text(price.plus(distance)), "nearest"),
  };
}

/** The range that the parameters name, or one around the price. `volatility` is a fraction of the price. */
export function rangeOf(value: GridParams, instrument: Instrument, mid: Ticks, volatility: number): Range | Refusal {
  if (value.lowerPrice !== undefined && value.upperPrice !== undefined) {
    const lower = ticksOf(instrument, "lowerPrice", value.lowerPrice);
    const upper = ticksOf(instrument, "upperPrice", value.upperPrice);
    if (isRefusal(lower)) return lower;
    return isRefusal(upper) ? upper : { lower, upper };
  }
  return rangeAround(value, instrument, mid, widthOf(value, volatility));
}

/** Half width of a range that is not named by bounds, a fraction of the price below 1. */
export function widthOf(value: GridParams, volatility: number): string {
  if (rangeModeOf(value) !== "volatility") return percentWidth(value);
  const width = Number(value.volatilityMultiplier) * volatility;
  return Math.min(0.99, width).toFixed(12);
}
