// The place of one bot's process on this worker: starts it, hears it, counts how it ended.

import { isDeepStrictEqual } from "node:util";
import type { AlertBody } from "../core/alert.ts";
import type { BotConfig } from "../core/bot-config.ts";
import type { EndRow, LedgerRow, RowResult } from "../core/ports.ts";
import type { BotStatus } from "../core/status.ts";
import type { Text } from "../core/text.ts";
import { accountKey } from "../storage/bot-numbers.ts";
import type { BotRecord } from "../storage/bots.ts";
import { type StartDoors, startBot } from "./bot-start.ts";
import { type ProcessFacts, recentCrashes, restartDelayMs, type StartHow } from "./bot-supervisor.ts";
import type { InstanceProcess, ProcessEnd } from "./instance-process.ts";
import type { AccountAccess, Directive, Settled } from "./protocol.ts";
import type { Writer } from "./writer.ts";

/** Pause after a start that failed before the process ran. */
const RETRY_MS = 1_000;
/** The mirror of the epoch is written again this often: Redis may have lost it. */
const MIRROR_EVERY_MS = 5_000;
/** The access to an account is looked up again this often: an exchange on this machine may have come back elsewhere. */
const ACCESS_EVERY_MS = 5_000;

export interface SlotDoors extends StartDoors {
  readonly writer: Writer;
  readonly raise: (alert: AlertBody, record: BotRecord) => void;
}

/** `fenced`: somebody else owns the bot now; how it is is theirs to say. */
export type HowEnded = "asked" | "crashed" | "fenced";

export interface SlotOptions {
  readonly doors: SlotDoors;
  readonly record: () => BotRecord;
  readonly directive: () => Directive;
  readonly onStatus: (status: BotStatus) => void;
  /** The bot halted itself or has finished, which is stored. */
  readonly onOver: (end: EndRow) => void;
  readonly onAdjusted: (version: number, refusal: Text | null) => void;
  /** It cannot run as it is. */
  readonly onRefused: (why: "claim" | "config", reason: Text) => Promise<void>;
  readonly onEnded: (how: HowEnded) => Promise<void>;
  /** Look again soon. */
  readonly onChange: () => void;
}

export class InstanceSlot {
  readonly #options: SlotOptions;
  #process: InstanceProcess | null = null;
  #accounts: readonly AccountAccess[] = [];
  #isStarting = false;
  #isClosed = false;
  #startedAt: number | null = null;
  #leavingSince: number | null = null;
  #settled: Settled | null = null;
  #followed = -1;
  #recoveredEpoch: number | null = null;
  #hasCrashed = false;
  #mirroredAt = 0;
  #accessAt = 0;
  #appliedVersion = 0;
  #askedVersion: number | null = null;
  /** Settles once every row that a process here has handed over is stored or refused. */
  #handedOver: Promise<void> = Promise.resolve();
  crashes: readonly number[] = [];
  retryAt = 0;
  refusal: Text | null = null;
  lastError: string | null = null;
  /** Version of the configuration that the last start was made under. */
  startedVersion = 0;
  #startedConfig: BotConfig | null = null;

  constructor(options: SlotOptions) {
    this.#options = options;
  }

  get process(): InstanceProcess | null {
    return this.#process;
  }

  get isStarting(): boolean {
    return this.#isStarting;
  }

  /** True while a process runs or is being made. */
  get isTaken(): boolean {
    return this.#process !== null || this.#isStarting;
  }

  get startedAt(): number | null {
    return this.isTaken ? this.#startedAt : null;
  }

  /** Epoch of the process here once it has recovered, else null. */
  get recoveredEpoch(): number | null {
    return this.#recoveredEpoch;
  }

  /** Version of the configuration that the recovered process here runs under, else null. */
  get appliedVersion(): number | null {
    return this.#recoveredEpoch === null ? null : this.#appliedVersion;
  }

  /** True when nothing that the newest directive led to is under way any more. */
  get isFollowed(): boolean {
    return this.#process !== null && this.#followed === this.#options.directive().sequence;
  }

  /** The proof that the bot rests under the newest directive, kept after the process has gone. */
  get settled(): Settled | null {
    return this.#settled?.sequence === this.#options.directive().sequence ? this.#settled : null;
  }

  facts(now: number): ProcessFacts | null {
    const process = this.#process;
    if (process === null) return null;
    return {
      silentMs: process.silentMs(now),
      hasSpoken: process.hasSpoken,
      leavingMs: this.#leavingSince === null ? null : now - this.#leavingSince,
      isOutdated: this.#options.record().epoch > process.epoch,
      isSettled: this.settled !== null && this.#options.directive().desired !== "draining",
    };
  }

