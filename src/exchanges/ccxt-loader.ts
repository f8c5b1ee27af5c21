// Imports one exchange of ccxt.pro without the other hundred, and the small part of its shape that we rely on.

import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { UserError } from "../core/text.ts";
import { standxClass } from "./standx/exchange.ts";
import type { CcxtBaseClass } from "./standx/shape.ts";

export type Params = Readonly<Record<string, unknown>>;

/** Structures with `number: String`: every number is a decimal string. Only the fields that we read. */
export interface CcxtMarket {
  readonly id: string;
  readonly symbol: string;
  readonly base: string;
  readonly quote: string;
  readonly settle?: string;
  readonly spot?: boolean;
  readonly swap?: boolean;
  readonly linear?: boolean;
  readonly active?: boolean;
  readonly contractSize?: string | number;
  readonly maker?: string;
  readonly taker?: string;
  readonly precision: { readonly amount?: string; readonly price?: string };
  readonly limits: {
    readonly amount?: { readonly min?: string };
    readonly cost?: { readonly min?: string };
    readonly leverage?: { readonly max?: string };
  };
  readonly info: Params;
}

export interface CcxtOrder {
  readonly id?: string;
  readonly clientOrderId?: string;
  readonly symbol?: string;
  readonly status?: string;
  readonly side?: string;
  readonly price?: string;
  readonly amount?: string;
  readonly filled?: string;
  readonly postOnly?: boolean;
  readonly reduceOnly?: boolean;
  readonly timestamp?: number;
  readonly info: Params;
}

export interface CcxtTrade {
  readonly id?: string;
  readonly order?: string;
  readonly symbol?: string;
  readonly side?: string;
  readonly price?: string;
  readonly amount?: string;
  readonly takerOrMaker?: string;
  readonly fee?: { readonly cost?: string; readonly currency?: string };
  readonly timestamp?: number;
  readonly info: Params;
}

export interface CcxtPosition {
  readonly symbol?: string;
  readonly side?: string;
  readonly contracts?: string;
  readonly contractSize?: string | number;
  readonly entryPrice?: string;
  readonly liquidationPrice?: string;
  readonly info: Params;
}

export interface CcxtIncome {
  readonly symbol?: string;
  readonly amount?: string;
  readonly timestamp?: number;
  readonly info: Params;
}

/** Books are the one exception: rows of plain numbers. */
export interface CcxtBook {
  readonly bids: readonly (readonly number[])[];
  readonly asks: readonly (readonly number[])[];
  readonly timestamp?: number;
  readonly nonce?: number;
  /** Messages that wait for the first snapshot. */
  cache: unknown[];
  reset(snapshot: CcxtBook): void;
}

export interface CcxtClient {
  readonly url: string;
  error?: unknown;
  readonly isConnected: boolean;
  readonly connection?: { terminate(): void };
  reset(error: Error): void;
  resolve(result: unknown, messageHash: string): void;
}

/** Undici's dispatcher, as far as we wrap it. */
export interface Dispatcher {
  compose(interceptor: (dispatch: Dispatch) => Dispatch): Dispatcher;
  destroy(): Promise<void>;
}
export type Dispatch = (options: unknown, handler: DispatchHandler) => boolean;
export interface DispatchHandler {
  onRequestStart?(controller: { abort(reason: Error): void }, context: unknown): void;
  onRequestUpgrade?(...args: readonly unknown[]): void;
  onResponseStart?(...args: readonly unknown[]): void;
  onResponseData?(...args: readonly unknown[]): void;
  onResponseEnd?(...args: readonly unknown[]): void;
  onResponseError?(...args: readonly unknown[]): void;
}

