// The simulated exchange's own endpoints under /sim, loopback only: its truth for proofs, and a hand on market and faults.

import type { FastifyInstance, FastifyRequest } from "fastify";
import { z } from "zod";
import { isDecimal, type Lots, lots, type Step, ticks, toSteps } from "../core/units.ts";
import { fillView, fundingView, orderView } from "./backpack/account-views.ts";
import { invalidRequest } from "./backpack/errors.ts";
import { marketNamed } from "./backpack/orders.ts";
import type { Query } from "./backpack/public-rest.ts";
import { priceText } from "./backpack/values.ts";
import type { DialectSocket } from "./dialect.ts";
import { type Faults, faultsSchema } from "./faults.ts";
import { ADMIN_PREFIX, RestError } from "./gate.ts";
import { stepsOf } from "./listings.ts";
import type { MarketDriver } from "./market-driver.ts";
import type { RequestLimits } from "./request-limits.ts";
import type { SimulatedExchange } from "./simulated-exchange.ts";

const LOOPBACK = new Set(["127.0.0.1", "::1", "::ffff:127.0.0.1"]);

const priceSchema = z.strictObject({ symbol: z.string(), price: z.string(), quantity: z.string().optional() });
const fundingSchema = z.strictObject({ symbol: z.string(), rate: z.string().refine(isDecimal, "must be a decimal string") });
const disconnectSchema = z.strictObject({ refuseMs: z.number().int().min(0).max(600_000).default(0) });

export interface AdminOptions {
  readonly exchange: SimulatedExchange;
  readonly driver: MarketDriver;
  readonly socket: DialectSocket;
  readonly limits: RequestLimits;
  readonly faults: Faults;
  readonly folder: string | null;
  readonly speed: number;
  readonly dialect: string;
}

function parse<Value>(schema: z.ZodType<Value>, body: unknown): Value {
  const parsed = schema.safeParse(body ?? {});
  if (parsed.success) return parsed.data;
  throw invalidRequest(z.prettifyError(parsed.error));
}

function stepsIn(value: string, step: Step, name: string): number {
  try {
    return toSteps(value, step, "nearest");
  } catch {
    throw invalidRequest(`${name} must be a decimal number, not ${value.slice(0, 40)}`);
  }
}

/** Serves `/sim/…`, the same in every dialect: symbols as the dialect lists them, all else in Backpack's shapes. */
export function serveAdmin(app: FastifyInstance, options: AdminOptions): void {
  void app.register(async (scope) => {
    scope.setErrorHandler((error, _request, reply) => {
      const { status, code, message } = error instanceof RestError ? error : new RestError(500, "SERVER_ERROR", String(error));
      return reply.status(status).send({ code, message });
    });
    serveTruth(scope, options);
    serveHand(scope, options);
  });
}

/** What the exchange itself knows. */
function serveTruth(app: FastifyInstance, options: AdminOptions): void {
  const { exchange, limits, faults } = options;
  app.addHook("onRequest", async (request: FastifyRequest) => {
    if (request.url.startsWith(ADMIN_PREFIX) && !LOOPBACK.has(request.ip)) throw new RestError(403, "FORBIDDEN", "Only from this machine");
  });
  app.get("/sim/state", async () => stateView(options));
  app.get("/sim/fills", async (request) => {
    const { account, symbol } = request.query as Query;
    return accountsOf(exchange, account).flatMap(({ name, fills }) =>
      fills
        .filter((fill) => symbol === undefined || fill.symbol === symbol)
        .map((fill) => ({ account: name, ...fillView(exchange.state.market(fill.symbol).listing, fill) })),
    );
  });
  app.get("/sim/orders", async (request) => {
    const { account, symbol } = request.query as Query;
    return accountsOf(exchange, account).flatMap(({ name, open }) =>
      [...open.values()]
        .filter((order) => symbol === undefined || order.request.symbol === symbol)
        .map((order) => ({ account: name, ...orderView(exchange.state.market(order.request.symbol).listing, order) })),
    );
  });
  app.get("/sim/requests", async () => ({ accounts: limits.counts() }));
  app.get("/sim/funding", async (request) => {
    const { account, symbol } = request.query as Query;
    return accountsOf(exchange, account).flatMap(({ name, funding }) =>
      funding.filter((paid) => symbol === undefined || paid.symbol === symbol).map((paid) => ({ ...fundingView(paid), account: name })),
    );
  });
  app.get("/sim/faults", async () => faults.list());
}

/** What a person or a test may do to the market, the clock's payments and the network. */
function serveHand(app: FastifyInstance, options: AdminOptions): void {
  const { exchange, driver, socket, faults } = options;
  app.post("/sim/price", async (request) => {
    const { symbol, price, quantity } = parse(priceSchema, request.body);
    const { listing } = marketNamed(exchange.state, symbol);
    const steps = stepsOf(listing);
    const to = ticks(stepsIn(price, steps.price, "price"));
    if (to < 1) throw invalidRequest("price must be at least one tick");
    const swept: Lots | null = quantity === undefined ? null : lots(stepsIn(quantity, steps.quantity, "quantity"));
    driver.moveTo(symbol, to, swept);
    return stateView(options);
  });
  app.post("/sim/pause", async () => {
    driver.pause();
    return stateView(options);
  });
  app.post("/sim/resume", async () => {
    driver.resume();
    return stateView(options);
  });
  app.post("/sim/faults", async (request) => {
    faults.add(parse(faultsSchema, Array.isArray(request.body) ? request.body : [request.body]));
    return faults.list();
  });
  app.delete("/sim/faults", async () => {
    faults.clear();
    return faults.list();
  });
  app.post("/sim/funding", async (request) => {
    const { symbol, rate } = parse(fundingSchema, request.body);
    if (marketNamed(exchange.state, symbol).listing.instrument.kind !== "perp") throw invalidRequest(`${symbol} pays no funding`);
    exchange.payFunding(symbol, rate);
    return exchange.state.market(symbol).settled.at(-1);
  });
  app.post("/sim/disconnect", async (request) => ({ disconnected: socket.disconnect(parse(disconnectSchema, request.body).refuseMs) }));
}

function accountsOf(exchange: SimulatedExchange, name: string | undefined) {
  const accounts = [...exchange.state.accounts.values()];
  return name === undefined ? accounts : accounts.filter((account) => account.name === name);
}

function stateView({ exchange, driver, socket, folder, speed, dialect }: AdminOptions): object {
  const statuses = driver.status();
  const recordings = statuses.filter((status) => status.kind === "recording");
  return {
    dialect,
    folder,
    at: exchange.clock.now(),
    paused: driver.isPaused,
    speed,
    /** True once every recording that is played has come to its end. */
    ended: recordings.length > 0 && recordings.every((status) => status.ended),
    sockets: socket.size,
    accounts: [...exchange.state.accounts.keys()],
    markets: statuses.map((status) => {
      const { listing, engine, price } = exchange.state.market(status.symbol);
      const touch = (side: "buy" | "sell"): string | null => {
        const level = engine.best(side);
        return level === undefined ? null : priceText(listing, level.price);
      };
      return { ...status, price: priceText(listing, price), bestBid: touch("buy"), bestAsk: touch("sell") };
    }),
  };
}
