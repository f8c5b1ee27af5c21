// The exchange's own count of requests: exact windows with weights, refusals, bans, and the most that any window ever saw.

/** A request as its cost is judged by. */
export interface CountedRequest {
  readonly method: string;
  readonly path: string;
  readonly query: Readonly<Record<string, unknown>>;
  readonly body: unknown;
}

export interface RequestLimit {
  readonly name: string;
  /** Sum of costs that a window admits. */
  readonly limit: number;
  readonly windowMs: number;
  /** Only paths that start with this count; every path when absent. */
  readonly pathPrefix?: string;
  /** Whose requests are counted together: an account's (the default; its address while no account is named) or an address's. */
  readonly per?: "account" | "address";
  /** `sliding` (the default) counts the last `windowMs`; `fixed` counts since the last whole `windowMs`, as Binance does. */
  readonly window?: "sliding" | "fixed";
  /** What happens to a request too many: 429 (the default), or the 403 of a firewall. */
  readonly refusal?: "rateLimited" | "blocked";
  /** What a request costs; 1 when absent, 0 is free. */
  costOf?(request: CountedRequest): number;
}

/** Who goes on after refusals is locked out, each time longer. */
export interface BanRule {
  /** Refused requests of one address within `withinMs` that lead to a ban. */
  readonly after: number;
  readonly withinMs: number;
  /** Of the first, the second and so on; the last one stands for all further ones. */
  readonly durationsMs: readonly number[];
}

/** How full a bucket is. */
export interface BucketUse {
  readonly name: string;
  readonly limit: number;
  readonly windowMs: number;
  readonly per: "account" | "address";
  readonly used: number;
  /** Until a request of the same cost would be admitted. */
  readonly retryAfterMs: number;
}

export type Admission =
  | { readonly kind: "admitted"; readonly used: readonly BucketUse[] }
  /** `bucket` is the one that refused; of a ban its name is `ban`. */
  | { readonly kind: "rateLimited" | "blocked" | "banned"; readonly bucket: BucketUse; readonly used: readonly BucketUse[] };

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
  /** Answered with 429 or 403. */
  readonly rejected429: number;
  /** Answered with 418. */
  readonly banned: number;
  readonly buckets: readonly BucketCount[];
  readonly paths: Readonly<Record<string, number>>;
}

/** Smaller than any step of the clock. */
const HAIR_MS = 1e-6;

/** Costs of the last window, oldest first. */
class Window {
  readonly #entries: { readonly at: number; readonly cost: number }[] = [];
  #head = 0;
  #sum = 0;

  /** What lies after `since`. */
  sum(since: number): number {
    for (;;) {
      const oldest = this.#entries[this.#head];
      if (oldest === undefined || oldest.at > since) break;
      this.#sum -= oldest.cost;
      this.#head += 1;
    }
    if (this.#head > 4_096 && this.#head * 2 > this.#entries.length) {
      this.#entries.splice(0, this.#head);
      this.#head = 0;
    }
    return this.#sum;
  }

  add(at: number, cost: number): void {
    this.#entries.push({ at, cost });
    this.#sum += cost;
  }

  /** When so much has left the window that `room` is free; asked after `sum`. */
  freeAt(room: number, limit: number, windowMs: number): number | null {
    let sum = this.#sum;
    for (let index = this.#head; index < this.#entries.length; index += 1) {
      const entry = this.#entries[index];
      if (entry === undefined) break;
      sum -= entry.cost;
      if (sum + room <= limit) return entry.at + windowMs;
    }
    return null;
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
  banned: number;
}

interface Offender {
  refusals: number[];
  bans: number;
  bannedUntil: number;
}

/** Whom a request is counted for. */
export interface Requester {
  /** Null while the request names none. */
  readonly account: string | null;
  readonly address: string;
}

export class RequestLimits {
  readonly #limits: readonly RequestLimit[];
  readonly #ban: BanRule | null;
  readonly #counters = new Map<string, Counter>();
  readonly #offenders = new Map<string, Offender>();

  constructor(limits: readonly RequestLimit[], ban: BanRule | null = null) {
    this.#limits = limits;
    this.#ban = ban;
  }

