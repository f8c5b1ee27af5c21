// Backpack's signed REST endpoints: orders, balances, positions and history of the account that signed.

import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { ExchangeOrder } from "../exchange-facts.ts";
import { failedItemOf } from "../gate.ts";
import type { SimulatedExchange } from "../simulated-exchange.ts";
import {
  accountView,
  capitalView,
  collateralView,
  fillView,
  fundingView,
  orderHistoryView,
  orderView,
  positionViews,
} from "./account-views.ts";
import { BackpackError, bodyOf, invalidRequest } from "./errors.ts";
import { marketNamed, openOrderNamed, parseOrder } from "./orders.ts";
import { type Query, wholeIn } from "./public-rest.ts";
import { type Keyring, signerOf } from "./signer.ts";

/** Orders in one batch. */
const BATCH_MAX = 50;
const PAGE_DEFAULT = 100;
const PAGE_MAX = 1_000;

type Handler = (account: string, request: FastifyRequest, reply: FastifyReply) => unknown;

/** Serves the private endpoints of an exchange. */
export function servePrivate(app: FastifyInstance, exchange: SimulatedExchange, keyring: Keyring): void {
  const { state } = exchange;
  const signed = (instruction: string, handler: Handler) => async (request: FastifyRequest, reply: FastifyReply) =>
    handler(signerOf(request, instruction, keyring, exchange.clock), request, reply);
  const view = (order: ExchangeOrder): object => orderView(state.market(order.request.symbol).listing, order);
  const bodyIn = (request: FastifyRequest) => (request.body ?? {}) as Readonly<Record<string, unknown>>;

  app.post(
    "/api/v1/order",
    signed("orderExecute", (account, request) => view(place(exchange, account, request.body))),
  );
  app.post(
    "/api/v1/orders",
    signed("orderExecute", (account, request) => placeBatch(exchange, account, request, view)),
  );
  app.get(
    "/api/v1/order",
    signed("orderQuery", (account, request) => view(openOrderNamed(state, account, request.query as Query))),
  );
  app.get(
    "/api/v1/orders",
    signed("orderQueryAll", (account, request) => openOrders(exchange, account, request.query as Query).map(view)),
  );
  app.delete(
    "/api/v1/order",
    signed("orderCancel", (account, request) => {
      const { id } = openOrderNamed(state, account, bodyIn(request));
      return view(exchange.cancel(account, id) as ExchangeOrder);
    }),
  );
  app.delete(
    "/api/v1/orders",
    signed("orderCancelAll", (account, request) => {
      const { listing } = marketNamed(state, bodyIn(request).symbol);
      return exchange.cancelAll(account, listing.id).map(view);
    }),
  );
  app.get(
    "/api/v1/capital",
    signed("balanceQuery", (account) => capitalView(state, state.account(account))),
  );
  app.get(
    "/api/v1/capital/collateral",
    signed("collateralQuery", (account) => collateralView(state, state.account(account))),
  );
  app.get(
    "/api/v1/account",
    signed("accountQuery", (account) => accountView(state, state.account(account))),
  );
  app.get(
    "/api/v1/position",
    signed("positionQuery", (account) => positionViews(state, state.account(account))),
  );
  serveHistory(app, exchange, signed);
}

function serveHistory(
  app: FastifyInstance,
  exchange: SimulatedExchange,
  signed: (instruction: string, handler: Handler) => (request: FastifyRequest, reply: FastifyReply) => Promise<unknown>,
): void {
  const { state } = exchange;
  app.get(
    "/wapi/v1/history/fills",
    signed("fillHistoryQueryAll", (account, request, reply) => {
      const query = request.query as Query;
      const from = wholeIn(query, "from", 0, Number.MAX_SAFE_INTEGER);
      const to = wholeIn(query, "to", Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER);
      const fills = state.account(account).fills.filter((fill) => {
        const isNamed = query.orderId === undefined || String(fill.orderId) === query.orderId;
        return isNamed && (query.symbol === undefined || fill.symbol === query.symbol) && fill.at >= from && fill.at <= to;
      });
      return page(fills, query, reply).map((fill) => fillView(state.market(fill.symbol).listing, fill));
    }),
  );
  app.get(
    "/wapi/v1/history/orders",
    signed("orderHistoryQueryAll", (account, request, reply) => {
      const query = request.query as Query;
      const { open, closed } = state.account(account);
      const orders = [...closed, ...open.values()].filter((order) => {
        const isNamed = query.orderId === undefined || String(order.id) === query.orderId;
        return isNamed && (query.symbol === undefined || order.request.symbol === query.symbol);
      });
      const byAge = orders.sort((a, b) => a.id - b.id);
      return page(byAge, query, reply).map((order) => orderHistoryView(state.market(order.request.symbol).listing, order));
    }),
  );
  app.get(
    "/wapi/v1/history/funding",
    signed("fundingHistoryQueryAll", (account, request, reply) => {
      const query = request.query as Query;
      const { funding } = state.account(account);
      const rows = query.symbol === undefined ? funding : funding.filter((payment) => payment.symbol === query.symbol);
      return page(rows, query, reply).map(fundingView);
    }),
  );
}

/** One page of rows that come oldest first: newest first unless `sortDirection` is `Asc`; the totals are in the headers. */
function page<Row>(rows: readonly Row[], query: Query, reply: FastifyReply): Row[] {
  const limit = wholeIn(query, "limit", PAGE_DEFAULT, PAGE_MAX);
  const offset = wholeIn(query, "offset", 0, Number.MAX_SAFE_INTEGER);
  const size = Math.max(1, limit);
  reply.header("x-page-count", Math.ceil(rows.length / size));
  reply.header("x-current-page", Math.floor(offset / size));
  reply.header("x-page-size", limit);
  reply.header("x-total", rows.length);
  const ordered = query.sortDirection === "Asc" ? rows : rows.toReversed();
  return ordered.slice(offset, offset + limit);
}

function openOrders(exchange: SimulatedExchange, account: string, query: Readonly<Record<string, unknown>>): ExchangeOrder[] {
  const symbol = query.symbol === undefined ? null : marketNamed(exchange.state, query.symbol).listing.id;
  return [...exchange.state.account(account).open.values()].filter((order) => symbol === null || order.request.symbol === symbol);
}

/** Places one order. Throws a BackpackError when it is refused. */
function place(exchange: SimulatedExchange, account: string, body: unknown): ExchangeOrder {
  const request = parseOrder(exchange.state, body);
  const result = exchange.place(account, request);
  if (result.ok) return result.order;
  throw new BackpackError(400, result.refusal.code, result.refusal.message);
}

/** Each order of a batch stands for itself: its answer is the order or its refusal. */
function placeBatch(
  exchange: SimulatedExchange,
  account: string,
  request: FastifyRequest,
  view: (order: ExchangeOrder) => object,
): object[] {
  const { body } = request;
  if (!Array.isArray(body) || body.length === 0 || body.length > BATCH_MAX)
    throw invalidRequest(`The body must be a list of 1 to ${BATCH_MAX} orders`);
  return body.map((order, index) => {
    const failure = failedItemOf(request, index);
    if (failure !== null) return { operation: "Err", ...bodyOf(failure) };
    try {
      return { operation: "Ok", ...view(place(exchange, account, order)) };
    } catch (error) {
      if (error instanceof BackpackError) return { operation: "Err", ...bodyOf(error) };
      throw error;
    }
  });
}
