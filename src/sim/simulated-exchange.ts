// The exchange as its servers see it: one command at a time, journaled before anyone hears of it, then told to the streams.

import type { Clock } from "../core/ports.ts";
import type { Lots, Ticks } from "../core/units.ts";
import { Candles } from "./candles.ts";
import type { ExchangeOrder, Fact, MarketMoved, OrderRefusal, OrderRequest, Print } from "./exchange-facts.ts";
import type { ExchangeState, PlaceResult } from "./exchange-state.ts";
import { FundingClock, type FundingForecast, type FundingRates, fixedFunding } from "./funding.ts";
import type { Journal } from "./journal.ts";

/** Progress of a market without consequence for a user is journaled this often. */
const PROGRESS_MS = 1_000;
/** Public trades kept per instrument. */
const PRINTS_MAX = 1_000;
/** Update ids start at the time in ms times this, so that they grow over restarts. */
const UPDATE_IDS_PER_MS = 100;

export interface DepthUpdate {
  readonly symbol: string;
  /** Grows by one with each update of the instrument. */
  readonly updateId: number;
  readonly bids: readonly (readonly [Ticks, Lots])[];
  readonly asks: readonly (readonly [Ticks, Lots])[];
}

/** Everything that one command made known. */
export interface Publication {
  /** Epoch ms. */
  readonly at: number;
  readonly facts: readonly Fact[];
  readonly prints: readonly Print[];
  readonly depth: readonly DepthUpdate[];
}

export class SimulatedExchange {
  readonly state: ExchangeState;
  readonly clock: Clock;
  readonly candles = new Map<string, Candles>();
  /** Newest last, per instrument. */
  readonly prints = new Map<string, Print[]>();
  readonly #funding: FundingClock;
  readonly #journal: Journal | null;
  readonly #updateIds = new Map<string, number>();
  readonly #listeners: ((publication: Publication) => void)[] = [];
  readonly #progress = new Map<string, MarketMoved>();
  #progressAt = 0;
  #broken: unknown = null;

  constructor(options: { state: ExchangeState; journal: Journal | null; clock: Clock; funding?: FundingRates }) {
    this.state = options.state;
    this.clock = options.clock;
    this.#journal = options.journal;
    this.#funding = new FundingClock(options.state, options.funding ?? fixedFunding(), options.clock.now());
    for (const symbol of this.state.markets.keys()) {
      this.candles.set(symbol, new Candles());
      this.prints.set(symbol, []);
      this.#updateIds.set(symbol, this.clock.now() * UPDATE_IDS_PER_MS);
    }
  }

