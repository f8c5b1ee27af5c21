// Carries an exchange's public and private stream into the driver, own orders and fills only.

import type { KernelEvent } from "../core/events.ts";
import type { Order } from "../core/order.ts";
import { type OrderReport, reportEvent } from "../core/order-report.ts";
import type { Clock, ExchangeEvent, ExchangePort, Touch } from "../core/ports.ts";
import { type Legs, legNamed } from "./order-desk.ts";
import { pause } from "./pause.ts";

const RETRY_MS = 1_000;

export interface EventFeedOptions {
  readonly legs: Legs;
  readonly clock: Clock;
  readonly post: (event: KernelEvent) => void;
  readonly takeFills: (leg: string, fills: readonly Extract<ExchangeEvent, { type: "fill" }>["fill"][]) => void;
  readonly learn: (leg: string, clientOrderId: string, exchangeOrderId: string) => void;
  readonly order: (clientOrderId: string) => Order | undefined;
  readonly onBook: (leg: string) => void;
  /** The stream had a gap: what happened meanwhile must be read. */
  readonly onGap: () => void;
  readonly onError: (message: string) => void;
}

/** Follows the streams of every port until `signal` aborts; a stream that ends or throws is opened again. */
export async function followEvents(options: EventFeedOptions, signal: AbortSignal): Promise<void> {
  const ports = new Set(Object.values(options.legs).map((leg) => leg.port));
  await Promise.all([...ports].map((port) => followPort(options, port, signal)));
}

async function followPort(options: EventFeedOptions, port: ExchangePort, signal: AbortSignal): Promise<void> {
  const legOf = new Map<string, string>();
  for (const [name, leg] of Object.entries(options.legs)) if (leg.port === port) legOf.set(leg.instrument.ref.symbol, name);
  while (!signal.aborted) {
    try {
      for await (const event of port.events([...legOf.keys()], signal)) {
        if (signal.aborted) return;
        takeEvent(options, legOf, event);
      }
    } catch (error) {
      if (!signal.aborted) options.onError(`event stream of ${port.name} broke: ${String(error)}`);
    }
    if (signal.aborted) return;
    await pause(RETRY_MS, signal);
    options.onGap();
  }
}

function takeEvent(options: EventFeedOptions, legOf: ReadonlyMap<string, string>, event: ExchangeEvent): void {
  switch (event.type) {
    case "book": {
      const leg = legOf.get(event.symbol);
      if (leg === undefined) return;
      options.onBook(leg);
      options.post(bookEvent(leg, event, options.clock.now()));
      return;
    }
    case "mark": {
      const leg = legOf.get(event.symbol);
      if (leg !== undefined) options.post({ type: "mark", leg, mark: event.mark, at: options.clock.now() });
      return;
    }
    case "last": {
      const leg = legOf.get(event.symbol);
      if (leg !== undefined) options.post({ type: "last", leg, price: event.price, at: options.clock.now() });
      return;
    }
    case "fill": {
      const leg = legOf.get(event.fill.symbol);
      if (leg !== undefined) options.takeFills(leg, [event.fill]);
      return;
    }
    case "order":
      return takeOrder(options, legOf.get(event.symbol), event);
    case "resynced":
      return options.onGap();
    case "disconnected":
      return options.onError(`${event.stream} stream lost: ${event.message}`);
  }
}

/** The kernel's event of a touch, stamped with our time. */
export function bookEvent(leg: string, { bestBid, bestAsk, bidQuantity, askQuantity }: Touch, at: number): KernelEvent {
  return {
    ...{ type: "book", leg, bestBid, bestAsk, at },
    ...(bidQuantity === undefined ? {} : { bidQuantity }),
    ...(askQuantity === undefined ? {} : { askQuantity }),
  };
}

function takeOrder(options: EventFeedOptions, leg: string | undefined, report: Extract<ExchangeEvent, { type: "order" }>): void {
  const clientOrderId = leg === undefined ? null : legNamed(options.legs, leg).own.clientOrderIdOf(report);
  if (leg === undefined || clientOrderId === null) return;
  options.learn(leg, clientOrderId, report.exchangeOrderId);
  const known = options.order(clientOrderId);
  // A report about an order that we forgot says nothing new, nor does the end of what an amend has replaced by another id.
  if (known === undefined || isReplaced(known, report)) return;
  options.post(reportEvent({ leg, clientOrderId, at: options.clock.now() }, known, report));
}

function isReplaced({ exchangeOrderId, amending }: Order, report: OrderReport): boolean {
  const isAnother = exchangeOrderId !== null && exchangeOrderId !== report.exchangeOrderId;
  return isAnother && amending === null && report.status !== "open";
}
