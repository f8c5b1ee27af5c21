// A bot's preview: the strategy's numbers, and warnings where the bot's own limits stand in the way.

import { expect, test } from "vitest";
import { z } from "zod";
import { botConfigSchema } from "../../src/core/bot-config.ts";
import { previewBot } from "../../src/core/bot-preview.ts";
import { previewLadder } from "../../src/core/ladder-preview.ts";
import { defineStrategy, type Strategy } from "../../src/core/strategy.ts";
import { plain } from "../../src/core/text.ts";
import { lots, ticks } from "../../src/core/units.ts";
import { ETH_PERP } from "./instruments.ts";

const orders = [2_400, 2_420, 2_440, 2_460, 2_480].map((price) => ({ price: ticks(price * 100), quantity: lots(100) }));
const market = { at: 0, legs: { main: { instrument: ETH_PERP, bestBid: ticks(250_000), bestAsk: ticks(250_001) } } };

/** Five bids of 0.1 ETH. */
const bids = defineStrategy<unknown, Record<string, never>>({
  name: "bids",
  version: 1,
  summary: plain("bids"),
  params: z.unknown(),
  example: {},
  legs: (_params, home) => ({ main: home }),
  preview: () =>
    previewLadder({
      ...{ instrument: ETH_PERP, mid: ticks(250_000), buys: orders, sells: [], lower: ticks(240_000), upper: ticks(260_000) },
      ...{ stopBelow: null, stopAbove: null, leverage: "1", pairStep: 2_000, pairQuantity: lots(100) },
    }),
  init: () => ({}),
  decide: () => [],
  adapt: (state) => state,
}) as Strategy;

function warnings(risk: Readonly<Record<string, unknown>>, strategy: Strategy = bids) {
  const where = { exchange: "backpack", account: "sim", symbol: "ETH/USDC:USDC", mode: "sim" };
  const config = botConfigSchema.parse({ id: "eth", strategy: "bids", params: {}, ...where, risk });
  return previewBot(config, strategy, {}, market).warnings;
}

test("limits that leave room warn of nothing", () => {
  expect(warnings({ maxPosition: "10", maxDailyLoss: "10000", maxNotional: "2000" })).toEqual([]);
});

test("limits below what the orders could become are named with their numbers", () => {
  const words = warnings({ maxPosition: { main: "0.2" }, maxNotional: "500", maxOpenOrders: 4, maxDailyLoss: "1", maxDrawdown: "2" });
  expect(words.map(({ en }) => en)).toEqual([
    "risk.maxPosition 0.2 is below the largest one-sided position 0.5; orders beyond it are denied",
    "risk.maxNotional 500 is below the largest one-sided notional 1250; orders beyond it are denied",
    "risk.maxOpenOrders 4 is below the 5 orders that would rest; the rest waits",
    expect.stringMatching(/^the worst loss \d+\.\d+ is beyond risk\.maxDailyLoss 1: /),
    expect.stringMatching(/^the worst loss \d+\.\d+ is beyond risk\.maxDrawdown 2: /),
  ]);
  for (const text of words) expect(text["zh-TW"]).toMatch(/\p{Script=Han}/u);
});

test("a strategy that cannot be previewed is a sentence, not a stack", () => {
  const broken: Strategy = {
    ...bids,
    preview: () => {
      throw new RangeError("no multiple of the step");
    },
  };
  expect(() => warnings({ maxPosition: "1" }, broken)).toThrow("eth: bids cannot be previewed on this market: no multiple of the step");
});
