// What streams say, as the kernel hears it: whole fills, shortened orders, replaced ids, and the market's last price.

import { beforeEach, describe, expect, it } from "vitest";
import type { KernelEvent } from "../../src/core/events.ts";
import type { Order } from "../../src/core/order.ts";
import type { ExchangeEvent } from "../../src/core/ports.ts";
import { lots, ticks } from "../../src/core/units.ts";
import { followEvents } from "../../src/workers/event-feed.ts";
import { createInbox } from "../../src/workers/inbox.ts";
import { createOwnOrders } from "../../src/workers/own-orders.ts";
import { ETH_PERP } from "../core/instruments.ts";
import { ManualClock } from "./manual-clock.ts";
import { BOT_NUMBER, LEG, order, ownId } from "./scripted-kernel.ts";
import { ScriptedPort } from "./scripted-port.ts";

const ONE = ownId(1);
const { symbol } = ETH_PERP.ref;

describe("the event feed", () => {
  let port: ScriptedPort;
  let events: KernelEvent[];
  const orders = new Map<string, Order>();

  beforeEach(() => {
    port = new ScriptedPort();
    events = [];
    orders.clear();
  });

  async function hear(...told: ExchangeEvent[]): Promise<void> {
    const stop = new AbortController();
    const options = {
      legs: { [LEG]: { instrument: ETH_PERP, port, own: createOwnOrders(BOT_NUMBER) } },
      clock: new ManualClock(),
      post: (event: KernelEvent) => void events.push(event),
      ...{ takeFills: () => undefined, learn: () => undefined, onBook: () => undefined, onGap: () => undefined, onError: () => undefined },
      order: (id: string) => orders.get(id),
    };
    const following = followEvents(options, stop.signal);
    for (const event of told) port.emit(event);
    for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
    stop.abort();
    await following;
  }

  function report(status: "open" | "filled" | "canceled" | "expired", filled: number, exchangeOrderId = "x1"): ExchangeEvent {
    return { type: "order", symbol, clientOrderId: ONE, exchangeOrderId, status, filledQuantity: lots(filled), at: 1 };
  }

  it("a whole fill is told as accepted; of fewer lots than we think the order has, it is the order's end", async () => {
    orders.set(ONE, order(ONE, { status: "open", exchangeOrderId: "x1" }));
    await hear(report("filled", 10), report("filled", 6), report("open", 3), report("expired", 2));
    expect(events).toMatchObject([
      { type: "accepted", filledQuantity: 10 },
      { type: "canceled", filledQuantity: 6, expired: false },
      { type: "accepted", filledQuantity: 3 },
      { type: "canceled", filledQuantity: 2, expired: true },
    ]);
  });

  it("counts the larger quantity while nobody knows what became of an amend", async () => {
    const amending = { price: ticks(249_000), quantity: lots(15), isUnanswered: true };
    orders.set(ONE, order(ONE, { status: "open", exchangeOrderId: "x1", amending }));
    await hear(report("filled", 10), report("filled", 15));
    expect(events).toMatchObject([
      { type: "canceled", filledQuantity: 10 },
      { type: "accepted", filledQuantity: 15 },
    ]);
  });

  it("passes over the end of an order that an amend has replaced by another id, and over orders that it forgot", async () => {
    orders.set(ONE, order(ONE, { status: "open", exchangeOrderId: "x2" }));
    await hear(report("canceled", 0, "x1"));
    expect(events).toEqual([]);
    await hear(report("canceled", 0, "x2"));
    expect(events).toMatchObject([{ type: "canceled" }]);
    orders.clear();
    await hear(report("canceled", 0, "x2"));
    expect(events).toHaveLength(1);
  });

  it("tells the market's last price to its leg; of several that wait the kernel hears the newest", async () => {
    await hear(
      { type: "last", symbol, price: ticks(250_003), at: 1 },
      { type: "last", symbol: "SOL/USDC:USDC", price: ticks(9), at: 2 },
      { type: "last", symbol, price: ticks(250_007), at: 3 },
    );
    expect(events).toMatchObject([
      { type: "last", leg: LEG, price: 250_003 },
      { type: "last", leg: LEG, price: 250_007 },
    ]);
    const inbox = createInbox();
    for (const event of events) inbox.push(event);
    expect([inbox.take(), inbox.take()]).toMatchObject([{ price: 250_007 }, undefined]);
  });
});
