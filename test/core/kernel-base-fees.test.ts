// Spot fees in base currency: what they took is not there to be sold, by a flatten, a pause or a drain.

import { describe, expect, it } from "vitest";
import { z } from "zod";
import type { Effect } from "../../src/core/effects.ts";
import type { KernelEvent } from "../../src/core/events.ts";
import type { Instrument } from "../../src/core/instrument.ts";
import { createKernel, type Kernel } from "../../src/core/kernel.ts";
import { applyFill, emptyLedger, heldOf, type PositionLedger, positionOf } from "../../src/core/position-ledger.ts";
import { defineStrategy, type Intent, type Strategy } from "../../src/core/strategy.ts";
import { plain } from "../../src/core/text.ts";
import { lots, ticks } from "../../src/core/units.ts";
import { ETH_PERP, ETH_SPOT } from "./instruments.ts";

const LEG = "main";

function bought(quantity: number, fee: string, feeCurrency = "ETH", instrument: Instrument = ETH_SPOT): PositionLedger {
  const ledger = emptyLedger(instrument);
  applyFill(ledger, instrument, { side: "buy", price: ticks(200_000), quantity: lots(quantity), fee, feeCurrency });
  return ledger;
}

describe("what of a position is there to be sold", () => {
  it.each([
    ["nothing was paid in base", bought(100, "0.1", "USDC"), 100],
    ["a part of a lot is gone: that lot cannot be sold", bought(100, "0.0001"), 99],
    ["a whole lot is gone", bought(100, "0.001"), 99],
    ["more than one", bought(100, "0.0011"), 98],
    ["a rebate in base is left alone", bought(100, "-0.005"), 100],
    ["perps hold no base", bought(100, "0.0011", "ETH", ETH_PERP), 100],
  ])("%s", (_name, ledger, held) => {
    expect(heldOf(ledger, ledger.lotSize === "0.001" && held === 100 ? ETH_PERP : ETH_SPOT)).toBe(held);
    expect(positionOf(ledger, ETH_SPOT)).toBe(100);
  });

  it("carries the dust of many fees, never goes below nothing, and leaves a short as it is", () => {
    const ledger = emptyLedger(ETH_SPOT);
    const trade = (side: "buy" | "sell", quantity: number, fee: string): void => {
      applyFill(ledger, ETH_SPOT, {
        side,
        price: ticks(200_000),
        quantity: lots(quantity),
        fee,
        feeCurrency: side === "buy" ? "ETH" : "USDC",
      });
    };
    for (let count = 0; count < 25; count += 1) trade("buy", 1, "0.0001");
    expect([positionOf(ledger, ETH_SPOT), heldOf(ledger, ETH_SPOT)]).toEqual([25, 22]);
    trade("sell", 22, "0.01");
    expect([positionOf(ledger, ETH_SPOT), heldOf(ledger, ETH_SPOT)]).toEqual([3, 0]);
    trade("buy", 10, "0.0005");
    // 2.5 and 0.5 lots of fees: together three whole ones.
    expect([positionOf(ledger, ETH_SPOT), heldOf(ledger, ETH_SPOT)]).toEqual([13, 10]);
    trade("sell", 20, "0");
    expect(heldOf(ledger, ETH_SPOT)).toBe(-7);
  });
});

class Bench {
  intents: Intent[] = [];
  now = 100_000;
  readonly kernel: Kernel;

  constructor(instrument: Instrument = ETH_SPOT) {
    const strategy = defineStrategy<unknown, object>({
      ...{ name: "scripted", version: 1, summary: plain("scripted"), params: z.unknown(), example: {} },
      legs: (_params, home) => ({ [LEG]: home }),
      preview: () => {
        throw new Error("not asked for here");
      },
      init: () => ({}),
      decide: () => this.intents,
      adapt: (before) => before,
    }) as Strategy;
    const risk = { maxPosition: { [LEG]: 1_000 }, maxOpenOrders: 10 };
    this.kernel = createKernel(
      { botId: "bench", botNumber: 3, strategy, params: {}, instruments: { [LEG]: instrument }, risk, lastCounter: null },
      { state: null, orders: [], market: { at: 1, legs: { [LEG]: { instrument, bestBid: ticks(199_999), bestAsk: ticks(200_001) } } } },
    );
    this.feed({ type: "book", bestBid: 199_999, bestAsk: 200_001 });
    this.feed({ type: "recovered" });
  }

