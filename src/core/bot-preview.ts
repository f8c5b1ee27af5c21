// What starting a configured bot would mean: the strategy's preview, with warnings where the bot's own limits stand in its way.

import type { BotConfig } from "./bot-config.ts";
import { toPrice } from "./instrument.ts";
import { money, rounded } from "./money.ts";
import type { MarketSnapshot, Preview, Strategy } from "./strategy.ts";
import { type Text, UserError } from "./text.ts";

/** Throws a UserError when the strategy cannot be previewed on this market (e.g. a price that is no multiple of the tick). */
export function previewBot(config: BotConfig, strategy: Strategy, params: unknown, market: MarketSnapshot): Preview {
  const preview = strategyPreview(config, strategy, params, market);
  const warnings = [...preview.warnings, ...perpWarnings(config, preview, market), ...limitWarnings(config, preview, market)];
  return { ...preview, ...(config.perp === undefined ? {} : { perp: config.perp }), warnings };
}

function strategyPreview({ id }: BotConfig, strategy: Strategy, params: unknown, market: MarketSnapshot): Preview {
  try {
    return strategy.preview(params, market);
  } catch (error) {
    // A number that no tick or lot can hold is the user's; anything else is a fault of the strategy.
    if (!(error instanceof RangeError)) throw error;
    throw new UserError({
      en: `${id}: ${strategy.name} cannot be previewed on this market: ${error.message}`,
      "zh-TW": `${id}：無法在此行情試算 ${strategy.name}：${error.message}`,
    });
  }
}

/** The preview counts with the leverage that sizes orders; what the exchange is told may be refused, or liquidate nearer. */
function perpWarnings({ perp }: BotConfig, preview: Preview, market: MarketSnapshot): Text[] {
  const leverage = perp?.leverage;
  if (leverage === undefined) return [];
  const warnings: Text[] = [];
  for (const { instrument } of Object.values(market.legs)) {
    const { maxLeverage, ref } = instrument;
    if (maxLeverage !== undefined && leverage > maxLeverage)
      warnings.push({
        en: `perp.leverage ${leverage} is above the largest of ${ref.symbol}, ${maxLeverage}: the bot would not start`,
        "zh-TW": `perp.leverage ${leverage} 超過 ${ref.symbol} 的最大槓桿 ${maxLeverage}：機器人將無法啟動`,
      });
  }
  if (perp?.marginMode === "isolated" && money(preview.leverage).lt(leverage))
    warnings.push({
      en: `isolated margin at ${leverage}x is less than this preview counts with (${preview.leverage}x): liquidation is nearer than shown`,
      "zh-TW": `${leverage} 倍逐倉的保證金少於試算所用（${preview.leverage} 倍）：強平價會比顯示的更近`,
    });
  return warnings;
}

function limitWarnings({ risk }: BotConfig, preview: Preview, market: MarketSnapshot): Text[] {
  const warnings: Text[] = [];
  const [first] = Object.entries(market.legs);
  if (first === undefined) return warnings;
  const [name, { instrument, bestBid }] = first;
  const position = money(preview.maxPosition);
  const maxPosition = typeof risk.maxPosition === "string" ? risk.maxPosition : risk.maxPosition[name];
  if (maxPosition !== undefined && position.gt(maxPosition))
    warnings.push({
      en: `risk.maxPosition ${maxPosition} is below the largest one-sided position ${preview.maxPosition}; orders beyond it are denied`,
      "zh-TW": `risk.maxPosition ${maxPosition} 低於最大單邊部位 ${preview.maxPosition}；超出的委託會被拒絕`,
    });
  const notional = position.times(toPrice(instrument, bestBid));
  if (risk.maxNotional !== undefined && notional.gt(risk.maxNotional))
    warnings.push({
      en: `risk.maxNotional ${risk.maxNotional} is below the largest one-sided notional ${rounded(notional, 2)}; orders beyond it are denied`,
      "zh-TW": `risk.maxNotional ${risk.maxNotional} 低於最大單邊名目金額 ${rounded(notional, 2)}；超出的委託會被拒絕`,
    });
  if (preview.orders > risk.maxOpenOrders)
    warnings.push({
      en: `risk.maxOpenOrders ${risk.maxOpenOrders} is below the ${preview.orders} orders that would rest; the rest waits`,
      "zh-TW": `risk.maxOpenOrders ${risk.maxOpenOrders} 少於要掛的 ${preview.orders} 筆委託；其餘會等待`,
    });
  for (const [field, limit] of [
    ["maxDailyLoss", risk.maxDailyLoss],
    ["maxDrawdown", risk.maxDrawdown],
  ] as const)
    if (limit !== undefined && money(preview.worstLoss).gt(limit))
      warnings.push({
        en: `the worst loss ${preview.worstLoss} is beyond risk.${field} ${limit}: the bot would be halted before it`,
        "zh-TW": `最大可能虧損 ${preview.worstLoss} 超過 risk.${field} ${limit}：機器人會先被停機`,
      });
  return warnings;
}
