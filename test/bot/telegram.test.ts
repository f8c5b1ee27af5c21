// Conversations with Botswain in Telegram, through a server that speaks the Bot API and checks every request.

import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { checkTelegram, startTelegram, type TelegramFrontend } from "../../src/bot/telegram.ts";
import type { Invocation, Reply } from "../../src/core/command.ts";
import { plain } from "../../src/core/text.ts";
import { SPECS_MISSING_MESSAGE, specsMissing } from "../fakes/specs.ts";
import { type FakeTelegram, startFakeTelegram } from "../fakes/telegram-server.ts";
import {
  createScript,
  describeInput,
  fault,
  question,
  readableLog,
  type Script,
  sampleCommands,
  say,
  silentLog,
  systemClock,
} from "./sample.ts";

let server: FakeTelegram;
let telegram: TelegramFrontend;
let script: Script;
let requestsChecked = 0;

async function start(answer?: (invocation: Invocation) => Reply | Promise<Reply>, log = silentLog): Promise<void> {
  script = createScript(answer);
  const { token, url } = server;
  telegram = await startTelegram({ token, apiRoot: url, commands: sampleCommands, dispatch: script.dispatch, log, clock: systemClock });
}

/** The newest message of a chat, once its text contains the words. */
function shown(words: string, chatId: number = 42, deadlineMs?: number) {
  return server.waitFor(
    () => server.messages(chatId).find((message) => message.text.includes(words)),
    `"${words}" in ${chatId}`,
    deadlineMs,
  );
}

beforeEach(async () => {
  server = await startFakeTelegram();
});

afterEach(async () => {
  await telegram.stop();
  await server.stop();
  expect(server.violations).toEqual([]);
  requestsChecked += server.requests.length;
});

describe("commands", () => {
  it("answers a line in a private chat and says who asked", async () => {
    await start();
    const messageId = server.say("/status eth_grid", { from: 42, name: "Ann", language: "en" });
    const reply = await shown("heard /status eth_grid");
    expect(reply.html).toBe("<b>heard /status eth_grid</b>");
    expect(script.invocations).toHaveLength(1);
    expect(script.invocations[0]).toMatchObject({
      frontend: "telegram",
      user: { id: "42", name: "Ann" },
      chat: { id: "42", isPrivate: true },
      messageId: String(messageId),
      input: { type: "line", line: "/status eth_grid" },
      language: "en",
    });
  });

  it("speaks Traditional Chinese to a Chinese client", async () => {
    await start(() => say("", { title: { en: "Running", "zh-TW": "執行中" } }));
    server.say("/status", { language: "zh-hant" });
    await shown("執行中");
  });

  it("passes on in a group only what is addressed to it, as an answer to the message", async () => {
    await start();
    server.say("hello everybody", { chat: -500 });
    server.say("/status@another_bot", { chat: -500 });
    const messageId = server.say(`/status@${server.username} eth_grid`, { chat: -500, threadId: 9 });
    const reply = await shown("heard /status eth_grid", -500);
    expect(reply).toMatchObject({ replyTo: messageId, threadId: 9 });
    expect(script.invocations).toHaveLength(1);
    expect(script.invocations[0]?.chat).toEqual({ id: "-500", isPrivate: false });
  });

  it("sends nothing for a silent reply", async () => {
    await start((invocation) => (invocation.user.id === "7" ? say("") : say("hello")));
    server.say("/status", { from: 7 });
    server.say("/status", { from: 42 });
    await shown("hello");
    expect(server.messages(7)).toEqual([]);
  });

  it("puts up the menu in both languages", async () => {
    await start();
    const menus = await server.waitFor(() => {
      const found = server.requests.filter((request) => request.method === "setMyCommands");
      return found.length === 2 ? found : null;
    }, "two menus");
    expect(menus[0]?.payload).toEqual({
      commands: [
        { command: "status", description: "How the bots are doing" },
        { command: "stop", description: "Stop a bot" },
      ],
    });
    expect(menus[1]?.payload).toMatchObject({
      language_code: "zh",
      commands: [{ command: "status", description: "查看機器人的狀態" }, {}],
    });
  });

  it("escapes hostile words and splits a long reply", async () => {
    const hostile = "<b>&lt;\u202e\u0000 @everyone [x](y) `*_";
    await start(() => say(hostile, { blocks: [{ type: "text", text: plain(`${hostile}\n`.repeat(400)) }] }));
    server.say("/status");
    await server.waitFor(() => server.messages(42).length >= 3, "several messages");
    expect(server.messages(42)[0]?.text).toContain("<b>&lt;");
  });

  it("starts one command while another is still running", async () => {
    let finish: (reply: Reply) => void = () => undefined;
    await start((invocation) =>
      describeInput(invocation) === "heard /slow" ? new Promise<Reply>((resolve) => (finish = resolve)) : say("panic done"),
    );
    server.say("/slow");
    await server.waitFor(() => script.invocations.length === 1, "the slow command");
    server.say("/panic");
    await shown("panic done");
    finish(say("slow done"));
    await shown("slow done");
  });

  it("edits one message while a command runs and passes over unchanged states", async () => {
    await start(async (invocation) => {
      invocation.onProgress?.(say("1 of 2 stopped"));
      await shown("1 of 2 stopped");
      invocation.onProgress?.(say("1 of 2 stopped"));
      invocation.onProgress?.(say("2 of 2 stopped"));
      await shown("2 of 2 stopped");
      return say("2 of 2 stopped");
    });
    server.say("/stop all");
    const message = await shown("2 of 2 stopped");
    await server.waitFor(() => server.requests.filter((request) => request.method === "editMessageText").length === 2, "the last edit");
    expect(message.earlier).toEqual(["1 of 2 stopped"]);
    expect(server.messages(42)).toHaveLength(1);
  });
});

