// The proof that a bot rests, and the watch over a quiet market.

import { beforeEach, describe, expect, it } from "vitest";
import type { KernelEvent } from "../../src/core/events.ts";
import { ticks } from "../../src/core/units.ts";
import { createMarketWatch } from "../../src/workers/market-watch.ts";
import { createOwnOrders } from "../../src/workers/own-orders.ts";
import type { Directive, Settled } from "../../src/workers/protocol.ts";
import { createSettling, type Settling } from "../../src/workers/settling.ts";
import { ETH_PERP } from "../core/instruments.ts";
import { ManualClock } from "./manual-clock.ts";
import { BOT_NUMBER, LEG, ownId, ScriptedKernel } from "./scripted-kernel.ts";
import { openOrder, ScriptedPort } from "./scripted-port.ts";

const HEDGE = { ...ETH_PERP, ref: { ...ETH_PERP.ref, account: "other" } };

describe("settling", () => {
  let clock: ManualClock;
  let kernel: ScriptedKernel;
  let directive: Directive;
  let live: number;
  let left: ReturnType<typeof openOrder>[] | Error;
  let reads: number;
  let reconciled: number;
  let settled: Settled[];
  let settling: Settling;

  beforeEach(() => {
    clock = new ManualClock();
    kernel = new ScriptedKernel();
    kernel.currentStatus = { ...kernel.currentStatus, state: "stopped", position: "0.0000" };
    directive = { sequence: 1, desired: "stopped", halt: null, flatten: false };
    live = 0;
    left = [];
    reads = 0;
    reconciled = 0;
    settled = [];
    settling = createSettling({
      clock,
      instruments: [ETH_PERP, HEDGE],
      directive: () => directive,
      status: () => kernel.status(),
      liveOrders: () => live,
      reconciler: {
        ownOpenOrders: async () => {
          reads += 1;
          if (left instanceof Error) throw left;
          return left.map((order) => ({ leg: LEG, order, clientOrderId: order.clientOrderId ?? "" }));
        },
        run: async () => {
          reconciled += 1;
          return true;
        },
      },
      isIdle: () => true,
      onSettled: (proof) => settled.push(proof),
      onError: () => undefined,
    });
  });

  async function look(): Promise<void> {
    clock.advance(1_000);
    await settling.check();
  }

  it("says so once per directive, after a read that shows none of the bot's orders", async () => {
    await look();
    await look();
    expect(settled).toEqual([{ sequence: 1, at: clock.now() - 1_000, position: "0.0000", isFlat: true }]);
    directive = { ...directive, sequence: 2 };
    await look();
    expect(settled.map((proof) => proof.sequence)).toEqual([1, 2]);
  });

  it("reconciles when orders of the bot are still there, and proves nothing", async () => {
    left = [openOrder(ownId(1))];
    await look();
    expect(settled).toEqual([]);
    expect(reconciled).toBe(1);
    left = [];
    await look();
    expect(settled).toHaveLength(1);
  });

  it("proves nothing by a read that failed", async () => {
    left = new Error("timeout");
    await look();
    expect(settled).toEqual([]);
  });

  it.each([
    ["a running bot", { desired: "running" } as const, "running" as const],
    ["a bot whose stop is under way", {}, "stopping" as const],
    ["a paused bot", { desired: "paused" } as const, "paused" as const],
  ])("does not even read for %s", async (_, change, state) => {
    directive = { ...directive, ...change };
    kernel.currentStatus = { ...kernel.currentStatus, state };
    await look();
    expect(reads).toBe(0);
  });

  it("waits for the live orders of a halted bot", async () => {
    kernel.currentStatus = { ...kernel.currentStatus, state: "halted" };
    live = 1;
    await look();
    expect(reads).toBe(0);
    live = 0;
    await look();
    expect(settled).toHaveLength(1);
  });

  it("waits for the position when it is to be flattened, dust excepted", async () => {
    directive = { ...directive, flatten: true };
    kernel.currentStatus = { ...kernel.currentStatus, position: "-0.250" };
    await look();
    expect(settled).toEqual([]);
    kernel.currentStatus = { ...kernel.currentStatus, position: "0.0000" };
    await look();
    expect(settled).toMatchObject([{ isFlat: true }]);
  });

  it("waits for the position of every leg", async () => {
    directive = { ...directive, flatten: true };
    const legs = (position: string) => [{ ...HEDGE.ref, base: "ETH", position, price: null }];
    kernel.currentStatus = { ...kernel.currentStatus, legs: legs("0.250") };
    await look();
    expect(settled).toEqual([]);
    kernel.currentStatus = { ...kernel.currentStatus, legs: legs("0.000") };
    await look();
    expect(settled).toMatchObject([{ isFlat: true }]);
  });

  it("proves the end of a drained bot", async () => {
    directive = { ...directive, desired: "draining" };
    await look();
    expect(settled).toHaveLength(1);
  });
});

describe("the market watch", () => {
  let clock: ManualClock;
  let port: ScriptedPort;
  let events: KernelEvent[];
  let lost: number[];
  let watch: ReturnType<typeof createMarketWatch>;

  beforeEach(() => {
    clock = new ManualClock();
    port = new ScriptedPort();
    events = [];
    lost = [];
    watch = createMarketWatch({
      legs: { [LEG]: { instrument: ETH_PERP, port, own: createOwnOrders(BOT_NUMBER) } },
      clock,
      post: (event) => events.push(event),
      onLost: (_, ageMs) => lost.push(ageMs),
      onError: () => undefined,
    });
  });

  async function second(): Promise<void> {
    clock.advance(1_000);
    watch.check();
    await new Promise((resolve) => setImmediate(resolve));
  }

  it("asks by REST in a calm market, so that its price stays known", async () => {
    for (let passed = 0; passed < 10; passed += 1) await second();
    expect(port.calls).toEqual(["touch", "touch", "touch"]);
    expect(events).toHaveLength(3);
    expect(events[0]).toMatchObject({ type: "book", leg: LEG, bestBid: ticks(250_000) });
    expect(lost).toEqual([]);
  });

  it("leaves a market alone whose books come by stream", async () => {
    for (let passed = 0; passed < 10; passed += 1) {
      watch.seen(LEG);
      await second();
    }
    expect(port.calls).toEqual([]);
  });

  it("says once that the book is lost when nobody answers, and goes on asking", async () => {
    port.touchFault = new Error("down");
    for (let passed = 0; passed < 8; passed += 1) await second();
    expect(events).toEqual([{ type: "bookLost", leg: LEG, at: clock.now() - 3_000 }]);
    expect(lost).toEqual([5_000]);
    port.touchFault = null;
    await second();
    expect(events.at(-1)).toMatchObject({ type: "book" });
    expect(port.calls.length).toBeGreaterThan(4);
  });
});
