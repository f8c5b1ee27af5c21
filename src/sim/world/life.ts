// One life of the bot's process in a simulated world: it recovers, feeds the kernel, performs its effects, and may die at any moment.

import type { AlertBody } from "../../core/alert.ts";
import type { Effect } from "../../core/effects.ts";
import type { ActualState, ExchangeFill, KernelEvent } from "../../core/events.ts";
import type { Instrument } from "../../core/instrument.ts";
import type { Kernel, KernelOptions, KernelState } from "../../core/kernel.ts";
import { money, text } from "../../core/money.ts";
import type { Text } from "../../core/text.ts";
import { Desk, type DeskDoors } from "./desk.ts";
import { createGrainKernel, type Steps } from "./grain.ts";
import { Inquiries } from "./inquiries.ts";
import { keyOf } from "./judge.ts";
import { type Asking, Obedience, overheard } from "./obedience.ts";
import { openMarket, storedBooks } from "./opening.ts";
import { OwnFills } from "./own-fills.ts";
import { Reader } from "./reader.ts";
import { botNumberOn, HOME_ACCOUNT } from "./scenario.ts";
import { type Batch, type Directive, emptyBatch } from "./store.ts";
import { laterIn, type Surroundings } from "./surroundings.ts";
import { Touches } from "./touches.ts";
import type { TruthBooks } from "./truth.ts";

const TICK_MS = 1_000;
const RECONCILE_EVERY_MS = 15_000;
const LOOKS_MAX_MS = 10_000;
const RETRY_MS = 500;
const LAZY_STATE_MS = 10_000;
/** So that daily limits begin anew now and then. */
const RISK_DAY_MS = 60_000;
const SLIPPAGE_BPS = 50;
const BOOKS_BROKEN = "the books do not add up";

export class Life implements DeskDoors {
  readonly kernel: Kernel;
  readonly #world: Surroundings;
  readonly #desk: Desk;
  readonly #inquiries: Inquiries;
  readonly #reader: Reader;
  readonly #obedience: Obedience;
  readonly #truth: TruthBooks;
  readonly #touches: Touches;
  /** As the exchange described them when this life began. */
  readonly #instruments: Readonly<Record<string, Instrument>>;
  readonly #steps: ReadonlyMap<string, Steps>;
  readonly #own = new OwnFills();
  readonly #wakes = new Set<number>();
  #state: ActualState = "recovering";
  #haltReason: Text | null = null;
  #isChanged = false;
  #stateStoredAt = 0;
  #day = "";
  isOver = false;
  isRecovered = false;
  fillCount = 0;

