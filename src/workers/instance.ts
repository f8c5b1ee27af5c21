// One bot in a process of its own: its lease, the way in, and the ways out.

import type { Logger } from "pino";
import type { Instrument } from "../core/instrument.ts";
import type { Kernel } from "../core/kernel.ts";
import type { Clock, ExchangePort, Fence, LeaseStore, LedgerStore } from "../core/ports.ts";
import type { BotStatus } from "../core/status.ts";
import type { Strategy } from "../core/strategy.ts";
import { type Text, UserError } from "../core/text.ts";
import { accountKey } from "../storage/bot-numbers.ts";
import type { DeadManVotes } from "../storage/dead-man-votes.ts";
import { type BotPlan, planOf } from "./bot-plan.ts";
import { emptyStatus, statusOfKernel } from "./bot-status.ts";
import { wantsRest } from "./directive-feed.ts";
import { createLeaseGuard, type LeaseGuard } from "./lease-guard.ts";
import type { Legs } from "./order-desk.ts";
import { createOwnOrders } from "./own-orders.ts";
import { pause } from "./pause.ts";
import { type AccountAccess, type Begin, type Directive, type ExitReason, type FromInstance, LEASE_RENEW_MS } from "./protocol.ts";
import { loadKernel, numberOn, type OpenAccount, openLegs, openMarket, type Retry, untilDone } from "./recovery.ts";
import { noticeText, REMARKS } from "./remarks.ts";
import { sweepOrders } from "./sweep.ts";
import { createTrading, type Trading } from "./trading.ts";

/** Opening orders are taken off within this when leaving. */
const LEAVE_MAX_MS = 8_000;
/** The last rows and the lease get this long. */
const GOODBYE_MAX_MS = 3_000;
/** An instance whose worker is gone waits this long for a successor before it applies onShutdown. */
const ORPHAN_WAIT_MS = 6_000;
const ORPHAN_LEAVE_MAX_MS = 3_000;
/** An error older than this no longer describes the bot. */
const ERROR_MEMORY_MS = 600_000;
const SAME_ERROR_MS = 10_000;

export interface InstanceDoors {
  readonly send: (message: FromInstance) => void;
  readonly connect: (access: AccountAccess, fence: Fence) => Promise<ExchangePort>;
  readonly leases: LeaseStore;
  readonly ledger: LedgerStore;
  readonly strategies: ReadonlyMap<string, Strategy>;
  readonly clock: Clock;
  readonly log: Logger;
  readonly pid: number;
  /** Where bots of one account agree about a dead-man switch that hits them all. */
  readonly deadManVotes?: DeadManVotes;
}

export interface Instance {
  directive(directive: Directive): void;
  /** Takes other parameters over while it runs. */
  adjust(version: number, params: Readonly<Record<string, unknown>>): void;
  shutdown(orders: "cancel" | "keep"): void;
  ledgerTrouble(isInTrouble: boolean): void;
  /** The worker is gone: nothing is placed from now on. */
  orphaned(): void;
  /** Resolves when nothing more will be done; the process may exit. */
  readonly ended: Promise<ExitReason>;
}

/** Starts at once. Never throws: what goes wrong ends in `ended`. */
export function startInstance(begin: Begin, doors: InstanceDoors): Instance {
  return new InstanceLife(begin, doors);
}

class InstanceLife implements Instance {
  readonly ended: Promise<ExitReason>;
  readonly #begin: Begin;
  readonly #doors: InstanceDoors;
  readonly #guard: LeaseGuard;
  readonly #abort = new AbortController();
  readonly #startedAt: number;
  readonly #accounts = new Map<string, OpenAccount>();
  readonly #resolve: (reason: ExitReason) => void;
  #directive: Directive;
  #trading: Trading | null = null;
  #exit: ExitReason | null = null;
  #isConnected = false;
  #isLeaving = false;
  #isOrphan = false;
  #isSwept = false;
  #isLedgerInTrouble = false;
  /** Directive under which rest was reported without a kernel. */
  #restedUnder = -1;
  #lastError: { readonly message: string; readonly at: number } | null = null;

