// How each fact changes accounts, orders, counters and markets: the only place that does, live and at a restart alike.

import { money } from "../core/money.ts";
import type { Lots } from "../core/units.ts";
import { bookFill, createAccount, credit, leavesOf, type SimAccount } from "./accounts.ts";
import type {
  CountdownSet,
  ExchangeOrder,
  Fact,
  FundingPaid,
  FundingSettled,
  OrderAmended,
  OrderClosed,
  OrderFilled,
} from "./exchange-facts.ts";
import type { ExchangeState } from "./exchange-state.ts";

/** What an account's and a market's history keeps. */
const CLOSED_ORDERS_MAX = 50_000;
const FILLS_MAX = 500_000;
const FUNDING_MAX = 50_000;
const SETTLED_MAX = 1_000;

/** Changes the state by a fact. Throws for one that does not fit it. */
export function foldFact(state: ExchangeState, fact: Fact): void {
  switch (fact.type) {
    case "account":
      state.accounts.set(fact.name, createAccount(fact.name, fact.balances));
      return;
    case "accepted": {
      const { id, account, at, order: request } = fact;
      const times = { createdAt: at, updatedAt: at };
      const order = { id, account, request, ...times, executed: 0 as Lots, executedQuote: "0", expiryReason: null };
      state.account(account).open.set(id, { ...order, state: "New" });
      state.nextOrderId = Math.max(state.nextOrderId, id + 1);
      return;
    }
    case "amended":
      return foldAmendment(state, fact);
    case "fill":
      return foldFill(state, fact);
    case "closed":
      return foldClosed(state, fact);
    case "leverage":
      state.account(fact.account).leverage.set(fact.symbol, fact.leverage);
      return;
    case "countdown":
      return foldCountdown(state, fact);
    case "funding":
      return foldFunding(state, fact);
    case "fundingRate":
      return foldSettled(state, fact);
    case "market": {
      const market = state.market(fact.symbol);
      market.price = fact.price;
      market.progress = fact.progress;
      return;
    }
    case "tradeIds":
      state.tradeIdLimit = fact.limit;
      return;
  }
}

function openOrder(state: ExchangeState, fact: { readonly account: string; readonly orderId: number }, what: string): ExchangeOrder {
  const order = state.account(fact.account).open.get(fact.orderId);
  if (order === undefined) throw new Error(`order ${fact.orderId} ${what} but was not open`);
  return order;
}

function foldAmendment(state: ExchangeState, fact: OrderAmended): void {
  const order = openOrder(state, fact, "was amended");
  order.request = { ...order.request, price: fact.price, quantity: fact.quantity };
  order.updatedAt = fact.at;
  if (fact.priority === null) return;
  order.priority = fact.priority;
  state.nextOrderId = Math.max(state.nextOrderId, fact.priority + 1);
}

function foldFill(state: ExchangeState, fill: OrderFilled): void {
  const account = state.account(fill.account);
  const order = openOrder(state, fill, "filled");
  order.executed = fill.executed;
  order.executedQuote = fill.executedQuote;
  order.updatedAt = fill.at;
  order.state = leavesOf(order) === 0 ? "Filled" : "PartiallyFilled";
  bookFill(account, state.market(fill.symbol).listing, fill);
  append(account.fills, fill, FILLS_MAX);
  if (order.state === "Filled") archive(account, order);
}

function foldClosed(state: ExchangeState, fact: OrderClosed): void {
  const order = openOrder(state, fact, "is closed");
  order.state = fact.status;
  order.expiryReason = fact.reason;
  order.updatedAt = fact.at;
  archive(state.account(fact.account), order);
}

function foldCountdown(state: ExchangeState, { account, symbol, until }: CountdownSet): void {
  const { countdowns } = state.account(account);
  if (until === null) countdowns.delete(symbol ?? "");
  else countdowns.set(symbol ?? "", until);
}

function foldFunding(state: ExchangeState, fact: FundingPaid): void {
  const account = state.account(fact.account);
  credit(account, fact.asset, money(fact.amount));
  append(account.funding, fact, FUNDING_MAX);
  state.nextFundingId = Math.max(state.nextFundingId, fact.id + 1);
}

function foldSettled(state: ExchangeState, fact: FundingSettled): void {
  const market = state.market(fact.symbol);
  append(market.settled, fact, SETTLED_MAX);
  market.fundings += 1;
}

function archive(account: SimAccount, order: ExchangeOrder): void {
  account.open.delete(order.id);
  append(account.closed, order, CLOSED_ORDERS_MAX);
}

/** Forgets the oldest once there are twice as many as are kept. */
function append<Row>(rows: Row[], row: Row, most: number): void {
  rows.push(row);
  if (rows.length > most * 2) rows.splice(0, most);
}
