// Aster's public REST endpoints, of the futures and of the spot interface: rules, time, prices, books, trades, candles and funding.

import type { FastifyInstance, FastifyRequest } from "fastify";
import { fundingIntervalOf } from "../funding.ts";
import type { ListedMarket } from "../listed-market.ts";
import type { SimulatedExchange } from "../simulated-exchange.ts";
import { AsterError, refusal } from "./errors.ts";
import { type MarketKind, wireSymbol } from "./listings.ts";
import { marketNamed } from "./orders.ts";
import { type Fields, needed, parametersOf, wholeIn } from "./parameters.ts";
import {
  aggTradeView,
  bookTickerView,
  depthView,
  exchangeInfoView,
  klineView,
  premiumIndexView,
  priceView,
  tickerView,
  tradeView,
} from "./public-views.ts";
import { intervalNamed } from "./values.ts";

const DEPTH_LIMITS = new Set([5, 10, 20, 50, 100, 500, 1_000]);
const DEPTH_DEFAULT = 500;
const PAGE_DEFAULT = 500;
const TRADES_MAX = 1_000;
const KLINES_MAX = 1_500;
const FUNDING_DEFAULT = 100;
const HOUR_MS = 3_600_000;

/** Prefix and versions of the two interfaces: both answer the same under each of their versions. */
export const INTERFACES: readonly { readonly kind: MarketKind; readonly prefix: string; readonly versions: readonly string[] }[] = [
  { kind: "perp", prefix: "/fapi", versions: ["v1", "v2", "v3", "v4"] },
  { kind: "spot", prefix: "/api", versions: ["v1", "v3"] },
];

/** Serves the public endpoints of an exchange. */
export function servePublic(app: FastifyInstance, exchange: SimulatedExchange): void {
  for (const { kind, prefix, versions } of INTERFACES)
    for (const version of versions) serveInterface(app, exchange, kind, `${prefix}/${version}`);
}

function serveInterface(app: FastifyInstance, exchange: SimulatedExchange, kind: MarketKind, root: string): void {
  const { state, clock } = exchange;
  const named = (request: FastifyRequest): ListedMarket => marketNamed(state, kind, parametersOf(request));
  const dayOf = (market: ListedMarket) => exchange.candles.get(market.listing.id)?.day(clock.now()) ?? null;
  const printsOf = ({ listing }: ListedMarket) => exchange.prints.get(listing.id) ?? [];
  /** One answer for a named symbol, a list of all without one. */
  const oneOrAll = (request: FastifyRequest, view: (market: ListedMarket) => object | null) => {
    if (parametersOf(request).symbol !== undefined) return view(named(request)) ?? {};
    const ofKind = [...state.markets.values()].filter(({ listing }) => listing.instrument.kind === kind);
    return ofKind.map(view).filter((one) => one !== null);
  };

  app.get(`${root}/ping`, async () => ({}));
  app.get(`${root}/time`, async () => ({ serverTime: clock.now() }));
  app.get(`${root}/exchangeInfo`, async () => exchangeInfoView([...state.listings.values()], kind, clock.now()));
  app.get(`${root}/depth`, async (request) => {
    const market = named(request);
    const limit = wholeIn(parametersOf(request), "limit", DEPTH_DEFAULT);
    if (!DEPTH_LIMITS.has(limit)) throw new AsterError(400, -4021, `'${limit}' is not valid depth limit.`);
    return depthView(market, exchange.updateId(market.listing.id), limit, clock.now());
  });
  app.get(`${root}/trades`, async (request) => {
    const market = named(request);
    const limit = wholeIn(parametersOf(request), "limit", PAGE_DEFAULT, TRADES_MAX);
    return printsOf(market)
      .slice(-limit)
      .map((print) => tradeView(market.listing, print));
  });
  app.get(`${root}/aggTrades`, async (request) => {
    const market = named(request);
    const fields = parametersOf(request);
    const from = wholeIn(fields, "fromId", -1);
    const rows = printsOf(market).filter(({ tradeId, at }) => tradeId >= from && isWithin(fields, at));
    const limit = wholeIn(fields, "limit", PAGE_DEFAULT, TRADES_MAX);
    const isFromStart = from >= 0 || fields.startTime !== undefined;
    return (isFromStart ? rows.slice(0, limit) : rows.slice(-limit)).map((print) => aggTradeView(market.listing, print));
  });
  app.get(`${root}/klines`, async (request) => {
    const market = named(request);
    const fields = parametersOf(request);
    const interval = intervalNamed(needed(fields, "interval"));
    if (interval === null) throw refusal("BAD_INTERVAL");
    const limit = wholeIn(fields, "limit", PAGE_DEFAULT, KLINES_MAX);
    const candles = exchange.candles
      .get(market.listing.id)
      ?.list(interval, wholeIn(fields, "startTime", 0), wholeIn(fields, "endTime", clock.now()), limit);
    return (candles ?? []).map((candle) => klineView(market.listing, candle, interval));
  });
  app.get(`${root}/ticker/24hr`, async (request) =>
    oneOrAll(request, (market) => tickerView(market, dayOf(market), printsOf(market), clock.now())),
  );
  app.get(`${root}/ticker/price`, async (request) => oneOrAll(request, (market) => priceView(market, dayOf(market), clock.now())));
  app.get(`${root}/ticker/bookTicker`, async (request) =>
    oneOrAll(request, (market) => bookTickerView(market, exchange.updateId(market.listing.id), clock.now())),
  );
  if (kind === "perp") serveFunding(app, exchange, root, oneOrAll);
}

function serveFunding(
  app: FastifyInstance,
  exchange: SimulatedExchange,
  root: string,
  oneOrAll: (request: FastifyRequest, view: (market: ListedMarket) => object | null) => unknown,
): void {
  const { state, clock } = exchange;
  app.get(`${root}/premiumIndex`, async (request) =>
    oneOrAll(request, (market) => premiumIndexView(market, exchange.fundingForecast(market.listing.id), clock.now())),
  );
  app.get(`${root}/fundingRate`, async (request) => {
    const fields = parametersOf(request);
    const markets = fields.symbol === undefined ? [...state.markets.values()] : [marketNamed(state, "perp", fields)];
    const rows = markets
      .flatMap(({ listing, settled }) =>
        settled.map(({ rate, at }) => ({ symbol: wireSymbol(listing), fundingTime: at, fundingRate: rate })),
      )
      .filter(({ fundingTime }) => isWithin(fields, fundingTime))
      .sort((a, b) => a.fundingTime - b.fundingTime);
    const limit = wholeIn(fields, "limit", FUNDING_DEFAULT, TRADES_MAX);
    return fields.startTime === undefined ? rows.slice(-limit) : rows.slice(0, limit);
  });
  app.get(`${root}/fundingInfo`, async (request) =>
    oneOrAll(request, ({ listing }) => ({
      symbol: wireSymbol(listing),
      interestRate: "0.00010000",
      time: clock.now(),
      fundingIntervalHours: fundingIntervalOf(listing) / HOUR_MS,
      fundingFeeCap: 0.03,
      fundingFeeFloor: -0.03,
    })),
  );
}

/** Whether a time (epoch ms) lies from `startTime` to `endTime`. Throws an AsterError when they are the wrong way round. */
export function isWithin(fields: Fields, at: number): boolean {
  const start = wholeIn(fields, "startTime", 0);
  const end = wholeIn(fields, "endTime", Number.MAX_SAFE_INTEGER);
  if (start > end) throw refusal("START_TIME_GREATER_THAN_END_TIME");
  return at >= start && at <= end;
}
