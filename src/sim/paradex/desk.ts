// One Paradex exchange as its REST endpoints and its streams share it: exchange, sessions and sequence numbers.

import type { ExchangeOrder, OrderFilled } from "../exchange-facts.ts";
import type { SimulatedExchange } from "../simulated-exchange.ts";
import { fillView, orderView, progressOf } from "./account-views.ts";
import type { ParadexAccount, ParadexAccounts } from "./accounts.ts";
import type { Session } from "./session.ts";

/** Sequence numbers start at the time in ms times this, so that they grow over restarts. */
const SEQUENCES_PER_MS = 1_000;

export class Desk {
  readonly exchange: SimulatedExchange;
  readonly accounts: ParadexAccounts;
  readonly session: Session;
  #sequence: number;

  constructor(exchange: SimulatedExchange, accounts: ParadexAccounts, session: Session) {
    this.exchange = exchange;
    this.accounts = accounts;
    this.session = session;
    this.#sequence = exchange.clock.now() * SEQUENCES_PER_MS;
  }

  /** Higher than every one before. */
  nextSequence(): number {
    this.#sequence += 1;
    return this.#sequence;
  }

  /** A fill, as REST and stream tell it. */
  fillView(fill: OrderFilled): object {
    const { listing } = this.exchange.state.market(fill.symbol);
    return fillView(listing, fill, this.exchange.findOrder(fill.account, fill.orderId)?.request.quantity ?? null);
  }

  /** An order as it is now. */
  orderView(owner: ParadexAccount, order: ExchangeOrder): object {
    const { listing } = this.exchange.state.market(order.request.symbol);
    return orderView(listing, owner.address, order, progressOf(order, this.nextSequence()));
  }
}
