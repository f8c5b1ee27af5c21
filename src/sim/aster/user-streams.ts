// Turns what the exchange publishes into each account's user data events, in order, for whoever streams them.

import type { Fact } from "../exchange-facts.ts";
import type { Publication, SimulatedExchange } from "../simulated-exchange.ts";
import type { MarketKind } from "./listings.ts";
import type { Realized } from "./realized.ts";
import type { AccountSettings } from "./settings.ts";
import {
  type AccountNews,
  accountUpdate,
  configUpdate,
  executionReport,
  fundingUpdate,
  type OrderFact,
  orderTradeUpdate,
  outboundAccountPosition,
} from "./user-events.ts";

export type UserListener = (account: string, kind: MarketKind, event: object) => void;

function isOrderFact(fact: Fact): fact is OrderFact {
  return fact.type === "accepted" || fact.type === "amended" || fact.type === "fill" || fact.type === "closed";
}

export class UserStreams {
  readonly #exchange: SimulatedExchange;
  readonly #realized: Realized;
  readonly #settings: AccountSettings;
  readonly #listeners: UserListener[] = [];

  /** `realized` must listen to the exchange before this does. */
  constructor(exchange: SimulatedExchange, realized: Realized, settings: AccountSettings) {
    this.#exchange = exchange;
    this.#realized = realized;
    this.#settings = settings;
    exchange.onPublished((publication) => this.#publish(publication));
  }

  onEvent(listener: UserListener): void {
    this.#listeners.push(listener);
  }

  /** A changed setting, which is no fact of the exchange. */
  tell(account: string, news: AccountNews): void {
    this.#send(account, "perp", configUpdate(news, this.#exchange.clock.now()));
  }

  #publish({ at, facts }: Publication): void {
    const { state } = this.#exchange;
    /** Instruments that traded, by account and interface. */
    const traded = new Map<string, { account: string; kind: MarketKind; symbols: Set<string> }>();
    for (const fact of facts) {
      if (fact.type === "funding") this.#send(fact.account, "perp", fundingUpdate(state.account(fact.account), fact));
      if (!isOrderFact(fact)) continue;
      const kind = this.#publishOrder(fact);
      if (fact.type !== "fill") continue;
      const key = `${fact.account} ${kind}`;
      const entry = traded.get(key) ?? { account: fact.account, kind, symbols: new Set<string>() };
      traded.set(key, entry);
      entry.symbols.add(fact.symbol);
    }
    for (const { account, kind, symbols } of traded.values()) {
      const books = state.account(account);
      const marginType = (symbol: string) => (this.#settings.isIsolated(account, symbol) ? "isolated" : "cross");
      const event =
        kind === "perp"
          ? accountUpdate(state, books, [...symbols], marginType, at)
          : outboundAccountPosition(state, books, [...symbols], at);
      this.#send(account, kind, event);
    }
  }

  #publishOrder(fact: OrderFact): MarketKind {
    const order = this.#exchange.findOrder(fact.account, fact.type === "accepted" ? fact.id : fact.orderId);
    if (order === undefined) return "perp";
    const { listing } = this.#exchange.state.market(order.request.symbol);
    const { kind } = listing.instrument;
    const event =
      kind === "perp"
        ? orderTradeUpdate(listing, order, fact, fact.type === "fill" ? this.#realized.of(fact) : "0")
        : executionReport(listing, order, fact);
    this.#send(fact.account, kind, event);
    return kind;
  }

  #send(account: string, kind: MarketKind, event: object): void {
    for (const listener of this.#listeners) listener(account, kind, event);
  }
}
