// What happened to an account, in the shapes of Aster's user data streams, futures and spot.

import { type Money, money } from "../../core/money.ts";
import { balanceOf, entryPrice, positionOf, type SimAccount, unrealizedPnl } from "../accounts.ts";
import type { ExchangeOrder, FundingPaid, OrderAccepted, OrderAmended, OrderClosed, OrderFilled } from "../exchange-facts.ts";
import type { ExchangeState } from "../exchange-state.ts";
import { type Listing, notionalOf } from "../listings.ts";
import { spotBalanceViews } from "./account-views.ts";
import { wireSymbol } from "./listings.ts";
import {
  amountOrZero,
  amountText,
  averageText,
  clientIdText,
  priceText,
  quantityOrZero,
  quantityText,
  sideText,
  statusText,
  timeInForceText,
  typeText,
} from "./values.ts";

export type OrderFact = OrderAccepted | OrderAmended | OrderFilled | OrderClosed;
/** A changed setting of an account. */
export type AccountNews =
  | { readonly type: "leverage"; readonly listing: Listing; readonly leverage: number }
  | { readonly type: "positionMode"; readonly isHedged: boolean };

const ENTRY_DECIMALS = 5;
const NO_ID = -1;

/** What happened (`x`) and what the order then was (`X`): a fact is told as of its own moment, whatever came after. */
function wordsOf(fact: OrderFact, order: ExchangeOrder): { readonly x: string; readonly X: string } {
  if (fact.type === "accepted") return { x: "NEW", X: "NEW" };
  const isTouched = order.executed > 0;
  if (fact.type === "amended") return { x: "AMENDMENT", X: isTouched ? "PARTIALLY_FILLED" : "NEW" };
  if (fact.type === "fill") return { x: "TRADE", X: fact.executed === order.request.quantity ? "FILLED" : "PARTIALLY_FILLED" };
  const status = statusText(fact.status);
  return { x: status, X: status };
}

/** Lots and value that the order had traded at the moment of the fact. */
function tradedAt(fact: OrderFact, order: ExchangeOrder): Pick<ExchangeOrder, "executed" | "executedQuote"> {
  if (fact.type === "fill") return fact;
  return fact.type === "accepted" ? { executed: 0 as ExchangeOrder["executed"], executedQuote: "0" } : order;
}

/** ORDER_TRADE_UPDATE of futures. `realized`: what a fill earned. */
export function orderTradeUpdate(listing: Listing, order: ExchangeOrder, fact: OrderFact, realized: string): object {
  const fill = fact.type === "fill" ? fact : null;
  const traded = tradedAt(fact, order);
  const type = typeText(order);
  return {
    e: "ORDER_TRADE_UPDATE",
    E: fact.at,
    T: fact.at,
    o: {
      s: wireSymbol(listing),
      c: clientIdText(order),
      S: sideText(order.request.side),
      o: type,
      f: timeInForceText(order),
      q: quantityText(listing, order.request.quantity),
      p: order.request.price === null ? "0" : priceText(listing, order.request.price),
      ap: averageText(listing, traded),
      sp: "0",
      ...wordsOf(fact, order),
      i: order.id,
      l: fill === null ? "0" : quantityText(listing, fill.quantity),
      z: quantityOrZero(listing, traded.executed),
      L: fill === null ? "0" : priceText(listing, fill.price),
      ...(fill === null ? {} : { n: amountText(fill.fee), N: fill.feeSymbol }),
      T: fact.at,
      t: fill?.tradeId ?? 0,
      b: "0",
      a: "0",
      m: fill?.isMaker ?? false,
      R: order.request.reduceOnly,
      wt: "CONTRACT_PRICE",
      ot: type,
      ps: "BOTH",
      cp: false,
      rp: amountOrZero(realized),
      pP: false,
      si: 0,
      ss: 0,
    },
  };
}

