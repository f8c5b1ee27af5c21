// Works out the difference between what is wished and what rests, and turns it into places and cancels that the gate allows.

import { encodeClientOrderId } from "../client-order-id.ts";
import type { PlaceOrder } from "../effects.ts";
import { toPrice } from "../instrument.ts";
import { money } from "../money.ts";
import { isLive, leavesQuantity, nextStatus, type Order, type Side } from "../order.ts";
import { hasDust } from "../position-ledger.ts";
import { type Quote, TAKE_SLOT } from "../strategy.ts";
import { type Lots, lots, type Ticks, ticks } from "../units.ts";
import { liquidationDistanceBps } from "./loss-limits.ts";
import { checkOrder, type Denial, type GateFacts, type GateLimits } from "./risk-gate.ts";
import { nextCounter, ordersLastMinute, type Wish } from "./state.ts";
import { botNumberOn, heldIn, instrumentOf, legOf, positionIn, raise, reportOrder, slotKey, type Turn } from "./turn.ts";
import { markOf } from "./view.ts";
import { isTooSmall } from "./watch.ts";

const DENIED_EVERY_MS = 300_000;
const DENIED_PAUSE_MS = 5_000;
const TAKE_PAUSE_MS = 1_000;
/** big.js: towards zero. */
const ROUND_DOWN = 0;

/** Plans every leg: takes when a position is to be reached, else the difference of quotes. */
export function plan(turn: Turn): void {
  if (turn.data.phase !== "running") return;
  for (const leg of Object.keys(turn.data.legs)) {
    const target = targetOf(turn, leg);
    if (target.type === "hold") planHold(turn, leg, target.quantity, target.maxSlippageBps);
    else planQuotes(turn, leg, target.type === "quote" ? target.orders : [], target.type === "quote" ? target.toleranceTicks : 0);
  }
}

/** What the leg should come to, after the operator's word and a halt have had theirs. */
function targetOf(turn: Turn, leg: string): Wish {
  const { data } = turn;
  if (data.flatten !== null) return { type: "hold", quantity: lots(0), maxSlippageBps: data.flatten.maxSlippageBps, isProtective: true };
  if (data.halted !== null || data.desired === "stopped") return { type: "none" };
  const state = legOf(turn, leg);
  if (state.wish.type === "hold") {
    const isClosing = Math.abs(state.wish.quantity) < Math.abs(positionIn(turn, leg)) && state.wish.quantity * positionIn(turn, leg) >= 0;
    return data.desired === "running" || isClosing || state.wish.isProtective ? state.wish : { type: "none" };
  }
  if (state.wish.type === "quote" && data.desired !== "running") {
    return { ...state.wish, orders: closingPart(state.wish.orders, heldIn(turn, leg)) };
  }
  return state.wish;
}

/** The wishes that only close the attributed position, nearest the market first, cut where it is used up. */
export function closingPart(orders: readonly Quote[], position: Lots): Quote[] {
  if (position === 0) return [];
  const side: Side = position > 0 ? "sell" : "buy";
  const nearest = orders
    .filter((quote) => quote.side === side)
    .sort((a, b) => Number(b.closing ?? false) - Number(a.closing ?? false) || (side === "sell" ? a.price - b.price : b.price - a.price));
  let left = Math.abs(position);
  const kept: Quote[] = [];
  for (const quote of nearest) {
    if (left <= 0) break;
    const quantity = lots(Math.min(left, quote.quantity));
    kept.push({ ...quote, quantity });
    left -= quantity;
  }
  return kept;
}

function planQuotes(turn: Turn, leg: string, quotes: readonly Quote[], toleranceTicks: number): void {
  const wished = new Map(quotes.map((quote) => [quote.slot, quote]));
  for (const order of turn.data.orders) {
    if (order.leg !== leg || !isLive(order)) continue;
    const quote = wished.get(order.slot);
    wished.delete(order.slot);
    if (quote === undefined) requestCancel(turn, order);
    else if (!matches(order, quote, toleranceTicks)) replace(turn, leg, order, quote);
  }
  for (const quote of inOrderOfNeed(turn, leg, [...wished.values()])) placeQuote(turn, leg, quote);
}

