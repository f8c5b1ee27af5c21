// Everything that happened in a simulated world, as a hash that two runs of one seed share, and as lines when asked for.

/** Two 32-bit FNV-1a sums side by side: cheap, and enough to notice a difference. */
export class Trace {
  readonly #lines: string[] | null;
  #first = 0x811c9dc5;
  #second = 0x1b873593;

  constructor(keepsLines = false) {
    this.#lines = keepsLines ? [] : null;
  }

  add(line: string): void {
    let first = this.#first;
    let second = this.#second;
    for (let index = 0; index < line.length; index += 1) {
      const code = line.charCodeAt(index);
      first = Math.imul(first ^ code, 0x01000193);
      second = Math.imul(second ^ code, 0x5bd1e995);
    }
    this.#first = first ^ line.length;
    this.#second = second ^ (second >>> 15);
    this.#lines?.push(line);
  }

  /** 16 hex digits over all lines so far. */
  get hash(): string {
    return [this.#first, this.#second].map((word) => (word >>> 0).toString(16).padStart(8, "0")).join("");
  }

  /** Empty unless lines are kept. */
  get lines(): readonly string[] {
    return this.#lines ?? [];
  }
}
