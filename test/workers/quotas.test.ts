// A bot's quotas where its worker enforces them: the time for a decision, the memory of its process, its requests.

import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { KernelEvent } from "../../src/core/events.ts";
import type { LedgerRow } from "../../src/core/ports.ts";
import { ticks } from "../../src/core/units.ts";
import { type CycleBudget, createCycleBudget } from "../../src/workers/cycle-budget.ts";
import { createMemoryWatch } from "../../src/workers/memory-watch.ts";
import { requestQuotaOf } from "../../src/workers/request-quota.ts";
import { botConfig } from "../memory-fleet.ts";
import { ManualClock } from "./manual-clock.ts";

const MIB = 1_048_576;

describe("the time for a decision", () => {
  let clock: ManualClock;
  let posted: KernelEvent[];
  let told: string[];
  let budget: CycleBudget;

  beforeEach(() => {
    vi.useFakeTimers();
    clock = new ManualClock();
    posted = [];
    told = [];
    const post = (event: KernelEvent) => void posted.push(event);
    budget = createCycleBudget({ botId: "eth_grid", cycleMs: 100, clock, post, tell: (message) => told.push(message.en) });
  });
  afterEach(() => {
    budget.stop();
    vi.useRealTimers();
  });

  function decideFor(ms: number): void {
    budget.measure(() => clock.advance(ms));
  }

  function book(bestBid: number): KernelEvent {
    return { type: "book", leg: "main", bestBid: ticks(bestBid), bestAsk: ticks(bestBid + 1), at: 1 };
  }

  it("within it nothing waits", () => {
    decideFor(100);
    expect(budget.holds(book(1))).toBe(false);
    expect(told).toEqual([]);
  });

  it("beyond it prices wait as long as it took too long, and the newest of them arrives; facts never wait", async () => {
    decideFor(400);
    expect([budget.holds(book(1)), budget.holds(book(2))]).toEqual([true, true]);
    expect(budget.holds({ type: "control", desired: "stopped", at: 1 })).toBe(false);
    expect(budget.holds({ type: "unknown", leg: "main", clientOrderId: "1", at: 1 })).toBe(false);
    await vi.advanceTimersByTimeAsync(299);
    expect(posted).toEqual([]);
    await vi.advanceTimersByTimeAsync(1);
    expect(posted).toEqual([book(2)]);
    expect(budget.holds(book(3))).toBe(false);
  });

  it("is told of once in ten minutes, and holds prices back for two seconds at most", async () => {
    decideFor(60_000);
    decideFor(200);
    expect(told).toEqual(["eth_grid took 60000 ms for a decision, quotas.cycleMs is 100: prices reach it less often while that lasts"]);
    decideFor(60_000);
    expect(budget.holds(book(1))).toBe(true);
    await vi.advanceTimersByTimeAsync(2_000);
    expect(posted).toHaveLength(1);
    clock.advance(600_000);
    decideFor(200);
    expect(told).toHaveLength(2);
  });
});

describe("the memory of a process", () => {
  const look = (watch: ReturnType<typeof createMemoryWatch>, mb: number, now = 0) => {
    const { tell, isTooLarge } = watch.look("eth_grid", mb * MIB, 500, now);
    return [tell?.en ?? null, isTooLarge];
  };

  it("is warned of at 80 %, once, and again after it was calm", () => {
    const watch = createMemoryWatch();
    expect(look(watch, 399)).toEqual([null, false]);
    expect(look(watch, 400)).toEqual(["eth_grid uses 400 MiB of memory; at quotas.memoryMb 500 it begins anew", false]);
    expect(look(watch, 450)).toEqual([null, false]);
    expect(look(watch, 360)).toEqual([null, false]);
    expect(look(watch, 420)).toEqual([null, false]);
    expect(look(watch, 340)).toEqual([null, false]);
    expect(look(watch, 420)[0]).toContain("420 MiB");
    expect(createMemoryWatch().look("eth_grid", null, 500, 0)).toEqual({ tell: null, isTooLarge: false });
  });

  it("at the ceiling the process begins anew, but not over and over", () => {
    const watch = createMemoryWatch();
    expect(look(watch, 500)).toEqual([expect.stringContaining("it begins anew, its orders are kept"), true]);
    expect(look(watch, 510, 5_000)).toEqual([null, false]);
    expect(look(watch, 200, 10_000)).toEqual([null, false]);
    expect(look(watch, 510, 20_000)).toEqual([expect.stringContaining("raise quotas.memoryMb 500"), false]);
    expect(look(watch, 510, 600_000)[1]).toBe(true);
  });
});

it("a bot that has used up its requests is told of once in ten minutes", async () => {
  const clock = new ManualClock();
  const rows: LedgerRow[] = [];
  const commit = async (batch: readonly LedgerRow[]) => {
    rows.push(...batch);
    return batch.map(() => "stored" as const);
  };
  const config = botConfig("eth_grid", { quotas: { ...botConfig("x").quotas, requestsPerMinute: 10 } });
  const quota = requestQuotaOf(config, { commit }, clock);
  for (let count = 0; count < 12; count += 1) await quota.enter("place", 1);
  expect(rows).toMatchObject([{ type: "alert", alert: { type: "resource", botId: "eth_grid", mode: "sim" } }]);
  clock.advance(600_001);
  for (let count = 0; count < 11; count += 1) await quota.enter("place", 1);
  expect(rows).toHaveLength(2);
});
