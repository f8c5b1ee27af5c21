// Finds out whose order a fill belongs to when it names the exchange's order only, as the worker does.

import type { ExchangeFill } from "../../core/events.ts";
import { keyOf } from "./judge.ts";

export interface OwnedFill {
  readonly leg: string;
  readonly fill: ExchangeFill;
}

/** Exchange order ids are unique per account and symbol only. */
function nameOf(leg: string, exchangeOrderId: string): string {
  return `${leg} ${exchangeOrderId}`;
}

export class OwnFills {
  readonly #clientIds = new Map<string, string>();
  /** Fills of orders that nobody has named yet. */
  readonly #waiting = new Map<string, OwnedFill>();

  /** The fill with our client order id filled in; null when nobody knows it yet. */
  claim(leg: string, fill: ExchangeFill): ExchangeFill | null {
    const clientOrderId = fill.clientOrderId ?? this.#clientIds.get(nameOf(leg, fill.exchangeOrderId)) ?? null;
    if (clientOrderId !== null) return { ...fill, clientOrderId };
    this.#waiting.set(keyOf(leg, fill), { leg, fill });
    return null;
  }

  /** Remembers whose an exchange order is; returns fills that waited for it. */
  learn(leg: string, clientOrderId: string, exchangeOrderId: string): OwnedFill[] {
    const name = nameOf(leg, exchangeOrderId);
    if (this.#clientIds.get(name) === clientOrderId) return [];
    this.#clientIds.set(name, clientOrderId);
    const found = [...this.#waiting].filter(([, waiting]) => nameOf(waiting.leg, waiting.fill.exchangeOrderId) === name);
    for (const [key] of found) this.#waiting.delete(key);
    return found.map(([, { fill }]) => ({ leg, fill: { ...fill, clientOrderId } }));
  }
}
