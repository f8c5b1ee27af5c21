// Reads the exchange's own list of orders, positions and fills, and turns it into the kernel's events.

import type { ExchangeFill, KernelEvent, OpenOrder } from "../core/events.ts";
import type { Instrument } from "../core/instrument.ts";
import type { Order } from "../core/order.ts";
import type { AccountSnapshot, Clock, ExchangePort } from "../core/ports.ts";
import { type Lots, lots } from "../core/units.ts";
import { type Leg, type Legs, legNamed } from "./order-desk.ts";

export const RECONCILE_EVERY_MS = 15_000;
/** Exchanges allow few reads of history (Backpack: 30 a minute and account), so fills are read when in doubt, else this often. */
const FILLS_EVERY_MS = 60_000;
/** Every read of fills starts this much before the last one. */
const OVERLAP_MS = 60_000;

export interface ReconcilerOptions {
  readonly legs: Legs;
  readonly clock: Clock;
  readonly post: (event: KernelEvent) => void;
  /** Tells whose an exchange order id is. */
  readonly learn: (leg: string, clientOrderId: string, exchangeOrderId: string) => void;
  readonly takeFills: (leg: string, fills: readonly ExchangeFill[]) => void;
  readonly liveOrders: () => readonly Order[];
  /** Where the first read of a leg's fills starts, epoch ms. */
  readonly fillsFrom: (leg: string) => number;
  /** A snapshot of the account of these legs, asked for at `askedAt`. */
  readonly onSnapshot: (legs: readonly string[], snapshot: AccountSnapshot, askedAt: number) => void;
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

interface Read {
  /** When the snapshot was asked for, epoch ms. */
  readonly askedAt: number;
  readonly fillsBefore: number;
  readonly isDoubtful: boolean;
}

export function createReconciler(options: ReconcilerOptions): Reconciler {
  return new AccountReader(options);
}

class AccountReader implements Reconciler {
  readonly #options: ReconcilerOptions;
  readonly #cursors = new Map<string, FillCursor>();
  #running: Promise<boolean> | null = null;
  #isDoubtWaiting = false;

  constructor(options: ReconcilerOptions) {
    this.#options = options;
  }

  run(isDoubtful: boolean): Promise<boolean> {
    // One read at a time; a doubt that arises meanwhile gets a read of its own.
    if (this.#running !== null) {
      this.#isDoubtWaiting ||= isDoubtful;
      return this.#running;
    }
    this.#running = this.#runOnce(isDoubtful).finally(() => {
      this.#running = null;
      if (!this.#isDoubtWaiting) return;
      this.#isDoubtWaiting = false;
      void this.run(true);
    });
    return this.#running;
  }

  async ownOpenOrders(): ReturnType<Reconciler["ownOpenOrders"]> {
    const { legs } = this.#options;
    const found = [];
    for (const [port, names] of portsOf(legs)) {
      const snapshot = await port.snapshot(names.map((name) => symbolOf(legs, name)));
      for (const leg of names) {
        for (const order of snapshot.openOrders) {
          const clientOrderId = legNamed(legs, leg).own.clientOrderIdOf(order);
          if (order.symbol === symbolOf(legs, leg) && clientOrderId !== null) found.push({ leg, order, clientOrderId });
        }
      }
    }
    return found;
  }

  async #runOnce(isDoubtful: boolean): Promise<boolean> {
    const { legs, clock, fillCount, onSnapshot, onError } = this.#options;
    const reads = [...portsOf(legs)].map(async ([port, names]) => {
      const read = { askedAt: clock.now(), fillsBefore: fillCount(), isDoubtful };
      const snapshot = await port.snapshot(names.map((name) => symbolOf(legs, name)));
      onSnapshot(names, snapshot, read.askedAt);
      let isComplete = true;
      for (const name of names) isComplete = (await this.#reconcileLeg(name, snapshot, read)) && isComplete;
      return isComplete;
    });
    const results = await Promise.allSettled(reads);
    for (const result of results) if (result.status === "rejected") onError(`reconciliation failed: ${String(result.reason)}`);
    return results.every((result) => result.status === "fulfilled" && result.value);
  }

