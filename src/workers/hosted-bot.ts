// One bot as this worker sees it: what is wanted, what the supervisor says, and how the bot is.

import { isDeepStrictEqual } from "node:util";
import type { ActualState } from "../core/events.ts";
import type { EndRow } from "../core/ports.ts";
import type { BotStatus } from "../core/status.ts";
import type { Text } from "../core/text.ts";
import type { BotRecord, HaltKind } from "../storage/bots.ts";
import { haltReason, wishesOf } from "./bot-hours.ts";
import { carriedStatus } from "./bot-status.ts";
import { type Decision, decide, type Ownership, SHUTDOWN_MAX_MS, shouldTrade } from "./bot-supervisor.ts";
import type { BotView } from "./bot-view.ts";
import { type HowEnded, InstanceSlot, type SlotDoors } from "./instance-slot.ts";
import type { MissingLeases } from "./lease-watch.ts";
import { createMemoryWatch } from "./memory-watch.ts";
import { pause } from "./pause.ts";
import { type Directive, LEASE_TTL_MS } from "./protocol.ts";
import type { StatusPublisher } from "./status-publisher.ts";
import { isFormerLife } from "./worker-identity.ts";

/** A worker that has room gets this long to take a bot before a full one covers it. */
const COVER_WAIT_MS = LEASE_TTL_MS;

export interface HostedBotDoors extends SlotDoors {
  readonly status: StatusPublisher;
  /** Room for one more instance, in `more` places beyond the worker's capacity. */
  readonly hasRoom: (more?: number) => boolean;
  /** Look at the bots again soon. */
  readonly poke: () => void;
  /** This bot's view has changed. */
  readonly onView: (botId: string) => void;
}

export class HostedBot {
  readonly #doors: HostedBotDoors;
  readonly #slot: InstanceSlot;
  #record: BotRecord;
  #directive: Directive;
  #isStopping = false;
  /** How the bot ended by itself last, and when this worker learned it, monotonic ms: records that were read before do not know. */
  #over: { readonly end: EndRow; readonly toldAt: number } | null = null;
  #isElsewhere = false;
  #lastStatus: BotStatus | null;
  #refusedVersion: BotView["refusedVersion"] = null;
  readonly #memory = createMemoryWatch();
  /** Whether orders are stored as open, looked up once per epoch while nothing runs. */
  #openOrders: { readonly epoch: number; readonly any: boolean } | null = null;
  /** The process only takes opening orders off: there is no room for the bot. */
  #isCover = false;
  #coveredEpoch: number | null = null;
  /** Since when nobody has run the bot and there has been no room for it, monotonic ms. */
  #loneSince: number | null = null;

