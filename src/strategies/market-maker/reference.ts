// What the market maker quotes around: mid, microprice, last trade, mark, or another instrument's mid.

import { toTicks } from "../../core/instrument.ts";
import { type Money, money } from "../../core/money.ts";
import type { LegView } from "../../core/strategy.ts";
import type { Ticks } from "../../core/units.ts";
import type { MarketMakerParams } from "./params.ts";

/** A leg with a book. */
export type QuotedLeg = LegView & { readonly bestBid: Ticks; readonly bestAsk: Ticks };

/** True when both sides of a leg's book are known and not crossed. */
export function isQuoted(leg: LegView | undefined): leg is QuotedLeg {
  return leg !== undefined && leg.bestBid !== null && leg.bestAsk !== null && leg.bestBid > 0 && leg.bestBid < leg.bestAsk;
}

/** The middle of the touch in ticks, not rounded. */
export function midOf(leg: QuotedLeg): number {
  return (leg.bestBid + leg.bestAsk) / 2;
}

/** The same as money, exact. */
export function midPriceOf(leg: QuotedLeg): Money {
  return money(leg.instrument.tickSize)
    .times(leg.bestBid + leg.bestAsk)
    .div(2);
}

/** Mid weighted towards the thinner side; the mid while the feed tells no quantities. */
export function micropriceOf(leg: QuotedLeg): number {
  const { bidQuantity, askQuantity } = leg;
  if (bidQuantity === null || askQuantity === null || bidQuantity + askQuantity <= 0) return midOf(leg);
  return leg.bestBid + ((leg.bestAsk - leg.bestBid) * bidQuantity) / (bidQuantity + askQuantity);
}

/** Reference price in ticks of the traded instrument, not rounded; null when another instrument's book is missing. */
export function referenceOf(
  value: MarketMakerParams,
  lastFillPrice: string | null,
  main: QuotedLeg,
  other: LegView | undefined,
): number | null {
  if (value.referenceSymbol !== undefined) {
    if (!isQuoted(other)) return null;
    return (midOf(other) * Number(other.instrument.tickSize)) / Number(main.instrument.tickSize);
  }
  switch (value.referencePrice) {
    case "mid":
      return midOf(main);
    case "microprice":
      return micropriceOf(main);
    case "last":
      // The bot's own last fill stands for the market's last trade where the feed does not tell that.
      return main.last ?? (lastFillPrice === null ? midOf(main) : toTicks(main.instrument, lastFillPrice, "nearest"));
    case "mark":
      return main.mark ?? midOf(main);
  }
}

/** True while the reference moves with the touch of the traded instrument, so that a band of the touch bounds it. */
export function followsTouch(value: MarketMakerParams, lastFillPrice: string | null, main: QuotedLeg): boolean {
  if (value.referenceSymbol !== undefined) return false;
  if (value.referencePrice === "last") return (main.last ?? null) === null && lastFillPrice === null;
  return value.referencePrice !== "mark" || main.mark === null;
}
