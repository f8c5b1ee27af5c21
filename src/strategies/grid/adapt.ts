// Carries a running grid over to new parameters, to changed steps of the exchange, or from an older version, without losing a lot.

import type { Instrument } from "../../core/instrument.ts";
import type { Refusal, View } from "../../core/strategy.ts";
import { type Lots, type Ticks, ticks } from "../../core/units.ts";
import { instrumentFault, layoutAt } from "./begin.ts";
import { faultOf, goMeasuring, layOut, take } from "./layout.ts";
import { type GridParams, params, rangeModeOf } from "./params.ts";
import { isRefusal, refuse } from "./range.ts";
import { capitalOf, quantityAt } from "./sizing.ts";
import { blankState, type Carried, type GridState, LEG, type Level, midOf } from "./state.ts";
import { changeSteps } from "./steps.ts";
import { setPriceStops, stopAt } from "./stops.ts";
import { volatilityOf } from "./volatility.ts";

const RANGE = [
  "gridType",
  "rangeMode",
  "lowerPrice",
  "upperPrice",
  "priceRangePercent",
  "volatilityMultiplier",
  "volatilityWindowS",
] as const;
const LAYOUT = ["gridMode", "gridNum", "orderQuantity", "quoteAmount", "capital", "useRatio", "leverage", "allowUnprofitableStep"] as const;
const STOPS = ["gridType", "stopLossPrice", "takeProfitPrice"] as const;

/** The state under `view`, or why it cannot be; the state given is left as it was. */
export function adaptState(before: GridState, from: { version: number; params: unknown }, view: View<GridParams>): GridState | Refusal {
  const leg = view.legs[LEG];
  if (leg === undefined) return refuse("the grid needs its market", "網格需要行情");
  const { instrument } = leg;
  const state = from.version < 2 ? upgrade(before as unknown as FirstState, instrument) : structuredClone(before);
  changeSteps(state, instrument, view.params);
  if (JSON.stringify(from.params) === JSON.stringify(view.params)) return state;
  const old = params.safeParse(from.params);
  const changed = (names: readonly (keyof GridParams)[]) => !old.success || names.some((name) => old.data[name] !== view.params[name]);
  const named = instrumentFault(view.params, instrument);
  if (named !== null) return named;
  if (!changed([...RANGE, ...LAYOUT, ...STOPS, "triggerPrice"])) return state;
  if (leg.bestBid === null || leg.bestAsk === null) {
    return refuse("the grid cannot change its parameters without a price", "沒有行情時無法變更網格參數");
  }
  const mid = midOf(leg.bestBid, leg.bestAsk);
  const change: Change = { state, value: view.params, instrument, mid, isRange: changed(RANGE), isLayout: changed(LAYOUT) };
  const fault = changeParams(change);
  if (fault !== null) return fault;
  const needsStops = changed(STOPS) && state.phase !== "trigger" && state.phase !== "ended";
  return (needsStops ? setPriceStops(state, view.params, instrument, mid) : null) ?? state;
}

interface Change {
  readonly state: GridState;
  readonly value: GridParams;
  readonly instrument: Instrument;
  readonly mid: Ticks;
  readonly isRange: boolean;
  readonly isLayout: boolean;
}

function changeParams(change: Change): Refusal | null {
  const { state, value, instrument, mid, isRange, isLayout } = change;
  switch (state.phase) {
    // A close goes on as it is; the next beginning reads the new parameters.
    case "closing":
    case "ended":
      return null;
    case "trigger": {
      const trigger = stopAt(instrument, "triggerPrice", value.triggerPrice, mid);
      if (isRefusal(trigger)) return trigger;
      state.trigger = trigger;
      return checkOnly(state, value, instrument, trigger?.price ?? mid);
    }
    case "measuring":
      return checkOnly(state, value, instrument, mid);
    case "building":
      if (!isRange && !isLayout) return null;
      return refuse(
        "the grid is taking its first position; change its range or quantity when it is done",
        "網格正在建立初始部位；請在完成後再變更區間或數量",
      );
    case "running":
      return isRange || isLayout ? relay(change) : null;
  }
}

/** Refuses what the beginning would refuse; by volatility the step is judged once it is measured. */
function checkOnly(state: GridState, value: GridParams, instrument: Instrument, mid: Ticks): Refusal | null {
  const layout = layoutAt(state, value, instrument, mid);
  if (isRefusal(layout)) return layout;
  return faultOf(layout, rangeModeOf(value) === "volatility" ? { ...value, allowUnprofitableStep: true } : value, instrument);
}

/** A new range is laid around the price now; the same range with other levels or quantities keeps its sides. */
function relay({ state, value, instrument, mid, isRange }: Change): Refusal | null {
  if (isRange && rangeModeOf(value) === "volatility" && volatilityOf(state) === null) {
    const fault = checkOnly(state, value, instrument, mid);
    if (fault === null) goMeasuring(state);
    return fault;
  }
  const range = { lower: state.lower, upper: state.upper };
  const layout = isRange ? layoutAt(state, value, instrument, mid) : layOut(value, instrument, range, state.anchor, state.available);
  if (isRefusal(layout)) return layout;
  const fault = faultOf(layout, value, instrument);
  if (fault !== null) return fault;
  const { isEntered, isOutside } = state;
  take(state, layout);
  if (!isRange) Object.assign(state, { isEntered, isOutside });
  state.capital = capitalOf(value, state.available) ?? state.capital;
  return null;
}

/** What the first version stored. */
interface FirstState {
  readonly generation: number;
  readonly lower: Ticks;
  readonly upper: Ticks;
  readonly orderQuantity: Lots;
  readonly levels: readonly (Pick<Level, "price" | "side" | "exitPrice" | "entryLeft" | "isArmed" | "lots"> & object)[];
  readonly carried: readonly (Pick<Carried, "slot" | "side" | "exitPrice" | "lots"> & object)[];
  readonly carriedCount: number;
  readonly profit: string;
  readonly pairs: number;
  readonly isClosing: boolean;
}

/** Slots keep their names, so orders that rest stay with their levels. */
function upgrade(first: FirstState, instrument: Instrument): GridState {
  const stored = structuredClone(first);
  const sizing = { type: "base", quantity: stored.orderQuantity } as const;
  const buys = stored.levels.filter((level) => level.side === "buy").map((level) => level.price);
  return {
    ...blankState(instrument, null),
    phase: stored.isClosing ? "closing" : "running",
    closing: stored.isClosing ? { reason: { en: "the price left the range", "zh-TW": "價格離開區間" }, since: 0, hadPosition: true } : null,
    generation: stored.generation,
    nextLevel: stored.levels.length,
    anchor: ticks(Math.max(stored.lower, ...buys)),
    lower: stored.lower,
    upper: stored.upper,
    stepTicks: Math.max(1, Math.round((stored.upper - stored.lower) / Math.max(1, stored.levels.length - 1))),
    stepRatio: (stored.upper / stored.lower) ** (1 / Math.max(1, stored.levels.length - 1)),
    sizing,
    levels: stored.levels.map((level, index) => ({
      ...level,
      name: `${stored.generation}.${index}`,
      quantity: quantityAt(sizing, instrument, level.price),
      isInitial: false,
      gaveBack: false,
      exitRests: level.lots.length > 0,
    })),
    carried: stored.carried.map((carried) => ({ ...carried, isPair: true, exitRests: true })),
    carriedCount: stored.carriedCount,
    profit: stored.profit,
    pairs: stored.pairs,
    isFresh: false,
    isEntered: true,
  };
}
