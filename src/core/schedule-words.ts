// A schedule as people type and read it: `mon-fri 09:00-17:00; sat 10:00-12:00`, and what is said of a bot outside its hours.

import { nextChange, type Schedule, type ScheduleWindow, WEEKDAYS, type Weekday } from "./schedule.ts";
import type { Text } from "./text.ts";

const WINDOW = /^(?:([a-z,\s-]+)\s+)?(\d{1,2}:\d{2})\s*-\s*(\d{1,2}:\d{2})$/;
const DAY_MS = 86_400_000;

/** The windows of a typed line, parts separated by `;`; null when it cannot be read. Times are checked by the schema. */
export function readWindows(text: string): readonly ScheduleWindow[] | null {
  const windows: ScheduleWindow[] = [];
  for (const part of text.toLowerCase().split(";")) {
    const [, days, from = "", to = ""] = WINDOW.exec(part.trim()) ?? [];
    const named = days === undefined ? [] : readDays(days);
    if (from === "" || named === null) return null;
    windows.push({ ...(named.length === 0 ? {} : { days: [...named] }), from: padded(from), to: padded(to) });
  }
  return windows;
}

/** `mon-fri`, `sat,sun`, `fri-mon`. */
function readDays(text: string): readonly Weekday[] | null {
  const days = new Set<Weekday>();
  for (const part of text.split(/[,\s]+/).filter((word) => word !== "")) {
    const [first = "", last = first] = part.split("-");
    const [from, to] = [first, last].map((word) => (WEEKDAYS as readonly string[]).indexOf(word));
    if (from === undefined || to === undefined || from < 0 || to < 0) return null;
    for (let day = from; ; day = (day + 1) % 7) {
      const name = WEEKDAYS[day];
      if (name !== undefined) days.add(name);
      if (day === to) break;
    }
  }
  return WEEKDAYS.filter((day) => days.has(day));
}

function padded(time: string): string {
  return time.padStart(5, "0");
}

/** `mon,tue 09:00-17:00; 22:00-02:00`. */
export function shownWindows(windows: readonly ScheduleWindow[]): string {
  return windows.map(({ days, from, to }) => `${days === undefined ? "" : `${days.join(",")} `}${from}-${to}`).join("; ");
}

/** What is said of a bot that its schedule keeps from running: until when, in the schedule's zone. */
export function outsideText(schedule: Schedule, now: number, zone: string): Text {
  const name = schedule.timezone ?? zone;
  const until = nextChange(schedule, now, zone);
  if (until === null) return { en: "outside its hours, which never come", "zh-TW": "不在執行時段內，且沒有任何可執行的時段" };
  const isFar = until - now >= DAY_MS;
  const day = new Intl.DateTimeFormat("en-US", { weekday: "short", timeZone: name }).format(until);
  const weekday = new Intl.DateTimeFormat("zh-TW", { weekday: "short", timeZone: name }).format(until);
  const time = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", hourCycle: "h23", timeZone: name }).format(until);
  return {
    en: `outside its hours until ${isFar ? `${day} ` : ""}${time} (${name})`,
    "zh-TW": `不在執行時段內，直到 ${isFar ? `${weekday} ` : ""}${time}（${name}）`,
  };
}
