// The exchange's public state in the shapes of Aster's REST answers.

import { money, ZERO } from "../../core/money.ts";
import type { Lots, Ticks } from "../../core/units.ts";
import type { Candle } from "../candles.ts";
import type { Print } from "../exchange-facts.ts";
import type { FundingForecast } from "../funding.ts";
import type { ListedMarket } from "../listed-market.ts";
import type { Listing } from "../listings.ts";
import { OPEN_ORDERS_MAX, PRICE_MULTIPLIERS } from "../order-check.ts";
import { rateLimitViews } from "./limits.ts";
import { MAX_LEVERAGE, type MarketKind, wireSymbol } from "./listings.ts";
import { amountText, decimalsOf, priceText, quantityText, valueText } from "./values.ts";

const LISTED_AT = 1_756_289_680_210;
/** What the exchange says of a contract without an end. */
const NO_DELIVERY = 4_133_404_800_000;
const MAX_QUANTITY = "9000000";
const MAX_PRICE = "10000000";
const PRECISION = 8;
/** Interest part of a funding rate. */
const INTEREST_RATE = "0.00010000";

function filtersOf({ instrument }: Listing): readonly object[] {
  const { tickSize, lotSize, minNotional } = instrument;
  const size = { stepSize: lotSize, maxQty: MAX_QUANTITY, minQty: lotSize };
  const shared = [
    { minPrice: tickSize, maxPrice: MAX_PRICE, filterType: "PRICE_FILTER", tickSize },
    { filterType: "LOT_SIZE", ...size },
    { filterType: "MARKET_LOT_SIZE", ...size },
    { limit: OPEN_ORDERS_MAX, filterType: "MAX_NUM_ORDERS" },
  ];
  const { min, max } = PRICE_MULTIPLIERS;
  if (instrument.kind === "perp")
    return [
      ...shared,
      { minNotional, filterType: "MIN_NOTIONAL" },
      { multiplierDown: min, multiplierUp: max, multiplierDecimal: "1", filterType: "PERCENT_PRICE" },
    ];
  return [
    ...shared,
    { minNotional, avgPriceMins: 5, applyMinToMarket: true, filterType: "NOTIONAL", applyMaxToMarket: true },
    {
      bidMultiplierUp: max,
      askMultiplierUp: max,
      bidMultiplierDown: min,
      avgPriceMins: 5,
      multiplierDecimal: "1",
      filterType: "PERCENT_PRICE_BY_SIDE",
      askMultiplierDown: min,
    },
  ];
}

function symbolView(listing: Listing): object {
  const { instrument } = listing;
  const shared = {
    symbol: wireSymbol(listing),
    status: "TRADING",
    baseAsset: instrument.base,
    quoteAsset: instrument.quote,
    pricePrecision: decimalsOf(instrument.tickSize),
    quantityPrecision: decimalsOf(instrument.lotSize),
    baseAssetPrecision: PRECISION,
    quotePrecision: PRECISION,
    filters: filtersOf(listing),
    orderTypes: ["LIMIT", "MARKET"],
    timeInForce: ["GTC", "IOC", "FOK", "GTX"],
  };
  if (instrument.kind === "spot") return { ...shared, listingTime: LISTED_AT, baseAssetAddress: null, ocoAllowed: false };
  return {
    ...shared,
    pair: wireSymbol(listing),
    contractType: "PERPETUAL",
    deliveryDate: NO_DELIVERY,
    onboardDate: LISTED_AT,
    maintMarginPercent: money(listing.maintenanceMargin).times(100).toFixed(4),
    requiredMarginPercent: money(listing.initialMargin).times(100).toFixed(4),
    marginAsset: instrument.settle,
    underlyingType: "COIN",
    underlyingSubType: ["Top"],
    settlePlan: 0,
    triggerProtect: "0.1500",
    liquidationFee: "0.025000",
    marketTakeBound: "0.05",
  };
}

/** Rules of the futures or of the spot interface. */
export function exchangeInfoView(listings: readonly Listing[], kind: MarketKind, now: number): object {
  const ofKind = listings.filter(({ instrument }) => instrument.kind === kind);
  const names = [...new Set(ofKind.flatMap(({ instrument }) => [instrument.base, instrument.quote]))].sort();
  const assets = names.map((asset) => (kind === "spot" ? { asset } : { asset, marginAvailable: true, autoAssetExchange: "-10000" }));
  return {
    timezone: "UTC",
    serverTime: now,
    rateLimits: rateLimitViews(),
    exchangeFilters: [],
    assets,
    symbols: ofKind.map(symbolView),
  };
}

/** Levels of both sides from the best price on. */
export function levelsOf({ listing, engine }: ListedMarket, most: number): { bids: [string, string][]; asks: [string, string][] } {
  const side = (which: "buy" | "sell"): [string, string][] => {
    const levels: [string, string][] = [];
    for (const level of engine.levels(which)) {
      if (levels.length === most) break;
      levels.push([priceText(listing, level.price), quantityText(listing, level.quantity)]);
    }
    return levels;
  };
  return { bids: side("buy"), asks: side("sell") };
}

export function depthView(market: ListedMarket, updateId: number, most: number, now: number): object {
  return { lastUpdateId: updateId, E: now, T: now, ...levelsOf(market, most) };
}

