// A seeded world around one kernel: an exchange with its own books, late, lost and doubled messages, and restarts.

import { decodeClientOrderId } from "../../src/core/client-order-id.ts";
import type { Effect } from "../../src/core/effects.ts";
import type { ExchangeFill, KernelEvent, OpenOrder } from "../../src/core/events.ts";
import type { Instrument } from "../../src/core/instrument.ts";
import { createKernel, type Kernel, type KernelOptions, type KernelState } from "../../src/core/kernel.ts";
import type { Order, Side } from "../../src/core/order.ts";
import type { Strategy } from "../../src/core/strategy.ts";
import { type Lots, lots, type Ticks, ticks } from "../../src/core/units.ts";

export interface Weather {
  readonly lostRequests: number;
  readonly lostAnswers: number;
  readonly lostEvents: number;
  readonly doubledEvents: number;
  readonly rejects: number;
  readonly crashes: number;
  readonly delayMaxMs: number;
}

interface ExchangeOrder {
  readonly clientOrderId: string;
  readonly exchangeOrderId: string;
  readonly side: Side;
  readonly price: Ticks;
  readonly quantity: Lots;
  readonly postOnly: boolean;
  readonly reduceOnly: boolean;
  filled: Lots;
  status: "open" | "filled" | "canceled";
  readonly at: number;
}

const REQUEST_EXPIRY_MS = 2_000;
const PROOF_AFTER_MS = 5_000;

/** Small, fast and seeded: mulberry32. */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** A bug planted on purpose around the kernel: a simulator that finds nothing proves nothing. */
export type Sabotage = "reusedIds" | "blindGate" | "doubledFill" | "unknownIsFailure" | "earlyCancel" | "forgottenRows";

export interface WorldOptions {
  readonly sabotage?: Sabotage;
  readonly seed: number;
  readonly instrument: Instrument;
  readonly strategy: Strategy;
  readonly params: unknown;
  readonly maxPosition: number;
  readonly start: Ticks;
  readonly weather: Weather;
}

export class SimulatedWorld {
  readonly #random: () => number;
  readonly #options: WorldOptions;
  readonly #kernelOptions: KernelOptions;
  readonly trades: ExchangeFill[] = [];
  readonly recorded = new Map<string, number>();
  readonly trace: string[] = [];
  readonly violations: string[] = [];
  #weather: Weather;
  #orders = new Map<string, ExchangeOrder>();
  #slotOf = new Map<string, string>();
  #rows = new Map<string, Order>();
  #queue: { at: number; order: number; run: () => void }[] = [];
  #sequence = 0;
  #stored: KernelState | null = null;
  #life = 0;
  now = 1_000_000;
  mid: number;
  kernel: Kernel;

