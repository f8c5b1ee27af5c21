// Commands that a chat platform would refuse are found before anybody registers them.

import { describe, expect, it } from "vitest";
import { z } from "zod";
import { assertCommandFits, choicesOf } from "../../src/bot/command-fit.ts";
import { slashCommandsOf } from "../../src/bot/discord-commands.ts";
import { loadCommands } from "../../src/commands/index.ts";
import { argument } from "../../src/core/chat/command-argument.ts";
import type { AnyCommand } from "../../src/core/command.ts";
import { plain } from "../../src/core/text.ts";
import { discordValidator, SPECS_MISSING_MESSAGE, specsMissing } from "../fakes/specs.ts";
import { sampleCommands, say } from "./sample.ts";

function commandWith(changes: Partial<AnyCommand>): AnyCommand {
  const base: AnyCommand = { name: "sample", summary: plain("A sample"), args: z.object({}), role: "viewer", run: async () => say("done") };
  return { ...base, ...changes };
}

function field(schema: z.ZodType, description: string): z.ZodType {
  return argument(schema, { description: plain(description), right: plain("a value") });
}

describe("assertCommandFits", () => {
  it("lets the sample registry and every command of Botswain pass", async () => {
    const commands = [...sampleCommands, ...(await loadCommands())];
    for (const command of commands) expect(() => assertCommandFits(command)).not.toThrow();
    expect(commands.length).toBeGreaterThan(sampleCommands.length);
  });

  it.each([
    ["a capital letter", commandWith({ name: "Stop" }), "the name Stop"],
    ["33 letters", commandWith({ name: "x".repeat(33) }), "1 to 32"],
    ["an alias with a hyphen", commandWith({ aliases: ["a-b"] }), "the name a-b"],
    ["an empty summary", commandWith({ summary: { en: "ok", "zh-TW": " " } }), "the summary (zh-TW) has 1 characters"],
    ["a long summary", commandWith({ summary: plain("x".repeat(101)) }), "101 characters"],
    ["a camelCase argument", commandWith({ args: z.object({ botId: field(z.string(), "Which") }) }), "the argument botId"],
    ["an argument without description", commandWith({ args: z.object({ bot: z.string() }) }), "argument bot (en) has 0 characters"],
    [
      "26 arguments",
      commandWith({ args: z.object(Object.fromEntries(Array.from({ length: 26 }, (_, index) => [`a${index}`, field(z.string(), "x")]))) }),
      "26 arguments are too many",
    ],
    [
      "26 choices",
      commandWith({ args: z.object({ how: field(z.enum(Array.from({ length: 26 }, (_, index) => `c${index}`)), "How") }) }),
      "26 choices",
    ],
  ])("refuses %s", (_, command, words) => {
    expect(() => assertCommandFits(command)).toThrow(words);
  });
});

describe("slash commands", () => {
  it("know the choices behind optional and default arguments", () => {
    const how = z.enum(["keep", "flatten"]);
    const command = commandWith({ args: z.object({ one: how.optional(), two: how.default("keep"), three: z.string() }) });
    expect(["one", "two", "three", "four"].map((name) => choicesOf(command, name))).toEqual([
      ["keep", "flatten"],
      ["keep", "flatten"],
      undefined,
      undefined,
    ]);
  });

  it("are accepted by Discord's description", async (context) => {
    context.skip(specsMissing, SPECS_MISSING_MESSAGE);
    const body = slashCommandsOf(await loadCommands());
    expect(discordValidator()?.({ method: "PUT", path: "/applications/1/guilds/2/commands", query: {}, body })).toEqual([]);
  });
});
