// The part of StandX's class that concerns an account.

import type { CcxtOrder, CcxtPosition, CcxtTrade } from "../ccxt-loader.ts";
import { list, text } from "../quirks/fields.ts";
import type { OrderName, OrderRequest } from "../quirks.ts";
import { cancelOrder, findOrder, ordersBetween, sendOrder, tradesBetween } from "./orders.ts";
import { orderOf, positionOf, SETTLE } from "./rows.ts";
import type { CcxtBaseClass, Standx } from "./shape.ts";

/** Open orders that the exchange lists at once. */
const OPEN_MAX = 1_200;

export function standxAccount(Base: CcxtBaseClass): CcxtBaseClass {
  return class StandxAccount extends Base implements Standx {
    sendOrder(order: OrderRequest): Promise<CcxtOrder> {
      return sendOrder(this, order);
    }

    cancelOwn(name: OrderName): Promise<CcxtOrder> {
      return cancelOrder(this, name);
    }

    findOrder(name: OrderName): Promise<CcxtOrder> {
      return findOrder(this, name);
    }

    ordersBetween(symbol: string, from: number, to: number): Promise<readonly CcxtOrder[]> {
      return ordersBetween(this, symbol, from, to);
    }

    tradesBetween(symbol: string, from: number, to: number): Promise<readonly CcxtTrade[]> {
      return tradesBetween(this, symbol, from, to);
    }

    override async fetchOpenOrders(symbol?: string): Promise<readonly CcxtOrder[]> {
      const params = symbol === undefined ? {} : { symbol: this.market(symbol).id };
      const answer = await this.request("query_open_orders", "private", "GET", { ...params, limit: OPEN_MAX });
      return list(answer, "result").map((row) => orderOf(row, this.ownSymbol(text(row, "symbol"))));
    }

    override async fetchPositions(): Promise<readonly CcxtPosition[]> {
      const rows = await this.request("query_positions", "private", "GET", {});
      return (rows as readonly unknown[]).flatMap((row) => {
        const symbol = this.ownSymbol(text(row, "symbol"));
        return symbol === undefined ? [] : [positionOf(row, symbol)];
      });
    }

    override async fetchBalance(): Promise<unknown> {
      const row = await this.request("query_balance", "private", "GET", {});
      const [total, available] = [text(row, "balance") ?? undefined, text(row, "cross_available") ?? undefined];
      return { [SETTLE]: { total, free: available?.startsWith("-") ? "0" : available } };
    }

    override setLeverage(leverage: number, symbol: string): Promise<unknown> {
      return this.request("change_leverage", "orders", "POST", { symbol: this.market(symbol).id, leverage });
    }

    override setMarginMode(mode: string, symbol: string): Promise<unknown> {
      return this.request("change_margin_mode", "orders", "POST", { symbol: this.market(symbol).id, margin_mode: mode });
    }

    ownSymbol(id: string | null): string | undefined {
      return Object.values(this.markets ?? {}).find((market) => market.id === id)?.symbol;
    }
  };
}
