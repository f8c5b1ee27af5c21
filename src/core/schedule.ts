// The hours in which a bot may run: weekly windows in a time zone, told apart by the wall clock, so that clock changes do no harm.

import { z } from "zod";

export const WEEKDAYS = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"] as const;
export type Weekday = (typeof WEEKDAYS)[number];

const MINUTE_MS = 60_000;
const DAY_MINUTES = 1_440;
/** A week and a day: whatever repeats weekly has changed by then, or never does. */
const HORIZON_MS = 8 * DAY_MINUTES * MINUTE_MS;

const TIME = /^(?:[01]\d|2[0-3]):[0-5]\d$/;

const time = z.string().refine((value) => TIME.test(value), {
  message: "must be a time from 00:00 to 23:59, such as 09:30",
  params: { "zh-TW": "必須是 00:00 到 23:59 的時間，例如 09:30" },
});

const windowSchema = z.strictObject({
  days: z.array(z.enum(WEEKDAYS)).min(1).optional().describe("weekdays on which the window begins; every day when absent"),
  from: time.describe("when it begins, wall time"),
  to: time.describe("when it ends, wall time; not after `from`: on the next day"),
});

export const scheduleSchema = z.strictObject({
  windows: z.array(windowSchema).min(1).max(50).describe("when the bot may run"),
  timezone: z
    .string()
    .refine(isTimezone, {
      message: "must be a time zone such as Asia/Taipei or UTC",
      params: { "zh-TW": "必須是時區名稱，例如 Asia/Taipei 或 UTC" },
    })
    .optional()
    .describe("zone of these times; BOTSWAIN_TIMEZONE when absent"),
  outside: z
    .enum(["pause", "stop"])
    .default("pause")
    .describe("pause: opening orders come off, closing ones stay; stop: no new openings, then everything comes off once it is flat"),
});

export type Schedule = z.infer<typeof scheduleSchema>;
export type ScheduleWindow = Schedule["windows"][number];

/** True for a name that the time zone database knows. */
export function isTimezone(name: string): boolean {
  try {
    formatOf(name);
    return true;
  } catch {
    return false;
  }
}

/** True when the bot may run at `now` (epoch ms); `zone` is used by a schedule that names none. */
export function isWithin(schedule: Schedule, now: number, zone: string): boolean {
  const { day, minute } = wallTime(now, schedule.timezone ?? zone);
  return schedule.windows.some((window) => covers(window, day, minute));
}

/**
 * The first whole minute after `now` (epoch ms) at which `isWithin` changes; null when it never does. A wall time that a clock
 * change skips does not come; one that comes twice counts twice, exactly as `isWithin` tells it.
 */
export function nextChange(schedule: Schedule, now: number, zone: string): number | null {
  const name = schedule.timezone ?? zone;
  const isNow = isWithin(schedule, now, name);
  const bounds = [...new Set(schedule.windows.flatMap(({ from, to }) => [minutesOf(from), minutesOf(to)]).concat(0))];
  for (let at = now; at < now + HORIZON_MS; ) {
    at = nextBound(at, bounds, name);
    if (isWithin(schedule, at, name) !== isNow) return at;
  }
  return null;
}

/** The next moment whose wall time is one of `bounds`, or at which the zone's clock is changed, whichever comes first. */
function nextBound(at: number, bounds: readonly number[], zone: string): number {
  const { minute, offset } = wallTime(at, zone);
  const waits = bounds.map((bound) => (bound - minute + DAY_MINUTES - 1) % DAY_MINUTES).map((wait) => wait + 1);
  const start = Math.floor(at / MINUTE_MS) * MINUTE_MS;
  const end = start + Math.min(...waits) * MINUTE_MS;
  if (wallTime(end, zone).offset === offset) return end;
  let [before, after] = [start, end];
  while (after - before > MINUTE_MS) {
    const middle = before + Math.floor((after - before) / MINUTE_MS / 2) * MINUTE_MS;
    if (wallTime(middle, zone).offset === offset) before = middle;
    else after = middle;
  }
  return after;
}

function covers({ days, from, to }: ScheduleWindow, day: number, minute: number): boolean {
  const begins = (weekday: number): boolean => days === undefined || days.includes(WEEKDAYS[weekday % 7] ?? "sun");
  const [start, end] = [minutesOf(from), minutesOf(to)];
  if (start < end) return begins(day) && minute >= start && minute < end;
  return (begins(day) && minute >= start) || (begins(day + 6) && minute < end);
}

function minutesOf(text: string): number {
  return Number(text.slice(0, 2)) * 60 + Number(text.slice(3, 5));
}

interface WallTime {
  /** 0 is Sunday. */
  readonly day: number;
  /** Since midnight by the clock on the wall. */
  readonly minute: number;
  /** Wall time minus UTC, ms. */
  readonly offset: number;
}

function wallTime(at: number, zone: string): WallTime {
  const parts: Record<string, number> = {};
  for (const { type, value } of formatOf(zone).formatToParts(at)) parts[type] = Number(value);
  const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = parts;
  const wall = Date.UTC(year, month - 1, day, hour, minute, second);
  return { day: new Date(wall).getUTCDay(), minute: hour * 60 + minute, offset: wall - Math.floor(at / 1_000) * 1_000 };
}

/** Making a format costs far more than using it. */
const formats = new Map<string, Intl.DateTimeFormat>();

function formatOf(zone: string): Intl.DateTimeFormat {
  const known = formats.get(zone);
  if (known !== undefined) return known;
  const numeric = { year: "numeric", month: "numeric", day: "numeric", hour: "numeric", minute: "numeric", second: "numeric" } as const;
  const format = new Intl.DateTimeFormat("en-US", { ...numeric, timeZone: zone, hourCycle: "h23", era: undefined });
  formats.set(zone, format);
  return format;
}
