// Alerts on their way from the outbox to Telegram and Discord: order, coalescing, faults, restarts.

import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { alertsReply, nextGroup } from "../../src/bot/alert-reply.ts";
import { startDelivery } from "../../src/bot/delivery.ts";
import { type AlertTargets, alertTargets } from "../../src/bot/delivery-targets.ts";
import { type DiscordFrontend, startDiscord } from "../../src/bot/discord.ts";
import { renderPlain } from "../../src/bot/render.ts";
import { startTelegram, type TelegramFrontend } from "../../src/bot/telegram.ts";
import type { Alert, AlertOutbox, StoredAlert } from "../../src/core/alert.ts";
import { plain } from "../../src/core/text.ts";
import { type FakeDiscord, startFakeDiscord } from "../fakes/discord-server.ts";
import { SPECS_MISSING_MESSAGE, specsMissing } from "../fakes/specs.ts";
import { type FakeTelegram, startFakeTelegram } from "../fakes/telegram-server.ts";
import { createScript, readableLog, silentLog, systemClock } from "./sample.ts";

const AT = Date.UTC(2026, 0, 2, 3, 4, 5);

function fill(tradeId: number, botId = "eth_grid"): Alert {
  const money = {
    price: "2000.50",
    quantity: "0.1",
    fee: "0.04",
    feeCurrency: "USDC",
    position: "0.1",
    realizedPnl: "0",
    currency: "USDC",
  };
  const trade = { symbol: "ETH/USDC:USDC", side: "buy", liquidity: "maker", tradeId: String(tradeId), ...money } as const;
  return { type: "filled", ...trade, botId, mode: "sim", at: AT };
}

function crash(pid: number): Alert {
  return { type: "crashed", cause: "killed by SIGKILL", pid, epoch: 3, restartInMs: 500, botId: "eth_grid", mode: "sim", at: AT };
}

function note(message: string): Alert {
  return { type: "note", message: plain(message), botId: null, mode: "sim", at: AT };
}

interface MemoryOutbox extends AlertOutbox {
  raise(...alerts: readonly Alert[]): void;
  raiseAs(level: "on" | "silent" | "off", alert: Alert): void;
  readonly cursors: Map<string, number>;
  readonly chats: { frontend: "telegram" | "discord"; chatId: string }[];
}

/** What storage does, in memory. */
function createOutbox(): MemoryOutbox {
  const stored: StoredAlert[] = [];
  const listeners = new Set<() => void>();
  const cursors = new Map<string, number>();
  const chats: MemoryOutbox["chats"] = [];
  return {
    cursors,
    chats,
    raise(...alerts) {
      for (const alert of alerts) stored.push({ sequence: stored.length + 1, alert });
      for (const listener of listeners) listener();
    },
    raiseAs(level, alert) {
      stored.push({ sequence: stored.length + 1, alert, level });
      for (const listener of listeners) listener();
    },
    after: async (sequence, limit) => stored.filter((entry) => entry.sequence > sequence).slice(0, limit),
    async cursor(target) {
      const at = cursors.get(target) ?? stored.length;
      cursors.set(target, at);
      return at;
    },
    async advance(target, sequence) {
      cursors.set(target, sequence);
    },
    targets: async () => chats,
    onRaised(callback) {
      listeners.add(callback);
      return () => listeners.delete(callback);
    },
  };
}

let discordServer: FakeDiscord;
let telegramServer: FakeTelegram;
let outbox: MemoryOutbox;
let delivery: { stop(): Promise<void> } | null;
let frontends: (TelegramFrontend | DiscordFrontend)[];
let requestsChecked = 0;

beforeEach(async () => {
  discordServer = await startFakeDiscord();
  telegramServer = await startFakeTelegram();
  outbox = createOutbox();
  delivery = null;
  frontends = [];
});

afterEach(async () => {
  await delivery?.stop();
  await Promise.all(frontends.map((frontend) => frontend.stop()));
  requestsChecked += discordServer.requests.length + telegramServer.requests.length;
  await discordServer.stop();
  await telegramServer.stop();
  expect([...discordServer.violations, ...telegramServer.violations]).toEqual([]);
});

async function deliver(targets: AlertTargets, log = silentLog): Promise<void> {
  delivery = startDelivery({ outbox, targets, log, gapMs: 50 });
  const names = targets.fixed.map((target) => target.name);
  await discordServer.waitFor(() => names.every((name) => outbox.cursors.has(name)), "the first look");
}

function webhookTargets(): AlertTargets {
  return alertTargets({ webhookUrl: discordServer.webhookUrl });
}

const WEBHOOK = /^\/webhooks\/\d+\/[\w-]+$/;

function posted(words: string, channelId = discordServer.webhookChannelId, deadlineMs?: number) {
  const look = () => discordServer.messages(channelId).find((message) => message.text.includes(words));
  return discordServer.waitFor(look, `"${words}"`, deadlineMs);
}

