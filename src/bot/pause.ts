// Waiting with an end: pauses that a stop cuts short, promises and requests that get only so long.

/** Resolves after `ms`, or as soon as one of the signals aborts; never rejects. */
export function pause(ms: number, ...signals: readonly AbortSignal[]): Promise<void> {
  return new Promise((resolve) => {
    if (signals.some((signal) => signal.aborted)) return resolve();
    const finish = (): void => {
      clearTimeout(timer);
      for (const signal of signals) signal.removeEventListener("abort", finish);
      resolve();
    };
    const timer = setTimeout(finish, ms);
    for (const signal of signals) signal.addEventListener("abort", finish);
  });
}

/** The value of a promise, or `null` when it takes longer than `ms`. A rejection passes through. */
export function within<Value>(promise: Promise<Value>, ms: number): Promise<Value | null> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => resolve(null), ms);
    promise.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}

/**
 * Runs a request with a signal that aborts after `ms` or with `stop`. Leaves nothing behind on `stop`, unlike
 * `AbortSignal.any`, which Node 20 holds on to for as long as the longest-lived of its signals.
 */
export async function withDeadline<Value>(
  ms: number,
  stop: AbortSignal | undefined,
  request: (signal: AbortSignal) => Promise<Value>,
): Promise<Value> {
  const controller = new AbortController();
  const abort = (): void => controller.abort();
  if (stop?.aborted === true) abort();
  const timer = setTimeout(abort, ms);
  stop?.addEventListener("abort", abort);
  try {
    return await request(controller.signal);
  } finally {
    clearTimeout(timer);
    stop?.removeEventListener("abort", abort);
  }
}
