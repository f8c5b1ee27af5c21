// Aster's signed REST endpoints that change something: orders, leverage, margin type, position mode, dead-man switch, stream keys.

import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { ExchangeOrder } from "../exchange-facts.ts";
import { failedItemOf } from "../gate.ts";
import type { ListedMarket } from "../listed-market.ts";
import type { SimulatedExchange } from "../simulated-exchange.ts";
import type { Access, Purpose } from "./access.ts";
import { leverageView } from "./account-views.ts";
import type { Member } from "./agents.ts";
import { AsterError, errorBody, invalidParameter, missing, missingBoth, refusal } from "./errors.ts";
import type { ListenKeys } from "./listen-keys.ts";
import type { MarketKind } from "./listings.ts";
import { orderView } from "./order-views.ts";
import { amendOrder, batchOf, cancelOrder, marketNamed, parseOrder, placeOrder } from "./orders.ts";
import { type Fields, flagIn, listIn, needed, parametersOf, wholeIn } from "./parameters.ts";
import type { Realized } from "./realized.ts";
import type { AccountSettings } from "./settings.ts";
import type { AccountNews } from "./user-events.ts";

/** Documented: orders of one batch, and names in one batch of cancels. */
const BATCH_MAX = 5;
const CANCELS_MAX = 10;
const LEVERAGE_MAX = 125;
const SUCCESS = { code: 200, msg: "success" } as const;

/** What the signed endpoints work with. */
export interface Desk {
  readonly exchange: SimulatedExchange;
  readonly access: Access;
  readonly settings: AccountSettings;
  readonly keys: ListenKeys;
  readonly realized: Realized;
  /** Tells an account's futures streams of a changed setting. */
  tell(account: string, news: AccountNews): void;
}

/** One interface of a server: which markets, under which path. */
export interface Interface {
  readonly app: FastifyInstance;
  readonly desk: Desk;
  readonly kind: MarketKind;
  /** Such as `/fapi/v3`. */
  readonly root: string;
}

export interface Signed {
  readonly account: string;
  readonly member: Member;
  readonly fields: Fields;
  readonly request: FastifyRequest;
}

/** A route for the account that signed. Throws an AsterError before it runs when nobody rightly did. */
export function signed({ access }: Desk, purpose: Purpose, handler: (caller: Signed) => unknown) {
  return async (request: FastifyRequest, _reply: FastifyReply): Promise<unknown> => {
    const member = access.accountOf(request, purpose);
    return handler({ account: member.account, member, fields: parametersOf(request), request });
  };
}

/** Serves placing, changing and canceling orders. */
export function serveOrders({ app, desk, kind, root }: Interface): void {
  const { exchange, settings } = desk;
  const trade: Purpose = kind === "perp" ? "tradePerp" : "tradeSpot";
  const named = (fields: Fields): ListedMarket => marketNamed(exchange.state, kind, fields);
  const view = (order: ExchangeOrder): object => orderView(exchange.state.market(order.request.symbol).listing, order, "answer");
  /** Without `RESULT` the answer is the acknowledgement: it says nothing of what the order did in the book since. */
  const place = (account: string, fields: Fields): object => {
    const request = parseOrder(exchange.state, kind, fields, settings.isHedged(account));
    const { order, taken } = placeOrder(exchange, account, request);
    return view(["RESULT", "FULL"].includes(fields.newOrderRespType ?? "") ? order : taken);
  };

  app.post(
    `${root}/order`,
    signed(desk, trade, ({ account, fields }) => place(account, fields)),
  );
  app.put(
    `${root}/order`,
    signed(desk, trade, ({ account, fields }) => view(amendOrder(exchange, account, named(fields), fields))),
  );
  app.delete(
    `${root}/order`,
    signed(desk, trade, ({ account, fields }) => view(cancelOrder(exchange, account, named(fields), fields))),
  );
  app.delete(
    `${root}/allOpenOrders`,
    signed(desk, trade, ({ account, fields }) => {
      exchange.cancelAll(account, named(fields).listing.id);
      return { code: 200, msg: "The operation of cancel all open order is done." };
    }),
  );
  if (kind === "spot") return;
  app.post(
    `${root}/batchOrders`,
    signed(desk, trade, ({ account, fields, request }) => {
      const orders = batchOf(listIn(fields, "batchOrders"));
      if (orders.length === 0 || orders.length > BATCH_MAX) throw refusal("INVALID_BATCH_SIZE");
      return orders.map((order, index) => orRefusal(request, index, () => place(account, order)));
    }),
  );
  app.delete(
    `${root}/batchOrders`,
    signed(desk, trade, ({ account, fields, request }) => {
      const market = named(fields);
      return namesIn(fields).map((name, index) => orRefusal(request, index, () => view(cancelOrder(exchange, account, market, name))));
    }),
  );
  app.post(
    `${root}/countdownCancelAll`,
    signed(desk, trade, ({ account, fields }) => {
      needed(fields, "countdownTime");
      const countdownTime = wholeIn(fields, "countdownTime", 0);
      exchange.startCountdown(account, named(fields).listing.id, countdownTime);
      return { symbol: needed(fields, "symbol"), countdownTime: String(countdownTime) };
    }),
  );
}

