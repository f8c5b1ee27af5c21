// Watches the limits of accounts and of the fleet from outside the bots, halts every bot concerned by a breach, and says so.

import type { Redis } from "ioredis";
import type { Logger } from "pino";
import type { Alert } from "../core/alert.ts";
import { type FleetBreach, lookAtFleet } from "../core/fleet-risk.ts";
import type { FleetRiskLimits } from "../core/fleet-risk-limits.ts";
import type { Clock, LeaseStore } from "../core/ports.ts";
import { createAlertOutbox } from "../storage/alerts.ts";
import { type Bots, createBots } from "../storage/bots.ts";
import type { Database } from "../storage/database.ts";
import { createEquityStore, type EquityStore } from "../storage/equity.ts";
import { createLeaseStore } from "../storage/lease.ts";
import type { Signals } from "../storage/signals.ts";
import { createStatusBoard, type StatusBoard } from "../storage/status-board.ts";
import { createAccountWorth } from "./account-worth.ts";
import { pause } from "./pause.ts";
import { riskDayOf } from "./risk-day.ts";
import { accountOf, figuresOf, newestTold, pointOf, type Told } from "./risk-figures.ts";

const LOOK_EVERY_MS = 1_000;
const POINT_EVERY_MS = 60_000;
const THIN_EVERY_MS = 3_600_000;
/** No bot can be named so. */
const LEASE_ID = "@risk-watch";
const LEASE_MS = 5_000;
/** Nobody succeeds anybody here by a higher number: who holds the lease keeps it while it lives. */
const LEASE_EPOCH = 1;

export interface RiskWatchOptions {
  /** The same for every worker of a fleet: whoever holds the lease applies its own. */
  readonly limits: FleetRiskLimits;
  /** Zone whose midnight begins the risk day. */
  readonly timezone: string;
  readonly bots: Pick<Bots, "list" | "halt">;
  readonly board: Pick<StatusBoard, "get">;
  readonly equity: EquityStore;
  readonly leases: Pick<LeaseStore, "acquire" | "release">;
  /** Names this worker's life. */
  readonly holder: string;
  readonly raise: (alert: Alert) => Promise<void>;
  /** Makes the holders of bots look at them at once. */
  readonly wake: () => Promise<void>;
  readonly clock: Clock;
  readonly log: Logger;
}

export interface RiskWatch {
  /** Looks once. Never throws: what fails is tried again at the next look. */
  look(): Promise<void>;
  release(): Promise<void>;
}

/** The watch without its timer. */
export function createRiskWatch(options: RiskWatchOptions): RiskWatch {
  return new Watch(options);
}

/** Starts the watch of a worker; `stop` ends it and lets another worker go on at once. */
export function startRiskWatch(
  parts: Pick<RiskWatchOptions, "limits" | "timezone" | "holder" | "clock" | "log"> & {
    readonly db: Database;
    readonly redis: Redis;
    readonly signals: Signals;
  },
): { stop(): Promise<void> } {
  const { db, redis, signals } = parts;
  const watch = createRiskWatch({
    ...parts,
    bots: createBots(db),
    board: createStatusBoard(redis),
    equity: createEquityStore(db),
    leases: createLeaseStore(redis),
    raise: createAlertOutbox(db, signals).raise,
    wake: () => signals.publish("changeQueued", LEASE_ID),
  });
  let isStopped = false;
  let poke = new AbortController();
  const run = async (): Promise<void> => {
    while (!isStopped) {
      // Made before the look, so that a poke during it is not slept through.
      poke = new AbortController();
      const { signal } = poke;
      await watch.look();
      if (!isStopped) await pause(LOOK_EVERY_MS, signal);
    }
  };
  // A person may have resumed a bot whose breach still holds.
  const unsubscribe = signals.on("changeQueued", (id) => {
    if (id !== LEASE_ID) poke.abort();
  });
  const running = run();
  return {
    stop: async () => {
      isStopped = true;
      unsubscribe();
      poke.abort();
      await running;
      await watch.release();
    },
  };
}

class Watch implements RiskWatch {
  readonly #options: RiskWatchOptions;
  readonly #hasLimits: boolean;
  readonly #worth = createAccountWorth();
  #isHolder = false;
  #hasChecked = false;
  #pointAt = Number.NEGATIVE_INFINITY;
  #thinnedAt = Number.NEGATIVE_INFINITY;

  constructor(options: RiskWatchOptions) {
    this.#options = options;
    this.#hasLimits = options.limits.fleet !== undefined || Object.keys(options.limits.accounts).length > 0;
  }

