// The worker: hosts bots, each in a process of its own, takes jobs from the queues and keeps what runs equal to what is wanted.

import { randomBytes } from "node:crypto";
import { hostname } from "node:os";
import type { Redis } from "ioredis";
import type { Logger } from "pino";
import type { AlertBody, Mode } from "../core/alert.ts";
import type { FleetRiskLimits } from "../core/fleet-risk-limits.ts";
import type { Strategy } from "../core/strategy.ts";
import type { LimitOverrides } from "../exchanges/limits.ts";
import { mirrorEpoch } from "../exchanges/token-bucket.ts";
import { type BotRecord, createBots } from "../storage/bots.ts";
import { createChanges } from "../storage/changes.ts";
import { type Database, openDatabase } from "../storage/database.ts";
import { createLeaseStore } from "../storage/lease.ts";
import { consume, createQueues, type Queues, type QueueTarget } from "../storage/queue.ts";
import { connectRedis } from "../storage/redis.ts";
import { DEFAULT_RETENTION, type RetentionPolicy } from "../storage/retention.ts";
import { createSignals, type Signals } from "../storage/signals.ts";
import { createStatusBoard } from "../storage/status-board.ts";
import { loadStrategies, strategyFolders } from "../strategies/index.ts";
import { forkInstance } from "./instance-process.ts";
import { createLeaseWatch } from "./lease-watch.ts";
import type { AccountAccess } from "./protocol.ts";
import { createReconcileLoop, type ReconcileLoop } from "./reconcile-loop.ts";
import { startRetentionWatch } from "./retention-watch.ts";
import { startRiskWatch } from "./risk-watch.ts";
import { createStatusPublisher } from "./status-publisher.ts";
import { systemClock } from "./system-clock.ts";
import { identityOf } from "./worker-identity.ts";
import { startWriter, type Writer } from "./writer.ts";

const CAPACITY_DEFAULT = 50;

export interface WorkerOptions {
  /** Stable over restarts and unique in the fleet: bots that it held before are its own leftovers. */
  readonly workerId: string;
  readonly databaseUrl: string;
  readonly redisUrl: string;
  /**
   * Access for a bot of this mode. Throws a UserError for an account that nobody configured or that does not fit the mode, any
   * other error while it is not ready yet (tried again).
   */
  readonly accounts: (exchange: string, account: string, mode: Mode) => Promise<Omit<AccountAccess, "exchange" | "account">>;
  /** Overrides of the documented rate limits. */
  readonly limits: LimitOverrides;
  /** Limits of accounts and of the fleet, and the zone whose midnight begins their day; the same for every worker. */
  readonly fleetRisk: FleetRiskLimits;
  readonly timezone: string;
  readonly log: Logger;
  /** How long closed orders, equity and the like are kept; see storage/retention.ts for what holds unless told. */
  readonly retention?: RetentionPolicy;
  /** Folders of the user's own strategies; those that BOTSWAIN_STRATEGIES names unless told. */
  readonly strategyFolders?: readonly string[];
  /** Instances at once; default 50. */
  readonly capacity?: number;
  /** The worker cannot go on (its writer died). Default: the process ends, and its supervisor starts it anew. */
  readonly onFatal?: (error: Error) => void;
}

export interface RunningWorker {
  /** Takes no more jobs, lets every instance apply its onShutdown, and closes everything. Desired states stay. */
  stop(reason: string): Promise<void>;
}

/** Runs a worker until it is stopped. Throws a UserError when the database or the Redis address cannot be used. */
export async function runWorker(options: WorkerOptions): Promise<RunningWorker> {
  const { workerId, redisUrl, log } = options;
  const doors = await openDoors(options);
  const { loop, signals } = doors;
  const targets: readonly QueueTarget[] = ["fleet", { workerId }];
  const onError = (error: Error): void => log.debug({ err: error }, "queue");
  const consumers = targets.map((target) => consume(redisUrl, target, (job) => loop.take(job), onError));
  const unsubscribe = signals.on("changeQueued", () => loop.poke());
  loop.start();
  let stopping: Promise<void> | null = null;
  const stopAll = async (reason: string): Promise<void> => {
    log.info({ workerId, reason }, "worker stops");
    unsubscribe();
    await Promise.all(consumers.map((consumer) => consumer.close()));
    await loop.stop();
    await doors.close();
    log.info({ workerId }, "worker has stopped");
  };
  return {
    stop(reason) {
      stopping ??= stopAll(reason);
      return stopping;
    },
  };
}

