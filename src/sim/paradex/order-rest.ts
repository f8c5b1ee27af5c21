// Paradex's endpoints for orders: placing, changing and canceling them, one by one, in batches and by market.

import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { ExchangeOrder, OrderRefusal, OrderRequest } from "../exchange-facts.ts";
import { failedItemOf } from "../gate.ts";
import { beginOf, orderView } from "./account-views.ts";
import type { ParadexAccount } from "./accounts.ts";
import type { Desk } from "./desk.ts";
import { ParadexError, validationError } from "./errors.ts";
import { closingReason, marketNamed, readAmendment, readOrder, refusedChange, refusedOutright } from "./orders.ts";
import { pageOf, type Query } from "./paging.ts";

/** ccxt's limit as well. */
const BATCH_MAX = 10;

type Handler = (owner: ParadexAccount, request: FastifyRequest, reply: FastifyReply) => unknown;

/** Wraps a handler so that it runs for the owner of the request's token. */
export function privately({ session }: Desk, handler: Handler) {
  return async (request: FastifyRequest, reply: FastifyReply) => handler(session.ownerOf(request), request, reply);
}

/** An order of the account by Paradex's id or by the client's, open ones first. Throws a ParadexError. */
function orderNamed(
  { exchange }: Desk,
  owner: ParadexAccount,
  name: { readonly id: string } | { readonly clientId: string },
): ExchangeOrder {
  if ("id" in name) {
    const order = exchange.findOrder(owner.name, Number(name.id));
    if (order === undefined) throw new ParadexError(400, "ORDER_ID_NOT_FOUND", `Order ${name.id.slice(0, 40)} not found`);
    return order;
  }
  const order = exchange.findByClientId(owner.name, name.clientId);
  if (order === undefined)
    throw new ParadexError(400, "CLIENT_ORDER_ID_NOT_FOUND", `Order with client id ${name.clientId.slice(0, 64)} not found`);
  return order;
}

function isOpen({ exchange }: Desk, order: ExchangeOrder): boolean {
  return exchange.state.account(order.account).open.has(order.id);
}

/** Serves `/v1/orders…`. */
export function serveOrders(app: FastifyInstance, desk: Desk): void {
  serveReads(app, desk);
  serveCancels(app, desk);
  app.post(
    "/v1/orders",
    privately(desk, (owner, request, reply) => {
      reply.status(201);
      return place(desk, owner, request.body);
    }),
  );
  app.post(
    "/v1/orders/batch",
    privately(desk, (owner, request, reply) => {
      reply.status(201);
      return placeBatch(desk, owner, request);
    }),
  );
  app.put(
    "/v1/orders/:id",
    privately(desk, (owner, request) => amend(desk, owner, idIn(request).id, request.body)),
  );
}

function idIn(request: FastifyRequest): { readonly id: string } {
  return request.params as { id: string };
}

function clientIdIn(request: FastifyRequest): { readonly clientId: string } {
  return request.params as { clientId: string };
}

function serveReads(app: FastifyInstance, desk: Desk): void {
  app.get(
    "/v1/orders",
    privately(desk, (owner, request) => ({
      results: openOrders(desk, owner, (request.query as Query).market).map((order) => desk.orderView(owner, order)),
    })),
  );
  app.get(
    "/v1/orders/:id",
    privately(desk, (owner, request) => desk.orderView(owner, orderNamed(desk, owner, idIn(request)))),
  );
  app.get(
    "/v1/orders/by_client_id/:clientId",
    privately(desk, (owner, request) => desk.orderView(owner, orderNamed(desk, owner, clientIdIn(request)))),
  );
  app.get(
    "/v1/orders-history",
    privately(desk, (owner, request) => {
      const query = request.query as Query;
      const { open, closed } = desk.exchange.state.account(owner.name);
      const orders = [...closed, ...open.values()].filter(({ request: { symbol, clientId } }) => {
        const isHere = query.market === undefined || symbol === query.market;
        return isHere && (query.client_id === undefined || String(clientId) === query.client_id);
      });
      const page = pageOf(
        orders.sort((a, b) => a.id - b.id),
        query,
        (order) => order.id,
        (order) => order.createdAt,
      );
      return { ...page, results: page.results.map((order) => desk.orderView(owner, order)) };
    }),
  );
}

function serveCancels(app: FastifyInstance, desk: Desk): void {
  app.delete(
    "/v1/orders/:id",
    privately(desk, (owner, request, reply) => cancel(desk, orderNamed(desk, owner, idIn(request)), reply)),
  );
  app.delete(
    "/v1/orders/by_client_id/:clientId",
    privately(desk, (owner, request, reply) => cancel(desk, orderNamed(desk, owner, clientIdIn(request)), reply)),
  );
  app.delete(
    "/v1/orders/batch",
    privately(desk, (owner, request) => ({ results: cancelBatch(desk, owner, request) })),
  );
  app.delete(
    "/v1/orders",
    privately(desk, (owner, request, reply) => {
      const { market } = request.query as Query;
      const symbol = market === undefined ? null : marketNamed(desk.exchange.state, market).listing.id;
      desk.exchange.cancelAll(owner.name, symbol);
      return reply.status(204).send();
    }),
  );
}

