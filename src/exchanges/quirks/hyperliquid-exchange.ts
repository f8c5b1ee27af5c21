// Hyperliquid's class: signs after the wait instead of before it, sends nothing but orders and settings, and keeps raw events.

import type { AnswerArguments, CcxtClass, CcxtClient, CcxtExchange, CcxtTrade, Params } from "../ccxt-loader.ts";
import { DeniedError } from "../outcome.ts";
import type { StreamSink } from "../quirks.ts";
import { takeNonce } from "../request-context.ts";
import { field, list, text } from "./fields.ts";
import { hyperliquidUpdate, isDust } from "./hyperliquid-answers.ts";

/** The exchange drops an action that reaches it later than this after its signature. */
export const WINDOW_MS = 2_000;
/** What is ever signed. Approvals, referrals, transfers and withdrawals are not. */
const ACTIONS: ReadonlySet<string> = new Set(["order", "cancel", "cancelByCloid", "updateLeverage", "scheduleCancel"]);
/** The two channels that make the private stream. */
const PRIVATE = ["orderUpdates", "userFills"];

/** Of ccxt's class, beyond what every exchange has. */
interface CcxtHyperliquid extends CcxtExchange {
  walletAddress: string;
  privateKey: string;
  signL1Action(action: Params, nonce: number, vaultAddress?: string, expiresAfter?: number): unknown;
  initializeClient(): Promise<boolean>;
  handleBuilderFeeApproval(): Promise<boolean>;
  approveBuilderFee(builder: string, maxFeeRate: string): Promise<unknown>;
  setRef(): Promise<unknown>;
  parseTrade(trade: unknown): CcxtTrade;
  coinToMarketId(coin: string | undefined): string | undefined;
  safeMarket(id: string | undefined): { readonly symbol?: string };
  handleMyTrades(client: CcxtClient, message: unknown): void;
  handleSubscriptionResponse(client: CcxtClient, message: unknown): void;
  handleActiveAssetCtx(client: CcxtClient, message: unknown): unknown;
}

/** What the quirks call of it. */
export interface Hyperliquid extends CcxtExchange {
  readonly walletAddress: string;
  readonly privateKey: string;
  ethGetAddressFromPrivateKey(privateKey: string): string;
  publicPostInfo(params: Params): Promise<unknown>;
  privatePostExchange(params: Params): Promise<unknown>;
  watchTicker(symbol: string): Promise<unknown>;
  fetchBalance(params?: Params): Promise<unknown>;
}

export function hyperliquidOf(exchange: CcxtExchange): Hyperliquid {
  return exchange as Hyperliquid;
}

type CcxtHyperliquidClass = new (config?: Params) => CcxtHyperliquid;

/** Hidden fees off, and signatures where they belong. */
function signing(Base: CcxtHyperliquidClass): CcxtHyperliquidClass {
  return class HyperliquidSigning extends Base {
    #lastNonce = 0;

    // ccxt would approve a builder (at 0 % even with builderFee false), name it in each order, and set its referrer.
    override async initializeClient(): Promise<boolean> {
      return true;
    }
    override async handleBuilderFeeApproval(): Promise<boolean> {
      return false;
    }
    override async approveBuilderFee(): Promise<unknown> {
      throw new DeniedError("builderFee", "no builder is ever approved");
    }
    override async setRef(): Promise<unknown> {
      return false;
    }

    /** ccxt signs before it waits for its turn; the signature would age in the queue. `sign` makes it after the wait. */
    override signL1Action(): unknown {
      return {};
    }

    override sign(path: string, api: unknown, method: string, params: Params, headers: unknown, body: unknown): unknown {
      if (path !== "exchange") return super.sign(path, api, method, params, headers, body);
      const action = params.action as Params;
      if (!ACTIONS.has(String(action.type))) throw new DeniedError("action", `action ${String(action.type)} is never signed`);
      // Signed as bare digits, sent as an address.
      const vault = text(params, "vaultAddress")?.replace(/^0x/i, "").toLowerCase();
      const nonce = this.#nonce();
      // Local minus server time, ms, as measured at connect.
      const expiresAfter = Date.now() - Number(this.options.timeDifference ?? 0) + WINDOW_MS;
      const signature = super.signL1Action(action, nonce, vault, expiresAfter);
      const request = { action, nonce, signature, expiresAfter, ...(vault === undefined ? {} : { vaultAddress: `0x${vault}` }) };
      return super.sign(path, api, method, request, headers, body);
    }

    /** Milliseconds, unique in the fleet by the permit. Out of order does no harm: the exchange keeps the hundred highest. */
    #nonce(): number {
      let taken = null;
      // Of all permits of this call the last one is the action's own.
      for (let next = takeNonce(); next !== null; next = takeNonce()) taken = next;
      const nonce = taken === null ? Math.max(this.#lastNonce + 1, Date.now()) : Math.floor(taken / 1_000);
      this.#lastNonce = Math.max(this.#lastNonce, nonce);
      return nonce;
    }

    /** Whether margin is unified is told by a bare JSON text, which ccxt does not parse and which must not look unreadable. */
    override handleErrors(...answer: AnswerArguments): unknown {
      const word = answer[6] === undefined && answer[0] < 400 ? /^"([A-Za-z]+)"$/.exec(answer[5])?.[1] : undefined;
      if (word !== undefined) answer[6] = { word };
      return super.handleErrors(...answer);
    }
  };
}

export function extendHyperliquid(Base: CcxtClass, sink: StreamSink): CcxtClass {
  return class HyperliquidExchange extends signing(Base as CcxtHyperliquidClass) {
    readonly #subscribed = new WeakMap<CcxtClient, Set<string>>();

    override handleOrder(client: CcxtClient, message: unknown): void {
      for (const entry of list(message, "data")) {
        const update = hyperliquidUpdate(entry, this.#symbolOf(field(entry, "order")));
        if (update !== null) sink.onOrder(update);
      }
      super.handleOrder(client, message);
    }

    /** The snapshot after each subscription repeats old fills: what was missed is read from the history anyway. */
    override handleMyTrades(client: CcxtClient, message: unknown): void {
      const data = field(message, "data");
      if (field(data, "isSnapshot") !== true) for (const raw of list(data, "fills")) if (!isDust(raw)) sink.onTrade(this.parseTrade(raw));
      super.handleMyTrades(client, message);
    }

    /** Public and private channels share one socket: the private stream is up when both its channels are confirmed. */
    override handleSubscriptionResponse(client: CcxtClient, message: unknown): void {
      super.handleSubscriptionResponse(client, message);
      const data = field(message, "data");
      const type = text(field(data, "subscription"), "type");
      if (text(data, "method") !== "subscribe" || type === null || !PRIVATE.includes(type)) return;
      const confirmed = this.#subscribed.get(client) ?? new Set<string>();
      this.#subscribed.set(client, confirmed.add(type));
      if (confirmed.size === PRIVATE.length) sink.onPrivateUp();
    }

    override handleActiveAssetCtx(client: CcxtClient, message: unknown): unknown {
      const data = field(message, "data");
      const mark = text(field(data, "ctx"), "markPx");
      if (mark !== null) sink.onMark(this.#symbolOf(data), mark);
      return super.handleActiveAssetCtx(client, message);
    }

    #symbolOf(entry: unknown): string {
      return this.safeMarket(this.coinToMarketId(text(entry, "coin") ?? undefined)).symbol ?? "";
    }
  };
}
