// What bots were worth over time, thinned with age, and the baselines from which losses of accounts and of the fleet count.

import { join, sqltag as sql } from "@prisma/client/runtime/client";
import { type FleetRiskState, NO_RISK_STATE } from "../core/fleet-risk.ts";
import { type Database, lockSetting, type Transaction } from "./database.ts";

/** A bot's money at a time, decimal strings; `at` is epoch ms. */
export interface EquityPoint {
  readonly botId: string;
  readonly at: number;
  readonly currency: string;
  readonly realizedPnl: string;
  readonly unrealizedPnl: string;
  readonly fees: string;
  readonly funding: string;
  readonly netPnl: string;
}

export interface EquityStore {
  /**
   * Replaces the stored state of the fleet's risk by what `step` makes of it, and returns the step's result. Steps of all
   * processes run one after the other, each on what the one before left.
   */
  stepRisk<T>(step: (before: FleetRiskState) => { readonly state: FleetRiskState; readonly result: T }): Promise<T>;
  /** Stores one point per bot and minute: `at` is cut to its minute, and the first one of a minute stands. */
  addPoints(points: readonly EquityPoint[]): Promise<void>;
  /** Points of a bot since a time, oldest first. */
  points(botId: string, since: number): Promise<readonly EquityPoint[]>;
  /** Of what is older than 7 days one point an hour stays; retention.ts drops what is older still. */
  thin(botIds: readonly string[], now: number): Promise<void>;
}

const RISK_SETTING = "fleetRisk";
const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;
const FULL_DAYS = 7;
/** Older points were thinned before; workers do not sleep longer than this while points are written. */
const THINNED_DAYS = 37;
const DELETED_AT_ONCE = 200;

export function createEquityStore(db: Database): EquityStore {
  return {
    stepRisk: (step) =>
      db.transact(async (tx) => {
        const stored = await lockSetting(tx, RISK_SETTING);
        const { state, result } = step(stored === "" ? NO_RISK_STATE : (JSON.parse(stored) as FleetRiskState));
        const value = JSON.stringify(state);
        if (value !== stored) await tx.setting.update({ where: { key: RISK_SETTING }, data: { value } });
        return result;
      }),
    addPoints: async (points) => {
      if (points.length > 0) await db.transact((tx) => insertPoints(tx, points));
    },
    points: async (botId, since) => {
      const rows = await db.prisma.equityPoint.findMany({ where: { botId, at: { gte: BigInt(since) } }, orderBy: { at: "asc" } });
      return rows.map((row) => ({ ...row, at: Number(row.at) }));
    },
    thin: async (botIds, now) => {
      for (const botId of botIds) await thinBot(db, botId, now);
    },
  };
}

async function insertPoints(tx: Transaction, points: readonly EquityPoint[]): Promise<void> {
  const rows = points.map((point) => {
    const at = BigInt(point.at - (point.at % MINUTE_MS));
    const { botId, currency, realizedPnl, unrealizedPnl, fees, funding, netPnl } = point;
    return sql`(${join([botId, at, currency, realizedPnl, unrealizedPnl, fees, funding, netPnl])})`;
  });
  await tx.$executeRaw(sql`
    INSERT INTO equity_points ("botId", "at", "currency", "realizedPnl", "unrealizedPnl", "fees", "funding", "netPnl")
    VALUES ${join(rows)} ON CONFLICT ("botId", "at") DO NOTHING`);
}

/** Decides by reading and deletes in short transactions: on SQLite each holds the only write lock. */
async function thinBot(db: Database, botId: string, now: number): Promise<void> {
  const [from, until] = [THINNED_DAYS, FULL_DAYS].map((days) => BigInt(now - days * DAY_MS));
  const where = { botId, at: { gte: from ?? 0n, lt: until ?? 0n } };
  const points = await db.prisma.equityPoint.findMany({ where, select: { at: true }, orderBy: { at: "asc" } });
  const hourOf = (at: bigint): bigint => at / BigInt(HOUR_MS);
  const doomed = points.flatMap(({ at }, index) => (hourOf(at) === hourOf(points[index - 1]?.at ?? -1n) ? [at] : []));
  for (let index = 0; index < doomed.length; index += DELETED_AT_ONCE) {
    const part = doomed.slice(index, index + DELETED_AT_ONCE);
    await db.transact((tx) => tx.equityPoint.deleteMany({ where: { botId, at: { in: part } } }));
  }
}