  constructor(record: BotRecord, doors: HostedBotDoors) {
    this.#doors = doors;
    this.#record = record;
    this.#lastStatus = record.lastStatus;
    this.#directive = { sequence: 1, ...wishesOf(record, doors.clock.now(), doors.timezone), flatten: record.flatten };
    this.#slot = new InstanceSlot({
      doors,
      record: () => this.#record,
      directive: () => this.#told(),
      onStatus: (status) => this.#statusFrom(status),
      onOver: (end) => {
        doors.log.warn({ botId: this.#record.id, kind: end.kind, reason: end.reason.en }, "the bot ended by itself");
        this.#over = { end, toldAt: doors.clock.monotonic() };
        this.#take(ended(this.#record, end));
        doors.poke();
      },
      onAdjusted: (version, refusal) => {
        if (refusal !== null) void this.#adjustRefused(version, refusal);
      },
      onRefused: (why, reason) => this.#refused(why, reason),
      onEnded: (how) => this.#ended(how),
      onChange: () => {
        doors.onView(this.#record.id);
        doors.poke();
      },
    });
  }

  get hasProcess(): boolean {
    return this.#slot.isTaken;
  }

  get view(): BotView {
    return {
      record: this.#record,
      isElsewhere: this.#isElsewhere,
      status: this.#statusNow(),
      recoveredEpoch: this.#slot.recoveredEpoch,
      isFollowed: this.#slot.isFollowed,
      rest: this.#rest(),
      refusal: this.#slot.refusal,
      lastError: this.#slot.lastError,
      appliedVersion: this.#slot.appliedVersion,
      refusedVersion: this.#refusedVersion,
      outside: this.#directive.outside ?? null,
      isIdle: !this.#slot.isTaken && !this.#isTrading(),
    };
  }

  /**
   * Looks at the bot with its newest record, whose reading began at `readAt` (monotonic ms), and does what is to be done. Returns
   * when it wants to be looked at again, ms from now.
   */
  async look(record: BotRecord, missing: MissingLeases, readAt: number): Promise<number> {
    this.#take(this.#over !== null && readAt < this.#over.toldAt ? ended(record, this.#over.end) : record);
    if (this.#slot.isStarting || this.#isStopping) return Number.POSITIVE_INFINITY;
    const decision = await this.#decide(missing);
    const isVacant = this.#slot.process === null;
    await this.#act(decision);
    this.#endCover();
    await this.#slot.keepMirror();
    await this.#slot.keepAccess();
    this.#slot.keepConfig();
    this.#keepMemory();
    // A process that ends meanwhile is told of by its end.
    if (isVacant && this.#isOursToTell()) this.#publish(false);
    return decision.do === "wait" ? decision.forMs : Number.POSITIVE_INFINITY;
  }

  /** Closes the position as well when the bot comes to rest. */
  requestFlatten(): void {
    if (!this.#directive.flatten) this.#direct({ ...this.#directive, flatten: true });
  }

  /** Ends the process, orders kept; the next look starts it anew. */
  requestRestart(): void {
    this.#slot.forgive();
    this.#slot.leave("keep");
  }

  /** A person asks for a start: earlier refusals and pauses no longer count. */
  requestStart(): void {
    this.#slot.forgive();
  }

  /** The worker leaves: the instance applies what its configuration says. Resolves when the process is gone. */
  async shutdown(): Promise<void> {
    const { clock } = this.#doors;
    this.#isStopping = true;
    this.#slot.close();
    const until = clock.monotonic() + SHUTDOWN_MAX_MS;
    while (this.#slot.isTaken && clock.monotonic() < until) {
      this.#slot.leave(this.#record.config.onShutdown);
      await pause(20);
    }
    this.#slot.process?.kill("the worker left without it");
  }

  ledgerTrouble(isInTrouble: boolean): void {
    this.#slot.process?.ledgerTrouble(isInTrouble);
  }

  // ---- what is wanted -----------------------------------------------------------------------------------------------

  #take(record: BotRecord): void {
    const wasHalted = this.#record.halt !== null;
    const asksToFlatten = record.flatten && !this.#record.flatten;
    this.#record = record;
    const halt = haltReason(record);
    // A cleared halt is a fresh start, and the crashes before it are forgiven.
    if (wasHalted && halt === null) this.#slot.forgive();
    const wishes = wishesOf(record, this.#doors.clock.now(), this.#doors.timezone);
    const { sequence: _, flatten: __, ...before } = this.#directive;
    if (isDeepStrictEqual(before, wishes) && !asksToFlatten) return;
    const { desired } = record;
    const isFlattened = this.#slot.settled?.isFlat === true;
    const flatten = (this.#directive.flatten || asksToFlatten) && !isFlattened && !shouldTrade({ desired, isHalted: halt !== null });
    this.#direct({ ...wishes, flatten });
    // Nobody else says that a bot without a process is halted, or no longer.
    if (!this.#slot.isTaken && !this.#isElsewhere) this.#publish(true);
  }

  #direct(directive: Omit<Directive, "sequence">): void {
    this.#directive = { ...directive, sequence: this.#directive.sequence + 1 };
    this.#slot.process?.direct(this.#told());
  }

  /** What the process is told: one that only covers opens nothing. */
  #told(): Directive {
    return this.#isCover && this.#directive.desired === "running" ? { ...this.#directive, desired: "paused" } : this.#directive;
  }

  /** Opening orders are off: the bot waits for room without a process, here or at a worker that has some. */
  #endCover(): void {
    const { process } = this.#slot;
    if (!this.#isCover || process === null || !this.#isTrading() || !this.#slot.isFollowed) return;
    this.#coveredEpoch = process.epoch;
    this.#slot.leave("keep");
  }

  #isTrading(): boolean {
    return shouldTrade({ desired: this.#record.desired, isHalted: this.#record.halt !== null });
  }

  /** At its ceiling the process begins anew; the next one adopts its orders. */
  #keepMemory(): void {
    const { clock, raise, log } = this.#doors;
    const { id, config } = this.#record;
    const rss = this.#slot.process?.rss ?? null;
    const { tell, isTooLarge } = this.#memory.look(id, rss, config.quotas.memoryMb, clock.monotonic());
    if (tell !== null) {
      log.warn({ botId: id, rss, memoryMb: config.quotas.memoryMb, isTooLarge }, "memory near or at its quota");
      raise({ type: "resource", message: tell }, this.#record);
    }
    if (isTooLarge) this.#slot.leave("keep");
  }

  // ---- deciding -----------------------------------------------------------------------------------------------------

  async #decide(missing: MissingLeases): Promise<Decision> {
    const { clock, hasRoom } = this.#doors;
    const { desired, halt, config } = this.#record;
    const ownership = this.#ownership(missing);
    const hasLooseEnds =
      this.#slot.process === null && (this.#isTrading() ? await this.#needsCover(ownership) : await this.#hasLooseEnds());
    const mayComeBack = ownership.type === "elsewhere" || (ownership.type === "silent" && ownership.forMs < LEASE_TTL_MS);
    this.#isElsewhere = this.#slot.process === null && mayComeBack;
    const now = clock.monotonic();
    return decide({
      desired,
      isHalted: halt !== null,
      hasLooseEnds,
      process: this.#slot.facts(now),
      ownership,
      crashes: this.#slot.crashes,
      retryAt: this.#slot.retryAt,
      restart: config.restart,
      hasRoom: hasRoom(),
      hasSpareRoom: hasRoom(1),
      now,
    });
  }

  #ownership(missing: MissingLeases): Ownership {
    const { identity, host, isPidAlive } = this.#doors;
    const { id, holder, pid } = this.#record;
    // What an earlier life of this worker held is left over: its instances have noticed that it is gone.
    if (holder === null || holder === identity.holder || isFormerLife(holder, identity, isPidAlive)) return FREE;
    if (missing === null) return { type: "unsure" };
    const forMs = missing.get(id);
    if (forMs === undefined) return { type: "elsewhere" };
    const isDead = this.#record.host === host && pid !== null && !isPidAlive(pid);
    return isDead ? FREE : { type: "silent", forMs };
  }

  async #hasLooseEnds(): Promise<boolean> {
    if (this.#slot.settled !== null || this.#record.firstStartedAt === null) return false;
    if (this.#directive.flatten) return true;
    const { id, epoch } = this.#record;
    if (this.#openOrders?.epoch !== epoch) this.#openOrders = { epoch, any: (await this.#doors.bots.openOrders(id)).length > 0 };
    return this.#openOrders.any;
  }

  /** Nobody runs the bot, there is no room for it here, and what it had at the exchange may still be there. */
  async #needsCover(ownership: Ownership): Promise<boolean> {
    const { hasRoom, bots, clock } = this.#doors;
    const { id, epoch, firstStartedAt } = this.#record;
    const isNobodys = ownership.type === "free" || (ownership.type === "silent" && ownership.forMs >= LEASE_TTL_MS);
    const isOurs = isNobodys && firstStartedAt !== null && !hasRoom() && hasRoom(1) && this.#coveredEpoch !== epoch;
    const now = clock.monotonic();
    this.#loneSince = isOurs ? (this.#loneSince ?? now) : null;
    if (this.#loneSince === null || now - this.#loneSince < COVER_WAIT_MS) return false;
    return (await bots.openOrders(id)).length > 0;
  }

  #rest(): { readonly isFlat: boolean } | null {
    if (this.#isTrading()) return null;
    const { settled } = this.#slot;
    if (settled !== null) return { isFlat: settled.isFlat };
    if (!this.#slot.isTaken && this.#record.firstStartedAt === null) return { isFlat: true };
    const isIdle = !this.#slot.isTaken && !this.#directive.flatten;
    return isIdle && this.#openOrders?.epoch === this.#record.epoch && !this.#openOrders.any ? { isFlat: false } : null;
  }

  // ---- doing --------------------------------------------------------------------------------------------------------

  async #act(decision: Decision): Promise<void> {
    const { bots, log } = this.#doors;
    const { id, desired } = this.#record;
    switch (decision.do) {
      case "nothing":
      case "wait":
        if (desired === "draining" && this.#slot.settled !== null) await bots.setDesired(id, "stopped");
        return;
      case "start":
        this.#openOrders = null;
        this.#isCover = decision.how === "cover";
        void this.#slot.start(decision.how).catch((error: unknown) => log.error({ err: error, botId: id }, "start failed"));
        return;
      case "leave":
        return this.#slot.leave("keep");
      case "kill":
        log.error({ botId: id, instancePid: this.#slot.process?.pid, why: decision.why }, "instance killed");
        return this.#slot.process?.kill(decision.why);
      case "giveUp":
        return await this.#giveUp(decision.attempts, this.#slot.lastError ?? "it crashed");
    }
  }

  /** The version before it is the current one again; whoever asked is told by the change, others by the note. */
  async #adjustRefused(version: number, reason: Text): Promise<void> {
    const { bots, raise, log } = this.#doors;
    this.#refusedVersion = { version, reason };
    raise({ type: "note", message: refusedText(reason) }, this.#record);
    await bots.dropVersion(this.#record.id, version).catch((error) => log.error({ err: error }, "version not taken back"));
  }

  async #halt(kind: HaltKind, reason: Text): Promise<void> {
    const { bots, log, poke } = this.#doors;
    log.error({ botId: this.#record.id, kind, reason: reason.en }, "bot halted");
    await bots.halt(this.#record.id, kind, reason).catch((error) => log.error({ err: error }, "halt not stored"));
    poke();
  }

  async #refused(why: "claim" | "config", reason: Text): Promise<void> {
    const { bots, raise, log } = this.#doors;
    if (!this.#isTrading()) return;
    if (why === "config") {
      this.#refusedVersion = { version: this.#slot.startedVersion, reason };
      return await this.#giveUp(0, reason.en, reason);
    }
    raise({ type: "note", message: reason }, this.#record);
    await bots.setDesired(this.#record.id, "stopped").catch((error) => log.error({ err: error }, "desired state not stored"));
  }

  /** Sticky until an operator starts it again; claims are kept, and what may rest at the exchange is taken off. */
  async #giveUp(attempts: number, cause: string, reason = failedText(attempts, cause)): Promise<void> {
    this.#doors.raise({ type: "failed", attempts, cause }, this.#record);
    await this.#halt("crash", reason);
    this.#slot.crashes = [];
  }

  async #ended(how: HowEnded): Promise<void> {
    const { bots, log } = this.#doors;
    const { id, desired } = this.#record;
    this.#isElsewhere = how === "fenced";
    this.#isCover = false;
    if (how === "fenced") return;
    if (how === "asked" && this.#slot.settled?.isFlat === true) {
      const onError = (error: unknown) => log.error({ err: error, botId: id }, "rest not stored");
      if (this.#record.flatten) await bots.flattened(id).catch(onError);
      if (desired === "stopped") await bots.releaseClaims(id).catch(onError);
    }
    this.#publish(true);
  }

  // ---- how it is ----------------------------------------------------------------------------------------------------

  #statusFrom(status: BotStatus): void {
    if (status.epoch < this.#record.epoch) return;
    this.#lastStatus = status;
    this.#doors.status.publish(status);
    this.#doors.onView(this.#record.id);
  }

  /** True when this worker is the one to say how the bot is, though no process of it can. */
  #isOursToTell(): boolean {
    return !this.#isElsewhere && (this.#isTrading() || this.#slot.isStarting);
  }

  #publish(isFinal: boolean): void {
    const status = this.#statusNow();
    this.#lastStatus = status;
    this.#doors.status.publish(status, isFinal);
  }

  #statusNow(): BotStatus {
    const { process, startedAt, lastError } = this.#slot;
    if (process !== null && this.#lastStatus?.pid === process.pid) return this.#lastStatus;
    const { config, desired, epoch } = this.#record;
    const facts = {
      config,
      desired,
      epoch: process?.epoch ?? epoch,
      host: this.#slot.isTaken ? this.#doors.host : null,
      pid: process?.pid ?? null,
      startedAt,
      lastError,
      note: this.#directive.outside ?? null,
      at: this.#doors.clock.now(),
    };
    const status = carriedStatus(facts, this.#stateWithoutProcess(), this.#lastStatus);
    const { openOrders, unknownOrders } = this.#rest() === null ? status : NO_ORDERS;
    return { ...status, openOrders, unknownOrders, haltReason: haltReason(this.#record) };
  }

  #stateWithoutProcess(): ActualState {
    const { desired, halt } = this.#record;
    if (halt !== null) return halt.kind === "crash" ? "failed" : "halted";
    if (this.#isStopping) return "stopping";
    if (desired !== "stopped") return "starting";
    return this.#rest() === null ? "stopping" : "stopped";
  }
}

const FREE: Ownership = { type: "free" };
const NO_ORDERS = { openOrders: 0, unknownOrders: 0 };

function failedText(attempts: number, cause: string): Text {
  return {
    en: `crashed ${attempts} times, last: ${cause}; look at the log, then start it again`,
    "zh-TW": `已當機 ${attempts} 次，最後一次：${cause}；請檢查記錄後再重新啟動`,
  };
}

function refusedText({ en, "zh-TW": chinese }: Text): Text {
  return { en: `the new parameters were refused: ${en}`, "zh-TW": `新的參數未被採用：${chinese}` };
}

/** The record as the end that is stored has made it. */
function ended(record: BotRecord, { kind, reason, flatten, at }: EndRow): BotRecord {
  const after = { ...record, flatten: record.flatten || flatten };
  if (kind === "finished") return { ...after, desired: "stopped" };
  return { ...after, halt: record.halt ?? { kind, reason: JSON.stringify(reason), at } };
}
