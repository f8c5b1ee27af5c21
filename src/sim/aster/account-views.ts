// An account's balances and positions in the shapes of Aster's REST answers. Spot and futures share one wallet here.

import { type Money, money, ZERO } from "../../core/money.ts";
import type { Lots, Ticks } from "../../core/units.ts";
import { balanceOf, entryPrice, equityOf, initialMarginOf, lockedOf, positionOf, type SimAccount, unrealizedPnl } from "../accounts.ts";
import type { ExchangeState } from "../exchange-state.ts";
import { type Listing, notionalOf } from "../listings.ts";
import { liquidationPriceOf, maintenanceMarginOf } from "../margin.ts";
import { DEFAULT_LEVERAGE, wireSymbol } from "./listings.ts";
import type { AccountSettings } from "./settings.ts";
import { amountOrZero, amountText, priceText, quantityText } from "./values.ts";

/** Largest position value that an account may have, as the exchange words it. */
const MAX_NOTIONAL = "50000000";
const ENTRY_DECIMALS = 5;

function perpsOf(state: ExchangeState): Listing[] {
  return [...state.listings.values()].filter(({ instrument }) => instrument.kind === "perp");
}

function settleOf(state: ExchangeState): string {
  return perpsOf(state)[0]?.instrument.settle ?? "USDT";
}

const markIn =
  (state: ExchangeState) =>
  (symbol: string): Ticks =>
    state.market(symbol).price;

/** Leverage of an account on an instrument: what was set, or the exchange's default. */
export function leverageOf(account: SimAccount, symbol: string): number {
  return account.leverage.get(symbol) ?? DEFAULT_LEVERAGE;
}

interface Numbers {
  readonly wallet: Money;
  readonly unrealized: Money;
  readonly initialMargin: Money;
  readonly maintenance: Money;
  readonly available: Money;
}

function numbersOf(state: ExchangeState, account: SimAccount): Numbers {
  const settle = settleOf(state);
  const markOf = markIn(state);
  const wallet = balanceOf(account, settle);
  const equity = equityOf(account, state.listings, markOf, settle);
  const initialMargin = initialMarginOf(account, state.listings, markOf, null);
  const free = equity.minus(initialMargin).minus(lockedOf(account, state.listings, settle));
  const maintenance = maintenanceMarginOf(account, state.listings, markOf);
  return { wallet, unrealized: equity.minus(wallet), initialMargin, maintenance, available: free.lt(0) ? ZERO : free };
}

function positionValue(state: ExchangeState, account: SimAccount, listing: Listing): Money {
  const { quantity } = positionOf(account, listing.id);
  return notionalOf(listing, state.market(listing.id).price, Math.abs(quantity) as Lots);
}

function maintenanceOf(state: ExchangeState, account: SimAccount, listing: Listing): Money {
  return positionValue(state, account, listing).times(money(listing.maintenanceMargin));
}

/** `GET balance` of futures. */
export function balanceViews(state: ExchangeState, account: SimAccount, now: number): object[] {
  const { wallet, unrealized, available } = numbersOf(state, account);
  return [
    {
      accountAlias: "SgsR",
      asset: settleOf(state),
      balance: amountText(wallet),
      crossWalletBalance: amountText(wallet),
      crossUnPnl: amountText(unrealized),
      availableBalance: amountText(available),
      maxWithdrawAmount: amountText(available),
      marginAvailable: true,
      updateTime: now,
    },
  ];
}

/** Spot balances: what is free and what open orders hold back. */
export function spotBalanceViews(state: ExchangeState, account: SimAccount): { asset: string; free: string; locked: string }[] {
  const { available } = numbersOf(state, account);
  return [...account.balances].map(([asset, amount]) => {
    const locked = lockedOf(account, state.listings, asset);
    const free = amount.minus(locked);
    const spendable = asset === settleOf(state) && available.lt(free) ? available : free;
    return { asset, free: amountText(spendable.lt(0) ? ZERO : spendable), locked: amountText(locked) };
  });
}

/** `GET account` of spot. */
export function spotAccountView(state: ExchangeState, account: SimAccount, canWithdraw: boolean, now: number): object {
  return { feeTier: 0, canTrade: true, canDeposit: true, canWithdraw, updateTime: now, balances: spotBalanceViews(state, account) };
}

function marginFields(state: ExchangeState, account: SimAccount, listing: Listing): Readonly<Record<string, string>> {
  const position = positionValue(state, account, listing).div(leverageOf(account, listing.id));
  return {
    initialMargin: amountOrZero(position),
    maintMargin: amountOrZero(maintenanceOf(state, account, listing)),
    positionInitialMargin: amountOrZero(position),
    openOrderInitialMargin: "0",
  };
}

