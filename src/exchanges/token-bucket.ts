// The fleet's shared token bucket: permits from one Lua script in Redis, one round trip per grant.

import { readFileSync } from "node:fs";
import type { Redis } from "ioredis";
import type { Clock, PermitClass, PermitGrant, PermitRequest, Permits } from "../core/ports.ts";
import { type BucketPlan, HORIZON_US, largestCost, PROBE_US, planOf, STEP_BACK_US, type TakeStatus } from "./bucket-model.ts";
import type { BucketLimit } from "./limits.ts";
import { runScript, type Script, scriptOf } from "./redis-script.ts";

const SCRIPT: Script = scriptOf(readFileSync(new URL("./token-bucket.lua", import.meta.url), "utf8"));

/** How long each class waits for its turn. An opening order goes stale quickly; a read or a cancel does not. */
const MAX_WAIT_MS: Readonly<Record<PermitClass, number>> = {
  panic: 60_000,
  cancel: 30_000,
  reduce: 5_000,
  place: 2_000,
  reconcile: 30_000,
  market: 30_000,
};

export interface PermitOptions {
  readonly redis: Redis;
  readonly exchange: string;
  readonly account: string;
  /** Where the requests leave from, for limits that count addresses: this host, or the proxy. Default `direct`. */
  readonly egress?: string;
  readonly botId: string;
  readonly epoch: number;
  readonly limits: readonly BucketLimit[];
  readonly clock: Clock;
  /** False on a brand-new installation: missing state is then no loss. Default: true from the bot's second epoch on. */
  readonly expectState?: boolean;
  readonly maxWaitMs?: Partial<Record<PermitClass, number>>;
  /** Requests of this process that may wait at once. */
  readonly maxQueue?: number;
  /** Redis counts as away when it has not answered for so long. */
  readonly answerTimeoutMs?: number;
  /** Cancels allowed in `windowMs` while Redis is away; taken from the buckets' headroom. */
  readonly localAllowance?: { readonly count: number; readonly windowMs: number };
}

type Answer =
  | { readonly status: TakeStatus; readonly delayMs: number; readonly nonce: number }
  | { readonly status: "unavailable"; readonly delayMs: number; readonly message: string };

interface Waiter {
  readonly request: PermitRequest;
  readonly plans: readonly BucketPlan[];
  readonly startedAt: number;
  readonly maxWaitMs: number;
  readonly resolve: (grant: PermitGrant) => void;
}

/** One slot for all of an exchange: a request may draw on the account's buckets and on the address's at once. */
function tagOf(exchange: string): string {
  return `{botswain:rl:${exchange}}`;
}

function sharedKeys(tag: string): string[] {
  return [`${tag}:state`, `${tag}:epochs`, `${tag}:blocks`];
}

/**
 * Tells the bucket a bot's epoch as the database has it; it only rises, and permits of a lower epoch are refused from then on.
 * Also the answer to a refusal with code `epochMissing`.
 */
export async function mirrorEpoch(redis: Redis, exchange: string, botId: string, epoch: number): Promise<void> {
  await runScript(redis, SCRIPT, sharedKeys(tagOf(exchange)), ["epoch", botId, String(epoch)]);
}

/** Permits of one bot under one epoch. Never throws for a refusal; a bucket that is not in `limits` is a RangeError. */
export function createPermits(options: PermitOptions): Permits {
  return new SharedPermits(options);
}

class SharedPermits implements Permits {
  readonly #options: PermitOptions;
  readonly #tag: string;
  readonly #limits: ReadonlyMap<string, BucketLimit>;
  /** One line per class and set of buckets: only its head asks Redis, so a long queue does not poll. */
  readonly #lanes = new Map<string, Waiter[]>();
  readonly #localGrants: number[] = [];
  #waiting = 0;
  #generation: string | null = null;

  constructor(options: PermitOptions) {
    this.#options = options;
    this.#tag = tagOf(options.exchange);
    this.#limits = new Map(options.limits.map((limit) => [limit.name, limit]));
  }

