// Folds what the exchange, the driver and reconciliation say about our orders into the kernel's state.

import { decodeClientOrderId } from "../client-order-id.ts";
import type { ExchangeFill, KernelEvent, OpenOrder } from "../events.ts";
import { type Instrument, toLots, toPrice, toQuantity, toTicks } from "../instrument.ts";
import { text } from "../money.ts";
import { isLive, nextStatus, type Order, type OrderHappening } from "../order.ts";
import { applyFill, positionOf } from "../position-ledger.ts";
import { type Lots, lots } from "../units.ts";
import { fillKey, type KernelData, rememberFill } from "./state.ts";
import { findOrder, instrumentOf, isOwnId, legOf, raise, reportOrder, slotKey, type Turn } from "./turn.ts";

const ALERT_EVERY_MS = 60_000;
const COOL_DOWN_FIRST_MS = 1_000;
const COOL_DOWN_MAX_MS = 30_000;
/** A listing tells nothing about orders that changed while it was made. */
const LISTING_GRACE_MS = 2_000;
/** Post-only orders that would cross are part of the trade; a streak of rejections is not. */
const REJECT_STREAK_ALERT = 5;

/** An order that lives longer than this has rested; its end is somebody's decision, not a late refusal. */
const LATE_REFUSAL_MS = 2_000;

type EventOf<T extends KernelEvent["type"]> = Extract<KernelEvent, { type: T }>;

/** Moves an order along the transition table, stores its row and tells the strategy when it is over. */
function move(turn: Turn, order: Order, happening: OrderHappening, code?: string): void {
  const wasLive = isLive(order);
  order.status = nextStatus(order.status, happening);
  reportOrder(turn, order);
  if (wasLive && !isLive(order)) close(turn, order, code);
}

function close(turn: Turn, order: Order, code?: string): void {
  const status = order.status === "submitted" || order.status === "open" || order.status === "cancelSubmitted" ? "canceled" : order.status;
  turn.tell.push({ type: "orderClosed", leg: order.leg, slot: order.slot, status, ...(code === undefined ? {} : { code }) });
  if (status !== "filled") return;
  delete turn.data.coolDowns[slotKey(order)];
  delete turn.data.coolDowns[lateKey(order)];
}

/** Where a slot's late refusals are counted: an acceptance ends the other count, and every late refusal follows one. */
function lateKey(order: Order): string {
  return `late:${slotKey(order)}`;
}

/**
 * Some exchanges accept every order and close it a moment later (post-only that would take, no margin). Without a pause the slot
 * would be filled again with every book.
 */
function coolDownLateRefusal(turn: Turn, order: Order): void {
  const attempts = (turn.data.coolDowns[lateKey(order)]?.attempts ?? 0) + 1;
  turn.data.coolDowns[lateKey(order)] = { until: turn.data.at, attempts };
  const pause = Math.min(COOL_DOWN_MAX_MS, COOL_DOWN_FIRST_MS * 2 ** (attempts - 1));
  turn.data.coolDowns[slotKey(order)] = { until: turn.data.at + pause, attempts };
  if (attempts < REJECT_STREAK_ALERT) return;
  const { symbol } = instrumentOf(turn, order.leg).ref;
  const message = "the exchange closed the order right after it took it";
  raise(turn, "rejected:late", ALERT_EVERY_MS, {
    ...{ type: "orderRejected", symbol, code: "closedAtOnce", message, clientOrderId: order.clientOrderId },
  });
}

/** True for an order that the exchange ended by itself, unfilled, before it can be said to have rested. */
function isLateRefusal(turn: Turn, order: Order): boolean {
  const isOurs = order.status === "cancelSubmitted";
  const isRefusable = order.timeInForce === "gtc" && order.reportedFilledQuantity === 0 && order.filledQuantity === 0;
  return !isOurs && isRefusable && isLive(order) && turn.data.at - order.createdAt <= LATE_REFUSAL_MS;
}

/** Remembers how often a slot was refused in a row: its pause doubles, and a post-only order may step back by as many ticks. */
function coolDown(turn: Turn, order: Order): number {
  const slot = slotKey(order);
  const attempts = (turn.data.coolDowns[slot]?.attempts ?? 0) + 1;
  const pause = Math.min(COOL_DOWN_MAX_MS, COOL_DOWN_FIRST_MS * 2 ** (attempts - 1));
  turn.data.coolDowns[slot] = { until: turn.data.at + pause, attempts };
  return attempts;
}

