// A seeded world around one bot: exchange, messages, database, operator and crashes, judged after every step.

import { refKey } from "../../core/instrument.ts";
import { money, text } from "../../core/money.ts";
import type { Strategy } from "../../core/strategy.ts";
import { createRandom, type Random } from "../random.ts";
import { type BotOrder, newest } from "./bot-order.ts";
import { Course } from "./course.ts";
import { Feed } from "./feed.ts";
import { canFlatten, isFlat } from "./flatness.ts";
import { FINEST } from "./grain.ts";
import { Judge } from "./judge.ts";
import { Life } from "./life.ts";
import { Market, type MarketListener } from "./market.ts";
import { Network } from "./network.ts";
import { Operator } from "./operator.ts";
import { type Sabotage, Saboteur } from "./sabotage.ts";
import { drawScenario, type Scenario } from "./scenario.ts";
import { Schedule } from "./schedule.ts";
import { Store } from "./store.ts";
import type { FundingPayment, Happening, Surroundings } from "./surroundings.ts";
import { Trace } from "./trace.ts";
import { Upheaval, type UpheavalDoors } from "./upheaval.ts";

export const STEP_MS = 500;
const START_AT = 1_000_000;
const FUNDING_EVERY_STEPS = 20;
const CHECK_BOOKS_EVERY_STEPS = 10;
/** A process that is asked to end has this long to store its state. */
const GRACE_MS = 300;
/** An exchange ends an order that it took in vain within this. */
const LATE_REFUSAL_MAX_MS = 400;
const LATE_FUNDING_MAX_MS = 40_000;
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
  readonly #upheaval: Upheaval;
  readonly #twistsRandom: Random;
  readonly happenings: Partial<Record<Happening, number>> = {};
  moved = { base: "0", quote: "0" };
  #life: Life | null = null;
  #steps = 0;
  #isCalm = false;
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
    this.#twistsRandom = named("upheaval");
    const { renamesAmended, refusesLate, feeToken, newSteps } = this.scenario.twists;
    for (const [key, terms] of this.scenario.terms) {
      const { base } = terms.instrument;
      const habits = { renamesAmended, refusesLate, feeToken, steps: newSteps.get(base)?.before ?? FINEST };
      this.#markets.set(key, new Market(terms, named(`market:${key}`), this.#listener(), habits));
      if (!this.#courses.has(base)) this.#courses.set(base, new Course(named(`course:${base}`)));
    }
    this.#feed = new Feed(this, () => this.#life);
    this.#operator = new Operator(this, () => this.#life);
    this.#upheaval = new Upheaval(this.#upheavalDoors(), this.#twistsRandom);
    this.#begin();
  }

  marketOf(leg: string): Market {
    const ref = this.scenario.refs[leg];
    const market = ref === undefined ? undefined : this.#markets.get(refKey(ref));
    if (market === undefined) throw new Error(`unknown leg ${leg}`);
    return market;
  }

  legsOf(symbol: string): readonly string[] {
    return Object.entries(this.scenario.refs).flatMap(([leg, ref]) => (ref.symbol === symbol ? [leg] : []));
  }

  happened(what: Happening): void {
    this.happenings[what] = (this.happenings[what] ?? 0) + 1;
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
      this.#upheaval.step();
      this.#step();
      if (this.network.strikes("crash")) this.#crash();
      if (this.network.strikes("silence")) this.#feed.fallSilent(this.network.between(1_000, 12_000));
    }
  }

  /** The weather clears and the operator stops the bot: nothing may be left, and every book must agree. */
  comeToRest(): void {
    this.network.clear();
    this.#isCalm = true;
    this.#upheaval.end();
    this.#operator.say("stop");
    const rested = this.#until((life) => rests(life) && this.judge.isRecorded(this.payments) && this.judge.unnoticed.size === 0);
    if (!rested && this.judge.unnoticed.size > 0)
      this.#blame(`nobody noticed that a person traded on ${[...this.judge.unnoticed].join(", ")}`);
    else if (!rested) this.#blame("stopped bot does not come to rest");
    this.#checkAll();
  }

  /** Everything that the bot holds is closed. */
  flatten(): void {
    this.#operator.say("flatten");
    const isDone = this.#until((life) => rests(life) && isFlat(this) && this.judge.isRecorded(this.payments));
    if (!isDone && canFlatten(this)) this.#blame("position is not flat");
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
    // One that was taken in vain is about to end: a position that nobody can close is tried every second.
    const left = this.judge.openOrders().filter(({ clientOrderId }) => !this.judge.doomed.has(clientOrderId));
    if (left.length > 0) this.judge.fault(`${left.length} orders are left at the exchange`);
    this.judge.checkRecords(this.payments);
    const life = this.#life;
    if (life === null) return this.judge.fault("the bot is down");
    for (const leg of Object.keys(this.scenario.instruments)) {
      const [ours, theirs] = [life.positionOf(leg), this.judge.position(leg)];
      if (ours !== theirs) this.judge.fault(`position of ${leg} is ${ours} lots by the bot's fills, ${theirs} at the exchange`);
    }
    for (const market of this.#markets.values()) for (const order of market.known) this.#checkFilled(life, order);
    life.checkBooks();
  }

  /** An order that the bot still remembers has filled by its books what it has filled at the exchange. */
  #checkFilled(life: Life, order: BotOrder): void {
    const ours = life.kernel.order(order.clientOrderId);
    const { filled } = newest(order);
    // Counted in coarser steps since then, it is near enough to be over.
    if (ours === undefined || ours.filledQuantity === filled || this.happenings.newSteps !== undefined) return;
    this.judge.fault(`order ${order.clientOrderId} has filled ${ours.filledQuantity} lots by the kernel, ${filled} at the exchange`);
  }

  /** Goes on until it is true; false when it never is, or a rule breaks meanwhile. */
  #until(isThere: (life: Life) => boolean): boolean {
    for (let count = 0; count < REST_STEPS_MAX && this.judge.faults.length === 0; count += 1) {
      this.#step();
      if (this.#life !== null && isThere(this.#life)) return true;
    }
    return false;
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
    if (this.#life?.isRecovered === true) this.judge.checkReckoning(this.#life.kernel);
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
      const payment = { leg, id: `f${this.payments.length + 1}`, amount, at: this.schedule.now, bookedAt: this.#bookedAt() };
      this.payments.push(payment);
      this.#feed.payment(payment);
    }
  }

  /** When the exchange tells of a payment: at once, or long after. */
  #bookedAt(): number {
    const { now } = this.schedule;
    const { lateFunding } = this.scenario.twists;
    if (this.#isCalm || lateFunding === 0 || this.#twistsRandom.next() >= lateFunding) return now;
    this.happened("lateFundings");
    return now + this.#twistsRandom.integer(1_000, LATE_FUNDING_MAX_MS);
  }

  #upheavalDoors(): UpheavalDoors {
    const { schedule } = this;
    return {
      twists: this.scenario.twists,
      markets: () => [...this.#markets.values()],
      isCompared: (market) => this.#isCompared(market),
      isRecorded: () => this.judge.isRecorded([]),
      changeSteps: (market) => {
        const change = this.scenario.twists.newSteps.get(market.terms.instrument.base);
        if (change === undefined) return;
        this.happened("newSteps");
        market.takeSteps(change.after, schedule.now, schedule.now + change.closedMs);
      },
      reconnect: (withinMs) => {
        const life = this.#life;
        schedule.after(withinMs, () => {
          if (life !== null && !life.isOver) this.#end(life, true);
        });
      },
      changeMinimum: (market, grains) => {
        this.happened("newMinimums");
        market.takeMinimum(grains);
        for (const leg of this.#legsOn(market)) this.#life?.takeInstrument(leg);
      },
      personTrades: (market, quantity) => this.#personTrades(market, quantity),
      transfer: (amount) => this.#transfer(amount),
      resetPeak: () => this.#operator.resetPeak(),
    };
  }

  #legsOn(market: Market): string[] {
    return Object.keys(this.scenario.instruments).filter((leg) => this.marketOf(leg) === market);
  }

  /** What was there before the first comparison counts as the person's own: only a later trade must be noticed. */
  #isCompared(market: Market): boolean {
    const [leg, ...others] = this.#legsOn(market);
    if (leg === undefined || others.length > 0 || this.store.state === null) return false;
    const { legs } = JSON.parse(this.store.state) as { readonly legs: Readonly<Record<string, { readonly unattributed: number | null }>> };
    return (legs[leg]?.unattributed ?? null) !== null;
  }

  #personTrades(market: Market, quantity: number): void {
    this.happened("personTrades");
    market.personTrades(quantity, this.schedule.now);
    for (const leg of this.#legsOn(market)) {
      if (market.personPosition === market.terms.userPosition) this.judge.unnoticed.delete(leg);
      else this.judge.unnoticed.add(leg);
    }
  }

  /** Quote everywhere, and a little of the coin itself where it can be held. */
  #transfer(amount: number): void {
    this.happened("transfers");
    this.moved = {
      quote: text(money(this.moved.quote).plus(amount)),
      base: text(money(this.moved.base).plus(amount > 0 ? "0.5" : "-0.1")),
    };
    const [leg] = Object.keys(this.scenario.instruments);
    if (leg !== undefined) this.#feed.transfer(leg, `m${this.happenings.transfers}`, String(amount));
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
    if (life !== null) this.#end(life, this.network.pick(4) === 0);
  }

  #end(life: Life, isGraceful: boolean): void {
    this.restarts += 1;
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
      doomed: (market, order) => {
        this.happened("lateRefusals");
        this.judge.refusesLate(order);
        // Half of them end before their answer has left.
        const afterMs = this.#twistsRandom.next() < 0.5 ? 0 : this.#twistsRandom.integer(1, LATE_REFUSAL_MAX_MS);
        this.schedule.after(afterMs, () => market.endDoomed(order, this.schedule.now));
      },
    };
  }
}

function rests(life: Life): boolean {
  return life.isQuiet && (life.state === "stopped" || life.state === "halted");
}
