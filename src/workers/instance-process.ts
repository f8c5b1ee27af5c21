// One forked instance as its worker sees it: messages both ways, heartbeats, and how it ended.

import { type ChildProcess, fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { EndRow, LedgerRow, RowResult } from "../core/ports.ts";
import type { BotStatus } from "../core/status.ts";
import type { Text } from "../core/text.ts";
import { type Begin, type Directive, EXIT, type ExitReason, type FromInstance, type Settled, type ToInstance } from "./protocol.ts";

/** Silence counted per look at most: a worker that slept itself must not blame its instances. */
const SILENCE_STEP_MAX_MS = 1_500;
/** Names in the environment that an instance has no business to know. */
const SECRET_NAMES = /TOKEN|SECRET|KEY|PASS|WEBHOOK|SEED|PROXY|^BOTSWAIN_ACCOUNT|DATABASE_URL|REDIS_URL|_DSN/i;

export interface ProcessEnd {
  readonly pid: number;
  /** Null when it was ended from outside. */
  readonly reason: ExitReason | null;
  /** In words: exit code, signal, and what it said before. */
  readonly cause: string;
}

export interface InstanceEvents {
  onStatus(status: BotStatus): void;
  onRows(rows: readonly LedgerRow[]): Promise<readonly RowResult[]>;
  onRecovered(openOrders: number): void;
  onFollowed(sequence: number): void;
  onSettled(settled: Settled): void;
  onOver(end: EndRow): void;
  onAdjusted(version: number, refusal: Text | null): void;
  onEnd(end: ProcessEnd): void;
}

export interface InstanceProcess {
  readonly pid: number;
  readonly epoch: number;
  /** True after the first word. */
  readonly hasSpoken: boolean;
  /** The last refusal it gave, when its configuration cannot run. */
  readonly refusal: Text | null;
  readonly isLeaving: boolean;
  /** Resident memory as it was told last, bytes; null before that. */
  readonly rss?: number | null;
  /** Counts silence since the last look and returns its sum since the last word, ms. */
  silentMs(now: number): number;
  direct(directive: Directive): void;
  adjust(version: number, params: Readonly<Record<string, unknown>>): void;
  ledgerTrouble(isInTrouble: boolean): void;
  leave(orders: "cancel" | "keep"): void;
  /** SIGKILL; `why` becomes part of how it ended. */
  kill(why: string): void;
}

export type ForkInstance = (begin: Begin, events: InstanceEvents) => InstanceProcess;

/** Forks `instance-main.js` beside this file. Throws when the process cannot be made. */
export const forkInstance: ForkInstance = (begin, events) => {
  const child = fork(fileURLToPath(new URL("./instance-main.js", import.meta.url)), [], {
    serialization: "advanced",
    execArgv: [],
    stdio: ["ignore", "inherit", "inherit", "ipc"],
    env: cleanEnvironment(process.env),
  });
  if (child.pid === undefined) throw new Error(`no process could be started for ${begin.config.id}`);
  return new ForkedInstance(child, child.pid, begin, events);
};

/** What an instance needs of the environment: everything but secrets, which reach it over IPC when they are its own. */
export function cleanEnvironment(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(environment).filter(([name]) => !SECRET_NAMES.test(name)));
}

class ForkedInstance implements InstanceProcess {
  readonly pid: number;
  readonly epoch: number;
  readonly #child: ChildProcess;
  readonly #events: InstanceEvents;
  rss: number | null = null;
  #hasSpoken = false;
  #isLeaving = false;
  #refusal: Text | null = null;
  #fault: string | null = null;
  #killedFor: string | null = null;
  #silentMs = 0;
  #lookedAt: number | null = null;
  #hasEnded = false;

  constructor(child: ChildProcess, pid: number, begin: Begin, events: InstanceEvents) {
    this.pid = pid;
    this.epoch = begin.epoch;
    this.#child = child;
    this.#events = events;
    child.on("message", (message) => this.#take(message as FromInstance));
    child.once("exit", (code, signal) => this.#ended(code, signal));
    child.on("error", (error) => {
      this.#fault ??= error.message;
    });
    this.#send(begin);
  }

  get hasSpoken(): boolean {
    return this.#hasSpoken;
  }

  get isLeaving(): boolean {
    return this.#isLeaving;
  }

  get refusal(): Text | null {
    return this.#refusal;
  }

  silentMs(now: number): number {
    if (this.#lookedAt !== null) this.#silentMs += Math.min(SILENCE_STEP_MAX_MS, now - this.#lookedAt);
    this.#lookedAt = now;
    return this.#silentMs;
  }

  direct(directive: Directive): void {
    this.#send({ type: "directive", directive });
  }

  adjust(version: number, params: Readonly<Record<string, unknown>>): void {
    this.#send({ type: "adjust", version, params });
  }

  ledgerTrouble(isInTrouble: boolean): void {
    this.#send({ type: "ledgerTrouble", isInTrouble });
  }

  leave(orders: "cancel" | "keep"): void {
    this.#isLeaving = true;
    this.#send({ type: "shutdown", orders });
  }

  kill(why: string): void {
    this.#killedFor ??= why;
    this.#child.kill("SIGKILL");
  }

  #send(message: ToInstance): void {
    // A child that is gone is noticed by its exit.
    if (this.#child.connected) this.#child.send(message, () => undefined);
  }

  #take(message: FromInstance): void {
    this.#silentMs = 0;
    this.#hasSpoken = true;
    switch (message.type) {
      case "heartbeat":
        this.rss = message.rss ?? this.rss;
        return;
      case "status":
        return this.#events.onStatus(message.status);
      case "rows":
        return this.#store(message.batch, message.rows);
      case "recovered":
        return this.#events.onRecovered(message.openOrders);
      case "followed":
        return this.#events.onFollowed(message.sequence);
      case "settled":
        return this.#events.onSettled(message.settled);
      case "ended":
        return this.#events.onOver(message.end);
      case "adjusted":
        return this.#events.onAdjusted(message.version, message.refusal);
      case "fault":
        this.#fault ??= message.message;
        return;
      case "refused":
        this.#refusal = message.reason;
        return;
    }
  }

  #store(batch: number, rows: readonly LedgerRow[]): void {
    this.#events.onRows(rows).then(
      (results) => this.#send({ type: "committed", batch, results }),
      (error: unknown) => this.#send({ type: "refusedRows", batch, message: error instanceof Error ? error.message : String(error) }),
    );
  }

  #ended(code: number | null, signal: NodeJS.Signals | null): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    const reason = reasonOf(code);
    const how = signal !== null ? `ended by ${signal}` : `exit code ${code}${reason === null ? "" : ` (${reason})`}`;
    const why = this.#killedFor ?? this.#fault;
    this.#events.onEnd({ pid: this.pid, reason, cause: why === null ? how : `${how}: ${why}` });
  }
}

function reasonOf(code: number | null): ExitReason | null {
  for (const [name, value] of Object.entries(EXIT)) if (value === code) return name as ExitReason;
  return null;
}
