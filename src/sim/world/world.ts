// A seeded world around one bot: exchange, messages, database, operator and crashes, judged after every step.

import { type Instrument, refKey, toPrice, toQuantity } from "../../core/instrument.ts";
import { money, text, ZERO } from "../../core/money.ts";
import type { Strategy } from "../../core/strategy.ts";
import { lots, ticks } from "../../core/units.ts";
import { createRandom, type Random } from "../random.ts";
import { Course } from "./course.ts";
import { Feed } from "./feed.ts";
import { Judge } from "./judge.ts";
import { Life } from "./life.ts";
import { Market, type MarketListener } from "./market.ts";
import { Network } from "./network.ts";
import { Operator } from "./operator.ts";
import { type Sabotage, Saboteur } from "./sabotage.ts";
import { drawScenario, type Scenario } from "./scenario.ts";
import { Schedule } from "./schedule.ts";
import { Store } from "./store.ts";
import type { FundingPayment, Surroundings } from "./surroundings.ts";
import { Trace } from "./trace.ts";

export const STEP_MS = 500;
const START_AT = 1_000_000;
const FUNDING_EVERY_STEPS = 20;
const CHECK_BOOKS_EVERY_STEPS = 10;
/** A process that is asked to end has this long to store its state. */
const GRACE_MS = 300;
/** Everything must have come to rest by then, once the weather is clear. */
const REST_STEPS_MAX = 600;

export interface WorldOptions {
  readonly strategy: Strategy;
  readonly seed: number;
  readonly sabotage?: Sabotage;
  readonly keepsTrace?: boolean;
  /** Input of the strategy's parameters; drawn when absent. */
  readonly params?: Readonly<Record<string, unknown>>;
}

export class World implements Surroundings {
  readonly scenario: Scenario;
  readonly schedule = new Schedule(START_AT);
  readonly network: Network;
  readonly store: Store;
  readonly judge: Judge;
  readonly saboteur: Saboteur;
  readonly trace: Trace;
  readonly payments: FundingPayment[] = [];
  readonly #random: Random;
  readonly #markets = new Map<string, Market>();
  readonly #courses = new Map<string, Course>();
  readonly #feed: Feed;
  readonly #operator: Operator;
  #life: Life | null = null;
  #steps = 0;
  restarts = 0;

  constructor(options: WorldOptions) {
    const { strategy, seed } = options;
    const named = (what: string): Random => createRandom(`${what}:${strategy.name}:${seed}`);
    this.scenario = drawScenario(strategy, seed, {
      isWorstWeather: options.sabotage !== undefined,
      ...(options.params === undefined ? {} : { params: options.params }),
    });
    this.trace = new Trace(options.keepsTrace);
    this.network = new Network(named("network"), this.scenario.weather);
    this.store = new Store(this.schedule, this.network, this.scenario.params);
    this.judge = new Judge(this.scenario, this.schedule, this.store, () => [...this.#markets.values()]);
    this.saboteur = new Saboteur(options.sabotage ?? null, named("sabotage"));
    this.#random = named("world");
    for (const [key, terms] of this.scenario.terms) {
      this.#markets.set(key, new Market(terms, named(`market:${key}`), this.#listener()));
      const { base } = terms.instrument;
      if (!this.#courses.has(base)) this.#courses.set(base, new Course(named(`course:${base}`)));
    }
    this.#feed = new Feed(this, () => this.#life);
    this.#operator = new Operator(this, () => this.#life);
    this.#begin();
  }

  marketOf(leg: string): Market {
    const ref = this.scenario.refs[leg];
    const market = ref === undefined ? undefined : this.#markets.get(refKey(ref));
    if (market === undefined) throw new Error(`unknown leg ${leg}`);
    return market;
  }

  /** What an order set off is the worst to lose: its answer, its fills and the state that knows them. */
  orderMoved(): void {
    const life = this.#life;
    if (life === null || !this.network.strikes("crashAtOrder")) return;
    this.schedule.after(this.network.between(0, 900), () => {
      if (!life.isOver) this.#crash();
    });
  }

  /** Bad weather for so many steps, or until too many rules are broken. */
  storm(steps: number): void {
    for (let count = 0; count < steps && this.judge.faults.length === 0; count += 1) {
      this.#operator.step();
      this.#step();
      if (this.network.strikes("crash")) this.#crash();
      if (this.network.strikes("silence")) this.#feed.fallSilent(this.network.between(1_000, 12_000));
    }
  }

  /** The weather clears and the operator stops the bot: nothing may be left, and every book must agree. */
  comeToRest(): void {
    this.network.clear();
    this.#operator.say("stop");
    const rested = this.#until(rests);
    if (!rested) this.#blame("stopped bot does not come to rest");
    this.#checkAll();
  }

  /** Everything that the bot holds is closed. */
  flatten(): void {
    this.#operator.say("flatten");
    const isFlat = this.#until((life) => rests(life) && this.#isFlat());
    if (!isFlat && this.#canFlatten()) this.#blame("position is not flat");
    this.#checkAll();
  }

  #blame(what: string): void {
    const life = this.#life;
    const orders = life?.kernel.liveOrders() ?? [];
    const positions = Object.keys(this.scenario.instruments).map((leg) => `${leg} ${this.judge.position(leg)}`);
    this.judge.fault(
      `${what}: state ${life?.state ?? "down"}, ${orders.length} live orders in the kernel, ${this.judge.openOrders().length} at the exchange, position ${positions.join(", ")}`,
    );
  }

  #checkAll(): void {
    if (this.judge.openOrders().length > 0) this.judge.fault(`${this.judge.openOrders().length} orders are left at the exchange`);
    this.judge.checkRecords();
    const life = this.#life;
    if (life === null) return this.judge.fault("the bot is down");
    for (const leg of Object.keys(this.scenario.instruments)) {
      const [ours, theirs] = [life.positionOf(leg), this.judge.position(leg)];
      if (ours !== theirs) this.judge.fault(`position of ${leg} is ${ours} lots by the bot's fills, ${theirs} at the exchange`);
    }
    life.checkBooks();
  }

  /** Goes on until it is true; false when it never is, or a rule breaks meanwhile. */
  #until(isThere: (life: Life) => boolean): boolean {
    for (let count = 0; count < REST_STEPS_MAX && this.judge.faults.length === 0; count += 1) {
      this.#step();
      if (this.#life !== null && isThere(this.#life)) return true;
    }
    return false;
  }

  /** What of the position is there to be sold: fees in base currency have taken their part of a long. */
  #heldOf(leg: string, { kind, base, lotSize }: Instrument): number {
    const position = this.judge.position(leg);
    if (kind !== "spot" || position <= 0) return position;
    const paid = this.marketOf(leg).fills.filter((fill) => fill.feeCurrency === base);
    const spent = paid.reduce((sum, fill) => sum.plus(fill.fee), ZERO).div(lotSize);
    return Math.max(0, position - Math.ceil(Number(spent)));
  }

  /** What the exchange does not let anybody close counts as flat. */
  #isFlat(): boolean {
    return Object.entries(this.scenario.instruments).every(([leg, instrument]) => {
      const held = Math.abs(this.#heldOf(leg, instrument));
      const worth = money(toQuantity(instrument, lots(held))).times(toPrice(instrument, this.marketOf(leg).touch?.bestBid ?? ticks(0)));
      return held < Math.max(1, instrument.minQuantity) || worth.lt(instrument.minNotional);
    });
  }

  /** Where the person holds the opposite, the exchange takes no reduce-only order of ours: nobody can close that for us. */
  #canFlatten(): boolean {
    return Object.keys(this.scenario.instruments).every((leg) => {
      const { userPosition } = this.marketOf(leg).terms;
      return userPosition === 0 || userPosition * this.judge.position(leg) >= 0;
    });
  }

