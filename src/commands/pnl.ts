// `/pnl`: what a bot, or the whole fleet, earned per day of the operator's calendar, and in all.

import { z } from "zod";
import { argument } from "../core/chat/command-argument.ts";
import { modeWord } from "../core/chat/words.ts";
import { type Block, defineCommand } from "../core/command.ts";
import { largestDrawdown, type PnlGroup, type PnlReport } from "../core/statistics.ts";
import { plain, type Text } from "../core/text.ts";
import { ALL, chosenBot, OPTIONAL_BOT_OR_ALL } from "./parts/bot-choice.ts";
import { botWithMode, shownMoney, signedMoney } from "./parts/shown-values.ts";

const DAYS_DEFAULT = 7;
const DAYS_MAX = 366;
/** A chat shows no longer table; `data` holds all days. */
const ROWS_MAX = 62;

const days = z
  .string()
  .regex(/^\d{1,3}$/)
  .transform(Number)
  .pipe(z.number().min(1).max(DAYS_MAX))
  .optional();

export default defineCommand({
  name: "pnl",
  summary: {
    en: "Show profit per day: realized, fees, funding, volume, wear rate",
    "zh-TW": "顯示每日損益：已實現、手續費、資金費、成交量、磨損率",
  },
  args: z.object({
    bot: OPTIONAL_BOT_OR_ALL,
    days: argument(days, {
      description: {
        en: `How many days, 1 to ${DAYS_MAX}, today included; default ${DAYS_DEFAULT}`,
        "zh-TW": `天數，1 到 ${DAYS_MAX}，含今日，預設 ${DAYS_DEFAULT}`,
      },
      right: { en: `a whole number from 1 to ${DAYS_MAX}`, "zh-TW": ` 1 到 ${DAYS_MAX} 的整數` },
    }),
  }),
  role: "viewer",
  async run({ bot = ALL, days: count = DAYS_DEFAULT }, { fleet, invocation }) {
    const chosen = bot === ALL ? null : await chosenBot(fleet, bot);
    const report = await fleet.pnl(chosen?.id ?? null, count);
    const name = chosen === null ? { en: "all bots", "zh-TW": "所有機器人" } : botWithMode(chosen.id, chosen.config.mode);
    return {
      tone: "neutral",
      title: titleOf(name, count, report),
      blocks:
        report.totals.length === 0 ? [] : [...totalBlocks(report, chosen === null), dayTable(report, chosen === null, invocation.language)],
      data: { bot: chosen?.id ?? null, ...report },
    };
  },
});

function titleOf(name: Text, count: number, { timezone, totals }: PnlReport): Text {
  const period = { en: count === 1 ? "today" : `last ${count} days`, "zh-TW": count === 1 ? "今日" : `最近 ${count} 天` };
  if (totals.length > 0)
    return { en: `${name.en}: profit, ${period.en} (${timezone})`, "zh-TW": `${name["zh-TW"]}：損益，${period["zh-TW"]}（${timezone}）` };
  return { en: `${name.en}: nothing was traded, ${period.en}`, "zh-TW": `${name["zh-TW"]}：${period["zh-TW"]}沒有成交` };
}

/** One block of fields per total, because currencies and modes are never added together. */
function totalBlocks({ totals }: PnlReport, isFleet: boolean): Block[] {
  return totals.map((total) => {
    const money = (value: string): Text => plain(`${value} ${total.currency}`);
    const fields = [
      { label: { en: "Net", "zh-TW": "淨損益" }, value: money(signedMoney(total.netPnl)) },
      { label: { en: "Realized", "zh-TW": "已實現損益" }, value: money(signedMoney(total.realizedPnl)) },
      { label: { en: "Fees", "zh-TW": "手續費" }, value: money(shownMoney(total.fees)) },
      { label: { en: "Funding", "zh-TW": "資金費" }, value: money(signedMoney(total.funding)) },
      { label: { en: "Volume", "zh-TW": "成交量" }, value: money(shownMoney(total.volume)) },
      { label: { en: "Wear rate", "zh-TW": "磨損率" }, value: plain(`${total.wearRate}%`) },
      { label: { en: "Trades", "zh-TW": "成交筆數" }, value: plain(String(total.trades)) },
      { label: { en: "Largest drawdown", "zh-TW": "最大回撤" }, value: money(shownMoney(largestDrawdown(total))) },
    ];
    const where = { label: { en: "Mode", "zh-TW": "模式" }, value: modeWord(total.mode) };
    return { type: "fields", fields: isFleet ? [where, ...fields] : fields };
  });
}
function dayTable({ days: rows, totals }: PnlReport, isFleet: boolean, language: keyof Text): Block {
  const isMixed = new Set(totals.map(({ currency, mode }) => `${mode} ${currency}`)).size > 1;
  const groupOf = ({ mode, currency }: PnlGroup): string[] => (isFleet ? [modeWord(mode)[language], currency] : isMixed ? [currency] : []);
  const groupColumns: Text[] = isFleet
    ? [
        { en: "mode", "zh-TW": "模式" },
        { en: "currency", "zh-TW": "幣別" },
      ]
    : isMixed
      ? [{ en: "currency", "zh-TW": "幣別" }]
      : [];
  return {
    type: "table",
    columns: [
      { en: "day", "zh-TW": "日期" },
      ...groupColumns,
      { en: "net", "zh-TW": "淨損益" },
      { en: "realized", "zh-TW": "已實現" },
      { en: "fees", "zh-TW": "手續費" },
      { en: "funding", "zh-TW": "資金費" },
      { en: "volume", "zh-TW": "成交量" },
      { en: "wear", "zh-TW": "磨損率" },
      { en: "trades", "zh-TW": "筆數" },
    ],
    rows: rows
      .slice(-ROWS_MAX)
      .reverse()
      .map((row) => [
        row.day,
        ...groupOf(row),
        signedMoney(row.netPnl),
        signedMoney(row.realizedPnl),
        shownMoney(row.fees),
        signedMoney(row.funding),
        shownMoney(row.volume),
        `${row.wearRate}%`,
        String(row.trades),
      ]),
  };
}
