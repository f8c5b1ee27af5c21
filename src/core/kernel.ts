// One bot's kernel: events in, effects out; deterministic, with its whole state as JSON.

import type { Effect } from "./effects.ts";
import type { KernelEvent } from "./events.ts";
import type { Instrument } from "./instrument.ts";
import type { Kernel, KernelOptions, KernelStart, KernelState } from "./kernel/options.ts";
import {
  onAccepted,
  onCanceled,
  onCancelRefused,
  onDenied,
  onFill,
  onNeverArrived,
  onReconciled,
  onRejected,
  onUnknown,
} from "./kernel/order-facts.ts";
import { plan } from "./kernel/planner.ts";
import { emptyLeg, firstData, forgetOldCoolDowns, forgetOldOrders, type KernelData, takeInOrders } from "./kernel/state.ts";
import { instrumentOf, legOf, type Turn } from "./kernel/turn.ts";
import { actualState, statusOf, viewOf } from "./kernel/view.ts";
import { isLive } from "./order.ts";
import type { Intent, MarketSnapshot, Strategy, StrategyEvent, View } from "./strategy.ts";
import { type Text, UserError } from "./text.ts";
import type { Ticks } from "./units.ts";

export type { Kernel, KernelOptions, KernelStart, KernelState, KernelStatus, RiskLimits } from "./kernel/options.ts";

/**
 * Builds a kernel from its stored state (or the strategy's first one). It places nothing before `recovered`.
 * Throws a UserError when the stored state cannot go on under these parameters or instruments.
 */
export function createKernel(options: KernelOptions, start: KernelStart): Kernel {
  const instruments = { ...options.instruments };
  const data = start.state === null ? freshData(options, start.market) : storedData(options, start);
  takeInOrders(data, start.orders, options.lastCounter);
  return {
    apply: (event) => applyEvent(options, instruments, data, event),
    snapshot: () => structuredClone(data) as unknown as KernelState,
    status: () => statusOf(options, instruments, data),
    liveOrders: () => data.orders.filter(isLive),
    order: (clientOrderId) => data.orders.find((order) => order.clientOrderId === clientOrderId),
    lastFillAt: (leg) => data.legs[leg]?.lastFillAt ?? null,
  };
}

function freshData(options: KernelOptions, market: MarketSnapshot): KernelData {
  const { strategy, params, instruments } = options;
  return firstData({ at: market.at, params, strategyVersion: strategy.version, strategyState: strategy.init(params, market), instruments });
}

function storedData(options: KernelOptions, start: KernelStart): KernelData {
  const data = structuredClone(start.state) as unknown as KernelData;
  data.phase = "recovering";
  data.at = Math.max(data.at, start.market.at);
  for (const [leg, instrument] of Object.entries(options.instruments)) {
    const stored = data.revisions[leg];
    if (stored !== undefined && stored !== instrument.revision) throw changedSteps(leg, stored, instrument.revision);
    data.revisions[leg] = instrument.revision;
    const state = data.legs[leg] ?? emptyLeg();
    data.legs[leg] = state;
    // A book from before the restart says nothing about now.
    const now = start.market.legs[leg];
    state.bestBid = now?.bestBid ?? null;
    state.bestAsk = now?.bestAsk ?? null;
    state.disagreements = 0;
  }
  const isSame = data.strategyVersion === options.strategy.version && JSON.stringify(data.params) === JSON.stringify(options.params);
  if (!isSame) adaptState(options, data);
  return data;
}

function changedSteps(leg: string, before: string, after: string): UserError {
  return new UserError({
    en: `${leg}: the exchange changed tick, lot or minimum from ${before} to ${after}; flatten and start the bot anew`,
    "zh-TW": `${leg}：交易所將最小變動單位由 ${before} 改為 ${after}；請先平倉再重新啟動`,
  });
}

function adaptState(options: KernelOptions, data: KernelData): void {
  const view = viewOf(options, options.instruments, data);
  const adapted = options.strategy.adapt(data.strategyState, { version: data.strategyVersion, params: data.params }, view);
  if (isRefusal(adapted)) throw new UserError(adapted.refused);
  data.strategyState = adapted;
  data.strategyVersion = options.strategy.version;
  data.params = options.params;
}

function isRefusal(value: unknown): value is { refused: Text } {
  return typeof value === "object" && value !== null && "refused" in value;
}

function applyEvent(
  options: KernelOptions,
  instruments: Record<string, Instrument>,
  data: KernelData,
  event: KernelEvent,
): readonly Effect[] {
  const turn: Turn = { options, instruments, data, effects: [], tell: [] };
  const before = actualState(data);
  data.at = Math.max(data.at, event.at);
  foldEvent(turn, event);
  askStrategy(turn);
  if (data.flatten !== null && isFlat(turn)) data.flatten = null;
  plan(turn);
  forgetOldOrders(data);
  forgetOldCoolDowns(data);
  const wakeAt = nextWake(data);
  if (wakeAt !== null) turn.effects.push({ type: "wake", at: wakeAt });
  const after = actualState(data);
  if (after !== before) turn.effects.push({ type: "stateChanged", state: after });
  return turn.effects;
}

