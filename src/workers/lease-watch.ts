// Watches the leases of bots that others hold: one counts as lost only after we ourselves saw it missing for long enough.

import type { Clock, LeaseStore } from "../core/ports.ts";

/** Time counted per look at most: a watcher that slept has not watched. */
const STEP_MAX_MS = 1_500;

/** For how long each missing lease has been seen missing, ms; null when Redis did not answer. */
export type MissingLeases = ReadonlyMap<string, number> | null;

export interface LeaseWatch {
  /** One look at these bots' leases. Never throws; a look without an answer forgets what was seen before. */
  look(botIds: readonly string[]): Promise<MissingLeases>;
}

export function createLeaseWatch(leases: Pick<LeaseStore, "holder">, clock: Clock): LeaseWatch {
  let seen = new Map<string, number>();
  let lookedAt = clock.monotonic();
  return {
    async look(botIds) {
      const before = seen;
      seen = new Map();
      const now = clock.monotonic();
      const step = Math.min(STEP_MAX_MS, now - lookedAt);
      lookedAt = now;
      try {
        const holders = await Promise.all(botIds.map((id) => leases.holder(id)));
        botIds.forEach((id, index) => {
          const known = before.get(id);
          if (holders[index] === null) seen.set(id, known === undefined ? 0 : known + step);
        });
        return new Map(seen);
      } catch {
        seen = new Map();
        return null;
      }
    },
  };
}
