// Where the market maker's orders belong: the centre it quotes around, its ladder, and the bounds that no order passes.

import { type Instrument, toLots } from "../../core/instrument.ts";
import type { Side } from "../../core/order.ts";
import { type Lots, lots, type Ticks, ticks } from "../../core/units.ts";
import { avellanedaStoikov } from "./avellaneda-stoikov.ts";
import { type Caps, isEnough, type Sizes } from "./inventory.ts";
import type { MarketMakerParams } from "./params.ts";
import type { Resting } from "./state.ts";

/** What prices are worked out from at one moment. */
export interface Market {
  /** Ticks, not rounded. */
  readonly reference: number;
  readonly bestBid: Ticks;
  readonly bestAsk: Ticks;
  /** What tolerances in percent are of, where that is not the reference: a band is held against its lowest. */
  readonly toleranceOf?: number;
}

/** Everything else that targets depend on; the same for every market that a band compares. */
export interface Stance {
  readonly value: MarketMakerParams;
  readonly instrument: Instrument;
  readonly minQuanta: number;
  readonly sizes: Sizes;
  readonly caps: Caps;
  /** Inventory beyond its target, -1..1. */
  readonly ratio: number;
  /** The same, in orders. */
  readonly inventoryOrders: number;
  /** Percent² per second; 0 when nothing depends on it. */
  readonly variance: number;
  readonly timeLeftS: number;
}

/** Percentages beyond this would bring a bid near zero. */
const PERCENT_MAX = 50;
/** What a double may be off by, in ticks. */
const ROUNDING = 1e-6;

function roundDown(price: number): number {
  return Math.floor(price + ROUNDING);
}

function roundUp(price: number): number {
  return Math.ceil(price - ROUNDING);
}

/** Distance of level i from the innermost one in ticks by the seed's rule: 0, 1.5, 4.24, 7.79, 12 … */
export function ladderOffset(level: number): number {
  return 1.5 * level ** 1.5;
}

/** Full spread and shift of the centre, both in percent of the reference. Positive shift raises both sides. */
export function spreadAndShift(stance: Stance): { readonly spreadPercent: number; readonly shiftPercent: number } {
  const { value } = stance;
  if (value.mode === "avellaneda_stoikov") {
    const model = avellanedaStoikov({
      price: 100,
      inventory: stance.inventoryOrders,
      riskAversion: Number(value.riskAversion),
      variance: stance.variance,
      timeLeft: stance.timeLeftS,
      arrivalDecay: Number(value.arrivalDecay),
    });
    const shift = Math.max(-PERCENT_MAX, Math.min(PERCENT_MAX, model.reservation - 100));
    return { spreadPercent: Math.min(PERCENT_MAX, model.spread), shiftPercent: shift };
  }
  const base = Number(value.levels?.[0]?.spreadPercent ?? value.spreadPercent);
  const moving = Number(value.volatilityMultiplier) * Math.sqrt(stance.variance * value.volatilityHorizonS);
  const spreadPercent = Math.min(PERCENT_MAX, Math.max(base, moving));
  return { spreadPercent, shiftPercent: -Number(value.inventorySkew) * stance.ratio * spreadPercent };
}

function outward(value: MarketMakerParams, reference: number, level: number): number {
  const [inner, here] = [value.levels?.[0], value.levels?.[level]];
  if (inner !== undefined && here !== undefined) return (reference * (Number(here.spreadPercent) - Number(inner.spreadPercent))) / 200;
  if (value.stepPercent !== undefined) return (reference * level * Number(value.stepPercent)) / 100;
  return value.stepTicks === undefined ? ladderOffset(level) : level * value.stepTicks;
}

export interface Bounds {
  /** Highest bid and lowest ask that are passive, keep the least edge and respect ceiling and floor, ticks. */
  readonly highestBid: number;
  readonly lowestAsk: number;
  readonly quotesBids: boolean;
  readonly quotesAsks: boolean;
}