  constructor(options: WorldOptions) {
    this.#options = options;
    this.#random = seededRandom(options.seed);
    this.#weather = options.weather;
    this.mid = options.start;
    this.#kernelOptions = {
      botId: "world",
      botNumber: 7,
      strategy: options.strategy,
      params: options.params,
      instruments: { main: options.instrument },
      risk: {
        maxPosition: { main: options.sabotage === "blindGate" ? options.maxPosition * 100 : options.maxPosition },
        maxOpenOrders: 100,
      },
      lastCounter: null,
    };
    this.kernel = this.#birth();
    this.#recover();
  }

  calm(): void {
    this.#weather = { lostRequests: 0, lostAnswers: 0, lostEvents: 0, doubledEvents: 0, rejects: 0, crashes: 0, delayMaxMs: 5 };
  }

  get position(): number {
    return this.trades.reduce((sum, trade) => sum + (trade.side === "buy" ? trade.quantity : -trade.quantity), 0);
  }

  openAtExchange(): ExchangeOrder[] {
    return [...this.#orders.values()].filter((order) => order.status === "open");
  }

  feed(truth: KernelEvent): void {
    const event = this.#sabotaged(truth);
    for (const effect of this.kernel.apply(event)) this.#perform(effect);
  }

  #sabotaged(event: KernelEvent): KernelEvent {
    if (this.#options.sabotage === "doubledFill" && event.type === "fill" && this.#random() < 0.05) {
      return { ...event, fill: { ...event.fill, tradeId: `${event.fill.tradeId}x` } };
    }
    if (this.#options.sabotage === "unknownIsFailure" && event.type === "unknown") {
      return { type: "rejected", leg: event.leg, at: event.at, clientOrderId: event.clientOrderId, code: "timeout", message: "timeout" };
    }
    if (this.#options.sabotage === "earlyCancel" && event.type === "cancelRefused") {
      return { type: "canceled", leg: event.leg, at: event.at, clientOrderId: event.clientOrderId, filledQuantity: lots(0) };
    }
    return event;
  }

  /** One market step: the price moves, crossed orders fill in parts, messages that are due arrive. */
  step(): void {
    this.now += 100;
    this.mid = Math.max(100, this.mid + Math.round((this.#random() - 0.5) * this.#options.start * 0.004));
    this.#match();
    this.#deliver();
    this.feed({ type: "book", leg: "main", at: this.now, bestBid: ticks(this.mid - 1), bestAsk: ticks(this.mid + 1) });
    this.feed({ type: "time", at: this.now });
    if (this.now % 5_000 === 0) this.#reconcile();
    if (this.#random() < this.#weather.crashes) this.#crash();
    this.#check();
  }

  /** Lets everything that is on its way arrive, without moving the price. */
  settle(steps: number): void {
    for (let count = 0; count < steps; count++) {
      this.now += 100;
      this.#deliver();
      this.feed({ type: "book", leg: "main", at: this.now, bestBid: ticks(this.mid - 1), bestAsk: ticks(this.mid + 1) });
      this.feed({ type: "time", at: this.now });
      if (this.now % 5_000 === 0) this.#reconcile();
      this.#match();
    }
  }

  #birth(): Kernel {
    this.#life += 1;
    const market = {
      at: this.now,
      legs: { main: { instrument: this.#options.instrument, bestBid: ticks(this.mid - 1), bestAsk: ticks(this.mid + 1) } },
    };
    const orders = [...this.#rows.values()].filter(
      (order) => !["filled", "canceled", "rejected", "expired"].includes(order.status) || order.isUnknown,
    );
    const counters = [...this.#rows.keys()].map((id) => decodeClientOrderId(id)?.counter ?? 0);
    const lastCounter = counters.length === 0 || this.#options.sabotage === "reusedIds" ? null : Math.max(...counters);
    const rows = this.#options.sabotage === "forgottenRows" ? [] : orders;
    return createKernel({ ...this.#kernelOptions, lastCounter }, { state: this.#stored, orders: rows, market });
  }

  #crash(): void {
    this.trace.push(`${this.now} crash`);
    this.kernel = this.#birth();
    this.#recover();
  }

  #recover(): void {
    for (const fill of this.trades) this.feed({ type: "fill", leg: "main", at: this.now, fill });
    this.feed({ type: "reconciled", leg: "main", at: this.now, openOrders: this.#listing(), position: lots(this.position) });
    this.feed({ type: "recovered", at: this.now });
  }

  #reconcile(): void {
    for (const fill of this.trades.slice(-200)) this.feed({ type: "fill", leg: "main", at: this.now, fill });
    this.feed({ type: "reconciled", leg: "main", at: this.now, openOrders: this.#listing(), position: lots(this.position) });
  }

  #listing(): OpenOrder[] {
    return this.openAtExchange().map((order) => ({
      symbol: this.#options.instrument.ref.symbol,
      clientOrderId: order.clientOrderId,
      exchangeOrderId: order.exchangeOrderId,
      side: order.side,
      price: order.price,
      quantity: order.quantity,
      filledQuantity: order.filled,
      postOnly: order.postOnly,
      reduceOnly: order.reduceOnly,
      at: order.at,
    }));
  }

  #later(run: () => void, extra = 0): void {
    const life = this.#life;
    this.#sequence += 1;
    const at = this.now + extra + Math.floor(this.#random() ** 3 * this.#weather.delayMaxMs);
    this.#queue.push({ at, order: this.#sequence, run: () => (life === this.#life || extra < 0 ? run() : undefined) });
  }

  #deliver(): void {
    const due = this.#queue.filter((message) => message.at <= this.now).sort((a, b) => a.at - b.at || a.order - b.order);
    this.#queue = this.#queue.filter((message) => message.at > this.now);
    for (const message of due) message.run();
  }

  #perform(effect: Effect): void {
    this.trace.push(`${this.now} ${JSON.stringify(effect)}`);
    switch (effect.type) {
      case "place": {
        const { order } = effect;
        const row = this.kernel.order(order.clientOrderId);
        if (row === undefined) throw new Error("a placed order must be known to the kernel");
        if (this.#rows.has(order.clientOrderId)) this.violations.push(`client order id ${order.clientOrderId} used twice`);
        this.#rows.set(order.clientOrderId, { ...row });
        this.#slotOf.set(order.clientOrderId, effect.slot);
        this.#sendPlace(order);
        return;
      }
      case "cancel":
        return this.#sendCancel(effect.clientOrderId);
      case "inquire":
        return this.#inquire(effect.clientOrderId);
      case "orderChanged":
        this.#rows.set(effect.order.clientOrderId, { ...effect.order });
        return;
      case "record": {
        const key = `${effect.fill.fill.tradeId}:${effect.fill.fill.exchangeOrderId}`;
        this.recorded.set(key, (this.recorded.get(key) ?? 0) + 1);
        // A bot's state commits with the fill that changed it.
        this.#stored = JSON.parse(JSON.stringify(this.kernel.snapshot()));
        return;
      }
      default:
        return;
    }
  }

  #sendPlace(order: {
    clientOrderId: string;
    side: Side;
    price: Ticks;
    quantity: Lots;
    postOnly: boolean;
    reduceOnly: boolean;
    timeInForce: "gtc" | "ioc";
  }): void {
    const { clientOrderId } = order;
    const sentAt = this.now;
    const isLost = this.#random() < this.#weather.lostRequests;
    const isAnswerLost = this.#random() < this.#weather.lostAnswers;
    const answer = (event: KernelEvent) => this.#later(() => this.feed({ ...event, at: this.now }));
    if (isLost) return this.#later(() => this.feed({ type: "unknown", leg: "main", at: this.now, clientOrderId }), 1_000);
    // The request travels on its own: a crash of ours does not stop it.
    this.#sequence += 1;
    const arrivesAt = this.now + Math.floor(this.#random() ** 3 * this.#weather.delayMaxMs);
    this.#queue.push({
      at: arrivesAt,
      order: this.#sequence,
      run: () => {
        const refusal = this.#accept(order, sentAt);
        if (isAnswerLost) return this.#later(() => this.feed({ type: "unknown", leg: "main", at: this.now, clientOrderId }), 1_000);
        if (refusal !== null) answer({ type: "rejected", leg: "main", at: this.now, clientOrderId, code: refusal, message: refusal });
        else answer({ type: "accepted", leg: "main", at: this.now, clientOrderId, exchangeOrderId: `x${clientOrderId}` });
      },
    });
  }

  /** What the exchange does with an order; null when it takes it. */
  #accept(
    order: {
      clientOrderId: string;
      side: Side;
      price: Ticks;
      quantity: Lots;
      postOnly: boolean;
      reduceOnly: boolean;
      timeInForce: "gtc" | "ioc";
    },
    sentAt: number,
  ): string | null {
    if (this.now - sentAt > REQUEST_EXPIRY_MS) return "expired";
    if (this.#random() < this.#weather.rejects) return "random";
    const crosses = order.side === "buy" ? order.price >= this.mid + 1 : order.price <= this.mid - 1;
    if (order.postOnly && crosses) return "postOnly";
    const placed: ExchangeOrder = { ...order, exchangeOrderId: `x${order.clientOrderId}`, filled: lots(0), status: "open", at: this.now };
    const slot = this.#slotOf.get(order.clientOrderId) ?? "";
    const twin = this.openAtExchange().find((other) => this.#slotOf.get(other.clientOrderId) === slot);
    if (twin !== undefined) this.violations.push(`${this.now}: slot ${slot} holds ${twin.clientOrderId} and ${order.clientOrderId}`);
    this.#orders.set(order.clientOrderId, placed);
    if (crosses) this.#fill(placed, lots(placed.quantity), ticks(order.side === "buy" ? this.mid + 1 : this.mid - 1));
    if (order.timeInForce === "ioc" && placed.status === "open") placed.status = "canceled";
    return null;
  }

  #match(): void {
    for (const order of this.openAtExchange()) {
      const isHit = order.side === "buy" ? order.price >= this.mid + 1 : order.price <= this.mid - 1;
      if (!isHit) continue;
      const left = order.quantity - order.filled;
      this.#fill(order, lots(this.#random() < 0.5 ? left : Math.max(1, Math.floor(left * this.#random()))), order.price);
    }
  }

  #fill(order: ExchangeOrder, quantity: Lots, price: Ticks): void {
    order.filled = lots(order.filled + quantity);
    if (order.filled >= order.quantity) order.status = "filled";
    const fill: ExchangeFill = {
      symbol: this.#options.instrument.ref.symbol,
      tradeId: `t${this.trades.length + 1}`,
      exchangeOrderId: order.exchangeOrderId,
      clientOrderId: order.clientOrderId,
      side: order.side,
      price,
      quantity,
      fee: "0.001",
      feeCurrency: "USDC",
      liquidity: "maker",
      at: this.now,
    };
    this.trades.push(fill);
    const times = this.#random() < this.#weather.lostEvents ? 0 : this.#random() < this.#weather.doubledEvents ? 2 : 1;
    for (let count = 0; count < times; count++) this.#later(() => this.feed({ type: "fill", leg: "main", at: this.now, fill }));
  }

  #sendCancel(clientOrderId: string): void {
    if (this.#random() < this.#weather.lostRequests)
      return this.#later(() => this.feed({ type: "cancelRefused", leg: "main", at: this.now, clientOrderId, isUnknown: true }), 1_000);
    this.#sequence += 1;
    this.#queue.push({
      at: this.now + Math.floor(this.#random() ** 3 * this.#weather.delayMaxMs),
      order: this.#sequence,
      run: () => {
        const order = this.#orders.get(clientOrderId);
        const wasOpen = order?.status === "open";
        if (order !== undefined && wasOpen) order.status = "canceled";
        if (this.#random() < this.#weather.lostAnswers)
          return this.#later(() => this.feed({ type: "cancelRefused", leg: "main", at: this.now, clientOrderId, isUnknown: true }), 1_000);
        if (order !== undefined && wasOpen)
          this.#later(() => this.feed({ type: "canceled", leg: "main", at: this.now, clientOrderId, filledQuantity: order.filled }));
        else this.#later(() => this.feed({ type: "cancelRefused", leg: "main", at: this.now, clientOrderId, isUnknown: false }));
      },
    });
  }

  /** The driver's lookup: open list, then history; absence proves something only after the request has expired. */
  #inquire(clientOrderId: string): void {
    this.#later(() => {
      const order = this.#orders.get(clientOrderId);
      const known = this.kernel.order(clientOrderId);
      if (order === undefined) {
        if (known !== undefined && this.now - known.createdAt >= PROOF_AFTER_MS)
          this.feed({ type: "neverArrived", leg: "main", at: this.now, clientOrderId });
        return;
      }
      for (const fill of this.trades)
        if (fill.clientOrderId === clientOrderId) this.feed({ type: "fill", leg: "main", at: this.now, fill });
      if (order.status === "open")
        this.feed({
          type: "accepted",
          leg: "main",
          at: this.now,
          clientOrderId,
          exchangeOrderId: order.exchangeOrderId,
          filledQuantity: order.filled,
        });
      else this.feed({ type: "canceled", leg: "main", at: this.now, clientOrderId, filledQuantity: order.filled });
    });
  }

  /** Judged by the exchange's own books: the position and all that may still fill stay within the limit. */
  #check(): void {
    let long = this.position;
    let short = -this.position;
    for (const order of this.openAtExchange()) {
      const left = order.quantity - order.filled;
      if (order.side === "buy") long += left;
      else short += left;
    }
    if (Math.max(long, short) > this.#options.maxPosition)
      this.violations.push(`${this.now}: worst case ${Math.max(long, short)} exceeds ${this.#options.maxPosition}`);
  }
}
