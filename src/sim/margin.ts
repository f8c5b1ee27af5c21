// When an account can no longer carry its positions: maintenance margin against equity, and the price at which that happens.

import { type Money, money, ZERO } from "../core/money.ts";
import type { Lots, Ticks } from "../core/units.ts";
import { equityOf, positionOf, type SimAccount } from "./accounts.ts";
import type { OrderRequest } from "./exchange-facts.ts";
import { type Listing, notionalOf } from "./listings.ts";

type Listings = ReadonlyMap<string, Listing>;
type MarkOf = (symbol: string) => Ticks;

/** Margin that the open positions need at the mark, in the settlement currency. */
export function maintenanceMarginOf(account: SimAccount, listings: Listings, markOf: MarkOf): Money {
  let margin = ZERO;
  for (const [symbol, { quantity }] of account.positions) {
    const listing = listings.get(symbol);
    if (listing === undefined || quantity === 0) continue;
    margin = margin.plus(notionalOf(listing, markOf(symbol), Math.abs(quantity) as Lots).times(money(listing.maintenanceMargin)));
  }
  return margin;
}

/** True when the equity is below the maintenance margin: the exchange then closes the positions. All margin is cross. */
export function isUnderwater(account: SimAccount, listings: Listings, markOf: MarkOf): boolean {
  const currency = settlementOf(account, listings);
  if (currency === null) return false;
  return equityOf(account, listings, markOf, currency).lt(maintenanceMarginOf(account, listings, markOf));
}

/** The mark price, as a decimal of the quote currency, at which a position brings its account down while all else stays; null when none does. */
export function liquidationPriceOf(account: SimAccount, listings: Listings, markOf: MarkOf, symbol: string): Money | null {
  const listing = listings.get(symbol);
  const { quantity } = positionOf(account, symbol);
  if (listing === undefined || quantity === 0) return null;
  const rate = money(listing.maintenanceMargin);
  const mark = markOf(symbol);
  const value = notionalOf(listing, mark, Math.abs(quantity) as Lots);
  const spare = equityOf(account, listings, markOf, listing.instrument.settle).minus(maintenanceMarginOf(account, listings, markOf));
  // Moving the price by a share x changes equity by sign * value * x and the position's own margin by value * rate * x.
  const share = ZERO.minus(spare).div(value.times(money(Math.sign(quantity)).minus(rate)));
  const price = money(mark).times(money(listing.instrument.tickSize)).times(share.plus(1));
  return price.gt(0) ? price : null;
}

/** The account's instruments, those with the largest position at the mark first. */
export function byExposure(account: SimAccount, listings: Listings, markOf: MarkOf): string[] {
  const exposures = [...account.positions].map(([symbol, { quantity }]) => {
    const listing = listings.get(symbol);
    return { symbol, value: listing === undefined ? ZERO : notionalOf(listing, markOf(symbol), Math.abs(quantity) as Lots) };
  });
  return exposures.sort((a, b) => b.value.cmp(a.value)).map(({ symbol }) => symbol);
}

/** The currency of the account's perpetuals; null without a position. */
function settlementOf(account: SimAccount, listings: Listings): string | null {
  for (const [symbol, { quantity }] of account.positions) if (quantity !== 0) return listings.get(symbol)?.instrument.settle ?? null;
  return null;
}

/** A market order of the exchange's own that closes a position. */
export function liquidationOrder(symbol: string, quantity: Lots): OrderRequest {
  return {
    symbol,
    side: quantity > 0 ? "sell" : "buy",
    price: null,
    quantity: Math.abs(quantity) as Lots,
    quoteQuantity: null,
    timeInForce: "ioc",
    postOnly: false,
    reduceOnly: true,
    clientId: null,
    selfTrade: "rejectMaker",
    origin: "liquidation",
  };
}
