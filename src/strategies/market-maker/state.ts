// The market maker's state as plain JSON, and what a fill or a refusal does to it.

import { toPrice, toQuantity } from "../../core/instrument.ts";
import { type Money, money, text } from "../../core/money.ts";
import { type Side, signOf } from "../../core/order.ts";
import { quantumOf } from "../../core/position-ledger.ts";
import type { LegView, StrategyEvent } from "../../core/strategy.ts";
import { type Lots, lots, type Ticks } from "../../core/units.ts";
import type { MarketMakerParams } from "./params.ts";
import { emptyEstimate, type VolatilityEstimate } from "./volatility.ts";

/** Where it trades, and where its reference price comes from when that is another instrument. */
export const LEG = "main";
export const REFERENCE_LEG = "reference";

/** What should rest in a slot: the wish that stands until the level must move. */
export interface Resting {
  readonly slot: string;
  readonly side: Side;
  readonly price: Ticks;
  /** What is still to fill. */
  readonly quantity: Lots;
}

/** What the account owns for this bot's use, free or in its own orders, decimal strings. */
export interface Funds {
  /** The balances that this was worked out from. */
  readonly seen: string;
  base: string;
  quote: string;
}

export interface Rebalance {
  readonly target: Lots;
  readonly since: number;
}

export type StopReason = "stopLoss" | "takeProfit" | "stopLossRoi" | "takeProfitRoi";

export interface Figures {
  readonly reservation: string;
  readonly spreadPercent: string;
  readonly shiftPercent: string;
}

export interface MarketMakerState {
  readonly startedAt: number;
  resting: Record<string, Resting>;
  refreshedAt: number | null;
  /** No new orders before this time. */
  pausedUntil: number;
  lastFillPrice: string | null;
  volatility: VolatilityEstimate;
  funds: Funds | null;
  /** Mid at which balances are valued, ticks; renewed when the mid has left it, so that sizes do not follow every tick. */
  valuedAt: number | null;
  rebalance: Rebalance | null;
  /** When the last rebalance ended and on which balances it was based: the next one waits for newer ones. */
  rebalanced: { readonly at: number; readonly seen: string } | null;
  /** Set while a stop closes the position. */
  stopping: StopReason | null;
  /** Notices that were given once. */
  said: string[];
  figures: Figures | null;
}

export function initialState(at: number): MarketMakerState {
  return {
    startedAt: at,
    resting: {},
    refreshedAt: null,
    pausedUntil: 0,
    lastFillPrice: null,
    volatility: emptyEstimate(),
    funds: null,
    valuedAt: null,
    rebalance: null,
    rebalanced: null,
    stopping: null,
    said: [],
    figures: null,
  };
}

/** Folds one fill in: the slot wishes that much less, and balances move before the exchange tells. */
export function onFill(
  state: MarketMakerState,
  fill: Extract<StrategyEvent, { type: "fill" }>,
  leg: LegView,
  value: MarketMakerParams,
  at: number,
): void {
  state.lastFillPrice = toPrice(leg.instrument, fill.price);
  const resting = state.resting[fill.slot];
  if (resting !== undefined) {
    const left = resting.quantity - fill.quantity;
    if (left >= Math.max(1, leg.instrument.minQuantity)) {
      state.resting[fill.slot] = { ...resting, quantity: lots(left) };
    } else {
      delete state.resting[fill.slot];
      if (value.filledOrderDelayS > 0) state.pausedUntil = Math.max(state.pausedUntil, at + value.filledOrderDelayS * 1_000);
    }
  }
  if (state.funds === null || leg.instrument.kind !== "spot") return;
  const quantity = money(toQuantity(leg.instrument, fill.quantity)).times(signOf(fill.side));
  state.funds.base = text(money(state.funds.base).plus(quantity));
  state.funds.quote = text(money(state.funds.quote).minus(quantity.times(toPrice(leg.instrument, fill.price))));
}

/** Takes new balances over. What they call available leaves out what our own orders hold, so that is added back (spot). */
export function observeFunds(state: MarketMakerState, leg: LegView): void {
  if (leg.available === null) {
    state.funds = null;
    return;
  }
  const seen = `${leg.available.base}|${leg.available.quote}`;
  if (state.funds?.seen === seen) return;
  let base: Money = money(leg.available.base);
  let quote: Money = money(leg.available.quote);
  if (leg.instrument.kind === "spot") {
    for (const resting of Object.values(state.resting)) {
      if (resting.side === "sell") base = base.plus(toQuantity(leg.instrument, resting.quantity));
      else quote = quote.plus(quantumOf(leg.instrument).times(resting.price).times(resting.quantity));
    }
  }
  state.funds = { seen, base: text(base), quote: text(quote) };
}

/** True the first time that something is to be told. */
export function isNew(state: MarketMakerState, notice: string): boolean {
  if (state.said.includes(notice)) return false;
  state.said.push(notice);
  return true;
}