export function onAccepted(turn: Turn, event: EventOf<"accepted">): void {
  const order = findOrder(turn, event.clientOrderId);
  if (order === undefined) return;
  order.exchangeOrderId = event.exchangeOrderId;
  order.isUnknown = false;
  order.reportedFilledQuantity = maximum(order.reportedFilledQuantity, event.filledQuantity ?? lots(0));
  // What overtook its acceptance rests because of how it ended, and takes pause whatever became of the last one.
  const endsPause = isLive(order) || order.status === "rejected";
  if (endsPause && order.timeInForce === "gtc") delete turn.data.coolDowns[slotKey(order)];
  move(turn, order, "accepted");
}

export function onRejected(turn: Turn, event: EventOf<"rejected">): void {
  const order = findOrder(turn, event.clientOrderId);
  if (order === undefined || !isLive(order)) return;
  order.isUnknown = false;
  const attempts = coolDown(turn, order);
  const symbol = instrumentOf(turn, order.leg).ref.symbol;
  if (!order.postOnly || attempts >= REJECT_STREAK_ALERT) {
    raise(turn, `rejected:${event.code}`, ALERT_EVERY_MS, {
      type: "orderRejected",
      symbol,
      code: event.code,
      message: event.message,
      clientOrderId: order.clientOrderId,
    });
  }
  move(turn, order, "rejected", event.code);
}

export function onDenied(turn: Turn, event: EventOf<"denied">): void {
  const order = findOrder(turn, event.clientOrderId);
  if (order === undefined || !isLive(order)) return;
  order.isUnknown = false;
  coolDown(turn, order);
  const symbol = instrumentOf(turn, order.leg).ref.symbol;
  raise(turn, `denied:${event.code}`, ALERT_EVERY_MS, { type: "orderDenied", symbol, code: event.code, message: event.message });
  move(turn, order, "denied", event.code);
}

export function onAmended(turn: Turn, event: EventOf<"amended">): void {
  const order = findOrder(turn, event.clientOrderId);
  if (order === undefined) return;
  order.exchangeOrderId = event.exchangeOrderId ?? order.exchangeOrderId;
  order.price = event.price;
  order.quantity = event.quantity;
  order.amending = null;
  order.isUnknown = false;
  completeOrReport(turn, order);
}

/** An order whose quantity came down to what had filled meanwhile is complete: no fill will come to say so. */
function completeOrReport(turn: Turn, order: Order): void {
  if (order.amending === null && order.filledQuantity >= order.quantity) move(turn, order, "filled");
  else reportOrder(turn, order);
}

export function onAmendRefused(turn: Turn, event: EventOf<"amendRefused">): void {
  const order = findOrder(turn, event.clientOrderId);
  if (order === undefined || !isLive(order)) return;
  // While nobody knows, the larger of both quantities keeps counting; the next listing tells.
  if (!event.isUnknown) order.amending = null;
  else if (order.amending !== null) order.amending = { ...order.amending, isUnanswered: true };
  order.wishedPrice = order.price;
  coolDown(turn, order);
  completeOrReport(turn, order);
  if (isLive(order)) inquire(turn, order);
}

export function onNeverArrived(turn: Turn, event: EventOf<"neverArrived">): void {
  const order = findOrder(turn, event.clientOrderId);
  if (order === undefined || !order.isUnknown || order.exchangeOrderId !== null) return;
  order.isUnknown = false;
  coolDown(turn, order);
  move(turn, order, "rejected", "neverArrived");
}

export function onUnknown(turn: Turn, event: EventOf<"unknown">): void {
  const order = findOrder(turn, event.clientOrderId);
  if (order === undefined || !isLive(order) || order.exchangeOrderId !== null) return;
  order.isUnknown = true;
  move(turn, order, "unknown");
  inquire(turn, order);
}

export function onCanceled(turn: Turn, event: EventOf<"canceled">): void {
  const order = findOrder(turn, event.clientOrderId);
  if (order === undefined) return;
  order.isUnknown = false;
  order.reportedFilledQuantity = maximum(order.reportedFilledQuantity, event.filledQuantity);
  if (isLateRefusal(turn, order)) coolDownLateRefusal(turn, order);
  move(turn, order, event.expired === true ? "expired" : "canceled");
  // The report overtook its own fills: the order stays live until they are seen.
  if (isLive(order)) inquire(turn, order);
}

export function onCancelRefused(turn: Turn, event: EventOf<"cancelRefused">): void {
  const order = findOrder(turn, event.clientOrderId);
  if (order === undefined || !isLive(order)) return;
  if (event.isUnknown || order.exchangeOrderId === null) order.isUnknown = true;
  move(turn, order, "cancelRefused");
  inquire(turn, order);
}

