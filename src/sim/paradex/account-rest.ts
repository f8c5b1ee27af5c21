// Paradex's private endpoints beside orders: signing in, account, margin, fills, positions, balance and funding.

import type { FastifyInstance, FastifyRequest } from "fastify";
import { z } from "zod";
import { accountInfoView, accountView, balanceViews, positionView, subkeyViews } from "./account-views.ts";
import type { ParadexAccount } from "./accounts.ts";
import type { Desk } from "./desk.ts";
import { ParadexError, validationError } from "./errors.ts";
import { paymentView } from "./funding.ts";
import { privately } from "./order-rest.ts";
import { marketNamed } from "./orders.ts";
import { pageOf, type Query } from "./paging.ts";

const marginSchema = z.object({ leverage: z.number().int(), margin_type: z.enum(["CROSS", "ISOLATED"]) });

/** Serves everything private but `/v1/orders…`. */
export function serveAccount(app: FastifyInstance, desk: Desk): void {
  const { exchange, session } = desk;
  const { state, clock } = exchange;
  const queryOf = (request: FastifyRequest): Query => request.query as Query;
  const isWanted = (query: Query, symbol: string): boolean => query.market === undefined || symbol === query.market;

  app.post("/v1/auth", async (request) => ({ jwt_token: session.authenticate(request) }));
  app.post("/v1/onboarding", async (request) => {
    session.onboard(request);
    return {};
  });
  app.get(
    "/v1/account",
    privately(desk, (owner) => accountView(state, owner, desk.nextSequence(), clock.now())),
  );
  app.get(
    "/v1/account/info",
    privately(desk, (owner) => ({ results: [accountInfoView(owner)] })),
  );
  app.get(
    "/v1/account/keys/subkeys",
    privately(desk, (owner) => ({ results: subkeyViews(owner) })),
  );
  app.get(
    "/v1/account/margin",
    privately(desk, (owner, request) => ({ account: owner.address, configs: marginConfigs(desk, owner, queryOf(request)) })),
  );
  app.post(
    "/v1/account/margin/:market",
    privately(desk, (owner, request) => setMargin(desk, owner, (request.params as { market: string }).market, request.body)),
  );
  app.get(
    "/v1/balance",
    privately(desk, (owner) => ({ results: balanceViews(state.account(owner.name), clock.now()) })),
  );
  app.get(
    "/v1/positions",
    privately(desk, (owner) => {
      const open = [...state.account(owner.name).positions].filter(([, { quantity }]) => quantity !== 0);
      return { results: open.map(([symbol]) => positionView(state, owner, symbol, desk.nextSequence(), clock.now())) };
    }),
  );
  app.get(
    "/v1/fills",
    privately(desk, (owner, request) => {
      const query = queryOf(request);
      const page = pageOf(
        state.account(owner.name).fills.filter(({ symbol }) => isWanted(query, symbol)),
        query,
        (fill) => fill.tradeId,
        (fill) => fill.at,
      );
      return { ...page, results: page.results.map((fill) => desk.fillView(fill)) };
    }),
  );
  app.get(
    "/v1/funding/payments",
    privately(desk, (owner, request) => {
      const query = queryOf(request);
      const page = pageOf(
        state.account(owner.name).funding.filter(({ symbol }) => isWanted(query, symbol)),
        query,
        (payment) => payment.id,
        (payment) => payment.at,
      );
      return { ...page, results: page.results.map((payment) => paymentView(owner, payment)) };
    }),
  );
}

function marginConfigs({ exchange }: Desk, owner: ParadexAccount, { market }: Query): object[] {
  const { state } = exchange;
  const markets = market === undefined ? [...state.markets.values()] : [marketNamed(state, market)];
  const { leverage } = state.account(owner.name);
  return markets.map(({ listing: { id, instrument } }) => ({
    market: id,
    leverage: leverage.get(id) ?? instrument.maxLeverage ?? 1,
    margin_type: "CROSS",
  }));
}

/** Throws a ParadexError. The simulated accounts have cross margin only. */
function setMargin({ exchange }: Desk, owner: ParadexAccount, symbol: string, body: unknown): object {
  const parsed = marginSchema.safeParse(body);
  if (!parsed.success) throw validationError("leverage must be a whole number and margin_type CROSS or ISOLATED");
  const { leverage, margin_type } = parsed.data;
  const { listing } = marketNamed(exchange.state, symbol);
  if (margin_type !== "CROSS") throw new ParadexError(400, "ISOLATED_MARKET_ACCOUNT_MISMATCH", "The account has cross margin");
  const refusal = exchange.setLeverage(owner.name, listing.id, leverage);
  if (refusal !== null) throw validationError(refusal.message);
  return { account: owner.address, market: listing.id, leverage, margin_type };
}