  take(request: PermitRequest): Promise<PermitGrant> {
    if (this.#waiting >= (this.#options.maxQueue ?? 256))
      return Promise.resolve(refusal("queueFull", `${this.#waiting} requests are waiting for a permit already`, null));
    const plans = this.#plansOf(request);
    const key = `${request.class}|${plans.map((plan) => `${plan.name}*${plan.cost}`).join(",")}`;
    const lane = this.#lanes.get(key) ?? [];
    this.#lanes.set(key, lane);
    this.#waiting += 1;
    return new Promise((resolve) => {
      const maxWaitMs = this.#options.maxWaitMs?.[request.class] ?? MAX_WAIT_MS[request.class];
      lane.push({ request, plans, startedAt: this.#options.clock.monotonic(), maxWaitMs, resolve });
      if (lane.length === 1) void this.#serve(lane);
    });
  }

  async block(buckets: readonly string[], untilMs: number): Promise<void> {
    const forUs = Math.ceil(Math.max(0, untilMs - this.#options.clock.now()) * 1_000);
    await this.#within(
      runScript(this.#options.redis, SCRIPT, sharedKeys(this.#tag), [
        "block",
        String(forUs),
        ...buckets.map((name) => this.#ownerOf(name)),
      ]),
    );
  }

  async #serve(lane: Waiter[]): Promise<void> {
    for (let head = lane[0]; head !== undefined; head = lane[0]) {
      const grant = await this.#decide(head);
      lane.shift();
      this.#waiting -= 1;
      head.resolve(grant);
    }
  }

  async #decide(waiter: Waiter): Promise<PermitGrant> {
    const { clock } = this.#options;
    const { plans } = waiter;
    const tooDear = plans.find((plan) => largestCost(plan) < plan.cost);
    if (tooDear !== undefined) return refusal("queueFull", `a cost of ${tooDear.cost} is more than ${tooDear.name} ever holds`, null);
    for (;;) {
      const answer = await this.#ask(plans);
      const waitedMs = clock.monotonic() - waiter.startedAt;
      if (answer.status === "granted") {
        if (answer.delayMs > 0) await pause(answer.delayMs);
        return { granted: true, waitedMs: clock.monotonic() - waiter.startedAt, nonce: answer.nonce };
      }
      if (answer.status === "unavailable") return this.#withoutRedis(waiter.request.class, waitedMs, answer.message);
      if (answer.status === "staleEpoch") return refusal("staleEpoch", `epoch ${this.#options.epoch} is not the newest`, null);
      if (answer.status === "epochMissing") return refusal("epochMissing", "the bucket does not know this epoch yet", null);
      if (waitedMs + answer.delayMs > waiter.maxWaitMs) {
        const code = answer.status === "blocked" ? "blocked" : "queueFull";
        return refusal(code, `the next permit is ${Math.ceil(answer.delayMs)} ms away`, Math.ceil(answer.delayMs));
      }
      await pause(answer.delayMs);
    }
  }

  async #ask(plans: readonly BucketPlan[]): Promise<Answer> {
    const { botId, epoch, redis } = this.#options;
    const keys = sharedKeys(this.#tag);
    for (const { name } of plans) keys.push(`${this.#tag}:${this.#ownerOf(name)}`, `${this.#tag}:${this.#ownerOf(name)}:emergency`);
    const expects = (this.#options.expectState ?? epoch > 1) || this.#generation !== null;
    const head = ["take", botId, epoch, expects ? 1 : 0, this.#generation ?? "", HORIZON_US, PROBE_US, STEP_BACK_US];
    const rows = plans.flatMap((plan) => [
      ...[this.#ownerOf(plan.name), plan.kind, plan.windowUs, plan.capacity],
      ...[plan.intervalUs, plan.toleranceUs, plan.toleranceMaxUs, plan.emergency, plan.cost],
    ]);
    try {
      const reply = await this.#within(runScript(redis, SCRIPT, keys, [...head, plans.length, ...rows].map(String)));
      const [status, delayUs, generation, , nonce] = reply as [TakeStatus, string, string, string, string];
      if (generation !== "0") this.#generation = generation;
      return { status, delayMs: Number(delayUs) / 1_000, nonce: Number(nonce) };
    } catch (error) {
      return { status: "unavailable", delayMs: 0, message: error instanceof Error ? error.message : String(error) };
    }
  }

  #plansOf(request: PermitRequest): BucketPlan[] {
    return request.buckets.map((name) => {
      const limit = this.#limits.get(name);
      if (limit === undefined) throw new RangeError(`no limit is configured for the bucket ${name}`);
      return planOf(limit, request.class, request.costs?.[name] ?? request.cost);
    });
  }

  /** A bucket's name within the exchange: whose it is, and which. */
  #ownerOf(name: string): string {
    const { account, egress = "direct" } = this.#options;
    return this.#limits.get(name)?.scope === "address" ? `@${egress}:${name}` : `${account}:${name}`;
  }

  /** Fail closed, except that own orders can still be taken out of the market at a trickle. */
  #withoutRedis(permitClass: PermitClass, waitedMs: number, message: string): PermitGrant {
    if (permitClass !== "cancel" && permitClass !== "panic") return refusal("unavailable", `Redis: ${message}`, null);
    const { count, windowMs } = this.#options.localAllowance ?? { count: 5, windowMs: 10_000 };
    const now = this.#options.clock.monotonic();
    while (this.#localGrants[0] !== undefined && this.#localGrants[0] <= now - windowMs) this.#localGrants.shift();
    const oldest = this.#localGrants[0];
    if (oldest !== undefined && this.#localGrants.length >= count)
      return refusal("unavailable", "Redis is away and the local allowance is used up", Math.ceil(oldest + windowMs - now));
    this.#localGrants.push(now);
    return { granted: true, waitedMs };
  }

  async #within<T>(work: Promise<T>): Promise<T> {
    const timeoutMs = this.#options.answerTimeoutMs ?? 1_000;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(() => reject(new Error(`no answer within ${timeoutMs} ms`)), timeoutMs);
    });
    try {
      return await Promise.race([work, late]);
    } finally {
      clearTimeout(timer);
      // A late failure has nobody left to tell.
      work.catch(() => undefined);
    }
  }
}

function refusal(code: Extract<PermitGrant, { granted: false }>["code"], message: string, retryInMs: number | null): PermitGrant {
  return { granted: false, code, message, retryInMs };
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, Math.ceil(ms)));
}