describe("what is not carried out", () => {
  it.each([
    ["edited", "edited messages are not commands"],
    ["forwarded", "forwarded messages are not commands"],
    ["viaBot", "through another bot"],
    ["anonymousAdmin", "anonymous admin"],
    ["asChannel", "as a channel"],
  ] as const)("refuses a message that is %s with one sentence", async (kind, words) => {
    await start();
    server.say("/stop eth_grid", { chat: -500, kind });
    await shown(words, -500);
    expect(script.invocations).toEqual([]);
  });

  it("ignores channel posts and other bots without a word", async () => {
    await start();
    server.say("/stop eth_grid", { kind: "channelPost" });
    server.say("/stop eth_grid", { chat: -500, isBot: true });
    server.say("/status", { from: 42 });
    await shown("heard /status");
    expect(script.invocations).toHaveLength(1);
    expect(server.messages()).toHaveLength(1);
  });

  it("ignores what is older than a minute and says so once per chat", async () => {
    await start();
    server.say("/start eth_grid", { ageS: 300 });
    server.say("/start btc_grid", { ageS: 299 });
    await shown("Ignored, 5 min old");
    server.say("/status", { ageS: 50 });
    await shown("heard /status");
    expect(script.invocations).toHaveLength(1);
    expect(server.messages(42)).toHaveLength(2);
  });

  it("takes a repeated update once, and leaves a repeated message to the message id", async () => {
    await start();
    server.say("/start eth_grid");
    await shown("heard /start eth_grid");
    server.redeliver("sameUpdateId");
    server.redeliver("newUpdateId");
    await server.waitFor(() => script.invocations.length === 2, "the redelivered message");
    expect(new Set(script.invocations.map((invocation) => invocation.messageId)).size).toBe(1);
  });
});

