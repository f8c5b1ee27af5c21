// One thing that a diagnosis looked at: how it is, and what to do about it.

import { plain, type Text, UserError } from "../../core/text.ts";
import { messageOf } from "../outcome.ts";

export interface Finding {
  /** One word for programs, such as `clock`. */
  readonly check: string;
  readonly level: "ok" | "warn" | "bad" | "skipped";
  readonly what: Text;
  /** What to do; null where nothing is wrong. */
  readonly remedy: Text | null;
}

export function finding(check: string, level: Finding["level"], what: Text, remedy: Text | null = null): Finding {
  return { check, level, what, remedy };
}

/** What an error says, in the user's language where it has one. */
export function wordsOf(error: unknown): Text {
  return error instanceof UserError ? error.text : plain(messageOf(error));
}

/** The outcome of `work`, or a rejection after `ms`: nothing that is asked may hang a diagnosis. */
export async function within<T>(ms: number, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${ms} ms`)), ms);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