  /** Throws when the stored state cannot go on. */
  constructor(world: Surroundings) {
    const { scenario, store, saboteur } = world;
    this.#world = world;
    const legs = Object.keys(scenario.instruments);
    this.#steps = new Map(legs.map((leg) => [leg, world.marketOf(leg).steps]));
    this.#instruments = Object.fromEntries(legs.map((leg) => [leg, world.marketOf(leg).instrument]));
    this.#touches = new Touches((leg) => this.#stepsOf(leg).tick);
    const options: KernelOptions = {
      botId: "world",
      botNumber: botNumberOn(HOME_ACCOUNT),
      botNumbers: Object.fromEntries(Object.entries(scenario.refs).map(([leg, { account }]) => [leg, botNumberOn(account)])),
      strategy: overheard(scenario.strategy, world.judge),
      params: store.params,
      instruments: this.#instruments,
      risk: scenario.risk,
      ...(scenario.runForMs === undefined ? {} : { runForMs: scenario.runForMs }),
      ...(scenario.canAmend ? { amends: legs } : {}),
      lastCounter: store.lastCounter(),
    };
    const state: KernelState | null = store.state === null ? null : JSON.parse(store.state);
    const market = openMarket(world, this.#instruments, this.#touches);
    const start = { state, orders: saboteur.orders(store.openOrders()), market };
    this.kernel = createGrainKernel(saboteur.options(options), start, (leg) => this.#stepsOf(leg));
    this.#desk = new Desk(world, this);
    this.#inquiries = new Inquiries(world, this);
    this.#reader = new Reader(world, this, (leg) => this.kernel.lastFillAt(leg) ?? store.createdAt);
    this.#obedience = new Obedience(scenario, world.judge);
    for (const leg of legs) this.#obedience.takeMinimum(leg, this.#minimumOf(leg));
    this.#truth = storedBooks(world);
    for (const row of store.rows.values()) if (row.exchangeOrderId !== null) this.learn(row.leg, row.clientOrderId, row.exchangeOrderId);
  }

  /** Catches up with the exchange, then lets the strategy speak. */
  begin(): void {
    this.#tick();
    this.#catchUp();
  }

  /** Killed: what is on its way to it reaches nobody. */
  end(): void {
    this.isOver = true;
  }

  get state(): ActualState {
    return this.#state;
  }

  /** True when nothing is under way and every order is proven. */
  get isQuiet(): boolean {
    return this.isRecovered && this.#desk.inFlight === 0 && this.kernel.liveOrders().length === 0;
  }

  // ---- what reaches the process -------------------------------------------------------------------------------------

  post(event: KernelEvent): void {
    if (this.isOver) return;
    this.#obedience.heard(event, this.kernel);
    this.#touches.hear(event, this.#world.schedule.now);
    for (const told of this.#world.saboteur.told(event, this.kernel)) if (!this.isOver) this.#apply(told);
  }

  takeFills(leg: string, fills: readonly ExchangeFill[]): void {
    for (const fill of fills) {
      const owned = this.#own.claim(leg, fill);
      if (owned !== null) this.#takeFill(leg, owned);
    }
  }

  learn(leg: string, clientOrderId: string, exchangeOrderId: string): void {
    for (const { fill } of this.#own.learn(leg, clientOrderId, exchangeOrderId)) this.#takeFill(leg, fill);
  }

  doubt(clientOrderId: string): void {
    this.#inquiries.doubt(clientOrderId);
  }

  inquire(leg: string, clientOrderId: string): void {
    this.#inquiries.ask(leg, clientOrderId);
  }

  /** Follows the operator's newest word. */
  follow(directive: Directive, wasHalted: boolean): void {
    const at = this.#world.schedule.now;
    if (directive.halt !== null) this.post({ type: "halt", reason: directive.halt, at });
    else if (wasHalted) this.post({ type: "resume", at });
    const { desired, flatten } = directive;
    this.post({ type: "control", desired, at, ...(flatten ? { flatten, maxSlippageBps: SLIPPAGE_BPS } : {}) });
    const { peakSince } = this.#world.store;
    if (peakSince > 0) this.post({ type: "resetPeak", since: peakSince, at });
  }

  /** The exchange describes an instrument anew, in the same steps. */
  takeInstrument(leg: string): void {
    const { instrument, steps } = this.#world.marketOf(leg);
    const { tick, lot } = this.#stepsOf(leg);
    if (steps.tick !== tick || steps.lot !== lot) return;
    this.#obedience.takeMinimum(leg, this.#minimumOf(leg));
    this.post({ type: "instrument", leg, instrument, at: this.#world.schedule.now });
  }

  /** A leg's position as this life's lots can show it, in grains. */
  wholeOf(leg: string, grains: number): number {
    const { lot } = this.#stepsOf(leg);
    return Math.trunc(grains / lot) * lot;
  }

  #stepsOf(leg: string): Steps {
    const steps = this.#steps.get(leg);
    if (steps === undefined) throw new Error(`unknown leg ${leg}`);
    return steps;
  }

  #minimumOf(leg: string): number {
    const { instrument, steps } = this.#world.marketOf(leg);
    return instrument.minQuantity * steps.lot;
  }

  /** Stores the newest state, as a process does that was asked to end. */
  storeState(): void {
    const batch = emptyBatch();
    batch.state = this.#snapshot();
    this.#world.store.commit(batch, () => undefined);
  }

  /** Compares the kernel's numbers with those worked out from the exchange's trades that it was told. */
  checkBooks(): void {
    const status = this.kernel.status(this.#world.schedule.now);
    for (const difference of this.#truth.differences(status, (leg) => this.#touches.mark(leg))) this.#world.judge.fault(difference);
    const { gridProfit, unpairedPnl } = status.report;
    // A grid values its lots at mid, so the sums agree only where the ledger does too.
    if (gridProfit === undefined || unpairedPnl === undefined || this.#world.scenario.tellsMark) return;
    const [own, booked] = [money(gridProfit).plus(unpairedPnl), money(status.realizedPnl).plus(status.unrealizedPnl)];
    if (!own.eq(booked)) this.#world.judge.fault(`grid profit ${gridProfit} + unpaired ${unpairedPnl} is not ${text(booked)}`);
  }

  positionOf(leg: string): number {
    return this.#truth.position(leg);
  }

  #takeFill(leg: string, fill: ExchangeFill): void {
    this.fillCount += 1;
    this.post({ type: "fill", leg, fill, at: this.#world.schedule.now });
  }

  // ---- recovery and routine -----------------------------------------------------------------------------------------

  #catchUp(): void {
    this.#reader.run(true, (isComplete) => {
      if (isComplete) return this.#awaitLooks(this.#world.schedule.now + LOOKS_MAX_MS);
      laterIn(this.#world, this, RETRY_MS, () => this.#catchUp());
    });
  }

  #awaitLooks(until: number): void {
    if (this.#inquiries.unlooked > 0 && this.#world.schedule.now < until)
      return laterIn(this.#world, this, RETRY_MS, () => this.#awaitLooks(until));
    this.#announceDay();
    // The operator's word comes first: a bot that was stopped meanwhile must not quote for a moment.
    this.follow(this.#world.store.directive, false);
    this.isRecovered = true;
    this.post({ type: "recovered", at: this.#world.schedule.now });
    laterIn(this.#world, this, RECONCILE_EVERY_MS, () => this.#reconcile());
  }

  #reconcile(): void {
    this.#reader.run(false);
    laterIn(this.#world, this, RECONCILE_EVERY_MS, () => this.#reconcile());
  }

  #tick(): void {
    const { now } = this.#world.schedule;
    for (const leg of this.#touches.newlyLost(now)) this.post({ type: "bookLost", leg, at: now });
    if (this.isRecovered) this.#announceDay();
    const { saboteur, scenario } = this.#world;
    const isDue = now - this.#stateStoredAt >= (saboteur.storesStateLazily ? LAZY_STATE_MS : scenario.stateEveryMs);
    if (this.#isChanged && isDue) this.storeState();
    laterIn(this.#world, this, TICK_MS, () => this.#tick());
  }

  #announceDay(): void {
    const { now } = this.#world.schedule;
    const day = `day ${Math.floor(now / RISK_DAY_MS)}`;
    if (day === this.#day) return;
    this.#day = day;
    this.post({ type: "riskDay", day, at: now });
  }

  // ---- events and effects -------------------------------------------------------------------------------------------

  #apply(event: KernelEvent): void {
    const { trace, schedule, judge } = this.#world;
    trace.add(`${schedule.now} > ${JSON.stringify(event)}`);
    let effects: readonly Effect[];
    try {
      effects = this.kernel.apply(event);
    } catch (error) {
      judge.fault(`the kernel threw: ${String(error)}`);
      return this.end();
    }
    if (event.type !== "book" || effects.some((effect) => effect.type !== "wake")) this.#isChanged = true;
    this.#obedience.said(effects);
    this.#perform(effects);
  }

  #perform(effects: readonly Effect[]): void {
    const { store, saboteur, trace, schedule } = this.#world;
    const batch = emptyBatch();
    const sends: (() => void)[] = [];
    for (const effect of effects) {
      trace.add(`${schedule.now} < ${JSON.stringify(effect)}`);
      this.#gather(batch, sends, effect);
    }
    const hasRows = batch.orders.length + batch.fills.length + batch.fundings.length > 0 || batch.directive !== null;
    const mustKeepState = batch.needsState || (batch.fills.length + batch.fundings.length > 0 && !saboteur.storesStateLazily);
    if (mustKeepState || batch.directive !== null || batch.params !== undefined) batch.state = this.#snapshot();
    const send = (): void => {
      if (!this.isOver) for (const run of sends) run();
    };
    if (hasRows || batch.state !== null) store.commit(batch, saboteur.sendsEarly ? () => undefined : send);
    if (saboteur.sendsEarly || (!hasRows && batch.state === null)) send();
  }

  #gather(batch: Batch, sends: (() => void)[], effect: Effect): void {
    switch (effect.type) {
      case "place":
        return this.#gatherPlace(batch, sends, effect);
      case "cancel":
        return this.#desk.cancel(effect);
      case "amend":
        return this.#gatherAmend(batch, sends, effect);
      case "inquire":
        return this.#inquiries.ask(effect.leg, effect.clientOrderId);
      case "record":
        return this.#gatherFill(batch, effect);
      case "recordFunding":
        batch.fundings.push({ leg: effect.leg, id: effect.id });
        return this.#truth.fund(effect.leg, this.#world.payments.find(({ id }) => id === effect.id)?.amount ?? "0");
      case "orderChanged":
        return void batch.orders.push(effect.order);
      case "adjusted":
        batch.params = this.#world.scenario.adjustTo;
        return;
      case "finished":
        batch.directive = { desired: "stopped", flatten: effect.flatten };
        return;
      case "wake":
        return this.#wakeAt(effect.at);
      case "alert":
        return this.#heed(effect.alert);
      case "stateChanged":
        this.#state = effect.state;
        if (effect.state === "halted") batch.directive = { ...batch.directive, halt: this.#haltReason };
    }
  }

  #heed(alert: AlertBody): void {
    if (alert.type === "mismatch") for (const leg of this.#world.legsOf(alert.symbol)) this.#world.judge.unnoticed.delete(leg);
    if (alert.type !== "halted") return;
    this.#haltReason = alert.reason;
    // The kernel's own check of the ledger: a bot that stops over it is safe, and still wrong.
    if (alert.reason.en.startsWith(BOOKS_BROKEN)) this.#world.judge.fault(alert.reason.en);
  }

  #gatherPlace(batch: Batch, sends: (() => void)[], effect: Extract<Effect, { type: "place" }>): void {
    const row = this.kernel.order(effect.order.clientOrderId);
    const { judge } = this.#world;
    if (row === undefined) return judge.fault(`order ${effect.order.clientOrderId} is unknown to the kernel that places it`);
    this.#obedience.placed(effect, this.#asking());
    batch.orders.push({ ...row });
    sends.push(() => this.#desk.place(effect));
  }

  #gatherAmend(batch: Batch, sends: (() => void)[], effect: Extract<Effect, { type: "amend" }>): void {
    this.#obedience.amended(effect, this.#asking());
    // The state that knows of the change leads, as an intent does.
    batch.needsState = true;
    sends.push(() => this.#desk.amend(effect));
  }

  #asking(): Asking {
    const { schedule, store } = this.#world;
    return {
      kernel: this.kernel,
      at: schedule.now,
      life: store.life,
      isStored: (clientOrderId) => store.rows.has(clientOrderId),
      markOf: (leg) => this.#touches.mark(leg),
      positionOf: (leg) => this.positionOf(leg),
    };
  }

  #gatherFill(batch: Batch, effect: Extract<Effect, { type: "record" }>): void {
    const { leg, fill, position } = effect.fill;
    const { judge } = this.#world;
    batch.fills.push({ leg, key: keyOf(leg, fill) });
    const traded = this.#world.marketOf(leg).fills.find((known) => keyOf(leg, known) === keyOf(leg, fill));
    if (traded === undefined) return judge.fault(`fill ${fill.tradeId} never happened`);
    this.#truth.fold(leg, traded);
    const known = this.wholeOf(leg, this.#truth.position(leg));
    if (position !== known) judge.fault(`position of ${leg} is ${position} lots by the kernel, ${known} by the trades it knows`);
  }

  #snapshot(): string {
    this.#isChanged = false;
    this.#stateStoredAt = this.#world.schedule.now;
    return JSON.stringify(this.kernel.snapshot());
  }

  #wakeAt(at: number): void {
    if (this.#wakes.has(at)) return;
    this.#wakes.add(at);
    laterIn(this.#world, this, at - this.#world.schedule.now, () => {
      this.#wakes.delete(at);
      this.post({ type: "time", at: this.#world.schedule.now });
    });
  }
}