/** executionReport of spot. */
export function executionReport(listing: Listing, order: ExchangeOrder, fact: OrderFact): object {
  const fill = fact.type === "fill" ? fact : null;
  const traded = tradedAt(fact, order);
  const { x, X } = wordsOf(fact, order);
  const value: Money = fill === null ? money(0) : notionalOf(listing, fill.price, fill.quantity);
  return {
    e: "executionReport",
    E: fact.at,
    s: wireSymbol(listing),
    c: clientIdText(order),
    S: sideText(order.request.side),
    o: typeText(order),
    f: timeInForceText(order),
    q: quantityText(listing, order.request.quantity),
    p: order.request.price === null ? amountText("0") : priceText(listing, order.request.price),
    P: amountText("0"),
    F: amountText("0"),
    g: NO_ID,
    C: "",
    x,
    X,
    r: "NONE",
    i: order.id,
    l: fill === null ? amountText("0") : quantityText(listing, fill.quantity),
    z: quantityText(listing, traded.executed),
    L: fill === null ? amountText("0") : priceText(listing, fill.price),
    n: fill === null ? "0" : amountText(fill.fee),
    N: fill?.feeSymbol ?? null,
    T: fact.at,
    t: fill?.tradeId ?? NO_ID,
    I: 0,
    w: X === "NEW" || X === "PARTIALLY_FILLED",
    m: fill?.isMaker ?? false,
    M: false,
    O: order.createdAt,
    Z: amountText(traded.executedQuote),
    Y: amountText(value),
    Q: amountText(order.request.quoteQuantity ?? "0"),
  };
}

function walletEntry(account: SimAccount, asset: string, change: string): object {
  const balance = amountText(balanceOf(account, asset));
  return { a: asset, wb: balance, cw: balance, bc: amountOrZero(change) };
}

/** ACCOUNT_UPDATE after fills: the balance, and the positions that changed. */
export function accountUpdate(
  state: ExchangeState,
  account: SimAccount,
  symbols: readonly string[],
  marginType: (symbol: string) => "isolated" | "cross",
  at: number,
): object {
  const markets = symbols.map((symbol) => state.market(symbol));
  const settles = [...new Set(markets.map(({ listing }) => listing.instrument.settle))];
  const positions = markets.map(({ listing, price }) => {
    const position = positionOf(account, listing.id);
    return {
      s: wireSymbol(listing),
      pa: quantityOrZero(listing, position.quantity),
      ep: (entryPrice(listing, position) ?? money(0)).toFixed(ENTRY_DECIMALS),
      cr: amountText(position.realizedPnl),
      up: amountOrZero(unrealizedPnl(listing, position, price)),
      mt: marginType(listing.id),
      iw: "0",
      ps: "BOTH",
      ma: listing.instrument.settle,
    };
  });
  return {
    e: "ACCOUNT_UPDATE",
    T: at,
    E: at,
    a: { B: settles.map((asset) => walletEntry(account, asset, "0")), P: positions, m: "ORDER" },
  };
}

/** ACCOUNT_UPDATE of a funding payment on a cross position: the balance alone. */
export function fundingUpdate(account: SimAccount, paid: FundingPaid): object {
  const a = { B: [walletEntry(account, paid.asset, paid.amount)], P: [], m: "FUNDING_FEE" };
  return { e: "ACCOUNT_UPDATE", T: paid.at, E: paid.at, a };
}

/** outboundAccountPosition of spot: the balances of the pairs that traded. */
export function outboundAccountPosition(state: ExchangeState, account: SimAccount, symbols: readonly string[], at: number): object {
  const assets = new Set(
    symbols.flatMap((symbol) => [state.market(symbol).listing.instrument].flatMap(({ base, quote }) => [base, quote])),
  );
  const balances = spotBalanceViews(state, account)
    .filter(({ asset }) => assets.has(asset))
    .map(({ asset, free, locked }) => ({ a: asset, f: free, l: locked }));
  return { B: balances, e: "outboundAccountPosition", T: at, u: at, E: at, m: "ORDER" };
}

export function configUpdate(news: AccountNews, at: number): object {
  const frame = { e: "ACCOUNT_CONFIG_UPDATE", E: at, T: at };
  if (news.type === "leverage") return { ...frame, ac: { s: wireSymbol(news.listing), l: news.leverage } };
  return { ...frame, ai: { j: false, f: false, d: news.isHedged } };
}

export function listenKeyExpired(at: number): object {
  return { e: "listenKeyExpired", E: at };
}
