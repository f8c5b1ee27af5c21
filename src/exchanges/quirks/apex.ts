// Apex Omni: perpetuals signed with zkLink seeds; ccxt mistakes its sizes for contracts and forgets whose order a fill is of.

import type { CcxtClass, CcxtClient, CcxtExchange, CcxtMarket, CcxtOrder, CcxtTrade, Params } from "../ccxt-loader.ts";
import { credentialFieldsOf } from "../credential-fields.ts";
import type { AnswerTable } from "../outcome.ts";
import { byOffset } from "../paging.ts";
import type { KeyRights, OrderName, OrderRequest, OrderUpdate, Quirks, StreamSink } from "../quirks.ts";
import { loadApexSigner } from "./apex-signer.ts";
import { field, list, text } from "./fields.ts";
import { digitsOnly, genericQuirks, orderParams, tradeKey } from "./generic.ts";

const PAGE = 100;

/** The few words that are known; everything else leaves the fate of an order open. */
const ANSWERS: AnswerTable = {
  ORDER_PRICE_MUST_GREETER_ZERO: "rejected",
  ORDER_WITH_THIS_PRICE_CANNOT_REDUCE_POSITION_ONLY: "rejected",
  ORDER_POSSIBLE_LEAD_TO_ACCOUNT_LIQUIDATED: "insufficientFunds",
  "20006": "authentication",
  "20016": "rejected",
};

const STATUSES: Readonly<Record<string, ReturnType<Quirks["statusOf"]>>> = {
  PENDING: "open",
  OPEN: "open",
  UNTRIGGERED: "open",
  // ccxt calls this canceled already; a fill may still win.
  CANCELING: "open",
  FILLED: "filled",
  CANCELED: "canceled",
  EXPIRED: "expired",
};

/** Of ccxt's class, beyond what every exchange has. */
interface Apex extends CcxtExchange {
  parseMarket(market: unknown): CcxtMarket;
  parseOrder(order: unknown, market?: CcxtMarket): CcxtOrder;
  parseTrade(trade: unknown, market?: CcxtMarket): CcxtTrade;
  handleAccount(client: CcxtClient, message: unknown): void;
  handleAuthenticate(client: CcxtClient, message: unknown): unknown;
  getWsPublicUrl(): string;
  getWsPrivateUrl(): string;
  getAccountId(): Promise<string>;
}

function own(exchange: CcxtExchange): Apex {
  return exchange as Apex;
}

/** One order of the account's stream; null for one that names no order. Fills stand beside the orders. */
export function apexUpdate(raw: unknown, symbol: string): OrderUpdate | null {
  const exchangeOrderId = text(raw, "id");
  const status = STATUSES[text(raw, "status") ?? ""];
  if (exchangeOrderId === null || status === undefined || status === null || status === "rejected" || symbol === "") return null;
  return {
    symbol,
    exchangeOrderId,
    clientOrderId: text(raw, "clientId") ?? text(raw, "clientOrderId"),
    side: text(raw, "side")?.toUpperCase() === "SELL" ? "sell" : "buy",
    status,
    filled: filledIn(raw) ?? "0",
    at: Number(text(raw, "updatedAt") ?? text(raw, "updatedTime") ?? text(raw, "createdAt") ?? 0),
    fill: null,
  };
}

function filledIn(raw: unknown): string | null {
  return text(raw, "cumMatchFillSize") ?? text(raw, "cumSuccessFillSize");
}

function extend(Base: CcxtClass, sink: StreamSink): CcxtClass {
  return class ApexExchange extends (Base as new (config?: Params) => Apex) {
    /** A broker's number goes with every order; nobody brokers here. It is not part of the signature. */
    override sign(path: string, api: unknown, method: string, params: Params, headers: unknown, body: unknown): unknown {
      const { brokerId: _, ...rest } = params;
      return super.sign(path, api, method, rest, headers, body);
    }

    /** ccxt takes the smallest order for the size of a contract, and the maker's fee for the taker's. */
    override parseMarket(market: unknown): CcxtMarket {
      const parsed = super.parseMarket(market);
      const { maker: taker, taker: maker } = parsed;
      return { ...parsed, contractSize: "1", ...(maker === undefined ? {} : { maker }), ...(taker === undefined ? {} : { taker }) };
    }

    override parseOrder(order: unknown, market?: CcxtMarket): CcxtOrder {
      const filled = filledIn(order);
      return { ...super.parseOrder(order, market), ...(filled === null ? {} : { filled }) };
    }

    override parseTrade(trade: unknown, market?: CcxtMarket): CcxtTrade {
      const parsed = super.parseTrade(trade, market);
      const [order, fee, liquidity] = [text(trade, "orderId"), text(trade, "fee"), text(trade, "liquidity") ?? text(trade, "direction")];
      const currency = this.markets?.[parsed.symbol ?? ""]?.settle;
      return {
        ...parsed,
        ...(order === null ? {} : { order }),
        ...(fee === null ? {} : { fee: { cost: fee, ...(currency === undefined ? {} : { currency }) } }),
        ...(liquidity === null ? {} : { takerOrMaker: liquidity.toLowerCase() }),
      };
    }

    /** The snapshot after each sign-in repeats old fills: what was missed is read from the history anyway. */
    override handleAccount(client: CcxtClient, message: unknown): void {
      const contents = field(message, "contents");
      for (const raw of list(contents, "orders")) {
        const update = apexUpdate(raw, this.safeSymbol(text(raw, "symbol") ?? undefined) ?? "");
        if (update !== null) sink.onOrder(update);
      }
      if (text(message, "type") !== "snapshot") for (const raw of list(contents, "fills")) sink.onTrade(this.parseTrade(raw));
      super.handleAccount(client, message);
    }

    /** Signing in names the account's topic: with its answer the private stream is up. */
    override handleAuthenticate(client: CcxtClient, message: unknown): unknown {
      if (field(message, "success") === true) sink.onPrivateUp();
      return super.handleAuthenticate(client, message);
    }

    // The addresses end in the time of the dial, which ccxt keeps for ever.
    override getWsPublicUrl(): string {
      return this.#fresh("wsPublicUrl", () => super.getWsPublicUrl());
    }
    override getWsPrivateUrl(): string {
      return this.#fresh("wsPrivateUrl", () => super.getWsPrivateUrl());
    }
    #fresh(name: string, make: () => string): string {
      const known = this.options[name];
      if (typeof known === "string" && this.clients[known] === undefined) delete this.options[name];
      return make();
    }
  };
}

