// Bybit v5 on unified accounts: refusals inside status 200, orders that are only acknowledged, limits per endpoint.

import { text as decimal, money } from "../../core/money.ts";
import type { PerpSettings } from "../../core/ports.ts";
import { UserError } from "../../core/text.ts";
import type { CcxtClass, CcxtClient, CcxtExchange, CcxtIncome, CcxtMarket, CcxtOrder, CcxtTrade, Params } from "../ccxt-loader.ts";
import { credentialFieldsOf } from "../credential-fields.ts";
import { limitsOf } from "../limits.ts";
import { AnswerError, ExchangeReadError } from "../outcome.ts";
import { byCursor, bySpan, type CursorPage, type Pages } from "../paging.ts";
import type { Charges, KeyRights, OrderName, OrderRequest, Quirks, StreamSink } from "../quirks.ts";
import { BYBIT_ANSWERS, bybitCode, bybitStatus, bybitUpdate, isFill } from "./bybit-answers.ts";
import { field, list, text } from "./fields.ts";
import { digitsOnly, genericQuirks, orderParams, tradeKey } from "./generic.ts";

/** The exchange drops a request that reaches it later than this after its timestamp. */
const WINDOW_MS = 2_000;
/** "403, access too frequent": everything must stop for ten minutes. */
const BAN_MS = 600_000;
/** The longest range that the histories answer at once, and their pages. */
const SPAN_MS = 7 * 24 * 3_600_000 - 1;
const EXECUTIONS_PAGE = 100;
const ORDERS_PAGE = 50;
const AHEAD_MS = 10_000;

/** Of ccxt's class, beyond what every exchange has. */
interface Bybit extends CcxtExchange {
  privateGetV5ExecutionList(params: Params): Promise<unknown>;
  privateGetV5UserQueryApi(params: Params): Promise<unknown>;
  fetchCanceledAndClosedOrders(symbol: string, since?: number, limit?: number, params?: Params): Promise<readonly CcxtOrder[]>;
  parseTrade(trade: unknown, market?: CcxtMarket): CcxtTrade;
  parseIncome(income: unknown, market: CcxtMarket): CcxtIncome;
  handleMyTrades(client: CcxtClient, message: unknown): void;
  handleSubscriptionStatus(client: CcxtClient, message: unknown): unknown;
  handleTicker(client: CcxtClient, message: unknown): void;
  watchTicker(symbol: string): Promise<unknown>;
}

function own(exchange: CcxtExchange): Bybit {
  return exchange as Bybit;
}

