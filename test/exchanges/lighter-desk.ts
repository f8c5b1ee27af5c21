// An emulated Lighter with our adapter on it, and ccxt's exchange with every request written down.

import pino from "pino";
import { encodeClientOrderId } from "../../src/core/client-order-id.ts";
import type { PlaceOrder } from "../../src/core/effects.ts";
import type { OrderRef } from "../../src/core/ports.ts";
import type { Lots, Ticks } from "../../src/core/units.ts";
import { type ExchangeAccount, sealCredentials } from "../../src/exchanges/account.ts";
import type { Params } from "../../src/exchanges/ccxt-loader.ts";
import { openExchange, reachable, valuesOf } from "../../src/exchanges/connect.ts";
import type { Lighter } from "../../src/exchanges/quirks/lighter-ccxt.ts";
import type { OrderRequest, Quirks } from "../../src/exchanges/quirks.ts";
import { newContext, withContext } from "../../src/exchanges/request-context.ts";
import type { ExchangeSim } from "../../src/sim/exchange-sim.ts";
import { startLighter } from "../sim/lighter-client.ts";
import { lighterSigner } from "../sim/lighter-signer.ts";
import { admin } from "../sim/loopback-exchange.ts";
import { systemClock } from "./clock.ts";
import { OpenPermits } from "./stub-exchange.ts";

export const ETH = "ETH/USDC:USDC";

let counter = 0;

export function nextId(): string {
  counter += 1;
  return encodeClientOrderId(9, counter);
}

export function startAmple(accounts = ["one", "two"]): Promise<ExchangeSim> {
  const balances = { USDC: "100000", ETH: "5" };
  const limits = [{ name: "all", limit: 1_000_000, windowMs: 60_000 }];
  return startLighter({ paused: true, limits, accounts: accounts.map((name) => ({ name, balances })) });
}

export function accessOf(sim: ExchangeSim, name = "one", more: Readonly<Record<string, string>> = {}): ExchangeAccount {
  const keys = sim.accounts.find((account) => account.name === name)?.credentials ?? {};
  const credentials = sealCredentials({ ...keys, ...lighterSigner(), ...more });
  return { exchange: "lighter", account: name, mode: "sim", credentials, url: sim.url, wsUrl: sim.wsUrl };
}

/** An order of 0.1 ETH far below the market. */
export function order(fields: Partial<PlaceOrder> = {}): PlaceOrder {
  const base = { side: "buy", price: 240_000 as Ticks, quantity: 1_000 as Lots, timeInForce: "gtc" } as const;
  return { ...base, postOnly: false, reduceOnly: false, clientOrderId: nextId(), ...fields } as PlaceOrder;
}

export function refOf(clientOrderId: string, exchangeOrderId: string | null = null, createdAt = Date.now()): OrderRef {
  return { symbol: ETH, clientOrderId, exchangeOrderId, createdAt };
}

export interface Sent {
  readonly path: string;
  readonly method: string;
  readonly body: unknown;
  /** Of a transaction. */
  readonly info: Readonly<Record<string, unknown>>;
}

export interface Opened {
  readonly lighter: Lighter;
  readonly quirks: Quirks;
  readonly sent: Sent[];
  readonly permits: OpenPermits;
  readonly violations: readonly string[];
  close(): Promise<void>;
}

/** ccxt's class as the adapter uses it, connected, with its requests recorded before the guard sees them. */
export async function openLighter(account: ExchangeAccount): Promise<Opened> {
  const permits = new OpenPermits();
  const log = pino({ level: "silent" });
  const opened = await openExchange({ account, permits, fence: () => null, clock: systemClock, log });
  const { quirks, violations } = opened;
  const lighter = opened.exchange as Lighter;
  const sent: Sent[] = [];
  const fetch = lighter.fetch.bind(lighter);
  lighter.fetch = (url, method = "GET", headers, body) => {
    const info = (body as { tx_info?: string } | undefined)?.tx_info;
    sent.push({ path: new URL(url).pathname, method, body, info: info === undefined ? {} : JSON.parse(info) });
    return fetch(url, method, headers, body);
  };
  await reachable(account, opened, async () => {
    await quirks.prepare?.(lighter, valuesOf(account));
    await lighter.loadMarkets();
  });
  return { lighter, quirks, sent, permits, violations, close: async () => void (await lighter.fetchDispatcher?.destroy()) };
}

/** A request as the adapter makes it of an order of ours. */
export function requestOf(fields: Partial<OrderRequest> = {}): OrderRequest {
  const base = { symbol: ETH, side: "buy", price: "2400.00", quantity: "0.1000", timeInForce: "gtc" } as const;
  return { ...base, clientOrderId: nextId(), postOnly: false, reduceOnly: false, ...fields };
}

export function inPlace<T>(work: () => Promise<T>): Promise<T> {
  return withContext(newContext("place", "place"), work);
}

/** How many requests each route (`GET /path`) has seen, of all who asked. */
export async function pathCounts(sim: ExchangeSim): Promise<Record<string, number>> {
  const { accounts } = (await admin(sim, "GET", "/sim/requests")) as { accounts: Record<string, { paths: Record<string, number> }> };
  const sums: Record<string, number> = {};
  for (const { paths } of Object.values(accounts))
    for (const [path, count] of Object.entries(paths)) sums[path] = (sums[path] ?? 0) + count;
  return sums;
}

export function infoOf(order: unknown): Params {
  return (order as { info: Params }).info;
}
