// ccxt's Paradex over REST: one token for all, the exchange's clock, signatures in their turn, and pages with their cursors.

import type { CcxtExchange, CcxtIncome, CcxtMarket, CcxtOrder, CcxtTrade, Params } from "../ccxt-loader.ts";
import { AnswerError } from "../outcome.ts";
import { newContext, withContext } from "../request-context.ts";
import { field, list, text } from "./fields.ts";
import { CLOCK_CODES, filledIn, TOKEN_CODES } from "./paradex-answers.ts";
import { TokenKeeper } from "./paradex-token.ts";

/** The lists that Paradex hands out page by page. */
export type HistoryRead = "privateGetFills" | "privateGetFundingPayments" | "privateGetOrdersHistory";
type Endpoint = (params: Params) => Promise<unknown>;

/** What ccxt's class has and we use. */
export interface CcxtParadex extends CcxtExchange, Readonly<Record<HistoryRead, Endpoint>> {
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
  /** What ccxt signs an order with, before it waits for the request's turn. */
  signOrderRequest(request: Params, isAmendment?: boolean): Promise<Params>;
  starknetEncodeStructuredData(domain: Params, types: Params, message: Params, address: string): unknown;
  starknetSign(message: unknown, privateKey: string): string;
  stringToBase16(text: string): string;
  scaleNumber(decimal: string): string;
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
export type CcxtParadexClass = new (config?: Params) => CcxtParadex;

/** What we add to it. */
export interface ParadexRest extends CcxtParadex {
  /** One page of the account's history on a symbol, newest first. */
  historyPage(read: HistoryRead, symbol: string, since: number, cursor: string | null, limit: number): Promise<HistoryPage>;
}

export interface HistoryPage {
  readonly rows: readonly unknown[];
  readonly next: string | null;
}

function feeIn(raw: unknown, side: "maker_fee" | "taker_fee"): string | null {
  return text(field(field(field(raw, "fee_config"), "api_fee"), side), "fee");
}

/** ccxt's class with one token for all and the exchange's clock. */
function signedIn(Base: CcxtParadexClass) {
  return class SignedIn extends Base {
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
      return Math.floor(this.exchangeTime() / 1_000);
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

    protected refuseToken(token: string): void {
      this.#token.refuse(token);
    }

    /** Epoch ms as the exchange counts them. */
    protected exchangeTime(): number {
      return Date.now() - Number(this.options.timeDifference ?? 0);
    }

    /** In a context of its own: an order that waits for it is not sent by it. Cancels need the token, so it has their turn. */
    private signIn(): Promise<string> {
      return withContext(newContext("cancel", "read"), async () => {
        try {
          return await this.newToken();
        } catch (error) {
          // A machine that slept or whose clock was set signs for a time that is over.
          if (!(error instanceof AnswerError) || !CLOCK_CODES.has(error.code ?? "")) throw error;
          await this.loadTimeDifference();
          return await this.newToken();
        }
      });
    }

    private newToken(): Promise<string> {
      // The old token stays in use for requests that are on their way; ccxt only thinks that it is over.
      this.options.expires = 0;
      return super.authenticateRest();
    }
  };
}

/** ccxt's class with everything that its streams need besides. */
export function paradexRest(Base: CcxtParadexClass) {
  return class ExtendedRest extends signedIn(Base) implements ParadexRest {
    /** Not here: the wait for the permit comes after this, and would age the signature. */
    override async signOrderRequest(request: Params): Promise<Params> {
      return request;
    }

    /** Signs an order in its turn, and leaves out the header that names a partner. */
    override sign(path: string, api: unknown, method: string, params: Params, headers: unknown, body: unknown): unknown {
      const isOrder = (method === "POST" && path === "orders") || (method === "PUT" && path === "orders/{order_id}");
      const whole = isOrder ? { ...params, ...this.orderSignature(params) } : params;
      const signed = super.sign(path, api, method, whole, headers, body) as { readonly headers?: Readonly<Record<string, string>> };
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

    /** A StarkNet signature over time, market, side, type, size and price, and the id of the order that is changed. */
    private orderSignature(order: Params): Params {
      const { address, privateKey } = this.options.paradexAccount as Readonly<Record<"address" | "privateKey", string>>;
      const domain = { name: "Paradex", chainId: text(this.options.systemConfig, "starknet_chain_id"), version: 1 };
      const word = (name: string): string => text(order, name) ?? "";
      const message = {
        timestamp: this.exchangeTime(),
        market: this.stringToBase16(word("market")),
        side: word("side") === "BUY" ? "1" : "2",
        orderType: this.stringToBase16(word("type")),
        size: this.scaleNumber(word("size")),
        price: this.scaleNumber(word("price")),
        ...(order.id === undefined ? {} : { id: order.id }),
      };
      const fields = Object.keys(message).map((name) => ({ name, type: "felt" }));
      const types = { [order.id === undefined ? "Order" : "ModifyOrder"]: fields };
      const encoded = this.starknetEncodeStructuredData(domain, types, message, address);
      return { signature: this.starknetSign(encoded, privateKey), signature_timestamp: message.timestamp };
    }
  };
}
