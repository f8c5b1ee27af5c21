// Aster's signed REST endpoints that only look: orders, fills, income, balances and positions of the account that signed.

import { money, text, ZERO } from "../../core/money.ts";
import type { ExchangeOrder, OrderFilled } from "../exchange-facts.ts";
import { accountView, balanceViews, positionRiskView, spotAccountView } from "./account-views.ts";
import { AsterError, refusal } from "./errors.ts";
import { wireSymbol } from "./listings.ts";
import { orderView, userTradeView } from "./order-views.ts";
import { marketNamed, orderNamed } from "./orders.ts";
import { type Fields, wholeIn } from "./parameters.ts";
import { type Desk, type Interface, signed } from "./private-rest.ts";
import { isWithin } from "./public-rest.ts";
import { bracketView } from "./public-views.ts";
import { amountText } from "./values.ts";

const PAGE_DEFAULT = 500;
const PAGE_MAX = 1_000;
const INCOME_DEFAULT = 100;
/** Documented: without times only the last seven days, and never more than seven days at once. */
const WEEK_MS = 604_800_000;

/** Serves what an account did and has, of one interface. */
export function serveHistory(served: Interface): void {
  serveOrderQueries(served);
  serveFills(served);
  const { app, desk, kind, root } = served;
  const { exchange, settings } = desk;
  const { state, clock } = exchange;
  if (kind === "spot") {
    app.get(
      `${root}/account`,
      signed(desk, "read", ({ account, member }) => {
        const canWithdraw = member.agents.some((agent) => agent.canWithdraw);
        return spotAccountView(state, state.account(account), canWithdraw, clock.now());
      }),
    );
    return;
  }
  for (const path of ["account", "accountWithJoinMargin"])
    app.get(
      `${root}/${path}`,
      signed(desk, "read", ({ account }) => accountView(state, state.account(account), settings, clock.now())),
    );
  app.get(
    `${root}/balance`,
    signed(desk, "read", ({ account }) => balanceViews(state, state.account(account), clock.now())),
  );
  app.get(
    `${root}/positionRisk`,
    signed(desk, "read", ({ account, fields, request }) => {
      const shape = request.headers["x-mbx-apikey"] === undefined ? "aster" : "binance";
      const perps = [...state.listings.values()].filter(({ instrument }) => instrument.kind === "perp");
      const asked = fields.symbol === undefined ? perps : [marketNamed(state, "perp", fields).listing];
      return asked.map((listing) => positionRiskView(state, state.account(account), listing, settings, shape));
    }),
  );
  app.get(
    `${root}/leverageBracket`,
    signed(desk, "read", ({ fields }) => {
      if (fields.symbol !== undefined) return bracketView(marketNamed(state, "perp", fields).listing);
      return [...state.listings.values()].filter(({ instrument }) => instrument.kind === "perp").map(bracketView);
    }),
  );
  app.get(
    `${root}/income`,
    signed(desk, "read", ({ account, fields }) => incomeOf(desk, account, fields)),
  );
}

function serveOrderQueries({ app, desk, kind, root }: Interface): void {
  const { exchange } = desk;
  const { state } = exchange;
  const view = (order: ExchangeOrder): object => orderView(state.market(order.request.symbol).listing, order, "query");
  for (const [path, among] of [
    ["order", "all"],
    ["openOrder", "open"],
  ] as const)
    app.get(
      `${root}/${path}`,
      signed(desk, "read", ({ account, fields }) => {
        const order = orderNamed(exchange, account, marketNamed(state, kind, fields), fields, among);
        if (order === undefined) throw refusal("NO_SUCH_ORDER");
        return view(order);
      }),
    );
  app.get(
    `${root}/openOrders`,
    signed(desk, "read", ({ account, fields }) => {
      const symbol = fields.symbol === undefined ? null : marketNamed(state, kind, fields).listing.id;
      const isAsked = ({ request }: ExchangeOrder): boolean =>
        symbol === null ? state.market(request.symbol).listing.instrument.kind === kind : request.symbol === symbol;
      return [...state.account(account).open.values()].filter(isAsked).map(view);
    }),
  );
  app.get(
    `${root}/allOrders`,
    signed(desk, "read", ({ account, fields }) => {
      const symbol = marketNamed(state, kind, fields).listing.id;
      const from = wholeIn(fields, "orderId", -1);
      const { open, closed } = state.account(account);
      const orders = [...closed, ...open.values()]
        .filter((order) => order.request.symbol === symbol && order.id >= from && isWithin(fields, order.createdAt))
        .sort((a, b) => a.id - b.id);
      return pageOf(orders, fields, from >= 0, PAGE_DEFAULT).map(view);
    }),
  );
}

