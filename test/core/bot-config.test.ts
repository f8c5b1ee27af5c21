// A bot's configuration: everything that is wrong is said at once, with path, value and rule; limits reach the kernel in lots.

import { describe, expect, test } from "vitest";
import { presetBots } from "../../src/cli/presets.ts";
import { type BotConfig, botConfigSchema, decimalString } from "../../src/core/bot-config.ts";
import { runForMs, toRiskLimits } from "../../src/core/bot-limits.ts";
import { PRODUCTS, productNamed } from "../../src/core/bot-products.ts";
import { validateBot } from "../../src/core/bot-validation.ts";
import { durationMs } from "../../src/core/duration.ts";
import { sayFault } from "../../src/core/fault-words.ts";
import { UserError } from "../../src/core/text.ts";
import { loadStrategies } from "../../src/strategies/index.ts";
import { ETH_PERP } from "./instruments.ts";

const strategies = await loadStrategies([]);

const PARAMS = { gridNum: 10, lowerPrice: "2400", upperPrice: "2600", orderQuantity: "0.05" };

function config(overrides: Readonly<Record<string, unknown>> = {}): Record<string, unknown> {
  const where = { exchange: "backpack", account: "sim", symbol: "ETH/USDC:USDC", mode: "sim" };
  return { id: "eth", strategy: "perp_grid", params: PARAMS, ...where, risk: { maxPosition: "1" }, ...overrides };
}

function valid(overrides: Readonly<Record<string, unknown>> = {}): BotConfig {
  const result = validateBot(config(overrides), strategies);
  if (!result.ok) throw new Error(result.faults.map((fault) => sayFault(fault).en).join("\n"));
  return result.config;
}

/** `path | sentence` of each fault. */
function faults(overrides: Readonly<Record<string, unknown>>): string[] {
  const result = validateBot(config(overrides), strategies);
  return result.ok ? [] : result.faults.map((fault) => `${fault.path} | ${sayFault(fault).en}`);
}

describe("what is right", () => {
  test("a product's name becomes the strategy's file name, its parameters stand under the given ones", () => {
    expect(valid()).toMatchObject({ strategy: "grid", params: { ...PARAMS, gridType: "neutral" } });
    expect(valid({ params: { ...PARAMS, gridType: "short" } }).params.gridType).toBe("short");
    expect(valid({ strategy: "grid" })).toMatchObject({ strategy: "grid", params: PARAMS });
  });

  test("every product names a strategy that exists and accepts the product's parameters", () => {
    expect(PRODUCTS.map(({ name }) => name)).toEqual(["market_maker", "perp_market_maker", "maker_taker_hedge", "grid", "perp_grid"]);
    for (const product of PRODUCTS) {
      const strategy = strategies.get(product.strategy);
      expect(strategy?.params.safeParse({ ...strategy.example, ...product.params }).success, product.name).toBe(true);
      expect(product.summary["zh-TW"]).toMatch(/\p{Script=Han}/u);
    }
    expect(productNamed("tri_hedge")).toBeUndefined();
  });

  test("what was valid before stays valid: the presets, and a configuration that names the file", () => {
    for (const preset of presetBots()) expect(validateBot(preset, strategies).ok, preset.id).toBe(true);
    const old = { ...config({ strategy: "grid" }), risk: { maxPosition: "1.25", maxOpenOrders: 60 } };
    expect(botConfigSchema.parse(old)).toMatchObject({
      risk: { maxPosition: "1.25", maxOpenOrders: 60, maxBookAgeMs: 5_000 },
      restart: { maxAttempts: 5, delayMs: 500, windowMs: 600_000 },
      onShutdown: "cancel",
      tags: [],
    });
  });

  test("what is stored can be read again and means the same", () => {
    const once = valid({ runFor: "8h", description: "a test", risk: { maxPosition: { main: "1" }, maxDailyLoss: 50 } });
    expect(validateBot(JSON.parse(JSON.stringify(once)), strategies)).toMatchObject({ ok: true, config: once });
  });
});

