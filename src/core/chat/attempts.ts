// Counts what each user tried: the command rate limit, and who has been refused too often to be answered.

export interface Limit {
  readonly count: number;
  readonly windowMs: number;
}

/** Every user's commands, `/panic` excepted. */
export const COMMAND_LIMIT: Limit = { count: 20, windowMs: 10_000 };
/** After this many refusals within the window a user is not answered any more. */
export const REFUSAL_LIMIT: Limit = { count: 5, windowMs: 3_600_000 };
/** Admins are told of one stranger at most so often. */
export const STRANGER_ALERT_LIMIT: Limit = { count: 1, windowMs: 3_600_000 };
const USERS_MAX = 10_000;

/** Kept in memory: a restart forgets it, which only means a few more sentences. Times are monotonic ms. */
export interface Attempts {
  /** Counts one attempt. Returns 0 when it is within the limit, else the ms until the next one would be. */
  take(key: string, limit: Limit, now: number): number;
}

/** Remembers at most 10 000 keys; the one that was quiet for longest is forgotten first. */
export function createAttempts(): Attempts {
  const times = new Map<string, readonly number[]>();
  return {
    take(key, limit, now) {
      const recent = (times.get(key) ?? []).filter((at) => now - at < limit.windowMs);
      const oldest = recent[0];
      const isOver = recent.length >= limit.count && oldest !== undefined;
      times.delete(key);
      times.set(key, isOver ? recent : [...recent, now]);
      if (times.size > USERS_MAX) {
        const quietest = times.keys().next().value;
        if (quietest !== undefined) times.delete(quietest);
      }
      return isOver ? Math.max(1, limit.windowMs - (now - oldest)) : 0;
    },
  };
}
