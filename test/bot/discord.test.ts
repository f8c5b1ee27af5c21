// Conversations with Botswain in Discord, through a server that speaks its REST and gateway and checks every request.

import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { checkDiscord, type DiscordFrontend, startDiscord } from "../../src/bot/discord.ts";
import { renderDiscord } from "../../src/bot/render-discord.ts";
import type { Invocation, Reply } from "../../src/core/command.ts";
import { plain } from "../../src/core/text.ts";
import { type FakeDiscord, startFakeDiscord } from "../fakes/discord-server.ts";
import { SPECS_MISSING_MESSAGE, specsMissing } from "../fakes/specs.ts";
import { createScript, fault, question, readableLog, type Script, sampleCommands, say, silentLog, systemClock } from "./sample.ts";

let server: FakeDiscord;
let discord: DiscordFrontend;
let script: Script;
let requestsChecked = 0;

async function start(answer?: (invocation: Invocation) => Reply | Promise<Reply>, log = silentLog, guildId?: string): Promise<void> {
  script = createScript(answer);
  const { token, apiRoot } = server;
  const options = { token, apiRoot, commands: sampleCommands, dispatch: script.dispatch, log, clock: systemClock };
  discord = await startDiscord({ ...options, guildId: guildId ?? server.guildId });
}

function shown(words: string, deadlineMs?: number) {
  const look = () => server.messages(server.channelId).find((message) => message.text.includes(words));
  return server.waitFor(look, `"${words}" in the channel`, deadlineMs);
}

/** A reply that the test gives when it wants. */
function later(): { readonly promise: Promise<Reply>; readonly finish: (reply: Reply) => void } {
  let finish: (reply: Reply) => void = () => undefined;
  const promise = new Promise<Reply>((resolve) => {
    finish = resolve;
  });
  return { promise, finish: (reply) => finish(reply) };
}

beforeEach(async () => {
  server = await startFakeDiscord();
});

afterEach(async () => {
  await discord.stop();
  await server.stop();
  expect(server.violations).toEqual([]);
  requestsChecked += server.requests.length;
});

describe("slash commands", () => {
  it("are registered from the registry, aliases too, with Traditional Chinese descriptions", async () => {
    await start();
    const commands = server.commands.get(server.guildId) ?? [];
    expect(commands.map((command) => command.name)).toEqual(["status", "st", "stop"]);
    expect(commands[2]).toMatchObject({
      description: "Stop a bot",
      description_localizations: { "zh-TW": "停止機器人" },
      options: [
        { type: 3, name: "bot", required: true },
        { name: "how", required: false, choices: [{ name: "keep", value: "keep" }, { name: "flatten" }] },
      ],
    });
  });

  it("reach dispatch as a call with named arguments and are answered", async () => {
    await start();
    const id = server.slash("stop", { bot: "eth_grid", how: "keep" }, { userId: "77", name: "Ann", locale: "zh-TW" });
    await shown("heard stop");
    expect(script.invocations).toHaveLength(1);
    expect(script.invocations[0]).toMatchObject({
      frontend: "discord",
      user: { id: "77", name: "Ann" },
      chat: { id: server.channelId, isPrivate: false },
      messageId: id,
      input: { type: "call", command: "stop", args: { bot: "eth_grid", how: "keep" } },
      language: "zh-TW",
    });
  });

  it("say that a direct message is private", async () => {
    await start();
    server.slash("status", {}, { guildId: null });
    await shown("heard status");
    expect(script.invocations[0]?.chat.isPrivate).toBe(true);
  });

  it("answer a fault to the caller alone, and a silent reply with nothing", async () => {
    await start((invocation) => (invocation.user.id === "7" ? say("") : fault("You are not on the list.", "refused")));
    server.slash("status", {}, { userId: "7" });
    server.slash("status", {}, { userId: "8" });
    expect((await shown("You are not on the list.")).isEphemeral).toBe(true);
    expect(server.messages()).toHaveLength(1);
  });

  it("are acknowledged within three seconds and answered when the command is done", async () => {
    const { promise, finish } = later();
    await start(() => promise);
    server.slash("status");
    await server.waitFor(() => server.messages(server.channelId).length === 1, "the deferred reply", 2_900);
    finish(say("Everything runs"));
    expect((await shown("Everything runs")).isEphemeral).toBe(false);
    expect(server.messages()).toHaveLength(1);
  });

  it("edit one message while a command runs", async () => {
    await start(async (invocation) => {
      invocation.onProgress?.(say("1 of 2 stopped"));
      await shown("1 of 2 stopped");
      return say("2 of 2 stopped", { tone: "good" });
    });
    server.slash("stop", { bot: "all" });
    const message = await shown("✅ 2 of 2 stopped");
    expect(message.earlier).toEqual(["1 of 2 stopped"]);
    expect(server.messages()).toHaveLength(1);
  });

  it("delivered twice are one command, and one from long ago is none", async () => {
    await start();
    server.slash("status");
    server.redeliver();
    await shown("heard status");
    server.slash("stop", { bot: "eth_grid" }, { ageMs: 300_000 });
    server.slash("st");
    await shown("heard st {}");
    expect(script.invocations).toHaveLength(2);
  });

  it("send long replies as several messages inside Discord's limits", async () => {
    const hostile = "**x** [a](b) <@1> @everyone `code` \u202e";
    const rows = Array.from({ length: 300 }, (_, index) => [`row ${index}`, "```", "12.50"]);
    const columns = [plain("name"), plain("x"), plain("y")];
    await start(() => say(hostile, { blocks: [{ type: "table", columns, rows }] }));
    server.slash("status");
    await shown("row 299");
    expect(server.messages().length).toBeGreaterThan(1);
  });
});

