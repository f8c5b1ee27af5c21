// The kernel's whole state as plain JSON, its first value and its way back from storage.

import { COUNTER_MAX, decodeClientOrderId } from "../client-order-id.ts";
import type { Desired } from "../events.ts";
import type { Instrument } from "../instrument.ts";
import { isLive, type Order } from "../order.ts";
import { emptyLedger, type PositionLedger } from "../position-ledger.ts";
import type { Quote, Until } from "../strategy.ts";
import type { Text } from "../text.ts";
import type { Lots, Ticks } from "../units.ts";

/** What the strategy last said of a leg; it stands until it says otherwise. */
export type Wish =
  | { readonly type: "none" }
  | { readonly type: "quote"; readonly orders: readonly Quote[]; readonly toleranceTicks: number; readonly until: Until | null }
  | { readonly type: "hold"; readonly quantity: Lots; readonly maxSlippageBps: number; readonly isProtective: boolean };

export interface LegState {
  ledger: PositionLedger;
  bestBid: Ticks | null;
  bestAsk: Ticks | null;
  bidQuantity: Lots | null;
  askQuantity: Lots | null;
  mark: Ticks | null;
  /** The market's newest public trade. */
  last: Ticks | null;
  available: { base: string; quote: string } | null;
  liquidationPrice: string | null;
  bookAt: number | null;
  wish: Wish;
  /** Newest fill folded in, epoch ms. */
  lastFillAt: number | null;
  /** Keys of the newest fills, oldest first, bounded: a fill told twice is one fill. */
  seenFills: string[];
  /** Exchange position minus ours when first compared: what was there before us or belongs to the user. */
  unattributed: Lots | null;
  /** Reconciliations in a row that disagreed. */
  disagreements: number;
}

/** Baselines that survive a restart, decimal strings of net profit in quote currency. */
export interface LossState {
  /** The risk day that `dayStart` belongs to; null before the first one was announced. */
  day: string | null;
  dayStart: string;
  /** Highest net profit ever seen, or since a person reset it. */
  peak: string;
  /** The newest reset that was followed, epoch ms. */
  peakSince?: number;
  /** The next net profit that can be told becomes the peak. */
  isPeakOpen?: boolean;
}

function firstLossState(): LossState {
  return { day: null, dayStart: "0", peak: "0" };
}

/** Why a slot stays closed for a moment. */
export interface CoolDown {
  until: number;
  attempts: number;
}

export interface KernelData {
  readonly version: 1;
  at: number;
  phase: "recovering" | "running";
  desired: Desired;
  halted: Text | null;
  /** Set when an operator asked to close the position, until it is flat. */
  flatten: { maxSlippageBps: number } | null;
  counter: number;
  decision: number;
  strategyVersion: number;
  params: unknown;
  strategyState: unknown;
  /** `revision` of each leg's instrument under which ticks and lots in this state are counted. */
  revisions: Record<string, string>;
  legs: Record<string, LegState>;
  orders: Order[];
  coolDowns: Record<string, CoolDown>;
  /** Times of the orders placed in the last minute, epoch ms. */
  placedAt: number[];
  losses: LossState;
  /** When the bot first ran, epoch ms: `runFor` counts from here. */
  startedAt: number | null;
  /** When each kind of alert was last raised, so that a storm is one message. */
  alertedAt: Record<string, number>;
}

const SEEN_FILLS_MAX = 1_000;
const CLOSED_ORDERS_MAX = 60;
const COOL_DOWN_MEMORY_MS = 60_000;

export function emptyLeg(instrument: Instrument): LegState {
  return {
    ledger: emptyLedger(instrument),
    bestBid: null,
    bestAsk: null,
    bidQuantity: null,
    askQuantity: null,
    mark: null,
    last: null,
    available: null,
    liquidationPrice: null,
    bookAt: null,
    wish: { type: "none" },
    lastFillAt: null,
    seenFills: [],
    unattributed: null,
    disagreements: 0,
  };
}

