// The bounded inbox between a stream and its reader: of books, marks and last prices only the newest per symbol, of facts every one.

import type { ExchangeEvent } from "../core/ports.ts";

type Price = Extract<ExchangeEvent, { type: "book" | "mark" | "last" }>;

export class EventQueue {
  readonly #max: number;
  #facts: ExchangeEvent[] = [];
  readonly #prices = new Map<string, Price>();
  #wake: (() => void) | null = null;
  #isClosed = false;
  #overflowed = false;

  constructor(max: number) {
    this.#max = max;
  }

  push(event: ExchangeEvent): void {
    if (this.#isClosed) return;
    if (event.type === "book" || event.type === "mark" || event.type === "last") this.#prices.set(`${event.type} ${event.symbol}`, event);
    else if (this.#facts.length < this.#max) this.#facts.push(event);
    else this.#overflowed = true;
    this.#wake?.();
  }

  /** Forgets books and marks that nobody has read yet: their stream is lost. */
  dropPrices(): void {
    this.#prices.clear();
  }

  /** Ends the reading at once: what is left is stale anyway. */
  close(): void {
    this.#isClosed = true;
    this.#wake?.();
  }

  /** True once after facts were dropped: the reader must be told to fetch what it missed. */
  takeOverflow(): boolean {
    const overflowed = this.#overflowed;
    this.#overflowed = false;
    return overflowed;
  }

  /** Everything that waits, facts before prices; resolves when there is something, null when closed. */
  async next(): Promise<readonly ExchangeEvent[] | null> {
    while (!this.#isClosed && this.#facts.length === 0 && this.#prices.size === 0) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      this.#wake = null;
    }
    if (this.#isClosed) return null;
    const batch = [...this.#facts, ...this.#prices.values()];
    this.#facts = [];
    this.#prices.clear();
    return batch;
  }
}
