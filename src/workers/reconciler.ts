// Reads the exchange's own list of orders, positions and fills, and turns it into the kernel's events.

import type { ExchangeFill, KernelEvent, OpenOrder } from "../core/events.ts";
import type { Order } from "../core/order.ts";
import type { AccountSnapshot, Clock, ExchangePort } from "../core/ports.ts";
import { type Lots, lots } from "../core/units.ts";
import type { Leg, Legs } from "./order-desk.ts";
import type { OwnOrders } from "./own-orders.ts";

export const RECONCILE_EVERY_MS = 15_000;
/** Exchanges allow few reads of history (Backpack: 30 a minute and account), so fills are read when in doubt, else this often. */
const FILLS_EVERY_MS = 60_000;
/** Every read of fills starts this much before the last one. */
const OVERLAP_MS = 60_000;

export interface ReconcilerOptions {
  readonly legs: Legs;
  readonly clock: Clock;
  readonly own: OwnOrders;
  readonly post: (event: KernelEvent) => void;
  readonly takeFills: (leg: string, fills: readonly ExchangeFill[]) => void;
  readonly liveOrders: () => readonly Order[];
  /** Where the first read of a leg's fills starts, epoch ms. */
  readonly fillsFrom: (leg: string) => number;
  /** Grows with each fill taken in, so that a position read meanwhile is known to be old. */
  readonly fillCount: () => number;
  readonly onError: (message: string) => void;
}

export interface Reconciler {
  /** Reads everything once; fills too when `isDoubtful` or due. False when a read failed, which changes nothing. */
  run(isDoubtful: boolean): Promise<boolean>;
  /** Own orders that rest at the exchange right now, per leg. Throws when it could not be read. */
  ownOpenOrders(): Promise<readonly { readonly leg: string; readonly order: OpenOrder; readonly clientOrderId: string }[]>;
}

interface FillCursor {
  since: number;
  readAt: number;
}

export function createReconciler(options: ReconcilerOptions): Reconciler {
  const { legs, clock, own } = options;
  const cursors = new Map<string, FillCursor>();
  let running: Promise<boolean> | null = null;
  let isDoubtWaiting = false;

  async function runOnce(isDoubtful: boolean): Promise<boolean> {
    const reads = [...portsOf(legs)].map(async ([port, names]) => {
      const askedAt = clock.now();
      const fillsBefore = options.fillCount();
      const snapshot = await port.snapshot(names.map((name) => symbolOf(legs, name)));
      let isComplete = true;
      for (const name of names) isComplete = (await reconcileLeg(name, snapshot, { askedAt, fillsBefore, isDoubtful })) && isComplete;
      return isComplete;
    });
    const results = await Promise.allSettled(reads);
    for (const result of results) if (result.status === "rejected") options.onError(`reconciliation failed: ${String(result.reason)}`);
    return results.every((result) => result.status === "fulfilled" && result.value);
  }

  /** False when its fills could not be read: the list of orders still stands, the position then proves nothing. */

  async function reconcileLeg(
    name: string,
    snapshot: AccountSnapshot,
    read: { readonly askedAt: number; readonly fillsBefore: number; readonly isDoubtful: boolean },
  ): Promise<boolean> {
    const leg = legs[name];
    if (leg === undefined) return true;
    const { symbol } = leg.instrument.ref;
    const openOrders = snapshot.openOrders.filter((order) => order.symbol === symbol && own.clientOrderIdOf(order) !== null);
    for (const order of openOrders) {
      const clientOrderId = own.clientOrderIdOf(order);
      if (clientOrderId !== null) own.learn(clientOrderId, order.exchangeOrderId);
    }
    const cursor = cursors.get(name);
    const isDue = cursor === undefined || clock.monotonic() - cursor.readAt >= FILLS_EVERY_MS;
    const hasFills = read.isDoubtful || isDue || differs(name, openOrders) ? await readFills(name, leg, read.askedAt) : true;
    const isQuiet = hasFills && options.fillCount() === read.fillsBefore;
    options.post({
      type: "reconciled",
      leg: name,
      at: read.askedAt,
      openOrders: openOrders.map((order) => ({ ...order, clientOrderId: own.clientOrderIdOf(order) })),
      // A fill that came while we read makes the position incomparable; the next read will do.
      position: isQuiet ? positionOf(leg, snapshot) : null,
    });
    return hasFills;
  }

  /** True when an order that we think rests is not listed, or is listed with other fills than ours. */
  function differs(name: string, openOrders: readonly OpenOrder[]): boolean {
    const listed = new Map(openOrders.map((order) => [own.clientOrderIdOf(order), order]));
    return options.liveOrders().some((order) => {
      if (order.leg !== name || order.exchangeOrderId === null) return false;
      return listed.get(order.clientOrderId)?.filledQuantity !== order.filledQuantity;
    });
  }

  /** False when the list could not be read in full: the next read starts at the same place. */
  async function readFills(name: string, leg: Leg, askedAt: number): Promise<boolean> {
    const { symbol } = leg.instrument.ref;
    const since = (cursors.get(name)?.since ?? options.fillsFrom(name)) - OVERLAP_MS;
    try {
      const page = await leg.port.fillsSince(symbol, since);
      options.takeFills(name, page.fills);
      if (page.complete) cursors.set(name, { since: askedAt, readAt: clock.monotonic() });
      else options.onError(`the list of fills of ${symbol} since ${new Date(since).toISOString()} is incomplete`);
      return page.complete;
    } catch (error) {
      options.onError(`reading fills of ${symbol} failed: ${String(error)}`);
      return false;
    }
  }

  function run(isDoubtful: boolean): Promise<boolean> {
    // One read at a time; a doubt that arises meanwhile gets a read of its own.
    if (running !== null) {
      isDoubtWaiting ||= isDoubtful;
      return running;
    }
    running = runOnce(isDoubtful).finally(() => {
      running = null;
      if (!isDoubtWaiting) return;
      isDoubtWaiting = false;
      void run(true);
    });
    return running;
  }

  return {
    run,
    async ownOpenOrders() {
      const found = [];
      for (const [port, names] of portsOf(legs)) {
        const snapshot = await port.snapshot(names.map((name) => symbolOf(legs, name)));
        for (const name of names) {
          for (const order of snapshot.openOrders) {
            const clientOrderId = own.clientOrderIdOf(order);
            if (order.symbol === symbolOf(legs, name) && clientOrderId !== null) found.push({ leg: name, order, clientOrderId });
          }
        }
      }
      return found;
    },
  };
}

function symbolOf(legs: Legs, name: string): string {
  return legs[name]?.instrument.ref.symbol ?? "";
}

/** Absent from a list that was read in full means flat. Spot balances belong to the whole account, so they prove nothing. */
function positionOf(leg: Leg, snapshot: AccountSnapshot): Lots | null {
  if (leg.instrument.kind !== "perp") return null;
  return snapshot.positions.find((position) => position.symbol === leg.instrument.ref.symbol)?.quantity ?? lots(0);
}

/** Leg names by the port they trade through. */
function portsOf(legs: Legs): Map<ExchangePort, string[]> {
  const ports = new Map<ExchangePort, string[]>();
  for (const [name, leg] of Object.entries(legs)) ports.set(leg.port, [...(ports.get(leg.port) ?? []), name]);
  return ports;
}
