// Judges what the kernel asks for by what it was told: identities, limits of single orders, and rest when rest was ordered.

import type { Effect } from "../../core/effects.ts";
import type { ActualState, Desired, KernelEvent } from "../../core/events.ts";
import { type Instrument, toPrice, toQuantity } from "../../core/instrument.ts";
import type { Kernel } from "../../core/kernel.ts";
import { money } from "../../core/money.ts";
import { isLive, leavesQuantity, type Order, type Side, signOf } from "../../core/order.ts";
import { type Intent, type Strategy, TAKE_SLOT } from "../../core/strategy.ts";
import type { Lots, Ticks } from "../../core/units.ts";
import type { Judge } from "./judge.ts";
import type { Scenario } from "./scenario.ts";

const MINUTE_MS = 60_000;
/** Room for the rounding of a quotient of floats. */
const BAND_ROOM_BPS = 1e-6;

type Asked = Pick<Order, "clientOrderId" | "side" | "price" | "quantity">;

export interface Asking {
  readonly kernel: Kernel;
  readonly at: number;
  /** Number of this life of the process. */
  readonly life: number;
  readonly isStored: (clientOrderId: string) => boolean;
  readonly markOf: (leg: string) => Ticks | null;
  /** Folded fills of the leg, signed lots. */
  readonly positionOf: (leg: string) => number;
}

/** An order that the exchange ends unfilled within this was refused late … */
const LATE_REFUSAL_MS = 2_000;
/** … and its slot rests at least this long. */
const LATE_PAUSE_MS = 1_000;
/** So many late refusals of a slot within a minute, each told in time, are what doubling pauses come to; lives add none. */
const LATE_REFUSALS_MAX = 8;

/** The strategy, overheard: which legs it holds for protection is not told by the orders that follow. */
export function overheard(strategy: Strategy, judge: Judge): Strategy {
  const listen = (intent: Intent): void => {
    if (intent.type === "hold" && intent.protective === true) judge.protectedLegs.add(intent.leg);
    else if (intent.type === "hold" || intent.type === "quote") judge.protectedLegs.delete(intent.leg);
  };
  return {
    ...strategy,
    decide(state, event, view) {
      const intents = strategy.decide(state, event, view);
      intents.forEach(listen);
      return intents;
    },
  };
}

type PlaceEffect = Extract<Effect, { type: "place" }>;
type AmendEffect = Extract<Effect, { type: "amend" }>;

/** One per life of the process, because pace and state are counted anew by each. */
export class Obedience {
  readonly #scenario: Scenario;
  readonly #judge: Judge;
  #desired: Desired = "running";
  #mayFlatten = false;
  #isHalted = false;
  #isRecovered = false;
  #openings: number[] = [];
  /** When slots were refused late and told so in time, newest last. */
  readonly #lateRefusals = new Map<string, number[]>();
  /** Grains of the smallest order, by leg. */
  readonly #minimums = new Map<string, number>();

  constructor(scenario: Scenario, judge: Judge) {
    this.#scenario = scenario;
    this.#judge = judge;
  }

  /** The smallest order that the exchange takes, in grains. */
  takeMinimum(leg: string, grains: number): void {
    this.#minimums.set(leg, grains);
  }

  /** What the world told the kernel, before any sabotage. */
  heard(event: KernelEvent, kernel: Kernel): void {
    if (event.type === "canceled") this.#ended(event, kernel);
    if (event.type === "fill") {
      const order = kernel.order(event.fill.clientOrderId ?? "");
      if (order !== undefined) this.#lateRefusals.delete(`${order.leg}/${order.slot}`);
    }
    if (event.type === "recovered") this.#isRecovered = true;
    if (event.type === "halt") this.#isHalted = true;
    if (event.type === "resume") this.#isHalted = false;
    if (event.type !== "control") return;
    this.#desired = event.desired;
    this.#mayFlatten = event.flatten === true;
  }