  feed(event: { type: KernelEvent["type"] } & Record<string, unknown>, after = 2_000): readonly Effect[] {
    this.now += after;
    return this.kernel.apply({ leg: LEG, at: this.now, ...event } as unknown as KernelEvent);
  }

  fill(tradeId: string, side: "buy" | "sell", quantity: number, fee: string, clientOrderId: string | null = null): readonly Effect[] {
    const ids = { symbol: ETH_SPOT.ref.symbol, tradeId, exchangeOrderId: `x${clientOrderId}`, clientOrderId };
    const money = { fee, feeCurrency: side === "buy" ? "ETH" : "USDC", liquidity: "taker", at: this.now };
    return this.feed({ type: "fill", fill: { ...ids, side, price: 200_000, quantity, ...money } });
  }

  get status() {
    return this.kernel.status(this.now);
  }
}

function places(effects: readonly Effect[]) {
  return effects.flatMap((effect) => (effect.type === "place" ? [{ ...effect.order, slot: effect.slot }] : []));
}

describe("a spot bot that paid in base", () => {
  it("flattens by selling what is there alone, and is flat with the rest as dust", () => {
    const bench = new Bench();
    bench.fill("t1", "buy", 100, "0.0012");
    expect(bench.status).toMatchObject({ position: "0.098", fees: "2.4" });
    const order = places(bench.feed({ type: "control", desired: "stopped", flatten: true }))[0];
    expect(order).toMatchObject({ side: "sell", quantity: 98, timeInForce: "ioc" });
    bench.feed({ type: "accepted", clientOrderId: order?.clientOrderId, exchangeOrderId: `x${order?.clientOrderId}` });
    bench.fill("t2", "sell", 98, "0", order?.clientOrderId ?? null);
    expect(bench.status).toMatchObject({ state: "stopped", position: "0.000" });
    expect(bench.kernel.snapshot().flatten).toBeNull();
    for (let count = 0; count < 5; count += 1) expect(places(bench.feed({ type: "book", bestBid: 199_999, bestAsk: 200_001 }))).toEqual([]);
  });

  it("a strategy that holds nothing sells no more than there is, one that keeps the spent lots sells the same", () => {
    for (const keep of [0, 2]) {
      const bench = new Bench();
      bench.fill("t1", "buy", 100, "0.0012");
      bench.intents = [{ type: "hold", leg: LEG, quantity: lots(keep), maxSlippageBps: 50 }];
      expect(places(bench.feed({ type: "book", bestBid: 199_999, bestAsk: 200_001 }))).toMatchObject([{ side: "sell", quantity: 98 }]);
    }
  });

  it("pauses with closing orders for what is there, and has drained once that is sold", () => {
    const bench = new Bench();
    bench.fill("t1", "buy", 100, "0.0012");
    const exit = { slot: "x", side: "sell", price: ticks(210_000), quantity: lots(100), closing: true, reason: "exit" } as const;
    bench.intents = [{ type: "quote", leg: LEG, orders: [exit] }];
    const order = places(bench.feed({ type: "control", desired: "draining" }))[0];
    expect(order).toMatchObject({ side: "sell", quantity: 98 });
    bench.feed({ type: "accepted", clientOrderId: order?.clientOrderId, exchangeOrderId: `x${order?.clientOrderId}` });
    expect(bench.status.state).toBe("draining");
    bench.fill("t2", "sell", 98, "0", order?.clientOrderId ?? null);
    expect(bench.status.state).toBe("stopped");
  });

  it("a perpetual is closed whole", () => {
    const bench = new Bench(ETH_PERP);
    bench.fill("t1", "buy", 100, "0.0012");
    expect(places(bench.feed({ type: "control", desired: "stopped", flatten: true }))).toMatchObject([{ side: "sell", quantity: 100 }]);
  });
});
