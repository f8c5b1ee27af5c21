// The BullMQ queues that carry changes to workers: ids only, since job data is clear text in Redis.

import { Queue, Worker } from "bullmq";
import { connectRedis, KEY_PREFIX } from "./redis.ts";

export interface ChangeJob {
  /** Also the job's id: the same change is never queued twice at a time. */
  readonly changeId: string;
  readonly botId: string;
  /** Epoch ms; a late job is answered, not executed. */
  readonly expiresAt: number;
}

/** `fleet`: any worker may take it. */
export type QueueTarget = "fleet" | { readonly workerId: string };

export interface Queues {
  /** Throws within about a second when Redis does not answer. */
  enqueue(target: QueueTarget, job: ChangeJob): Promise<void>;
  close(): Promise<void>;
}

export interface Consumer {
  /** Takes no more jobs and waits for those that run. */
  close(): Promise<void>;
}

const ENQUEUE_TIMEOUT_MS = 1_000;
const CLOSE_TIMEOUT_MS = 2_000;
/** Handlers wait for exchanges; jobs of many bots run side by side. */
const CONCURRENCY = 64;

function queueName(target: QueueTarget): string {
  // BullMQ takes no ":" in names.
  return target === "fleet" ? "fleet" : `worker-${encodeURIComponent(target.workerId)}`;
}

/** Queues to put changes into; connects at once, and again after losses. */
export function createQueues(redisUrl: string): Queues {
  const connection = connectRedis(redisUrl, "command");
  const queues = new Map<string, Queue>();
  const open = (name: string): Queue => {
    const known = queues.get(name);
    if (known !== undefined) return known;
    const queue = new Queue(name, { connection, prefix: KEY_PREFIX });
    queue.on("error", () => {});
    queues.set(name, queue);
    return queue;
  };
  return {
    enqueue: async (target, job) => {
      const name = queueName(target);
      try {
        // A finished job is removed at once: a kept one would make BullMQ ignore the change when it is queued again.
        const options = { jobId: job.changeId, attempts: 1, removeOnComplete: true, removeOnFail: true };
        await within(ENQUEUE_TIMEOUT_MS, open(name).add("change", job, options));
      } catch (error) {
        // A queue whose first connection failed never recovers; the next call opens another.
        queues.delete(name);
        throw error;
      }
    },
    close: async () => {
      await Promise.allSettled([...queues.values()].map((queue) => within(CLOSE_TIMEOUT_MS, queue.close())));
      connection.disconnect();
    },
  };
}

/**
 * Hands each job of a target to `handler`, many at a time. A job runs once; when its handler throws or its process dies, the
 * change stays unfinished in the database and is queued again by whoever looks there. `onError` hears of both.
 */
export function consume(
  redisUrl: string,
  target: QueueTarget,
  handler: (job: ChangeJob) => Promise<void>,
  onError: (error: Error) => void = () => {},
): Consumer {
  const connection = connectRedis(redisUrl, "queue");
  const worker = new Worker<ChangeJob, void>(queueName(target), (job) => handler(job.data), {
    connection,
    prefix: KEY_PREFIX,
    concurrency: CONCURRENCY,
    lockDuration: 10_000,
    stalledInterval: 5_000,
  });
  worker.on("error", onError);
  worker.on("failed", (_, error) => onError(error));
  return {
    close: async () => {
      await within(CLOSE_TIMEOUT_MS, worker.close()).catch(() => {});
      connection.disconnect();
    },
  };
}

/** Rejects when `work` takes longer than that; the work itself goes on unheard. */
async function within<T>(timeoutMs: number, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`Redis did not answer within ${timeoutMs} ms`)), timeoutMs);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
    work.catch(() => {});
  }
}