/** Null while a side is empty. Only futures tell the update id. */
export function bookTickerView({ listing, engine }: ListedMarket, updateId: number, now: number): object | null {
  const bid = engine.best("buy");
  const ask = engine.best("sell");
  if (bid === undefined || ask === undefined) return null;
  return {
    ...(listing.instrument.kind === "perp" ? { lastUpdateId: updateId } : {}),
    symbol: wireSymbol(listing),
    bidPrice: priceText(listing, bid.price),
    bidQty: quantityText(listing, bid.quantity),
    askPrice: priceText(listing, ask.price),
    askQty: quantityText(listing, ask.quantity),
    time: now,
  };
}

/** What the last 24 hours were; the reference price stands for all of it before the first trade. */
export interface DayNumbers {
  readonly open: Ticks;
  readonly high: Ticks;
  readonly low: Ticks;
  readonly last: Ticks;
  readonly quantity: Lots;
  readonly value: string;
  readonly trades: number;
  readonly change: string;
  readonly changePercent: string;
  readonly average: string;
}

export function dayNumbers({ listing, price }: ListedMarket, day: Candle | null): DayNumbers {
  const { open, high, low, close } = day ?? { open: price, high: price, low: price, close: price };
  const decimals = decimalsOf(listing.instrument.tickSize);
  const tick = money(listing.instrument.tickSize);
  const change = money(close).minus(money(open));
  const quantity = day?.quantity ?? (0 as Lots);
  const average = day === null || quantity === 0 ? money(close) : money(day.value).div(money(quantity));
  return {
    open,
    high,
    low,
    last: close,
    quantity,
    value: day === null ? ZERO.toFixed(2) : listing.unit.times(money(day.value)).toFixed(2),
    trades: day?.trades ?? 0,
    change: change.times(tick).toFixed(decimals),
    changePercent: change.times(100).div(money(open)).toFixed(3),
    average: average.times(tick).toFixed(decimals),
  };
}

const DAY_MS = 86_400_000;

export function tickerView(market: ListedMarket, day: Candle | null, prints: readonly Print[], now: number): object {
  const { listing } = market;
  const numbers = dayNumbers(market, day);
  const touch = listing.instrument.kind === "spot" ? bookTickerView(market, 0, now) : null;
  const { base, quote } = listing.instrument;
  return {
    symbol: wireSymbol(listing),
    priceChange: numbers.change,
    priceChangePercent: numbers.changePercent,
    weightedAvgPrice: numbers.average,
    lastPrice: priceText(listing, numbers.last),
    lastQty: quantityText(listing, prints.at(-1)?.quantity ?? (0 as Lots)),
    openPrice: priceText(listing, numbers.open),
    highPrice: priceText(listing, numbers.high),
    lowPrice: priceText(listing, numbers.low),
    volume: quantityText(listing, numbers.quantity),
    quoteVolume: numbers.value,
    openTime: now - DAY_MS,
    closeTime: now,
    firstId: prints[0]?.tradeId ?? -1,
    lastId: prints.at(-1)?.tradeId ?? -1,
    count: numbers.trades,
    // Futures tickers know neither assets nor the touch; clients tell the two apart by that.
    ...(listing.instrument.kind === "spot" ? { baseAsset: base, quoteAsset: quote, ...withoutNames(touch) } : {}),
  };
}

function withoutNames(touch: object | null): object {
  if (touch === null) return {};
  const { symbol: _symbol, time: _time, ...prices } = touch as Record<string, unknown>;
  return prices;
}

export function priceView({ listing, price }: ListedMarket, day: Candle | null, now: number): object {
  return { symbol: wireSymbol(listing), price: priceText(listing, day?.close ?? price), time: now };
}

/** The reference price is mark and index. */
export function premiumIndexView({ listing, price }: ListedMarket, { rate, nextAt }: FundingForecast, now: number): object {
  const mark = amountText(priceText(listing, price));
  return {
    symbol: wireSymbol(listing),
    markPrice: mark,
    indexPrice: mark,
    estimatedSettlePrice: mark,
    lastFundingRate: amountText(rate),
    interestRate: INTEREST_RATE,
    nextFundingTime: nextAt,
    time: now,
  };
}

export function tradeView(listing: Listing, print: Print): object {
  return {
    id: print.tradeId,
    price: priceText(listing, print.price),
    qty: quantityText(listing, print.quantity),
    quoteQty: valueText(listing, print.price, print.quantity),
    time: print.at,
    isBuyerMaker: print.takerSide === "sell",
  };
}

export function aggTradeView(listing: Listing, print: Print): object {
  return {
    a: print.tradeId,
    p: priceText(listing, print.price),
    q: quantityText(listing, print.quantity),
    f: print.tradeId,
    l: print.tradeId,
    T: print.at,
    m: print.takerSide === "sell",
  };
}

export function klineView(listing: Listing, candle: Candle, intervalMs: number): readonly (string | number)[] {
  const value = listing.unit.times(money(candle.value));
  return [
    candle.start,
    priceText(listing, candle.open),
    priceText(listing, candle.high),
    priceText(listing, candle.low),
    priceText(listing, candle.close),
    quantityText(listing, candle.quantity),
    candle.start + intervalMs - 1,
    amountText(value),
    candle.trades,
    // How much of it takers bought is not kept: half.
    amountText(money(listing.instrument.lotSize).times(candle.quantity).div(2)),
    amountText(value.div(2)),
    "0",
  ];
}

/** One bracket without a bound. */
export function bracketView(listing: Listing): object {
  const bracket = {
    bracket: 1,
    initialLeverage: MAX_LEVERAGE,
    notionalCap: 50_000_000,
    notionalFloor: 0,
    maintMarginRatio: Number(listing.maintenanceMargin),
    cum: 0,
  };
  return { symbol: wireSymbol(listing), brackets: [bracket] };
}
