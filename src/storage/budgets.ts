// Checks at a start that the capital of a bot's budget is free on its accounts, in the transaction that wants the bot to run.

import { botConfigSchema } from "../core/bot-config.ts";
import { budgetOf, judgeBudget, uncheckedText } from "../core/bot-quotas.ts";
import { money, text } from "../core/money.ts";
import { type BotStatus, readStatus } from "../core/status.ts";
import { UserError } from "../core/text.ts";
import { insertAlerts } from "./alerts.ts";
import { lockSetting, type Transaction } from "./database.ts";

/** While no bot of an account runs nobody reads it; a balance from before that tells nothing. */
const READING_MAX_MS = 86_400_000;

const WITH_CONFIG = { versions: { orderBy: { version: "desc" }, take: 1 } } as const;

/**
 * Refuses a start whose budget is beyond what is free: what the account was worth when one of its bots last told, less the
 * budgets of the bots that run or are wanted to. An account whose worth nobody has told yet cannot be checked, which is said.
 */
export async function checkBudget(tx: Transaction, id: string, now: number): Promise<void> {
  const current = await tx.bot.findUniqueOrThrow({ where: { id }, include: WITH_CONFIG });
  const config = botConfigSchema.parse(JSON.parse(current.versions[0]?.json ?? "{}"));
  if (budgetOf(config).length === 0) return;
  // Two starts at once are judged one after the other.
  await lockSetting(tx, "lock:budgets");
  const rows = await tx.bot.findMany({ where: { id: { not: id } }, include: WITH_CONFIG });
  const parsed = rows.map((row) => ({ row, config: botConfigSchema.parse(JSON.parse(row.versions[0]?.json ?? "{}")) }));
  const others = parsed.filter(({ row }) => row.holder !== null || (row.desired !== "stopped" && row.haltKind === null));
  const statuses = [current, ...rows].flatMap(({ lastStatus }) => (lastStatus === null ? [] : [readStatus(lastStatus)]));
  const verdict = judgeBudget({ bot: config, others: others.map((other) => other.config), equity: newestWorth(statuses, now) });
  if (verdict.refusal !== null) throw new UserError(verdict.refusal, "budget");
  if (verdict.unchecked.length === 0) return;
  const message = uncheckedText(id, verdict.unchecked);
  await insertAlerts(tx, [{ type: "resource", message, botId: id, mode: config.mode, at: now }]);
}

/** The newest balance of an account, and what the position of each symbol there adds to it; null when a part is not known or all is old. */
function newestWorth(statuses: readonly BotStatus[], now: number): (account: string, currency: string) => string | null {
  const readings = statuses.flatMap(({ accounts = [] }) => accounts).sort((one, other) => other.at - one.at);
  return (account, currency) => {
    const told = readings.filter((reading) => `${reading.exchange}/${reading.account}` === account && reading.currency === currency);
    const newest = told[0];
    if (newest === undefined || now - newest.at > READING_MAX_MS) return null;
    let worth = money(newest.balance);
    const counted = new Set<string>();
    for (const { symbol, value } of newest.parts === null ? [] : told.flatMap(({ parts }) => parts ?? [])) {
      if (counted.has(symbol)) continue;
      counted.add(symbol);
      if (value === null) return null;
      worth = worth.plus(value);
    }
    return text(worth);
  };
}
