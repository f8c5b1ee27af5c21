// The dead-man switch of a bot with scripted exchanges: who is told what, when, and what a process leaves behind.

import { beforeEach, describe, expect, it } from "vitest";
import type { BotConfig } from "../../src/core/bot-config.ts";
import type { DeadManFacts, DeadManVote } from "../../src/core/dead-man.ts";
import type { Instrument } from "../../src/core/instrument.ts";
import type { Capabilities } from "../../src/core/ports.ts";
import { ExchangeReadError } from "../../src/exchanges/outcome.ts";
import type { DeadManBallot } from "../../src/storage/dead-man-votes.ts";
import { createDeadManSwitch, type DeadManSwitch } from "../../src/workers/dead-man-switch.ts";
import { createOwnOrders } from "../../src/workers/own-orders.ts";
import { ETH_PERP, ETH_SPOT } from "../core/instruments.ts";
import { ManualClock } from "./manual-clock.ts";
import { ScriptedPort } from "./scripted-port.ts";

const SOL_PERP: Instrument = { ...ETH_PERP, ref: { ...ETH_PERP.ref, symbol: "SOL/USDC:USDC" } };

class SwitchPort extends ScriptedPort {
  readonly words: string[] = [];
  fault: Error | null = null;

  constructor(more: Partial<Capabilities>) {
    super();
    this.capabilities = { ...this.capabilities, deadManSwitch: true, ...more };
  }

  async deadManSwitch(symbols: readonly string[], timeoutMs: number | null): Promise<void> {
    this.words.push(`${symbols.join("+")} ${timeoutMs ?? "off"}`);
    if (this.fault !== null) throw this.fault;
  }
}

