// What outlives a bot that was taken out: its numbers, epoch and count of fills, since orders and fills still carry its name.

import type { AccountName } from "./bot-numbers.ts";
import type { Transaction } from "./database.ts";

/** Settings with these keys hold the JSON of a RetiredBot. */
const PREFIX = "retired:";

interface RetiredBot {
  readonly epoch: number;
  readonly fillCount: number;
  /** High bits of its client order ids, which the exchanges know for ever. */
  readonly numbers: readonly (AccountName & { readonly number: number })[];
}

/** What a bot of this name left behind; null when there was none. */
export async function retiredBot(tx: Transaction, id: string): Promise<RetiredBot | null> {
  const row = await tx.setting.findUnique({ where: { key: PREFIX + id } });
  return row === null ? null : (JSON.parse(row.value) as RetiredBot);
}

/** The numbers on an account that belong to bots that were taken out, by the bot's name. */
export async function retiredNumbers(tx: Transaction, { exchange, account }: AccountName): Promise<ReadonlyMap<string, number>> {
  const rows = await tx.setting.findMany({ where: { key: { startsWith: PREFIX } } });
  const numbers = new Map<string, number>();
  for (const { key, value } of rows)
    for (const given of (JSON.parse(value) as RetiredBot).numbers)
      if (given.exchange === exchange && given.account === account) numbers.set(key.slice(PREFIX.length), given.number);
  return numbers;
}

/** Takes a bot out with its configurations and state; its orders, fills and funding stay, and so does what a return needs. */
export async function retireBot(tx: Transaction, id: string): Promise<void> {
  const bot = await tx.bot.findUniqueOrThrow({ where: { id }, include: { numbers: true } });
  await tx.bot.delete({ where: { id } });
  // One that never ran left nothing behind.
  if (bot.firstStartedAt === null) return;
  const before = await retiredBot(tx, id);
  const own = bot.numbers.map(({ exchange, account, number }) => ({ exchange, account, number }));
  const others = (before?.numbers ?? []).filter((old) => !own.some((now) => now.exchange === old.exchange && now.account === old.account));
  const value = JSON.stringify({ epoch: bot.epoch, fillCount: bot.fillCount, numbers: [...own, ...others] } satisfies RetiredBot);
  await tx.setting.upsert({ where: { key: PREFIX + id }, create: { key: PREFIX + id, value }, update: { value } });
}
