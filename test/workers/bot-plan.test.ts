// What a configuration comes to: legs on accounts of their own, and which other parameters a running bot may take.

import { describe, expect, it } from "vitest";
import { z } from "zod";
import { defineStrategy, type Strategy } from "../../src/core/strategy.ts";
import { plain } from "../../src/core/text.ts";
import { accountsOf, adjustedPlan, planOf } from "../../src/workers/bot-plan.ts";
import { botConfig } from "../memory-fleet.ts";

const params = z.object({ size: z.string().default("1"), hedge: z.string().optional() });

const PAIR = defineStrategy<z.infer<typeof params>, Record<string, never>>({
  ...{ name: "grid", version: 1, summary: plain("pair"), params, example: {} },
  legs: ({ hedge }, home) => ({ maker: home, ...(hedge === undefined ? {} : { hedge: { ...home, account: hedge } }) }),
  preview: () => {
    throw new Error("not asked for here");
  },
  init: () => ({}),
  decide: () => [],
  adapt: (state) => state,
}) as unknown as Strategy;
const STRATEGIES = new Map([["grid", PAIR]]);

describe("a plan", () => {
  it("names each account once, and reads the defaults of the parameters", () => {
    const plan = planOf(botConfig("pair", { params: { hedge: "other" } }), STRATEGIES);
    expect(plan.params).toEqual({ size: "1", hedge: "other" });
    expect(accountsOf(plan)).toEqual([
      { exchange: "backpack", account: "sim" },
      { exchange: "backpack", account: "other" },
    ]);
  });

  it("takes a product's name for its strategy", () => {
    expect(planOf(botConfig("pair", { strategy: "perp_grid" }), STRATEGIES).strategy).toBe(PAIR);
  });

  it.each([
    [{ strategy: "unheard-of" }, 'pair: there is no strategy "unheard-of"; there are grid'],
    [{ params: { size: 3 } }, "pair: the parameters of grid are not valid: size"],
    [{ params: { hedge: "sim" } }, "pair: the legs maker and hedge both trade backpack:sim:ETH/USDC:USDC"],
  ])("is refused for %j", (overrides, words) => {
    expect(() => planOf(botConfig("pair", overrides), STRATEGIES)).toThrow(words);
  });

  it("of other parameters fits a running bot when it trades the same", () => {
    const config = botConfig("pair", { params: { hedge: "other" } });
    const plan = planOf(config, STRATEGIES);
    expect(adjustedPlan(plan, { ...config, params: { hedge: "other", size: "2" } })).toMatchObject({ params: { size: "2" } });
    expect(adjustedPlan(plan, { ...config, params: {} })).toMatchObject({ refused: { en: expect.stringContaining("other instruments") } });
    expect(adjustedPlan(plan, { ...config, params: { size: 3 } })).toMatchObject({ refused: { en: expect.stringContaining("size") } });
  });
});
