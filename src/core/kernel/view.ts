// What the kernel shows of its state: the strategy's view, the bot's state in one word, and the numbers for `/status`.

import type { ActualState } from "../events.ts";
import { type Instrument, toPrice, toQuantity } from "../instrument.ts";
import { type Money, money, rounded, text, ZERO } from "../money.ts";
import { isLive } from "../order.ts";
import { averageEntryPrice, heldLots, heldOf, positionOf, totalsOf } from "../position-ledger.ts";
import type { LegPosition } from "../status.ts";
import type { LegView, View } from "../strategy.ts";
import { type Ticks, ticks } from "../units.ts";
import type { KernelOptions, KernelStatus } from "./options.ts";
import type { KernelData, LegState } from "./state.ts";

/** What the strategy sees: parameters, time, and each leg's touch and own position. */
export function viewOf(options: KernelOptions, instruments: Readonly<Record<string, Instrument>>, data: KernelData): View<unknown> {
  const legs: Record<string, LegView> = {};
  for (const [leg, instrument] of Object.entries(instruments)) {
    const state = data.legs[leg];
    if (state === undefined) continue;
    const totals = totalsOf(state.ledger, instrument, markOf(state));
    legs[leg] = {
      instrument,
      bestBid: state.bestBid,
      bestAsk: state.bestAsk,
      bidQuantity: state.bidQuantity,
      askQuantity: state.askQuantity,
      mark: state.mark,
      last: state.last,
      available: state.available,
      position: positionOf(state.ledger, instrument),
      averageEntryPrice: averageEntryPrice(state.ledger),
      realizedPnl: text(totals.realizedPnl),
      unrealizedPnl: text(totals.unrealizedPnl),
      fees: text(totals.fees),
      funding: text(totals.funding),
      netPnl: text(totals.netPnl),
      volume: text(totals.volume),
    };
  }
  return { params: options.params, at: data.at, legs };
}

/** The state that the facts amount to; `starting`, `failed` and `unreachable` are the worker's and the reader's to say. */
export function actualState(data: KernelData): ActualState {
  if (data.phase === "recovering") return "recovering";
  const isBusy = data.flatten !== null || data.orders.some(isLive);
  if (data.halted !== null) return "halted";
  if (data.desired === "stopped") return isBusy ? "stopping" : "stopped";
  if (data.desired === "paused") return "paused";
  if (data.desired === "draining")
    return isBusy || Object.values(data.legs).some((leg) => heldLots(leg.ledger) !== 0) ? "draining" : "stopped";
  return Object.values(data.legs).some((leg) => leg.bestBid === null) ? "waiting" : "running";
}

/** The numbers for `/status`, with open positions valued at mid. */
export function statusOf(options: KernelOptions, instruments: Readonly<Record<string, Instrument>>, data: KernelData): KernelStatus {
  const sums = { volume: ZERO, realizedPnl: ZERO, unrealizedPnl: ZERO, fees: ZERO, funding: ZERO, netPnl: ZERO };
  const legs: LegPosition[] = [];
  const otherFees: Record<string, string> = {};
  let fills = 0;
  const currency = Object.values(instruments)[0]?.quote ?? "";
  for (const [leg, instrument] of Object.entries(instruments)) {
    const state = data.legs[leg];
    if (state === undefined) continue;
    legs.push(legPosition(instrument, state));
    const totals = totalsOf(state.ledger, instrument, markOf(state));
    fills += state.ledger.fills;
    // Totals stay per currency: a leg quoted in another one has no rate here.
    if (instrument.quote !== currency) continue;
    sums.realizedPnl = sums.realizedPnl.plus(totals.realizedPnl);
    sums.unrealizedPnl = sums.unrealizedPnl.plus(totals.unrealizedPnl);
    sums.fees = sums.fees.plus(totals.fees);
    sums.funding = sums.funding.plus(totals.funding);
    sums.netPnl = sums.netPnl.plus(totals.netPnl);
    sums.volume = sums.volume.plus(totals.volume);
    for (const [currency, fee] of Object.entries(state.ledger.otherFees))
      otherFees[currency] = text(money(otherFees[currency] ?? "0").plus(fee));
  }
  const [leg, instrument] = Object.entries(instruments)[0] ?? [];
  const first = leg === undefined ? undefined : data.legs[leg];
  const mark = first === undefined ? null : markOf(first);
  const live = data.orders.filter(isLive);
  return {
    state: actualState(data),
    position: instrument === undefined || first === undefined ? "0" : toQuantity(instrument, heldOf(first.ledger, instrument)),
    legs,
    averageEntryPrice: instrument === undefined || first === undefined ? null : averageEntryPrice(first.ledger),
    lastPrice: instrument === undefined || mark === null ? null : toPrice(instrument, mark),
    realizedPnl: text(sums.realizedPnl),
    unrealizedPnl: text(sums.unrealizedPnl),
    fees: text(sums.fees),
    otherFees,
    funding: text(sums.funding),
    netPnl: text(sums.netPnl),
    volume: text(sums.volume),
    wearRate: wearRate(sums.netPnl, sums.volume),
    currency: instrument?.quote ?? "",
    openOrders: live.filter((order) => !order.isUnknown && order.status !== "submitted").length,
    unknownOrders: live.filter((order) => order.isUnknown).length,
    fills,
    lastBookAt: first?.bookAt ?? null,
    peakPnl: data.losses.peak,
    haltReason: data.halted,
    report: options.strategy.report?.(data.strategyState, viewOf(options, instruments, data)) ?? {},
  };
}

function legPosition(instrument: Instrument, state: LegState): LegPosition {
  const mark = markOf(state);
  const position = toQuantity(instrument, heldOf(state.ledger, instrument));
  return { ...instrument.ref, base: instrument.base, position, price: mark === null ? null : toPrice(instrument, mark) };
}

/** |min(net, 0)| / volume x 100, the cost of a unit of volume in percent. */
function wearRate(netPnl: Money, volume: Money): string {
  if (volume.eq(0) || netPnl.gte(0)) return "0";
  return rounded(netPnl.abs().div(volume).times(100), 6);
}

/** The price at which a position is valued: the exchange's mark, else mid; null without either. */
export function markOf(state: {
  readonly bestBid: Ticks | null;
  readonly bestAsk: Ticks | null;
  readonly mark: Ticks | null;
}): Ticks | null {
  if (state.mark !== null) return state.mark;
  return state.bestBid === null || state.bestAsk === null ? null : ticks(Math.round((state.bestBid + state.bestAsk) / 2));
}
