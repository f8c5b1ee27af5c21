// Paradex: perpetuals by subkey, orders that are accepted first and refused later, history by cursor.

import { getStarkKey } from "@scure/starknet";
import type { CredentialValues } from "../../core/credentials.ts";
import { text as decimal, money } from "../../core/money.ts";
import type { PerpSettings } from "../../core/ports.ts";
import { UserError } from "../../core/text.ts";
import type { CcxtExchange, CcxtMarket, CcxtOrder, Params } from "../ccxt-loader.ts";
import { credentialFieldsOf } from "../credential-fields.ts";
import { AnswerError, DeniedError, messageOf } from "../outcome.ts";
import { byCursor, type Pages } from "../paging.ts";
import type { KeyRights, OrderName, OrderRequest, Quirks } from "../quirks.ts";
import { field, list, text } from "./fields.ts";
import { genericQuirks, orderParams, tradeKey } from "./generic.ts";
import { chargesOf, isReadable, PARADEX_ANSWERS, statusIn } from "./paradex-answers.ts";
import { extendParadex, type Paradex } from "./paradex-exchange.ts";
import type { HistoryRead } from "./paradex-rest.ts";

/** Sent with each order as `recv_window`: Paradex refuses one that arrives later than this after its signature's time. */
const WINDOW_MS = 2_000;
/** The exchange gives out 5000 rows at most. */
const PAGE = 1_000;

const own = (exchange: CcxtExchange): Paradex => exchange as Paradex;

/** The subkey's pair. The public half is computed: whether the key may withdraw is judged by it. Throws a UserError. */
function login({ address = "", publicKey, privateKey = "" }: CredentialValues): Params {
  const computed = getStarkKey(privateKey);
  if (publicKey !== undefined && publicKey !== "" && BigInt(publicKey) !== BigInt(computed))
    throw new UserError({
      en: `publicKey ${publicKey} is not the one of privateKey (value not shown); it should be ${computed}, or left out`,
      "zh-TW": `publicKey ${publicKey} 與 privateKey（不顯示內容）不符；應為 ${computed}，或不填`,
    });
  return { options: { paradexAccount: { address, publicKey: computed, privateKey } } };
}

/** The account's own key may withdraw, a subkey only trades. */
async function keyRights(exchange: CcxtExchange): Promise<KeyRights> {
  const paradex = own(exchange);
  const key = BigInt(text(exchange.options.paradexAccount, "publicKey") ?? 0);
  const isOurs = (row: unknown): boolean => BigInt(text(row, "public_key") ?? -1) === key;
  await paradex.authenticateRest();
  const canWithdraw = list(await paradex.privateGetAccountInfo({}), "results").some(isOurs);
  if (canWithdraw) return { canTrade: true, canWithdraw, isAddressBound: null };
  const subkey = await subkeyWhere(paradex, isOurs);
  if (subkey === null) return { canTrade: null, canWithdraw, isAddressBound: null };
  return { canTrade: text(subkey, "state") === "active", canWithdraw, isAddressBound: list(subkey, "allowed_cidrs").length > 0 };
}

/** Null when the exchange does not list it, or does not show its list to this key. */
async function subkeyWhere(paradex: Paradex, isOurs: (row: unknown) => boolean): Promise<unknown> {
  try {
    return list(await paradex.privateGetAccountKeysSubkeys({}), "results").find(isOurs) ?? null;
  } catch (error) {
    if (error instanceof AnswerError && error.reading.isProof && error.reading.kind !== "rateLimited") return null;
    throw error;
  }
}

/** ccxt tells no free balance. What is free of the settlement currency is the account's free collateral, of others all. */
async function balances(exchange: CcxtExchange): Promise<unknown> {
  const paradex = own(exchange);
  await paradex.authenticateRest();
  const [account, sizes] = await Promise.all([paradex.privateGetAccount({}), paradex.privateGetBalance({})]);
  const free = money(text(account, "free_collateral") ?? "0");
  const rows = list(sizes, "results").map((row) => {
    const [token, total] = [text(row, "token") ?? "", text(row, "size") ?? undefined];
    if (total === undefined || token !== text(account, "settlement_asset")) return [token, { free: total, total }];
    const usable = free.lt(0) ? money("0") : free.lt(money(total)) ? free : money(total);
    return [token, { free: decimal(usable), total }];
  });
  return Object.fromEntries(rows);
}

/** Leverage and margin mode travel together. ccxt would reset the one that is not named (leverage 1, cross). */
async function setPerp(exchange: CcxtExchange, symbol: string, { leverage, marginMode }: PerpSettings): Promise<void> {
  if (leverage === undefined && marginMode === undefined) return;
  const paradex = own(exchange);
  await paradex.authenticateRest();
  const market = exchange.market(symbol).id;
  const isWhole = leverage !== undefined && marginMode !== undefined;
  const configs = isWhole ? [] : list(await paradex.privateGetAccountMargin({ market }), "configs");
  const now = configs.find((row) => text(row, "market") === market);
  await paradex.privatePostAccountMarginMarket({
    market,
    leverage: leverage ?? Number(text(now, "leverage") ?? 1),
    margin_type: marginMode?.toUpperCase() ?? text(now, "margin_type") ?? "CROSS",
  });
}

