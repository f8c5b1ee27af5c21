// The simulated exchange itself: accounts, books and markets, changed by commands and retold by facts; no clock, no input or output.

import { type Money, money, text, ZERO } from "../core/money.ts";
import type { Side } from "../core/order.ts";
import type { Lots, Ticks } from "../core/units.ts";
import { feeOf, leavesOf, positionOf, reducibleOf, type SimAccount } from "./accounts.ts";
import type { RestingOrder } from "./book-side.ts";
import type { ExchangeOrder, Fact, OrderRefusal, OrderRequest, Print } from "./exchange-facts.ts";
import { createListedMarket, type ListedMarket, MARKET_OWNER } from "./listed-market.ts";
import { type Listing, notionalOf } from "./listings.ts";
import { byExposure, isUnderwater, liquidationOrder } from "./margin.ts";
import { type Ladder, ladderAround, type MarketStep, type SourceProgress } from "./market-step.ts";
import type { Trade } from "./matching-engine.ts";
import { expiryReasonOf, NOT_FOUND, refusalOf, refusalText } from "./order-check.ts";
import { foldFact } from "./state-fold.ts";
import { restoreState, type StateSnapshot, snapshotState } from "./state-snapshot.ts";

const FIRST_ORDER_ID = 5_000_000_001;
/** Trade ids are reserved this many at a time, so that public prints need no journal line each. */
const TRADE_ID_BLOCK = 10_000;

export type PlaceResult = { readonly ok: true; readonly order: ExchangeOrder } | { readonly ok: false; readonly refusal: OrderRefusal };

/** What commands did since the last `take`. */
export interface Changes {
  readonly facts: readonly Fact[];
  readonly prints: readonly Print[];
}

export class ExchangeState {
  readonly listings: ReadonlyMap<string, Listing>;
  readonly accounts = new Map<string, SimAccount>();
  readonly markets = new Map<string, ListedMarket>();
  nextOrderId = FIRST_ORDER_ID;
  nextFundingId = 1;
  tradeIdLimit = 1;
  #nextTradeId = 1;
  #nextMarketOrderId = -1;
  #at = 0;
  /** Accounts that reads see in place of the true ones. */
  #shown: ReadonlyMap<string, SimAccount> | null = null;
  #facts: Fact[] = [];
  #prints: Print[] = [];
  /** Accounts and instruments whose position changed in the running command. */
  #moved: { account: SimAccount; symbol: string }[] = [];

  constructor(listings: readonly Listing[]) {
    this.listings = new Map(listings.map((listing) => [listing.id, listing]));
    for (const listing of listings) {
      const host = {
        reducible: (owner: string, side: Side) => this.#reducible(owner, listing.id, side),
        traded: (trade: Trade) => this.#traded(listing, trade),
        removed: (order: RestingOrder, why: "selfTrade" | "reduceOnly") => this.#removed(order, why),
      };
      this.markets.set(listing.id, createListedMarket(listing, host));
    }
  }

  // ---- commands -----------------------------------------------------------------------------------------------------

  openAccount(name: string, balances: Readonly<Record<string, string>>): void {
    if (!this.accounts.has(name)) this.#emit({ type: "account", name, balances });
  }