function foldEvent(turn: Turn, event: KernelEvent): void {
  const { data } = turn;
  switch (event.type) {
    case "book":
      return onBook(turn, event.leg, event.bestBid, event.bestAsk);
    case "bookLost":
      legOf(turn, event.leg).bestBid = null;
      legOf(turn, event.leg).bestAsk = null;
      return;
    case "accepted":
      return onAccepted(turn, event);
    case "rejected":
      return onRejected(turn, event);
    case "denied":
      return onDenied(turn, event);
    case "unknown":
      return onUnknown(turn, event);
    case "canceled":
      return onCanceled(turn, event);
    case "cancelRefused":
      return onCancelRefused(turn, event);
    case "neverArrived":
      return onNeverArrived(turn, event);
    case "fill":
      return onFill(turn, event.leg, event.fill);
    case "reconciled":
      return onReconciled(turn, event);
    case "instrument":
      if (event.instrument.revision !== data.revisions[event.leg])
        throw changedSteps(event.leg, data.revisions[event.leg] ?? "", event.instrument.revision);
      turn.instruments[event.leg] = event.instrument;
      return;
    case "recovered":
      data.phase = "running";
      turn.tell.push({ type: "start" });
      return;
    case "control":
      data.desired = event.desired;
      data.flatten = event.flatten === true ? { maxSlippageBps: event.maxSlippageBps ?? 50 } : null;
      turn.tell.push({ type: "control" });
      return;
    case "halt":
      return halt(turn, event.reason);
    case "resume":
      data.halted = null;
      turn.tell.push({ type: "control" });
      return;
    case "time":
      if (isTimeDue(data)) turn.tell.push({ type: "time" });
      return;
  }
}

function onBook(turn: Turn, leg: string, bestBid: Ticks, bestAsk: Ticks): void {
  const state = legOf(turn, leg);
  const isReadable = Number.isSafeInteger(bestBid) && Number.isSafeInteger(bestAsk) && bestBid > 0 && bestBid < bestAsk;
  if (!isReadable) return;
  const isFirst = state.bestBid === null;
  state.bestBid = bestBid;
  state.bestAsk = bestAsk;
  state.bookAt = turn.data.at;
  const until = state.wish.type === "quote" ? state.wish.until : null;
  const isCovered =
    until !== null && (until.below === undefined || bestBid >= until.below) && (until.above === undefined || bestAsk <= until.above);
  if (isFirst || !isCovered) turn.tell.push({ type: "book", leg });
}

function halt(turn: Turn, reason: Text): void {
  if (turn.data.halted !== null) return;
  turn.data.halted = reason;
  turn.effects.push({ type: "alert", alert: { type: "halted", reason } });
}

/** Tells the strategy what happened, in order; fills reach it even while recovering or halted, since they are facts. */
function askStrategy(turn: Turn): void {
  const { data, options } = turn;
  if (turn.tell.length === 0) return;
  data.decision += 1;
  for (const event of turn.tell) {
    if (event.type === "book" && data.phase !== "running") continue;
    applyIntents(turn, decide(options.strategy, data, event, viewOf(options, turn.instruments, data)));
  }
}

function decide(strategy: Strategy, data: KernelData, event: StrategyEvent, view: View<unknown>): readonly Intent[] {
  return strategy.decide(data.strategyState, event, view);
}

function applyIntents(turn: Turn, intents: readonly Intent[]): void {
  const named = new Set<string>();
  for (const intent of intents) {
    switch (intent.type) {
      case "quote":
      case "hold":
        if (named.has(intent.leg))
          throw new Error(`strategy ${turn.options.strategy.name} gave two wishes for leg ${intent.leg} in one answer`);
        named.add(intent.leg);
        legOf(turn, intent.leg).wish =
          intent.type === "hold"
            ? { type: "hold", quantity: intent.quantity, maxSlippageBps: intent.maxSlippageBps }
            : { type: "quote", orders: intent.orders, toleranceTicks: intent.toleranceTicks ?? 0, until: intent.until ?? null };
        break;
      case "notify": {
        const symbol = Object.values(turn.instruments)[0]?.ref.symbol ?? "";
        turn.effects.push({
          type: "alert",
          alert: intent.kind === "boundary" ? { type: "boundary", symbol, message: intent.text } : { type: "note", message: intent.text },
        });
        break;
      }
      case "halt":
        halt(turn, intent.reason);
        break;
    }
  }
}

function isTimeDue(data: KernelData): boolean {
  return Object.values(data.legs).some(
    (leg) => leg.wish.type === "quote" && leg.wish.until?.at !== undefined && leg.wish.until.at <= data.at,
  );
}

function nextWake(data: KernelData): number | null {
  const times: number[] = [];
  for (const pause of Object.values(data.coolDowns)) if (pause.until > data.at) times.push(pause.until);
  for (const leg of Object.values(data.legs))
    if (leg.wish.type === "quote" && leg.wish.until?.at !== undefined && leg.wish.until.at > data.at) times.push(leg.wish.until.at);
  return times.length === 0 ? null : Math.min(...times);
}

/** True when every leg's position is below what the exchange lets us close and nothing of ours can still fill. */
function isFlat(turn: Turn): boolean {
  const isSmall = Object.keys(turn.data.legs).every(
    (leg) => Math.abs(legOf(turn, leg).ledger.position) < Math.max(1, instrumentOf(turn, leg).minQuantity),
  );
  return isSmall && !turn.data.orders.some(isLive);
}
