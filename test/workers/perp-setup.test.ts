// Leverage, margin mode and position mode before the first order: set, looked at, and what a refusal does.

import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { BotConfig } from "../../src/core/bot-config.ts";
import type { PerpSettings } from "../../src/core/ports.ts";
import { UserError } from "../../src/core/text.ts";
import { ExchangeReadError } from "../../src/exchanges/outcome.ts";
import { createOwnOrders } from "../../src/workers/own-orders.ts";
import { createPerpSetup, type PerpSetup } from "../../src/workers/perp-setup.ts";
import type { Directive } from "../../src/workers/protocol.ts";
import { ETH_PERP, ETH_SPOT } from "../core/instruments.ts";
import { ScriptedPort } from "./scripted-port.ts";

const RUN: Directive = { sequence: 1, desired: "running", halt: null, flatten: false };

class PerpPort extends ScriptedPort {
  settings: PerpSettings | null = { leverage: 20, marginMode: "cross" };
  mode: "oneWay" | "hedge" | null = "oneWay";
  readonly asked: string[] = [];
  fault: Error | null = null;
  /** The exchange says yes and does nothing. */
  isDeaf = false;

  async setPerp(_symbol: string, wish: PerpSettings): Promise<void> {
    this.asked.push(JSON.stringify(wish));
    if (this.fault !== null) throw this.fault;
    if (!this.isDeaf && this.settings !== null) this.settings = { ...this.settings, ...wish };
  }
  async perpSettings(): Promise<PerpSettings | null> {
    this.asked.push("settings");
    return this.settings;
  }
  async positionMode(): Promise<"oneWay" | "hedge" | null> {
    this.asked.push("mode");
    return this.mode;
  }
}

