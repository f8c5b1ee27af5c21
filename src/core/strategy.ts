// What a strategy is: it says what should rest and be held, never what to do.

import type { z } from "zod";
import type { Instrument, InstrumentRef } from "./instrument.ts";
import type { Side } from "./order.ts";
import type { Text } from "./text.ts";
import type { Lots, Ticks } from "./units.ts";

/** The slot of the order that works towards a held position; its `orderClosed` events carry it. */
export const TAKE_SLOT = "take";

export interface Quote {
  /** Place for at most one live order, stable while the wish stands: `level3:entry`. */
  readonly slot: string;
  readonly side: Side;
  readonly price: Ticks;
  /** What should still rest, i.e. the leaves of a partly filled order. */
  readonly quantity: Lots;
  readonly postOnly?: boolean;
  readonly reduceOnly?: boolean;
  /** True when the order closes what the bot holds: kept under `pause` and `drain`, before others on its side. */
  readonly closing?: boolean;
  /** How far a post-only order may step back from the market, one tick more after each refusal; 0 when absent. */
  readonly maxRetreatTicks?: number;
  readonly reason: string;
}

/** The touch band or time in which the answer stands; outside it, or on a fill, control or order event, the strategy is asked again. */
export interface Until {
  readonly below?: Ticks;
  readonly above?: Ticks;
  readonly at?: number;
}

/** `hold`: `protective` ones (a hedge of what was already filled) are worked on under pause and drain too. */
export type Intent =
  | {
      readonly type: "quote";
      readonly leg: string;
      readonly orders: readonly Quote[];
      readonly toleranceTicks?: number;
      readonly until?: Until;
    }
  | { readonly type: "hold"; readonly leg: string; readonly quantity: Lots; readonly maxSlippageBps: number; readonly protective?: boolean }
  | {
      readonly type: "notify";
      readonly severity: "info" | "warning" | "critical";
      readonly text: Text;
      readonly kind?: "boundary" | "note";
    }
  /** Something is wrong: cancel everything and wait for a person. */
  | { readonly type: "halt"; readonly reason: Text }
  /** The work is done (target reached, time over): stop for good, closing the position first when `flatten`. */
  | { readonly type: "finish"; readonly reason: Text; readonly flatten: boolean; readonly maxSlippageBps?: number };

export type StrategyEvent =
  | { readonly type: "start" }
  | { readonly type: "book"; readonly leg: string }
  | {
      readonly type: "fill";
      readonly leg: string;
      readonly slot: string;
      readonly side: Side;
      readonly price: Ticks;
      readonly quantity: Lots;
      readonly fee: string;
      readonly feeCurrency: string;
    }
  | {
      readonly type: "orderClosed";
      readonly leg: string;
      readonly slot: string;
      readonly status: "filled" | "canceled" | "rejected" | "expired";
      readonly code?: string;
    }
  | { readonly type: "control" }
  | { readonly type: "time" };

/** What a strategy sees of one leg. Prices are ticks, quantities lots; `null` before the first book. */
export interface LegView {
  readonly instrument: Instrument;
  readonly bestBid: Ticks | null;
  readonly bestAsk: Ticks | null;
  /** Quantity at the touch, when the feed tells it. */
  readonly bidQuantity: Lots | null;
  readonly askQuantity: Lots | null;
  /** The exchange's mark price, when the feed tells it. */
  readonly mark: Ticks | null;
  /** Price of the market's newest public trade, when the feed tells it. */
  readonly last?: Ticks | null;
  /** What the account could use, decimal strings in base and quote currency; null until told. */
  readonly available: { readonly base: string; readonly quote: string } | null;
  /** The bot's own books on this leg, decimal strings in quote currency. */
  readonly realizedPnl: string;
  readonly unrealizedPnl: string;
  readonly fees: string;
  readonly funding: string;
  /** realized + unrealized - fees + funding. */
  readonly netPnl: string;
  /** Traded notional. */
  readonly volume: string;
  /** Signed, the bot's own. */
  readonly position: Lots;
  /** Average entry price as a decimal string; null when flat. */
  readonly averageEntryPrice: string | null;
}

