// ccxt's Lighter with one signer for all accounts, nonces of the fleet, books without gaps and every raw order and trade told.

import { setTimeout as wait } from "node:timers/promises";
import { text as decimal, money } from "../../core/money.ts";
import type { CcxtClass, CcxtClient, CcxtExchange, CcxtMarket, CcxtOrder, CcxtPosition, CcxtTrade, Params } from "../ccxt-loader.ts";
import { DeniedError } from "../outcome.ts";
import type { StreamSink } from "../quirks.ts";
import { currentContext, type RequestContext, takeNonce } from "../request-context.ts";
import { field, list, text } from "./fields.ts";
import { chargesOf, epochMs, statusIn } from "./lighter-answers.ts";
import { BookSequence } from "./lighter-book.ts";
import { claimPair, loadOnce } from "./lighter-signer.ts";

type Endpoint = (params: Params) => Promise<unknown>;

/** What ccxt's class has and we use. */
export interface CcxtLighter extends CcxtExchange {
  readonly privateGetAccountInactiveOrders: Endpoint;
  readonly privateGetPositionFunding: Endpoint;
  readonly privateGetTrades: Endpoint;
  readonly publicGetAccount: Endpoint;
  approveBuilderFee(): Promise<never>;
  changeApiKey(): Promise<never>;
  cancelAllOrders(symbol: string | undefined, params: Params): Promise<unknown>;
  cancelAllOrdersAfter(timeoutMs: number): Promise<unknown>;
  createAuth(params: Params): string;
  fetchMarkets(params?: Params): Promise<readonly CcxtMarket[]>;
  fetchNonce(accountIndex: number, apiKeyIndex: number, params?: Params): Promise<number>;
  handleApiKeyIndex(params: Params, ...names: readonly string[]): readonly [number, Params];
  handleBuilderFeeApproval(accountIndex: number, apiKeyIndex: number): Promise<boolean>;
  handleMyTrades(client: CcxtClient, message: unknown): unknown;
  handleOrders(client: CcxtClient, message: unknown): unknown;
  handleUnSubscription(client: CcxtClient, message: unknown): void;
  lighterCreateClient(signer: unknown, chainId: number, privateKey: string, apiKeyIndex: number, accountIndex: number): unknown;
  loadAccount(chainId: unknown, privateKey: string, apiKeyIndex: string, accountIndex: string): Promise<unknown>;
  loadLighterLibrary(path: string, chainId: number, privateKey: string, key: number, account: number, create?: boolean): Promise<object>;
  parseOrder(raw: unknown, market?: CcxtMarket): CcxtOrder;
  parsePositions(raws: readonly unknown[], symbols: readonly string[]): readonly CcxtPosition[];
  parseTrade(raw: unknown, market?: CcxtMarket): CcxtTrade;
  safeMarket(id: string): CcxtMarket;
}

/** What we add to it. */
export interface Lighter extends CcxtLighter {
  readonly accountIndex: number;
  /** Sends one transaction: after its permit, and after the answer to the one before it. */
  inTurn<T>(work: () => Promise<T>): Promise<T>;
  /** Waits for the stream to tell of an order that fits. */
  listenFor(fits: (order: CcxtOrder) => boolean): OrderWatch;
  /** The account as it is now; who asks while another asks shares the answer. */
  readAccount(): Promise<unknown>;
}

export interface OrderWatch {
  /** Null when nothing came in time, or at once when there is no stream. */
  within(ms: number): Promise<CcxtOrder | null>;
  stop(): void;
}

/** A transaction waits so long for the answer to the one before; a later nonce then overtakes an earlier one, which is refused. */
const TURN_MAX_MS = 500;
/** The permit of a transaction is taken before it is signed: there is none to take at its request. */
const PAID = Object.freeze({});
/** Documented: at most eight hours. Ours are shorter, so that no clock makes one too long. */
const TOKEN_LIFE_S = 4 * 3_600;
const TOKEN_REST_S = 600;
/** Fees of a trade are millionths of its value. */
const FEE_TICK = 1_000_000;

export const TOKEN_OPTIONS = { authDeadlineExpiry: TOKEN_LIFE_S, authDeadlineMinimumRemaining: TOKEN_REST_S } as const;

