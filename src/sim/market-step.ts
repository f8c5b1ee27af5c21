// What a market source says next: a reference price, the market orders on the way there, and how the book then looks.

import type { Side } from "../core/order.ts";
import type { Lots, Ticks } from "../core/units.ts";
import type { LadderShape } from "./listings.ts";

/** A market order of bounded quantity; it trades with resting orders of users up to `price`. */
export interface Sweep {
  readonly side: Side;
  readonly price: Ticks;
  readonly quantity: Lots;
}

/** Price and quantity, best first. */
export type LadderLevel = readonly [Ticks, Lots];

export interface Ladder {
  readonly bids: readonly LadderLevel[];
  readonly asks: readonly LadderLevel[];
}

export interface MarketStep {
  /** Market time since the step before, ms. */
  readonly afterMs: number;
  readonly price: Ticks;
  readonly sweeps: readonly Sweep[];
  /** Null: the usual ladder around the price. */
  readonly ladder: Ladder | null;
}

/** Where a source stands; plain JSON, understood by the source that wrote it. */
export interface SourceProgress {
  /** Names the source and its data, so that a changed file starts from its beginning. */
  readonly source: string;
  readonly steps: number;
  readonly state?: readonly number[];
}

export interface MarketSource {
  readonly kind: "generator" | "recording";
  /** Base name of the recorded file, or null. */
  readonly file: string | null;
  /** Null once a recording has ended; a generator never ends. */
  next(): MarketStep | null;
  progress(): SourceProgress;
  /** Continues where `progress` was; false when it belongs to another source. */
  resume(progress: SourceProgress): boolean;
  /** The price was set by hand; a generator goes on from there, a recording returns to its own. */
  moveTo(price: Ticks): void;
}

const HASH_MULTIPLIER = 0x9e3779b1;

/** 1 to 4, always the same for a price, so that a level does not change its size while it stands. */
function weightOf(price: number, side: Side): number {
  return 1 + ((Math.imul(price ^ (side === "buy" ? 0x55 : 0xaa), HASH_MULTIPLIER) >>> 30) & 3);
}

/** The market maker's orders around a price: the touch at half a spread, then multiples of the spacing; never crossed, all above zero. */
export function ladderAround(price: Ticks, shape: LadderShape): Ladder {
  const bids: LadderLevel[] = [];
  const asks: LadderLevel[] = [];
  const size = (at: number, side: Side): Lots => (shape.quantity * weightOf(at, side)) as Lots;
  let bid = price - shape.halfSpread;
  let ask = price + shape.halfSpread;
  for (let level = 0; level < shape.levels; level += 1) {
    if (bid > 0) bids.push([bid as Ticks, size(bid, "buy")]);
    asks.push([ask as Ticks, size(ask, "sell")]);
    bid = (Math.ceil(bid / shape.spacing) - 1) * shape.spacing;
    ask = (Math.floor(ask / shape.spacing) + 1) * shape.spacing;
  }
  return { bids, asks };
}
