// The token bucket's arithmetic without Redis: what token-bucket.lua must do, and how a limit becomes its numbers.

import type { PermitClass } from "../core/ports.ts";
import { type BucketLimit, DEFAULT_HEADROOM, DEFAULT_RESERVE } from "./limits.ts";

/** Up to this limit every grant is logged and the window is exact; beyond it a rate with a burst stands in for the log. */
export const EXACT_MAX = 200;
/** A permit due within this time is promised ("go at t"); a later one must be asked for again, so that a cancel can overtake. */
export const HORIZON_US = 100_000;
/** After a block only one request goes out; the others wait this long for its fate. */
export const PROBE_US = 1_000_000;
/** A clock that steps back further than this is a new clock: what the buckets hold is not to be trusted. */
export const STEP_BACK_US = 5_000_000;

/** How much of the reserve each class must leave untouched. */
const LEAVES: Readonly<Record<PermitClass, number>> = { panic: 0, cancel: 0, reduce: 0.5, place: 1, reconcile: 1, market: 1.5 };

/** One bucket's numbers for one class of request; all times in microseconds. */
export interface BucketPlan {
  readonly name: string;
  readonly kind: "log" | "rate";
  readonly windowUs: number;
  /** log: units that this class may see used. */
  readonly capacity: number;
  /** rate: microseconds per unit, and how far ahead of now this class (and any class) may run. */
  readonly intervalUs: number;
  readonly toleranceUs: number;
  readonly toleranceMaxUs: number;
  /** Units in a window for panic and cancel while the state is lost; 0 for the other classes. */
  readonly emergency: number;
  /** Units that the request takes. */
  readonly cost: number;
}

/**
 * Turns a limit into numbers such that no window ever holds more than `limit` grants, through loss of state included.
 * The window is stretched by a twentieth (250 ms to 2 s): requests reach the exchange later than their grant, unevenly.
 */
export function planOf(limit: BucketLimit, permitClass: PermitClass, cost = 1): BucketPlan {
  const reserve = limit.reserve ?? DEFAULT_RESERVE;
  const emergency = Math.floor(limit.limit * (limit.headroom ?? DEFAULT_HEADROOM));
  const usable = limit.limit - emergency;
  const marginMs = Math.min(2_000, Math.max(250, limit.windowMs / 20));
  const windowUs = Math.ceil((limit.windowMs + marginMs) * 1_000);
  const kept = Math.min(0.95, reserve * LEAVES[permitClass]);
  const isUrgent = permitClass === "panic" || permitClass === "cancel";
  const common = { name: limit.name, windowUs, emergency: isUrgent ? emergency : 0, cost };
  if (limit.limit <= EXACT_MAX) {
    const capacity = Math.max(1, usable - Math.floor(usable * kept));
    return { ...common, kind: "log", capacity, intervalUs: 0, toleranceUs: 0, toleranceMaxUs: 0 };
  }
  // A burst B at once and then one unit per interval: at most B + window / interval = usable in any window.
  const burst = Math.floor(usable / 10);
  const intervalUs = Math.ceil(windowUs / (usable - burst));
  const toleranceUs = Math.max(1, burst - Math.floor(burst * kept)) * intervalUs;
  return { ...common, kind: "rate", capacity: 0, intervalUs, toleranceUs, toleranceMaxUs: burst * intervalUs };
}

/** The most that one request may cost, or it would wait for ever. */
export function largestCost(plan: BucketPlan): number {
  return plan.kind === "log" ? plan.capacity : Math.floor(plan.toleranceUs / plan.intervalUs);
}

export interface TakeRequest {
  readonly botId: string;
  readonly epoch: number;
  readonly expectState: boolean;
  /** The generation that the caller saw last, or null. */
  readonly generation: number | null;
  readonly buckets: readonly BucketPlan[];
}

export type TakeStatus = "granted" | "wait" | "blocked" | "staleEpoch" | "epochMissing";

export interface TakeAnswer {
  readonly status: TakeStatus;
  /** granted: go in so long; wait and blocked: ask again in so long. */
  readonly delayUs: number;
  readonly generation: number;
}

interface Entry {
  readonly at: number;
  readonly cost: number;
}

interface BucketState {
  log: Entry[];
  tat: number | null;
  emergency: Entry[];
  blockedUntil: number;
  probeUntil: number;
}

interface Verdict {
  /** Cannot be shortened by a promise: a block, or lost state. */
  readonly hardUs: number;
  readonly isBlocked: boolean;
  readonly softUs: number;
  readonly isEmergency: boolean;
}

/** The state of one account's buckets and the same three operations as the script. `now` is Redis time, microseconds. */
export class BucketModel {
  #generation: number | null = null;
  #lostAt = 0;
  #last = 0;
  readonly #epochs = new Map<string, number>();
  readonly #buckets = new Map<string, BucketState>();

  /** Records a bot's epoch; it only rises. */
  mirror(botId: string, epoch: number): void {
    this.#epochs.set(botId, Math.max(epoch, this.#epochs.get(botId) ?? 0));
  }

  /** Nobody may use the bucket for `forUs` from now; a later end wins. */
  block(name: string, forUs: number, now: number): void {
    const bucket = this.#bucket(name);
    bucket.blockedUntil = Math.max(bucket.blockedUntil, now + forUs);
    bucket.probeUntil = 0;
  }

