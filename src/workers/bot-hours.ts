// What a bot's schedule makes of the wish that it runs; a person's stop, pause, panic or halt always comes first.

import type { Desired } from "../core/events.ts";
import { isWithin } from "../core/schedule.ts";
import { outsideText } from "../core/schedule-words.ts";
import type { Text } from "../core/text.ts";
import type { BotRecord } from "../storage/bots.ts";

export interface WantedNow {
  readonly desired: Desired;
  /** Why it does not run although a person wants it to. */
  readonly outside: Text | null;
}

/** What is wanted of a bot at `now` (epoch ms); `zone` is for schedules that name none. */
export function wantedNow({ desired, halt, config }: BotRecord, now: number, zone: string): WantedNow {
  const { schedule } = config;
  if (schedule === undefined || desired !== "running" || halt !== null || isWithin(schedule, now, zone)) return { desired, outside: null };
  return { desired: schedule.outside === "stop" ? "draining" : "paused", outside: outsideText(schedule, now, zone) };
}