/** Each member of a batch stands for itself: its answer is what it did or why it was refused. */
function orRefusal(request: FastifyRequest, index: number, act: () => object): object {
  const injected = failedItemOf(request, index);
  if (injected !== null) return errorBody(injected.code, injected.message);
  try {
    return act();
  } catch (error) {
    if (error instanceof AsterError) return errorBody(error.code, error.message);
    throw error;
  }
}

/** The orders that a batch of cancels names; Binance writes the same lists in small letters. */
function namesIn(fields: Fields): readonly Fields[] {
  const ids = ["orderIdList", "orderidlist"].find((name) => fields[name] !== undefined);
  const clientIds = ["origClientOrderIdList", "origclientorderidlist"].find((name) => fields[name] !== undefined);
  const list = ids ?? clientIds;
  if (list === undefined) throw missingBoth("orderIdList", "origClientOrderIdList");
  const names = listIn(fields, list);
  if (names.length > CANCELS_MAX) throw invalidParameter(list);
  return names.map((name) => (ids !== undefined ? { orderId: String(name) } : { origClientOrderId: String(name) }));
}

/** Serves leverage, margin type and position mode: of futures only. */
export function serveSettings({ app, desk, root }: Interface): void {
  const { exchange, settings, tell } = desk;
  const { state } = exchange;
  const openIn = (account: string, symbol: string | null) =>
    [...state.account(account).open.values()].some(({ request }) => symbol === null || request.symbol === symbol);
  const holdsIn = (account: string, symbol: string | null) =>
    [...state.account(account).positions].some(([held, { quantity }]) => quantity !== 0 && (symbol === null || held === symbol));

  app.post(
    `${root}/leverage`,
    signed(desk, "tradePerp", ({ account, fields }) => {
      const { listing } = marketNamed(state, "perp", fields);
      needed(fields, "leverage");
      const leverage = wholeIn(fields, "leverage", 0);
      if (leverage > LEVERAGE_MAX || exchange.setLeverage(account, listing.id, leverage) !== null) throw refusal("INVALID_LEVERAGE");
      tell(account, { type: "leverage", listing, leverage });
      return leverageView(listing, leverage);
    }),
  );
  app.post(
    `${root}/marginType`,
    signed(desk, "tradePerp", ({ account, fields }) => {
      const { id } = marketNamed(state, "perp", fields).listing;
      const type = needed(fields, "marginType");
      if (type !== "ISOLATED" && type !== "CROSSED") throw invalidParameter("marginType");
      if (settings.isIsolated(account, id) === (type === "ISOLATED")) throw refusal("NO_NEED_TO_CHANGE_MARGIN_TYPE");
      if (openIn(account, id)) throw refusal("THERE_EXISTS_OPEN_ORDERS");
      if (holdsIn(account, id)) throw refusal("THERE_EXISTS_QUANTITY");
      settings.setIsolated(account, id, type === "ISOLATED");
      return SUCCESS;
    }),
  );
  app.get(
    `${root}/positionSide/dual`,
    signed(desk, "read", ({ account }) => ({ dualSidePosition: settings.isHedged(account) })),
  );
  app.post(
    `${root}/positionSide/dual`,
    signed(desk, "tradePerp", ({ account, fields }) => {
      needed(fields, "dualSidePosition");
      const isHedged = flagIn(fields, "dualSidePosition", false);
      if (settings.isHedged(account) === isHedged) throw refusal("NO_NEED_TO_CHANGE_POSITION_SIDE");
      if (openIn(account, null)) throw refusal("POSITION_SIDE_CHANGE_EXISTS_OPEN_ORDERS");
      if (holdsIn(account, null)) throw refusal("POSITION_SIDE_CHANGE_EXISTS_QUANTITY");
      settings.setHedged(account, isHedged);
      tell(account, { type: "positionMode", isHedged });
      return SUCCESS;
    }),
  );
  app.get(
    `${root}/multiAssetsMargin`,
    signed(desk, "read", () => ({ multiAssetsMargin: false })),
  );
}

/** Serves the keys of user data streams. */
export function serveListenKeys({ app, desk, kind, root }: Interface): void {
  const { keys } = desk;
  app.post(
    `${root}/listenKey`,
    signed(desk, "stream", ({ account }) => ({ listenKey: keys.open(account, kind).key })),
  );
  app.put(
    `${root}/listenKey`,
    signed(desk, "stream", ({ account }) => {
      if (!keys.extend(account, kind)) throw refusal("INVALID_LISTEN_KEY");
      return {};
    }),
  );
  app.delete(
    `${root}/listenKey`,
    signed(desk, "stream", ({ account }) => {
      keys.drop(account, kind);
      return {};
    }),
  );
}

/** Serves the agents of an account, and builders, of whom nobody is ever approved. */
export function serveAgents({ app, desk, root }: Interface): void {
  app.get(
    `${root}/agent`,
    signed(desk, "read", ({ member }) => member.agents),
  );
  app.get(
    `${root}/builder`,
    signed(desk, "read", () => []),
  );
  app.post(`${root}/approveBuilder`, async (request) => {
    if (parametersOf(request).builder === undefined) throw missing("builder");
    throw refusal("UNSUPPORTED_OPERATION");
  });
}
