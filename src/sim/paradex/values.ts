// How Paradex writes prices, sizes, sides, instructions and the reasons of a close.

import { toPrice, toQuantity } from "../../core/instrument.ts";
import { money, text } from "../../core/money.ts";
import type { Side } from "../../core/order.ts";
import type { Lots, Ticks } from "../../core/units.ts";
import type { ExchangeOrder, OrderFilled, OrderRequest } from "../exchange-facts.ts";
import type { Listing } from "../listings.ts";

/** Without trailing zeros. */
export function priceText(listing: Listing, price: Ticks): string {
  return text(money(toPrice(listing.instrument, price)));
}

/** Without trailing zeros. */
export function sizeText(listing: Listing, quantity: Lots): string {
  return text(money(toQuantity(listing.instrument, quantity)));
}

export function sideText(side: Side): "BUY" | "SELL" {
  return side === "buy" ? "BUY" : "SELL";
}

export function instructionText(request: OrderRequest): "POST_ONLY" | "IOC" | "GTC" {
  if (request.postOnly) return "POST_ONLY";
  return request.timeInForce === "ioc" ? "IOC" : "GTC";
}

/** The exchange's own reasons in Paradex's words; those that Paradex gave itself are already in them. */
const REASONS: Readonly<Record<string, string>> = {
  ImmediateOrCancel: "REMAINING_IOC_CANCEL",
  InsufficientLiquidity: "REMAINING_IOC_CANCEL",
  ReduceOnlyNotReduced: "REDUCE_ONLY_WILL_INCREASE",
  SelfTradePrevention: "SELF_TRADE",
};

/** Empty while an order is open and when it was filled. */
export function cancelReason({ state, expiryReason }: Pick<ExchangeOrder, "state" | "expiryReason">): string {
  if (state !== "Cancelled" && state !== "Expired") return "";
  return expiryReason === null ? "USER_CANCELED" : (REASONS[expiryReason] ?? expiryReason);
}

/** Average price of what was executed; empty before the first fill. */
export function averagePrice(listing: Listing, executed: Lots, executedQuote: string): string {
  if (executed === 0) return "";
  const size = money(toQuantity(listing.instrument, executed));
  return text(money(executedQuote).div(size).round(8));
}

/** Both sides of a trade have their own fill id: the trade's, with a digit for the side. */
export function fillId({ tradeId, isMaker }: Pick<OrderFilled, "tradeId" | "isMaker">): string {
  return `${tradeId}${isMaker ? 2 : 1}`;
}

/** The digit of a public trade is none of the fills'. */
export function printId(tradeId: number): string {
  return `${tradeId}0`;
}