async function startBoth(): Promise<AlertTargets> {
  const { dispatch } = createScript();
  const shared = { commands: [], dispatch, log: silentLog, clock: systemClock };
  const telegram = await startTelegram({ token: telegramServer.token, apiRoot: telegramServer.url, ...shared });
  const discord = await startDiscord({ token: discordServer.token, apiRoot: discordServer.apiRoot, ...shared });
  frontends = [telegram, discord];
  const { channelId, webhookUrl } = discordServer;
  return alertTargets({ telegram, discord, channelId, webhookUrl });
}

describe("levels", () => {
  it("silent alerts arrive without a sound everywhere, what is off arrives nowhere, and the rest stays in order", async () => {
    const targets = await startBoth();
    outbox.chats.push({ frontend: "telegram", chatId: "-500" });
    await deliver(targets);
    await discordServer.waitFor(() => outbox.cursors.has("telegram:-500"), "the chat's first look");
    outbox.raiseAs("off", fill(1));
    outbox.raiseAs("silent", crash(77));
    outbox.raiseAs("off", note("nobody hears this"));
    await discordServer.waitFor(() => [...outbox.cursors.values()].every((cursor) => cursor === 3), "the cursors");
    outbox.raiseAs("silent", note("quiet"));
    outbox.raiseAs("on", note("loud"));
    await discordServer.waitFor(() => [...outbox.cursors.values()].every((cursor) => cursor === 5), "the cursors");
    const told = discordServer.messages(discordServer.channelId);
    expect(told[0]?.text).toContain("crashed");
    expect(JSON.stringify(told)).not.toContain("nobody hears this");
    const flags = discordServer.requests.flatMap(({ method, path, body }) =>
      method === "POST" && (/\/channels\/\d+\/messages$/.test(path) || WEBHOOK.test(path)) ? [(body as { flags?: number }).flags] : [],
    );
    expect(flags.filter((flag) => flag === 4096).length).toBeGreaterThanOrEqual(2);
    expect(flags).toContain(undefined);
    const sent = telegramServer.requests.filter(({ method }) => method === "sendMessage").map(({ payload }) => payload);
    expect(sent.find(({ text }) => String(text).includes("crashed"))).toMatchObject({ disable_notification: true });
    expect(sent.find(({ text }) => String(text).includes("loud"))).not.toHaveProperty("disable_notification");
  });
});

describe("the incoming webhook", () => {
  it("suffices alone, and an alert shows bot, mode and time", async () => {
    await deliver(webhookTargets());
    outbox.raise(fill(1));
    const message = await posted("eth_grid [sim]: filled");
    expect(message.text).toContain("buy 0.1 ETH/USDC:USDC at 2000.50");
    expect(message.text).toContain("2026-01-02 03:04:05 UTC");
    await discordServer.waitFor(() => [...outbox.cursors.values()][0] === 1, "the cursor");
  });

  it("keeps its token out of the outbox and the log", async () => {
    const { log, lines } = readableLog();
    await deliver(webhookTargets(), log);
    discordServer.failNext("POST", WEBHOOK, { status: 0, drop: true });
    outbox.raise(fill(1));
    await posted("filled");
    expect(lines()).toContain("could not be reached");
    expect(`${lines()} ${[...outbox.cursors.keys()].join()}`).not.toContain("fake-webhook-token");
  });

  it("refuses an address that is none", () => {
    expect(() => alertTargets({ webhookUrl: "https://discord.com/channels/1/2" })).toThrow("DISCORD_ALERT_WEBHOOK_URL");
  });
});

