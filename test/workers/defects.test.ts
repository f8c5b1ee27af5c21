// Defects of the old system that belong to whoever sends orders and hears fills: shown not to happen, with a real kernel and a scripted exchange.

import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { z } from "zod";
import { createKernel, type Kernel } from "../../src/core/kernel.ts";
import type { LedgerRow, PlaceOutcome } from "../../src/core/ports.ts";
import { defineStrategy, type Quote, type Strategy } from "../../src/core/strategy.ts";
import { plain } from "../../src/core/text.ts";
import { lots, ticks } from "../../src/core/units.ts";
import { createDriver, type Driver } from "../../src/workers/driver.ts";
import { createOwnOrders } from "../../src/workers/own-orders.ts";
import { systemClock } from "../../src/workers/system-clock.ts";
import { ETH_PERP } from "../core/instruments.ts";
import { BOT_NUMBER, fill, LEG } from "./scripted-kernel.ts";
import { ScriptedPort } from "./scripted-port.ts";

const SLOTS = 5;

/** Five bids, each put back one tick lower as often as it was filled. */
const REFILLING = defineStrategy<unknown, { filled: Record<string, number> }>({
  ...{ name: "refilling", version: 1, summary: plain("refilling"), params: z.unknown(), example: {} },
  legs: (_params, home) => ({ [LEG]: home }),
  preview: () => {
    throw new Error("not asked for here");
  },
  init: () => ({ filled: {} }),
  decide(state, event) {
    if (event.type === "fill") state.filled[event.slot] = (state.filled[event.slot] ?? 0) + 1;
    const orders = Array.from({ length: SLOTS }, (_, index): Quote => {
      const slot = `bid${index}`;
      const price = ticks(249_000 - index * 100 - (state.filled[slot] ?? 0));
      return { slot, side: "buy", price, quantity: lots(10), postOnly: true, reason: "refill" };
    });
    return [{ type: "quote", leg: LEG, orders }];
  },
  adapt: (state) => state,
}) as Strategy;

let port: ScriptedPort;
let kernel: Kernel;
let driver: Driver;
let rows: LedgerRow[];
let fatal: string[];

beforeEach(async () => {
  vi.useFakeTimers();
  port = new ScriptedPort();
  rows = [];
  fatal = [];
  kernel = createKernel(
    {
      ...{ botId: "eth_grid", botNumber: BOT_NUMBER, strategy: REFILLING, params: {}, instruments: { [LEG]: ETH_PERP } },
      ...{ risk: { maxPosition: { [LEG]: 10_000 }, maxOpenOrders: 100 }, lastCounter: null },
    },
    {
      ...{ state: null, orders: [] },
      market: { at: 1_000, legs: { [LEG]: { instrument: ETH_PERP, bestBid: ticks(250_000), bestAsk: ticks(250_010) } } },
    },
  );
  driver = createDriver({
    ...{ owner: { botId: "eth_grid", epoch: 1 }, mode: "sim", strategy: REFILLING, kernel },
    legs: { [LEG]: { instrument: ETH_PERP, port, own: createOwnOrders(BOT_NUMBER) } },
    ledger: {
      commit: async (batch) => {
        rows.push(...batch);
        return batch.map(() => "stored");
      },
    },
    ...{ fence: () => null, clock: systemClock, isUrgent: () => false, flattensOnBreach: false },
    ...{ onFill: () => undefined, onEnd: () => undefined, onAdjusted: () => undefined, onState: () => undefined, onError: () => undefined },
    onFatal: (why, error) => fatal.push(`${why}: ${String(error)}`),
  });
});

afterEach(() => {
  driver.stop();
  vi.useRealTimers();
  expect(fatal).toEqual([]);
});

async function begin(): Promise<void> {
  const at = systemClock.now();
  driver.post({ type: "book", leg: LEG, bestBid: ticks(250_000), bestAsk: ticks(250_010), at });
  driver.post({ type: "recovered", at });
  await vi.advanceTimersByTimeAsync(0);
}