  /**
   * Counts a request and says whether its limits admit it. `at` is monotonic ms. Refused requests do not use up a limit, but
   * bring their address nearer to a ban.
   */
  admit(who: Requester, request: CountedRequest, at: number): Admission {
    const address = `address ${who.address}`;
    const counter = this.#counterOf(who.account ?? address, who.account === null ? null : "account");
    const shared = who.account === null ? [] : this.#counterOf(address, "address").buckets;
    counter.total += 1;
    const route = `${request.method} ${request.path}`;
    counter.paths.set(route, (counter.paths.get(route) ?? 0) + 1);
    const concerned = [...counter.buckets, ...shared].flatMap((bucket) => {
      const cost = costIn(bucket.limit, request);
      return cost === 0 ? [] : [{ bucket, cost }];
    });
    for (const { bucket, cost } of concerned) {
      bucket.total += cost;
      bucket.arrived.add(at, cost);
      bucket.mostInWindow = Math.max(bucket.mostInWindow, bucket.arrived.sum(at - bucket.limit.windowMs));
    }
    const banMs = this.#banLeft(who.address, at);
    if (banMs > 0) {
      counter.banned += 1;
      return { kind: "banned", bucket: banUse(banMs), used: [] };
    }
    const full = concerned.find(({ bucket, cost }) => bucket.admitted.sum(sinceOf(bucket.limit, at)) + cost > bucket.limit.limit);
    if (full === undefined) for (const { bucket, cost } of concerned) bucket.admitted.add(at, cost);
    const used = concerned.map(({ bucket, cost }) => useOf(bucket, cost, at));
    if (full === undefined) return { kind: "admitted", used };
    counter.refused += 1;
    this.#offend(who.address, at);
    return { kind: full.bucket.limit.refusal ?? "rateLimited", bucket: useOf(full.bucket, full.cost, at), used };
  }

  /** Everything counted since the server started, by account (or by address for requests without one). */
  counts(): Readonly<Record<string, RequestCount>> {
    return Object.fromEntries(
      [...this.#counters].map(([who, { total, refused, banned, buckets, paths }]) => [
        who,
        {
          total,
          rejected429: refused,
          banned,
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

  /** `only` null takes the buckets of accounts too: those of an address without an account. */
  #counterOf(who: string, only: "account" | "address" | null): Counter {
    let counter = this.#counters.get(who);
    const isNamed = only === "account";
    if (counter === undefined) {
      const limits = isNamed ? this.#limits.filter((limit) => limit.per !== "address") : this.#limits;
      const buckets = limits.map((limit) => ({ limit, admitted: new Window(), arrived: new Window(), total: 0, mostInWindow: 0 }));
      counter = { buckets, paths: new Map(), total: 0, refused: 0, banned: 0 };
      this.#counters.set(who, counter);
    }
    if (only !== "address") return counter;
    return { ...counter, buckets: counter.buckets.filter(({ limit }) => limit.per === "address") };
  }

  #banLeft(address: string, at: number): number {
    return Math.max(0, (this.#offenders.get(address)?.bannedUntil ?? 0) - at);
  }

  #offend(address: string, at: number): void {
    if (this.#ban === null) return;
    const { after, withinMs, durationsMs } = this.#ban;
    const offender = this.#offenders.get(address) ?? { refusals: [], bans: 0, bannedUntil: 0 };
    this.#offenders.set(address, offender);
    offender.refusals = [...offender.refusals.filter((time) => time > at - withinMs), at];
    if (offender.refusals.length < after) return;
    offender.bannedUntil = at + (durationsMs[Math.min(offender.bans, durationsMs.length - 1)] ?? 0);
    offender.bans += 1;
    offender.refusals = [];
  }
}

function costIn(limit: RequestLimit, request: CountedRequest): number {
  if (limit.pathPrefix !== undefined && !request.path.startsWith(limit.pathPrefix)) return 0;
  return limit.costOf?.(request) ?? 1;
}

/** The time after which costs count. */
function sinceOf({ window, windowMs }: RequestLimit, at: number): number {
  // A fixed window holds its first instant, a sliding one does not.
  return window === "fixed" ? Math.floor(at / windowMs) * windowMs - HAIR_MS : at - windowMs;
}

function useOf({ limit, admitted }: Bucket, cost: number, at: number): BucketUse {
  const used = admitted.sum(sinceOf(limit, at));
  const isFull = used + cost > limit.limit;
  const freeAt =
    limit.window === "fixed" ? (Math.floor(at / limit.windowMs) + 1) * limit.windowMs : admitted.freeAt(cost, limit.limit, limit.windowMs);
  const retryAfterMs = isFull ? Math.max(1, (freeAt ?? at + limit.windowMs) - at) : 0;
  return { name: limit.name, limit: limit.limit, windowMs: limit.windowMs, per: limit.per ?? "account", used, retryAfterMs };
}

function banUse(leftMs: number): BucketUse {
  return { name: "ban", limit: 0, windowMs: leftMs, per: "address", used: 0, retryAfterMs: leftMs };
}
