// Lighter's public REST endpoints: status, markets, books, trades, candles and funding.

import type { FastifyInstance } from "fastify";
import { INTERVALS_MS } from "../candles.ts";
import type { ListedMarket } from "../listed-market.ts";
import type { SimulatedExchange } from "../simulated-exchange.ts";
import { LighterError } from "./errors.ts";
import { assetDetails, candleView, detailView, marketView, printView, restingViews } from "./public-views.ts";
import { marketIn, onlyMarket, type Query, queryOf, wholeIn } from "./queries.ts";

const ROWS_MAX = 250;
const CANDLES_MAX = 500;
const API = "/api/v1";

/** Serves the public endpoints of an exchange. `notice` is not null while it announces that something is wrong. */
export function servePublic(app: FastifyInstance, exchange: SimulatedExchange, notice: () => string | null): void {
  const { clock, state } = exchange;
  const wanted = (query: Query, kind: "perp" | "spot"): ListedMarket[] => {
    const only = onlyMarket(state, query);
    return [...state.markets.values()].filter(
      ({ listing }) => listing.instrument.kind === kind && (only === null || listing.id === only) && (query.filter ?? kind) !== other(kind),
    );
  };

  app.get("/", async () => ({ status: notice() === null ? 200 : 503, network_id: 1, timestamp: Math.floor(clock.now() / 1_000) }));
  app.get(`${API}/orderBooks`, async (request) => {
    const query = queryOf(request);
    return { code: 200, order_books: [...wanted(query, "perp"), ...wanted(query, "spot")].map(({ listing }) => marketView(listing)) };
  });
  app.get(`${API}/orderBookDetails`, async (request) => {
    const details = (kind: "perp" | "spot") => wanted(queryOf(request), kind).map((market) => detailView(exchange, market));
    return { code: 200, order_book_details: details("perp"), spot_order_book_details: details("spot") };
  });
  app.get(`${API}/assetDetails`, async () => ({ code: 200, asset_details: assetDetails() }));
  app.get(`${API}/exchangeStats`, async () => statsOf(exchange));
  app.get(`${API}/orderBookOrders`, async (request) => {
    const query = queryOf(request);
    const market = marketIn(state, query);
    const limit = wholeIn(query, "limit", null, ROWS_MAX);
    const [asks, bids] = [restingViews(exchange, market, "sell", limit), restingViews(exchange, market, "buy", limit)];
    return { code: 200, total_asks: asks.length, asks, total_bids: bids.length, bids };
  });
  app.get(`${API}/recentTrades`, async (request) => {
    const query = queryOf(request);
    const { listing } = marketIn(state, query);
    const prints = (exchange.prints.get(listing.id) ?? []).slice(-wholeIn(query, "limit", null, 100)).toReversed();
    return { code: 200, trades: prints.map((print) => printView(listing, print)) };
  });
  for (const path of ["candles", "candlesticks"]) app.get(`${API}/${path}`, async (request) => candles(exchange, queryOf(request)));
  app.get(`${API}/fundings`, async (request) => {
    const query = queryOf(request);
    const [from, to] = [wholeIn(query, "start_timestamp", null), wholeIn(query, "end_timestamp", null)];
    const settled = marketIn(state, query).settled.filter(({ at }) => at >= from && at <= to);
    const fundings = settled.map(({ at, rate }) => {
      const direction = rate.startsWith("-") ? "short" : "long";
      return { timestamp: Math.floor(at / 1_000), value: "0", rate: rate.replace(/^-/, ""), direction };
    });
    return { code: 200, resolution: query.resolution ?? "1h", fundings };
  });
  app.get(`${API}/funding-rates`, async () => ({
    code: 200,
    funding_rates: wanted({}, "perp").map(({ listing }) => ({
      ...{ market_id: Number(listing.id), exchange: "lighter", symbol: listing.instrument.base },
      rate: Number(exchange.fundingForecast(listing.id).rate),
    })),
  }));
}

function other(kind: "perp" | "spot"): "perp" | "spot" {
  return kind === "perp" ? "spot" : "perp";
}

function statsOf(exchange: SimulatedExchange): object {
  const rows = [...exchange.state.markets.values()].map((market) => {
    const detail = detailView(exchange, market);
    const names = ["symbol", "last_trade_price", "daily_trades_count", "daily_base_token_volume", "daily_quote_token_volume"];
    return Object.fromEntries([...names, "daily_price_change"].map((name) => [name, detail[name]]));
  });
  const sum = (name: string): number => rows.reduce((total, row) => total + Number(row[name]), 0);
  const totals = { daily_usd_volume: sum("daily_quote_token_volume"), daily_trades_count: sum("daily_trades_count") };
  return { code: 200, total: rows.length, order_book_stats: rows, ...totals };
}

/** Times are epoch ms. */
function candles(exchange: SimulatedExchange, query: Query): object {
  const { listing } = marketIn(exchange.state, query);
  const { resolution = "" } = query;
  const intervalMs = INTERVALS_MS[resolution];
  if (intervalMs === undefined) throw new LighterError(20001, "resolution");
  const [from, to] = [wholeIn(query, "start_timestamp", null), wholeIn(query, "end_timestamp", null)];
  const found = exchange.candles.get(listing.id)?.list(intervalMs, from, to, CANDLES_MAX) ?? [];
  return { code: 200, r: resolution, c: found.map((candle) => candleView(listing, candle)) };
}