function extend(Base: CcxtClass, sink: StreamSink): CcxtClass {
  return class BybitExchange extends (Base as new (config?: Params) => Bybit) {
    readonly #subscribed = new WeakMap<CcxtClient, Set<string>>();

    /** ccxt puts its name into every order: `Referer` is how brokers are credited. */
    override sign(path: string, api: unknown, method: string, params: Params, headers: unknown, body: unknown): unknown {
      const request = super.sign(path, api, method, params, headers, body) as { readonly headers?: Params };
      if (request.headers === undefined) return request;
      const { Referer: _, ...rest } = request.headers;
      return { ...request, headers: rest };
    }

    override handleOrder(client: CcxtClient, message: unknown): void {
      for (const raw of list(message, "data")) {
        const update = bybitUpdate(raw, this.#symbolOf(raw));
        if (update !== null) sink.onOrder(update);
      }
      super.handleOrder(client, message);
    }

    override handleMyTrades(client: CcxtClient, message: unknown): void {
      for (const raw of list(message, "data")) {
        const market = this.markets?.[this.#symbolOf(raw)];
        if (market !== undefined && isFill(raw)) sink.onTrade(this.parseTrade(raw, market));
      }
      super.handleMyTrades(client, message);
    }

    /** The private stream is up when both its topics are confirmed, not when its socket stands. */
    override handleSubscriptionStatus(client: CcxtClient, message: unknown): unknown {
      if (client.url.endsWith("/v5/private") && field(message, "success") === true) {
        const confirmed = this.#subscribed.get(client) ?? new Set<string>();
        this.#subscribed.set(client, confirmed.add(text(message, "req_id") ?? ""));
        if (confirmed.size === 2) sink.onPrivateUp();
      }
      return super.handleSubscriptionStatus(client, message);
    }

    /** Update ids grow by one; ccxt applies what comes. After a gap the connection is made anew, with a fresh snapshot. */
    override handleOrderBook(client: CcxtClient, message: unknown): void {
      const data = field(message, "data");
      const kind = client.url.includes("spot") ? "spot" : "swap";
      const symbol = this.safeSymbol(text(data, "s") ?? undefined, undefined, undefined, kind) ?? "";
      const id = Number(text(data, "u"));
      const last = this.orderbooks[symbol]?.nonce;
      if (text(message, "type") === "delta" && last !== undefined && id !== last + 1) {
        sink.onBookGap(symbol);
        return client.reset(new Error(`book messages of ${symbol} from ${last + 1} on are missing`));
      }
      super.handleOrderBook(client, message);
      const book = this.orderbooks[symbol];
      if (book !== undefined) Object.assign(book, { nonce: id });
    }

    /** A change carries only the fields that changed. */
    override handleTicker(client: CcxtClient, message: unknown): void {
      const data = field(message, "data");
      const mark = text(data, "markPrice");
      const symbol = this.safeSymbol(text(message, "topic")?.split(".").at(-1), undefined, undefined, "swap");
      if (mark !== null && symbol !== undefined && !client.url.includes("spot")) sink.onMark(symbol, mark);
      super.handleTicker(client, message);
    }

    #symbolOf(raw: unknown): string {
      const kind = text(raw, "category") === "spot" ? "spot" : "swap";
      return this.safeSymbol(text(raw, "symbol") ?? undefined, undefined, undefined, kind) ?? "";
    }
  };
}

function bucketOf(path: string): string {
  if (/order\/(create|amend)/.test(path)) return "create";
  return /order\/(cancel|disconnected)/.test(path) ? "cancel" : "read";
}

/** Every request counts for the address; a signed one for its endpoint too. */
function chargesOf(path: string, _method: string, _params: Params): Charges {
  return /(^|\/)v5\/market\//.test(path) ? { requests: 1 } : { requests: 1, [bucketOf(path)]: 1 };
}

/** X-Bapi-Limit is the account's own limit of that endpoint, X-Bapi-Limit-Status what is left of it: told as a share of ours. */
function usageOf(headers: Readonly<Record<string, string>>, path = ""): Charges {
  const lower = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), Number(value)]));
  const [limit, left] = [lower["x-bapi-limit"] ?? 0, lower["x-bapi-limit-status"] ?? Number.NaN];
  const ours = limitsOf("bybit").find(({ name }) => name === bucketOf(path))?.limit;
  return limit > 0 && Number.isFinite(left) && ours !== undefined ? { [bucketOf(path)]: ((limit - left) / limit) * ours } : {};
}

/** Rights are listed by purse; `Withdraw` is a right of the wallet. Throws a UserError for an account that is not unified. */
async function keyRights(exchange: CcxtExchange): Promise<KeyRights> {
  const result = field(await own(exchange).privateGetV5UserQueryApi({}), "result");
  if (text(result, "uta") === "0") throw notUnified();
  const permissions = field(result, "permissions");
  const addresses = list(result, "ips");
  const trades = [...list(permissions, "ContractTrade"), ...list(permissions, "Spot")];
  return {
    canTrade: text(result, "readOnly") !== "1" && trades.length > 0,
    canWithdraw: list(permissions, "Wallet").includes("Withdraw"),
    isAddressBound: addresses.length > 0 && !addresses.includes("*"),
  };
}

function notUnified(): UserError {
  return new UserError({
    en: "The Bybit account is a classic one; upgrade it to a unified trading account, the classic interface is not spoken here",
    "zh-TW": "這個 Bybit 帳戶是經典帳戶；請升級為統一交易帳戶，本程式不支援經典帳戶的介面",
  });
}

async function place(exchange: CcxtExchange, order: OrderRequest): Promise<CcxtOrder> {
  const { clientOrderId, price, quantity, side, symbol } = order;
  const params = orderParams(order, { clientOrderId: digitsOnly(clientOrderId) });
  // The answer says no more than that the order was taken; a refusal by the engine comes by the stream.
  return { ...(await exchange.createOrder(symbol, "limit", side, quantity, price, params)), status: "open" };
}

