// Commands as a list that people read: what to type, and what it does.

import { usageOf } from "../../core/chat/command-argument.ts";
import type { AnyCommand, Block } from "../../core/command.ts";
import { plain } from "../../core/text.ts";

export function commandFields(commands: readonly AnyCommand[]): Block {
  return { type: "fields", fields: commands.map((command) => ({ label: plain(usageOf(command)), value: command.summary })) };
}
