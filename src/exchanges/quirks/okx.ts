// OKX: refusals inside status 200, contracts instead of base units, a deadline on every order, net mode only.

import type { PerpSettings } from "../../core/ports.ts";
import { UserError } from "../../core/text.ts";
import type { CcxtClass, CcxtClient, CcxtExchange, CcxtIncome, CcxtMarket, CcxtOrder, CcxtTrade, Params } from "../ccxt-loader.ts";
import { credentialFieldsOf } from "../credential-fields.ts";
import { ExchangeReadError } from "../outcome.ts";
import { byCursor, bySpan, type CursorPage } from "../paging.ts";
import type { Charges, KeyRights, OrderName, OrderRequest, Quirks, StreamSink } from "../quirks.ts";
import { field, list, text } from "./fields.ts";
import { digitsOnly, genericQuirks, orderParams, tradeKey } from "./generic.ts";
import { OKX_ANSWERS, okxCode, okxMessage, okxStatus, okxUpdate } from "./okx-answers.ts";

/** OKX lets a request live 30 s after its timestamp; `expTime` shortens that for orders and changes. */
const WINDOW_MS = 2_000;
const PAGE = 100;
/** How far back the history of fills reaches. */
const SPAN_MS = 90 * 24 * 3_600_000;
const AHEAD_MS = 10_000;
/** Bounds of cancel-all-after, seconds. */
const SWITCH_S = { min: 10, max: 120 } as const;
/** Bill type 8 is funding. */
const FUNDING_BILLS = "8";
const ORDERS = /trade\/(order|amend-order)$/;

/** Of ccxt's class, beyond what every exchange has. */
interface Okx extends CcxtExchange {
  privateGetTradeFillsHistory(params: Params): Promise<unknown>;
  privateGetAccountBillsArchive(params: Params): Promise<unknown>;
  privateGetAccountConfig(params: Params): Promise<unknown>;
  privateGetTradeOrdersHistory(params: Params): Promise<unknown>;
  cancelAllOrdersAfter(timeoutMs: number): Promise<unknown>;
  parseTrade(trade: unknown, market: CcxtMarket): CcxtTrade;
  parseOrder(order: unknown, market: CcxtMarket): CcxtOrder;
  handleOrders(client: CcxtClient, message: unknown): void;
  handleSubscriptionStatus(client: CcxtClient, message: unknown): unknown;
}

function own(exchange: CcxtExchange): Okx {
  return exchange as Okx;
}

function extend(Base: CcxtClass, sink: StreamSink): CcxtClass {
  return class OkxExchange extends (Base as new (config?: Params) => Okx) {
    /** The deadline is a header, which no parameter of ccxt reaches; it is not part of the signature. */
    override sign(path: string, api: unknown, method: string, params: Params, headers: unknown, body: unknown): unknown {
      const request = super.sign(path, api, method, params, headers, body) as { readonly headers?: Params };
      if (method !== "POST" || !ORDERS.test(path)) return request;
      // Local minus server time, ms, as measured at connect.
      const expTime = String(Date.now() - Number(this.options.timeDifference ?? 0) + WINDOW_MS);
      return { ...request, headers: { ...request.headers, expTime } };
    }

    /** Each message tells one fill; ccxt keeps the last one of an order. */
    override handleOrders(client: CcxtClient, message: unknown): void {
      for (const raw of list(message, "data")) {
        const update = okxUpdate(raw, this.safeSymbol(text(raw, "instId") ?? undefined) ?? "");
        if (update !== null) sink.onOrder(update);
      }
      super.handleOrders(client, message);
    }

    /** The private stream is up when its channel is confirmed, not when its socket stands. */
    override handleSubscriptionStatus(client: CcxtClient, message: unknown): unknown {
      const isOrders = text(field(message, "arg"), "channel") === "orders";
      if (isOrders && text(message, "event") === "subscribe") sink.onPrivateUp();
      return super.handleSubscriptionStatus(client, message);
    }
  };
}

/** Orders and cancels are limited by user and instrument; everything else as ccxt assumes. */
function chargesOf(path: string, method: string, _params: Params): Charges {
  return method === "POST" && /trade\/(order|amend-order|cancel-order)$/.test(path) ? { orders: 1 } : { requests: 1 };
}

/** Throws a UserError for an account that holds both sides of a market at once. */
async function keyRights(exchange: CcxtExchange): Promise<KeyRights> {
  const [config] = list(await own(exchange).privateGetAccountConfig({}), "data");
  if (text(config, "posMode") === "long_short_mode") throw hedgeMode();
  const rights = text(config, "perm")?.split(",") ?? null;
  const has = (right: string): boolean | null => (rights === null ? null : rights.includes(right));
  return {
    canTrade: has("trade"),
    canWithdraw: has("withdraw"),
    isAddressBound: config === undefined ? null : text(config, "ip") !== null,
  };
}