describe("the settings of perpetuals", () => {
  let port: PerpPort;
  let directive: Directive;
  let isFlat: boolean;
  let ready: number;
  let troubles: string[];
  let errors: string[];

  beforeEach(() => {
    vi.useFakeTimers();
    port = new PerpPort();
    directive = RUN;
    isFlat = true;
    ready = 0;
    troubles = [];
    errors = [];
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  function setup(perp?: BotConfig["perp"], instrument = ETH_PERP, exchange: ScriptedPort = port): PerpSetup {
    return createPerpSetup({
      legs: { main: { instrument, port: exchange, own: createOwnOrders(3) } },
      config: { id: "eth_grid", mode: "sim", ...(perp === undefined ? {} : { perp }) },
      signal: new AbortController().signal,
      directive: () => directive,
      isLeaving: () => false,
      isFlat: () => isFlat,
      onReady: () => {
        ready += 1;
      },
      onTrouble: (why) => troubles.push(why.en),
      onError: (message) => errors.push(message),
    });
  }

  it("are set before anything may open, and looked at", async () => {
    const perp = setup({ leverage: 7, marginMode: "isolated" });
    expect(perp.allowed().desired).toBe("paused");
    await perp.prepare();
    expect(port.asked).toEqual(["mode", "settings", '{"leverage":7,"marginMode":"isolated"}', "settings"]);
    expect(perp.allowed()).toBe(directive);
    expect(perp.settingsOf(ETH_PERP.ref)).toEqual({ leverage: 7, marginMode: "isolated" });
  });

  it("that are so already are not set again: an exchange refuses a change beside open orders", async () => {
    const perp = setup({ leverage: 20 });
    await perp.prepare();
    expect(port.asked).toEqual(["mode", "settings"]);
    expect(perp.settingsOf(ETH_PERP.ref)).toEqual({ leverage: 20, marginMode: "cross" });
  });

  it("that nobody wishes are only read", async () => {
    const perp = setup();
    await perp.prepare();
    expect(port.asked).toEqual(["mode", "settings"]);
    expect(perp.allowed().desired).toBe("running");
  });

  it("are nobody's business on spot, or while the bot may not open", async () => {
    await setup({ leverage: 3 }, ETH_SPOT).prepare();
    directive = { ...RUN, desired: "paused" };
    await setup({ leverage: 3 }).prepare();
    directive = { ...RUN, halt: { en: "panic", "zh-TW": "緊急" } };
    await setup({ leverage: 3 }).prepare();
    expect(port.asked).toEqual([]);
  });

  it("that an exchange refuses end a flat bot with its words", async () => {
    port.fault = new ExchangeReadError("rejected", "settings of ETH/USDC:USDC: -4028 Leverage is not valid.");
    const error = await setup({ leverage: 9 })
      .prepare()
      .catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(UserError);
    expect((error as UserError).text).toEqual({
      en: "eth_grid opens nothing: backpack:sim:ETH/USDC:USDC could not be set to 9x: settings of ETH/USDC:USDC: -4028 Leverage is not valid.",
      "zh-TW": "eth_grid 不會開倉：無法將 backpack:sim:ETH/USDC:USDC 設為 9 倍：settings of ETH/USDC:USDC: -4028 Leverage is not valid.",
    });
  });

  it("that an exchange refuses let a bot with a position go on closing, which is told once", async () => {
    isFlat = false;
    port.fault = new ExchangeReadError("rejected", "-4048 there is a position");
    const perp = setup({ marginMode: "isolated" });
    await perp.prepare();
    expect(perp.allowed()).toEqual({ ...RUN, desired: "paused" });
    expect(perp.trouble?.en).toContain("-4048");
    perp.again();
    await vi.advanceTimersByTimeAsync(10);
    expect(troubles).toHaveLength(1);
    port.fault = null;
    perp.again();
    await vi.advanceTimersByTimeAsync(10);
    expect(ready).toBe(1);
    expect(perp.trouble).toBeNull();
    expect(perp.allowed()).toBe(directive);
  });

  it("are asked for until somebody answers, or nothing is wanted any more", async () => {
    port.fault = new ExchangeReadError("transient", "timeout");
    const perp = setup({ leverage: 5 });
    const done = perp.prepare();
    await vi.advanceTimersByTimeAsync(3_000);
    expect(errors.length).toBeGreaterThanOrEqual(2);
    port.fault = null;
    await vi.advanceTimersByTimeAsync(2_000);
    await done;
    expect(perp.allowed().desired).toBe("running");
    port.fault = new ExchangeReadError("transient", "timeout");
    const other = setup({ leverage: 6 });
    const stopped = other.prepare();
    directive = { ...RUN, desired: "stopped" };
    await vi.advanceTimersByTimeAsync(2_000);
    await stopped;
    directive = RUN;
    expect(other.allowed().desired).toBe("paused");
  });

  it("are not believed when the exchange says yes and shows something else", async () => {
    port.isDeaf = true;
    await expect(setup({ leverage: 5 }).prepare()).rejects.toThrow(/could not be set to 5x: the exchange still says 20x cross$/);
  });

  it("are refused before anything is sent when the instrument allows less, and where nothing can be set", async () => {
    await expect(setup({ leverage: 50 }, { ...ETH_PERP, maxLeverage: 25 }).prepare()).rejects.toThrow(/largest leverage is 25/);
    expect(port.asked).toEqual(["mode", "settings"]);
    await expect(setup({ leverage: 2 }, ETH_PERP, new ScriptedPort()).prepare()).rejects.toThrow(/chosen at the exchange itself/);
  });

  it("of an exchange that does not tell are taken as set", async () => {
    port.settings = null;
    const perp = setup({ leverage: 4 });
    await perp.prepare();
    expect(perp.settingsOf(ETH_PERP.ref)).toEqual({ leverage: 4 });
  });

  it("in hedge mode refuse the bot, whatever it wishes", async () => {
    port.mode = "hedge";
    await expect(setup().prepare()).rejects.toThrow(/account backpack:sim is in hedge mode; switch it to one-way mode/);
  });
});
