// Whose orders and fills are ours, on exchanges whose ids are unique within a symbol only.

import { describe, expect, it } from "vitest";
import { lots } from "../../src/core/units.ts";
import { createDriver } from "../../src/workers/driver.ts";
import { createOwnOrders } from "../../src/workers/own-orders.ts";
import { systemClock } from "../../src/workers/system-clock.ts";
import { ETH_PERP } from "../core/instruments.ts";
import { BOT_NUMBER, fill, ownId, ScriptedKernel } from "./scripted-kernel.ts";
import { ScriptedPort } from "./scripted-port.ts";

const ETH = ETH_PERP.ref.symbol;
const SOL = "SOL/USDC:USDC";
const [ONE, TWO] = [ownId(1), ownId(2)];

describe("own orders", () => {
  it("keeps the same exchange order id of two symbols apart", () => {
    const own = createOwnOrders(BOT_NUMBER);
    own.learn(ETH, ONE, "7");
    expect(own.clientOrderIdOf({ symbol: SOL, clientOrderId: null, exchangeOrderId: "7" })).toBeNull();
    own.learn(SOL, TWO, "7");
    expect(own.clientOrderIdOf({ symbol: ETH, clientOrderId: null, exchangeOrderId: "7" })).toBe(ONE);
    expect(own.clientOrderIdOf({ symbol: SOL, clientOrderId: null, exchangeOrderId: "7" })).toBe(TWO);
  });

  it("takes a waiting fill for its own symbol's order, and both fills when trade and order ids are alike", () => {
    const own = createOwnOrders(BOT_NUMBER);
    const [eth, sol] = [ETH, SOL].map((symbol) => fill("1", null, { symbol, exchangeOrderId: "7" }));
    if (eth === undefined || sol === undefined) throw new Error("no fills");
    expect([own.claim(eth), own.claim(sol)]).toEqual([null, null]);
    expect(own.learn(SOL, TWO, "7")).toEqual([{ ...sol, clientOrderId: TWO }]);
    expect(own.claim(eth)).toBeNull();
    expect(own.learn(ETH, ONE, "7")).toEqual([{ ...eth, clientOrderId: ONE }]);
    expect([own.claim(eth), own.claim(sol)]).toEqual([null, null]);
  });

  it("two legs on one account: each fill reaches its own leg, whichever is learned first", async () => {
    const kernel = new ScriptedKernel();
    const port = new ScriptedPort();
    const own = createOwnOrders(BOT_NUMBER);
    const other = { ...ETH_PERP, ref: { ...ETH_PERP.ref, symbol: SOL } };
    const driver = createDriver({
      ...{ owner: { botId: "pair", epoch: 1 }, mode: "sim", strategy: { name: "pair", version: 1 }, kernel, clock: systemClock },
      legs: { eth: { instrument: ETH_PERP, port, own }, sol: { instrument: other, port, own } },
      ledger: { commit: async (rows) => rows.map(() => "stored") },
      ...{ fence: () => null, isUrgent: () => false, flattensOnBreach: false, onFill: () => undefined, onEnd: () => undefined },
      ...{ onAdjusted: () => undefined, onState: () => undefined, onError: () => undefined, onFatal: () => undefined },
    });
    driver.takeFills("eth", [fill("1", null, { symbol: ETH, exchangeOrderId: "7", quantity: lots(3) })]);
    driver.takeFills("sol", [fill("1", null, { symbol: SOL, exchangeOrderId: "7", quantity: lots(5) })]);
    driver.learn("sol", TWO, "7");
    driver.learn("eth", ONE, "7");
    await Promise.resolve();
    expect(kernel.events).toMatchObject([
      { type: "fill", leg: "sol", fill: { symbol: SOL, clientOrderId: TWO, quantity: 5 } },
      { type: "fill", leg: "eth", fill: { symbol: ETH, clientOrderId: ONE, quantity: 3 } },
    ]);
    driver.stop();
  });
});
