// Lighter and its twin on Robinhood Chain: an API key with an operator's signer, orders confirmed after the fact, history by cursor.

import type { CredentialValues } from "../../core/credentials.ts";
import { text as decimal, money, ZERO } from "../../core/money.ts";
import type { PerpSettings } from "../../core/ports.ts";
import { UserError } from "../../core/text.ts";
import type { CcxtExchange, CcxtIncome, CcxtMarket, CcxtTrade, Params } from "../ccxt-loader.ts";
import { credentialFieldsOf } from "../credential-fields.ts";
import { messageOf } from "../outcome.ts";
import { byCursor } from "../paging.ts";
import type { Quirks } from "../quirks.ts";
import { field, list, text } from "./fields.ts";
import { genericQuirks, tradeKey } from "./generic.ts";
import { chargesOf, codeOf, DUPLICATE, epochMs, isReadable, LIGHTER_ANSWERS, statusIn } from "./lighter-answers.ts";
import { extendLighter } from "./lighter-exchange.ts";
import {
  amend,
  cancel,
  clientIndex,
  closedOrders,
  deadManSwitch,
  openOrder,
  own,
  PAGE,
  place,
  SCHEDULE_LEAST_MS,
} from "./lighter-orders.ts";
import { TOKEN_OPTIONS } from "./lighter-rest.ts";
import { checkSignerFiles } from "./lighter-signer.ts";

/** Margin fractions of the markets are ten-thousandths. */
const FRACTION = 10_000;

interface Venue {
  readonly id: "lighter" | "lighterrobinhood";
  readonly title: string;
  readonly url: string;
  readonly chainId: number;
  /** Of the other one: its keys and transactions are worth nothing here. */
  readonly foreignChainId: number;
  readonly other: string;
  readonly collateral: string;
  readonly testnetHosts: readonly string[];
}

const LIGHTER: Venue = {
  id: "lighter",
  title: "Lighter",
  url: "https://mainnet.zklighter.elliot.ai",
  chainId: 304,
  foreignChainId: 466_324,
  other: "lighterrobinhood",
  collateral: "USDC",
  testnetHosts: ["testnet.zklighter.elliot.ai"],
};

/** An exchange of its own with Lighter's software: other accounts, keys and markets, and USDG for money (apidocs.lighter.xyz). */
const ROBINHOOD: Venue = {
  id: "lighterrobinhood",
  title: "Lighter on Robinhood Chain",
  url: "https://api.rh.lighter.xyz",
  chainId: 466_324,
  foreignChainId: 304,
  other: "lighter",
  collateral: "USDG",
  // The address of its testnet's streams is not documented.
  testnetHosts: [],
};

function urlsOf(url: string, wsUrl: string): Params {
  return { api: { root: url, public: url, private: url, ws: wsUrl } };
}

function login(venue: Venue, values: CredentialValues): Params {
  const { accountIndex = "", apiKeyIndex = "", apiPrivateKey = "", libraryPath, wasmExecPath } = values;
  const chainId = Number(values.chainId ?? venue.chainId);
  if (chainId === venue.foreignChainId)
    throw new UserError({
      en: `chainId ${chainId} is not of exchange ${venue.id}; add the account at exchange ${venue.other}`,
      "zh-TW": `chainId ${chainId} 不屬於交易所 ${venue.id}；請將帳戶加到交易所 ${venue.other}`,
    });
  // Only the API key: with the wallet's own key ccxt would register a new API key and approve its fees.
  const lighterPrivateKey = apiPrivateKey.replace(/^0x/, "");
  const auths = { [accountIndex]: { [apiKeyIndex]: { lighterPrivateKey } } };
  return { options: { accountIndex: Number(accountIndex), apiKeyIndex: Number(apiKeyIndex), chainId, auths, libraryPath, wasmExecPath } };
}

