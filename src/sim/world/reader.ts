// Reads the simulated account now and then and turns it into the kernel's events, as the worker's reconciler does.

import type { OpenOrder } from "../../core/events.ts";
import { money, text } from "../../core/money.ts";
import type { Lots } from "../../core/units.ts";
import type { BotOrder, OrderVersion } from "./bot-order.ts";
import { type Doors, laterIn, type Surroundings, toldFill } from "./surroundings.ts";

const FILLS_EVERY_MS = 60_000;
const OVERLAP_MS = 60_000;
const START_BASE = "10";
const START_QUOTE = "50000";

interface Cursor {
  since: number;
  readAt: number;
}

/** One leg of the account as the exchange listed it. */
interface Shot {
  readonly leg: string;
  readonly openOrders: readonly OpenOrder[];
  readonly position: Lots | null;
}

interface Read {
  readonly askedAt: number;
  readonly fillsBefore: number;
  readonly isDoubtful: boolean;
}

export class Reader {
  readonly #world: Surroundings;
  readonly #doors: Doors;
  readonly #fillsFrom: (leg: string) => number;
  readonly #cursors = new Map<string, Cursor>();
  #isRunning = false;
  #isDoubtWaiting = false;

  constructor(world: Surroundings, doors: Doors, fillsFrom: (leg: string) => number) {
    this.#world = world;
    this.#doors = doors;
    this.#fillsFrom = fillsFrom;
  }

  /** Reads everything once, one read at a time; `then` hears whether it was complete. */
  run(isDoubtful: boolean, then: (isComplete: boolean) => void = () => undefined): void {
    if (this.#isRunning) {
      this.#isDoubtWaiting ||= isDoubtful;
      return then(false);
    }
    this.#isRunning = true;
    const { network, schedule } = this.#world;
    const read: Read = { askedAt: schedule.now, fillsBefore: this.#doors.fillCount, isDoubtful };
    const isFailing = network.strikes("failedRead");
    laterIn(this.#world, this.#doors, network.delay(), () => {
      const shots = isFailing ? [] : Object.keys(this.#world.scenario.instruments).map((leg) => this.#shoot(leg));
      laterIn(this.#world, this.#doors, network.delay(), () => {
        const results = shots.map((shot) => this.#reconcile(shot, read));
        this.#isRunning = false;
        then(!isFailing && results.every((isComplete) => isComplete));
        if (!this.#isDoubtWaiting) return;
        this.#isDoubtWaiting = false;
        this.run(true);
      });
    });
  }

  /** The lists as the exchange makes them, each of its own age. */
  #shoot(leg: string): Shot {
    const { schedule, network, scenario } = this.#world;
    const market = this.#world.marketOf(leg);
    const openOrders = market.listing(schedule.now - network.lag()).map(({ order, version }) => listed(leg, order, version, scenario));
    const isPerp = market.terms.instrument.kind === "perp";
    return { leg, openOrders, position: isPerp ? market.accountPosition(schedule.now - network.lag()) : null };
  }

  #reconcile({ leg, openOrders, position }: Shot, read: Read): boolean {
    const { network } = this.#world;
    for (const { clientOrderId, exchangeOrderId } of openOrders)
      if (clientOrderId !== null) this.#doors.learn(leg, clientOrderId, exchangeOrderId);
    const cursor = this.#cursors.get(leg);
    const isDue = cursor === undefined || this.#world.schedule.now - cursor.readAt >= FILLS_EVERY_MS;
    const hasFills = read.isDoubtful || isDue || this.#differs(leg, openOrders) ? this.#readFills(leg, read.askedAt) : true;
    // A fill that came while we read makes the position incomparable; the next read will do.
    const isQuiet = hasFills && this.#doors.fillCount === read.fillsBefore;
    this.#doors.post({ type: "reconciled", leg, at: read.askedAt, openOrders, position: isQuiet ? position : null });
    if (!network.strikes("failedRead")) this.#readMoney(leg);
    return hasFills;
  }

  #differs(leg: string, openOrders: readonly OpenOrder[]): boolean {
    const filled = new Map(openOrders.map((order) => [order.clientOrderId, order.filledQuantity]));
    return this.#doors.kernel
      .liveOrders()
      .some((order) => order.leg === leg && order.exchangeOrderId !== null && filled.get(order.clientOrderId) !== order.filledQuantity);
  }

  #readFills(leg: string, askedAt: number): boolean {
    const { schedule, network, scenario } = this.#world;
    if (network.strikes("failedRead")) return false;
    const since = (this.#cursors.get(leg)?.since ?? this.#fillsFrom(leg)) - OVERLAP_MS;
    const fills = this.#world.marketOf(leg).fillsBetween(since, schedule.now - network.lag());
    const isCut = network.strikes("cutHistory");
    const told = isCut ? fills.slice(0, network.pick(fills.length + 1)) : fills;
    this.#doors.takeFills(
      leg,
      told.map((fill) => toldFill(scenario, fill)),
    );
    if (!isCut) this.#cursors.set(leg, { since: askedAt, readAt: schedule.now });
    return !isCut;
  }

  /** Funding so far, balances, and where the exchange would liquidate. */
  #readMoney(leg: string): void {
    const { schedule, scenario, payments } = this.#world;
    const at = schedule.now;
    for (const { leg: paid, id, amount, bookedAt } of payments)
      if (paid === leg && bookedAt <= at) this.#doors.post({ type: "funding", leg, id, amount, at });
    const { instrument } = this.#world.marketOf(leg).terms;
    const held = money(instrument.lotSize).times(this.#world.judge.position(leg));
    const { moved } = this.#world;
    const base = instrument.kind === "spot" ? text(held.plus(START_BASE).plus(moved.base)) : "0";
    this.#doors.post({ type: "balances", leg, at, base, quote: text(money(START_QUOTE).plus(moved.quote)) });
    if (scenario.risk.minLiquidationDistanceBps !== undefined) this.#readMargin(leg);
  }

  #readMargin(leg: string): void {
    const market = this.#world.marketOf(leg);
    const at = this.#world.schedule.now;
    const position = this.#world.judge.position(leg);
    const { touch } = market;
    const isFree = position === 0 || touch === null || market.terms.instrument.kind === "spot";
    const factor = 1 - Math.sign(position) * this.#world.scenario.liquidationDistance;
    const price = isFree ? null : money(market.terms.instrument.tickSize).times(Math.round(touch.bestBid * factor));
    this.#doors.post({ type: "margin", leg, at, liquidationPrice: price === null ? null : text(price) });
  }
}

function listed(leg: string, order: BotOrder, version: OrderVersion, scenario: Surroundings["scenario"]): OpenOrder {
  return {
    symbol: scenario.refs[leg]?.symbol ?? "",
    clientOrderId: order.clientOrderId,
    exchangeOrderId: version.exchangeOrderId,
    side: order.side,
    price: version.price,
    quantity: version.quantity,
    filledQuantity: version.filled,
    postOnly: order.postOnly,
    reduceOnly: order.reduceOnly,
    at: order.versions[0]?.at ?? version.at,
  };
}
