// Why an order is not taken: its limits, its duplicates, and whether the account can pay for it.

import { type Money, money } from "../core/money.ts";
import type { Lots, Ticks } from "../core/units.ts";
import { balanceOf, equityOf, initialMarginOf, lockedOf, reducibleOf, type SimAccount, tickValueOf } from "./accounts.ts";
import type { OrderRefusal, OrderRequest } from "./exchange-facts.ts";
import { type Listing, notionalOf } from "./listings.ts";
import type { MatchingEngine, Refusal } from "./matching-engine.ts";

/** Open orders per account and instrument. */
export const OPEN_ORDERS_MAX = 1_000;
/** Limit prices further than these multiples from the market are refused; told in the markets' price filters. */
export const PRICE_MULTIPLIERS = { min: "0.2", max: "5" } as const;

const ENGINE_REFUSALS: Readonly<Record<Refusal, OrderRefusal>> = {
  duplicateId: { reason: "duplicateId", code: "INVALID_CLIENT_REQUEST", message: "Duplicate order id" },
  wouldTake: { reason: "wouldTake", code: "INVALID_ORDER", message: "Order would immediately match and take." },
  notReducing: { reason: "notReducing", code: "INVALID_ORDER", message: "Reduce only order would not reduce the position" },
  selfTrade: { reason: "selfTrade", code: "INVALID_ORDER", message: "Order would trade with an order of the same account" },
};

export const NOT_FOUND: OrderRefusal = { reason: "notFound", code: "RESOURCE_NOT_FOUND", message: "Order not found" };

/** The engine's refusal in the exchange's words. */
export function refusalText(why: Refusal): OrderRefusal {
  return ENGINE_REFUSALS[why];
}

export interface CheckContext {
  readonly account: SimAccount;
  readonly listing: Listing;
  readonly listings: ReadonlyMap<string, Listing>;
  readonly engine: MatchingEngine;
  readonly markOf: (symbol: string) => Ticks;
}

/** Why the exchange would refuse an order before the book is asked, or null. */
export function refusalOf(request: OrderRequest, context: CheckContext): OrderRefusal | null {
  return limitRefusal(request, context) ?? duplicateRefusal(request, context) ?? moneyRefusal(request, context);
}

function limitRefusal(request: OrderRequest, { listing, markOf }: CheckContext): OrderRefusal | null {
  if (request.quantity < listing.instrument.minQuantity)
    return { reason: "minQuantity", code: "INVALID_QUANTITY", message: "Quantity is below the minimum" };
  const value = notionalOf(listing, request.price ?? markOf(listing.id), request.quantity);
  if (!request.reduceOnly && value.lt(listing.instrument.minNotional))
    return { reason: "minNotional", code: "INVALID_QUANTITY", message: "Value is below the minimum" };
  if (request.price === null) return null;
  const mark = markOf(listing.id);
  if (request.price <= 0) return { reason: "price", code: "INVALID_PRICE", message: "Price must be positive" };
  if (request.price > mark * Number(PRICE_MULTIPLIERS.max) || request.price < mark * Number(PRICE_MULTIPLIERS.min))
    return { reason: "price", code: "INVALID_PRICE", message: "Price is too far from the last active price" };
  return null;
}

function duplicateRefusal(request: OrderRequest, { account }: CheckContext): OrderRefusal | null {
  let open = 0;
  for (const order of account.open.values()) {
    if (request.clientId !== null && order.request.clientId === request.clientId)
      return {
        reason: "duplicateClientId",
        code: "INVALID_CLIENT_REQUEST",
        message: `An open order with clientId ${request.clientId} exists`,
      };
    if (order.request.symbol === request.symbol) open += 1;
  }
  return open >= OPEN_ORDERS_MAX
    ? { reason: "orderLimit", code: "ORDER_LIMIT", message: `At most ${OPEN_ORDERS_MAX} open orders per market` }
    : null;
}

function moneyRefusal(request: OrderRequest, context: CheckContext): OrderRefusal | null {
  if (context.listing.instrument.kind === "spot") return fundsRefusal(request, context);
  const { account, listing, listings, markOf } = context;
  const { symbol, side, quantity, price } = request;
  if (request.reduceOnly || quantity <= reducibleOf(account, symbol, side)) return null;
  const currency = listing.instrument.settle;
  const needed = initialMarginOf(account, listings, markOf, { symbol, side, price: price ?? markOf(symbol), quantity });
  const free = equityOf(account, listings, markOf, currency).minus(lockedOf(account, listings, currency));
  return needed.gt(free) ? { reason: "margin", code: "INSUFFICIENT_MARGIN", message: "Insufficient margin" } : null;
}

/** What of an asset may be spent on spot: the settlement currency also carries the perps. */
export function freeOf(asset: string, { account, listings, markOf }: Omit<CheckContext, "listing" | "engine">): Money {
  const locked = lockedOf(account, listings, asset);
  const cash = balanceOf(account, asset).minus(locked);
  const isSettlement = [...listings.values()].some(({ instrument }) => instrument.kind === "perp" && instrument.settle === asset);
  if (!isSettlement) return cash;
  const margin = equityOf(account, listings, markOf, asset)
    .minus(locked)
    .minus(initialMarginOf(account, listings, markOf, null));
  return margin.lt(cash) ? margin : cash;
}

function fundsRefusal(request: OrderRequest, context: CheckContext): OrderRefusal | null {
  const { instrument, unit } = context.listing;
  const isSale = request.side === "sell";
  const needed = isSale ? money(instrument.lotSize).times(request.quantity) : unit.times(money(costOf(request, context.engine)));
  const free = freeOf(isSale ? instrument.base : instrument.quote, context);
  return needed.gt(free) ? { reason: "funds", code: "INSUFFICIENT_FUNDS", message: "Insufficient funds" } : null;
}

/** Ticks times lots that a purchase may cost: its limit, or what the book asks now. */
function costOf(request: OrderRequest, engine: MatchingEngine): bigint {
  if (request.price !== null) return tickValueOf(request.price, request.quantity);
  return engine.costOf("buy", request.quantity as Lots).notional;
}

/** Why what is left of an accepted order did not rest. */
export function expiryReasonOf(request: OrderRequest): string {
  if (request.timeInForce === "fok") return "FillOrKill";
  if (request.price === null) return "InsufficientLiquidity";
  if (request.timeInForce === "ioc") return "ImmediateOrCancel";
  return request.reduceOnly ? "ReduceOnlyNotReduced" : "SelfTradePrevention";
}
