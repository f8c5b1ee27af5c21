// Reads orders out of Aster's parameters, in ticks and lots, places them, and says in its words why one is not taken.

import { money } from "../../core/money.ts";
import { type Lots, lots, type Step, type Ticks, ticks, toSteps } from "../../core/units.ts";
import type { ExchangeOrder, OrderRefusal, OrderRequest, RefusalReason } from "../exchange-facts.ts";
import type { ExchangeState } from "../exchange-state.ts";
import type { ListedMarket } from "../listed-market.ts";
import { stepsOf } from "../listings.ts";
import type { SimulatedExchange } from "../simulated-exchange.ts";
import { AsterError, type DocumentedError, illegalCharacters, missing, missingBoth, orderRejected, refusal } from "./errors.ts";
import { listingId, type MarketKind } from "./listings.ts";
import { decimalIn, type Fields, flagIn, needed, wholeIn } from "./parameters.ts";

/** Documented for `newClientOrderId`. */
const CLIENT_ID = /^[.A-Z:/a-z0-9_-]{1,36}$/;
const CLIENT_ID_RANGE = "^[\\.A-Z\\:/a-z0-9_-]{1,36}$";
const TYPES = new Set(["LIMIT", "MARKET"]);
const TIMES_IN_FORCE = { GTC: "gtc", IOC: "ioc", FOK: "fok", GTX: "gtc" } as const;
const SELF_TRADE = { EXPIRE_TAKER: "rejectTaker", EXPIRE_MAKER: "rejectMaker", EXPIRE_BOTH: "rejectBoth" } as const;
/** Builders take a fee on top of the exchange's; nobody has approved one here. */
const BUILDER_FIELDS = ["builder", "feeRate"] as const;

/** The market that `symbol` names on one of the two interfaces. Throws an AsterError. */
export function marketNamed(state: ExchangeState, kind: MarketKind, fields: Fields): ListedMarket {
  const market = state.markets.get(listingId(kind, needed(fields, "symbol")));
  if (market?.listing.instrument.kind !== kind) throw refusal("BAD_SYMBOL");
  return market;
}

/** Whole steps of a decimal: too many decimals and an odd step are different refusals. */
function stepsIn(value: string, step: Step, offStep: DocumentedError): number {
  const written = value.split(".")[1]?.length ?? 0;
  if (written > step.decimals) throw refusal("BAD_PRECISION");
  try {
    return toSteps(value, step, "exact");
  } catch {
    throw refusal(offStep);
  }
}

function priceOf(fields: Fields, market: ListedMarket): Ticks {
  const price = stepsIn(decimalIn(fields, "price"), stepsOf(market.listing).price, "PRICE_NOT_INCREASED_BY_TICK_SIZE");
  if (price <= 0) throw refusal("PRICE_LESS_THAN_ZERO");
  return ticks(price);
}

function quantityOf(fields: Fields, market: ListedMarket, type: string): { quantity: Lots; quoteQuantity: string | null } {
  const byValue = fields.quantity === undefined && type === "MARKET" && market.listing.instrument.kind === "spot";
  if (byValue && fields.quoteOrderQty !== undefined) {
    const quoteQuantity = decimalIn(fields, "quoteOrderQty");
    const value = BigInt(money(quoteQuantity).div(market.listing.unit).round(0, 0).toFixed());
    const quantity = value > 0n ? market.engine.lotsFor(fields.side === "BUY" ? "buy" : "sell", value) : (0 as Lots);
    return { quantity, quoteQuantity };
  }
  const quantity = stepsIn(decimalIn(fields, "quantity"), stepsOf(market.listing).quantity, "QTY_NOT_INCREASED_BY_STEP_SIZE");
  if (quantity <= 0) throw refusal("QTY_LESS_THAN_ZERO");
  return { quantity: lots(quantity), quoteQuantity: null };
}

function clientIdOf(fields: Fields, state: ExchangeState): string {
  const given = fields.newClientOrderId;
  if (given === undefined || given === "") return `auto-${state.nextOrderId.toString(36)}`;
  if (given.length > 36) throw new AsterError(400, -4015, "Client order id length should not be more than 36 chars");
  if (!CLIENT_ID.test(given)) throw illegalCharacters("newClientOrderId", CLIENT_ID_RANGE);
  return given;
}

function timeInForceOf(fields: Fields, type: string): keyof typeof TIMES_IN_FORCE {
  if (type === "MARKET") return "IOC";
  const word = needed(fields, "timeInForce");
  if (word === "GTC" || word === "IOC" || word === "FOK" || word === "GTX") return word;
  throw refusal("INVALID_TIF");
}

function selfTradeOf(fields: Fields): OrderRequest["selfTrade"] {
  const mode = fields.stpMode ?? fields.selfTradePreventionMode ?? "EXPIRE_TAKER";
  if (mode === "EXPIRE_TAKER" || mode === "EXPIRE_MAKER" || mode === "EXPIRE_BOTH") return SELF_TRADE[mode];
  return SELF_TRADE.EXPIRE_TAKER;
}