describe("buttons", () => {
  it("carry a token only, and a question is replaced by its outcome", async () => {
    await start(async (invocation) => {
      if (invocation.input.type === "line") return question("Stop eth_grid?");
      invocation.onProgress?.(say("Stopping"));
      return say("Stopped", { tone: "good" });
    });
    server.say("/stop eth_grid");
    const asked = await shown("Stop eth_grid?");
    expect(asked.buttons).toEqual([
      { text: "Keep", token: "tkeep0001" },
      { text: "Flatten", token: "tflat0001" },
    ]);
    const query = server.press(asked, "Keep", { from: 42 });
    const outcome = await shown("✅ Stopped");
    expect(outcome.messageId).toBe(asked.messageId);
    expect(outcome.buttons).toEqual([]);
    expect(server.answers.get(query)).toEqual({ text: "", isAlert: false });
    expect(script.invocations[1]).toMatchObject({ input: { type: "press", token: "tkeep0001" }, messageId: `press-${query}` });
  });

  it("pressed by somebody else reach dispatch with that person's id and leave the question alone", async () => {
    await start((invocation) => {
      if (invocation.input.type === "line") return question("Stop eth_grid?");
      return invocation.user.id === "42" ? say("Stopped") : fault("This button waits for somebody else.", "notYours");
    });
    server.say("/stop eth_grid", { chat: -500, from: 42 });
    const asked = await shown("Stop eth_grid?", -500);
    const foreign = server.press(asked, "Keep", { from: 99 });
    await server.waitFor(() => server.answers.get(foreign), "the answer to the press");
    expect(server.answers.get(foreign)).toEqual({ text: "This button waits for somebody else.", isAlert: true });
    expect(script.invocations[1]?.user.id).toBe("99");
    expect(server.messages(-500)).toHaveLength(1);
    expect(asked.buttons).toHaveLength(2);
    server.press(asked, "Keep", { from: 42 });
    await shown("Stopped", -500);
  });

  it("under a result disappear, while the result stays and the outcome follows", async () => {
    await start((invocation) => (invocation.input.type === "line" ? { ...question("Panic: 0 orders left"), asks: false } : say("Flat")));
    server.say("/panic");
    const result = await shown("Panic: 0 orders left");
    server.press(result, "Flatten");
    const outcome = await shown("Flat");
    await server.waitFor(() => server.messages(42)[0]?.buttons.length === 0, "no buttons");
    expect(outcome.messageId).not.toBe(result.messageId);
    expect(server.messages(42)[0]?.text).toBe("Panic: 0 orders left");
  });

  it("are acknowledged in time when the command takes long", async () => {
    let finish: (reply: Reply) => void = () => undefined;
    await start((invocation) => (invocation.input.type === "line" ? question("Sure?") : new Promise((resolve) => (finish = resolve))));
    server.say("/stop eth_grid");
    const query = server.press(await shown("Sure?"), "Keep");
    await server.waitFor(() => server.answers.get(query), "the acknowledgement", 3_000);
    finish(say("Done"));
    await shown("Done");
  });
});

describe("faults of the platform", () => {
  it("a 429 is waited out and nothing is lost or doubled", async () => {
    await start();
    server.failNext("sendMessage", { status: 429, retryAfter: 1 });
    const askedAt = Date.now();
    server.say("/status one");
    server.say("/status two");
    await shown("heard /status two");
    const texts = server.messages(42).map((message) => message.text);
    expect(texts).toEqual(["heard /status one", "heard /status two"]);
    expect((server.messages(42)[0]?.sentAt ?? 0) - askedAt).toBeGreaterThanOrEqual(1_000);
  });

  it.each([
    ["answers 502", { status: 502 }],
    ["breaks the connection", { status: 0, drop: "before" }],
  ] as const)("a message is sent again when Telegram %s", async (_, broken) => {
    await start();
    server.failNext("sendMessage", broken);
    server.say("/status");
    await shown("heard /status");
  });

  it("a message with markup that Telegram refuses goes out as plain text", async () => {
    await start(() => say("1 < 2"));
    server.failNext("sendMessage", { status: 400, description: "Bad Request: can't parse entities: fault" });
    server.say("/status");
    expect((await shown("1 < 2")).html).toBe("1 < 2");
  });

  it("polling goes on after a 409, a 500, a broken connection and an outage", async () => {
    const { log, lines } = readableLog();
    await start(undefined, log);
    await server.waitFor(() => server.requests.some((request) => request.method === "getUpdates"), "the first poll");
    server.failNext("getUpdates", { status: 409, description: "Conflict: terminated by other getUpdates request" });
    server.dropConnections();
    await server.waitFor(() => lines().includes("another program uses this token"), "the 409 in the log");
    server.failNext("getUpdates", { status: 500 });
    server.say("/status one");
    await shown("heard /status one", 42, 10_000);
    await server.goDown();
    await server.comeBack();
    server.say("/status two");
    await shown("heard /status two", 42, 10_000);
    expect(script.invocations).toHaveLength(2);
    expect(lines()).not.toContain(server.token);
  });

  it("two programs with one token disturb each other without an end to either", async () => {
    await start();
    const rival = await startTelegram({
      token: server.token,
      apiRoot: server.url,
      commands: [],
      dispatch: script.dispatch,
      log: silentLog,
      clock: systemClock,
    });
    server.say("/status");
    await shown("heard /status");
    await rival.stop();
  });

  it("an edit of a message that was deleted becomes a new message", async () => {
    await start(async (invocation) => {
      invocation.onProgress?.(say("working"));
      await shown("working");
      return say("finished");
    });
    server.failNext("editMessageText", { status: 400, description: "Bad Request: message to edit not found" });
    server.say("/stop eth_grid");
    await shown("finished");
    expect(server.messages(42).map((message) => message.text)).toEqual(["working", "finished"]);
  });

  it("a dispatch that throws is answered with an id that the log has too", async () => {
    const { log, lines } = readableLog();
    await start(() => {
      throw new Error("boom");
    }, log);
    server.say("/bad");
    const { text } = await shown("Something went wrong on our side");
    const id = /under the id (\w+)/.exec(text)?.[1] ?? "missing";
    expect(lines()).toContain(id);
    expect(lines()).toContain("boom");
  });
});

