// What we know about Binance that ccxt does not, shown on single messages and requests.

import { describe, expect, it } from "vitest";
import { binancePositionMode, binanceSettings, binanceUpdate, perpsAmong } from "../../src/exchanges/quirks/binance-family.ts";
import { quirksOf } from "../../src/exchanges/quirks.ts";

const EVENT = {
  ...{ s: "ETHUSDT", c: "117440513", S: "SELL", o: "LIMIT", f: "GTX", q: "1.000", p: "2500.10", x: "TRADE", X: "PARTIALLY_FILLED" },
  ...{ i: 8886774, l: "0.400", z: "0.700", L: "2500.10", n: "0.20", N: "USDT", T: 1568879465651, t: 77, m: true },
};

describe("Binance", () => {
  const quirks = quirksOf("binance");

  it("quirk: every raw execution is a fill with its own trade id, and `z` is the whole", () => {
    expect(binanceUpdate(EVENT, "ETH/USDT:USDT")).toEqual({
      ...{ symbol: "ETH/USDT:USDT", exchangeOrderId: "8886774", clientOrderId: "117440513", side: "sell", status: "open", filled: "0.700" },
      at: 1568879465651,
      fill: { tradeId: "77", price: "2500.10", quantity: "0.400", fee: "0.20", feeCurrency: "USDT", isMaker: true },
    });
    expect(binanceUpdate({ ...EVENT, x: "NEW", X: "NEW", t: 0, l: "0", z: "0" }, "ETH/USDT:USDT")?.fill).toBeNull();
  });

  it("quirk: a spot cancel names the order in `C`", () => {
    const update = binanceUpdate({ ...EVENT, x: "CANCELED", X: "CANCELED", c: "cancel-1", C: "117440513" }, "ETH/USDT");
    expect(update).toMatchObject({ clientOrderId: "117440513", status: "canceled", fill: null });
  });

  it("quirk: the weight goes to the address, orders to the account", () => {
    expect(quirks.chargesOf("order", "POST", {})).toEqual({ weight: 1, orders: 1, ordersBurst: 1 });
    expect(quirks.chargesOf("order", "GET", {})).toEqual({ weight: 1 });
    expect(quirks.chargesOf("openOrders", "GET", {})).toEqual({ weight: 40 });
    expect(quirks.chargesOf("openOrders", "GET", { symbol: "ETHUSDT" })).toEqual({ weight: 1 });
    expect(quirks.chargesOf("depth", "GET", { limit: 1000 })).toEqual({ weight: 20 });
    const scopes = Object.fromEntries(quirks.limits.map(({ name, scope }) => [name, scope]));
    expect(scopes).toEqual({ weight: "address", orders: undefined, ordersBurst: undefined });
  });

  it("quirk: how a perpetual is held is told in two spellings, by a row or a list of one", () => {
    expect(binanceSettings([{ symbol: "ETHUSDT", leverage: "20", marginType: "cross" }])).toEqual({ leverage: 20, marginMode: "cross" });
    expect(binanceSettings([{ symbol: "ETHUSDT", leverage: 21, marginType: "CROSSED" }])).toEqual({ leverage: 21, marginMode: "cross" });
    expect(binanceSettings({ marginType: "ISOLATED" })).toEqual({ marginMode: "isolated" });
    for (const answer of [[], {}, null, "?"]) expect(binanceSettings(answer)).toBeNull();
  });

  it("quirk: the position mode is told as a boolean or as its word; anything else is not known", () => {
    expect([true, "true", false, "false", 1, undefined].map((dualSidePosition) => binancePositionMode({ dualSidePosition }))).toEqual([
      "hedge",
      "hedge",
      "oneWay",
      "oneWay",
      null,
      null,
    ]);
  });

  it("quirk: the countdown is of futures, so a spot market with the same id is never named to it", () => {
    expect(perpsAmong(["ETH/USDT", "ETH/USDT:USDT"])).toEqual(["ETH/USDT:USDT"]);
    expect(quirks.capabilities).toMatchObject({ deadManSwitch: true, deadManScope: "symbol" });
  });

  it("quirk: the exchange's own count is read from its headers", () => {
    const headers = { "X-Mbx-Used-Weight-1m": "1234", "X-Mbx-Order-Count-1m": "17", Date: "today" };
    expect(quirks.usageOf?.(headers)).toEqual({ weight: 1234, orders: 17 });
  });

  it("quirk: a key's rights are read, and the private stream is told from the public one", async () => {
    const answer = { enableWithdrawals: true, ipRestrict: false, enableFutures: true };
    const exchange = { sapiGetAccountApiRestrictions: async () => answer } as unknown as Parameters<
      NonNullable<typeof quirks.keyRights>
    >[0];
    expect(await quirks.keyRights?.(exchange)).toEqual({ canTrade: true, canWithdraw: true, isAddressBound: false });
    expect(
      quirks.isPrivateUrl(exchange, "wss://fstream.binance.com/ws/pqia91ma19a5s61cv6a81va65sdf19v8a65a1a5s61cv6a81va65sdf19v8a65a1"),
    ).toBe(true);
    expect(quirks.isPrivateUrl(exchange, "wss://fstream.binance.com/ws")).toBe(false);
    expect(quirks.isPrivateUrl(exchange, "wss://fstream.binance.com/ws/1")).toBe(false);
  });
});
