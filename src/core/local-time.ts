// Times as a zone's calendar shows them: the day that a time falls on, and when a day begins, whatever summer time does.

const QUARTER_MS = 900_000;
const DAY_MS = 86_400_000;
/** No zone is further from UTC than this. */
const FURTHEST_MS = 15 * 3_600_000;

export interface LocalTime {
  readonly timezone: string;
  /** `2026-11-20` of an epoch ms. */
  day(at: number): string;
  /** `2026-11-20T21:03:04.005+08:00` of an epoch ms. */
  text(at: number): string;
  /** Epoch ms at which a day such as `2026-11-20` begins; not always at midnight, which summer time may skip. */
  startOf(day: string): number;
}

/** The calendar of a zone such as Asia/Taipei. Throws a RangeError for a zone that does not exist. */
export function createLocalTime(timezone: string): LocalTime {
  const format = new Intl.DateTimeFormat("en", {
    ...{ timeZone: timezone, hourCycle: "h23" },
    ...{ year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit", second: "2-digit" },
  });
  // Zones change their offset at whole quarters only, and times come in order: one quarter is asked for many times in a row.
  let known = { quarter: Number.NaN, offsetMs: 0 };
  const offsetOf = (at: number): number => {
    const quarter = Math.floor(at / QUARTER_MS);
    if (quarter !== known.quarter) known = { quarter, offsetMs: offsetAt(format, quarter * QUARTER_MS) };
    return known.offsetMs;
  };
  const local = (at: number): string => new Date(at + offsetOf(at)).toISOString();
  const day = (at: number): string => local(at).slice(0, 10);
  return {
    timezone,
    day,
    text: (at) => `${local(at).slice(0, -1)}${offsetText(offsetOf(at))}`,
    startOf: (wanted) => {
      const utc = Date.parse(`${wanted}T00:00:00Z`);
      for (let at = utc - FURTHEST_MS; at < utc + FURTHEST_MS; at += QUARTER_MS) if (day(at) >= wanted) return at;
      return utc + FURTHEST_MS;
    },
  };
}

/** The day that many days after a day, before it when negative. */
export function dayAfter(day: string, days: number): string {
  return new Date(Date.parse(`${day}T00:00:00Z`) + days * DAY_MS).toISOString().slice(0, 10);
}

/** True for a day of the calendar such as 2026-11-20, false for 2026-02-30. */
export function isDay(text: string): boolean {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text)) return false;
  const at = Date.parse(`${text}T00:00:00Z`);
  return !Number.isNaN(at) && new Date(at).toISOString().startsWith(text);
}

function offsetAt(format: Intl.DateTimeFormat, at: number): number {
  const part = Object.fromEntries(format.formatToParts(at).map(({ type, value }) => [type, Number(value)]));
  const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = part;
  return Date.UTC(year, month - 1, day, hour, minute, second) - at;
}

function offsetText(offsetMs: number): string {
  const minutes = Math.abs(Math.round(offsetMs / 60_000));
  const two = (value: number): string => String(value).padStart(2, "0");
  return `${offsetMs < 0 ? "-" : "+"}${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`;
}