export function fillKey(fill: { readonly tradeId: string; readonly exchangeOrderId: string }): string {
  return `${fill.tradeId}:${fill.exchangeOrderId}`;
}

/** Remembers a fill; false when it was seen before. */
export function rememberFill(leg: LegState, key: string): boolean {
  if (leg.seenFills.includes(key)) return false;
  leg.seenFills.push(key);
  if (leg.seenFills.length > SEEN_FILLS_MAX) leg.seenFills.splice(0, leg.seenFills.length - SEEN_FILLS_MAX);
  return true;
}

/** Drops the oldest closed orders beyond a bound; the rest stay to receive late fills. */
export function forgetOldOrders(data: KernelData): void {
  const closed = data.orders.filter((order) => !isLive(order));
  if (closed.length <= CLOSED_ORDERS_MAX) return;
  const drop = new Set(closed.slice(0, closed.length - CLOSED_ORDERS_MAX).map((order) => order.clientOrderId));
  data.orders = data.orders.filter((order) => !drop.has(order.clientOrderId));
}

/** Drops cool-downs that ended long ago. */
export function forgetOldCoolDowns(data: KernelData): void {
  for (const [key, pause] of Object.entries(data.coolDowns)) if (pause.until < data.at - COOL_DOWN_MEMORY_MS) delete data.coolDowns[key];
}

/** Orders placed in the last minute; older times are dropped. */
export function ordersLastMinute(data: KernelData): number {
  data.placedAt = data.placedAt.filter((at) => at > data.at - 60_000);
  return data.placedAt.length;
}

/** Next order counter; wraps only after 2^24 orders, past ids proven closed. */
export function nextCounter(data: KernelData): number {
  data.counter = data.counter >= COUNTER_MAX ? 1 : data.counter + 1;
  return data.counter;
}

export interface FirstState {
  readonly at: number;
  readonly params: unknown;
  readonly strategyVersion: number;
  readonly strategyState: unknown;
  readonly instruments: Readonly<Record<string, Instrument>>;
}

export function firstData(first: FirstState): KernelData {
  const legs: Record<string, LegState> = {};
  const revisions: Record<string, string> = {};
  for (const [leg, instrument] of Object.entries(first.instruments)) {
    legs[leg] = emptyLeg(instrument);
    revisions[leg] = instrument.revision;
  }
  return {
    version: 1,
    at: first.at,
    phase: "recovering",
    desired: "running",
    halted: null,
    flatten: null,
    counter: 0,
    decision: 0,
    strategyVersion: first.strategyVersion,
    params: first.params,
    strategyState: first.strategyState,
    revisions,
    legs,
    orders: [],
    coolDowns: {},
    placedAt: [],
    losses: firstLossState(),
    startedAt: null,
    alertedAt: {},
  };
}

/**
 * Takes stored orders in: those the state does not know were sent by a life that ended before its next state was stored,
 * so nobody knows what became of them. Order counters go on after everything ever stored.
 */
export function takeInOrders(data: KernelData, orders: readonly Order[], lastCounter: number | null): void {
  const known = new Set(data.orders.map((order) => order.clientOrderId));
  for (const order of orders) {
    if (known.has(order.clientOrderId)) continue;
    data.orders.push({ ...order, isUnknown: true });
  }
  for (const order of data.orders) {
    // An answer that was on its way to the former life will never reach this one; its cancels are asked for again.
    if (order.status === "submitted" || order.status === "cancelSubmitted") order.isUnknown = true;
    if (order.amending !== null) order.amending = { ...order.amending, isUnanswered: true };
    if (order.status === "cancelSubmitted") order.status = order.exchangeOrderId === null ? "submitted" : "open";
    data.counter = Math.max(data.counter, decodeClientOrderId(order.clientOrderId)?.counter ?? 0);
  }
  data.counter = Math.max(data.counter, lastCounter ?? 0);
}
