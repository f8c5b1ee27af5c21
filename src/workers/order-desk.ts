// Sends places, amends and cancels through an exchange port and turns each outcome into the kernel's events.

import type { Effect } from "../core/effects.ts";
import type { KernelEvent } from "../core/events.ts";
import type { Instrument } from "../core/instrument.ts";
import type { Order } from "../core/order.ts";
import type { AmendOutcome, CancelOutcome, Clock, ExchangePort, Fence, OrderRef, PlaceOutcome } from "../core/ports.ts";
import type { OwnOrders } from "./own-orders.ts";

export interface Leg {
  /** Only limits change while a process runs; with other steps it ends and begins anew. */
  instrument: Instrument;
  readonly port: ExchangePort;
  /** The bot's orders on the leg's account; legs of one account share it. */
  readonly own: OwnOrders;
}

export type Legs = Readonly<Record<string, Leg>>;

type PlaceEffect = Extract<Effect, { type: "place" }>;
type AmendEffect = Extract<Effect, { type: "amend" }>;
type CancelEffect = Extract<Effect, { type: "cancel" }>;

/** An intent that is not stored within this is not sent. */
export const INTENT_TIMEOUT_MS = 5_000;

export interface OrderDeskOptions {
  readonly legs: Legs;
  readonly clock: Clock;
  readonly fence: Fence;
  readonly post: (event: KernelEvent) => void;
  /** Tells which exchange order id belongs to which of our orders. */
  readonly learn: (leg: string, clientOrderId: string, exchangeOrderId: string) => void;
  /** Nobody answered a place: from now on the order is in doubt. */
  readonly doubt: (clientOrderId: string) => void;
  /** A cancel that left the filled quantity open: somebody must ask. */
  readonly inquire: (leg: string, clientOrderId: string) => void;
  readonly order: (clientOrderId: string) => Order | undefined;
  readonly isUrgent: () => boolean;
  readonly onError: (message: string) => void;
}

export interface OrderDesk {
  /** Why a place would be refused right now, before anything is stored; null when it may be tried. */
  refuses(urgency: "close" | "open"): { readonly code: string; readonly message: string } | null;
  place(effect: PlaceEffect, stored: Promise<boolean>): void;
  /** `stored`: the state that knows of the change is stored. */
  amend(effect: AmendEffect, stored: Promise<boolean>): void;
  cancel(effect: CancelEffect): void;
  /** True while the database takes no rows: no new openings. */
  ledgerTrouble: boolean;
  readonly inFlight: number;
}

export function legNamed(legs: Legs, name: string): Leg {
  const leg = legs[name];
  if (leg === undefined) throw new Error(`unknown leg ${name}`);
  return leg;
}

export function createOrderDesk(options: OrderDeskOptions): OrderDesk {
  return new Desk(options);
}

class Desk implements OrderDesk {
  readonly #options: OrderDeskOptions;
  #inFlight = 0;
  ledgerTrouble = false;

  constructor(options: OrderDeskOptions) {
    this.#options = options;
  }

  get inFlight(): number {
    return this.#inFlight;
  }

  refuses(urgency: "close" | "open"): { readonly code: string; readonly message: string } | null {
    const fenced = this.#options.fence("place");
    if (fenced !== null) return { code: "fenced", message: fenced };
    if (this.ledgerTrouble && urgency === "open")
      return { code: "ledgerUnavailable", message: "the database takes no rows, so nothing new is opened" };
    return null;
  }

  place(effect: PlaceEffect, stored: Promise<boolean>): void {
    const { instrument, port } = legNamed(this.#options.legs, effect.leg);
    void this.#track(port.place(instrument.ref.symbol, effect.order, effect.urgency, soon(stored))).then(
      (outcome) => this.#placed(effect, outcome),
      // The port promised never to throw for an answer, so nobody knows what this means for the order.
      (error: unknown) => this.#placed(effect, { outcome: "unknown", message: String(error) }),
    );
  }

  amend(effect: AmendEffect, stored: Promise<boolean>): void {
    const { port } = legNamed(this.#options.legs, effect.leg);
    const order = this.#options.order(effect.clientOrderId);
    if (port.amend === undefined || order === undefined) {
      this.#amended(effect, { outcome: "refused", code: "cannotAmend", message: `${port.name} changes no orders in place` });
      return;
    }
    const { side, postOnly, reduceOnly } = order;
    const { price, quantity } = effect;
    void this.#track(port.amend(this.#refOf(effect), { side, price, quantity, postOnly, reduceOnly }, soon(stored))).then(
      (outcome) => this.#amended(effect, outcome),
      (error: unknown) => this.#amended(effect, { outcome: "unknown", message: String(error) }),
    );
  }

