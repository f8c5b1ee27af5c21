// Market maker: rests bids and asks around a reference price and leans against its inventory; spot and perp.

import type { z } from "zod";
import type { InstrumentRef } from "../core/instrument.ts";
import { type Money, money } from "../core/money.ts";
import { defineStrategy, type Intent, type Quote, type StrategyEvent, type View } from "../core/strategy.ts";
import { type Ticks, ticks } from "../core/units.ts";
import { sizesOf } from "./market-maker/inventory.ts";
import { type MarketMakerParams, params } from "./market-maker/params.ts";
import { previewMarketMaker } from "./market-maker/preview.ts";
import { isProtected, protect } from "./market-maker/protection.ts";
import { inventoryTake, mayTakeWithin } from "./market-maker/reduce.ts";
import { followsTouch, isQuoted, midOf, type QuotedLeg, referenceOf } from "./market-maker/reference.ts";
import { bandOf, noBand, settle } from "./market-maker/refresh.ts";
import { figuresOf, reportOf } from "./market-maker/report.ts";
import { needsVolatility, stanceOf } from "./market-maker/stance.ts";
import {
  initialState,
  isNew,
  LEG,
  type MarketMakerState,
  observeFunds,
  onFill,
  REFERENCE_LEG,
  type Resting,
} from "./market-maker/state.ts";
import type { Market, Stance } from "./market-maker/targets.ts";
import { emptyEstimate, observe, varianceOf } from "./market-maker/volatility.ts";

/** How often profit, mark, last trade and another instrument's book are looked at, since the touch does not tell of them. */
const POLL_MS = 1_000;
/** How often the share of base is looked at when nothing else asks. */
const CHECK_MS = 60_000;
/** How far the mid may leave the price at which balances are valued, ratio. */
const VALUATION_RATIO = 0.005;

function fold(state: MarketMakerState, event: StrategyEvent, view: View<MarketMakerParams>): void {
  const leg = view.legs[LEG];
  if (event.type === "fill" && event.leg === LEG && leg !== undefined) onFill(state, event, leg, view.params, view.at);
  // A refused order is priced anew from the market as it is now.
  if (event.type === "orderClosed" && event.leg === LEG && event.status === "rejected") delete state.resting[event.slot];
}

/** Pulls everything and is asked again at every book. */
function pull(state: MarketMakerState, leg: QuotedLeg, at?: number): Intent {
  state.resting = {};
  return { type: "quote", leg: LEG, orders: [], until: { ...noBand(leg), ...(at === undefined ? {} : { at }) } };
}

/** Resting orders as quotes; those that only close the attributed position say so. */
function quotesOf(wished: readonly Resting[], leg: QuotedLeg, value: MarketMakerParams): Quote[] {
  let closable = Math.abs(leg.position);
  return wished.map((order) => {
    const reduces = order.side === (leg.position > 0 ? "sell" : "buy") && order.quantity <= closable;
    if (reduces) closable -= order.quantity;
    return {
      slot: order.slot,
      side: order.side,
      price: order.price,
      quantity: order.quantity,
      postOnly: value.postOnly,
      ...(reduces ? { closing: true } : {}),
      ...(value.postOnly ? { maxRetreatTicks: value.maxRetreatTicks } : {}),
      reason: `level ${order.slot}`,
    };
  });
}

/** The next time at which the answer may change although the touch stays in its band. */
function nextTime(state: MarketMakerState, view: View<MarketMakerParams>, leg: QuotedLeg): number | null {
  const { params: value, at } = view;
  const times: number[] = [];
  if (value.refreshIntervalS > 0 && state.refreshedAt !== null) times.push(state.refreshedAt + value.refreshIntervalS * 1_000);
  if (state.pausedUntil > at) times.push(state.pausedUntil);
  if (needsVolatility(value)) times.push(state.volatility.at + value.volatilitySampleS * 1_000);
  const isElsewhere = value.referencePrice === "mark" || value.referencePrice === "last" || value.referenceSymbol !== undefined;
  if (isElsewhere || (isProtected(value) && leg.position !== 0)) times.push(at + POLL_MS);
  if (leg.instrument.kind === "spot" && value.enableRebalance) times.push(at + CHECK_MS);
  return times.length === 0 ? null : Math.max(at + 1, Math.min(...times));
}

function notice(text: { en: string; "zh-TW": string }): Intent {
  return { type: "notify", severity: "warning", text };
}

/** The complete resting set for this market, how long it stands, and what there is to say. */
function quote(state: MarketMakerState, view: View<MarketMakerParams>, leg: QuotedLeg, stance: Stance, market: Market): Intent[] {
  const { params: value, at } = view;
  const isFirst = state.refreshedAt === null;
  const intervalMs = value.refreshIntervalS * 1_000;
  const isDue = isFirst || at - (state.refreshedAt ?? 0) >= intervalMs;
  const isPaused = at < state.pausedUntil;
  const wished = settle(state.resting, stance, market, { isDue, isPaused });
  state.resting = Object.fromEntries(wished.map((order) => [order.slot, order]));
  if (isDue) state.refreshedAt = at;
  state.figures = figuresOf(stance, market);
  const isWatching = isProtected(value) && leg.position !== 0;
  const band = isWatching
    ? noBand(market)
    : bandOf(wished, stance, market, { isDue: intervalMs === 0, isPaused }, followsTouch(value, state.lastFillPrice, leg));
  const next = nextTime(state, view, leg);
  const steady = clipped(band, state.valuedAt);
  const until = { ...(mayTakeWithin(state, value, leg, steady) ? noBand(market) : steady), ...(next === null ? {} : { at: next }) };
  return [{ type: "quote", leg: LEG, orders: quotesOf(wished, leg, value), until }];
}

