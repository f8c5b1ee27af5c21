// The newest touch and mark of each leg as the process knows them, and since when it has heard nothing.

import type { KernelEvent } from "../../core/events.ts";
import { markOf } from "../../core/kernel/view.ts";
import { type Ticks, ticks } from "../../core/units.ts";

/** After this much silence a leg has no book. */
const LOST_AFTER_MS = 5_000;

interface Touch {
  bestBid: Ticks | null;
  bestAsk: Ticks | null;
  mark: Ticks | null;
  seenAt: number;
  isLost: boolean;
}

export class Touches {
  readonly #legs = new Map<string, Touch>();
  /** Grains per tick. */
  readonly #tickOf: (leg: string) => number;

  constructor(tickOf: (leg: string) => number) {
    this.#tickOf = tickOf;
  }

  /** In ticks, as the kernel takes them. Null prices: the kernel begins without a book. */
  open(leg: string, bestBid: Ticks | null, bestAsk: Ticks | null, now: number): void {
    this.#legs.set(leg, { bestBid, bestAsk, mark: null, seenAt: now, isLost: false });
  }

  /** Takes in what the kernel is about to hear. */
  hear(event: KernelEvent, now: number): void {
    if (event.type !== "book" && event.type !== "mark" && event.type !== "bookLost") return;
    const touch = this.#legs.get(event.leg);
    if (touch === undefined) return;
    const read = (grains: Ticks): Ticks => ticks(Math.round(grains / this.#tickOf(event.leg)));
    if (event.type === "mark") touch.mark = read(event.mark);
    else if (event.type === "bookLost") Object.assign(touch, { bestBid: null, bestAsk: null, isLost: true });
    else if (read(event.bestBid) >= read(event.bestAsk)) touch.seenAt = now;
    else Object.assign(touch, { bestBid: read(event.bestBid), bestAsk: read(event.bestAsk), seenAt: now, isLost: false });
  }

  /** Legs whose silence has lasted too long and that nobody was told of. */
  newlyLost(now: number): string[] {
    return [...this.#legs].flatMap(([leg, { seenAt, isLost }]) => (!isLost && now - seenAt >= LOST_AFTER_MS ? [leg] : []));
  }

  /** The price in grains at which the kernel values a position; null without one. */
  mark(leg: string): Ticks | null {
    const touch = this.#legs.get(leg);
    const mark = touch === undefined ? null : markOf(touch);
    return mark === null ? null : ticks(mark * this.#tickOf(leg));
  }
}
