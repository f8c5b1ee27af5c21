// Durations as people write them: 90s, 45m, 8h, 7d.

const UNIT_MS: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const LONGEST_MS = 366 * 86_400_000;
const DURATION = /^([1-9]\d{0,8})([smhd])$/;

/** Milliseconds of a duration such as `8h`; null for anything else, for zero and for more than 366 days. */
export function durationMs(text: string): number | null {
  const match = DURATION.exec(text);
  const unitMs = UNIT_MS[match?.[2] ?? ""];
  if (match === null || unitMs === undefined) return null;
  const ms = Number(match[1]) * unitMs;
  return ms <= LONGEST_MS ? ms : null;
}

/** True for a text that `durationMs` reads. */
export function isDuration(text: string): boolean {
  return durationMs(text) !== null;
}
