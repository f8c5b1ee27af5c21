// Stop loss and take profit of the market maker: they close until flat, then halt or finish; nothing re-enters by itself.

import { money } from "../../core/money.ts";
import type { Intent, LegView } from "../../core/strategy.ts";
import type { Text } from "../../core/text.ts";
import { lots } from "../../core/units.ts";
import { isEnough, minQuantaOf } from "./inventory.ts";
import type { MarketMakerParams } from "./params.ts";
import { midOf, type QuotedLeg } from "./reference.ts";
import { LEG, type MarketMakerState, type StopReason } from "./state.ts";

const WORDS: Readonly<Record<StopReason, Text>> = {
  stopLoss: { en: "stop loss", "zh-TW": "停損" },
  takeProfit: { en: "take profit", "zh-TW": "停利" },
  stopLossRoi: { en: "stop loss on capital", "zh-TW": "資金報酬率停損" },
  takeProfitRoi: { en: "take profit on capital", "zh-TW": "資金報酬率停利" },
};

/** Which limit the bot's own books have passed, or null. Losses come first. */
export function passedLimit(value: MarketMakerParams, leg: LegView): StopReason | null {
  const open = money(leg.unrealizedPnl);
  if (leg.position !== 0 && value.stopLoss !== undefined && open.lte(money(value.stopLoss).times(-1))) return "stopLoss";
  if (value.capital !== undefined) {
    const net = money(leg.netPnl);
    if (value.stopLossRoi !== undefined && net.lte(money(value.capital).times(value.stopLossRoi).times(-1))) return "stopLossRoi";
    if (value.takeProfitRoi !== undefined && net.gte(money(value.capital).times(value.takeProfitRoi))) return "takeProfitRoi";
  }
  if (leg.position !== 0 && value.takeProfit !== undefined && open.gte(value.takeProfit)) return "takeProfit";
  return null;
}

/** True when some limit is set. */
export function isProtected(value: MarketMakerParams): boolean {
  return [value.stopLoss, value.takeProfit, value.stopLossRoi, value.takeProfitRoi].some((limit) => limit !== undefined);
}

/** Closes until nothing is left that the exchange would take, then ends as `afterStop` says. */
function close(state: MarketMakerState, value: MarketMakerParams, leg: QuotedLeg, reason: StopReason): Intent[] {
  const hold: Intent = { type: "hold", leg: LEG, quantity: lots(0), maxSlippageBps: value.maxSlippageBps };
  if (isEnough(leg.instrument, minQuantaOf(leg.instrument), midOf(leg), Math.abs(leg.position))) return [hold];
  state.stopping = null;
  const words = WORDS[reason];
  const ended: Text = { en: `${words.en}: the position is closed`, "zh-TW": `${words["zh-TW"]}：部位已平倉` };
  return [hold, value.afterStop === "halt" ? { type: "halt", reason: ended } : { type: "finish", reason: ended, flatten: false }];
}

/** What a passed limit asks for, or null while none is passed and none is being worked off. */
export function protect(state: MarketMakerState, value: MarketMakerParams, leg: QuotedLeg): Intent[] | null {
  if (state.stopping !== null) return close(state, value, leg, state.stopping);
  const reason = passedLimit(value, leg);
  if (reason === null) return null;
  state.stopping = reason;
  const words = WORDS[reason];
  const numbers = `${leg.unrealizedPnl} / ${leg.netPnl} ${leg.instrument.quote}`;
  const notice: Intent = {
    type: "notify",
    severity: "critical",
    text: {
      en: `${words.en}: unrealized / net ${numbers}; closing the position`,
      "zh-TW": `${words["zh-TW"]}：未實現／淨損益 ${numbers}；正在平倉`,
    },
  };
  return [notice, ...close(state, value, leg, reason)];
}
