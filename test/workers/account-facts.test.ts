// Funding and instruments, read now and then: from where, how often, and what a failed read must not conclude.

import { beforeEach, describe, expect, it } from "vitest";
import type { KernelEvent } from "../../src/core/events.ts";
import type { Instrument } from "../../src/core/instrument.ts";
import type { StoredClaim } from "../../src/core/ports.ts";
import { lots } from "../../src/core/units.ts";
import { createFundingReader, type FundingReader } from "../../src/workers/funding-reader.ts";
import { createInstrumentWatch } from "../../src/workers/instrument-watch.ts";
import type { Legs } from "../../src/workers/order-desk.ts";
import { createOwnOrders } from "../../src/workers/own-orders.ts";
import { ETH_PERP, ETH_SPOT } from "../core/instruments.ts";
import { ManualClock } from "./manual-clock.ts";
import { BOT_NUMBER, LEG } from "./scripted-kernel.ts";
import { ScriptedPort } from "./scripted-port.ts";

const HOUR = 3_600_000;

describe("the reading of funding", () => {
  let port: ScriptedPort;
  let clock: ManualClock;
  let events: KernelEvent[];
  let errors: string[];

  beforeEach(() => {
    port = new ScriptedPort();
    port.capabilities = { ...port.capabilities, fundingHistory: true };
    clock = new ManualClock();
    events = [];
    errors = [];
  });

  function reader(claims: readonly StoredClaim[], instrument: Instrument = ETH_PERP): FundingReader {
    const legs = { [LEG]: { instrument, port, own: createOwnOrders(BOT_NUMBER) } };
    return createFundingReader({ legs, clock, claims, post: (event) => events.push(event), onError: (message) => errors.push(message) });
  }
  const claim = (since: number, lastFundingAt: number | null): StoredClaim => ({ ...ETH_PERP.ref, since, lastFundingAt });

  it("hands on each payment with its own time, and goes on from the last complete read", async () => {
    const reading = reader([claim(1_000, null)]);
    port.funding = { entries: [{ id: "a", amount: "-0.5", at: 2_000 }], complete: true };
    await reading.run();
    expect(events).toEqual([{ type: "funding", leg: LEG, id: "a", amount: "-0.5", at: 2_000 }]);
    const readAt = clock.now();
    clock.advance(10 * HOUR);
    await reading.run();
    expect(port.fundingAskedFrom).toEqual([1_000, readAt - 6 * HOUR]);
  });

  it("begins some hours before the newest stored payment, but never before the bot held the symbol", async () => {
    const now = clock.now();
    await reader([claim(now - 100 * HOUR, now - 8 * HOUR)]).run();
    await reader([claim(now - 9 * HOUR, now - 8 * HOUR)]).run();
    await reader([]).run();
    expect(port.fundingAskedFrom).toEqual([now - 14 * HOUR, now - 9 * HOUR, now]);
  });

  it("asks again from the same place after a read that failed or was not whole", async () => {
    const reading = reader([claim(1_000, null)]);
    port.funding = new Error("429");
    await reading.run();
    port.funding = { entries: [{ id: "a", amount: "1", at: 2_000 }], complete: false };
    await reading.run();
    await reading.run();
    expect(port.fundingAskedFrom).toEqual([1_000, 1_000, 1_000]);
    expect(events).toHaveLength(2);
    expect(errors[0]).toContain("429");
    expect(errors[1]).toContain("incomplete");
  });

  it("asks nothing for spot, nor an exchange that does not tell", async () => {
    await reader([], ETH_SPOT).run();
    port.capabilities = { ...port.capabilities, fundingHistory: false };
    await reader([]).run();
    expect(port.fundingAskedFrom).toEqual([]);
  });
});

describe("the watch over instruments", () => {
  it("tells new limits to the kernel, new steps to the process, and lets a failed read pass", async () => {
    const port = new ScriptedPort();
    const legs: Legs = { [LEG]: { instrument: ETH_PERP, port, own: createOwnOrders(BOT_NUMBER) } };
    const events: KernelEvent[] = [];
    const steps: string[] = [];
    const errors: string[] = [];
    const watch = createInstrumentWatch({
      legs,
      clock: new ManualClock(),
      post: (event) => events.push(event),
      onNewSteps: (before, now) => steps.push(`${before.tickSize} -> ${now.tickSize}`),
      onError: (message) => errors.push(message),
    });
    port.described = ETH_PERP;
    await watch.check();
    expect(events).toEqual([]);
    const limited = { ...ETH_PERP, minQuantity: lots(5), revision: "0.01|0.001|5|0" };
    port.described = limited;
    await watch.check();
    await watch.check();
    expect(events).toMatchObject([{ type: "instrument", leg: LEG, instrument: limited }]);
    expect(legs[LEG]?.instrument).toBe(limited);
    port.described = { ...ETH_PERP, tickSize: "0.1", revision: "0.1|0.001|5|0" };
    await watch.check();
    expect(steps).toEqual(["0.01 -> 0.1"]);
    expect(events).toHaveLength(1);
    port.instrument = async () => {
      throw new Error("503");
    };
    await watch.check();
    expect(errors).toEqual(["reading ETH/USDC:USDC again failed: Error: 503"]);
  });
});