/** The price at which balances are valued: an older mid while the mid is near it. */
function valuation(state: MarketMakerState, leg: QuotedLeg): Money {
  const mid = midOf(leg);
  if (state.valuedAt === null || Math.abs(mid / state.valuedAt - 1) > VALUATION_RATIO) state.valuedAt = mid;
  return money(leg.instrument.tickSize).times(state.valuedAt);
}

/** The part of a band in which the valuation stays. */
function clipped(band: { below: Ticks; above: Ticks }, valuedAt: number | null): { below: Ticks; above: Ticks } {
  if (valuedAt === null) return band;
  const lowest = Math.ceil(valuedAt * (1 - VALUATION_RATIO));
  const highest = Math.floor(valuedAt * (1 + VALUATION_RATIO));
  return { below: ticks(Math.max(band.below, lowest)), above: ticks(Math.min(band.above, highest)) };
}

/** Quotes, or says once why it cannot. */
function quoteOrWait(state: MarketMakerState, view: View<MarketMakerParams>, leg: QuotedLeg): Intent[] {
  const { params: value, at } = view;
  const reference = referenceOf(value, state.lastFillPrice, leg, view.legs[REFERENCE_LEG]);
  if (reference === null) return [pull(state, leg)];
  observe(state.volatility, reference * Number(leg.instrument.tickSize), at, value.volatilitySampleS, value.volatilityWindowS);
  const variance = varianceOf(state.volatility);
  if (needsVolatility(value) && variance === null) return [pull(state, leg, state.volatility.at + value.volatilitySampleS * 1_000)];
  const price = valuation(state, leg);
  const sizes = sizesOf(value, leg.instrument, state.funds, price);
  if (sizes === null) {
    const words = {
      en: "the balances are not known yet, so orders cannot be sized; set orderQuantity to quote without them",
      "zh-TW": "尚不知道帳戶餘額，無法計算下單數量；設定 orderQuantity 即可直接掛單",
    };
    return [pull(state, leg), ...(isNew(state, "unsized") ? [notice(words)] : [])];
  }
  const circumstances = { startedAt: state.startedAt, at, funds: state.funds, price, variance: variance ?? 0 };
  const stance = stanceOf(value, leg, sizes, circumstances);
  const intents = quote(state, view, leg, stance, { reference, bestBid: leg.bestBid, bestAsk: leg.bestAsk });
  const isTooSmall = value.orderQuantity !== undefined && value.levels === undefined && sizes.buy < Math.max(1, leg.instrument.minQuantity);
  if (isTooSmall && isNew(state, "tooSmall"))
    intents.push(
      notice({
        en: `orderQuantity ${value.orderQuantity} is below the exchange's smallest order: nothing is quoted`,
        "zh-TW": `orderQuantity ${value.orderQuantity} 低於交易所最小下單量：不會掛單`,
      }),
    );
  return intents;
}

function decide(state: MarketMakerState, event: StrategyEvent, view: View<MarketMakerParams>): readonly Intent[] {
  fold(state, event, view);
  const leg = view.legs[LEG];
  if (!isQuoted(leg)) return [];
  observeFunds(state, leg);
  const taking = protect(state, view.params, leg) ?? inventoryTake(state, view.params, leg, view.at);
  // While it takes, nothing of ours rests: the kernel pulls everything first.
  if (taking !== null) {
    state.resting = {};
    return taking;
  }
  return quoteOrWait(state, view, leg);
}

function legs(value: MarketMakerParams, home: InstrumentRef): Readonly<Record<string, InstrumentRef>> {
  if (value.referenceSymbol === undefined) return { [LEG]: home };
  return {
    [LEG]: home,
    [REFERENCE_LEG]: {
      exchange: value.referenceExchange ?? home.exchange,
      account: value.referenceAccount ?? home.account,
      symbol: value.referenceSymbol,
    },
  };
}

export default defineStrategy<MarketMakerParams, MarketMakerState>({
  name: "market-maker",
  version: 1,
  summary: {
    en: "Rests bids and asks around a reference price, leans against its inventory and earns the spread",
    "zh-TW": "在參考價兩側掛買賣單賺取價差，並依庫存調整報價",
  },
  params: params as z.ZodType<MarketMakerParams>,
  example: { spreadPercent: "0.1", orderQuantity: "0.02", maxOrders: 3, inventorySkew: "0.5", maxPosition: "0.2", stopLoss: "20" },
  legs,
  preview: previewMarketMaker,
  init: (_value, market) => initialState(market.at),
  decide,
  adapt(state) {
    // Orders are wished anew: their prices and quantities may be counted in other steps, and the parameters say other things.
    return {
      ...state,
      resting: {},
      refreshedAt: null,
      rebalance: null,
      funds: null,
      valuedAt: null,
      said: [],
      figures: null,
      volatility: emptyEstimate(),
    };
  },
  report: (state) => reportOf(state),
});
