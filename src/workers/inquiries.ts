// Asks the exchange what became of orders in doubt, until there is proof: one look that finds nothing proves nothing.

import type { ExchangeFill, KernelEvent, OpenOrder } from "../core/events.ts";
import { isLive, type Order } from "../core/order.ts";
import { reportEvent } from "../core/order-report.ts";
import type { Clock, OrderLookup } from "../core/ports.ts";
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
  readonly learn: (leg: string, clientOrderId: string, exchangeOrderId: string) => void;
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
  return new InquiryDesk(options);
}

class InquiryDesk implements Inquiries {
  readonly #options: InquiryOptions;
  readonly #inquiries = new Map<string, Inquiry>();
  readonly #doubtedAt = new Map<string, number>();
  /** A request that a former life signed just before it ended may land within the same window after our start. */
  readonly #startedAt: number;
  #looking = 0;
  #timer: NodeJS.Timeout | undefined;
  #isStopped = false;

  constructor(options: InquiryOptions) {
    this.#options = options;
    this.#startedAt = options.clock.monotonic();
  }

  get unlooked(): number {
    return [...this.#inquiries.values()].filter((inquiry) => inquiry.isOpen && inquiry.looks === 0).length;
  }

  get open(): number {
    return [...this.#inquiries.values()].filter((inquiry) => inquiry.isOpen).length;
  }

  ask(leg: string, clientOrderId: string): void {
    const now = this.#options.clock.monotonic();
    for (const [id, old] of this.#inquiries) if (!old.isOpen && now - old.askedAt > MEMORY_MS) this.#inquiries.delete(id);
    const known = this.#inquiries.get(clientOrderId);
    if (known === undefined) {
      const fresh = { leg, clientOrderId, isOpen: true, misses: 0, looks: 0, dueAt: now, askedAt: now, isLooking: false };
      this.#inquiries.set(clientOrderId, fresh);
    } else {
      known.isOpen = true;
      known.askedAt = now;
    }
    this.#schedule();
  }

  doubt(clientOrderId: string): void {
    this.#doubtedAt.set(clientOrderId, this.#options.clock.monotonic());
    const inquiry = this.#inquiries.get(clientOrderId);
    // Looks from before the request could land prove nothing.
    if (inquiry !== undefined) inquiry.misses = 0;
  }

  stop(): void {
    this.#isStopped = true;
    clearTimeout(this.#timer);
  }

  #schedule(): void {
    clearTimeout(this.#timer);
    if (this.#isStopped) return;
    const now = this.#options.clock.monotonic();
    for (const inquiry of this.#inquiries.values()) {
      if (this.#looking >= CONCURRENT_MAX) return;
      if (inquiry.isOpen && !inquiry.isLooking && inquiry.dueAt <= now) void this.#look(inquiry);
    }
    const waiting = [...this.#inquiries.values()].filter((inquiry) => inquiry.isOpen && !inquiry.isLooking);
    if (waiting.length === 0) return;
    const nextAt = Math.min(...waiting.map((inquiry) => inquiry.dueAt));
    this.#timer = setTimeout(() => this.#schedule(), Math.max(1, nextAt - now));
  }

  async #look(inquiry: Inquiry): Promise<void> {
    const { clock, onError } = this.#options;
    this.#looking += 1;
    inquiry.isLooking = true;
    try {
      await this.#lookOnce(inquiry, clock.monotonic());
    } catch (error) {
      onError(`look-up of order ${inquiry.clientOrderId} failed: ${String(error)}`);
    } finally {
      inquiry.looks += 1;
      inquiry.isLooking = false;
      inquiry.dueAt = clock.monotonic() + Math.min(PAUSE_MAX_MS, FIRST_PAUSE_MS * 2 ** (inquiry.looks - 1));
      this.#looking -= 1;
      this.#schedule();
    }
  }

  async #lookOnce(inquiry: Inquiry, lookedAt: number): Promise<void> {
    const { legs, onError } = this.#options;
    const order = this.#options.order(inquiry.clientOrderId);
    if (order === undefined || !(isLive(order) || order.isUnknown)) {
      inquiry.isOpen = false;
      return;
    }
    const { instrument, port } = legNamed(legs, inquiry.leg);
    const { clientOrderId, exchangeOrderId, createdAt } = order;
    const found = await port.lookup({ symbol: instrument.ref.symbol, clientOrderId, exchangeOrderId, createdAt });
    if (this.#isStopped) return;
    if (found.found === "notFound") return await this.#notFound(inquiry, order, lookedAt);
    inquiry.misses = 0;
    if (found.found === "unknown") return onError(`order ${clientOrderId} is still in doubt: ${found.message}`);
    await this.#answer(inquiry, order, found);
  }

  async #answer(inquiry: Inquiry, order: Order, found: Extract<OrderLookup, { found: "open" | "closed" }>): Promise<void> {
    const { post, learn, clock } = this.#options;
    const { leg, clientOrderId } = inquiry;
    const { exchangeOrderId, filledQuantity } = found.found === "open" ? found.order : found;
    const wasAcknowledged = order.exchangeOrderId !== null;
    learn(leg, clientOrderId, exchangeOrderId);
    this.#doubtedAt.delete(clientOrderId);
    // Fills first: the order then closes with all of them seen. Their list may lag behind, so look once more.
    inquiry.isOpen = filledQuantity > order.filledQuantity;
    if (inquiry.isOpen) await this.#readFills(inquiry, order);
    const about = { leg, clientOrderId, at: clock.now() };
    if (found.found === "closed" && found.status === "rejected" && !wasAcknowledged)
      return post({ type: "rejected", ...about, code: "rejected", message: "the exchange did not take it" });
    const status = found.found === "open" ? "open" : found.status === "rejected" ? "canceled" : found.status;
    post(reportEvent(about, this.#options.order(clientOrderId) ?? order, { exchangeOrderId, filledQuantity, status }));
    if (found.found === "open") this.#tellAmended(order, found.order);
  }

  /** An amend that nobody answered has landed when the order is what it would have become; any other look proves nothing yet. */
  #tellAmended({ leg, clientOrderId, amending }: Order, { price, quantity, exchangeOrderId }: OpenOrder): void {
    if (amending === null || amending.price !== price || amending.quantity !== quantity) return;
    this.#options.post({ type: "amended", leg, clientOrderId, exchangeOrderId, price, quantity, at: this.#options.clock.now() });
  }

  /** Hands on the fills since the order; true when the list was complete. */
  async #readFills(inquiry: Inquiry, order: Order): Promise<boolean> {
    const { instrument, port } = legNamed(this.#options.legs, inquiry.leg);
    const page = await port.fillsSince(instrument.ref.symbol, order.createdAt - CLOCK_SKEW_MS);
    this.#options.takeFills(inquiry.leg, page.fills);
    return page.complete;
  }

  async #notFound(inquiry: Inquiry, order: Order, lookedAt: number): Promise<void> {
    inquiry.misses += 1;
    // The exchange has known this order: its history will name it, however late.
    if (order.exchangeOrderId !== null) return;
    const doubtedFor = lookedAt - (this.#doubtedAt.get(inquiry.clientOrderId) ?? this.#startedAt);
    if (inquiry.misses < LOOKS_MIN || doubtedFor < NEVER_ARRIVED_MS) return;
    // It may have been placed and filled at once: only a complete list of fills without it ends the doubt.
    if (!(await this.#readFills(inquiry, order))) return;
    inquiry.isOpen = false;
    this.#doubtedAt.delete(inquiry.clientOrderId);
    this.#options.post({ type: "neverArrived", leg: inquiry.leg, clientOrderId: inquiry.clientOrderId, at: this.#options.clock.now() });
  }
}
