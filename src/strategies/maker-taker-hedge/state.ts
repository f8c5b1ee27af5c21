// The hedge's state as plain JSON, its legs, and what fills and closed orders do to it.

import type { Instrument } from "../../core/instrument.ts";
import type { Side } from "../../core/order.ts";
import { type LegView, type StrategyEvent, TAKE_SLOT, type View } from "../../core/strategy.ts";
import { type Lots, lots } from "../../core/units.ts";
import type { HedgeParams } from "./params.ts";
import { addFill, isTradable, type ResidualLedger } from "./residual.ts";

export const MAKER = "maker";
export const HEDGE = "hedge";

/** The kernel's slot of orders that reach a wished position. */
const SLOTS: Readonly<Record<Side, string>> = { buy: "bid", sell: "ask" };
/** More failed takes than any slippage ladder has steps. */
const FAILED_TAKES_MAX = 10_000;

export interface QuotedSide {
  /** What the order of this side still has to fill; null before its quantity is decided. */
  left: Lots | null;
  /** Not quoted before this time, epoch ms. */
  resumeAt: number;
}

export interface HedgeState {
  ledger: ResidualLedger;
  sides: Record<Side, QuotedSide>;
  /** When a residual that could be hedged began to wait, epoch ms; null while none does. */
  waitingSince: number | null;
  /** Takes in a row that left something over. */
  failedTakes: number;
  /** The residual waited too long or grew too large, and people were told. */
  isOverdue: boolean;
  closing: "stopLoss" | "takeProfit" | null;
}

export interface Legs {
  readonly maker: LegView;
  /** The same as `maker` when the hedge happens on one instrument. */
  readonly hedge: LegView;
  readonly isPaired: boolean;
}

export function initialState(): HedgeState {
  return {
    ledger: { maker: "0", hedge: "0" },
    sides: { buy: { left: null, resumeAt: 0 }, sell: { left: null, resumeAt: 0 } },
    waitingSince: null,
    failedTakes: 0,
    isOverdue: false,
    closing: null,
  };
}

export function legsOf(view: View<HedgeParams>): Legs | null {
  const maker = view.legs[MAKER];
  if (maker === undefined) return null;
  const hedge = view.legs[HEDGE];
  return { maker, hedge: hedge ?? maker, isPaired: hedge !== undefined };
}

export function slotOf(side: Side): string {
  return SLOTS[side];
}

/** Takes in what happened: fills always count, whatever slot they came from. */
export function fold(state: HedgeState, event: StrategyEvent, view: View<HedgeParams>): void {
  if (event.type === "fill") {
    const instrument = view.legs[event.leg]?.instrument;
    if (instrument === undefined) return;
    addFill(state.ledger, event.leg === HEDGE ? "hedge" : "maker", instrument, event);
    if (event.leg === MAKER && event.slot === SLOTS[event.side]) foldQuoteFill(state.sides[event.side], instrument, event, view);
  } else if (event.type === "orderClosed" && event.slot === TAKE_SLOT) {
    state.failedTakes = event.status === "filled" ? 0 : Math.min(FAILED_TAKES_MAX, state.failedTakes + 1);
  }
}

/** A remainder too small to rest counts as filled: the side begins anew, after its pause. */
function foldQuoteFill(
  side: QuotedSide,
  instrument: Instrument,
  fill: Extract<StrategyEvent, { type: "fill" }>,
  view: View<HedgeParams>,
): void {
  // An order of before a change of parameters: its side begins anew in any case.
  if (side.left === null) return;
  const left = lots(Math.max(0, side.left - fill.quantity));
  if (isTradable(instrument, left, fill.price)) {
    side.left = left;
    return;
  }
  side.left = null;
  side.resumeAt = view.at + Math.round(view.params.filledOrderDelayS * 1_000);
}
