// Binance: spot and USD-M futures, HMAC keys with rights that the exchange tells, orders changed in place on futures only.

import { credentialFieldsOf } from "../credential-fields.ts";
import type { Quirks } from "../quirks.ts";
import { binanceCharges, binanceFamily, binancePositionMode, binanceSettings, LISTEN_KEY, perpsAmong } from "./binance-family.ts";
import { field } from "./fields.ts";
import { genericQuirks } from "./generic.ts";

const WINDOW_MS = 2_000;

export const binance: Quirks = genericQuirks("binance", {
  ...binanceFamily,
  title: "Binance",
  capabilities: {
    amend: false,
    batchPlace: false,
    lookupByClientOrderId: true,
    deadManSwitch: true,
    deadManScope: "symbol",
    fundingHistory: true,
  },
  credentials: credentialFieldsOf("binance"),
  hosts: ["api.binance.com", "fapi.binance.com", "stream.binance.com", "fstream.binance.com"],
  windowMs: WINDOW_MS,
  // Inverse contracts and margin are not traded: their markets are not read.
  config: { options: { defaultType: "swap", recvWindow: WINDOW_MS, fetchMarkets: { types: ["spot", "linear"] }, ...LISTEN_KEY } },
  urls: (url, wsUrl) => ({
    api: {
      ...{ public: `${url}/api/v3`, private: `${url}/api/v3`, v1: `${url}/api/v1`, sapi: `${url}/sapi/v1` },
      ...{ fapiPublic: `${url}/fapi/v1`, fapiPublicV2: `${url}/fapi/v2`, fapiPublicV3: `${url}/fapi/v3` },
      ...{ fapiPrivate: `${url}/fapi/v1`, fapiPrivateV2: `${url}/fapi/v2`, fapiPrivateV3: `${url}/fapi/v3` },
      ws: { spot: `${wsUrl}/ws`, future: `${wsUrl}/ws` },
    },
  }),
  // Reading the rights takes the wallet interface, which a server that speaks futures only does not have.
  keyRights: async (exchange) => {
    const answer = await exchange.sapiGetAccountApiRestrictions({});
    return {
      canTrade: field(answer, "enableFutures") === true || field(answer, "enableSpotAndMarginTrading") === true,
      canWithdraw: field(answer, "enableWithdrawals") === true,
      isAddressBound: field(answer, "ipRestrict") === true,
    };
  },
  chargesOf: binanceCharges(["orders", "ordersBurst"]),
  defaultFees: { spot: { maker: "0.001", taker: "0.001" }, perp: { maker: "0.0002", taker: "0.0005" } },
  perpSettings: async (exchange, symbol) =>
    binanceSettings(await exchange.fapiPrivateGetSymbolConfig({ symbol: exchange.market(symbol).id })),
  positionMode: async (exchange) => binancePositionMode(await exchange.fapiPrivateGetPositionSideDual({})),
  deadManSwitch: async (exchange, symbols, timeoutMs) => {
    for (const symbol of perpsAmong(symbols))
      await exchange.fapiPrivatePostCountdownCancelAll({ symbol: exchange.market(symbol).id, countdownTime: timeoutMs ?? 0 });
  },
});