/** ccxt says USDC everywhere; `collateral` is what the exchange's money really is. */
export function extendLighter(Base: CcxtClass, sink: StreamSink, collateral: string): CcxtClass {
  return class ExtendedLighter extends lighterRest(Base as new (config?: Params) => CcxtLighter, collateral) {
    readonly #watches = new Map<(order: CcxtOrder) => boolean, (order: CcxtOrder) => void>();
    readonly #sequence = new BookSequence();
    /** The connection of the private streams, and which of them are subscribed on it. */
    #client: CcxtClient | null = null;
    readonly #subscribed = new Set<string>();

    override listenFor(fits: (order: CcxtOrder) => boolean): OrderWatch {
      const told = new Promise<CcxtOrder>((resolve) => this.#watches.set(fits, resolve));
      const within = async (ms: number): Promise<CcxtOrder | null> => {
        if (!this.#isFollowing()) return null;
        const stop = new AbortController();
        const late = wait(ms, null, { signal: stop.signal }).catch(() => null);
        return await Promise.race([told, late]).finally(() => stop.abort());
      };
      return { within, stop: () => void this.#watches.delete(fits) };
    }

    #isFollowing(): boolean {
      const client = this.#client;
      return client !== null && client.error === undefined && this.clients[client.url] === client && this.#subscribed.has("orders");
    }

    /** Public and private channels share one socket: the private ones stand when they are subscribed, not when it does. */
    #heard(client: CcxtClient, message: unknown, name: "orders" | "trades"): void {
      if (this.#client !== client) this.#subscribed.clear();
      this.#client = client;
      if (!text(message, "type")?.startsWith("subscribed/") || this.#subscribed.has(name)) return;
      this.#subscribed.add(name);
      if (this.#subscribed.size === 2) sink.onPrivateUp();
    }

    /** ccxt's own cache hands out merged orders; every one is told as it comes. */
    override handleOrders(client: CcxtClient, message: unknown): unknown {
      this.#heard(client, message, "orders");
      for (const raw of rowsOf(message, "orders")) {
        const order = this.parseOrder(raw);
        for (const [fits, resolve] of this.#watches) if (fits(order)) resolve(order);
        const status = statusIn(raw);
        if (status === null || status === "rejected" || order.id === undefined || order.symbol === undefined) continue;
        sink.onOrder({
          ...{ symbol: order.symbol, exchangeOrderId: order.id, clientOrderId: order.clientOrderId ?? null },
          ...{ side: order.side === "sell" ? "sell" : "buy", status, filled: text(raw, "filled_base_amount") ?? "0" },
          at: epochMs(text(raw, "updated_at")) ?? 0,
          fill: null,
        });
      }
      return super.handleOrders(client, message);
    }

    override handleMyTrades(client: CcxtClient, message: unknown): unknown {
      this.#heard(client, message, "trades");
      for (const raw of rowsOf(message, "trades")) sink.onTrade(this.parseTrade({ ...(raw as Params), account_index: this.accountIndex }));
      return super.handleMyTrades(client, message);
    }

    /** Each message names the nonce of the one before it; ccxt applies them without looking. */
    override handleOrderBook(client: CcxtClient, message: unknown): void {
      const marketId = text(message, "channel")?.split(":")[1] ?? "";
      switch (this.#sequence.judge(marketId, message)) {
        case "fits":
          return super.handleOrderBook(client, message);
        case "gap":
          sink.onBookGap(this.safeMarket(marketId).symbol);
          void this.#subscribeAgain(client, `order_book/${marketId}`);
          return;
        case "lost":
          return client.reset(new Error(`no snapshot of the book of ${this.safeMarket(marketId).symbol} came after a gap`));
        case "waits":
          return;
      }
    }

    /** A new subscription begins with the whole book. */
    async #subscribeAgain(client: CcxtClient, channel: string): Promise<void> {
      const socket = client as CcxtClient & { send(message: unknown): Promise<unknown> };
      try {
        await socket.send({ type: "unsubscribe", channel });
        await socket.send({ type: "subscribe", channel });
      } catch (error) {
        client.reset(error instanceof Error ? error : new Error(String(error)));
      }
    }

    /** The end of a subscription that is renewed is not the end of its watch. */
    override handleUnSubscription(client: CcxtClient, message: unknown): void {
      const [kind, marketId = ""] = text(message, "channel")?.split(":") ?? [];
      if (kind === "order_book" && this.#sequence.isWaiting(marketId)) return;
      super.handleUnSubscription(client, message);
    }
  };
}

/** Rows of a message that has lists by market. */
function rowsOf(message: unknown, name: string): unknown[] {
  const byMarket = field(message, name);
  return typeof byMarket === "object" && byMarket !== null ? Object.keys(byMarket).flatMap((id) => list(byMarket, id)) : [];
}

/** ccxt's Lighter over REST: signer, nonces, permits and what its answers leave out. */
function lighterRest(Base: new (config?: Params) => CcxtLighter, collateral: string) {
  return class LighterRest extends Base implements Lighter {
    readonly #paid = new WeakSet<RequestContext>();
    #turn: Promise<unknown> = Promise.resolve();
    #lastNonce = 0;
    #reading: Promise<unknown> | null = null;

    get accountIndex(): number {
      return Number(this.options.accountIndex);
    }

    listenFor(_fits: (order: CcxtOrder) => boolean): OrderWatch {
      return { within: async () => null, stop: () => undefined };
    }

    /**
     * ccxt signs before it waits for the request's permit. Here the permit comes first, because the nonce comes with it, and a
     * transaction with a lower nonce than the last is refused: they go out one after the other.
     */
    async inTurn<T>(work: () => Promise<T>): Promise<T> {
      const context = currentContext();
      await this.throttle(chargesOf("sendTx"));
      const before = this.#turn;
      let end = (): void => undefined;
      this.#turn = new Promise<void>((resolve) => {
        end = resolve;
      });
      const stop = new AbortController();
      await Promise.race([before, wait(TURN_MAX_MS, null, { signal: stop.signal }).catch(() => null)]).finally(() => stop.abort());
      this.#paid.add(context);
      try {
        return await work();
      } finally {
        this.#paid.delete(context);
        end();
      }
    }

    override calculateRateLimiterCost(api: unknown, method: string, path: string, params: unknown): unknown {
      return path === "sendTx" && this.#paid.has(currentContext()) ? PAID : super.calculateRateLimiterCost(api, method, path, params);
    }

    override async throttle(cost?: unknown): Promise<unknown> {
      return cost === PAID ? undefined : await super.throttle(cost);
    }

    /** Milliseconds, always growing: the permits' nonces are the fleet's, ccxt's own is the clock's and may come twice. */
    override async fetchNonce(): Promise<number> {
      let nonce = 0;
      for (let one = takeNonce(); one !== null; one = takeNonce()) nonce = Math.max(nonce, Math.floor(one / 1_000));
      this.#lastNonce = Math.max(this.#lastNonce + 1, nonce === 0 ? Date.now() : nonce);
      return this.#lastNonce;
    }

    async readAccount(): Promise<unknown> {
      this.#reading ??= this.publicGetAccount({ by: "index", value: this.accountIndex }).finally(() => {
        this.#reading = null;
      });
      return await this.#reading;
    }

    override async loadLighterLibrary(path: string, chainId: number, key: string, keyIndex: number, account: number): Promise<object> {
      await loadOnce(`${path}, ${String(this.options.wasmExecPath)}`, () => super.loadLighterLibrary(path, chainId, "", keyIndex, account));
      claimPair({ accountIndex: account, apiKeyIndex: keyIndex }, chainId, key);
      this.lighterCreateClient(undefined, chainId, key, keyIndex, account);
      return {};
    }

    /** ccxt puts 254 in the place of the slots below 4. */
    override handleApiKeyIndex(params: Params): readonly [number, Params] {
      return [Number(this.options.apiKeyIndex), params];
    }

    override changeApiKey(): Promise<never> {
      return Promise.reject(new DeniedError("refused", "an account's API keys are not changed by us"));
    }
    override approveBuilderFee(): Promise<never> {
      return Promise.reject(new DeniedError("builderFee", "fees for integrators are not approved by us"));
    }
    override async handleBuilderFeeApproval(): Promise<boolean> {
      return false;
    }

    override async fetchMarkets(params?: Params): Promise<readonly CcxtMarket[]> {
      const markets = await super.fetchMarkets(params);
      return markets.map((market) => named(market, collateral));
    }

    override parseOrder(raw: unknown, market?: CcxtMarket): CcxtOrder {
      const order = super.parseOrder(raw, market);
      const timestamp = epochMs(text(raw, "timestamp"));
      return timestamp === undefined ? order : { ...order, timestamp };
    }

    /** ccxt leaves the fee out of what the history tells. */
    override parseTrade(raw: unknown, market?: CcxtMarket): CcxtTrade {
      const trade = super.parseTrade(raw, market);
      const rate = text(raw, trade.takerOrMaker === "maker" ? "maker_fee" : "taker_fee") ?? "0";
      const cost = decimal(
        money(text(raw, "usd_amount") ?? "0")
          .times(money(rate))
          .div(FEE_TICK),
      );
      return { ...trade, fee: { cost, currency: collateral } };
    }
  };
}

/**
 * ccxt writes USDC as every market's quote, and a multiplier of quote amounts where the size of a contract belongs: amounts are in
 * the base currency.
 */
function named(market: CcxtMarket, collateral: string): CcxtMarket {
  const { base, settle } = market;
  const symbol = settle === undefined ? `${base}/${collateral}` : `${base}/${collateral}:${collateral}`;
  const names = { quote: collateral, ...(settle === undefined ? {} : { settle: collateral }) };
  return { ...market, ...names, symbol, ...(settle === undefined ? {} : { contractSize: "1" }) };
}
