// Where a simulated coin's price goes: trends, ranges and jumps, as a factor of its first price.

import type { Random } from "../random.ts";

const PPM = 1_000_000;
const FACTOR_MIN = 0.2;
const FACTOR_MAX = 5;

/** One coin; the instruments of a coin share its course. */
export class Course {
  readonly #random: Random;
  /** Everyday size of a step, millionths. */
  readonly #noisePpm: number;
  readonly #jumpChance: number;
  #factor = 1;
  #left = 0;
  #driftPpm = 0;
  #centre = 1;
  #widthPpm = 0;

  constructor(random: Random) {
    this.#random = random;
    this.#noisePpm = 100 + Math.round(random.next() ** 2 * 1_800);
    this.#jumpChance = random.next() < 0.5 ? 0 : 0.002 + random.next() * 0.01;
  }

  get factor(): number {
    return this.#factor;
  }

  /** Goes on by one step. */
  step(): void {
    const random = this.#random;
    if (this.#left <= 0) this.#choose();
    this.#left -= 1;
    const fromCentrePpm = (this.#factor / this.#centre - 1) * PPM;
    // A range turns back at its edges.
    if (this.#widthPpm > 0 && Math.abs(fromCentrePpm) > this.#widthPpm && fromCentrePpm * this.#driftPpm > 0) this.#driftPpm *= -1;
    let movePpm = this.#driftPpm + random.normal() * this.#noisePpm;
    if (random.next() < this.#jumpChance) movePpm += (random.next() < 0.5 ? -1 : 1) * random.integer(5_000, 50_000);
    this.#factor = Math.min(FACTOR_MAX, Math.max(FACTOR_MIN, this.#factor * (1 + movePpm / PPM)));
  }

  #choose(): void {
    const random = this.#random;
    const sign = random.next() < 0.5 ? -1 : 1;
    const isTrend = random.next() < 0.4;
    this.#centre = this.#factor;
    this.#left = random.integer(20, 160);
    this.#driftPpm = sign * random.integer(50, isTrend ? 700 : 900);
    this.#widthPpm = isTrend ? 0 : random.integer(2_000, 15_000);
  }
}
