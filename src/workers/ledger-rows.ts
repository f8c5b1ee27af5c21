// Turns the kernel's integers into ledger rows of decimal strings, and stored orders back.

import type { Effect } from "../core/effects.ts";
import { type Instrument, toLots, toPrice, toQuantity, toTicks } from "../core/instrument.ts";
import type { Order, OrderStatus } from "../core/order.ts";
import type { FillRow, FundingRow, OrderRow } from "../core/ports.ts";
import { type Lots, lots } from "../core/units.ts";

/** Whose rows they are. */
export interface RowOwner {
  readonly botId: string;
  readonly epoch: number;
}

type PlaceEffect = Extract<Effect, { type: "place" }>;
type RecordEffect = Extract<Effect, { type: "record" }>;
type FundingEffect = Extract<Effect, { type: "recordFunding" }>;

/** The row of an order that is about to leave. */
export function intentRow(owner: RowOwner, instrument: Instrument, effect: PlaceEffect, at: number): OrderRow {
  const { order } = effect;
  return orderRow(owner, instrument, {
    ...order,
    wishedPrice: order.price,
    amending: null,
    leg: effect.leg,
    slot: effect.slot,
    reason: effect.reason,
    decision: effect.decision,
    createdAt: at,
    updatedAt: at,
    exchangeOrderId: null,
    status: "submitted",
    isUnknown: false,
    filledQuantity: lots(0),
    reportedFilledQuantity: lots(0),
  });
}

/** The row of an order as it stands; `filledQuantity` is what was reported, which our fills may not have reached yet. */
export function orderRow(owner: RowOwner, instrument: Instrument, order: Order): OrderRow {
  const { exchange, account, symbol } = instrument.ref;
  return {
    botId: owner.botId,
    exchange,
    account,
    symbol,
    clientOrderId: order.clientOrderId,
    exchangeOrderId: order.exchangeOrderId,
    epoch: owner.epoch,
    leg: order.leg,
    slot: order.slot,
    side: order.side,
    price: toPrice(instrument, order.price),
    quantity: toQuantity(instrument, order.quantity),
    filledQuantity: toQuantity(instrument, maximum(order.reportedFilledQuantity, order.filledQuantity)),
    timeInForce: order.timeInForce,
    postOnly: order.postOnly,
    reduceOnly: order.reduceOnly,
    status: order.status,
    isUnknown: order.isUnknown,
    reason: order.reason,
    decision: order.decision,
    createdAt: order.createdAt,
    updatedAt: order.updatedAt,
  };
}

export function fillRow(owner: RowOwner, instrument: Instrument, effect: RecordEffect): FillRow {
  const { fill, slot, realizedPnl } = effect.fill;
  const { exchange, account, symbol } = instrument.ref;
  return {
    botId: owner.botId,
    exchange,
    account,
    symbol,
    tradeId: fill.tradeId,
    exchangeOrderId: fill.exchangeOrderId,
    clientOrderId: fill.clientOrderId,
    epoch: owner.epoch,
    slot,
    side: fill.side,
    price: toPrice(instrument, fill.price),
    quantity: toQuantity(instrument, fill.quantity),
    fee: fill.fee,
    feeCurrency: fill.feeCurrency,
    liquidity: fill.liquidity,
    realizedPnl,
    at: fill.at,
  };
}

export function fundingRow(owner: RowOwner, instrument: Instrument, effect: FundingEffect): FundingRow {
  const { exchange, account, symbol } = instrument.ref;
  const { id: fundingId, amount, at } = effect;
  return { botId: owner.botId, exchange, account, symbol, fundingId, currency: instrument.settle, amount, at };
}

const STATUSES: readonly OrderStatus[] = ["submitted", "open", "cancelSubmitted", "filled", "canceled", "rejected", "expired"];

/**
 * A stored order under today's steps. Its fills are left at zero: the kernel's state knows those it has folded in, and for
 * an order that the state does not know none were. What is no multiple of today's step is rounded: the exchange changed it.
 */
export function storedOrder(row: OrderRow, instrument: Instrument): Order {
  const status = STATUSES.find((known) => known === row.status);
  if (status === undefined) throw new RangeError(`order ${row.clientOrderId} is stored with an unknown status, ${row.status}`);
  return {
    clientOrderId: row.clientOrderId,
    leg: row.leg,
    slot: row.slot,
    side: row.side,
    price: toTicks(instrument, row.price, "nearest"),
    wishedPrice: toTicks(instrument, row.price, "nearest"),
    amending: null,
    quantity: toLots(instrument, row.quantity, "nearest"),
    timeInForce: row.timeInForce,
    postOnly: row.postOnly,
    reduceOnly: row.reduceOnly,
    reason: row.reason,
    decision: row.decision,
    createdAt: row.createdAt,
    exchangeOrderId: row.exchangeOrderId,
    status,
    isUnknown: row.isUnknown,
    filledQuantity: lots(0),
    reportedFilledQuantity: toLots(instrument, row.filledQuantity, "nearest"),
    updatedAt: row.updatedAt,
  };
}

function maximum(a: Lots, b: Lots): Lots {
  return a > b ? a : b;
}
