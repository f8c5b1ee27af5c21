// The command line's language, chosen once, and printing in it.

import { type Text, UserError } from "../core/text.ts";
import { languageIn } from "./settings.ts";

/** This process's language: BOTSWAIN_LANGUAGE, else the locale. */
export const language = languageIn(process.env);

/** A text in this process's language. */
export function inWords(text: Text): string {
  return text[language];
}

/** Prints a line for people on stdout. */
export function print(text: Text | string): void {
  process.stdout.write(`${typeof text === "string" ? text : inWords(text)}\n`);
}

/** Prints a line for people on stderr. */
export function complain(text: Text | string): void {
  process.stderr.write(`${typeof text === "string" ? text : inWords(text)}\n`);
}

/** An error as a person should read it: a UserError's sentence, anything else with its stack. */
export function wordsOf(error: unknown): string {
  if (error instanceof UserError) return inWords(error.text);
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
