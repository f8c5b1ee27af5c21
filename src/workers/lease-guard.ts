// Holds an instance's lease and answers, at the moment of each socket write, whether it may still send.

import type { Clock, Fence, LeaseStore } from "../core/ports.ts";
import { LEASE_RENEW_MS, LEASE_TTL_MS } from "./protocol.ts";

/** Stop placing this long before the lease can run out at Redis. */
export const PLACE_MARGIN_MS = 1_500;
/** A failed renewal this recent shows that Redis is away rather than that we slept. */
const RECENT_ATTEMPT_MS = 2 * LEASE_RENEW_MS + 500;
const RENEW_TIMEOUT_MS = 900;

export interface LeaseGuardOptions {
  readonly leases: LeaseStore;
  readonly botId: string;
  readonly epoch: number;
  readonly holder: string;
  readonly clock: Clock;
  /** Called once, when the lease names another epoch. */
  readonly onLost: () => void;
  readonly onError?: (error: unknown) => void;
}

export interface LeaseGuard {
  /** Renews now and then each second; resolves after the first attempt. */
  start(): Promise<void>;
  renew(): Promise<void>;
  readonly fence: Fence;
  /** Time since the newest renewal that succeeded was sent: the larger of monotonic and wall time. */
  ageMs(): number;
  readonly isLost: boolean;
  /** Forbids places for good, e.g. while leaving; own cancels go on. */
  stopPlacing(why: string): void;
  /** Stops renewing and gives the lease back. */
  release(): Promise<void>;
}

interface Moment {
  readonly monotonic: number;
  readonly wall: number;
}

/** The guard of one bot's lease. Never throws; a failed renewal only lets the lease age. */
export function createLeaseGuard(options: LeaseGuardOptions): LeaseGuard {
  const { leases, botId, epoch, holder, clock } = options;
  const now = (): Moment => ({ monotonic: clock.monotonic(), wall: clock.now() });
  const since = (then: Moment): number => Math.max(clock.monotonic() - then.monotonic, clock.now() - then.wall);
  let renewedAt: Moment | null = null;
  let failedAt: number | null = null;
  let isLost = false;
  let isEnded = false;
  let noPlaces: string | null = null;
  let timer: NodeJS.Timeout | undefined;

  const ageMs = (): number => (renewedAt === null ? Number.POSITIVE_INFINITY : since(renewedAt));

  async function renew(): Promise<void> {
    if (isLost || isEnded) return;
    // Redis starts the lease's life no earlier than this, so counting from here is on the safe side.
    const sentAt = now();
    try {
      const isOurs = await withinMs(leases.renew(botId, epoch, holder, LEASE_TTL_MS), RENEW_TIMEOUT_MS);
      if (isOurs) {
        renewedAt = sentAt;
        failedAt = null;
      } else if (!isLost && !isEnded) {
        isLost = true;
        options.onLost();
      }
    } catch (error) {
      failedAt = clock.monotonic();
      options.onError?.(error);
    }
  }

  function forbids(kind: "place" | "cancel" | "read"): string | null {
    if (kind === "read") return null;
    if (isLost) return `the lease of ${botId} has moved on from epoch ${epoch}`;
    if (kind === "place" && noPlaces !== null) return noPlaces;
    const age = ageMs();
    if (kind === "place") return age > LEASE_TTL_MS - PLACE_MARGIN_MS ? ageWords(age) : null;
    // Without Redis nobody can have taken the bot with permits of their own, so own cancels go on; but a process that
    // has just woken must first learn whether it was replaced.
    const hasJustTried = failedAt !== null && clock.monotonic() - failedAt <= RECENT_ATTEMPT_MS;
    return age <= LEASE_TTL_MS || hasJustTried ? null : `${ageWords(age)} and has not been looked at since`;
  }

  return {
    async start() {
      await renew();
      if (isEnded) return;
      timer = setInterval(() => void renew(), LEASE_RENEW_MS);
    },
    renew,
    fence: forbids,
    ageMs,
    get isLost() {
      return isLost;
    },
    stopPlacing(why) {
      noPlaces ??= why;
    },
    async release() {
      isEnded = true;
      clearInterval(timer);
      noPlaces ??= "the lease was given back";
      if (!isLost) await withinMs(leases.release(botId, epoch, holder), RENEW_TIMEOUT_MS).catch((error) => options.onError?.(error));
    },
  };
}

function ageWords(ms: number): string {
  return Number.isFinite(ms) ? `the lease is ${(ms / 1000).toFixed(1)} s old` : "the lease is not held yet";
}

/** Rejects when an answer takes longer than `ms`. */
export async function withinMs<T>(answer: Promise<T>, ms: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${ms} ms`)), ms);
  });
  try {
    return await Promise.race([answer, late]);
  } finally {
    clearTimeout(timer);
  }
}