/** What no order of ours may pass, new or resting. */
export function boundsOf(stance: Stance, market: Market): Bounds {
  const { value, instrument } = stance;
  const { reference, bestBid, bestAsk } = market;
  const edge = reference * (Number(instrument.makerFee) + Number(value.minEdgeBps) / 10_000);
  const tick = Number(instrument.tickSize);
  const ceiling = value.priceCeiling === undefined ? Number.POSITIVE_INFINITY : Number(value.priceCeiling) / tick;
  const floor = value.priceFloor === undefined ? 0 : Number(value.priceFloor) / tick;
  return {
    highestBid: Math.min(bestAsk - 1, roundDown(Math.min(reference - edge, ceiling))),
    lowestAsk: Math.max(bestBid + 1, roundUp(Math.max(reference + edge, floor))),
    quotesBids: value.sides !== "asks" && reference <= ceiling,
    quotesAsks: value.sides !== "bids" && reference >= floor,
  };
}

/** Quantity of one level: its own or the size of its side, grown outwards, leaning against the inventory; whole lots, rounded down. */
export function levelQuantity(stance: Stance, side: Side, level: number): Lots {
  const { value, instrument } = stance;
  const own = value.levels?.[level]?.quantity;
  const base = own === undefined ? (side === "buy" ? stance.sizes.buy : stance.sizes.sell) : toLots(instrument, own, "down");
  const adds = side === "buy" ? stance.ratio : -stance.ratio;
  const factor = Number(value.quantityGrowth) ** level * (1 - Number(value.sizeSkew) * adds);
  if (factor === 1) return base;
  return lots(Math.min(Number.MAX_SAFE_INTEGER, Math.max(0, roundDown(base * factor))));
}

/** Prices of one side, innermost first, each at least a tick further out than the one before. */
function ladder(stance: Stance, market: Market, side: Side, innermost: number): number[] {
  const { spreadPercent, shiftPercent } = spreadAndShift(stance);
  const { reference } = market;
  const reservation = reference * (1 + shiftPercent / 100);
  const half = (reference * spreadPercent) / 200;
  const count = stance.value.levels?.length ?? stance.value.maxOrders;
  const prices: number[] = [];
  for (let level = 0; level < count; level++) {
    const offset = half + outward(stance.value, reference, level);
    const before = prices[level - 1];
    if (side === "buy") prices.push(Math.min(roundDown(reservation - offset), before === undefined ? innermost : before - 1));
    else prices.push(Math.max(roundUp(reservation + offset), before === undefined ? innermost : before + 1));
  }
  return prices;
}

/**
 * Every order that the market maker would like to rest in this market, before caps. Bids are below the best ask and below
 * every ask of ours, asks above the best bid: when rounding would let them meet, the side that adds to the inventory gives way.
 */
export function targetsOf(stance: Stance, market: Market): Resting[] {
  const bounds = boundsOf(stance, market);
  let bids = bounds.quotesBids ? ladder(stance, market, "buy", bounds.highestBid) : [];
  let asks = bounds.quotesAsks ? ladder(stance, market, "sell", bounds.lowestAsk) : [];
  const [bid, ask] = [bids[0], asks[0]];
  if (bid !== undefined && ask !== undefined && bid >= ask) {
    if (stance.ratio > 0) bids = ladder(stance, market, "buy", ask - 1);
    else asks = ladder(stance, market, "sell", bid + 1);
  }
  return [...orders(stance, "buy", bids), ...orders(stance, "sell", asks)];
}

function orders(stance: Stance, side: Side, prices: readonly number[]): Resting[] {
  return prices.flatMap((price, level) => {
    const quantity = levelQuantity(stance, side, level);
    const isPossible = price >= 1 && Number.isSafeInteger(price) && isEnough(stance.instrument, stance.minQuanta, price, quantity);
    return isPossible ? [{ slot: `${side === "buy" ? "bid" : "ask"}:${level}`, side, price: ticks(price), quantity }] : [];
  });
}
