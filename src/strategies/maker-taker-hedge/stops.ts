// Stop loss and take profit: closes every leg by taking, tries until flat, then halts or finishes.

import { money, rounded, text } from "../../core/money.ts";
import type { Intent, LegView } from "../../core/strategy.ts";
import type { Text } from "../../core/text.ts";
import { lots } from "../../core/units.ts";
import { slippageOf } from "./hedging.ts";
import type { HedgeParams } from "./params.ts";
import { isTradable } from "./residual.ts";
import { HEDGE, type HedgeState, type Legs, MAKER } from "./state.ts";

const WORDS = {
  stopLoss: { en: "stop loss", "zh-TW": "停損" },
  takeProfit: { en: "take profit", "zh-TW": "停利" },
} as const;

/** What a protective close wants; null when there is none. It starts only when every leg has a price, for half a sum means nothing. */
export function protect(state: HedgeState, value: HedgeParams, legs: Legs): Intent[] | null {
  const intents: Intent[] = [];
  if (state.closing === null) {
    const cause = causeOf(value, legs);
    if (cause === null) return null;
    state.closing = cause.name;
    state.failedTakes = 0;
    intents.push({ type: "notify", severity: "critical", text: cause.text });
  }
  const { closing } = state;
  const open = legs.isPaired ? ([MAKER, HEDGE] as const) : ([MAKER] as const);
  for (const leg of open) intents.push({ type: "hold", leg, quantity: lots(0), maxSlippageBps: slippageOf(state, value) });
  if (!isFlat(legs.maker) || !isFlat(legs.hedge)) return intents;
  state.closing = null;
  state.failedTakes = 0;
  const reason: Text = { en: `${WORDS[closing].en}: every leg is closed`, "zh-TW": `${WORDS[closing]["zh-TW"]}：所有部位已平倉` };
  intents.push(value.afterStop === "finish" ? { type: "finish", reason, flatten: false } : { type: "halt", reason });
  return intents;
}

function causeOf(value: HedgeParams, legs: Legs): { name: "stopLoss" | "takeProfit"; text: Text } | null {
  if (value.stopLoss === undefined && value.takeProfit === undefined) return null;
  const all = legs.isPaired ? [legs.maker, legs.hedge] : [legs.maker];
  if (all.some((leg) => leg.bestBid === null || leg.bestAsk === null)) return null;
  const unrealized = all.reduce((sum, leg) => sum.plus(leg.unrealizedPnl), money("0"));
  const isLoss = value.stopLoss !== undefined && unrealized.lte(money(value.stopLoss).times(-1));
  const isProfit = value.takeProfit !== undefined && unrealized.gte(value.takeProfit);
  if (!isLoss && !isProfit) return null;
  const name = isLoss ? "stopLoss" : "takeProfit";
  const words = `${rounded(text(unrealized), 4)} ${legs.maker.instrument.quote}`;
  return {
    name,
    text: {
      en: `${WORDS[name].en}: unrealized result ${words}; closing every leg`,
      "zh-TW": `觸發${WORDS[name]["zh-TW"]}：未實現損益 ${words}，正在平倉`,
    },
  };
}

/** Less than an order the exchange would take cannot be closed. */
function isFlat(leg: LegView): boolean {
  return !isTradable(leg.instrument, lots(Math.abs(leg.position)), leg.bestBid);
}
