// The one way into a running bot: connect, load, compare with the exchange, turn differences into events.

import { runForMs, toRiskLimits } from "../core/bot-limits.ts";
import { refKey } from "../core/instrument.ts";
import { createKernel, type Kernel } from "../core/kernel.ts";
import type { Order } from "../core/order.ts";
import type { Clock, ExchangePort } from "../core/ports.ts";
import type { MarketSnapshot } from "../core/strategy.ts";
import { UserError } from "../core/text.ts";
import { type AccountName, accountKey } from "../storage/bot-numbers.ts";
import type { BotPlan } from "./bot-plan.ts";
import type { Driver } from "./driver.ts";
import { storedOrder } from "./ledger-rows.ts";
import { type Leg, type Legs, legNamed } from "./order-desk.ts";
import type { OwnOrders } from "./own-orders.ts";
import { pause } from "./pause.ts";
import type { Begin } from "./protocol.ts";
import { availableOn, type Reconciler } from "./reconciler.ts";

const PAUSE_FIRST_MS = 500;
const PAUSE_MAX_MS = 15_000;
/** Orders in doubt get one look each before the strategy is asked; after this they count as live and are asked about on. */
const LOOKS_MAX_MS = 10_000;
const LOOK_EVERY_MS = 50;

export interface Retry {
  readonly signal: AbortSignal;
  readonly onError: (message: string) => void;
}

/** Does something that an exchange outage may fail until it succeeds, with growing pauses. Throws only when aborted. */
export async function untilDone<T>(what: string, retry: Retry, work: () => Promise<T>): Promise<T> {
  for (let attempt = 0; ; attempt += 1) {
    retry.signal.throwIfAborted();
    try {
      return await work();
    } catch (error) {
      if (error instanceof UserError) throw error;
      retry.onError(`${what} failed: ${error instanceof Error ? error.message : String(error)}`);
    }
    await pause(Math.min(PAUSE_MAX_MS, PAUSE_FIRST_MS * 2 ** attempt), retry.signal);
  }
}

/** One account that the bot trades on: its connection, and its orders there. */
export interface OpenAccount {
  readonly port: ExchangePort;
  readonly own: OwnOrders;
}

/** Instruments of every leg, on the port of its account. `accounts` is keyed by `exchange:account`. */
export async function openLegs(plan: BotPlan, accounts: ReadonlyMap<string, OpenAccount>, retry: Retry): Promise<Legs> {
  const legs: Record<string, Leg> = {};
  for (const [name, ref] of Object.entries(plan.legs)) {
    const account = accounts.get(accountKey(ref));
    if (account === undefined) throw new Error(`no connection to ${accountKey(ref)}`);
    const instrument = await untilDone(`loading ${ref.symbol}`, retry, () => account.port.instrument(ref.symbol));
    legs[name] = { instrument, ...account };
  }
  return legs;
}

/** The touch of every leg, and what its account could use: a strategy may size its first orders by that. */
export async function openMarket(legs: Legs, clock: Clock, retry: Retry): Promise<MarketSnapshot> {
  const market: Record<string, MarketSnapshot["legs"][string]> = {};
  for (const [name, { instrument, port }] of Object.entries(legs)) {
    const { symbol } = instrument.ref;
    const { bestBid, bestAsk } = await untilDone(`reading the touch of ${symbol}`, retry, () => port.touch(symbol));
    const snapshot = await untilDone(`reading the balances beside ${symbol}`, retry, () => port.snapshot([symbol]));
    market[name] = { instrument, bestBid, bestAsk, available: availableOn(instrument, snapshot) };
  }
  return { at: clock.now(), legs: market };
}

/** The kernel as its stored state left it. Throws a UserError when the state cannot go on under this configuration. */
export function loadKernel(begin: Begin, plan: BotPlan, legs: Legs, market: MarketSnapshot): Kernel {
  const instruments = Object.fromEntries(Object.entries(legs).map(([name, leg]) => [name, leg.instrument]));
  const runFor = runForMs(begin.config);
  const botNumbers = Object.fromEntries(Object.entries(plan.legs).map(([name, ref]) => [name, numberOn(begin, ref)]));
  const amends = Object.keys(legs).filter((name) => legNamed(legs, name).port.capabilities.amend);
  const { state, lastCounter } = begin.stored;
  return createKernel(
    {
      botId: begin.config.id,
      botNumber: begin.number,
      botNumbers,
      amends,
      strategy: plan.strategy,
      params: plan.params,
      instruments,
      risk: toRiskLimits(begin.config, instruments),
      ...(runFor === undefined ? {} : { runForMs: runFor }),
      lastCounter,
    },
    { state: state === null ? null : JSON.parse(state.json), orders: ordersOf(begin, legs), market },
  );
}

/** The bot's number on an account. */
export function numberOn({ config, number, numbers }: Begin, ref: AccountName): number {
  const found = numbers[accountKey(ref)] ?? (accountKey(ref) === accountKey(config) ? number : undefined);
  if (found === undefined) throw new Error(`${config.id} has no number on ${accountKey(ref)}`);
  return found;
}

function ordersOf(begin: Begin, legs: Legs): Order[] {
  return begin.stored.openOrders.map((row) => {
    const leg = legs[row.leg];
    if (leg === undefined || refKey(leg.instrument.ref) !== refKey(row)) {
      throw new UserError({
        en: `${begin.config.id}: order ${row.clientOrderId} on ${row.symbol} is still open, but the configuration no longer trades it`,
        "zh-TW": `${begin.config.id}：${row.symbol} 的委託 ${row.clientOrderId} 仍未結束，但目前的設定已不交易該商品`,
      });
    }
    return storedOrder(row, leg.instrument);
  });
}

/** Reads the exchange until it was read in full, then gives every order in doubt its first look. */
export async function catchUp(driver: Driver, reconciler: Reconciler, clock: Clock, retry: Retry): Promise<void> {
  await untilDone("recovery", retry, async () => {
    if (!(await reconciler.run(true))) throw new Error("the exchange could not be read in full");
  });
  const until = clock.monotonic() + LOOKS_MAX_MS;
  while (!(driver.isIdle && driver.inquiries.unlooked === 0) && clock.monotonic() < until) {
    retry.signal.throwIfAborted();
    await pause(LOOK_EVERY_MS, retry.signal);
  }
}
