// What starting a market maker would mean: its first ladder, and the whole position that it may come to hold.

import { toQuantity } from "../../core/instrument.ts";
import { type LadderOrder, previewLadder } from "../../core/ladder-preview.ts";
import { type Money, money } from "../../core/money.ts";
import { quantumOf } from "../../core/position-ledger.ts";
import type { MarketSnapshot, Preview } from "../../core/strategy.ts";
import type { Text } from "../../core/text.ts";
import { type Lots, lots, type Ticks, ticks } from "../../core/units.ts";
import { isSizedByBalances, maxPositionOf, type Sizes, sizesOf } from "./inventory.ts";
import type { MarketMakerParams } from "./params.ts";
import { midPriceOf, type QuotedLeg, referenceOf } from "./reference.ts";
import { settle } from "./refresh.ts";
import { needsVolatility, stanceOf, untouched } from "./stance.ts";
import { initialState, LEG, observeFunds, REFERENCE_LEG, type Resting } from "./state.ts";
import { type Market, type Stance, spreadAndShift, targetsOf } from "./targets.ts";

function sum(orders: readonly LadderOrder[]): number {
  return orders.reduce((total, order) => total + order.quantity, 0);
}

/** The first ladder, and below or above it one order for what the cap leaves: fills are quoted again until it is reached. */
function upToCap(orders: readonly Resting[], cap: Lots | null): LadderOrder[] {
  const outermost = orders.at(-1);
  const rest = cap === null ? 0 : cap - sum(orders);
  return outermost === undefined || rest <= 0 ? [...orders] : [...orders, { price: outermost.price, quantity: lots(rest) }];
}

/** The loss that stops the bot, quote units; null without a stop. */
function stopLossOf(value: MarketMakerParams): Money | null {
  const losses: Money[] = [];
  if (value.stopLoss !== undefined) losses.push(money(value.stopLoss));
  if (value.stopLossRoi !== undefined && value.capital !== undefined) losses.push(money(value.capital).times(value.stopLossRoi));
  return losses.reduce<Money | null>((least, loss) => (least === null || loss.lt(least) ? loss : least), null);
}

/** Price at which a whole side stands at the stop's loss, ticks. */
function stopAt(leg: QuotedLeg, orders: readonly LadderOrder[], loss: Money | null, side: 1 | -1): Ticks | null {
  const quantity = sum(orders);
  if (loss === null || quantity === 0) return null;
  const cost = orders.reduce((total, order) => total.plus(money(order.price).times(order.quantity)), money(0));
  const count = Number(
    cost
      .minus(loss.div(quantumOf(leg.instrument)).times(side))
      .div(quantity)
      .round(0),
  );
  return count >= 1 && Number.isSafeInteger(count) ? ticks(count) : null;
}

function warningsOf(value: MarketMakerParams, leg: QuotedLeg, stance: Stance, market: Market, orders: readonly Resting[]): Text[] {
  const { instrument } = leg;
  const warnings: Text[] = [];
  const wanted = targetsOf(stance, market);
  const cap = maxPositionOf(value, instrument);
  const perSide = Math.max(sum(wanted.filter(({ side }) => side === "buy")), sum(wanted.filter(({ side }) => side === "sell")));
  if (isSizedByBalances(value) && leg.available === null)
    warnings.push({
      en: "without orderQuantity the sizes come from the balances, which are not known here: the smallest orders are shown",
      "zh-TW": "未設定 orderQuantity 時依餘額計算數量，目前餘額未知：以最小下單量顯示",
    });
  if (instrument.kind === "spot" && leg.available === null)
    warnings.push({
      en: "while the balances are not known, asks rest only for what the bot itself bought",
      "zh-TW": "餘額未知時，只會為機器人自己買進的數量掛賣單",
    });
  if (wanted.length === 0)
    warnings.push({
      en: "no order reaches the exchange's smallest quantity or notional",
      "zh-TW": "沒有任何委託達到交易所的最小下單量或名目價值",
    });
  if (cap !== null && perSide > cap)
    warnings.push({
      en: `maxPosition ${toQuantity(instrument, cap)} is below one side's orders, ${toQuantity(instrument, lots(perSide))}: outer levels are cut`,
      "zh-TW": `maxPosition ${toQuantity(instrument, cap)} 低於單側掛單總量 ${toQuantity(instrument, lots(perSide))}：外層掛單將被裁減`,
    });
  const tolerated = money(value.targetPosition).plus(value.positionThreshold);
  const largest = Math.max(0, ...orders.map(({ quantity }) => quantity));
  if (instrument.kind === "perp" && value.enableRebalance && money(toQuantity(instrument, lots(largest))).gt(tolerated))
    warnings.push({
      en: `one order exceeds targetPosition + positionThreshold ${tolerated.toFixed()}: part of each fill is closed by taking at once`,
      "zh-TW": `單筆委託超過 targetPosition + positionThreshold ${tolerated.toFixed()}：每次成交會有一部分立即以吃單平倉`,
    });
  if (instrument.kind === "perp" && stopLossOf(value) === null)
    warnings.push({ en: "without a stop loss nothing limits the loss but the liquidation", "zh-TW": "未設停損：虧損只受強制平倉限制" });
  if (needsVolatility(value))
    warnings.push({
      en: "the spread is shown without volatility, which is measured for about a minute before the first order",
      "zh-TW": "價差以零波動率顯示；開始掛單前會先量測約一分鐘的波動率",
    });
  return warnings;
}

