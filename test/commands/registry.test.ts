// The registry reads its folder; every command fits the platforms and exists in both languages.

import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { beforeAll, describe, expect, test } from "vitest";
import { loadCommands } from "../../src/commands/index.ts";
import { fieldsOf } from "../../src/core/chat/command-argument.ts";
import type { AnyCommand, UserRow } from "../../src/core/command.ts";
import { as, createHarness, wordsOf } from "../memory-fleet.ts";

let commands: readonly AnyCommand[];
beforeAll(async () => {
  commands = await loadCommands();
});

/** Discord's limits, which are the tighter ones: https://discord.com/developers/docs/interactions/application-commands */
const NAME = /^[a-z][a-z0-9_]{0,31}$/;
const DESCRIPTION_MAX = 100;
const OPTIONS_MAX = 25;

describe("the registry", () => {
  test("finds every command of the folder", () => {
    const names = "bots fills help orders pair panic pause restart resume start status stop users whoami".split(" ");
    expect(commands.map(({ name }) => name)).toEqual(expect.arrayContaining(names));
  });

  test("one file adds a command; a file that is none is named", async () => {
    const folder = await mkdtemp(join(tmpdir(), "commands-"));
    try {
      const url = pathToFileURL(`${folder}/`);
      await writeFile(join(folder, "wave.js"), 'export default { name: "wave", summary: {}, args: {}, role: "viewer", run() {} };');
      await writeFile(join(folder, "notes.md"), "not a command");
      expect((await loadCommands(url)).map(({ name }) => name)).toEqual(["wave"]);
      await writeFile(join(folder, "plain.js"), "export default 1;");
      await expect(loadCommands(url)).rejects.toThrow("plain.js has no command as its default export");
      await writeFile(join(folder, "greet.js"), 'export default { name: "wave", summary: {}, args: {}, role: "viewer", run() {} };');
      await expect(loadCommands(url)).rejects.toThrow("greet.js declares the command wave");
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  test("every command has a role, texts in both languages, and fits Discord and Telegram", () => {
    for (const command of commands) {
      expect(["viewer", "operator", "admin"]).toContain(command.role);
      const texts = [command.summary, ...fieldsOf(command).flatMap(({ words }) => [words.description, words.right])];
      for (const text of texts) {
        expect(text.en, command.name).not.toBe("");
        expect(text["zh-TW"], command.name).toMatch(/\p{Script=Han}/u);
      }
      const described = [command.summary, ...fieldsOf(command).map(({ words }) => words.description)];
      for (const text of described)
        for (const words of Object.values(text)) expect(words.length, words).toBeLessThanOrEqual(DESCRIPTION_MAX);
      const names = [command.name, ...(command.aliases ?? []), ...fieldsOf(command).map(({ name }) => name)];
      for (const name of names) expect(name).toMatch(NAME);
      expect(fieldsOf(command).length).toBeLessThanOrEqual(OPTIONS_MAX);
      const optional = fieldsOf(command).map(({ isOptional }) => isOptional);
      expect(optional, `${command.name}: required arguments come first`).toEqual([...optional].sort());
    }
  });
});

test("replies of every command speak both languages and keep hostile names on one line", async () => {
  const hostile: UserRow = { frontend: "telegram", id: "1", name: `\u202e<b>&*_\`\n${"🦊".repeat(200)}`, role: "admin" };
  const { type } = createHarness(commands, [hostile]);
  for (const line of [
    "/start",
    "/status",
    "/status eth_grid",
    "/bots",
    "/orders eth_grid",
    "/fills eth_grid",
    "/help",
    "/users",
    "/whoami",
    "/panic",
    "/stop eth_grid",
  ]) {
    const reply = await type(line, as("telegram", "1"));
    expect(wordsOf(reply), line).not.toContain("\u202e");
    expect(wordsOf(reply, "zh-TW"), line).toMatch(/\p{Script=Han}/u);
    for (const text of [reply.title.en, reply.title["zh-TW"]]) expect(text, line).toMatch(/^[^\n]{1,250}$/u);
  }
});
