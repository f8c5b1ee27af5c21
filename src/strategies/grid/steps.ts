// Counts the whole state in the exchange's steps of today after it changed its tick or lot, to the last unit of profit.

import type { Instrument } from "../../core/instrument.ts";
import { type Money, money, text, ZERO } from "../../core/money.ts";
import { type Side, signOf } from "../../core/order.ts";
import { fromSteps, type Lots, lots, type Rounding, type Step, stepOf, type Ticks, ticks, toSteps } from "../../core/units.ts";
import { carry, endRound } from "./fills.ts";
import { faultOf, goMeasuring, layOut, take } from "./layout.ts";
import { leastAt, minimumOf } from "./minimum.ts";
import type { GridParams } from "./params.ts";
import { isRefusal } from "./range.ts";
import type { GridState, OpenLot, Remainder } from "./state.ts";

/** From old steps to new ones; what rounding shifts is gathered. */
class Conversion {
  readonly #from: { tick: Step; lot: Step };
  readonly #to: { tick: Step; lot: Step };
  /** By how much the costs of held lots rose, quote currency: what they will give back less was gained here. */
  gained: Money = ZERO;
  readonly remainders: Remainder[] = [];

  constructor(from: { readonly tickSize: string; readonly lotSize: string }, to: { readonly tickSize: string; readonly lotSize: string }) {
    this.#from = { tick: stepOf(from.tickSize), lot: stepOf(from.lotSize) };
    this.#to = { tick: stepOf(to.tickSize), lot: stepOf(to.lotSize) };
  }

  price(count: Ticks, rounding: Rounding = "nearest"): Ticks {
    return ticks(Math.max(1, toSteps(fromSteps(count, this.#from.tick), this.#to.tick, rounding)));
  }

  quantity(count: Lots): Lots {
    return lots(toSteps(fromSteps(count, this.#from.lot), this.#to.lot, "down"));
  }

  lots(held: readonly OpenLot[], side: Side): OpenLot[] {
    return held.flatMap((lot) => {
      const whole = money(fromSteps(lot.quantity, this.#from.lot));
      const before = money(fromSteps(lot.price, this.#from.tick));
      const moved = { quantity: this.quantity(lot.quantity), price: this.price(lot.price) };
      const kept = money(fromSteps(moved.quantity, this.#to.lot));
      const shift = kept.times(money(fromSteps(moved.price, this.#to.tick)).minus(before));
      this.gained = this.gained.plus(shift.times(signOf(side)));
      const left = whole.minus(kept);
      if (left.gt(0)) this.remainders.push({ side, quantity: text(left), price: text(before) });
      return moved.quantity > 0 ? [moved] : [];
    });
  }

  /** Remainders of a side are one; as soon as they make whole lots these are carried with an exit of their own. */
  gather(state: GridState, side: Side): Remainder[] {
    const mine = [...state.remainders, ...this.remainders].filter((remainder) => remainder.side === side);
    const quantity = mine.reduce((sum, { quantity: each }) => sum.plus(each), ZERO);
    if (quantity.eq(0)) return [];
    const cost = mine.reduce((sum, each) => sum.plus(money(each.quantity).times(each.price)), ZERO);
    const price = ticks(Math.max(1, toSteps(text(cost.div(quantity)), this.#to.tick, "nearest")));
    const words = fromSteps(price, this.#to.tick);
    this.gained = this.gained.plus(quantity.times(words).minus(cost).times(signOf(side)));
    const whole = lots(toSteps(text(quantity), this.#to.lot, "down"));
    if (whole > 0) carry(state, side, price, whole);
    const left = quantity.minus(fromSteps(whole, this.#to.lot));
    return left.gt(0) ? [{ side, quantity: text(left), price: words }] : [];
  }
}

/** Never refuses: when the range cannot be laid in the new steps, the next decision lays another or halts. */
export function changeSteps(state: GridState, instrument: Instrument, value: GridParams): void {
  const { tickSize, lotSize } = state.steps;
  if (tickSize === instrument.tickSize && lotSize === instrument.lotSize) return;
  const to = new Conversion(state.steps, instrument);
  const profit = money(state.profitBefore).plus(money(tickSize).times(lotSize).times(state.profit));
  state.levels = state.levels.map((level) => ({
    ...level,
    price: to.price(level.price),
    exitPrice: to.price(level.exitPrice, level.side === "buy" ? "up" : "down"),
    entryLeft: to.quantity(level.entryLeft),
    quantity: to.quantity(level.quantity),
    lots: to.lots(level.lots, level.side),
  }));
  state.carried = state.carried
    .map((carried) => ({
      ...carried,
      exitPrice: to.price(carried.exitPrice, carried.side === "sell" ? "up" : "down"),
      lots: to.lots(carried.lots, carried.side === "sell" ? "buy" : "sell"),
    }))
    .filter((carried) => carried.lots.length > 0);
  state.spent = to.lots(state.spent, "buy");
  state.anchor = to.price(state.anchor);
  state.lower = to.price(state.lower);
  state.upper = to.price(state.upper);
  state.stepTicks = Math.max(1, Math.round((state.stepTicks * Number(tickSize)) / Number(instrument.tickSize)));
  for (const stop of ["trigger", "stopLossAt", "takeProfitAt"] as const) {
    const at = state[stop];
    if (at !== null) state[stop] = { ...at, price: to.price(at.price) };
  }
  state.samples = state.samples.map((sample) => ({ ...sample, mid: to.price(sample.mid) }));
  state.remainders = [...to.gather(state, "buy"), ...to.gather(state, "sell")];
  state.profitBefore = text(profit.plus(to.gained));
  state.profit = "0";
  state.steps = { tickSize: instrument.tickSize, lotSize: instrument.lotSize };
  if (state.levels.length > 0) layAgain(state, value, instrument);
}

/** Levels can fall together or lose their quantity: the same range is laid anew under the new steps. */
function layAgain(state: GridState, value: GridParams, instrument: Instrument): void {
  const { isEntered, isOutside, phase } = state;
  const layout = layOut(value, instrument, { lower: state.lower, upper: state.upper }, state.anchor, state.available);
  if (isRefusal(layout) || faultOf(layout, { ...value, allowUnprofitableStep: true }, instrument) !== null) {
    goMeasuring(state);
    if (phase === "closing") state.phase = phase;
    return;
  }
  const initial = new Set(state.levels.filter((level) => level.isInitial).map((level) => level.price));
  take(state, layout);
  for (const level of state.levels) if (phase === "building" && initial.has(level.price)) level.isInitial = true;
  Object.assign(state, { isEntered, isOutside });
  endSmallRounds(state, instrument);
}

/** What is left of an entry and no order can be is given up. */
function endSmallRounds(state: GridState, instrument: Instrument): void {
  const minimum = minimumOf(instrument);
  for (const level of state.levels) {
    if (level.entryLeft >= leastAt(minimum, level.price)) continue;
    level.entryLeft = lots(0);
    if (level.lots.length === 0) endRound(state, level);
  }
}