/** Decimal strings in the quote currency; losses and liquidation are those of the whole position up to its cap. */
export function previewMarketMaker(value: MarketMakerParams, snapshot: MarketSnapshot): Preview {
  const main = snapshot.legs[LEG];
  if (main === undefined) throw new Error("the market maker needs a market to preview");
  const leg = untouched(main);
  const other = snapshot.legs[REFERENCE_LEG];
  const state = initialState(snapshot.at);
  observeFunds(state, leg);
  const smallest = lots(Math.max(1, leg.instrument.minQuantity));
  const price = midPriceOf(leg);
  const sizes: Sizes = sizesOf(value, leg.instrument, state.funds, price) ?? { buy: smallest, sell: smallest };
  const stance = stanceOf(value, leg, sizes, { startedAt: snapshot.at, at: snapshot.at, funds: state.funds, price, variance: 0 });
  const reference = referenceOf(value, null, leg, other === undefined ? undefined : untouched(other));
  const market: Market = { reference: reference ?? (leg.bestBid + leg.bestAsk) / 2, bestBid: leg.bestBid, bestAsk: leg.bestAsk };
  const orders = settle({}, stance, market, { isDue: true, isPaused: false });
  const isSpot = leg.instrument.kind === "spot";
  const cap = maxPositionOf(value, leg.instrument);
  const bids = orders.filter(({ side }) => side === "buy");
  const asks = orders.filter(({ side }) => side === "sell");
  const buys = upToCap(bids, cap);
  // Spot sells what the account has: that is no short.
  const sells = isSpot ? [] : upToCap(asks, cap);
  const mid = ticks(Math.round((leg.bestBid + leg.bestAsk) / 2));
  const pairStep = Math.round((market.reference * spreadAndShift(stance).spreadPercent) / 100);
  const pairQuantity = lots(Math.min(...[bids[0], asks[0]].flatMap((order) => (order === undefined ? [] : [order.quantity])), sum(orders)));
  const loss = stopLossOf(value);
  const shape = {
    instrument: leg.instrument,
    mid,
    lower: ticks(Math.min(mid, bids.at(-1)?.price ?? mid)),
    upper: ticks(Math.max(mid, asks.at(-1)?.price ?? mid)),
    leverage: value.leverage,
    pairStep,
    pairQuantity,
  };
  const first = previewLadder({ ...shape, buys: bids, sells: asks, stopBelow: null, stopAbove: null });
  const whole = previewLadder({ ...shape, buys, sells, stopBelow: stopAt(leg, buys, loss, 1), stopAbove: stopAt(leg, sells, loss, -1) });
  const warnings = new Map(
    [...first.warnings, ...whole.warnings, ...warningsOf(value, leg, stance, market, orders)].map((text) => [text.en, text]),
  );
  return { ...whole, orders: first.orders, notional: first.notional, profitPerPair: first.profitPerPair, warnings: [...warnings.values()] };
}