  /** Takes an order and matches it, or says why not. `at` is epoch ms. */
  place(accountName: string, request: OrderRequest, at: number): PlaceResult {
    this.#at = at;
    const account = this.account(accountName);
    const refusal = this.#refusalOf(account, request, this.nextOrderId);
    return refusal === null ? { ok: true, order: this.#accept(account, request) } : { ok: false, refusal };
  }

  /** Takes an order and closes it unmatched with a reason, as an exchange does that finds out only after it accepted. */
  closeOnArrival(accountName: string, request: OrderRequest, reason: string, at: number): ExchangeOrder {
    this.#at = at;
    const id = this.nextOrderId;
    this.#emit({ type: "accepted", id, account: accountName, at, order: request });
    const order = this.account(accountName).open.get(id) as ExchangeOrder;
    this.#close(order, "Cancelled", reason);
    return order;
  }

  /**
   * Changes an open limit order in place; `to.quantity` is its whole, filled part included. Fewer lots at the same price keep its
   * place in the queue, everything else goes to the end of it, as Binance documents. What is filled already ends the order.
   */
  amend(accountName: string, id: number, to: { readonly price: Ticks; readonly quantity: Lots }, at: number): PlaceResult {
    this.#at = at;
    const account = this.account(accountName);
    const order = account.open.get(id);
    if (order === undefined) return { ok: false, refusal: NOT_FOUND };
    const { engine } = this.market(order.request.symbol);
    const remaining = (to.quantity - order.executed) as Lots;
    if (remaining <= 0) {
      engine.cancel(id);
      this.#close(order, "Cancelled", null);
      return { ok: true, order };
    }
    const change = { type: "amended", orderId: id, account: accountName, price: to.price, quantity: to.quantity, at } as const;
    if (to.price === order.request.price && remaining <= leavesOf(order)) {
      engine.shrink(id, remaining);
      this.#emit({ ...change, priority: null });
      return { ok: true, order };
    }
    const others = { ...account, open: new Map([...account.open].filter(([other]) => other !== id)) };
    const request = { ...order.request, price: to.price, quantity: remaining };
    const refusal = this.#refusalOf(others, request, this.nextOrderId);
    if (refusal !== null) return { ok: false, refusal };
    engine.cancel(id);
    this.#emit({ ...change, priority: this.nextOrderId });
    this.#match(order, request);
    return { ok: true, order };
  }

  /** Cancels an open order of the account; undefined when there is none. */
  cancel(accountName: string, id: number, at: number): ExchangeOrder | undefined {
    this.#at = at;
    const order = this.account(accountName).open.get(id);
    if (order === undefined) return undefined;
    this.market(order.request.symbol).engine.cancel(id);
    this.#close(order, "Cancelled", null);
    return order;
  }

  /** Cancels the account's open orders, of one instrument or (null) of all. */
  cancelAll(accountName: string, symbol: string | null, at: number): ExchangeOrder[] {
    const orders = [...this.account(accountName).open.values()].filter((order) => symbol === null || order.request.symbol === symbol);
    for (const { id } of orders) this.cancel(accountName, id, at);
    return orders;
  }

  /** Sets the leverage that margin is asked for by; it must be a positive number that the instrument allows. */
  setLeverage(account: string, symbol: string, leverage: number): OrderRefusal | null {
    const { maxLeverage } = this.market(symbol).listing.instrument;
    if (maxLeverage === undefined || !(leverage >= 1 && leverage <= maxLeverage))
      return { reason: "leverage", code: "INVALID_CLIENT_REQUEST", message: `Leverage must be from 1 to ${maxLeverage ?? 1}` };
    this.#emit({ type: "leverage", account, symbol, leverage });
    return null;
  }

  /** Sets a dead-man switch of an account to go off at `until` (epoch ms), or with null disarms it. */
  setCountdown(account: string, symbol: string | null, until: number | null): void {
    this.#emit({ type: "countdown", account, symbol, until });
  }

  /** Pays funding on every position in a perpetual: longs pay shorts a positive rate of what they hold at the mark. */
  payFunding(symbol: string, rate: string, at: number): void {
    this.#at = at;
    const { listing, price: mark } = this.market(symbol);
    this.#emit({ type: "fundingRate", symbol, rate, mark, at });
    for (const account of this.accounts.values()) {
      const { quantity } = positionOf(account, symbol);
      if (quantity === 0) continue;
      const held = notionalOf(listing, mark, Math.abs(quantity) as Lots).times(Math.sign(quantity));
      const amount = text(ZERO.minus(held.times(money(rate))));
      const base = { type: "funding", id: this.nextFundingId, account: account.name, symbol, quantity, mark, rate } as const;
      this.#emit({ ...base, amount, asset: listing.instrument.settle, at });
    }
    this.#liquidate();
  }

  /** One market step: market orders against users, then the new ladder, which trades with what it would cross. */
  step(symbol: string, step: MarketStep, progress: SourceProgress | null, at: number): void {
    this.#at = at;
    const market = this.market(symbol);
    for (const id of market.ladderIds.splice(0)) market.engine.cancel(id);
    this.#emit({ type: "market", symbol, price: step.price, progress: progress ?? market.progress });
    for (const sweep of step.sweeps) {
      const result = this.#submitMarket(market, sweep.side, sweep.price, sweep.quantity, "ioc");
      if (result.left > 0) this.#print(market, sweep.side, sweep.price, result.left, result.id);
    }
    this.#placeLadder(market, step.ladder ?? ladderAround(step.price, market.listing.ladder));
    this.#expireReduceOnly();
    this.#liquidate();
  }

  /** What the commands since the last call did. */
  take(): Changes {
    const changes = { facts: this.#facts, prints: this.#prints };
    this.#facts = [];
    this.#prints = [];
    return changes;
  }

  // ---- reads --------------------------------------------------------------------------------------------------------

  account(name: string): SimAccount {
    const account = (this.#shown ?? this.accounts).get(name);
    if (account === undefined) throw new Error(`account ${name} does not exist`);
    return account;
  }

  /** Calls `read` while `account` finds other accounts than the true ones. */
  showing<Result>(accounts: ReadonlyMap<string, SimAccount>, read: () => Result): Result {
    this.#shown = accounts;
    try {
      return read();
    } finally {
      this.#shown = null;
    }
  }

  market(symbol: string): ListedMarket {
    const market = this.markets.get(symbol);
    if (market === undefined) throw new Error(`${symbol} is not listed`);
    return market;
  }

  // ---- storing and restoring ----------------------------------------------------------------------------------------

  snapshot(): StateSnapshot {
    return snapshotState(this);
  }

  /** Only on a fresh state; `rebuildBooks` follows once all facts are retold. */
  restore(snapshot: StateSnapshot): void {
    restoreState(this, snapshot);
    this.#nextTradeId = this.tradeIdLimit;
  }

  /** Retells a journaled fact. */
  retell(fact: Fact): void {
    foldFact(this, fact);
    this.#nextTradeId = this.tradeIdLimit;
  }

  /** Rests all open orders again, oldest first, which is their priority at each price. */
  rebuildBooks(): void {
    const open = [...this.accounts.values()].flatMap((account) => [...account.open.values()]);
    for (const order of open.sort((a, b) => (a.priority ?? a.id) - (b.priority ?? b.id))) {
      const { symbol, side, price, reduceOnly } = order.request;
      if (price === null) throw new Error(`market order ${order.id} cannot rest`);
      this.market(symbol).engine.rest({ id: order.id, owner: order.account, side, price, reduceOnly, remaining: leavesOf(order) });
    }
  }

  // ---- inside -------------------------------------------------------------------------------------------------------

  #emit(fact: Fact): void {
    this.#facts.push(fact);
    foldFact(this, fact);
  }

  /** Why an order is not taken, or null; `id` is one that no resting order has. */
  #refusalOf(account: SimAccount, request: OrderRequest, id: number): OrderRefusal | null {
    const { listing, engine } = this.market(request.symbol);
    const markOf = (symbol: string): Ticks => this.market(symbol).price;
    const refusal = refusalOf(request, { account, listing, listings: this.listings, engine, markOf });
    if (refusal !== null) return refusal;
    const why = engine.refusalOf({ ...request, id, owner: account.name });
    return why === null ? null : refusalText(why);
  }

  #accept(account: SimAccount, request: OrderRequest): ExchangeOrder {
    const id = this.nextOrderId;
    this.#emit({ type: "accepted", id, account: account.name, at: this.#at, order: request });
    const order = account.open.get(id) as ExchangeOrder;
    this.#match(order, request);
    return order;
  }

