// What a publication of the exchange tells an account's private channels, message by message.

import type { Lots } from "../../core/units.ts";
import type { ExchangeOrder, Fact } from "../exchange-facts.ts";
import type { Publication } from "../simulated-exchange.ts";
import { accountView, beginOf, type OrderProgress, orderView, positionView, progressOf } from "./account-views.ts";
import type { ParadexAccount } from "./accounts.ts";
import type { Desk } from "./desk.ts";
import { paymentView } from "./funding.ts";
import { cancelReason } from "./values.ts";

/** A message for the subscribers of `channel` of one account, made only when there are any. */
export interface PrivateEvent {
  readonly account: string;
  /** `orders`, `fills`, `positions`, `account` or `funding_payments`. */
  readonly kind: string;
  /** Null: the channel is not by market. */
  readonly symbol: string | null;
  make(): object;
}

function ordered(order: ExchangeOrder): Lots {
  return order.request.quantity;
}

/** How an order stood right after a fact, oldest first; an accepted order that meets nothing is NEW and then OPEN. */
function progressAfter(desk: Desk, fact: Fact, order: ExchangeOrder, rests: boolean): OrderProgress[] {
  const sequence = (): number => desk.nextSequence();
  if (fact.type === "accepted")
    return rests ? [beginOf(order, "NEW", sequence()), beginOf(order, "OPEN", sequence())] : [beginOf(order, "NEW", sequence())];
  if (fact.type === "fill") {
    const { executed, executedQuote, at } = fact;
    const status = executed === ordered(order) ? "CLOSED" : "OPEN";
    return [{ status, executed, executedQuote, reason: "", at, sequence: sequence() }];
  }
  if (fact.type === "closed") {
    const reason = cancelReason({ state: fact.status, expiryReason: fact.reason });
    const { executed, executedQuote } = order;
    return [{ status: "CLOSED", executed, executedQuote, reason, at: fact.at, sequence: sequence() }];
  }
  return [progressOf(order, sequence())];
}

function orderEvents(desk: Desk, owner: ParadexAccount, fact: Fact, order: ExchangeOrder, rests: boolean): PrivateEvent[] {
  const { symbol } = order.request;
  const { listing } = desk.exchange.state.market(symbol);
  return progressAfter(desk, fact, order, rests).map((progress) => ({
    account: owner.name,
    kind: "orders",
    symbol,
    make: () => orderView(listing, owner.address, order, progress),
  }));
}

/** The order that a fact is about. */
function orderIdOf(fact: Fact): number | null {
  if (fact.type === "accepted") return fact.id;
  return fact.type === "fill" || fact.type === "closed" || fact.type === "amended" ? fact.orderId : null;
}

/** Everything that a publication tells, in the order in which it happened; positions and accounts once, as they are at the end. */
export function privateEvents(desk: Desk, { facts, at }: Publication): PrivateEvent[] {
  const { exchange, accounts } = desk;
  const events: PrivateEvent[] = [];
  const moved = new Map<string, { owner: ParadexAccount; symbol: string }>();
  facts.forEach((fact, index) => {
    const id = orderIdOf(fact);
    if (fact.type === "funding") {
      const owner = accounts.named(fact.account);
      events.push({ account: owner.name, kind: "funding_payments", symbol: fact.symbol, make: () => paymentView(owner, fact) });
      moved.set(`${owner.name} ${fact.symbol}`, { owner, symbol: fact.symbol });
    }
    if (id === null || !("account" in fact) || fact.account === null) return;
    const owner = accounts.named(fact.account);
    const order = exchange.findOrder(owner.name, id);
    if (order === undefined) return;
    const rests = !facts.slice(index + 1).some((later) => orderIdOf(later) === id);
    events.push(...orderEvents(desk, owner, fact, order, rests));
    if (fact.type !== "fill") return;
    events.push({ account: owner.name, kind: "fills", symbol: fact.symbol, make: () => desk.fillView(fact) });
    moved.set(`${owner.name} ${fact.symbol}`, { owner, symbol: fact.symbol });
  });
  for (const { owner, symbol } of moved.values()) {
    const make = () => positionView(exchange.state, owner, symbol, desk.nextSequence(), at);
    events.push({ account: owner.name, kind: "positions", symbol: null, make });
  }
  for (const owner of new Set([...moved.values()].map(({ owner }) => owner))) {
    const make = () => accountView(exchange.state, owner, desk.nextSequence(), at);
    events.push({ account: owner.name, kind: "account", symbol: null, make });
  }
  return events;
}
