// Whether a command fits what Telegram and Discord allow; asked by a test for every command.

import { z } from "zod";
import { fieldsOf } from "../core/chat/command-argument.ts";
import type { AnyCommand } from "../core/command.ts";

/** https://discord.com/developers/docs/interactions/application-commands, and Telegram's BotCommand where it is stricter. */
export const COMMAND_LIMITS = {
  name: /^[a-z][a-z0-9_]{0,31}$/,
  description: 100,
  options: 25,
  choices: 25,
  choice: 100,
  /** All names, descriptions and choices of one command together. */
  total: 4_000,
} as const;

/** The values of an argument that takes one of a fixed list; undefined for free text. */
export function choicesOf(command: AnyCommand, name: string): readonly string[] | undefined {
  const shape: Readonly<Record<string, z.ZodType>> = command.args.shape;
  const field = shape[name];
  if (field === undefined) return undefined;
  const schema = z.toJSONSchema(field, { io: "input", unrepresentable: "any" });
  const values = schema.enum?.filter((value) => typeof value === "string");
  return values === undefined || values.length === 0 ? undefined : values;
}

/** Throws an Error that names every fault of a command which some chat platform would refuse. */
export function assertCommandFits(command: AnyCommand): void {
  const faults: string[] = [];
  let total = command.name.length;
  const checkText = (what: string, text: string): void => {
    total += text.length;
    const isRight = text.trim() !== "" && text.length <= COMMAND_LIMITS.description;
    if (!isRight) faults.push(`${what} has ${text.length} characters, allowed are 1 to ${COMMAND_LIMITS.description}`);
  };
  for (const name of [command.name, ...(command.aliases ?? [])]) {
    if (!COMMAND_LIMITS.name.test(name)) faults.push(`the name ${name} must be 1 to 32 of a-z, 0-9 and _, a letter first`);
  }
  for (const [language, text] of Object.entries(command.summary)) checkText(`the summary (${language})`, text);
  const fields = fieldsOf(command);
  if (fields.length > COMMAND_LIMITS.options) faults.push(`${fields.length} arguments are too many, allowed are ${COMMAND_LIMITS.options}`);
  for (const field of fields) {
    if (!COMMAND_LIMITS.name.test(field.name)) faults.push(`the argument ${field.name} must be 1 to 32 of a-z, 0-9 and _, a letter first`);
    total += field.name.length;
    for (const [language, text] of Object.entries(field.words.description)) checkText(`argument ${field.name} (${language})`, text);
    const choices = choicesOf(command, field.name) ?? [];
    if (choices.length > COMMAND_LIMITS.choices) faults.push(`argument ${field.name} has ${choices.length} choices, allowed are 25`);
    for (const choice of choices) {
      total += choice.length * 2;
      if (choice === "" || choice.length > COMMAND_LIMITS.choice)
        faults.push(`argument ${field.name} has a choice of ${choice.length} characters`);
    }
  }
  if (total > COMMAND_LIMITS.total) faults.push(`all texts together have ${total} characters, allowed are ${COMMAND_LIMITS.total}`);
  if (faults.length > 0) throw new Error(`/${command.name} does not fit the chat platforms: ${faults.join("; ")}`);
}
