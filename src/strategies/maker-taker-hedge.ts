// Maker-taker hedge: rests a bid and an ask on one leg and takes the opposite of what fills, on another leg or on the same one.

import type { z } from "zod";
import { type InstrumentRef, refKey } from "../core/instrument.ts";
import { money, rounded, text } from "../core/money.ts";
import {
  defineStrategy,
  type Intent,
  type MarketSnapshot,
  type Refusal,
  type StrategyEvent,
  type StrategyReport,
  type View,
} from "../core/strategy.ts";
import { UserError } from "../core/text.ts";
import { hedgeRef, legFault, quantityFault } from "./maker-taker-hedge/feasible.ts";
import { excessTarget, type HedgePlan, planHedge, wakeAt } from "./maker-taker-hedge/hedging.ts";
import { type HedgeParams, params } from "./maker-taker-hedge/params.ts";
import { previewHedge } from "./maker-taker-hedge/preview.ts";
import { edgeBps, quotePrice } from "./maker-taker-hedge/prices.ts";
import { wishes } from "./maker-taker-hedge/quotes.ts";
import { residualOf } from "./maker-taker-hedge/residual.ts";
import { fold, HEDGE, type HedgeState, initialState, type Legs, legsOf, MAKER } from "./maker-taker-hedge/state.ts";
import { protect } from "./maker-taker-hedge/stops.ts";

function init(value: HedgeParams, market: MarketSnapshot): HedgeState {
  const maker = market.legs[MAKER];
  if (maker === undefined) throw new Error("the hedge needs a market of its maker leg to start from");
  const fault = legFault(value, maker.instrument, market.legs[HEDGE]?.instrument) ?? quantityFault(value, maker.instrument);
  if (fault !== null) throw new UserError(fault);
  return initialState();
}

/** Quotes of the maker leg, with a band that no touch satisfies: every change of a book may move them. */
function makerQuotes(state: HedgeState, value: HedgeParams, legs: Legs, plan: HedgePlan, at: number): Intent {
  const { bestBid, bestAsk } = legs.maker;
  const hasPrices = bestBid !== null && legs.hedge.bestBid !== null;
  const orders = hasPrices ? wishes(state, value, legs, plan.residual, state.isOverdue, at) : [];
  const wake = wakeAt(state, plan.isWaiting, at);
  const band = bestBid === null || bestAsk === null ? {} : { below: bestAsk, above: bestBid };
  const until = { ...band, ...(wake === null ? {} : { at: wake }) };
  return { type: "quote", leg: MAKER, orders, toleranceTicks: value.toleranceTicks, until };
}

/** Two legs: the maker quotes on while the hedge leg is held where the residual is less than a lot. */
function onTwoLegs(state: HedgeState, value: HedgeParams, legs: Legs, plan: HedgePlan, at: number): Intent[] {
  const excess = excessTarget(value, legs);
  const { maxSlippageBps } = plan;
  return [
    { type: "hold", leg: HEDGE, quantity: plan.target, maxSlippageBps, protective: true },
    excess === null ? makerQuotes(state, value, legs, plan, at) : { type: "hold", leg: MAKER, quantity: excess, maxSlippageBps },
  ];
}

/** One leg: quotes while flat, else takes the fill back; every round quotes its full quantity anew. */
function onOneLeg(state: HedgeState, value: HedgeParams, legs: Legs, plan: HedgePlan, at: number): Intent[] {
  if (!plan.isWaiting) return [makerQuotes(state, value, legs, plan, at)];
  state.sides.buy.left = null;
  state.sides.sell.left = null;
  return [{ type: "hold", leg: MAKER, quantity: plan.target, maxSlippageBps: plan.maxSlippageBps, protective: true }];
}

function decide(state: HedgeState, event: StrategyEvent, view: View<HedgeParams>): readonly Intent[] {
  fold(state, event, view);
  const legs = legsOf(view);
  if (legs === null || (legs.maker.bestBid === null && legs.hedge.bestBid === null)) return [];
  const value = view.params;
  const protection = protect(state, value, legs);
  if (protection !== null) return protection;
  const { plan, notices } = planHedge(state, value, legs, view.at);
  return [...notices, ...(legs.isPaired ? onTwoLegs : onOneLeg)(state, value, legs, plan, view.at)];
}

function keyOf(ref: InstrumentRef | null): string {
  return ref === null ? "" : refKey(ref);
}

/** The ledger counts base units, so that it survives new steps and quantities; only another hedge instrument must wait for a flat hedge. */
function adapt(state: HedgeState, from: { readonly params: unknown }, view: View<HedgeParams>): HedgeState | Refusal {
  const maker = view.legs[MAKER];
  if (maker === undefined) throw new Error("the hedge has no maker leg");
  const home = maker.instrument.ref;
  const hedge = view.legs[HEDGE]?.instrument;
  const wanted = keyOf(hedgeRef(view.params, home));
  if (wanted !== keyOf(hedge?.ref ?? null)) {
    return { refused: { en: "another hedge instrument needs a stop and a start", "zh-TW": "更換避險商品需要停止後重新啟動" } };
  }
  const before = params.safeParse(from.params);
  const isSame = !before.success || keyOf(hedgeRef(before.data, home)) === wanted;
  if (!isSame && !money(state.ledger.hedge).eq(0)) {
    return {
      refused: {
        en: `the hedge instrument cannot change while ${state.ledger.hedge} of the former one are held; close that position first`,
        "zh-TW": `原避險商品仍持有 ${state.ledger.hedge}，無法更換避險商品；請先平倉`,
      },
    };
  }
  const fault = legFault(view.params, maker.instrument, hedge) ?? quantityFault(view.params, maker.instrument);
  if (fault !== null) return { refused: fault };
  state.sides.buy.left = null;
  state.sides.sell.left = null;
  return state;
}

function report(state: HedgeState, view: View<HedgeParams>): StrategyReport {
  const legs = legsOf(view);
  if (legs === null) return {};
  const ageS = state.waitingSince === null ? 0 : Math.max(0, Math.round((view.at - state.waitingSince) / 1_000));
  const values = [{ label: { en: "Unhedged for (s)", "zh-TW": "未避險時間（秒）" }, value: String(ageS) }];
  for (const side of ["buy", "sell"] as const) {
    const price = quotePrice(side, view.params, legs);
    const edge = price === null ? null : edgeBps(side, price, view.params.hedgeRatio, legs);
    const label =
      side === "buy" ? { en: "Bid edge (bps)", "zh-TW": "買單邊際（bps）" } : { en: "Ask edge (bps)", "zh-TW": "賣單邊際（bps）" };
    if (edge !== null) values.push({ label, value: rounded(edge, 2) });
  }
  return { residual: text(residualOf(state.ledger, view.params)), values };
}

export default defineStrategy<HedgeParams, HedgeState>({
  name: "maker-taker-hedge",
  version: 1,
  summary: {
    en: "Rests a bid and an ask and hedges what fills by taking, on another instrument or on the same one",
    "zh-TW": "掛出買單與賣單，成交後以吃單在另一商品或同一商品避險",
  },
  params: params as z.ZodType<HedgeParams>,
  example: { orderQuantity: "0.01", maxPosition: "0.1", maxUnhedgedQuantity: "0.02", maxSlippageBps: 10, filledOrderDelayS: 1 },
  legs(value, home) {
    const hedge = hedgeRef(value, home);
    return hedge === null ? { [MAKER]: home } : { [MAKER]: home, [HEDGE]: hedge };
  },
  preview: previewHedge,
  init,
  decide,
  adapt,
  report,
});
