// Backpack's adapter against the emulated Backpack.

import { describe, expect, it } from "vitest";
import { backpackDialect } from "../../src/sim/backpack/dialect.ts";
import { CASES, exchangeConformance } from "../exchange-conformance.ts";

exchangeConformance({
  exchange: "backpack",
  dialect: backpackDialect,
  perp: "ETH/USDC:USDC",
  spot: "ETH/USDC",
  routes: {
    place: { method: "POST", path: "/api/v1/order" },
    cancel: { method: "DELETE", path: "/api/v1/order" },
    openOrders: { method: "GET", path: "/api/v1/orders" },
    fills: { method: "GET", path: "/wapi/v1/history/fills" },
  },
  topics: { book: "depth", orders: "account.orderUpdate" },
  skips: {
    38: "Backpack changes no order in place; ccxt's editOrder cancels and places",
    92: "leverage is a setting of the whole account there",
    93: "Backpack has no dead-man switch",
  },
});

describe("the suite", () => {
  it("has at least sixty cases, each with a number of its own", () => {
    expect(CASES.length).toBeGreaterThanOrEqual(60);
    expect(new Set(CASES.map(({ number }) => number)).size).toBe(CASES.length);
  });
});
