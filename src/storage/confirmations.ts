// Questions that wait for a button: a random token, good once, for one user in one chat, for a while.

import { createHash, randomBytes } from "node:crypto";
import type { Confirmations } from "../core/command.ts";
import type { Clock } from "../core/ports.ts";
import type { Database } from "./database.ts";

/** Used and expired ones are kept this long, so that a late press is told why. */
const KEPT_MS = 86_400_000;

export function createConfirmations(db: Database, clock: Clock): Confirmations {
  return {
    ask: async (line, { frontend, user, chat }, ttlMs) => {
      // 128 bits in 22 characters: fits a button of any chat, cannot be guessed.
      const token = randomBytes(16).toString("base64url");
      const now = clock.now();
      const row = { hash: hashOf(token), frontend, userId: user.id, chatId: chat.id, line, expiresAt: BigInt(now + ttlMs) };
      await db.transact(async (tx) => {
        await tx.confirmation.deleteMany({ where: { expiresAt: { lt: BigInt(now - KEPT_MS) } } });
        await tx.confirmation.create({ data: row });
      });
      return token;
    },
    redeem: (token, { frontend, user, chat }) =>
      db.transact(async (tx) => {
        const hash = hashOf(token);
        const now = BigInt(clock.now());
        const row = await tx.confirmation.findUnique({ where: { hash } });
        if (row === null) return { ok: false, why: "unknown" } as const;
        const isTheirs = row.frontend === frontend && row.userId === user.id && row.chatId === chat.id;
        if (!isTheirs) return { ok: false, why: "notYours" } as const;
        if (row.usedAt === null && row.expiresAt <= now) return { ok: false, why: "expired" } as const;
        // Of two presses at once, the condition lets one through.
        const used = await tx.confirmation.updateMany({ where: { hash, usedAt: null }, data: { usedAt: now } });
        return used.count === 1 ? ({ ok: true, line: row.line } as const) : ({ ok: false, why: "used" } as const);
      }),
  };
}

function hashOf(token: string): string {
  return createHash("sha256").update(token).digest("hex");
}
