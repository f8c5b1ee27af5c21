// What each fill earned on the position that it closed, which the exchange's own facts do not say.

import { text, ZERO } from "../../core/money.ts";
import type { Lots } from "../../core/units.ts";
import { positionAfter, type SimPosition } from "../accounts.ts";
import type { OrderFilled } from "../exchange-facts.ts";
import type { SimulatedExchange } from "../simulated-exchange.ts";

const FLAT: SimPosition = { quantity: 0 as Lots, cost: ZERO, realizedPnl: ZERO };

export class Realized {
  readonly #exchange: SimulatedExchange;
  readonly #positions = new Map<string, SimPosition>();
  /** By trade and order: a self-trade is one trade and two fills. */
  readonly #earned = new Map<string, string>();

  /** Follows every fill of the exchange, those before its start too. */
  constructor(exchange: SimulatedExchange) {
    this.#exchange = exchange;
    for (const account of exchange.state.accounts.values()) for (const fill of account.fills) this.#follow(fill);
    exchange.onPublished(({ facts }) => {
      for (const fact of facts) if (fact.type === "fill") this.#follow(fact);
    });
  }

  /** Decimal in the settlement currency, before fees; `0` for a fill that only opened, and on spot. */
  of(fill: OrderFilled): string {
    return this.#earned.get(`${fill.tradeId} ${fill.orderId}`) ?? "0";
  }

  #follow(fill: OrderFilled): void {
    const { listing } = this.#exchange.state.market(fill.symbol);
    if (listing.instrument.kind !== "perp") return;
    const key = `${fill.account} ${fill.symbol}`;
    const before = this.#positions.get(key) ?? FLAT;
    const after = positionAfter(listing, before, fill.side, fill.price, fill.quantity);
    this.#positions.set(key, after);
    const earned = text(after.realizedPnl.minus(before.realizedPnl));
    if (earned !== "0") this.#earned.set(`${fill.tradeId} ${fill.orderId}`, earned);
  }
}
