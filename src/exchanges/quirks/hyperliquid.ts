// Hyperliquid: orders signed by an agent wallet, no codes but words, prices of five digits, one budget of weight per address.

import { text as decimal, money } from "../../core/money.ts";
import type { PerpSettings } from "../../core/ports.ts";
import type { CcxtExchange, CcxtOrder, Params } from "../ccxt-loader.ts";
import { credentialFieldsOf } from "../credential-fields.ts";
import { byTime } from "../paging.ts";
import type { Charges, KeyRights, OrderName, OrderRequest, Quirks } from "../quirks.ts";
import { field, text } from "./fields.ts";
import { genericQuirks, orderParams, tradeKey } from "./generic.ts";
import {
  allowedPrice,
  bare,
  cloidOf,
  HYPERLIQUID_ANSWERS,
  hyperliquidCode,
  hyperliquidStatus,
  hyperliquidWords,
  isDust,
  ownIdOf,
} from "./hyperliquid-answers.ts";
import { extendHyperliquid, hyperliquidOf, WINDOW_MS } from "./hyperliquid-exchange.ts";

/** Rows per answer of userFillsByTime and userFunding, and how far back fills are kept at all (API description). */
const FILLS_PAGE = 2_000;
const FUNDING_PAGE = 500;
const FILLS_KEPT = 10_000;
const FOR_EVER_MS = 50 * 365 * 24 * 3_600_000;
/** The exchange's clock may be ahead of ours: its newest rows are asked for too. */
const AHEAD_MS = 10_000;
/** scheduleCancel wants at least 5 s; one more covers the way there. */
const SWITCH_MIN_MS = 6_000;

/** Weights of the info requests by type; what is not listed costs 20, and lists cost one more per 20 rows. */
const INFO_WEIGHTS: Readonly<Record<string, number>> = {
  ...{ l2Book: 2, allMids: 2, clearinghouseState: 2, spotClearinghouseState: 2, orderStatus: 2, exchangeStatus: 2, userRole: 60 },
  // 400 rows of room.
  ...{ userFills: 40, userFillsByTime: 40, userFunding: 40, historicalOrders: 40 },
};

function chargesOf(path: string, _method: string, params: Params): Charges {
  if (!path.endsWith("exchange")) return { weight: INFO_WEIGHTS[text(params, "type") ?? ""] ?? 20 };
  const isCancel = /cancel/i.test(text(params.action, "type") ?? "");
  return isCancel ? { weight: 1 } : { weight: 1, actions: 1 };
}

/** The wallet's own key moves its money; an agent's cannot. */
async function keyRights(exchange: CcxtExchange): Promise<KeyRights> {
  const { options, privateKey, walletAddress } = hyperliquidOf(exchange);
  const signer = hyperliquidOf(exchange).ethGetAddressFromPrivateKey(privateKey).toLowerCase();
  const owner = String(options.mainWallet ?? walletAddress).toLowerCase();
  return { canTrade: null, canWithdraw: signer === owner, isAddressBound: null };
}

function place(exchange: CcxtExchange, order: OrderRequest): Promise<CcxtOrder> {
  const { clientOrderId, price, quantity, side, symbol } = order;
  const px = allowedPrice(exchange.market(symbol), side, price);
  return exchange.createOrder(symbol, "limit", side, bare(quantity), px, orderParams(order, { clientOrderId: cloidOf(clientOrderId) }));
}

/** By the exchange's id, or by ours while it has told none. */
function byName({ clientOrderId, exchangeOrderId }: OrderName): readonly [string | undefined, Params] {
  return exchangeOrderId === null ? [undefined, { clientOrderId: cloidOf(clientOrderId) }] : [exchangeOrderId, {}];
}

/** Perp and spot are two purses unless margin is unified; of a currency that is in both, the sum. */
async function balances(exchange: CcxtExchange): Promise<unknown> {
  const own = hyperliquidOf(exchange);
  const first = (await own.fetchBalance({ type: "swap" })) as Params;
  if (own.options.enableUnifiedMargin === true) return first;
  const spot = (await own.fetchBalance({ type: "spot" })) as Params;
  const merged: Record<string, unknown> = { ...spot, ...first };
  const [one, other] = [first.USDC, spot.USDC];
  if (one !== undefined && other !== undefined) merged.USDC = { free: sum(one, other, "free"), total: sum(one, other, "total") };
  return merged;
}

function sum(one: unknown, other: unknown, name: string): string | undefined {
  const [a, b] = [text(one, name), text(other, name)];
  return a === null || b === null ? undefined : decimal(money(a).plus(b));
}

/** Leverage and margin mode travel together; ccxt would make a leverage alone cross. */
async function setPerp(exchange: CcxtExchange, symbol: string, { leverage, marginMode }: PerpSettings): Promise<void> {
  if (leverage === undefined && marginMode === undefined) return;
  const own = hyperliquidOf(exchange);
  const isWhole = leverage !== undefined && marginMode !== undefined;
  const coin = text(exchange.market(symbol), "baseName");
  const now = isWhole ? null : field(await own.publicPostInfo({ type: "activeAssetData", user: own.walletAddress, coin }), "leverage");
  const mode = marginMode ?? text(now, "type") ?? "cross";
  await exchange.setLeverage(leverage ?? Number(text(now, "value") ?? 1), symbol, { marginMode: mode });
}

