// What a bot's configuration comes to: its strategy, its parsed parameters and the instruments of its legs.

import { type BotConfig, faultsOf } from "../core/bot-config.ts";
import { productNamed } from "../core/bot-products.ts";
import { type InstrumentRef, refKey } from "../core/instrument.ts";
import type { Strategy } from "../core/strategy.ts";
import { type Text, UserError } from "../core/text.ts";
import { type AccountName, accountKey } from "../storage/bot-numbers.ts";

export interface BotPlan {
  readonly strategy: Strategy;
  readonly params: unknown;
  /** Role -> instrument. */
  readonly legs: Readonly<Record<string, InstrumentRef>>;
}

/** Throws a UserError that names what of the configuration cannot be run. */
export function planOf(config: BotConfig, strategies: ReadonlyMap<string, Strategy>): BotPlan {
  const strategy = strategies.get(config.strategy) ?? strategies.get(productNamed(config.strategy)?.strategy ?? "");
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
  const legs = strategy.legs(parsed.data, home);
  refuseSharedInstruments(config.id, legs);
  return { strategy, params: parsed.data, legs };
}

/** Position and fills of an account and symbol are one: two legs could not be told apart there. */
function refuseSharedInstruments(id: string, legs: BotPlan["legs"]): void {
  const holders = new Map<string, string>();
  for (const [leg, ref] of Object.entries(legs)) {
    const other = holders.get(refKey(ref));
    if (other !== undefined)
      throw new UserError({
        en: `${id}: the legs ${other} and ${leg} both trade ${refKey(ref)}; give them different symbols, accounts or exchanges`,
        "zh-TW": `${id}：交易腿 ${other} 與 ${leg} 都使用 ${refKey(ref)}；請改用不同的商品、帳戶或交易所`,
      });
    holders.set(refKey(ref), leg);
  }
}

/**
 * The plan under other parameters, or why a running bot cannot take them: they must be valid, and trade what it trades now,
 * since its orders and position are there.
 */
export function adjustedPlan(plan: BotPlan, config: BotConfig): BotPlan | { readonly refused: Text } {
  try {
    const next = planOf(config, new Map([[config.strategy, plan.strategy]]));
    const traded = ({ legs }: BotPlan): string => JSON.stringify(Object.entries(legs).map(([leg, ref]) => [leg, refKey(ref)]));
    if (traded(next) === traded(plan)) return next;
  } catch (error) {
    if (error instanceof UserError) return { refused: error.text };
    throw error;
  }
  return {
    refused: {
      en: `${config.id}: these parameters trade other instruments; stop the bot flat, then start it under them`,
      "zh-TW": `${config.id}：新的參數會交易不同的商品；請先停止並平倉，再以新參數啟動`,
    },
  };
}

/** The distinct accounts that the legs trade on. */
export function accountsOf(plan: Pick<BotPlan, "legs">): readonly AccountName[] {
  const accounts = new Map<string, AccountName>();
  for (const { exchange, account } of Object.values(plan.legs)) accounts.set(accountKey({ exchange, account }), { exchange, account });
  return [...accounts.values()];
}
