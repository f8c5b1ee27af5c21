// Alerts as a reply, so that every frontend renders them as it renders everything else; and which of them share a message.

import { type Alert, type Severity, type StoredAlert, severityOf } from "../core/alert.ts";
import { alertBody, alertText, alertTitle } from "../core/chat/alert-text.ts";
import type { Block, Reply } from "../core/command.ts";
import { plain, type Text } from "../core/text.ts";

/** Lines of one digest; the rest is counted. */
export const DIGEST_LINES = 15;
const COUNTED_KINDS_MAX = 10;

const URGENCY: Readonly<Record<Severity, number>> = { critical: 0, warning: 1, info: 2 };

/** The first alerts that go out together: a critical one alone, else everything up to the next critical one. */
export function nextGroup(waiting: readonly StoredAlert[]): readonly StoredAlert[] {
  const critical = waiting.findIndex(({ alert }) => severityOf(alert) === "critical");
  if (critical === 0) return waiting.slice(0, 1);
  return critical === -1 ? waiting : waiting.slice(0, critical);
}

/** One alert in full, or several as a digest. Each line shows bot, mode and time (UTC). */
export function alertsReply(alerts: readonly Alert[]): Reply {
  const [first, ...others] = alerts;
  if (first === undefined) throw new RangeError("there is no alert to word");
  return others.length === 0 ? single(first) : digest(alerts);
}

function single(alert: Alert): Reply {
  const blocks: Block[] = [
    { type: "text", text: alertBody(alert) },
    { type: "text", text: plain(`${utc(alert.at, 0)} UTC`) },
  ];
  return { tone: toneOf([alert]), title: alertTitle(alert), blocks, data: alert };
}

function digest(alerts: readonly Alert[]): Reply {
  const listed = mostUrgent(alerts);
  const lines = listed.map((alert) => withTime(alert, alertText(alert)));
  const blocks: Block[] = [{ type: "text", text: joinLines(lines) }];
  const rest = alerts.filter((alert) => !listed.includes(alert));
  if (rest.length > 0) blocks.push({ type: "text", text: countOf(rest) });
  const title: Text = { en: `${alerts.length} alerts (times in UTC)`, "zh-TW": `${alerts.length} 則警示（時間為 UTC）` };
  return { tone: toneOf(alerts), title, blocks, data: alerts };
}

/** Warnings are never counted away by fills; the order stays that of time. */
function mostUrgent(alerts: readonly Alert[]): readonly Alert[] {
  const ranked = [...alerts].sort((one, other) => URGENCY[severityOf(one)] - URGENCY[severityOf(other)]);
  const chosen = new Set(ranked.slice(0, DIGEST_LINES));
  return alerts.filter((alert) => chosen.has(alert));
}

/** `and 25 more: eth_grid [sim]: filled × 20, …`. */
function countOf(alerts: readonly Alert[]): Text {
  const counts = new Map<string, { readonly title: Text; count: number }>();
  for (const alert of alerts) {
    const title = alertTitle(alert);
    const entry = counts.get(title.en) ?? { title, count: 0 };
    entry.count += 1;
    counts.set(title.en, entry);
  }
  const kinds = [...counts.values()].sort((one, other) => other.count - one.count).slice(0, COUNTED_KINDS_MAX);
  const more = counts.size > kinds.length ? ", …" : "";
  return {
    en: `and ${alerts.length} more: ${kinds.map(({ title, count }) => `${title.en} × ${count}`).join(", ")}${more}`,
    "zh-TW": `另有 ${alerts.length} 則：${kinds.map(({ title, count }) => `${title["zh-TW"]} × ${count}`).join("、")}${more}`,
  };
}

function withTime(alert: Alert, text: Text): Text {
  const time = utc(alert.at, 5);
  return { en: `${time} ${text.en}`, "zh-TW": `${time} ${text["zh-TW"]}` };
}

function joinLines(lines: readonly Text[]): Text {
  return { en: lines.map((line) => line.en).join("\n"), "zh-TW": lines.map((line) => line["zh-TW"]).join("\n") };
}

/** `2026-01-02 03:04:05`, without its first `from` characters. */
function utc(at: number, from: number): string {
  return new Date(at).toISOString().replace("T", " ").slice(from, 19);
}

function toneOf(alerts: readonly Alert[]): Reply["tone"] {
  return alerts.some((alert) => severityOf(alert) === "critical") ? "bad" : "neutral";
}