describe("buttons", () => {
  it("replace a question by its outcome", async () => {
    await start(async (invocation) => {
      if (invocation.input.type !== "press") return question("Stop eth_grid?");
      invocation.onProgress?.(say("Stopping"));
      await shown("Stopping");
      return say("Stopped");
    });
    server.slash("stop", { bot: "eth_grid" });
    const asked = await shown("Stop eth_grid?");
    expect(asked.buttons).toEqual([
      { label: "Keep", token: "tkeep0001", style: 1 },
      { label: "Flatten", token: "tflat0001", style: 4 },
    ]);
    const id = server.press(asked, "Flatten");
    const outcome = await shown("Stopped");
    expect(outcome.id).toBe(asked.id);
    expect(outcome.buttons).toEqual([]);
    expect(script.invocations[1]).toMatchObject({ input: { type: "press", token: "tflat0001" }, messageId: id });
    expect(server.messages()).toHaveLength(1);
  });

  it("pressed by somebody else reach dispatch with that person's id and leave the question alone", async () => {
    await start((invocation) => {
      if (invocation.input.type !== "press") return question("Stop eth_grid?");
      return invocation.user.id === "99" ? fault("This button waits for somebody else.", "notYours") : say("Stopped");
    });
    server.slash("stop", { bot: "eth_grid" });
    const asked = await shown("Stop eth_grid?");
    server.press(asked, "Keep", { userId: "99" });
    expect((await shown("This button waits for somebody else.")).isEphemeral).toBe(true);
    expect(script.invocations[1]?.user.id).toBe("99");
    expect(asked.buttons).toHaveLength(2);
    server.press(asked, "Keep");
    expect((await shown("Stopped")).id).toBe(asked.id);
  });

  it("under a result disappear, while the result stays and the outcome follows", async () => {
    await start((invocation) => (invocation.input.type === "press" ? say("Flat") : { ...question("0 orders left"), asks: false }));
    server.slash("status");
    const result = await shown("0 orders left");
    server.press(result, "Flatten");
    await shown("Flat");
    await server.waitFor(() => result.buttons.length === 0, "no buttons");
    expect(server.messages().map((message) => message.text)).toEqual(["0 orders left", "Flat"]);
  });

  it("are acknowledged in time when the command takes long, and a late refusal is for the presser alone", async () => {
    const { promise, finish } = later();
    await start((invocation) => (invocation.input.type === "press" ? promise : question("Sure?")));
    server.slash("stop", { bot: "eth_grid" });
    server.press(await shown("Sure?"), "Keep");
    const acknowledged = () => server.requests.filter((request) => request.path.endsWith("/callback")).length === 2;
    await server.waitFor(acknowledged, "the acknowledgement", 2_900);
    finish(fault("This button has expired.", "expired"));
    expect((await shown("This button has expired.")).isEphemeral).toBe(true);
    expect(await shown("Sure?")).toBeDefined();
  });
});

