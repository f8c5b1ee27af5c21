// A small registry and a scripted dispatch that stand in for the real ones, so that a test is about the frontend alone.

import pino from "pino";
import { z } from "zod";
import { argument } from "../../src/core/chat/command-argument.ts";
import type { AnyCommand, Invocation, Reply } from "../../src/core/command.ts";
import { defineCommand } from "../../src/core/command.ts";
import type { Clock } from "../../src/core/ports.ts";
import { plain } from "../../src/core/text.ts";

export const systemClock: Clock = { now: () => Date.now(), monotonic: () => performance.now() };

export const silentLog = pino({ level: "silent" });

/** A log whose lines a test can read. */
export function readableLog(): { readonly log: pino.Logger; readonly lines: () => string } {
  const written: string[] = [];
  const log = pino({ level: "trace" }, { write: (line: string) => written.push(line) });
  return { log, lines: () => written.join("") };
}

export function say(title: string, extra: Partial<Reply> = {}): Reply {
  return { tone: "neutral", title: plain(title), blocks: [], data: {}, ...extra };
}

/** A reply of dispatch that names a fault. */
export function fault(title: string, code: string): Reply {
  return say(title, { tone: "bad", data: { error: { code, message: title } } });
}

/** A question with two buttons. */
export function question(title: string): Reply {
  const buttons = [
    { label: plain("Keep"), token: "tkeep0001", style: "primary" as const },
    { label: plain("Flatten"), token: "tflat0001", style: "danger" as const },
  ];
  return say(title, { asks: true, blocks: [{ type: "buttons", buttons }] });
}

const bot = argument(z.string(), {
  description: { en: "Which bot", "zh-TW": "哪一個機器人" },
  right: { en: "a bot's name such as eth_grid", "zh-TW": "機器人名稱，例如 eth_grid" },
});

const how = argument(z.enum(["keep", "flatten"]).optional(), {
  description: { en: "What happens to the position", "zh-TW": "如何處理部位" },
  right: { en: "keep or flatten", "zh-TW": "keep 或 flatten" },
});

function run(): Promise<Reply> {
  throw new Error("the sample commands are never run; the scripted dispatch answers");
}

export const sampleCommands: readonly AnyCommand[] = [
  defineCommand({
    name: "status",
    aliases: ["st"],
    summary: { en: "How the bots are doing", "zh-TW": "查看機器人的狀態" },
    args: z.object({
      bot: argument(bot.optional(), { description: { en: "Which bot", "zh-TW": "哪一個機器人" }, right: plain("eth_grid") }),
    }),
    role: "viewer",
    run,
  }),
  defineCommand({
    name: "stop",
    summary: { en: "Stop a bot", "zh-TW": "停止機器人" },
    args: z.object({ how, bot }),
    role: "operator",
    run,
  }),
];

export interface Script {
  readonly invocations: Invocation[];
  readonly dispatch: (invocation: Invocation) => Promise<Reply>;
}

/** Records every invocation and answers with what `answer` says; by default the line or token itself. */
export function createScript(answer?: (invocation: Invocation) => Reply | Promise<Reply>): Script {
  const invocations: Invocation[] = [];
  return {
    invocations,
    async dispatch(invocation) {
      invocations.push(invocation);
      return answer === undefined ? say(describeInput(invocation)) : answer(invocation);
    },
  };
}

export function describeInput({ input }: Invocation): string {
  switch (input.type) {
    case "line":
      return `heard ${input.line}`;
    case "call":
      return `heard ${input.command} ${JSON.stringify(input.args)}`;
    case "press":
      return `pressed ${input.token}`;
  }
}
