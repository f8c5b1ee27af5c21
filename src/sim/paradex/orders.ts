// Reads orders out of Paradex's request bodies, in ticks and lots, with their signatures checked, or refuses them in its words.

import { z } from "zod";
import { isDecimal, type Lots, lots, type Step, type Ticks, ticks, toSteps } from "../../core/units.ts";
import type { OrderRefusal, OrderRequest, RefusalReason } from "../exchange-facts.ts";
import type { ExchangeState } from "../exchange-state.ts";
import type { ListedMarket } from "../listed-market.ts";
import { stepsOf } from "../listings.ts";
import type { ParadexAccount } from "./accounts.ts";
import { ParadexError, validationError } from "./errors.ts";
import type { Session } from "./session.ts";
import { isSignedBy, shortText, signedAmount } from "./signature.ts";

const decimal = z.string().refine(isDecimal, { message: "must be a decimal string" });

const signedSchema = z.object({
  market: z.string(),
  side: z.enum(["BUY", "SELL"]),
  // The simulated exchange has no trigger orders: it refuses them rather than resting something else.
  type: z.enum(["LIMIT", "MARKET"]),
  size: decimal,
  price: decimal.optional(),
  signature: z.string(),
  signature_timestamp: z.number().int(),
});
const orderSchema = signedSchema.extend({
  instruction: z.enum(["GTC", "IOC", "POST_ONLY"]).default("GTC"),
  client_id: z.string().max(64).optional(),
  flags: z.array(z.enum(["REDUCE_ONLY"])).default([]),
  /** Ms after its signature's time during which the order may arrive. */
  recv_window: z.number().int().min(10).optional(),
  trigger_price: z.never().optional(),
});
const amendmentSchema = signedSchema.extend({ id: z.string().regex(/^\d{1,20}$/) });

type SignedBody = z.infer<typeof signedSchema>;

export interface OrderReader {
  readonly state: ExchangeState;
  readonly session: Session;
}

function parsed<Body>(schema: z.ZodType<Body>, body: unknown): Body {
  const result = schema.safeParse(body);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw validationError(`Invalid order: ${issue?.path.join(".") || "body"}: ${issue?.message ?? "unreadable"}`);
}

/** The market that a request names. Throws a ParadexError. */
export function marketNamed(state: ExchangeState, symbol: unknown): ListedMarket {
  const market = typeof symbol === "string" ? state.markets.get(symbol) : undefined;
  if (market === undefined) throw new ParadexError(400, "MARKET_NOT_FOUND", `Market ${String(symbol).slice(0, 40)} does not exist`);
  return market;
}

function stepsIn(value: string, step: Step, code: string, what: string): number {
  try {
    return toSteps(value, step, "exact");
  } catch {
    throw new ParadexError(400, code, `${what} ${value.slice(0, 40)} is not a multiple of its increment`);
  }
}

/** Throws a ParadexError unless the account signed the order: time, market, side, type, size, price and for a change the id. */
function checkSignature(body: SignedBody, id: string | null, account: ParadexAccount, session: Session): void {
  session.checkTime(body.signature_timestamp);
  const size = signedAmount(body.size);
  const price = body.type === "MARKET" ? 0n : signedAmount(body.price ?? "");
  if (size === null || price === null) throw validationError("size and price must be positive with at most 8 decimals");
  const fields: [string, bigint][] = [
    ["timestamp", BigInt(body.signature_timestamp)],
    ["market", shortText(body.market)],
    ["side", body.side === "BUY" ? 1n : 2n],
    ["orderType", shortText(body.type)],
    ["size", size],
    ["price", price],
  ];
  const message =
    id === null ? ({ type: "Order", fields } as const) : ({ type: "ModifyOrder", fields: [...fields, ["id", BigInt(id)]] } as const);
  if (!isSignedBy(account.key, body.signature, message, account.felt))
    throw new ParadexError(400, "INVALID_ORDER_SIGNATURE", "The order's signature is not the account's");
}

