// A kernel that answers events with what a test says, and remembers the events.

import { encodeClientOrderId } from "../../src/core/client-order-id.ts";
import type { Effect } from "../../src/core/effects.ts";
import type { ExchangeFill, KernelEvent } from "../../src/core/events.ts";
import type { Kernel, KernelState, KernelStatus } from "../../src/core/kernel.ts";
import type { Order } from "../../src/core/order.ts";
import { lots, ticks } from "../../src/core/units.ts";

export const LEG = "main";
export const BOT_NUMBER = 3;

/** The client order id of this bot's order number `counter`. */
export function ownId(counter: number): string {
  return encodeClientOrderId(BOT_NUMBER, counter);
}

export class ScriptedKernel implements Kernel {
  readonly events: KernelEvent[] = [];
  readonly orders = new Map<string, Order>();
  answer: (event: KernelEvent) => readonly Effect[] = () => [];
  state: KernelState = { step: 0 };
  currentStatus: KernelStatus = {
    state: "running",
    position: "0",
    averageEntryPrice: null,
    lastPrice: null,
    realizedPnl: "0",
    unrealizedPnl: "0",
    fees: "0",
    otherFees: {},
    funding: "0",
    netPnl: "0",
    volume: "0",
    wearRate: "0",
    currency: "USDC",
    openOrders: 0,
    unknownOrders: 0,
    fills: 0,
    lastBookAt: null,
    haltReason: null,
    report: {},
  };

  apply(event: KernelEvent): readonly Effect[] {
    this.events.push(event);
    this.state = { step: this.events.length };
    return this.answer(event);
  }

  snapshot(): KernelState {
    return this.state;
  }

  status(): KernelStatus {
    return this.currentStatus;
  }

  liveOrders(): readonly Order[] {
    return [...this.orders.values()];
  }

  order(clientOrderId: string): Order | undefined {
    return this.orders.get(clientOrderId);
  }

  lastFillAt(): number | null {
    return null;
  }

  /** Types of the events so far, with the order they name. */
  get log(): string[] {
    return this.events.map((event) => ("clientOrderId" in event ? `${event.type} ${event.clientOrderId}` : event.type));
  }
}

export function order(clientOrderId: string, more: Partial<Order> = {}): Order {
  return {
    clientOrderId,
    leg: LEG,
    slot: "level1:entry",
    side: "buy",
    price: ticks(249_000),
    wishedPrice: ticks(249_000),
    amending: null,
    quantity: lots(10),
    timeInForce: "gtc",
    postOnly: true,
    reduceOnly: false,
    reason: "test",
    decision: 1,
    createdAt: 0,
    exchangeOrderId: null,
    status: "submitted",
    isUnknown: false,
    filledQuantity: lots(0),
    reportedFilledQuantity: lots(0),
    updatedAt: 0,
    ...more,
  };
}

export function placeEffect(clientOrderId: string, urgency: "close" | "open" = "open"): Effect {
  const { side, price, quantity, timeInForce, postOnly, reduceOnly, slot, reason, decision } = order(clientOrderId);
  return {
    type: "place",
    leg: LEG,
    order: { clientOrderId, side, price, quantity, timeInForce, postOnly, reduceOnly },
    slot,
    reason,
    decision,
    urgency,
  };
}

export function fill(tradeId: string, clientOrderId: string | null, more: Partial<ExchangeFill> = {}): ExchangeFill {
  return {
    symbol: "ETH/USDC:USDC",
    tradeId,
    exchangeOrderId: `x${clientOrderId}`,
    clientOrderId,
    side: "buy",
    price: ticks(249_000),
    quantity: lots(10),
    fee: "0.01",
    feeCurrency: "USDC",
    liquidity: "maker",
    at: 5,
    ...more,
  };
}
