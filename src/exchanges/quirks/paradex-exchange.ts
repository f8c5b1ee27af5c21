// ccxt's Paradex with one token for all, the exchange's clock, cancels that are confirmed, and the private channels it leaves out.

import { EventEmitter, once } from "node:events";
import type { CcxtClass, CcxtClient, CcxtExchange, CcxtIncome, CcxtMarket, CcxtOrder, CcxtTrade, Params } from "../ccxt-loader.ts";
import { AnswerError } from "../outcome.ts";
import type { OrderName, StreamSink } from "../quirks.ts";
import { newContext, withContext } from "../request-context.ts";
import { field, list, text } from "./fields.ts";
import { filledIn, orderUpdateOf, statusIn, TOKEN_CODES } from "./paradex-answers.ts";
import { TokenKeeper } from "./paradex-token.ts";

const OWN_CHANNELS = ["orders.ALL", "fills.ALL"];
/** The exchange answers requests of a stream at once; one that does not is as good as gone. */
const REPLY_MS = 10_000;
/** A cancel is answered when it is queued; the stream tells soon after that the order is closed. */
const CLOSING_MS = 1_000;
/** A cancel of which no more is known than that it is queued. */
const QUEUED: CcxtOrder = { info: {} };

/** The lists that Paradex hands out page by page. */
export type HistoryRead = "privateGetFills" | "privateGetFundingPayments" | "privateGetOrdersHistory";
type Endpoint = (params: Params) => Promise<unknown>;

/** What ccxt's class has and we use. */
interface CcxtParadex extends CcxtExchange, Readonly<Record<HistoryRead, Endpoint>> {
  readonly privateDeleteOrdersByClientIdClientId: Endpoint;
  readonly privateDeleteOrdersOrderId: Endpoint;
  readonly privateGetAccount: Endpoint;
  readonly privateGetAccountInfo: Endpoint;
  readonly privateGetAccountKeysSubkeys: Endpoint;
  readonly privateGetAccountMargin: Endpoint;
  readonly privateGetBalance: Endpoint;
  readonly privatePostAccountMarginMarket: Endpoint;
  getSystemConfig(): Promise<unknown>;
  authenticateRest(): Promise<string>;
  nonce(): number;
  request(path: string, api: unknown, method: string, ...rest: readonly unknown[]): Promise<unknown>;
  fetchMarkets(params?: Params): Promise<unknown>;
  parseIncome(raw: unknown, market?: CcxtMarket): CcxtIncome;
  parseMarket(raw: unknown): CcxtMarket;
  parseOrder(raw: unknown, market?: CcxtMarket): CcxtOrder;
  parseTrade(raw: unknown, market?: CcxtMarket): CcxtTrade;
  requestId(): number;
  watch(url: string, messageHash: string, message: unknown, subscribeHash: string): Promise<unknown>;
}
type CcxtParadexClass = new (config?: Params) => CcxtParadex;

interface Client extends CcxtClient {
  future(messageHash: string): Promise<unknown>;
  reject(error: Error, messageHash: string): void;
}

/** What we add to it. */
export interface Paradex extends CcxtParadex {
  /** Asks for a cancel and, while the private stream stands, waits for a moment for the order to be closed. */
  cancelOwn(name: OrderName): Promise<CcxtOrder>;
  /** One page of the account's history on a symbol, newest first. */
  historyPage(read: HistoryRead, symbol: string, since: number, cursor: string | null, limit: number): Promise<HistoryPage>;
  /** Subscribes to the account's own channels and stays until their connection ends, with a rejection. */
  watchOwn(): Promise<never>;
  watchMark(symbol: string): Promise<unknown>;
}

export interface HistoryPage {
  readonly rows: readonly unknown[];
  readonly next: string | null;
}

function feeIn(raw: unknown, side: "maker_fee" | "taker_fee"): string | null {
  return text(field(field(field(raw, "fee_config"), "api_fee"), side), "fee");
}

/** What the wait for a symbol's next mark price is called. */
function markHash(symbol: string): string {
  return `mark:${symbol}`;
}

