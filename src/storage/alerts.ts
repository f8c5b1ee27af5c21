// The outbox of alerts: stored in order, read by one cursor per target, announced over Redis as a hint.

import { join, sqltag as sql } from "@prisma/client/runtime/client";
import type { Alert, AlertOutbox } from "../core/alert.ts";
import { botConfigSchema } from "../core/bot-config.ts";
import { type Notify, notifyLevel } from "../core/notify.ts";
import { type Database, lockSetting, type Transaction } from "./database.ts";
import type { Signals } from "./signals.ts";

/** Makes the alert of one fill unique, so that a batch sent twice does not tell it twice; null for what may repeat. */
function uniqueKeyOf(alert: Alert): string | null {
  return alert.type === "filled" ? JSON.stringify(["filled", alert.botId, alert.symbol, alert.tradeId, alert.side]) : null;
}

/**
 * Appends alerts within a transaction; says for each whether it was new. A lock makes sequences visible in their order:
 * otherwise a reader could pass over a number that is committed later.
 */
export async function insertAlerts(tx: Transaction, alerts: readonly Alert[]): Promise<boolean[]> {
  if (alerts.length === 0) return [];
  await lockSetting(tx, "lock:alerts");
  const isNew: boolean[] = [];
  for (const alert of alerts) {
    const row = [uniqueKeyOf(alert), alert.botId, BigInt(alert.at), JSON.stringify(alert)];
    const stored = await tx.$executeRaw(
      sql`INSERT INTO alerts ("uniqueKey", "botId", "at", "json") VALUES (${join(row)}) ON CONFLICT ("uniqueKey") DO NOTHING`,
    );
    isNew.push(stored > 0);
  }
  return isNew;
}

/** How loudly each of these bots wants its alerts told, by its newest configuration. */
async function wishesOf(db: Database, botIds: ReadonlySet<string>): Promise<ReadonlyMap<string, Notify>> {
  const wishes = new Map<string, Notify>();
  for (const botId of botIds) {
    const newest = await db.prisma.botConfigVersion.findFirst({ where: { botId }, orderBy: { version: "desc" } });
    // A configuration that cannot be read must not keep an alert back.
    const parsed = botConfigSchema.shape.notify.safeParse(newest === null ? undefined : JSON.parse(newest.json).notify);
    if (parsed.success) wishes.set(botId, parsed.data);
  }
  return wishes;
}

/** The alert outbox; `raise` stores an alert that belongs to no ledger batch and announces it. `now` gives epoch ms. */
export function createAlertOutbox(
  db: Database,
  signals: Signals,
  now: () => number = Date.now,
): AlertOutbox & { raise(alert: Alert): Promise<void> } {
  return {
    after: async (sequence, limit) => {
      const rows = await db.prisma.alert.findMany({ where: { sequence: { gt: sequence } }, orderBy: { sequence: "asc" }, take: limit });
      const alerts = rows.map((row) => ({ sequence: row.sequence, alert: JSON.parse(row.json) as Alert }));
      const wishes = await wishesOf(db, new Set(alerts.flatMap(({ alert }) => alert.botId ?? [])));
      return alerts.map((stored) => {
        const notify = stored.alert.botId === null ? undefined : wishes.get(stored.alert.botId);
        return { ...stored, level: notify === undefined ? "on" : notifyLevel(notify, stored.alert.type, now()) };
      });
    },
    cursor: (target) =>
      db.transact(async (tx) => {
        const stored = await tx.alertCursor.findUnique({ where: { target } });
        if (stored !== null) return stored.sequence;
        const newest = await tx.alert.aggregate({ _max: { sequence: true } });
        const sequence = newest._max.sequence ?? 0;
        await tx.$executeRaw(
          sql`INSERT INTO alert_cursors ("target", "sequence") VALUES (${target}, ${sequence}) ON CONFLICT ("target") DO NOTHING`,
        );
        return sequence;
      }),
    advance: async (target, sequence) => {
      await db.transact((tx) =>
        tx.$executeRaw(sql`
          INSERT INTO alert_cursors ("target", "sequence") VALUES (${target}, ${sequence})
          ON CONFLICT ("target") DO UPDATE SET "sequence" = excluded."sequence" WHERE alert_cursors."sequence" < excluded."sequence"`),
      );
    },
    targets: async () => {
      const rows = await db.prisma.chat.findMany({ where: { alerts: true }, orderBy: { at: "asc" } });
      return rows.flatMap(({ frontend, chatId }) => (frontend === "telegram" || frontend === "discord" ? [{ frontend, chatId }] : []));
    },
    onRaised: (callback) => signals.on("alertRaised", callback),
    raise: async (alert) => {
      await db.transact((tx) => insertAlerts(tx, [alert]));
      // The outbox is read every second anyway: without Redis the alert is only a little later.
      await signals.publish("alertRaised", alert.botId ?? "").catch(() => {});
    },
  };
}
