// The driver's inbox: events in order, of books only the newest per leg.

import type { KernelEvent } from "../core/events.ts";

type BookEvent = Extract<KernelEvent, { type: "book" }>;

export interface Inbox {
  /** A book takes the place of the one of its leg that still waits; everything else queues. */
  push(event: KernelEvent): void;
  take(): KernelEvent | undefined;
  readonly size: number;
}

export function createInbox(): Inbox {
  let queue: KernelEvent[] = [];
  let head = 0;
  const waitingBooks = new Map<string, BookEvent>();

  return {
    push(event) {
      if (event.type !== "book") {
        queue.push(event);
        return;
      }
      const waiting = waitingBooks.get(event.leg);
      if (waiting === undefined) queue.push(event);
      waitingBooks.set(event.leg, event);
    },
    take() {
      const event = queue[head];
      if (event === undefined) return undefined;
      head += 1;
      if (head > 1_000) {
        queue = queue.slice(head);
        head = 0;
      }
      if (event.type !== "book") return event;
      const newest = waitingBooks.get(event.leg) ?? event;
      waitingBooks.delete(event.leg);
      return newest;
    },
    get size() {
      return queue.length - head;
    },
  };
}
