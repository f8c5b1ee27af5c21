// One account's orders, trades, positions, assets and margin in the shapes of Lighter's answers and streams.

import { money, text, ZERO } from "../../core/money.ts";
import type { Lots, Ticks } from "../../core/units.ts";
import {
  balanceOf,
  entryPrice,
  equityOf,
  initialMarginOf,
  leavesOf,
  lockedOf,
  positionOf,
  type SimAccount,
  unrealizedPnl,
} from "../accounts.ts";
import type { ExchangeOrder, FundingPaid, OrderFilled } from "../exchange-facts.ts";
import type { ExchangeState } from "../exchange-state.ts";
import { type Listing, notionalOf } from "../listings.ts";
import { liquidationPriceOf, maintenanceMarginOf } from "../margin.ts";
import { freeOf } from "../order-check.ts";
import type { LighterAccount, LighterAccounts } from "./accounts.ts";
import { ASSET_IDS, FEE_TICK, FRACTION, QUOTE } from "./listings.ts";
import { fixed, orderIdOf, priceText, sizeText, statusText, usdText } from "./values.ts";

const CREATED_AT = 1_766_000_000;
const MONTH_MS = 28 * 86_400_000;

export function orderView(listing: Listing, owner: LighterAccount, order: ExchangeOrder): Record<string, unknown> {
  const { request } = order;
  const index = orderIdOf(order.id);
  const isImmediate = request.timeInForce !== "gtc";
  return {
    order_index: index,
    client_order_index: request.clientId ?? 0,
    order_id: String(index),
    client_order_id: String(request.clientId ?? 0),
    market_index: Number(listing.id),
    owner_account_index: owner.index,
    initial_base_amount: sizeText(listing, request.quantity),
    price: priceText(listing, request.price ?? (0 as Ticks)),
    nonce: order.id,
    remaining_base_amount: sizeText(listing, leavesOf(order)),
    is_ask: request.side === "sell",
    base_size: request.quantity,
    base_price: request.price ?? 0,
    filled_base_amount: sizeText(listing, order.executed),
    filled_quote_amount: usdText(money(order.executedQuote)),
    // The real exchange leaves it empty for most orders.
    side: "",
    type: request.origin ?? "limit",
    time_in_force: request.postOnly ? "post-only" : isImmediate ? "immediate-or-cancel" : "good-till-time",
    reduce_only: request.reduceOnly,
    trigger_price: priceText(listing, 0 as Ticks),
    order_expiry: isImmediate ? 0 : order.createdAt + MONTH_MS,
    status: statusText(order),
    trigger_status: "na",
    trigger_time: 0,
    ...{ parent_order_index: 0, parent_order_id: "0" },
    ...{ to_trigger_order_id_0: "0", to_trigger_order_id_1: "0", to_cancel_order_id_0: "0" },
    ...{ integrator_fee_collector_index: "0", integrator_taker_fee: "0", integrator_maker_fee: "0" },
    order_flags: 0,
    block_height: 1,
    timestamp: order.createdAt,
    created_at: order.createdAt,
    updated_at: order.updatedAt,
    transaction_time: order.updatedAt * 1_000,
  };
}

/** What of a trade this exchange does not keep, and nobody asks for. */
const UNKEPT = {
  ...{ taker_position_size_before: "0", taker_entry_quote_before: "0", taker_initial_margin_fraction_before: 0 },
  ...{ maker_position_size_before: "0", maker_entry_quote_before: "0", maker_initial_margin_fraction_before: 0 },
  ...{ taker_position_sign_changed: false, maker_position_sign_changed: false, ask_account_pnl: "0", bid_account_pnl: "0" },
  ...{ integrator_taker_fee: 0, integrator_taker_fee_collector_index: 0 },
  ...{ integrator_maker_fee: 0, integrator_maker_fee_collector_index: 0 },
  ...{ taker_allocated_margin_usdc_before: 0, taker_allocated_margin_usdc_after: 0 },
  ...{ maker_allocated_margin_usdc_before: 0, maker_allocated_margin_usdc_after: 0 },
  block_height: 1,
} as const;

/** One side of a trade: order and account by Lighter's numbers, 0 for the market's own. */
export interface TradeSide {
  readonly order: number;
  readonly client: number;
  readonly account: number;
}