  constructor(begin: Begin, doors: InstanceDoors) {
    let resolve: (reason: ExitReason) => void = () => undefined;
    this.ended = new Promise((done) => {
      resolve = done;
    });
    this.#resolve = resolve;
    this.#begin = begin;
    this.#doors = doors;
    this.#directive = begin.directive;
    this.#startedAt = doors.clock.now();
    this.#guard = createLeaseGuard({
      leases: doors.leases,
      botId: begin.config.id,
      epoch: begin.epoch,
      holder: begin.holder,
      clock: doors.clock,
      onLost: () => void this.#end("fenced", "the lease names another epoch"),
      onError: (error) => this.#note(`lease not renewed: ${messageOf(error)}`),
    });
    const beat = setInterval(() => this.#beat(), LEASE_RENEW_MS);
    void this.ended.then(() => clearInterval(beat));
    void this.#live().catch((error: unknown) => this.#failed(error));
  }

  directive(directive: Directive): void {
    if (directive.sequence <= this.#directive.sequence) return;
    const wasHalted = this.#directive.halt !== null;
    this.#directive = directive;
    this.#doors.log.info({ desired: directive.desired, isHalted: directive.halt !== null, flatten: directive.flatten }, "directive");
    // What swept without a kernel cannot trade: the next process tries to load the state again.
    if (this.#isSwept && !wantsRest(directive)) void this.#end("asked", "a swept bot is to run again");
    this.#trading?.follow(wasHalted);
  }

  adjust(version: number, params: Readonly<Record<string, unknown>>): void {
    // Before it trades it answers nothing: the worker asks again once it has recovered.
    this.#trading?.adjust(version, params);
  }

  ledgerTrouble(isInTrouble: boolean): void {
    this.#isLedgerInTrouble = isInTrouble;
    this.#trading?.ledgerTrouble(isInTrouble);
  }

  shutdown(orders: "cancel" | "keep"): void {
    void this.#leave(orders, LEAVE_MAX_MS, "asked");
  }

  orphaned(): void {
    if (this.#isLeaving || this.#isOrphan) return;
    this.#isOrphan = true;
    this.#guard.stopPlacing("the worker is gone");
    this.#doors.log.warn("the worker is gone: nothing more is placed");
    // A successor takes the lease and keeps the orders; without one they are dealt with as configured.
    setTimeout(() => void this.#leave(this.#begin.config.onShutdown, ORPHAN_LEAVE_MAX_MS, "orphaned"), ORPHAN_WAIT_MS);
  }

  // ---- the way in ---------------------------------------------------------------------------------------------------

  async #live(): Promise<void> {
    const begin = this.#begin;
    const retry: Retry = { signal: this.#abort.signal, onError: (message) => this.#note(message) };
    await this.#guard.start();
    if (this.#guard.isLost) return;
    const plan = planOf(begin.config, this.#doors.strategies);
    for (const access of begin.accounts) await this.#connect(access, retry);
    const legs = await openLegs(plan, this.#accounts, retry);
    const market = await openMarket(legs, this.#doors.clock, retry);
    this.#isConnected = true;
    let kernel: Kernel;
    try {
      kernel = loadKernel(begin, plan, legs, market);
    } catch (error) {
      if (!wantsRest(this.#directive)) throw error;
      this.#note(`the stored state cannot be loaded, so orders are taken off without it: ${messageOf(error)}`);
      return this.#sweep(legs);
    }
    await this.#trade(plan, kernel, legs);
  }

  async #connect(access: AccountAccess, retry: Retry): Promise<void> {
    const name = accountKey(access);
    const own = createOwnOrders(numberOn(this.#begin, access));
    for (const row of this.#begin.stored.openOrders)
      if (row.exchangeOrderId !== null && accountKey(row) === name) own.learn(row.symbol, row.clientOrderId, row.exchangeOrderId);
    const port = await untilDone(`connecting ${name}`, retry, () => this.#doors.connect(access, this.#guard.fence));
    this.#accounts.set(name, { port, own });
  }

  async #trade(plan: BotPlan, kernel: Kernel, legs: Legs): Promise<void> {
    const { ledger, clock, log, send } = this.#doors;
    const trading = createTrading({
      begin: this.#begin,
      plan,
      kernel,
      legs,
      guard: this.#guard,
      ledger,
      clock,
      log,
      signal: this.#abort.signal,
      ...(this.#doors.deadManVotes === undefined ? {} : { deadManVotes: this.#doors.deadManVotes }),
      directive: () => this.#directive,
      onState: (state) => {
        log.info({ state }, "state changed");
        this.#tell();
      },
      onEnd: (end) => {
        log.warn({ kind: end.kind, reason: end.reason.en }, "the bot ended by itself");
        this.#tell();
        send({ type: "ended", end });
      },
      onAdjusted: (version, refusal) => {
        log.info({ version, refusal: refusal?.en }, "adjusted");
        this.#tell();
        send({ type: "adjusted", version, refusal });
      },
      onNewSteps: (before, now) => this.#newSteps(before, now),
      onFollowed: (sequence) => {
        this.#tell();
        send({ type: "followed", sequence });
      },
      onSettled: (settled) => {
        this.#tell();
        send({ type: "settled", settled });
      },
      onError: (message) => this.#note(message),
      onFatal: (why, error) => this.#fatal(why, error),
    });
    this.#trading = trading;
    trading.ledgerTrouble(this.#isLedgerInTrouble);
    const openOrders = await trading.recover();
    log.info({ openOrders }, "recovered");
    this.#tell();
    send({ type: "recovered", openOrders });
  }

  async #sweep(legs: Legs): Promise<void> {
    const { ledger, clock } = this.#doors;
    const { signal } = this.#abort;
    const { openOrders } = this.#begin.stored;
    const onError = (message: string) => this.#note(message);
    this.#isSwept = await sweepOrders({ legs, stored: openOrders, ledger, clock, signal, onError });
    this.#restWithoutKernel();
  }

  /** Orders stay where they are: the next process reads them, and its state, in the new steps. */
  #newSteps(before: Instrument, now: Instrument): void {
    const { symbol } = before.ref;
    this.#doors.log.warn({ symbol, before: before.revision, now: now.revision }, "the exchange changed the steps: beginning anew");
    void this.#leave("keep", LEAVE_MAX_MS, "asked");
  }

  // ---- every second -------------------------------------------------------------------------------------------------

  #beat(): void {
    this.#doors.send({ type: "heartbeat" });
    this.#tell();
    this.#restWithoutKernel();
  }

  /** A process that may have been replaced while it slept does not speak for the bot. */
  #tell(): void {
    if (this.#guard.fence("cancel") !== null) return;
    this.#doors.send({ type: "status", status: this.#status() });
  }

  /** Says that the bot rests when it was swept, or when it never reached its exchange and has nothing stored as open. */
  #restWithoutKernel(): void {
    const { sequence, flatten } = this.#directive;
    const { stored } = this.#begin;
    const isUntouched = this.#trading === null && stored.openOrders.length === 0 && !flatten;
    if (!(this.#isSwept || isUntouched) || !wantsRest(this.#directive) || this.#restedUnder === sequence) return;
    this.#restedUnder = sequence;
    const isFlat = stored.state === null && stored.lastFillAt === null;
    this.#doors.send({ type: "settled", settled: { sequence, at: this.#doors.clock.now(), position: isFlat ? "0" : null, isFlat } });
  }

  #status(): BotStatus {
    const { config, epoch, host } = this.#begin;
    const { clock, pid } = this.#doors;
    const at = clock.now();
    const lastError = this.#lastError !== null && at - this.#lastError.at < ERROR_MEMORY_MS ? this.#lastError.message : null;
    const { desired } = this.#directive;
    const facts = { config, desired, epoch, host, pid, startedAt: this.#startedAt, lastError, note: this.#remark(), at };
    if (this.#trading === null) return emptyStatus(facts, this.#isConnected ? "recovering" : "starting");
    return { ...statusOfKernel(facts, this.#trading.status()), accounts: this.#trading.accounts };
  }

  #remark(): Text | null {
    if (this.#isOrphan) return REMARKS.orphan;
    if (this.#trading?.arePulled === true) return REMARKS.pulled;
    if (this.#isLedgerInTrouble) return REMARKS.ledger;
    const trouble = this.#trading?.trouble ?? null;
    if (trouble !== null) return trouble;
    const notice = this.#trading?.notice ?? null;
    return this.#directive.outside ?? (notice === null ? null : noticeText(notice));
  }

  #note(message: string): void {
    const at = this.#doors.clock.now();
    const last = this.#lastError;
    // The same trouble every second is one line.
    const isNews = last === null || last.message !== message || at - last.at > SAME_ERROR_MS;
    this.#lastError = { message, at };
    this.#doors.log[isNews ? "warn" : "debug"](message);
  }

  // ---- the ways out -------------------------------------------------------------------------------------------------

  #failed(error: unknown): void {
    if (this.#isLeaving || this.#exit !== null) return;
    if (error instanceof UserError) {
      this.#doors.send({ type: "refused", reason: error.text });
      void this.#end("refused", error.message);
    } else this.#fatal("kernel", error);
  }

  #fatal(why: "kernel" | "stale" | "ledger", error: unknown): void {
    if (this.#exit !== null) return;
    this.#doors.log.error({ err: error }, "fatal");
    void this.#end(why === "kernel" ? "fault" : why === "stale" ? "fenced" : "ledger", messageOf(error));
  }

  /** Leaves in order: opening orders off (or kept), the state stored, the lease given back. */
  async #leave(orders: "cancel" | "keep", maxMs: number, reason: ExitReason): Promise<void> {
    if (this.#isLeaving || this.#exit !== null) return;
    this.#isLeaving = true;
    this.#guard.stopPlacing("the instance is leaving");
    if (this.#trading !== null) {
      await this.#trading.quiet(orders, maxMs);
      await Promise.race([Promise.allSettled([this.#trading.storeState(), this.#trading.leaveSwitch()]), pause(GOODBYE_MAX_MS)]);
      this.#tell();
    }
    await this.#end(reason, `left, orders: ${orders}`);
  }

  async #end(reason: ExitReason, why: string): Promise<void> {
    if (this.#exit !== null) return;
    this.#exit = reason;
    this.#guard.stopPlacing("the instance has ended");
    this.#abort.abort();
    this.#trading?.stop();
    this.#doors.log[reason === "asked" ? "info" : "error"]({ reason, why }, "instance ends");
    if (reason !== "asked") this.#doors.send({ type: "fault", message: why });
    const closing = Promise.allSettled([this.#guard.release(), ...[...this.#accounts.values()].map(({ port }) => port.close())]);
    await Promise.race([closing, pause(GOODBYE_MAX_MS)]);
    this.#resolve(reason);
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