/** Before an order or cancel: while nobody is signed in it is not sent, and nothing about it is in doubt. Throws a DeniedError. */
async function signedIn(exchange: CcxtExchange): Promise<Paradex> {
  try {
    await own(exchange).authenticateRest();
    return own(exchange);
  } catch (error) {
    throw new DeniedError("notSignedIn", messageOf(error));
  }
}

async function place(exchange: CcxtExchange, order: OrderRequest): Promise<CcxtOrder> {
  const { symbol, side, quantity, price, clientOrderId } = order;
  const params = { ...orderParams(order, { clientOrderId: paradex.idOut(clientOrderId) }), recv_window: WINDOW_MS };
  return await (await signedIn(exchange)).createOrder(symbol, "limit", side, quantity, price, params);
}

/** Changes price and size in place; the order keeps its id, its side and what kind of order it is. */
async function amend(exchange: CcxtExchange, { exchangeOrderId }: OrderName, to: OrderRequest): Promise<CcxtOrder> {
  if (exchangeOrderId === null) throw new DeniedError("noExchangeId", "Paradex changes an order by its own id, which is not known yet");
  return await (await signedIn(exchange)).editOrder(exchangeOrderId, to.symbol, "limit", to.side, to.quantity, to.price, {});
}

function history<Row extends { readonly timestamp?: number }>(
  exchange: CcxtExchange,
  read: HistoryRead,
  { symbol, since }: { readonly symbol: string; readonly since: number },
  rowOf: (raw: unknown, market: CcxtMarket) => Row,
  keyOf: (row: Row) => string,
): Promise<Pages<Row>> {
  const market = exchange.market(symbol);
  const page = async (cursor: string | null, limit: number) => {
    const { rows, next } = await own(exchange).historyPage(read, symbol, since, cursor, limit);
    return { rows: rows.map((raw) => rowOf(raw, market)), next };
  };
  return byCursor(page, { keyOf, since, limit: PAGE });
}

/** From the initial margin of a small position: 0.02 is 50x. */
function maxLeverage({ info }: CcxtMarket): number | null {
  const margin = Number(text(field(info, "delta1_cross_margin_params"), "imf_base"));
  return margin > 0 ? Math.floor(1 / margin + 1e-9) : null;
}

export const paradex: Quirks = genericQuirks("paradex", {
  title: "Paradex",
  kinds: ["perp"],
  capabilities: { amend: true, batchPlace: false, lookupByClientOrderId: true, deadManSwitch: false, fundingHistory: true },
  credentials: credentialFieldsOf("paradex"),
  login,
  hosts: ["api.prod.paradex.trade", "ws.api.prod.paradex.trade"],
  testnetHosts: ["api.testnet.paradex.trade", "ws.api.testnet.paradex.trade"],
  windowMs: WINDOW_MS,
  urls: (url, wsUrl) => ({ api: { v1: `${url}/v1`, v2: `${url}/v2`, ws: wsUrl } }),
  // Every signature names the chain; asked for here, no order waits for it.
  prepare: async (exchange) => void (await own(exchange).getSystemConfig()),
  keyRights,
  // Public and private channels share one socket: the private ones stand when they are subscribed, not when it does.
  isPrivateUrl: () => false,
  answers: PARADEX_ANSWERS,
  codeOf: (response) => text(response, "error"),
  messageOf: (response) => text(response, "message"),
  isReadable,
  isDoubtful: (code) => code === "DUPLICATED_CLIENT_ID",
  chargesOf,
  // Defaults for a market that names none; from the exchange's own list of fees for API traders.
  defaultFees: { spot: { maker: "0.0002", taker: "0.0002" }, perp: { maker: "-0.00005", taker: "0.0003" } },
  maxLeverage,
  place,
  amend,
  cancel: async (exchange, name) => await (await signedIn(exchange)).cancelOwn(name),
  openOrders: (exchange) => exchange.fetchOpenOrders(),
  balances,
  fills: (exchange, symbol, since) =>
    history(exchange, "privateGetFills", { symbol, since }, (raw, market) => own(exchange).parseTrade(raw, market), tradeKey),
  // By id Paradex only promises to tell about orders that are open.
  orders: (exchange, symbol, since) =>
    history(
      exchange,
      "privateGetOrdersHistory",
      { symbol, since },
      (raw, market) => own(exchange).parseOrder(raw, market),
      (order) => order.id ?? "",
    ),
  funding: (exchange, symbol, since) =>
    history(
      exchange,
      "privateGetFundingPayments",
      { symbol, since },
      (raw, market) => own(exchange).parseIncome(raw, market),
      ({ info }) => text(info, "id") ?? "",
    ),
  fundingOf: ({ info }) => {
    const [id, amount] = [text(info, "id"), text(info, "payment")];
    return id === null || amount === null ? null : { id, amount };
  },
  setPerp,
  privateWatches: (exchange) => [() => own(exchange).watchOwn()],
  watchMark: (exchange, symbol) => own(exchange).watchMark(symbol),
  clientOrderIdOf: (trade) => text(trade.info, "client_id"),
  statusOf: (order) => statusIn(order.info),
  extend: extendParadex,
});