describe("a bot's dead-man switch", () => {
  let clock: ManualClock;
  let facts: Omit<DeadManFacts, "isEnabled">;
  let fence: string | null;
  let errors: string[];
  let ballot: DeadManBallot;
  let votes: string[];

  beforeEach(() => {
    clock = new ManualClock();
    facts = { isTrading: true, isResting: false, isInDoubt: false, liveOrders: 2, keepsOrders: false };
    fence = null;
    errors = [];
    ballot = { isOwner: true, others: [] };
    votes = [];
  });

  function switchOf(port: SwitchPort, config: Partial<BotConfig> = {}, instruments: readonly Instrument[] = [ETH_PERP]): DeadManSwitch {
    const own = createOwnOrders(3);
    return createDeadManSwitch({
      legs: Object.fromEntries(instruments.map((instrument, index) => [`leg${index}`, { instrument, port, own }])),
      config: { id: "eth_grid", mode: "sim", ...config },
      clock,
      fence: () => fence,
      votes: {
        vote: async ({ exchange, account }, botId, { agrees, wants }) => {
          votes.push(`${exchange}:${account} ${botId} ${agrees} ${wants}`);
          return ballot;
        },
        leave: async (_, botId) => void votes.push(`${botId} left`),
      },
      facts: () => facts,
      onError: (message) => errors.push(message),
    });
  }

  async function run(unit: DeadManSwitch, seconds: number): Promise<void> {
    for (let second = 0; second < seconds; second += 1) {
      await unit.look();
      clock.advance(1_000);
    }
  }

  it("of a perpetual is set at once and again every third of its time, for its own perpetuals only", async () => {
    const port = new SwitchPort({ deadManScope: "symbol" });
    await run(switchOf(port, {}, [ETH_PERP, ETH_SPOT, SOL_PERP]), 61);
    expect(port.words).toEqual(Array(4).fill("ETH/USDC:USDC+SOL/USDC:USDC 60000"));
    expect(votes).toEqual([]);
  });

  it("is left alone where there is none, on spot, and on paper", async () => {
    const bare = new SwitchPort({ deadManScope: "symbol" });
    await run(switchOf(bare, {}, [ETH_SPOT]), 30);
    await run(switchOf(bare, { mode: "paper" }), 30);
    expect(bare.words).toEqual([]);
    const none = createDeadManSwitch({
      ...{ legs: { main: { instrument: ETH_PERP, port: new ScriptedPort(), own: createOwnOrders(3) } }, clock, fence: () => null },
      ...{ config: { id: "eth_grid", mode: "sim" }, facts: () => facts, onError: (message) => errors.push(message) },
    });
    await none.look();
    await none.leave();
    expect(errors).toEqual([]);
  });

  it("of a configuration that says off is taken back once: an earlier life may have set it", async () => {
    const port = new SwitchPort({ deadManScope: "symbol" });
    await run(switchOf(port, { deadMan: "off" }), 60);
    expect(port.words).toEqual(["ETH/USDC:USDC off"]);
  });

  it("goes off when the process leaves in order, and no word follows", async () => {
    const port = new SwitchPort({ deadManScope: "symbol" });
    const unit = switchOf(port);
    await run(unit, 5);
    facts = { ...facts, isTrading: false, keepsOrders: true };
    await unit.leave();
    await run(unit, 60);
    expect(port.words).toEqual(["ETH/USDC:USDC 60000", "ETH/USDC:USDC off"]);
  });

  it("stays set when a stop has not taken everything off", async () => {
    const port = new SwitchPort({ deadManScope: "symbol" });
    const unit = switchOf(port);
    await run(unit, 5);
    facts = { ...facts, isTrading: false, isResting: true, isInDoubt: true };
    await run(unit, 60);
    expect(port.words).toHaveLength(1);
    facts = { ...facts, isInDoubt: false, liveOrders: 0 };
    await run(unit, 2);
    expect(port.words.at(-1)).toBe("ETH/USDC:USDC off");
  });

  it("is not touched by a process that may have been replaced, not even to take it back", async () => {
    const port = new SwitchPort({ deadManScope: "symbol" });
    const unit = switchOf(port);
    await run(unit, 1);
    fence = "the lease has moved on";
    await run(unit, 60);
    facts = { ...facts, keepsOrders: true };
    await unit.leave();
    expect(port.words).toHaveLength(1);
  });

  it("is tried again in five seconds when nobody answered, in five minutes when it was refused", async () => {
    const port = new SwitchPort({ deadManScope: "symbol" });
    port.fault = new ExchangeReadError("transient", "timeout");
    const unit = switchOf(port);
    await run(unit, 11);
    expect(port.words).toHaveLength(3);
    port.fault = new ExchangeReadError("rejected", "not for this account");
    await run(unit, 100);
    expect(port.words).toHaveLength(4);
    expect(errors.at(-1)).toMatch(/dead-man switch of backpack:sim could not be set: .*not for this account/);
  });

  describe("of a whole account", () => {
    const account = () => new SwitchPort({ deadManScope: "account", deadManLeastMs: 300_000 });

    it("is off unless the configuration says on, which is every other bot's to know", async () => {
      const port = account();
      ballot = { isOwner: false, others: [] };
      await run(switchOf(port), 10);
      expect(port.words).toEqual([]);
      expect(votes).toEqual(["backpack:sim eth_grid false false", "backpack:sim eth_grid false false"]);
    });

    it("is set by the owner alone, for as long as the exchange wants at least", async () => {
      const port = account();
      const unit = switchOf(port, { deadMan: "on" });
      ballot = { isOwner: false, others: [{ agrees: true, wants: true }] };
      await run(unit, 5);
      expect(port.words).toEqual([]);
      ballot = { ...ballot, isOwner: true };
      await run(unit, 105);
      expect(port.words).toEqual(Array(2).fill("ETH/USDC:USDC 300000"));
    });

    it("is taken back when a bot comes that does not agree", async () => {
      const port = account();
      const unit = switchOf(port, { deadMan: "on" });
      await run(unit, 3);
      const stranger: DeadManVote = { agrees: false, wants: false };
      ballot = { isOwner: true, others: [stranger] };
      await run(unit, 10);
      expect(port.words).toEqual(["ETH/USDC:USDC 300000", "ETH/USDC:USDC off"]);
    });

    it("passes on to the others when its owner leaves, and is taken back by the last", async () => {
      const port = account();
      const first = switchOf(port, { deadMan: "on" });
      await run(first, 2);
      facts = { ...facts, isTrading: false, keepsOrders: true };
      ballot = { isOwner: true, others: [{ agrees: true, wants: true }] };
      await first.leave();
      expect(port.words).toEqual(["ETH/USDC:USDC 300000"]);
      ballot = { isOwner: true, others: [] };
      await switchOf(port, { deadMan: "on" }).leave();
      expect(port.words).toEqual(["ETH/USDC:USDC 300000", "ETH/USDC:USDC off"]);
      expect(votes.filter((vote) => vote === "eth_grid left")).toHaveLength(2);
    });
  });
});
