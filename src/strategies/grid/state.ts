// The grid's state as plain JSON: its phase, its levels and the lots that they hold.

import type { Instrument } from "../../core/instrument.ts";
import type { Side } from "../../core/order.ts";
import type { Text } from "../../core/text.ts";
import { type Lots, lots, type Ticks, ticks } from "../../core/units.ts";

/** The grid trades one instrument, on this leg. */
export const LEG = "main";

/** What an entry bought or sold and its exit has not yet given back, oldest first. */
export interface OpenLot {
  quantity: Lots;
  price: Ticks;
}

export interface Level {
  /** Unique for ever, so that a slot never names two levels: `2.17` is the 18th level of the second range. */
  readonly name: string;
  readonly price: Ticks;
  /** Side of the entry. */
  readonly side: Side;
  readonly exitPrice: Ticks;
  /** Quantity of a whole entry. */
  quantity: Lots;
  /** What the current entry still has to fill. */
  entryLeft: Lots;
  /** The entry may rest: the market was on its far side once. */
  isArmed: boolean;
  /** Its lots come from the first position, so its first exit closes no pair. */
  isInitial: boolean;
  /** An exit of this round filled, wholly or in part. */
  gaveBack: boolean;
  /** An exit was wished and has not been reported closed. */
  exitRests: boolean;
  lots: OpenLot[];
}

/** An exit that outlived its level: the range moved on, a fill came late, or the rest was too small to sell alone. */
export interface Carried {
  readonly slot: string;
  /** Side of the exit. */
  readonly side: Side;
  exitPrice: Ticks;
  readonly isPair: boolean;
  exitRests: boolean;
  lots: OpenLot[];
}

/** How much an entry trades: the same quantity everywhere, or the same notional. */
export type Sizing = { readonly type: "base"; readonly quantity: Lots } | { readonly type: "quote"; readonly amount: string };

/** A price that ends the grid when the mid reaches it from the other side. */
export interface PriceStop {
  readonly price: Ticks;
  readonly when: "below" | "above";
}

/** What a coarser lot of the exchange left over of held lots; decimal strings, so that no step can lose it. */
export interface Remainder {
  /** Side of the entry. */
  readonly side: Side;
  /** Base units. */
  readonly quantity: string;
  /** Quote currency. */
  readonly price: string;
}

export interface Sample {
  readonly at: number;
  readonly mid: Ticks;
}

export interface Closing {
  readonly reason: Text;
  readonly since: number;
  /** There was a position to close: once it is gone, nothing of ours rests any more. */
  hadPosition: boolean;
}

/** `building` takes the first position; `ended` waits for a person after a stop. */
export type Phase = "trigger" | "measuring" | "building" | "running" | "closing" | "ended";

export interface GridState {
  phase: Phase;
  /** The next beginning is a first one: it takes the first position and counts profit and loss from there. */
  isFresh: boolean;
  /** Grows with each new range. */
  generation: number;
  /** Number of the next level of this range. */
  nextLevel: number;
  /** Mid when the range was laid: decides the side of each level of a neutral grid. */
  anchor: Ticks;
  lower: Ticks;
  upper: Ticks;
  /** Distance and ratio of neighbouring levels, for levels that trail. */
  stepTicks: number;
  stepRatio: number;
  sizing: Sizing;
  levels: Level[];
  carried: Carried[];
  carriedCount: number;
  /** Lots that went to the exchange as fees in base currency: bought, and never to be sold. */
  spent: OpenLot[];
  /** Held and too fine for the exchange's lots of today. */
  remainders: Remainder[];
  /** Fees paid in base currency, base units, decimal string. */
  baseFees: string;
  /** Profit of given-back lots in quanta (ticks x lots) under `steps`, gross of fees, decimal bigint. */
  profit: string;
  /** The same from before the exchange changed its steps, decimal string in quote currency. */
  profitBefore: string;
  pairs: number;
  /** What returns are measured on, decimal string in quote currency. */
  capital: string;
  /** What the account had available at the start, quote currency; null when nobody said. */
  available: string | null;
  /** Net profit when the grid last began, decimal string in quote currency. */
  netAtStart: string;
  trigger: PriceStop | null;
  stopLossAt: PriceStop | null;
  takeProfitAt: PriceStop | null;
  /** The price was inside the range since it was laid; a boundary can only be left from inside. */
  isEntered: boolean;
  /** boundaryAction wait: entries rest again once the price is back. */
  isOutside: boolean;
  /** Names of the levels whose entries were chosen under maxRestingOrders. */
  chosen: string[];
  samples: Sample[];
  /** Why the grid cannot be laid yet (rangeMode volatility). */
  obstacle: Text | null;
  closing: Closing | null;
  /** Steps under which ticks and lots of this state are counted. */
  steps: { tickSize: string; lotSize: string };
}

/** A state without levels, before the grid begins. */
export function blankState(instrument: Instrument, available: string | null): GridState {
  return {
    phase: "measuring",
    isFresh: true,
    generation: 0,
    nextLevel: 0,
    anchor: ticks(0),
    lower: ticks(0),
    upper: ticks(0),
    stepTicks: 1,
    stepRatio: 1,
    sizing: { type: "base", quantity: lots(0) },
    levels: [],
    carried: [],
    carriedCount: 0,
    spent: [],
    remainders: [],
    baseFees: "0",
    profit: "0",
    profitBefore: "0",
    pairs: 0,
    capital: "0",
    available,
    netAtStart: "0",
    trigger: null,
    stopLossAt: null,
    takeProfitAt: null,
    isEntered: false,
    isOutside: false,
    chosen: [],
    samples: [],
    obstacle: null,
    closing: null,
    steps: { tickSize: instrument.tickSize, lotSize: instrument.lotSize },
  };
}

/** `2.17:entry` is the entry of level 17 in the second range. */
export function slotOf(level: Level, part: "entry" | "exit"): string {
  return `${level.name}:${part}`;
}

/** The level and the part of it that a slot names, if it is one of today's levels. */
export function placeOf(state: GridState, slot: string): { level: Level | undefined; part: string } {
  const [name, part = ""] = slot.split(":");
  return { level: state.levels.find((level) => level.name === name), part };
}

/** Lots held, summed. */
export function held(lotsHeld: readonly OpenLot[]): Lots {
  return lots(lotsHeld.reduce((sum, lot) => sum + lot.quantity, 0));
}

/** Nearest tick to the middle of the touch. */
export function midOf(bestBid: Ticks, bestAsk: Ticks): Ticks {
  return ticks(Math.round((bestBid + bestAsk) / 2));
}
