// The steps from "this bot should run" to a forked process: claims, epoch, permits' mirror, the older lease, the fork.

import type { Logger } from "pino";
import type { Mode } from "../core/alert.ts";
import type { BotConfig } from "../core/bot-config.ts";
import { refKey } from "../core/instrument.ts";
import type { Clock, LeaseStore } from "../core/ports.ts";
import type { Strategy } from "../core/strategy.ts";
import { type Text, UserError } from "../core/text.ts";
import type { BucketLimit } from "../exchanges/limits.ts";
import { accountKey } from "../storage/bot-numbers.ts";
import type { BotRecord, Bots } from "../storage/bots.ts";
import { accountsOf, type BotPlan, planOf } from "./bot-plan.ts";
import type { ForkInstance, InstanceEvents, InstanceProcess } from "./instance-process.ts";
import { pause } from "./pause.ts";
import { type AccountAccess, type Begin, type Directive, LEASE_TTL_MS } from "./protocol.ts";
import type { WorkerIdentity } from "./worker-identity.ts";

const LEASE_LOOK_MS = 100;
/** A lease that somebody keeps alive for longer is not ours to wait for. */
const LEASE_WAIT_MAX_MS = 3 * LEASE_TTL_MS;

export interface StartDoors {
  readonly identity: WorkerIdentity;
  readonly host: string;
  readonly bots: Bots;
  readonly leases: LeaseStore;
  readonly clock: Clock;
  readonly log: Logger;
  readonly strategies: ReadonlyMap<string, Strategy>;
  /** Folders of the user's own strategies, for the instances. */
  readonly strategyFolders: readonly string[];
  /** Zone whose midnight begins the risk day. */
  readonly timezone: string;
  readonly redisUrl: string;
  readonly limits: Readonly<Record<string, readonly BucketLimit[]>>;
  readonly fork: ForkInstance;
  /** Throws a UserError for an account that nobody configured, any other error while it is not ready yet (tried again). */
  readonly accounts: (exchange: string, account: string, mode: Mode) => Promise<AccountAccess>;
  /** Tells the token bucket of an account the bot's epoch. */
  readonly mirrorEpoch: (exchange: string, botId: string, epoch: number) => Promise<void>;
  readonly isPidAlive: (pid: number) => boolean;
}

export interface StartRequest {
  readonly record: BotRecord;
  /** Not to trade, only to take orders off: a claim that another bot holds does not matter. */
  readonly isRescue: boolean;
  readonly directive: () => Directive;
  /** False when the bot is no longer wanted here. */
  readonly isWanted: () => boolean;
  readonly events: InstanceEvents;
  /** Called in the turn of the fork, before anything can be heard of the process. */
  readonly onForked: (process: InstanceProcess, accounts: readonly AccountAccess[]) => void;
}

export type StartResult =
  | { readonly result: "started" }
  /** Trying again would not help; `claim`: another bot holds a symbol. */
  | { readonly result: "refused"; readonly why: "claim" | "config"; readonly reason: Text }
  | { readonly result: "retry"; readonly message: string }
  | { readonly result: "unwanted" };

/** Starts one bot's process. Never throws; a start that failed half way has closed its run. */
export async function startBot(doors: StartDoors, request: StartRequest): Promise<StartResult> {
  try {
    const { config } = request.record;
    const plan = planOf(config, doors.strategies);
    const refused = await claimSymbols(doors, request, plan);
    if (refused !== null) return { result: "refused", why: "claim", reason: refused };
    const accounts = await Promise.all(accountsOf(plan).map(({ exchange, account }) => doors.accounts(exchange, account, config.mode)));
    refuseOtherModes(config, accounts);
    return await startUnderEpoch(doors, request, accounts);
  } catch (error) {
    if (error instanceof UserError) return { result: "refused", why: "config", reason: error.text };
    return { result: "retry", message: error instanceof Error ? error.message : String(error) };
  }
}

/** A bot in simulation must not reach an account with real money through one of its legs, nor the other way round. */
function refuseOtherModes({ id, mode }: BotConfig, accounts: readonly AccountAccess[]): void {
  const other = accounts.find((access) => access.mode !== mode);
  if (other === undefined) return;
  const name = accountKey(other);
  throw new UserError({
    en: `${id} runs in mode ${mode}, but its account ${name} is in mode ${other.mode}; every account of a bot must have its mode`,
    "zh-TW": `${id} 的模式是 ${mode}，但帳戶 ${name} 的模式是 ${other.mode}；機器人的所有帳戶都必須是同一模式`,
  });
}

