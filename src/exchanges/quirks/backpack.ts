// Backpack: what ccxt 4.5.84 gets wrong or leaves out, what its error codes mean, and where its history is.

import type { CcxtBook, CcxtClass, CcxtClient, CcxtIncome, CcxtMarket } from "../ccxt-loader.ts";
import { type AnswerTable, DeniedError } from "../outcome.ts";
import { byOffset } from "../paging.ts";
import type { OrderUpdate, Quirks, StreamSink } from "../quirks.ts";
import { field, text } from "./fields.ts";
import { genericQuirks, tradeKey } from "./generic.ts";

const HOSTS = ["api.backpack.exchange", "ws.backpack.exchange"];
const WINDOW_MS = 2_000;
const UINT32_MAX = 0xffffffff;
const PAGE = 1_000;

/** The codes of Backpack's API description. SERVER_ERROR and TIMEOUT prove nothing and are left out. */
const ANSWERS: AnswerTable = {
  ACCOUNT_LIQUIDATING: "rejected",
  BORROW_LIMIT: "rejected",
  BORROW_REQUIRES_LEND_REDEEM: "rejected",
  FORBIDDEN: "rejected",
  INSUFFICIENT_FUNDS: "insufficientFunds",
  INSUFFICIENT_MARGIN: "insufficientFunds",
  INSUFFICIENT_SUPPLY: "insufficientFunds",
  INVALID_ASSET: "rejected",
  INVALID_CLIENT_REQUEST: "rejected",
  INVALID_MARKET: "rejected",
  INVALID_ORDER: "rejected",
  INVALID_POSITION_ID: "rejected",
  INVALID_PRICE: "rejected",
  INVALID_QUANTITY: "rejected",
  INVALID_RANGE: "rejected",
  INVALID_SIGNATURE: "authentication",
  INVALID_SOURCE: "rejected",
  INVALID_SYMBOL: "rejected",
  INVALID_TWO_FACTOR_CODE: "authentication",
  LEND_LIMIT: "rejected",
  LEND_REQUIRES_BORROW_REPAY: "rejected",
  MAINTENANCE: "maintenance",
  MAX_LEVERAGE_REACHED: "insufficientFunds",
  NOT_IMPLEMENTED: "rejected",
  ORDER_LIMIT: "rejected",
  POSITION_LIMIT: "rejected",
  PRECONDITION_FAILED: "rejected",
  // ccxt calls this ExchangeNotAvailable, which looks worth a retry.
  RESOURCE_NOT_FOUND: "notFound",
  TOO_MANY_REQUESTS: "rateLimited",
  TRADING_PAUSED: "rejected",
  UNAUTHORIZED: "authentication",
};

const HISTORY = /^wapi\/v1\/history\//;
const LISTS = /^(api\/v1\/(orders|position|markets)|wapi\/v1\/history\/(fills|orders|funding))$/;
const OBJECTS = /^api\/v1\/(order|capital|depth)$/;

const STATUSES: Readonly<Record<string, ReturnType<Quirks["statusOf"]>>> = {
  New: "open",
  PartiallyFilled: "open",
  TriggerPending: "open",
  Filled: "filled",
  Cancelled: "canceled",
  Expired: "expired",
  TriggerFailed: "rejected",
};

/** Engine time in a stream message: microseconds, as text when it has 15 digits or more. */
function timeOf(data: unknown): number {
  return Math.floor(Number(text(data, "T") ?? text(data, "E") ?? 0) / 1_000);
}

