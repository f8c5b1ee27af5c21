// The exchange's public state in the shapes of Lighter's answers and streams: markets, books, trades, candles and statistics.

import { money, rounded, ZERO } from "../../core/money.ts";
import type { Side } from "../../core/order.ts";
import type { Lots, Ticks } from "../../core/units.ts";
import type { Candle } from "../candles.ts";
import type { Print } from "../exchange-facts.ts";
import type { ListedMarket } from "../listed-market.ts";
import { type Listing, stepsOf } from "../listings.ts";
import type { DepthUpdate, SimulatedExchange } from "../simulated-exchange.ts";
import { leverageFraction, tradeView } from "./account-views.ts";
import { ASSET_IDS, QUOTE } from "./listings.ts";
import { fixed, orderIdOf, priceText, sizeText } from "./values.ts";

const CREATED_AT = "1735689600000";
const ONE = "1.000000000000000000";
const ORDER_EXPIRY_MS = 28 * 86_400_000;

/** `orderBooks`. */
export function marketView(listing: Listing): Record<string, unknown> {
  const { instrument } = listing;
  const steps = stepsOf(listing);
  const isPerp = instrument.kind === "perp";
  return {
    symbol: isPerp ? instrument.base : `${instrument.base}/${instrument.quote}`,
    market_id: Number(listing.id),
    market_type: instrument.kind,
    // Perpetuals have no assets of their own.
    base_asset_id: isPerp ? 0 : ASSET_IDS[instrument.base],
    quote_asset_id: isPerp ? 0 : ASSET_IDS[instrument.quote],
    status: "active",
    taker_fee: instrument.takerFee,
    is_taker_fee_enabled: true,
    maker_fee: instrument.makerFee,
    is_maker_fee_enabled: true,
    liquidation_fee: isPerp ? "1.0000" : "0.0000",
    min_base_amount: sizeText(listing, instrument.minQuantity),
    min_quote_amount: `${instrument.minNotional}.000000`,
    order_quote_limit: "281474976.710655",
    supported_size_decimals: steps.quantity.decimals,
    supported_price_decimals: steps.price.decimals,
    supported_quote_decimals: 6,
    created_at: CREATED_AT,
    multiplier: ONE,
  };
}

interface Day {
  readonly last: number;
  readonly trades: number;
  readonly base: number;
  readonly quote: number;
  readonly low: number;
  readonly high: number;
  /** Percent. */
  readonly change: number;
}

function dayOf(exchange: SimulatedExchange, { listing, price }: ListedMarket): Day {
  const day = exchange.candles.get(listing.id)?.day(exchange.clock.now()) ?? null;
  const numberOf = (value: Ticks): number => Number(priceText(listing, value));
  if (day === null) return { last: numberOf(price), trades: 0, base: 0, quote: 0, low: numberOf(price), high: numberOf(price), change: 0 };
  return {
    last: numberOf(day.close),
    trades: day.trades,
    base: Number(sizeText(listing, day.quantity)),
    quote: Number(listing.unit.times(money(day.value))),
    low: numberOf(day.low),
    high: numberOf(day.high),
    change: Number(rounded(money(day.close).div(money(day.open)).minus(1).times(100), 6)),
  };
}

/** Sum of all long positions in the base currency. */
function openInterest(exchange: SimulatedExchange, listing: Listing): string {
  let sum = ZERO;
  for (const { positions } of exchange.state.accounts.values())
    sum = sum.plus(money(listing.instrument.lotSize).times(Math.max(0, positions.get(listing.id)?.quantity ?? 0)));
  return fixed(sum, 4);
}

/** `orderBookDetails`. */
export function detailView(exchange: SimulatedExchange, market: ListedMarket): Record<string, unknown> {
  const { listing, price } = market;
  const day = dayOf(exchange, market);
  const common = {
    ...marketView(listing),
    size_decimals: stepsOf(listing).quantity.decimals,
    price_decimals: stepsOf(listing).price.decimals,
    last_trade_price: day.last,
    daily_trades_count: day.trades,
    daily_base_token_volume: day.base,
    daily_quote_token_volume: day.quote,
    daily_price_low: day.low,
    daily_price_high: day.high,
    daily_price_change: day.change,
    daily_chart: {},
  };
  if (listing.instrument.kind === "spot") return common;
  const { least, maintenance, standard } = leverageFraction(listing);
  return {
    ...common,
    quote_multiplier: 1,
    default_initial_margin_fraction: standard,
    min_initial_margin_fraction: least,
    maintenance_margin_fraction: maintenance,
    closeout_margin_fraction: Math.round(maintenance * 0.66),
    mark_price: priceText(listing, price),
    index_price: priceText(listing, price),
    open_interest: Number(openInterest(exchange, listing)),
    market_config: {
      ...{ market_margin_mode: 0, insurance_fund_account_index: 281_474_976_710_655, liquidation_mode: 0, force_reduce_only: false },
      ...{ trading_hours: "", funding_fee_discounts_enabled: false, hidden: false, rfq_enabled: false },
    },
    ...{ strategy_index: 0, market_flags: 0, funding_premium_multiplier: 100 },
    ...{ funding_clamp_small: "0.0500", funding_clamp_big: "4.0000", base_interest_rate: "0.0100" },
  };
}

