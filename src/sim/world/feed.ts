// Carries the simulated exchange's public and private streams to whoever lives when they leave, with losses and repeats.

import type { ExchangeFill } from "../../core/events.ts";
import { reportEvent } from "../../core/order-report.ts";
import { ticks } from "../../core/units.ts";
import { type BotOrder, newest } from "./bot-order.ts";
import type { Life } from "./life.ts";
import { type FundingPayment, laterIn, type Surroundings, toldFill } from "./surroundings.ts";

export class Feed {
  readonly #world: Surroundings;
  readonly #life: () => Life | null;
  #books = 0;
  #silentUntil = 0;
  readonly #newestBook = new Map<string, number>();

  constructor(world: Surroundings, life: () => Life | null) {
    this.#world = world;
    this.#life = life;
  }

  /** The public stream says nothing for a while. */
  fallSilent(ms: number): void {
    this.#silentUntil = Math.max(this.#silentUntil, this.#world.schedule.now + ms);
  }

  /** The touch of a leg, and its mark where the exchange tells one; a book that was overtaken by a newer one is dropped. */
  book(leg: string): void {
    const { schedule, network, scenario } = this.#world;
    const { touch } = this.#world.marketOf(leg);
    const life = this.#life();
    if (touch === null || life === null || schedule.now < this.#silentUntil || network.strikes("lostBook")) return;
    this.#books += 1;
    const number = this.#books;
    const mark = ticks(touch.bestBid + network.pick(2));
    laterIn(this.#world, life, network.delay(), () => {
      if ((this.#newestBook.get(leg) ?? 0) > number) return;
      this.#newestBook.set(leg, number);
      const at = schedule.now;
      if (scenario.twists.tellsLast) life.post({ type: "last", leg, at, price: touch.bestBid });
      if (scenario.tellsMark && scenario.instruments[leg]?.kind === "perp") life.post({ type: "mark", leg, at, mark });
      life.post({ type: "book", leg, at, ...touch });
    });
  }

  order(order: BotOrder): void {
    const { clientOrderId } = order;
    const { exchangeOrderId, status, filled } = newest(order);
    this.#report((life) => {
      const known = life.kernel.order(clientOrderId);
      // A report about an order that was forgotten says nothing new.
      if (known === undefined) return;
      life.learn(known.leg, clientOrderId, exchangeOrderId);
      const about = { leg: known.leg, clientOrderId, at: this.#world.schedule.now };
      life.post(reportEvent(about, known, { exchangeOrderId, filledQuantity: filled, status }));
    });
  }

  fill(leg: string, fill: ExchangeFill): void {
    const told = toldFill(this.#world.scenario, fill);
    this.#report((life) => life.takeFills(leg, [told]));
  }

  payment({ leg, id, amount, bookedAt }: FundingPayment): void {
    const { schedule } = this.#world;
    const tell = (): void => this.#report((life) => life.post({ type: "funding", leg, id, amount, at: schedule.now }));
    if (bookedAt <= schedule.now) tell();
    else schedule.after(bookedAt - schedule.now, tell);
  }

  /** Money that a person moved, told as often as reports are. */
  transfer(leg: string, id: string, amount: string): void {
    this.#report((life) => life.post({ type: "transfer", leg, id, amount, at: this.#world.schedule.now }));
  }

  /** A message of the private stream: lost, once or twice, each time with a delay of its own. */
  #report(deliver: (life: Life) => void): void {
    const { network } = this.#world;
    const life = this.#life();
    if (life === null || network.strikes("lostReport")) return;
    const times = network.strikes("doubledReport") ? 2 : 1;
    for (let count = 0; count < times; count += 1) laterIn(this.#world, life, network.delay(), () => deliver(life));
  }
}
