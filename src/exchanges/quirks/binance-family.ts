// What Binance and those who speak its language have in common: codes, weights, raw fills, the countdown of orders.

import type { PerpSettings } from "../../core/ports.ts";
import type { CcxtClass, CcxtClient, CcxtExchange, Params } from "../ccxt-loader.ts";
import type { AnswerTable } from "../outcome.ts";
import { byTime } from "../paging.ts";
import type { Charges, OrderUpdate, Quirks, StreamSink } from "../quirks.ts";
import { field, text } from "./fields.ts";
import { tradeKey } from "./generic.ts";

/** A key lives 60 minutes; ccxt would renew it after exactly as many. */
const KEY_RENEWAL_MS = 30 * 60_000;
export const LISTEN_KEY = { listenKeyRefreshRate: KEY_RENEWAL_MS, listenKeyRefresh: { listenKeyRefreshRate: KEY_RENEWAL_MS } } as const;

/** The longest range that userTrades and income answer at once (API description). */
const SPAN_MS = 7 * 24 * 3_600_000 - 1;
const PAGE = 1_000;

/**
 * Error codes of the API description. -1000 (unknown), -1001 (disconnected), -1006 (unexpected response) and -1007 (timeout)
 * say that the execution status is not known: they are left out.
 */
export const BINANCE_ANSWERS: AnswerTable = {
  ...spread(["-1002", "-1011", "-1022", "-1125", "-2014", "-2015"], "authentication"),
  ...spread(["-1003", "-1015"], "rateLimited"),
  ...spread(["-1008", "-1016"], "maintenance"),
  ...spread(["-2011", "-2013"], "notFound"),
  ...spread(["-2018", "-2019", "-2024", "-2027", "-4131"], "insufficientFunds"),
  ...spread(["-1013", "-1014", "-1020", "-1021", "-1023", "-1100", "-1101", "-1102", "-1103", "-1104", "-1105", "-1106"], "rejected"),
  ...spread(["-1108", "-1109", "-1110", "-1111", "-1112", "-1114", "-1115", "-1116", "-1117", "-1118", "-1119", "-1120"], "rejected"),
  ...spread(["-1121", "-1127", "-1128", "-1130", "-1136", "-2010", "-2016", "-2020", "-2021", "-2022", "-2023", "-2025"], "rejected"),
  ...spread(["-2026", "-2028", "-4000", "-4001", "-4002", "-4003", "-4004", "-4005", "-4013", "-4014", "-4015", "-4016"], "rejected"),
  ...spread(["-4023", "-4024", "-4028", "-4044", "-4045", "-4046", "-4047", "-4048", "-4059", "-4061", "-4116", "-4118"], "rejected"),
  ...spread(["-4161", "-4164", "-4165", "-5021", "-5022"], "rejected"),
};

function spread(codes: readonly string[], kind: AnswerTable[string]): AnswerTable {
  return Object.fromEntries(codes.map((code) => [code, kind]));
}

const STATUSES: Readonly<Record<string, ReturnType<Quirks["statusOf"]>>> = {
  NEW: "open",
  PARTIALLY_FILLED: "open",
  PENDING_NEW: "open",
  FILLED: "filled",
  CANCELED: "canceled",
  PENDING_CANCEL: "open",
  EXPIRED: "expired",
  EXPIRED_IN_MATCH: "expired",
  REJECTED: "rejected",
};

/** Weights of the API description, by the last word of a path; what is not listed counts as 5. */
const WEIGHTS: Readonly<Record<string, number>> = {
  ...{ ping: 1, time: 1, exchangeInfo: 1, order: 1, openOrder: 1, listenKey: 1, leverage: 1, marginType: 1, premiumIndex: 1 },
  ...{ fundingRate: 1, bookTicker: 2, klines: 5, trades: 5, batchOrders: 5, allOrders: 5, userTrades: 5, balance: 5, account: 5 },
  ...{ positionRisk: 5, symbolConfig: 5, countdownCancelAll: 10, income: 30, dual: 30, multiAssetsMargin: 30 },
};
const ORDER_PATH = /(^|\/)(order|batchOrders|allOpenOrders|countdownCancelAll)$/;