interface Doors {
  readonly loop: ReconcileLoop;
  readonly signals: Signals;
  close(): Promise<void>;
}

async function openDoors(options: WorkerOptions): Promise<Doors> {
  const { databaseUrl, redisUrl, log } = options;
  const strategies = await loadStrategies(options.strategyFolders);
  const db = await openDatabase(databaseUrl);
  const redis = connectRedis(redisUrl, "command");
  const subscriber = connectRedis(redisUrl, "subscriber");
  const signals = createSignals(redis, subscriber);
  const queues = createQueues(redisUrl);
  const writer = announcing(await startWriter({ databaseUrl, log, onDeath: (error) => died(options, error) }), signals);
  const loop = createLoop(options, { db, redis, signals, queues, writer, strategies });
  writer.onTrouble((isInTrouble) => loop.ledgerTrouble(isInTrouble));
  const { fleetRisk, timezone, workerId } = options;
  const riskWatch = startRiskWatch({ limits: fleetRisk, timezone, holder: workerId, clock: systemClock, log, db, redis, signals });
  const policy = options.retention ?? DEFAULT_RETENTION;
  const retentionWatch = startRetentionWatch({ db, policy, holder: workerId, clock: systemClock, log });
  return {
    loop,
    signals,
    async close() {
      await Promise.all([riskWatch.stop(), retentionWatch.stop()]);
      await writer.close();
      await Promise.allSettled([signals.close(), queues.close()]);
      redis.disconnect();
      subscriber.disconnect();
      await db.close();
    },
  };
}

interface LoopParts {
  readonly db: Database;
  readonly redis: Redis;
  readonly signals: Signals;
  readonly queues: Queues;
  readonly writer: Writer;
  readonly strategies: ReadonlyMap<string, Strategy>;
}

function createLoop(options: WorkerOptions, { db, redis, signals, queues, writer, strategies }: LoopParts): ReconcileLoop {
  const { workerId, redisUrl, limits, log } = options;
  const clock = systemClock;
  const identity = identityOf(workerId, process.pid, randomBytes(3).toString("hex"));
  const bots = createBots(db);
  const leases = createLeaseStore(redis);
  log.info({ holder: identity.holder, strategies: [...strategies.keys()] }, "worker runs");
  return createReconcileLoop({
    bots,
    changes: createChanges(db),
    watch: createLeaseWatch(leases, clock),
    enqueue: queues.enqueue,
    announce: (changeId) => void signals.publish("changeFinished", changeId).catch(() => undefined),
    capacity: options.capacity ?? CAPACITY_DEFAULT,
    clock,
    log,
    identity,
    bot: {
      identity,
      host: hostname(),
      bots,
      leases,
      clock,
      log,
      strategies,
      strategyFolders: options.strategyFolders ?? strategyFolders(process.env),
      timezone: options.timezone,
      redisUrl,
      limits,
      fork: forkInstance,
      accounts: async (exchange, account, mode) => ({ exchange, account, ...(await options.accounts(exchange, account, mode)) }),
      mirrorEpoch: (exchange, botId, epoch) => mirrorEpoch(redis, exchange, botId, epoch),
      isPidAlive,
      writer,
      status: createStatusPublisher({ board: createStatusBoard(redis), save: bots.saveStatus, clock, log }),
      raise: (alert, record) => raise(writer, log, alert, record),
    },
  });
}

function died(options: WorkerOptions, error: Error): void {
  options.log.fatal({ err: error }, "the writer died, so this worker cannot go on");
  if (options.onFatal === undefined) process.exit(1);
  else options.onFatal(error);
}

/** A writer that hints at new alerts once they are stored. */
function announcing(writer: Writer, signals: Signals): Writer {
  return {
    get isInTrouble() {
      return writer.isInTrouble;
    },
    onTrouble: writer.onTrouble,
    close: writer.close,
    async commit(rows, source) {
      const results = await writer.commit(rows, source);
      // Delivery looks every second anyway; without Redis an alert is only a little later.
      if (rows.some((row) => row.type === "alert")) void signals.publish("alertRaised", source).catch(() => undefined);
      return results;
    },
  };
}

function raise(writer: Writer, log: Logger, alert: AlertBody, record: BotRecord): void {
  const row = { ...alert, botId: record.id, mode: record.config.mode, at: systemClock.now() };
  writer.commit([{ type: "alert", alert: row }], record.id).catch((error) => log.error({ err: error, alert: row }, "alert not stored"));
}

/** True while a process with this id exists, whoever's it is. */
function isPidAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}
