// Takes a bot's orders off without its kernel: the last resort when the stored state cannot be loaded.

import { refKey, toQuantity } from "../core/instrument.ts";
import type { Clock, LedgerStore, OrderRow } from "../core/ports.ts";
import { NEVER_ARRIVED_MS } from "./inquiries.ts";
import type { Leg, Legs } from "./order-desk.ts";
import { pause } from "./pause.ts";

const PAUSE_MS = 1_000;

export interface SweepOptions {
  readonly legs: Legs;
  /** Stored orders that are not proven closed. */
  readonly stored: readonly OrderRow[];
  readonly ledger: LedgerStore;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly onError: (message: string) => void;
}

/** Cancels until a read shows none of this bot's orders; false when `signal` ended it first. */
export async function sweepOrders(options: SweepOptions): Promise<boolean> {
  const { clock, signal } = options;
  const startedAt = clock.monotonic();
  while (!signal.aborted) {
    try {
      const left = await cancelOnce(options);
      // A request that a former life sent just before it died may still land for a while.
      if (left === 0 && clock.monotonic() - startedAt >= NEVER_ARRIVED_MS) {
        await storeSwept(options);
        return true;
      }
    } catch (error) {
      options.onError(`sweeping orders failed: ${String(error)}`);
    }
    await pause(PAUSE_MS, signal);
  }
  return false;
}

async function cancelOnce(options: SweepOptions): Promise<number> {
  let found = 0;
  for (const { instrument, port, own } of Object.values(options.legs)) {
    const { symbol } = instrument.ref;
    const snapshot = await port.snapshot([symbol]);
    for (const order of snapshot.openOrders) {
      const clientOrderId = order.symbol === symbol ? own.clientOrderIdOf(order) : null;
      if (clientOrderId === null) continue;
      found += 1;
      await port.cancel({ symbol, clientOrderId, exchangeOrderId: order.exchangeOrderId, createdAt: order.at }, "panic");
    }
  }
  return found;
}

/** Stores what became of the swept orders, as far as the exchange says; unseen fills keep an order open for the next life. */
async function storeSwept(options: SweepOptions): Promise<void> {
  for (const row of options.stored) {
    const leg: Leg | undefined = Object.values(options.legs).find(({ instrument }) => refKey(instrument.ref) === refKey(row));
    if (leg === undefined) continue;
    const { symbol, clientOrderId, exchangeOrderId, createdAt } = row;
    const found = await leg.port.lookup({ symbol, clientOrderId, exchangeOrderId, createdAt });
    if (found.found !== "closed") continue;
    const filledQuantity = toQuantity(leg.instrument, found.filledQuantity);
    const facts = { status: found.status, exchangeOrderId: found.exchangeOrderId, filledQuantity, isUnknown: false };
    await options.ledger.commit([{ type: "order", order: { ...row, ...facts, updatedAt: options.clock.now() } }]);
  }
}