  // ---- one step -----------------------------------------------------------------------------------------------------

  #step(): void {
    this.#steps += 1;
    const { now } = this.schedule;
    for (const course of this.#courses.values()) course.step();
    for (const market of this.#markets.values()) {
      const course = this.#courses.get(market.terms.instrument.base);
      market.step((course?.factor ?? 1) * (1 + this.#random.normal() * 0.000_02), now);
    }
    for (const leg of Object.keys(this.scenario.instruments)) this.#feed.book(leg);
    if (this.#steps % FUNDING_EVERY_STEPS === 0) this.#fund();
    this.schedule.runUntil(now + STEP_MS);
    this.judge.checkExposure();
    if (this.#steps % CHECK_BOOKS_EVERY_STEPS === 0 && this.#life?.isRecovered === true) this.#life.checkBooks();
    if (this.#life?.isOver === true) this.#crash();
  }

  #fund(): void {
    for (const [leg, instrument] of Object.entries(this.scenario.instruments)) {
      const position = this.judge.position(leg);
      const touch = this.marketOf(leg).touch;
      if (instrument.kind !== "perp" || position === 0 || touch === null) continue;
      const rate = (this.#random.next() - 0.5) * 0.002;
      const value = money(instrument.tickSize).times(instrument.lotSize).times(touch.bestBid).times(-position);
      const amount = text(value.times(rate.toFixed(6)));
      const payment = { leg, id: `f${this.payments.length + 1}`, amount, at: this.schedule.now };
      this.payments.push(payment);
      this.#feed.payment(payment);
    }
  }

  // ---- lives --------------------------------------------------------------------------------------------------------

  #begin(): void {
    // Somebody may have taken all that one side offered: a touch must be there to start from.
    if ([...this.#markets.values()].some(({ touch }) => touch === null)) return this.schedule.after(STEP_MS, () => this.#begin());
    try {
      this.#life = new Life(this);
    } catch (error) {
      this.judge.fault(`the bot cannot start: ${String(error)}`);
      return;
    }
    this.#life.begin();
  }

  /** Killed, or asked to end with its state stored; it comes back after a while. */
  #crash(): void {
    const life = this.#life;
    if (life === null) return;
    this.restarts += 1;
    const isGraceful = this.network.pick(4) === 0;
    if (isGraceful && !life.isOver) life.storeState();
    life.end();
    this.#life = null;
    const end = (): void => this.store.crash();
    if (isGraceful) this.schedule.after(GRACE_MS, end);
    else end();
    const downForMs = this.network.pick(2) === 0 ? this.network.between(0, 500) : this.network.between(500, 8_000);
    this.schedule.after(isGraceful ? downForMs + GRACE_MS : downForMs, () => this.#begin());
  }

  #listener(): MarketListener {
    return {
      opened: (_market, order) => {
        this.judge.opened(order);
        this.#feed.order(order);
      },
      traded: (_market, order, fill) => {
        this.judge.traded(order, fill);
        this.#feed.fill(this.judge.asks.get(order.clientOrderId)?.leg ?? "", fill);
        this.#feed.order(order);
      },
      closed: (_market, order) => this.#feed.order(order),
    };
  }
}

function rests(life: Life): boolean {
  return life.isQuiet && (life.state === "stopped" || life.state === "halted");
}