  async look(): Promise<void> {
    const { bots, board, clock, log } = this.#options;
    const isPointDue = clock.monotonic() - this.#pointAt >= POINT_EVERY_MS;
    if (!this.#hasLimits && !isPointDue) return;
    try {
      if (this.#hasLimits && !(await this.#isMine())) return;
      const records = await bots.list();
      const statuses = await board.get(records.map(({ id }) => id)).catch(() => []);
      this.#worth.take([...statuses, ...records.map(({ lastStatus }) => lastStatus)].flatMap((status) => status ?? []));
      const told = records.map((record, index): Told => ({ record, status: newestTold([statuses[index] ?? null, record.lastStatus]) }));
      if (this.#hasLimits) await this.#judge(told);
      if (isPointDue) await this.#store(told);
    } catch (error) {
      log.error({ err: error }, "the fleet's risk could not be looked at; tried again at the next look");
    }
  }

  async release(): Promise<void> {
    const { leases, holder } = this.#options;
    if (this.#isHolder) await leases.release(LEASE_ID, LEASE_EPOCH, holder).catch(() => undefined);
    this.#isHolder = false;
  }

  /** Without Redis every worker watches: halting twice is halting once. */
  async #isMine(): Promise<boolean> {
    const { leases, holder, log } = this.#options;
    const wasHolder = this.#isHolder;
    try {
      this.#isHolder = await leases.acquire(LEASE_ID, LEASE_EPOCH, holder, LEASE_MS);
    } catch (error) {
      log.debug({ err: error }, "no lease on the risk watch: looking all the same");
      return true;
    }
    if (this.#isHolder !== wasHolder) log.info({ isHolder: this.#isHolder }, "the lease on the risk watch changed hands");
    return this.#isHolder;
  }

  async #judge(told: readonly Told[]): Promise<void> {
    const { limits, timezone, equity, clock } = this.#options;
    this.#nameIdleLimits(told);
    const now = clock.now();
    const look = { limits, bots: told.map(figuresOf), equity: this.#worth.equity(now), day: riskDayOf(now, timezone), now };
    const breaches = await equity.stepRisk((before) => {
      const verdict = lookAtFleet(before, look);
      return { state: verdict.state, result: verdict.breaches };
    });
    for (const breach of breaches) if (breach.toHalt.length > 0) await this.#halt(breach);
  }

  async #halt(breach: FleetBreach): Promise<void> {
    const { bots, wake, raise, clock, log } = this.#options;
    const { code, message, mode, scope, value, limit, unit, toHalt } = breach;
    const results = await Promise.allSettled(toHalt.map((id) => bots.halt(id, "risk", message)));
    const failed = results.flatMap((result) => (result.status === "rejected" ? [result.reason] : []));
    // The holders look each second anyway.
    await wake().catch(() => undefined);
    log.error(
      { code, scope, mode, value, limit, unit, bots: toHalt, failed: failed.length, err: failed[0] },
      "risk limit broken: bots halted",
    );
    const ids = toHalt.filter((_, index) => results[index]?.status === "fulfilled");
    if (ids.length === 0) return;
    const words = { en: `${message.en}; halted: ${ids.join(", ")}`, "zh-TW": `${message["zh-TW"]}；已停機：${ids.join("、")}` };
    await raise({ type: "riskBreached", code, message: words, botId: null, mode, at: clock.now() });
  }

  /** A mistyped account would otherwise guard nothing, silently. */
  #nameIdleLimits(told: readonly Told[]): void {
    if (this.#hasChecked) return;
    this.#hasChecked = true;
    const accounts = new Set(told.map(({ record }) => accountOf(record.config)));
    const idle = Object.keys(this.#options.limits.accounts).filter((account) => !accounts.has(account));
    if (idle.length > 0) this.#options.log.warn({ accounts: idle }, "BOTSWAIN_FLEET_RISK limits accounts on which no bot is at home");
  }

  async #store(told: readonly Told[]): Promise<void> {
    const { equity, clock } = this.#options;
    const now = clock.now();
    await equity.addPoints(told.flatMap((one) => pointOf(one, now)));
    this.#pointAt = clock.monotonic();
    if (clock.monotonic() - this.#thinnedAt < THIN_EVERY_MS) return;
    const ids = told.map(({ record }) => record.id);
    await equity.thin(ids, now);
    this.#thinnedAt = clock.monotonic();
  }
}
