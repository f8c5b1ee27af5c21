// How badly a simulated world treats its messages, drawn from the seed.

import type { Random } from "../random.ts";

/** Chances in 0..1 unless the name ends with a unit. */
export interface Weather {
  readonly lostRequest: number;
  readonly lostAnswer: number;
  readonly lostReport: number;
  readonly doubledReport: number;
  readonly lostBook: number;
  /** A refusal without a reason that we know. */
  readonly reject: number;
  /** No permit: nothing leaves the machine. */
  readonly denial: number;
  /** A cancel that is answered without the filled quantity. */
  readonly vagueCancel: number;
  readonly failedRead: number;
  readonly cutHistory: number;
  /** Per step. */
  readonly crash: number;
  /** A crash soon after an order left or was refused. */
  readonly crashAtOrder: number;
  readonly silence: number;
  readonly command: number;
  readonly delayMaxMs: number;
  /** Reads show the account as it was up to this long ago. */
  readonly lagMaxMs: number;
  readonly commitMaxMs: number;
}

export const CALM: Weather = {
  lostRequest: 0,
  lostAnswer: 0,
  lostReport: 0,
  doubledReport: 0,
  lostBook: 0,
  reject: 0,
  denial: 0,
  vagueCancel: 0,
  failedRead: 0,
  cutHistory: 0,
  crash: 0,
  crashAtOrder: 0,
  silence: 0,
  command: 0,
  delayMaxMs: 5,
  lagMaxMs: 0,
  commitMaxMs: 2,
};

/**
 * Anything from a drizzle to a hurricane. `isWorst` is a hurricane for orders and for the process, because a planted bug may
 * hide in fine weather; the bot must still get to trade.
 */
export function drawWeather(random: Random, isWorst: boolean): Weather {
  const up = (most: number): number => (isWorst ? 0.5 + random.next() / 2 : random.next() ** 2) * most;
  return {
    lostRequest: up(0.2),
    lostAnswer: up(0.2),
    lostReport: up(0.35),
    doubledReport: up(0.5),
    lostBook: up(0.3),
    reject: up(0.15),
    denial: up(0.05),
    vagueCancel: up(0.2),
    failedRead: random.next() ** 2 * 0.3,
    cutHistory: random.next() ** 2 * 0.3,
    crash: random.next() < 0.8 || isWorst ? 0.001 + up(0.03) : 0,
    crashAtOrder: random.next() < 0.7 || isWorst ? 0.002 + up(0.08) : 0,
    silence: random.next() < 0.5 ? random.next() ** 2 * 0.02 : 0,
    command: random.next() < 0.7 ? 0.002 + random.next() ** 2 * 0.02 : 0,
    delayMaxMs: Math.round(20 + up(1_500)),
    lagMaxMs: Math.round(up(1_900)),
    commitMaxMs: Math.round(1 + up(200)),
  };
}
