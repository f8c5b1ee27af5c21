// What a database holds after its first start: the local admin, the people and chats of the settings, the preset bots. Each once:
// somebody whom an admin removed does not come back at the next start.

import type { Frontend, Role } from "../core/command.ts";
import { createBots } from "../storage/bots.ts";
import type { Database } from "../storage/database.ts";
import { createUsers, type UserStore } from "../storage/users.ts";
import { presetBots } from "./presets.ts";
import type { Settings } from "./settings.ts";

/** Puts in what was never put in before. */
export async function seedDatabase(db: Database, settings: Settings): Promise<void> {
  const users = createUsers(db);
  const bots = createBots(db);
  await once(db, "user:terminal:local", () => users.put({ frontend: "terminal", id: "local", name: "local", role: "admin" }));
  for (const frontend of ["telegram", "discord"] as const) {
    for (const { id, role } of settings[frontend].allowedUsers)
      await once(db, `user:${frontend}:${id}`, () => putNew(users, frontend, id, role));
  }
  await enrolChats(users, settings);
  for (const config of presetBots()) {
    await once(db, `bot:${config.id}`, async () => {
      if ((await bots.get(config.id)) === null) await bots.create(config);
    });
  }
}

/** Chats follow the settings at every start: they say where commands and alerts belong. */
async function enrolChats(users: UserStore, { telegram, discord }: Settings): Promise<void> {
  for (const chatId of telegram.allowedChats) await users.enrolChat("telegram", chatId, true);
  // Without a chat for alerts, each person hears them in private; there the chat's id is the person's.
  if (telegram.allowedChats.length === 0) for (const { id } of telegram.allowedUsers) await users.enrolChat("telegram", id, true);
  if (discord.alertChannelId !== null) await users.enrolChat("discord", discord.alertChannelId, true);
}

/** Somebody who was paired or added before keeps the role that he has. */
async function putNew(users: UserStore, frontend: Frontend, id: string, role: Role): Promise<void> {
  if ((await users.find(frontend, id)) === undefined) await users.put({ frontend, id, name: id, role });
}

/** Does `work` unless this database remembers it; a crash in between repeats it, so `work` must bear that. */
async function once(db: Database, what: string, work: () => Promise<unknown>): Promise<void> {
  const key = `seeded:${what}`;
  if ((await db.prisma.setting.findUnique({ where: { key } })) !== null) return;
  await work();
  await db.transact((tx) => tx.setting.upsert({ where: { key }, create: { key, value: "yes" }, update: {} }));
}