  async start(how: StartHow): Promise<void> {
    const { doors, directive, onRefused, onChange } = this.#options;
    const record = this.#options.record();
    this.#isStarting = true;
    this.#appliedVersion = record.configVersion;
    this.startedVersion = record.configVersion;
    this.#startedConfig = record.config;
    this.#startedAt = doors.clock.now();
    this.#settled = null;
    this.#followed = -1;
    doors.log.info({ botId: record.id, how, epochBefore: record.epoch, holderBefore: record.holder }, "starting bot");
    // What the last process handed over may tell how the bot ended; under a later epoch it would be refused.
    await this.#handedOver;
    const result = await startBot(doors, {
      record,
      isRescue: how === "rescue" || how === "cover",
      directive,
      isWanted: () => !this.#isClosed,
      onForked: (process, accounts) => this.#forked(process, accounts),
      events: {
        onStatus: this.#options.onStatus,
        onRows: (rows) => this.#store(rows, record.id),
        onRecovered: (openOrders) => this.#recovered(openOrders),
        onFollowed: (sequence) => {
          this.#followed = sequence;
          onChange();
        },
        onSettled: (settled) => {
          this.#settled = settled;
          onChange();
        },
        onOver: this.#options.onOver,
        onAdjusted: (version, refusal) => this.#adjusted(version, refusal),
        onEnd: (end) => void this.#ended(end),
      },
    });
    this.#isStarting = false;
    if (result.result === "retry") {
      this.lastError = result.message;
      this.retryAt = doors.clock.monotonic() + RETRY_MS;
      doors.log.warn({ botId: record.id, reason: result.message }, "start failed, trying again");
    } else if (result.result === "refused") {
      this.#refuse(result.reason);
      await onRefused(result.why, result.reason);
    }
    onChange();
  }

