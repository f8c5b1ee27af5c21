// The risk day: the calendar day in the operator's zone, at whose midnight daily limits begin anew.

import { createLocalTime } from "../core/local-time.ts";

/** The day of a time (epoch ms) in a zone such as Asia/Taipei: `2026-11-20`. */
export function riskDayOf(at: number, timezone: string): string {
  return createLocalTime(timezone).day(at);
}
