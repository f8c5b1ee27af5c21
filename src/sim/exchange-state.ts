// The simulated exchange itself: accounts, books and markets, changed by commands and retold by facts; no clock, no input or output.

import { type Money, money, text } from "../core/money.ts";
import type { Side } from "../core/order.ts";
import type { Lots, Ticks } from "../core/units.ts";
import { bookFill, createAccount, feeOf, leavesOf, reducibleOf, type SimAccount } from "./accounts.ts";
import type { RestingOrder } from "./book-side.ts";
import type { ExchangeOrder, Fact, OrderFilled, OrderRefusal, OrderRequest, Print } from "./exchange-facts.ts";
import { createListedMarket, type ListedMarket, MARKET_OWNER } from "./listed-market.ts";
import { type Listing, notionalOf } from "./listings.ts";
import { type Ladder, ladderAround, type MarketStep, type SourceProgress } from "./market-step.ts";
import type { Trade } from "./matching-engine.ts";
import { refusalOf, refusalText } from "./order-check.ts";
import { restoreState, type StateSnapshot, snapshotState } from "./state-snapshot.ts";

const FIRST_ORDER_ID = 5_000_000_001;
/** Trade ids are reserved this many at a time, so that public prints need no journal line each. */
const TRADE_ID_BLOCK = 10_000;
/** Closed orders and fills that an account's history keeps. */
const CLOSED_ORDERS_MAX = 50_000;
const FILLS_MAX = 500_000;

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
  tradeIdLimit = 1;
  #nextTradeId = 1;
  #nextMarketOrderId = -1;
  #at = 0;
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
    const market = this.market(request.symbol);
    const markOf = (symbol: string): Ticks => this.market(symbol).price;
    const refusal = refusalOf(request, { account, listing: market.listing, listings: this.listings, engine: market.engine, markOf });
    if (refusal !== null) return { ok: false, refusal };
    const id = this.nextOrderId;
    const incoming = { ...request, id, owner: accountName };
    const why = market.engine.refusalOf(incoming);
    if (why !== null) return { ok: false, refusal: refusalText(why) };
    this.#emit({ type: "accepted", id, account: accountName, at, order: request });
    const order = account.open.get(id) as ExchangeOrder;
    const result = market.engine.submit(incoming);
    if (result.outcome === "refused") throw new Error(`order ${id} was refused after its check: ${result.why}`);
    if (result.expired > 0) this.#close(order, "Expired", expiryReasonOf(request));
    this.#expireReduceOnly();
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
    const account = this.accounts.get(name);
    if (account === undefined) throw new Error(`account ${name} does not exist`);
    return account;
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
    this.#fold(fact);
    this.#nextTradeId = this.tradeIdLimit;
  }

  /** Rests all open orders again, oldest first, which is their priority at each price. */
  rebuildBooks(): void {
    const open = [...this.accounts.values()].flatMap((account) => [...account.open.values()]);
    for (const order of open.sort((a, b) => a.id - b.id)) {
      const { symbol, side, price, reduceOnly } = order.request;
      if (price === null) throw new Error(`market order ${order.id} cannot rest`);
      this.market(symbol).engine.rest({ id: order.id, owner: order.account, side, price, reduceOnly, remaining: leavesOf(order) });
    }
  }

  // ---- inside -------------------------------------------------------------------------------------------------------

  #emit(fact: Fact): void {
    this.#facts.push(fact);
    this.#fold(fact);
  }

  /** The only place where a fact changes accounts, orders, counters and markets: live and at restart alike. */
  #fold(fact: Fact): void {
    switch (fact.type) {
      case "account":
        this.accounts.set(fact.name, createAccount(fact.name, fact.balances));
        return;
      case "accepted": {
        const { id, account, at, order: request } = fact;
        const order = { id, account, request, createdAt: at, executed: 0 as Lots, executedQuote: "0", expiryReason: null };
        this.account(account).open.set(id, { ...order, state: "New" });
        this.nextOrderId = Math.max(this.nextOrderId, id + 1);
        return;
      }
      case "fill":
        this.#foldFill(fact);
        return;
      case "closed": {
        const account = this.account(fact.account);
        const order = account.open.get(fact.orderId);
        if (order === undefined) throw new Error(`order ${fact.orderId} is closed but was not open`);
        order.state = fact.status;
        order.expiryReason = fact.reason;
        archive(account, order);
        return;
      }
      case "market": {
        const market = this.market(fact.symbol);
        market.price = fact.price;
        market.progress = fact.progress;
        return;
      }
      case "tradeIds":
        this.tradeIdLimit = fact.limit;
        return;
    }
  }

  #foldFill(fill: OrderFilled): void {
    const account = this.account(fill.account);
    const order = account.open.get(fill.orderId);
    if (order === undefined) throw new Error(`order ${fill.orderId} filled but was not open`);
    order.executed = fill.executed;
    order.executedQuote = fill.executedQuote;
    order.state = leavesOf(order) === 0 ? "Filled" : "PartiallyFilled";
    bookFill(account, this.market(fill.symbol).listing, fill);
    account.fills.push(fill);
    if (account.fills.length > FILLS_MAX * 2) account.fills.splice(0, FILLS_MAX);
    if (order.state === "Filled") archive(account, order);
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
      const fee = feeOf(listing, { side, price, quantity, isMaker });
      const executed = (order.executed + quantity) as Lots;
      const fill = { ...base, side, price, quantity, ...fee, isMaker, executed, executedQuote: text(executedQuote), at: this.#at };
      this.#emit({ type: "fill", ...fill });
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

function archive(account: SimAccount, order: ExchangeOrder): void {
  account.open.delete(order.id);
  account.closed.push(order);
  if (account.closed.length > CLOSED_ORDERS_MAX * 2) account.closed.splice(0, CLOSED_ORDERS_MAX);
}

/** Why what is left of an accepted order did not rest. */
function expiryReasonOf(request: OrderRequest): string {
  if (request.timeInForce === "fok") return "FillOrKill";
  if (request.price === null) return "InsufficientLiquidity";
  if (request.timeInForce === "ioc") return "ImmediateOrCancel";
  return request.reduceOnly ? "ReduceOnlyNotReduced" : "SelfTradePrevention";
}
