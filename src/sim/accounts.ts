// One account's books: balances and positions as exact decimals, and what a fill, a fee and a margin rule do to them.

import { type Money, money, text, ZERO } from "../core/money.ts";
import { type Side, signOf } from "../core/order.ts";
import type { Lots, Ticks } from "../core/units.ts";
import type { ExchangeOrder, FundingPaid, OrderFilled } from "./exchange-facts.ts";
import { type Listing, notionalOf } from "./listings.ts";

export interface SimPosition {
  /** Signed. */
  readonly quantity: Lots;
  /** What the open quantity was entered for, positive, in the quote currency. */
  readonly cost: Money;
  readonly realizedPnl: Money;
}

export interface SimAccount {
  readonly name: string;
  readonly balances: Map<string, Money>;
  readonly positions: Map<string, SimPosition>;
  readonly open: Map<number, ExchangeOrder>;
  /** Oldest first. */
  readonly closed: ExchangeOrder[];
  /** Oldest first. */
  readonly fills: OrderFilled[];
  /** Oldest first. */
  readonly funding: FundingPaid[];
  /** Of the instruments where it was set. */
  readonly leverage: Map<string, number>;
  /** Dead-man switches: epoch ms by symbol, "" for all instruments. */
  readonly countdowns: Map<string, number>;
}

const FLAT: SimPosition = { quantity: 0 as Lots, cost: ZERO, realizedPnl: ZERO };
/** A released share of a cost that cannot be exact is rounded here; the remainder stays with the position. */
const COST_DECIMALS = 18;

export function createAccount(name: string, balances: Readonly<Record<string, string>>): SimAccount {
  const amounts = Object.entries(balances).map(([asset, amount]): [string, Money] => [asset, money(amount)]);
  const books = { balances: new Map(amounts), positions: new Map(), open: new Map(), closed: [], fills: [], funding: [] };
  return { name, ...books, leverage: new Map(), countdowns: new Map() };
}

export function positionOf(account: SimAccount, symbol: string): SimPosition {
  return account.positions.get(symbol) ?? FLAT;
}

export function balanceOf(account: SimAccount, asset: string): Money {
  return account.balances.get(asset) ?? ZERO;
}

/** Adds to a balance; a negative amount takes from it. */
export function credit(account: SimAccount, asset: string, amount: Money): void {
  account.balances.set(asset, balanceOf(account, asset).plus(amount));
}

/** The fee of a fill: perps and sales pay in the quote currency, a spot purchase pays in what it bought, as on Backpack. */
export function feeOf(
  listing: Listing,
  fill: { readonly side: Side; readonly price: Ticks; readonly quantity: Lots; readonly isMaker: boolean },
): { readonly fee: string; readonly feeSymbol: string } {
  const { instrument } = listing;
  const rate = money(fill.isMaker ? instrument.makerFee : instrument.takerFee);
  if (instrument.kind === "spot" && fill.side === "buy")
    return { fee: text(money(instrument.lotSize).times(fill.quantity).times(rate)), feeSymbol: instrument.base };
  return { fee: text(notionalOf(listing, fill.price, fill.quantity).times(rate)), feeSymbol: instrument.quote };
}

/** The position after a fill: growing adds to its cost, shrinking releases a share of it and realizes the difference. */
export function positionAfter(listing: Listing, position: SimPosition, side: Side, price: Ticks, quantity: Lots): SimPosition {
  const held: number = position.quantity;
  const sign = signOf(side);
  const closing = held * sign < 0 ? Math.min(Math.abs(held), quantity) : 0;
  const opening = quantity - closing;
  const isAllClosed = closing === Math.abs(held);
  const released = isAllClosed ? position.cost : position.cost.times(closing).div(Math.abs(held)).round(COST_DECIMALS);
  const closedValue = notionalOf(listing, price, closing as Lots);
  // A sale that closes earns its value less the cost, a purchase that closes earns the cost less its value.
  const realized = closing === 0 ? ZERO : closedValue.minus(released).times(-sign);
  const kept = closing === 0 ? position.cost : position.cost.minus(released);
  return {
    quantity: (held + sign * quantity || 0) as Lots,
    cost: kept.plus(notionalOf(listing, price, opening as Lots)),
    realizedPnl: position.realizedPnl.plus(realized),
  };
}

/** Books a fill: cash, coins, position and fee. */
export function bookFill(account: SimAccount, listing: Listing, fill: OrderFilled): void {
  const { instrument } = listing;
  if (instrument.kind === "perp") {
    const before = positionOf(account, fill.symbol);
    const after = positionAfter(listing, before, fill.side, fill.price, fill.quantity);
    account.positions.set(fill.symbol, after);
    credit(account, instrument.settle, after.realizedPnl.minus(before.realizedPnl));
  } else {
    const sign = signOf(fill.side);
    credit(account, instrument.base, money(instrument.lotSize).times(fill.quantity).times(sign));
    credit(account, instrument.quote, notionalOf(listing, fill.price, fill.quantity).times(-sign));
  }
  credit(account, fill.feeSymbol, money(fill.fee).times(-1));
}

