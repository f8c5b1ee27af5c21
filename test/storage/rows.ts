// Ledger rows with every field that a test does not care about.

import { encodeClientOrderId } from "../../src/core/client-order-id.ts";
import type { Actor } from "../../src/core/command.ts";
import type { EndRow, FillRow, FundingRow, LedgerRow, OrderRow, StateRow } from "../../src/core/ports.ts";

export const AT = Date.UTC(2025, 4, 4, 12, 0, 0);

export function orderRow(overrides: Partial<OrderRow> = {}): OrderRow {
  return {
    botId: "eth_grid",
    exchange: "backpack",
    account: "sim",
    symbol: "ETH/USDC:USDC",
    clientOrderId: encodeClientOrderId(1, 7),
    exchangeOrderId: null,
    epoch: 1,
    leg: "main",
    slot: "level3:entry",
    side: "buy",
    price: "1800.50",
    quantity: "0.10",
    filledQuantity: "0.00",
    timeInForce: "gtc",
    postOnly: true,
    reduceOnly: false,
    status: "submitted",
    isUnknown: false,
    reason: "entry",
    decision: 3,
    createdAt: AT,
    updatedAt: AT,
    ...overrides,
  };
}

export function fillRow(overrides: Partial<FillRow> = {}): FillRow {
  return {
    botId: "eth_grid",
    exchange: "backpack",
    account: "sim",
    symbol: "ETH/USDC:USDC",
    tradeId: "t1",
    exchangeOrderId: "e1",
    clientOrderId: encodeClientOrderId(1, 7),
    epoch: 1,
    slot: "level3:entry",
    side: "buy",
    price: "1800.50",
    quantity: "0.10",
    fee: "0.036",
    feeCurrency: "USDC",
    liquidity: "maker",
    realizedPnl: "0",
    at: AT + 1_000,
    ...overrides,
  };
}

export function stateRow(overrides: Partial<StateRow> = {}): StateRow {
  return { botId: "eth_grid", epoch: 1, sequence: 1, strategy: "grid", strategyVersion: 1, json: '{"lots":1}', at: AT, ...overrides };
}

export function fundingRow(overrides: Partial<FundingRow> = {}): FundingRow {
  return {
    ...{ botId: "eth_grid", exchange: "backpack", account: "sim", symbol: "ETH/USDC:USDC", fundingId: "2025-05-04T16:00:00" },
    ...{ currency: "USDC", amount: "-0.001301", at: AT + 4_000 },
    ...overrides,
  };
}

export function endRow(overrides: Partial<EndRow> = {}): EndRow {
  const reason = { en: "too far", "zh-TW": "太遠" };
  return { botId: "eth_grid", epoch: 1, kind: "strategy", reason, flatten: false, at: AT, ...overrides };
}

export function noteRow(en: string, botId: string | null = "eth_grid"): LedgerRow {
  return { type: "alert", alert: { type: "note", message: { en, "zh-TW": en }, botId, mode: "sim", at: AT } };
}

export function actor(key: string): Actor {
  return { frontend: "telegram", userId: "42", userName: "Ann", chatId: "-100", key, line: "/start eth_grid" };
}
