// How Aster writes prices, quantities, amounts and order words.

import { toPrice, toQuantity } from "../../core/instrument.ts";
import { type Money, money } from "../../core/money.ts";
import type { Lots, Ticks } from "../../core/units.ts";
import { INTERVALS_MS } from "../candles.ts";
import type { ExchangeOrder, OrderState } from "../exchange-facts.ts";
import { type Listing, notionalOf } from "../listings.ts";

/** Decimals of amounts, mark prices and rates. */
const AMOUNT_DECIMALS = 8;
const AVERAGE_DECIMALS = 5;

export function priceText(listing: Listing, price: Ticks): string {
  return toPrice(listing.instrument, price);
}

export function quantityText(listing: Listing, quantity: Lots): string {
  return toQuantity(listing.instrument, quantity);
}

/** Amounts of money with eight decimals. */
export function amountText(amount: Money | string): string {
  return money(String(amount)).toFixed(AMOUNT_DECIMALS);
}

/** A plain `0` for nothing, else as many decimals as amounts have. */
export function amountOrZero(amount: Money | string): string {
  return money(String(amount)).eq(0) ? "0" : amountText(amount);
}

/** A plain `0` for nothing, else with the decimals of the lot. */
export function quantityOrZero(listing: Listing, quantity: Lots): string {
  return quantity === 0 ? "0" : quantityText(listing, quantity);
}

/** Average price of what an order traded, `0.00000` before. */
export function averageText(listing: Listing, order: Pick<ExchangeOrder, "executed" | "executedQuote">): string {
  if (order.executed === 0) return money(0).toFixed(AVERAGE_DECIMALS);
  return money(order.executedQuote).div(money(listing.instrument.lotSize).times(order.executed)).toFixed(AVERAGE_DECIMALS);
}

/** Exact value of a trade, with eight decimals. */
export function valueText(listing: Listing, price: Ticks, quantity: Lots): string {
  return amountText(notionalOf(listing, price, quantity));
}

/** Decimals of a step such as `0.001`. */
export function decimalsOf(step: string): number {
  return step.split(".")[1]?.length ?? 0;
}

/** Length of an interval as Aster names it, ms; null for a name that is none. Its month is `1M`. */
export function intervalNamed(name: string): number | null {
  if (name === "1month") return null;
  return INTERVALS_MS[name === "1M" ? "1month" : name] ?? null;
}

const STATUS: Readonly<Record<OrderState, string>> = {
  New: "NEW",
  PartiallyFilled: "PARTIALLY_FILLED",
  Filled: "FILLED",
  Cancelled: "CANCELED",
  Expired: "EXPIRED",
};

export function statusText(state: OrderState): string {
  return STATUS[state];
}

export function sideText(side: "buy" | "sell"): "BUY" | "SELL" {
  return side === "buy" ? "BUY" : "SELL";
}

export function typeText({ request }: ExchangeOrder): "LIMIT" | "MARKET" {
  return request.price === null ? "MARKET" : "LIMIT";
}

/** Post-only has a word of its own among the times in force; market orders all say GTC. */
export function timeInForceText({ request }: ExchangeOrder): string {
  if (request.price === null) return "GTC";
  return request.postOnly ? "GTX" : request.timeInForce.toUpperCase();
}

/** The owner's name for an order; the exchange's own orders, by which it liquidates, have one that says so. */
export function clientIdText({ request, createdAt }: ExchangeOrder): string {
  if (request.clientId !== null) return String(request.clientId);
  return request.origin === "liquidation" ? `autoclose-${createdAt}` : "";
}