  /** Matches an order that was checked; what is left of it rests or expires. */
  #match(order: ExchangeOrder, request: OrderRequest): void {
    const result = this.market(request.symbol).engine.submit({ ...request, id: order.id, owner: order.account });
    if (result.outcome === "refused") throw new Error(`order ${order.id} was refused after its check: ${result.why}`);
    if (result.expired > 0) this.#close(order, "Expired", expiryReasonOf(request));
    this.#expireReduceOnly();
  }

  /** Takes over every account whose equity no longer carries its positions: cancels its orders, then closes the largest first. */
  #liquidate(): void {
    const markOf = (symbol: string): Ticks => this.market(symbol).price;
    for (const account of this.accounts.values()) {
      if (!isUnderwater(account, this.listings, markOf)) continue;
      for (const order of [...account.open.values()]) {
        if (this.market(order.request.symbol).listing.instrument.kind !== "perp") continue;
        this.market(order.request.symbol).engine.cancel(order.id);
        this.#close(order, "Cancelled", "Liquidation");
      }
      for (const symbol of byExposure(account, this.listings, markOf)) {
        const { quantity } = positionOf(account, symbol);
        if (quantity !== 0 && isUnderwater(account, this.listings, markOf)) this.#accept(account, liquidationOrder(symbol, quantity));
      }
    }
  }

  #reducible(owner: string, symbol: string, side: Side): number {
    return owner === MARKET_OWNER ? Number.MAX_SAFE_INTEGER : reducibleOf(this.account(owner), symbol, side);
  }

  /** Called by the engine for each execution. */
  #traded(listing: Listing, trade: Trade): void {
    const tradeId = this.#takeTradeId();
    const { price, quantity, takerSide, taker, maker } = trade;
    const parts = [
      { party: taker, side: takerSide, isMaker: false },
      { party: maker, side: takerSide === "buy" ? ("sell" as const) : ("buy" as const), isMaker: true },
    ];
    for (const { party, side, isMaker } of parts) {
      if (party.owner === MARKET_OWNER) continue;
      const account = this.account(party.owner);
      const order = account.open.get(party.id) as ExchangeOrder;
      const executedQuote: Money = money(order.executedQuote).plus(notionalOf(listing, price, quantity));
      const base = { tradeId, orderId: order.id, account: account.name, symbol: listing.id, clientId: order.request.clientId };
      const { origin } = order.request;
      const fee = feeOf(listing, { side, price, quantity, isMaker });
      const executed = (order.executed + quantity) as Lots;
      const fill = { ...base, side, price, quantity, ...fee, isMaker, executed, executedQuote: text(executedQuote), at: this.#at };
      this.#emit({ type: "fill", ...fill, ...(origin === undefined ? {} : { origin }) });
      this.#moved.push({ account, symbol: listing.id });
    }
    const buyer = takerSide === "buy" ? taker : maker;
    const seller = takerSide === "buy" ? maker : taker;
    const ids = { buyOrderId: Math.abs(buyer.id), sellOrderId: Math.abs(seller.id) };
    this.#prints.push({ symbol: listing.id, tradeId, price, quantity, takerSide, ...ids, at: this.#at });
  }

  #removed(resting: RestingOrder, why: "selfTrade" | "reduceOnly"): void {
    const order = this.accounts.get(resting.owner)?.open.get(resting.id);
    if (order === undefined) return;
    if (why === "selfTrade") this.#close(order, "Cancelled", "SelfTradePrevention");
    else this.#close(order, "Expired", "ReduceOnlyNotReduced");
  }

  #close(order: ExchangeOrder, status: "Cancelled" | "Expired", reason: string | null): void {
    this.#emit({ type: "closed", orderId: order.id, account: order.account, status, reason, at: this.#at });
  }

  /** Resting reduce-only orders of a position that is gone have nothing left to do. */
  #expireReduceOnly(): void {
    for (const { account, symbol } of this.#moved.splice(0)) {
      for (const order of [...account.open.values()]) {
        const { reduceOnly, side } = order.request;
        if (!reduceOnly || order.request.symbol !== symbol || reducibleOf(account, symbol, side) > 0) continue;
        this.market(symbol).engine.cancel(order.id);
        this.#close(order, "Expired", "ReduceOnlyNotReduced");
      }
    }
  }

  #submitMarket(market: ListedMarket, side: Side, price: Ticks, quantity: Lots, timeInForce: "gtc" | "ioc"): { id: number; left: Lots } {
    const id = this.#nextMarketOrderId;
    this.#nextMarketOrderId -= 1;
    const flags = { postOnly: false, reduceOnly: false, selfTrade: "rejectMaker" } as const;
    const result = market.engine.submit({ id, owner: MARKET_OWNER, side, price, quantity, timeInForce, ...flags });
    if (result.outcome === "refused") throw new Error(`the market's order was refused: ${result.why}`);
    if (result.rests > 0) market.ladderIds.push(id);
    return { id, left: result.expired };
  }

  #placeLadder(market: ListedMarket, ladder: Ladder): void {
    for (const [price, quantity] of ladder.bids) this.#submitMarket(market, "buy", price, quantity, "gtc");
    for (const [price, quantity] of ladder.asks) this.#submitMarket(market, "sell", price, quantity, "gtc");
  }

  /** The part of a market order that met no user traded inside the market: it is on the tape, nowhere else. */
  #print(market: ListedMarket, takerSide: Side, price: Ticks, quantity: Lots, id: number): void {
    const other = Math.abs(id);
    const ids = takerSide === "buy" ? { buyOrderId: other, sellOrderId: 0 } : { buyOrderId: 0, sellOrderId: other };
    this.#prints.push({ symbol: market.listing.id, tradeId: this.#takeTradeId(), price, quantity, takerSide, ...ids, at: this.#at });
  }

  #takeTradeId(): number {
    if (this.#nextTradeId >= this.tradeIdLimit) this.#emit({ type: "tradeIds", limit: this.#nextTradeId + TRADE_ID_BLOCK });
    const id = this.#nextTradeId;
    this.#nextTradeId += 1;
    return id;
  }
}
