// When the market maker takes: an inventory too far from its target is brought back by a bounded take.

import { type Instrument, toLots, toQuantity } from "../../core/instrument.ts";
import { type Money, money, text, ZERO } from "../../core/money.ts";
import type { Intent, LegView } from "../../core/strategy.ts";
import { type Lots, lots, type Ticks } from "../../core/units.ts";
import { isEnough, maxPositionOf, minQuantaOf } from "./inventory.ts";
import type { MarketMakerParams } from "./params.ts";
import { midOf, midPriceOf, type QuotedLeg } from "./reference.ts";
import { type Funds, LEG, type MarketMakerState } from "./state.ts";

/** Below this many smallest orders the assets are too small to balance. */
const ORDERS_MIN = 10;
/** Share of a balance that a rebalance may spend. */
const SPENDABLE = "0.95";
const GIVE_UP_MS = 60_000;
const PAUSE_MS = 30_000;

/**
 * Lots to buy (positive) or sell to bring the share of base back, 0 when it is near enough. With total = quote + base x
 * price and deviation = |base value - total x target %| / total x 100, a deviation above `rebalanceThreshold` trades the
 * whole deviation (`rebalanceTo: target`) or what is beyond the threshold; at most 95 % of the balance that pays for it.
 */
export function rebalanceLots(value: MarketMakerParams, instrument: Instrument, funds: Pick<Funds, "base" | "quote">, price: Money): Lots {
  const base = money(funds.base);
  const quote = money(funds.quote);
  const baseValue = base.times(price);
  const total = quote.plus(baseValue);
  const smallest = money(toQuantity(instrument, instrument.minQuantity)).times(price);
  if (total.lte(0) || total.lt(smallest.times(ORDERS_MIN))) return lots(0);
  const difference = baseValue.minus(total.times(value.baseAssetTargetPercent).div(100));
  const tolerated = total.times(value.rebalanceThreshold).div(100);
  if (difference.abs().lte(tolerated)) return lots(0);
  const traded = value.rebalanceTo === "threshold" ? difference.abs().minus(tolerated) : difference.abs();
  const isSelling = difference.gt(0);
  const most = isSelling ? base.times(SPENDABLE) : quote.times(SPENDABLE).div(price);
  const wanted = traded.div(price);
  const quantity = wanted.lt(most) ? wanted : most;
  const count = toLots(instrument, text(quantity.lt(0) ? ZERO : quantity.round(18, 0)), "down");
  return lots(isSelling ? -count : count);
}

/**
 * The position that a perp is brought back to, or null when it may stay. Beyond `targetPosition + positionThreshold` from
 * `inventoryTarget` (and beyond `maxPosition` always) it is reduced, never built and never turned.
 */
export function reducedPosition(value: MarketMakerParams, leg: LegView): Lots | null {
  const { instrument, position } = leg;
  const cap = maxPositionOf(value, instrument);
  const target = toLots(instrument, value.inventoryTarget, "nearest");
  const tolerated = toLots(instrument, value.targetPosition, "down");
  const threshold = Math.max(toLots(instrument, value.positionThreshold, "down"), instrument.minQuantity);
  const long = position > 0;
  const limits = [cap ?? Number.POSITIVE_INFINITY];
  const trigger = Math.max(0, (long ? target : -target) + tolerated + threshold);
  if (value.enableRebalance && instrument.kind === "perp" && Math.abs(position) > trigger)
    limits.push(value.rebalanceTo === "target" ? Math.max(0, long ? target : -target) : trigger);
  const limit = Math.min(...limits);
  return Math.abs(position) > limit ? lots(long ? limit : -limit) : null;
}

function isReached(leg: QuotedLeg, target: Lots): boolean {
  return !isEnough(leg.instrument, minQuantaOf(leg.instrument), midOf(leg), Math.abs(target - leg.position));
}

function hold(quantity: Lots, maxSlippageBps: number): Intent {
  return { type: "hold", leg: LEG, quantity, maxSlippageBps };
}

/** Starts, continues or ends a spot rebalance; the next one waits for balances that know of this one. */
function spotRebalance(state: MarketMakerState, value: MarketMakerParams, leg: QuotedLeg, at: number): Intent[] | null {
  const { funds } = state;
  if (state.rebalance === null && value.enableRebalance && funds !== null) {
    const isWaiting = state.rebalanced !== null && (state.rebalanced.seen === funds.seen || at - state.rebalanced.at < PAUSE_MS);
    const wanted = isWaiting ? 0 : leg.position + rebalanceLots(value, leg.instrument, funds, midPriceOf(leg));
    const cap = maxPositionOf(value, leg.instrument) ?? Number.MAX_SAFE_INTEGER;
    const target = lots(Math.max(-cap, Math.min(cap, wanted)));
    if (!isWaiting && !isReached(leg, target)) state.rebalance = { target, since: at };
  }
  if (state.rebalance === null) return null;
  const { target, since } = state.rebalance;
  const hasGivenUp = at - since >= GIVE_UP_MS;
  if (!hasGivenUp && !isReached(leg, target)) return [hold(target, value.rebalanceSlippageBps)];
  state.rebalance = null;
  state.rebalanced = { at, seen: funds?.seen ?? "" };
  return null;
}

/** True when a take may become due while the touch stays between two prices, ends included. */
export function mayTakeWithin(
  state: MarketMakerState,
  value: MarketMakerParams,
  leg: QuotedLeg,
  band: { readonly below: Ticks; readonly above: Ticks },
): boolean {
  // What is too small to close at this price may be large enough at another.
  if (reducedPosition(value, leg) !== null) return true;
  const { funds } = state;
  if (leg.instrument.kind === "perp" || !value.enableRebalance || funds === null || state.rebalanced?.seen === funds.seen) return false;
  return [band.below, band.above].some((end) => {
    const price = money(leg.instrument.tickSize).times(end);
    return rebalanceLots(value, leg.instrument, funds, price) !== 0;
  });
}

/** The take that the inventory needs now, or null when the bot may quote. */
export function inventoryTake(state: MarketMakerState, value: MarketMakerParams, leg: QuotedLeg, at: number): Intent[] | null {
  const reduced = reducedPosition(value, leg);
  if (reduced !== null && !isReached(leg, reduced)) return [hold(reduced, value.rebalanceSlippageBps)];
  return leg.instrument.kind === "spot" ? spotRebalance(state, value, leg, at) : null;
}
