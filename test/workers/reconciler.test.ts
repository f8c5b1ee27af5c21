// Reading the exchange's own account: what becomes an event, and what a failed or unquiet read must not conclude.

import { beforeEach, describe, expect, it } from "vitest";
import type { ExchangeFill, KernelEvent } from "../../src/core/events.ts";
import type { Order } from "../../src/core/order.ts";
import { lots } from "../../src/core/units.ts";
import { createOwnOrders } from "../../src/workers/own-orders.ts";
import { createReconciler, type Reconciler } from "../../src/workers/reconciler.ts";
import { ETH_PERP } from "../core/instruments.ts";
import { ManualClock } from "./manual-clock.ts";
import { BOT_NUMBER, fill, LEG, order, ownId } from "./scripted-kernel.ts";
import { openOrder, ScriptedPort } from "./scripted-port.ts";

const ONE = ownId(1);

describe("the reconciler", () => {
  let port: ScriptedPort;
  let clock: ManualClock;
  let events: KernelEvent[];
  let gauges: KernelEvent[];
  let taken: ExchangeFill[];
  let errors: string[];
  let live: Order[];
  let since: number[];
  let reconciler: Reconciler;

  beforeEach(() => {
    port = new ScriptedPort();
    clock = new ManualClock();
    events = [];
    gauges = [];
    taken = [];
    errors = [];
    live = [];
    since = [];
    const original = port.fillsSince.bind(port);
    port.fillsSince = async (...args: unknown[]) => {
      since.push(Number(args[1]));
      return await original();
    };
    reconciler = createReconciler({
      legs: { [LEG]: { instrument: ETH_PERP, port, own: createOwnOrders(BOT_NUMBER) } },
      clock,
      post: (event) => (event.type === "reconciled" ? events : gauges).push(event),
      learn: () => undefined,
      takeFills: (_, fills) => taken.push(...fills),
      liveOrders: () => live,
      fillsFrom: () => 1_000_000,
      onSnapshot: () => undefined,
      fillCount: () => taken.length,
      onError: (message) => errors.push(message),
    });
  });

  it("tells the kernel its own open orders and the position, dated when it asked", async () => {
    port.openOrders = [openOrder(ONE), openOrder("77"), openOrder(ownId(2), { symbol: "SOL/USDC:USDC" })];
    port.position = lots(-30);
    expect(await reconciler.run(true)).toBe(true);
    expect(events).toEqual([
      { type: "reconciled", leg: LEG, at: clock.now(), openOrders: [expect.objectContaining({ clientOrderId: ONE })], position: -30 },
    ]);
  });

  it("tells what the account could use, and where the position would be liquidated", async () => {
    port.balances = [
      { currency: "USDC", total: "1000", free: "812.5" },
      { currency: "SOL", total: "3", free: "3" },
    ];
    port.position = lots(-30);
    port.liquidationPrice = "3120.5";
    await reconciler.run(false);
    expect(gauges).toMatchObject([
      { type: "balances", leg: LEG, base: "0", quote: "812.5" },
      { type: "margin", leg: LEG, liquidationPrice: "3120.5" },
    ]);
    port.position = lots(0);
    await reconciler.run(false);
    expect(gauges.at(-1)).toMatchObject({ type: "margin", liquidationPrice: null });
  });

  it("takes an absent position of a list read in full for flat", async () => {
    await reconciler.run(true);
    expect(events).toMatchObject([{ position: 0 }]);
  });

  it("concludes nothing from a snapshot that failed", async () => {
    port.snapshotFault = new Error("503");
    expect(await reconciler.run(true)).toBe(false);
    expect(events).toEqual([]);
    expect(errors).toEqual(["reconciliation failed: Error: 503"]);
  });

  it("reads fills from before the last complete read, and goes on from there only when the list was complete", async () => {
    port.fillPage = { fills: [fill("t1", ONE)], complete: false };
    expect(await reconciler.run(true)).toBe(false);
    clock.advance(10_000);
    port.fillPage = { fills: [], complete: true };
    await reconciler.run(true);
    const readAt = clock.now();
    clock.advance(5_000);
    await reconciler.run(true);
    expect(since).toEqual([940_000, 940_000, readAt - 60_000]);
    expect(taken).toMatchObject([{ tradeId: "t1" }]);
  });

  it("spares the history while nothing is in doubt, but not for longer than a minute", async () => {
    live = [order(ONE, { status: "open", exchangeOrderId: `x${ONE}` })];
    port.openOrders = [openOrder(ONE)];
    await reconciler.run(false);
    clock.advance(15_000);
    await reconciler.run(false);
    expect(since).toHaveLength(1);
    clock.advance(45_000);
    await reconciler.run(false);
    expect(since).toHaveLength(2);
  });

  it.each([
    ["an order that should rest is not listed", []],
    ["an order has filled more than we saw", [openOrder(ONE, { filledQuantity: lots(4) })]],
  ])("reads fills when %s", async (_, openOrders) => {
    live = [order(ONE, { status: "open", exchangeOrderId: `x${ONE}` })];
    port.openOrders = [openOrder(ONE)];
    await reconciler.run(true);
    clock.advance(1_000);
    port.openOrders = openOrders;
    await reconciler.run(false);
    expect(since).toHaveLength(2);
  });

  it("says no position when a fill came while it read, or when fills could not be read", async () => {
    port.position = lots(10);
    port.fillPage = { fills: [fill("t1", ONE)], complete: true };
    await reconciler.run(true);
    port.fillPage = new Error("429");
    await reconciler.run(true);
    expect(events).toMatchObject([{ position: null }, { position: null }]);
  });

  it("reads once more for a doubt that arises during a read", async () => {
    const first = reconciler.run(false);
    const second = reconciler.run(true);
    expect(second).toBe(first);
    await first;
    await new Promise((resolve) => setImmediate(resolve));
    expect(port.calls.filter((call) => call === "snapshot")).toHaveLength(2);
  });

  it("lists own orders at the exchange for the proof that none is left", async () => {
    port.openOrders = [openOrder(ONE), openOrder("77")];
    expect(await reconciler.ownOpenOrders()).toMatchObject([{ leg: LEG, clientOrderId: ONE }]);
    port.snapshotFault = new Error("503");
    await expect(reconciler.ownOpenOrders()).rejects.toThrow("503");
  });
});
