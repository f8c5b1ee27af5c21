// How the verbs that read a file of bots say what is wrong with it, to people and to programs.

import { UserError } from "../../core/text.ts";
import { type BotFile, readBotFile } from "../bot-file.ts";
import { faultRow } from "../config-fault.ts";
import { EXIT } from "../exit-code.ts";
import { complain, print } from "../language.ts";
import { environment } from "../settings.ts";
import { installedStrategies, tellFaults } from "./config-parts.ts";

export type ValidBot = Extract<BotFile, { readonly ok: true }>["bots"][number];

/** Reads a file of bots and works with them; returns the exit code. What is wrong is told, never thrown. */
export async function withBotFile(
  file: string,
  isJson: boolean,
  work: (bots: readonly ValidBot[]) => void | Promise<void>,
): Promise<number> {
  try {
    const bot = readBotFile(file, { strategies: await installedStrategies(), env: environment() });
    if (!bot.ok) {
      if (isJson) print(JSON.stringify({ ok: false, file, faults: bot.faults.map(faultRow) }));
      else tellFaults(bot.faults);
      return EXIT.failure;
    }
    await work(bot.bots);
    return EXIT.success;
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    if (isJson) print(JSON.stringify({ ok: false, file, error: { code: error.code, message: error.text.en } }));
    else complain(error.text);
    return EXIT.failure;
  }
}
