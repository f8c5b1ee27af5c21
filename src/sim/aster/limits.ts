// How many requests and orders Aster admits, who it bans, and how it tells a client of both.

import type { Refusal } from "../gate.ts";
import type { BanRule, BucketUse, CountedRequest, RequestLimit } from "../request-limits.ts";
import { errorBody } from "./errors.ts";
import { fieldsOf } from "./parameters.ts";
import { weightOf } from "./weights.ts";

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

/** Orders that a request places: one, or as many as its batch has. */
function ordersIn({ method, path, query, body }: CountedRequest): number {
  if (method !== "POST") return 0;
  if (/\/v\d\/order$/.test(path)) return 1;
  if (!path.endsWith("/batchOrders")) return 0;
  const { batchOrders = "" } = { ...(query as Record<string, string>), ...fieldsOf(body) };
  try {
    const list: unknown = JSON.parse(batchOrders);
    return Array.isArray(list) ? list.length : 1;
  } catch {
    return 1;
  }
}

/**
 * Documented for futures: 2400 weight per minute and address, 1200 orders per minute and account, in windows that begin with the
 * minute. The bound per 10 s is Binance's, whose interface this is.
 */
export const ASTER_LIMITS: readonly RequestLimit[] = [
  {
    name: "weight",
    limit: 2_400,
    windowMs: MINUTE_MS,
    per: "address",
    window: "fixed",
    costOf: ({ method, path, query }) => weightOf(method, path, query),
  },
  { name: "orders10s", limit: 300, windowMs: 10_000, window: "fixed", costOf: ordersIn },
  { name: "orders1m", limit: 1_200, windowMs: MINUTE_MS, window: "fixed", costOf: ordersIn },
];

/** Documented: repeated violations end in a ban that grows from 2 minutes to 3 days. How many is not; ten within a minute here. */
export const ASTER_BAN: BanRule = {
  after: 10,
  withinMs: MINUTE_MS,
  durationsMs: [2 * MINUTE_MS, 10 * MINUTE_MS, HOUR_MS, 24 * HOUR_MS, 72 * HOUR_MS],
};

/** `1M`, `10S`: a window as the headers name it. */
function intervalOf(windowMs: number): string {
  return windowMs % MINUTE_MS === 0 ? `${windowMs / MINUTE_MS}M` : `${windowMs / 1_000}S`;
}

/** What an answer tells of used weight (of the address) and of placed orders (of the account). */
export function usedHeaders(used: readonly BucketUse[]): Readonly<Record<string, string>> {
  return Object.fromEntries(
    used.map((bucket) => [
      `x-mbx-${bucket.per === "address" ? "used-weight" : "order-count"}-${intervalOf(bucket.windowMs)}`,
      String(bucket.used),
    ]),
  );
}

/** The answer to a request too many: 429 of a limit, 418 of a ban, 403 of a firewall. `now` is epoch ms. */
export function refusalOf(kind: "rateLimited" | "blocked" | "banned", bucket: BucketUse, now: number): Refusal {
  const headers = { "retry-after": String(Math.ceil(bucket.retryAfterMs / 1_000)) };
  const per = `${bucket.windowMs / 1_000} seconds`;
  if (kind === "blocked") return { status: 403, body: errorBody("-1011", "This IP cannot access this route."), headers };
  if (kind === "banned") {
    const text = `Way too many requests; IP banned until ${Math.ceil(now + bucket.retryAfterMs)}. Please use the websocket for live updates to avoid bans.`;
    return { status: 418, body: errorBody("-1003", text), headers };
  }
  if (bucket.per === "account") {
    const text = `Too many new orders; current limit is ${bucket.limit} orders per ${per}.`;
    return { status: 429, body: errorBody("-1015", text), headers };
  }
  const text = `Too many requests; current limit is ${bucket.limit} request weight per ${per}. Please use the websocket for live updates to avoid polling the API.`;
  return { status: 429, body: errorBody("-1003", text), headers };
}

/** The limits as exchangeInfo tells them. */
export function rateLimitViews(): readonly object[] {
  return ASTER_LIMITS.map(({ per, windowMs, limit }) => {
    const isMinutes = windowMs % MINUTE_MS === 0;
    return {
      rateLimitType: per === "address" ? "REQUEST_WEIGHT" : "ORDERS",
      interval: isMinutes ? "MINUTE" : "SECOND",
      intervalNum: isMinutes ? windowMs / MINUTE_MS : windowMs / 1_000,
      limit,
    };
  });
}
