// A bot at work: kernel, driver, streams, reconciliation and proofs, wired together once the exchange has answered.

import type { Logger } from "pino";
import type { ActualState } from "../core/events.ts";
import type { Instrument } from "../core/instrument.ts";
import type { Kernel, KernelStatus } from "../core/kernel.ts";
import type { Order } from "../core/order.ts";
import type { Clock, LedgerStore } from "../core/ports.ts";
import type { BotPlan } from "./bot-plan.ts";
import { controlEvent, directiveEvents, wantsRest } from "./directive-feed.ts";
import { createDriver, type Driver, type DriverOptions } from "./driver.ts";
import { followEvents } from "./event-feed.ts";
import type { LeaseGuard } from "./lease-guard.ts";
import { createMarketWatch, type MarketWatch } from "./market-watch.ts";
import type { Legs } from "./order-desk.ts";
import type { OwnOrders } from "./own-orders.ts";
import { pause } from "./pause.ts";
import { type Begin, type Directive, LEASE_TTL_MS, type Settled } from "./protocol.ts";
import { createReconciler, RECONCILE_EVERY_MS, type Reconciler } from "./reconciler.ts";
import { catchUp } from "./recovery.ts";
import { createSettling, type Settling } from "./settling.ts";

const TICK_MS = 1_000;
const SETTLE_LOOK_MS = 250;
const QUIET_LOOK_MS = 20;

export interface TradingOptions {
  readonly begin: Begin;
  readonly plan: BotPlan;
  readonly kernel: Kernel;
  readonly legs: Legs;
  readonly own: OwnOrders;
  readonly guard: LeaseGuard;
  readonly ledger: LedgerStore;
  readonly clock: Clock;
  readonly log: Logger;
  readonly signal: AbortSignal;
  readonly directive: () => Directive;
  readonly onState: (state: ActualState, status: KernelStatus) => void;
  /** No request that the directive of this sequence led to is under way any more. */
  readonly onFollowed: (sequence: number) => void;
  readonly onSettled: (settled: Settled) => void;
  readonly onError: (message: string) => void;
  readonly onFatal: DriverOptions["onFatal"];
}

export interface Trading {
  /** Catches up with the exchange, then lets the strategy speak. Resolves with the number of live orders. Throws when aborted. */
  recover(): Promise<number>;
  /** Follows the newest directive; `wasHalted`: the one before it held a halt. */
  follow(wasHalted: boolean): void;
  status(): KernelStatus;
  readonly arePulled: boolean;
  ledgerTrouble(isInTrouble: boolean): void;
  /** Waits until no request is under way and no cancel waits for its answer; first takes opening orders off when `cancel`. */
  quiet(orders: "cancel" | "keep", maxMs: number): Promise<void>;
  storeState(): Promise<void>;
  stop(): void;
}

export function createTrading(options: TradingOptions): Trading {
  return new TradingLife(options);
}

class TradingLife implements Trading {
  readonly #options: TradingOptions;
  readonly #driver: Driver;
  readonly #reconciler: Reconciler;
  readonly #watch: MarketWatch;
  readonly #settling: Settling;
  readonly #timers: NodeJS.Timeout[] = [];
  #isRecovered = false;
  #isLeaving = false;
  #arePulled = false;
  #followedUnder = -1;

