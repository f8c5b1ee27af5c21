// What a bot's configuration comes to: its strategy, its parsed parameters and the instruments of its legs.

import { type BotConfig, faultsOf } from "../core/bot-config.ts";
import type { InstrumentRef } from "../core/instrument.ts";
import type { Strategy } from "../core/strategy.ts";
import { UserError } from "../core/text.ts";

export interface BotPlan {
  readonly strategy: Strategy;
  readonly params: unknown;
  /** Role -> instrument. */
  readonly legs: Readonly<Record<string, InstrumentRef>>;
}

/** Throws a UserError that names what of the configuration cannot be run. */
export function planOf(config: BotConfig, strategies: ReadonlyMap<string, Strategy>): BotPlan {
  const strategy = strategies.get(config.strategy);
  if (strategy === undefined) {
    const known = [...strategies.keys()].join(", ");
    throw new UserError({
      en: `${config.id}: there is no strategy "${config.strategy}"; there are ${known}`,
      "zh-TW": `${config.id}：沒有名為「${config.strategy}」的策略；可用的有 ${known}`,
    });
  }
  const parsed = strategy.params.safeParse(config.params);
  if (!parsed.success) {
    const faults = faultsOf(parsed.error).join("; ");
    throw new UserError({
      en: `${config.id}: the parameters of ${strategy.name} are not valid: ${faults}`,
      "zh-TW": `${config.id}：${strategy.name} 的參數無效：${faults}`,
    });
  }
  const home: InstrumentRef = { exchange: config.exchange, account: config.account, symbol: config.symbol };
  return { strategy, params: parsed.data, legs: strategy.legs(parsed.data, home) };
}

/** The distinct (exchange, account) pairs that the legs trade on, as `exchange:account`. */
export function accountsOf(plan: BotPlan): readonly { readonly exchange: string; readonly account: string }[] {
  const accounts = new Map<string, { readonly exchange: string; readonly account: string }>();
  for (const { exchange, account } of Object.values(plan.legs)) accounts.set(`${exchange}:${account}`, { exchange, account });
  return [...accounts.values()];
}
