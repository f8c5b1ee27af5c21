// What is true of any exchange that ccxt streams from: the rules that a described exchange starts from and an unknown one gets.

import type { CredentialField, CredentialValues } from "../../core/credentials.ts";
import { money } from "../../core/money.ts";
import type { Capabilities, PerpSettings } from "../../core/ports.ts";
import { UserError } from "../../core/text.ts";
import type { CcxtClass, CcxtExchange, CcxtOrder, CcxtPosition, CcxtTrade, Params } from "../ccxt-loader.ts";
import { credentialFieldsOf } from "../credential-fields.ts";
import { type BucketLimit, limitsOf } from "../limits.ts";
import { AnswerError, DeniedError, ExchangeReadError } from "../outcome.ts";
import { byTime } from "../paging.ts";
import type { OrderName, OrderRequest, OrderUpdate, Quirks, StreamSink } from "../quirks.ts";
import { text } from "./fields.ts";

/** Ids that every exchange we know of carries as they are. */
const PLAIN_ID = /^\d{1,10}$/;
/** A range that no exchange refuses for its trades. */
const SPAN_MS = 6 * 24 * 3_600_000;
const PAGE = 100;

const STATUSES: Readonly<Record<string, ReturnType<Quirks["statusOf"]>>> = {
  open: "open",
  closed: "filled",
  canceled: "canceled",
  expired: "expired",
  rejected: "rejected",
};

/** The order's own words for ccxt: only these reach the exchange, whatever else an object holds. */
export function orderParams(order: OrderRequest, id: Params): Params {
  return {
    ...id,
    ...(order.timeInForce === "ioc" ? { timeInForce: "IOC" } : {}),
    ...(order.postOnly ? { postOnly: true } : {}),
    ...(order.reduceOnly ? { reduceOnly: true } : {}),
  };
}

/** A named exchange's rule for ids: digits as they are. Throws a DeniedError for anything else. */
export function digitsOnly(clientOrderId: string): string {
  if (!PLAIN_ID.test(clientOrderId)) throw new DeniedError("clientOrderId", `order id ${clientOrderId.slice(0, 20)} is none of ours`);
  return clientOrderId;
}

function place(exchange: CcxtExchange, order: OrderRequest, id: Params): Promise<CcxtOrder> {
  return exchange.createOrder(order.symbol, "limit", order.side, order.quantity, order.price, orderParams(order, id));
}

/** One order by id, or by ours where ccxt can; else out of the open ones. */
async function findOrder(exchange: CcxtExchange, name: OrderName, idOut: Quirks["idOut"]): Promise<CcxtOrder> {
  const clientOrderId = idOut(name.clientOrderId);
  if (exchange.has.fetchOrder === true)
    return name.exchangeOrderId === null
      ? await exchange.fetchOrder(undefined, name.symbol, { clientOrderId })
      : await exchange.fetchOrder(name.exchangeOrderId, name.symbol, {});
  const open = await exchange.fetchOpenOrders(name.symbol);
  const found = open.find((order) =>
    name.exchangeOrderId === null ? order.clientOrderId === String(clientOrderId) : order.id === name.exchangeOrderId,
  );
  if (found !== undefined) return found;
  throw new AnswerError(404, null, "the order is not among the open ones", { kind: "notFound", isProof: false });
}

function cancelOrder(exchange: CcxtExchange, name: OrderName, idOut: Quirks["idOut"]): Promise<CcxtOrder> {
  return name.exchangeOrderId === null
    ? exchange.cancelOrder(undefined, name.symbol, { clientOrderId: idOut(name.clientOrderId) })
    : exchange.cancelOrder(name.exchangeOrderId, name.symbol, {});
}

/** Sets margin mode, then leverage; "already so" is what was wanted. Throws for what ccxt cannot set: silence would look like success. */
export async function setPerp(exchange: CcxtExchange, symbol: string, settings: PerpSettings): Promise<void> {
  const { leverage, marginMode } = settings;
  for (const [word, value] of Object.entries({ setMarginMode: marginMode, setLeverage: leverage }))
    if (value !== undefined && exchange.has[word] !== true)
      throw new ExchangeReadError("rejected", `${exchange.id} has no ${word}: it is chosen at the exchange itself`);
  if (marginMode !== undefined) {
    try {
      await exchange.setMarginMode(marginMode, symbol, leverage === undefined ? {} : { leverage });
    } catch (error) {
      if (!(error instanceof Error && /no need to change|not modified|already/i.test(error.message))) throw error;
    }
  }
  if (leverage !== undefined) {
    try {
      await exchange.setLeverage(leverage, symbol, {});
    } catch (error) {
      if (!(error instanceof Error && /no need to change|not modified|already/i.test(error.message))) throw error;
    }
  }
}

