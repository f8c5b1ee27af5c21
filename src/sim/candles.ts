// One-minute candles of every public trade, and the day's ticker and longer candles made from them.

import type { Lots, Ticks } from "../core/units.ts";
import type { Print } from "./exchange-facts.ts";

export interface Candle {
  /** Epoch ms of its begin. */
  readonly start: number;
  readonly open: Ticks;
  high: Ticks;
  low: Ticks;
  close: Ticks;
  quantity: Lots;
  /** Ticks times lots. */
  value: bigint;
  trades: number;
}

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
/** A week of minutes. */
const CANDLES_MAX = 10_080;

/** Lengths of the intervals that Backpack names. Months are taken as 30 days. */
export const INTERVALS_MS: Readonly<Record<string, number>> = {
  "1m": MINUTE_MS,
  "3m": 3 * MINUTE_MS,
  "5m": 5 * MINUTE_MS,
  "15m": 15 * MINUTE_MS,
  "30m": 30 * MINUTE_MS,
  "1h": 60 * MINUTE_MS,
  "2h": 120 * MINUTE_MS,
  "4h": 240 * MINUTE_MS,
  "6h": 360 * MINUTE_MS,
  "8h": 480 * MINUTE_MS,
  "12h": 720 * MINUTE_MS,
  "1d": DAY_MS,
  "3d": 3 * DAY_MS,
  "1w": 7 * DAY_MS,
  "1month": 30 * DAY_MS,
};

function merge(candles: readonly Candle[], start: number): Candle | null {
  const [first] = candles;
  if (first === undefined) return null;
  const merged: Candle = { ...first, start };
  for (const candle of candles.slice(1)) {
    merged.high = Math.max(merged.high, candle.high) as Ticks;
    merged.low = Math.min(merged.low, candle.low) as Ticks;
    merged.close = candle.close;
    merged.quantity = (merged.quantity + candle.quantity) as Lots;
    merged.value += candle.value;
    merged.trades += candle.trades;
  }
  return merged;
}

/** The candles of one instrument since the server started. */
export class Candles {
  readonly #minutes: Candle[] = [];

  add({ price, quantity, at }: Print): void {
    const start = at - (at % MINUTE_MS);
    const value = BigInt(price) * BigInt(quantity);
    const last = this.#minutes.at(-1);
    if (last !== undefined && last.start >= start) {
      last.high = Math.max(last.high, price) as Ticks;
      last.low = Math.min(last.low, price) as Ticks;
      last.close = price;
      last.quantity = (last.quantity + quantity) as Lots;
      last.value += value;
      last.trades += 1;
      return;
    }
    this.#minutes.push({ start, open: price, high: price, low: price, close: price, quantity, value, trades: 1 });
    if (this.#minutes.length > CANDLES_MAX) this.#minutes.shift();
  }

  /** The last 24 hours as one candle, or null before the first trade. */
  day(now: number): Candle | null {
    return merge(
      this.#minutes.filter((candle) => candle.start > now - DAY_MS),
      now - DAY_MS,
    );
  }

  /** Price of the last trade, or null. */
  last(): Ticks | null {
    return this.#minutes.at(-1)?.close ?? null;
  }

  /** Candles of `intervalMs` that begin from `from` to `to` (epoch ms), oldest first, at most `limit` of the newest. */
  list(intervalMs: number, from: number, to: number, limit: number): Candle[] {
    const groups = new Map<number, Candle[]>();
    for (const candle of this.#minutes) {
      const start = candle.start - (candle.start % intervalMs);
      if (start < from - (from % intervalMs) || start > to) continue;
      const group = groups.get(start);
      if (group === undefined) groups.set(start, [candle]);
      else group.push(candle);
    }
    const merged = [...groups].map(([start, group]) => merge(group, start)).filter((candle) => candle !== null);
    return merged.slice(-limit);
  }
}
