// Feeds one kernel with events in order and performs the effects that it asks for.

import type { AlertBody, Mode } from "../core/alert.ts";
import type { Effect } from "../core/effects.ts";
import type { ActualState, ExchangeFill, KernelEvent } from "../core/events.ts";
import type { Kernel } from "../core/kernel.ts";
import type { Clock, EndRow, Fence, LedgerRow, LedgerStore, RowResult } from "../core/ports.ts";
import type { Text } from "../core/text.ts";
import { type CycleBudget, createCycleBudget } from "./cycle-budget.ts";
import { createInbox, isGauge } from "./inbox.ts";
import { createInquiries, type Inquiries } from "./inquiries.ts";
import { fillRow, fundingRow, intentRow, orderRow, type RowOwner } from "./ledger-rows.ts";
import { createOrderDesk, type Legs, legNamed, type OrderDesk } from "./order-desk.ts";
import { createStateKeeper, type StateKeeper } from "./state-keeper.ts";
import { createWakeTimer, type WakeTimer } from "./wake-timer.ts";

/** Events applied before the process looks at its sockets again. */
const EVENTS_PER_TURN = 256;

export interface DriverOptions {
  readonly owner: RowOwner;
  readonly mode: Mode;
  readonly strategy: { readonly name: string; readonly version: number };
  readonly kernel: Kernel;
  readonly legs: Legs;
  readonly ledger: LedgerStore;
  readonly fence: Fence;
  readonly clock: Clock;
  /** The bot is halted: its cancels may use the reserved permits. */
  readonly isUrgent: () => boolean;
  /** A broken limit closes the position too. */
  readonly flattensOnBreach: boolean;
  /** A fill was handed to the kernel. */
  readonly onFill: () => void;
  readonly onState: (state: ActualState) => void;
  /** The bot halted itself or has finished, and that is stored. */
  readonly onEnd: (end: EndRow) => void;
  /** Parameters were taken over (null) and the state under them is stored, or they were refused. */
  readonly onAdjusted: (refusal: Text | null) => void;
  /** Time for one decision; no end to it when absent. */
  readonly cycleMs?: number;
  readonly onError: (message: string) => void;
  /** Nothing of this driver may be used any more. `stale`: the epoch has moved on. */
  readonly onFatal: (why: "kernel" | "stale" | "ledger", error: unknown) => void;
}

export interface Driver {
  readonly post: (event: KernelEvent) => void;
  /** Fills from a stream or a list; foreign and known ones are dropped. */
  readonly takeFills: (leg: string, fills: readonly ExchangeFill[]) => void;
  /** Tells whose an exchange order id is; fills that waited for it are taken. */
  readonly learn: (leg: string, clientOrderId: string, exchangeOrderId: string) => void;
  /** Stores an alert of the driver's own. */
  raise(alert: AlertBody): void;
  /** Stores the state when it is due; called now and then. */
  keepState(): void;
  /** Stores the newest state; resolves when it and everything before it is stored. */
  storeState(): Promise<void>;
  readonly desk: OrderDesk;
  readonly inquiries: Inquiries;
  readonly fillCount: number;
  /** True when every posted event has been applied. */
  readonly isIdle: boolean;
  stop(): void;
}

interface Gathered {
  readonly intents: LedgerRow[];
  readonly facts: LedgerRow[];
  readonly alerts: LedgerRow[];
  readonly sends: ((stored: Promise<readonly RowResult[]>) => void)[];
  /** What happened and the state that it made must be one transaction. */
  needsState: boolean;
  /** A limit was broken in this step. */
  isBreach: boolean;
}

/** One driver per kernel. Rows of one step go to the ledger as one batch, and orders leave only after it is stored. */
export function createDriver(options: DriverOptions): Driver {
  return new KernelDriver(options);
}

class KernelDriver implements Driver {
  readonly desk: OrderDesk;
  readonly inquiries: Inquiries;
  readonly #options: DriverOptions;
  readonly #inbox = createInbox();
  readonly #keeper: StateKeeper;
  readonly #wakes: WakeTimer;
  readonly #cycle: CycleBudget;
  #isPumping = false;
  #isStopped = false;
  #fillCount = 0;
  /** The newest batch: when it is stored, so is everything before it. */
  #stored: Promise<unknown> = Promise.resolve();

