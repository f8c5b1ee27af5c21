// Paradex's dialect of the simulated exchange: its keys, limits, REST endpoints and streams.

import type { Dialect, DialectContext, DialectSocket } from "../dialect.ts";
import { installGate } from "../gate.ts";
import type { BucketUse } from "../request-limits.ts";
import { serveAccount } from "./account-rest.ts";
import { createCredentials, ParadexAccounts } from "./accounts.ts";
import { Desk } from "./desk.ts";
import { bodyOf } from "./errors.ts";
import { PARADEX_LIMITS } from "./limits.ts";
import { PARADEX_LISTINGS } from "./listings.ts";
import { serveOrders } from "./order-rest.ts";
import { servePublic } from "./public-rest.ts";
import { Session } from "./session.ts";
import { ParadexSocket } from "./socket.ts";

/** The headers that Paradex documents for every answer, of the bucket that is fullest. */
function rateHeaders(used: readonly BucketUse[]): Record<string, string> {
  const [fullest] = used.toSorted((a, b) => b.used / b.limit - a.used / a.limit);
  if (fullest === undefined) return {};
  const seconds = String(Math.ceil(fullest.windowMs / 1_000));
  return {
    "x-ratelimit-limit": String(fullest.limit),
    "x-ratelimit-remaining": String(Math.max(0, fullest.limit - fullest.used)),
    "x-ratelimit-reset": seconds,
    "x-ratelimit-window": seconds,
  };
}

function serve(context: DialectContext): DialectSocket {
  const { app, exchange, limits, faults, clock, log } = context;
  const accounts = new ParadexAccounts(context.accounts);
  const session = new Session(accounts, clock);
  const desk = new Desk(exchange, accounts, session);
  installGate(app, {
    limits,
    faults,
    clock,
    log,
    errorBody: (_status, code, message) => bodyOf({ code, message }),
    accountOf: (request) => session.claimedBy(request),
    usedHeaders: rateHeaders,
    refusal: (_kind, bucket) => ({
      status: 429,
      body: bodyOf({ code: "RATE_LIMIT_EXCEEDED", message: "Rate limit exceeded" }),
      headers: { ...rateHeaders([bucket]), "retry-after": String(Math.ceil(bucket.retryAfterMs / 1_000)) },
    }),
  });
  servePublic(app, exchange, () => context.notice());
  serveAccount(app, desk);
  serveOrders(app, desk);
  return new ParadexSocket(desk, context.tap);
}

export const paradexDialect: Dialect = {
  name: "paradex",
  limits: PARADEX_LIMITS,
  listings: PARADEX_LISTINGS,
  wsPath: "/v1",
  createCredentials,
  serve,
};
