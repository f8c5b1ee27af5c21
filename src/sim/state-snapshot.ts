// The exchange's whole state as plain JSON and back, for the compacted head of the journal.

import { money, text } from "../core/money.ts";
import type { Lots, Ticks } from "../core/units.ts";
import type { SimAccount } from "./accounts.ts";
import type { ExchangeOrder, FundingPaid, FundingSettled, OrderFilled } from "./exchange-facts.ts";
import type { ExchangeState } from "./exchange-state.ts";
import type { SourceProgress } from "./market-step.ts";

interface AccountSnapshot {
  readonly name: string;
  readonly balances: Readonly<Record<string, string>>;
  readonly positions: Readonly<Record<string, { readonly quantity: number; readonly cost: string; readonly realizedPnl: string }>>;
  readonly open: readonly ExchangeOrder[];
  readonly closed: readonly ExchangeOrder[];
  readonly fills: readonly OrderFilled[];
  /** Absent in the oldest journals, like all that follows. */
  readonly funding?: readonly FundingPaid[];
  readonly leverage?: Readonly<Record<string, number>>;
  readonly countdowns?: Readonly<Record<string, number>>;
}

interface MarketSnapshot {
  readonly price: number;
  readonly progress: SourceProgress | null;
  readonly settled?: readonly FundingSettled[];
  readonly fundings?: number;
}

export interface StateSnapshot {
  readonly nextOrderId: number;
  readonly tradeIdLimit: number;
  readonly accounts: readonly AccountSnapshot[];
  readonly nextFundingId?: number;
  readonly markets: Readonly<Record<string, MarketSnapshot>>;
}

function snapshotAccount(account: SimAccount): AccountSnapshot {
  return {
    name: account.name,
    balances: Object.fromEntries([...account.balances].map(([asset, amount]) => [asset, text(amount)])),
    positions: Object.fromEntries(
      [...account.positions].map(([symbol, { quantity, cost, realizedPnl }]) => [
        symbol,
        { quantity, cost: text(cost), realizedPnl: text(realizedPnl) },
      ]),
    ),
    open: [...account.open.values()].map((order) => ({ ...order })),
    closed: account.closed.map((order) => ({ ...order })),
    fills: [...account.fills],
    funding: [...account.funding],
    leverage: Object.fromEntries(account.leverage),
    countdowns: Object.fromEntries(account.countdowns),
  };
}

function restoreAccount(snapshot: AccountSnapshot): SimAccount {
  const positions = Object.entries(snapshot.positions).map(
    ([symbol, { quantity, cost, realizedPnl }]) =>
      [symbol, { quantity: quantity as Lots, cost: money(cost), realizedPnl: money(realizedPnl) }] as const,
  );
  return {
    name: snapshot.name,
    balances: new Map(Object.entries(snapshot.balances).map(([asset, amount]) => [asset, money(amount)])),
    positions: new Map(positions),
    open: new Map(snapshot.open.map((order) => [order.id, restoreOrder(order)])),
    closed: snapshot.closed.map(restoreOrder),
    fills: [...snapshot.fills],
    funding: [...(snapshot.funding ?? [])],
    leverage: new Map(Object.entries(snapshot.leverage ?? {})),
    countdowns: new Map(Object.entries(snapshot.countdowns ?? {})),
  };
}

/** Orders of the oldest journals do not say when they changed last. */
function restoreOrder(order: ExchangeOrder): ExchangeOrder {
  return { ...order, updatedAt: order.updatedAt ?? order.createdAt };
}

export function snapshotState(state: ExchangeState): StateSnapshot {
  return {
    nextOrderId: state.nextOrderId,
    tradeIdLimit: state.tradeIdLimit,
    accounts: [...state.accounts.values()].map(snapshotAccount),
    nextFundingId: state.nextFundingId,
    markets: Object.fromEntries(
      [...state.markets].map(([symbol, { price, progress, settled, fundings }]) => [
        symbol,
        { price, progress, settled: [...settled], fundings },
      ]),
    ),
  };
}

/** Fills a fresh state; markets that are no longer listed are left out. */
export function restoreState(state: ExchangeState, snapshot: StateSnapshot): void {
  state.nextOrderId = snapshot.nextOrderId;
  state.tradeIdLimit = snapshot.tradeIdLimit;
  for (const account of snapshot.accounts) state.accounts.set(account.name, restoreAccount(account));
  state.nextFundingId = snapshot.nextFundingId ?? 1;
  for (const [symbol, { price, progress, settled = [], fundings = 0 }] of Object.entries(snapshot.markets)) {
    const market = state.markets.get(symbol);
    if (market === undefined) continue;
    market.price = price as Ticks;
    market.progress = progress;
    market.settled.push(...settled);
    market.fundings = fundings;
  }
}