  constructor(options: DriverOptions) {
    const { kernel, legs, clock, owner, strategy, fence, isUrgent, onError } = options;
    const { post, learn, takeFills } = this;
    this.#options = options;
    const { name, version } = strategy;
    this.#keeper = createStateKeeper({ ...owner, strategy: name, strategyVersion: version, clock, snapshot: () => kernel.snapshot() });
    const { cycleMs = Number.POSITIVE_INFINITY } = options;
    const tell = (message: Text) => this.raise({ type: "resource", message });
    this.#cycle = createCycleBudget({ botId: owner.botId, cycleMs, clock, post, tell });
    this.#wakes = createWakeTimer(clock, (at) => post({ type: "time", at }));
    const order = (clientOrderId: string) => kernel.order(clientOrderId);
    this.inquiries = createInquiries({ legs, clock, post, learn, takeFills, order, onError });
    this.desk = createOrderDesk({
      legs,
      clock,
      post,
      learn,
      fence,
      isUrgent,
      onError,
      doubt: (clientOrderId) => this.inquiries.doubt(clientOrderId),
      inquire: (leg, clientOrderId) => this.inquiries.ask(leg, clientOrderId),
      order,
    });
  }

  get fillCount(): number {
    return this.#fillCount;
  }

  get isIdle(): boolean {
    return this.#inbox.size === 0 && !this.#isPumping;
  }

