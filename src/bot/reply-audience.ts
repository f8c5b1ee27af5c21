// Whom a reply concerns: the whole chat, only the person who pressed or typed, or nobody.

import type { Reply } from "../core/command.ts";

/** Codes of `dispatch` for a press that did nothing: the question stays as it is for the person it waits for. */
const IDLE_PRESSES: ReadonlySet<string> = new Set(["notYours", "refused", "role", "rateLimited", "used", "expired", "unknown"]);

function errorCode(reply: Reply): string | null {
  const { data } = reply;
  if (typeof data !== "object" || data === null || !("error" in data)) return null;
  const { error } = data;
  return typeof error === "object" && error !== null && "code" in error && typeof error.code === "string" ? error.code : "";
}

/** True when a line was answered with a fault of its own (a typo, a missing right) that the others in a group need not read. */
export function concernsOnlyTheCaller(reply: Reply): boolean {
  return errorCode(reply) !== null;
}

/** True when a pressed button changed nothing, so its message must stay. */
export function isIdlePress(reply: Reply): boolean {
  return IDLE_PRESSES.has(errorCode(reply) ?? "-");
}