function openOrders({ exchange }: Desk, owner: ParadexAccount, symbol: string | undefined): ExchangeOrder[] {
  const only = symbol === undefined ? null : marketNamed(exchange.state, symbol).listing.id;
  return [...exchange.state.account(owner.name).open.values()].filter((order) => only === null || order.request.symbol === only);
}

/** Places one order. Paradex answers before it matches: the order is NEW, whatever becomes of it. Throws a ParadexError. */
function place(desk: Desk, owner: ParadexAccount, body: unknown): object {
  const { exchange } = desk;
  const request = readOrder({ state: exchange.state, session: desk.session }, owner, body);
  const result = exchange.place(owner.name, request);
  const order = result.ok ? result.order : closeOnArrival(desk, owner, request, result.refusal);
  const { listing } = exchange.state.market(request.symbol);
  return orderView(listing, owner.address, order, beginOf(order, "NEW", desk.nextSequence()));
}

/** An order that Paradex accepts and closes at once. Throws a ParadexError for one that it does not even accept. */
function closeOnArrival({ exchange }: Desk, owner: ParadexAccount, request: OrderRequest, refusal: OrderRefusal): ExchangeOrder {
  const reason = closingReason(refusal);
  if (reason === null) throw refusedOutright(refusal);
  return exchange.run((state, at) => state.closeOnArrival(owner.name, request, reason, at));
}

/** Changes price and size of an open order in place. Throws a ParadexError, and then the order is as it was. */
function amend(desk: Desk, owner: ParadexAccount, id: string, body: unknown): object {
  const { exchange } = desk;
  const order = orderNamed(desk, owner, { id });
  if (!isOpen(desk, order)) throw new ParadexError(400, "ORDER_IS_CLOSED", `Order ${order.id} is closed`);
  const { symbol, side, price, quantity } = readAmendment({ state: exchange.state, session: desk.session }, owner, id, body);
  if (symbol !== order.request.symbol || side !== order.request.side) throw validationError("Market and side of an order cannot change");
  const result = exchange.amend(owner.name, order.id, { price, quantity });
  if (!result.ok) throw refusedChange(result.refusal);
  const request_info = { id, message: "", request_type: "MODIFY_ORDER", status: "ACCEPTED" };
  return { ...desk.orderView(owner, result.order), request_info };
}

/** Each order of a batch stands for itself. */
function placeBatch(desk: Desk, owner: ParadexAccount, request: FastifyRequest): object {
  const { body } = request;
  if (!Array.isArray(body) || body.length === 0 || body.length > BATCH_MAX)
    throw new ParadexError(400, "BATCH_SIZE_OUT_OF_RANGE", `A batch must have 1 to ${BATCH_MAX} orders`);
  const orders: object[] = [];
  const errors: object[] = [];
  for (const [index, order] of body.entries()) {
    const failure = failedItemOf(request, index);
    if (failure !== null) {
      errors.push({ error: failure.code, message: failure.message });
      continue;
    }
    try {
      orders.push(place(desk, owner, order));
    } catch (error) {
      if (!(error instanceof ParadexError)) throw error;
      errors.push({ error: error.code, message: error.message });
    }
  }
  return { orders, errors };
}

/** Queues a cancellation, which here has happened by then. Throws a ParadexError for an order that is closed already. */
function cancel(desk: Desk, order: ExchangeOrder, reply: FastifyReply): FastifyReply {
  if (!isOpen(desk, order)) throw new ParadexError(400, "ORDER_IS_CLOSED", `Order ${order.id} is closed`);
  desk.exchange.cancel(order.account, order.id);
  return reply.status(204).send();
}

function namesIn(body: unknown, field: string): string[] {
  const names = (body as Readonly<Record<string, unknown>> | null)?.[field];
  return Array.isArray(names) ? names.map(String) : [];
}

function cancelBatch(desk: Desk, owner: ParadexAccount, request: FastifyRequest): object[] {
  const names = [
    ...namesIn(request.body, "order_ids").map((id) => ({ id })),
    ...namesIn(request.body, "client_order_ids").map((clientId) => ({ clientId })),
  ];
  return names.map((name, index) => {
    let order: ExchangeOrder;
    try {
      order = orderNamed(desk, owner, name);
    } catch {
      return { ...("id" in name ? { id: name.id } : { client_id: name.clientId }), status: "NOT_FOUND" };
    }
    const { symbol, clientId } = order.request;
    const told = { id: String(order.id), client_id: String(clientId ?? ""), account: owner.address, market: symbol };
    if (!isOpen(desk, order)) return { ...told, status: "ALREADY_CLOSED" };
    if (failedItemOf(request, index) === null) desk.exchange.cancel(owner.name, order.id);
    // Paradex only says that a cancellation is queued: one that fails later looks the same.
    return { ...told, status: "QUEUED_FOR_CANCELLATION" };
  });
}
