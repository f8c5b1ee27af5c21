// Reads orders and their references out of Backpack's request bodies, in ticks and lots, or refuses them in its words.

import { z } from "zod";
import { money } from "../../core/money.ts";
import { isDecimal, type Lots, lots, type Step, type Ticks, ticks, toSteps } from "../../core/units.ts";
import type { ExchangeOrder, OrderRequest } from "../exchange-facts.ts";
import type { ExchangeState } from "../exchange-state.ts";
import type { ListedMarket } from "../listed-market.ts";
import { stepsOf } from "../listings.ts";
import { BackpackError, invalidRequest, notFound } from "./errors.ts";

const UINT32_MAX = 0xffffffff;
const decimal = z.string().refine(isDecimal, { message: "must be a decimal string" });
const clientId = z.number().int().min(0).max(UINT32_MAX);
const trigger = z.null().optional();

const orderSchema = z.object({
  symbol: z.string(),
  side: z.enum(["Bid", "Ask"]),
  orderType: z.enum(["Limit", "Market"]),
  price: decimal.optional(),
  quantity: decimal.optional(),
  quoteQuantity: decimal.optional(),
  timeInForce: z.enum(["GTC", "IOC", "FOK"]).default("GTC"),
  postOnly: z.boolean().nullish(),
  reduceOnly: z.boolean().nullish(),
  clientId: clientId.nullish(),
  selfTradePrevention: z.enum(["RejectTaker", "RejectMaker", "RejectBoth"]).default("RejectTaker"),
  // The simulated exchange has no trigger orders: it refuses them rather than resting something else.
  triggerPrice: trigger,
  triggerQuantity: trigger,
  takeProfitTriggerPrice: trigger,
  stopLossTriggerPrice: trigger,
});

type OrderBody = z.infer<typeof orderSchema>;

const SELF_TRADE = { RejectTaker: "rejectTaker", RejectMaker: "rejectMaker", RejectBoth: "rejectBoth" } as const;
const TIME_IN_FORCE = { GTC: "gtc", IOC: "ioc", FOK: "fok" } as const;

/** The market that a request names. Throws a BackpackError. */
export function marketNamed(state: ExchangeState, symbol: unknown): ListedMarket {
  if (typeof symbol !== "string" || symbol === "") throw invalidRequest("Parameter symbol is missing");
  const market = state.markets.get(symbol);
  if (market === undefined) throw new BackpackError(400, "INVALID_SYMBOL", `Invalid symbol: ${symbol.slice(0, 40)}`);
  return market;
}

/** Whole steps of a decimal, or a refusal with `code`. */
function stepsIn(value: string, step: Step, code: string, what: string): number {
  try {
    return toSteps(value, step, "exact");
  } catch {
    throw new BackpackError(400, code, `${what} ${value.slice(0, 40)} is not a multiple of its step`);
  }
}

function quantityOf(body: OrderBody, market: ListedMarket): { quantity: Lots; quoteQuantity: string | null } {
  const { quantity: step } = stepsOf(market.listing);
  if (body.quantity !== undefined)
    return { quantity: lots(stepsIn(body.quantity, step, "INVALID_QUANTITY", "Quantity")), quoteQuantity: null };
  if (body.quoteQuantity === undefined || body.orderType !== "Market") throw invalidRequest("Parameter quantity is missing");
  const value = BigInt(money(body.quoteQuantity).div(market.listing.unit).round(0, 0).toFixed());
  const quantity = value > 0n ? market.engine.lotsFor(body.side === "Bid" ? "buy" : "sell", value) : (0 as Lots);
  return { quantity, quoteQuantity: body.quoteQuantity };
}

function priceOf(body: OrderBody, market: ListedMarket): Ticks | null {
  if (body.orderType === "Market") return null;
  if (body.price === undefined) throw invalidRequest("Parameter price is missing");
  return ticks(stepsIn(body.price, stepsOf(market.listing).price, "INVALID_PRICE", "Price"));
}

/** The order in a body of POST /api/v1/order. Throws a BackpackError. */
export function parseOrder(state: ExchangeState, body: unknown): OrderRequest {
  const parsed = orderSchema.safeParse(body);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw invalidRequest(`Invalid order: ${issue?.path.join(".") || "body"}: ${issue?.message ?? "unreadable"}`);
  }
  const order = parsed.data;
  const market = marketNamed(state, order.symbol);
  if (order.postOnly && (order.orderType === "Market" || order.timeInForce !== "GTC"))
    throw new BackpackError(400, "INVALID_ORDER", "Post only orders must be GTC limit orders");
  if (order.reduceOnly && market.listing.instrument.kind === "spot")
    throw new BackpackError(400, "INVALID_ORDER", "Reduce only is for futures markets");
  return {
    symbol: order.symbol,
    side: order.side === "Bid" ? "buy" : "sell",
    price: priceOf(order, market),
    ...quantityOf(order, market),
    timeInForce: TIME_IN_FORCE[order.timeInForce],
    postOnly: order.postOnly ?? false,
    reduceOnly: order.reduceOnly ?? false,
    clientId: order.clientId ?? null,
    selfTrade: SELF_TRADE[order.selfTradePrevention],
  };
}

/** The open order that `{ symbol, orderId }` or `{ symbol, clientId }` names. Throws a BackpackError when there is none. */
export function openOrderNamed(state: ExchangeState, account: string, reference: Readonly<Record<string, unknown>>): ExchangeOrder {
  const market = marketNamed(state, reference.symbol);
  const { orderId, clientId: byClient } = reference;
  if (orderId === undefined && byClient === undefined) throw invalidRequest("Either orderId or clientId is needed");
  const { open } = state.account(account);
  const isHere = (order: ExchangeOrder | undefined): order is ExchangeOrder => order?.request.symbol === market.listing.id;
  const byId = orderId === undefined ? undefined : open.get(Number(orderId));
  if (isHere(byId)) return byId;
  if (orderId === undefined)
    for (const order of open.values()) if (isHere(order) && String(order.request.clientId) === String(byClient)) return order;
  throw notFound("Order not found");
}
