// Looks a whole database over: readable rows, keys, numbers without gaps, rows of bots that are gone, an audit nobody touched.

import type { Text } from "../core/text.ts";
import { createAudit } from "./audit.ts";
import { openSource } from "./backup/source.ts";
import { fits } from "./backup/table-shape.ts";
import type { Database } from "./database.ts";

export interface CheckFinding {
  readonly check: "rows" | "integrity" | "keys" | "orphans" | "fillNumbers" | "decimals" | "audit";
  readonly ok: boolean;
  readonly detail: Text;
}

/** Tables whose rows name a bot without a key that the database itself watches over. */
const BOT_TABLES = ["orders", "fills", "funding", "equity_points", "alerts"] as const;

/** Columns that must be exact decimal strings, by table. */
const DECIMALS: Readonly<Record<string, readonly string[]>> = {
  orders: ["price", "quantity", "filledQuantity", "seenQuantity"],
  fills: ["price", "quantity", "fee", "realizedPnl"],
  funding: ["amount"],
  equity_points: ["realizedPnl", "unrealizedPnl", "fees", "funding", "netPnl"],
};
const DECIMAL = /^-?\d+(\.\d+)?$/;

/** Every check, in order; reads all rows once and writes nothing. `db` is the open database of `url`. */
export async function checkDatabase(url: string, db: Database): Promise<readonly CheckFinding[]> {
  return [
    ...(await readEverything(url)),
    ...(db.provider === "sqlite" ? await sqliteChecks(db) : []),
    await findOrphans(db),
    await checkFillNumbers(db),
    await checkAudit(db),
  ];
}

function finding(check: CheckFinding["check"], ok: boolean, en: string, zhTw: string): CheckFinding {
  return { check, ok, detail: { en, "zh-TW": zhTw } };
}

/** How many values are wrong, and the first of them. */
class Faults {
  count = 0;
  first = "";

  add(what: string): void {
    this.count += 1;
    if (this.count === 1) this.first = what;
  }
}

async function readEverything(url: string): Promise<CheckFinding[]> {
  const source = await openSource(url);
  const [misfits, inexact] = [new Faults(), new Faults()];
  let rows = 0;
  try {
    for (const table of source.tables) {
      const decimals = new Set(DECIMALS[table.name] ?? []);
      for await (const row of source.rows(table)) {
        rows += 1;
        for (const [index, { name, type }] of table.columns.entries()) {
          const value = row[index];
          const shown = `${table.name}.${name} = ${String(value).slice(0, 40)}`;
          if (!fits(value, type)) misfits.add(shown);
          else if (decimals.has(name) && !DECIMAL.test(String(value))) inexact.add(shown);
        }
      }
    }
  } finally {
    await source.close();
  }
  const tables = source.tables.length;
  return [
    misfits.count === 0
      ? finding("rows", true, `${rows} rows in ${tables} tables can be read`, `${tables} 個資料表共 ${rows} 筆資料均可讀取`)
      : finding(
          "rows",
          false,
          `${misfits.count} values of a wrong type, first ${misfits.first}`,
          `${misfits.count} 個值型別錯誤，第一個是 ${misfits.first}`,
        ),
    inexact.count === 0
      ? finding("decimals", true, "prices, quantities and money are exact decimals", "價格、數量與金額均為精確十進位數")
      : finding(
          "decimals",
          false,
          `${inexact.count} values are no decimals, first ${inexact.first}`,
          `${inexact.count} 個值不是十進位數，第一個是 ${inexact.first}`,
        ),
  ];
}

async function sqliteChecks({ prisma }: Database): Promise<CheckFinding[]> {
  const integrity = await prisma.$queryRawUnsafe<{ integrity_check: string }[]>("PRAGMA integrity_check");
  const faults = integrity.map((row) => row.integrity_check).filter((line) => line !== "ok");
  const strays = await prisma.$queryRawUnsafe<{ table: string }[]>("PRAGMA foreign_key_check");
  return [
    faults.length === 0
      ? finding("integrity", true, "the file is sound", "檔案完好")
      : finding("integrity", false, `the file is damaged: ${faults[0]}`, `檔案已損毀：${faults[0]}`),
    strays.length === 0
      ? finding("keys", true, "every row has its parent", "每筆資料都有其上層資料")
      : finding(
          "keys",
          false,
          `${strays.length} rows lack their parent, first in ${strays[0]?.table}`,
          `${strays.length} 筆資料缺少上層資料，第一筆在 ${strays[0]?.table}`,
        ),
  ];
}

async function findOrphans({ prisma }: Database): Promise<CheckFinding> {
  const found: string[] = [];
  for (const table of BOT_TABLES) {
    const rows = await prisma.$queryRawUnsafe<{ botId: string; count: bigint | number }[]>(
      `SELECT "botId", COUNT(*) AS "count" FROM ${table} WHERE "botId" IS NOT NULL AND "botId" NOT IN (SELECT "id" FROM bots) GROUP BY "botId"`,
    );
    found.push(...rows.map(({ botId, count }) => `${table}: ${count} (${botId})`));
  }
  const list = found.join(", ");
  if (found.length === 0) return finding("orphans", true, "every row belongs to a bot that exists", "每筆資料都屬於現有的機器人");
  return finding("orphans", false, `rows of bots that do not exist: ${list}`, `屬於不存在機器人的資料：${list}`);
}

/** A bot's fills are numbered 1, 2, 3 … without a gap, up to its count. */
async function checkFillNumbers({ prisma }: Database): Promise<CheckFinding> {
  const rows = await prisma.$queryRawUnsafe<{ id: string }[]>(
    `SELECT b."id" FROM bots b LEFT JOIN (SELECT "botId", COUNT(*) AS n, MIN("number") AS low, MAX("number") AS high FROM fills GROUP BY "botId") f
     ON f."botId" = b."id" WHERE b."fillCount" <> COALESCE(f.n, 0) OR COALESCE(f.high, 0) <> COALESCE(f.n, 0) OR COALESCE(f.low, 1) <> 1`,
  );
  const bots = rows.map(({ id }) => id).join(", ");
  if (rows.length === 0) return finding("fillNumbers", true, "fills are numbered without a gap", "成交編號連續無缺");
  return finding("fillNumbers", false, `fills are missing or counted wrong for ${bots}`, `下列機器人的成交有缺漏或計數錯誤：${bots}`);
}

async function checkAudit(db: Database): Promise<CheckFinding> {
  const verdict = await createAudit(db).verify();
  if (verdict.ok)
    return finding("audit", true, `the audit's ${verdict.rows} rows are a whole chain`, `稽核紀錄 ${verdict.rows} 筆，雜湊鏈完整`);
  const why = verdict.why === "missing" ? { en: "is missing", "zh-TW": "遺失" } : { en: "was changed", "zh-TW": "被更動" };
  return finding("audit", false, `row ${verdict.sequence} of the audit ${why.en}`, `稽核紀錄第 ${verdict.sequence} 筆${why["zh-TW"]}`);
}
