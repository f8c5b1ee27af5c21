// What the grid says about itself: profit of what was given back, result of what is held, and what it waits for.

import { type Instrument, toPrice, toQuantity } from "../../core/instrument.ts";
import { type Money, money, rounded, text } from "../../core/money.ts";
import { signOf } from "../../core/order.ts";
import { quantumOf } from "../../core/position-ledger.ts";
import type { LegView, StrategyReport, View } from "../../core/strategy.ts";
import type { Text } from "../../core/text.ts";
import type { Ticks } from "../../core/units.ts";
import { missing } from "./begin.ts";
import { lotsOf } from "./fills.ts";
import { type GridParams, rangeModeOf } from "./params.ts";
import { type GridState, LEG, midOf, type OpenLot } from "./state.ts";
import { ENOUGH_STEPS, volatilityOf } from "./volatility.ts";

/** Grid profit plus unpaired profit is realized plus unrealized profit, exactly: both value what is held at mark, else mid. */
export function reportGrid(state: GridState, view: View<GridParams>): StrategyReport {
  const leg = view.legs[LEG];
  if (leg === undefined) return {};
  const { instrument } = leg;
  const isLaid = state.upper > 0;
  const mark = markOf(leg);
  return {
    gridProfit: text(gridProfit(state, instrument)),
    pairs: state.pairs,
    ...(isLaid ? { lower: toPrice(instrument, state.lower), upper: toPrice(instrument, state.upper) } : {}),
    openLots: state.levels.filter((level) => level.lots.length > 0).length + state.carried.length,
    ...(mark === null ? {} : { unpairedPnl: text(unpairedPnl(state, instrument, mark)) }),
    values: valuesOf(state, view.params, leg),
  };
}

function markOf(leg: LegView): Ticks | null {
  if (leg.mark !== null && leg.mark !== undefined) return leg.mark;
  return leg.bestBid === null || leg.bestAsk === null ? null : midOf(leg.bestBid, leg.bestAsk);
}

function gridProfit(state: GridState, instrument: Instrument): Money {
  return quantumOf(instrument).times(state.profit).plus(state.profitBefore);
}

/** Result of all that is held, lots that went as fees included: the books hold them too. */
function unpairedPnl(state: GridState, instrument: Instrument, mark: Ticks): Money {
  const worth = (held: readonly OpenLot[]) => held.reduce((sum, lot) => sum + BigInt(mark - lot.price) * BigInt(lot.quantity), 0n);
  const quanta = worth([...lotsOf(state, "buy"), ...state.spent]) - worth(lotsOf(state, "sell"));
  const price = toPrice(instrument, mark);
  return state.remainders.reduce(
    (sum, { side, quantity, price: paid }) => sum.plus(money(price).minus(paid).times(quantity).times(signOf(side))),
    quantumOf(instrument).times(quanta.toString()),
  );
}

type Value = NonNullable<StrategyReport["values"]>[number];

function valuesOf(state: GridState, value: GridParams, leg: LegView): Value[] {
  const { instrument } = leg;
  const values: Value[] = [...waitingFor(state, value, instrument)];
  const add = (en: string, zh: string, shown: string) => values.push({ label: { en, "zh-TW": zh }, value: shown });
  const quantities = state.levels.map((level) => level.quantity);
  if (quantities.length > 0) {
    const [least, most] = [Math.min(...quantities), Math.max(...quantities)].map((count) =>
      toQuantity(instrument, count as typeof leg.position),
    );
    add("quantity per level", "每格數量", least === most ? `${most}` : `${least} … ${most}`);
  }
  if (value.stopLossRoi !== undefined || value.takeProfitRoi !== undefined) {
    const capital = money(state.capital);
    const total = money(leg.netPnl).minus(state.netAtStart);
    add("return on capital, %", "資金報酬率 %", capital.gt(0) ? rounded(total.div(capital).times(100), 4) : "0");
  }
  return values;
}

function waitingFor(state: GridState, value: GridParams, instrument: Instrument): Value[] {
  const show = (en: string, zh: string, shown: string): Value[] => [{ label: { en, "zh-TW": zh } satisfies Text, value: shown }];
  switch (state.phase) {
    case "trigger":
      return show("waits for price", "等待觸發價", state.trigger === null ? "" : toPrice(instrument, state.trigger.price));
    case "measuring": {
      if (rangeModeOf(value) !== "volatility") return [];
      const steps = Math.max(0, state.samples.length - 1);
      if (volatilityOf(state) === null) return show("measures volatility, samples", "量測波動率，樣本數", `${steps}/${ENOUGH_STEPS}`);
      return show("waits for more volatility", "等待波動率升高", state.obstacle?.en ?? "");
    }
    case "building":
      return show("takes its first position, missing", "正在建立初始部位，尚缺", missing(state, instrument));
    case "closing":
      return show("closes the position", "正在平倉", state.closing?.reason.en ?? "");
    case "ended":
      return show("ended, waits for a person", "已結束，等待人工處理", "");
    case "running":
      return state.isOutside
        ? show(
            "outside of its range, entries wait",
            "價格在區間外，暫停進場",
            `${toPrice(instrument, state.lower)} … ${toPrice(instrument, state.upper)}`,
          )
        : [];
  }
}
