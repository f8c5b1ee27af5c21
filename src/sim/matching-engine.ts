// The order book of one instrument in whole ticks and lots: price-time priority, deterministic, without clock or input and output.

import type { Side } from "../core/order.ts";
import type { Lots, Ticks } from "../core/units.ts";
import { BookSide, type Level, type RestingOrder } from "./book-side.ts";

export type EngineTimeInForce = "gtc" | "ioc" | "fok";
/** What happens when an order would trade with its own owner: the new order, the resting one or both give way. */
export type SelfTrade = "rejectTaker" | "rejectMaker" | "rejectBoth";

export interface IncomingOrder {
  readonly id: number;
  readonly owner: string;
  readonly side: Side;
  /** Null takes any price. */
  readonly price: Ticks | null;
  readonly quantity: Lots;
  readonly timeInForce: EngineTimeInForce;
  readonly postOnly: boolean;
  readonly reduceOnly: boolean;
  readonly selfTrade: SelfTrade;
}

/** One execution. The maker's price counts. */
export interface Trade {
  readonly price: Ticks;
  readonly quantity: Lots;
  readonly takerSide: Side;
  readonly taker: { readonly id: number; readonly owner: string };
  readonly maker: { readonly id: number; readonly owner: string };
}

export type Refusal = "duplicateId" | "wouldTake" | "notReducing" | "selfTrade";

/** `rests` is what stays in the book, `expired` what was given up (IOC, FOK, market, self-trade, reduce-only without position). */
export type SubmitResult =
  | { readonly outcome: "refused"; readonly why: Refusal }
  | { readonly outcome: "done"; readonly executed: Lots; readonly rests: Lots; readonly expired: Lots };

/** What the engine asks of and tells to the exchange around it. The callbacks must not call the engine. */
export interface EngineHost {
  /** Lots that `owner` may still trade on `side` without growing its position. */
  reducible(owner: string, side: Side): number;
  /** Called for each execution before the next one is looked for. */
  traded(trade: Trade): void;
  /** A resting order left the book without its owner's wish. */
  removed(order: RestingOrder, why: "selfTrade" | "reduceOnly"): void;
}

export class MatchingEngine {
  readonly #host: EngineHost;
  readonly #bids = new BookSide("buy");
  readonly #asks = new BookSide("sell");
  readonly #orders = new Map<number, RestingOrder>();

  constructor(host: EngineHost) {
    this.#host = host;
  }

