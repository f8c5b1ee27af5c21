// From a bot's configuration to what the kernel takes: limits in lots and running time in milliseconds.

import type { BotConfig } from "./bot-config.ts";
import { durationMs } from "./duration.ts";
import { type Instrument, toLots } from "./instrument.ts";
import type { RiskLimits } from "./kernel/options.ts";
import { money } from "./money.ts";
import { UserError } from "./text.ts";

/**
 * The kernel's limits for the instruments of the legs; quantities are rounded down to whole lots.
 * Throws a UserError for a leg that `risk.maxPosition` does not name.
 */
export function toRiskLimits(config: BotConfig, instruments: Readonly<Record<string, Instrument>>): RiskLimits {
  const { maxPosition, maxOpenOrders, maxBookAgeMs, onBreach } = config.risk;
  const { maxNotional, maxOrderNotional, priceBandBps, maxOrdersPerMinute, maxDailyLoss, maxDrawdown } = config.risk;
  const { minLiquidationDistanceBps, symbols } = config.risk;
  const positions = Object.entries(instruments).map(([leg, instrument]): [string, number] => {
    const most = typeof maxPosition === "string" ? maxPosition : maxPosition[leg];
    if (most === undefined) throw missingLeg(config.id, leg);
    return [leg, toLots(instrument, most, "down")];
  });
  return {
    maxPosition: Object.fromEntries(positions),
    maxOpenOrders,
    maxOrdersPerMinute,
    maxBookAgeMs,
    onBreach,
    ...(maxNotional === undefined ? {} : { maxNotional }),
    ...(maxOrderNotional === undefined ? {} : { maxOrderNotional }),
    ...(priceBandBps === undefined ? {} : { priceBandBps }),
    ...(maxDailyLoss === undefined ? {} : { maxDailyLoss }),
    ...(maxDrawdown === undefined ? {} : { maxDrawdown }),
    ...(minLiquidationDistanceBps === undefined ? {} : { minLiquidationDistanceBps }),
    ...(symbols === undefined ? {} : { symbols }),
  };
}

/** How long the bot runs before it finishes by itself; undefined: until somebody stops it. */
export function runForMs(config: BotConfig): number | undefined {
  return config.runFor === undefined ? undefined : (durationMs(config.runFor) ?? undefined);
}

type RiskConfig = BotConfig["risk"];

/** Limits that are looser the larger they are; without one there is no limit. */
const CEILINGS = [
  ...(["maxOpenOrders", "maxNotional", "maxOrderNotional", "priceBandBps", "maxOrdersPerMinute"] as const),
  ...(["maxDailyLoss", "maxDrawdown", "maxBookAgeMs"] as const),
];

/** The limits of `after` that allow more than those of `before`: raising them is an admin's business. */
export function loosenedLimits(before: RiskConfig, after: RiskConfig): readonly string[] {
  const isAbove = (old: string | number | undefined, now: string | number | undefined): boolean =>
    old !== undefined && (now === undefined || money(now).gt(old));
  const loosened: string[] = CEILINGS.filter((name) => isAbove(before[name], after[name]));
  const legs = new Set([before, after].flatMap(({ maxPosition }) => (typeof maxPosition === "string" ? [] : Object.keys(maxPosition))));
  const mostOf = ({ maxPosition }: RiskConfig, leg: string): string | undefined =>
    typeof maxPosition === "string" ? maxPosition : maxPosition[leg];
  if ([...legs, ""].some((leg) => isAbove(mostOf(before, leg), mostOf(after, leg)))) loosened.push("maxPosition");
  // This one is a floor.
  const { minLiquidationDistanceBps: least } = before;
  if (least !== undefined && (after.minLiquidationDistanceBps ?? 0) < least) loosened.push("minLiquidationDistanceBps");
  const { symbols } = before;
  if (symbols !== undefined && (after.symbols ?? ["*"]).some((symbol) => !symbols.includes(symbol))) loosened.push("symbols");
  if (before.onBreach === "flatten" && after.onBreach === "keep") loosened.push("onBreach");
  return loosened;
}

function missingLeg(id: string, leg: string): UserError {
  return new UserError({
    en: `${id}: risk.maxPosition names no quantity for the leg ${leg}; add "${leg}" to it, or give one quantity for all legs`,
    "zh-TW": `${id}：risk.maxPosition 沒有 ${leg} 的數量；請加上「${leg}」，或改為所有交易腿共用一個數量`,
  });
}
