// How many requests Lighter admits, as its documentation says for standard accounts (apidocs.lighter.xyz, rate limits).

import type { CountedRequest, RequestLimit } from "../request-limits.ts";

const MINUTE_MS = 60_000;
/** The histories of trades weigh 600 of the 24,000 that even a premium account has: never more than 40 a minute. */
const TRADES = /\/(trades|recentTrades)$/;

/** Requests of an address and, where they name one, of an account. */
export const LIGHTER_LIMITS: readonly RequestLimit[] = [
  { name: "address", limit: 60, windowMs: MINUTE_MS, per: "address" },
  { name: "account", limit: 60, windowMs: MINUTE_MS, per: "account" },
  { name: "trades", limit: 40, windowMs: MINUTE_MS, per: "address", costOf: ({ path }: CountedRequest) => (TRADES.test(path) ? 1 : 0) },
];