/** `GET account` of futures: totals, the one asset, and a position of every perpetual. */
export function accountView(state: ExchangeState, account: SimAccount, settings: AccountSettings, now: number): object {
  const { wallet, unrealized, initialMargin, maintenance, available } = numbersOf(state, account);
  const margin = amountText(wallet.plus(unrealized));
  const asset = {
    asset: settleOf(state),
    walletBalance: amountText(wallet),
    unrealizedProfit: amountText(unrealized),
    marginBalance: margin,
    maintMargin: amountText(maintenance),
    initialMargin: amountText(initialMargin),
    positionInitialMargin: amountText(initialMargin),
    openOrderInitialMargin: amountText(ZERO),
    maxWithdrawAmount: amountText(available),
    crossWalletBalance: amountText(wallet),
    crossUnPnl: amountText(unrealized),
    availableBalance: amountText(available),
    marginAvailable: true,
    updateTime: now,
  };
  return {
    feeTier: 0,
    canTrade: true,
    canDeposit: true,
    canWithdraw: true,
    updateTime: 0,
    totalInitialMargin: amountText(initialMargin),
    totalMaintMargin: amountText(maintenance),
    totalWalletBalance: amountText(wallet),
    totalUnrealizedProfit: amountText(unrealized),
    totalMarginBalance: margin,
    totalPositionInitialMargin: amountText(initialMargin),
    totalOpenOrderInitialMargin: amountText(ZERO),
    totalCrossWalletBalance: amountText(wallet),
    totalCrossUnPnl: amountText(unrealized),
    availableBalance: amountText(available),
    maxWithdrawAmount: amountText(available),
    assets: [asset],
    positions: perpsOf(state).map((listing) => {
      const numbers = positionNumbers(state, account, listing);
      return {
        symbol: wireSymbol(listing),
        ...marginFields(state, account, listing),
        unrealizedProfit: numbers.unrealized,
        leverage: String(leverageOf(account, listing.id)),
        isolated: settings.isIsolated(account.name, listing.id),
        entryPrice: numbers.entry,
        maxNotional: MAX_NOTIONAL,
        positionSide: "BOTH",
        positionAmt: numbers.amount,
        notional: numbers.notional,
        isolatedWallet: "0",
        updateTime: numbers.updatedAt,
      };
    }),
  };
}

interface PositionNumbers {
  readonly amount: string;
  readonly entry: string;
  readonly unrealized: string;
  readonly notional: string;
  readonly mark: string;
  readonly updatedAt: number;
}

function positionNumbers(state: ExchangeState, account: SimAccount, listing: Listing): PositionNumbers {
  const position = positionOf(account, listing.id);
  const mark = state.market(listing.id).price;
  const value = positionValue(state, account, listing);
  const last = position.quantity === 0 ? undefined : account.fills.findLast((fill) => fill.symbol === listing.id);
  return {
    amount: quantityText(listing, position.quantity),
    entry: (entryPrice(listing, position) ?? ZERO).toFixed(ENTRY_DECIMALS),
    unrealized: amountText(unrealizedPnl(listing, position, mark)),
    notional: amountOrZero(position.quantity < 0 ? ZERO.minus(value) : value),
    mark: amountText(priceText(listing, mark)),
    updatedAt: last?.at ?? 0,
  };
}

/** The price at which the account could no longer carry its positions if only this one moved; `0` when there is none. */
function liquidationText(state: ExchangeState, account: SimAccount, listing: Listing): string {
  const price = liquidationPriceOf(account, state.listings, markIn(state), listing.id);
  return price === null ? "0" : amountText(price);
}

/** `GET positionRisk`; keys of the older interface get Binance's fields, wallets get Aster's. */
export function positionRiskView(
  state: ExchangeState,
  account: SimAccount,
  listing: Listing,
  settings: AccountSettings,
  shape: "aster" | "binance",
): object {
  const numbers = positionNumbers(state, account, listing);
  const isolated = settings.isIsolated(account.name, listing.id);
  const shared = {
    symbol: wireSymbol(listing),
    positionAmt: numbers.amount,
    entryPrice: numbers.entry,
    markPrice: numbers.mark,
    unRealizedProfit: numbers.unrealized,
    liquidationPrice: liquidationText(state, account, listing),
    isolatedMargin: isolated ? amountText(positionValue(state, account, listing).div(leverageOf(account, listing.id))) : amountText(ZERO),
    positionSide: "BOTH",
    notional: numbers.notional,
    isolatedWallet: "0",
    updateTime: numbers.updatedAt,
  };
  if (shape === "aster")
    return {
      ...shared,
      leverage: String(leverageOf(account, listing.id)),
      maxNotionalValue: MAX_NOTIONAL,
      marginType: isolated ? "isolated" : "cross",
      isAutoAddMargin: "false",
    };
  return {
    ...shared,
    breakEvenPrice: numbers.entry,
    ...marginFields(state, account, listing),
    adl: 0,
    bidNotional: "0",
    askNotional: "0",
    marginAsset: listing.instrument.settle,
  };
}

/** Answer to a change of leverage. */
export function leverageView(listing: Listing, leverage: number): object {
  return { leverage, maxNotionalValue: MAX_NOTIONAL, symbol: wireSymbol(listing) };
}
