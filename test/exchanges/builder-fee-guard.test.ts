// The guard finds approvals and fee fields of the exchanges that are known for them, and leaves honest requests alone.

import { describe, expect, it } from "vitest";
import { builderFeeIn } from "../../src/exchanges/builder-fee-guard.ts";

const tx = (attributes: object): string => JSON.stringify({ tx_type: 14, tx_info: JSON.stringify({ L2TxAttributes: attributes }) });

describe("builder-fee guard", () => {
  it.each<[string, string, unknown]>([
    ["aster approval by path", "https://x/fapi/v3/approveBuilder", undefined],
    ["aster order", "https://x/fapi/v3/order", "symbol=SOLUSDT&side=BUY&builder=0xabc&feeRate=0.001"],
    ["aster in the query", "https://x/fapi/v3/order?symbol=SOLUSDT&feeRate=0.001", undefined],
    ["hyperliquid approval", "https://x/exchange", { action: { type: "approveBuilderFee", maxFeeRate: "0.01%" } }],
    ["hyperliquid referrer", "https://x/exchange", JSON.stringify({ action: { type: "setReferrer", code: "CCXT1" } })],
    ["hyperliquid order", "https://x/exchange", { action: { type: "order", orders: [], builder: { b: "0x", f: 10 } } }],
    ["extended order", "https://x/order", { builderFee: "0.0001", builderId: 3 }],
    ["pacifica code", "https://x/order", JSON.stringify({ builder_code: "ccxt" })],
    ["lighter order with integrator fees", "https://x/sendTx", tx({ "1": 718718, "2": 1000, "3": 1000, "4": 1 })],
    ["lighter new key", "https://x/sendTx", { tx_type: 8, tx_info: "{}" }],
    ["lighter approval as a form", "https://x/sendTx", "tx_type=45&tx_info=%7B%7D"],
    ["a percent sign that does not decode", "https://x/order?note=100%25&builder=0%", undefined],
  ])("stops %s", (_name, url, body) => {
    expect(builderFeeIn(url, body)).not.toBeNull();
  });

  it.each<[string, string, unknown]>([
    ["a Backpack order", "https://x/api/v1/order", { clientId: 1, price: "1", quantity: "2", side: "Bid", symbol: "SOL_USDC_PERP" }],
    ["a Backpack query", "https://x/wapi/v1/history/fills?fillType=User&symbol=SOL_USDC", undefined],
    ["a clean Lighter order", "https://x/sendTx", tx({ "4": 1 })],
    ["a body that is no JSON", "https://x/order", "note=0%"],
    ["nothing", "https://x/api/v1/time", undefined],
  ])("passes %s", (_name, url, body) => {
    expect(builderFeeIn(url, body)).toBeNull();
  });
});
