// Hints between processes over Redis pub/sub: they save waiting for the next look at the database, and may be lost.

import type { Redis } from "ioredis";
import { KEY_PREFIX } from "./redis.ts";

export type Topic = "changeFinished" | "alertRaised" | "changeQueued";

export interface Signals {
  /** Throws within a second when Redis does not answer. */
  publish(topic: Topic, id: string): Promise<void>;
  /** Calls back with the id of each signal; returns an unsubscribe. */
  on(topic: Topic, callback: (id: string) => void): () => void;
  /** Stops listening; the connections stay with their owner. */
  close(): Promise<void>;
}

const TOPICS: readonly Topic[] = ["changeFinished", "alertRaised", "changeQueued"];

function channelOf(topic: Topic): string {
  return `${KEY_PREFIX}:signal:${topic}`;
}

/** Signals over two connections: one of role `command` to publish, one of role `subscriber` that does nothing else. */
export function createSignals(publisher: Redis, subscriber: Redis): Signals {
  const listeners = new Map<string, Set<(id: string) => void>>(TOPICS.map((topic) => [channelOf(topic), new Set()]));
  const receive = (channel: string, id: string): void => {
    for (const callback of listeners.get(channel) ?? []) callback(id);
  };
  subscriber.on("message", receive);
  // Waits for the connection; a subscriber closed before that rejects, and nobody listens any more then.
  subscriber.subscribe(...TOPICS.map(channelOf)).catch(() => {});
  return {
    publish: async (topic, id) => {
      await publisher.publish(channelOf(topic), id);
    },
    on: (topic, callback) => {
      // A function of its own for each call, so that one callback may listen twice and leave once.
      const listener = (id: string): void => callback(id);
      listeners.get(channelOf(topic))?.add(listener);
      return () => listeners.get(channelOf(topic))?.delete(listener);
    },
    close: async () => {
      subscriber.off("message", receive);
      for (const set of listeners.values()) set.clear();
      if (subscriber.status === "ready") await subscriber.unsubscribe().catch(() => {});
    },
  };
}
