// Who may give commands, where, and how the first administrator is enrolled.

import { createHash, randomInt } from "node:crypto";
import { sqltag as sql } from "@prisma/client/runtime/client";
import type { Frontend, Role, UserRow, Users } from "../core/command.ts";
import type { Database, Transaction } from "./database.ts";
import type { User } from "./generated/sqlite/client.ts";

export interface UserStore extends Users {
  /** A one-time code to be typed as `/pair CODE`; only its hash is stored. Lifetime in ms. */
  createPairingCode(ttlMs: number): Promise<string>;
  /** Lets a chat carry commands and, with `alerts`, be told alerts; enrolling again sets `alerts` anew. */
  enrolChat(frontend: Frontend, chatId: string, alerts: boolean): Promise<void>;
}

/** Without characters that look alike; 32 of them, so ten make 50 bits. */
const CODE_ALPHABET = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789";
const CODE_LENGTH = 10;

/** People and chats of a database. `now` gives epoch ms. */
export function createUsers(db: Database, now: () => number = Date.now): UserStore {
  const { prisma } = db;
  return {
    list: async () => (await prisma.user.findMany({ orderBy: [{ frontend: "asc" }, { id: "asc" }] })).map(toRow),
    find: async (frontend, id) => {
      const row = await prisma.user.findUnique({ where: { frontend_id: { frontend, id } } });
      return row === null ? undefined : toRow(row);
    },
    put: (user) => db.transact((tx) => putUser(tx, user)),
    remove: (frontend, id) => db.transact(async (tx) => (await tx.user.deleteMany({ where: { frontend, id } })).count > 0),
    pair: (code, user, chatId) =>
      db.transact(async (tx) => {
        const at = BigInt(now());
        const where = { hash: hashOf(code), usedAt: null, expiresAt: { gt: at } };
        const redeemed = await tx.pairingCode.updateMany({ where, data: { usedAt: at } });
        if (redeemed.count === 0) return false;
        await putUser(tx, { ...user, role: "admin" });
        await putChat(tx, user.frontend, chatId, true, at);
        return true;
      }),
    isChatAllowed: async (frontend, chatId) => (await prisma.chat.count({ where: { frontend, chatId } })) > 0,
    createPairingCode: async (ttlMs) => {
      const code = Array.from({ length: CODE_LENGTH }, () => CODE_ALPHABET[randomInt(CODE_ALPHABET.length)]).join("");
      await db.transact(async (tx) => {
        await tx.pairingCode.deleteMany({ where: { expiresAt: { lte: BigInt(now()) } } });
        await tx.pairingCode.create({ data: { hash: hashOf(code), expiresAt: BigInt(now() + ttlMs) } });
      });
      return `${code.slice(0, CODE_LENGTH / 2)}-${code.slice(CODE_LENGTH / 2)}`;
    },
    enrolChat: async (frontend, chatId, alerts) => {
      await db.transact((tx) => putChat(tx, frontend, chatId, alerts, BigInt(now())));
    },
  };
}

function toRow(row: User): UserRow {
  return { frontend: row.frontend as Frontend, id: row.id, name: row.name, role: row.role as Role };
}

/** Codes are typed by people: case, spaces and hyphens do not matter. */
function hashOf(code: string): string {
  return createHash("sha256").update(code.toUpperCase().replace(/[\s-]/g, "")).digest("hex");
}

async function putUser(tx: Transaction, user: UserRow): Promise<void> {
  await tx.$executeRaw(sql`
    INSERT INTO users ("frontend", "id", "name", "role") VALUES (${user.frontend}, ${user.id}, ${user.name}, ${user.role})
    ON CONFLICT ("frontend", "id") DO UPDATE SET "name" = excluded."name", "role" = excluded."role"`);
}

async function putChat(tx: Transaction, frontend: Frontend, chatId: string, alerts: boolean, at: bigint): Promise<void> {
  await tx.$executeRaw(sql`
    INSERT INTO chats ("frontend", "chatId", "alerts", "at") VALUES (${frontend}, ${chatId}, ${alerts}, ${at})
    ON CONFLICT ("frontend", "chatId") DO UPDATE SET "alerts" = excluded."alerts"`);
}