describe("a message that looks like a key", () => {
  const KEY = "Zm9vYmFyYmF6cXV4Zm9vYmFyYmF6cXV4Zm9vYmFyYmE=";

  it("is deleted with a warning, never dispatched and never logged, also without a command and in a group", async () => {
    const { log, lines } = readableLog();
    await start(undefined, log);
    server.say(KEY, { from: 42 });
    const warning = await shown("looked like an API key");
    expect(warning.text).toContain("I have deleted the message");
    expect(server.requests.filter(({ method }) => method === "deleteMessage")).toHaveLength(1);
    server.say(`my key is ${KEY}`, { chat: -500, from: 42 });
    await shown("looked like an API key", -500);
    expect(script.invocations).toEqual([]);
    expect(lines()).not.toContain(KEY);
    expect(server.messages(42).some(({ text }) => text.includes(KEY))).toBe(false);
  });

  it("is to be deleted by its author where the bot may not", async () => {
    await start();
    server.failNext("deleteMessage", { status: 400, description: "Bad Request: message can't be deleted" });
    server.say(`/start ${KEY}`, { chat: -500, from: 42 });
    const warning = await shown("looked like an API key", -500);
    expect(warning.text).toContain("delete it yourself, now");
    expect(script.invocations).toEqual([]);
  });
});

describe("send", () => {
  it("resolves when Telegram has the message", async () => {
    await start();
    await telegram.send("-500", "<b>eth_grid</b> filled");
    expect(server.messages(-500).map((message) => message.text)).toEqual(["eth_grid filled"]);
    await telegram.send("-500", { html: "quiet", isSilent: true });
    const sent = server.requests.filter(({ method }) => method === "sendMessage").map(({ payload }) => payload.disable_notification);
    expect(sent).toEqual([undefined, true]);
  });

  it("rejects with what is wrong when the chat is closed to us", async () => {
    await start();
    server.failNext("sendMessage", { status: 403, description: "Forbidden: bot was blocked by the user" });
    await expect(telegram.send("42", "hello")).rejects.toMatchObject({ kind: "closed", message: "Forbidden: bot was blocked by the user" });
  });
});

describe("start", () => {
  it("names the bot, and refuses a wrong token with one sentence", async () => {
    await start();
    expect(telegram.username).toBe(server.username);
    expect(await checkTelegram(server.token, server.url)).toEqual({ id: "900001", username: server.username });
    await expect(checkTelegram("1:wrong", server.url)).rejects.toThrow("TELEGRAM_BOT_TOKEN");
    const wrong = { token: "1:wrong", apiRoot: server.url, commands: [], dispatch: script.dispatch, log: silentLog, clock: systemClock };
    await expect(startTelegram(wrong)).rejects.toThrow("Telegram does not accept this bot token");
  });
});

it("every request of this file was checked against the official description", (context) => {
  context.skip(specsMissing, SPECS_MISSING_MESSAGE);
  expect(requestsChecked).toBeGreaterThan(100);
});
