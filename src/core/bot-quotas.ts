// What a bot's quotas mean: the streams that its legs need, and the capital that its budget takes of each account.

import type { BotConfig } from "./bot-config.ts";
import type { InstrumentRef } from "./instrument.ts";
import { money, text, ZERO } from "./money.ts";
import type { Text } from "./text.ts";

/** Subscriptions of a bot: its orders once per account, the book of each leg, the mark price of each perpetual. */
export function streamsOf(legs: Readonly<Record<string, InstrumentRef>>): number {
  const refs = Object.values(legs);
  const accounts = new Set(refs.map(({ exchange, account }) => `${exchange}/${account}`));
  return accounts.size + refs.reduce((sum, { symbol }) => sum + (symbol.includes(":") ? 2 : 1), 0);
}

/** Capital that a bot takes of one account, decimal string. */
export interface BudgetShare {
  /** `exchange/account`. */
  readonly account: string;
  readonly currency: string;
  readonly amount: string;
}

export function budgetOf({ exchange, account, quotas }: Pick<BotConfig, "exchange" | "account" | "quotas">): readonly BudgetShare[] {
  return Object.entries(quotas.budget).map(([key, amount]) => {
    const slash = key.lastIndexOf("/");
    return { account: slash < 0 ? `${exchange}/${account}` : key.slice(0, slash), currency: key.slice(slash + 1), amount };
  });
}

export interface BudgetQuestion {
  readonly bot: Pick<BotConfig, "id" | "exchange" | "account" | "quotas">;
  /** The bots that run or are wanted to, without this one. */
  readonly others: readonly Pick<BotConfig, "id" | "exchange" | "account" | "quotas">[];
  /** What an account is worth in a currency, decimal string; null when nobody knows. */
  readonly equity: (account: string, currency: string) => string | null;
}

export interface BudgetVerdict {
  /** Why the start is refused; null when the capital is free. */
  readonly refusal: Text | null;
  /** Shares that could not be checked, because the account's worth is not known. */
  readonly unchecked: readonly BudgetShare[];
}

/** Whether the capital that a bot's budget names is free on its accounts. */
export function judgeBudget({ bot, others, equity }: BudgetQuestion): BudgetVerdict {
  const unchecked: BudgetShare[] = [];
  for (const share of budgetOf(bot)) {
    const worth = equity(share.account, share.currency);
    if (worth === null) {
      unchecked.push(share);
      continue;
    }
    const taken = others
      .flatMap(budgetOf)
      .filter(({ account, currency }) => account === share.account && currency === share.currency)
      .reduce((sum, { amount }) => sum.plus(amount), ZERO);
    const free = money(worth).minus(taken);
    if (free.lt(share.amount)) return { refusal: refusalText(bot.id, share, worth, text(taken), text(free)), unchecked };
  }
  return { refusal: null, unchecked };
}

function refusalText(id: string, { account, currency, amount }: BudgetShare, worth: string, taken: string, free: string): Text {
  return {
    en: `${id} needs a budget of ${amount} ${currency} on ${account}, but only ${free} of ${worth} is free (${taken} is taken by started bots); stop another bot, or lower quotas.budget.`,
    "zh-TW": `${id} 需要 ${account} 上 ${amount} ${currency} 的預算，但 ${worth} 中只剩 ${free} 可用（其他已啟動的機器人占用 ${taken}）；請先停止其他機器人，或調低 quotas.budget。`,
  };
}

/** Said at a start whose budget nobody can check. */
export function uncheckedText(id: string, shares: readonly BudgetShare[]): Text {
  const list = shares.map(({ account, currency, amount }) => `${amount} ${currency} (${account})`).join(", ");
  return {
    en: `${id}: its budget of ${list} is not enforced, because what the account is worth is not known`,
    "zh-TW": `${id}：預算 ${list} 無法強制執行，因為尚不知道帳戶的淨值`,
  };
}