function matches(order: Order, quote: Quote, toleranceTicks: number): boolean {
  return (
    order.side === quote.side &&
    Math.abs(order.wishedPrice - quote.price) <= toleranceTicks &&
    leavesQuantity(order) === quote.quantity &&
    order.reduceOnly === (quote.reduceOnly ?? false)
  );
}

/** Changes a resting order in place where the exchange can and the gate allows what it becomes, else cancels it to be placed anew. */
function replace(turn: Turn, leg: string, order: Order, quote: Quote): void {
  const isAmendable =
    turn.options.amends?.includes(leg) === true &&
    order.side === quote.side &&
    order.reduceOnly === (quote.reduceOnly ?? false) &&
    !isCooling(turn, order);
  if (!isAmendable) return requestCancel(turn, order);
  if (order.status !== "open" || order.isUnknown || order.amending !== null) return;
  const price = retreat(turn, leg, quote);
  const probe = { side: quote.side, price, quantity: quote.quantity, reduceOnly: order.reduceOnly };
  if (checkOrder(probe, factsWithout(turn, leg, order, quote.quantity), limitsFor(turn, leg)) !== null) return requestCancel(turn, order);
  order.wishedPrice = quote.price;
  order.amending = { price, quantity: lots(order.filledQuantity + quote.quantity) };
  // A listing that was asked for before this knows nothing of it.
  order.updatedAt = turn.data.at;
  turn.effects.push({ type: "amend", leg, clientOrderId: order.clientOrderId, exchangeOrderId: order.exchangeOrderId, ...order.amending });
}

function isCooling(turn: Turn, place: { readonly leg: string; readonly slot: string }): boolean {
  const pause = turn.data.coolDowns[slotKey(place)];
  return pause !== undefined && pause.until > turn.data.at;
}

/** A post-only price that may retreat: behind the touch, and one tick further back for each refusal in a row. */
function retreat(turn: Turn, leg: string, quote: Quote): Ticks {
  const most = quote.maxRetreatTicks ?? 0;
  const { bestBid, bestAsk } = legOf(turn, leg);
  if (most === 0 || quote.postOnly !== true || bestBid === null || bestAsk === null) return quote.price;
  const refusals = turn.data.coolDowns[slotKey({ leg, slot: quote.slot })]?.attempts ?? 0;
  const edge = quote.side === "buy" ? Math.min(quote.price, bestAsk - 1) - refusals : Math.max(quote.price, bestBid + 1) + refusals;
  const bounded = quote.side === "buy" ? Math.max(edge, quote.price - most) : Math.min(edge, quote.price + most);
  return ticks(Math.max(1, bounded));
}

/** Closing orders first, then the nearest to the market: what matters most gets the order budget. */
function inOrderOfNeed(turn: Turn, leg: string, quotes: Quote[]): Quote[] {
  const { bestBid, bestAsk } = legOf(turn, leg);
  const mid = bestBid === null || bestAsk === null ? 0 : (bestBid + bestAsk) / 2;
  return quotes.sort(
    (a, b) => Number(b.closing ?? false) - Number(a.closing ?? false) || Math.abs(a.price - mid) - Math.abs(b.price - mid),
  );
}

/** Cancels an order that rests; one that is in flight or unknown is waited for. */
function requestCancel(turn: Turn, order: Order): void {
  if (order.status !== "open" || order.isUnknown) return;
  const key = `cancel:${order.clientOrderId}`;
  const pause = turn.data.coolDowns[key];
  if (pause !== undefined && pause.until > turn.data.at) return;
  turn.data.coolDowns[key] = { until: turn.data.at + 1_000, attempts: (pause?.attempts ?? 0) + 1 };
  order.status = nextStatus(order.status, "cancelRequested");
  reportOrder(turn, order);
  turn.effects.push({ type: "cancel", leg: order.leg, clientOrderId: order.clientOrderId, exchangeOrderId: order.exchangeOrderId });
}