  /** What the kernel says of itself, which binds it from the same answer on. */
  said(effects: readonly Effect[]): void {
    for (const effect of effects) {
      if (effect.type === "finished") {
        this.#desired = "stopped";
        this.#mayFlatten ||= effect.flatten;
      }
      if (effect.type === "stateChanged") this.#hears(effect.state);
    }
  }

  #ended(event: Extract<KernelEvent, { type: "canceled" }>, kernel: Kernel): void {
    const order = kernel.order(event.clientOrderId);
    if (order === undefined || !this.#judge.doomed.has(event.clientOrderId)) return;
    const isOver = !isLive(order) || order.status === "cancelSubmitted" || order.timeInForce === "ioc";
    const hasFilled = order.reportedFilledQuantity > 0 || event.filledQuantity > 0;
    if (isOver || hasFilled || event.at - order.createdAt > LATE_REFUSAL_MS) return;
    const slot = `${order.leg}/${order.slot}`;
    const times = [...(this.#lateRefusals.get(slot) ?? []).filter((at) => at > event.at - MINUTE_MS), event.at];
    this.#lateRefusals.set(slot, times);
    if (times.length > LATE_REFUSALS_MAX) this.#judge.fault(`slot ${slot} went on after ${times.length} late refusals within a minute`);
  }

  #hears(state: ActualState): void {
    if (state === "halted") this.#isHalted = true;
  }

  placed(effect: PlaceEffect, asking: Asking): void {
    const { order, leg, slot } = effect;
    const { asks } = this.#judge;
    // An id whose row a crash took away never left the machine: the next life may use it.
    const isUsed = asks.get(order.clientOrderId)?.life === asking.life || asking.isStored(order.clientOrderId);
    if (isUsed) this.#judge.fault(`client order id ${order.clientOrderId} is used twice`);
    asks.set(order.clientOrderId, { leg, slot, life: asking.life });
    if (!this.#isRecovered) this.#judge.fault(`order ${order.clientOrderId} before the recovery was done`);
    const refusedAt = this.#lateRefusals.get(`${leg}/${slot}`)?.at(-1);
    if (refusedAt !== undefined && asking.at - refusedAt < LATE_PAUSE_MS)
      this.#judge.fault(`slot ${leg}/${slot} is asked for again ${asking.at - refusedAt} ms after its late refusal`);
    this.#checkOrder(leg, order, asking);
    this.#checkRest(effect, asking);
    this.#checkPace(effect, asking);
  }

  /** What a change makes of an order obeys the limits of one order, and nothing is changed where rest was ordered. */
  amended(effect: AmendEffect, asking: Asking): void {
    const { leg, clientOrderId, price } = effect;
    const known = asking.kernel.order(clientOrderId);
    if (known === undefined) return this.#judge.fault(`a change of order ${clientOrderId}, which the kernel does not know`);
    if (!this.#isRecovered) this.#judge.fault(`change of order ${clientOrderId} before the recovery was done`);
    if (this.#isHalted || this.#desired === "stopped")
      this.#judge.fault(`order ${clientOrderId} is changed while ${this.#isHalted ? "halted" : this.#desired}`);
    const quantity = (effect.quantity - known.filledQuantity) as Lots;
    const version = this.#judge
      .openOrders()
      .find((order) => order.clientOrderId === clientOrderId)
      ?.versions.at(-1);
    // What the exchange has filled and not yet told of counts in its position: only the rest comes on top.
    const growth = version === undefined || effect.quantity <= known.quantity ? null : effect.quantity - version.filled;
    this.#checkOrder(leg, { clientOrderId, side: known.side, price, quantity }, asking, growth);
  }

  /** `growth`: what a change that grows may still fill, lots; null is judged as one that does not grow, absent as a new order. */
  #checkOrder(leg: string, order: Asked, asking: Asking, growth?: number | null): void {
    const { risk } = this.#scenario;
    const instrument = this.#instrument(leg);
    const notional = money(toPrice(instrument, order.price)).times(toQuantity(instrument, order.quantity));
    const least = this.#minimums.get(leg) ?? instrument.minQuantity;
    if (growth !== null && order.quantity < least) this.#judge.fault(`order ${order.clientOrderId} of ${order.quantity} lots is too small`);
    if (risk.maxOrderNotional !== undefined && notional.gt(risk.maxOrderNotional))
      this.#judge.fault(`order ${order.clientOrderId} is worth ${notional.toFixed()}, the limit is ${risk.maxOrderNotional}`);
    const mark = asking.markOf(leg);
    if (mark === null) return this.#judge.fault(`order ${order.clientOrderId} without a price of ${leg}`);
    const distanceBps = (Math.abs(order.price - mark) / mark) * 10_000;
    if (risk.priceBandBps !== undefined && distanceBps > risk.priceBandBps + BAND_ROOM_BPS)
      this.#judge.fault(`order ${order.clientOrderId} is ${distanceBps} bps from the mark, the limit is ${risk.priceBandBps}`);
    if (growth === null || risk.maxNotional === undefined || isReducing(leg, order.side, asking)) return;
    // By the exchange's own books: what the kernel reckons with can only be more.
    const worst = this.#worstAtExchange(leg, order.side, order.clientOrderId) + (growth ?? order.quantity);
    const atRisk = money(toPrice(instrument, mark)).times(toQuantity(instrument, Math.max(0, worst) as Lots));
    if (atRisk.gt(risk.maxNotional))
      this.#judge.fault(`order ${order.clientOrderId} brings ${leg} to ${atRisk.toFixed()}, the limit is ${risk.maxNotional}`);
  }

  #worstAtExchange(leg: string, side: Side, besides: string): number {
    let worst = signOf(side) * this.#judge.position(leg);
    for (const order of this.#judge.openOrders()) {
      const version = order.versions.at(-1);
      if (
        order.clientOrderId !== besides &&
        order.side === side &&
        version !== undefined &&
        this.#judge.asks.get(order.clientOrderId)?.leg === leg
      )
        worst += version.quantity - version.filled;
    }
    return worst;
  }

  /** Paused and draining bots only close; stopped and halted ones do nothing, unless the position is to be closed. */
  #checkRest({ order, leg, slot }: PlaceEffect, asking: Asking): void {
    if (this.#desired === "running" && !this.#isHalted) return;
    const words = this.#isHalted ? "halted" : this.#desired;
    const position = asking.positionOf(leg);
    const isRest = this.#isHalted || this.#desired === "stopped";
    if (!isRest && slot === TAKE_SLOT && this.#judge.protectedLegs.has(leg)) return;
    const isClosing = signOf(order.side) * position < 0 && order.quantity <= Math.abs(position);
    if (!isClosing) this.#judge.fault(`order ${order.clientOrderId} opens ${order.side} ${order.quantity} on ${leg} while ${words}`);
    const mayFlatten = this.#mayFlatten || (this.#isHalted && this.#scenario.risk.onBreach === "flatten");
    if (isRest && !mayFlatten) this.#judge.fault(`order ${order.clientOrderId} while ${words}`);
  }

  #checkPace({ order, leg }: PlaceEffect, asking: Asking): void {
    const most = this.#scenario.risk.maxOrdersPerMinute;
    if (most === undefined) return;
    this.#openings = this.#openings.filter((at) => at > asking.at - MINUTE_MS);
    if (isReducing(leg, order.side, asking)) return;
    this.#openings.push(asking.at);
    if (this.#openings.length > most) this.#judge.fault(`${this.#openings.length} orders within a minute, the limit is ${most}`);
  }

  #instrument(leg: string): Instrument {
    const instrument = this.#scenario.instruments[leg];
    if (instrument === undefined) throw new Error(`unknown leg ${leg}`);
    return instrument;
  }
}

/** True when all that may still fill on this side, the newest order included, only brings the position nearer to zero. */
function isReducing(leg: string, side: Side, { kernel, positionOf }: Asking): boolean {
  let worst = signOf(side) * positionOf(leg);
  for (const order of kernel.liveOrders()) if (order.leg === leg && order.side === side && isLive(order)) worst += leavesQuantity(order);
  return worst <= 0;
}
