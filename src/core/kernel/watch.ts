// What ends a bot's work by itself: books that do not add up, losses, the time to run, a strategy that is done.

import type { KernelEvent } from "../events.ts";
import { toPrice, toQuantity } from "../instrument.ts";
import { money, text } from "../money.ts";
import { isLive } from "../order.ts";
import { LedgerIdentityError } from "../position-ledger.ts";
import type { Text } from "../text.ts";
import { lots } from "../units.ts";
import { findBreach } from "./loss-limits.ts";
import { heldIn, instrumentOf, legOf, type Turn } from "./turn.ts";
import { markOf, viewOf } from "./view.ts";

/** How far from the touch a protective close may go when nobody said. */
export const FLATTEN_SLIPPAGE_BPS = 50;

export function halt(turn: Turn, reason: Text): void {
  if (turn.data.halted !== null) return;
  turn.data.halted = reason;
  turn.effects.push({ type: "alert", alert: { type: "halted", reason } });
}

/** Ends the bot's work for good, as an operator's stop would. */
export function finish(turn: Turn, reason: Text, flatten: boolean, maxSlippageBps: number): void {
  if (turn.data.desired === "stopped") return;
  turn.data.desired = "stopped";
  turn.data.startedAt = null;
  if (flatten) turn.data.flatten = { maxSlippageBps };
  turn.effects.push({ type: "finished", reason, flatten }, { type: "alert", alert: { type: "note", message: reason } });
}

/** A grid's own books must agree with the ledger's: grid profit + unpaired = realized + unrealized, at mid. */
export function checkBooks(turn: Turn, event: KernelEvent): void {
  if (event.type !== "fill" || turn.tell.length === 0) return;
  const { strategy } = turn.options;
  const state = legOf(turn, event.leg);
  if (state.bestBid === null || strategy.report === undefined) return;
  const view = viewOf(turn.options, turn.instruments, { ...turn.data, legs: { ...turn.data.legs, [event.leg]: { ...state, mark: null } } });
  const report = strategy.report(turn.data.strategyState, view);
  const leg = view.legs[event.leg];
  if (leg === undefined || report.gridProfit === undefined || report.unpairedPnl === undefined) return;
  const own = money(report.gridProfit).plus(report.unpairedPnl);
  const booked = money(leg.realizedPnl).plus(leg.unrealizedPnl);
  if (!own.eq(booked))
    throw new LedgerIdentityError(`grid profit ${report.gridProfit} + unpaired ${report.unpairedPnl} is not ${text(booked)}`);
}

/** Halts for a loss, a drawdown or a near liquidation; a person must resume. */
export function watchLosses(turn: Turn): void {
  if (turn.data.halted !== null || turn.data.phase !== "running") return;
  const breach = findBreach(turn);
  if (breach === null) return;
  turn.effects.push({ type: "alert", alert: { type: "riskBreached", code: breach.code, message: breach.message } });
  halt(turn, breach.message);
  if (turn.options.risk.onBreach === "flatten") turn.data.flatten = { maxSlippageBps: FLATTEN_SLIPPAGE_BPS };
}

export function watchRunTime(turn: Turn): void {
  const { data, options } = turn;
  if (data.phase !== "running" || data.desired === "stopped" || data.halted !== null) return;
  data.startedAt ??= data.at;
  if (options.runForMs === undefined || data.at < data.startedAt + options.runForMs) return;
  finish(turn, { en: "the time to run is over", "zh-TW": "設定的執行時間已到" }, false, FLATTEN_SLIPPAGE_BPS);
}

/** True when every leg's position is below what the exchange lets us close and nothing of ours can still fill. */
export function isFlat(turn: Turn): boolean {
  const isSmall = Object.keys(turn.data.legs).every((leg) => isTooSmall(turn, leg, Math.abs(heldIn(turn, leg))));
  return isSmall && !turn.data.orders.some(isLive);
}

/** True for lots that the exchange takes no order for, by quantity or by worth: a bot that waited to close them would never rest. */
export function isTooSmall(turn: Turn, leg: string, quantity: number): boolean {
  const instrument = instrumentOf(turn, leg);
  if (quantity < Math.max(1, instrument.minQuantity)) return true;
  const mark = markOf(legOf(turn, leg));
  return (
    mark !== null &&
    money(toPrice(instrument, mark))
      .times(toQuantity(instrument, lots(quantity)))
      .lt(instrument.minNotional)
  );
}
