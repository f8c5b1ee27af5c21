// The misfortunes of a simulated world: how long things take, what gets lost, and how often each of it happened.

import type { Random } from "../random.ts";
import { CALM, type Weather } from "./weather.ts";

export type Misfortune = Exclude<keyof Weather, `${string}Ms`>;

const TAIL_CHANCE = 0.03;

export class Network {
  readonly #random: Random;
  #weather: Weather;
  /** How often each misfortune happened. */
  readonly counts: Partial<Record<Misfortune, number>> = {};

  constructor(random: Random, weather: Weather) {
    this.#random = random;
    this.#weather = weather;
  }

  /** From now on nothing is lost and everything is quick. */
  clear(): void {
    this.#weather = CALM;
  }

  /** Whether it happens this time. */
  strikes(misfortune: Misfortune): boolean {
    if (this.#random.next() >= this.#weather[misfortune]) return false;
    this.counts[misfortune] = (this.counts[misfortune] ?? 0) + 1;
    return true;
  }

  /** One way of a message, ms: mostly short, now and then several times the usual longest. */
  delay(): number {
    const { delayMaxMs } = this.#weather;
    const usual = Math.floor(this.#random.next() ** 3 * delayMaxMs);
    return this.#random.next() < TAIL_CHANCE ? usual + delayMaxMs * this.#random.integer(1, 4) : usual;
  }

  /** How old a read is, ms. */
  lag(): number {
    return Math.floor(this.#random.next() ** 2 * this.#weather.lagMaxMs);
  }

  /** How long the database takes, ms. */
  commit(): number {
    return Math.floor(this.#random.next() ** 3 * this.#weather.commitMaxMs);
  }

  /** A pause between two lengths, ms. */
  between(leastMs: number, mostMs: number): number {
    return this.#random.integer(leastMs, mostMs);
  }

  /** A whole number from 0 to `below` - 1. */
  pick(below: number): number {
    return this.#random.integer(0, below - 1);
  }
}