export interface CcxtExchange {
  readonly id: string;
  readonly has: Readonly<Record<string, unknown>>;
  readonly urls: { readonly api: unknown; readonly test?: unknown };
  readonly markets?: Readonly<Record<string, CcxtMarket>>;
  readonly timeframes?: Readonly<Record<string, unknown>>;
  readonly last_response_headers?: Readonly<Record<string, string>>;
  readonly fetchDispatcher?: Dispatcher;
  clients: Record<string, CcxtClient>;
  orderbooks: Record<string, CcxtBook>;
  loadMarkets(reload?: boolean): Promise<Readonly<Record<string, CcxtMarket>>>;
  loadTimeDifference(): Promise<unknown>;
  loadHttpProxyAgent(): Promise<unknown>;
  loadProxyModules(): Promise<unknown>;
  /** ccxt's own settings, changed by some quirks after construction. */
  readonly options: Record<string, unknown>;
  setSandboxMode(enabled: boolean): void;
  market(symbol: string): CcxtMarket;
  safeSymbol(id: string | undefined, market?: unknown, delimiter?: unknown, marketType?: "spot" | "swap"): string | undefined;
  orderBook(): CcxtBook;
  createOrder(symbol: string, type: string, side: string, amount: string, price: string, params: Params): Promise<CcxtOrder>;
  cancelOrder(id: string | undefined, symbol: string, params: Params): Promise<CcxtOrder>;
  editOrder(id: string, symbol: string, type: string, side: string, amount: string, price: string, params: Params): Promise<CcxtOrder>;
  fetchOrder(id: string | undefined, symbol: string, params: Params): Promise<CcxtOrder>;
  fetchOpenOrder(id: string | undefined, symbol: string, params: Params): Promise<CcxtOrder>;
  fetchOpenOrders(symbol?: string, since?: number, limit?: number, params?: Params): Promise<readonly CcxtOrder[]>;
  fetchOrders(symbol?: string, since?: number, limit?: number, params?: Params): Promise<readonly CcxtOrder[]>;
  fetchMyTrades(symbol?: string, since?: number, limit?: number, params?: Params): Promise<readonly CcxtTrade[]>;
  fetchFundingHistory(symbol?: string, since?: number, limit?: number, params?: Params): Promise<readonly CcxtIncome[]>;
  fetchPositions(symbols?: readonly string[]): Promise<readonly CcxtPosition[]>;
  fetchBalance(): Promise<unknown>;
  fetchOrderBook(symbol: string, limit?: number): Promise<CcxtBook>;
  fetchStatus(): Promise<{ readonly status?: string; readonly info?: { readonly message?: unknown } }>;
  watchOrderBook(symbol: string): Promise<CcxtBook>;
  watchTrades(symbol: string): Promise<readonly CcxtTrade[]>;
  watchOHLCV(symbol: string, timeframe: string): Promise<readonly (readonly unknown[])[]>;
  fetchTime(): Promise<number | undefined>;
  fetchTradingFee(symbol: string): Promise<Params>;
  fetchTrades(symbol: string, since?: number, limit?: number, params?: Params): Promise<readonly CcxtTrade[]>;
  fetchTicker(symbol: string): Promise<Params>;
  fetchFundingRate(symbol: string): Promise<Params>;
  fetchOHLCV(symbol: string, timeframe: string, since?: number, limit?: number): Promise<readonly (readonly number[])[]>;
  setLeverage(leverage: number, symbol: string, params: Params): Promise<unknown>;
  setMarginMode(marginMode: string, symbol: string, params: Params): Promise<unknown>;
  watchOrders(symbol?: string, since?: number, limit?: number, params?: Params): Promise<readonly CcxtOrder[]>;
  watchMarkPrice(symbol: string): Promise<unknown>;
  /** Raw endpoints that no unified method reaches. */
  fapiPrivatePostV3CountdownCancelAll(params: Params): Promise<unknown>;
  fapiPrivateGetV3Agent(params: Params): Promise<unknown>;
  sapiGetAccountApiRestrictions(params: Params): Promise<unknown>;
  fapiPrivatePostCountdownCancelAll(params: Params): Promise<unknown>;
  fapiPrivateGetV3PositionRisk(params: Params): Promise<unknown>;
  fapiPrivateGetV3PositionSideDual(params: Params): Promise<unknown>;
  fapiPrivateGetSymbolConfig(params: Params): Promise<unknown>;
  fapiPrivateGetPositionSideDual(params: Params): Promise<unknown>;
  watchMyTrades(symbol?: string, since?: number, limit?: number, params?: Params): Promise<readonly CcxtTrade[]>;
  watchPublic(topics: readonly string[], messageHashes: readonly string[]): Promise<unknown>;
  // What we override.
  fetch(url: string, method?: string, headers?: unknown, body?: unknown): Promise<unknown>;
  undiciRequest(url: string, params: { dispatcher?: Dispatcher }): Promise<unknown>;
  handleErrors(...answer: AnswerArguments): unknown;
  calculateRateLimiterCost(api: unknown, method: string, path: string, params: unknown, config?: unknown): unknown;
  throttle(cost?: unknown): Promise<unknown>;
  client(url: string): CcxtClient;
  onConnected(client: CcxtClient): void;
  handleMessage(client: CcxtClient, message: unknown): void;
  sign(path: string, api: unknown, method: string, params: Params, headers: unknown, body: unknown): unknown;
  handleOrder(client: CcxtClient, message: unknown): void;
  handleOrderUpdate(client: CcxtClient, message: unknown): void;
  handleOrderBook(client: CcxtClient, message: unknown): void;
  handleDeltas(book: CcxtBook, deltas: readonly unknown[]): void;
  getCacheIndex(book: CcxtBook, cache: readonly unknown[]): number;
  loadOrderBook(client: CcxtClient, messageHash: string, symbol: string, limit?: number, params?: Params): Promise<void>;
  priceToPrecision(symbol: string, price: unknown): unknown;
  amountToPrecision(symbol: string, amount: unknown): unknown;
}