interface NewOrder {
  readonly slot: string;
  readonly side: Side;
  readonly price: Ticks;
  readonly wishedPrice: Ticks;
  readonly quantity: Lots;
  readonly timeInForce: "gtc" | "ioc";
  readonly postOnly: boolean;
  readonly reduceOnly: boolean;
  readonly closing: boolean;
  readonly reason: string;
}

function placeQuote(turn: Turn, leg: string, quote: Quote): void {
  place(turn, leg, {
    slot: quote.slot,
    side: quote.side,
    price: retreat(turn, leg, quote),
    wishedPrice: quote.price,
    quantity: quote.quantity,
    timeInForce: "gtc",
    postOnly: quote.postOnly ?? false,
    reduceOnly: quote.reduceOnly ?? false,
    closing: quote.closing ?? false,
    reason: quote.reason,
  });
}

function gateFacts(turn: Turn, leg: string): GateFacts {
  const { data } = turn;
  const state = legOf(turn, leg);
  return {
    instrument: instrumentOf(turn, leg),
    bestBid: state.bestBid,
    bestAsk: state.bestAsk,
    mark: markOf(state),
    bookAgeMs: state.bookAt === null ? Number.POSITIVE_INFINITY : data.at - state.bookAt,
    position: positionIn(turn, leg),
    dustSide: hasDust(state.ledger, instrumentOf(turn, leg)) ? (state.ledger.position > 0 ? "buy" : "sell") : undefined,
    orders: data.orders.filter((order) => order.leg === leg),
    liveCount: data.orders.filter(isLive).length,
    ordersLastMinute: ordersLastMinute(data),
    isMismatched: state.disagreements >= 2,
    liquidationDistanceBps: liquidationDistanceBps(turn, leg),
  };
}

/** What the gate judges a change by: the order as it will be beside all others. What does not grow is no new order to the exchange. */
function factsWithout(turn: Turn, leg: string, order: Order, quantity: Lots): GateFacts {
  const facts = gateFacts(turn, leg);
  const beside = { ...facts, orders: facts.orders.filter((other) => other !== order), liveCount: facts.liveCount - 1 };
  if (quantity > leavesQuantity(order)) return beside;
  return { ...beside, instrument: { ...facts.instrument, minQuantity: lots(1), minNotional: "0" }, ordersLastMinute: 0 };
}

function limitsFor(turn: Turn, leg: string): GateLimits {
  const { risk } = turn.options;
  return { ...risk, maxPosition: (risk.maxPosition[leg] ?? 0) as Lots };
}

/** Sends one order into its free slot unless the slot cools down or the gate says no. */
function place(turn: Turn, leg: string, order: NewOrder): void {
  const { data } = turn;
  if (isCooling(turn, { leg, slot: order.slot })) return;
  const denial = checkOrder(order, gateFacts(turn, leg), limitsFor(turn, leg));
  if (denial !== null) return deny(turn, leg, order.slot, denial);
  const clientOrderId = encodeClientOrderId(botNumberOn(turn, leg), nextCounter(data));
  const sent: PlaceOrder = {
    clientOrderId,
    side: order.side,
    price: order.price,
    quantity: order.quantity,
    timeInForce: order.timeInForce,
    postOnly: order.postOnly,
    reduceOnly: order.reduceOnly,
  };
  data.orders.push({
    ...sent,
    wishedPrice: order.wishedPrice,
    amending: null,
    leg,
    slot: order.slot,
    reason: order.reason,
    decision: data.decision,
    createdAt: data.at,
    exchangeOrderId: null,
    status: "submitted",
    isUnknown: false,
    filledQuantity: lots(0),
    reportedFilledQuantity: lots(0),
    updatedAt: data.at,
  });
  data.placedAt.push(data.at);
  turn.effects.push({
    type: "place",
    leg,
    order: sent,
    slot: order.slot,
    reason: order.reason,
    decision: data.decision,
    urgency: order.closing ? "close" : "open",
  });
}