/** Checks and loads the signer, and makes it sign for this account. Throws a UserError. */
async function prepare(exchange: CcxtExchange, values: CredentialValues): Promise<void> {
  checkSignerFiles(values);
  const { accountIndex = "", apiKeyIndex = "", apiPrivateKey = "" } = values;
  const privateKey = apiPrivateKey.replace(/^0x/, "");
  try {
    await own(exchange).loadAccount(exchange.options.chainId, privateKey, apiKeyIndex, accountIndex);
  } catch (error) {
    if (error instanceof UserError) throw error;
    const why = messageOf(error).replaceAll(privateKey, "[redacted]");
    throw new UserError({
      en: `Lighter's signer does not sign for account ${accountIndex} with API key ${apiKeyIndex}: ${why}`,
      "zh-TW": `Lighter 簽章程式無法為帳戶 ${accountIndex} 的 API 金鑰 ${apiKeyIndex} 簽章：${why}`,
    });
  }
}

/** Collateral of the perpetuals and assets of spot are two pots at Lighter; a currency in both is told as their sum. */
async function balances(exchange: CcxtExchange, collateral: string): Promise<unknown> {
  const [account] = list(await own(exchange).readAccount(), "accounts");
  const sums = new Map([
    [collateral, { total: money(text(account, "collateral") ?? "0"), free: money(text(account, "available_balance") ?? "0") }],
  ]);
  for (const asset of list(account, "assets")) {
    const [currency, total] = [text(asset, "symbol") ?? "", money(text(asset, "balance") ?? "0")];
    const before = sums.get(currency) ?? { total: ZERO, free: ZERO };
    const free = total.minus(money(text(asset, "locked_balance") ?? "0"));
    sums.set(currency, { total: before.total.plus(total), free: before.free.plus(free) });
  }
  return Object.fromEntries([...sums].map(([currency, { free, total }]) => [currency, { free: decimal(free), total: decimal(total) }]));
}

/** Leverage and margin mode travel in one transaction: the one that is not named stays as it is. */
async function setPerp(exchange: CcxtExchange, symbol: string, { leverage, marginMode }: PerpSettings): Promise<void> {
  if (leverage === undefined && marginMode === undefined) return;
  const lighter = own(exchange);
  const market = exchange.market(symbol);
  const isWhole = leverage !== undefined && marginMode !== undefined;
  const [account] = isWhole ? [] : list(await lighter.readAccount(), "accounts");
  const now = list(account, "positions").find((position) => text(position, "market_id") === market.id);
  const percent = Number(text(now, "initial_margin_fraction") ?? Number(text(market.info, "default_initial_margin_fraction")) / 100);
  const mode = marginMode ?? (text(now, "margin_mode") === "1" ? "isolated" : "cross");
  await lighter.inTurn(() => exchange.setLeverage(leverage ?? 100 / percent, symbol, { marginMode: mode }));
}

function maxLeverage({ info }: CcxtMarket): number | null {
  const least = Number(text(info, "min_initial_margin_fraction"));
  return least > 0 ? Math.floor(FRACTION / least) : null;
}

function fills(exchange: CcxtExchange, symbol: string, since: number) {
  const lighter = own(exchange);
  const market = exchange.market(symbol);
  const account_index = lighter.accountIndex;
  const page = async (cursor: string | null, limit: number) => {
    const query = { sort_by: "timestamp", account_index, market_id: market.id, limit, ...(cursor === null ? {} : { cursor }) };
    const answer = await lighter.privateGetTrades(query);
    const rows = list(answer, "trades").map((raw) => lighter.parseTrade({ ...(raw as Params), account_index }, market));
    return { rows, next: text(answer, "next_cursor") };
  };
  return byCursor(page, { keyOf: tradeKey, since, limit: PAGE });
}

function funding(exchange: CcxtExchange, symbol: string, since: number) {
  const lighter = own(exchange);
  const market_id = exchange.market(symbol).id;
  const page = async (cursor: string | null, limit: number) => {
    const query = { account_index: lighter.accountIndex, market_id, limit, ...(cursor === null ? {} : { cursor }) };
    const answer = await lighter.privateGetPositionFunding(query);
    const rows = list(answer, "position_fundings").map((raw): CcxtIncome => {
      const timestamp = epochMs(text(raw, "timestamp"));
      return { symbol, info: raw as Params, ...(timestamp === undefined ? {} : { timestamp }) };
    });
    return { rows, next: text(answer, "next_cursor") };
  };
  return byCursor(page, { keyOf: ({ info }) => text(info, "funding_id") ?? "", since, limit: PAGE });
}

