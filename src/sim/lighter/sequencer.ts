// Lighter in two steps: the server takes or refuses a transaction at once, the sequencer carries it out a little later.

import { createHash } from "node:crypto";
import type { Lots, Ticks } from "../../core/units.ts";
import type { ExchangeOrder, OrderRequest } from "../exchange-facts.ts";
import { refusalOf } from "../order-check.ts";
import type { SimulatedExchange } from "../simulated-exchange.ts";
import { endOf, LighterError, refusedAtOnce } from "./errors.ts";
import { CLIENT_INDEX_LIMIT, type Transaction, type TransactionReader } from "./transactions.ts";
import { orderIdOf } from "./values.ts";

/** Documented for standard accounts: 200 ms, and 300 ms for takers. Shortened, so that tests do not wait for it. */
const EXECUTION_MS = 40;
const SCHEDULE_LEAST_MS = 300_000;
const SCHEDULE_MOST_MS = 15 * 86_400_000;

/** A transaction that the server took. */
export interface Taken {
  readonly txHash: string;
  /** Epoch ms. */
  readonly predictedAt: number;
}

export class Sequencer {
  readonly #exchange: SimulatedExchange;
  readonly #reader: TransactionReader;
  /** Client indexes of orders on their way, as `account index`. */
  readonly #pending = new Set<string>();
  readonly #timers = new Set<NodeJS.Timeout>();

  constructor(exchange: SimulatedExchange, reader: TransactionReader) {
    this.#exchange = exchange;
    this.#reader = reader;
  }

  /** Takes a transaction. Throws a LighterError for what the server finds wrong itself. */
  take(txType: number, txInfo: unknown): Taken {
    const transaction = this.#reader.read(txType, txInfo);
    this.#check(transaction);
    this.#reader.accept(transaction);
    const { account, wish, nonce } = transaction;
    const name = wish.type === "create" ? `${account.name} ${wish.order.clientId}` : null;
    if (name !== null) this.#pending.add(name);
    // Equal waits end in the order in which they began.
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      if (name !== null) this.#pending.delete(name);
      this.#carryOut(transaction);
    }, EXECUTION_MS);
    this.#timers.add(timer);
    const txHash = createHash("sha256").update(`${account.index}:${account.keyIndex}:${nonce}`).digest("hex");
    return { txHash, predictedAt: this.#exchange.clock.now() + EXECUTION_MS };
  }

  close(): void {
    for (const timer of this.#timers) clearTimeout(timer);
  }

  #check({ account, wish }: Transaction): void {
    const { state, clock } = this.#exchange;
    const symbol = wish.type === "create" ? wish.order.symbol : "symbol" in wish ? wish.symbol : null;
    if (symbol !== null && !state.markets.has(symbol)) throw new LighterError(21602);
    if (wish.type === "create") this.#checkOrder(account.name, wish.order);
    if (wish.type === "modify" && this.#find(account.name, wish.symbol, wish.index) === undefined) throw new LighterError(21600);
    if (wish.type === "leverage" && wish.isIsolated) throw new LighterError(21613, "the simulated accounts have cross margin");
    if (wish.type !== "schedule" || wish.at === null) return;
    if (state.account(account.name).countdowns.has("")) throw new LighterError(21712);
    const ahead = wish.at - clock.now();
    // What was exactly the least when it was signed is a little less when it arrives.
    if (ahead < SCHEDULE_LEAST_MS - 5_000 || ahead > SCHEDULE_MOST_MS) throw new LighterError(21714);
  }

  /** An order that would rest is checked whole; of one that would take, only the sequencer knows whether it can be paid. */
  #checkOrder(name: string, order: OrderRequest): void {
    const { state } = this.#exchange;
    if (order.clientId !== null && this.#pending.has(`${name} ${order.clientId}`)) throw new LighterError(21728);
    const { engine, listing } = state.market(order.symbol);
    const markOf = (symbol: string): Ticks => state.market(symbol).price;
    const refusal = refusalOf(order, { account: state.account(name), listing, listings: state.listings, engine, markOf });
    if (refusal === null) return;
    const best = engine.best(order.side === "buy" ? "sell" : "buy")?.price;
    const takes = best !== undefined && order.price !== null && (order.side === "buy" ? order.price >= best : order.price <= best);
    const isPaid = refusal.reason === "margin" || refusal.reason === "funds";
    if (isPaid && takes && !order.postOnly) return;
    throw refusedAtOnce(refusal);
  }

  #carryOut({ account: { name }, wish }: Transaction): void {
    const exchange = this.#exchange;
    switch (wish.type) {
      case "create":
        return this.#place(name, wish.order);
      case "cancel": {
        // A cancel of what is not open is taken and does nothing.
        const order = this.#find(name, wish.symbol, wish.index);
        if (order !== undefined) exchange.cancel(name, order.id);
        return;
      }
      case "modify": {
        const order = this.#find(name, wish.symbol, wish.index);
        if (order !== undefined) exchange.amend(name, order.id, { price: wish.price, quantity: wish.quantity as Lots });
        return;
      }
      case "cancelAll":
        exchange.cancelAll(name, wish.symbol);
        return;
      case "schedule":
        exchange.startCountdown(name, null, wish.at === null ? 0 : wish.at - exchange.clock.now());
        return;
      case "leverage":
        exchange.setLeverage(name, wish.symbol, wish.leverage);
        return;
    }
  }

  #place(name: string, order: OrderRequest): void {
    const result = this.#exchange.place(name, order);
    if (!result.ok) this.#exchange.run((state, at) => state.closeOnArrival(name, order, endOf(result.refusal), at));
  }

  /** An open order by the client's index or the exchange's. */
  #find(name: string, symbol: string, index: number): ExchangeOrder | undefined {
    const { open } = this.#exchange.state.account(name);
    for (const order of open.values()) {
      const isIt = index < CLIENT_INDEX_LIMIT ? order.request.clientId === index : orderIdOf(order.id) === index;
      if (isIt && order.request.symbol === symbol) return order;
    }
    return undefined;
  }
}
