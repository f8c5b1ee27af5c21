// The shape of StandX's class: what it takes from ccxt's base class, and what our quirks call on it.

import type { CcxtExchange, CcxtMarket, CcxtOrder, CcxtTrade, Params } from "../ccxt-loader.ts";
import type { OrderName, OrderRequest } from "../quirks.ts";

/** Rows of a full page of a history. */
export const PAGE = 500;

/** What ccxt's base class offers beyond our usual view of it. */
export interface CcxtBase extends CcxtExchange {
  readonly token: string;
  readonly privateKey: string;
  describe(): Params;
  deepExtend(...parts: unknown[]): Params;
  json(value: unknown): string;
  milliseconds(): number;
  market(symbol: string): CcxtMarket;
  request(path: string, api: string, method: string, params: Params): Promise<unknown>;
  watch(url: string, messageHash: string, message: unknown, subscribeHash: string): Promise<unknown>;
}
export type CcxtBaseClass = new (config?: Params) => CcxtBase;

/** What our quirks call. */
export interface Standx extends CcxtExchange {
  sendOrder(order: OrderRequest): Promise<CcxtOrder>;
  cancelOwn(name: OrderName): Promise<CcxtOrder>;
  findOrder(name: OrderName): Promise<CcxtOrder>;
  ordersBetween(symbol: string, from: number, to: number): Promise<readonly CcxtOrder[]>;
  tradesBetween(symbol: string, from: number, to: number): Promise<readonly CcxtTrade[]>;
  ownSymbol(id: string | null): string | undefined;
}
