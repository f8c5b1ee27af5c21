// The registry of commands: every file in this folder is one; nothing is listed by hand.

import { readdir } from "node:fs/promises";
import type { AnyCommand } from "../core/command.ts";

const COMMAND_FILE = /^([a-z][a-z0-9-]*)\.(?:ts|js)$/;

function isCommand(value: unknown): value is AnyCommand {
  return typeof value === "object" && value !== null && "name" in value && "summary" in value && "args" in value && "run" in value;
}

/** Loads every command of the folder, by name. Throws when a file holds none, or one whose name differs from the file's. */
export async function loadCommands(folder: URL = new URL("./", import.meta.url)): Promise<readonly AnyCommand[]> {
  const names = (await readdir(folder)).map((file) => COMMAND_FILE.exec(file)).filter((match) => match !== null);
  const commands: AnyCommand[] = [];
  for (const match of names) {
    const [file, name] = match;
    if (name === "index") continue;
    const module: { readonly default?: unknown } = await import(new URL(file, folder).href);
    if (!isCommand(module.default)) throw new Error(`${file} has no command as its default export`);
    if (module.default.name !== name)
      throw new Error(`${file} declares the command ${module.default.name}; file and command must share a name`);
    commands.push(module.default);
  }
  const words = commands.flatMap((command) => [command.name, ...(command.aliases ?? [])]);
  const repeated = words.find((word, index) => words.indexOf(word) !== index);
  if (repeated !== undefined) throw new Error(`two commands answer to ${repeated}`);
  return commands.sort((a, b) => (a.name < b.name ? -1 : 1));
}
