// A bot's number on each account that it trades on: the high bits of its client order ids there, never shared by two.

import { sqltag as sql } from "@prisma/client/runtime/client";
import { BOT_NUMBER_MAX } from "../core/client-order-id.ts";
import { UserError } from "../core/text.ts";
import { retiredNumbers } from "./config-retired.ts";
import type { Transaction } from "./database.ts";

export interface AccountName {
  readonly exchange: string;
  readonly account: string;
}

/** `backpack:main`, as ports and numbers are keyed. */
export function accountKey({ exchange, account }: AccountName): string {
  return `${exchange}:${account}`;
}

/**
 * Makes the account's row known and locks it until the transaction ends, so that one newcomer at a time chooses its number.
 * Several accounts are locked in one order by whoever calls.
 */
export async function lockAccount(tx: Transaction, { exchange, account }: AccountName, at: number): Promise<void> {
  await tx.$executeRaw(sql`
    INSERT INTO accounts ("exchange", "name", "createdAt") VALUES (${exchange}, ${account}, ${BigInt(at)})
    ON CONFLICT ("exchange", "name") DO UPDATE SET "name" = excluded."name"`);
}

/** The number that the bot had here once, else the smallest that no bot has or had. Throws a UserError when there is none. */
export async function freeNumber(tx: Transaction, { exchange, account }: AccountName, botId: string): Promise<number> {
  const rows = await tx.botNumber.findMany({ where: { exchange, account }, select: { number: true } });
  const retired = await retiredNumbers(tx, { exchange, account });
  const own = retired.get(botId);
  if (own !== undefined) return own;
  const taken = new Set([...rows.map((row) => row.number), ...retired.values()]);
  for (let number = 1; number <= BOT_NUMBER_MAX; number += 1) if (!taken.has(number)) return number;
  throw new UserError({
    en: `Account ${account} on ${exchange} already has ${BOT_NUMBER_MAX} bots, which is the most; use another account for ${botId}.`,
    "zh-TW": `${exchange} 的帳戶 ${account} 已有 ${BOT_NUMBER_MAX} 個機器人，已達上限；請為 ${botId} 改用其他帳戶。`,
  });
}

/** The bot's number on each of these accounts, given now where it has none yet. */
export async function takeNumbers(
  tx: Transaction,
  botId: string,
  accounts: readonly AccountName[],
  at: number,
): Promise<Map<string, number>> {
  const numbers = new Map<string, number>();
  const ordered = [...accounts].sort((one, other) => (accountKey(one) < accountKey(other) ? -1 : 1));
  for (const { exchange, account } of ordered) {
    await lockAccount(tx, { exchange, account }, at);
    const where = { exchange_account_botId: { exchange, account, botId } };
    const known = await tx.botNumber.findUnique({ where });
    const number = known?.number ?? (await freeNumber(tx, { exchange, account }, botId));
    if (known === null) await tx.botNumber.create({ data: { exchange, account, botId, number } });
    numbers.set(accountKey({ exchange, account }), number);
  }
  return numbers;
}
