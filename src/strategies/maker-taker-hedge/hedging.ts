// When the residual is hedged, how far beyond the touch, and when it has waited too long.

import { type Money, money, text } from "../../core/money.ts";
import type { Intent } from "../../core/strategy.ts";
import { type Lots, lots } from "../../core/units.ts";
import type { HedgeParams } from "./params.ts";
import { hedgeOrder, isTradable, residualOf } from "./residual.ts";
import type { HedgeState, Legs } from "./state.ts";

/** A waiting residual is looked at this often even when no fill and no book comes. */
const RETRY_MS = 1_000;

export interface HedgePlan {
  /** Base units of the hedge, positive is long too much. */
  readonly residual: Money;
  /** Position of the hedge leg that leaves less than one lot; its present one while nothing can be hedged. */
  readonly target: Lots;
  readonly isWaiting: boolean;
  readonly maxSlippageBps: number;
}

/** How far beyond the touch the next take may pay, bps. */
export function slippageOf(state: HedgeState, value: HedgeParams): number {
  if (state.isOverdue) return value.maxSlippageCapBps;
  return Math.min(value.maxSlippageCapBps, value.maxSlippageBps + state.failedTakes * value.slippageStepBps);
}

/** Works out the hedge and keeps the clock of a residual that waits. `notices` tells people when it is overdue and when that is over. */
export function planHedge(state: HedgeState, value: HedgeParams, legs: Legs, at: number): { plan: HedgePlan; notices: Intent[] } {
  const residual = residualOf(state.ledger, value);
  const order = hedgeOrder(residual, legs.hedge, value.maxSlippageCapBps);
  const isWaiting = order !== 0;
  if (isWaiting) state.waitingSince ??= at;
  else {
    state.waitingSince = null;
    state.failedTakes = 0;
  }
  const wasOverdue = state.isOverdue;
  const isTooLate = state.waitingSince !== null && at - state.waitingSince >= value.maxUnhedgedTimeS * 1_000;
  const isTooLarge = value.maxUnhedgedQuantity !== undefined && residual.abs().gt(value.maxUnhedgedQuantity);
  state.isOverdue = isTooLate || isTooLarge;
  const notices = state.isOverdue === wasOverdue ? [] : [noticeOf(state, legs, residual, at, isTooLarge)];
  const target = lots(legs.hedge.position + order);
  return { plan: { residual, target, isWaiting, maxSlippageBps: slippageOf(state, value) }, notices };
}

function noticeOf(state: HedgeState, legs: Legs, residual: Money, at: number, isTooLarge: boolean): Intent {
  const words = `${text(residual)} ${legs.hedge.instrument.base}`;
  if (!state.isOverdue) {
    return { type: "notify", severity: "info", text: { en: `hedged again; ${words} are left over`, "zh-TW": `已恢復避險；剩餘 ${words}` } };
  }
  const waitedS = state.waitingSince === null ? 0 : Math.round((at - state.waitingSince) / 1_000);
  const cause = isTooLarge
    ? { en: "more than maxUnhedgedQuantity", "zh-TW": "超過 maxUnhedgedQuantity" }
    : { en: `for ${waitedS} s`, "zh-TW": `已達 ${waitedS} 秒` };
  return {
    type: "notify",
    severity: "warning",
    text: {
      en: `${words} are not hedged, ${cause.en}; the side that adds is no longer quoted and the hedge may pay up to maxSlippageCapBps`,
      "zh-TW": `尚有 ${words} 未避險（${cause["zh-TW"]}）；已停止增加曝險一側的報價，避險滑價放寬至 maxSlippageCapBps`,
    },
  };
}

/** Where the maker leg must come back to when it stands beyond maxPosition by more than the threshold; null when it does not. */
export function excessTarget(value: HedgeParams, legs: Legs): Lots | null {
  const { instrument, position } = legs.maker;
  const most = money(value.maxPosition);
  const held = money(instrument.lotSize).times(Math.abs(position));
  if (held.lte(most.plus(value.positionThreshold))) return null;
  const whole = lots(Number(text(most.div(instrument.lotSize).round(0, 0))));
  const excess = lots(Math.abs(position) - whole);
  if (!isTradable(instrument, excess, legs.maker.bestBid)) return null;
  return lots(position > 0 ? whole : -whole);
}

/** The next time at which the answer may change without an event: a pause ends, or a waiting residual is looked at again. */
export function wakeAt(state: HedgeState, isWaiting: boolean, at: number): number | null {
  const times = [state.sides.buy.resumeAt, state.sides.sell.resumeAt, ...(isWaiting ? [at + RETRY_MS] : [])];
  const later = times.filter((time) => time > at);
  return later.length === 0 ? null : Math.min(...later);
}
