// Plays the market sources in wall time: recorded gaps shortened by the speed, steps in order, pause and moves by hand.

import type { Lots, Ticks } from "../core/units.ts";
import { MARKET_OWNER } from "./listed-market.ts";
import type { MarketSource, MarketStep } from "./market-step.ts";
import type { SimulatedExchange } from "./simulated-exchange.ts";

/** A market that falls further behind than this (a busy or suspended machine) goes on from now instead of catching up. */
const LAG_MAX_MS = 1_000;
/** Steps in one turn of the event loop, so that requests are answered in between. */
const STEPS_PER_TURN = 100;
const NEVER = Number.POSITIVE_INFINITY;

interface Playing {
  readonly symbol: string;
  readonly source: MarketSource;
  next: MarketStep | null;
  /** Monotonic ms. */
  dueAt: number;
}

export interface MarketStatus {
  readonly symbol: string;
  readonly kind: MarketSource["kind"];
  readonly file: string | null;
  readonly steps: number;
  /** True when a recording has been played to its end; the last price holds. */
  readonly ended: boolean;
}

export class MarketDriver {
  readonly #exchange: SimulatedExchange;
  readonly #markets: readonly Playing[];
  readonly #speed: number;
  #timer: NodeJS.Timeout | null = null;
  #immediate: NodeJS.Immediate | null = null;
  #paused = false;

  /** `speed` shortens the gaps of recordings; generated markets keep their own pace. */
  constructor(options: { exchange: SimulatedExchange; sources: ReadonlyMap<string, MarketSource>; speed: number }) {
    this.#exchange = options.exchange;
    this.#speed = options.speed;
    this.#markets = [...options.sources].map(([symbol, source]) => ({ symbol, source, next: null, dueAt: NEVER }));
  }

  get isPaused(): boolean {
    return this.#paused;
  }

  /** Places every market's ladder at once (continuing a stored market at its stored price) and begins to play. */
  start(): void {
    for (const playing of this.#markets) {
      const { price, progress } = this.#exchange.state.market(playing.symbol);
      const continues = progress !== null && playing.source.resume(progress);
      const first = continues ? null : playing.source.next();
      const hold: MarketStep = { afterMs: 0, price, sweeps: [], ladder: null };
      this.#perform(playing, first ?? hold);
      this.#prepare(playing, this.#exchange.clock.monotonic());
    }
    this.#schedule();
  }

  stop(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    if (this.#immediate !== null) clearImmediate(this.#immediate);
    this.#timer = null;
    this.#immediate = null;
  }

  pause(): void {
    this.#paused = true;
    this.stop();
  }

  resume(): void {
    this.#paused = false;
    const now = this.#exchange.clock.monotonic();
    for (const playing of this.#markets) if (playing.next !== null) playing.dueAt = Math.max(playing.dueAt, now);
    this.stop();
    this.#schedule();
  }

  /** Moves a market to a price. Its market order is `quantity` lots, or without it all that users have resting up to there. */
  moveTo(symbol: string, price: Ticks, quantity: Lots | null): void {
    const playing = this.#markets.find((one) => one.symbol === symbol);
    if (playing === undefined) throw new Error(`${symbol} has no market source`);
    const { engine, price: from } = this.#exchange.state.market(symbol);
    const side = price >= from ? "buy" : "sell";
    let resting = 0;
    for (const level of engine.levels(side === "buy" ? "sell" : "buy")) {
      if (side === "buy" ? level.price > price : level.price < price) break;
      for (const order of level.orders) if (order.owner !== MARKET_OWNER) resting += order.remaining;
    }
    const swept = quantity ?? (resting as Lots);
    playing.source.moveTo(price);
    this.#perform(playing, { afterMs: 0, price, sweeps: swept > 0 ? [{ side, price, quantity: swept }] : [], ladder: null });
    // The step that was waiting started from the price before; a recording's rows stand as they are.
    if (playing.source.kind === "generator") this.#prepare(playing, this.#exchange.clock.monotonic());
  }

  status(): readonly MarketStatus[] {
    return this.#markets.map(({ symbol, source, next }) => ({
      symbol,
      kind: source.kind,
      file: source.file,
      steps: source.progress().steps,
      ended: source.kind === "recording" && next === null,
    }));
  }

  #perform({ symbol, source }: Playing, step: MarketStep): void {
    this.#exchange.run((state, at) => state.step(symbol, step, source.progress(), at));
  }

  /** Reads the step after the one that was due at `dueAt`. */
  #prepare(playing: Playing, dueAt: number): void {
    playing.next = playing.source.next();
    if (playing.next === null) {
      playing.dueAt = NEVER;
      return;
    }
    const gap = playing.next.afterMs / (playing.source.kind === "recording" ? this.#speed : 1);
    playing.dueAt = dueAt + gap;
  }

  #schedule(): void {
    if (this.#paused) return;
    const dueAt = Math.min(...this.#markets.map((playing) => playing.dueAt));
    if (dueAt === NEVER) return;
    const wait = dueAt - this.#exchange.clock.monotonic();
    if (wait > 0) this.#timer = setTimeout(() => this.#play(), wait);
    else this.#immediate = setImmediate(() => this.#play());
  }

  #play(): void {
    const now = this.#exchange.clock.monotonic();
    for (let count = 0; count < STEPS_PER_TURN; count += 1) {
      const playing = this.#markets.reduce((a, b) => (b.dueAt < a.dueAt ? b : a));
      if (playing.next === null || playing.dueAt > now) break;
      const step = playing.next;
      const dueAt = now - playing.dueAt > LAG_MAX_MS ? now : playing.dueAt;
      this.#perform(playing, step);
      this.#prepare(playing, dueAt);
    }
    this.#schedule();
  }
}