export const hyperliquid: Quirks = genericQuirks("hyperliquid", {
  title: "Hyperliquid",
  // A change in place gives the order another id and reports the old one as canceled under our id: orders are replaced instead.
  // The dead-man switch is of the whole account: protective stops go too, it fires ten times a day at most, and the exchange
  // refuses it to accounts that have traded less than a million dollars.
  capabilities: {
    amend: false,
    batchPlace: false,
    lookupByClientOrderId: true,
    deadManSwitch: true,
    deadManScope: "account",
    fundingHistory: true,
  },
  credentials: credentialFieldsOf("hyperliquid"),
  // Reads ask for the account that is traded for: the vault where one is named. Nothing is signed with its address.
  login: ({ privateKey = "", vaultAddress = "", walletAddress = "" }) => ({
    privateKey: privateKey.startsWith("0x") ? privateKey : `0x${privateKey}`,
    walletAddress: (vaultAddress === "" ? walletAddress : vaultAddress).toLowerCase(),
    options: { mainWallet: walletAddress, ...(vaultAddress === "" ? {} : { vaultAddress }) },
  }),
  hosts: ["api.hyperliquid.xyz"],
  testnetHosts: ["api.hyperliquid-testnet.xyz"],
  windowMs: WINDOW_MS,
  // "Use a separate API wallet for each trading process": its nonces are counted per wallet (gitbook, nonces and API wallets).
  oneWriterPerKey: true,
  // Markets of other deployers (HIP-3) drop our ids silently: they are not read.
  config: { options: { defaultType: "swap", refSet: true, approvedBuilderFee: false, fetchMarkets: { types: ["spot", "swap"] } } },
  urls: (url, wsUrl) => ({ api: { public: url, private: url, ws: { public: wsUrl } } }),
  prepare: async (exchange) => void (await exchange.loadTimeDifference()),
  keyRights,
  isPrivateUrl: () => false,
  answers: HYPERLIQUID_ANSWERS,
  refusesWithSuccess: true,
  codeOf: hyperliquidCode,
  messageOf: hyperliquidWords,
  isReadable: (path, _method, response) =>
    typeof response === "object" && response !== null && (path !== "exchange" || text(response, "status") === "ok"),
  isDoubtful: (_code, message) => /duplicate|cloid/i.test(message),
  chargesOf,
  // Lowest tier of volume, hyperliquid gitbook.
  defaultFees: { spot: { maker: "0.0004", taker: "0.0007" }, perp: { maker: "0.00015", taker: "0.00045" } },
  idOut: cloidOf,
  idIn: ownIdOf,
  place,
  cancel: (exchange, name) => {
    const [id, params] = byName(name);
    return exchange.cancelOrder(id, name.symbol, params);
  },
  order: (exchange, name) => {
    const [id, params] = byName(name);
    return exchange.fetchOrder(id, name.symbol, params);
  },
  openOrders: (exchange) => exchange.fetchOpenOrders(),
  positions: (exchange) => exchange.fetchPositions(),
  balances,
  // Pages hold the fills of all symbols: filtered by ccxt, a full page would look like the last one.
  fills: async (exchange, symbol, since, now) => {
    const { complete, rows } = await byTime((from, to) => exchange.fetchMyTrades(undefined, from, undefined, { until: to }), {
      ...{ keyOf: tradeKey, since, until: now + AHEAD_MS, limit: FILLS_PAGE, spanMs: FOR_EVER_MS },
    });
    return { rows: rows.filter((trade) => trade.symbol === symbol && !isDust(trade.info)), complete: complete && rows.length < FILLS_KEPT };
  },
  funding: async (exchange, symbol, since, now) => {
    const { complete, rows } = await byTime((from, to) => exchange.fetchFundingHistory(undefined, from, undefined, { until: to }), {
      ...{ since, until: now + AHEAD_MS, limit: FUNDING_PAGE, spanMs: FOR_EVER_MS },
      keyOf: ({ info, symbol: of }) => `${of}/${text(info, "time")}`,
    });
    return { rows: rows.filter((income) => income.symbol === symbol), complete };
  },
  // The hash of a payment is all zeros: there is one per market and hour.
  fundingOf: ({ info }) => {
    const [id, amount] = [text(info, "time"), text(field(info, "delta"), "usdc")];
    return id === null || amount === null ? null : { id, amount };
  },
  setPerp,
  deadManSwitch: async (exchange, _symbols, timeoutMs) => {
    const own = hyperliquidOf(exchange);
    const at = Date.now() - Number(own.options.timeDifference ?? 0) + Math.max(SWITCH_MIN_MS, timeoutMs ?? 0);
    const vault = own.options.vaultAddress === undefined ? {} : { vaultAddress: own.options.vaultAddress };
    // Without a time the switch is off, which ccxt cannot say.
    await own.privatePostExchange({ action: { type: "scheduleCancel", ...(timeoutMs === null ? {} : { time: at }) }, ...vault });
  },
  privateWatches: (exchange) => [() => exchange.watchOrders(), () => exchange.watchMyTrades()],
  watchMark: (exchange, symbol) => hyperliquidOf(exchange).watchTicker(symbol),
  clientOrderIdOf: (trade) => text(trade.info, "cloid"),
  statusOf: hyperliquidStatus,
  isPostOnly: (order) => order.postOnly === true,
  positionQuantity: (position) => text(field(position.info, "position"), "szi") ?? "0",
  extend: extendHyperliquid,
});
