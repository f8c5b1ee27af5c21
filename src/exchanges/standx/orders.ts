// Orders at StandX: sent, canceled and asked about; what was accepted may still be refused in matching.

import type { CcxtOrder, CcxtTrade, Params } from "../ccxt-loader.ts";
import { AnswerError } from "../outcome.ts";
import { list, text } from "../quirks/fields.ts";
import type { OrderName, OrderRequest } from "../quirks.ts";
import { newContext, withContext } from "../request-context.ts";
import { orderOf, STATUSES, tradeOf } from "./rows.ts";
import { type CcxtBase, PAGE } from "./shape.ts";

/** So long is an order's fate in matching awaited. */
const FATE_MS = 1_500;
const FATE_PAUSE_MS = 100;

/** Resolves with what became of the order, or without an id when nobody tells. Throws an AnswerError for one that is refused. */
export async function sendOrder(exchange: CcxtBase, order: OrderRequest): Promise<CcxtOrder> {
  await exchange.request("new_order", "orders", "POST", {
    ...{ symbol: exchange.market(order.symbol).id, side: order.side, order_type: "limit", qty: order.quantity, price: order.price },
    time_in_force: order.postOnly ? "alo" : order.timeInForce,
    ...{ reduce_only: order.reduceOnly, cl_ord_id: order.clientOrderId },
  });
  const name = { ...order, exchangeOrderId: null, createdAt: exchange.milliseconds() };
  const told = await fate(exchange, name, ({ status = "" }) => Object.hasOwn(STATUSES, status));
  if (told === null) return { info: {} };
  if (told.status !== "rejected") return told;
  const why = text(told.info, "remark") ?? "the order was rejected in matching";
  throw new AnswerError(200, "rejected", why, { kind: "rejected", isProof: true });
}

/** Resolves with the closed order, or without an id while it is only known that the cancel was taken. */
export async function cancelOrder(exchange: CcxtBase, name: OrderName): Promise<CcxtOrder> {
  await exchange.request("cancel_order", "orders", "POST", idOf(name));
  const isClosed = ({ status = "" }: CcxtOrder): boolean => (STATUSES[status] ?? "open") !== "open";
  return (await fate(exchange, name, isClosed)) ?? { info: {} };
}

export async function findOrder(exchange: CcxtBase, name: OrderName): Promise<CcxtOrder> {
  return orderOf(await exchange.request("query_order", "private", "GET", idOf(name)), name.symbol);
}

export async function ordersBetween(exchange: CcxtBase, symbol: string, from: number, to: number): Promise<readonly CcxtOrder[]> {
  const answer = await exchange.request("query_orders", "private", "GET", rangeOf(exchange, symbol, from, to));
  return list(answer, "result").map((row) => orderOf(row, symbol));
}

export async function tradesBetween(exchange: CcxtBase, symbol: string, from: number, to: number): Promise<readonly CcxtTrade[]> {
  const answer = await exchange.request("query_trades", "private", "GET", rangeOf(exchange, symbol, from, to));
  const market = exchange.market(symbol);
  return list(answer, "result").map((row) => tradeOf(row, market));
}

function rangeOf(exchange: CcxtBase, symbol: string, from: number, to: number): Params {
  return { symbol: exchange.market(symbol).id, start: new Date(from).toISOString(), end: new Date(to).toISOString(), limit: PAGE };
}

function idOf({ clientOrderId, exchangeOrderId }: OrderName): Params {
  return exchangeOrderId === null ? { cl_ord_id: clientOrderId } : { order_id: Number(exchangeOrderId) };
}

/** The order once `isTold` holds; null when it does not in time, or nobody answers. Reads of its own: not the order's permits. */
async function fate(exchange: CcxtBase, name: OrderName, isTold: (order: CcxtOrder) => boolean): Promise<CcxtOrder | null> {
  const end = performance.now() + FATE_MS;
  do {
    try {
      const order = await withContext(newContext("reconcile", "read"), () => findOrder(exchange, name));
      if (isTold(order)) return order;
    } catch (error) {
      if (!(error instanceof AnswerError) || error.reading.kind !== "notFound") return null;
    }
    await new Promise((resolve) => setTimeout(resolve, FATE_PAUSE_MS));
  } while (performance.now() < end);
  return null;
}
