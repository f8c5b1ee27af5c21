// The audit: who asked what, where, and how it ended; each row hashes the one before, so that a change shows.

import { createHash } from "node:crypto";
import type { AuditEntry } from "../core/command.ts";
import { type Database, lockSetting } from "./database.ts";
import type { Audit as AuditRow } from "./generated/sqlite/client.ts";

export interface Audit {
  /** `at` is epoch ms, UTC. */
  append(entry: AuditEntry, at: number): Promise<void>;
  /** Reads the whole chain: how many rows are sound, or the first sequence that is not and why. */
  verify(): Promise<AuditVerdict>;
}

export type AuditVerdict =
  | { readonly ok: true; readonly rows: number }
  | { readonly ok: false; readonly sequence: number; readonly why: "missing" | "changed" };

/** Setting that holds the newest row's sequence and hash, so that rows cut off the end are missed too. */
const HEAD_SETTING = "auditHead";
const FIRST_HASH = "0".repeat(64);
const PAGE = 1_000;

interface Head {
  readonly sequence: number;
  readonly hash: string;
}

function parseHead(value: string): Head {
  return value === "" ? { sequence: 0, hash: FIRST_HASH } : (JSON.parse(value) as Head);
}

/** sha256 over every column but the hash, in one order. */
function hashOf(row: Omit<AuditRow, "hash">): string {
  const { sequence, at, frontend, userId, userName, chatId, actorKey, line, command, outcome, detail, previousHash } = row;
  const columns = [sequence, String(at), frontend, userId, userName, chatId, actorKey, line, command, outcome, detail, previousHash];
  return createHash("sha256").update(JSON.stringify(columns)).digest("hex");
}

export function createAudit(db: Database): Audit {
  return {
    append: (entry, at) =>
      db.transact(async (tx) => {
        const head = parseHead(await lockSetting(tx, HEAD_SETTING));
        const { frontend, userId, userName, chatId, key, line } = entry.actor;
        const row = {
          ...{ sequence: head.sequence + 1, at: BigInt(at), frontend, userId, userName, chatId, actorKey: key, line },
          ...{ command: entry.command, outcome: entry.outcome, detail: entry.detail, previousHash: head.hash },
        };
        const hash = hashOf(row);
        await tx.audit.create({ data: { ...row, hash } });
        const value = JSON.stringify({ sequence: row.sequence, hash } satisfies Head);
        await tx.setting.update({ where: { key: HEAD_SETTING }, data: { value } });
      }),
    verify: async () => {
      let last: Head = { sequence: 0, hash: FIRST_HASH };
      for (;;) {
        const rows = await db.prisma.audit.findMany({
          where: { sequence: { gt: last.sequence } },
          orderBy: { sequence: "asc" },
          take: PAGE,
        });
        for (const row of rows) {
          if (row.sequence !== last.sequence + 1) return { ok: false, sequence: last.sequence + 1, why: "missing" };
          if (row.previousHash !== last.hash || row.hash !== hashOf(row)) return { ok: false, sequence: row.sequence, why: "changed" };
          last = row;
        }
        if (rows.length < PAGE) break;
      }
      // Read last: rows appended meanwhile are beyond it, never short of it.
      const head = parseHead((await db.prisma.setting.findUnique({ where: { key: HEAD_SETTING } }))?.value ?? "");
      if (head.sequence > last.sequence && (await db.prisma.audit.count({ where: { sequence: last.sequence + 1 } })) === 0)
        return { ok: false, sequence: last.sequence + 1, why: "missing" };
      const agrees = head.sequence > last.sequence || (head.sequence === last.sequence && head.hash === last.hash);
      if (!agrees) return { ok: false, sequence: last.sequence, why: "changed" };
      return { ok: true, rows: last.sequence };
    },
  };
}
