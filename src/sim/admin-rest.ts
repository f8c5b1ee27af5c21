// The simulated exchange's own endpoints under /sim, loopback only: its truth for proofs, and a hand on market and faults.

import type { FastifyInstance, FastifyRequest } from "fastify";
import { z } from "zod";
import { type Lots, lots, type Step, ticks, toSteps } from "../core/units.ts";
import { fillView, orderView } from "./backpack-account-views.ts";
import { BackpackError, invalidRequest } from "./backpack-errors.ts";
import { ADMIN_PREFIX, type GateOptions } from "./backpack-gate.ts";
import { marketNamed } from "./backpack-orders.ts";
import type { Query } from "./backpack-public-rest.ts";
import type { BackpackSocket } from "./backpack-socket.ts";
import { priceText } from "./backpack-values.ts";
import { faultSchema } from "./faults.ts";
import { stepsOf } from "./listings.ts";
import type { MarketDriver } from "./market-driver.ts";
import type { SimulatedExchange } from "./simulated-exchange.ts";

const LOOPBACK = new Set(["127.0.0.1", "::1", "::ffff:127.0.0.1"]);

const priceSchema = z.strictObject({ symbol: z.string(), price: z.string(), quantity: z.string().optional() });
const disconnectSchema = z.strictObject({ refuseMs: z.number().int().min(0).max(600_000).default(0) });

export interface AdminOptions {
  readonly exchange: SimulatedExchange;
  readonly driver: MarketDriver;
  readonly socket: BackpackSocket;
  readonly gate: GateOptions;
  readonly folder: string | null;
  readonly speed: number;
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

/** Serves `/sim/…`. */
export function serveAdmin(app: FastifyInstance, options: AdminOptions): void {
  const { exchange, driver, socket, gate } = options;
  app.addHook("onRequest", async (request: FastifyRequest) => {
    if (request.url.startsWith(ADMIN_PREFIX) && !LOOPBACK.has(request.ip))
      throw new BackpackError(403, "FORBIDDEN", "Only from this machine");
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
  app.get("/sim/requests", async () => ({ accounts: gate.limits.counts() }));
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
  app.get("/sim/faults", async () => gate.faults.waiting());
  app.post("/sim/faults", async (request) => {
    gate.faults.add(parse(z.union([z.array(faultSchema), faultSchema.transform((fault) => [fault])]), request.body));
    return gate.faults.waiting();
  });
  app.delete("/sim/faults", async () => {
    gate.faults.clear();
    return gate.faults.waiting();
  });
  app.post("/sim/disconnect", async (request) => ({ disconnected: socket.disconnect(parse(disconnectSchema, request.body).refuseMs) }));
}

function accountsOf(exchange: SimulatedExchange, name: string | undefined) {
  const accounts = [...exchange.state.accounts.values()];
  return name === undefined ? accounts : accounts.filter((account) => account.name === name);
}

function stateView({ exchange, driver, socket, folder, speed }: AdminOptions): object {
  const statuses = driver.status();
  const recordings = statuses.filter((status) => status.kind === "recording");
  return {
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