/** status, statusText, url, method, responseHeaders, responseBody, response, requestHeaders, requestBody. */
export type AnswerArguments = [
  number,
  string,
  string,
  string,
  Readonly<Record<string, string>> | undefined,
  string,
  unknown,
  unknown,
  unknown,
];

export type CcxtClass = new (config?: Params) => CcxtExchange;
export type CcxtErrors = Readonly<Record<string, new (message?: string) => Error>>;

export interface LoadedCcxt {
  readonly Exchange: CcxtClass;
  /** The error classes of the same module tree: `instanceof` works with these only. */
  readonly errors: CcxtErrors;
}

/** Where ccxt's own files are: the package exports only its root, so they are found beside what the root resolves to (dist/ccxt.cjs). */
export function ccxtFolder(): string {
  return join(dirname(createRequire(import.meta.url).resolve("ccxt")), "../js/src");
}

/**
 * Loads one exchange of ccxt.pro by file: 50 MB and 0.3 s less than the whole of ccxt, which remains the fallback when the
 * package is laid out differently. Throws a UserError for an exchange that ccxt does not have.
 */
export async function loadCcxt(id: string): Promise<LoadedCcxt> {
  const folder = ccxtFolder();
  if (id === "standx") return await loadStandx(folder);
  const file = join(folder, "pro", `${id}.js`);
  if (/^[a-z0-9]+$/.test(id) && existsSync(file)) {
    const [exchange, errors] = await Promise.all([
      import(pathToFileURL(file).href) as Promise<{ default: CcxtClass }>,
      import(pathToFileURL(join(folder, "base/errors.js")).href) as Promise<CcxtErrors>,
    ]);
    return { Exchange: exchange.default, errors };
  }
  const whole = (await import("ccxt")).default as unknown as { pro: Record<string, CcxtClass | undefined> } & CcxtErrors;
  const Exchange = whole.pro[id];
  if (Exchange === undefined)
    throw new UserError({
      en: `Exchange ${id} is not one that ccxt can stream from; backpack is an example of one that is`,
      "zh-TW": `ccxt 沒有支援即時串流的交易所 ${id}；可用的例如 backpack`,
    });
  return { Exchange, errors: whole };
}

/** ccxt has no StandX: ours stands on ccxt's base class. */
async function loadStandx(folder: string): Promise<LoadedCcxt> {
  const [base, errors] = await Promise.all([
    import(pathToFileURL(join(folder, "base/Exchange.js")).href) as Promise<{ default: CcxtBaseClass }>,
    import(pathToFileURL(join(folder, "base/errors.js")).href) as Promise<CcxtErrors>,
  ]);
  return { Exchange: standxClass(base.default), errors };
}
