// A bot at work: kernel, driver, streams, reconciliation and proofs, wired together once the exchange has answered.

import type { Logger } from "pino";
import type { ActualState } from "../core/events.ts";
import { refKey } from "../core/instrument.ts";
import type { Kernel, KernelStatus } from "../core/kernel.ts";
import type { Order } from "../core/order.ts";
import type { AccountSnapshot, Clock, LedgerStore } from "../core/ports.ts";
import type { AccountReading } from "../core/status.ts";
import type { Text } from "../core/text.ts";
import { accountKey } from "../storage/bot-numbers.ts";
import type { DeadManVotes } from "../storage/dead-man-votes.ts";
import { type PricedLeg, readingsOf } from "./account-worth.ts";
import { adjustedPlan, type BotPlan } from "./bot-plan.ts";
import { createDeadManSwitch, DEAD_MAN_LOOK_MS, type DeadManSwitch } from "./dead-man-switch.ts";
import { controlEvent, directiveEvents, haltEvents, wantsOpenings, wantsRest } from "./directive-feed.ts";
import { createDriver, type Driver, type DriverOptions } from "./driver.ts";
import { followEvents } from "./event-feed.ts";
import { createFundingReader, FUNDING_EVERY_MS, type FundingReader } from "./funding-reader.ts";
import { createInstrumentWatch, INSTRUMENTS_EVERY_MS, type InstrumentWatch, type InstrumentWatchOptions } from "./instrument-watch.ts";
import type { LeaseGuard } from "./lease-guard.ts";
import { createMarketWatch, type MarketWatch } from "./market-watch.ts";
import { type Legs, legNamed } from "./order-desk.ts";
import { pause } from "./pause.ts";
import { createPerpSetup, PERP_EVERY_MS, type PerpSetup } from "./perp-setup.ts";
import { type Begin, type Directive, LEASE_TTL_MS, type Settled } from "./protocol.ts";
import { createReconciler, RECONCILE_EVERY_MS, type Reconciler } from "./reconciler.ts";
import { catchUp } from "./recovery.ts";
import { riskDayOf } from "./risk-day.ts";
import { createSettling, type Settling } from "./settling.ts";

const TICK_MS = 1_000;
/** How often the exchanges are asked what they announce. */
const NOTICE_EVERY_MS = 15_000;
const SETTLE_LOOK_MS = 250;
const QUIET_LOOK_MS = 20;
/** Balances are read this long after a fill. */
const READ_AFTER_FILL_MS = 3_000;

export interface TradingOptions {
  readonly begin: Begin;
  readonly plan: BotPlan;
  readonly kernel: Kernel;
  readonly legs: Legs;
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
  readonly onEnd: DriverOptions["onEnd"];
  /** The parameters of a version are in force (null), or were refused. */
  readonly onAdjusted: (version: number, refusal: Text | null) => void;
  /** An exchange changed the steps in which prices or quantities are counted: this process must not go on. */
  readonly onNewSteps: InstrumentWatchOptions["onNewSteps"];
  readonly onError: (message: string) => void;
  readonly onFatal: DriverOptions["onFatal"];
  /** Of switches that guard a whole account. */
  readonly deadManVotes?: DeadManVotes;
}

