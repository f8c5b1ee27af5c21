// What a first start puts into the database, and that a later one brings nothing back that people took out.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { presetBots } from "../../src/cli/presets.ts";
import { seedDatabase } from "../../src/cli/seeds.ts";
import { loadSettings } from "../../src/cli/settings.ts";
import { createBots } from "../../src/storage/bots.ts";
import { type Database, openDatabase } from "../../src/storage/database.ts";
import { createUsers } from "../../src/storage/users.ts";
import { loadStrategies } from "../../src/strategies/index.ts";

let home: string;
let db: Database;
beforeEach(async () => {
  home = mkdtempSync(join(tmpdir(), "botswain-seeds-"));
  db = await openDatabase(`file:${home}/botswain.db`);
});
afterEach(async () => {
  await db.close();
  rmSync(home, { recursive: true, force: true });
});

function settings(env: NodeJS.ProcessEnv = {}) {
  return loadSettings({ BOTSWAIN_HOME: home, BOTSWAIN_ENV_FILE: "", ...env });
}

test("a first start has the local admin, the preset bots, and the people and chats of the settings", async () => {
  await seedDatabase(
    db,
    settings({ TELEGRAM_ALLOWED_USERS: "1:admin,2", DISCORD_ALLOWED_USERS: "3:viewer", DISCORD_ALERT_CHANNEL_ID: "123456789012345678" }),
  );
  const users = createUsers(db);
  expect((await users.list()).map(({ frontend, id, role }) => `${frontend} ${id} ${role}`).sort()).toEqual([
    "discord 3 viewer",
    "telegram 1 admin",
    "telegram 2 operator",
    "terminal local admin",
  ]);
  expect((await createBots(db).list()).map(({ id, desired }) => `${id} ${desired}`)).toEqual([
    "eth_grid stopped",
    "btc_grid stopped",
    "sol_grid stopped",
  ]);
  expect(await users.isChatAllowed("discord", "123456789012345678")).toBe(true);
  expect(await users.isChatAllowed("telegram", "-1001")).toBe(false);
});

test("who was removed or given another role stays so, whoever is new is added", async () => {
  const users = createUsers(db);
  await seedDatabase(db, settings({ TELEGRAM_ALLOWED_USERS: "1:admin,2:admin" }));
  await users.remove("telegram", "1");
  await users.put({ frontend: "telegram", id: "2", name: "two", role: "viewer" });
  await seedDatabase(db, settings({ TELEGRAM_ALLOWED_USERS: "1:admin,2:admin,4" }));
  expect(await users.find("telegram", "1")).toBeUndefined();
  expect((await users.find("telegram", "2"))?.role).toBe("viewer");
  expect((await users.find("telegram", "4"))?.role).toBe("operator");
});

test("the presets are valid for their strategy and stay within their own limits", async () => {
  const grid = (await loadStrategies()).get("grid");
  for (const bot of presetBots()) {
    const parsed = grid?.params.safeParse(bot.params);
    expect(parsed?.success, JSON.stringify(parsed?.error?.issues)).toBe(true);
    expect(Number(bot.risk.maxPosition)).toBeGreaterThanOrEqual(Number(bot.params.orderQuantity) * Number(bot.params.gridNum));
    expect(bot.risk.maxOpenOrders).toBeGreaterThanOrEqual(Number(bot.params.gridNum));
  }
});
