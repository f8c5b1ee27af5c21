// `botswain stats`: what bots earned per day and in all, as a table.

import { type Command, Option } from "commander";
import { displayWidth, pad } from "../../bot/render-text.ts";
import { money, rounded } from "../../core/money.ts";
import { type Grouping, largestDrawdown, type PnlGroup, type PnlReport, type PnlSums } from "../../core/statistics.ts";
import type { Text } from "../../core/text.ts";
import { inWords, print } from "../language.ts";
import { loadSettings } from "../settings.ts";
import { answer, withJson } from "./answer.ts";
import { readSelection, type SelectionFlags, withSelection } from "./export-selection.ts";
import { addVerb, withDataFolder } from "./verb.ts";

const DECIMALS = 4;
const COLUMNS: readonly Text[] = [
  { en: "WHO", "zh-TW": "對象" },
  { en: "MODE", "zh-TW": "模式" },
  { en: "CURRENCY", "zh-TW": "幣別" },
  { en: "NET", "zh-TW": "淨利" },
  { en: "REALIZED", "zh-TW": "已實現" },
  { en: "FEES", "zh-TW": "手續費" },
  { en: "FUNDING", "zh-TW": "資金費" },
  { en: "VOLUME", "zh-TW": "成交量" },
  { en: "WEAR %", "zh-TW": "磨損率 %" },
  { en: "TRADES", "zh-TW": "筆數" },
  { en: "DRAWDOWN", "zh-TW": "回撤" },
];

interface StatsFlags extends SelectionFlags {
  readonly json?: boolean;
  readonly by: Grouping;
}

export function addStats(program: Command): void {
  const verb = addVerb(
    program,
    "stats",
    { en: "Show profit per day and in all, per bot, account or currency.", "zh-TW": "顯示每日與總計損益，可依機器人、帳戶或幣別。" },
    "stats --bot eth_grid --from 2026-11-01",
  );
  withJson(withSelection(withDataFolder(verb)))
    .addOption(
      new Option("--by <group>", inWords({ en: "one line per day and …", "zh-TW": "每日每個…一行" }))
        .choices(["bot", "account", "currency"])
        .default("bot"),
    )
    .action(async (flags: StatsFlags) => {
      await answer(
        flags.json,
        async () => ({ ok: true, ...(await readReport(flags)) }),
        (report) => {
          for (const line of linesOf(report)) print(line);
        },
      );
    });
}

async function readReport(flags: StatsFlags): Promise<PnlReport> {
  const { openExisting } = await import("../../storage/database.ts");
  const { readPnl } = await import("../../storage/statistics.ts");
  const { databaseUrl, timezone } = loadSettings();
  const db = await openExisting(databaseUrl);
  try {
    const { bots, filter, calendar } = await readSelection(db, flags, timezone);
    const { from, to, accounts } = filter;
    return await readPnl(db, { bots, from, to, accounts, calendar, grouping: flags.by });
  } finally {
    await db.close();
  }
}

function linesOf({ timezone, days, totals }: PnlReport): string[] {
  if (totals.length === 0) return [inWords({ en: "Nothing was traded.", "zh-TW": "沒有成交。" })];
  const total = inWords({ en: "all days", "zh-TW": "總計" });
  const rows = [
    [inWords({ en: `DAY (${timezone})`, "zh-TW": `日期（${timezone}）` }), ...COLUMNS.map(inWords)],
    ...days.map((row) => [row.day, ...groupCells(row), ...sumCells(row)]),
    ...totals.map((row) => [total, ...groupCells(row), ...sumCells(row)]),
  ];
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => displayWidth(row[column] ?? ""))));
  // Words to the left, numbers to the right.
  return rows.map((row) => row.map((cell, column) => pad(cell, widths[column] ?? 0, column >= 4)).join("  "));
}

function groupCells({ botId, exchange, account, mode, currency }: PnlGroup): string[] {
  const place = exchange === null ? "-" : `${exchange}/${account}`;
  return [botId === null ? place : `${botId} ${place}`, mode, currency];
}

function sumCells(sums: PnlSums): string[] {
  const shown = (value: string): string => rounded(money(value), DECIMALS);
  const { netPnl, realizedPnl, fees, funding, volume, wearRate, trades } = sums;
  return [...[netPnl, realizedPnl, fees, funding, volume].map(shown), ...[wearRate, String(trades), shown(largestDrawdown(sums))]];
}
