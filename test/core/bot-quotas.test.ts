// Quotas, hours and alerts as parts of a bot's configuration: defaults, faults, and what a budget leaves free.

import { describe, expect, test } from "vitest";
import { botConfigSchema } from "../../src/core/bot-config.ts";
import { loosenedLimits } from "../../src/core/bot-limits.ts";
import { budgetOf, judgeBudget, streamsOf } from "../../src/core/bot-quotas.ts";
import { validateBot } from "../../src/core/bot-validation.ts";
import { sayFault } from "../../src/core/fault-words.ts";
import { loadStrategies } from "../../src/strategies/index.ts";
import { botConfig } from "../memory-fleet.ts";

const strategies = await loadStrategies();
const GRID = {
  ...{ id: "eth_grid", strategy: "grid", exchange: "backpack", account: "sim", symbol: "ETH/USDC:USDC", mode: "sim" },
  params: { lowerPrice: "2400", upperPrice: "2600", orderQuantity: "0.05" },
  risk: { maxPosition: "1" },
};

function faultsOf(more: object): readonly string[] {
  const validation = validateBot({ ...GRID, ...more }, strategies);
  return validation.ok ? [] : validation.faults.map((fault) => sayFault(fault).en);
}

describe("quotas", () => {
  test("all have defaults, in quotas and in risk; every one is described", () => {
    const { quotas, risk, notify, schedule } = botConfigSchema.parse(GRID);
    expect(quotas).toEqual({ requestsPerMinute: 1_200, streams: 20, cycleMs: 250, memoryMb: 512, budget: {} });
    expect(risk).toMatchObject({ maxOpenOrders: 100, maxOrdersPerMinute: 1_200 });
    expect([notify, schedule]).toEqual([{}, undefined]);
    const described = Object.values(botConfigSchema.shape.quotas.unwrap().shape).map((field) => field.description ?? "");
    expect(described.every((words) => words.length > 10)).toBe(true);
  });

  test("wrong ones are all named at once, with what would be right", () => {
    const quotas = { requestsPerMinute: 1, streams: 0, cycleMs: 0.5, memoryMb: 64, budget: { USDC: "-5", "a b": "1" }, ordersPerMinute: 5 };
    const faults = faultsOf({ quotas }).join("\n");
    expect(faults).toContain("quotas.requestsPerMinute 1 must be at least 10");
    expect(faults).toContain("quotas.streams 0 must be at least 1");
    expect(faults).toContain("quotas.memoryMb 64 must be at least 128");
    expect(faults).toContain("quotas.budget.USDC -5 must be above 0");
    expect(faults).toContain("quotas.ordersPerMinute 5 is no field that exists here");
    expect(faultsOf({ quotas: { budget: { "a b": "1" } } }).join()).toContain("a b must be a currency such as USDC");
    expect(faultsOf({ schedule: { windows: [{ from: "9", to: "10:00" }] } }).join()).toContain(
      "schedule.windows.0.from 9 must be a time from 00:00",
    );
    expect(faultsOf({ notify: { crashed: "off", fills: "on" } }).join()).toMatch(/crashed must not be off.*fills is no kind of alert/);
    expect(faultsOf({ notify: { filled: "loud" } }).join()).toContain("notify.filled loud must be one of on, silent, off");
  });

  test("a bot that needs more streams than it may have is refused with both numbers", () => {
    expect(faultsOf({ quotas: { streams: 2 } })).toEqual([
      "quotas.streams 2 must be at least 3: this bot subscribes to 3 streams (orders, books, mark prices)",
    ]);
    expect(faultsOf({ quotas: { streams: 3 } })).toEqual([]);
    const spot = { exchange: "a", account: "m", symbol: "ETH/USDC" };
    expect(streamsOf({ maker: spot, hedge: { ...spot, exchange: "b", symbol: "ETH/USDC:USDC" } })).toBe(5);
  });
});

describe("budgets", () => {
  const bot = (id: string, budget: Readonly<Record<string, string>>) => {
    const config = botConfig(id);
    return { ...config, quotas: { ...config.quotas, budget } };
  };

  test("are of the bot's own account unless they name another", () => {
    expect(budgetOf(bot("a", { USDC: "5", "binance/main/USDT": "7" }))).toEqual([
      { account: "backpack/sim", currency: "USDC", amount: "5" },
      { account: "binance/main", currency: "USDT", amount: "7" },
    ]);
  });

  test("fit exactly, and not by the smallest amount more", () => {
    const question = (amount: string) => ({
      bot: bot("new", { USDC: amount }),
      others: [bot("one", { USDC: "0.1" }), bot("two", { USDC: "0.2" }), bot("abroad", { "other/main/USDC": "99" }), bot("free", {})],
      equity: (account: string, currency: string) => (account === "backpack/sim" && currency === "USDC" ? "1" : null),
    });
    expect(judgeBudget(question("0.7"))).toEqual({ refusal: null, unchecked: [] });
    const { refusal } = judgeBudget(question("0.700000000000000001"));
    expect(refusal?.en).toContain("only 0.7 of 1 is free (0.3 is taken by started bots)");
    expect(refusal?.["zh-TW"]).toContain("0.3");
  });

  test("that cannot be checked are named, the others are checked all the same", () => {
    const asked = {
      bot: bot("new", { USDC: "5", SOL: "1" }),
      others: [],
      equity: (_: string, currency: string) => (currency === "SOL" ? "0.5" : null),
    };
    expect(judgeBudget(asked)).toMatchObject({
      refusal: { en: expect.stringContaining("1 SOL on backpack/sim") },
      unchecked: [{ account: "backpack/sim", currency: "USDC", amount: "5" }],
    });
  });
});

test("which limits a change loosens: ceilings raised or taken away, the floor lowered, symbols added, flatten given up", () => {
  const before = botConfig("a", {
    risk: {
      ...botConfig("x").risk,
      ...{ maxPosition: "1", maxDailyLoss: "5", minLiquidationDistanceBps: 300, symbols: ["ETH/USDC:USDC"], onBreach: "flatten" },
    },
  }).risk;
  expect(loosenedLimits(before, before)).toEqual([]);
  expect(loosenedLimits(before, { ...before, maxPosition: "0.5", maxDailyLoss: "4", minLiquidationDistanceBps: 400 })).toEqual([]);
  expect(loosenedLimits(before, { ...before, maxPosition: "1.5", maxDailyLoss: undefined, minLiquidationDistanceBps: 200 })).toEqual([
    ...["maxDailyLoss", "maxPosition", "minLiquidationDistanceBps"],
  ]);
  expect(loosenedLimits(before, { ...before, symbols: undefined, onBreach: "keep" })).toEqual(["symbols", "onBreach"]);
  expect(loosenedLimits(before, { ...before, maxPosition: { main: "0.9", hedge: "1.1" } })).toEqual(["maxPosition"]);
});
