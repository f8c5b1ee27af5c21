// How many requests Backpack admits.

import type { RequestLimit } from "../request-limits.ts";

/** Documented by Backpack's help centre: 2000 requests per minute and sub-account, 30 per minute on historical endpoints. */
export const BACKPACK_LIMITS: readonly RequestLimit[] = [
  { name: "requests", limit: 2_000, windowMs: 60_000 },
  { name: "history", limit: 30, windowMs: 60_000, pathPrefix: "/wapi/v1/history/" },
];
