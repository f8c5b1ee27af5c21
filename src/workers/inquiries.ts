// Asks the exchange what became of orders in doubt, until there is proof: one look that finds nothing proves nothing.

import type { ExchangeFill, KernelEvent } from "../core/events.ts";
import { isLive, type Order } from "../core/order.ts";
import type { Clock, OrderLookup, OrderRef } from "../core/ports.ts";
import { type Legs, legNamed } from "./order-desk.ts";
import { REQUEST_WINDOW_MS } from "./protocol.ts";

/** Looks that must all find nothing … */
export const LOOKS_MIN = 3;
/** … the last of them this long after the doubt began: the request has expired by then, and its echo has arrived. */
export const NEVER_ARRIVED_MS = REQUEST_WINDOW_MS + 3_000;
/** Fills are searched from this long before the order: clocks differ. */
const CLOCK_SKEW_MS = 60_000;
const FIRST_PAUSE_MS = 500;
const PAUSE_MAX_MS = 15_000;
const CONCURRENT_MAX = 3;
/** An order that is asked about again this soon goes on with its pauses instead of starting anew. */
const MEMORY_MS = 60_000;

export interface InquiryOptions {
  readonly legs: Legs;
  readonly clock: Clock;
  readonly post: (event: KernelEvent) => void;
  readonly order: (clientOrderId: string) => Order | undefined;
  readonly learn: (clientOrderId: string, exchangeOrderId: string) => void;
  /** Hands read fills on to the kernel; foreign and known ones are dropped there. */
  readonly takeFills: (leg: string, fills: readonly ExchangeFill[]) => void;
  readonly onError: (message: string) => void;
}

export interface Inquiries {
  /** Starts asking about an order, or goes on when it is being asked about. */
  ask(leg: string, clientOrderId: string): void;
  /** The place of this order got no answer just now: its request may still land for a while. */
  doubt(clientOrderId: string): void;
  /** Orders that nobody has looked for yet. */
  readonly unlooked: number;
  readonly open: number;
  stop(): void;
}

interface Inquiry {
  readonly leg: string;
  readonly clientOrderId: string;
  isOpen: boolean;
  /** Looks in a row that found nothing. */
  misses: number;
  looks: number;
  dueAt: number;
  askedAt: number;
  isLooking: boolean;
}

