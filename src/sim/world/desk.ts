// Sends orders, changes and cancels to the simulated exchange and turns answers, and their absence, into the kernel's events.

import type { Effect, PlaceOrder } from "../../core/effects.ts";
import { type BotOrder, newest } from "./bot-order.ts";
import { type Doors, laterIn, type Surroundings } from "./surroundings.ts";

/** A signed request that arrives later is refused. */
const REQUEST_WINDOW_MS = 2_000;
/** Nobody waits longer for an answer. */
const ANSWER_MAX_MS = 4_000;

type PlaceEffect = Extract<Effect, { type: "place" }>;
type CancelEffect = Extract<Effect, { type: "cancel" }>;
type AmendEffect = Extract<Effect, { type: "amend" }>;

export interface DeskDoors extends Doors {
  doubt(clientOrderId: string): void;
  inquire(leg: string, clientOrderId: string): void;
}

export class Desk {
  readonly #world: Surroundings;
  readonly #doors: DeskDoors;
  /** Requests that wait for their answer. */
  inFlight = 0;

  constructor(world: Surroundings, doors: DeskDoors) {
    this.#world = world;
    this.#doors = doors;
  }

  place(effect: PlaceEffect): void {
    const { network } = this.#world;
    const { leg, order } = effect;
    const about = { leg, clientOrderId: order.clientOrderId };
    if (network.strikes("denial"))
      return this.#doors.post({ type: "denied", ...about, at: this.#now, code: "noPermit", message: "no permit came in time" });
    this.#world.orderMoved();
    this.#request({
      atExchange: (sentAt) => this.#arrive(leg, order, sentAt),
      answered: (answer) => this.#placed(effect, answer),
      unanswered: () => {
        this.#doors.doubt(order.clientOrderId);
        this.#doors.post({ type: "unknown", ...about, at: this.#now });
      },
    });
  }

  cancel(effect: CancelEffect): void {
    const { leg, clientOrderId } = effect;
    const about = { leg, clientOrderId };
    this.#request({
      atExchange: () => {
        const order = this.#world.marketOf(leg).cancel(clientOrderId, this.#now, effect.exchangeOrderId);
        return order === null ? null : newest(order).filled;
      },
      answered: (filledQuantity) => {
        if (filledQuantity === null) this.#doors.post({ type: "cancelRefused", ...about, at: this.#now, isUnknown: false });
        else if (this.#world.network.strikes("vagueCancel")) this.#doors.inquire(leg, clientOrderId);
        else this.#doors.post({ type: "canceled", ...about, at: this.#now, filledQuantity });
      },
      unanswered: () => this.#doors.post({ type: "cancelRefused", ...about, at: this.#now, isUnknown: true }),
    });
  }

  amend(effect: AmendEffect): void {
    const { leg, clientOrderId, price, quantity } = effect;
    const about = { leg, clientOrderId };
    this.#request({
      atExchange: (sentAt) => {
        this.#world.happened("amends");
        if (this.#now - sentAt > REQUEST_WINDOW_MS) return "expired";
        return this.#world.marketOf(leg).amend(clientOrderId, { price, quantity }, this.#now);
      },
      answered: (answer) => {
        if (typeof answer === "string") this.#doors.post({ type: "amendRefused", ...about, at: this.#now, isUnknown: false });
        else this.#amended(effect, answer);
      },
      unanswered: () => this.#doors.post({ type: "amendRefused", ...about, at: this.#now, isUnknown: true }),
    });
  }

  #amended({ leg, clientOrderId, price, quantity }: AmendEffect, order: BotOrder): void {
    // The id that this change gave it, or an older one while the same change is told late.
    const changed = order.versions.findLast((version) => version.price === price && version.quantity === quantity) ?? newest(order);
    const { exchangeOrderId } = changed;
    this.#doors.learn(leg, clientOrderId, exchangeOrderId);
    this.#doors.post({ type: "amended", leg, clientOrderId, at: this.#now, exchangeOrderId, price, quantity });
  }

  get #now(): number {
    return this.#world.schedule.now;
  }

  /** What the exchange does with an order; a text is a refusal. */
  #arrive(leg: string, order: PlaceOrder, sentAt: number): BotOrder | string {
    const { network } = this.#world;
    if (this.#now - sentAt > REQUEST_WINDOW_MS) return "expired";
    if (network.strikes("reject")) return `busy${network.pick(3)}`;
    return this.#world.marketOf(leg).place(order, this.#now);
  }

  #placed(effect: PlaceEffect, answer: BotOrder | string): void {
    const about = { leg: effect.leg, clientOrderId: effect.order.clientOrderId, at: this.#now };
    if (typeof answer === "string") {
      this.#world.orderMoved();
      return this.#doors.post({ type: "rejected", ...about, code: answer, message: answer });
    }
    const { exchangeOrderId, filled, status } = answer.versions.findLast((version) => version.at <= about.at) ?? newest(answer);
    this.#doors.learn(about.leg, about.clientOrderId, exchangeOrderId);
    this.#doors.post({ type: "accepted", ...about, exchangeOrderId, filledQuantity: filled });
    if (status === "expired" || status === "canceled")
      this.#doors.post({ type: "canceled", ...about, filledQuantity: filled, expired: true });
  }

  /** A request travels on its own: a crash of ours stops its answer, not the request. */
  #request<T>(call: { atExchange: (sentAt: number) => T; answered: (answer: T) => void; unanswered: () => void }): void {
    const { network, schedule } = this.#world;
    const sentAt = schedule.now;
    let isDone = false;
    this.inFlight += 1;
    const end = (run: () => void): void => {
      if (isDone) return;
      isDone = true;
      this.inFlight -= 1;
      run();
    };
    const isRequestLost = network.strikes("lostRequest");
    const isAnswerLost = isRequestLost || network.strikes("lostAnswer");
    // A broken connection may be noticed while the request is still on its way.
    const givesUpAfterMs = isAnswerLost ? network.between(50, ANSWER_MAX_MS) : ANSWER_MAX_MS;
    laterIn(this.#world, this.#doors, givesUpAfterMs, () => end(call.unanswered));
    if (isRequestLost) return;
    schedule.after(network.delay(), () => {
      const answer = call.atExchange(sentAt);
      if (!isAnswerLost) laterIn(this.#world, this.#doors, network.delay(), () => end(() => call.answered(answer)));
    });
  }
}
