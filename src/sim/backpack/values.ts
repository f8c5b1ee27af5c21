// How Backpack writes prices, quantities, sides and times.

import { toPrice, toQuantity } from "../../core/instrument.ts";
import { money, text } from "../../core/money.ts";
import type { Side } from "../../core/order.ts";
import type { Lots, Ticks } from "../../core/units.ts";
import type { Listing } from "../listings.ts";

/** With all decimals of the tick, as books and streams write it. */
export function priceText(listing: Listing, price: Ticks): string {
  return toPrice(listing.instrument, price);
}

/** With all decimals of the lot, as books and streams write it. */
export function quantityText(listing: Listing, quantity: Lots): string {
  return toQuantity(listing.instrument, quantity);
}

/** Without trailing zeros, as orders, fills and candles write it. */
export function plainPrice(listing: Listing, price: Ticks): string {
  return text(money(priceText(listing, price)));
}

/** Without trailing zeros, as orders, fills and candles write it. */
export function plainQuantity(listing: Listing, quantity: Lots): string {
  return text(money(quantityText(listing, quantity)));
}

export function sideText(side: Side): "Bid" | "Ask" {
  return side === "buy" ? "Bid" : "Ask";
}

/** `2025-07-27T17:39:00.092`: UTC without saying so. */
export function naiveTime(at: number): string {
  return new Date(at).toISOString().slice(0, -1);
}

/** `2025-08-01T16:00:00`; parts of a second only where there are some. */
export function intervalEnd(at: number): string {
  return naiveTime(at).replace(/\.000$/, "");
}

/** `2025-07-19 13:09:00`, as candles write it. */
export function candleTime(at: number): string {
  return new Date(at).toISOString().slice(0, 19).replace("T", " ");
}

/** Microseconds as the streams write them. */
export function microText(at: number): string {
  return `${at}000`;
}
