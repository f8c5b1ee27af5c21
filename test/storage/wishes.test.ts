// What a configuration wishes and storage keeps: loud and silent alerts, budgets, a reset peak, one answer per question.

import { expect, it } from "vitest";
import type { Alert } from "../../src/core/alert.ts";
import type { BotConfig } from "../../src/core/bot-config.ts";
import type { FleetChange, Invocation } from "../../src/core/command.ts";
import type { AccountReading } from "../../src/core/status.ts";
import { plain } from "../../src/core/text.ts";
import { createAlertOutbox } from "../../src/storage/alerts.ts";
import { createBots } from "../../src/storage/bots.ts";
import { createChanges } from "../../src/storage/changes.ts";
import { createConfirmations } from "../../src/storage/confirmations.ts";
import type { Database } from "../../src/storage/database.ts";
import { botConfig, botStatus, createManualClock } from "../memory-fleet.ts";
import { onEachDatabase } from "./databases.ts";
import { AT, actor } from "./rows.ts";
import { quietSignals } from "./signals-fake.ts";

function withBudget(id: string, budget: Readonly<Record<string, string>>): BotConfig {
  const config = botConfig(id);
  return { ...config, quotas: { ...config.quotas, budget } };
}

function reading(currency: string, balance: string, parts: readonly (readonly [string, string | null])[] = [], at = AT): AccountReading {
  return { exchange: "backpack", account: "sim", currency, balance, parts: parts.map(([symbol, value]) => ({ symbol, value })), at };
}

let keys = 0;

async function change(db: Database, wish: FleetChange, now = AT) {
  const rows = await createChanges(db).commit(wish, actor(`k${++keys}`), wish.botId === null ? [] : [wish.botId], now);
  return rows[0];
}

onEachDatabase("how loudly alerts are told", ({ open }) => {
  it("is what the newest configuration of their bot says when they are read; a mute ends by itself", async () => {
    const db = await open();
    let now = AT;
    const outbox = createAlertOutbox(db, quietSignals(), () => now);
    await createBots(db, () => AT).create(botConfig("eth_grid", { notify: { note: "silent", halted: "silent", "*": "off" } }));
    const about = (botId: string | null, body: "note" | "resource" | "halted"): Alert => {
      const where = { botId, mode: "sim", at: AT } as const;
      return body === "halted" ? { type: body, reason: plain("x"), ...where } : { type: body, message: plain("x"), ...where };
    };
    for (const alert of [about("eth_grid", "note"), about("eth_grid", "resource"), about("eth_grid", "halted"), about(null, "resource")])
      await outbox.raise(alert);
    expect((await outbox.after(0, 10)).map(({ level }) => level)).toEqual(["silent", "off", "silent", "on"]);
    const notify = { note: { level: "off", until: AT + 1_000, after: "on" } } as const;
    await change(db, { type: "adjust", botId: "eth_grid", params: {}, fields: { notify } });
    expect((await outbox.after(0, 10)).map(({ level }) => level)).toEqual(["off", "on", "on", "on"]);
    now = AT + 1_000;
    expect((await outbox.after(0, 1)).map(({ level }) => level)).toEqual(["on"]);
  });
});