/** The whole of one `account.orderUpdate` message. `z` is cumulative; ccxt reads `l`, the last fill, into `filled`. */
function orderUpdateOf(data: unknown, symbol: string): OrderUpdate | null {
  const exchangeOrderId = text(data, "i");
  const status = STATUSES[text(data, "X") ?? ""] ?? "open";
  if (exchangeOrderId === null) return null;
  const [tradeId, quantity, price] = [text(data, "t"), text(data, "l"), text(data, "L")];
  const isFill = text(data, "e") === "orderFill" && tradeId !== null && quantity !== null && price !== null;
  return {
    symbol,
    exchangeOrderId,
    clientOrderId: text(data, "c"),
    side: text(data, "S") === "Bid" ? "buy" : "sell",
    status: status === "rejected" ? "canceled" : status,
    filled: text(data, "z") ?? "0",
    at: timeOf(data),
    fill: isFill
      ? { tradeId, price, quantity, fee: text(data, "n") ?? "0", feeCurrency: text(data, "N") ?? "", isMaker: field(data, "m") === true }
      : null,
  };
}

function extend(Base: CcxtClass, sink: StreamSink): CcxtClass {
  return class Backpack extends Base {
    /** ccxt's own cache keeps one event per order and chunk: of 50 fills a consumer would see one. */
    override handleOrder(client: CcxtClient, message: unknown): void {
      const data = field(message, "data");
      const update = orderUpdateOf(data, this.symbolOf(data));
      if (update !== null) sink.onOrder(update);
      super.handleOrder(client, message);
    }

    /** Backpack numbers its book messages (U first, u last); ccxt applies them without looking. */
    override handleOrderBook(client: CcxtClient, message: unknown): void {
      const data = field(message, "data");
      const symbol = this.symbolOf(data);
      const first = Number(text(data, "U"));
      const nonce = this.orderbooks[symbol]?.nonce;
      if (nonce !== undefined && Number.isFinite(first) && first > nonce + 1) {
        sink.onBookGap(symbol);
        this.orderbooks[symbol] = this.orderBook();
      }
      super.handleOrderBook(client, message);
    }

    /** The same check for the messages that waited for the snapshot: a gap among them makes the snapshot useless. */
    override handleDeltas(book: CcxtBook, deltas: readonly unknown[]): void {
      let last = book.nonce;
      for (const delta of deltas) {
        const first = Number(text(delta, "U"));
        if (last !== undefined && Number.isFinite(first) && first > last + 1)
          throw new Error(`book messages ${last + 1} to ${first - 1} are missing`);
        last = Number(text(delta, "u"));
      }
      super.handleDeltas(book, deltas);
    }

    /** Mark prices, which ccxt does not read. */
    override handleMessage(client: CcxtClient, message: unknown): void {
      const data = field(message, "data");
      const price = text(data, "p");
      if (text(data, "e") !== "markPrice" || price === null) return super.handleMessage(client, message);
      const symbol = this.symbolOf(data);
      sink.onMark(symbol, price);
      client.resolve(price, markHash(symbol));
    }

    private symbolOf(data: unknown): string {
      return this.safeSymbol(text(data, "s") ?? undefined) ?? "";
    }
  };
}

/** What ccxt calls the wait for a symbol's next mark price. */
function markHash(symbol: string): string {
  return `markPrice:${symbol}`;
}

function integerId(clientOrderId: string): number {
  // A text that is no number would be sent as an unknown field and the order would lose its name.
  const id = Number(clientOrderId);
  if (!/^\d{1,10}$/.test(clientOrderId) || id > UINT32_MAX)
    throw new DeniedError("clientOrderId", `Backpack takes client order ids from 0 to ${UINT32_MAX}, not ${clientOrderId.slice(0, 20)}`);
  return id;
}

/** From `imfFunction.base`, the initial margin of a small position: 0.02 is 50x. */
function maxLeverage(market: CcxtMarket): number | null {
  const base = Number(text(field(market.info, "imfFunction"), "base"));
  return base > 0 ? Math.floor(1 / base + 1e-9) : null;
}

const bySymbolAndInterval = (income: CcxtIncome): string => text(income.info, "intervalEndTimestamp") ?? "";

