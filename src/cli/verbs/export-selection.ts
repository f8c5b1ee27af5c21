// Which bots, accounts and times an export or a report is about, as the options of the command line say.

import type { Command } from "commander";
import type { Mode } from "../../core/alert.ts";
import { createLocalTime, dayAfter, isDay, type LocalTime } from "../../core/local-time.ts";
import { UserError } from "../../core/text.ts";
import { createBots } from "../../storage/bots.ts";
import type { Database } from "../../storage/database.ts";
import type { HistoryFilter } from "../../storage/history.ts";
import type { CountedBot } from "../../storage/statistics.ts";
import { inWords } from "../language.ts";

export interface SelectionFlags {
  readonly bot?: readonly string[];
  readonly account?: readonly string[];
  readonly mode?: string;
  readonly from?: string;
  readonly to?: string;
  readonly timezone?: string;
}

export interface Selection {
  readonly bots: readonly CountedBot[];
  readonly filter: HistoryFilter;
  readonly calendar: LocalTime;
}

const MODES: readonly Mode[] = ["sim", "paper", "testnet", "live"];

/** Adds the options that choose bots, accounts, modes and times. */
export function withSelection(verb: Command): Command {
  const collect = (value: string, before: readonly string[] = []): readonly string[] => [...before, value];
  return verb
    .option("--bot <id>", inWords({ en: "only this bot (may be repeated)", "zh-TW": "只含此機器人（可重複）" }), collect)
    .option(
      "--account <name>",
      inWords({ en: "only this account: NAME or EXCHANGE/NAME (may be repeated)", "zh-TW": "只含此帳戶：名稱 或 交易所/名稱（可重複）" }),
      collect,
    )
    .option(
      "--mode <mode>",
      inWords({ en: `only bots of this mode: ${MODES.join(", ")}`, "zh-TW": `只含此模式的機器人：${MODES.join("、")}` }),
    )
    .option("--from <time>", inWords({ en: "from this day (2026-11-01) or ISO time", "zh-TW": "起始日（2026-11-01）或 ISO 時間" }))
    .option("--to <time>", inWords({ en: "to the end of this day, or before this ISO time", "zh-TW": "至該日結束，或該 ISO 時間之前" }))
    .option(
      "--timezone <zone>",
      inWords({ en: "zone of days and local times (BOTSWAIN_TIMEZONE)", "zh-TW": "日期與當地時間的時區（BOTSWAIN_TIMEZONE）" }),
    );
}

/** The selection of a command line. Throws a UserError that names the option, the value and what would be right. */
export async function readSelection(db: Database, flags: SelectionFlags, timezone: string): Promise<Selection> {
  const calendar = calendarOf(flags.timezone ?? timezone);
  const from = flags.from === undefined ? 0 : timeOf("--from", flags.from, (day) => calendar.startOf(day));
  const to = flags.to === undefined ? Number.MAX_SAFE_INTEGER : timeOf("--to", flags.to, (day) => calendar.startOf(dayAfter(day, 1)));
  if (from >= to)
    throw new UserError({
      en: `--from ${flags.from} is not before --to ${flags.to}; give an earlier --from.`,
      "zh-TW": `--from ${flags.from} 不早於 --to ${flags.to}；請指定較早的 --from。`,
    });
  const bots = await botsOf(db, flags);
  const accounts = flags.account === undefined ? null : await accountsOf(db, flags.account);
  return { bots, calendar, filter: { botIds: bots.map(({ id }) => id), from, to, accounts } };
}

function calendarOf(timezone: string): LocalTime {
  try {
    return createLocalTime(timezone);
  } catch {
    throw new UserError({
      en: `--timezone ${timezone} is no time zone; name one such as Asia/Taipei or UTC.`,
      "zh-TW": `--timezone ${timezone} 不是時區；請指定例如 Asia/Taipei 或 UTC。`,
    });
  }
}

function timeOf(option: string, value: string, startOf: (day: string) => number): number {
  if (isDay(value)) return startOf(value);
  const at = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d{1,3})?)?(Z|[+-]\d{2}:\d{2})$/.test(value) ? Date.parse(value) : Number.NaN;
  if (!Number.isNaN(at)) return at;
  throw new UserError({
    en: `${option} ${value} is no time; give a day such as 2026-11-01, or an ISO time with its zone such as 2026-11-01T09:00:00Z.`,
    "zh-TW": `${option} ${value} 不是時間；請給日期如 2026-11-01，或含時區的 ISO 時間如 2026-11-01T09:00:00Z。`,
  });
}

async function botsOf(db: Database, { bot: wanted, mode }: SelectionFlags): Promise<CountedBot[]> {
  if (mode !== undefined && !MODES.some((known) => known === mode))
    throw new UserError({
      en: `--mode ${mode} is no mode; the modes are ${MODES.join(", ")}.`,
      "zh-TW": `--mode ${mode} 不是模式；可用模式：${MODES.join("、")}。`,
    });
  const all = (await createBots(db).list()).map(({ id, config }) => ({
    id,
    mode: config.mode,
    exchange: config.exchange,
    account: config.account,
  }));
  const missing = wanted?.find((id) => !all.some((bot) => bot.id === id));
  if (missing !== undefined) {
    const names = all.map(({ id }) => id).join(", ");
    throw new UserError({
      en: `There is no bot ${missing}; ${names === "" ? "there is none yet" : `the bots are ${names}`}.`,
      "zh-TW": `沒有機器人 ${missing}；${names === "" ? "目前尚無任何機器人" : `現有機器人：${names}`}。`,
    });
  }
  return all.filter((bot) => (wanted === undefined || wanted.includes(bot.id)) && (mode === undefined || bot.mode === mode));
}

async function accountsOf(db: Database, wanted: readonly string[]): Promise<{ exchange: string; account: string }[]> {
  const known = (await db.prisma.account.findMany({ select: { exchange: true, name: true } })).map(({ exchange, name }) => ({
    exchange,
    account: name,
  }));
  return wanted.flatMap((name) => {
    const found = known.filter(({ exchange, account }) => name === account || name === `${exchange}/${account}`);
    if (found.length > 0) return found;
    const names = known.map(({ exchange, account }) => `${exchange}/${account}`).join(", ");
    throw new UserError({
      en: `There is no account ${name}; ${names === "" ? "there is none yet" : `the accounts are ${names}`}.`,
      "zh-TW": `沒有帳戶 ${name}；${names === "" ? "目前尚無任何帳戶" : `現有帳戶：${names}`}。`,
    });
  });
}
