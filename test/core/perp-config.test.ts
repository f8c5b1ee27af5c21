// A bot's wishes for its perpetuals in configuration and preview: what is refused, and what is warned of.

import { describe, expect, it } from "vitest";
import { previewBot } from "../../src/core/bot-preview.ts";
import { validateBot } from "../../src/core/bot-validation.ts";
import { sayFault } from "../../src/core/fault-words.ts";
import type { Instrument } from "../../src/core/instrument.ts";
import { ticks } from "../../src/core/units.ts";
import { loadStrategies } from "../../src/strategies/index.ts";
import { ETH_PERP } from "./instruments.ts";

const strategies = await loadStrategies();
const GRID = {
  ...{ id: "eth_grid", strategy: "perp_grid", exchange: "backpack", account: "sim", symbol: "ETH/USDC:USDC", mode: "sim" },
  risk: { maxPosition: "10" },
};
const PARAMS = { lowerPrice: "2000", upperPrice: "3000", gridNum: 10, orderQuantity: "0.1", leverage: "5" };

function faults(more: Readonly<Record<string, unknown>>, params: Readonly<Record<string, unknown>> = PARAMS): string[] {
  const checked = validateBot({ ...GRID, params, ...more }, strategies);
  return checked.ok ? [] : checked.faults.map((fault) => sayFault(fault).en);
}

function preview(perp: unknown, instrument: Instrument = ETH_PERP) {
  const checked = validateBot({ ...GRID, params: PARAMS, perp }, strategies);
  if (!checked.ok) throw new Error("the configuration is not valid");
  const market = { at: 0, legs: { main: { instrument, bestBid: ticks(250_000), bestAsk: ticks(250_001) } } };
  return previewBot(checked.config, checked.strategy, checked.params, market);
}

describe("a configuration's perp", () => {
  it("is optional, and takes leverage and margin mode", () => {
    expect(faults({})).toEqual([]);
    expect(faults({ perp: { leverage: 5, marginMode: "isolated" }, deadMan: "off" })).toEqual([]);
    expect(faults({ perp: { leverage: 200 } })).toEqual([]);
  });

  it("refuses what no exchange would take", () => {
    expect(faults({ perp: { leverage: 201 } })).toHaveLength(1);
    expect(faults({ perp: { leverage: 0 } })[0]).toContain("perp.leverage");
    expect(faults({ perp: { leverage: 5.5 } })).toHaveLength(1);
    expect(faults({ perp: { marginMode: "both" } })).toHaveLength(1);
    expect(faults({ perp: { levrage: 5 } })).toHaveLength(1);
    expect(faults({ deadMan: "yes" })).toHaveLength(1);
  });

  it("must hold what the orders are sized by", () => {
    expect(faults({ perp: { leverage: 4 } })).toEqual([
      "perp.leverage 4 must be at least params.leverage, 5: orders are sized by that, and the exchange would refuse them",
    ]);
  });

  it("is nothing for a bot that trades spot only", () => {
    const spot = { strategy: "grid", symbol: "ETH/USDC", perp: { leverage: 5 } };
    expect(faults(spot)).toEqual(['perp {"leverage":5} must be absent: the bot trades no perpetual']);
  });
});

describe("a preview", () => {
  const warnings = (perp: unknown, instrument?: Instrument) => preview(perp, instrument).warnings.map(({ en }) => en);

  it("shows what the exchange will be told", () => {
    expect(preview({ leverage: 5, marginMode: "cross" }).perp).toEqual({ leverage: 5, marginMode: "cross" });
    expect(preview(undefined).perp).toBeUndefined();
  });

  it("warns of more leverage than the instrument has, and of a nearer liquidation with isolated margin", () => {
    const before = warnings(undefined);
    const added = (perp: unknown, instrument?: Instrument) => warnings(perp, instrument).filter((text) => !before.includes(text));
    expect(added({ leverage: 5, marginMode: "isolated" })).toEqual([]);
    expect(added({ leverage: 50 }, { ...ETH_PERP, maxLeverage: 20 })).toContain(
      "perp.leverage 50 is above the largest of ETH/USDC:USDC, 20: the bot would not start",
    );
    expect(added({ leverage: 20, marginMode: "isolated" })).toEqual([
      "isolated margin at 20x is less than this preview counts with (5x): liquidation is nearer than shown",
    ]);
  });
});
