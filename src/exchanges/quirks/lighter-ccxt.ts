// What ccxt's Lighter has and we use, and what our layers add to it.

import type { CcxtClient, CcxtExchange, CcxtMarket, CcxtOrder, CcxtPosition, CcxtTrade, Params } from "../ccxt-loader.ts";

type Endpoint = (params: Params) => Promise<unknown>;

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

export type LighterClass<Layer extends CcxtLighter = CcxtLighter> = new (config?: Params) => Layer;

/** With transactions in their order. */
export interface LighterTurns extends CcxtLighter {
  /** Sends one transaction: after its permit, and after the answer to the one before it. */
  inTurn<T>(work: () => Promise<T>): Promise<T>;
}

/** With one signer for all accounts and whole answers. */
export interface LighterRest extends LighterTurns {
  readonly accountIndex: number;
  /** The account as it is now; who asks while another asks shares the answer. */
  readAccount(): Promise<unknown>;
}

/** With every raw order and trade told. */
export interface Lighter extends LighterRest {
  /** Waits for the stream to tell of an order that fits. */
  listenFor(fits: (order: CcxtOrder) => boolean): OrderWatch;
}

export interface OrderWatch {
  /** Null when nothing came in time, or at once when there is no stream. */
  within(ms: number): Promise<CcxtOrder | null>;
  stop(): void;
}
