// What starting the hedge would mean: its two quotes, the positions that may pile up on both legs, and what an unhedged one could cost.

import { toPrice, toQuantity } from "../../core/instrument.ts";
import { previewLadder } from "../../core/ladder-preview.ts";
import { type Money, money, rounded, text } from "../../core/money.ts";
import type { Side } from "../../core/order.ts";
import type { LegMarket, MarketSnapshot, Preview } from "../../core/strategy.ts";
import { type Text, UserError } from "../../core/text.ts";
import { type Lots, type Ticks, ticks } from "../../core/units.ts";
import { legFault } from "./feasible.ts";
import type { HedgeParams } from "./params.ts";
import { edgeBps, type PricedLegs, quotePrice } from "./prices.ts";
import { orderLots, quotedSides } from "./quotes.ts";
import { isTradable } from "./residual.ts";
import { HEDGE, MAKER } from "./state.ts";

/** The adverse move that the preview reckons with for what is not hedged. */
const ADVERSE_PERCENT = 1;

interface PreviewLegs extends PricedLegs {
  readonly maker: LegMarket;
  readonly hedge: LegMarket;
  readonly isPaired: boolean;
}

interface PreviewOrder {
  readonly side: Side;
  readonly price: Ticks;
  readonly quantity: Lots;
}

/**
 * Decimal strings in the maker's quote currency; see Preview. The losses at both ends are those of one order that stays
 * unhedged through a move of 1 %; margin and position count maxPosition on every leg. Throws a UserError when the legs cannot run.
 */
export function previewHedge(value: HedgeParams, market: MarketSnapshot): Preview {
  const maker = market.legs[MAKER];
  if (maker === undefined) throw new Error("the hedge needs a market of its maker leg to preview");
  const paired = market.legs[HEDGE];
  const fault = legFault(value, maker.instrument, paired?.instrument);
  if (fault !== null) throw new UserError(fault);
  const legs: PreviewLegs = { maker, hedge: paired ?? maker, isPaired: paired !== undefined };
  const { instrument } = maker;
  const mid = ticks(Math.round((maker.bestBid + maker.bestAsk) / 2));
  const orders = restingOrders(value, legs);
  const ladder = previewLadder({
    instrument,
    mid,
    buys: orders.filter((order) => order.side === "buy"),
    sells: orders.filter((order) => order.side === "sell"),
    lower: ticks(Math.floor(mid * (1 - ADVERSE_PERCENT / 100))),
    upper: ticks(Math.ceil(mid * (1 + ADVERSE_PERCENT / 100))),
    stopBelow: null,
    stopAbove: null,
    leverage: value.leverage,
    // A pair here is a maker fill and its hedge, reckoned below; the ladder's own warning about two maker fees does not apply.
    pairStep: mid,
    pairQuantity: orders[0]?.quantity ?? instrument.minQuantity,
  });
  const edge = bestEdge(value, legs, orders);
  const fee = (name: "makerFee" | "takerFee") => text(money(instrument[name]).plus(legs.hedge.instrument.takerFee));
  return {
    ...ladder,
    margin: rounded(marginOf(value, legs), 2),
    maxPosition: legs.isPaired ? value.maxPosition : ladder.maxPosition,
    breakEvenStep: fee("makerFee"),
    breakEvenStepTaker: fee("takerFee"),
    profitPerPair: edge === null ? "0" : rounded(edge.profit, 6),
    warnings: [...ladder.warnings, ...warningsOf(value, legs, orders, edge?.bps ?? null)],
  };
}

function restingOrders(value: HedgeParams, legs: PreviewLegs): PreviewOrder[] {
  const { instrument, available } = legs.maker;
  return quotedSides(value).flatMap((side) => {
    const price = quotePrice(side, value, legs);
    if (price === null) return [];
    const quantity = orderLots(side, value, instrument, price, available ?? null);
    return quantity === 0 ? [] : [{ side, price, quantity }];
  });
}

/** Money for maxPosition on each leg; on one instrument the hedge closes what the maker opened. */
function marginOf(value: HedgeParams, legs: PreviewLegs): Money {
  const legMargin = (leg: LegMarket, base: Money) => {
    const leverage = leg.instrument.kind === "spot" ? "1" : value.leverage;
    return base.times(toPrice(leg.instrument, leg.bestAsk)).div(leverage);
  };
  const maker = legMargin(legs.maker, money(value.maxPosition));
  return legs.isPaired ? maker.plus(legMargin(legs.hedge, money(value.maxPosition).times(value.hedgeRatio))) : maker;
}

