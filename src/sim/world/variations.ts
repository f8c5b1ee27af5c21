// Parameters of a strategy for one seed: its example, and whatever common settings it takes on top of that.

import type { Strategy } from "../../core/strategy.ts";
import type { Random } from "../random.ts";

export interface Place {
  /** Coin that is traded. */
  readonly base: string;
  readonly symbol: string;
  /** Symbol of the same coin's other market (perp for spot, spot for perp). */
  readonly otherSymbol: string;
  readonly price: number;
}

type Choice = (random: Random, place: Place) => unknown;

const VARY_CHANCE = 0.3;

function oneOf(...values: readonly unknown[]): Choice {
  return (random) => values[random.integer(0, values.length - 1)];
}

/** A price some percent away from the first one. */
function priceAt(leastPercent: number, mostPercent: number): Choice {
  return (random, { price }) => (price * (1 + (leastPercent + random.next() * (mostPercent - leastPercent)) / 100)).toFixed(1);
}

/** Settings that strategies share by name, in the order in which they are tried: each stays only if all of them still parse. */
const SETTINGS: readonly (readonly [string, Choice])[] = [
  ["hedgeSymbol", (random, place) => (random.next() < 0.7 ? place.otherSymbol : place.symbol)],
  ["hedgeAccount", oneOf("second")],
  ["orderQuantity", oneOf("0.01", "0.02", "0.05", "0.1")],
  ["gridType", oneOf("neutral", "long", "short")],
  ["gridMode", oneOf("arithmetic", "geometric")],
  ["gridNum", oneOf(4, 8, 12, 16)],
  ["priceRangePercent", oneOf("1", "2", "4")],
  ["boundaryAction", oneOf("none", "adjust_range", "stop_only", "emergency_close", "wait")],
  ["initialPosition", oneOf(true, "auto")],
  ["trailingUp", oneOf(true)],
  ["trailingDown", oneOf(true)],
  ["maxRestingOrders", oneOf(4, 8)],
  ["lowerPrice", priceAt(-4, -1)],
  ["upperPrice", priceAt(1, 4)],
  ["triggerPrice", priceAt(-0.3, 0.3)],
  ["takeProfitPrice", priceAt(2, 5)],
  ["stopLossPrice", priceAt(-5, -2)],
  ["mode", oneOf("standard", "avellaneda_stoikov")],
  ["spreadPercent", oneOf("0.05", "0.1", "0.4")],
  ["maxOrders", oneOf(1, 3, 6)],
  ["stepTicks", oneOf(5, 40)],
  ["stepPercent", oneOf("0.05")],
  ["referencePrice", oneOf("mid", "microprice", "last", "mark")],
  ["referenceSymbol", (_random, place) => place.otherSymbol],
  ["refreshIntervalS", oneOf(0, 2, 10)],
  ["toleranceTicks", oneOf(0, 5, 30)],
  ["filledOrderDelayS", oneOf(0, 2)],
  ["postOnly", oneOf(true, false)],
  ["maxRetreatTicks", oneOf(0, 3)],
  ["inventoryTarget", oneOf("0.05", "-0.05")],
  ["inventorySkew", oneOf("0.5", "1")],
  ["sizeSkew", oneOf("0.5")],
  ["volatilityMultiplier", oneOf("0.5", "2")],
  ["sides", oneOf("both", "bids", "asks")],
  ["oneSided", oneOf("both", "buy", "sell")],
  ["joinBest", oneOf(true, false)],
  ["minProfitBps", oneOf(0, 2)],
  ["hedgeRatio", oneOf("1", "0.5")],
  ["maxUnhedgedQuantity", oneOf("0.02", "0.2")],
  ["maxUnhedgedTimeS", oneOf(2, 10)],
  ["maxSlippageBps", oneOf(5, 30)],
  ["maxPosition", oneOf("0.05", "0.2", "1")],
  ["positionThreshold", oneOf("0", "0.05")],
  ["targetPosition", oneOf("0.05")],
  ["enableRebalance", oneOf(true, false)],
  ["capital", oneOf("1000", "5000")],
  ["leverage", oneOf("1", "3")],
  ["stopLoss", oneOf("2", "20")],
  ["takeProfit", oneOf("2", "20")],
  ["stopLossRoi", oneOf("0.01")],
  ["takeProfitRoi", oneOf("0.01")],
  ["afterStop", oneOf("halt", "finish")],
];

/** Parsed parameters of one seed. Throws when the strategy's own example does not parse. */
export function drawParams(strategy: Strategy, place: Place, random: Random): unknown {
  let input: Readonly<Record<string, unknown>> = strategy.example;
  const first = strategy.params.safeParse(input);
  if (!first.success) throw new Error(`the example of strategy ${strategy.name} does not parse: ${first.error.message}`);
  let params: unknown = first.data;
  for (const [name, choose] of SETTINGS) {
    const isVaried = random.next() < VARY_CHANCE;
    const value = choose(random, place);
    if (!isVaried) continue;
    const next = { ...input, [name]: value };
    const parsed = strategy.params.safeParse(next);
    if (!parsed.success) continue;
    input = next;
    params = parsed.data;
  }
  return params;
}
