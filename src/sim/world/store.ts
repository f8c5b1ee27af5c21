// The database of a simulated world: what was committed, in order, and what a crash takes with it.

import { decodeClientOrderId } from "../../core/client-order-id.ts";
import type { Desired } from "../../core/events.ts";
import { isLive, type Order } from "../../core/order.ts";
import type { Text } from "../../core/text.ts";
import { lots } from "../../core/units.ts";
import type { Network } from "./network.ts";
import type { Schedule } from "./schedule.ts";

/** What the operator wants, stored before anybody acts on it. */
export interface Directive {
  readonly desired: Desired;
  readonly flatten: boolean;
  readonly halt: Text | null;
}

/** Rows of one step, committed together. */
export interface Batch {
  orders: Order[];
  fills: { readonly leg: string; readonly key: string }[];
  fundings: { readonly leg: string; readonly id: string }[];
  state: string | null;
  /** New parameters go with the state that took them over. */
  params: unknown;
  directive: Partial<Directive> | null;
  /** The state must be stored before anything of this step leaves. */
  needsState: boolean;
}

export function emptyBatch(): Batch {
  return { orders: [], fills: [], fundings: [], state: null, params: undefined, directive: null, needsState: false };
}

export class Store {
  readonly rows = new Map<string, Order>();
  /** How often each fill was recorded, by its key. */
  readonly fills = new Map<string, { readonly leg: string; times: number }>();
  readonly fundings: { readonly leg: string; readonly id: string }[] = [];
  state: string | null = null;
  params: unknown;
  /** The newest wish to let the drawdown count anew, epoch ms; 0 when nobody wished it. */
  peakSince = 0;
  directive: Directive = { desired: "running", flatten: false, halt: null };
  /** When the bot was first started. */
  readonly createdAt: number;
  readonly #schedule: Schedule;
  readonly #network: Network;
  #busyUntil = 0;
  /** Grows with every crash: what was not committed by then never is. */
  life = 0;

  constructor(schedule: Schedule, network: Network, params: unknown) {
    this.createdAt = schedule.now;
    this.#schedule = schedule;
    this.#network = network;
    this.params = params;
  }

  /** Commits after a while, in order; `then` runs once it is stored. */
  commit(batch: Batch, then: () => void): void {
    const { now } = this.#schedule;
    const { life } = this;
    this.#busyUntil = Math.max(this.#busyUntil, now + this.#network.commit());
    this.#schedule.after(this.#busyUntil - now, () => {
      if (life !== this.life) return;
      this.#take(batch);
      then();
    });
  }

  /** The process died: rows that were on their way are gone. */
  crash(): void {
    this.life += 1;
  }

  /** Rows that are not proven closed, as a new life reads them. */
  openOrders(): Order[] {
    return [...this.rows.values()]
      .filter(isLive)
      .map((row) => ({ ...row, amending: null, wishedPrice: row.price, filledQuantity: lots(0), reportedFilledQuantity: reported(row) }));
  }

  lastCounter(): number | null {
    const counters = [...this.rows.keys()].map((id) => decodeClientOrderId(id)?.counter ?? 0);
    return counters.length === 0 ? null : Math.max(...counters);
  }

  #take(batch: Batch): void {
    for (const order of batch.orders) this.rows.set(order.clientOrderId, order);
    for (const { leg, key } of batch.fills) {
      const known = this.fills.get(key);
      if (known === undefined) this.fills.set(key, { leg, times: 1 });
      else known.times += 1;
    }
    this.fundings.push(...batch.fundings);
    if (batch.state !== null) this.state = batch.state;
    if (batch.params !== undefined) this.params = batch.params;
    if (batch.directive !== null) this.directive = { ...this.directive, ...batch.directive };
  }
}

function reported(row: Order): Order["reportedFilledQuantity"] {
  return lots(Math.max(row.reportedFilledQuantity, row.filledQuantity));
}
