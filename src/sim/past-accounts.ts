// The accounts as they were a while ago, for reads that lag behind: a second state that hears every fact late.

import type { Fact } from "./exchange-facts.ts";
import { ExchangeState } from "./exchange-state.ts";
import type { SimulatedExchange } from "./simulated-exchange.ts";

export class PastAccounts {
  readonly #exchange: SimulatedExchange;
  readonly #ageMs: number;
  readonly #state: ExchangeState;
  readonly #waiting: { readonly at: number; readonly facts: readonly Fact[] }[] = [];

  /** Begins with the accounts as they are now; they stay so until something is `ageMs` old. */
  constructor(exchange: SimulatedExchange, ageMs: number) {
    this.#exchange = exchange;
    this.#ageMs = ageMs;
    this.#state = new ExchangeState([...exchange.state.listings.values()]);
    this.#state.restore(structuredClone(exchange.state.snapshot()));
    exchange.onPublished(({ at, facts }) => {
      if (facts.some((fact) => fact.type !== "market")) this.#waiting.push({ at, facts: structuredClone(facts) });
    });
  }

  /** Calls `read` while the exchange shows its accounts as they were. `read` must be done with them when it returns. */
  during<Result>(read: () => Result): Result {
    const until = this.#exchange.clock.now() - this.#ageMs;
    for (;;) {
      const oldest = this.#waiting[0];
      if (oldest === undefined || oldest.at > until) break;
      for (const fact of oldest.facts) this.#state.retell(fact);
      this.#waiting.shift();
    }
    return this.#exchange.state.showing(this.#state.accounts, read);
  }
}
