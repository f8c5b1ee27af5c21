// Daily loss, drawdown from the stored peak, and distance to liquidation: what halts a bot by itself.

import { type Money, money, text, ZERO } from "../money.ts";
import { totalsOf } from "../position-ledger.ts";
import type { Text } from "../text.ts";
import type { KernelData, LossState } from "./state.ts";
import { instrumentOf, type Turn } from "./turn.ts";
import { markOf } from "./view.ts";

/** Net profit of all legs that are quoted in the first leg's currency; the others have no rate here. Null without a mark. */
export function netProfit(turn: Turn): Money | null {
  let sum = ZERO;
  let currency: string | null = null;
  for (const [leg, state] of Object.entries(turn.data.legs)) {
    const instrument = instrumentOf(turn, leg);
    currency ??= instrument.quote;
    if (instrument.quote !== currency) continue;
    const mark = markOf(state);
    if (mark === null && state.ledger.position !== 0) return null;
    sum = sum.plus(totalsOf(state.ledger, instrument, mark).netPnl);
  }
  return sum;
}

/** A new risk day: the daily loss counts from here. */
export function beginRiskDay(turn: Turn, day: string): void {
  const { losses } = turn.data;
  if (losses.day === day) return;
  losses.day = day;
  losses.dayStart = text(netProfit(turn) ?? money(losses.dayStart));
}

/** Makes the net profit of now the peak from which the drawdown counts, once per wish. Without a price now, as soon as there is one. */
export function resetPeak(turn: Turn, since: number): void {
  const { losses } = turn.data;
  if (since <= (losses.peakSince ?? 0)) return;
  losses.peakSince = since;
  losses.isPeakOpen = true;
  const net = netProfit(turn);
  if (net !== null) raisePeak(losses, net);
}

function raisePeak(losses: LossState, net: Money): void {
  if (losses.isPeakOpen === true || net.gt(losses.peak)) losses.peak = text(net);
  delete losses.isPeakOpen;
}

export interface Breach {
  readonly code: "maxDailyLoss" | "maxDrawdown" | "liquidation";
  readonly message: Text;
}

/** The limit that is broken now, or null. Raises the stored peak on the way. */
export function findBreach(turn: Turn): Breach | null {
  const { maxDailyLoss, maxDrawdown } = turn.options.risk;
  if (maxDailyLoss !== undefined || maxDrawdown !== undefined) {
    const net = netProfit(turn);
    const breach = net === null ? null : lossBreach(turn.data, net, maxDailyLoss, maxDrawdown);
    if (breach !== null) return breach;
  }
  return liquidationBreach(turn);
}

function lossBreach(data: KernelData, net: Money, maxDailyLoss: string | undefined, maxDrawdown: string | undefined): Breach | null {
  const { losses } = data;
  raisePeak(losses, net);
  const loss = money(losses.dayStart).minus(net);
  if (maxDailyLoss !== undefined && loss.gte(maxDailyLoss)) {
    return {
      code: "maxDailyLoss",
      message: { en: `lost ${text(loss)} today, the limit is ${maxDailyLoss}`, "zh-TW": `本日虧損 ${text(loss)}，上限為 ${maxDailyLoss}` },
    };
  }
  const fall = money(losses.peak).minus(net);
  if (maxDrawdown !== undefined && fall.gte(maxDrawdown)) {
    return {
      code: "maxDrawdown",
      message: {
        en: `${text(fall)} below the peak ${losses.peak}, the limit is ${maxDrawdown}`,
        "zh-TW": `自高點 ${losses.peak} 回落 ${text(fall)}，上限為 ${maxDrawdown}`,
      },
    };
  }
  return null;
}

/** Distance of mark and liquidation price in bps of the mark; null when either is not known. */
export function liquidationDistanceBps(turn: Turn, leg: string): number | null {
  const state = turn.data.legs[leg];
  if (state === undefined || state.liquidationPrice === null) return null;
  const mark = markOf(state);
  if (mark === null) return null;
  const price = money(instrumentOf(turn, leg).tickSize).times(mark);
  return Number(price.minus(state.liquidationPrice).abs().div(price).times(10_000));
}

function liquidationBreach(turn: Turn): Breach | null {
  const least = turn.options.risk.minLiquidationDistanceBps;
  if (least === undefined) return null;
  for (const leg of Object.keys(turn.data.legs)) {
    const distance = liquidationDistanceBps(turn, leg);
    if (distance === null || distance >= least / 2) continue;
    const bps = Math.round(distance);
    return {
      code: "liquidation",
      message: {
        en: `liquidation is ${bps} bps away, half of the limit ${least} bps`,
        "zh-TW": `距強平僅 ${bps} bps，低於限制 ${least} bps 的一半`,
      },
    };
  }
  return null;
}
