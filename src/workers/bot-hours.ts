// What is wanted of a bot now: a person's stop, pause, panic or halt always comes before the bot's hours.

import type { Desired } from "../core/events.ts";
import { isWithin } from "../core/schedule.ts";
import { outsideText } from "../core/schedule-words.ts";
import type { Text } from "../core/text.ts";
import type { BotRecord } from "../storage/bots.ts";
import type { Directive } from "./protocol.ts";

interface WantedNow {
  readonly desired: Desired;
  /** Why it does not run although a person wants it to. */
  readonly outside: Text | null;
}

/** What a directive says of a bot at `now` (epoch ms); `zone` is for schedules that name none. */
export function wishesOf(record: BotRecord, now: number, zone: string): Omit<Directive, "sequence" | "flatten"> {
  const { desired, outside } = wantedNow(record, now, zone);
  const { drawdownSince } = record.config.risk;
  return {
    ...{ desired, halt: haltReason(record) },
    ...(drawdownSince === undefined ? {} : { drawdownSince }),
    ...(outside === null ? {} : { outside }),
  };
}

export function haltReason(record: BotRecord): Text | null {
  return record.halt === null ? null : (JSON.parse(record.halt.reason) as Text);
}

function wantedNow({ desired, halt, config }: BotRecord, now: number, zone: string): WantedNow {
  const { schedule } = config;
  if (schedule === undefined || desired !== "running" || halt !== null || isWithin(schedule, now, zone)) return { desired, outside: null };
  return { desired: schedule.outside === "stop" ? "draining" : "paused", outside: outsideText(schedule, now, zone) };
}
