// Gathers what the market maker's prices and sizes depend on from its parameters, books and balances.

import { toLots } from "../../core/instrument.ts";
import type { Money } from "../../core/money.ts";
import type { LegView } from "../../core/strategy.ts";
import { capsOf, inventoryRatio, minQuantaOf, type Sizes } from "./inventory.ts";
import type { MarketMakerParams } from "./params.ts";
import type { QuotedLeg } from "./reference.ts";
import type { Funds } from "./state.ts";
import type { Stance } from "./targets.ts";

/** True when the spread depends on the volatility. */
export function needsVolatility(value: MarketMakerParams): boolean {
  return value.mode === "avellaneda_stoikov" || Number(value.volatilityMultiplier) > 0;
}

/** Seconds to the horizon: always whole, or running down and starting anew. */
export function timeLeftS(value: MarketMakerParams, startedAt: number, at: number): number {
  if (value.horizon === "rolling") return value.horizonS;
  return value.horizonS - (Math.max(0, (at - startedAt) / 1_000) % value.horizonS);
}

export interface Circumstances {
  readonly startedAt: number;
  readonly at: number;
  readonly funds: Funds | null;
  /** What balances are valued at. */
  readonly price: Money;
  readonly variance: number;
}

export function stanceOf(value: MarketMakerParams, leg: QuotedLeg, sizes: Sizes, circumstances: Circumstances): Stance {
  const { instrument } = leg;
  const { funds } = circumstances;
  const own = value.levels?.[0]?.quantity;
  const order = Math.max(1, own === undefined ? sizes.buy : toLots(instrument, own, "down"));
  return {
    value,
    instrument,
    minQuanta: minQuantaOf(instrument),
    sizes,
    caps: capsOf(value, leg, funds),
    ratio: inventoryRatio(value, leg, funds, circumstances.price),
    inventoryOrders: (leg.position - toLots(instrument, value.inventoryTarget, "nearest")) / order,
    variance: circumstances.variance,
    timeLeftS: timeLeftS(value, circumstances.startedAt, circumstances.at),
  };
}

/** A leg as it is before anything was traded: for previews. */
export function untouched(market: {
  readonly instrument: LegView["instrument"];
  readonly bestBid: QuotedLeg["bestBid"];
  readonly bestAsk: QuotedLeg["bestAsk"];
  readonly available?: { readonly base: string; readonly quote: string };
}): QuotedLeg {
  const nothing = { realizedPnl: "0", unrealizedPnl: "0", fees: "0", funding: "0", netPnl: "0", volume: "0" };
  return {
    ...nothing,
    instrument: market.instrument,
    bestBid: market.bestBid,
    bestAsk: market.bestAsk,
    bidQuantity: null,
    askQuantity: null,
    mark: null,
    available: market.available ?? null,
    position: toLots(market.instrument, "0"),
    averageEntryPrice: null,
  };
}