  #store(rows: readonly LedgerRow[], botId: string): Promise<readonly RowResult[]> {
    const stored = this.#options.doors.writer.commit(rows, botId);
    this.#handedOver = Promise.allSettled([this.#handedOver, stored]).then(() => undefined);
    return stored;
  }

  #forked(process: InstanceProcess, accounts: readonly AccountAccess[]): void {
    this.#process = process;
    this.#accounts = accounts;
    this.#accessAt = this.#options.doors.clock.monotonic();
    this.#askedVersion = null;
    this.#leavingSince = null;
    if (this.#options.doors.writer.isInTrouble) process.ledgerTrouble(true);
  }

  #refuse(reason: Text): void {
    this.refusal = reason;
    this.lastError = reason.en;
    this.retryAt = this.#options.doors.clock.monotonic() + RETRY_MS;
    this.#options.doors.log.error({ botId: this.#options.record().id, reason: reason.en }, "start refused");
  }

  leave(orders: "cancel" | "keep"): void {
    if (this.#process === null || this.#leavingSince !== null) return;
    this.#leavingSince = this.#options.doors.clock.monotonic();
    this.#process.leave(orders);
  }

  /** No new process is made from now on. */
  close(): void {
    this.#isClosed = true;
  }

  /** Forgives what went wrong before: a person asked for a start. */
  forgive(): void {
    this.crashes = [];
    this.retryAt = 0;
    this.refusal = null;
  }

  /** Writes the epoch's mirror again now and then. */
  async keepMirror(): Promise<void> {
    const { doors, record } = this.#options;
    const process = this.#process;
    const now = doors.clock.monotonic();
    if (process === null || now - this.#mirroredAt < MIRROR_EVERY_MS) return;
    this.#mirroredAt = now;
    for (const exchange of new Set(this.#accounts.map((account) => account.exchange)))
      await doors.mirrorEpoch(exchange, record().id, process.epoch).catch((error) => doors.log.debug({ err: error }, "no mirror"));
  }

  /** Ends a process whose account is reached in another way by now (another port, another key); the next one gets the new access. */
  async keepAccess(): Promise<void> {
    const { doors, record } = this.#options;
    const process = this.#process;
    const now = doors.clock.monotonic();
    if (process === null || this.#leavingSince !== null || now - this.#accessAt < ACCESS_EVERY_MS) return;
    this.#accessAt = now;
    for (const old of this.#accounts) {
      // One that is not there just now says nothing: the process waits for it, too.
      const access = await doors.accounts(old.exchange, old.account, record().config.mode).catch(() => null);
      if (access === null || isSameAccess(old, access) || this.#process !== process) continue;
      doors.log.warn({ botId: record().id, account: accountKey(old), url: access.url }, "access to the account changed: beginning anew");
      return this.leave("keep");
    }
  }

  /** Hands a recovered process the newest version of its configuration, once. */
  keepConfig(): void {
    const { configVersion, config } = this.#options.record();
    if (this.#process === null || this.appliedVersion === null || this.#leavingSince !== null) return;
    if (configVersion === this.#appliedVersion || configVersion === this.#askedVersion) return;
    this.#askedVersion = configVersion;
    // Hours, loudness and the like are this worker's to follow; the process has to know of nothing.
    if (isDeepStrictEqual(config.params, this.#startedConfig?.params)) this.#adjusted(configVersion, null);
    else this.#process.adjust(configVersion, config.params);
  }

  /** Limits are built into the kernel: under other ones the bot begins anew, with its orders kept. */
  #mustBeginAnew(): boolean {
    const [before, now] = [this.#startedConfig, this.#options.record().config];
    return before !== null && !isDeepStrictEqual(builtIn(before), builtIn(now));
  }

  #adjusted(version: number, refusal: Text | null): void {
    if (refusal === null && this.#mustBeginAnew()) return this.leave("keep");
    if (refusal === null) {
      this.#appliedVersion = version;
      this.#startedConfig = this.#options.record().config;
    }
    this.#options.onAdjusted(version, refusal);
    this.#options.onChange();
  }

  #recovered(openOrders: number): void {
    const process = this.#process;
    if (process === null) return;
    const { doors, record, onChange } = this.#options;
    this.#recoveredEpoch = process.epoch;
    this.refusal = null;
    this.lastError = null;
    const { epoch, pid } = process;
    doors.log.info({ botId: record().id, epoch, instancePid: pid, openOrders }, "instance recovered");
    if (this.#hasCrashed) doors.raise({ type: "restarted", pid, epoch, openOrders }, record());
    this.#hasCrashed = false;
    onChange();
  }

  async #ended(end: ProcessEnd): Promise<void> {
    const { doors, record, onEnded, onChange } = this.#options;
    const { id } = record();
    const process = this.#process;
    const epoch = process?.epoch ?? record().epoch;
    const isAsked = this.#leavingSince !== null || end.reason === "asked";
    this.#process = null;
    this.#leavingSince = null;
    this.#recoveredEpoch = null;
    doors.log[isAsked ? "info" : "error"]({ botId: id, epoch, instancePid: end.pid, cause: end.cause }, "instance ended");
    const how = isAsked ? "asked" : await this.#endedUnasked(end, epoch, process?.refusal ?? null);
    await doors.bots.endRun(id, epoch, end.cause).catch((error) => doors.log.error({ err: error, botId: id }, "end of run not stored"));
    await onEnded(how);
    onChange();
  }

  async #endedUnasked(end: ProcessEnd, epoch: number, refusal: Text | null): Promise<HowEnded> {
    const { doors, record, onRefused } = this.#options;
    const { id, config } = record();
    const now = doors.clock.monotonic();
    this.lastError = end.cause;
    // A start in the same turn must not run ahead of what follows.
    this.retryAt = now + RETRY_MS;
    const newest = await doors.bots.get(id).catch(() => null);
    if (end.reason === "fenced" || (newest !== null && newest.epoch > epoch)) {
      doors.log.warn({ botId: id, epoch, newest: newest?.epoch }, "instance was fenced: somebody else took the bot");
      return "fenced";
    }
    if (refusal !== null) {
      this.#refuse(refusal);
      await onRefused("config", refusal);
      return "crashed";
    }
    const { restart } = config;
    this.crashes = [...recentCrashes(this.crashes, restart.windowMs, now), now];
    this.retryAt = 0;
    this.#hasCrashed = true;
    const isLast = this.crashes.length > restart.maxAttempts;
    const restartInMs = isLast ? null : restartDelayMs(this.crashes.length, restart);
    doors.raise({ type: "crashed", cause: end.cause, pid: end.pid, epoch, restartInMs }, record());
    return "crashed";
  }
}

/** What of a configuration a process takes over only at its start. */
function builtIn({ risk: { drawdownSince: _, ...risk }, runFor, quotas, perp, deadMan }: BotConfig): unknown {
  return { risk, runFor, quotas, perp, deadMan };
}

function isSameAccess(one: AccountAccess, other: AccountAccess): boolean {
  return isDeepStrictEqual(one, other);
}