function byName({ clientOrderId, exchangeOrderId }: OrderName): Params {
  return exchangeOrderId === null ? { orderLinkId: digitsOnly(clientOrderId) } : { orderId: exchangeOrderId };
}

/** Open, or one of the last 500 that closed. Throws an AnswerError `notFound`. */
async function findOrder(exchange: CcxtExchange, name: OrderName): Promise<CcxtOrder> {
  const [order] = await exchange.fetchOpenOrders(name.symbol, undefined, undefined, byName(name));
  if (order !== undefined) return order;
  throw new AnswerError(200, null, "the order is not among those in memory", { kind: "notFound", isProof: false });
}

/** A cancel is only acknowledged: whether it won against a fill is asked once. */
async function cancel(exchange: CcxtExchange, name: OrderName): Promise<CcxtOrder> {
  const taken = await exchange.cancelOrder(name.exchangeOrderId ?? undefined, name.symbol, byName(name));
  return await findOrder(exchange, name).catch(() => taken);
}

/** ccxt leaves the cursor on one of the rows. */
function cursorOf(rows: readonly { readonly info: Params }[]): string | null {
  for (const { info } of rows) if (text(info, "nextPageCursor") !== null) return text(info, "nextPageCursor");
  return null;
}

async function openOrders(exchange: CcxtExchange, symbols: readonly string[]): Promise<readonly CcxtOrder[]> {
  const ofOne = async (symbol: string): Promise<readonly CcxtOrder[]> => {
    const page = async (cursor: string | null, limit: number): Promise<CursorPage<CcxtOrder>> => {
      const rows = await exchange.fetchOpenOrders(symbol, undefined, limit, cursor === null ? {} : { cursor });
      return { rows, next: cursorOf(rows) };
    };
    const { complete, rows } = await byCursor(page, { keyOf: ({ id }) => id ?? "", since: 0, limit: ORDERS_PAGE });
    if (!complete) throw new ExchangeReadError("transient", `open orders of ${symbol}: there are more than could be read`);
    return rows;
  };
  return (await Promise.all(symbols.map(ofOne))).flat();
}

/** ccxt takes one symbol at a time. Two rows of a symbol are the two sides of hedge mode, whose net nobody owns. */
async function positions(exchange: CcxtExchange, symbols: readonly string[]) {
  const all = (await Promise.all(symbols.map((symbol) => exchange.fetchPositions([symbol])))).flat();
  const hedged = all.find(({ info }) => !["0", null].includes(text(info, "positionIdx")));
  if (hedged !== undefined)
    throw new ExchangeReadError("rejected", `${hedged.symbol} is in hedge mode; switch the account to one-way mode at Bybit`);
  return all;
}

function executions<Row extends { readonly timestamp?: number }>(
  exchange: CcxtExchange,
  { now, since, symbol }: { readonly symbol: string; readonly since: number; readonly now: number },
  filter: Params,
  rowsOf: (raw: readonly unknown[], market: CcxtMarket) => readonly Row[],
  keyOf: (row: Row) => string,
): Promise<Pages<Row>> {
  const market = exchange.market(symbol);
  const category = market.spot === true ? "spot" : "linear";
  const page = async (range: { readonly from: number; readonly to: number }, cursor: string | null, limit: number) => {
    const times = { startTime: range.from, endTime: range.to, limit, ...(cursor === null ? {} : { cursor }) };
    const answer = await own(exchange).privateGetV5ExecutionList({ category, symbol: market.id, ...filter, ...times });
    const result = field(answer, "result");
    return { rows: rowsOf(list(result, "list"), market), next: text(result, "nextPageCursor") };
  };
  return bySpan(page, { keyOf, since, until: now + AHEAD_MS, limit: EXECUTIONS_PAGE, spanMs: SPAN_MS });
}

function closedOrders(exchange: CcxtExchange, symbol: string, since: number, now: number): Promise<Pages<CcxtOrder>> {
  const page = async (range: { readonly from: number; readonly to: number }, cursor: string | null, limit: number) => {
    const params = { endTime: range.to, ...(cursor === null ? {} : { cursor }) };
    const rows = await own(exchange).fetchCanceledAndClosedOrders(symbol, range.from, limit, params);
    return { rows, next: cursorOf(rows) };
  };
  return bySpan(page, { keyOf: ({ id }) => id ?? "", since, until: now + AHEAD_MS, limit: ORDERS_PAGE, spanMs: SPAN_MS });
}

