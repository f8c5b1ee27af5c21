// What starting a grid would mean: its resting levels as a ladder.

import { previewLadder } from "../../core/ladder-preview.ts";
import { averageStep } from "../../core/levels.ts";
import type { MarketSnapshot, Preview } from "../../core/strategy.ts";
import type { GridParams } from "./params.ts";
import { initialState, LEG, midOf } from "./state.ts";

/** Decimal strings in the quote currency; see Preview. */
export function previewGrid(value: GridParams, market: MarketSnapshot): Preview {
  const leg = market.legs[LEG];
  if (leg === undefined) throw new Error("the grid needs a market to preview");
  const state = initialState(value, market);
  const ladder = state.levels.map((level) => ({ side: level.side, price: level.price, quantity: state.orderQuantity }));
  return previewLadder({
    instrument: leg.instrument,
    mid: midOf(leg.bestBid, leg.bestAsk),
    buys: ladder.filter((order) => order.side === "buy"),
    sells: ladder.filter((order) => order.side === "sell"),
    lower: state.lower,
    upper: state.upper,
    stopBelow: null,
    stopAbove: null,
    leverage: "1",
    pairStep: averageStep(state.levels.map((level) => level.price)),
    pairQuantity: state.orderQuantity,
  });
}