  cancel(effect: CancelEffect): void {
    const { legs, isUrgent } = this.#options;
    const { port } = legNamed(legs, effect.leg);
    void this.#track(port.cancel(this.#refOf(effect), isUrgent() ? "panic" : "cancel")).then(
      (outcome) => this.#canceled(effect, outcome),
      (error: unknown) => this.#canceled(effect, { outcome: "unknown", message: String(error) }),
    );
  }

  #refOf({ leg, clientOrderId, exchangeOrderId }: AmendEffect | CancelEffect): OrderRef {
    const { legs, order, clock } = this.#options;
    const createdAt = order(clientOrderId)?.createdAt ?? clock.now();
    return { symbol: legNamed(legs, leg).instrument.ref.symbol, clientOrderId, exchangeOrderId, createdAt };
  }

  async #track<T>(request: Promise<T>): Promise<T> {
    this.#inFlight += 1;
    try {
      return await request;
    } finally {
      this.#inFlight -= 1;
    }
  }

  #placed(effect: PlaceEffect, outcome: PlaceOutcome): void {
    const { post, learn, doubt, onError, clock } = this.#options;
    const about = { leg: effect.leg, clientOrderId: effect.order.clientOrderId, at: clock.now() };
    switch (outcome.outcome) {
      case "accepted": {
        const { exchangeOrderId, filledQuantity } = outcome;
        learn(about.leg, about.clientOrderId, exchangeOrderId);
        post({ type: "accepted", ...about, exchangeOrderId, filledQuantity });
        // An IOC order that found too little is over, though nobody canceled it.
        if (outcome.closed && filledQuantity < effect.order.quantity) post({ type: "canceled", ...about, filledQuantity, expired: true });
        return;
      }
      case "rejected":
      case "denied":
        if (outcome.outcome === "denied") onError(`place denied: ${outcome.message}`);
        post({ type: outcome.outcome, ...about, code: outcome.code, message: outcome.message });
        return;
      case "unknown":
        onError(`place unanswered: ${outcome.message}`);
        doubt(about.clientOrderId);
        post({ type: "unknown", ...about });
        return;
    }
  }

  #amended(effect: AmendEffect, outcome: AmendOutcome): void {
    const { post, learn, onError, clock } = this.#options;
    const about = { leg: effect.leg, clientOrderId: effect.clientOrderId, at: clock.now() };
    if (outcome.outcome === "amended") {
      const { exchangeOrderId, price, quantity } = outcome;
      learn(about.leg, about.clientOrderId, exchangeOrderId);
      post({ type: "amended", ...about, exchangeOrderId, price, quantity });
      return;
    }
    onError(`amend ${outcome.outcome === "unknown" ? "unanswered" : "refused"}: ${outcome.message}`);
    post({ type: "amendRefused", ...about, isUnknown: outcome.outcome === "unknown" });
  }

  #canceled(effect: CancelEffect, outcome: CancelOutcome): void {
    const { post, inquire, onError, clock } = this.#options;
    const about = { leg: effect.leg, clientOrderId: effect.clientOrderId, at: clock.now() };
    switch (outcome.outcome) {
      case "canceled":
        if (outcome.filledQuantity === null) inquire(effect.leg, effect.clientOrderId);
        else post({ type: "canceled", ...about, filledQuantity: outcome.filledQuantity });
        return;
      case "denied":
        onError(`cancel denied: ${outcome.message}`);
        post({ type: "cancelRefused", ...about, isUnknown: false });
        return;
      case "notFound":
        post({ type: "cancelRefused", ...about, isUnknown: false });
        return;
      case "unknown":
        onError(`cancel unanswered: ${outcome.message}`);
        post({ type: "cancelRefused", ...about, isUnknown: true });
        return;
    }
  }
}

/** False when the row is not stored in time: an order must not wait for ever for its database. */
async function soon(stored: Promise<boolean>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), INTENT_TIMEOUT_MS);
  });
  try {
    return await Promise.race([stored, late]);
  } finally {
    clearTimeout(timer);
  }
}