describe("faults of the platform", () => {
  it("a 429 is waited out", async () => {
    await start();
    server.failNext("POST", /\/messages$/, { status: 429, retryAfter: 0.5 });
    const at = Date.now();
    await discord.send(
      server.channelId,
      renderDiscord(say("alert"), "en")[0] ?? { embeds: [], components: [], allowed_mentions: { parse: [] } },
    );
    expect(Date.now() - at).toBeGreaterThanOrEqual(500);
    expect(server.messages().map((message) => message.text)).toEqual(["alert"]);
  });

  it.each([
    [403, "closed"],
    [404, "closed"],
    [400, "refused"],
  ] as const)("a %i is told apart as %s", async (status, kind) => {
    await start();
    server.failNext("POST", /\/messages$/, { status, message: "Missing Permissions", code: 50013 });
    const message = renderDiscord(say("alert"), "en")[0];
    if (message === undefined) throw new Error("nothing was rendered");
    await expect(discord.send(server.channelId, message)).rejects.toMatchObject({ kind, message: "Missing Permissions (50013)" });
  });

  it("the connection resumes after op 7, a close and broken sockets, and nothing is missed", async () => {
    await start();
    server.gateway.askToReconnect();
    await server.waitFor(() => server.gateway.seen.includes("resume"), "a resume");
    server.slash("status");
    await shown("heard status");
    server.dropConnections();
    await server.waitFor(() => !server.gateway.isConnected(), "the end of the connection");
    server.slash("st");
    await shown("heard st {}", 10_000);
    server.gateway.close(4000);
    await server.waitFor(() => server.gateway.seen.filter((what) => what === "resume").length === 3, "the third resume", 10_000);
    expect(script.invocations).toHaveLength(2);
  });

  it("an outage is survived", async () => {
    const { log, lines } = readableLog();
    await start(undefined, log);
    await server.goDown();
    await server.waitFor(() => lines().split("Discord is interrupted and reconnects").length > 3, "two attempts in vain", 10_000);
    await server.comeBack();
    await server.waitFor(() => server.gateway.isConnected(), "a new connection", 15_000);
    server.slash("status");
    await shown("heard status");
  });

  it("a connection closed for good is opened anew", async () => {
    const { log, lines } = readableLog();
    await start(undefined, log);
    server.gateway.close(4014);
    await server.waitFor(() => lines().includes("closed the connection for good (4014)"), "the loss in the log");
    await server.waitFor(() => server.gateway.seen.filter((what) => what === "identify").length === 2, "a second login", 10_000);
    server.slash("status");
    await shown("heard status");
    expect(lines()).not.toContain(server.token);
  });

  it("commands that the server refuses are named with the remedy, and alerts still go out", async () => {
    const { log, lines } = readableLog();
    server.failNext("PUT", /\/commands$/, { status: 403, message: "Missing Access", code: 50001 });
    await start(undefined, log, "123456789012345678");
    await server.waitFor(() => lines().includes("open the invite link"), "the remedy in the log");
    expect(lines()).toContain("guild_id=123456789012345678");
    expect(server.commands.size).toBe(0);
  });
});

describe("start", () => {
  it("gives the invite link, and refuses a wrong token with one sentence", async () => {
    await start();
    expect(discord.inviteUrl).toContain(`client_id=900001000000000001&scope=bot+applications.commands&permissions=274877926400&guild_id=`);
    const identity = await checkDiscord(server.token, server.apiRoot);
    expect(identity).toMatchObject({ applicationId: "900001000000000001", name: "Botswain" });
    await expect(checkDiscord("wrong", server.apiRoot)).rejects.toThrow("DISCORD_BOT_TOKEN");
    const wrong = { token: "wrong", apiRoot: server.apiRoot, commands: [], dispatch: script.dispatch, log: silentLog, clock: systemClock };
    await expect(startDiscord(wrong)).rejects.toThrow("Discord does not accept this bot token");
  });

  it("registers everywhere when no server is named", async () => {
    script = createScript();
    const { token, apiRoot } = server;
    discord = await startDiscord({
      token,
      apiRoot,
      commands: sampleCommands,
      dispatch: script.dispatch,
      log: silentLog,
      clock: systemClock,
    });
    expect(server.commands.get("global")).toHaveLength(3);
  });
});

it("every request of this file was checked against the official description", (context) => {
  context.skip(specsMissing, SPECS_MISSING_MESSAGE);
  expect(requestsChecked).toBeGreaterThan(60);
});
