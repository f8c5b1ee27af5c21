// One side of an order book: price levels in order, each a queue of resting orders in order of arrival.

import type { Side } from "../core/order.ts";
import type { Lots, Ticks } from "../core/units.ts";

export interface RestingOrder {
  readonly id: number;
  readonly owner: string;
  readonly side: Side;
  readonly price: Ticks;
  readonly reduceOnly: boolean;
  remaining: Lots;
}

export interface Level {
  readonly price: Ticks;
  /** First come, first served. */
  readonly orders: RestingOrder[];
  quantity: Lots;
}

export class BookSide {
  readonly side: Side;
  readonly #levels = new Map<Ticks, Level>();
  /** Worst price first, so that the best is popped from the end. */
  readonly #prices: Ticks[] = [];
  /** Quantity of every level touched since `takeChanges`, as it was before. */
  readonly #before = new Map<Ticks, number>();

  constructor(side: Side) {
    this.side = side;
  }

  best(): Level | undefined {
    const price = this.#prices.at(-1);
    return price === undefined ? undefined : this.#levels.get(price);
  }

  level(price: Ticks): Level | undefined {
    return this.#levels.get(price);
  }

  /** Levels from the best price on. */
  *levels(): Generator<Level> {
    for (let index = this.#prices.length - 1; index >= 0; index -= 1) {
      const level = this.#levels.get(this.#prices[index] as Ticks);
      if (level !== undefined) yield level;
    }
  }

  add(order: RestingOrder): void {
    let level = this.#levels.get(order.price);
    if (level === undefined) {
      level = { price: order.price, orders: [], quantity: 0 as Lots };
      this.#levels.set(order.price, level);
      this.#prices.splice(this.#indexOf(order.price), 0, order.price);
    }
    this.#touch(level);
    level.orders.push(order);
    level.quantity = (level.quantity + order.remaining) as Lots;
  }

  /** Takes `quantity` off an order; an order without remainder leaves its queue. */
  reduce(order: RestingOrder, quantity: Lots): void {
    const level = this.#levels.get(order.price);
    if (level === undefined) throw new Error(`order ${order.id} rests on no level`);
    this.#touch(level);
    order.remaining = (order.remaining - quantity) as Lots;
    level.quantity = (level.quantity - quantity) as Lots;
    if (order.remaining > 0) return;
    level.orders.splice(level.orders.indexOf(order), 1);
    if (level.orders.length > 0) return;
    this.#levels.delete(order.price);
    this.#prices.splice(this.#indexOf(order.price), 1);
  }

  /** True when an order of the other side at `price` (null: any price) would trade with a level at `resting`. */
  isReachedBy(price: Ticks | null, resting: Ticks): boolean {
    if (price === null) return true;
    return this.side === "sell" ? price >= resting : price <= resting;
  }

  /** Levels whose quantity is another than at the last call, with the new quantity (0: gone). */
  takeChanges(): [Ticks, Lots][] {
    const changes: [Ticks, Lots][] = [];
    for (const [price, before] of this.#before) {
      const now = this.#levels.get(price)?.quantity ?? (0 as Lots);
      if (now !== before) changes.push([price, now]);
    }
    this.#before.clear();
    return changes;
  }

  #touch(level: Level): void {
    if (!this.#before.has(level.price)) this.#before.set(level.price, level.quantity);
  }

  /** Where a price is, or belongs, in the order worst to best. */
  #indexOf(price: Ticks): number {
    let low = 0;
    let high = this.#prices.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const other = this.#prices[middle] as Ticks;
      const isWorse = this.side === "buy" ? other < price : other > price;
      if (isWorse) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