/** The last stored row of every order. */
function storedOrders(): Map<string, { readonly status: string; readonly slot: string; readonly exchangeOrderId: string | null }> {
  return new Map(rows.flatMap((row) => (row.type === "intent" || row.type === "order" ? [[row.order.clientOrderId, row.order]] : [])));
}

it("defect 20: one rejected item of five is recorded as rejected, and the bot believes in four orders", async () => {
  let sent = 0;
  port.placeOutcome = (order): PlaceOutcome => {
    sent += 1;
    if (sent === 3) return { outcome: "rejected", code: "INVALID_ORDER", message: "quantity is below the minimum" };
    return { outcome: "accepted", exchangeOrderId: `x${order.clientOrderId}`, filledQuantity: lots(0), closed: false };
  };
  await begin();
  expect(sent).toBe(SLOTS);
  const stored = [...storedOrders().values()];
  expect(stored).toHaveLength(SLOTS);
  expect(stored.filter(({ status }) => status === "rejected")).toHaveLength(1);
  expect(stored.filter(({ status, exchangeOrderId }) => status === "open" && exchangeOrderId !== null)).toHaveLength(4);
  expect(stored.find(({ status }) => status === "rejected")).toMatchObject({ slot: "bid2", exchangeOrderId: null });
  expect(kernel.liveOrders().map(({ slot }) => slot)).toEqual(["bid0", "bid1", "bid3", "bid4"]);
  expect(kernel.status(systemClock.now())).toMatchObject({ openOrders: 4, unknownOrders: 0 });
});

it("defect 26: fills that arrive from two sides during a refill are all counted, each once", async () => {
  await begin();
  const first = kernel.liveOrders().map(({ clientOrderId }) => clientOrderId);
  expect(first).toHaveLength(SLOTS);
  // From now on the exchange is slow: refills hang while fills come in.
  const answers: (() => void)[] = [];
  port.placeOutcome = (order) =>
    new Promise((resolve) => {
      answers.push(() =>
        resolve({ outcome: "accepted", exchangeOrderId: `x${order.clientOrderId}`, filledQuantity: lots(0), closed: false }),
      );
    });
  const fills = first.map((id, index) => fill(`t${index}`, id, { exchangeOrderId: `x${id}`, quantity: lots(10), at: systemClock.now() }));
  for (const one of fills.slice(0, 2)) driver.takeFills(LEG, [one]);
  await vi.advanceTimersByTimeAsync(1);
  expect(answers.length).toBeGreaterThan(0);
  // The stream tells of the rest one by one while a read tells of all of them at once.
  driver.takeFills(LEG, fills.slice(2, 3));
  driver.takeFills(LEG, fills);
  driver.post({ type: "book", leg: LEG, bestBid: ticks(249_990), bestAsk: ticks(250_000), at: systemClock.now() });
  driver.takeFills(LEG, fills.slice(3));
  for (const answer of answers.splice(0)) answer();
  await vi.advanceTimersByTimeAsync(1);
  for (const answer of answers.splice(0)) answer();
  await vi.advanceTimersByTimeAsync(1);
  const status = kernel.status(systemClock.now());
  expect(status).toMatchObject({ fills: SLOTS, position: "0.050", openOrders: SLOTS, unknownOrders: 0 });
  const recorded = rows.flatMap((row) => (row.type === "fill" ? [row.fill.tradeId] : []));
  expect(recorded.sort()).toEqual(["t0", "t1", "t2", "t3", "t4"]);
  // Every slot was filled once, so each of them rests again, one tick lower and under an id of its own.
  const now = kernel.liveOrders();
  expect(now.map(({ price }) => Number(price)).sort()).toEqual([248_599, 248_699, 248_799, 248_899, 248_999]);
  expect(now.some(({ clientOrderId }) => first.includes(clientOrderId))).toBe(false);
});
