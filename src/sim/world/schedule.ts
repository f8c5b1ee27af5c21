// What is on its way in a simulated world: messages and timers by time, first in first out at the same moment.

interface Entry {
  readonly at: number;
  readonly order: number;
  readonly run: () => void;
}

/** A clock that moves only when told to, and everything that waits for it. */
export class Schedule {
  readonly #heap: Entry[] = [];
  #now: number;
  #count = 0;

  constructor(start: number) {
    this.#now = start;
  }

  /** Simulated epoch ms. */
  get now(): number {
    return this.#now;
  }

  /** Runs something `ms` from now. */
  after(ms: number, run: () => void): void {
    this.#count += 1;
    this.#push({ at: this.#now + Math.max(0, ms), order: this.#count, run });
  }

  /** Runs everything that is due up to `time`, each at its own moment, and ends at `time`. */
  runUntil(time: number): void {
    for (let next = this.#heap[0]; next !== undefined && next.at <= time; next = this.#heap[0]) {
      this.#pop();
      this.#now = next.at;
      next.run();
    }
    this.#now = time;
  }

  #push(entry: Entry): void {
    const heap = this.#heap;
    let index = heap.length;
    heap.push(entry);
    while (index > 0) {
      const parent = (index - 1) >>> 1;
      const above = heap[parent];
      if (above === undefined || !isBefore(entry, above)) break;
      heap[index] = above;
      index = parent;
    }
    heap[index] = entry;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    let index = 0;
    for (;;) {
      const left = 2 * index + 1;
      const right = left + 1;
      const leftEntry = heap[left];
      if (leftEntry === undefined) break;
      const rightEntry = heap[right];
      const isRight = rightEntry !== undefined && isBefore(rightEntry, leftEntry);
      const child = isRight ? rightEntry : leftEntry;
      if (!isBefore(child, last)) break;
      heap[index] = child;
      index = isRight ? right : left;
    }
    heap[index] = last;
  }
}

function isBefore(a: Entry, b: Entry): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order);
}
