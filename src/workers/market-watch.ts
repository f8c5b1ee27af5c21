// Notices when a leg's book goes quiet, asks by REST, and says so when nobody answers.

import type { KernelEvent } from "../core/events.ts";
import type { Clock } from "../core/ports.ts";
import { bookEvent } from "./event-feed.ts";
import { type Legs, legNamed } from "./order-desk.ts";

/** After this much silence the touch is read by REST: a calm market is silent too. */
export const TOUCH_AFTER_MS = 3_000;
/** Without a book for this long the leg has none. */
export const BOOK_LOST_MS = 5_000;

export interface MarketWatchOptions {
  readonly legs: Legs;
  readonly clock: Clock;
  readonly post: (event: KernelEvent) => void;
  readonly onLost: (leg: string, ageMs: number) => void;
  readonly onError: (message: string) => void;
}

export interface MarketWatch {
  /** A book arrived from the stream. */
  seen(leg: string): void;
  /** Looks at every leg; called each second. */
  check(): void;
}

interface Watched {
  seenAt: number;
  isLost: boolean;
  isAsking: boolean;
}

export function createMarketWatch(options: MarketWatchOptions): MarketWatch {
  const { legs, clock } = options;
  const startedAt = clock.monotonic();
  const watched = new Map<string, Watched>(
    Object.keys(legs).map((leg) => [leg, { seenAt: startedAt, isLost: false, isAsking: false }] as const),
  );

  function touched(leg: Watched): void {
    leg.seenAt = clock.monotonic();
    leg.isLost = false;
  }

  async function ask(name: string, leg: Watched): Promise<void> {
    const { instrument, port } = legNamed(legs, name);
    leg.isAsking = true;
    const askedAt = clock.monotonic();
    try {
      const touch = await port.touch(instrument.ref.symbol);
      // The stream's book is newer than this answer when one came meanwhile.
      if (leg.seenAt > askedAt) return;
      touched(leg);
      options.post(bookEvent(name, touch, clock.now()));
    } catch (error) {
      options.onError(`no book of ${instrument.ref.symbol}: ${String(error)}`);
    } finally {
      leg.isAsking = false;
    }
  }

  return {
    seen(name) {
      const leg = watched.get(name);
      if (leg !== undefined) touched(leg);
    },
    check() {
      for (const [name, leg] of watched) {
        const age = clock.monotonic() - leg.seenAt;
        if (age >= TOUCH_AFTER_MS && !leg.isAsking) void ask(name, leg);
        if (age < BOOK_LOST_MS || leg.isLost) continue;
        leg.isLost = true;
        options.post({ type: "bookLost", leg: name, at: clock.now() });
        options.onLost(name, age);
      }
    },
  };
}