function deny(turn: Turn, leg: string, slot: string, denial: Denial): void {
  const key = slotKey({ leg, slot });
  turn.data.coolDowns[key] = { until: turn.data.at + DENIED_PAUSE_MS, attempts: (turn.data.coolDowns[key]?.attempts ?? 0) + 1 };
  // A missing book and the order budget are states, not faults of an order.
  if (denial.code === "noBook" || denial.code === "crossedBook" || denial.code === "maxOpenOrders") return;
  raise(turn, `denied:${denial.code}`, DENIED_EVERY_MS, {
    type: "orderDenied",
    symbol: instrumentOf(turn, leg).ref.symbol,
    code: denial.code,
    message: denial.message,
  });
}

/** Reaches a position by taking: first every resting order of the leg goes, then one bounded IOC order at a time. */
function planHold(turn: Turn, leg: string, quantity: Lots, maxSlippageBps: number): void {
  const live = turn.data.orders.filter((order) => order.leg === leg && isLive(order));
  for (const order of live) if (order.slot !== TAKE_SLOT) requestCancel(turn, order);
  if (live.length > 0) return;
  const state = legOf(turn, leg);
  const { bestBid, bestAsk } = state;
  const difference = differenceTo(turn, leg, quantity);
  const instrument = instrumentOf(turn, leg);
  if (bestBid === null || bestAsk === null || isTooSmall(turn, leg, Math.abs(difference))) return;
  const side: Side = difference > 0 ? "buy" : "sell";
  const price = takePrice(turn, leg, side, side === "buy" ? bestAsk : bestBid, maxSlippageBps);
  const isReducing = Math.abs(quantity) < Math.abs(positionIn(turn, leg)) && quantity * positionIn(turn, leg) >= 0;
  const before = turn.effects.length;
  place(turn, leg, {
    slot: TAKE_SLOT,
    side,
    price,
    wishedPrice: price,
    quantity: takeQuantity(turn, leg, Math.abs(difference), price),
    timeInForce: "ioc",
    postOnly: false,
    reduceOnly: isReducing && instrument.kind === "perp",
    closing: isReducing,
    reason: isReducing ? "close the position" : "reach the wished position",
  });
  if (turn.effects.length > before)
    turn.data.coolDowns[slotKey({ leg, slot: TAKE_SLOT })] = { until: turn.data.at + TAKE_PAUSE_MS, attempts: 0 };
}

/** Lots to take to reach a position; never to sell what was bought and went to the exchange as fees in base currency. */
function differenceTo(turn: Turn, leg: string, quantity: Lots): number {
  const difference = quantity - positionIn(turn, leg);
  const sellable = Math.max(0, heldIn(turn, leg)) + Math.max(0, -quantity);
  return difference < 0 && positionIn(turn, leg) > 0 ? -Math.min(-difference, sellable) : difference;
}

/** The worst price of a take: within the slippage, and within the price band, since a close beyond it would be denied for ever. */
function takePrice(turn: Turn, leg: string, side: Side, touch: Ticks, maxSlippageBps: number): Ticks {
  const { priceBandBps = Number.POSITIVE_INFINITY } = turn.options.risk;
  const mark = markOf(legOf(turn, leg)) ?? touch;
  const price =
    side === "buy"
      ? Math.min(Math.ceil(touch * (1 + maxSlippageBps / 10_000)), Math.floor(mark * (1 + priceBandBps / 10_000)))
      : Math.max(Math.floor(touch * (1 - maxSlippageBps / 10_000)), Math.ceil(mark * (1 - priceBandBps / 10_000)));
  return ticks(Math.max(1, price));
}

/** As much of a take as one order may be worth; the next one takes the rest, so that no position is too large to be closed. */
function takeQuantity(turn: Turn, leg: string, wanted: number, price: Ticks): Lots {
  const { maxOrderNotional } = turn.options.risk;
  if (maxOrderNotional === undefined) return lots(wanted);
  const instrument = instrumentOf(turn, leg);
  const worth = money(toPrice(instrument, price)).times(instrument.lotSize);
  const most = Number(money(maxOrderNotional).div(worth).round(0, ROUND_DOWN));
  return lots(Math.min(wanted, Math.max(instrument.minQuantity, most)));
}
