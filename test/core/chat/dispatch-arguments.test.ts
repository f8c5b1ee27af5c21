// How words become arguments, and how every fault is named in one sentence.

import { beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { loadCommands } from "../../../src/commands/index.ts";
import { argument } from "../../../src/core/chat/command-argument.ts";
import { type AnyCommand, defineCommand } from "../../../src/core/command.ts";
import { plain } from "../../../src/core/text.ts";
import { createHarness } from "../../memory-fleet.ts";

let commands: readonly AnyCommand[];
beforeAll(async () => {
  commands = await loadCommands();
});

describe("arguments", () => {
  const echo = defineCommand({
    name: "echo",
    aliases: ["say"],
    summary: plain("repeats"),
    args: z.object({
      who: argument(z.string().regex(/^[a-z]+$/), { description: plain("who"), right: plain("a small name") }),
      count: argument(z.enum(["1", "2"]).optional(), { description: plain("count"), right: plain("1 or 2") }),
      words: argument(z.string().optional(), { description: plain("words"), right: plain("words"), takesRest: true }),
    }),
    role: "viewer",
    run: async (args) => ({ tone: "good", title: plain("ok"), blocks: [], data: args }),
  });

  test.each([
    ["/echo bob", { who: "bob" }],
    ["say bob", { who: "bob" }],
    ["／echo bob 2", { who: "bob", count: "2" }],
    ["/ECHO bob count=1", { who: "bob", count: "1" }],
    ["/echo count=1 bob", { who: "bob", count: "1" }],
    ["/echo bob 1 the rest of it", { who: "bob", count: "1", words: "the rest of it" }],
    ['/echo bob 1 "the  rest" a=b', { who: "bob", count: "1", words: "the  rest a=b" }],
    ['/echo words="a \\"b\\" c" bob', { who: "bob", words: 'a "b" c' }],
    ["/echo “bob” 1 「中 文」", { who: "bob", count: "1", words: "中 文" }],
    ["/echo  bob\u3000 1", { who: "bob", count: "1" }],
    ["/echo bob 1 it's", { who: "bob", count: "1", words: "it's" }],
  ])("%s", async (line, expected) => {
    expect((await createHarness([echo]).type(line)).data).toEqual(expected);
  });

  test.each([
    ["/echo", "/echo: who is missing (give a small name)."],
    ["/echo BOB", '/echo: who "BOB" is not right (give a small name).'],
    ["/echo BOB 3", '/echo: who "BOB" is not right (give a small name); count "3" is not right (give 1 or 2).'],
    ["/echo bob colour=red", "/echo: there is no argument colour (there is who, count, words)."],
    ["/echo bob who=eve", null],
    ["/echo who=bob who=eve", "/echo: who is given twice."],
    ['/echo "bob', 'The quotation mark in this line is not closed; add " where the quoted value ends.'],
    [`/echo ${"x".repeat(2_000)}`, "This line has 2006 characters; a command may have at most 2000."],
    ["/", "A line must begin with a command such as /status; /help lists them."],
    ["   ", "A line must begin with a command such as /status; /help lists them."],
  ])("%s", async (line, sentence) => {
    const reply = await createHarness([echo]).type(line);
    // `bob` moves on to the next field when `who` is named, where it is wrong.
    expect(reply.title.en).toBe(sentence ?? '/echo: count "bob" is not right (give 1 or 2).');
    expect(reply.tone).toBe("bad");
    expect(reply.title["zh-TW"]).not.toBe("");
  });

  test("a command without a rest refuses what is too much, and nothing of Object's own is an argument", async () => {
    const { type } = createHarness(commands);
    expect((await type("/pause eth_grid btc_grid")).title.en).toBe('/pause: "btc_grid" is too much (it takes bot).');
    expect((await type("/bots now")).title.en).toBe('/bots: "now" is too much (it takes no arguments).');
    expect((await type("/pause constructor=1")).title.en).toContain("there is no argument constructor");
  });

  test("a form's arguments come by name", async () => {
    const harness = createHarness([echo]);
    const input = { type: "call", command: "echo", args: { words: "a b", who: "bob" } } as const;
    expect((await harness.type("", { input })).data).toEqual({ who: "bob", words: "a b" });
  });

  test("a long wrong value is cut in the sentence", async () => {
    const reply = await createHarness([echo]).type(`/echo ${"Y".repeat(500)}`);
    expect(reply.title.en.length).toBeLessThan(120);
  });
});
