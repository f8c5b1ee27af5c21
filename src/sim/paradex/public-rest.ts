// Paradex's public REST endpoints: system, markets, books, trades, candles and funding.

import type { FastifyInstance, FastifyRequest } from "fastify";
import { INTERVALS_MS } from "../candles.ts";
import type { ListedMarket } from "../listed-market.ts";
import type { SimulatedExchange } from "../simulated-exchange.ts";
import { badParameter } from "./errors.ts";
import { fundingPoints } from "./funding.ts";
import { marketNamed } from "./orders.ts";
import { pageOf, type Query, wholeIn } from "./paging.ts";
import { bboView, bookView, fundingDataView, klineView, marketView, summaryView, systemConfig, tradeView } from "./public-views.ts";

const DEPTH_DEFAULT = 20;
const DEPTH_MAX = 100;
const KLINES_MAX = 1_000;
/** Minutes that a candle may have, as the documentation lists them. */
const RESOLUTIONS: Readonly<Record<string, string>> = { "1": "1m", "3": "3m", "5": "5m", "15": "15m", "30": "30m", "60": "1h" };

/** The ticker of a market as `/markets/summary` and its stream tell it. */
export function summaryOf(exchange: SimulatedExchange, market: ListedMarket): object {
  const { id } = market.listing;
  const now = exchange.clock.now();
  const day = exchange.candles.get(id)?.day(now) ?? null;
  return summaryView(market, day, exchange.state.accounts.values(), exchange.fundingForecast(id).rate, now);
}

/** Serves the public endpoints of an exchange. `notice` is not null while it announces that something is wrong. */
export function servePublic(app: FastifyInstance, exchange: SimulatedExchange, notice: () => string | null): void {
  const { state, clock } = exchange;
  const queryOf = (request: FastifyRequest): Query => request.query as Query;
  /** The markets that `market` names: one, or all of them when it is absent or `ALL`. */
  const wanted = ({ market }: Query): ListedMarket[] =>
    market === undefined || market === "ALL" ? [...state.markets.values()] : [marketNamed(state, market)];
  const inPath = (request: FastifyRequest): ListedMarket => marketNamed(state, (request.params as { market: string }).market);

  app.get("/v1/system/config", async () => systemConfig());
  app.get("/v1/system/time", async () => ({ server_time: String(clock.now()) }));
  app.get("/v1/system/state", async () => ({ status: notice() === null ? "ok" : "maintenance" }));
  app.get("/v1/markets", async (request) => ({ results: wanted(queryOf(request)).map(({ listing }) => marketView(listing)) }));
  app.get("/v1/markets/summary", async (request) => ({
    results: wanted(queryOf(request)).map((market) => summaryOf(exchange, market)),
  }));
  app.get("/v1/markets/klines", async (request) => ({ results: klines(exchange, queryOf(request)) }));
  app.get("/v1/orderbook/:market", async (request) => {
    const market = inPath(request);
    const depth = wholeIn(queryOf(request), "depth", DEPTH_DEFAULT, DEPTH_MAX);
    return bookView(market, depth, exchange.updateId(market.listing.id), clock.now());
  });
  app.get("/v1/bbo/:market", async (request) => {
    const market = inPath(request);
    return bboView(market, exchange.updateId(market.listing.id), clock.now());
  });
  app.get("/v1/trades", async (request) => {
    const query = queryOf(request);
    const { listing } = marketNamed(state, query.market);
    const prints = exchange.prints.get(listing.id) ?? [];
    const page = pageOf(
      prints,
      query,
      (print) => print.tradeId,
      (print) => print.at,
    );
    return { ...page, results: page.results.map((print) => tradeView(listing, print)) };
  });
  app.get("/v1/funding/data", async (request) => {
    const query = queryOf(request);
    const market = marketNamed(state, query.market);
    const page = pageOf(
      fundingPoints(market),
      query,
      (point) => point.at,
      (point) => point.at,
    );
    return { ...page, results: page.results.map(({ rate, index, at }) => fundingDataView(market.listing, rate, index, at)) };
  });
}

/** Times are epoch ms. */
function klines(exchange: SimulatedExchange, query: Query): number[][] {
  const { listing } = marketNamed(exchange.state, query.symbol);
  const intervalMs = INTERVALS_MS[RESOLUTIONS[query.resolution ?? ""] ?? ""];
  if (intervalMs === undefined) throw badParameter(`resolution must be one of ${Object.keys(RESOLUTIONS).join(", ")}`);
  const from = wholeIn(query, "start_at", 0, Number.MAX_SAFE_INTEGER);
  const to = wholeIn(query, "end_at", exchange.clock.now(), Number.MAX_SAFE_INTEGER);
  const candles = exchange.candles.get(listing.id)?.list(intervalMs, from, to, KLINES_MAX) ?? [];
  return candles.map((candle) => klineView(listing, candle));
}