  /** All buckets or none. */
  take(request: TakeRequest, redisNow: number): TakeAnswer {
    const mirrored = this.#epochs.get(request.botId);
    if (mirrored === undefined || mirrored < request.epoch) return { status: "epochMissing", delayUs: 0, generation: 0 };
    if (mirrored > request.epoch) return { status: "staleEpoch", delayUs: 0, generation: 0 };
    const now = this.#clock(request, redisNow);
    const generation = this.#generation ?? now;
    const verdicts = request.buckets.map((plan) => this.#judge(plan, now));
    const hardUs = Math.max(0, ...verdicts.map((verdict) => verdict.hardUs));
    const softUs = Math.max(0, ...verdicts.map((verdict) => verdict.softUs));
    if (hardUs > 0) {
      const isBlocked = verdicts.some((verdict) => verdict.isBlocked);
      return { status: isBlocked ? "blocked" : "wait", delayUs: Math.max(hardUs, softUs), generation };
    }
    if (softUs > HORIZON_US) return { status: "wait", delayUs: softUs, generation };
    request.buckets.forEach((plan, index) => {
      this.#record(plan, verdicts[index]?.isEmergency === true, now, now + softUs);
    });
    return { status: "granted", delayUs: softUs, generation };
  }

  #clock(request: TakeRequest, redisNow: number): number {
    let now = redisNow;
    const longest = Math.max(...request.buckets.map((plan) => plan.windowUs));
    if (this.#generation === null) {
      this.#generation = now;
      this.#lostAt = request.expectState ? now : 0;
    } else {
      if (now < this.#last - STEP_BACK_US) this.#lostAt = now;
      else now = Math.max(now, this.#last);
      const isOther = request.generation !== null && request.generation !== this.#generation;
      // Another generation than the caller knew: the state was lost in between, and nobody has said so yet.
      if (isOther && this.#lostAt < this.#generation && now - this.#generation < longest) this.#lostAt = now;
    }
    this.#last = now;
    return now;
  }

  #judge(plan: BucketPlan, now: number): Verdict {
    const { cost } = plan;
    const bucket = this.#bucket(plan.name);
    const verdict = { hardUs: 0, isBlocked: false, softUs: 0, isEmergency: false };
    if (now < bucket.blockedUntil) return { ...verdict, hardUs: bucket.blockedUntil - now, isBlocked: true };
    if (now < bucket.probeUntil) return { ...verdict, hardUs: bucket.probeUntil - now, isBlocked: true };
    const lostFor = this.#lostAt === 0 ? 0 : this.#lostAt + plan.windowUs - now;
    if (lostFor > 0) {
      if (cost > plan.emergency) return { ...verdict, hardUs: lostFor };
      bucket.emergency = alive(bucket.emergency, plan.windowUs, now);
      return { ...verdict, softUs: logWait(bucket.emergency, plan.emergency, plan.windowUs, cost, now), isEmergency: true };
    }
    if (plan.kind === "log") {
      bucket.log = alive(bucket.log, plan.windowUs, now);
      return { ...verdict, softUs: logWait(bucket.log, plan.capacity, plan.windowUs, cost, now) };
    }
    return { ...verdict, softUs: Math.max(0, advance(plan, bucket.tat, cost, now) - plan.toleranceUs - now) };
  }

  #record(plan: BucketPlan, isEmergency: boolean, now: number, at: number): void {
    const { cost } = plan;
    const bucket = this.#bucket(plan.name);
    if (isEmergency) bucket.emergency.push({ at, cost });
    else if (plan.kind === "log") bucket.log.push({ at, cost });
    else bucket.tat = advance(plan, bucket.tat, cost, now);
    // The first grant after a block is the probe; when the probe's time is over, the block is forgotten.
    if (bucket.blockedUntil > 0) {
      bucket.probeUntil = bucket.probeUntil === 0 ? now + PROBE_US : 0;
      if (bucket.probeUntil === 0) bucket.blockedUntil = 0;
    }
  }

  #bucket(name: string): BucketState {
    let bucket = this.#buckets.get(name);
    if (bucket === undefined) {
      bucket = { log: [], tat: null, emergency: [], blockedUntil: 0, probeUntil: 0 };
      this.#buckets.set(name, bucket);
    }
    return bucket;
  }
}

/** The theoretical time after this request; never further ahead than a full bucket (a clock may have stepped back). */
function advance(plan: BucketPlan, tat: number | null, cost: number, now: number): number {
  const from = Math.min(Math.max(tat ?? now, now), now + plan.toleranceMaxUs + HORIZON_US);
  return from + plan.intervalUs * cost;
}

function alive(log: readonly Entry[], windowUs: number, now: number): Entry[] {
  return log.filter((entry) => entry.at > now - windowUs && entry.at <= now + HORIZON_US).sort((a, b) => a.at - b.at);
}

function logWait(log: readonly Entry[], capacity: number, windowUs: number, cost: number, now: number): number {
  let excess = log.reduce((sum, entry) => sum + entry.cost, cost) - capacity;
  for (const entry of log) {
    if (excess <= 0) break;
    excess -= entry.cost;
    if (excess <= 0) return entry.at + windowUs - now;
  }
  return 0;
}
