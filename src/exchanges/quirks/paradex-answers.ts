// What Paradex's answers mean: its error codes, the shape of each success, and how far an order has come.

import { text as decimal, money } from "../../core/money.ts";
import type { AnswerTable } from "../outcome.ts";
import type { Charges, OrderUpdate } from "../quirks.ts";
import { field, text } from "./fields.ts";

/**
 * Codes of the API description. INTERNAL_ERROR and SERVICE_UNAVAILABLE prove nothing, NOT_FOUND is a path that is not there: they
 * are left out. ccxt reads VALIDATION_ERROR as a wrong key and the codes of a missing order as an invalid one.
 */
export const PARADEX_ANSWERS: AnswerTable = {
  ACCOUNT_NOT_FOUND: "authentication",
  BAD_STARKNET_REQUEST: "rejected",
  BINDING_ERROR: "rejected",
  CLIENT_ORDER_ID_NOT_FOUND: "notFound",
  DUPLICATED_CLIENT_ID: "rejected",
  GEO_IP_BLOCK: "authentication",
  INVALID_ORDER_SIGNATURE: "authentication",
  INVALID_ORDER_SIZE: "rejected",
  INVALID_PRICE_PRECISION: "rejected",
  INVALID_REQUEST_PARAMETER: "rejected",
  INVALID_SIGNATURE_EXPIRATION: "authentication",
  INVALID_STARKNET_ADDRESS: "authentication",
  INVALID_STARKNET_SIGNATURE: "authentication",
  INVALID_SYMBOL: "rejected",
  INVALID_TIMESTAMP: "rejected",
  INVALID_TOKEN: "authentication",
  ISOLATED_MARKET_ACCOUNT_MISMATCH: "rejected",
  // A market that is not there refuses an order; only a missing order leaves doubt.
  MARKET_NOT_FOUND: "rejected",
  MARKET_NOT_OPEN: "rejected",
  NOT_ONBOARDED: "authentication",
  ORDER_ID_NOT_FOUND: "notFound",
  // Said to a cancel or change of an order that is over: the history tells how it ended.
  ORDER_IS_CLOSED: "notFound",
  ORDER_IS_NOT_OPEN: "rejected",
  ORDER_IS_NOT_OPEN_YET: "rejected",
  PUBLIC_KEY_INVALID: "authentication",
  RATE_LIMIT_EXCEEDED: "rateLimited",
  STARKNET_SIGNATURE_VERIFICATION_FAILED: "authentication",
  UNAUTHORIZED: "authentication",
  VALIDATION_ERROR: "rejected",
};

/** The token is over or unknown (a restart of the exchange ends all of them); a new one may help. */
export const TOKEN_CODES: ReadonlySet<string> = new Set(["INVALID_TOKEN", "UNAUTHORIZED"]);

/** The signed time is not the exchange's. */
export const CLOCK_CODES: ReadonlySet<string> = new Set(["INVALID_SIGNATURE_EXPIRATION", "INVALID_TIMESTAMP"]);

type OrderStatus = OrderUpdate["status"];
const OPEN = new Set(["NEW", "OPEN", "UNTRIGGERED"]);

/** What of a raw order is filled: its size without what remains. ccxt loses it, because it drops a `remaining_size` of 0. */
export function filledIn(order: unknown): string | null {
  const [size, remaining] = [text(order, "size"), text(order, "remaining_size")];
  if (size === null) return null;
  if (text(order, "status") === "NEW") return "0";
  return remaining === null ? null : decimal(money(size).minus(money(remaining)));
}

/** ccxt calls every order with the field `cancel_reason` canceled; it is there, and empty, in orders that live or filled. */
export function statusIn(order: unknown): OrderStatus | null {
  const status = text(order, "status") ?? "";
  if (OPEN.has(status)) return "open";
  const [size, filled] = [text(order, "size"), filledIn(order)];
  if (status !== "CLOSED" || size === null || filled === null) return null;
  return money(filled).gte(money(size)) ? "filled" : "canceled";
}

/** One raw message of the orders channel; `symbol` is ccxt's. An order refused after it was accepted is canceled with 0 filled. */
export function orderUpdateOf(order: unknown, symbol: string): OrderUpdate | null {
  const [exchangeOrderId, status] = [text(order, "id"), statusIn(order)];
  if (exchangeOrderId === null || status === null || symbol === "") return null;
  return {
    symbol,
    exchangeOrderId,
    clientOrderId: text(order, "client_id"),
    side: text(order, "side") === "SELL" ? "sell" : "buy",
    status,
    filled: filledIn(order) ?? "0",
    at: Number(text(order, "last_updated_at") ?? 0),
    // The fills channel tells fills.
    fill: null,
  };
}

const PRIVATE_READS = /^(account|balance|fills|funding\/payments|orders|orders-history|positions)(\/|$)/;
const ORDER = /^orders\/(by_client_id\/)?[^/]+$/;
const LISTS =
  /^(account\/info|account\/keys\/subkeys|balance|fills|funding\/payments|markets|markets\/summary|orders|orders-history|positions)$/;

/** Fields that an answer has besides being an object. */
const NEEDED: Readonly<Record<string, readonly string[]>> = {
  account: ["free_collateral"],
  auth: ["jwt_token"],
  "system/config": ["starknet_chain_id"],
  "system/time": ["server_time"],
};

/** ccxt charges by the path of its list, answers name the whole one. */
function withoutVersion(path: string): string {
  return path.replace(/^v\d+\//, "");
}

/** Whether the body of a success is what its path promises. A cancel is answered with 204 and no body at all. */
export function isReadable(path: string, method: string, response: unknown): boolean {
  if (method === "DELETE") return true;
  if (typeof response !== "object" || response === null) return false;
  const what = withoutVersion(path);
  if (method === "GET" && LISTS.test(what)) return Array.isArray(field(response, "results"));
  if (what === "account/margin") return Array.isArray(field(response, "configs"));
  if (what.startsWith("orderbook/")) return Array.isArray(field(response, "bids")) && Array.isArray(field(response, "asks"));
  if (what === "orders" || ORDER.test(what)) return text(response, "id") !== null && text(response, "status") !== null;
  return (NEEDED[what] ?? []).every((name) => text(response, name) !== null);
}

/** Paradex counts four kinds of requests, each by the second and by the minute; a change of margin counts as an order. */
export function chargesOf(path: string, method: string): Charges {
  const what = withoutVersion(path);
  if (what === "auth") return { signInBurst: 1, signIn: 1 };
  if (method !== "GET") return { ordersBurst: 1, orders: 1 };
  return PRIVATE_READS.test(what) ? { readsBurst: 1, reads: 1 } : { publicBurst: 1, public: 1 };
}
