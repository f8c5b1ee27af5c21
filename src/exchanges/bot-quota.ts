// One bot's own limit on REST requests, in front of the fleet's buckets: a busy bot waits for itself before it takes from others.

import type { Clock, PermitClass, PermitGrant, PermitRequest, Permits } from "../core/ports.ts";

const WINDOW_MS = 60_000;
/** Of the quota, what orders that reduce a position find free when everything else is used up. */
const REDUCE_SHARE = 0.2;

/** As long as the shared bucket lets a request of the class wait. */
const MAX_WAIT_MS: Readonly<Record<PermitClass, number>> = {
  panic: 0,
  cancel: 0,
  reduce: 5_000,
  place: 2_000,
  reconcile: 30_000,
  market: 30_000,
};

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

  /** How long until `weight` fits below `limit`, ms; 0 when it does now. */
  function waitFor(weight: number, limit: number): number {
    const now = clock.monotonic();
    while (taken[0] !== undefined && taken[0].at <= now - WINDOW_MS) taken.shift();
    let used = taken.reduce((sum, entry) => sum + entry.weight, 0);
    if (used === 0 || used + weight <= limit) return 0;
    for (const entry of taken) {
      used -= entry.weight;
      if (used === 0 || used + weight <= limit) return Math.max(1, entry.at + WINDOW_MS - now);
    }
    return 0;
  }

  return {
    async enter(permitClass, weight) {
      const isFree = permitClass === "panic" || permitClass === "cancel";
      const limit = permitClass === "reduce" ? requestsPerMinute : requestsPerMinute * (1 - REDUCE_SHARE);
      const giveUpAt = clock.monotonic() + MAX_WAIT_MS[permitClass];
      let hasTold = false;
      while (!isFree) {
        const waitMs = waitFor(weight, limit);
        if (waitMs === 0) break;
        if (!hasTold) onThrottled();
        hasTold = true;
        if (clock.monotonic() + waitMs > giveUpAt) return Math.ceil(waitMs);
        await new Promise((resolve) => setTimeout(resolve, waitMs));
      }
      taken.push({ at: clock.monotonic(), weight });
      return null;
    },
  };
}

/** Permits that first pass the bot's own quota. A panic and a cancel count, but are never held back. */
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
