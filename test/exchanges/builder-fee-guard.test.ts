// The guard finds approvals and fee fields of the exchanges that are known for them, and leaves honest requests alone.

import { describe, expect, it } from "vitest";
import { builderFeeIn } from "../../src/exchanges/builder-fee-guard.ts";
import { offlineExchange } from "./offline-exchange.ts";

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

/** The parts of ccxt's classes that a test stands in for: signatures and accounts. */
type Methods = Record<string, (...args: unknown[]) => unknown>;

const SWAP = {
  ...{
    id: "ETH-USD",
    symbol: "ETH/USD:USD",
    base: "ETH",
    quote: "USD",
    settle: "USD",
    type: "swap",
    swap: true,
    contract: true,
    linear: true,
  },
  ...{ spot: false, precision: { amount: "0.001", price: "0.1" }, limits: { amount: {}, cost: {}, leverage: {} }, contractSize: "1" },
  info: { l2Config: { syntheticId: "1", collateralId: "1", syntheticResolution: 1, collateralResolution: 1 } },
};

/** GRVT asks for a session before anything. */
const SIGNED_IN = { AuthAccountId: "1", AuthCookieValue: "cookie" };

async function ordered(
  id: string,
  options: Readonly<Record<string, unknown>>,
): Promise<{ violations: readonly string[]; sent: readonly string[] }> {
  const account = { privateKey: `0x${"1".repeat(64)}`, walletAddress: "1".repeat(40), apiKey: "abcdefgh", secret: "abcdefgh" };
  const { exchange, sent, violations } = await offlineExchange(id, {
    config: { ...account, options: { ...SIGNED_IN, ...options } },
    answer: () => ({ data: {}, result: {} }),
  });
  const methods = exchange as unknown as Methods;
  Object.assign(methods, {
    ...{
      signIn: async () => ({}),
      loadAccountInfos: async () => ({}),
      createSignedRequest: (request: unknown) => request,
      defaultSignature: () => ({}),
    },
    ...{ signMessage: () => "signature", fetchExtendedAccount: async () => ({ l2Key: "0x1", l2Vault: "1" }) },
    createOrderSettlementData: () => ({ r: "1", s: "1" }),
  });
  methods.setMarkets?.([SWAP]);
  // ccxt swallows what the guard throws inside an approval.
  await Promise.resolve(methods.initializeClient?.()).catch(() => undefined);
  await exchange.createOrder("ETH/USD:USD", "limit", "buy", "1", "2000", { clientOrderId: "16777217" }).catch(() => undefined);
  return { violations, sent: sent.map(({ body, method, url }) => `${method} ${url} ${String(body)}`) };
}

describe("what ccxt would send for an undescribed exchange", () => {
  it("grvt: the approval is stopped; without the option nothing of it is left", async () => {
    const stopped = await ordered("grvt", {});
    expect(stopped.violations[0]).toMatch(/authorize_builder/);
    expect(stopped.sent.join()).not.toMatch(/authorize_builder/);
    expect((await ordered("grvt", { builderFee: false })).violations).toEqual([]);
  });

  it("pacifica: approval and order are stopped; without the option an order is clean", async () => {
    const stopped = await ordered("pacifica", {});
    expect(stopped.violations.join()).toMatch(/builder_codes\/approve/);
    expect(stopped.sent.join()).not.toMatch(/builder_code/);
    const clean = await ordered("pacifica", { builderFee: false, postActionRequest: { builderFee: false } });
    expect(clean.violations).toEqual([]);
    expect(clean.sent.some((request) => /POST .*orders\/create/.test(request))).toBe(true);
  });

  // ccxt never asks options.builderFee here. Even a rate of zero names the builder, so the exchange is refused as it is.
  it.each([{ builderFee: false }, { builderFee: false, builderFeeRate: "0" }])("extended is refused with %j", async (options) => {
    const { sent, violations } = await ordered("extended", options);
    expect(violations.join()).toMatch(/builderFee|builderId/);
    expect(sent.some((request) => /POST .*order/.test(request))).toBe(false);
  });
});