/** Margin mode is the whole account's here; "not modified" is what was wanted. */
async function setPerp(exchange: CcxtExchange, symbol: string, { leverage, marginMode }: PerpSettings): Promise<void> {
  const steps = [
    marginMode === undefined ? null : () => exchange.setMarginMode(marginMode, symbol, {}),
    leverage === undefined ? null : () => exchange.setLeverage(leverage, symbol, {}),
  ];
  for (const step of steps) {
    try {
      await step?.();
    } catch (error) {
      if (!(error instanceof Error && /not modified/i.test(error.message))) throw error;
    }
  }
}

export const bybit: Quirks = genericQuirks("bybit", {
  title: "Bybit",
  // Disconnection protection is no countdown: it acts when the private stream ends, and the account manager must enable it.
  capabilities: { amend: true, batchPlace: false, lookupByClientOrderId: true, deadManSwitch: false, fundingHistory: true },
  credentials: credentialFieldsOf("bybit"),
  hosts: ["api.bybit.com", "stream.bybit.com"],
  testnetHosts: ["api-testnet.bybit.com", "stream-testnet.bybit.com"],
  windowMs: WINDOW_MS,
  banMs: BAN_MS,
  config: {
    options: {
      ...{ defaultType: "swap", recvWindow: WINDOW_MS, fetchMarkets: { types: ["spot", "linear"] } },
      // Only unified accounts are spoken to; ccxt would ask twice before the first order.
      ...{ enableUnifiedMargin: false, enableUnifiedAccount: true },
    },
  },
  urls: (url, wsUrl) => ({
    api: {
      ...{ spot: url, futures: url, v2: url, public: url, private: url },
      ws: {
        public: { spot: `${wsUrl}/v5/public/spot`, linear: `${wsUrl}/v5/public/linear` },
        private: { spot: { unified: `${wsUrl}/v5/private` }, contract: `${wsUrl}/v5/private`, usdc: `${wsUrl}/v5/private` },
      },
    },
  }),
  keyRights,
  isPrivateUrl: () => false,
  answers: BYBIT_ANSWERS,
  refusesWithSuccess: true,
  codeOf: bybitCode,
  messageOf: (response) => text(response, "retMsg"),
  isReadable: (_path, _method, response) => text(response, "retCode") === "0" && typeof field(response, "result") === "object",
  isDoubtful: (code, message) => ["10014", "110072", "170141"].includes(code) || /duplicate/i.test(message),
  chargesOf,
  usageOf,
  defaultFees: { spot: { maker: "0.001", taker: "0.001" }, perp: { maker: "0.0002", taker: "0.00055" } },
  place,
  amend: (exchange, name, { price, quantity, side, symbol }) =>
    exchange.editOrder(
      name.exchangeOrderId ?? "",
      symbol,
      "limit",
      side,
      quantity,
      price,
      name.exchangeOrderId === null ? byName(name) : {},
    ),
  cancel,
  order: findOrder,
  openOrders,
  positions,
  fills: (exchange, symbol, since, now) =>
    executions(
      exchange,
      { symbol, since, now },
      {},
      (raw, market) => raw.filter(isFill).map((row) => own(exchange).parseTrade(row, market)),
      tradeKey,
    ),
  orders: closedOrders,
  funding: (exchange, symbol, since, now) =>
    executions(
      exchange,
      { symbol, since, now },
      { execType: "Funding" },
      (raw, market) => raw.map((row) => own(exchange).parseIncome(row, market)),
      ({ info }) => text(info, "execId") ?? "",
    ),
  // Told as a fee: what is positive was paid.
  fundingOf: ({ info }) => {
    const [id, paid] = [text(info, "execId"), text(info, "execFee")];
    return id === null || paid === null ? null : { id, amount: decimal(money(paid).times(-1)) };
  },
  setPerp,
  privateWatches: (exchange) => [() => exchange.watchOrders(), () => exchange.watchMyTrades()],
  watchMark: (exchange, symbol) => own(exchange).watchTicker(symbol),
  clientOrderIdOf: (trade) => text(trade.info, "orderLinkId"),
  statusOf: bybitStatus,
  isPostOnly: (order) => text(order.info, "timeInForce") === "PostOnly",
  extend,
});
