// A kernel that is spoken to in grains, the finest steps an exchange ever has, while it counts in the steps of today.

import type { Effect } from "../../core/effects.ts";
import type { ExchangeFill, KernelEvent } from "../../core/events.ts";
import type { Instrument } from "../../core/instrument.ts";
import { createKernel, type Kernel, type KernelOptions, type KernelStart } from "../../core/kernel.ts";
import { money, text } from "../../core/money.ts";
import type { Order } from "../../core/order.ts";
import { type Lots, lots, type Ticks, ticks } from "../../core/units.ts";

/** How many grains one tick and one lot of an instrument are. */
export interface Steps {
  readonly tick: number;
  readonly lot: number;
}

export const FINEST: Steps = { tick: 1, lot: 1 };

/** The instrument in coarser steps than its grains; `minLots` is the smallest order in grains. */
export function instrumentIn(grains: Instrument, { tick, lot }: Steps, minLots: number = grains.minQuantity): Instrument {
  const tickSize = text(money(grains.tickSize).times(tick));
  const lotSize = text(money(grains.lotSize).times(lot));
  const minQuantity = lots(Math.max(1, Math.ceil(minLots / lot)));
  return { ...grains, tickSize, lotSize, minQuantity, revision: `${tickSize}|${lotSize}|${minQuantity}|${grains.minNotional}` };
}

/** From grains to steps as the exchange port reads them: to the nearest. */
class Reading {
  readonly #steps: Steps;

  constructor(steps: Steps) {
    this.#steps = steps;
  }

  price(grains: Ticks): Ticks {
    return ticks(Math.round(grains / this.#steps.tick));
  }

  quantity(grains: Lots): Lots {
    return lots(Math.round(grains / this.#steps.lot));
  }

  fill(fill: ExchangeFill): ExchangeFill {
    return { ...fill, price: this.price(fill.price), quantity: this.quantity(fill.quantity) };
  }

  order(order: Order): Order {
    const { amending } = order;
    return {
      ...order,
      price: this.price(order.price),
      wishedPrice: this.price(order.wishedPrice),
      quantity: this.quantity(order.quantity),
      filledQuantity: this.quantity(order.filledQuantity),
      reportedFilledQuantity: this.quantity(order.reportedFilledQuantity),
      amending: amending && { ...amending, price: this.price(amending.price), quantity: this.quantity(amending.quantity) },
    };
  }

  event(event: KernelEvent): KernelEvent {
    switch (event.type) {
      case "book": {
        const { bidQuantity, askQuantity } = event;
        const sizes = {
          ...(bidQuantity === undefined ? {} : { bidQuantity: this.quantity(bidQuantity) }),
          ...(askQuantity === undefined ? {} : { askQuantity: this.quantity(askQuantity) }),
        };
        return { ...event, bestBid: this.price(event.bestBid), bestAsk: this.price(event.bestAsk), ...sizes };
      }
      case "mark":
        return { ...event, mark: this.price(event.mark) };
      case "last":
        return { ...event, price: this.price(event.price) };
      case "accepted":
        return event.filledQuantity === undefined ? event : { ...event, filledQuantity: this.quantity(event.filledQuantity) };
      case "canceled":
        return { ...event, filledQuantity: this.quantity(event.filledQuantity) };
      case "amended":
        return { ...event, price: this.price(event.price), quantity: this.quantity(event.quantity) };
      case "fill":
        return { ...event, fill: this.fill(event.fill) };
      case "reconciled":
        return {
          ...event,
          position: event.position === null ? null : this.quantity(event.position),
          openOrders: event.openOrders.map((open) => ({
            ...open,
            price: this.price(open.price),
            quantity: this.quantity(open.quantity),
            filledQuantity: this.quantity(open.filledQuantity),
          })),
        };
      default:
        return event;
    }
  }
}

/** From steps to grains, exactly: the same walk with the inverse factor. */
function grainsIn({ tick, lot }: Steps): Reading {
  return new Reading({ tick: 1 / tick, lot: 1 / lot });
}

function effectInGrains(grains: Reading, effect: Effect): Effect {
  switch (effect.type) {
    case "place":
      return {
        ...effect,
        order: { ...effect.order, price: grains.price(effect.order.price), quantity: grains.quantity(effect.order.quantity) },
      };
    case "amend":
      return { ...effect, price: grains.price(effect.price), quantity: grains.quantity(effect.quantity) };
    case "record": {
      const { fill, position } = effect.fill;
      return { ...effect, fill: { ...effect.fill, fill: grains.fill(fill), position: grains.quantity(position) } };
    }
    case "orderChanged":
      return { ...effect, order: grains.order(effect.order) };
    default:
      return effect;
  }
}

export interface GrainStart extends Omit<KernelStart, "orders"> {
  /** In grains. */
  readonly orders: readonly Order[];
}

/**
 * A kernel whose events, effects and orders are in grains; its options' limits too. `start.market` and the options' instruments are
 * in the steps of today. What is no multiple of a step is rounded to the nearest, as an exchange port does.
 */
export function createGrainKernel(options: KernelOptions, start: GrainStart, stepsOf: (leg: string) => Steps): Kernel {
  const legs = Object.keys(options.instruments);
  if (legs.every((leg) => stepsOf(leg).tick === 1 && stepsOf(leg).lot === 1)) return createKernel(options, start);
  const readings = new Map(legs.map((leg) => [leg, { steps: new Reading(stepsOf(leg)), grains: grainsIn(stepsOf(leg)) }]));
  const on = (leg: string) => {
    const found = readings.get(leg);
    if (found === undefined) throw new Error(`unknown leg ${leg}`);
    return found;
  };
  const maxPosition = Object.fromEntries(
    Object.entries(options.risk.maxPosition).map(([leg, most]) => [leg, Math.floor(most / stepsOf(leg).lot)]),
  );
  const orders = start.orders.map((order) => on(order.leg).steps.order(order));
  const kernel = createKernel({ ...options, risk: { ...options.risk, maxPosition } }, { ...start, orders });
  return {
    apply: (event) =>
      kernel
        .apply("leg" in event ? on(event.leg).steps.event(event) : event)
        .map((effect) => effectInGrains(on(legOf(effect) ?? legs[0] ?? "").grains, effect)),
    snapshot: () => kernel.snapshot(),
    status: (at) => kernel.status(at),
    liveOrders: () => kernel.liveOrders().map((order) => on(order.leg).grains.order(order)),
    order: (clientOrderId) => {
      const order = kernel.order(clientOrderId);
      return order && on(order.leg).grains.order(order);
    },
    lastFillAt: (leg) => kernel.lastFillAt(leg),
  };
}

function legOf(effect: Effect): string | null {
  if (effect.type === "record") return effect.fill.leg;
  if (effect.type === "orderChanged") return effect.order.leg;
  return "leg" in effect ? effect.leg : null;
}