export interface TradeFacts {
  readonly tradeId: number;
  readonly price: Ticks;
  readonly quantity: Lots;
  readonly at: number;
  readonly ask: TradeSide;
  readonly bid: TradeSide;
  readonly isMakerAsk: boolean;
}

export function tradeView(listing: Listing, trade: TradeFacts, type: "trade" | "liquidation" = "trade"): Record<string, unknown> {
  const { ask, bid } = trade;
  const ticksOf = (rate: string): number => Math.round(Number(rate) * FEE_TICK);
  return {
    trade_id: trade.tradeId,
    trade_id_str: String(trade.tradeId),
    tx_hash: trade.tradeId.toString(16).padStart(16, "0"),
    type,
    market_id: Number(listing.id),
    size: sizeText(listing, trade.quantity),
    price: priceText(listing, trade.price),
    usd_amount: usdText(notionalOf(listing, trade.price, trade.quantity)),
    ...{ ask_id: ask.order, ask_id_str: String(ask.order), bid_id: bid.order, bid_id_str: String(bid.order) },
    ...{ ask_client_id: ask.client, ask_client_id_str: String(ask.client) },
    ...{ bid_client_id: bid.client, bid_client_id_str: String(bid.client) },
    ...{ ask_account_id: ask.account, bid_account_id: bid.account },
    is_maker_ask: trade.isMakerAsk,
    timestamp: trade.at,
    taker_fee: ticksOf(listing.instrument.takerFee),
    maker_fee: ticksOf(listing.instrument.makerFee),
    transaction_time: trade.at * 1_000,
    ...UNKEPT,
  };
}

/** An account's fill as the trade that it was part of. */
export function fillView(state: ExchangeState, accounts: LighterAccounts, fill: OrderFilled): Record<string, unknown> {
  const own = sideOf(accounts, fill);
  const isOther = (one: OrderFilled): boolean => one.tradeId === fill.tradeId && one.orderId !== fill.orderId;
  let other: TradeSide = { order: orderIdOf(0), client: 0, account: 0 };
  for (const { fills } of state.accounts.values()) {
    const found = fills.findLast(isOther);
    if (found !== undefined) other = sideOf(accounts, found);
  }
  const isAsk = fill.side === "sell";
  const sides = isAsk ? { ask: own, bid: other } : { ask: other, bid: own };
  const { tradeId, price, quantity, at } = fill;
  const trade = { tradeId, price, quantity, at, ...sides, isMakerAsk: isAsk === fill.isMaker };
  return tradeView(state.market(fill.symbol).listing, trade, fill.origin ?? "trade");
}

function sideOf(accounts: LighterAccounts, { account, clientId, orderId }: OrderFilled): TradeSide {
  return { order: orderIdOf(orderId), client: Number(clientId ?? 0), account: accounts.named(account).index };
}

/** A perpetual's position, flat or not; the size is unsigned. */
export function positionView(state: ExchangeState, name: string, symbol: string): Record<string, unknown> {
  const { listing, price } = state.market(symbol);
  const account = state.account(name);
  const position = positionOf(account, symbol);
  const size = Math.abs(position.quantity) as Lots;
  const liquidation = liquidationPriceOf(account, state.listings, (other) => state.market(other).price, symbol);
  const leverage = account.leverage.get(symbol);
  const fraction = leverage === undefined ? money(listing.initialMargin).times(100) : money("100").div(leverage);
  const open = [...account.open.values()].filter(({ request }) => request.symbol === symbol).length;
  const paid = account.funding.filter((payment) => payment.symbol === symbol).reduce((sum, one) => sum.minus(money(one.amount)), ZERO);
  return {
    market_id: Number(symbol),
    symbol: listing.instrument.base,
    initial_margin_fraction: fixed(fraction, 2),
    open_order_count: open,
    ...{ pending_order_count: 0, position_tied_order_count: 0 },
    sign: position.quantity < 0 ? -1 : 1,
    position: sizeText(listing, size),
    avg_entry_price: text((entryPrice(listing, position) ?? ZERO).round(8)),
    position_value: usdText(notionalOf(listing, price, size)),
    unrealized_pnl: usdText(unrealizedPnl(listing, position, price)),
    realized_pnl: usdText(position.realizedPnl),
    liquidation_price: liquidation === null ? "0" : text(liquidation.round(8)),
    total_funding_paid_out: usdText(paid),
    ...{ margin_mode: 0, margin_set_flag: leverage === undefined ? 0 : 1, allocated_margin: "0.000000", total_discount: "0.000000" },
  };
}