describe("what is wrong", () => {
  test("all faults at once: own fields, unknown fields, types, rules between parameters, kind of symbol", () => {
    const found = faults({
      id: "1x",
      symbol: "ETH/USDC",
      leverage: 3,
      mode: "real",
      params: { gridNum: 1, lowerPrice: "3100", upperPrice: "2900", orderQuantity: "-1", gridNumm: 3 },
      risk: { maxPosition: "0", maxOpenOrder: 3 },
      runFor: "soon",
    });
    expect(found).toEqual(
      expect.arrayContaining([
        "id | id 1x must start with a letter and hold at most 32 of a-z, 0-9, _ and -",
        "mode | mode real must be one of sim, paper, testnet, live",
        "risk.maxPosition | risk.maxPosition 0 must be above 0",
        "risk.maxOpenOrder | risk.maxOpenOrder 3 is no field that exists here",
        "runFor | runFor soon must be a duration such as 90s, 45m, 8h or 7d, at most 366d",
        "leverage | leverage 3 is no field that exists here",
        "symbol | symbol ETH/USDC is spot, but perp_grid trades perpetuals such as ETH/USDC:USDC",
        "params.gridNum | params.gridNum 1 must be at least 2",
        "params.gridNumm | params.gridNumm 3 is no field that exists here; did you mean gridNum?",
        "params.lowerPrice | lowerPrice 3100 must be below upperPrice 2900",
      ]),
    );
    expect(found.some((line) => line.startsWith("params.orderQuantity | "))).toBe(true);
  });

  test("each fault carries the value as given, and the rule in both languages", () => {
    const result = validateBot(config({ risk: {}, params: { ...PARAMS, gridType: "sideways" } }), strategies);
    expect(result.ok ? [] : result.faults).toEqual([
      { path: "risk.maxPosition", value: undefined, rule: { en: "is missing", "zh-TW": "缺少此欄位" } },
      {
        path: "params.gridType",
        value: "sideways",
        rule: { en: "must be one of neutral, long, short", "zh-TW": "必須是 neutral、long、short 其中之一" },
      },
    ]);
  });

  test("a missing block is named; legs on one instrument and a strategy's own refusal of its legs are told", () => {
    expect(faults({ params: undefined })).toEqual(["params | params is missing"]);
    const hedge = { strategy: "maker_taker_hedge", params: { hedgeSymbol: "ETH/USDC:USDC", orderQuantity: "0.1" } };
    expect(faults(hedge)).toEqual([
      "params | the legs maker and hedge both trade backpack:sim:ETH/USDC:USDC; each leg needs an instrument of its own",
    ]);
    const grid = strategies.get("grid");
    if (grid === undefined) throw new Error("no grid");
    const legs = () => {
      throw new UserError({ en: "no legs today", "zh-TW": "今天沒有腿" });
    };
    const result = validateBot(config(), new Map([["grid", { ...grid, legs }]]));
    expect(result.ok ? [] : result.faults.map(sayFault)).toEqual([{ en: "no legs today", "zh-TW": "今天沒有腿" }]);
  });

  test("a strategy that does not exist is answered with those that do", () => {
    const [line = ""] = faults({ strategy: "perp_gird" });
    expect(line).toContain("strategy | strategy perp_gird is no strategy (did you mean perp_grid?); there are ");
    expect(line).toContain("perp_market_maker");
    expect(validateBot(null, strategies)).toMatchObject({ ok: false, faults: [{ path: "" }] });
    expect(validateBot([], strategies).ok).toBe(false);
    expect(validateBot("x", new Map()).ok).toBe(false);
  });

  test("inverse, dated and malformed symbols are refused; a perpetual is no spot", () => {
    for (const symbol of ["BTC/USD:BTC", "BTC/USDT:USDT-261225", "ETHUSDC", "ETH/"])
      expect(faults({ symbol, strategy: "grid" }).join(), symbol).toContain("must be a spot symbol such as ETH/USDC or a linear perpetual");
    expect(faults({ strategy: "market_maker", params: {} }).join()).toContain(
      "symbol ETH/USDC:USDC is a perpetual, but market_maker trades spot such as ETH/USDC",
    );
  });

  test("numbers that no market has are refused", () => {
    for (const value of [
      Number.NaN,
      Number.POSITIVE_INFINITY,
      "NaN",
      "Infinity",
      "0x10",
      "",
      " ",
      "1e-18",
      1e-18,
      2 ** 60,
      "1e400",
      "+5",
      null,
      true,
      {},
    ])
      expect(decimalString.safeParse(value).success, String(value)).toBe(false);
    for (const value of ["0.05", 0.05, "-3", "1e-8", "5e2", 0, "0"])
      expect(decimalString.safeParse(value).success, String(value)).toBe(true);
    expect(faults({ params: { ...PARAMS, orderQuantity: "1e-18" } })).toEqual([
      "params.orderQuantity | params.orderQuantity 1e-18 must be 0 or between 1e-15 and 1e15 in size",
    ]);
    expect(faults({ params: { ...PARAMS, gridNum: 2 ** 60 } }).join()).toContain("must be at most 200");
  });

  test("limits are held against the legs: names, missing ones, symbols that may be traded", () => {
    expect(faults({ risk: { maxPosition: { hedge: "1" }, symbols: ["BTC/USDC:USDC"] } })).toEqual([
      "risk.maxPosition.hedge | hedge is no leg of this bot; it has main",
      "risk.maxPosition.main | risk.maxPosition.main is missing",
      "risk.symbols | risk.symbols does not hold ETH/USDC:USDC, which the main leg trades",
    ]);
    expect(faults({ risk: { maxPosition: { main: "abc" } } })).toEqual([
      "risk.maxPosition.main | risk.maxPosition.main abc must be a decimal number such as 0.05",
    ]);
    expect(faults({ risk: { maxPosition: "abc" } })).toEqual([
      "risk.maxPosition | risk.maxPosition abc must be a decimal number such as 0.05",
    ]);
  });
});

