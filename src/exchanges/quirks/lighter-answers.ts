// What Lighter's answers mean: its codes, the shape of each success, what requests cost, and how far an order has come.

import type { AnswerKind, AnswerTable } from "../outcome.ts";
import type { Charges, Quirks } from "../quirks.ts";
import { field, text } from "./fields.ts";

function spread(codes: readonly number[], kind: AnswerKind): AnswerTable {
  return Object.fromEntries(codes.map((code) => [String(code), kind]));
}

/** From `first` to `last`. */
function range(first: number, last: number): number[] {
  return Array.from({ length: last - first + 1 }, (_, index) => first + index);
}

/**
 * Codes of the API and its clients' sources. ccxt calls nearly all of them InvalidOrder, a wrong nonce a plain ExchangeError.
 * What comes later in this list replaces what came before. Codes of liquidation, deleverage and markets concern nobody here.
 */
export const LIGHTER_ANSWERS: AnswerTable = {
  ...spread([20001, 21104, 21105, 21146, 21149, 21501, 21505, 21506, 21511], "rejected"),
  ...spread([...range(21600, 21614), ...range(21700, 21740)], "rejected"),
  ...spread([20013, 21100, 21108, 21120, 21136], "authentication"),
  ...spread([21507, 21508, 21739], "insufficientFunds"),
  // Said to a cancel or change of an order that is over: the history tells how it ended.
  ...spread([21600, 21700, 21708, 21709, 21715, 29404], "notFound"),
  ...spread(range(23000, 23003), "rateLimited"),
};

/** An order of this client index is there already: very likely the one whose answer was lost. */
export const DUPLICATE = "21728";
/** A scheduled cancel waits already. */
export const QUEUED = "21712";

/** The lists of the answers that hold lists; an absent list is not an empty one, but Lighter writes null for none. */
const LISTS: readonly (readonly [RegExp, readonly string[]])[] = [
  [/\/account$/, ["accounts"]],
  [/\/account(Active|Inactive)Orders$/, ["orders"]],
  [/\/trades$/, ["trades"]],
  [/\/positionFunding$/, ["position_fundings"]],
  [/\/orderBookDetails$/, ["order_book_details", "spot_order_book_details"]],
  [/\/orderBookOrders$/, ["asks", "bids"]],
];

export function isReadable(path: string, _method: string, response: unknown): boolean {
  if (typeof response !== "object" || response === null || Array.isArray(response)) return false;
  if (path === "") return text(response, "status") !== null;
  if (text(response, "code") !== "200") return false;
  if (path.endsWith("/sendTx")) return text(response, "tx_hash") !== null;
  const lists = LISTS.find(([pattern]) => pattern.test(path))?.[1] ?? [];
  return lists.every((name) => Array.isArray(field(response, name)) || field(response, name) === null);
}

/** Every success says 200 in its body too; the status page says it in another field. */
export function codeOf(response: unknown): string | null {
  const code = text(response, "code");
  return code === null || code === "200" || code === "0" ? null : code;
}

const TRADES = /(^|\/)(trades|recentTrades)$/;

/** Lighter counts addresses and accounts apart, and reads of trades by themselves. */
export function chargesOf(path: string): Charges {
  return { requests: 1, account: 1, ...(TRADES.test(path) ? { trades: 1 } : {}) };
}

/** How an order ended that was taken and then not carried out, and what that means. */
const REFUSALS: Readonly<Record<string, AnswerKind>> = {
  "canceled-invalid-balance": "insufficientFunds",
  "canceled-margin-not-allowed": "insufficientFunds",
  "canceled-position-not-allowed": "rejected",
  "canceled-post-only": "rejected",
  "canceled-reduce-only": "rejected",
  "canceled-self-trade": "rejected",
};

export function refusalIn(status: string): AnswerKind | null {
  return REFUSALS[status] ?? null;
}

/** Our word for the status of a raw order; null for one that the sequencer has not looked at. */
export function statusIn(raw: unknown): ReturnType<Quirks["statusOf"]> {
  const status = text(raw, "status") ?? "";
  if (status === "open" || status === "pending") return "open";
  if (status === "filled") return "filled";
  if (status === "canceled-expired") return "expired";
  return status.startsWith("canceled") ? "canceled" : null;
}

/** Times are seconds in the documentation and ms on the wire; ccxt multiplies both by 1000. */
export function epochMs(value: string | null): number | undefined {
  const time = Number(value ?? Number.NaN);
  if (!(time > 0)) return undefined;
  return time < 100_000_000_000 ? time * 1_000 : time;
}
