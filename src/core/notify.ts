// Which alerts of a bot are told, and how loudly: a level per kind, with `*` for all others.

import { z } from "zod";
import type { AlertBody } from "./alert.ts";

export type AlertKind = AlertBody["type"];

/** Every kind of alert, with the everyday words that people type for it. */
const WORDS: Readonly<Record<AlertKind, readonly string[]>> = {
  filled: ["fill", "fills"],
  orderRejected: ["reject", "rejects", "rejected"],
  orderDenied: ["deny", "denied", "denials"],
  crashed: ["crash", "crashes"],
  restarted: ["restart", "restarts"],
  failed: ["failure", "failures"],
  halted: ["halt", "halts"],
  riskBreached: ["risk", "breach", "breaches"],
  feedStale: ["feed", "feeds", "stale"],
  rateLimited: ["ratelimit", "ratelimits", "limits"],
  mismatch: ["mismatches"],
  boundary: ["boundaries"],
  residual: ["residuals"],
  resource: ["resources"],
  note: ["notes"],
};

export const ALERT_KINDS = Object.keys(WORDS) as readonly AlertKind[];
/** Stands for every kind that has no level of its own. */
export const EVERY_KIND = "*";
/** These may be made silent, never be turned off: they say that money is at risk or that the bot trades no more. */
export const NEVER_OFF: readonly AlertKind[] = ["crashed", "failed", "halted", "riskBreached", "mismatch"];

export const NOTIFY_LEVELS = ["on", "silent", "off"] as const;
export type NotifyLevel = (typeof NOTIFY_LEVELS)[number];

const level = z.enum(NOTIFY_LEVELS);

/** A level, or one that holds until a time (epoch ms) and gives way to `after`; without it, to what `*` says. */
const entrySchema = z.union([level, z.strictObject({ level, until: z.number().int().positive(), after: level.optional() })]);

export type NotifyEntry = z.infer<typeof entrySchema>;

export const notifySchema = z.record(z.string(), entrySchema).superRefine((entries, context) => {
  for (const [kind, entry] of Object.entries(entries)) {
    if (kind !== EVERY_KIND && !(ALERT_KINDS as readonly string[]).includes(kind)) {
      const known = [EVERY_KIND, ...ALERT_KINDS];
      context.addIssue({
        ...{ code: "custom", path: [kind], message: `${kind} is no kind of alert; there is ${known.join(", ")}` },
        params: { "zh-TW": `${kind} 不是警示種類；可用的有 ${known.join("、")}` },
      });
    } else if ((NEVER_OFF as readonly string[]).includes(kind) && levelsOf(entry).includes("off")) {
      context.addIssue({
        ...{ code: "custom", path: [kind], message: `${kind} must not be off, because money may be at risk unseen; silent is allowed` },
        params: { "zh-TW": `${kind} 不可設為 off，否則資金風險可能無人察覺；可以設為 silent` },
      });
    }
  }
});

export type Notify = z.infer<typeof notifySchema>;

function levelsOf(entry: NotifyEntry): readonly NotifyLevel[] {
  return typeof entry === "string" ? [entry] : [entry.level, entry.after ?? "on"];
}

/** How loudly an alert of a kind is told at `now` (epoch ms). `*: off` makes the kinds that are never off silent. */
export function notifyLevel(notify: Notify, kind: AlertKind, now: number): NotifyLevel {
  const chosen = levelNow(notify[kind], now) ?? levelNow(notify[EVERY_KIND], now) ?? "on";
  return chosen === "off" && NEVER_OFF.includes(kind) ? "silent" : chosen;
}

/** What an entry says at `now`; null when it says nothing. */
export function levelNow(entry: NotifyEntry | undefined, now: number): NotifyLevel | null {
  if (entry === undefined || typeof entry === "string") return entry ?? null;
  return now < entry.until ? entry.level : (entry.after ?? null);
}

/** The kind that a typed word means: its name in any case, an everyday word, `*` or `all`; null for none. */
export function alertKindNamed(word: string): AlertKind | typeof EVERY_KIND | null {
  const typed = word.trim().toLowerCase();
  if (typed === EVERY_KIND || typed === "all") return EVERY_KIND;
  return ALERT_KINDS.find((kind) => kind.toLowerCase() === typed || WORDS[kind].includes(typed)) ?? null;
}
