// The supervisor's decisions as a table: what is wanted, what runs, who holds the bot, how it ended before → what to do.

import { describe, expect, it } from "vitest";
import {
  BOOT_MAX_MS,
  type BotFacts,
  type Decision,
  decide,
  type ProcessFacts,
  recentCrashes,
  restartDelayMs,
  SHUTDOWN_MAX_MS,
} from "../../src/workers/bot-supervisor.ts";
import { LEASE_TTL_MS } from "../../src/workers/protocol.ts";

const RESTART = { maxAttempts: 3, delayMs: 500, windowMs: 600_000 };

function facts(some: Partial<BotFacts>): BotFacts {
  return {
    desired: "running",
    isHalted: false,
    hasLooseEnds: false,
    process: null,
    ownership: { type: "free" },
    crashes: [],
    retryAt: 0,
    restart: RESTART,
    hasRoom: true,
    hasSpareRoom: true,
    now: 1_000_000,
    ...some,
  };
}

function process(some: Partial<ProcessFacts>): ProcessFacts {
  return { silentMs: 0, hasSpoken: true, leavingMs: null, isSettled: false, isOutdated: false, ...some };
}

const NOTHING: Decision = { do: "nothing" };

const TABLE: readonly (readonly [string, Partial<BotFacts>, Decision])[] = [
  // wanted, nothing runs
  ["a free bot that should run starts", {}, { do: "start", how: "start" }],
  ["a paused bot runs too: its closing orders are kept", { desired: "paused" }, { do: "start", how: "start" }],
  ["a draining bot runs until it is flat", { desired: "draining" }, { do: "start", how: "start" }],
  ["a full worker leaves it to others", { hasRoom: false }, NOTHING],
  ["a full worker takes the orders off that nobody watches", { hasRoom: false, hasLooseEnds: true }, { do: "start", how: "cover" }],
  ["a full worker rescues in its spare place", { hasRoom: false, hasLooseEnds: true, desired: "stopped" }, { do: "start", how: "rescue" }],
  ["the spare place is one", { hasRoom: false, hasSpareRoom: false, hasLooseEnds: true }, NOTHING],
  ["a live holder elsewhere keeps it", { ownership: { type: "elsewhere" } }, NOTHING],
  ["without Redis nobody starts", { ownership: { type: "unsure" } }, { do: "wait", forMs: 1_000 }],
  ["a lease just gone missing is watched", { ownership: { type: "silent", forMs: 2_000 } }, { do: "wait", forMs: LEASE_TTL_MS - 2_000 }],
  [
    "a lease seen missing for a TTL is taken over",
    { ownership: { type: "silent", forMs: LEASE_TTL_MS } },
    { do: "start", how: "takeover" },
  ],
  ["a start that failed waits", { retryAt: 1_000_700 }, { do: "wait", forMs: 700 }],
  // crashes
  ["the first crash waits the first delay", { crashes: [999_900] }, { do: "wait", forMs: 400 }],
  ["the second waits twice as long", { crashes: [900_000, 999_900] }, { do: "wait", forMs: 900 }],
  ["a delay that has passed starts", { crashes: [999_000] }, { do: "start", how: "start" }],
  ["more crashes than attempts give up", { crashes: [1, 2, 3, 999_999].map((at) => at + 500_000) }, { do: "giveUp", attempts: 4 }],
  ["crashes outside the window are forgotten", { crashes: [1, 2, 3, 4] }, { do: "start", how: "start" }],
  // not wanted, nothing runs
  ["a stopped bot without loose ends is left alone", { desired: "stopped" }, NOTHING],
  ["a stopped bot with open orders is rescued", { desired: "stopped", hasLooseEnds: true }, { do: "start", how: "rescue" }],
  ["so is a halted one", { isHalted: true, hasLooseEnds: true }, { do: "start", how: "rescue" }],
  ["a halted bot without loose ends stays down", { isHalted: true }, NOTHING],
  [
    "a rescue is never given up",
    { isHalted: true, hasLooseEnds: true, crashes: [1, 2, 3, 4, 5].map((at) => at + 900_000) },
    { do: "start", how: "rescue" },
  ],
  ["a rescue leaves a live holder alone", { isHalted: true, hasLooseEnds: true, ownership: { type: "elsewhere" } }, NOTHING],
  // a process runs
  ["a process that works is left alone", { process: process({}) }, NOTHING],
  ["silence for a TTL is death", { process: process({ silentMs: LEASE_TTL_MS + 1 }) }, { do: "kill", why: "no heartbeat for 5001 ms" }],
  ["a process that boots may be silent", { process: process({ silentMs: LEASE_TTL_MS + 1, hasSpoken: false }) }, NOTHING],
  [
    "but not for ever",
    { process: process({ silentMs: BOOT_MAX_MS + 1, hasSpoken: false }) },
    { do: "kill", why: "no heartbeat for 30001 ms" },
  ],
  ["a settled one leaves", { desired: "stopped", process: process({ isSettled: true }) }, { do: "leave" }],
  ["a stopped one that is not settled works on", { desired: "stopped", process: process({}) }, NOTHING],
  ["one that leaves is waited for", { process: process({ leavingMs: 5_000 }) }, { do: "wait", forMs: SHUTDOWN_MAX_MS - 5_000 }],
  [
    "until its time is up",
    { process: process({ leavingMs: SHUTDOWN_MAX_MS + 1 }) },
    { do: "kill", why: `did not leave within ${SHUTDOWN_MAX_MS} ms` },
  ],
  [
    "one whose epoch has passed is killed",
    { process: process({ isOutdated: true }) },
    { do: "kill", why: "another worker took the bot under a later epoch" },
  ],
];

describe("decide", () => {
  it.each(TABLE)("%s", (_, some, expected) => {
    expect(decide(facts(some))).toEqual(expected);
  });
});

describe("the restart policy", () => {
  it("doubles the pause up to a minute", () => {
    expect([0, 1, 2, 3, 7, 8, 30].map((crashes) => restartDelayMs(crashes, RESTART))).toEqual([
      0, 500, 1_000, 2_000, 32_000, 60_000, 60_000,
    ]);
  });

  it("counts crashes within the window, however long the runs between them were", () => {
    expect(recentCrashes([10, 500, 900], 600, 1_000)).toEqual([500, 900]);
  });

  it("allows no restart at all when no attempt is configured", () => {
    const restart = { ...RESTART, maxAttempts: 0 };
    expect(decide(facts({ restart, crashes: [999_000] }))).toEqual({ do: "giveUp", attempts: 1 });
  });
});
