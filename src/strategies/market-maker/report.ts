// What the market maker shows of itself: reservation price, spread, skew and volatility.

import { toPrice } from "../../core/instrument.ts";
import type { StrategyReport } from "../../core/strategy.ts";
import type { Text } from "../../core/text.ts";
import { ticks } from "../../core/units.ts";
import type { Figures, MarketMakerState } from "./state.ts";
import { type Market, type Stance, spreadAndShift } from "./targets.ts";
import { varianceOf } from "./volatility.ts";

const HOUR_S = 3_600;

/** The figures of one decision, as decimal strings. */
export function figuresOf(stance: Stance, market: Market): Figures {
  const { spreadPercent, shiftPercent } = spreadAndShift(stance);
  const reservation = Math.max(1, Math.round(market.reference * (1 + shiftPercent / 100)));
  return {
    reservation: toPrice(stance.instrument, ticks(reservation)),
    spreadPercent: spreadPercent.toFixed(4),
    shiftPercent: shiftPercent.toFixed(4),
  };
}

/** Volume and wear rate are the kernel's; these are the strategy's own. */
export function reportOf(state: MarketMakerState): StrategyReport {
  const values: { label: Text; value: string }[] = [];
  const { figures } = state;
  if (figures !== null) {
    values.push({ label: { en: "reservation price", "zh-TW": "保留價格" }, value: figures.reservation });
    values.push({ label: { en: "spread %", "zh-TW": "價差 %" }, value: figures.spreadPercent });
    values.push({ label: { en: "skew %", "zh-TW": "庫存偏移 %" }, value: figures.shiftPercent });
  }
  const variance = varianceOf(state.volatility);
  if (variance !== null)
    values.push({ label: { en: "volatility % per hour", "zh-TW": "每小時波動率 %" }, value: Math.sqrt(variance * HOUR_S).toFixed(4) });
  return { values };
}