  readonly post = (event: KernelEvent): void => {
    if (this.#isStopped || this.#cycle.holds(event)) return;
    this.#inbox.push(event);
    if (this.#isPumping) return;
    this.#isPumping = true;
    queueMicrotask(() => this.#pump());
  };

  readonly takeFills = (leg: string, fills: readonly ExchangeFill[]): void => {
    const { own } = legNamed(this.#options.legs, leg);
    for (const fill of fills) {
      const owned = own.claim(fill);
      if (owned !== null) this.#postFill(leg, owned);
    }
  };

  readonly learn = (leg: string, clientOrderId: string, exchangeOrderId: string): void => {
    const { own, instrument } = legNamed(this.#options.legs, leg);
    for (const fill of own.learn(instrument.ref.symbol, clientOrderId, exchangeOrderId)) this.#postFill(leg, fill);
  };

  raise(alert: AlertBody): void {
    if (!this.#isStopped) void this.#commit([this.#alertRow(alert)]);
  }

  keepState(): void {
    const state = this.#isStopped ? null : this.#keeper.due();
    if (state !== null) void this.#commit([{ type: "state", state }]);
  }

  async storeState(): Promise<void> {
    if (!this.#isStopped) void this.#commit([{ type: "state", state: this.#keeper.row() }]);
    await this.#stored;
  }

  stop(): void {
    this.#isStopped = true;
    this.#wakes.stop();
    this.#cycle.stop();
    this.inquiries.stop();
  }

  #postFill(leg: string, fill: ExchangeFill): void {
    this.#fillCount += 1;
    this.#options.onFill();
    this.post({ type: "fill", leg, fill, at: this.#options.clock.now() });
  }

  // ---- events -------------------------------------------------------------------------------------------------------

  #pump(): void {
    try {
      for (let count = 0; count < EVENTS_PER_TURN && !this.#isStopped; count += 1) {
        const event = this.#inbox.take();
        if (event === undefined) break;
        this.#apply(event);
      }
    } catch (error) {
      this.#fail("kernel", error);
    }
    if (this.#inbox.size > 0 && !this.#isStopped) setImmediate(() => this.#pump());
    else this.#isPumping = false;
  }

  #apply(event: KernelEvent): void {
    const effects = this.#cycle.measure(() => this.#options.kernel.apply(event));
    this.#keeper.changed(!isGauge(event) || effects.some((effect) => effect.type !== "wake"));
    if (effects.length > 0) this.#perform(event, effects);
  }

  #fail(why: "kernel" | "stale" | "ledger", error: unknown): void {
    if (this.#isStopped) return;
    this.stop();
    this.#options.onFatal(why, error);
  }

  // ---- effects ------------------------------------------------------------------------------------------------------

  #perform(event: KernelEvent, effects: readonly Effect[]): void {
    const step: Gathered = { intents: [], facts: [], alerts: [], sends: [], needsState: false, isBreach: false };
    for (const effect of effects) this.#gather(step, effect, event);
    const state: LedgerRow[] = step.needsState ? [{ type: "state", state: this.#keeper.row() }] : [];
    // Intents lead, so that a row about an order finds it; a fill, the state it made and its alert are one transaction.
    const rows = [...step.intents, ...step.facts, ...state, ...step.alerts];
    const results = rows.length > 0 ? this.#commit(rows) : Promise.resolve([]);
    for (const send of step.sends) send(results);
  }

  #gather(step: Gathered, effect: Effect, event: KernelEvent): void {
    const { owner, legs, onState, onAdjusted } = this.#options;
    switch (effect.type) {
      case "place":
        return this.#gatherPlace(step, effect);
      case "cancel":
        step.sends.push(() => this.desk.cancel(effect));
        return;
      case "amend":
        // The state that knows of the change leads, as an intent does.
        step.needsState = true;
        step.sends.push((results) => this.desk.amend(effect, isWholly(results)));
        return;
      case "inquire":
        step.sends.push(() => this.inquiries.ask(effect.leg, effect.clientOrderId));
        return;
      case "record":
        step.needsState = true;
        step.facts.push({ type: "fill", fill: fillRow(owner, legNamed(legs, effect.fill.leg).instrument, effect) });
        return;
      case "recordFunding":
        step.needsState = true;
        step.facts.push({ type: "funding", funding: fundingRow(owner, legNamed(legs, effect.leg).instrument, effect) });
        return;
      case "adjusted":
        step.needsState = true;
        step.sends.push(() => this.#onceStored(() => onAdjusted(null)));
        return;
      case "adjustRefused":
        step.sends.push(() => this.#onceStored(() => onAdjusted(effect.reason)));
        return;
      case "finished":
        return this.#gatherEnd(step, { kind: "finished", reason: effect.reason, flatten: effect.flatten });
      case "orderChanged":
        step.facts.push({ type: "order", order: orderRow(owner, legNamed(legs, effect.order.leg).instrument, effect.order) });
        return;
      case "alert":
        step.alerts.push(this.#alertRow(effect.alert));
        if (effect.alert.type === "riskBreached") step.isBreach = true;
        // A halt that the operator's word brought is stored already.
        if (effect.alert.type === "halted" && event.type !== "halt") this.#gatherHalt(step, effect.alert.reason);
        return;
      case "wake":
        return this.#wakes.at(effect.at);
      case "stateChanged":
        return onState(effect.state);
    }
  }

  #gatherPlace(step: Gathered, effect: Extract<Effect, { type: "place" }>): void {
    const { owner, legs, clock } = this.#options;
    const refusal = this.desk.refuses(effect.urgency);
    if (refusal !== null) {
      this.post({ type: "denied", leg: effect.leg, clientOrderId: effect.order.clientOrderId, at: clock.now(), ...refusal });
      return;
    }
    const index = step.intents.length;
    step.intents.push({ type: "intent", order: intentRow(owner, legNamed(legs, effect.leg).instrument, effect, clock.now()) });
    step.sends.push((results) => {
      const isStored = results.then(
        (list) => list[index] === "stored",
        () => false,
      );
      this.desk.place(effect, isStored);
    });
  }

  #gatherHalt(step: Gathered, reason: Text): void {
    const flatten = step.isBreach && this.#options.flattensOnBreach;
    this.#gatherEnd(step, { kind: step.isBreach ? "risk" : "strategy", reason, flatten });
  }

  /** The end is stored with the state that came to it: no later life may begin where this one was over. */
  #gatherEnd(step: Gathered, end: Pick<EndRow, "kind" | "reason" | "flatten">): void {
    const { owner, clock, onEnd } = this.#options;
    const row: EndRow = { ...owner, ...end, at: clock.now() };
    step.needsState = true;
    step.facts.push({ type: "end", end: row });
    step.sends.push(() => this.#onceStored(() => onEnd(row)));
  }

  #alertRow(alert: AlertBody): LedgerRow {
    const { owner, mode, clock } = this.#options;
    return { type: "alert", alert: { ...alert, botId: owner.botId, mode, at: clock.now() } };
  }

  /** Tells something once everything before it is stored, in order; never when that failed, which ends the driver. */
  #onceStored(tell: () => void): void {
    void this.#stored.then(() => {
      if (!this.#isStopped) tell();
    });
  }

  /** Commits and watches what came of it: a stale row means that somebody else owns the bot. */
  #commit(rows: readonly LedgerRow[]): Promise<readonly RowResult[]> {
    const { ledger, owner, onError } = this.#options;
    const results = ledger.commit(rows);
    this.#stored = results.then(
      (list) => {
        if (list.includes("stale")) this.#fail("stale", new Error(`the ledger refused epoch ${owner.epoch}`));
      },
      (error: unknown) => {
        // An intent alone may be lost: its order is denied. A fact may not: the next life reads it again.
        if (rows.some((row) => row.type !== "intent")) this.#fail("ledger", error);
        else onError(`intents not stored: ${String(error)}`);
      },
    );
    return results;
  }
}

/** True once every row of a batch is stored or was there before. */
function isWholly(results: Promise<readonly RowResult[]>): Promise<boolean> {
  return results.then(
    (list) => !list.includes("stale"),
    () => false,
  );
}