/** What the better side earns when its order fills and is hedged at today's touch. */
function bestEdge(value: HedgeParams, legs: PreviewLegs, orders: readonly PreviewOrder[]): { bps: Money; profit: Money } | null {
  let best: { bps: Money; profit: Money } | null = null;
  for (const order of orders) {
    const bps = edgeBps(order.side, order.price, value.hedgeRatio, legs);
    if (bps === null || best?.bps.gte(bps)) continue;
    const notional = money(toPrice(legs.maker.instrument, order.price)).times(toQuantity(legs.maker.instrument, order.quantity));
    best = { bps, profit: notional.times(bps).div(10_000) };
  }
  return best;
}

function warningsOf(value: HedgeParams, legs: PreviewLegs, orders: readonly PreviewOrder[], edge: Money | null): Text[] {
  const { maker, hedge } = legs;
  const warnings: Text[] = [unhedgedWarning(value, legs)];
  if (orders.length === 0) {
    warnings.push({
      en: "nothing would be quoted now: no price allows it, or the balance that the quantity is taken from is not known",
      "zh-TW": "目前不會掛單：沒有符合條件的價格，或尚未取得計算數量所需的餘額",
    });
  }
  if (maker.instrument.quote !== hedge.instrument.quote) {
    const names = [maker.instrument.quote, hedge.instrument.quote] as const;
    warnings.push({
      en: `prices in ${names[0]} and ${names[1]} are compared one to one`,
      "zh-TW": `${names[0]} 與 ${names[1]} 計價將以一比一比較`,
    });
  }
  if (edge?.lt(0)) {
    warnings.push({
      en: `hedged at today's touch a fill loses ${rounded(edge.abs(), 2)} bps after both fees`,
      "zh-TW": `以目前對手價避險，每次成交扣除雙邊手續費後虧損 ${rounded(edge.abs(), 2)} bps`,
    });
  }
  return [...warnings, ...sizeWarnings(value, legs, orders)];
}

/** The worst case that no stop covers: what waits for its hedge while the price moves against it. */
function unhedgedWarning(value: HedgeParams, legs: PreviewLegs): Text {
  const { instrument, bestAsk } = legs.hedge;
  const quantity = money(value.maxUnhedgedQuantity ?? money(value.maxPosition).times(value.hedgeRatio).toFixed());
  const loss = quantity.times(toPrice(instrument, bestAsk)).times(ADVERSE_PERCENT).div(100);
  const words = `${text(quantity)} ${instrument.base}`;
  const cost = `${rounded(loss, 2)} ${instrument.quote}`;
  const isBounded = value.maxUnhedgedQuantity !== undefined;
  return {
    en: `up to ${words} may wait for a hedge${isBounded ? "" : " (maxUnhedgedQuantity is not set)"}: an adverse move of ${ADVERSE_PERCENT} % would cost about ${cost}`,
    "zh-TW": `最多可能有 ${words} 等待避險${isBounded ? "" : "（未設定 maxUnhedgedQuantity）"}：價格逆向移動 ${ADVERSE_PERCENT}% 約損失 ${cost}`,
  };
}

function sizeWarnings(value: HedgeParams, legs: PreviewLegs, orders: readonly PreviewOrder[]): Text[] {
  const { instrument, bestBid } = legs.hedge;
  const warnings: Text[] = [];
  const isTakeable = (base: Money) => isTradable(instrument, lotsDown(base, instrument.lotSize), bestBid);
  const smallest = orders.find((order) => !isTakeable(money(toQuantity(legs.maker.instrument, order.quantity)).times(value.hedgeRatio)));
  if (smallest !== undefined) {
    warnings.push({
      en: "one filled order is smaller than the smallest hedge: fills are gathered until a hedge is possible",
      "zh-TW": "單筆成交小於最小避險量：將累積至可避險為止",
    });
  }
  if (value.maxUnhedgedQuantity !== undefined && !isTakeable(money(value.maxUnhedgedQuantity))) {
    warnings.push({
      en: `maxUnhedgedQuantity ${value.maxUnhedgedQuantity} is below the smallest hedge: a side may stop before it can be hedged`,
      "zh-TW": `maxUnhedgedQuantity ${value.maxUnhedgedQuantity} 低於最小避險量：單側報價可能在可避險前就停止`,
    });
  }
  return warnings;
}

function lotsDown(base: Money, lotSize: string): Lots {
  return Number(base.div(lotSize).round(0, 0).toFixed()) as Lots;
}