/** Order and fill waits over ccxt's own merged structures: for exchanges whose raw messages nobody has described. */
function mergedWatches(exchange: CcxtExchange, symbols: readonly string[], sink: StreamSink): (() => Promise<unknown>)[] {
  const orders = async (): Promise<void> => {
    for (const order of await exchange.watchOrders()) {
      const update = updateOf(order);
      if (update !== null) sink.onOrder(update);
    }
  };
  if (exchange.has.watchMyTrades !== true) return [orders];
  const watchesAll = symbols.length !== 1;
  const trades = async (): Promise<void> => {
    for (const trade of await exchange.watchMyTrades(watchesAll ? undefined : symbols[0])) sink.onTrade(trade);
  };
  return [orders, trades];
}

/** An order as ccxt merged it. Its fills are told apart, never derived from this. */
function updateOf(order: CcxtOrder): OrderUpdate | null {
  const status = STATUSES[order.status ?? ""];
  if (order.id === undefined || order.symbol === undefined || status === undefined || status === null) return null;
  return {
    symbol: order.symbol,
    exchangeOrderId: order.id,
    clientOrderId: order.clientOrderId ?? null,
    side: order.side === "sell" ? "sell" : "buy",
    status: status === "rejected" ? "canceled" : status,
    filled: order.filled ?? "0",
    at: order.timestamp ?? 0,
    fill: null,
  };
}

function signedContracts(position: CcxtPosition): string {
  const contracts = money(position.contracts ?? "0").abs();
  return (position.side === "short" ? contracts.times(-1) : contracts).toFixed();
}

const CAPABILITIES: Capabilities = {
  amend: false,
  batchPlace: false,
  lookupByClientOrderId: true,
  deadManSwitch: false,
  fundingHistory: false,
};

function login(id: string, fields: readonly CredentialField[], values: CredentialValues): Params {
  const missing = fields.find((one) => one.isOptional !== true && (values[one.name] ?? "") === "");
  if (missing !== undefined)
    throw new UserError({
      en: `The account at ${id} has no ${missing.name}; it must be ${missing.right.en}`,
      "zh-TW": `${id} 的帳戶缺少 ${missing.name}；應為${missing.right["zh-TW"]}`,
    });
  return values;
}

/** Everything that may differ, as it is for an exchange that nobody has described; a described one replaces what it knows. */
export function genericQuirks(id: string, own: Partial<Quirks> = {}): Quirks {
  const idOut = own.idOut ?? digitsOnly;
  const credentials = own.credentials ?? credentialFieldsOf(id);
  const limits: readonly BucketLimit[] = own.limits ?? limitsOf(id);
  return {
    id,
    ccxtId: id,
    title: id,
    kinds: ["spot", "perp"],
    capabilities: CAPABILITIES,
    credentials,
    login: (values) => login(id, credentials, values),
    hosts: [],
    testnetHosts: [],
    windowMs: 2_000,
    config: {},
    urls: (url, wsUrl) => ({ api: { public: url, private: url, ws: { public: wsUrl, private: wsUrl } } }),
    isPrivateUrl: () => true,
    answers: null,
    codeOf: () => null,
    messageOf: (response) => text(response, "message") ?? text(response, "msg"),
    isReadable: (_path, _method, response) => typeof response === "object" && response !== null,
    isDoubtful: (_code, message) => /duplicate|already exist/i.test(message),
    limits,
    chargesOf: () => ({ requests: 1 }),
    defaultFees: { spot: { maker: "0.001", taker: "0.001" }, perp: { maker: "0.0005", taker: "0.0005" } },
    maxLeverage: (market) => (Number(market.limits.leverage?.max) > 0 ? Number(market.limits.leverage?.max) : null),
    idOut,
    idIn: (text) => (PLAIN_ID.test(text) ? text : null),
    place: (exchange, order) => place(exchange, order, { clientOrderId: idOut(order.clientOrderId) }),
    cancel: (exchange, name) => cancelOrder(exchange, name, idOut),
    order: (exchange, name) => findOrder(exchange, name, idOut),
    openOrders: async (exchange, symbols) => (await Promise.all(symbols.map((symbol) => exchange.fetchOpenOrders(symbol)))).flat(),
    positions: (exchange, symbols) => exchange.fetchPositions(symbols),
    balances: (exchange) => exchange.fetchBalance(),
    fills: (exchange, symbol, since, now) =>
      byTime((from, _to, limit) => exchange.fetchMyTrades(symbol, from, limit), {
        ...{ keyOf: tradeKey, since, until: now, limit: PAGE, spanMs: SPAN_MS },
      }),
    orders: null,
    funding: () => Promise.resolve({ rows: [], complete: false }),
    fundingOf: ({ info, amount }) => {
      const paymentId = text(info, "id") ?? text(info, "tranId");
      return paymentId === null || amount === undefined ? null : { id: paymentId, amount };
    },
    setPerp,
    privateWatches: mergedWatches,
    watchMark: null,
    clientOrderIdOf: (trade) => text(trade.info, "clientOrderId") ?? text(trade.info, "clientId"),
    statusOf: (order) => STATUSES[order.status ?? ""] ?? null,
    isPostOnly: (order) => order.postOnly === true,
    positionQuantity: signedContracts,
    extend: (Base: CcxtClass) => Base,
    ...own,
  };
}

/** A fill's identity within its symbol. */
export function tradeKey(trade: CcxtTrade): string {
  return `${trade.id}/${trade.order}`;
}
