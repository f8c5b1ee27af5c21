// The worker's look at what is to be forgotten: not at once, again and again, over faults, and ended at once.

import { pino } from "pino";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { Database } from "../../src/storage/database.ts";
import { DEFAULT_RETENTION } from "../../src/storage/retention.ts";
import { startRetentionWatch } from "../../src/workers/retention-watch.ts";
import { createManualClock } from "../memory-fleet.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test("looks a minute after the start and every ten minutes, whatever goes wrong, until it is stopped", async () => {
  const looks: number[] = [];
  const startedAt = Date.now();
  const findUnique = async () => {
    looks.push((Date.now() - startedAt) / 60_000);
    throw new Error("the database is away");
  };
  const db = { prisma: { setting: { findUnique } } } as unknown as Database;
  const watch = startRetentionWatch({
    db,
    policy: DEFAULT_RETENTION,
    holder: "w1",
    clock: createManualClock(),
    log: pino({ level: "silent" }),
  });
  await vi.advanceTimersByTimeAsync(59_000);
  expect(looks).toEqual([]);
  await vi.advanceTimersByTimeAsync(25 * 60_000);
  expect(looks).toEqual([1, 11, 21]);
  await watch.stop();
  await vi.advanceTimersByTimeAsync(60 * 60_000);
  expect(looks).toHaveLength(3);
});
