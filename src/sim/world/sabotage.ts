// Bugs planted on purpose around the kernel: a simulator that finds nothing in them proves nothing.

import type { KernelEvent } from "../../core/events.ts";
import type { KernelOptions } from "../../core/kernel.ts";
import type { Order } from "../../core/order.ts";
import { lots } from "../../core/units.ts";
import type { Random } from "../random.ts";

/** Each with what it imitates. */
export const SABOTAGES = {
  reusedIds: "a restart forgets which client order ids were used",
  blindGate: "the risk gate works with limits a hundred times too large",
  doubledFill: "a fill told twice under two names is folded in twice",
  lostFills: "some fills are taken for known and never folded in",
  unknownIsFailure: "silence is read as a rejection",
  earlyCancel: "a cancel that nobody confirmed counts as done",
  forgottenRows: "a restart does not read the stored orders",
  hastyProof: "one look that finds nothing counts as proof",
  sentBeforeStored: "orders leave before their intent is stored",
  freeTrades: "fees are not booked",
  doubledFunding: "a funding payment told twice is booked twice",
  deafToStop: "the operator's stop does not reach the kernel",
  haltIsAdvice: "a halt is resumed at once by nobody",
  lazyState: "the state is not stored with the fill that changed it",
} as const;

export type Sabotage = keyof typeof SABOTAGES;

export function isSabotage(name: string): name is Sabotage {
  return Object.hasOwn(SABOTAGES, name);
}

const SOME = 0.05;

/** What stands between the world and its kernel; without a name it changes nothing. */
export class Saboteur {
  readonly name: Sabotage | null;
  readonly #random: Random;

  constructor(name: Sabotage | null, random: Random) {
    this.name = name;
    this.#random = random;
  }

  options(options: KernelOptions): KernelOptions {
    if (this.name === "reusedIds") return { ...options, lastCounter: null };
    if (this.name !== "blindGate") return options;
    const maxPosition = Object.fromEntries(Object.entries(options.risk.maxPosition).map(([leg, most]) => [leg, most * 100]));
    return { ...options, risk: { ...options.risk, maxPosition, maxOpenOrders: options.risk.maxOpenOrders * 100 } };
  }

  orders(rows: Order[]): Order[] {
    return this.name === "forgottenRows" ? [] : rows;
  }

  get sendsEarly(): boolean {
    return this.name === "sentBeforeStored";
  }

  get storesStateLazily(): boolean {
    return this.name === "lazyState";
  }

  /** What the kernel hears instead of an event. */
  told(event: KernelEvent): readonly KernelEvent[] {
    const { at } = event;
    switch (this.name) {
      case "doubledFill":
        if (event.type !== "fill" || this.#random.next() >= SOME) return [event];
        return [event, { ...event, fill: { ...event.fill, tradeId: `${event.fill.tradeId}-again` } }];
      case "lostFills":
        return event.type === "fill" && isChosen(event.fill.tradeId) ? [] : [event];
      case "unknownIsFailure":
        if (event.type !== "unknown") return [event];
        return [{ type: "rejected", leg: event.leg, at, clientOrderId: event.clientOrderId, code: "timeout", message: "no answer" }];
      case "earlyCancel":
        if (event.type !== "cancelRefused") return [event];
        return [{ type: "canceled", leg: event.leg, at, clientOrderId: event.clientOrderId, filledQuantity: lots(0) }];
      case "hastyProof":
        return event.type === "unknown" ? [event, { ...event, type: "neverArrived" }] : [event];
      case "freeTrades":
        return event.type === "fill" ? [{ ...event, fill: { ...event.fill, fee: "0" } }] : [event];
      case "doubledFunding":
        return event.type === "funding" ? [event, { ...event, id: `${event.id}-again` }] : [event];
      case "deafToStop":
        return event.type === "control" && event.desired === "stopped" ? [] : [event];
      case "haltIsAdvice":
        return event.type === "halt" ? [event, { type: "resume", at }] : [event];
      default:
        return [event];
    }
  }
}

/** The same trades each time they are told. */
function isChosen(tradeId: string): boolean {
  return Number(tradeId.slice(1)) % 17 === 3;
}