function serveFills({ app, desk, kind, root }: Interface): void {
  const { exchange, realized } = desk;
  const { state, clock } = exchange;
  app.get(
    `${root}/userTrades`,
    signed(desk, "read", ({ account, fields }) => {
      const { listing } = marketNamed(state, kind, fields);
      const from = wholeIn(fields, "fromId", -1);
      const orderId = fields.orderId === undefined ? null : wholeIn(fields, "orderId", 0);
      const isTimed = fields.startTime !== undefined || fields.endTime !== undefined;
      if (from >= 0 && isTimed) throw refusal("OPTIONAL_PARAMS_BAD_COMBO");
      refuseLongPeriods(fields);
      const since = from < 0 && !isTimed ? clock.now() - WEEK_MS : 0;
      const isAsked = (fill: OrderFilled): boolean =>
        fill.symbol === listing.id && fill.tradeId >= from && fill.at >= since && (orderId === null || fill.orderId === orderId);
      const fills = state.account(account).fills.filter((fill) => isAsked(fill) && isWithin(fields, fill.at));
      return pageOf(fills, fields, from >= 0, PAGE_DEFAULT).map((fill) => userTradeView(listing, fill, realized.of(fill)));
    }),
  );
  app.get(
    `${root}/commissionRate`,
    signed(desk, "read", ({ fields }) => {
      const { listing } = marketNamed(state, kind, fields);
      const { makerFee, takerFee } = listing.instrument;
      return { symbol: wireSymbol(listing), makerCommissionRate: makerFee, takerCommissionRate: takerFee };
    }),
  );
}

function refuseLongPeriods(fields: Fields): void {
  const { startTime, endTime } = fields;
  if (startTime === undefined || endTime === undefined) return;
  if (wholeIn(fields, "endTime", 0) - wholeIn(fields, "startTime", 0) > WEEK_MS)
    throw new AsterError(400, -4165, "Maximum time interval is 7 days.");
}

/** Rows come oldest first: the first ones when the caller said where to begin, else the newest. */
function pageOf<Row>(rows: readonly Row[], fields: Fields, fromStart: boolean, fallback: number): readonly Row[] {
  const limit = wholeIn(fields, "limit", fallback, PAGE_MAX);
  if (fromStart || fields.startTime !== undefined) return rows.slice(0, limit);
  return limit === 0 ? [] : rows.slice(-limit);
}

interface Income {
  readonly symbol: string;
  readonly incomeType: string;
  readonly income: string;
  readonly asset: string;
  readonly info: string;
  readonly time: number;
  readonly tranId: number;
  readonly tradeId: string;
}

/** Funding, realized profit and commission of an account's futures, oldest first. */
function incomeOf({ exchange, realized }: Desk, account: string, fields: Fields): readonly Income[] {
  const { state, clock } = exchange;
  const symbol = fields.symbol === undefined ? null : marketNamed(state, "perp", fields).listing.id;
  const { funding, fills } = state.account(account);
  const row = (type: string, id: string, amount: string, more: Pick<Income, "asset" | "time" | "tranId" | "tradeId">): Income => {
    const { listing } = state.market(id);
    return { symbol: wireSymbol(listing), incomeType: type, income: amountText(amount), info: type, ...more };
  };
  const paid = funding.map((one) =>
    row("FUNDING_FEE", one.symbol, one.amount, { asset: one.asset, time: one.at, tranId: one.id, tradeId: "" }),
  );
  const traded = fills
    .filter((fill) => state.market(fill.symbol).listing.instrument.kind === "perp")
    .flatMap((fill) => {
      const more = { asset: fill.feeSymbol, time: fill.at, tranId: fill.tradeId, tradeId: String(fill.tradeId) };
      const earned = realized.of(fill);
      const fee = row("COMMISSION", fill.symbol, text(ZERO.minus(money(fill.fee))), more);
      return earned === "0" ? [fee] : [row("REALIZED_PNL", fill.symbol, earned, more), fee];
    });
  const isTimed = fields.startTime !== undefined || fields.endTime !== undefined;
  const since = isTimed ? 0 : clock.now() - WEEK_MS;
  const wanted = symbol === null ? null : wireSymbol(state.market(symbol).listing);
  const isAsked = (one: Income): boolean =>
    (wanted === null || one.symbol === wanted) &&
    (fields.incomeType === undefined || one.incomeType === fields.incomeType) &&
    one.time >= since &&
    isWithin(fields, one.time);
  const rows = [...paid, ...traded].filter(isAsked).sort((a, b) => a.time - b.time);
  return pageOf(rows, fields, false, INCOME_DEFAULT);
}
