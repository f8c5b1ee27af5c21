// The fields of a bot's configuration that `/adjust` may change beside the strategy's parameters, as people type them.

import { type BotConfig, type ConfigFields, riskSchema } from "../../core/bot-config.ts";
import { shownValue } from "../../core/fault-words.ts";
import { alertKindNamed } from "../../core/notify.ts";
import { paramFields, readParam } from "../../core/param-fields.ts";
import { WEEKDAYS } from "../../core/schedule.ts";
import { readWindows, shownWindows } from "../../core/schedule-words.ts";
import { type Text, UserError } from "../../core/text.ts";

/** What a person types to go back to a field's default. */
export const DEFAULT = "default";

/** One field that a typed name means: how it is shown, and the configuration with another value in it. */
export interface ConfigField {
  readonly name: string;
  readonly value: (config: BotConfig) => unknown;
  /** How the value is shown when it is not as it stands. */
  readonly shown?: (config: BotConfig) => string;
  /** Throws a UserError for a word that cannot be read; the whole is validated afterwards. */
  readonly write: (config: Draft, word: string) => void;
}

/** A configuration that is being changed; not valid yet. */
export type Draft = Record<string, unknown>;

const RISK_FIELDS = paramFields(riskSchema).filter(({ name }) => name !== "drawdownSince");

/** Every name that may be typed, for suggestions; `notify.` and `risk.maxPosition.` go on with a kind and a leg. */
export const CONFIG_NAMES: readonly string[] = [
  ...RISK_FIELDS.map(({ name }) => `risk.${name}`),
  ...["runFor", "schedule", "schedule.timezone", "schedule.outside", "notify.filled", "notify.*"],
];

/** The field that a typed name means, whatever its case; null for none. */
export function configFieldNamed(typed: string): ConfigField | null {
  const [head = "", second = "", third] = typed.split(".");
  switch (head.toLowerCase()) {
    case "risk":
      return riskField(second, third);
    case "runfor":
      return second === "" ? plainField("runFor") : null;
    case "schedule":
      return scheduleField(second.toLowerCase());
    case "notify":
      return notifyField(second);
    default:
      return null;
  }
}

/** What of `after` differs from `before`, as a change carries it; null takes a field away. */
export function changedFields(before: BotConfig, after: BotConfig): ConfigFields {
  const isChanged = (name: "risk" | "notify" | "runFor" | "schedule"): boolean =>
    JSON.stringify(before[name]) !== JSON.stringify(after[name]);
  return {
    ...(isChanged("risk") ? { risk: after.risk } : {}),
    ...(isChanged("notify") ? { notify: after.notify } : {}),
    ...(isChanged("runFor") ? { runFor: after.runFor ?? null } : {}),
    ...(isChanged("schedule") ? { schedule: after.schedule ?? null } : {}),
  };
}

function blockOf(draft: Draft, name: string): Draft {
  const block = { ...(draft[name] as Draft | undefined) };
  draft[name] = block;
  return block;
}

function put(block: Draft, name: string, value: unknown): void {
  if (value === DEFAULT) delete block[name];
  else block[name] = value;
}

function plainField(name: "runFor"): ConfigField {
  return { name, value: (config) => config[name], write: (draft, word) => put(draft, name, word) };
}

function riskField(typed: string, leg: string | undefined): ConfigField | null {
  const field = RISK_FIELDS.find(({ name }) => name.toLowerCase() === typed.toLowerCase());
  if (field === undefined || (leg !== undefined && field.name !== "maxPosition")) return null;
  const name = field.name as keyof BotConfig["risk"];
  if (leg === undefined)
    return {
      name: `risk.${name}`,
      value: ({ risk }) => risk[name],
      write: (draft, word) => put(blockOf(draft, "risk"), name, word === DEFAULT ? DEFAULT : readParam(riskSchema, name, word)),
    };
  return {
    name: `risk.maxPosition.${leg}`,
    value: ({ risk }) => (typeof risk.maxPosition === "string" ? risk.maxPosition : risk.maxPosition[leg]),
    write: (draft, word) => {
      const risk = blockOf(draft, "risk");
      const perLeg = typeof risk.maxPosition === "object" ? { ...(risk.maxPosition as Draft) } : {};
      put(perLeg, leg, word);
      risk.maxPosition = perLeg;
    },
  };
}

function scheduleField(part: string): ConfigField | null {
  if (part === "" || part === "windows")
    return {
      name: "schedule",
      value: ({ schedule }) => schedule?.windows,
      shown: ({ schedule }) => (schedule === undefined ? "-" : shownWindows(schedule.windows)),
      write: (draft, word) => {
        if (word === DEFAULT || word === "always") return void delete draft.schedule;
        const windows = readWindows(word);
        if (windows === null) throw new UserError(notHours(word));
        blockOf(draft, "schedule").windows = windows;
      },
    };
  if (part !== "timezone" && part !== "outside") return null;
  return {
    name: `schedule.${part}`,
    value: ({ schedule }) => schedule?.[part],
    write: (draft, word) => put(blockOf(draft, "schedule"), part, word),
  };
}

function notHours(word: string): Text {
  const days = WEEKDAYS.join(", ");
  return {
    en: `schedule ${shownValue(word)} must be hours such as mon-fri 09:00-17:00; sat 10:00-12:00 (days: ${days})`,
    "zh-TW": `schedule ${shownValue(word)} 必須是執行時段，例如 mon-fri 09:00-17:00; sat 10:00-12:00（星期：${days}）`,
  };
}

function notifyField(typed: string): ConfigField | null {
  const kind = alertKindNamed(typed);
  if (kind === null) return null;
  return {
    name: `notify.${kind}`,
    value: ({ notify }) => notify[kind],
    shown: ({ notify }) => shownNotify(notify[kind]),
    write: (draft, word) => put(blockOf(draft, "notify"), kind, word.toLowerCase()),
  };
}

/** `silent`, or `silent until 2026-11-20 15:00:00 UTC`. */
export function shownNotify(entry: BotConfig["notify"][string] | undefined): string {
  if (entry === undefined) return "on";
  if (typeof entry === "string") return entry;
  return `${entry.level} until ${new Date(entry.until).toISOString().slice(0, 19).replace("T", " ")} UTC`;
}
