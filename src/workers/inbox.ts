// The driver's inbox: events in order, of what only tells how things are now only the newest per leg.

import type { KernelEvent } from "../core/events.ts";

/** An older one of these says nothing that a newer one does not. */
type Gauge = Extract<KernelEvent, { type: "book" | "mark" | "last" | "balances" | "margin" }>;

const GAUGES: ReadonlySet<KernelEvent["type"]> = new Set(["book", "mark", "last", "balances", "margin"] satisfies Gauge["type"][]);

/** True for what only tells how things are now. */
export function isGauge(event: KernelEvent): event is Gauge {
  return GAUGES.has(event.type);
}

function keyOf(event: Gauge): string {
  return `${event.type} ${event.leg}`;
}

export interface Inbox {
  /** A gauge takes the place of the one of its kind and leg that still waits; everything else queues. */
  push(event: KernelEvent): void;
  take(): KernelEvent | undefined;
  readonly size: number;
}

export function createInbox(): Inbox {
  let queue: KernelEvent[] = [];
  let head = 0;
  const waiting = new Map<string, Gauge>();

  return {
    push(event) {
      if (!isGauge(event)) {
        queue.push(event);
        return;
      }
      if (!waiting.has(keyOf(event))) queue.push(event);
      waiting.set(keyOf(event), event);
    },
    take() {
      const event = queue[head];
      if (event === undefined) return undefined;
      head += 1;
      if (head > 1_000) {
        queue = queue.slice(head);
        head = 0;
      }
      if (!isGauge(event)) return event;
      const newest = waiting.get(keyOf(event)) ?? event;
      waiting.delete(keyOf(event));
      return newest;
    },
    get size() {
      return queue.length - head;
    },
  };
}
