// The market maker's inventory: how far it is from its target, what each side may still add, and how large orders are.

import { type Instrument, toLots } from "../../core/instrument.ts";
import { type Money, money, text } from "../../core/money.ts";
import { quantumOf } from "../../core/position-ledger.ts";
import type { LegView } from "../../core/strategy.ts";
import { type Lots, lots } from "../../core/units.ts";
import type { MarketMakerParams } from "./params.ts";
import type { Funds } from "./state.ts";

/** The seed's cap for a perp when none is given, base units. */
const PERP_MAX_POSITION = "1";
const ALLOCATION_MAX = "0.05";

/** Largest position in lots, at least the exchange's smallest order; null for spot without a cap of its own. */
export function maxPositionOf(value: MarketMakerParams, instrument: Instrument): Lots | null {
  const cap = value.maxPosition ?? (instrument.kind === "perp" ? PERP_MAX_POSITION : null);
  return cap === null ? null : lots(Math.max(toLots(instrument, cap, "down"), instrument.minQuantity));
}

/** Smallest price x quantity that the exchange takes, in ticks x lots. */
export function minQuantaOf(instrument: Instrument): number {
  return Number(money(instrument.minNotional).div(quantumOf(instrument)).round(0, 3));
}

/** True when the exchange takes an order of this price and quantity. */
export function isEnough(instrument: Instrument, minQuanta: number, price: number, quantity: number): boolean {
  return quantity >= Math.max(1, instrument.minQuantity) && price * quantity >= minQuanta;
}

function clampRatio(ratio: number): number {
  return Math.max(-1, Math.min(1, ratio));
}

/**
 * Inventory beyond its target as -1..1: of the cap, or for spot without one of the share of base in all assets (1 when all
 * is base, -1 when none is). 0 within the smallest order, and while the balances are unknown.
 */
export function inventoryRatio(value: MarketMakerParams, leg: LegView, funds: Funds | null, price: Money): number {
  const beyond = leg.position - toLots(leg.instrument, value.inventoryTarget, "nearest");
  const cap = maxPositionOf(value, leg.instrument);
  if (cap !== null) return Math.abs(beyond) < Math.max(1, leg.instrument.minQuantity) ? 0 : clampRatio(beyond / cap);
  if (funds === null) return 0;
  const baseValue = money(funds.base).times(price);
  const total = baseValue.plus(funds.quote);
  if (total.lte(0)) return 0;
  const target = Number(value.baseAssetTargetPercent) / 100;
  const deviation = Number(baseValue.div(total)) - target;
  const range = deviation > 0 ? 1 - target : target;
  return range <= 0 ? 0 : clampRatio(deviation / range);
}

export interface Caps {
  /** Lots that each side may still rest. */
  readonly buys: number;
  readonly sells: number;
  /** Ticks x lots that the buys may cost. */
  readonly buyQuanta: number;
}

/**
 * What may rest so that the position stays within its cap if a whole side fills. Spot sells only what the account has;
 * while nobody told, only what the bot bought itself.
 */
export function capsOf(value: MarketMakerParams, leg: LegView, funds: Funds | null): Caps {
  const cap = maxPositionOf(value, leg.instrument);
  const buys = cap === null ? Number.POSITIVE_INFINITY : Math.max(0, cap - leg.position);
  const sells = cap === null ? Number.POSITIVE_INFINITY : Math.max(0, cap + leg.position);
  if (leg.instrument.kind === "perp") return { buys, sells, buyQuanta: Number.POSITIVE_INFINITY };
  if (funds === null) return { buys, sells: Math.min(sells, Math.max(0, leg.position)), buyQuanta: Number.POSITIVE_INFINITY };
  const owned = Math.max(0, toLots(leg.instrument, funds.base, "down"));
  const affordable = Number(money(funds.quote).div(quantumOf(leg.instrument)).round(0, 0));
  return { buys, sells: Math.min(sells, owned), buyQuanta: Math.max(0, affordable) };
}

/** Quantity of the innermost order of each side. */
export interface Sizes {
  readonly buy: Lots;
  readonly sell: Lots;
}

/** True when some level takes its quantity from the balances. */
export function isSizedByBalances(value: MarketMakerParams): boolean {
  return value.orderQuantity === undefined && !(value.levels?.every((level) => level.quantity !== undefined) ?? false);
}

/**
 * `orderQuantity`, or the seed's share of the balances: min(5 %, 1 / (4 x orders per side)), of quote for buys and of base
 * for sells (perp: of quote times leverage for both), never below the exchange's smallest order. Null while the balances
 * are unknown.
 */
export function sizesOf(value: MarketMakerParams, instrument: Instrument, funds: Funds | null, price: Money): Sizes | null {
  if (value.orderQuantity !== undefined) {
    const quantity = toLots(instrument, value.orderQuantity, "down");
    return { buy: quantity, sell: quantity };
  }
  if (!isSizedByBalances(value)) return { buy: lots(0), sell: lots(0) };
  if (funds === null) return null;
  const perSide = value.levels?.length ?? value.maxOrders;
  const share = money(1).div(4 * perSide);
  const allocation = share.lt(ALLOCATION_MAX) ? share : money(ALLOCATION_MAX);
  const leverage = instrument.kind === "perp" ? money(value.leverage) : money(1);
  const bought = money(funds.quote).times(leverage).times(allocation).div(price);
  const sold = instrument.kind === "perp" ? bought : money(funds.base).times(allocation);
  const smallest = money(instrument.minNotional).div(price);
  const sized = (quantity: Money): Lots => {
    const least = Math.max(1, instrument.minQuantity, toLots(instrument, text(smallest.round(18, 3)), "up"));
    return lots(Math.max(least, toLots(instrument, text(quantity.round(18, 0)), "down")));
  };
  return { buy: sized(bought), sell: sized(sold) };
}