describe("what the kernel gets", () => {
  test("every limit, quantities in whole lots rounded down", () => {
    const risk = {
      maxPosition: "1.2345678",
      maxOpenOrders: 7,
      maxNotional: "5000",
      maxOrderNotional: "300",
      priceBandBps: 250,
      maxOrdersPerMinute: 30,
      maxDailyLoss: "40",
      maxDrawdown: "90",
      maxBookAgeMs: 2_000,
      minLiquidationDistanceBps: 500,
      symbols: ["ETH/USDC:USDC"],
      onBreach: "flatten",
    };
    expect(toRiskLimits(valid({ risk }), { main: ETH_PERP })).toEqual({ ...risk, maxPosition: { main: 1_234 } });
  });

  test("limits that nobody set are absent, a book may be five seconds old", () => {
    expect(toRiskLimits(valid(), { main: ETH_PERP, hedge: ETH_PERP })).toEqual({
      maxPosition: { main: 1_000, hedge: 1_000 },
      maxOpenOrders: 100,
      maxOrdersPerMinute: 1_200,
      maxBookAgeMs: 5_000,
      onBreach: "keep",
    });
  });

  test("a leg without its own quantity is refused, not unlimited", () => {
    const perLeg = valid({ risk: { maxPosition: { main: "0.5" } } });
    expect(toRiskLimits(perLeg, { main: ETH_PERP }).maxPosition).toEqual({ main: 500 });
    expect(() => toRiskLimits(perLeg, { main: ETH_PERP, hedge: ETH_PERP })).toThrow(UserError);
  });

  test("runFor in milliseconds", () => {
    expect(["90s", "45m", "8h", "7d", "366d"].map(durationMs)).toEqual([90_000, 2_700_000, 28_800_000, 604_800_000, 31_622_400_000]);
    expect(["0s", "-1h", "1.5h", "8", "h", "8 h", "367d", "1w", ""].map(durationMs)).toEqual(Array(9).fill(null));
    expect(runForMs(valid({ runFor: "8h" }))).toBe(28_800_000);
    expect(runForMs(valid())).toBeUndefined();
  });
});
