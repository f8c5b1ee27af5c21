// The risk day: the calendar day in the operator's zone, at whose midnight daily limits begin anew.

/** The day of a time (epoch ms) in a zone such as Asia/Taipei: `2026-11-20`. */
export function riskDayOf(at: number, timezone: string): string {
  const format = new Intl.DateTimeFormat("en", { timeZone: timezone, year: "numeric", month: "2-digit", day: "2-digit" });
  const part = Object.fromEntries(format.formatToParts(at).map(({ type, value }) => [type, value]));
  return `${part.year}-${part.month}-${part.day}`;
}
