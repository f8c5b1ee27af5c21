// Lighter's dialect of the simulated exchange: its keys, limits, REST endpoints, transactions and streams.

import type { FastifyRequest } from "fastify";
import type { Dialect, DialectContext, DialectSocket } from "../dialect.ts";
import { installGate } from "../gate.ts";
import { createCredentials, LighterAccounts } from "./accounts.ts";
import { bodyOf } from "./errors.ts";
import { acceptForms, type Form } from "./form.ts";
import { LIGHTER_LIMITS } from "./limits.ts";
import { LIGHTER_LISTINGS } from "./listings.ts";
import { servePrivate } from "./private-rest.ts";
import { servePublic } from "./public-rest.ts";
import { Sequencer } from "./sequencer.ts";
import { Tokens, tokenOf } from "./signature.ts";
import { LighterSocket } from "./socket.ts";
import { claimantOf, TransactionReader } from "./transactions.ts";

/** The account that a request is counted for: of its token, its transaction or its question. */
function claimant(accounts: LighterAccounts, tokens: Tokens, request: FastifyRequest): string | null {
  const { account_index, value } = request.query as { account_index?: string; value?: string };
  const asked = account_index ?? value;
  const found =
    tokens.claimedBy(tokenOf(request)) ??
    claimantOf(accounts, (request.body as Form | null)?.tx_info) ??
    (asked === undefined ? undefined : accounts.at(Number(asked)));
  return found?.name ?? null;
}

function serve(context: DialectContext): DialectSocket {
  const { app, clock, exchange, faults, limits, log, tap } = context;
  const accounts = new LighterAccounts(context.accounts);
  const tokens = new Tokens(accounts, clock);
  const reader = new TransactionReader(accounts, clock);
  const sequencer = new Sequencer(exchange, reader);
  acceptForms(app);
  installGate(app, {
    limits,
    faults,
    clock,
    log,
    errorBody: bodyOf,
    accountOf: (request) => claimant(accounts, tokens, request),
    refusal: (_kind, bucket) => ({
      status: 429,
      body: bodyOf(429, "23000", "Too Many Requests!"),
      headers: { "retry-after": String(Math.ceil(bucket.retryAfterMs / 1_000)) },
    }),
  });
  servePublic(app, exchange, () => context.notice());
  servePrivate(app, { exchange, accounts, tokens, reader, sequencer });
  return new LighterSocket({ exchange, accounts, tap, tokens, sequencer });
}

export const lighterDialect: Dialect = {
  name: "lighter",
  limits: LIGHTER_LIMITS,
  listings: LIGHTER_LISTINGS,
  wsPath: "/stream",
  createCredentials,
  serve,
};
