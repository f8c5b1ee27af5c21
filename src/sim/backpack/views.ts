// The exchange's public state in the shapes of Backpack's REST answers.

import { money, rounded, text, ZERO } from "../../core/money.ts";
import type { SimAccount } from "../accounts.ts";
import type { Candle } from "../candles.ts";
import type { FundingSettled, Print } from "../exchange-facts.ts";
import { type FundingForecast, fundingIntervalOf } from "../funding.ts";
import type { ListedMarket } from "../listed-market.ts";
import type { Listing } from "../listings.ts";
import { PRICE_MULTIPLIERS } from "../order-check.ts";
import { candleTime, intervalEnd, plainPrice, plainQuantity, priceText, quantityText } from "./values.ts";

const LISTED_AT = "2025-01-21T06:34:54.691858";
/** Levels on each side of a depth answer. */
const DEPTH_MAX = 1_000;

function marginFunction(base: string): { base: string; factor: string; type: string } {
  return { base, factor: "0", type: "sqrt" };
}

export function marketView(listing: Listing): object {
  const { instrument } = listing;
  const isPerp = instrument.kind === "perp";
  return {
    baseSymbol: instrument.base,
    createdAt: LISTED_AT,
    filters: {
      price: {
        borrowEntryFeeMaxMultiplier: null,
        borrowEntryFeeMinMultiplier: null,
        maxImpactMultiplier: null,
        maxMultiplier: PRICE_MULTIPLIERS.max,
        maxPrice: null,
        meanMarkPriceBand: null,
        meanPremiumBand: null,
        minImpactMultiplier: null,
        minMultiplier: PRICE_MULTIPLIERS.min,
        minPrice: instrument.tickSize,
        tickSize: instrument.tickSize,
      },
      quantity: { maxQuantity: null, minQuantity: plainQuantity(listing, instrument.minQuantity), stepSize: instrument.lotSize },
    },
    fundingInterval: isPerp ? fundingIntervalOf(listing) : null,
    fundingRateLowerBound: isPerp ? "-100" : null,
    fundingRateUpperBound: isPerp ? "100" : null,
    imfFunction: isPerp ? marginFunction(listing.initialMargin) : null,
    marketType: isPerp ? "PERP" : "SPOT",
    mmfFunction: isPerp ? marginFunction(listing.maintenanceMargin) : null,
    openInterestLimit: isPerp ? "1000000000" : "0",
    orderBookState: "Open",
    quoteSymbol: instrument.quote,
    symbol: listing.id,
    visible: true,
  };
}

export function assetViews(listings: Iterable<Listing>): object[] {
  const assets = new Set([...listings].flatMap(({ instrument }) => [instrument.base, instrument.quote]));
  const token = {
    blockchain: "Solana",
    contractAddress: null,
    depositEnabled: false,
    displayName: "Simulated",
    maximumWithdrawal: null,
    minimumDeposit: "0",
    minimumWithdrawal: "0",
    withdrawEnabled: false,
    withdrawalFee: "0",
  };
  return [...assets].sort().map((symbol) => ({ coingeckoId: null, displayName: symbol, symbol, tokens: [token] }));
}

/** `day` null: no trade yet, the reference price stands for all. */
export function tickerView(market: ListedMarket, day: Candle | null): Record<string, string> {
  const { listing } = market;
  const [open, high, low, last] = day === null ? Array(4).fill(market.price) : [day.open, day.high, day.low, day.close];
  const change = money(last).minus(money(open));
  return {
    firstPrice: plainPrice(listing, open),
    high: plainPrice(listing, high),
    lastPrice: plainPrice(listing, last),
    low: plainPrice(listing, low),
    priceChange: text(change.times(money(listing.instrument.tickSize))),
    priceChangePercent: rounded(change.div(money(open)), 6),
    quoteVolume: day === null ? "0" : text(listing.unit.times(money(day.value))),
    symbol: listing.id,
    trades: String(day?.trades ?? 0),
    volume: day === null ? "0" : plainQuantity(listing, day.quantity),
  };
}

/** Both sides by ascending price. */
export function depthView({ listing, engine }: ListedMarket, updateId: number, at: number): object {
  const side = (which: "buy" | "sell"): [string, string][] => {
    const levels: [string, string][] = [];
    for (const level of engine.levels(which)) {
      if (levels.length === DEPTH_MAX) break;
      levels.push([priceText(listing, level.price), quantityText(listing, level.quantity)]);
    }
    return levels;
  };
  return { asks: side("sell"), bids: side("buy").reverse(), lastUpdateId: String(updateId), timestamp: at * 1_000 };
}

export function klineView(listing: Listing, candle: Candle, intervalMs: number): object {
  return {
    close: plainPrice(listing, candle.close),
    end: candleTime(candle.start + intervalMs),
    high: plainPrice(listing, candle.high),
    low: plainPrice(listing, candle.low),
    open: plainPrice(listing, candle.open),
    quoteVolume: text(listing.unit.times(money(candle.value))),
    start: candleTime(candle.start),
    trades: String(candle.trades),
    volume: plainQuantity(listing, candle.quantity),
  };
}

export function tradeView(listing: Listing, print: Print): object {
  return {
    id: print.tradeId,
    isBuyerMaker: print.takerSide === "sell",
    price: plainPrice(listing, print.price),
    quantity: plainQuantity(listing, print.quantity),
    quoteQuantity: text(listing.unit.times(money(BigInt(print.price) * BigInt(print.quantity)))),
    timestamp: print.at,
  };
}

/** The reference price is mark and index. */
export function markPriceView({ listing, price }: ListedMarket, funding: FundingForecast): object {
  const mark = plainPrice(listing, price);
  return { fundingRate: funding.rate, indexPrice: mark, markPrice: mark, nextFundingTimestamp: funding.nextAt, symbol: listing.id };
}

export function fundingRateView({ symbol, rate, at }: FundingSettled): object {
  return { fundingRate: rate, intervalEndTimestamp: intervalEnd(at), symbol };
}

/** Sum of all long positions. */
export function openInterestView(listing: Listing, accounts: Iterable<SimAccount>, now: number): object {
  let sum = ZERO;
  for (const account of accounts) {
    const quantity = account.positions.get(listing.id)?.quantity ?? 0;
    if (quantity > 0) sum = sum.plus(quantity);
  }
  return { openInterest: text(sum.times(money(listing.instrument.lotSize))), symbol: listing.id, timestamp: now };
}