function amountsIn(body: SignedBody, market: ListedMarket): { quantity: Lots; price: Ticks | null } {
  const steps = stepsOf(market.listing);
  const quantity = lots(stepsIn(body.size, steps.quantity, "INVALID_ORDER_SIZE", "Size"));
  if (quantity < market.listing.instrument.minQuantity) throw new ParadexError(400, "INVALID_ORDER_SIZE", "Size must be positive");
  if (body.type === "MARKET") return { quantity, price: null };
  const price = ticks(stepsIn(body.price ?? "", steps.price, "INVALID_PRICE_PRECISION", "Price"));
  if (price <= 0) throw validationError("Price must be positive");
  return { quantity, price };
}

/** The order in a body of POST /orders. Throws a ParadexError. */
export function readOrder({ state, session }: OrderReader, account: ParadexAccount, value: unknown): OrderRequest {
  const body = parsed(orderSchema, value);
  const amounts = amountsIn(body, marketNamed(state, body.market));
  if (body.type === "MARKET" && body.instruction === "POST_ONLY") throw validationError("A market order cannot be POST_ONLY");
  checkSignature(body, null, account, session);
  session.checkWindow(body.signature_timestamp, body.recv_window);
  return {
    symbol: body.market,
    side: body.side === "BUY" ? "buy" : "sell",
    ...amounts,
    quoteQuantity: null,
    timeInForce: body.type === "MARKET" || body.instruction === "IOC" ? "ioc" : "gtc",
    postOnly: body.instruction === "POST_ONLY",
    reduceOnly: body.flags.includes("REDUCE_ONLY"),
    clientId: body.client_id === undefined || body.client_id === "" ? null : body.client_id,
    selfTrade: "rejectTaker",
  };
}

export interface Amendment {
  readonly id: number;
  readonly symbol: string;
  readonly side: "buy" | "sell";
  readonly price: Ticks;
  readonly quantity: Lots;
}

/** The change in a body of PUT /orders/{id}. Throws a ParadexError. */
export function readAmendment({ state, session }: OrderReader, account: ParadexAccount, id: string, value: unknown): Amendment {
  const body = parsed(amendmentSchema, value);
  if (body.id !== id) throw validationError("The body's id is not the path's");
  const { quantity, price } = amountsIn(body, marketNamed(state, body.market));
  if (price === null) throw validationError("Only limit orders can be changed");
  checkSignature(body, id, account, session);
  return { id: Number(id), symbol: body.market, side: body.side === "BUY" ? "buy" : "sell", price, quantity };
}

/** What Paradex finds out only after it accepted an order: the order is then closed with this reason. */
const CLOSED_ON_ARRIVAL: Partial<Readonly<Record<RefusalReason, string>>> = {
  margin: "NOT_ENOUGH_MARGIN",
  wouldTake: "POST_ONLY_WOULD_CROSS",
  notReducing: "REDUCE_ONLY_WILL_INCREASE",
  selfTrade: "SELF_TRADE",
};

/** The reason for which a refused order is accepted and closed, or null when it is refused outright. */
export function closingReason({ reason }: OrderRefusal): string | null {
  return CLOSED_ON_ARRIVAL[reason] ?? null;
}

/** A refusal of the exchange in Paradex's words. */
export function refusedOutright({ reason, message }: OrderRefusal): ParadexError {
  if (reason === "duplicateClientId") return new ParadexError(400, "DUPLICATED_CLIENT_ID", message);
  if (reason === "minQuantity" || reason === "minNotional") return new ParadexError(400, "INVALID_ORDER_SIZE", message);
  return validationError(message);
}

/** A refusal to change an order: what would close a new one leaves an old one as it was. */
export function refusedChange(refusal: OrderRefusal): ParadexError {
  const reason = closingReason(refusal);
  return reason === null ? refusedOutright(refusal) : validationError(reason);
}
