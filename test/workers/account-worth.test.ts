// What accounts are worth: read per bot, put together per account, and unknown rather than wrong.

import { beforeEach, describe, expect, it } from "vitest";
import type { AccountSnapshot } from "../../src/core/ports.ts";
import type { AccountReading, BotStatus } from "../../src/core/status.ts";
import { lots } from "../../src/core/units.ts";
import { type AccountWorth, createAccountWorth, READING_MAX_MS, readingsOf } from "../../src/workers/account-worth.ts";
import { ETH_PERP, ETH_SPOT } from "../core/instruments.ts";
import { botConfig, botStatus } from "../memory-fleet.ts";

const AT = 1_000_000;
const USDC = { currency: "USDC", total: "1000", free: "400" };
const PERP = ETH_PERP.ref.symbol;

function snapshot(more: Partial<AccountSnapshot> = {}): AccountSnapshot {
  return { at: AT, openOrders: [], positions: [], balances: [USDC], ...more };
}

describe("a reading", () => {
  const position = { symbol: PERP, quantity: lots(-2_000), averageEntryPrice: "2500" };

  it("adds the unrealized result of the bot's own position to the balance in its settle currency", () => {
    const priced = [{ instrument: ETH_PERP, price: "2510.5" }];
    expect(readingsOf(priced, snapshot({ positions: [position] }), AT)).toEqual([
      { exchange: "backpack", account: "sim", currency: "USDC", balance: "1000", parts: [{ symbol: PERP, value: "-21" }], at: AT },
    ]);
    expect(readingsOf(priced, snapshot(), AT)[0]?.parts).toEqual([{ symbol: PERP, value: "0" }]);
  });

  it("does not know a position without a price or an entry price", () => {
    const unpriced = readingsOf([{ instrument: ETH_PERP, price: null }], snapshot({ positions: [position] }), AT);
    expect(unpriced[0]?.parts).toEqual([{ symbol: PERP, value: null }]);
    const nameless = { ...position, averageEntryPrice: null };
    const told = readingsOf([{ instrument: ETH_PERP, price: "2500" }], snapshot({ positions: [nameless] }), AT);
    expect(told[0]?.parts).toEqual([{ symbol: PERP, value: null }]);
  });

  it("values what a spot account holds of the base", () => {
    const balances = [USDC, { currency: "ETH", total: "0.5", free: "0.5" }];
    const told = readingsOf([{ instrument: ETH_SPOT, price: "2000" }], snapshot({ balances }), AT);
    expect(told).toMatchObject([{ balance: "1000", parts: [{ symbol: "ETH/USDC", value: "1000" }] }]);
  });

  it("takes the exchange's own sum where it tells one, and tells nothing of a currency that is not listed", () => {
    const legs = [{ instrument: ETH_PERP, price: "2510" }];
    const whole = readingsOf(legs, snapshot({ positions: [position], equity: { USDC: "987.5" } }), AT);
    expect(whole).toMatchObject([{ balance: "987.5", parts: null }]);
    expect(readingsOf(legs, snapshot({ balances: [] }), AT)).toEqual([]);
  });
});

describe("the worth of accounts", () => {
  let worth: AccountWorth;
  beforeEach(() => {
    worth = createAccountWorth();
  });

  function told(id: string, more: Partial<AccountReading>, status: Partial<BotStatus> = {}): BotStatus {
    const reading = { exchange: "backpack", account: "sim", currency: "USDC", balance: "1000", parts: [], at: AT, ...more };
    return botStatus(botConfig(id), { accounts: [reading], ...status });
  }
  const part = (symbol: string, value: string | null) => ({ symbol, value });
  const amounts = (now: number): string[] => worth.equity(now).map(({ account, mode, amount }) => `${account} ${mode} ${amount}`);

  it("counts the newest balance once and every bot's symbols beside it", () => {
    worth.take([told("one", { parts: [part("ETH", "-20")] }), told("two", { parts: [part("SOL", "5")], balance: "990", at: AT + 10 })]);
    expect(amounts(AT + 20)).toEqual(["backpack/sim sim 975"]);
    worth.take([told("one", { parts: [part("ETH", "7")], balance: "1", at: AT - 10 })]);
    expect(amounts(AT + 20)).toEqual(["backpack/sim sim 975"]);
  });

  it("keeps modes, accounts and currencies apart", () => {
    worth.take([told("one", {}), told("two", { balance: "5" }, { mode: "live" }), told("three", { account: "b", currency: "USDT" })]);
    expect(worth.equity(AT)).toEqual([
      { account: "backpack/sim", mode: "sim", currency: "USDC", amount: "1000" },
      { account: "backpack/sim", mode: "live", currency: "USDC", amount: "5" },
      { account: "backpack/b", mode: "sim", currency: "USDT", amount: "1000" },
    ]);
  });

  it("is unknown after two minutes, and outlives a status that tells nothing", () => {
    worth.take([told("one", {})]);
    worth.take([botStatus(botConfig("one"), { state: "starting" })]);
    expect(amounts(AT + READING_MAX_MS)).toEqual(["backpack/sim sim 1000"]);
    expect(amounts(AT + READING_MAX_MS + 1)).toEqual([]);
  });

  it("is unknown while one bot's position there is, or was told long ago; a flat bot that rests takes nothing away", () => {
    const later = AT + READING_MAX_MS + 1;
    worth.take([told("one", { parts: [part("ETH", "0")] }), told("two", { at: later })]);
    expect(amounts(later)).toEqual(["backpack/sim sim 1000"]);
    worth.take([told("one", { parts: [part("ETH", "-3")], at: AT + 1 })]);
    expect(amounts(later)).toEqual(["backpack/sim sim 997"]);
    expect(amounts(later + 1)).toEqual([]);
    worth.take([told("one", { parts: [part("ETH", null)], at: later })]);
    expect(amounts(later)).toEqual([]);
    worth.take([told("one", { parts: [part("ETH", "2")], at: later + 1 })]);
    expect(amounts(later + 1)).toEqual(["backpack/sim sim 1002"]);
  });

  it("adds nothing to what the exchange has counted whole", () => {
    worth.take([told("one", { parts: [part("ETH", "-20")] }), told("two", { parts: null, balance: "900", at: AT + 1 })]);
    expect(amounts(AT + 1)).toEqual(["backpack/sim sim 900"]);
  });

  it("passes over what cannot be read", () => {
    const odd = [{ balance: "NaN" }, { balance: "1e400" }, { at: Number.NaN }, { parts: [part("ETH", "x")] }, { parts: "none" }];
    for (const one of odd) worth.take([told("one", one as unknown as Partial<AccountReading>)]);
    worth.take([{ ...told("one", {}), accounts: 7 as unknown as readonly AccountReading[] }]);
    expect(worth.equity(AT)).toEqual([]);
  });
});