  /** Why `submit` would refuse the order, or null. Changes nothing. */
  refusalOf(order: IncomingOrder): Refusal | null {
    if (this.#orders.has(order.id)) return "duplicateId";
    const opposite = this.#against(order.side);
    const best = opposite.best();
    const crosses = best !== undefined && opposite.isReachedBy(order.price, best.price);
    if (order.postOnly && crosses) return "wouldTake";
    if (order.reduceOnly && this.#host.reducible(order.owner, order.side) <= 0) return "notReducing";
    if (order.selfTrade === "rejectTaker" && this.#meetsItself(order)) return "selfTrade";
    return null;
  }

  /** Matches an order and rests what is left of a `gtc` limit order. */
  submit(order: IncomingOrder): SubmitResult {
    const why = this.refusalOf(order);
    if (why !== null) return { outcome: "refused", why };
    if (order.timeInForce === "fok" && this.#sureToFill(order) < order.quantity)
      return { outcome: "done", executed: 0 as Lots, rests: 0 as Lots, expired: order.quantity };
    const { remaining, stopped } = this.#match(order);
    const executed = (order.quantity - remaining) as Lots;
    if (remaining === 0 || stopped || order.price === null || order.timeInForce !== "gtc")
      return { outcome: "done", executed, rests: 0 as Lots, expired: remaining };
    this.rest({ id: order.id, owner: order.owner, side: order.side, price: order.price, reduceOnly: order.reduceOnly, remaining });
    return { outcome: "done", executed, rests: remaining, expired: 0 as Lots };
  }

  /** Puts an order into the book unmatched, behind the others at its price: for restoring a book in order of arrival. */
  rest(order: RestingOrder): void {
    this.#orders.set(order.id, order);
    this.#on(order.side).add(order);
  }

  /** Takes a resting order out; undefined when it does not rest. */
  cancel(id: number): RestingOrder | undefined {
    const order = this.#orders.get(id);
    if (order === undefined) return undefined;
    const remaining = order.remaining;
    this.#drop(order);
    return { ...order, remaining };
  }

  /** Leaves a resting order `remaining` lots, fewer than it has, in its place of the queue. */
  shrink(id: number, remaining: Lots): void {
    const order = this.#orders.get(id);
    if (order === undefined || remaining < 1 || remaining > order.remaining)
      throw new Error(`order ${id} cannot shrink to ${remaining} lots`);
    if (remaining < order.remaining) this.#on(order.side).reduce(order, (order.remaining - remaining) as Lots);
  }

  best(side: Side): Level | undefined {
    return this.#on(side).best();
  }

  /** Levels of a side from the best price on. */
  levels(side: Side): Generator<Level> {
    return this.#on(side).levels();
  }

  resting(id: number): RestingOrder | undefined {
    return this.#orders.get(id);
  }

  /** What changed in the aggregated book since the last call: absolute quantities, 0 for a level that is gone. */
  takeDepthChanges(): { bids: [Ticks, Lots][]; asks: [Ticks, Lots][] } {
    return { bids: this.#bids.takeChanges(), asks: this.#asks.takeChanges() };
  }

  /** What taking `quantity` now would cost in ticks x lots, as far as the book reaches. */
  costOf(side: Side, quantity: Lots): { quantity: Lots; notional: bigint } {
    let left: number = quantity;
    let notional = 0n;
    for (const level of this.#against(side).levels()) {
      const take = Math.min(left, level.quantity);
      notional += BigInt(take) * BigInt(level.price);
      left -= take;
      if (left === 0) break;
    }
    return { quantity: (quantity - left) as Lots, notional };
  }

  /** Whole lots that `notional` (ticks x lots) buys or sells in the book as it stands. */
  lotsFor(side: Side, notional: bigint): Lots {
    let left = notional;
    let quantity = 0;
    for (const level of this.#against(side).levels()) {
      const take = Math.min(level.quantity, Number(left / BigInt(level.price)));
      quantity += take;
      left -= BigInt(take) * BigInt(level.price);
      if (take < level.quantity) break;
    }
    return quantity as Lots;
  }

  #match(order: IncomingOrder): { remaining: Lots; stopped: boolean } {
    const opposite = this.#against(order.side);
    let remaining: number = order.quantity;
    while (remaining > 0) {
      const level = opposite.best();
      if (level === undefined || !opposite.isReachedBy(order.price, level.price)) break;
      const maker = level.orders[0] as RestingOrder;
      if (maker.owner === order.owner) {
        if (order.selfTrade === "rejectTaker") return { remaining: remaining as Lots, stopped: true };
        this.#drop(maker);
        this.#host.removed(maker, "selfTrade");
        if (order.selfTrade === "rejectBoth") return { remaining: remaining as Lots, stopped: true };
        continue;
      }
      const offered = maker.reduceOnly ? Math.min(maker.remaining, this.#host.reducible(maker.owner, maker.side)) : maker.remaining;
      if (offered <= 0) {
        this.#drop(maker);
        this.#host.removed(maker, "reduceOnly");
        continue;
      }
      const wanted = order.reduceOnly ? Math.min(remaining, this.#host.reducible(order.owner, order.side)) : remaining;
      if (wanted <= 0) return { remaining: remaining as Lots, stopped: true };
      const quantity = Math.min(offered, wanted) as Lots;
      opposite.reduce(maker, quantity);
      if (maker.remaining === 0) this.#orders.delete(maker.id);
      remaining -= quantity;
      const parties = { taker: { id: order.id, owner: order.owner }, maker: { id: maker.id, owner: maker.owner } };
      this.#host.traded({ price: maker.price, quantity, takerSide: order.side, ...parties });
    }
    return { remaining: remaining as Lots, stopped: false };
  }

  /** True when matching would reach an order of the same owner before the quantity is used up. */
  #meetsItself(order: IncomingOrder): boolean {
    const opposite = this.#against(order.side);
    let left: number = order.quantity;
    for (const level of opposite.levels()) {
      if (!opposite.isReachedBy(order.price, level.price)) return false;
      for (const maker of level.orders) {
        if (left <= 0) return false;
        if (maker.owner === order.owner) return true;
        left -= maker.remaining;
      }
    }
    return false;
  }

  /** Lots that surely fill now. Reduce-only makers and own orders are left out: what they give depends on the way there. */
  #sureToFill(order: IncomingOrder): number {
    const opposite = this.#against(order.side);
    const most = order.reduceOnly ? Math.min(order.quantity, this.#host.reducible(order.owner, order.side)) : order.quantity;
    let sum = 0;
    for (const level of opposite.levels()) {
      if (sum >= most || !opposite.isReachedBy(order.price, level.price)) break;
      for (const maker of level.orders) {
        if (maker.owner === order.owner && order.selfTrade !== "rejectMaker") return Math.min(sum, most);
        if (maker.owner !== order.owner && !maker.reduceOnly) sum += maker.remaining;
      }
    }
    return Math.min(sum, most);
  }

  #drop(order: RestingOrder): void {
    this.#orders.delete(order.id);
    const remaining = order.remaining;
    this.#on(order.side).reduce(order, remaining);
    order.remaining = remaining;
  }

  #on(side: Side): BookSide {
    return side === "buy" ? this.#bids : this.#asks;
  }

  #against(side: Side): BookSide {
    return side === "buy" ? this.#asks : this.#bids;
  }
}
