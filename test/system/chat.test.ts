// The main job from the chat: Telegram starts a bot, Discord shows its fills and its crash, a stranger gets nowhere.

import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type FakeDiscord, startFakeDiscord } from "../fakes/discord-server.ts";
import { SPECS_MISSING_MESSAGE, specsMissing } from "../fakes/specs.ts";
import { type FakeTelegram, startFakeTelegram } from "../fakes/telegram-server.ts";
import { expectSameBooks, openAtExchange } from "./books.ts";
import { FleetUnderTest, until } from "./fleet.ts";

const OPERATOR = 42;
const STRANGER = 666;

describe("from the chat", () => {
  let telegram: FakeTelegram;
  let discord: FakeDiscord;
  let fleet: FleetUnderTest;

  beforeAll(async () => {
    telegram = await startFakeTelegram();
    discord = await startFakeDiscord();
    fleet = new FleetUnderTest({
      TELEGRAM_BOT_TOKEN: telegram.token,
      TELEGRAM_API_ROOT: telegram.url,
      TELEGRAM_ALLOWED_USERS: `${OPERATOR}:admin`,
      DISCORD_BOT_TOKEN: discord.token,
      DISCORD_GUILD_ID: discord.guildId,
      DISCORD_API_ROOT: discord.apiRoot,
      DISCORD_ALERT_CHANNEL_ID: discord.channelId,
    });
    await fleet.up();
  }, 90_000);

  afterAll(async () => {
    await fleet.destroy();
    await telegram.stop();
    await discord.stop();
  }, 60_000);

  const answerTo = (since: number, pattern: RegExp, chat = OPERATOR, deadlineMs = 30_000) =>
    until(
      `Telegram says ${pattern}`,
      async () => telegram.messages(chat).find((message) => message.sentAt >= since && pattern.test(message.text)),
      deadlineMs,
    );

  const postedIn = (pattern: RegExp, deadlineMs = 60_000) =>
    until(
      `Discord shows ${pattern}`,
      async () => discord.messages(discord.channelId).find((message) => pattern.test(message.text)),
      deadlineMs,
    );

  it("a typed /start runs the bot and the reply is edited into the verified outcome", async () => {
    const since = Date.now();
    telegram.say("/start eth_grid", { from: OPERATOR });
    const reply = await answerTo(since, /eth_grid \[sim\].*started/s);
    expect(reply.text).toMatch(/running/);
    telegram.say("/status eth_grid", { from: OPERATOR });
    expect((await answerTo(since, /Net PnL/)).text).toContain("eth_grid");
  }, 60_000);

  it("answers in Traditional Chinese to whoever speaks it", async () => {
    const since = Date.now();
    telegram.say("/bots", { from: OPERATOR, language: "zh-hant" });
    await answerTo(since, /個機器人/);
  });

  it("its fills arrive in the Discord channel", async () => {
    const message = await postedIn(/eth_grid[\s\S]*(bought|sold|buy|sell)/i, 90_000);
    expect(message.text).toMatch(/sim/);
  }, 100_000);

  it("a stranger is refused, nothing is enqueued, and /whoami tells ids only", async () => {
    const since = Date.now();
    telegram.say("/stop eth_grid", { from: STRANGER });
    await answerTo(since, /./, STRANGER);
    expect((await fleet.status("eth_grid")).desired).toBe("running");
    for (const message of telegram.messages(STRANGER)) expect(message.text).not.toMatch(/eth_grid|Net|running/);
    const later = Date.now();
    telegram.say("/whoami", { from: STRANGER });
    expect((await answerTo(later, /666/, STRANGER)).text).not.toMatch(/eth_grid/);
  });

  it("kill -9 of the instance: a crash alert, a new epoch, no duplicate and no orphan order", async () => {
    const before = await fleet.status("eth_grid");
    process.kill(before.pid ?? -1, "SIGKILL");
    await postedIn(/eth_grid[\s\S]*(crash|died|killed)/i);
    const after = await until("eth_grid is back", async () => {
      const status = await fleet.status("eth_grid");
      return status.epoch > before.epoch && status.state === "running" ? status : undefined;
    });
    expect(after.fills).toBeGreaterThanOrEqual(before.fills);
    const rows = (await fleet.exec("/orders eth_grid")).data as { orders: { clientOrderId: string }[] };
    await until("every open order is in the database", async () => {
      const stored = new Set(((await fleet.exec("/orders eth_grid")).data as typeof rows).orders.map((order) => order.clientOrderId));
      return (await openAtExchange(fleet, after.symbol)).every((order) => stored.has(String(order.clientId)));
    });
  }, 90_000);

  it("a restart of the whole system resumes the bot, and Telegram still answers", async () => {
    const before = await fleet.status("eth_grid");
    await fleet.down();
    await fleet.up();
    await until("eth_grid resumes", async () => {
      const status = await fleet.status("eth_grid");
      return status.state === "running" && status.epoch > before.epoch;
    });
    const since = Date.now();
    telegram.say("/status eth_grid", { from: OPERATOR });
    await answerTo(since, /Net PnL/);
  }, 120_000);

  it("a slash command in Discord is heard from an enrolled person only", async () => {
    const person = { userId: "900000000000000001", name: "Bo", channelId: discord.channelId };
    const asked = discord.slash("status", { bot: "eth_grid" }, person);
    const refusal = await until("the refusal", async () =>
      discord.messages().find((message) => message.interactionId === asked && message.text !== ""),
    );
    expect(refusal.text).not.toMatch(/Net PnL/);
    const added = await fleet.exec("/users add discord:900000000000000001 operator Bo");
    expect(added.ok, added.text).toBe(true);
    const again = discord.slash("status", { bot: "eth_grid" }, person);
    const answer = await until("the status", async () =>
      discord.messages().find((message) => message.interactionId === again && message.text !== ""),
    );
    expect(answer.text).toMatch(/eth_grid[\s\S]*Net PnL/);
  }, 60_000);

  it("/panic needs no confirmation and nothing starts again before /panic clear", async () => {
    const since = Date.now();
    telegram.say("/panic eth_grid", { from: OPERATOR });
    await answerTo(since, /verified/);
    const status = await fleet.status("eth_grid");
    expect(status.state).toBe("halted");
    expect(await openAtExchange(fleet, status.symbol)).toEqual([]);
    const refused = await fleet.exec("/start eth_grid");
    expect(refused.ok).toBe(false);
    expect(refused.text).toContain("/panic clear");
    expect((await fleet.exec("/panic clear eth_grid")).ok).toBe(true);
    await fleet.start("eth_grid");
    expect((await fleet.exec("/stop eth_grid flatten")).ok).toBe(true);
    const flat = await fleet.status("eth_grid");
    expect(Number(flat.position)).toBe(0);
    await expectSameBooks(fleet, "eth_grid", flat.symbol);
  }, 120_000);

  it(`every request that the bots sent fits the official descriptions${specsMissing ? ` (${SPECS_MISSING_MESSAGE})` : ""}`, (context) => {
    if (specsMissing) context.skip(SPECS_MISSING_MESSAGE);
    expect(telegram.violations).toEqual([]);
    expect(discord.violations).toEqual([]);
  });
});
