// Where the maker quotes, and what a fill there earns when it is hedged at the touch.

import { toPrice, toTicks } from "../../core/instrument.ts";
import { type Money, money, text } from "../../core/money.ts";
import type { Side } from "../../core/order.ts";
import type { LegView } from "../../core/strategy.ts";
import { type Ticks, ticks } from "../../core/units.ts";
import type { HedgeParams } from "./params.ts";

/** The part of a leg that prices come from; a market snapshot's leg fits as well. */
export type Priced = Pick<LegView, "instrument" | "bestBid" | "bestAsk">;

export interface PricedLegs {
  readonly maker: Priced;
  readonly hedge: Priced;
}

/**
 * What hedging at the touch brings per maker base unit, in the maker's price units: a maker buy is hedged at the best bid.
 * Other base units on the hedge (1000PEPE and PEPE) are converted by the ratio. Null without a book.
 */
function hedgePrice(side: Side, hedgeRatio: string, legs: PricedLegs): Money | null {
  const touch = side === "buy" ? legs.hedge.bestBid : legs.hedge.bestAsk;
  if (touch === null) return null;
  const price = money(toPrice(legs.hedge.instrument, touch));
  return legs.hedge.instrument.base === legs.maker.instrument.base ? price : price.times(hedgeRatio);
}

/** Worst price in ticks at which a quote still earns `minProfitBps` after both fees; null when there is none. */
function profitLimit(side: Side, minProfitBps: number, hedgeRatio: string, legs: PricedLegs): Ticks | null {
  const hedge = hedgePrice(side, hedgeRatio, legs);
  if (hedge === null) return null;
  const { takerFee } = legs.hedge.instrument;
  const { makerFee } = legs.maker.instrument;
  const share = money(minProfitBps).div(10_000);
  if (side === "buy") {
    const price = hedge.times(money(1).minus(takerFee)).div(money(1).plus(makerFee).plus(share));
    return toTicks(legs.maker.instrument, text(price), "down");
  }
  const kept = money(1).minus(makerFee).minus(share);
  if (kept.lte(0)) return null;
  return toTicks(legs.maker.instrument, text(hedge.times(money(1).plus(takerFee)).div(kept)), "up");
}

/**
 * The most aggressive price that every bound allows: post-only, the own side's best, half the spread, the least profit.
 * Null when the side cannot be quoted. A resting order may differ by `toleranceTicks`, which the profit bound makes up for.
 */
export function quotePrice(side: Side, value: HedgeParams, legs: PricedLegs): Ticks | null {
  const { bestBid, bestAsk } = legs.maker;
  if (bestBid === null || bestAsk === null) return null;
  const isBuy = side === "buy";
  const bounds: number[] = [isBuy ? bestAsk - 1 : bestBid + 1];
  if (value.joinBest) bounds.push(isBuy ? bestBid : bestAsk);
  if (value.spreadPercent !== undefined) {
    const mid = (bestBid + bestAsk) / 2;
    const half = (mid * Number(value.spreadPercent)) / 200;
    bounds.push(isBuy ? Math.floor(mid - half) : Math.ceil(mid + half));
  }
  if (value.minProfitBps !== undefined) {
    const limit = profitLimit(side, value.minProfitBps, value.hedgeRatio, legs);
    if (limit === null) return null;
    bounds.push(isBuy ? limit - value.toleranceTicks : limit + value.toleranceTicks);
  }
  const price = isBuy ? Math.min(...bounds) : Math.max(...bounds);
  return price > 0 ? ticks(price) : null;
}

/** Profit in bps of the maker notional of a fill at `price` that is hedged at the touch, after maker and taker fee; null without a book. */
export function edgeBps(side: Side, price: Ticks, hedgeRatio: string, legs: PricedLegs): Money | null {
  const hedge = hedgePrice(side, hedgeRatio, legs);
  if (hedge === null) return null;
  const maker = money(toPrice(legs.maker.instrument, price));
  const gain = side === "buy" ? hedge.minus(maker) : maker.minus(hedge);
  const fees = maker.times(legs.maker.instrument.makerFee).plus(hedge.times(legs.hedge.instrument.takerFee));
  return gain.minus(fees).div(maker).times(10_000);
}