function hedgeMode(): UserError {
  return new UserError({
    en: "The OKX account is in long/short mode; switch it to net mode (Settings, Position mode)",
    "zh-TW": "這個 OKX 帳戶使用雙向持倉模式；請改為單向（淨）持倉模式（設定、持倉模式）",
  });
}

async function place(exchange: CcxtExchange, order: OrderRequest): Promise<CcxtOrder> {
  const { clientOrderId, price, quantity, side, symbol } = order;
  const { marginMode } = marginModes(exchange)[symbol] ?? {};
  const tdMode = marginMode === undefined || exchange.market(symbol).spot === true ? {} : { marginMode };
  const params = { ...orderParams(order, { clientOrderId: digitsOnly(clientOrderId) }), ...tdMode };
  // The answer says no more than that the order was taken.
  return { ...(await exchange.createOrder(symbol, "limit", side, quantity, price, params)), status: "open" };
}

function byName({ clientOrderId, exchangeOrderId }: OrderName): readonly [string | undefined, Params] {
  return exchangeOrderId === null ? [undefined, { clientOrderId: digitsOnly(clientOrderId) }] : [exchangeOrderId, {}];
}

function findOrder(exchange: CcxtExchange, name: OrderName): Promise<CcxtOrder> {
  const [id, params] = byName(name);
  return exchange.fetchOrder(id, name.symbol, params);
}

/** A cancel is only acknowledged: whether it won against a fill is asked once. */
async function cancel(exchange: CcxtExchange, name: OrderName): Promise<CcxtOrder> {
  const [id, params] = byName(name);
  const taken = await exchange.cancelOrder(id, name.symbol, params);
  return await findOrder(exchange, name).catch(() => taken);
}

async function openOrders(exchange: CcxtExchange): Promise<readonly CcxtOrder[]> {
  const page = async (cursor: string | null, limit: number): Promise<CursorPage<CcxtOrder>> => {
    const rows = await exchange.fetchOpenOrders(undefined, undefined, limit, cursor === null ? {} : { after: cursor });
    // Newest first by id; ccxt sorts them by time.
    const ids = rows.map(({ id }) => BigInt(id ?? 0)).sort((a, b) => Number(a - b));
    return { rows, next: rows.length < limit ? null : String(ids[0]) };
  };
  const { complete, rows } = await byCursor(page, { keyOf: ({ id }) => id ?? "", since: 0, limit: PAGE });
  if (!complete) throw new ExchangeReadError("transient", "open orders: there are more than could be read");
  return rows;
}

interface History<Row> {
  readonly read: (params: Params) => Promise<unknown>;
  readonly filter: Params;
  /** What the next page begins after. */
  readonly cursor: string;
  readonly rowOf: (raw: unknown, market: CcxtMarket) => Row;
  readonly keyOf: (row: Row) => string;
}

/** Pages by the exchange's own running id, newest first. */
function history<Row extends { readonly timestamp?: number }>(
  exchange: CcxtExchange,
  { now, since, symbol }: { readonly symbol: string; readonly since: number; readonly now: number },
  { cursor: cursorName, filter, keyOf, read, rowOf }: History<Row>,
) {
  const market = exchange.market(symbol);
  const instType = market.spot === true ? "SPOT" : "SWAP";
  const page = async (range: { readonly from: number; readonly to: number }, cursor: string | null, limit: number) => {
    const times = { begin: String(range.from), end: String(range.to), limit: String(limit), ...(cursor === null ? {} : { after: cursor }) };
    const raw = list(await read({ instType, ...filter, ...times }), "data");
    return { rows: raw.map((row) => rowOf(row, market)), next: raw.length < limit ? null : text(raw.at(-1), cursorName) };
  };
  return bySpan(page, { keyOf, since, until: now + AHEAD_MS, limit: PAGE, spanMs: SPAN_MS });
}

/** Of the position or, where only the balance moved, of the balance: a zero says that it was the other. */
function fundingAmount(info: unknown): string | null {
  const [balance, position] = [text(info, "balChg"), text(info, "posBalChg")];
  return balance !== null && Number(balance) !== 0 ? balance : (position ?? balance);
}

function incomeOf(raw: unknown): CcxtIncome {
  return { timestamp: Number(text(raw, "ts")), info: raw as Params };
}

type MarginModes = Record<string, { readonly marginMode?: "cross" | "isolated" } | undefined>;

