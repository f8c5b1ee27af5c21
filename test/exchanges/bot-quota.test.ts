// One bot's own limit on requests: what it holds back, what it never does, and that no other bot feels it.

import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { PermitClass, PermitGrant, Permits } from "../../src/core/ports.ts";
import { createRequestQuota, withQuota } from "../../src/exchanges/bot-quota.ts";
import { systemClock as clock } from "./clock.ts";

let asked: PermitClass[];
let throttled: number;
const shared: Permits = {
  take: async ({ class: permitClass }) => {
    asked.push(permitClass);
    return { granted: true, waitedMs: 0 };
  },
  block: async () => undefined,
};

function limited(requestsPerMinute: number): Permits {
  const quota = createRequestQuota({ requestsPerMinute, clock, onThrottled: () => (throttled += 1) });
  return withQuota(shared, quota);
}

function take(permits: Permits, permitClass: PermitClass, cost = 1, costs: Readonly<Record<string, number>> = {}): Promise<PermitGrant> {
  return permits.take({ class: permitClass, buckets: ["requests", "orders"], cost, costs });
}

async function takeMany(permits: Permits, permitClass: PermitClass, count: number): Promise<readonly boolean[]> {
  const grants: Promise<PermitGrant>[] = [];
  for (let index = 0; index < count; index += 1) grants.push(take(permits, permitClass));
  await vi.advanceTimersByTimeAsync(0);
  return (await Promise.all(grants)).map(({ granted }) => granted);
}

beforeEach(() => {
  vi.useFakeTimers();
  asked = [];
  throttled = 0;
});
afterEach(() => vi.useRealTimers());

describe("a bot's quota of requests", () => {
  it("refuses openings beyond it with the time to the next room", async () => {
    const permits = limited(10);
    expect((await takeMany(permits, "place", 11)).filter((isGranted) => !isGranted)).toHaveLength(1);
    expect(await take(permits, "place")).toMatchObject({ granted: false, code: "queueFull", retryInMs: 60_000 });
    expect(asked).toHaveLength(10);
    expect(throttled).toBe(2);
  });

  it.each<PermitClass>(["panic", "cancel", "reduce", "reconcile"])(
    "never holds back %s, which counts all the same",
    async (permitClass) => {
      const permits = limited(10);
      expect(await takeMany(permits, permitClass, 50)).not.toContain(false);
      expect((await take(permits, "place")).granted).toBe(false);
    },
  );

  it("lets a read wait for its turn, and everything through again a minute later", async () => {
    const permits = limited(10);
    await takeMany(permits, "place", 10);
    await vi.advanceTimersByTimeAsync(40_000);
    let isGranted = false;
    const reading = take(permits, "market").then(({ granted }) => {
      isGranted = granted;
    });
    await vi.advanceTimersByTimeAsync(19_000);
    expect(isGranted).toBe(false);
    await vi.advanceTimersByTimeAsync(1_100);
    await reading;
    expect(isGranted).toBe(true);
    expect(await takeMany(permits, "place", 9)).not.toContain(false);
  });

  it("counts the dearest bucket of a request, and lets one that is dearer than all of it pass when nothing else does", async () => {
    const permits = limited(10);
    expect((await take(permits, "place", 1, { orders: 9 })).granted).toBe(true);
    expect((await take(permits, "place", 2)).granted).toBe(false);
    expect((await take(permits, "place", 1)).granted).toBe(true);
    expect((await take(limited(10), "place", 50)).granted).toBe(true);
  });

  it("is shared by the bot's accounts, and by no other bot", async () => {
    const quota = createRequestQuota({ requestsPerMinute: 10, clock, onThrottled: () => (throttled += 1) });
    const [one, other, stranger] = [withQuota(shared, quota), withQuota(shared, quota), limited(10)];
    await takeMany(one, "place", 10);
    expect((await take(other, "place")).granted).toBe(false);
    expect((await take(stranger, "place")).granted).toBe(true);
  });
});
