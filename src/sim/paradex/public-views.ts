// The exchange's public state in the shapes of Paradex's answers: system, markets, books, trades and candles.

import { money, rounded, text, ZERO } from "../../core/money.ts";
import type { SimAccount } from "../accounts.ts";
import type { Candle } from "../candles.ts";
import type { Print } from "../exchange-facts.ts";
import { fundingIntervalOf } from "../funding.ts";
import type { ListedMarket } from "../listed-market.ts";
import type { Listing } from "../listings.ts";
import { QUOTE } from "./listings.ts";
import { CHAIN_ID } from "./signature.ts";
import { priceText, printId, sideText, sizeText } from "./values.ts";

const OPENED_AT = 1_698_756_879_745;
const HOUR_MS = 3_600_000;
const OPEN_ORDERS_MAX = 150;

/** `/system/config`: a chain of our own; addresses are placeholders, ccxt reads the chain and the account hashes. */
export function systemConfig(): object {
  const token = {
    name: "TEST USDC",
    symbol: "USDC",
    decimals: 6,
    l1_token_address: "0x0",
    l1_bridge_address: "0x0",
    l2_token_address: "0x0",
    l2_bridge_address: "0x0",
  };
  return {
    starknet_gateway_url: "",
    starknet_fullnode_rpc_url: "",
    starknet_chain_id: CHAIN_ID,
    block_explorer_url: "",
    paraclear_address: "0x0",
    paraclear_decimals: 8,
    paraclear_account_proxy_hash: "0x3530cc4759d78042f1b543bf797f5f3d647cde0388c33734cf91b7f7b9314a9",
    paraclear_account_hash: "0x41cb0280ebadaa75f996d8d92c6f265f6d040bb3ba442e5f86a554f1765244e",
    oracle_address: "0x0",
    bridged_tokens: [token],
    l1_core_contract_address: "0x0",
    l1_operator_address: "0x0",
    l1_chain_id: "11155111",
    liquidation_fee: "0.2",
  };
}

function feeView(fee: string): object {
  return { fee, fee_cap: "0.125", fee_floor: "-0.125" };
}

export function marketView(listing: Listing): object {
  const { instrument, initialMargin, maintenanceMargin } = listing;
  return {
    symbol: listing.id,
    base_currency: instrument.base,
    quote_currency: QUOTE,
    settlement_currency: instrument.settle,
    order_size_increment: instrument.lotSize,
    price_tick_size: instrument.tickSize,
    min_notional: instrument.minNotional,
    open_at: OPENED_AT,
    expiry_at: 0,
    asset_kind: "PERP",
    market_kind: "cross",
    position_limit: "200000",
    price_bands_width: "0.05",
    max_open_orders: OPEN_ORDERS_MAX,
    max_funding_rate: "0.02",
    delta1_cross_margin_params: {
      imf_base: initialMargin,
      imf_shift: "0",
      imf_factor: "0",
      mmf_factor: text(money(maintenanceMargin).div(money(initialMargin))),
    },
    price_feed_id: "",
    oracle_ewma_factor: "0.2",
    max_order_size: "100000",
    max_funding_rate_change: "0.0005",
    max_tob_spread: "0.2",
    interest_rate: "0.0001",
    clamp_rate: "0.02",
    funding_period_hours: fundingIntervalOf(listing) / HOUR_MS,
    fee_config: { api_fee: { maker_fee: feeView(instrument.makerFee), taker_fee: feeView(instrument.takerFee) } },
    tags: [],
  };
}

/** Sum of all long positions in the base currency. */
function openInterest(listing: Listing, accounts: Iterable<SimAccount>): string {
  let sum = ZERO;
  for (const { positions } of accounts) sum = sum.plus(Math.max(0, positions.get(listing.id)?.quantity ?? 0));
  return text(sum.times(money(listing.instrument.lotSize)));
}

/** `day` null: no trade yet, the reference price stands for all. `fundingRate` is the rate of the running period. */
export function summaryView(
  { listing, engine, price }: ListedMarket,
  day: Candle | null,
  accounts: Iterable<SimAccount>,
  fundingRate: string,
  at: number,
): object {
  const touch = (side: "buy" | "sell"): string => {
    const level = engine.best(side);
    return level === undefined ? "" : priceText(listing, level.price);
  };
  const mark = priceText(listing, price);
  const value = day === null ? "0" : text(listing.unit.times(money(day.value)));
  return {
    symbol: listing.id,
    oracle_price: mark,
    mark_price: mark,
    last_traded_price: day === null ? mark : priceText(listing, day.close),
    bid: touch("buy"),
    ask: touch("sell"),
    volume_24h: value,
    total_volume: value,
    created_at: at,
    underlying_price: mark,
    open_interest: openInterest(listing, accounts),
    funding_rate: fundingRate,
    price_change_rate_24h: day === null ? "0" : rounded(money(day.close).div(money(day.open)).minus(1), 6),
  };
}

type Rows = [string, string][];

function rowsOf({ listing, engine }: ListedMarket, side: "buy" | "sell", depth: number): Rows {
  const rows: Rows = [];
  for (const level of engine.levels(side)) {
    if (rows.length === depth) break;
    rows.push([priceText(listing, level.price), sizeText(listing, level.quantity)]);
  }
  return rows;
}

/** Both sides from the best price on. */
export function bookView(market: ListedMarket, depth: number, sequence: number, at: number): object {
  const [asks, bids] = [rowsOf(market, "sell", depth), rowsOf(market, "buy", depth)];
  return { market: market.listing.id, seq_no: sequence, last_updated_at: at, asks, bids };
}

/** The book as its stream tells it: a whole snapshot each time. */
export function bookSnapshot(market: ListedMarket, depth: number, sequence: number, at: number): object {
  const inserts = (["buy", "sell"] as const).flatMap((side) =>
    rowsOf(market, side, depth).map(([price, size]) => ({ side: sideText(side), price, size })),
  );
  return { seq_no: sequence, market: market.listing.id, last_updated_at: at, update_type: "s", inserts, updates: [], deletes: [] };
}

export function bboView(market: ListedMarket, sequence: number, at: number): object {
  const [[ask = "", askSize = ""] = []] = rowsOf(market, "sell", 1);
  const [[bid = "", bidSize = ""] = []] = rowsOf(market, "buy", 1);
  return { market: market.listing.id, seq_no: sequence, ask, ask_size: askSize, bid, bid_size: bidSize, last_updated_at: at };
}

export function tradeView(listing: Listing, print: Print): object {
  return {
    id: printId(print.tradeId),
    market: listing.id,
    side: sideText(print.takerSide),
    size: sizeText(listing, print.quantity),
    price: priceText(listing, print.price),
    created_at: print.at,
    trade_type: "FILL",
  };
}

/** Numbers, as Paradex writes candles; the volume is in the base currency. */
export function klineView(listing: Listing, candle: Candle): number[] {
  const prices = [candle.open, candle.high, candle.low, candle.close].map((price) => Number(priceText(listing, price)));
  return [candle.start, ...prices, Number(sizeText(listing, candle.quantity))];
}

export function fundingDataView(listing: Listing, rate: string, index: string, at: number): object {
  return {
    market: listing.id,
    funding_index: index,
    funding_premium: rate,
    funding_rate: rate,
    funding_rate_8h: rate,
    funding_period_hours: fundingIntervalOf(listing) / HOUR_MS,
    created_at: at,
  };
}
