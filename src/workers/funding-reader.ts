// Reads funding payments of perpetuals at start and every few minutes, and hands each to the kernel.

import type { KernelEvent } from "../core/events.ts";
import { type InstrumentRef, refKey } from "../core/instrument.ts";
import type { Clock, StoredClaim } from "../core/ports.ts";
import { type Legs, legNamed } from "./order-desk.ts";

export const FUNDING_EVERY_MS = 300_000;
/** Exchanges list a payment some time after the moment that it is for. The kernel takes each payment once. */
const OVERLAP_MS = 21_600_000;

export interface FundingReaderOptions {
  readonly legs: Legs;
  readonly clock: Clock;
  /** What the bot holds: earlier payments were another bot's, or a person's. */
  readonly claims: readonly StoredClaim[];
  readonly post: (event: KernelEvent) => void;
  readonly onError: (message: string) => void;
}

export interface FundingReader {
  /** Reads every perpetual leg whose exchange tells its funding. Never throws: what failed is read again from the same place. */
  run(): Promise<void>;
}

export function createFundingReader(options: FundingReaderOptions): FundingReader {
  const { legs, clock, claims, post, onError } = options;
  const startedAt = clock.now();
  /** Up to when each leg's payments were read in full, epoch ms. */
  const readUpTo = new Map<string, number>();

  function sinceOf(leg: string, ref: InstrumentRef): number {
    const claim = claims.find((held) => refKey(held) === refKey(ref));
    const known = readUpTo.get(leg) ?? claim?.lastFundingAt ?? null;
    const first = claim?.since ?? startedAt;
    return known === null ? first : Math.max(first, known - OVERLAP_MS);
  }

  async function readLeg(leg: string): Promise<void> {
    const { instrument, port } = legNamed(legs, leg);
    if (instrument.kind !== "perp" || !port.capabilities.fundingHistory) return;
    const { symbol } = instrument.ref;
    const askedAt = clock.now();
    try {
      const page = await port.fundingSince(symbol, sinceOf(leg, instrument.ref));
      for (const { id, amount, at } of page.entries) post({ type: "funding", leg, id, amount, at });
      if (page.complete) readUpTo.set(leg, askedAt);
      else onError(`the list of funding of ${symbol} is incomplete`);
    } catch (error) {
      onError(`reading funding of ${symbol} failed: ${String(error)}`);
    }
  }

  return {
    async run() {
      for (const leg of Object.keys(legs)) await readLeg(leg);
    },
  };
}