onEachDatabase("budgets", ({ open }) => {
  it("a start beyond what is free is refused with the numbers, and nothing is wanted of the bot", async () => {
    const db = await open();
    const bots = createBots(db, () => AT);
    await bots.create(withBudget("one", { USDC: "600" }));
    await bots.create(withBudget("two", { USDC: "500", "backpack/sim/SOL": "1" }));
    await bots.create(withBudget("abroad", { "other/main/USDC": "9000" }));
    await bots.saveStatus(
      botStatus(botConfig("one"), { accounts: [reading("USDC", "990", [["ETH/USDC:USDC", "10"]]), reading("SOL", "2")] }),
    );
    await change(db, { type: "start", botId: "one" });
    await expect(change(db, { type: "start", botId: "two" })).rejects.toThrow(
      "two needs a budget of 500 USDC on backpack/sim, but only 400 of 1000 is free (600 is taken by started bots)",
    );
    expect((await bots.get("two"))?.desired).toBe("stopped");
    // Its own share is not counted twice.
    expect(await change(db, { type: "start", botId: "one" })).toMatchObject({ state: "pending" });
    await change(db, { type: "stop", botId: "one", flatten: false });
    expect(await change(db, { type: "start", botId: "two" })).toMatchObject({ state: "pending" });
  });

  it("of two starts at once that do not fit together, one is refused", async () => {
    const db = await open();
    const bots = createBots(db, () => AT);
    for (const id of ["one", "two"]) await bots.create(withBudget(id, { USDC: "600" }));
    await bots.saveStatus(botStatus(botConfig("one"), { accounts: [reading("USDC", "1000")] }));
    const both = await Promise.allSettled(["one", "two"].map((botId) => change(db, { type: "start", botId })));
    expect(both.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"]);
  });

  it.each([
    ["a position that nobody can value now", reading("USDC", "100", [["ETH/USDC:USDC", null]])],
    ["a balance from the day before yesterday", reading("USDC", "100", [], AT - 2 * 86_400_000)],
  ])("is not held against %s", async (_, told) => {
    const db = await open();
    const bots = createBots(db, () => AT);
    await bots.create(withBudget("one", { USDC: "600" }));
    await bots.saveStatus(botStatus(botConfig("one"), { accounts: [told] }));
    expect(await change(db, { type: "start", botId: "one" })).toMatchObject({ state: "pending" });
    expect(await createAlertOutbox(db, quietSignals()).after(0, 10)).toHaveLength(1);
  });

  it("an account whose worth nobody has told is not guarded, which is said", async () => {
    const db = await open();
    await createBots(db, () => AT).create(withBudget("abroad", { "other/main/USDC": "9000" }));
    expect(await change(db, { type: "start", botId: "abroad" })).toMatchObject({ state: "pending" });
    const alerts = await createAlertOutbox(db, quietSignals()).after(0, 10);
    expect(alerts.map(({ alert }) => alert)).toMatchObject([{ type: "resource", botId: "abroad" }]);
    expect(JSON.stringify(alerts)).toContain("9000 USDC (other/main) is not enforced");
  });
});

onEachDatabase("fields of a configuration", ({ open }) => {
  it("change with the parameters as one version, optional ones can be taken away, a failure takes all back", async () => {
    const db = await open();
    const bots = createBots(db, () => AT);
    await bots.create(botConfig("eth_grid", { runFor: "8h", params: { a: 1 } }));
    const before = await bots.get("eth_grid");
    const schedule = { windows: [{ from: "09:00", to: "17:00" }], outside: "stop" as const };
    const wish = { type: "adjust", botId: "eth_grid", params: { a: 2 }, fields: { runFor: null, schedule } } as const;
    const row = await change(db, wish);
    expect(await bots.get("eth_grid")).toMatchObject({ configVersion: 2, config: { params: { a: 2 }, schedule } });
    expect((await bots.get("eth_grid"))?.config).not.toHaveProperty("runFor");
    await createChanges(db).finish(row?.id ?? "", { botId: "eth_grid", outcome: "failed", message: plain("no"), status: null });
    expect(await bots.get("eth_grid")).toEqual(before);
  });

  it("a resume that resets the peak lifts the halt and says since when, as a version of the configuration", async () => {
    const db = await open();
    const bots = createBots(db, () => AT);
    await bots.create(botConfig("eth_grid"));
    await bots.halt("eth_grid", "risk", plain("fell too far"));
    const row = await change(db, { type: "resume", botId: "eth_grid", resetPeak: true }, AT + 5);
    expect(row).toMatchObject({ configVersion: 2, change: { type: "resume", resetPeak: true } });
    expect(await bots.get("eth_grid")).toMatchObject({ halt: null, desired: "running", config: { risk: { drawdownSince: AT + 5 } } });
    expect((await change(db, { type: "resume", botId: "eth_grid" }))?.configVersion).toBeNull();
  });
});

onEachDatabase("the choices of one question", ({ open }) => {
  const press: Invocation = {
    ...{ frontend: "telegram", user: { id: "42", name: "Ann" }, chat: { id: "42", isPrivate: true }, messageId: "1" },
    ...{ input: { type: "press", token: "" }, language: "en" },
  };

  it("are used up together, whoever is pressed first; other questions stay", async () => {
    const confirmations = createConfirmations(await open(), createManualClock());
    const [keep = "", flatten = ""] = await confirmations.askAll(["/stop a keep", "/stop a flatten"], press, 60_000);
    const other = await confirmations.ask("/start b", press, 60_000);
    const both = await Promise.all([confirmations.redeem(keep, press), confirmations.redeem(flatten, press)]);
    expect(both.filter(({ ok }) => ok)).toHaveLength(1);
    expect(both.filter(({ ok }) => !ok)).toEqual([{ ok: false, why: "used" }]);
    expect(await confirmations.redeem(flatten, press)).toEqual({ ok: false, why: "used" });
    expect(await confirmations.redeem(other, press)).toEqual({ ok: true, line: "/start b" });
    expect(Buffer.byteLength(flatten)).toBeLessThanOrEqual(40);
  });
});
