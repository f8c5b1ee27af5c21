// The key of an account held for one instance: who gets it, who is refused, and what a lost hold forbids.

import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { ExchangePort, Fence } from "../../src/core/ports.ts";
import { fingerprintOf, holdKey } from "../../src/workers/key-slot.ts";
import { systemClock } from "../../src/workers/system-clock.ts";
import { ScriptedPort } from "./scripted-port.ts";

describe("the key of an account", () => {
  let holder: string | null;
  let isAway: boolean;
  let released: number;
  let fence: Fence;
  let base: string | null;

  beforeEach(() => {
    vi.useFakeTimers();
    holder = null;
    isAway = false;
    released = 0;
    base = null;
    fence = () => "not connected";
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  function hold(): Promise<ExchangePort> {
    return holdKey({
      slots: {
        take: async () => {
          if (isAway) throw new Error("Redis is away");
          return holder;
        },
        release: async () => {
          released += 1;
        },
      },
      clock: systemClock,
      owner: { botId: "eth_grid", epoch: 4, exchange: "hyperliquid", account: "main", key: "k" },
      fence: () => base,
      connect: async (held) => {
        fence = held;
        return new ScriptedPort();
      },
    });
  }

  it("is held while the port is open, and given back when it is closed", async () => {
    const port = await hold();
    await vi.advanceTimersByTimeAsync(30_000);
    expect([fence("place"), fence("cancel"), fence("read")]).toEqual([null, null, null]);
    base = "the lease is old";
    expect(fence("place")).toBe("the lease is old");
    await port.close();
    expect(released).toBe(1);
    expect((port as ScriptedPort).isClosed).toBe(true);
  });

  it("of a bot that has just died is waited for", async () => {
    holder = "sol_mm";
    const port = hold();
    await vi.advanceTimersByTimeAsync(4_000);
    holder = null;
    await vi.advanceTimersByTimeAsync(1_000);
    await expect(port).resolves.toBeInstanceOf(ScriptedPort);
  });

  it("that another bot signs with is refused, with its name", async () => {
    holder = "sol_mm";
    const port = hold().catch((error: unknown) => String(error));
    await vi.advanceTimersByTimeAsync(11_000);
    expect(await port).toBe(
      "UserError: eth_grid cannot use the key of hyperliquid:main: sol_mm signs with it, and hyperliquid takes one process per key; " +
        "stop sol_mm or give eth_grid an account with a key of its own",
    );
  });

  it("opens nothing while Redis is away, cancels go on, and one that is taken signs nothing", async () => {
    await hold();
    isAway = true;
    await vi.advanceTimersByTimeAsync(6_000);
    expect(fence("place")).toMatch(/key of hyperliquid:main is not held by eth_grid/);
    expect(fence("cancel")).toBeNull();
    isAway = false;
    holder = "sol_mm";
    await vi.advanceTimersByTimeAsync(1_000);
    expect(fence("cancel")).toMatch(/not held/);
    holder = null;
    await vi.advanceTimersByTimeAsync(1_000);
    expect(fence("place")).toBeNull();
  });

  it("has a fingerprint that tells nothing of it and does not depend on the order of its fields", () => {
    const print = fingerprintOf({ apiKey: "a", secret: "shh-this-is-secret" });
    expect(print).toMatch(/^[0-9a-f]{24}$/);
    expect(fingerprintOf({ secret: "shh-this-is-secret", apiKey: "a" })).toBe(print);
    expect(fingerprintOf({ apiKey: "b", secret: "shh-this-is-secret" })).not.toBe(print);
  });
});