/** Weight of a request, and what it takes of the account's order buckets. */
export function binanceCharges(orderBuckets: readonly string[]) {
  return (path: string, method: string, params: Params): Charges => {
    const word = path.split("/").at(-1) ?? "";
    const weight =
      word === "depth" ? depthWeight(params) : word === "openOrders" && params.symbol === undefined ? 40 : (WEIGHTS[word] ?? 5);
    if (method === "GET" || !ORDER_PATH.test(path)) return { weight: word === "openOrders" && params.symbol !== undefined ? 1 : weight };
    return { weight, ...Object.fromEntries(orderBuckets.map((name) => [name, 1])) };
  };
}

function depthWeight({ limit }: Params): number {
  const rows = Number(limit ?? 500);
  return rows <= 50 ? 2 : rows <= 100 ? 5 : rows <= 500 ? 10 : 20;
}

/** The exchange's own count, from X-MBX-USED-WEIGHT-1M and X-MBX-ORDER-COUNT-1M. */
export function binanceUsage(headers: Readonly<Record<string, string>>): Charges {
  const found: Record<string, number> = {};
  for (const [name, value] of Object.entries(headers)) {
    const lower = name.toLowerCase();
    if (lower === "x-mbx-used-weight-1m") found.weight = Number(value);
    if (lower === "x-mbx-order-count-1m") found.orders = Number(value);
  }
  return found;
}

/** One raw order event: swap (`o` of ORDER_TRADE_UPDATE) or spot (executionReport). ccxt would merge fills of one breath. */
export function binanceUpdate(raw: unknown, symbol: string): OrderUpdate | null {
  const exchangeOrderId = text(raw, "i");
  if (exchangeOrderId === null || symbol === "") return null;
  const status = STATUSES[text(raw, "X") ?? ""] ?? "open";
  const [tradeId, quantity, price] = [text(raw, "t"), text(raw, "l"), text(raw, "L")];
  const isFill = text(raw, "x") === "TRADE" && tradeId !== null && quantity !== null && price !== null;
  // A cancel names the cancel itself in `c` and the order in `C` on spot.
  const original = text(raw, "C");
  return {
    symbol,
    exchangeOrderId,
    clientOrderId: original ?? text(raw, "c"),
    side: text(raw, "S") === "SELL" ? "sell" : "buy",
    status: status === "rejected" ? "canceled" : status,
    filled: text(raw, "z") ?? "0",
    at: Number(text(raw, "T") ?? 0),
    fill: isFill
      ? { tradeId, price, quantity, fee: text(raw, "n") ?? "0", feeCurrency: text(raw, "N") ?? "", isMaker: field(raw, "m") === true }
      : null,
  };
}

/** Emits every raw order event before ccxt merges it. */
export function extendBinance(Base: CcxtClass, sink: StreamSink): CcxtClass {
  return class BinanceFamily extends Base {
    override handleOrderUpdate(client: CcxtClient, message: unknown): void {
      const isSwap = text(message, "e") === "ORDER_TRADE_UPDATE";
      const raw = isSwap ? field(message, "o") : message;
      const symbol = this.safeSymbol(text(raw, "s") ?? undefined, undefined, undefined, isSwap ? "swap" : "spot") ?? "";
      const update = binanceUpdate(raw, symbol);
      if (update !== null) sink.onOrder(update);
      super.handleOrderUpdate(client, message);
    }

    /** ccxt ignores that its key has ended and would wait for ever; the session dials again with a new one. */
    override handleMessage(client: CcxtClient, message: unknown): void {
      const event = field(message, "data") ?? message;
      if (text(event, "e") !== "listenKeyExpired") return super.handleMessage(client, message);
      for (const kind of ["swap", "spot", "future"]) {
        for (const memory of [this.options.lastAuthenticatedTime, this.options.listenKey, this.options[kind]])
          if (typeof memory === "object" && memory !== null) forget(memory as Record<string, unknown>, kind);
      }
      client.reset(new Error("the listen key has expired"));
    }
  };
}

