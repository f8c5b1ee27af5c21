// What a set of resting orders could cost: margin, one-sided position, losses at the ends and at the stop, liquidation.

import { type Instrument, toPrice, toQuantity } from "./instrument.ts";
import { type Money, money, rounded, text, ZERO } from "./money.ts";
import type { Preview } from "./strategy.ts";
import type { Text } from "./text.ts";
import type { Lots, Ticks } from "./units.ts";

export interface LadderOrder {
  readonly price: Ticks;
  readonly quantity: Lots;
}

export interface Ladder {
  readonly instrument: Instrument;
  readonly mid: Ticks;
  /** Orders that open a long or add to it, and those that open a short. */
  readonly buys: readonly LadderOrder[];
  readonly sells: readonly LadderOrder[];
  readonly lower: Ticks;
  readonly upper: Ticks;
  /** Where the strategy would close, below and above; null without a stop. */
  readonly stopBelow: Ticks | null;
  readonly stopAbove: Ticks | null;
  readonly leverage: string;
  /** Distance and quantity of one completed pair. */
  readonly pairStep: number;
  readonly pairQuantity: Lots;
}

interface SideSum {
  readonly quantity: Money;
  readonly notional: Money;
}

/** Share of notional that must stay as margin when the exchange does not tell: half of the initial margin at its largest leverage. */
function maintenanceRate(instrument: Instrument): Money {
  return money(1).div((instrument.maxLeverage ?? 50) * 2);
}

function sumOf(instrument: Instrument, orders: readonly LadderOrder[]): SideSum {
  let quantity = ZERO;
  let notional = ZERO;
  for (const order of orders) {
    const lots = money(toQuantity(instrument, order.quantity));
    quantity = quantity.plus(lots);
    notional = notional.plus(lots.times(toPrice(instrument, order.price)));
  }
  return { quantity, notional };
}

/** Loss of a side that is filled whole and closed at `at` by taking: price difference, entry and exit fees. Never below 0. */
function lossOf(instrument: Instrument, side: "long" | "short", sum: SideSum, at: Ticks): Money {
  const value = sum.quantity.times(toPrice(instrument, at));
  const difference = side === "long" ? sum.notional.minus(value) : value.minus(sum.notional);
  const fees = sum.notional.times(instrument.makerFee).plus(value.times(instrument.takerFee));
  const loss = difference.plus(fees);
  return loss.gt(0) ? loss : ZERO;
}

/** Price at which margin plus result of a whole side falls to the maintenance margin; null when it cannot. */
function liquidation(instrument: Instrument, side: "long" | "short", sum: SideSum, margin: Money): Money | null {
  if (instrument.kind === "spot" || sum.quantity.eq(0)) return null;
  const rate = maintenanceRate(instrument);
  const price =
    side === "long"
      ? sum.notional.minus(margin).div(sum.quantity.times(money(1).minus(rate)))
      : sum.notional.plus(margin).div(sum.quantity.times(money(1).plus(rate)));
  return price.gt(0) ? price : null;
}

function larger(a: Money, b: Money): Money {
  return a.gt(b) ? a : b;
}

/**
 * The numbers that every strategy's preview shares. Losses assume that a whole side fills and nothing of it was closed;
 * liquidation is an estimate for margin = notional / leverage and the maintenance rate above.
 */
export function previewLadder(ladder: Ladder): Preview {
  const { instrument } = ladder;
  const long = sumOf(instrument, ladder.buys);
  const short = sumOf(instrument, ladder.sells);
  const leverage = instrument.kind === "spot" ? money(1) : money(ladder.leverage);
  const margin = larger(long.notional, short.notional).div(leverage);
  const lossAtLower = lossOf(instrument, "long", long, ladder.lower);
  const lossAtUpper = lossOf(instrument, "short", short, ladder.upper);
  const atStops = [
    ladder.stopBelow === null ? null : lossOf(instrument, "long", long, ladder.stopBelow),
    ladder.stopAbove === null ? null : lossOf(instrument, "short", short, ladder.stopAbove),
  ].filter((loss): loss is Money => loss !== null);
  const lossAtStop = atStops.length === 0 ? null : atStops.reduce(larger, ZERO);
  const step = money(toPrice(instrument, ladder.pairStep as Ticks)).times(toQuantity(instrument, ladder.pairQuantity));
  const pairNotional = money(toPrice(instrument, ladder.mid)).times(toQuantity(instrument, ladder.pairQuantity));
  const makerFees = money(instrument.makerFee).times(2);
  const below = liquidation(instrument, "long", long, long.notional.div(leverage));
  const above = liquidation(instrument, "short", short, short.notional.div(leverage));
  return {
    currency: instrument.quote,
    orders: ladder.buys.length + ladder.sells.length,
    notional: text(long.notional.plus(short.notional)),
    margin: rounded(margin, 2),
    leverage: text(leverage),
    maxPosition: text(larger(long.quantity, short.quantity)),
    lossAtLower: ladder.buys.length === 0 ? null : rounded(lossAtLower, 2),
    lossAtUpper: ladder.sells.length === 0 ? null : rounded(lossAtUpper, 2),
    lossAtStop: lossAtStop === null ? null : rounded(lossAtStop, 2),
    worstLoss: rounded(larger(larger(lossAtLower, lossAtUpper), lossAtStop ?? ZERO), 2),
    liquidationBelow: below === null ? null : rounded(below, 8),
    liquidationAbove: above === null ? null : rounded(above, 8),
    breakEvenStep: text(makerFees),
    breakEvenStepTaker: text(money(instrument.makerFee).plus(instrument.takerFee)),
    profitPerPair: rounded(step.minus(makerFees.times(pairNotional)), 6),
    warnings: ladderWarnings(ladder, below, above, step.lte(makerFees.times(pairNotional))),
  };
}

function ladderWarnings(ladder: Ladder, below: Money | null, above: Money | null, isStepTooSmall: boolean): Text[] {
  const { instrument } = ladder;
  const warnings: Text[] = [];
  const price = toPrice(instrument, ladder.mid);
  if (ladder.mid < ladder.lower || ladder.mid > ladder.upper) {
    warnings.push({ en: `the price ${price} is outside the range`, "zh-TW": `目前價格 ${price} 在區間之外` });
  }
  if (isStepTooSmall) warnings.push({ en: "one step does not pay two maker fees", "zh-TW": "單格價差不足以支付兩次掛單手續費" });
  const isPastBelow = below !== null && ladder.stopBelow !== null && below.gte(toPrice(instrument, ladder.stopBelow));
  const isPastAbove = above !== null && ladder.stopAbove !== null && above.lte(toPrice(instrument, ladder.stopAbove));
  if (isPastBelow || isPastAbove) {
    warnings.push({ en: "the stop lies beyond the estimated liquidation price", "zh-TW": "停損價位在預估強平價之外" });
  }
  for (const order of [...ladder.buys, ...ladder.sells]) {
    const notional = money(toPrice(instrument, order.price)).times(toQuantity(instrument, order.quantity));
    if (order.quantity < instrument.minQuantity) {
      const least = toQuantity(instrument, instrument.minQuantity);
      warnings.push({ en: `an order's quantity is below the smallest, ${least}`, "zh-TW": `單筆數量低於最小下單量 ${least}` });
      break;
    }
    if (notional.lt(instrument.minNotional)) {
      warnings.push({
        en: `an order's notional ${rounded(notional, 4)} is below the smallest, ${instrument.minNotional}`,
        "zh-TW": `單筆名目價值 ${rounded(notional, 4)} 低於最小值 ${instrument.minNotional}`,
      });
      break;
    }
  }
  return warnings;
}