  /** False when its fills could not be read: the list of orders still stands, the position then proves nothing. */
  async #reconcileLeg(name: string, snapshot: AccountSnapshot, read: Read): Promise<boolean> {
    const { legs, post, learn, clock, fillCount } = this.#options;
    const leg = legNamed(legs, name);
    const openOrders = snapshot.openOrders.flatMap((order) => {
      const clientOrderId = order.symbol === leg.instrument.ref.symbol ? leg.own.clientOrderIdOf(order) : null;
      return clientOrderId === null ? [] : [{ ...order, clientOrderId }];
    });
    for (const { clientOrderId, exchangeOrderId } of openOrders) learn(name, clientOrderId, exchangeOrderId);
    for (const event of accountEvents(name, leg.instrument, snapshot, clock.now())) post(event);
    const cursor = this.#cursors.get(name);
    const isDue = cursor === undefined || clock.monotonic() - cursor.readAt >= FILLS_EVERY_MS;
    const hasFills = read.isDoubtful || isDue || this.#differs(name, openOrders) ? await this.#readFills(name, leg, read.askedAt) : true;
    // A fill that came while we read makes the position incomparable; the next read will do.
    const isQuiet = hasFills && fillCount() === read.fillsBefore;
    post({ type: "reconciled", leg: name, at: read.askedAt, openOrders, position: isQuiet ? positionOf(leg, snapshot) : null });
    return hasFills;
  }

  /** True when an order that we think rests is not listed, or is listed with other fills than ours. */
  #differs(name: string, openOrders: readonly OpenOrder[]): boolean {
    const listed = new Map(openOrders.map((order) => [order.clientOrderId, order]));
    return this.#options.liveOrders().some((order) => {
      if (order.leg !== name || order.exchangeOrderId === null) return false;
      return listed.get(order.clientOrderId)?.filledQuantity !== order.filledQuantity;
    });
  }

  /** False when the list could not be read in full: the next read starts at the same place. */
  async #readFills(name: string, leg: Leg, askedAt: number): Promise<boolean> {
    const { fillsFrom, takeFills, clock, onError } = this.#options;
    const { symbol } = leg.instrument.ref;
    const since = (this.#cursors.get(name)?.since ?? fillsFrom(name)) - OVERLAP_MS;
    try {
      const page = await leg.port.fillsSince(symbol, since);
      takeFills(name, page.fills);
      if (page.complete) this.#cursors.set(name, { since: askedAt, readAt: clock.monotonic() });
      else onError(`the list of fills of ${symbol} since ${new Date(since).toISOString()} is incomplete`);
      return page.complete;
    } catch (error) {
      onError(`reading fills of ${symbol} failed: ${String(error)}`);
      return false;
    }
  }
}

function symbolOf(legs: Legs, name: string): string {
  return legs[name]?.instrument.ref.symbol ?? "";
}

/** What the account could use on a leg, and where its position would be liquidated. */
function accountEvents(leg: string, instrument: Instrument, snapshot: AccountSnapshot, at: number): KernelEvent[] {
  const balances: KernelEvent = { type: "balances", leg, ...availableOn(instrument, snapshot), at };
  if (instrument.kind === "spot") return [balances];
  const position = snapshot.positions.find(({ symbol }) => symbol === instrument.ref.symbol);
  return [balances, { type: "margin", leg, liquidationPrice: position?.liquidationPrice ?? null, at }];
}

/** Free base and quote, decimal strings; a currency that the account does not list is one that it has none of. */
export function availableOn(
  { base, settle }: Instrument,
  { balances }: AccountSnapshot,
): { readonly base: string; readonly quote: string } {
  const freeOf = (currency: string): string => balances.find((balance) => balance.currency === currency)?.free ?? "0";
  return { base: freeOf(base), quote: freeOf(settle) };
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