export interface View<Params> {
  readonly params: Params;
  readonly at: number;
  readonly legs: Readonly<Record<string, LegView>>;
}

export interface LegMarket {
  readonly instrument: Instrument;
  readonly bestBid: Ticks;
  readonly bestAsk: Ticks;
  /** What the account could use, decimal strings; absent when nobody asked. */
  readonly available?: { readonly base: string; readonly quote: string };
}

export interface MarketSnapshot {
  readonly at: number;
  readonly legs: Readonly<Record<string, LegMarket>>;
}

/** What a start would mean, in decimal strings of the quote currency unless said otherwise. Null: does not apply or cannot be known. */
export interface Preview {
  readonly currency: string;
  /** Orders that rest at the start. */
  readonly orders: number;
  /** Sum of their notionals. */
  readonly notional: string;
  /** Money needed: the larger side's notional divided by the leverage (spot: the buys). */
  readonly margin: string;
  readonly leverage: string;
  /** How the exchange will be told to hold the perpetuals; absent when it is left as it is. */
  readonly perp?: { readonly leverage?: number | undefined; readonly marginMode?: "cross" | "isolated" | undefined };
  /** Largest one-sided position, base units. */
  readonly maxPosition: string;
  /** Loss if every order of a side fills and the price stands at that end of the range, or at the stop, fees included. */
  readonly lossAtLower: string | null;
  readonly lossAtUpper: string | null;
  readonly lossAtStop: string | null;
  /** The largest of the three. */
  readonly worstLoss: string;
  /** Where the exchange would liquidate after all resting orders of a side fill, price; null for spot. */
  readonly liquidationBelow: string | null;
  readonly liquidationAbove: string | null;
  /** Smallest step between entry and exit that pays both fees, fraction of price. */
  readonly breakEvenStep: string;
  readonly breakEvenStepTaker: string;
  /** Of one completed pair after maker fees. */
  readonly profitPerPair: string;
  readonly warnings: readonly Text[];
}

/** Why a state cannot go on under new parameters. */
export interface Refusal {
  readonly refused: Text;
}

/** Numbers that a strategy reports about itself, decimal strings; merged into `/status`. */
export interface StrategyReport {
  readonly gridProfit?: string;
  readonly pairs?: number;
  readonly lower?: string;
  readonly upper?: string;
  readonly openLots?: number;
  /** Unrealized result of lots whose exit is still to come (grid). */
  readonly unpairedPnl?: string;
  /** Quantity that waits to be hedged, base units (hedge). */
  readonly residual?: string;
  /** Whatever else the strategy wants shown: words and a value each. */
  readonly values?: readonly { readonly label: Text; readonly value: string }[];
}

export interface Strategy<Params = unknown, State = unknown> {
  /** Equals the file name. */
  readonly name: string;
  readonly version: number;
  readonly summary: Text;
  readonly params: z.ZodType<Params>;
  /** For help, templates and the simulator. */
  readonly example: Readonly<Record<string, unknown>>;
  /** Role -> instrument, from parameters and the bot's own account. */
  legs(params: Params, home: InstrumentRef): Readonly<Record<string, InstrumentRef>>;
  preview(params: Params, market: MarketSnapshot): Preview;
  /** Plain JSON. */
  init(params: Params, market: MarketSnapshot): State;
  /** May update `state`, nothing else. No clock, no randomness, no I/O. */
  decide(state: State, event: StrategyEvent, view: View<Params>): readonly Intent[];
  /** Carries a state over to new parameters, a new version or changed steps, or says why it cannot. */
  adapt(state: State, from: { readonly version: number; readonly params: unknown }, view: View<Params>): State | Refusal;
  report?(state: State, view: View<Params>): StrategyReport;
}

/** Keeps the types of a strategy file tied together; its default export. */
export function defineStrategy<Params, State>(strategy: Strategy<Params, State>): Strategy<Params, State> {
  return strategy;
}
