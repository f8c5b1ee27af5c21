// Questions that wait for a button: random tokens, good once, for one user in one chat, for a while; one answer per question.

import { createHash, randomBytes } from "node:crypto";
import type { Confirmations } from "../core/command.ts";
import type { Clock } from "../core/ports.ts";
import type { Database } from "./database.ts";

/** Used and expired ones are kept this long, so that a late press is told why. */
const KEPT_MS = 86_400_000;

export function createConfirmations(db: Database, clock: Clock): Confirmations {
  const askAll: Confirmations["askAll"] = async (lines, { frontend, user, chat }, ttlMs) => {
    // 128 bits in 22 characters: fits a button of any chat, cannot be guessed.
    const question = randomBytes(16).toString("base64url");
    const now = clock.now();
    const tokens = lines.map((_, index) => `${question}.${index}`);
    const asked = { frontend, userId: user.id, chatId: chat.id, expiresAt: BigInt(now + ttlMs) };
    await db.transact(async (tx) => {
      await tx.confirmation.deleteMany({ where: { expiresAt: { lt: BigInt(now - KEPT_MS) } } });
      for (const [index, line] of lines.entries())
        await tx.confirmation.create({ data: { ...asked, hash: hashOf(tokens[index] ?? ""), line } });
    });
    return tokens;
  };
  return {
    askAll,
    ask: async (line, invocation, ttlMs) => (await askAll([line], invocation, ttlMs))[0] ?? "",
    redeem: (token, { frontend, user, chat }) =>
      db.transact(async (tx) => {
        const hash = hashOf(token);
        const now = BigInt(clock.now());
        const row = await tx.confirmation.findUnique({ where: { hash } });
        if (row === null) return { ok: false, why: "unknown" } as const;
        const isTheirs = row.frontend === frontend && row.userId === user.id && row.chatId === chat.id;
        if (!isTheirs) return { ok: false, why: "notYours" } as const;
        if (row.usedAt === null && row.expiresAt <= now) return { ok: false, why: "expired" } as const;
        // All choices of the question are used up in one statement: of two presses at once, the condition lets one through.
        const choices = { hash: { startsWith: hash.slice(0, hash.indexOf(".") + 1) }, usedAt: null };
        const used = await tx.confirmation.updateMany({ where: choices, data: { usedAt: now } });
        return used.count > 0 ? ({ ok: true, line: row.line } as const) : ({ ok: false, why: "used" } as const);
      }),
  };
}

/** The question's part is hashed, the choice's number stays behind it: choices of one question are found together. */
function hashOf(token: string): string {
  const [question = "", choice = ""] = token.split(".");
  return `${createHash("sha256").update(question).digest("hex")}.${choice}`;
}
