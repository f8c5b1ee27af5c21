// One instance with the real adapter at the emulated Aster: its settings, and what becomes of its orders when it dies or leaves.

import { pino } from "pino";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { z } from "zod";
import { type BotConfig, botConfigSchema } from "../../src/core/bot-config.ts";
import type { Clock } from "../../src/core/ports.ts";
import { defineStrategy, type Strategy } from "../../src/core/strategy.ts";
import { plain } from "../../src/core/text.ts";
import { lots, type Ticks, ticks } from "../../src/core/units.ts";
import { sealCredentials } from "../../src/exchanges/account.ts";
import type { ExchangeSim } from "../../src/sim/exchange-sim.ts";
import { type Instance, startInstance } from "../../src/workers/instance.ts";
import type { Begin, Directive, ExitReason, FromInstance } from "../../src/workers/protocol.ts";
import { systemClock } from "../../src/workers/system-clock.ts";
import { connectTo } from "../exchanges/stub-exchange.ts";
import { type AsterClient, accountOf, calm, connectAster, startAster } from "../sim/aster-client.ts";
import { until } from "../sim/loopback-exchange.ts";

const SYMBOL = "ETH/USDT:USDT";
const RUN: Directive = { sequence: 1, desired: "running", halt: null, flatten: false };

/** Wishes one bid three percent below the market. */
const BID = defineStrategy<unknown, Record<string, never>>({
  ...{ name: "bid", version: 1, summary: plain("bid"), params: z.unknown(), example: {} },
  legs: (_params, home) => ({ main: home }),
  preview: () => {
    throw new Error("not asked for here");
  },
  init: () => ({}),
  decide: (_state, _event, view) => {
    const bid = view.legs.main?.bestBid ?? null;
    if (bid === null) return [];
    const price = ticks(Math.round(bid * 0.97)) as Ticks;
    const order = { slot: "bid", side: "buy", price, quantity: lots(100), postOnly: true, reason: "test" } as const;
    return [{ type: "quote", leg: "main", orders: [order] }];
  },
  adapt: (state) => state,
}) as Strategy;

/** The machine's clock, which a test can put forward: the exchange's alone. */
class ShiftedClock implements Clock {
  aheadMs = 0;
  now(): number {
    return Date.now() + this.aheadMs;
  }
  monotonic(): number {
    return performance.now() + this.aheadMs;
  }
}

