// How a verb that programs may call ends: its answer as one line of JSON or as words, and a fault likewise.

import type { Command } from "commander";
import { UserError } from "../../core/text.ts";
import { EXIT } from "../exit-code.ts";
import { complain, inWords, print } from "../language.ts";

/** Adds `--json`. */
export function withJson(verb: Command): Command {
  return verb.option("--json", inWords({ en: "for programs", "zh-TW": "供程式使用" }));
}

/**
 * Runs a verb's work and sets the exit code by its `ok`. With `json` the answer is printed as it is, and a UserError as
 * `{"ok":false,"error":…}`; otherwise `tell` prints the answer for people.
 */
export async function answer<T extends { readonly ok: boolean }>(
  json: boolean | undefined,
  work: () => Promise<T>,
  tell: (result: T) => void,
): Promise<void> {
  try {
    const result = await work();
    if (json) print(JSON.stringify(result));
    else tell(result);
    process.exitCode = result.ok ? EXIT.success : EXIT.failure;
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    if (json) print(JSON.stringify({ ok: false, error: inWords(error.text) }));
    else complain(error.text);
    process.exitCode = EXIT.failure;
  }
}
