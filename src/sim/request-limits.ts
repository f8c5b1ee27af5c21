// The exchange's own count of requests: exact sliding windows per account, refusals, and the most that any window ever saw.

export interface RequestLimit {
  readonly name: string;
  readonly limit: number;
  readonly windowMs: number;
  /** Only paths that start with this count; every path when absent. */
  readonly pathPrefix?: string;
}

/** Documented by Backpack's help centre: 2000 requests per minute and sub-account, 30 per minute on historical endpoints. */
export const BACKPACK_LIMITS: readonly RequestLimit[] = [
  { name: "requests", limit: 2_000, windowMs: 60_000 },
  { name: "history", limit: 30, windowMs: 60_000, pathPrefix: "/wapi/v1/history/" },
];

/** What of one bucket arrived, refused or not. */
export interface BucketCount {
  readonly name: string;
  readonly limit: number;
  readonly windowMs: number;
  readonly total: number;
  readonly mostInWindow: number;
}

export interface RequestCount {
  readonly total: number;
  /** Answered with 429. */
  readonly rejected429: number;
  readonly buckets: readonly BucketCount[];
  readonly paths: Readonly<Record<string, number>>;
}

/** Times of the last window, oldest first. */
class Window {
  readonly #times: number[] = [];
  #head = 0;

  /** How many lie after `at - windowMs`, up to `at`. */
  count(at: number, windowMs: number): number {
    while (this.#head < this.#times.length && (this.#times[this.#head] as number) <= at - windowMs) this.#head += 1;
    if (this.#head > 4_096 && this.#head * 2 > this.#times.length) {
      this.#times.splice(0, this.#head);
      this.#head = 0;
    }
    return this.#times.length - this.#head;
  }

  add(at: number): void {
    this.#times.push(at);
  }
}

interface Bucket {
  readonly limit: RequestLimit;
  readonly admitted: Window;
  readonly arrived: Window;
  total: number;
  mostInWindow: number;
}

interface Counter {
  readonly buckets: readonly Bucket[];
  readonly paths: Map<string, number>;
  total: number;
  refused: number;
}

export class RequestLimits {
  readonly #limits: readonly RequestLimit[];
  readonly #counters = new Map<string, Counter>();

  constructor(limits: readonly RequestLimit[]) {
    this.#limits = limits;
  }

  /** Counts a request of `who` and says whether its limits admit it. `at` is monotonic ms. Refused requests do not use up the limit. */
  admit(who: string, method: string, path: string, at: number): boolean {
    const counter = this.#counterOf(who);
    const concerned = counter.buckets.filter(({ limit }) => limit.pathPrefix === undefined || path.startsWith(limit.pathPrefix));
    counter.total += 1;
    const route = `${method} ${path}`;
    counter.paths.set(route, (counter.paths.get(route) ?? 0) + 1);
    for (const bucket of concerned) {
      bucket.total += 1;
      bucket.arrived.add(at);
      bucket.mostInWindow = Math.max(bucket.mostInWindow, bucket.arrived.count(at, bucket.limit.windowMs));
    }
    const isFree = concerned.every((bucket) => bucket.admitted.count(at, bucket.limit.windowMs) < bucket.limit.limit);
    if (isFree) for (const bucket of concerned) bucket.admitted.add(at);
    else counter.refused += 1;
    return isFree;
  }

  /** Everything counted since the server started, by account (or by address for requests without one). */
  counts(): Readonly<Record<string, RequestCount>> {
    return Object.fromEntries(
      [...this.#counters].map(([who, { total, refused, buckets, paths }]) => [
        who,
        {
          total,
          rejected429: refused,
          buckets: buckets.map(({ limit, total, mostInWindow }) => ({
            name: limit.name,
            limit: limit.limit,
            windowMs: limit.windowMs,
            total,
            mostInWindow,
          })),
          paths: Object.fromEntries([...paths].sort()),
        },
      ]),
    );
  }

  #counterOf(who: string): Counter {
    let counter = this.#counters.get(who);
    if (counter === undefined) {
      const buckets = this.#limits.map((limit) => ({ limit, admitted: new Window(), arrived: new Window(), total: 0, mostInWindow: 0 }));
      counter = { buckets, paths: new Map(), total: 0, refused: 0 };
      this.#counters.set(who, counter);
    }
    return counter;
  }
}
