// One account's orders, fills, positions and margin in the shapes of Paradex's answers and streams.

import { text, ZERO } from "../../core/money.ts";
import type { Lots, Ticks } from "../../core/units.ts";
import { balanceOf, entryPrice, equityOf, initialMarginOf, positionOf, type SimAccount, unrealizedPnl } from "../accounts.ts";
import type { ExchangeOrder, OrderFilled } from "../exchange-facts.ts";
import type { ExchangeState } from "../exchange-state.ts";
import type { Listing } from "../listings.ts";
import { liquidationPriceOf, maintenanceMarginOf } from "../margin.ts";
import type { ParadexAccount } from "./accounts.ts";
import { averagePrice, cancelReason, fillId, instructionText, priceText, sideText, sizeText } from "./values.ts";

const CREATED_AT = 1_698_756_879_745;
const SETTLEMENT = "USDC";

/** How far an order has come at one moment. */
export interface OrderProgress {
  readonly status: "NEW" | "OPEN" | "CLOSED";
  readonly executed: Lots;
  readonly executedQuote: string;
  readonly reason: string;
  /** Epoch ms. */
  readonly at: number;
  readonly sequence: number;
}

/** The progress of an order as it is now. */
export function progressOf(order: ExchangeOrder, sequence: number): OrderProgress {
  const isOpen = order.state === "New" || order.state === "PartiallyFilled";
  const { executed, executedQuote, updatedAt: at } = order;
  return { status: isOpen ? "OPEN" : "CLOSED", executed, executedQuote, reason: cancelReason(order), at, sequence };
}

/** An order as it began. */
export function beginOf(order: ExchangeOrder, status: "NEW" | "OPEN", sequence: number): OrderProgress {
  return { status, executed: 0 as Lots, executedQuote: "0", reason: "", at: order.createdAt, sequence };
}

/** An order at a moment of its life. */
export function orderView(listing: Listing, address: string, order: ExchangeOrder, progress: OrderProgress): object {
  const { request } = order;
  return {
    id: String(order.id),
    account: address,
    market: listing.id,
    side: sideText(request.side),
    type: request.price === null ? "MARKET" : "LIMIT",
    size: sizeText(listing, request.quantity),
    remaining_size: sizeText(listing, (request.quantity - progress.executed) as Lots),
    price: request.price === null ? "0" : priceText(listing, request.price),
    status: progress.status,
    created_at: order.createdAt,
    last_updated_at: progress.at,
    timestamp: order.createdAt,
    cancel_reason: progress.reason,
    client_id: request.clientId === null ? "" : String(request.clientId),
    seq_no: progress.sequence,
    instruction: instructionText(request),
    avg_fill_price: averagePrice(listing, progress.executed, progress.executedQuote),
    stp: "EXPIRE_TAKER",
    received_at: order.createdAt,
    published_at: progress.at,
    flags: request.reduceOnly ? ["REDUCE_ONLY"] : [],
    trigger_price: "0",
  };
}

/** `ordered`: lots of the whole order; null when it is forgotten. */
export function fillView(listing: Listing, fill: OrderFilled, ordered: Lots | null): object {
  return {
    id: fillId(fill),
    side: sideText(fill.side),
    liquidity: fill.isMaker ? "MAKER" : "TAKER",
    market: fill.symbol,
    order_id: String(fill.orderId),
    price: priceText(listing, fill.price),
    size: sizeText(listing, fill.quantity),
    fee: fill.fee,
    fee_currency: fill.feeSymbol,
    created_at: fill.at,
    remaining_size: ordered === null ? "" : sizeText(listing, (ordered - fill.executed) as Lots),
    client_id: fill.clientId === null ? "" : String(fill.clientId),
    fill_type: "FILL",
  };
}

/** A position; its size is signed. `sequence` is the account's, `at` epoch ms. */
export function positionView(state: ExchangeState, owner: ParadexAccount, symbol: string, sequence: number, at: number): object {
  const { listing, price } = state.market(symbol);
  const account = state.account(owner.name);
  const position = positionOf(account, symbol);
  const lastFill = account.fills.findLast((fill) => fill.symbol === symbol);
  const entry = text((entryPrice(listing, position) ?? ZERO).round(8));
  const liquidation = liquidationPriceOf(account, state.listings, (other) => state.market(other).price, symbol);
  return {
    id: `${owner.address}-${symbol}`,
    market: symbol,
    status: position.quantity === 0 ? "CLOSED" : "OPEN",
    side: position.quantity < 0 ? "SHORT" : "LONG",
    size: sizeText(listing, position.quantity),
    average_entry_price: entry,
    average_entry_price_usd: entry,
    realized_pnl: text(position.realizedPnl),
    unrealized_pnl: text(unrealizedPnl(listing, position, price)),
    unrealized_funding_pnl: "0",
    cost: text(position.cost),
    cost_usd: text(position.cost),
    cached_funding_index: "0",
    last_updated_at: lastFill?.at ?? at,
    last_fill_id: lastFill === undefined ? "" : fillId(lastFill),
    seq_no: sequence,
    liquidation_price: liquidation === null ? "" : text(liquidation.round(8)),
  };
}

export function balanceViews(account: SimAccount, at: number): object[] {
  return [...account.balances].map(([token, size]) => ({ token, size: text(size), last_updated_at: at }));
}

/** Margin in the settlement currency. */
export function accountView(state: ExchangeState, owner: ParadexAccount, sequence: number, at: number): object {
  const account = state.account(owner.name);
  const markOf = (symbol: string): Ticks => state.market(symbol).price;
  const equity = equityOf(account, state.listings, markOf, SETTLEMENT);
  const initial = initialMarginOf(account, state.listings, markOf, null);
  const maintenance = maintenanceMarginOf(account, state.listings, markOf);
  return {
    account: owner.address,
    account_value: text(equity),
    free_collateral: text(equity.minus(initial)),
    initial_margin_requirement: text(initial),
    maintenance_margin_requirement: text(maintenance),
    margin_cushion: text(equity.minus(maintenance)),
    seq_no: sequence,
    settlement_asset: SETTLEMENT,
    status: "ACTIVE",
    total_collateral: text(balanceOf(account, SETTLEMENT)),
    updated_at: at,
  };
}

/** `public_key` is the account's own key, which may withdraw; a subkey's differs from it. */
export function accountInfoView(owner: ParadexAccount): object {
  return {
    account: owner.address,
    created_at: CREATED_AT,
    derivation_path: "",
    isolated_market: "",
    kind: "main",
    parent_account: "",
    public_key: owner.mainPublicKey,
    username: owner.name,
  };
}

/** The keys that may trade for the account and nothing else. */
export function subkeyViews(owner: ParadexAccount): object[] {
  if (owner.isMainKey) return [];
  const key = { id: 1, account_id: owner.address, name: owner.name, public_key: owner.publicKey };
  return [{ ...key, allowed_cidrs: [], state: "active", created_at: CREATED_AT * 1_000_000, revoked_at: 0 }];
}
