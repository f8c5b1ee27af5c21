// Reads the instruments again now and then: an exchange may change what it takes while a bot runs.

import type { KernelEvent } from "../core/events.ts";
import type { Instrument } from "../core/instrument.ts";
import type { Clock } from "../core/ports.ts";
import type { Legs } from "./order-desk.ts";

export const INSTRUMENTS_EVERY_MS = 600_000;

export interface InstrumentWatchOptions {
  readonly legs: Legs;
  readonly clock: Clock;
  readonly post: (event: KernelEvent) => void;
  /** The tick or lot size is another: numbers that are under way are counted in the old one, so the process must begin anew. */
  readonly onNewSteps: (before: Instrument, now: Instrument) => void;
  readonly onError: (message: string) => void;
}

export interface InstrumentWatch {
  /** Reads every leg's instrument once. Never throws. */
  check(): Promise<void>;
}

export function createInstrumentWatch({ legs, clock, post, onNewSteps, onError }: InstrumentWatchOptions): InstrumentWatch {
  return {
    async check() {
      for (const [name, leg] of Object.entries(legs)) {
        const before = leg.instrument;
        try {
          const now = await leg.port.instrument(before.ref.symbol);
          if (now.revision === before.revision) continue;
          if (now.tickSize !== before.tickSize || now.lotSize !== before.lotSize) return onNewSteps(before, now);
          leg.instrument = now;
          post({ type: "instrument", leg: name, instrument: now, at: clock.now() });
        } catch (error) {
          onError(`reading ${before.ref.symbol} again failed: ${String(error)}`);
        }
      }
    },
  };
}
