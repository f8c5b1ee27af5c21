// One bot's kernel: events in, effects out; deterministic, with its whole state as JSON.

import type { Effect } from "./effects.ts";
import type { KernelEvent } from "./events.ts";
import { type Instrument, stepsIn } from "./instrument.ts";
import { adaptState, adjust, onInstrument, takeNewSteps } from "./kernel/adaptation.ts";
import { beginRiskDay, resetPeak } from "./kernel/loss-limits.ts";
import { onBook, onFunding, onMarketFact } from "./kernel/market-facts.ts";
import type { Kernel, KernelOptions, KernelStart, KernelState } from "./kernel/options.ts";
import {
  onAccepted,
  onAmended,
  onAmendRefused,
  onCanceled,
  onCancelRefused,
  onDenied,
  onFill,
  onNeverArrived,
  onReconciled,
  onRejected,
  onUnknown,
  recountOrders,
} from "./kernel/order-facts.ts";
import { plan } from "./kernel/planner.ts";
import { emptyLeg, firstData, forgetOldCoolDowns, forgetOldOrders, type KernelData, takeInOrders } from "./kernel/state.ts";
import { legOf, type Turn } from "./kernel/turn.ts";
import { actualState, statusOf, viewOf } from "./kernel/view.ts";
import { checkBooks, FLATTEN_SLIPPAGE_BPS, finish, halt, isFlat, watchLosses, watchRunTime } from "./kernel/watch.ts";
import { isLive } from "./order.ts";
import { applyTransfer, LedgerIdentityError } from "./position-ledger.ts";
import type { Intent, MarketSnapshot, Strategy, StrategyEvent, View } from "./strategy.ts";
import { UserError } from "./text.ts";

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
    status: () => statusOf({ ...options, params: data.params }, instruments, data),
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
  const changed = Object.entries(options.instruments).filter(
    ([leg, instrument]) => (data.revisions[leg] ?? instrument.revision) !== instrument.revision,
  );
  for (const [leg, instrument] of changed) {
    recountOrders(data, leg, { ...instrument, ...stepsIn(data.revisions[leg]) }, instrument);
    takeNewSteps(data, leg, instrument);
  }
  for (const [leg, instrument] of Object.entries(options.instruments)) {
    const state = data.legs[leg] ?? emptyLeg(instrument);
    data.legs[leg] = state;
    // A book from before the restart says nothing about now; what is known of now is counted in today's steps.
    const now = start.market.legs[leg];
    state.bestBid = now?.bestBid ?? null;
    state.bestAsk = now?.bestAsk ?? null;
    state.bidQuantity = null;
    state.askQuantity = null;
    state.mark = null;
    state.last = null;
    state.disagreements = 0;
  }
  for (const [leg, instrument] of Object.entries(options.instruments)) data.revisions[leg] = instrument.revision;
  const isSame = data.strategyVersion === options.strategy.version && JSON.stringify(data.params) === JSON.stringify(options.params);
  if (isSame && changed.length === 0) return data;
  const refusal = adaptState(options, options.instruments, data, options.params);
  if (refusal !== null) throw new UserError(refusal);
  return data;
}

function applyEvent(
  options: KernelOptions,
  instruments: Record<string, Instrument>,
  data: KernelData,
  event: KernelEvent,
): readonly Effect[] {
  const turn: Turn = { options: { ...options, params: data.params }, instruments, data, effects: [], tell: [] };
  const before = actualState(data);
  data.at = Math.max(data.at, event.at);
  try {
    foldEvent(turn, event);
    askStrategy(turn);
    checkBooks(turn, event);
  } catch (error) {
    if (!(error instanceof LedgerIdentityError)) throw error;
    const words = error.message;
    halt(turn, { en: `the books do not add up: ${words}`, "zh-TW": `帳目不符：${words}` });
  }
  watchLosses(turn);
  watchRunTime(turn);
  if (data.flatten !== null && isFlat(turn)) data.flatten = null;
  plan(turn);
  forgetOldOrders(data);
  forgetOldCoolDowns(data);
  const wakeAt = nextWake(turn);
  if (wakeAt !== null) turn.effects.push({ type: "wake", at: wakeAt });
  const after = actualState(data);
  if (after !== before) turn.effects.push({ type: "stateChanged", state: after });
  return turn.effects;
}

function foldEvent(turn: Turn, event: KernelEvent): void {
  const { data } = turn;
  switch (event.type) {
    case "book":
      return onBook(turn, event);
    case "mark":
    case "last":
    case "balances":
    case "margin":
      return onMarketFact(turn, event);
    case "funding":
      return onFunding(turn, event);
    case "transfer":
      applyTransfer(legOf(turn, event.leg).ledger, event.id, event.amount);
      return;
    case "riskDay":
      return beginRiskDay(turn, event.day);
    case "adjust":
      return adjust(turn, event.params);
    case "amended":
      return onAmended(turn, event);
    case "amendRefused":
      return onAmendRefused(turn, event);
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
      return onInstrument(turn, event.leg, event.instrument);
    case "recovered":
      data.phase = "running";
      turn.tell.push({ type: "start" });
      return;
    case "control":
      return onControl(turn, event);
    case "halt":
      return halt(turn, event.reason);
    case "resume":
      data.halted = null;
      // While it recovers, `start` will tell the strategy, on books that are whole by then.
      if (data.phase === "running") turn.tell.push({ type: "control" });
      return;
    case "resetPeak":
      return resetPeak(turn, event.since);
    case "time":
      if (isTimeDue(data)) turn.tell.push({ type: "time" });
      return;
  }
}

function onControl({ data, tell }: Turn, event: Extract<KernelEvent, { type: "control" }>): void {
  if (event.desired === "running" && data.desired === "stopped") data.startedAt = null;
  data.desired = event.desired;
  data.flatten = event.flatten === true ? { maxSlippageBps: event.maxSlippageBps ?? FLATTEN_SLIPPAGE_BPS } : null;
  // A strategy that stopped itself takes this word for a person's leave to begin anew: under a halt nobody gave it.
  if (data.halted === null) tell.push({ type: "control" });
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
            ? {
                type: "hold",
                quantity: intent.quantity,
                maxSlippageBps: intent.maxSlippageBps,
                isProtective: intent.protective === true,
              }
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
      case "finish":
        finish(turn, intent.reason, intent.flatten, intent.maxSlippageBps ?? FLATTEN_SLIPPAGE_BPS);
        break;
    }
  }
}

function isTimeDue(data: KernelData): boolean {
  return Object.values(data.legs).some(
    (leg) => leg.wish.type === "quote" && leg.wish.until?.at !== undefined && leg.wish.until.at <= data.at,
  );
}

function nextWake({ data, options }: Turn): number | null {
  const times: number[] = [];
  for (const pause of Object.values(data.coolDowns)) if (pause.until > data.at) times.push(pause.until);
  for (const leg of Object.values(data.legs))
    if (leg.wish.type === "quote" && leg.wish.until?.at !== undefined && leg.wish.until.at > data.at) times.push(leg.wish.until.at);
  if (options.runForMs !== undefined && data.startedAt !== null) times.push(Math.max(data.at + 1, data.startedAt + options.runForMs));
  return times.length === 0 ? null : Math.min(...times);
}
