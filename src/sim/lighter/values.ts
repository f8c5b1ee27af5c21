// How Lighter writes prices, sizes, order numbers and the states of an order.

import { toPrice, toQuantity } from "../../core/instrument.ts";
import { type Money, money, rounded } from "../../core/money.ts";
import type { Lots, Ticks } from "../../core/units.ts";
import type { ExchangeOrder } from "../exchange-facts.ts";
import type { Listing } from "../listings.ts";
import { CLIENT_INDEX_LIMIT } from "./transactions.ts";

/** With all decimals of the market. */
export function priceText(listing: Listing, price: Ticks): string {
  return toPrice(listing.instrument, price);
}

export function sizeText(listing: Listing, quantity: Lots): string {
  return toQuantity(listing.instrument, quantity);
}

/** With exactly so many decimals. */
export function fixed(amount: Money, decimals: number): string {
  return money(rounded(amount, decimals)).toFixed(decimals);
}

/** Six decimals, as Lighter writes amounts of USDC. */
export function usdText(amount: Money): string {
  return fixed(amount, 6);
}

/** The exchange's index of an order: above all that clients may use. */
export function orderIdOf(id: number): number {
  return CLIENT_INDEX_LIMIT + id;
}

/** The exchange's own reasons in Lighter's words; those that this dialect gave itself are already in them. */
const REASONS: Readonly<Record<string, string>> = {
  ImmediateOrCancel: "canceled-too-much-slippage",
  InsufficientLiquidity: "canceled-not-enough-liquidity",
  Liquidation: "canceled-liquidation",
  ReduceOnlyNotReduced: "canceled-reduce-only",
  SelfTradePrevention: "canceled-self-trade",
};

export function statusText({ state, expiryReason }: Pick<ExchangeOrder, "state" | "expiryReason">): string {
  if (state === "Filled") return "filled";
  if (state === "New" || state === "PartiallyFilled") return "open";
  return expiryReason === null ? "canceled" : (REASONS[expiryReason] ?? expiryReason);
}