/** The order in the parameters of `POST order`. Throws an AsterError. */
export function parseOrder(state: ExchangeState, kind: MarketKind, fields: Fields, isHedged: boolean): OrderRequest {
  const market = marketNamed(state, kind, fields);
  const side = needed(fields, "side");
  if (side !== "BUY" && side !== "SELL") throw refusal("INVALID_SIDE");
  const type = needed(fields, "type");
  // The simulated exchange has no trigger orders: it refuses them rather than resting something else.
  if (!TYPES.has(type) || fields.stopPrice !== undefined) throw refusal("INVALID_ORDER_TYPE");
  if (BUILDER_FIELDS.some((name) => fields[name] !== undefined)) throw orderRejected("The builder is not approved by this account.");
  const positionSide = fields.positionSide ?? "BOTH";
  if (kind === "perp" && (positionSide === "BOTH") === isHedged) throw refusal("POSITION_SIDE_NOT_MATCH");
  if (isHedged) throw refusal("UNSUPPORTED_OPERATION");
  const timeInForce = timeInForceOf(fields, type);
  const reduceOnly = kind === "perp" && flagIn(fields, "reduceOnly", false);
  return {
    symbol: market.listing.id,
    side: side === "BUY" ? "buy" : "sell",
    price: type === "MARKET" ? null : priceOf(fields, market),
    ...quantityOf(fields, market, type),
    timeInForce: TIMES_IN_FORCE[timeInForce],
    postOnly: timeInForce === "GTX",
    reduceOnly,
    clientId: clientIdOf(fields, state),
    selfTrade: selfTradeOf(fields),
  };
}

/** Lots that the book offers an order right now. */
function offered(market: ListedMarket, request: OrderRequest): number {
  let sum = 0;
  for (const level of market.engine.levels(request.side === "buy" ? "sell" : "buy")) {
    const isBeyond = request.price !== null && (request.side === "buy" ? level.price > request.price : level.price < request.price);
    if (isBeyond || sum >= request.quantity) break;
    sum += level.quantity;
  }
  return sum;
}

const BY_REASON: Readonly<Partial<Record<RefusalReason, DocumentedError>>> = {
  minQuantity: "QTY_LESS_THAN_MIN_QTY",
  minNotional: "MIN_NOTIONAL",
  duplicateClientId: "DUPLICATED_CLIENT_ORDER_ID",
  orderLimit: "MAX_OPEN_ORDER_EXCEEDED",
  margin: "MARGIN_NOT_SUFFICIENT",
  funds: "BALANCE_NOT_SUFFICIENT",
  wouldTake: "GTX_ORDER_REJECT",
  notReducing: "REDUCE_ONLY_REJECT",
  notFound: "NO_SUCH_ORDER",
};

/** The exchange's refusal in Aster's words. */
function refusalIn({ reason, message }: OrderRefusal, market: ListedMarket, price: Ticks | null): AsterError {
  const name = BY_REASON[reason];
  if (name !== undefined) return refusal(name);
  if (reason === "price" && price !== null)
    return refusal(price > market.price ? "PRICE_HIGHER_THAN_MULTIPLIER_UP" : "PRICE_LOWER_THAN_MULTIPLIER_DOWN");
  return orderRejected(message);
}

/** Places an order; the copy is how it was when it was taken, before it traded. Throws an AsterError when it is refused. */
export function placeOrder(
  exchange: SimulatedExchange,
  account: string,
  request: OrderRequest,
): { readonly order: ExchangeOrder; readonly taken: ExchangeOrder } {
  const market = exchange.state.market(request.symbol);
  const result = exchange.run((state, at) => {
    if (request.timeInForce === "fok" && offered(market, request) < request.quantity) return null;
    return state.place(account, request, at);
  });
  if (result === null) throw refusal("FOK_ORDER_REJECT");
  if (!result.ok) throw refusalIn(result.refusal, market, request.price);
  const { order } = result;
  return { order, taken: { ...order, executed: 0 as Lots, executedQuote: "0", state: "New", expiryReason: null } };
}

/** The order that `orderId` or `origClientOrderId` names among open ones, or also among those that are closed; the newest of a name. */
export function orderNamed(
  exchange: SimulatedExchange,
  account: string,
  market: ListedMarket,
  fields: Fields,
  among: "open" | "all",
): ExchangeOrder | undefined {
  const { orderId, origClientOrderId } = fields;
  if (orderId === undefined && origClientOrderId === undefined) throw missingBoth("orderId", "origClientOrderId");
  const { open, closed } = exchange.state.account(account);
  const id = orderId === undefined ? null : wholeIn(fields, "orderId", 0);
  const isNamed = (order: ExchangeOrder): boolean =>
    order.request.symbol === market.listing.id && (id === null ? order.request.clientId === origClientOrderId : order.id === id);
  const found = [...open.values()].find(isNamed);
  return found ?? (among === "all" ? closed.findLast(isNamed) : undefined);
}

/** Cancels an open order. Throws an AsterError when there is none, whatever the reason: filled, canceled before, or never there. */
export function cancelOrder(exchange: SimulatedExchange, account: string, market: ListedMarket, fields: Fields): ExchangeOrder {
  const order = orderNamed(exchange, account, market, fields, "open");
  if (order === undefined) throw refusal("CANCEL_REJECTED");
  return exchange.cancel(account, order.id) ?? order;
}

/** The orders of a batch, each as fields of its own. Throws an AsterError. */
export function batchOf(list: readonly unknown[]): readonly Fields[] {
  return list.map((entry) => {
    if (typeof entry !== "object" || entry === null) throw missing("batchOrders");
    return Object.fromEntries(Object.entries(entry).map(([name, value]) => [name, String(value)]));
  });
}

/** Changes price and quantity of an open limit order. Throws an AsterError when there is none or the change is refused. */
export function amendOrder(exchange: SimulatedExchange, account: string, market: ListedMarket, fields: Fields): ExchangeOrder {
  const order = orderNamed(exchange, account, market, fields, "open");
  if (order === undefined) throw refusal("NO_SUCH_ORDER");
  const to = { price: priceOf(fields, market), quantity: quantityOf(fields, market, "LIMIT").quantity };
  const result = exchange.amend(account, order.id, to);
  if (!result.ok) throw refusalIn(result.refusal, market, to.price);
  return result.order;
}