/** ccxt keeps the key by kind (Aster), or in the kind's own settings (Binance). */
function forget(memory: Record<string, unknown>, kind: string): void {
  if (Object.hasOwn(memory, kind)) memory[kind] = typeof memory[kind] === "number" ? 0 : undefined;
  if (Object.hasOwn(memory, "listenKey")) Object.assign(memory, { listenKey: undefined, lastAuthenticatedTime: 0 });
}

/** The symbols whose orders the countdown reaches: a spot market and a perpetual have one id, and the countdown is of futures. */
export function perpsAmong(symbols: readonly string[]): readonly string[] {
  return symbols.filter((symbol) => kindOf(symbol) === "swap");
}

/** How a perpetual is held, from a row of positionRisk or symbolConfig. */
export function binanceSettings(answer: unknown): PerpSettings | null {
  const row: unknown = Array.isArray(answer) ? answer[0] : answer;
  const [leverage, type] = [Number(text(row, "leverage") ?? Number.NaN), text(row, "marginType")?.toLowerCase()];
  const marginMode = type === "isolated" ? "isolated" : type === "cross" || type === "crossed" ? "cross" : null;
  if (!(leverage > 0) && marginMode === null) return null;
  return { ...(leverage > 0 ? { leverage } : {}), ...(marginMode === null ? {} : { marginMode }) };
}

/** The answer of positionSide/dual. */
export function binancePositionMode(answer: unknown): "oneWay" | "hedge" | null {
  const isDual = field(answer, "dualSidePosition");
  return isDual === true || isDual === "true" ? "hedge" : isDual === false || isDual === "false" ? "oneWay" : null;
}

function kindOf(symbol: string): "swap" | "spot" {
  return symbol.includes(":") ? "swap" : "spot";
}

/** What the family shares; each member adds its credentials, hosts and limits. */
export const binanceFamily: Partial<Quirks> = {
  answers: BINANCE_ANSWERS,
  codeOf: (response) => {
    const code = text(response, "code");
    return code !== null && Number(code) < 0 ? code : null;
  },
  messageOf: (response) => text(response, "msg"),
  isDoubtful: (code, message) => code === "-4116" || /duplicate/i.test(message),
  usageOf: binanceUsage,
  // The private stream's address ends in the listen key.
  isPrivateUrl: (_exchange, url) => /\/(ws|stream)\/[A-Za-z0-9]{20,}$/.test(new URL(url).pathname) || /listenKey=/.test(url),
  fills: (exchange, symbol, since, now) =>
    byTime((from, to, limit) => exchange.fetchMyTrades(symbol, from, limit, { endTime: to }), {
      ...{ keyOf: tradeKey, since, until: now, limit: PAGE, spanMs: SPAN_MS },
    }),
  funding: (exchange, symbol, since, now) =>
    byTime((from, to, limit) => exchange.fetchFundingHistory(symbol, from, limit, { endTime: to }), {
      ...{ keyOf: (income) => text(income.info, "tranId") ?? "", since, until: now, limit: PAGE, spanMs: SPAN_MS },
    }),
  fundingOf: ({ info }) => {
    const [id, amount] = [text(info, "tranId"), text(info, "income")];
    return id === null || amount === null ? null : { id, amount };
  },
  // Fills of the history do not name our id; the order does.
  clientOrderIdOf: () => null,
  statusOf: (order) => STATUSES[text(order.info, "status") ?? ""] ?? null,
  isPostOnly: (order) => text(order.info, "timeInForce") === "GTX" || order.postOnly === true,
  privateWatches: (exchange, symbols) =>
    [...new Set(symbols.map(kindOf))].map((type) => () => exchange.watchOrders(undefined, undefined, undefined, { type })),
  watchMark: async (exchange: CcxtExchange, symbol: string, sink: StreamSink) => {
    const price = text(await exchange.watchMarkPrice(symbol), "markPrice");
    if (price !== null) sink.onMark(symbol, price);
  },
  extend: extendBinance,
};