/** Which side of a trade was ours ccxt has found out; both sides' ids are there. 0 is none. */
function clientOrderIdOf({ info, side }: CcxtTrade): string | null {
  const id = text(info, side === "sell" ? "ask_client_id_str" : "bid_client_id_str");
  return id === "0" ? null : id;
}

/**
 * Every API key of Lighter may trade and withdraw, but without the wallet's key only to the address that owns the account
 * (apidocs.lighter.xyz, API keys); the exchange has no weaker key and tells of no rights, so there are none to judge by.
 *
 * A signed transaction lives ten minutes there: the signer decides that and ccxt cannot shorten it. What fences a process that
 * lost its lease is the nonce, once its successor has sent something with the same key: lower nonces are refused from then on.
 */
function described(venue: Venue): Quirks {
  return genericQuirks(venue.id, {
    ccxtId: "lighter",
    title: venue.title,
    capabilities: {
      ...{ amend: true, batchPlace: false, lookupByClientOrderId: true, fundingHistory: true },
      ...{ deadManSwitch: true, deadManScope: "account", deadManLeastMs: SCHEDULE_LEAST_MS },
    },
    credentials: credentialFieldsOf(venue.id),
    login: (values) => login(venue, values),
    prepare,
    hosts: [new URL(venue.url).hostname],
    testnetHosts: venue.testnetHosts,
    config: {
      ...(venue.id === "lighter" ? {} : { urls: urlsOf(venue.url, `${venue.url.replace("https", "wss")}/stream`) }),
      options: { defaultType: "swap", ...TOKEN_OPTIONS },
    },
    urls: urlsOf,
    // Nonces must arrive in their order, which two processes cannot promise each other.
    oneWriterPerKey: true,
    isPrivateUrl: () => false,
    answers: LIGHTER_ANSWERS,
    refusesWithSuccess: true,
    codeOf,
    messageOf: (response) => text(response, "message") ?? text(field(response, "error"), "message"),
    isReadable,
    isDoubtful: (code) => code === DUPLICATE,
    chargesOf,
    defaultFees: { spot: { maker: "0", taker: "0" }, perp: { maker: "0.00004", taker: "0.00028" } },
    maxLeverage,
    idOut: clientIndex,
    place,
    amend,
    cancel,
    order: openOrder,
    positions: async (exchange, symbols) => {
      const accounts = list(await own(exchange).readAccount(), "accounts");
      return own(exchange).parsePositions(
        accounts.flatMap((account) => list(account, "positions")),
        symbols,
      );
    },
    balances: (exchange) => balances(exchange, venue.collateral),
    fills,
    orders: closedOrders,
    funding,
    // Positive when received; ccxt has no such history.
    fundingOf: ({ info }) => {
      const [id, amount] = [text(info, "funding_id"), text(info, "change")];
      return id === null || amount === null ? null : { id, amount };
    },
    setPerp,
    deadManSwitch: (exchange, _symbols, timeoutMs) => deadManSwitch(exchange, timeoutMs),
    privateWatches: (exchange) => [
      () => exchange.watchOrders(),
      () => exchange.watchMyTrades(undefined, undefined, undefined, { auth: own(exchange).createAuth({}) }),
    ],
    watchMark: async (exchange, symbol, sink) => {
      const price = text(await exchange.watchMarkPrice(symbol), "markPrice");
      if (price !== null) sink.onMark(symbol, price);
    },
    clientOrderIdOf,
    statusOf: (order) => statusIn(order.info),
    extend: (Base, sink) => extendLighter(Base, sink, venue.collateral),
  });
}

export const lighter: Quirks = described(LIGHTER);
export const lighterRobinhood: Quirks = described(ROBINHOOD);
