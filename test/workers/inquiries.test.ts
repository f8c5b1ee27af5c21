// Orders in doubt: what one look proves, and what only many looks over the request's window prove.

import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { ExchangeFill, KernelEvent } from "../../src/core/events.ts";
import type { Order } from "../../src/core/order.ts";
import { lots, ticks } from "../../src/core/units.ts";
import { createInquiries, type Inquiries } from "../../src/workers/inquiries.ts";
import { createOwnOrders } from "../../src/workers/own-orders.ts";
import { systemClock } from "../../src/workers/system-clock.ts";
import { ETH_PERP } from "../core/instruments.ts";
import { BOT_NUMBER, fill, LEG, order, ownId } from "./scripted-kernel.ts";
import { openOrder, ScriptedPort } from "./scripted-port.ts";

const ONE = ownId(1);

describe("inquiries", () => {
  let port: ScriptedPort;
  let inquiries: Inquiries;
  let events: KernelEvent[];
  let taken: ExchangeFill[];
  let learned: string[];
  const orders = new Map<string, Order>();

  beforeEach(() => {
    vi.useFakeTimers();
    port = new ScriptedPort();
    events = [];
    taken = [];
    learned = [];
    orders.clear();
    inquiries = createInquiries({
      legs: { [LEG]: { instrument: ETH_PERP, port, own: createOwnOrders(BOT_NUMBER) } },
      clock: systemClock,
      post: (event) => events.push(event),
      order: (id) => orders.get(id),
      learn: (_, clientOrderId, exchangeOrderId) => learned.push(`${clientOrderId}=${exchangeOrderId}`),
      takeFills: (_, fills) => taken.push(...fills),
      onError: () => undefined,
    });
  });
  afterEach(() => {
    inquiries.stop();
    vi.useRealTimers();
  });

  function looks(): number {
    return port.calls.filter((call) => call.startsWith("lookup")).length;
  }

  it("says that an order never arrived only after three looks over five seconds and a whole list of fills", async () => {
    orders.set(ONE, order(ONE, { isUnknown: true }));
    inquiries.doubt(ONE);
    inquiries.ask(LEG, ONE);
    await vi.advanceTimersByTimeAsync(4_900);
    expect(looks()).toBeGreaterThanOrEqual(3);
    expect(events).toEqual([]);
    await vi.advanceTimersByTimeAsync(5_000);
    expect(events).toMatchObject([{ type: "neverArrived", clientOrderId: ONE, leg: LEG }]);
    expect(port.calls.at(-1)).toBe("fills");
    const before = looks();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(looks()).toBe(before);
  });

  it("proves nothing with a list of fills that is incomplete", async () => {
    orders.set(ONE, order(ONE, { isUnknown: true }));
    port.fillPage = { fills: [], complete: false };
    inquiries.doubt(ONE);
    inquiries.ask(LEG, ONE);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(events).toEqual([]);
    port.fillPage = { fills: [], complete: true };
    await vi.advanceTimersByTimeAsync(15_000);
    expect(events).toMatchObject([{ type: "neverArrived" }]);
  });

  it("begins to count anew when the doubt begins anew", async () => {
    orders.set(ONE, order(ONE, { isUnknown: true }));
    inquiries.ask(LEG, ONE);
    await vi.advanceTimersByTimeAsync(3_000);
    inquiries.doubt(ONE);
    await vi.advanceTimersByTimeAsync(4_900);
    expect(events).toEqual([]);
    await vi.advanceTimersByTimeAsync(20_000);
    expect(events).toMatchObject([{ type: "neverArrived" }]);
  });

  it("never says so of an order that the exchange once acknowledged", async () => {
    orders.set(ONE, order(ONE, { status: "open", exchangeOrderId: "x1" }));
    inquiries.ask(LEG, ONE);
    await vi.advanceTimersByTimeAsync(120_000);
    expect(events).toEqual([]);
    port.lookupOutcome = () => ({ found: "closed", status: "canceled", exchangeOrderId: "x1", filledQuantity: lots(0) });
    await vi.advanceTimersByTimeAsync(15_000);
    expect(events).toMatchObject([{ type: "canceled", filledQuantity: 0 }]);
  });

  it("asks with growing pauses", async () => {
    orders.set(ONE, order(ONE, { status: "open", exchangeOrderId: "x1" }));
    inquiries.ask(LEG, ONE);
    await vi.advanceTimersByTimeAsync(120_000);
    expect(looks()).toBeLessThan(15);
    expect(looks()).toBeGreaterThan(8);
  });

  it("takes silence and errors for no answer at all", async () => {
    orders.set(ONE, order(ONE, { isUnknown: true }));
    port.lookupOutcome = () => ({ found: "unknown", message: "timeout" });
    inquiries.doubt(ONE);
    inquiries.ask(LEG, ONE);
    await vi.advanceTimersByTimeAsync(30_000);
    expect(events).toEqual([]);
    expect(inquiries.open).toBe(1);
  });

  it("finds an open order and tells its exchange id", async () => {
    orders.set(ONE, order(ONE, { isUnknown: true }));
    port.lookupOutcome = () => ({ found: "open", order: openOrder(ONE) });
    inquiries.ask(LEG, ONE);
    await vi.advanceTimersByTimeAsync(0);
    expect(events).toMatchObject([{ type: "accepted", clientOrderId: ONE, exchangeOrderId: `x${ONE}`, filledQuantity: 0 }]);
    expect(learned).toEqual([`${ONE}=x${ONE}`]);
    expect(inquiries.open).toBe(0);
  });

  it("reads the fills of a filled order first, and looks again while they are missing from the list", async () => {
    const doubtful = order(ONE, { isUnknown: true });
    orders.set(ONE, doubtful);
    port.lookupOutcome = () => ({ found: "closed", status: "filled", exchangeOrderId: "x1", filledQuantity: lots(10) });
    inquiries.ask(LEG, ONE);
    await vi.advanceTimersByTimeAsync(0);
    expect(taken).toEqual([]);
    expect(inquiries.open).toBe(1);
    port.fillPage = { fills: [fill("t1", ONE)], complete: true };
    await vi.advanceTimersByTimeAsync(500);
    expect(taken).toMatchObject([{ tradeId: "t1" }]);
    Object.assign(doubtful, { status: "filled", filledQuantity: lots(10), reportedFilledQuantity: lots(10), isUnknown: false });
    await vi.advanceTimersByTimeAsync(5_000);
    expect(inquiries.open).toBe(0);
  });

  it("takes a whole fill of fewer lots than we think the order has for its end: an unanswered amend made it smaller", async () => {
    const amending = { price: ticks(248_000), quantity: lots(6), isUnanswered: true };
    orders.set(ONE, order(ONE, { status: "open", exchangeOrderId: "x1", filledQuantity: lots(6), amending }));
    port.lookupOutcome = () => ({ found: "closed", status: "filled", exchangeOrderId: "x1", filledQuantity: lots(6) });
    inquiries.ask(LEG, ONE);
    await vi.advanceTimersByTimeAsync(0);
    expect(events).toMatchObject([{ type: "canceled", clientOrderId: ONE, filledQuantity: 6, expired: false }]);
    expect(inquiries.open).toBe(0);
  });

  it("tells that an unanswered amend has landed once a look shows it, and concludes nothing from one that does not", async () => {
    const amending = { price: ticks(248_000), quantity: lots(12), isUnanswered: true };
    orders.set(ONE, order(ONE, { status: "open", exchangeOrderId: "x1", amending }));
    port.lookupOutcome = () => ({ found: "open", order: openOrder(ONE, { exchangeOrderId: "x1" }) });
    inquiries.ask(LEG, ONE);
    await vi.advanceTimersByTimeAsync(0);
    expect(events).toMatchObject([{ type: "accepted" }]);
    const changed = openOrder(ONE, { exchangeOrderId: "x9", price: ticks(248_000), quantity: lots(12) });
    port.lookupOutcome = () => ({ found: "open", order: changed });
    inquiries.ask(LEG, ONE);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(events.slice(1)).toMatchObject([
      { type: "accepted", exchangeOrderId: "x9" },
      { type: "amended", exchangeOrderId: "x9", price: 248_000, quantity: 12 },
    ]);
  });

  it("looks for at most three orders at a time", async () => {
    let open = 0;
    let most = 0;
    const answers: (() => void)[] = [];
    port.lookup = async () => {
      open += 1;
      most = Math.max(most, open);
      await new Promise<void>((resolve) => answers.push(resolve));
      open -= 1;
      return { found: "unknown", message: "" };
    };
    for (let counter = 1; counter <= 8; counter += 1) {
      orders.set(ownId(counter), order(ownId(counter), { isUnknown: true }));
      inquiries.ask(LEG, ownId(counter));
    }
    expect(inquiries.unlooked).toBe(8);
    while (inquiries.unlooked > 0) {
      await vi.advanceTimersByTimeAsync(0);
      answers.shift()?.();
      await vi.advanceTimersByTimeAsync(0);
    }
    expect(most).toBe(3);
  });
});