/** `orderBookOrders`: the orders of one side, the best first. */
export function restingViews(exchange: SimulatedExchange, { engine, listing }: ListedMarket, side: Side, limit: number): object[] {
  const rows: object[] = [];
  const now = exchange.clock.now();
  for (const level of engine.levels(side)) {
    for (const order of level.orders) {
      if (rows.length === limit) return rows;
      const index = orderIdOf(Math.abs(order.id));
      rows.push({
        order_index: index,
        order_id: String(index),
        owner_account_index: 0,
        initial_base_amount: sizeText(listing, order.remaining),
        remaining_base_amount: sizeText(listing, order.remaining),
        price: priceText(listing, order.price),
        order_expiry: now + ORDER_EXPIRY_MS,
        transaction_time: 0,
      });
    }
  }
  return rows;
}

type Rows = readonly (readonly [Ticks, Lots])[];

function rowsOf(listing: Listing, rows: Rows): object[] {
  return rows.map(([price, quantity]) => ({ price: priceText(listing, price), size: sizeText(listing, quantity) }));
}

function bookMessage(type: string, listing: Listing, sides: { asks: Rows; bids: Rows }, nonces: readonly [number, number], at: number) {
  const [before, nonce] = nonces;
  return {
    channel: `order_book:${listing.id}`,
    last_updated_at: at * 1_000,
    offset: nonce,
    order_book: {
      code: 0,
      asks: rowsOf(listing, sides.asks),
      bids: rowsOf(listing, sides.bids),
      ...{ offset: nonce, nonce, last_updated_at: at * 1_000, begin_nonce: before },
    },
    timestamp: at,
    type,
  };
}

/** The whole book: the first message of its stream. */
export function bookSnapshot({ engine, listing }: ListedMarket, nonce: number, at: number): object {
  const side = (name: Side): Rows => [...engine.levels(name)].map(({ price, quantity }) => [price, quantity] as const);
  return bookMessage("subscribed/order_book", listing, { asks: side("sell"), bids: side("buy") }, [0, nonce], at);
}

/** What changed; `begin_nonce` is the nonce of the message before. */
export function bookUpdate(listing: Listing, { asks, bids, updateId }: DepthUpdate, at: number): object {
  return bookMessage("update/order_book", listing, { asks, bids }, [updateId - 1, updateId], at);
}

/** A public trade; who traded is not told here. */
export function printView(listing: Listing, print: Print): Record<string, unknown> {
  const side = (id: number) => ({ order: orderIdOf(id), client: 0, account: 0 });
  const sides = { ask: side(print.sellOrderId), bid: side(print.buyOrderId), isMakerAsk: print.takerSide === "buy" };
  return tradeView(listing, { ...sides, tradeId: print.tradeId, price: print.price, quantity: print.quantity, at: print.at });
}

/** Funding rates are told in percent here. */
export function statsView(exchange: SimulatedExchange, market: ListedMarket): Record<string, unknown> {
  const { listing, price } = market;
  const day = dayOf(exchange, market);
  const forecast = exchange.fundingForecast(listing.id);
  const percent = fixed(money(forecast.rate).times(100), 4);
  const mark = priceText(listing, price);
  return {
    symbol: listing.instrument.base,
    market_id: Number(listing.id),
    ...{ index_price: mark, mark_price: mark, mid_price: mark },
    open_interest: openInterest(exchange, listing),
    open_interest_limit: "72057594037927936.000000",
    ...{ base_interest_rate: "0.0100", funding_clamp_small: "0.0500", funding_clamp_big: "4.0000" },
    last_trade_price: String(day.last),
    current_funding_rate: percent,
    funding_rate: percent,
    funding_timestamp: forecast.nextAt - forecast.intervalMs,
    daily_base_token_volume: day.base,
    daily_quote_token_volume: day.quote,
    daily_price_low: day.low,
    daily_price_high: day.high,
    daily_price_change: day.change,
  };
}

export function candleView(listing: Listing, candle: Candle): object {
  const [o, h, l, c] = [candle.open, candle.high, candle.low, candle.close].map((price) => Number(priceText(listing, price)));
  const [v, V] = [Number(sizeText(listing, candle.quantity)), Number(listing.unit.times(money(candle.value)))];
  return { t: candle.start, o, h, l, c, O: o, H: h, L: l, C: c, v, V, i: candle.trades };
}

export function assetDetails(): object[] {
  return Object.entries(ASSET_IDS).map(([symbol, asset_id]) => ({
    asset_id,
    symbol,
    ...{ l1_decimals: symbol === QUOTE ? 6 : 18, decimals: symbol === QUOTE ? 6 : 8 },
    ...{ min_transfer_amount: "1.000000", min_withdrawal_amount: "1.000000", margin_mode: symbol === QUOTE ? "enabled" : "disabled" },
    ...{ index_price: "1.000000", price_decimals: 6, l1_address: "0x0000000000000000000000000000000000000000" },
    ...{ loan_to_value: "0", liquidation_threshold: "0", liquidation_factor: "0", liquidation_fee: "0" },
    ...{ global_supply_cap: "0", user_supply_cap: "0", total_supplied: "0", multiplier: ONE },
  }));
}