export const backpack: Quirks = genericQuirks("backpack", {
  title: "Backpack",
  capabilities: { amend: false, batchPlace: false, lookupByClientOrderId: true, deadManSwitch: false, fundingHistory: true },
  hosts: HOSTS,
  windowMs: WINDOW_MS,
  config: {
    options: {
      recvWindow: WINDOW_MS,
      // The first book message already asks for the snapshot; our own loop repeats it until the two connect.
      watchOrderBook: { snapshotDelay: 0 },
    },
  },
  isPrivateUrl: (exchange, url) => url === text(field(exchange.urls.api, "ws"), "private"),
  answers: ANSWERS,
  codeOf: (response) => text(response, "code"),
  messageOf: (response) => text(response, "message"),
  isReadable: (path, method, response) => {
    if (response === undefined || response === null || typeof response !== "object") return path === "api/v1/time";
    if (method === "GET" && LISTS.test(path)) return Array.isArray(response);
    return !OBJECTS.test(path) || !Array.isArray(response);
  },
  isDoubtful: (code, message) => code === "INVALID_CLIENT_REQUEST" && /client ?(order ?)?id|duplicate|already/i.test(message),
  chargesOf: (path) => (HISTORY.test(path) ? { requests: 1, history: 1 } : { requests: 1 }),
  // Entry tier. The exchange publishes its schedule as a picture, so these are defaults for previews, not facts.
  defaultFees: { spot: { maker: "0.0008", taker: "0.001" }, perp: { maker: "0.0002", taker: "0.0005" } },
  maxLeverage,
  idOut: integerId,
  cancel: (exchange, { clientOrderId, exchangeOrderId, symbol }) =>
    exchangeOrderId === null
      ? exchange.cancelOrder(undefined, symbol, { clientId: integerId(clientOrderId) })
      : exchange.cancelOrder(exchangeOrderId, symbol, {}),
  // Open orders only; the history tells about the rest.
  order: (exchange, { clientOrderId, exchangeOrderId, symbol }) =>
    exchangeOrderId === null
      ? exchange.fetchOpenOrder(undefined, symbol, { clientId: integerId(clientOrderId) })
      : exchange.fetchOpenOrder(exchangeOrderId, symbol, {}),
  openOrders: (exchange) => exchange.fetchOpenOrders(),
  positions: (exchange) => exchange.fetchPositions(),
  fills: (exchange, symbol, since) =>
    byOffset((offset, limit) => exchange.fetchMyTrades(symbol, since, limit, { offset }), { keyOf: tradeKey, since, limit: PAGE }),
  orders: (exchange, symbol, since) =>
    byOffset((offset, limit) => exchange.fetchOrders(symbol, undefined, limit, { offset }), {
      ...{ keyOf: (order) => order.id ?? "", since, limit: PAGE },
    }),
  funding: (exchange, symbol, since) =>
    byOffset((offset, limit) => exchange.fetchFundingHistory(symbol, undefined, limit, { offset }), {
      ...{ keyOf: bySymbolAndInterval, since, limit: PAGE },
    }),
  // A payment has no id of its own: there is one per symbol and interval. ccxt calls the user's id the payment's.
  fundingOf: ({ info }) => {
    const [id, amount] = [text(info, "intervalEndTimestamp"), text(info, "quantity")];
    return id === null || amount === null ? null : { id, amount };
  },
  privateWatches: (exchange) => [() => exchange.watchOrders()],
  watchMark: (exchange, symbol) => exchange.watchPublic([`markPrice.${exchange.market(symbol).id}`], [markHash(symbol)]),
  clientOrderIdOf: (trade) => text(trade.info, "clientId"),
  statusOf: (order) => STATUSES[text(order.info, "status") ?? ""] ?? null,
  // ccxt takes the side from the sign of the cost and the size without one; `netQuantity` carries both.
  positionQuantity: (position) => text(position.info, "netQuantity") ?? text(position.info, "netExposureQuantity") ?? "0",
  extend,
});
