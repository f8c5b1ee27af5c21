// Runs one session after the other for ever: quick again after a healthy one, with a growing pause after a short one.

import type { Clock } from "../core/ports.ts";

const RETRY_MIN_MS = 250;
const RETRY_MAX_MS = 30_000;
/** A session that stood this long was healthy: the next retry is quick again. */
const HEALTHY_MS = 20_000;

export interface ReconnectOptions {
  /** Runs until the session is over and resolves with the reason. Never throws. */
  readonly session: () => Promise<string>;
  /** Told of every end, before the pause. */
  readonly onLost: (message: string) => void;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/** Resolves only when `signal` aborts. */
export async function keepConnected({ clock, onLost, session, signal }: ReconnectOptions): Promise<void> {
  let retryMs = RETRY_MIN_MS;
  while (!signal.aborted) {
    const startedAt = clock.monotonic();
    const message = await session();
    if (signal.aborted) return;
    onLost(message);
    if (clock.monotonic() - startedAt > HEALTHY_MS) retryMs = RETRY_MIN_MS;
    await pauseFor(retryMs * (0.75 + Math.random() / 2), signal);
    retryMs = Math.min(retryMs * 2, RETRY_MAX_MS);
  }
}

/** Resolves after `ms`, or as soon as `signal` aborts. */
export function pauseFor(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const done = (): void => {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener("abort", done, { once: true });
  });
}