  /** Runs one command at the exchange's time (epoch ms), stores what it did, tells it, and returns its result. */
  run<Result>(command: (state: ExchangeState, at: number) => Result): Result {
    if (this.#broken !== null) throw new Error("the journal can no longer be written; restart the exchange", { cause: this.#broken });
    const at = this.clock.now();
    const result = command(this.state, at);
    const { facts, prints } = this.state.take();
    this.#store(facts, at);
    for (const print of prints) this.#keep(print);
    const depth = [...this.state.markets.keys()].flatMap((symbol) => this.#depthUpdate(symbol, false));
    const publication = { at, facts, prints, depth };
    for (const listener of this.#listeners) listener(publication);
    return result;
  }

  /** Takes an order and matches it, or says why not. */
  place(account: string, request: OrderRequest): PlaceResult {
    return this.run((state, at) => state.place(account, request, at));
  }

  /** Changes an open limit order in place (see `ExchangeState.amend`). */
  amend(account: string, id: number, to: { readonly price: Ticks; readonly quantity: Lots }): PlaceResult {
    return this.run((state, at) => state.amend(account, id, to, at));
  }

  /** Cancels an open order; undefined when there is none of this id. */
  cancel(account: string, id: number): ExchangeOrder | undefined {
    return this.run((state, at) => state.cancel(account, id, at));
  }

  /** Cancels all open orders of an instrument, or (null) of the account, and returns them. */
  cancelAll(account: string, symbol: string | null): readonly ExchangeOrder[] {
    return this.run((state, at) => state.cancelAll(account, symbol, at));
  }

  /** Sets the leverage that margin is asked for by, or says why not. */
  setLeverage(account: string, symbol: string, leverage: number): OrderRefusal | null {
    return this.run((state) => state.setLeverage(account, symbol, leverage));
  }

  /** The leverage that was set for an instrument, or null. */
  leverageOf(account: string, symbol: string): number | null {
    return this.state.account(account).leverage.get(symbol) ?? null;
  }

  /**
   * Starts a dead-man switch anew: unless it is started again, the orders of the instrument (null: of all) are canceled in
   * `afterMs` of the exchange's clock. 0 disarms it. Returns when it goes off, epoch ms.
   */
  startCountdown(account: string, symbol: string | null, afterMs: number): number | null {
    return this.run((state, at) => {
      const until = afterMs > 0 ? at + afterMs : null;
      state.setCountdown(account, symbol, until);
      return until;
    });
  }

  /** What the next funding of a perpetual will be. */
  fundingForecast(symbol: string): FundingForecast {
    return this.#funding.forecast(this.state.market(symbol), this.clock.now());
  }

  /** Pays funding at once, on top of the schedule. */
  payFunding(symbol: string, rate: string): void {
    this.run((state, at) => state.payFunding(symbol, rate, at));
  }

  /** Does what is due by the clock: dead-man switches and funding. Called several times a second. */
  tick(): void {
    const now = this.clock.now();
    for (const { name, countdowns } of this.state.accounts.values()) {
      for (const [symbol, until] of [...countdowns]) if (until <= now) this.#goOff(name, symbol === "" ? null : symbol);
    }
    for (const due of this.#funding.due(now)) this.run((state) => state.payFunding(due.symbol, due.rate, due.at));
  }

  #goOff(account: string, symbol: string | null): void {
    this.run((state, at) => {
      state.setCountdown(account, symbol, null);
      state.cancelAll(account, symbol, at);
    });
  }

  /** Tells the streams that an unchanged book is still the book. */
  heartbeat(symbol: string): void {
    const publication = { at: this.clock.now(), facts: [], prints: [], depth: this.#depthUpdate(symbol, true) };
    for (const listener of this.#listeners) listener(publication);
  }

  onPublished(listener: (publication: Publication) => void): void {
    this.#listeners.push(listener);
  }

  updateId(symbol: string): number {
    return this.#updateIds.get(symbol) ?? 0;
  }

  /** An order of an account, open or recently closed. */
  findOrder(account: string, id: number): ExchangeOrder | undefined {
    const { open, closed } = this.state.account(account);
    return open.get(id) ?? closed.findLast((order) => order.id === id);
  }

  /**
   * The order that an account gave this client id: the open one, else the youngest of the closed ones that are still kept.
   * `symbol` narrows it to an instrument.
   */
  findByClientId(account: string, clientId: number | string, symbol: string | null = null): ExchangeOrder | undefined {
    const isIt = ({ request }: ExchangeOrder): boolean => request.clientId === clientId && (symbol === null || request.symbol === symbol);
    const { open, closed } = this.state.account(account);
    for (const order of open.values()) if (isIt(order)) return order;
    return closed.findLast(isIt);
  }

  close(): void {
    if (this.#broken === null) this.#storeProgress(this.clock.now());
    this.#journal?.close();
  }

  #store(facts: readonly Fact[], at: number): void {
    if (facts.some((fact) => fact.type !== "market")) {
      for (const fact of facts) if (fact.type === "market") this.#progress.delete(fact.symbol);
      this.#append(facts);
      return;
    }
    for (const fact of facts) if (fact.type === "market") this.#progress.set(fact.symbol, fact);
    if (at - this.#progressAt >= PROGRESS_MS || at < this.#progressAt) this.#storeProgress(at);
  }

  #storeProgress(at: number): void {
    this.#progressAt = at;
    if (this.#progress.size > 0) this.#append([...this.#progress.values()]);
    this.#progress.clear();
  }

  /** A line that could not be written ends everything: what follows it would make no sense at the next start. */
  #append(facts: readonly Fact[]): void {
    try {
      this.#journal?.append(facts);
    } catch (error) {
      this.#broken = error;
      throw error;
    }
  }

  #keep(print: Print): void {
    this.candles.get(print.symbol)?.add(print);
    const prints = this.prints.get(print.symbol);
    if (prints === undefined) return;
    prints.push(print);
    if (prints.length > PRINTS_MAX * 2) prints.splice(0, PRINTS_MAX);
  }

  #depthUpdate(symbol: string, evenIfEmpty: boolean): DepthUpdate[] {
    const { bids, asks } = this.state.market(symbol).engine.takeDepthChanges();
    if (bids.length === 0 && asks.length === 0 && !evenIfEmpty) return [];
    const updateId = this.updateId(symbol) + 1;
    this.#updateIds.set(symbol, updateId);
    return [{ symbol, updateId, bids, asks }];
  }
}
