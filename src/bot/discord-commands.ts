// The registry as Discord's slash commands.

import {
  type APIApplicationCommandStringOption,
  ApplicationCommandOptionType,
  type RESTPostAPIChatInputApplicationCommandsJSONBody,
} from "discord.js";
import { fieldsOf } from "../core/chat/command-argument.ts";
import type { AnyCommand } from "../core/command.ts";
import type { Text } from "../core/text.ts";
import { COMMAND_LIMITS, choicesOf } from "./command-fit.ts";
import { clip } from "./render-text.ts";

function describe(text: Text): { description: string; description_localizations: { "zh-TW": string } } {
  const max = COMMAND_LIMITS.description;
  return { description: clip(text.en, max), description_localizations: { "zh-TW": clip(text["zh-TW"], max) } };
}

/** Every command, and every alias as a command of its own: people type what they know. */
export function slashCommandsOf(commands: readonly AnyCommand[]): RESTPostAPIChatInputApplicationCommandsJSONBody[] {
  return commands.flatMap((command) =>
    [command.name, ...(command.aliases ?? [])].map((name) => ({ name, ...describe(command.summary), options: optionsOf(command) })),
  );
}

function optionsOf(command: AnyCommand): APIApplicationCommandStringOption[] {
  const fields = [...fieldsOf(command)];
  // Discord wants what is required first; dispatch goes by name, so the order means nothing to it.
  fields.sort((one, other) => Number(one.isOptional) - Number(other.isOptional));
  return fields.map((field) => {
    const choices = choicesOf(command, field.name)?.map((value) => ({ name: value, value }));
    const base = { type: ApplicationCommandOptionType.String as const, name: field.name, ...describe(field.words.description) };
    return { ...base, required: !field.isOptional, ...(choices === undefined ? {} : { choices }) };
  });
}
