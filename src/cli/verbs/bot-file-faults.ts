// How the verbs that read a bot's file say what is wrong with it, to people and to programs.

import { type Fault, sayFault } from "../../core/fault-words.ts";
import type { Strategy } from "../../core/strategy.ts";
import { UserError } from "../../core/text.ts";
import { loadStrategies, strategyFolders } from "../../strategies/index.ts";
import { type BotFile, readBotFile } from "../bot-file.ts";
import { EXIT } from "../exit-code.ts";
import { complain, inWords, print } from "../language.ts";
import { environment } from "../settings.ts";

type ValidBot = Extract<BotFile, { readonly ok: true }>;

/** Reads a bot's file and works with it; returns the exit code. What is wrong is told, never thrown. */
export async function withBotFile(file: string, isJson: boolean, work: (bot: ValidBot) => void | Promise<void>): Promise<number> {
  try {
    const strategies: ReadonlyMap<string, Strategy> = await loadStrategies(strategyFolders(environment()));
    const bot = readBotFile(file, strategies);
    if (!bot.ok) {
      tellFaults(file, bot.faults, isJson);
      return EXIT.failure;
    }
    await work(bot);
    return EXIT.success;
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    if (isJson) print(JSON.stringify({ ok: false, file, error: { code: error.code, message: error.text.en } }));
    else complain(error.text);
    return EXIT.failure;
  }
}

/** One fault per line, or all as JSON. */
function tellFaults(file: string, faults: readonly Fault[], isJson: boolean): void {
  if (isJson) {
    const rows = faults.map(({ path, value, rule }) => ({ path, value: value ?? null, rule: rule.en }));
    print(JSON.stringify({ ok: false, file, faults: rows }));
    return;
  }
  complain(
    faults.length === 1
      ? { en: `${file} has a fault:`, "zh-TW": `${file} 有 1 個錯誤：` }
      : { en: `${file} has ${faults.length} faults:`, "zh-TW": `${file} 有 ${faults.length} 個錯誤：` },
  );
  for (const fault of faults) complain(`  ${inWords(sayFault(fault))}`);
}
