// The grid's state as plain JSON, its range and the levels in it.

import { type Instrument, toLots, toPrice, toTicks } from "../../core/instrument.ts";
import { averageStep, gridLevels } from "../../core/levels.ts";
import { money, text } from "../../core/money.ts";
import type { Side } from "../../core/order.ts";
import type { MarketSnapshot } from "../../core/strategy.ts";
import { type Lots, type Ticks, ticks } from "../../core/units.ts";
import type { GridParams } from "./params.ts";

/** The grid trades one instrument, on this leg. */
export const LEG = "main";

/** What an entry bought or sold and its exit has not yet given back, oldest first. */
export interface OpenLot {
  quantity: Lots;
  price: Ticks;
}

export interface Level {
  readonly price: Ticks;
  /** Side of the entry. */
  readonly side: Side;
  readonly exitPrice: Ticks;
  /** What the current entry still has to fill. */
  entryLeft: Lots;
  /** The entry may rest: the market was on its far side once. */
  isArmed: boolean;
  lots: OpenLot[];
}

/** An exit that outlived its level: the range moved on, or a fill came late. */
export interface Carried {
  readonly slot: string;
  /** Side of the exit. */
  readonly side: Side;
  readonly exitPrice: Ticks;
  lots: OpenLot[];
}

export interface GridState {
  /** Grows with each new range, so that a slot never names two levels. */
  generation: number;
  lower: Ticks;
  upper: Ticks;
  orderQuantity: Lots;
  levels: Level[];
  carried: Carried[];
  carriedCount: number;
  /** Profit of given-back lots in quanta (ticks x lots), gross of fees, decimal bigint. */
  profit: string;
  pairs: number;
  isClosing: boolean;
}

/** The range that the parameters name, or one around the price. */
export function bounds(value: GridParams, instrument: Instrument, mid: Ticks): { lower: Ticks; upper: Ticks } {
  if (value.lowerPrice !== undefined && value.upperPrice !== undefined) {
    return { lower: toTicks(instrument, value.lowerPrice, "nearest"), upper: toTicks(instrument, value.upperPrice, "nearest") };
  }
  return around(value, instrument, mid);
}

/** A range by percent: both sides of the price, except that a one-sided grid starts on its own side. */
export function around(value: GridParams, instrument: Instrument, mid: Ticks): { lower: Ticks; upper: Ticks } {
  const price = money(toPrice(instrument, mid));
  const width = price.times(value.priceRangePercent).div(100);
  const isUp = value.gridType === "short" && instrument.kind === "perp";
  const isDown = value.gridType === "long" || instrument.kind === "spot";
  const lower = isUp ? mid : toTicks(instrument, text(price.minus(width)), "nearest");
  const upper = isDown ? mid : toTicks(instrument, text(price.plus(width)), "nearest");
  return { lower, upper };
}

function entrySide(value: GridParams, instrument: Instrument, price: Ticks, anchor: Ticks): Side {
  if (instrument.kind === "spot" || value.gridType === "long") return "buy";
  if (value.gridType === "short") return "sell";
  return price <= anchor ? "buy" : "sell";
}

/** Levels of a range with their sides and exits; beyond the range an exit is one average step away. */
export function buildLevels(
  value: GridParams,
  instrument: Instrument,
  range: { lower: Ticks; upper: Ticks },
  anchor: Ticks,
  quantity: Lots,
): Level[] {
  const prices = gridLevels(range.lower, range.upper, value.gridNum, value.gridMode);
  const step = averageStep(prices);
  return prices.map((price, index) => {
    const side = entrySide(value, instrument, price, anchor);
    const exitPrice = side === "buy" ? (prices[index + 1] ?? ticks(price + step)) : (prices[index - 1] ?? ticks(Math.max(1, price - step)));
    return { price, side, exitPrice, entryLeft: quantity, isArmed: false, lots: [] };
  });
}

/** Nearest tick to the middle of the touch. */
export function midOf(bestBid: Ticks, bestAsk: Ticks): Ticks {
  return ticks(Math.round((bestBid + bestAsk) / 2));
}

/** The state of a first start: nothing held, nothing armed. */
export function initialState(value: GridParams, market: MarketSnapshot): GridState {
  const leg = market.legs[LEG];
  if (leg === undefined) throw new Error("the grid needs a market to start from");
  const mid = midOf(leg.bestBid, leg.bestAsk);
  const range = bounds(value, leg.instrument, mid);
  const orderQuantity = toLots(leg.instrument, value.orderQuantity, "down");
  return {
    generation: 1,
    lower: range.lower,
    upper: range.upper,
    orderQuantity,
    levels: buildLevels(value, leg.instrument, range, mid, orderQuantity),
    carried: [],
    carriedCount: 0,
    profit: "0",
    pairs: 0,
    isClosing: false,
  };
}

/** `2.17:entry` is the entry of level 17 in the second range. */
export function slotOf(state: GridState, index: number, part: "entry" | "exit"): string {
  return `${state.generation}.${index}:${part}`;
}