export function inquire(turn: Turn, order: Order): void {
  turn.effects.push({ type: "inquire", leg: order.leg, clientOrderId: order.clientOrderId });
}

/** Folds one fill of ours in, once; foreign fills never reach the kernel. */
export function onFill(turn: Turn, leg: string, fill: ExchangeFill): void {
  const state = legOf(turn, leg);
  const instrument = instrumentOf(turn, leg);
  // One that was folded in before may have no whole number of today's steps.
  if (state.seenFills.includes(fillKey(fill))) return;
  if (!(Number.isSafeInteger(fill.price) && fill.price > 0 && Number.isSafeInteger(fill.quantity) && fill.quantity > 0)) {
    raise(turn, "badFill", ALERT_EVERY_MS, {
      type: "mismatch",
      symbol: instrument.ref.symbol,
      ours: "a fill we can read",
      theirs: `trade ${fill.tradeId}: price ${fill.price}, quantity ${fill.quantity}`,
    });
    return;
  }
  rememberFill(state, fillKey(fill));
  const order =
    (fill.clientOrderId === null ? undefined : findOrder(turn, fill.clientOrderId)) ??
    turn.data.orders.find((candidate) => candidate.leg === leg && candidate.exchangeOrderId === fill.exchangeOrderId);
  const slot = order?.slot ?? "late";
  const realized = applyFill(state.ledger, instrument, fill);
  state.lastFillAt = Math.max(state.lastFillAt ?? 0, fill.at);
  turn.effects.push({
    type: "record",
    fill: { leg, slot, fill, position: positionOf(state.ledger, instrument), realizedPnl: text(realized) },
  });
  turn.effects.push({
    type: "alert",
    alert: {
      type: "filled",
      symbol: instrument.ref.symbol,
      side: fill.side,
      price: toPrice(instrument, fill.price),
      quantity: toQuantity(instrument, fill.quantity),
      fee: fill.fee,
      feeCurrency: fill.feeCurrency,
      liquidity: fill.liquidity,
      position: toQuantity(instrument, positionOf(state.ledger, instrument)),
      realizedPnl: text(realized),
      currency: instrument.quote,
      tradeId: fill.tradeId,
    },
  });
  turn.tell.push({
    type: "fill",
    leg,
    slot,
    side: fill.side,
    price: fill.price,
    quantity: fill.quantity,
    fee: fill.fee,
    feeCurrency: fill.feeCurrency,
  });
  if (order !== undefined) fillOrder(turn, order, fill);
}

function fillOrder(turn: Turn, order: Order, fill: ExchangeFill): void {
  const wasLive = isLive(order);
  order.exchangeOrderId ??= fill.exchangeOrderId;
  order.isUnknown = false;
  order.filledQuantity = lots(order.filledQuantity + fill.quantity);
  order.reportedFilledQuantity = maximum(order.reportedFilledQuantity, order.filledQuantity);
  if (order.amending !== null && order.filledQuantity > order.quantity) {
    // More than it was: the amend was taken, though its answer is still on its way.
    order.price = order.amending.price;
    order.quantity = order.amending.quantity;
    order.amending = null;
  }
  // While an amend may have made it larger, the old quantity does not complete it.
  const whole = Math.max(order.quantity, order.amending?.quantity ?? 0);
  if (order.filledQuantity >= whole) order.status = nextStatus(order.status, "filled");
  else if (order.status === "submitted" || order.status === "rejected") order.status = nextStatus(order.status, "accepted");
  reportOrder(turn, order);
  if (wasLive && !isLive(order)) close(turn, order);
}

/**
 * Compares the exchange's list and position with ours. The listing was asked for at `event.at`, so what changed since is
 * left alone. Nothing is concluded from absence: a missing order is asked about.
 */
export function onReconciled(turn: Turn, event: EventOf<"reconciled">): void {
  const listed = new Map(event.openOrders.flatMap((open) => (open.clientOrderId === null ? [] : [[open.clientOrderId, open] as const])));
  for (const order of [...turn.data.orders]) {
    if (order.leg !== event.leg) continue;
    const open = listed.get(order.clientOrderId);
    listed.delete(order.clientOrderId);
    if (open !== undefined) seenOpen(turn, order, open, event.at);
    else if (isLive(order) && order.updatedAt <= event.at - LISTING_GRACE_MS) inquire(turn, order);
    else if (order.isUnknown && isLive(order)) inquire(turn, order);
  }
  for (const open of listed.values()) if (isOwnId(turn, event.leg, open.clientOrderId)) adopt(turn, event.leg, open);
  comparePosition(turn, event);
}

