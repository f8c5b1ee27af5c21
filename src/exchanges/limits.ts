// Documented request limits per exchange, as data that configuration may override.

import { z } from "zod";
import { UserError } from "../core/text.ts";

/** At most `limit` units of cost in any `windowMs`. Names are those of `PermitRequest.buckets`. */
export interface BucketLimit {
  readonly name: string;
  readonly limit: number;
  readonly windowMs: number;
  /** Whom the exchange counts: the account (default), or everybody behind one address. */
  readonly scope?: "account" | "address";
  /** Share that only panic and cancel may use (0..0.9); default 0.2. */
  readonly reserve?: number;
  /** Share never used in normal times: late arrivals, and cancels while the bucket's state is lost (0..0.5); default 0.05. */
  readonly headroom?: number;
}

export const DEFAULT_RESERVE = 0.2;
export const DEFAULT_HEADROOM = 0.05;

/** For an exchange that nobody has described yet: one request per second and nothing in a rush. */
const UNDESCRIBED: readonly BucketLimit[] = [{ name: "requests", limit: 60, windowMs: 60_000 }];

const MINUTE = 60_000;

/**
 * apidocs.lighter.xyz, rate limits: a standard account has 60 requests a minute, and so has an address; reads of trades weigh 600
 * of the 24,000 that nobody exceeds, so there are 40 of them. No cancel is among those.
 */
const LIGHTER: readonly BucketLimit[] = [
  { name: "requests", limit: 60, windowMs: MINUTE, scope: "address" },
  { name: "account", limit: 60, windowMs: MINUTE },
  { name: "trades", limit: 40, windowMs: MINUTE, scope: "address", reserve: 0 },
];

const DOCUMENTED: Readonly<Record<string, readonly BucketLimit[]>> = {
  backpack: [
    // support.backpack.exchange, FAQ: 2000 requests a minute per sub-account.
    { name: "requests", limit: 2000, windowMs: MINUTE },
    // The same page: historical endpoints 30 a minute. No cancel goes there, so nothing is kept back.
    { name: "history", limit: 30, windowMs: MINUTE, reserve: 0, headroom: 0 },
  ],
  // asterdex api-docs: 2400 weight a minute per address, 1200 orders a minute per account.
  aster: [
    { name: "weight", limit: 2400, windowMs: MINUTE, scope: "address" },
    { name: "orders", limit: 1200, windowMs: MINUTE },
  ],
  // binance.com, rate limits of USD-M futures: 2400 weight a minute per address; 300 orders in 10 s and 1200 a minute per account.
  binance: [
    { name: "weight", limit: 2400, windowMs: MINUTE, scope: "address" },
    { name: "orders", limit: 1200, windowMs: MINUTE },
    { name: "ordersBurst", limit: 300, windowMs: 10_000 },
  ],
  // Bybit v5, rate limit rules: 600 requests in 5 s per address; 10 a second per account for each of create, amend and cancel.
  bybit: [
    { name: "requests", limit: 600, windowMs: 5_000, scope: "address" },
    { name: "create", limit: 10, windowMs: 1_000 },
    { name: "cancel", limit: 10, windowMs: 1_000 },
    { name: "read", limit: 20, windowMs: 1_000 },
  ],
  // hyperliquid gitbook, rate limits: 1200 weight a minute per address of the network. The budget per volume is not a window.
  // What the exchange refuses for that budget rests in `actions`, so that cancels, which have more of it, go on.
  hyperliquid: [
    { name: "weight", limit: 1200, windowMs: MINUTE, scope: "address" },
    { name: "actions", limit: 1200, windowMs: MINUTE },
  ],
  lighter: LIGHTER,
  lighterrobinhood: LIGHTER,
  // docs.paradex.trade: public 200 a second and 1500 a minute per address, sign-in 50 and 600, private reads 40 and 600 per account,
  // orders 800 and 17,250 per account. Only orders have cancels among them: nothing is kept back of the others.
  paradex: [
    { name: "publicBurst", limit: 200, windowMs: 1_000, scope: "address", reserve: 0 },
    { name: "public", limit: 1500, windowMs: MINUTE, scope: "address", reserve: 0 },
    { name: "signInBurst", limit: 50, windowMs: 1_000, scope: "address", reserve: 0 },
    { name: "signIn", limit: 600, windowMs: MINUTE, scope: "address", reserve: 0 },
    { name: "readsBurst", limit: 40, windowMs: 1_000, reserve: 0 },
    { name: "reads", limit: 600, windowMs: MINUTE, reserve: 0 },
    { name: "ordersBurst", limit: 800, windowMs: 1_000 },
    { name: "orders", limit: 17_250, windowMs: MINUTE },
  ],
  // Not researched: what ccxt assumes (one request in 110 ms), and 60 orders in 2 s, the exchange's long-standing figure.
  okx: [
    { name: "requests", limit: 18, windowMs: 2_000 },
    { name: "orders", limit: 60, windowMs: 2_000 },
  ],
  // Not documented where we could read it; cautious.
  apex: [{ name: "requests", limit: 120, windowMs: MINUTE }],
  standx: [{ name: "requests", limit: 120, windowMs: MINUTE }],
};

const bucketLimit = z.strictObject({
  name: z.string().regex(/^[a-z][a-zA-Z0-9]{0,31}$/, "must be a word such as requests"),
  limit: z.number().int().min(1).max(10_000_000),
  windowMs: z.number().int().min(100).max(86_400_000),
  scope: z.enum(["account", "address"]).optional(),
  reserve: z.number().min(0).max(0.9).optional(),
  headroom: z.number().min(0).max(0.5).optional(),
});
const overridesSchema = z.record(z.string().min(1), z.array(bucketLimit).min(1));

export type LimitOverrides = Readonly<Record<string, readonly BucketLimit[]>>;

/** The limits that the exchange documents, per account; cautious ones for an exchange we know nothing about. */
export function limitsOf(exchange: string): readonly BucketLimit[] {
  return DOCUMENTED[exchange] ?? UNDESCRIBED;
}

/** Documented limits with those of the same name replaced and new names added. */
export function mergeLimits(exchange: string, overrides: LimitOverrides): readonly BucketLimit[] {
  const byName = new Map(limitsOf(exchange).map((limit) => [limit.name, limit]));
  for (const limit of overrides[exchange] ?? []) byName.set(limit.name, limit);
  return [...byName.values()];
}

/** Reads the text of BOTSWAIN_LIMITS, e.g. `{"backpack":[{"name":"requests","limit":1000,"windowMs":60000}]}`. Throws a UserError. */
export function parseLimitOverrides(text: string): LimitOverrides {
  const result = overridesSchema.safeParse(readJson(text));
  if (result.success) return result.data as LimitOverrides;
  const issue = result.error.issues[0];
  const where = issue === undefined || issue.path.length === 0 ? "value" : issue.path.join(".");
  throw fault(`${where}: ${issue?.message ?? "wrong shape"}`);
}

function readJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw fault("it is not JSON");
  }
}

function fault(what: string): UserError {
  const right = '{"backpack":[{"name":"requests","limit":2000,"windowMs":60000}]}';
  return new UserError({
    en: `BOTSWAIN_LIMITS cannot be used: ${what}. It should look like ${right}`,
    "zh-TW": `無法使用 BOTSWAIN_LIMITS：${what}。正確的寫法例如 ${right}`,
  });
}