/** Says nothing of rights. It reads the account's number, which is signed into each order, and so proves that the key works. */
async function keyRights(exchange: CcxtExchange): Promise<KeyRights> {
  await own(exchange).getAccountId();
  return { canTrade: null, canWithdraw: null, isAddressBound: null };
}

function place(exchange: CcxtExchange, order: OrderRequest): Promise<CcxtOrder> {
  const { clientOrderId, price, quantity, side, symbol, timeInForce } = order;
  const params = orderParams(order, { clientOrderId: digitsOnly(clientOrderId) });
  // ccxt sends "IOC" as it is, a word that the exchange does not have.
  const ioc = timeInForce === "ioc" ? { timeInForce: "IMMEDIATE_OR_CANCEL" } : {};
  return exchange.createOrder(symbol, "limit", side, quantity, price, { ...params, ...ioc });
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

export const apex: Quirks = genericQuirks("apex", {
  title: "Apex",
  kinds: ["perp"],
  capabilities: { amend: false, batchPlace: false, lookupByClientOrderId: true, deadManSwitch: false, fundingHistory: true },
  credentials: credentialFieldsOf("apex"),
  login: ({ apiKey = "", password = "", secret = "", seeds = "" }) => ({ apiKey, secret, password, options: { seeds } }),
  hosts: ["omni.apex.exchange", "quote.omni.apex.exchange"],
  testnetHosts: ["testnet.omni.apex.exchange", "qa-quote.omni.apex.exchange"],
  urls: (url, wsUrl) => ({
    api: {
      ...{ public: `${url}/api`, private: `${url}/api` },
      ws: { public: `${wsUrl}/realtime_public?v=2`, private: `${wsUrl}/realtime_private?v=2` },
    },
  }),
  unconfirmed: {
    en: "its signer has never been run with this program, and whether a fill has the same id in the stream and in the history is not documented; use mode testnet first",
    "zh-TW": "其簽章程式尚未與本程式實際運行過，文件也未說明成交在串流與歷史紀錄中的編號是否相同；請先使用 testnet 模式",
  },
  prepare: (_exchange, values) => loadApexSigner(values),
  keyRights,
  isPrivateUrl: () => false,
  answers: ANSWERS,
  refusesWithSuccess: true,
  codeOf: (response) => {
    const code = text(response, "code");
    return code === null || code === "0" ? null : (text(response, "key") ?? code);
  },
  messageOf: (response) => text(response, "msg"),
  isReadable: (_path, _method, response) => field(response, "data") !== undefined && field(response, "data") !== null,
  defaultFees: { spot: { maker: "0.0002", taker: "0.0005" }, perp: { maker: "0.0002", taker: "0.0005" } },
  place,
  cancel,
  order: findOrder,
  openOrders: (exchange) => exchange.fetchOpenOrders(),
  positions: (exchange) => exchange.fetchPositions(),
  fills: (exchange, symbol, since) =>
    byOffset((offset, limit) => exchange.fetchMyTrades(symbol, since, limit, { page: Math.floor(offset / limit) }), {
      ...{ keyOf: tradeKey, since, limit: PAGE },
    }),
  orders: (exchange, symbol, since) =>
    byOffset((offset, limit) => exchange.fetchOrders(symbol, since, limit, { page: Math.floor(offset / limit) }), {
      ...{ keyOf: ({ id }) => id ?? "", since, limit: PAGE },
    }),
  funding: (exchange, symbol, since) =>
    byOffset((offset, limit) => exchange.fetchFundingHistory(symbol, since, limit, { page: Math.floor(offset / limit) }), {
      ...{ keyOf: ({ info }) => text(info, "id") ?? "", since, limit: PAGE },
    }),
  fundingOf: ({ info }) => {
    const [id, amount] = [text(info, "id"), text(info, "fundingValue")];
    return id === null || amount === null ? null : { id, amount };
  },
  // Margin is always cross; a leverage is an initial margin rate.
  setPerp: async (exchange, symbol, { leverage }) => {
    if (leverage !== undefined) await exchange.setLeverage(leverage, symbol, {});
  },
  privateWatches: (exchange) => [() => exchange.watchOrders()],
  clientOrderIdOf: (trade) => text(trade.info, "clientId") ?? text(trade.info, "clientOrderId"),
  statusOf: (order) => STATUSES[text(order.info, "status") ?? ""] ?? null,
  isPostOnly: (order) => order.postOnly === true || text(order.info, "timeInForce") === "POST_ONLY",
  extend,
});
