// What Hyperliquid says: refusals by their words, statuses, ids of 128 bits, and the prices that its rule of five digits allows.

import { decodeClientOrderId } from "../../core/client-order-id.ts";
import { text as decimal, money } from "../../core/money.ts";
import type { CcxtMarket, CcxtOrder } from "../ccxt-loader.ts";
import { type AnswerTable, DeniedError } from "../outcome.ts";
import type { OrderUpdate, Quirks } from "../quirks.ts";
import { field, list, text } from "./fields.ts";

/** "botswain" in ASCII: tells our ids from those of other programs on the same account. */
const PREFIX = "0x626f74737761696e";
const OWN_ID = new RegExp(`^${PREFIX}([0-9a-f]{16})$`, "i");
/** Prices have five significant digits, and no more decimals than these less those of the size; whole numbers are always allowed. */
const SIGNIFICANT = 5;
const MAX_DECIMALS = { perp: 6, spot: 8 } as const;

/** The exchange has no codes, only words. Ours for those that it documents; an order refused with any other words is `refused`. */
const WORDS: readonly (readonly [RegExp, string])[] = [
  [/never placed, already canceled, or filled/i, "notFound"],
  [/insufficient (margin|spot balance|balance)/i, "insufficientFunds"],
  [/too many cumulative requests/i, "addressBudget"],
  [/(user|api wallet) .*does not exist|must deposit before/i, "wallet"],
  [/price must be divisible by tick size|invalid price/i, "tick"],
  [/must have minimum value/i, "minValue"],
  [/reduce only order would increase/i, "reduceOnly"],
  [/post only order would have immediately matched/i, "wouldCross"],
  [/could not immediately match/i, "iocUnmatched"],
  [/more than \d+% away from the reference price/i, "farPrice"],
  [/(invalid|zero) size/i, "size"],
  [/scheduled cancel/i, "scheduledCancel"],
  [/expired|expiresAfter/i, "expired"],
  [/invalid nonce/i, "nonce"],
];

export const HYPERLIQUID_ANSWERS: AnswerTable = {
  unknownOid: "notFound",
  notFound: "notFound",
  insufficientFunds: "insufficientFunds",
  // The budget per traded volume; it counts orders first, cancels have more.
  addressBudget: "rateLimited",
  wallet: "authentication",
  tick: "rejected",
  minValue: "rejected",
  reduceOnly: "rejected",
  wouldCross: "rejected",
  iocUnmatched: "rejected",
  farPrice: "rejected",
  size: "rejected",
  scheduledCancel: "rejected",
  expired: "rejected",
  nonce: "rejected",
  // The matching engine's word about one order, whichever it is.
  refused: "rejected",
};

function statusesIn(response: unknown): readonly unknown[] {
  return list(field(field(response, "response"), "data"), "statuses");
}

/** The words of a refusal: of the whole action, or of the one order in it. Null for a success. */
export function hyperliquidWords(response: unknown): string | null {
  if (text(response, "status") === "err") return text(response, "response") ?? "refused without a word";
  for (const status of statusesIn(response)) {
    const error = text(status, "error");
    if (error !== null) return error;
  }
  return null;
}

/** Our code for a refusal, which the exchange sends with status 200. Words about a whole action that we do not know stay unknown. */
export function hyperliquidCode(response: unknown): string | null {
  if (text(response, "status") === "unknownOid") return "unknownOid";
  const words = hyperliquidWords(response);
  if (words === null) return null;
  const known = WORDS.find(([pattern]) => pattern.test(words));
  if (known !== undefined) return known[1];
  return text(response, "status") === "err" ? "unknownWords" : "refused";
}

/** Statuses end in their kind: `marginCanceled`, `scheduledCancel`, `badAloPxRejected`. */
function statusWord(status: string | null): ReturnType<Quirks["statusOf"]> {
  if (status === null) return null;
  if (status === "open" || status === "triggered") return "open";
  if (status === "filled") return "filled";
  if (/cancel(ed)?$/i.test(status)) return "canceled";
  return /rejected$/i.test(status) ? "rejected" : null;
}

/** Answers to orders say `resting` or `filled`, to cancels `success`; questions are answered with a status. */
export function hyperliquidStatus(order: CcxtOrder): ReturnType<Quirks["statusOf"]> {
  const info: unknown = order.info;
  if (info === "success") return "canceled";
  if (field(info, "resting") !== undefined) return "open";
  if (field(info, "filled") !== undefined) return "filled";
  return statusWord(text(info, "status")) ?? (order.status === "open" ? "open" : null);
}

/** One entry of `orderUpdates`; null for one that names no order. Fills come by a channel of their own. */
export function hyperliquidUpdate(entry: unknown, symbol: string): OrderUpdate | null {
  const order = field(entry, "order");
  const [exchangeOrderId, whole, rest] = [text(order, "oid"), text(order, "origSz"), text(order, "sz")];
  const status = statusWord(text(entry, "status"));
  if (exchangeOrderId === null || whole === null || rest === null || status === null || symbol === "") return null;
  return {
    symbol,
    exchangeOrderId,
    clientOrderId: text(order, "cloid"),
    side: text(order, "side") === "A" ? "sell" : "buy",
    status: status === "rejected" ? "canceled" : status,
    filled: status === "filled" ? whole : decimal(money(whole).minus(rest)),
    at: Number(text(entry, "statusTimestamp") ?? text(order, "timestamp") ?? 0),
    fill: null,
  };
}

/** The exchange turns remainders below a lot into USDC by itself and lists that among the fills: no order, and less than a lot. */
export function isDust(fill: unknown): boolean {
  return /dust conversion/i.test(text(fill, "dir") ?? "");
}

/** Our id as a `cloid`. Throws a DeniedError for an id that is none of ours. */
export function cloidOf(clientOrderId: string): string {
  if (decodeClientOrderId(clientOrderId) === null)
    throw new DeniedError("clientOrderId", `order id ${clientOrderId.slice(0, 20)} is none of ours`);
  return PREFIX + BigInt(clientOrderId).toString(16).padStart(16, "0");
}

/** Our id in a `cloid`, or null for another program's. */
export function ownIdOf(cloid: string): string | null {
  const digits = OWN_ID.exec(cloid)?.[1];
  if (digits === undefined) return null;
  const id = BigInt(`0x${digits}`).toString();
  return decodeClientOrderId(id) === null ? null : id;
}

/** Trailing zeros are part of what is signed here, and the exchange checks the signature of the number without them. */
export function bare(number: string): string {
  return decimal(money(number));
}

/**
 * The nearest price that the exchange allows, away from the touch: a tick is read once, while the five digits move with the
 * price (9,999.5 has a tick of 0.1, 10,000.5 is refused). A price that is allowed stays as it is.
 */
export function allowedPrice(market: Pick<CcxtMarket, "spot" | "precision">, side: "buy" | "sell", price: string): string {
  const value = money(price);
  const sizeDecimals = Math.max(0, -money(market.precision.amount ?? "1").e);
  const decimals = Math.max(0, MAX_DECIMALS[market.spot === true ? "spot" : "perp"] - sizeDecimals);
  const kept = Math.max(0, Math.min(decimals, SIGNIFICANT - 1 - value.e));
  // Big's modes: 0 is down, 3 is up.
  return decimal(value.round(kept, side === "buy" ? 0 : 3));
}