export function unrealizedPnl(listing: Listing, position: SimPosition, mark: Ticks): Money {
  const value = notionalOf(listing, mark, Math.abs(position.quantity) as Lots);
  return position.quantity < 0 ? position.cost.minus(value) : value.minus(position.cost);
}

/** Average entry price, or null when flat. */
export function entryPrice(listing: Listing, position: SimPosition): Money | null {
  if (position.quantity === 0) return null;
  return position.cost.div(money(listing.instrument.lotSize).times(Math.abs(position.quantity)));
}

export function leavesOf(order: ExchangeOrder): Lots {
  return (order.request.quantity - order.executed) as Lots;
}

/** Lots on `side` that only shrink the position. */
export function reducibleOf(account: SimAccount, symbol: string, side: Side): number {
  return Math.max(0, -signOf(side) * positionOf(account, symbol).quantity);
}

/** Ticks times lots, exact. */
export function tickValueOf(price: Ticks, quantity: Lots): bigint {
  return BigInt(price) * BigInt(quantity);
}

/** An exact sum of prices times quantities that is fast while the numbers are small: a margin check adds up every open order. */
class ValueSum {
  #small = 0;
  #large = 0n;

  add(price: Ticks, quantity: number): void {
    const sum = this.#small + price * quantity;
    if (Number.isSafeInteger(price * quantity) && Number.isSafeInteger(sum)) this.#small = sum;
    else this.#large += BigInt(price) * BigInt(quantity);
  }

  total(): bigint {
    return this.#large + BigInt(this.#small);
  }
}

/** What open spot orders hold back of an asset. */
export function lockedOf(account: SimAccount, listings: ReadonlyMap<string, Listing>, asset: string): Money {
  let locked = ZERO;
  for (const listing of listings.values()) {
    const { instrument } = listing;
    if (instrument.kind !== "spot" || (instrument.base !== asset && instrument.quote !== asset)) continue;
    let sold = 0;
    const bought = new ValueSum();
    for (const order of account.open.values()) {
      const { symbol, side, price } = order.request;
      if (symbol !== listing.id) continue;
      if (side === "sell") sold += leavesOf(order);
      else if (price !== null) bought.add(price, leavesOf(order));
    }
    locked = locked.plus(instrument.base === asset ? money(instrument.lotSize).times(sold) : listing.unit.times(money(bought.total())));
  }
  return locked;
}

/**
 * Margin that the account's perp positions and open orders ask for: per instrument the larger of both directions, positions at
 * the mark, orders at their price, reduce-only orders free. `extra` is an order that is about to be taken.
 */
export function initialMarginOf(
  account: SimAccount,
  listings: ReadonlyMap<string, Listing>,
  markOf: (symbol: string) => Ticks,
  extra: { readonly symbol: string; readonly side: Side; readonly price: Ticks; readonly quantity: Lots } | null,
): Money {
  const sums = new Map<string, { buy: ValueSum; sell: ValueSum }>();
  for (const { id, instrument } of listings.values())
    if (instrument.kind === "perp") sums.set(id, { buy: new ValueSum(), sell: new ValueSum() });
  for (const [symbol, { quantity }] of account.positions) {
    sums.get(symbol)?.buy.add(markOf(symbol), quantity);
    sums.get(symbol)?.sell.add(markOf(symbol), -quantity);
  }
  for (const order of account.open.values()) {
    const { symbol, side, price, reduceOnly } = order.request;
    if (!reduceOnly) sums.get(symbol)?.[side].add(price ?? markOf(symbol), leavesOf(order));
  }
  if (extra !== null) sums.get(extra.symbol)?.[extra.side].add(extra.price, extra.quantity);
  let margin = ZERO;
  for (const [symbol, { buy, sell }] of sums) {
    const listing = listings.get(symbol);
    const excess = buy.total() - sell.total();
    const larger = excess > 0n ? buy.total() : sell.total();
    if (listing === undefined || larger <= 0n) continue;
    const value = listing.unit.times(money(larger));
    const leverage = account.leverage.get(symbol);
    margin = margin.plus(leverage === undefined ? value.times(money(listing.initialMargin)) : value.div(leverage));
  }
  return margin;
}

/** Cash plus what the open perp positions are worth at the mark. */
export function equityOf(
  account: SimAccount,
  listings: ReadonlyMap<string, Listing>,
  markOf: (symbol: string) => Ticks,
  currency: string,
): Money {
  let equity = balanceOf(account, currency);
  for (const [symbol, position] of account.positions) {
    const listing = listings.get(symbol);
    if (listing !== undefined && position.quantity !== 0) equity = equity.plus(unrealizedPnl(listing, position, markOf(symbol)));
  }
  return equity;
}