/** What an order that is being canceled is called: by our id while the exchange's is not known. */
function closingName(exchangeOrderId: string | null, clientOrderId: string | null): string {
  return exchangeOrderId === null ? `client:${clientOrderId}` : `order:${exchangeOrderId}`;
}

export function extendParadex(Base: CcxtClass, sink: StreamSink): CcxtClass {
  return class ExtendedParadex extends readsAndOrders(Base as CcxtParadexClass) implements Paradex {
    readonly #closed = new EventEmitter();
    /** The connection whose own channels are subscribed. */
    #listening: CcxtClient | null = null;

    async cancelOwn({ clientOrderId, exchangeOrderId }: OrderName): Promise<CcxtOrder> {
      await this.authenticateRest();
      const stop = new AbortController();
      const name = closingName(exchangeOrderId, clientOrderId);
      const told = once(this.#closed, name, { signal: stop.signal }).then(
        ([order]) => order as CcxtOrder,
        () => QUEUED,
      );
      try {
        if (exchangeOrderId === null) await this.privateDeleteOrdersByClientIdClientId({ client_id: clientOrderId });
        else await this.privateDeleteOrdersOrderId({ order_id: exchangeOrderId });
        if (this.#listening === null || this.clients[this.#listening.url] !== this.#listening) return QUEUED;
        const timer = setTimeout(() => stop.abort(), CLOSING_MS);
        return await told.finally(() => clearTimeout(timer));
      } finally {
        stop.abort();
      }
    }

    async watchOwn(): Promise<never> {
      const url = this.socketUrl();
      const bearer = await this.authenticateRest();
      const client = this.client(url) as Client;
      await this.ask(url, "auth", { bearer }).catch((error: unknown) => {
        this.refuseToken(bearer);
        throw error;
      });
      await Promise.all(OWN_CHANNELS.map((channel) => this.ask(url, "subscribe", { channel })));
      // A connection that came in place of the one that signed in would stay silent for ever.
      if (this.clients[url] !== client) throw new Error("the connection was replaced while it signed in");
      this.#listening = client;
      sink.onPrivateUp();
      await client.future("own channels");
      throw new Error("the own channels ended");
    }

    /** One market's channel. ccxt asks for the channel of all markets once per symbol, and the second time is refused. */
    async watchMark(symbol: string): Promise<unknown> {
      const channel = `markets_summary.${this.market(symbol).id}`;
      const request = { jsonrpc: "2.0", method: "subscribe", params: { channel } };
      return await this.watch(this.socketUrl(), markHash(symbol), request, channel);
    }

    /** ccxt takes any answer for the one to `auth`, knows no fills and merges orders. */
    override handleMessage(client: CcxtClient, message: unknown): void {
      const id = text(message, "id");
      if (id !== null && text(message, "method") === null) return this.onReply(client as Client, id, message);
      const params = field(message, "params");
      const [channel] = (text(params, "channel") ?? "").split(".");
      const data = field(params, "data");
      if (channel === "fills") return sink.onTrade(this.parseTrade(data));
      if (channel === "orders") return this.onOrder(data);
      if (channel === "markets_summary") return this.onSummary(client, data);
      super.handleMessage(client, message);
    }

    private onOrder(data: unknown): void {
      const update = orderUpdateOf(data, this.safeSymbol(text(data, "market") ?? undefined) ?? "");
      if (update === null) return;
      sink.onOrder(update);
      if (statusIn(data) === "open") return;
      const order = this.parseOrder(data);
      this.#closed.emit(closingName(update.exchangeOrderId, null), order);
      this.#closed.emit(closingName(null, update.clientOrderId), order);
    }

    private onSummary(client: CcxtClient, data: unknown): void {
      const symbol = this.safeSymbol(text(data, "symbol") ?? undefined) ?? "";
      const price = text(data, "mark_price");
      if (price === null) return;
      sink.onMark(symbol, price);
      client.resolve(price, markHash(symbol));
    }

    private onReply(client: Client, id: string, message: unknown): void {
      const error = field(message, "error");
      if (error === undefined) client.resolve(true, `reply:${id}`);
      else client.reject(new Error(`Paradex refused: ${text(error, "message") ?? ""} ${text(error, "data") ?? ""}`), `reply:${id}`);
    }

    /** A request over the socket and its answer. Throws when it is refused or not answered in time. */
    private async ask(url: string, method: string, params: Params): Promise<void> {
      const id = this.requestId();
      const reply = this.watch(url, `reply:${id}`, { jsonrpc: "2.0", id, method, params }, `reply:${id}`);
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise<never>((_, reject) => {
        timer = setTimeout(() => reject(new Error(`no answer to ${method} within ${REPLY_MS} ms`)), REPLY_MS);
      });
      await Promise.race([reply, late]).finally(() => clearTimeout(timer));
    }

    private socketUrl(): string {
      return text(this.urls.api, "ws") ?? "";
    }
  };
}

/** The part without streams. */
function readsAndOrders(Base: CcxtParadexClass) {
  return class ParadexReads extends Base {
    readonly #token = new TokenKeeper(
      () => this.signIn(),
      () => performance.now(),
    );

    /** ccxt signs in once per caller at the token's end. This one signs in once, and early. */
    override async authenticateRest(): Promise<string> {
      return await this.#token.current();
    }

    /** Seconds of the exchange's clock. ccxt signs with ours, whatever it shows. */
    override nonce(): number {
      return Math.floor((Date.now() - Number(this.options.timeDifference ?? 0)) / 1_000);
    }

    override async fetchMarkets(params?: Params): Promise<unknown> {
      await this.loadTimeDifference();
      return await super.fetchMarkets(params);
    }

    /** A token that the exchange refuses is renewed. Only a read is asked again: an order was refused, and that is its answer. */
    override async request(path: string, api: unknown, method: string, ...rest: readonly unknown[]): Promise<unknown> {
      const token = this.options.authToken;
      try {
        return await super.request(path, api, method, ...rest);
      } catch (error) {
        if (!(error instanceof AnswerError) || !TOKEN_CODES.has(error.code ?? "") || path === "auth") throw error;
        this.#token.refuse(token);
        const renewed = this.#token.current();
        if (method !== "GET") {
          renewed.catch(() => undefined);
          throw error;
        }
        await renewed;
        return await super.request(path, api, method, ...rest);
      }
    }

    /** Without the header that names a partner. */
    override sign(path: string, api: unknown, method: string, params: Params, headers: unknown, body: unknown): unknown {
      const signed = super.sign(path, api, method, params, headers, body) as { readonly headers?: Readonly<Record<string, string>> };
      const { "PARADEX-PARTNER": _, ...own } = signed.headers ?? {};
      return { ...signed, headers: own };
    }

    /** With the fees that the market names; ccxt writes the same pair everywhere. */
    override parseMarket(raw: unknown): CcxtMarket {
      const market = super.parseMarket(raw);
      const [maker, taker] = [feeIn(raw, "maker_fee") ?? market.maker, feeIn(raw, "taker_fee") ?? market.taker];
      return { ...market, ...(maker === undefined ? {} : { maker }), ...(taker === undefined ? {} : { taker }) };
    }

    override parseOrder(raw: unknown, market?: CcxtMarket): CcxtOrder {
      const order = super.parseOrder(raw, market);
      const filled = filledIn(raw);
      return filled === null ? order : { ...order, filled };
    }

    /** ccxt drops the cursor of the next page. */
    async historyPage(read: HistoryRead, symbol: string, since: number, cursor: string | null, limit: number): Promise<HistoryPage> {
      await this.authenticateRest();
      const query = { market: this.market(symbol).id, start_at: Math.max(0, Math.floor(since)), page_size: limit };
      const answer = await this[read](cursor === null ? query : { ...query, cursor });
      return { rows: list(answer, "results"), next: text(answer, "next") };
    }

    protected refuseToken(token: string): void {
      this.#token.refuse(token);
    }

    /** In a context of its own: an order that waits for it is not sent by it. Cancels need the token, so it has their turn. */
    private signIn(): Promise<string> {
      return withContext(newContext("cancel", "read"), () => {
        // The old token stays in use for requests that are on their way; ccxt only thinks that it is over.
        this.options.expires = 0;
        return super.authenticateRest();
      });
    }
  };
}
