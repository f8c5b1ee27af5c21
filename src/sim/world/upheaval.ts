// What exchange and person do to a bot on the way: new steps, missing margin, trades and money of the person's own.

import type { Random } from "../random.ts";
import type { Market } from "./market.ts";
import type { Twists } from "./twists.ts";

/** What it does, and to whom. */
export interface UpheavalDoors {
  readonly twists: Twists;
  readonly markets: () => readonly Market[];
  /** True when a market is traded by one leg alone and the bot has compared its position with the exchange's. */
  readonly isCompared: (market: Market) => boolean;
  /** True when every trade is stored. */
  readonly isRecorded: () => boolean;
  readonly changeSteps: (market: Market) => void;
  readonly reconnect: (withinMs: number) => void;
  readonly changeMinimum: (market: Market, grains: number) => void;
  readonly personTrades: (market: Market, quantity: number) => void;
  readonly transfer: (amount: number) => void;
  readonly resetPeak: () => void;
}

/** The person may think better of it. */
const REVERT_CHANCE = 0.3;
const REVERT_AFTER_STEPS = 60;
const MARGIN_GAP_STEPS_MAX = 80;

export class Upheaval {
  readonly #doors: UpheavalDoors;
  readonly #random: Random;
  #steps = 0;
  #marginBackAt = 0;
  #hasChangedSteps = false;
  #personAt: number | null;
  #personDone: { readonly market: Market; readonly quantity: number; readonly backAt: number } | null = null;

  constructor(doors: UpheavalDoors, random: Random) {
    this.#doors = doors;
    this.#random = random;
    this.#personAt = doors.twists.personTradesAtStep;
  }

  /** One step of bad weather. */
  step(): void {
    const { twists, markets, transfer, resetPeak, changeMinimum } = this.#doors;
    this.#steps += 1;
    this.#margin();
    if (twists.newSteps.size > 0) this.#newSteps();
    if (this.#steps === twists.newMinimumAtStep) for (const market of markets()) changeMinimum(market, this.#random.integer(1, 3));
    this.#person();
    if (twists.transfer > 0 && this.#random.next() < twists.transfer) transfer(this.#random.integer(-2_000, 2_000));
    if (twists.peakReset > 0 && this.#random.next() < twists.peakReset) resetPeak();
  }

  /** The weather clears: margin is there again. */
  end(): void {
    for (const market of this.#doors.markets()) market.hasMargin = true;
  }

  #margin(): void {
    const { twists, markets } = this.#doors;
    if (twists.marginGap === 0) return;
    if (this.#random.next() < twists.marginGap) this.#marginBackAt = this.#steps + this.#random.integer(4, MARGIN_GAP_STEPS_MAX);
    for (const market of markets()) market.hasMargin = this.#steps >= this.#marginBackAt;
  }

  /** Coarser steps cannot tell of a fill that nobody has read: the exchange waits with them until everything is. */
  #newSteps(): void {
    const { twists, markets, isRecorded, changeSteps, reconnect } = this.#doors;
    const changes = [...twists.newSteps.values()];
    const first = changes[0];
    if (this.#hasChangedSteps || first === undefined || this.#steps < first.atStep) return;
    const isCoarser = changes.some(({ before, after }) => after.lot > before.lot || after.tick > before.tick);
    if (isCoarser && !isRecorded()) return;
    this.#hasChangedSteps = true;
    for (const market of markets()) changeSteps(market);
    reconnect(this.#random.integer(0, Math.min(...changes.map(({ closedMs }) => closedMs))));
  }

  #person(): void {
    const { markets, personTrades, isCompared } = this.#doors;
    const done = this.#personDone;
    if (done !== null && this.#steps >= done.backAt) {
      this.#personDone = null;
      personTrades(done.market, -done.quantity);
    }
    if (this.#personAt === null || this.#steps < this.#personAt) return;
    const market = markets().find((candidate) => candidate.instrument.kind === "perp" && isCompared(candidate));
    if (market === undefined) return;
    this.#personAt = null;
    const quantity = (this.#random.next() < 0.5 ? -1 : 1) * this.#random.integer(10, 5_000) * market.steps.lot;
    personTrades(market, quantity);
    if (this.#random.next() < REVERT_CHANCE) this.#personDone = { market, quantity, backAt: this.#steps + REVERT_AFTER_STEPS };
  }
}
