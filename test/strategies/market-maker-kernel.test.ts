// The market maker inside the kernel: what is really sent, cancelled and stopped.

import { describe, expect, it } from "vitest";
import type { Effect, PlaceOrder } from "../../src/core/effects.ts";
import type { KernelEvent } from "../../src/core/events.ts";
import { createKernel, type Kernel } from "../../src/core/kernel.ts";
import type { Strategy } from "../../src/core/strategy.ts";
import { lots, ticks } from "../../src/core/units.ts";
import strategy from "../../src/strategies/market-maker.ts";
import { ETH_PERP } from "../core/instruments.ts";
import { settings } from "./market-maker-desk.ts";

/** An exchange that takes and cancels everything at once and fills what it is told to. */
class Exchange {
  readonly kernel: Kernel;
  readonly placed: PlaceOrder[] = [];
  readonly effects: Effect[] = [];
  canceled = 0;
  at = 1_000_000;
  trades = 0;

  constructor(input: Record<string, unknown>, maxPosition = 10_000) {
    const market = { at: this.at, legs: { main: { instrument: ETH_PERP, bestBid: ticks(9_999), bestAsk: ticks(10_001) } } };
    const risk = { maxPosition: { main: maxPosition }, maxOpenOrders: 100 };
    this.kernel = createKernel(
      {
        botId: "maker",
        botNumber: 7,
        strategy: strategy as Strategy,
        params: settings(input),
        instruments: { main: ETH_PERP },
        risk,
        lastCounter: null,
      },
      { state: null, orders: [], market },
    );
    this.feed({ type: "reconciled", leg: "main", at: this.at, openOrders: [], position: lots(0) });
    this.feed({ type: "recovered", at: this.at });
  }

  feed(event: KernelEvent): void {
    for (const effect of this.kernel.apply(event)) {
      this.effects.push(effect);
      if (effect.type === "place") {
        const { clientOrderId } = effect.order;
        this.placed.push(effect.order);
        this.feed({ type: "accepted", leg: "main", at: this.at, clientOrderId, exchangeOrderId: `x${clientOrderId}` });
      }
      if (effect.type === "cancel") {
        this.canceled += 1;
        const { clientOrderId } = effect;
        this.feed({ type: "canceled", leg: "main", at: this.at, clientOrderId, filledQuantity: lots(0) });
      }
    }
  }

  book(bestBid: number, bestAsk: number): void {
    this.at += 1_000;
    this.feed({ type: "book", leg: "main", at: this.at, bestBid: ticks(bestBid), bestAsk: ticks(bestAsk) });
    this.feed({ type: "time", at: this.at });
  }

  fill(order: PlaceOrder, quantity: number, price: number = order.price): void {
    this.trades += 1;
    const { clientOrderId, side } = order;
    const identity = { tradeId: `t${this.trades}`, exchangeOrderId: `x${clientOrderId}`, clientOrderId, symbol: ETH_PERP.ref.symbol };
    const money = { fee: "0", feeCurrency: "USDC", liquidity: "maker" as const, at: this.at };
    const fill = { ...identity, ...money, side, price: ticks(price), quantity: lots(quantity) };
    this.feed({ type: "fill", leg: "main", at: this.at, fill });
  }

  newest(): PlaceOrder {
    const order = this.placed.at(-1);
    if (order === undefined) throw new Error("nothing was placed");
    return order;
  }
}

describe("market maker in the kernel", () => {
  it("defect 28: an unchanged market for an hour costs no request", () => {
    const exchange = new Exchange({ orderQuantity: "0.05", enableRebalance: false });
    exchange.book(9_999, 10_001);
    expect(exchange.placed).toHaveLength(6);
    for (let second = 0; second < 3_600; second++) exchange.book(9_999, 10_001);
    expect([exchange.placed.length, exchange.canceled]).toEqual([6, 0]);
  });

  it("leaves a partly filled order where it is", () => {
    const exchange = new Exchange({ orderQuantity: "0.05", enableRebalance: false, maxOrders: 1 });
    exchange.book(9_999, 10_001);
    const bid = exchange.placed.find((order) => order.side === "buy");
    if (bid === undefined) throw new Error("a bid rests");
    exchange.fill(bid, 20);
    exchange.book(9_999, 10_001);
    expect([exchange.placed.length, exchange.canceled]).toEqual([2, 0]);
  });

  it("defect 27: after a stop loss nothing is quoted until a person resumes", () => {
    const exchange = new Exchange({ orderQuantity: "0.05", enableRebalance: false, maxOrders: 1, stopLoss: "1", afterStop: "halt" });
    exchange.book(9_999, 10_001);
    const bid = exchange.placed.find((order) => order.side === "buy");
    if (bid === undefined) throw new Error("a bid rests");
    exchange.fill(bid, 50);
    exchange.book(7_989, 7_991);
    const close = exchange.newest();
    expect([close.side, close.quantity, close.reduceOnly, close.timeInForce]).toEqual(["sell", 50, true, "ioc"]);
    exchange.fill(close, 20, 7_989);
    exchange.feed({ type: "canceled", leg: "main", at: exchange.at, clientOrderId: close.clientOrderId, filledQuantity: lots(20) });
    exchange.book(7_989, 7_991);
    exchange.book(7_989, 7_991);
    const rest = exchange.newest();
    expect(rest.quantity).toBe(30);
    exchange.fill(rest, 30, 7_989);
    const before = exchange.placed.length;
    for (let second = 0; second < 300; second++) exchange.book(9_999, 10_001);
    expect(exchange.placed.length).toBe(before);
    expect(exchange.kernel.status(exchange.at)).toMatchObject({ state: "halted", position: "0.000", openOrders: 0 });
  });

  it("never exceeds its cap while orders are replaced, whatever fills", () => {
    const exchange = new Exchange({ orderQuantity: "0.05", maxPosition: "0.1", enableRebalance: false, refreshIntervalS: 0 }, 100);
    for (let turn = 0; turn < 400; turn++) {
      const mid = 10_000 + ((turn * 37) % 91) - 45;
      exchange.book(mid - 1, mid + 1);
      const orders = exchange.kernel.liveOrders();
      const chosen = orders[turn % Math.max(1, orders.length)];
      if (chosen !== undefined && turn % 3 === 0) exchange.fill(chosen, Math.min(17, chosen.quantity - chosen.filledQuantity));
      const position = Number(exchange.kernel.status(exchange.at).position) * 1_000;
      const resting = (side: "buy" | "sell") =>
        exchange.kernel.liveOrders().reduce((sum, order) => sum + (order.side === side ? order.quantity - order.filledQuantity : 0), 0);
      expect(Math.round(position) + resting("buy")).toBeLessThanOrEqual(100);
      expect(resting("sell") - Math.round(position)).toBeLessThanOrEqual(100);
    }
    expect(exchange.trades).toBeGreaterThan(50);
  });

  it("shows its figures beside the kernel's volume and wear", () => {
    const exchange = new Exchange({ orderQuantity: "0.05", enableRebalance: false });
    exchange.book(9_999, 10_001);
    const status = exchange.kernel.status(exchange.at);
    expect(status.report.values?.map(({ value }) => value)).toEqual(["100.00", "0.2000", "0.0000"]);
    expect([status.volume, status.wearRate]).toEqual(["0", "0"]);
  });
});
