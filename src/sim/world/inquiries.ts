// Asks the simulated exchange what became of orders in doubt, until there is proof, as the worker does.

import type { Order } from "../../core/order.ts";
import { isLive } from "../../core/order.ts";
import { reportEvent } from "../../core/order-report.ts";
import { type Doors, laterIn, type Surroundings, toldFill } from "./surroundings.ts";

/** The worker's rules of proof: so many looks that find nothing, the last of them this long after the doubt began. */
const LOOKS_MIN = 3;
const NEVER_ARRIVED_MS = 5_000;
const CLOCK_SKEW_MS = 60_000;
const FIRST_PAUSE_MS = 500;
const PAUSE_MAX_MS = 15_000;

interface Inquiry {
  readonly leg: string;
  readonly clientOrderId: string;
  isOpen: boolean;
  isArmed: boolean;
  misses: number;
  looks: number;
  dueAt: number;
}

export class Inquiries {
  readonly #world: Surroundings;
  readonly #doors: Doors;
  readonly #startedAt: number;
  readonly #inquiries = new Map<string, Inquiry>();
  readonly #doubtedAt = new Map<string, number>();

  constructor(world: Surroundings, doors: Doors) {
    this.#world = world;
    this.#doors = doors;
    this.#startedAt = world.schedule.now;
  }

  /** Orders that nobody has looked for yet. */
  get unlooked(): number {
    return [...this.#inquiries.values()].filter((inquiry) => inquiry.isOpen && inquiry.looks === 0).length;
  }

  ask(leg: string, clientOrderId: string): void {
    let inquiry = this.#inquiries.get(clientOrderId);
    if (inquiry === undefined) {
      inquiry = { leg, clientOrderId, isOpen: true, isArmed: false, misses: 0, looks: 0, dueAt: this.#world.schedule.now };
      this.#inquiries.set(clientOrderId, inquiry);
    }
    inquiry.isOpen = true;
    this.#arm(inquiry);
  }

  /** Nobody answered its place just now: looks from before prove nothing. */
  doubt(clientOrderId: string): void {
    this.#doubtedAt.set(clientOrderId, this.#world.schedule.now);
    const inquiry = this.#inquiries.get(clientOrderId);
    if (inquiry !== undefined) inquiry.misses = 0;
  }

  #arm(inquiry: Inquiry): void {
    if (!inquiry.isOpen || inquiry.isArmed) return;
    inquiry.isArmed = true;
    laterIn(this.#world, this.#doors, inquiry.dueAt - this.#world.schedule.now, () => this.#look(inquiry));
  }

  #look(inquiry: Inquiry): void {
    const { network, schedule } = this.#world;
    const order = this.#doors.kernel.order(inquiry.clientOrderId);
    if (order === undefined || !(isLive(order) || order.isUnknown)) {
      inquiry.isOpen = false;
      inquiry.isArmed = false;
      return;
    }
    const lookedAt = schedule.now;
    const isFailing = network.strikes("failedRead");
    laterIn(this.#world, this.#doors, network.delay() + network.delay(), () => {
      if (!isFailing) this.#lookOnce(inquiry, order, lookedAt);
      inquiry.looks += 1;
      inquiry.isArmed = false;
      inquiry.dueAt = schedule.now + Math.min(PAUSE_MAX_MS, FIRST_PAUSE_MS * 2 ** (inquiry.looks - 1));
      this.#arm(inquiry);
    });
  }

  #lookOnce(inquiry: Inquiry, order: Order, lookedAt: number): void {
    const { schedule, network } = this.#world;
    const { leg, clientOrderId } = inquiry;
    const found = this.#world.marketOf(leg).find(clientOrderId, schedule.now - network.lag());
    if (found === null) return this.#notFound(inquiry, order, lookedAt);
    const { exchangeOrderId, filled, status } = found.version;
    inquiry.misses = 0;
    this.#doors.learn(leg, clientOrderId, exchangeOrderId);
    this.#doubtedAt.delete(clientOrderId);
    // Fills first: the order then closes with all of them seen. Their list may lag behind, so it is looked at once more.
    inquiry.isOpen = filled > order.filledQuantity;
    if (inquiry.isOpen) this.#readFills(inquiry, order);
    const about = { leg, clientOrderId, at: schedule.now };
    this.#doors.post(reportEvent(about, order, { exchangeOrderId, filledQuantity: filled, status }));
  }

  #notFound(inquiry: Inquiry, order: Order, lookedAt: number): void {
    inquiry.misses += 1;
    if (order.exchangeOrderId !== null) return;
    const doubtedFor = lookedAt - (this.#doubtedAt.get(inquiry.clientOrderId) ?? this.#startedAt);
    if (inquiry.misses < LOOKS_MIN || doubtedFor < NEVER_ARRIVED_MS) return;
    if (!this.#readFills(inquiry, order)) return;
    inquiry.isOpen = false;
    this.#doubtedAt.delete(inquiry.clientOrderId);
    this.#doors.post({ type: "neverArrived", leg: inquiry.leg, clientOrderId: inquiry.clientOrderId, at: this.#world.schedule.now });
  }

  /** False when the list was cut. */
  #readFills(inquiry: Inquiry, order: Order): boolean {
    const { schedule, network, scenario } = this.#world;
    const fills = this.#world.marketOf(inquiry.leg).fillsBetween(order.createdAt - CLOCK_SKEW_MS, schedule.now - network.lag());
    const isCut = network.strikes("cutHistory");
    const told = isCut ? fills.slice(0, network.pick(fills.length + 1)) : fills;
    this.#doors.takeFills(
      inquiry.leg,
      told.map((fill) => toldFill(scenario, fill)),
    );
    return !isCut;
  }
}
