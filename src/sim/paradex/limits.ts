// How many requests Paradex admits, as its documentation says (docs.paradex.trade, rate limits).

import type { CountedRequest, RequestLimit } from "../request-limits.ts";

const SECOND_MS = 1_000;
const MINUTE_MS = 60_000;
const PRIVATE_READS = /^\/v1\/(account|balance|fills|funding\/payments|orders|orders-history|positions)(\/|$)/;

type Kind = "auth" | "orderWrite" | "privateRead" | "public";

function kindOf({ method, path }: CountedRequest): Kind {
  if (method === "POST" && (path === "/v1/auth" || path === "/v1/onboarding")) return "auth";
  if (method !== "GET") return "orderWrite";
  return PRIVATE_READS.test(path) ? "privateRead" : "public";
}

function limitOf(kind: Kind, limit: number, windowMs: number): RequestLimit {
  const per = kind === "orderWrite" || kind === "privateRead" ? "account" : "address";
  const name = `${kind} ${windowMs === SECOND_MS ? "second" : "minute"}`;
  return { name, limit, windowMs, per, costOf: (request) => (kindOf(request) === kind ? 1 : 0) };
}

/** A batch of orders is one request. Setting the leverage counts as an order. */
export const PARADEX_LIMITS: readonly RequestLimit[] = [
  limitOf("public", 200, SECOND_MS),
  limitOf("public", 1_500, MINUTE_MS),
  limitOf("auth", 50, SECOND_MS),
  limitOf("auth", 600, MINUTE_MS),
  limitOf("orderWrite", 800, SECOND_MS),
  limitOf("orderWrite", 17_250, MINUTE_MS),
  limitOf("privateRead", 40, SECOND_MS),
  limitOf("privateRead", 600, MINUTE_MS),
];
