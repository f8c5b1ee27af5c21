// The bounded inbox between a stream and its reader: of books only the newest per symbol, of facts every one.

import type { ExchangeEvent } from "../core/ports.ts";

type Book = Extract<ExchangeEvent, { type: "book" }>;

export class EventQueue {
  readonly #max: number;
  #facts: ExchangeEvent[] = [];
  readonly #books = new Map<string, Book>();
  #wake: (() => void) | null = null;
  #isClosed = false;
  #overflowed = false;

  constructor(max: number) {
    this.#max = max;
  }

  push(event: ExchangeEvent): void {
    if (this.#isClosed) return;
    if (event.type === "book") this.#books.set(event.symbol, event);
    else if (this.#facts.length < this.#max) this.#facts.push(event);
    else this.#overflowed = true;
    this.#wake?.();
  }

  /** Forgets books that nobody has read yet: their stream is lost. */
  dropBooks(): void {
    this.#books.clear();
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

  /** Everything that waits, facts before books; resolves when there is something, null when closed. */
  async next(): Promise<readonly ExchangeEvent[] | null> {
    while (!this.#isClosed && this.#facts.length === 0 && this.#books.size === 0) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      this.#wake = null;
    }
    if (this.#isClosed) return null;
    const batch = [...this.#facts, ...this.#books.values()];
    this.#facts = [];
    this.#books.clear();
    return batch;
  }
}