/** Spot assets. The simulated accounts keep all their USDC as collateral, where Lighter has a second pot for spot. */
export function assetViews(state: ExchangeState, account: SimAccount): Record<string, unknown>[] {
  return [...account.balances]
    .filter(([symbol]) => ASSET_IDS[symbol] !== undefined)
    .map(([symbol, amount]) => {
      const isCollateral = symbol === QUOTE;
      return {
        symbol,
        asset_id: ASSET_IDS[symbol],
        balance: isCollateral ? "0.000000" : text(amount),
        locked_balance: isCollateral ? "0.000000" : text(lockedOf(account, state.listings, symbol)),
        margin_mode: isCollateral ? "enabled" : "disabled",
        margin_balance: isCollateral ? usdText(amount) : "0",
        multiplier: "1.000000000000000000",
      };
    });
}

export interface Margin {
  readonly collateral: string;
  readonly available: string;
  readonly equity: string;
  readonly initial: string;
  readonly maintenance: string;
}

export function marginOf(state: ExchangeState, account: SimAccount): Margin {
  const markOf = (symbol: string): Ticks => state.market(symbol).price;
  return {
    collateral: usdText(balanceOf(account, QUOTE)),
    available: usdText(freeOf(QUOTE, { account, listings: state.listings, markOf })),
    equity: usdText(equityOf(account, state.listings, markOf, QUOTE)),
    initial: usdText(initialMarginOf(account, state.listings, markOf, null)),
    maintenance: usdText(maintenanceMarginOf(account, state.listings, markOf)),
  };
}

/** Perpetuals that the account holds, trades or has chosen a leverage for. */
export function heldPerps(state: ExchangeState, account: SimAccount): string[] {
  const isOpen = (symbol: string): boolean => [...account.open.values()].some(({ request }) => request.symbol === symbol);
  return [...state.listings.values()]
    .filter(({ instrument }) => instrument.kind === "perp")
    .map(({ id }) => id)
    .filter((id) => account.positions.has(id) || account.leverage.has(id) || isOpen(id));
}

export function accountView(state: ExchangeState, owner: LighterAccount): object {
  const account = state.account(owner.name);
  const margin = marginOf(state, account);
  return {
    code: 0,
    account_type: 0,
    index: owner.index,
    l1_address: "0x0000000000000000000000000000000000000000",
    cancel_all_time: account.countdowns.get("") ?? 0,
    total_order_count: account.open.size,
    ...{ total_isolated_order_count: 0, pending_order_count: 0 },
    available_balance: margin.available,
    status: 1,
    collateral: margin.collateral,
    ...{ transaction_time: 0, account_trading_mode: 0, account_index: owner.index, name: owner.name, description: "" },
    ...{ can_invite: false, referral_points_percentage: "", can_rfq: false, can_rfq_market_ids: [], created_at: CREATED_AT },
    metadata: { color: "" },
    positions: heldPerps(state, account).map((symbol) => positionView(state, owner.name, symbol)),
    assets: assetViews(state, account),
    total_asset_value: margin.equity,
    cross_asset_value: margin.equity,
    cross_initial_margin_requirement: margin.initial,
    cross_maintenance_margin_requirement: margin.maintenance,
    ...{ shares: [], pending_unlocks: [], approved_integrators: [] },
  };
}

/** Seconds, and positive when the account received. */
export function paymentView(listing: Listing, payment: FundingPaid): Record<string, unknown> {
  return {
    timestamp: Math.floor(payment.at / 1_000),
    market_id: Number(payment.symbol),
    funding_id: payment.id,
    change: payment.amount,
    rate: payment.rate,
    position_size: sizeText(listing, Math.abs(payment.quantity) as Lots),
    position_side: payment.quantity < 0 ? "short" : "long",
    discount: "0",
  };
}

export function leverageFraction(listing: Listing): { readonly standard: number; readonly least: number; readonly maintenance: number } {
  const fraction = (rate: string): number => Math.round(Number(rate) * FRACTION);
  return {
    standard: fraction(listing.initialMargin),
    least: Math.round(FRACTION / (listing.instrument.maxLeverage ?? 1)),
    maintenance: fraction(listing.maintenanceMargin),
  };
}
