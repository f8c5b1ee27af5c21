// What starting a grid would mean: its levels as a ladder, and warnings about what the start would refuse.

import { toPrice } from "../../core/instrument.ts";
import { type LadderOrder, previewLadder } from "../../core/ladder-preview.ts";
import { money } from "../../core/money.ts";
import type { LegMarket, MarketSnapshot, Preview } from "../../core/strategy.ts";
import { type Text, UserError } from "../../core/text.ts";
import { type Ticks, ticks } from "../../core/units.ts";
import { instrumentFault, isFarSide, layoutAt } from "./begin.ts";
import { limitsOf } from "./boundary.ts";
import { faultOf, type Layout } from "./layout.ts";
import { type GridParams, rangeModeOf } from "./params.ts";
import { isRefusal, ticksOf } from "./range.ts";
import { leverageOf } from "./sizing.ts";
import { blankState, LEG, midOf } from "./state.ts";
import { setPriceStops } from "./stops.ts";

/** Decimal strings in the quote currency; see Preview. Throws a UserError when no level can be laid at all. */
export function previewGrid(value: GridParams, market: MarketSnapshot): Preview {
  const leg = market.legs[LEG];
  if (leg === undefined) throw new Error("the grid needs a market to preview");
  const { instrument } = leg;
  const mid = midOf(leg.bestBid, leg.bestAsk);
  const fault = instrumentFault(value, instrument);
  if (fault !== null) throw new UserError(fault.refused);
  const trigger = value.triggerPrice === undefined ? mid : ticksOf(instrument, "triggerPrice", value.triggerPrice);
  const start = isRefusal(trigger) ? mid : trigger;
  const layout = layoutAt(blankState(instrument, leg.available?.quote ?? null), value, instrument, start);
  if (isRefusal(layout)) throw new UserError(layout.refused);
  const nearest = [...layout.levels].sort((a, b) => Math.abs(a.price - start) - Math.abs(b.price - start))[0];
  const stops = stopsOf(value, leg, layout, start);
  const preview = previewLadder({
    instrument,
    mid: start,
    buys: ordersOf(layout, value, start, "buy"),
    sells: ordersOf(layout, value, start, "sell"),
    lower: layout.range.lower,
    upper: layout.range.upper,
    ...stops,
    leverage: leverageOf(value, instrument),
    pairStep: nearest === undefined ? 1 : Math.abs(nearest.exitPrice - nearest.price),
    pairQuantity: nearest?.quantity ?? layout.levels[0]?.quantity ?? (0 as LadderOrder["quantity"]),
  });
  return { ...preview, warnings: [...preview.warnings, ...warningsOf(value, leg, layout, preview, start)] };
}

/** What a side may open; the first position is taken at the price, not at its levels. */
function ordersOf(layout: Layout, value: GridParams, mid: Ticks, side: "buy" | "sell"): LadderOrder[] {
  return layout.levels
    .filter((level) => level.side === side)
    .map((level) => ({
      price: value.initialPosition === "market" && isFarSide(level, mid) ? mid : level.price,
      quantity: level.quantity,
    }));
}

/** Where the grid would close: the stop by price, or the end of the range when that closes, whichever comes first. */
function stopsOf(
  value: GridParams,
  { instrument }: LegMarket,
  layout: Layout,
  mid: Ticks,
): { stopBelow: Ticks | null; stopAbove: Ticks | null } {
  const state = { ...blankState(instrument, null), lower: layout.range.lower, upper: layout.range.upper };
  setPriceStops(state, value, instrument, mid);
  const closes = value.enableBoundaryCheck && value.boundaryAction === "emergency_close";
  const limits = limitsOf(state, value);
  const below = [state.stopLossAt, state.takeProfitAt].flatMap((stop) => (stop?.when === "below" ? [stop.price] : []));
  const above = [state.stopLossAt, state.takeProfitAt].flatMap((stop) => (stop?.when === "above" ? [stop.price] : []));
  if (closes && value.trailingDownLimit === undefined) below.push(limits.below);
  if (closes && value.trailingUpLimit === undefined) above.push(limits.above);
  return {
    stopBelow: below.length === 0 ? null : ticks(Math.max(...below)),
    stopAbove: above.length === 0 ? null : ticks(Math.min(...above)),
  };
}

function warningsOf(value: GridParams, leg: LegMarket, layout: Layout, preview: Preview, mid: Ticks): Text[] {
  const { instrument, available } = leg;
  const warnings: Text[] = [];
  const warn = (en: string, zh: string) => warnings.push({ en, "zh-TW": zh });
  const fault = faultOf(layout, value, instrument) ?? setPriceStops(blankState(instrument, null), value, instrument, mid);
  if (fault !== null) warn(`the start will be refused: ${fault.refused.en}`, `啟動將被拒絕：${fault.refused["zh-TW"]}`);
  if (layout.levels.length < value.gridNum - 1)
    warn(
      `only ${layout.levels.length} levels fit between ${toPrice(instrument, layout.range.lower)} and ${toPrice(instrument, layout.range.upper)}; gridNum is ${value.gridNum}`,
      `區間 ${toPrice(instrument, layout.range.lower)} 到 ${toPrice(instrument, layout.range.upper)} 只容得下 ${layout.levels.length} 格；gridNum 為 ${value.gridNum}`,
    );
  if (rangeModeOf(value) === "volatility")
    warn(
      `the range will come from measured volatility; these numbers are for ${value.priceRangePercent} % around the price`,
      `實際區間將依量測到的波動率決定；以上數字以價格上下 ${value.priceRangePercent} % 試算`,
    );
  if (available !== undefined && money(preview.margin).gt(available.quote))
    warn(
      `the margin ${preview.margin} ${preview.currency} is more than the account has available, ${available.quote}`,
      `所需保證金 ${preview.margin} ${preview.currency} 超過帳戶可用餘額 ${available.quote}`,
    );
  if (value.stopLoss !== undefined && money(preview.worstLoss).gt(value.stopLoss))
    warn(
      `stopLoss ${value.stopLoss} does not cap the loss: a gap to the end of the range would cost up to ${preview.worstLoss}`,
      `stopLoss ${value.stopLoss} 不是虧損上限：價格跳空到區間盡頭時最多會虧 ${preview.worstLoss}`,
    );
  return warnings;
}
