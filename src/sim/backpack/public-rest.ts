// Backpack's public REST endpoints: markets, time, prices, books, trades and candles.

import type { FastifyInstance } from "fastify";
import { INTERVALS_MS } from "../candles.ts";
import type { ListedMarket } from "../listed-market.ts";
import type { SimulatedExchange } from "../simulated-exchange.ts";
import { invalidRequest } from "./errors.ts";
import { marketNamed } from "./orders.ts";
import {
  assetViews,
  depthView,
  fundingRateView,
  klineView,
  marketView,
  markPriceView,
  openInterestView,
  tickerView,
  tradeView,
} from "./views.ts";

export type Query = Readonly<Record<string, string | undefined>>;

const TRADES_DEFAULT = 100;
const FUNDING_DEFAULT = 100;
const FUNDING_MAX = 1_000;
const KLINES_MAX = 1_000;

/** A whole number of a query, or `fallback` when it is absent. Throws a BackpackError. */
export function wholeIn(query: Query, name: string, fallback: number, max: number): number {
  const value = query[name];
  if (value === undefined) return fallback;
  if (!/^\d{1,15}$/.test(value)) throw invalidRequest(`Parameter ${name} must be a whole number`);
  return Math.min(Number(value), max);
}

/** Serves the public endpoints of an exchange; `notice` is what its status announces. */
export function servePublic(app: FastifyInstance, exchange: SimulatedExchange, notice: () => string | null): void {
  const { state, clock } = exchange;
  const markets = (): ListedMarket[] => [...state.markets.values()];
  const dayOf = (market: ListedMarket) => exchange.candles.get(market.listing.id)?.day(clock.now()) ?? null;
  const tickerOf = (market: ListedMarket) => tickerView(market, dayOf(market));
  const named = (query: unknown): ListedMarket => marketNamed(state, (query as Query).symbol);

  app.get("/api/v1/time", async () => clock.now());
  app.get("/api/v1/ping", async (_request, reply) => reply.type("text/plain").send("pong"));
  app.get("/api/v1/status", async () => ({ message: notice(), status: "Ok" }));
  app.get("/api/v1/assets", async () => assetViews(state.listings.values()));
  app.get("/api/v1/collateral", async () => []);
  app.get("/api/v1/markets", async () => [...state.listings.values()].map(marketView));
  app.get("/api/v1/market", async (request) => marketView(named(request.query).listing));
  app.get("/api/v1/ticker", async (request) => tickerOf(named(request.query)));
  app.get("/api/v1/tickers", async () => markets().map(tickerOf));
  app.get("/api/v1/depth", async (request) => {
    const market = named(request.query);
    return depthView(market, exchange.updateId(market.listing.id), clock.now());
  });
  app.get("/api/v1/trades", async (request) => {
    const { listing } = named(request.query);
    const limit = wholeIn(request.query as Query, "limit", TRADES_DEFAULT, 1_000);
    const prints = limit === 0 ? [] : (exchange.prints.get(listing.id) ?? []).slice(-limit);
    return prints.toReversed().map((print) => tradeView(listing, print));
  });
  app.get("/api/v1/klines", async (request) => klines(exchange, request.query as Query));
  app.get("/api/v1/markPrices", async (request) => {
    const { symbol } = request.query as Query;
    const perps = markets().filter(({ listing }) => listing.instrument.kind === "perp");
    const wanted = symbol === undefined ? perps : perps.filter((market) => market === marketNamed(state, symbol));
    return wanted.map((market) => markPriceView(market, exchange.fundingForecast(market.listing.id)));
  });
  app.get("/api/v1/openInterest", async (request) => {
    const { listing } = named(request.query);
    return [openInterestView(listing, state.accounts.values(), clock.now())];
  });
  app.get("/api/v1/fundingRates", async (request) => {
    const { settled } = named(request.query);
    const limit = wholeIn(request.query as Query, "limit", FUNDING_DEFAULT, FUNDING_MAX);
    return settled
      .slice(Math.max(0, settled.length - limit))
      .reverse()
      .map(fundingRateView);
  });
}

/** Times in a candle query are whole seconds. */
function klines(exchange: SimulatedExchange, query: Query): object[] {
  const { listing } = marketNamed(exchange.state, query.symbol);
  const intervalMs = INTERVALS_MS[query.interval ?? ""];
  if (intervalMs === undefined) throw invalidRequest(`Parameter interval must be one of ${Object.keys(INTERVALS_MS).join(", ")}`);
  if (query.startTime === undefined) throw invalidRequest("Parameter startTime is missing");
  const from = wholeIn(query, "startTime", 0, Number.MAX_SAFE_INTEGER) * 1_000;
  const to = query.endTime === undefined ? exchange.clock.now() : wholeIn(query, "endTime", 0, Number.MAX_SAFE_INTEGER) * 1_000;
  const candles = exchange.candles.get(listing.id)?.list(intervalMs, from, to, KLINES_MAX) ?? [];
  return candles.map((candle) => klineView(listing, candle, intervalMs));
}
