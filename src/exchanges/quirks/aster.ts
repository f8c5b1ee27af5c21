// Aster: Binance's language, signed by a wallet whose nonce is a time; ccxt adds a builder's fee unless it is told not to.

import type { CcxtClass, CcxtExchange, Params } from "../ccxt-loader.ts";
import { credentialFieldsOf } from "../credential-fields.ts";
import { DeniedError } from "../outcome.ts";
import type { KeyRights, Quirks, StreamSink } from "../quirks.ts";
import { takeNonce } from "../request-context.ts";
import {
  binanceCharges,
  binanceFamily,
  binancePositionMode,
  binanceSettings,
  extendBinance,
  LISTEN_KEY,
  perpsAmong,
} from "./binance-family.ts";
import { field, list, text } from "./fields.ts";
import { genericQuirks } from "./generic.ts";

/** The exchange takes a nonce of the last 10 s. Ours is made 8 s old on purpose: that leaves a request 2 s to live. */
const AGED_US = 8_000_000;
const ID = /^\d{1,10}$/;

function extend(Base: CcxtClass, sink: StreamSink): CcxtClass {
  return class Aster extends extendBinance(Base, sink) {
    /** ccxt's nonce is the millisecond: two requests in one, or two processes, would share it. The permit's is the fleet's. */
    override sign(path: string, api: unknown, method: string, params: Params, headers: unknown, body: unknown): unknown {
      const nonce = takeNonce();
      const isPrivate = api === "fapiPrivate" || api === "sapiPrivate";
      if (!isPrivate || nonce === null) return super.sign(path, api, method, params, headers, body);
      // Local minus server time, ms, as measured at connect.
      const skewUs = Number(this.options.timeDifference ?? 0) * 1_000;
      const aged = String(Math.floor(nonce - skewUs - AGED_US));
      return super.sign(path, api, method, { ...params, nonce: aged }, headers, body);
    }
  };
}

/** Lets ccxt sign for the main wallet with the API wallet's key: it derives the user from the key unless its cache says otherwise. */
async function useAgent(exchange: CcxtExchange, values: Readonly<Record<string, string>>): Promise<void> {
  exchange.sign("v3/account", "fapiPrivate", "GET", {}, undefined, undefined);
  exchange.options.cachedWalletAddress = values.walletAddress;
  exchange.options.signerAddress = values.signerAddress;
}

/** What the API wallet may do, from the list of agents that the main wallet approved. */
async function keyRights(exchange: CcxtExchange): Promise<KeyRights> {
  const answer = await exchange.fapiPrivateGetV3Agent({});
  const signer = String(exchange.options.signerAddress).toLowerCase();
  const agents = Array.isArray(answer) ? answer : list(answer, "agents");
  const own = agents.find((agent: unknown) => text(agent, "agentAddress")?.toLowerCase() === signer);
  if (own === undefined) return { canTrade: null, canWithdraw: null, isAddressBound: null };
  return {
    canTrade: field(own, "canPerpTrade") === true || field(own, "canSpotTrade") === true,
    canWithdraw: field(own, "canWithdraw") === true,
    isAddressBound: text(own, "ipWhitelist") !== null,
  };
}

function asterId(clientOrderId: string): string {
  if (!ID.test(clientOrderId)) throw new DeniedError("clientOrderId", `order id ${clientOrderId.slice(0, 20)} is none of ours`);
  return clientOrderId;
}

export const aster: Quirks = genericQuirks("aster", {
  ...binanceFamily,
  title: "Aster",
  capabilities: {
    amend: false,
    batchPlace: false,
    lookupByClientOrderId: true,
    deadManSwitch: true,
    deadManScope: "symbol",
    fundingHistory: true,
  },
  credentials: credentialFieldsOf("aster"),
  login: ({ privateKey = "" }) => ({ privateKey: privateKey.startsWith("0x") ? privateKey : `0x${privateKey}` }),
  prepare: useAgent,
  keyRights,
  hosts: ["fapi.asterdex.com", "sapi.asterdex.com", "fstream.asterdex.com", "sstream.asterdex.com"],
  config: { options: { defaultType: "swap", ...LISTEN_KEY } },
  urls: (url, wsUrl) => {
    // The server tells the swap stream's address; ccxt tells the kinds apart by these words.
    const at = (host: string, kind: string): string => `${wsUrl.replace(/\/fstream$/, "")}/${host}/${kind}`;

    return {
      api: {
        ...{ fapiPublic: `${url}/fapi`, fapiPrivate: `${url}/fapi`, sapiPublic: `${url}/api`, sapiPrivate: `${url}/api` },
        ws: {
          public: { spot: at("sstream", "stream"), swap: at("fstream", "stream") },
          private: { spot: at("sstream", "ws"), swap: at("fstream", "ws") },
        },
      },
    };
  },
  chargesOf: binanceCharges(["orders"]),
  defaultFees: { spot: { maker: "0.0004", taker: "0.001" }, perp: { maker: "0.0001", taker: "0.00035" } },
  idOut: asterId,
  perpSettings: async (exchange, symbol) =>
    binanceSettings(await exchange.fapiPrivateGetV3PositionRisk({ symbol: exchange.market(symbol).id })),
  positionMode: async (exchange) => binancePositionMode(await exchange.fapiPrivateGetV3PositionSideDual({})),
  deadManSwitch: async (exchange, symbols, timeoutMs) => {
    for (const symbol of perpsAmong(symbols))
      await exchange.fapiPrivatePostV3CountdownCancelAll({ symbol: exchange.market(symbol).id, countdownTime: timeoutMs ?? 0 });
  },
  extend,
});