async function claimSymbols(doors: StartDoors, { record, isRescue }: StartRequest, plan: BotPlan): Promise<Text | null> {
  const claimed = await doors.bots.claim(record.id, Object.values(plan.legs));
  if (claimed.ok || isRescue) return null;
  const what = refKey(claimed.ref);
  return {
    en: `${record.id} cannot trade ${what}: ${claimed.holder} holds it; stop ${claimed.holder} flat first`,
    "zh-TW": `${record.id} 無法交易 ${what}：目前由 ${claimed.holder} 占用；請先停止 ${claimed.holder} 並平倉`,
  };
}

async function startUnderEpoch(doors: StartDoors, request: StartRequest, accounts: readonly AccountAccess[]): Promise<StartResult> {
  const { bots, host } = doors;
  const { record } = request;
  // Without Redis nothing can be started: found out before the epoch is raised, or each try would raise it.
  await doors.leases.holder(record.id);
  const epoch = await bots.takeEpoch(record.id, record.epoch, { workerId: doors.identity.holder, host });
  if (epoch === null) return { result: "retry", message: "somebody else was first to take the bot" };
  try {
    for (const exchange of new Set(accounts.map((account) => account.exchange))) await doors.mirrorEpoch(exchange, record.id, epoch);
    if (!(await takeLease(doors, request, epoch))) {
      await bots.endRun(record.id, epoch, "not wanted any more before it ran");
      return { result: "unwanted" };
    }
    await forkUnder(doors, request, accounts, epoch);
    return { result: "started" };
  } catch (error) {
    await bots.endRun(record.id, epoch, `start failed: ${String(error)}`).catch(() => undefined);
    throw error;
  }
}

/** Waits until the older process can send nothing any more and holds the lease under `epoch`; false when no longer wanted. */
async function takeLease(doors: StartDoors, request: StartRequest, epoch: number): Promise<boolean> {
  const { leases, clock } = doors;
  const { holder } = doors.identity;
  const { id } = request.record;
  const since = clock.monotonic();
  while (request.isWanted()) {
    const held = await leases.holder(id);
    if (held !== null && held.epoch > epoch) throw new Error(`${held.holder} took the bot under epoch ${held.epoch}`);
    // A holder that lives learns by our try that it was replaced, fences itself, and its lease runs out.
    if (held !== null && isOverFor(doors, request.record, held.epoch)) await leases.release(id, held.epoch, held.holder);
    if (await leases.acquire(id, epoch, holder, LEASE_TTL_MS)) return request.isWanted();
    if (clock.monotonic() - since > LEASE_WAIT_MAX_MS) throw new Error(`the lease of ${id} is still held by ${held?.holder ?? "somebody"}`);
    await pause(LEASE_LOOK_MS);
  }
  return false;
}

/** True when a lease belonged to the bot's last process and that process, on this machine, is dead. */
function isOverFor(doors: StartDoors, { host, pid, epoch }: BotRecord, leaseEpoch: number): boolean {
  return leaseEpoch <= epoch && host === doors.host && pid !== null && !doors.isPidAlive(pid);
}

/**
 * What is wanted, held against the bot's row as it is after its state was read: how a bot ended is stored on both at once, so a
 * state that is halted under a row that is not was resumed by a person. A wish from before the end would resume it by itself.
 */
async function directiveFor({ bots }: StartDoors, { record, directive }: StartRequest): Promise<Directive> {
  const newest = await bots.get(record.id);
  const wanted = directive();
  const isHalted = newest !== null && newest.halt !== null && wanted.halt === null;
  const isStopped = newest !== null && newest.desired === "stopped" && wanted.desired !== "stopped";
  if (newest === null || isHalted || isStopped) throw new Error("the bot was halted or stopped while it was started");
  return wanted;
}

async function forkUnder(doors: StartDoors, request: StartRequest, accounts: readonly AccountAccess[], epoch: number): Promise<void> {
  const { bots, log } = doors;
  const { record } = request;
  const stored = await bots.stored(record.id);
  const directive = await directiveFor(doors, request);
  const numbers = await bots.numbers(record.id, accounts);
  const firstStartedAt = record.firstStartedAt ?? doors.clock.now();
  const begin: Begin = {
    type: "begin",
    config: record.config,
    configVersion: record.configVersion,
    number: record.number,
    numbers: Object.fromEntries(numbers),
    epoch,
    holder: doors.identity.holder,
    host: doors.host,
    stored,
    firstStartedAt,
    directive,
    accounts,
    redisUrl: doors.redisUrl,
    limits: doors.limits,
    strategyFolders: doors.strategyFolders,
    timezone: doors.timezone,
    logLevel: log.level,
  };
  const process = doors.fork(begin, request.events);
  request.onForked(process, accounts);
  log.info({ botId: record.id, epoch, instancePid: process.pid, openOrders: stored.openOrders.length }, "instance forked");
  // Only a later life asks for the pid: a database that fails here must not cost the process that runs.
  await bots.setProcess(record.id, epoch, process.pid).catch((error) => log.warn({ err: error, botId: record.id }, "pid not stored"));
}