export interface Trading {
  /** Catches up with the exchange, then lets the strategy speak. Resolves with the number of live orders. Throws when aborted. */
  recover(): Promise<number>;
  /** Follows the newest directive; `wasHalted`: the one before it held a halt. */
  follow(wasHalted: boolean): void;
  /** Takes other parameters over; answered by `onAdjusted`. */
  adjust(version: number, params: Readonly<Record<string, unknown>>): void;
  status(): KernelStatus;
  readonly arePulled: boolean;
  /** The accounts of the legs as they were read last. */
  readonly accounts: readonly AccountReading[];
  /** What the exchange announces about itself. */
  readonly notice: string | null;
  /** Why nothing is opened although the bot is wanted to run: a perpetual is not held as the configuration says. */
  readonly trouble: Text | null;
  ledgerTrouble(isInTrouble: boolean): void;
  /** Waits until no request is under way and no cancel waits for its answer; first takes opening orders off when `cancel`. */
  quiet(orders: "cancel" | "keep", maxMs: number): Promise<void>;
  storeState(): Promise<void>;
  /** Takes the dead-man switch back where it would hit what stays; the last word to the exchange. */
  leaveSwitch(): Promise<void>;
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
  readonly #funding: FundingReader;
  readonly #instruments: InstrumentWatch;
  readonly #perp: PerpSetup;
  readonly #deadMan: DeadManSwitch;
  readonly #timers: NodeJS.Timeout[] = [];
  #isRecovered = false;
  #isLeaving = false;
  #keepsOrders = false;
  #arePulled = false;
  #notice: string | null = null;
  /** By exchange and account. */
  readonly #accounts = new Map<string, readonly AccountReading[]>();
  #followedUnder = -1;
  #riskDay: string | null = null;
  #endedUnder = -1;
  #readAfterFills: NodeJS.Timeout | undefined;
  /** Versions whose parameters the kernel has been given and not answered yet, oldest first. */
  readonly #adjusting: number[] = [];

