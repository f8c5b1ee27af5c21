// What the maker leg rests: one post-only order a side, never larger than what the limits leave room for.

import { type Instrument, toLots, toPrice, toQuantity } from "../../core/instrument.ts";
import { type Money, money, text, ZERO } from "../../core/money.ts";
import type { Side } from "../../core/order.ts";
import type { Quote } from "../../core/strategy.ts";
import { type Lots, lots, type Ticks } from "../../core/units.ts";
import type { HedgeParams } from "./params.ts";
import { quotePrice } from "./prices.ts";
import { isTradable } from "./residual.ts";
import { type HedgeState, type Legs, slotOf } from "./state.ts";

/** Share of what the account could use that an automatic quantity takes. */
const AUTO_SHARE = "0.05";

/**
 * Quantity of a new order: as configured, or a share of what the account could use and at least the smallest order.
 * 0 when there is nothing to use or nobody has told yet.
 */
export function orderLots(
  side: Side,
  value: HedgeParams,
  instrument: Instrument,
  price: Ticks,
  available: { readonly base: string; readonly quote: string } | null,
): Lots {
  if (value.orderQuantity !== undefined) return toLots(instrument, value.orderQuantity, "down");
  if (available === null) return lots(0);
  const isSpot = instrument.kind === "spot";
  const leverage = isSpot ? "1" : value.leverage;
  const base = isSpot && side === "sell" ? money(available.base) : money(available.quote).times(leverage).div(toPrice(instrument, price));
  if (base.lte(0)) return lots(0);
  const share = toLots(instrument, text(base.times(AUTO_SHARE)), "down");
  return lots(Math.max(share, instrument.minQuantity, 1));
}

/** The sides that the operator wants quoted. */
export function quotedSides({ sides }: HedgeParams): readonly Side[] {
  return sides === "both" ? ["buy", "sell"] : sides === "bids" ? ["buy"] : ["sell"];
}

/** The orders that should rest now. `isOverdue` closes the side that would add to the residual. */
export function wishes(state: HedgeState, value: HedgeParams, legs: Legs, residual: Money, isOverdue: boolean, at: number): Quote[] {
  const orders: Quote[] = [];
  const { maxRetreatTicks } = value;
  for (const side of quotedSides(value)) {
    if (isOverdue && (side === "buy" ? residual.gt(0) : residual.lt(0))) continue;
    const place = state.sides[side];
    if (place.resumeAt > at) continue;
    const price = quotePrice(side, value, legs);
    if (price === null) continue;
    const { instrument, available } = legs.maker;
    if (place.left === null) {
      const fresh = orderLots(side, value, instrument, price, available);
      if (fresh > 0) place.left = fresh;
    }
    if (place.left === null) continue;
    const quantity = withinRoom(place.left, roomOf(side, value, legs, residual), instrument);
    if (!isTradable(instrument, quantity, price)) continue;
    const reason = `${side} and hedge by taking`;
    orders.push({ slot: slotOf(side), side, price, quantity, postOnly: true, maxRetreatTicks, reason });
  }
  return orders;
}

/**
 * Base units that a side may still fill before a limit is passed, so that no fill can pass it. A residual on the other side
 * gives no extra room: its hedge may be done before this side's order can be made smaller again.
 */
function roomOf(side: Side, value: HedgeParams, legs: Legs, residual: Money): Money {
  const position = money(toQuantity(legs.maker.instrument, legs.maker.position));
  const free = money(value.maxPosition)[side === "buy" ? "minus" : "plus"](position);
  if (value.maxUnhedgedQuantity === undefined) return free;
  const isAdding = side === "buy" ? residual.gt(0) : residual.lt(0);
  const unhedged = money(value.maxUnhedgedQuantity)
    .minus(isAdding ? residual.abs() : ZERO)
    .div(value.hedgeRatio);
  return unhedged.lt(free) ? unhedged : free;
}

function withinRoom(quantity: Lots, room: Money, instrument: Instrument): Lots {
  if (room.gte(toQuantity(instrument, quantity))) return quantity;
  return room.lte(0) ? lots(0) : toLots(instrument, text(room), "down");
}