describe("a bot on Aster", () => {
  let clock: ShiftedClock;
  let sim: ExchangeSim;
  let client: AsterClient;
  let sent: FromInstance[];
  let isOurs: boolean;
  let ended: ExitReason | null;
  let instance: Instance;

  beforeEach(async () => {
    clock = new ShiftedClock();
    sim = await startAster({ clock });
    await calm(sim);
    client = await connectAster(sim);
    await client.loadMarkets();
    sent = [];
    isOurs = true;
    ended = null;
  });
  afterEach(async () => {
    instance.shutdown("keep");
    await instance.ended;
    await client.close();
    await sim.close();
  });

  async function begin(more: Partial<BotConfig> = {}): Promise<void> {
    const config = botConfigSchema.parse({
      ...{ id: "eth_bid", strategy: "bid", params: {}, exchange: "aster", account: "sim", symbol: SYMBOL, mode: "sim" },
      ...{ risk: { maxPosition: "10" }, ...more },
    });
    const stored = { state: null, openOrders: [], lastCounter: null, lastFillAt: null, claims: [] };
    const message: Begin = {
      ...{ type: "begin", config, number: 3, epoch: 4, holder: "worker", host: "here", stored, strategyFolders: [] },
      ...{ firstStartedAt: null, directive: RUN, redisUrl: "", limits: {}, logLevel: "silent", configVersion: 1, numbers: {} },
      ...{ timezone: "UTC", accounts: [{ exchange: "aster", account: "sim", mode: "sim", credentials: {} }] },
    };
    instance = startInstance(message, {
      send: (said) => sent.push(said),
      connect: async ({ exchange, account, mode }) => {
        const credentials = sealCredentials(accountOf(sim).credentials);
        return (await connectTo({ exchange, account, mode, credentials, url: sim.url, wsUrl: sim.wsUrl })).port;
      },
      leases: { acquire: async () => true, renew: async () => isOurs, release: async () => undefined, holder: async () => null },
      ledger: { commit: async (rows) => rows.map(() => "stored") },
      strategies: new Map([["bid", BID]]),
      clock: systemClock,
      log: pino({ level: "silent" }),
      pid: 42,
    });
    void instance.ended.then((reason) => {
      ended = reason;
    });
  }

  const account = () => sim.exchange.state.account("sim");
  const open = () => account().open.size;
  /** When the exchange would cancel, ms from now; null when the switch is off. */
  function goesOffIn(): number | null {
    const at = [...account().countdowns.values()][0];
    return at === undefined ? null : at - clock.now();
  }

  async function quoting(): Promise<void> {
    await until("an order and a switch that is set", () => open() === 1 && goesOffIn() !== null);
  }

  it("that dies is cleaned up after by the exchange within a minute, and not before", async () => {
    await begin();
    await quoting();
    expect(goesOffIn()).toBeGreaterThan(55_000);
    // Its process stops here: nothing is renewed, canceled or switched off any more.
    isOurs = false;
    await until("the end of the process", () => ended === "fenced");
    expect(open()).toBe(1);
    clock.aheadMs += (goesOffIn() ?? 0) - 2_000;
    await new Promise((resolve) => setImmediate(resolve));
    expect(open()).toBe(1);
    clock.aheadMs += 2_000;
    await until("the exchange to cancel", () => open() === 0);
    expect(goesOffIn()).toBeNull();
  });

  it("that leaves in order and keeps its orders switches off, and they stay", async () => {
    await begin({ onShutdown: "keep" });
    await quoting();
    instance.shutdown("keep");
    await until("the end of the process", () => ended === "asked");
    expect(goesOffIn()).toBeNull();
    clock.aheadMs += 120_000;
    sim.exchange.tick();
    expect(open()).toBe(1);
  });

  it("that is stopped leaves neither orders nor a switch behind", async () => {
    await begin();
    await quoting();
    instance.directive({ ...RUN, sequence: 2, desired: "stopped" });
    await until("nothing left", () => open() === 0 && goesOffIn() === null);
  });

  it("has its leverage and margin mode set before its first order, and shows them", async () => {
    await begin({ perp: { leverage: 7, marginMode: "isolated" } });
    await quoting();
    const [row] = (await client.fapiPrivateGetV3PositionRisk({ symbol: "ETHUSDT" })) as unknown as Record<string, unknown>[];
    expect(row).toMatchObject({ leverage: "7", marginType: "isolated" });
    await until("a status with both", () => {
      const last = sent.findLast((message) => message.type === "status");
      return last?.type === "status" && last.status.legs?.[0]?.leverage === 7 && last.status.legs[0].marginMode === "isolated";
    });
  });

  it("is refused with the exchange's words when a change is refused, and opens nothing", async () => {
    await client.createOrder(SYMBOL, "limit", "buy", 0.1, 2_000, {});
    await begin({ perp: { marginMode: "isolated" } });
    await until("the refusal", () => ended === "refused");
    const said = sent.find((message) => message.type === "refused");
    expect(said?.type === "refused" ? said.reason.en : "").toMatch(
      /^eth_bid opens nothing: aster:sim:ETH\/USDT:USDT could not be set to isolated: .*Margin type cannot be changed if there exists open orders/,
    );
    expect(open()).toBe(1);
  });

  it("is refused while its account is in hedge mode", async () => {
    await client.fapiPrivatePostV3PositionSideDual({ dualSidePosition: "true" });
    await begin();
    await until("the refusal", () => ended === "refused");
    const said = sent.find((message) => message.type === "refused");
    expect(said?.type === "refused" ? said.reason.en : "").toMatch(/account aster:sim is in hedge mode/);
    expect(open()).toBe(0);
  });
});
