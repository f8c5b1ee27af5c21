// One bot's own limit on REST requests, in front of the fleet's buckets: a busy bot waits for itself before it takes from others.

import type { Clock, PermitClass, PermitGrant, PermitRequest, Permits } from "../core/ports.ts";

const WINDOW_MS = 60_000;

/**
 * How long a request of a class waits at most, as in the shared bucket. What takes orders off, closes a position or learns what
 * became of them counts, but is never held back: a bot that has used up its quota must still come to rest.
 */
const MAX_WAIT_MS: Readonly<Partial<Record<PermitClass, number>>> = { place: 2_000, market: 30_000 };

export interface RequestQuotaOptions {
  /** Weight within any minute. */
  readonly requestsPerMinute: number;
  readonly clock: Clock;
  /** The quota is used up and somebody has to wait; called each time. */
  readonly onThrottled: () => void;
}

/** Counts the weight of a bot's requests; one for all of its accounts. */
export interface RequestQuota {
  /** Waits for room. Null when the request may go on, else how long the next room is away, ms. */
  enter(permitClass: PermitClass, weight: number): Promise<number | null>;
}

export function createRequestQuota({ requestsPerMinute, clock, onThrottled }: RequestQuotaOptions): RequestQuota {
  const taken: { readonly at: number; readonly weight: number }[] = [];

  /** How long until `weight` fits into the quota, ms; 0 when it does now. */
  function waitFor(weight: number): number {
    const now = clock.monotonic();
    while (taken[0] !== undefined && taken[0].at <= now - WINDOW_MS) taken.shift();
    let used = taken.reduce((sum, entry) => sum + entry.weight, 0);
    if (used === 0 || used + weight <= requestsPerMinute) return 0;
    for (const entry of taken) {
      used -= entry.weight;
      if (used === 0 || used + weight <= requestsPerMinute) return Math.max(1, entry.at + WINDOW_MS - now);
    }
    return 0;
  }

  return {
    async enter(permitClass, weight) {
      const maxWaitMs = MAX_WAIT_MS[permitClass];
      const startedAt = clock.monotonic();
      let hasTold = false;
      while (maxWaitMs !== undefined) {
        const waitMs = waitFor(weight);
        if (waitMs === 0) break;
        if (!hasTold) onThrottled();
        hasTold = true;
        if (clock.monotonic() + waitMs > startedAt + maxWaitMs) return Math.ceil(waitMs);
        await new Promise((resolve) => setTimeout(resolve, waitMs));
      }
      taken.push({ at: clock.monotonic(), weight });
      return null;
    },
  };
}

/** Permits that first pass the bot's own quota; openings and market data alone are ever held back. */
export function withQuota(permits: Permits, quota: RequestQuota): Permits {
  return {
    async take(request: PermitRequest): Promise<PermitGrant> {
      const weight = Math.max(request.cost, ...request.buckets.map((name) => request.costs?.[name] ?? 0));
      const waitMs = await quota.enter(request.class, weight);
      if (waitMs === null) return permits.take(request);
      const message = `quotas.requestsPerMinute of this bot is used up; there is room in ${waitMs} ms`;
      return { granted: false, code: "queueFull", message, retryInMs: waitMs };
    },
    block: (buckets, untilMs) => permits.block(buckets, untilMs),
  };
}