  constructor(options: TradingOptions) {
    const { kernel, legs, clock, begin, directive, onError } = options;
    this.#options = options;
    const driver = createDriver({
      ...options,
      owner: { botId: begin.config.id, epoch: begin.epoch },
      mode: begin.config.mode,
      cycleMs: begin.config.quotas.cycleMs,
      strategy: options.plan.strategy,
      fence: options.guard.fence,
      isUrgent: () => directive().halt !== null,
      flattensOnBreach: begin.config.risk.onBreach === "flatten",
      onFill: () => this.#readSoon(),
      onEnd: (end) => {
        this.#endedUnder = directive().sequence;
        options.onEnd(end);
      },
      onAdjusted: (refusal) => this.#adjusted(refusal),
      onState: (state) => options.onState(state, this.status()),
    });
    const { post, takeFills, learn } = driver;
    const startedAt = clock.now();
    this.#driver = driver;
    this.#reconciler = createReconciler({
      legs,
      clock,
      post,
      learn,
      takeFills,
      liveOrders: kernel.liveOrders,
      fillsFrom: (leg) => kernel.lastFillAt(leg) ?? begin.firstStartedAt ?? startedAt,
      onSnapshot: (names, snapshot, askedAt) => this.#readAccount(names, snapshot, askedAt),
      fillCount: () => driver.fillCount,
      onError,
    });
    const onLost = (leg: string, ageMs: number) =>
      driver.raise({ type: "feedStale", symbol: symbolOf(legs, leg), ageMs: Math.round(ageMs) });
    this.#watch = createMarketWatch({ legs, clock, post, onLost, onError });
    this.#settling = createSettling({
      clock,
      instruments: Object.values(legs).map(({ instrument }) => instrument),
      directive,
      status: () => this.status(),
      liveOrders: () => kernel.liveOrders().length,
      reconciler: this.#reconciler,
      isIdle: () => driver.isIdle && driver.desk.inFlight === 0,
      onSettled: (settled) => void driver.storeState().then(() => options.onSettled(settled)),
      onError,
    });
    this.#funding = createFundingReader({ legs, clock, claims: begin.stored.claims, post, onError });
    this.#instruments = createInstrumentWatch({ legs, clock, post, onNewSteps: options.onNewSteps, onError });
    this.#perp = this.#createPerp();
    this.#deadMan = this.#createDeadMan();
  }

  #createPerp(): PerpSetup {
    const { begin, kernel } = this.#options;
    return createPerpSetup({
      ...this.#options,
      config: begin.config,
      isLeaving: () => this.#isLeaving,
      isFlat: () => kernel.liveOrders().length === 0 && (this.status().legs ?? []).every(({ position }) => Number(position) === 0),
      onReady: () => this.follow(false),
      onTrouble: (message) => this.#driver.raise({ type: "note", message }),
    });
  }

  #createDeadMan(): DeadManSwitch {
    const { legs, begin, clock, guard, directive, deadManVotes, onError, kernel } = this.#options;
    return createDeadManSwitch({
      ...{ legs, clock, onError, config: begin.config, fence: guard.fence },
      ...(deadManVotes === undefined ? {} : { votes: deadManVotes }),
      facts: () => ({
        isTrading: wantsOpenings(this.#perp.allowed()) && !this.#isLeaving,
        isResting: wantsRest(directive()),
        isInDoubt: !this.#isQuiet() || kernel.liveOrders().some(({ isUnknown }) => isUnknown),
        liveOrders: kernel.liveOrders().length,
        keepsOrders: this.#keepsOrders,
      }),
    });
  }

  get notice(): string | null {
    return this.#notice;
  }

  get accounts(): readonly AccountReading[] {
    return [...this.#accounts.values()].flat();
  }

  get trouble(): Text | null {
    return wantsOpenings(this.#options.directive()) ? this.#perp.trouble : null;
  }

  get arePulled(): boolean {
    return this.#arePulled;
  }

  status(): KernelStatus {
    const status = this.#options.kernel.status(this.#options.clock.now());
    const { legs } = status;
    return legs === undefined ? status : { ...status, legs: legs.map((leg) => ({ ...leg, ...this.#perp.settingsOf(leg) })) };
  }

  async recover(): Promise<number> {
    const { clock, kernel, signal, onError } = this.#options;
    // A state that is halted under a row that is not was resumed by a person. That is followed before anything else is read, so
    // that what halts the bot from now on is news: stored as its end, and lifted by nothing but the next resume.
    this.#tellHalt(this.status().haltReason !== null);
    this.#followStreams();
    await catchUp(this.#driver, this.#reconciler, clock, { signal, onError });
    signal.throwIfAborted();
    if (this.#isLeaving) return kernel.liveOrders().length;
    this.#tellRiskDay();
    await this.#perp.prepare();
    if (this.#isLeaving) return kernel.liveOrders().length;
    // The operator's word comes first: a bot that was stopped meanwhile must not quote for a moment.
    this.#isRecovered = true;
    this.follow(false);
    this.#driver.post({ type: "recovered", at: clock.now() });
    this.#every(TICK_MS, () => this.#tick());
    this.#every(PERP_EVERY_MS, () => this.#perp.again());
    this.#every(DEAD_MAN_LOOK_MS, () => void this.#deadMan.look());
    void this.#deadMan.look();
    this.#every(RECONCILE_EVERY_MS, () => void this.#reconciler.run(false));
    this.#every(FUNDING_EVERY_MS, () => void this.#funding.run());
    this.#every(INSTRUMENTS_EVERY_MS, () => void this.#instruments.check());
    this.#every(NOTICE_EVERY_MS, () => void this.#readNotice());
    void this.#readNotice();
    void this.#funding.run();
    this.#every(SETTLE_LOOK_MS, () => {
      this.#checkFollowed();
      void this.#settling.check();
    });
    return kernel.liveOrders().length;
  }

  #followStreams(): void {
    const { legs, clock, kernel, signal, onError, onFatal } = this.#options;
    const { post, takeFills, learn } = this.#driver;
    const onGap = () => void this.#reconciler.run(true);
    const feed = { legs, clock, post, takeFills, learn, order: kernel.order, onBook: this.#watch.seen, onGap, onError };
    followEvents(feed, signal).catch((error: unknown) => onFatal("kernel", error));
  }

  /** Asks the exchanges what they announce; a read that fails leaves what was known. */
  async #readNotice(): Promise<void> {
    const ports = new Set(Object.values(this.#options.legs).map(({ port }) => port));
    try {
      const notices = await Promise.all([...ports].map((port) => port.notice?.() ?? null));
      this.#notice = notices.filter((notice) => notice !== null).join("; ") || null;
    } catch (error) {
      this.#options.onError(`the exchange's notice cannot be read: ${error instanceof Error ? error.message : String(error)}`);
    }
  }

  #every(ms: number, work: () => void): void {
    this.#timers.push(setInterval(work, ms));
  }

  #tick(): void {
    this.#tellRiskDay();
    this.#watch.check();
    this.#driver.keepState();
    this.#pullQuotes();
  }

  #tellRiskDay(): void {
    const { clock, begin } = this.#options;
    const day = riskDayOf(clock.now(), begin.timezone);
    if (day === this.#riskDay) return;
    this.#riskDay = day;
    this.#driver.post({ type: "riskDay", day, at: clock.now() });
  }

  #readAccount(names: readonly string[], snapshot: AccountSnapshot, askedAt: number): void {
    const { legs } = this.#options;
    const told = this.status().legs ?? [];
    const priced = names.map((name): PricedLeg => {
      const { instrument } = legNamed(legs, name);
      return { instrument, price: told.find((leg) => refKey(leg) === refKey(instrument.ref))?.price ?? null };
    });
    const ref = priced[0]?.instrument.ref;
    if (ref !== undefined) this.#accounts.set(accountKey(ref), readingsOf(priced, snapshot, askedAt));
  }

  /** A fill changes what the account could use: read once for all fills of a moment. */
  #readSoon(): void {
    if (!this.#isRecovered) return;
    this.#readAfterFills ??= setTimeout(() => {
      this.#readAfterFills = undefined;
      void this.#reconciler.run(false);
    }, READ_AFTER_FILL_MS);
  }

  adjust(version: number, params: Readonly<Record<string, unknown>>): void {
    const { plan, begin, clock, onAdjusted } = this.#options;
    const next = adjustedPlan(plan, { ...begin.config, params });
    if ("refused" in next) return onAdjusted(version, next.refused);
    this.#adjusting.push(version);
    this.#driver.post({ type: "adjust", params: next.params, at: clock.now() });
  }

  #adjusted(refusal: Text | null): void {
    const version = this.#adjusting.shift();
    if (version !== undefined) this.#options.onAdjusted(version, refusal);
  }

  follow(wasHalted: boolean): void {
    if (this.#isLeaving) return;
    if (!this.#isRecovered) return this.#tellHalt(wasHalted);
    this.#arePulled = false;
    const { clock } = this.#options;
    for (const event of directiveEvents(this.#perp.allowed(), wasHalted, clock.now())) this.#driver.post(event);
    this.#perp.again();
  }

  #tellHalt(wasHalted: boolean): void {
    const { directive, clock } = this.#options;
    for (const event of haltEvents(directive(), wasHalted, clock.now())) this.#driver.post(event);
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
    // A bot that ended by itself waits for the directive that follows from it.
    if (this.#isLeaving || wantsRest(directive()) || this.#endedUnder === directive().sequence) return;
    const isAway = guard.ageMs() > LEASE_TTL_MS;
    if (isAway === this.#arePulled) return;
    this.#arePulled = isAway;
    const at = clock.now();
    this.#driver.post(isAway ? { type: "control", desired: "paused", at } : controlEvent(this.#perp.allowed(), at));
    log.warn({ leaseAgeMs: Math.round(guard.ageMs()) }, isAway ? "lease is old: quotes pulled" : "lease is back: quoting again");
  }

  ledgerTrouble(isInTrouble: boolean): void {
    this.#driver.desk.ledgerTrouble = isInTrouble;
  }

  async quiet(orders: "cancel" | "keep", maxMs: number): Promise<void> {
    const { clock, directive } = this.#options;
    this.#isLeaving = true;
    this.#keepsOrders = orders === "keep";
    // A kernel that has not recovered plans nothing; a resting bot takes everything off already.
    if (orders === "cancel" && this.#isRecovered && !wantsRest(directive()))
      this.#driver.post({ type: "control", desired: "paused", at: clock.now() });
    const until = clock.monotonic() + maxMs;
    while (!this.#isQuiet() && clock.monotonic() < until) await pause(QUIET_LOOK_MS);
  }

  storeState(): Promise<void> {
    return this.#driver.storeState();
  }

  async leaveSwitch(): Promise<void> {
    // What has not recovered has not taken the switch over from its former life.
    if (this.#isRecovered) await this.#deadMan.leave();
  }

  stop(): void {
    for (const timer of this.#timers) clearInterval(timer);
    clearTimeout(this.#readAfterFills);
    this.#driver.stop();
  }
}

function symbolOf(legs: Legs, name: string): string {
  return legs[name]?.instrument.ref.symbol ?? name;
}
