// Lighter's endpoints of an account: its state, orders, trades and funding, and the transactions that it sends.

import type { FastifyInstance, FastifyRequest } from "fastify";
import type { SimulatedExchange } from "../simulated-exchange.ts";
import { accountView, fillView, orderView, paymentView } from "./account-views.ts";
import type { LighterAccount, LighterAccounts } from "./accounts.ts";
import { LighterError } from "./errors.ts";
import type { Form } from "./form.ts";
import { cursorField, onlyMarket, pageOf, type Query, queryOf, wholeIn } from "./queries.ts";
import type { Sequencer, Taken } from "./sequencer.ts";
import { type Tokens, tokenOf } from "./signature.ts";
import type { TransactionReader } from "./transactions.ts";

const API = "/api/v1";
const BATCH_MAX = 50;

export interface PrivateOptions {
  readonly exchange: SimulatedExchange;
  readonly accounts: LighterAccounts;
  readonly tokens: Tokens;
  readonly reader: TransactionReader;
  readonly sequencer: Sequencer;
}

/** The answer to a transaction that was taken. */
export function takenView({ predictedAt, txHash }: Taken): object {
  const message = JSON.stringify({ ratelimit: "didn't use volume quota" });
  return { code: 200, message, tx_hash: txHash, predicted_execution_time_ms: predictedAt, volume_quota_remaining: 0 };
}

export function servePrivate(app: FastifyInstance, options: PrivateOptions): void {
  serveState(app, options);
  serveHistory(app, options);
  const { sequencer } = options;
  app.post(`${API}/sendTx`, async (request) => {
    const { tx_info, tx_type } = (request.body ?? {}) as Form;
    return takenView(sequencer.take(Number(tx_type), tx_info));
  });
  app.post(`${API}/sendTxBatch`, async (request) => {
    const { tx_infos, tx_types } = (request.body ?? {}) as Form;
    const [types, infos] = [listIn(tx_types), listIn(tx_infos)];
    if (types.length === 0 || types.length !== infos.length || types.length > BATCH_MAX) throw new LighterError(20001, "tx_types");
    const taken = types.map((type, index) => sequencer.take(Number(type), infos[index]));
    return { ...takenView(taken[0] as Taken), tx_hash: taken.map(({ txHash }) => txHash) };
  });
}

function listIn(value: string | undefined): unknown[] {
  try {
    const list: unknown = JSON.parse(value ?? "");
    return Array.isArray(list) ? list : [];
  } catch {
    return [];
  }
}

/** The account of a query, which must be the token's. Throws a LighterError. */
function ownerOf({ tokens }: PrivateOptions, request: FastifyRequest): LighterAccount {
  const owner = tokens.ownerOf(tokenOf(request));
  if (wholeIn(queryOf(request), "account_index", null) !== owner.index) throw new LighterError(20013, "", 401);
  return owner;
}

/** The account of a public question. Throws a LighterError. */
function named({ accounts }: PrivateOptions, query: Query, field: string): LighterAccount {
  const account = accounts.at(wholeIn(query, field, null));
  if (account === undefined) throw new LighterError(21100);
  return account;
}

function serveState(app: FastifyInstance, options: PrivateOptions): void {
  const { exchange, reader } = options;
  const { state } = exchange;
  app.get(`${API}/account`, async (request) => {
    const query = queryOf(request);
    if (query.by !== "index") throw new LighterError(20001, "by");
    const owner = options.accounts.at(wholeIn(query, "value", null));
    if (owner === undefined) throw new LighterError(29404);
    return { code: 200, total: 1, accounts: [accountView(state, owner)] };
  });
  app.get(`${API}/nextNonce`, async (request) => ({
    code: 200,
    nonce: reader.nextNonce(named(options, queryOf(request), "account_index")),
  }));
  app.get(`${API}/apikeys`, async (request) => {
    const { index, keyIndex } = named(options, queryOf(request), "account_index");
    const nonce = reader.nextNonce(named(options, queryOf(request), "account_index"));
    const key = { account_index: index, api_key_index: keyIndex, nonce, public_key: "", transaction_time: 0 };
    return { code: 200, api_keys: [key] };
  });
  app.get(`${API}/accountLimits`, async (request) => {
    ownerOf(options, request);
    return {
      ...{ code: 200, max_llp_percentage: 25, max_llp_amount: "1000000", user_tier: "std", can_create_public_pool: false },
      ...{ user_tier_name: "standard", current_maker_fee_tick: 0, current_taker_fee_tick: 0 },
      ...{ leased_lit: "0", effective_lit_stakes: "0" },
    };
  });
  app.get(`${API}/accountActiveOrders`, async (request) => {
    const owner = ownerOf(options, request);
    const only = onlyMarket(state, queryOf(request));
    const open = [...state.account(owner.name).open.values()].filter((order) => only === null || order.request.symbol === only);
    return { code: 200, orders: open.map((order) => orderView(state.market(order.request.symbol).listing, owner, order)) };
  });
}

function serveHistory(app: FastifyInstance, options: PrivateOptions): void {
  const { accounts, exchange, tokens } = options;
  const { state } = exchange;
  app.get(`${API}/accountInactiveOrders`, async (request) => {
    const owner = ownerOf(options, request);
    const only = onlyMarket(state, queryOf(request));
    const closed = state.account(owner.name).closed.filter((order) => only === null || order.request.symbol === only);
    const { next, rows } = pageOf(
      closed.toSorted((a, b) => a.id - b.id),
      queryOf(request),
      (order) => order.id,
    );
    const orders = rows.map((order) => orderView(state.market(order.request.symbol).listing, owner, order));
    return { code: 200, ...cursorField(next), orders };
  });
  app.get(`${API}/trades`, async (request) => {
    const query = queryOf(request);
    const owner = query.account_index === undefined ? tokens.ownerOf(tokenOf(request)) : ownerOf(options, request);
    const only = onlyMarket(state, query);
    const { next, rows } = pageOf(
      state.account(owner.name).fills.filter((fill) => only === null || fill.symbol === only),
      query,
      // One trade may be two fills of an account.
      (fill) => fill.tradeId * 2 + (fill.isMaker ? 1 : 0),
    );
    return { code: 200, ...cursorField(next), trades: rows.map((fill) => fillView(state, accounts, fill)) };
  });
  app.get(`${API}/positionFunding`, async (request) => {
    const owner = ownerOf(options, request);
    const only = onlyMarket(state, queryOf(request));
    const { next, rows } = pageOf(
      state.account(owner.name).funding.filter((payment) => only === null || payment.symbol === only),
      queryOf(request),
      (payment) => payment.id,
    );
    const views = rows.map((payment) => paymentView(state.market(payment.symbol).listing, payment));
    return { code: 200, ...cursorField(next), position_fundings: views };
  });
}