describe("a target", () => {
  it("gets a burst as digests in order, and critical alerts as messages of their own", async () => {
    await deliver(webhookTargets());
    outbox.raise(...Array.from({ length: 40 }, (_, index) => fill(index)), crash(77), note("backup done"), fill(99));
    await posted("2 alerts");
    const texts = discordServer.messages().map((message) => message.text);
    expect(texts).toHaveLength(3);
    expect(texts[0]).toContain("40 alerts");
    expect(texts[0]).toContain("and 25 more: eth_grid [sim]: filled × 25");
    expect(texts[1]).toContain("eth_grid [sim]: crashed");
    expect(texts[1]).toContain("pid 77");
    expect(texts[2]).toContain("backup done");
  });

  it("waits out a 429 and misses nothing", async () => {
    await deliver(webhookTargets());
    discordServer.failNext("POST", WEBHOOK, { status: 429, retryAfter: 0.7 });
    const at = Date.now();
    outbox.raise(crash(1));
    await posted("pid 1");
    expect(Date.now() - at).toBeGreaterThanOrEqual(700);
    expect(discordServer.messages()).toHaveLength(1);
  });

  it("is tried again after 500 and an outage, and the cursor moves only when Discord has the alert", async () => {
    await deliver(webhookTargets());
    discordServer.failNext("POST", WEBHOOK, { status: 500 });
    outbox.raise(crash(1));
    await discordServer.waitFor(() => discordServer.requests.length >= 1, "the attempt");
    expect([...outbox.cursors.values()]).toEqual([0]);
    await discordServer.goDown();
    outbox.raise(crash(2));
    await discordServer.comeBack();
    await posted("pid 2", undefined, 10_000);
    expect(discordServer.messages().map((message) => /pid \d/.exec(message.text)?.[0])).toEqual(["pid 1", "pid 2"]);
  });

  it("continues where it stood after a restart", async () => {
    await deliver(webhookTargets());
    outbox.raise(fill(1));
    await discordServer.waitFor(() => [...outbox.cursors.values()][0] === 1, "the cursor");
    await delivery?.stop();
    outbox.raise(fill(2, "btc_grid"));
    await deliver(webhookTargets());
    await posted("btc_grid");
    expect(discordServer.messages()).toHaveLength(2);
  });

  it("passes over what the platform refuses for good", async () => {
    const { log, lines } = readableLog();
    await deliver(webhookTargets(), log);
    discordServer.failNext("POST", WEBHOOK, { status: 400, code: 50035 });
    outbox.raise(crash(1), crash(2));
    await posted("pid 2");
    expect(lines()).toContain("passed over");
  });
});

describe("several targets", () => {
  it("channel, webhook and enrolled chats each get everything, and a failing one silences no other", async () => {
    outbox.chats.push({ frontend: "telegram", chatId: "-500" }, { frontend: "discord", chatId: discordServer.channelId });
    const targets = await startBoth();
    telegramServer.failNext("sendMessage", { status: 403, description: "Forbidden: bot was kicked from the supergroup chat" });
    await deliver(targets);
    await discordServer.waitFor(() => outbox.cursors.size === 3, "three targets, the enrolled channel being the one of the settings");
    outbox.raise(crash(1));
    await posted("pid 1");
    await posted("pid 1", discordServer.channelId);
    expect(discordServer.messages()).toHaveLength(2);
    expect(outbox.cursors.get("telegram:-500")).toBe(0);
  });

  it("a chat enrolled later gets what is raised from then on, and one taken off gets nothing more", async () => {
    await deliver(await startBoth());
    outbox.raise(crash(1));
    outbox.chats.push({ frontend: "telegram", chatId: "-500" });
    await telegramServer.waitFor(() => outbox.cursors.has("telegram:-500"), "the enrolled chat");
    outbox.raise(crash(2));
    await telegramServer.waitFor(() => telegramServer.messages(-500).some((message) => message.text.includes("pid 2")), "the alert");
    expect(telegramServer.messages(-500)).toHaveLength(1);
    expect(telegramServer.messages(-500)[0]?.html).toContain("❌ <b>eth_grid [sim]: crashed</b>");
    outbox.chats.pop();
    await posted("pid 2");
    await telegramServer.waitFor(() => outbox.cursors.get("telegram:-500") === 2, "the cursor");
  });
});

describe("digests", () => {
  const stored = (...alerts: readonly Alert[]): StoredAlert[] => alerts.map((alert, index) => ({ sequence: index + 1, alert }));

  it("end before a critical alert, which stands alone", () => {
    const waiting = stored(fill(1), note("a"), crash(1), fill(2));
    expect(nextGroup(waiting).map((entry) => entry.sequence)).toEqual([1, 2]);
    expect(nextGroup(waiting.slice(2)).map((entry) => entry.sequence)).toEqual([3]);
    expect(nextGroup(waiting.slice(3)).map((entry) => entry.sequence)).toEqual([4]);
    expect(nextGroup([])).toEqual([]);
  });

  it("never count a warning away", () => {
    const stale: Alert = { type: "feedStale", symbol: "BTC/USDC:USDC", ageMs: 5_000, botId: "btc_grid", mode: "live", at: AT };
    const reply = alertsReply([...Array.from({ length: 30 }, (_, index) => fill(index)), stale]);
    const text = renderPlain(reply, "en");
    expect(text).toContain("01-02 03:04:05 btc_grid [LIVE]: no market data of BTC/USDC:USDC for 5 s");
    expect(text).toContain("and 16 more: eth_grid [sim]: filled × 16");
    expect(text.split("\n")).toHaveLength(1 + 15 + 1);
    expect(renderPlain(reply, "zh-TW")).toContain("另有 16 則");
  });
});

it("every request of this file was checked against the official description", (context) => {
  context.skip(specsMissing, SPECS_MISSING_MESSAGE);
  expect(requestsChecked).toBeGreaterThan(20);
});
