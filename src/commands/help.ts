// `/help`: what you may type; only what your role may use.

import { z } from "zod";
import { usableCommands } from "../core/chat/access.ts";
import { argument, fieldsOf, usageOf } from "../core/chat/command-argument.ts";
import { roleWord } from "../core/chat/words.ts";
import { type AnyCommand, defineCommand, type Reply } from "../core/command.ts";
import { plain, type Text, UserError } from "../core/text.ts";
import { commandFields } from "./parts/command-fields.ts";

export default defineCommand({
  name: "help",
  summary: { en: "Show the commands that you may use", "zh-TW": "顯示你可使用的指令" },
  args: z.object({
    command: argument(z.string().trim().toLowerCase().max(40).optional(), {
      description: { en: "A command to explain", "zh-TW": "要說明的指令" },
      right: { en: "a command such as status", "zh-TW": "指令名稱，例如 status" },
    }),
  }),
  role: "viewer",
  async run({ command }, { commands, role }) {
    const usable = usableCommands(commands, role);
    if (command !== undefined) return explain(usable, command.replace(/^\//, ""));
    return {
      tone: "neutral",
      title: { en: "Commands that you may use", "zh-TW": "你可使用的指令" },
      blocks: [commandFields(usable)],
      data: { commands: usable.map((known) => ({ name: known.name, usage: usageOf(known), summary: known.summary.en, role: known.role })) },
    };
  },
});

function explain(usable: readonly AnyCommand[], name: string): Reply {
  const command = usable.find((known) => known.name === name || known.aliases?.includes(name) === true);
  if (command === undefined) {
    const names = usable.map((known) => `/${known.name}`);
    throw new UserError(
      {
        en: `You may use no such command; there is ${names.join(", ")}.`,
        "zh-TW": `沒有你可使用的這個指令；可用的有 ${names.join("、")}。`,
      },
      "unknownCommand",
    );
  }
  const fields = fieldsOf(command).map((field) => ({
    label: field.isOptional ? plain(`[${field.name}]`) : plain(field.name),
    value: field.words.description,
  }));
  const also: readonly { readonly label: Text; readonly value: Text }[] =
    command.aliases === undefined
      ? []
      : [{ label: { en: "also", "zh-TW": "別名" }, value: plain(command.aliases.map((alias) => `/${alias}`).join(" ")) }];
  return {
    tone: "neutral",
    title: plain(usageOf(command)),
    blocks: [
      { type: "text", text: command.summary },
      { type: "fields", fields: [...fields, ...also, { label: { en: "needs", "zh-TW": "權限" }, value: roleWord(command.role) }] },
    ],
    data: { name: command.name, usage: usageOf(command), summary: command.summary.en, role: command.role },
  };
}