function seenOpen(turn: Turn, order: Order, open: OpenOrder, askedAt: number): void {
  // An amend that nobody answered, or that a former life sent, shows here alone; a listing from before it shows the old order.
  const isNewer = isLive(order) && order.updatedAt <= askedAt - LISTING_GRACE_MS;
  const isChanged = order.amending !== null || order.price !== open.price || order.quantity !== open.quantity;
  if (isNewer && isChanged && !isAmendOnItsWay(order, open)) {
    order.exchangeOrderId = open.exchangeOrderId;
    order.price = open.price;
    order.quantity = open.quantity;
    order.amending = null;
    completeOrReport(turn, order);
  }
  order.reportedFilledQuantity = maximum(order.reportedFilledQuantity, open.filledQuantity);
  const isNews = order.isUnknown || order.status === "submitted" || order.status === "rejected";
  if (isNews) {
    order.exchangeOrderId = open.exchangeOrderId;
    order.isUnknown = false;
    if (isLive(order) || order.status === "rejected") move(turn, order, "accepted");
  }
  if (order.reportedFilledQuantity > order.filledQuantity) inquire(turn, order);
}

/** An amend whose answer is still to come may wait for its permit, and land, after a listing that shows the order as it was. */
function isAmendOnItsWay({ amending }: Order, open: OpenOrder): boolean {
  if (amending === null || amending.isUnanswered === true) return false;
  return amending.price !== open.price || amending.quantity !== open.quantity;
}

/** An order that carries our id and that we do not remember: ours, wished by nobody, so the next plan cancels it. */
function adopt(turn: Turn, leg: string, open: OpenOrder): void {
  const order: Order = {
    clientOrderId: open.clientOrderId ?? "",
    leg,
    slot: `adopted:${open.exchangeOrderId}`,
    side: open.side,
    price: open.price,
    quantity: open.quantity,
    timeInForce: "gtc",
    postOnly: open.postOnly,
    reduceOnly: open.reduceOnly,
    wishedPrice: open.price,
    amending: null,
    reason: "found at the exchange with our id",
    decision: turn.data.decision,
    createdAt: open.at,
    exchangeOrderId: open.exchangeOrderId,
    status: "open",
    isUnknown: false,
    filledQuantity: lots(0),
    reportedFilledQuantity: open.filledQuantity,
    updatedAt: turn.data.at,
  };
  turn.data.orders.push(order);
  // After a total loss of our state the counters must not run over ids that still rest.
  turn.data.counter = Math.max(turn.data.counter, decodeClientOrderId(order.clientOrderId)?.counter ?? 0);
  reportOrder(turn, order);
  if (open.filledQuantity > 0) inquire(turn, order);
}

function comparePosition(turn: Turn, event: EventOf<"reconciled">): void {
  const state = legOf(turn, event.leg);
  const instrument = instrumentOf(turn, event.leg);
  if (event.position === null || instrument.kind !== "perp") return;
  const isSettled = turn.data.orders.every(
    (order) => order.leg !== event.leg || !(order.isUnknown || order.reportedFilledQuantity > order.filledQuantity),
  );
  if (!isSettled || (state.lastFillAt !== null && state.lastFillAt > event.at - LISTING_GRACE_MS)) return;
  const own = positionOf(state.ledger, instrument);
  const difference = lots(event.position - own);
  state.unattributed ??= difference;
  if (difference === state.unattributed) {
    state.disagreements = 0;
    return;
  }
  state.disagreements += 1;
  if (state.disagreements < 2) return;
  const ours = toQuantity(instrument, lots(own + state.unattributed));
  raise(turn, `mismatch:${event.leg}`, 10 * ALERT_EVERY_MS, {
    type: "mismatch",
    symbol: instrument.ref.symbol,
    ours,
    theirs: toQuantity(instrument, event.position),
  });
}

function maximum(a: Lots, b: Lots): Lots {
  return a > b ? a : b;
}

/** Counts a leg's orders in new steps; what is not a whole number there is rounded, since those orders are about to be canceled. */
export function recountOrders(data: KernelData, leg: string, before: Instrument, after: Instrument): void {
  for (const order of data.orders) {
    if (order.leg !== leg) continue;
    order.price = toTicks(after, toPrice(before, order.price), "nearest");
    order.wishedPrice = order.price;
    order.amending = null;
    for (const key of ["quantity", "filledQuantity", "reportedFilledQuantity"] as const)
      order[key] = toLots(after, toQuantity(before, order[key]), "nearest");
  }
}
