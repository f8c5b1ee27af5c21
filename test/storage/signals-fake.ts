// Signals without Redis: what is published is heard at once by listeners of the same object.

import type { Signals } from "../../src/storage/signals.ts";

/** Signals that work within one object. */
export function localSignals(): Signals {
  const listeners = new Set<{ topic: string; callback: (id: string) => void }>();
  return {
    publish: async (topic, id) => {
      for (const listener of listeners) if (listener.topic === topic) listener.callback(id);
    },
    on: (topic, callback) => {
      const listener = { topic, callback };
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    close: async () => listeners.clear(),
  };
}

/** Signals of a Redis that does not answer: publishing fails, nothing is ever heard. */
export function quietSignals(): Signals {
  return { ...localSignals(), publish: () => Promise.reject(new Error("Redis is away")) };
}
