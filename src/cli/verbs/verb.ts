// What all verbs share: a summary and an example in both languages, and the data folder option.

import type { Command } from "commander";
import type { Text } from "../../core/text.ts";
import { inWords } from "../language.ts";

export const EXAMPLE: Text = { en: "Example:", "zh-TW": "範例：" };

/** Adds a verb with its help: a summary and at least one example line. */
export function addVerb(program: Command, name: string, summary: Text, example: string): Command {
  return program
    .command(name)
    .description(inWords(summary))
    .addHelpText("after", `\n${inWords(EXAMPLE)}\n  $ botswain ${example}`);
}

/** Adds `--data-folder`, which stands for BOTSWAIN_HOME. */
export function withDataFolder(verb: Command): Command {
  return verb
    .option("--data-folder <folder>", inWords({ en: "data folder (BOTSWAIN_HOME)", "zh-TW": "資料夾（BOTSWAIN_HOME）" }))
    .hook("preAction", () => {
      const { dataFolder } = verb.opts<{ dataFolder?: string }>();
      if (dataFolder !== undefined) process.env.BOTSWAIN_HOME = dataFolder;
    });
}