/** Bounded to three look-ups at a time; pauses double from 0.5 s to 15 s per order. */
export function createInquiries(options: InquiryOptions): Inquiries {
  const { clock, post } = options;
  const inquiries = new Map<string, Inquiry>();
  const doubtedAt = new Map<string, number>();
  // A request that a former life signed just before it ended may land within the same window after our start.
  const startedAt = clock.monotonic();
  let looking = 0;
  let timer: NodeJS.Timeout | undefined;
  let isStopped = false;

  function schedule(): void {
    clearTimeout(timer);
    if (isStopped) return;
    const now = clock.monotonic();
    for (const inquiry of inquiries.values()) {
      if (looking >= CONCURRENT_MAX) return;
      if (inquiry.isOpen && !inquiry.isLooking && inquiry.dueAt <= now) void look(inquiry);
    }
    const waiting = [...inquiries.values()].filter((inquiry) => inquiry.isOpen && !inquiry.isLooking);
    if (waiting.length === 0) return;
    const nextAt = Math.min(...waiting.map((inquiry) => inquiry.dueAt));
    timer = setTimeout(schedule, Math.max(1, nextAt - now));
  }

  async function look(inquiry: Inquiry): Promise<void> {
    looking += 1;
    inquiry.isLooking = true;
    const lookedAt = clock.monotonic();
    try {
      await lookOnce(inquiry, lookedAt);
    } catch (error) {
      options.onError(`look-up of order ${inquiry.clientOrderId} failed: ${String(error)}`);
    } finally {
      inquiry.looks += 1;
      inquiry.isLooking = false;
      inquiry.dueAt = clock.monotonic() + Math.min(PAUSE_MAX_MS, FIRST_PAUSE_MS * 2 ** (inquiry.looks - 1));
      looking -= 1;
      schedule();
    }
  }

  async function lookOnce(inquiry: Inquiry, lookedAt: number): Promise<void> {
    const order = options.order(inquiry.clientOrderId);
    if (order === undefined || !(isLive(order) || order.isUnknown)) {
      inquiry.isOpen = false;
      return;
    }
    const { instrument, port } = legNamed(options.legs, inquiry.leg);
    const ref: OrderRef = {
      symbol: instrument.ref.symbol,
      clientOrderId: order.clientOrderId,
      exchangeOrderId: order.exchangeOrderId,
      createdAt: order.createdAt,
    };
    const found = await port.lookup(ref);
    if (isStopped) return;
    if (found.found === "notFound") return notFound(inquiry, order, lookedAt);
    inquiry.misses = 0;
    if (found.found === "unknown") return options.onError(`order ${order.clientOrderId} is still in doubt: ${found.message}`);
    await answer(inquiry, order, found);
  }

  async function answer(inquiry: Inquiry, order: Order, found: Extract<OrderLookup, { found: "open" | "closed" }>): Promise<void> {
    const { leg, clientOrderId } = inquiry;
    const { exchangeOrderId, filledQuantity } = found.found === "open" ? found.order : found;
    const wasAcknowledged = order.exchangeOrderId !== null;
    options.learn(clientOrderId, exchangeOrderId);
    doubtedAt.delete(clientOrderId);
    // Fills first: the order then closes with all of them seen. Their list may lag behind, so look once more.
    inquiry.isOpen = filledQuantity > order.filledQuantity;
    if (inquiry.isOpen) await readFills(inquiry);
    const about = { leg, clientOrderId, at: clock.now() };
    if (found.found === "open" || found.status === "filled") post({ type: "accepted", ...about, exchangeOrderId, filledQuantity });
    else if (found.status === "rejected" && !wasAcknowledged)
      post({ type: "rejected", ...about, code: "rejected", message: "the exchange did not take it" });
    else post({ type: "canceled", ...about, filledQuantity, expired: found.status === "expired" });
  }

  async function readFills(inquiry: Inquiry): Promise<boolean> {
    const { instrument, port } = legNamed(options.legs, inquiry.leg);
    const createdAt = options.order(inquiry.clientOrderId)?.createdAt ?? clock.now();
    const page = await port.fillsSince(instrument.ref.symbol, createdAt - CLOCK_SKEW_MS);
    options.takeFills(inquiry.leg, page.fills);
    return page.complete;
  }

  async function notFound(inquiry: Inquiry, order: Order, lookedAt: number): Promise<void> {
    inquiry.misses += 1;
    // The exchange has known this order: its history will name it, however late.
    if (order.exchangeOrderId !== null) return;
    const doubtedFor = lookedAt - (doubtedAt.get(inquiry.clientOrderId) ?? startedAt);
    if (inquiry.misses < LOOKS_MIN || doubtedFor < NEVER_ARRIVED_MS) return;
    // It may have been placed and filled at once: only a complete list of fills without it ends the doubt.
    if (!(await readFills(inquiry))) return;
    inquiry.isOpen = false;
    doubtedAt.delete(inquiry.clientOrderId);
    post({ type: "neverArrived", leg: inquiry.leg, clientOrderId: inquiry.clientOrderId, at: clock.now() });
  }

  function forgetOld(now: number): void {
    for (const [id, inquiry] of inquiries) if (!inquiry.isOpen && now - inquiry.askedAt > MEMORY_MS) inquiries.delete(id);
  }

  return {
    ask(leg, clientOrderId) {
      const now = clock.monotonic();
      forgetOld(now);
      const known = inquiries.get(clientOrderId);
      if (known === undefined) {
        const fresh = { leg, clientOrderId, isOpen: true, misses: 0, looks: 0, dueAt: now, askedAt: now, isLooking: false };
        inquiries.set(clientOrderId, fresh);
      } else {
        known.isOpen = true;
        known.askedAt = now;
      }
      schedule();
    },
    doubt(clientOrderId) {
      doubtedAt.set(clientOrderId, clock.monotonic());
      const inquiry = inquiries.get(clientOrderId);
      // Looks from before the request could land prove nothing.
      if (inquiry !== undefined) inquiry.misses = 0;
    },
    get unlooked() {
      return [...inquiries.values()].filter((inquiry) => inquiry.isOpen && inquiry.looks === 0).length;
    },
    get open() {
      return [...inquiries.values()].filter((inquiry) => inquiry.isOpen).length;
    },
    stop() {
      isStopped = true;
      clearTimeout(timer);
    },
  };
}