/** The margin mode is a word of each order: what `setPerp` said last, by symbol. */
function marginModes({ options }: CcxtExchange): MarginModes {
  options.marginModes ??= {};
  return options.marginModes as MarginModes;
}

async function setPerp(exchange: CcxtExchange, symbol: string, { leverage, marginMode }: PerpSettings): Promise<void> {
  if (leverage !== undefined) await exchange.setLeverage(leverage, symbol, { marginMode: marginMode ?? "cross" });
  if (marginMode !== undefined) marginModes(exchange)[symbol] = { marginMode };
}

export const okx: Quirks = genericQuirks("okx", {
  title: "OKX",
  // The dead-man switch is of the whole account, 10 to 120 s. Changes in place stay off: they are acknowledged only.
  capabilities: {
    amend: false,
    batchPlace: false,
    lookupByClientOrderId: true,
    deadManSwitch: true,
    deadManScope: "account",
    fundingHistory: true,
  },
  credentials: credentialFieldsOf("okx"),
  hosts: ["www.okx.com", "ws.okx.com"],
  // Demo trading: the same REST host with the header x-simulated-trading, which ccxt's sandbox mode sends, and its own stream.
  testnetHosts: ["www.okx.com", "wspap.okx.com"],
  windowMs: WINDOW_MS,
  config: { options: { defaultType: "swap", createOrder: "privatePostTradeOrder", fetchMarkets: { types: ["spot", "swap"] } } },
  urls: (url, wsUrl) => ({ api: { rest: url, ws: wsUrl } }),
  keyRights,
  isPrivateUrl: () => false,
  answers: OKX_ANSWERS,
  refusesWithSuccess: true,
  codeOf: okxCode,
  messageOf: okxMessage,
  isReadable: (_path, _method, response) => text(response, "code") === "0" && Array.isArray(field(response, "data")),
  isDoubtful: (code, message) => code === "51016" || /duplicate/i.test(message),
  chargesOf,
  defaultFees: { spot: { maker: "0.0008", taker: "0.001" }, perp: { maker: "0.0002", taker: "0.0005" } },
  place,
  cancel,
  order: findOrder,
  openOrders,
  fills: (exchange, symbol, since, now) =>
    history<CcxtTrade>(
      exchange,
      { symbol, since, now },
      {
        read: (params) => own(exchange).privateGetTradeFillsHistory(params),
        filter: { instId: exchange.market(symbol).id },
        cursor: "billId",
        rowOf: (raw, market) => own(exchange).parseTrade(raw, market),
        keyOf: tradeKey,
      },
    ),
  // By id, canceled orders without a fill are forgotten after two hours.
  orders: (exchange, symbol, since, now) =>
    history<CcxtOrder>(
      exchange,
      { symbol, since, now },
      {
        read: (params) => own(exchange).privateGetTradeOrdersHistory(params),
        filter: { instId: exchange.market(symbol).id },
        cursor: "ordId",
        rowOf: (raw, market) => own(exchange).parseOrder(raw, market),
        keyOf: ({ id }) => id ?? "",
      },
    ),
  funding: async (exchange, symbol, since, now) => {
    const { complete, rows } = await history<CcxtIncome>(
      exchange,
      { symbol, since, now },
      {
        read: (params) => own(exchange).privateGetAccountBillsArchive(params),
        filter: { type: FUNDING_BILLS },
        cursor: "billId",
        rowOf: incomeOf,
        keyOf: ({ info }) => text(info, "billId") ?? "",
      },
    );
    // Bills cannot be asked for by market.
    return { rows: rows.filter(({ info }) => text(info, "instId") === exchange.market(symbol).id), complete };
  },
  fundingOf: ({ info }) => {
    const [id, amount] = [text(info, "billId"), fundingAmount(info)];
    return id === null || amount === null ? null : { id, amount };
  },
  setPerp,
  deadManSwitch: async (exchange, _symbols, timeoutMs) => {
    const seconds = timeoutMs === null ? 0 : Math.min(SWITCH_S.max, Math.max(SWITCH_S.min, Math.ceil(timeoutMs / 1_000)));
    await own(exchange).cancelAllOrdersAfter(seconds * 1_000);
  },
  privateWatches: (exchange) => [() => exchange.watchOrders()],
  watchMark: async (exchange, symbol, sink) => {
    const price = text(await exchange.watchMarkPrice(symbol), "markPrice");
    if (price !== null) sink.onMark(symbol, price);
  },
  clientOrderIdOf: (trade) => text(trade.info, "clOrdId"),
  statusOf: okxStatus,
  isPostOnly: (order) => text(order.info, "ordType") === "post_only",
  // Net mode: the sign is the side.
  positionQuantity: (position) => text(position.info, "pos") ?? "0",
  extend,
});