  constructor(options: TradingOptions) {
    const { kernel, legs, own, clock, begin, directive, onError } = options;
    this.#options = options;
    const driver = createDriver({
      ...options,
      owner: { botId: begin.config.id, epoch: begin.epoch },
      mode: begin.config.mode,
      strategy: options.plan.strategy,
      fence: options.guard.fence,
      isUrgent: () => directive().halt !== null,
      onState: (state) => options.onState(state, this.status()),
    });
    const { post, takeFills, learn } = driver;
    const startedAt = clock.now();
    this.#driver = driver;
    this.#reconciler = createReconciler({
      legs,
      clock,
      own,
      post,
      learn,
      takeFills,
      liveOrders: kernel.liveOrders,
      fillsFrom: (leg) => kernel.lastFillAt(leg) ?? begin.firstStartedAt ?? startedAt,
      fillCount: () => driver.fillCount,
      onError,
    });
    const onLost = (leg: string, ageMs: number) =>
      driver.raise({ type: "feedStale", symbol: symbolOf(legs, leg), ageMs: Math.round(ageMs) });
    this.#watch = createMarketWatch({ legs, clock, post, onLost, onError });
    this.#settling = createSettling({
      clock,
      instrument: firstInstrument(legs),
      directive,
      status: () => this.status(),
      liveOrders: () => kernel.liveOrders().length,
      reconciler: this.#reconciler,
      isIdle: () => driver.isIdle && driver.desk.inFlight === 0,
      onSettled: (settled) => void driver.storeState().then(() => options.onSettled(settled)),
      onError,
    });
  }

  get arePulled(): boolean {
    return this.#arePulled;
  }

  status(): KernelStatus {
    return this.#options.kernel.status(this.#options.clock.now());
  }

  async recover(): Promise<number> {
    const { clock, kernel, signal, onError } = this.#options;
    const wasHalted = this.status().haltReason !== null;
    this.#followStreams();
    await catchUp(this.#driver, this.#reconciler, clock, { signal, onError });
    signal.throwIfAborted();
    if (this.#isLeaving) return kernel.liveOrders().length;
    // The operator's word comes first: a bot that was stopped meanwhile must not quote for a moment.
    this.#isRecovered = true;
    this.follow(wasHalted);
    this.#driver.post({ type: "recovered", at: clock.now() });
    this.#every(TICK_MS, () => this.#tick());
    this.#every(RECONCILE_EVERY_MS, () => void this.#reconciler.run(false));
    this.#every(SETTLE_LOOK_MS, () => {
      this.#checkFollowed();
      void this.#settling.check();
    });
    return kernel.liveOrders().length;
  }

  #followStreams(): void {
    const { legs, own, clock, kernel, signal, onError, onFatal } = this.#options;
    const { post, takeFills, learn } = this.#driver;
    const onGap = () => void this.#reconciler.run(true);
    const feed = { legs, own, clock, post, takeFills, learn, order: kernel.order, onBook: this.#watch.seen, onGap, onError };
    followEvents(feed, signal).catch((error: unknown) => onFatal("kernel", error));
  }

  #every(ms: number, work: () => void): void {
    this.#timers.push(setInterval(work, ms));
  }

  #tick(): void {
    this.#watch.check();
    this.#driver.keepState();
    this.#pullQuotes();
  }

  follow(wasHalted: boolean): void {
    if (!this.#isRecovered || this.#isLeaving) return;
    this.#arePulled = false;
    const { directive, clock } = this.#options;
    for (const event of directiveEvents(directive(), wasHalted, clock.now())) this.#driver.post(event);
  }

  #checkFollowed(): void {
    const { sequence } = this.#options.directive();
    // A bot that still waits for its first book has asked for nothing yet.
    if (this.#followedUnder === sequence || this.status().state === "waiting" || !this.#isQuiet()) return;
    this.#followedUnder = sequence;
    this.#options.onFollowed(sequence);
  }

  #isQuiet(): boolean {
    const isAwaited = (order: Order) => !order.isUnknown && (order.status === "submitted" || order.status === "cancelSubmitted");
    return this.#driver.isIdle && this.#driver.desk.inFlight === 0 && !this.#options.kernel.liveOrders().some(isAwaited);
  }

  /** Without Redis nobody guards the limits or the lease: opening orders come off until it is back. */
  #pullQuotes(): void {
    const { guard, directive, clock, log } = this.#options;
    if (this.#isLeaving || wantsRest(directive())) return;
    const isAway = guard.ageMs() > LEASE_TTL_MS;
    if (isAway === this.#arePulled) return;
    this.#arePulled = isAway;
    const at = clock.now();
    this.#driver.post(isAway ? { type: "control", desired: "paused", at } : controlEvent(directive(), at));
    log.warn({ leaseAgeMs: Math.round(guard.ageMs()) }, isAway ? "lease is old: quotes pulled" : "lease is back: quoting again");
  }

  ledgerTrouble(isInTrouble: boolean): void {
    this.#driver.desk.ledgerTrouble = isInTrouble;
  }

  async quiet(orders: "cancel" | "keep", maxMs: number): Promise<void> {
    const { clock, directive } = this.#options;
    this.#isLeaving = true;
    // A kernel that has not recovered plans nothing; a resting bot takes everything off already.
    if (orders === "cancel" && this.#isRecovered && !wantsRest(directive()))
      this.#driver.post({ type: "control", desired: "paused", at: clock.now() });
    const until = clock.monotonic() + maxMs;
    while (!this.#isQuiet() && clock.monotonic() < until) await pause(QUIET_LOOK_MS);
  }

  storeState(): Promise<void> {
    return this.#driver.storeState();
  }

  stop(): void {
    for (const timer of this.#timers) clearInterval(timer);
    this.#driver.stop();
  }
}

function symbolOf(legs: Legs, name: string): string {
  return legs[name]?.instrument.ref.symbol ?? name;
}

function firstInstrument(legs: Legs): Instrument {
  const first = Object.values(legs)[0];
  if (first === undefined) throw new Error("a bot needs at least one leg");
  return first.instrument;
}
