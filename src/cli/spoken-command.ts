// Commander's own words of a help page in the language of the person who reads it.

import { type Argument, Command, type Help, type Option } from "commander";
import type { Text } from "../core/text.ts";
import { inWords } from "./language.ts";

const TITLES: Readonly<Record<string, Text>> = {
  "Usage:": { en: "Usage:", "zh-TW": "用法：" },
  "Arguments:": { en: "Arguments:", "zh-TW": "參數：" },
  "Options:": { en: "Options:", "zh-TW": "選項：" },
  "Commands:": { en: "Commands:", "zh-TW": "指令：" },
};

const HELP: Text = { en: "show this help", "zh-TW": "顯示說明" };
const HELP_OF: Text = { en: "show the help of a command", "zh-TW": "顯示指令的說明" };

/** A command whose help page, and those of the commands in it, is in the command line's language. */
export class SpokenCommand extends Command {
  constructor(name?: string) {
    super(name);
    this.helpOption("-h, --help", inWords(HELP));
    this.configureHelp({ styleTitle, subcommandDescription, optionDescription: described, argumentDescription: described });
  }

  override createCommand(name?: string): SpokenCommand {
    return new SpokenCommand(name);
  }
}

function styleTitle(this: Help, title: string): string {
  const words = TITLES[title];
  return words === undefined ? title : inWords(words);
}

/** The verb "help" is Commander's own; all others have a summary of ours. */
function subcommandDescription(verb: Command): string {
  return verb.name() === "help" ? inWords(HELP_OF) : verb.description();
}

function described({ description, argChoices, defaultValue }: Option | Argument): string {
  const choices = argChoices?.join(", ");
  const standard = defaultValue === undefined || typeof defaultValue === "boolean" ? undefined : String(defaultValue);
  const more = [
    ...(choices === undefined ? [] : [inWords({ en: `one of ${choices}`, "zh-TW": `可用 ${choices}` })]),
    ...(standard === undefined ? [] : [inWords({ en: `default: ${standard}`, "zh-TW": `預設：${standard}` })]),
  ];
  return more.length === 0
    ? description
    : inWords({ en: `${description} (${more.join("; ")})`, "zh-TW": `${description}（${more.join("；")}）` });
}
