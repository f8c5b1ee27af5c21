// Property: what is exported imports as exactly the same bots, in both formats, for bots of every product.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, describe, expect, test } from "vitest";
import { readBots } from "../../src/cli/config-reader.ts";
import { type ConfigFormat, documentOf } from "../../src/cli/config-write.ts";
import type { BotConfig } from "../../src/core/bot-config.ts";
import { PRODUCTS } from "../../src/core/bot-products.ts";
import { validateBot } from "../../src/core/bot-validation.ts";
import { isSecretValue } from "../../src/core/config-secrets.ts";
import { loadStrategies } from "../../src/strategies/index.ts";

const strategies = await loadStrategies([]);
const folder = mkdtempSync(join(tmpdir(), "botswain-round-trip-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Digits as people and programs write them: long, short, with zeros at either end. */
const decimal = fc
  .tuple(fc.integer({ min: 1, max: 999_999 }), fc.stringMatching(/^[0-9]{0,24}$/))
  .map(([whole, fraction]) => (fraction === "" ? String(whole) : `${whole}.${fraction}`));
/** Below 1 and above 0. */
const fraction = fc.stringMatching(/^[0-9]{0,12}[1-9]0{0,3}$/).map((digits) => `0.${digits}`);
/** Everything that YAML and JSON have a meaning for. */
const awkward = fc.constantFrom(
  ...[
    "yes",
    "no",
    "null",
    "~",
    "1e3",
    "0x10",
    "007",
    ".inf",
    "2001-01-01",
    "- x",
    "a: b",
    "# x",
    "<<",
    "!!str x",
    "&a",
    "*a",
    "",
    " x ",
    "x\n\ny\n",
  ],
  ...[
    "\t",
    "|",
    ">",
    "'",
    '"',
    "\\",
    "\\u0041",
    "true",
    "=",
    "---",
    "...",
    "?",
    "%YAML",
    "@",
    "`",
    "{}",
    "[]",
    "機器人",
    "🤖",
    "é",
    "\u00a0x",
  ],
  ...[`\${X}`, `$\${X}`, `$$$\${X}`, "$", `\${`, "{X}", "a\\nb"],
);
const shown = fc.string({ unit: "grapheme", maxLength: 12 }).filter((text) => !/\p{Cc}|\p{Cf}|\p{Zl}|\p{Zp}|\p{Cs}/u.test(text));
const text = fc.oneof(awkward, shown).filter((value) => !isSecretValue(value));

function maybe<T>(name: string, values: fc.Arbitrary<T>): fc.Arbitrary<Record<string, T>> {
  return fc.option(values, { nil: undefined }).map((value) => (value === undefined ? {} : { [name]: value }));
}

function together(...parts: readonly fc.Arbitrary<Record<string, unknown>>[]): fc.Arbitrary<Record<string, unknown>> {
  return fc.tuple(...parts).map((fields) => Object.assign({}, ...fields) as Record<string, unknown>);
}

/** Parameters of each product, around what its strategy's rules allow. */
const params: Readonly<Record<string, fc.Arbitrary<Record<string, unknown>>>> = {
  "market-maker": together(
    maybe("spreadPercent", fraction),
    maybe("orderQuantity", decimal),
    maybe("maxOrders", fc.integer({ min: 1, max: 50 })),
    maybe("volatilitySampleS", fc.double({ min: 0.1, max: 30, noNaN: true })),
    maybe("postOnly", fc.boolean()),
  ),
  "maker-taker-hedge": together(
    fc.constant({ hedgeSymbol: "BTC/USDC:USDC" }),
    maybe("orderQuantity", fraction),
    maybe(
      "minProfitBps",
      fc.double({ min: -1_000, max: 1_000, noNaN: true }).map((value) => value + 0),
    ),
    maybe("joinBest", fc.boolean()),
    maybe("maxUnhedgedTimeS", fc.integer({ min: 0, max: 86_400 })),
  ),
  grid: together(
    decimal.map((orderQuantity) => ({ orderQuantity })),
    maybe("gridNum", fc.integer({ min: 2, max: 200 })),
    maybe("priceRangePercent", fraction),
    maybe("boundaryTolerance", fraction),
    maybe("gridMode", fc.constantFrom("arithmetic", "geometric")),
    maybe("allowUnprofitableStep", fc.boolean()),
  ),
};

const risk = together(
  decimal.map((maxPosition) => ({ maxPosition })),
  maybe("maxOpenOrders", fc.integer({ min: 1, max: 500 })),
  maybe("maxNotional", decimal),
  maybe("priceBandBps", fc.oneof(fc.double({ min: 1e-300, max: 10_000, noNaN: true }), fc.constant(Number.MIN_VALUE))),
  maybe("maxDailyLoss", fraction),
  maybe("onBreach", fc.constantFrom("keep", "flatten")),
);

const common = together(
  fc.stringMatching(/^[a-z][a-z0-9_-]{0,31}$/).map((id) => ({ id })),
  fc.stringMatching(/^[a-z][a-z0-9_-]{0,15}$/).map((account) => ({ account })),
  fc.constantFrom("backpack", "aster", "paradex", "lighter").map((exchange) => ({ exchange })),
  fc.constantFrom("sim", "paper", "testnet", "live").map((mode) => ({ mode })),
  risk.map((limits) => ({ risk: limits })),
  maybe("description", text),
  maybe("runFor", fc.constantFrom("90s", "45m", "8h", "7d")),
  maybe("onShutdown", fc.constantFrom("cancel", "keep")),
  maybe("tags", fc.array(text, { maxLength: 4 })),
);

const config = fc.constantFrom(...PRODUCTS).chain(({ name, strategy, kind }) =>
  together(
    common,
    (params[strategy] ?? fc.constant({})).map((own) => ({ params: own })),
    fc.constant({ strategy: name, symbol: kind === "spot" ? "ETH/USDC" : "ETH/USDC:USDC" }),
  ),
);

/** As the database holds it: checked, with defaults. */
const stored: fc.Arbitrary<BotConfig> = config
  .map((draft) => validateBot(draft, strategies))
  .filter((validation) => validation.ok)
  .map((validation) => validation.config);

let files = 0;
function read(document: string, format: ConfigFormat): readonly BotConfig[] {
  files += 1;
  const path = join(folder, `${files}.${format}`);
  writeFileSync(path, document);
  const { bots, faults } = readBots([path], { strategies, env: {}, settings: { overrides: [], variables: new Map() } });
  rmSync(path);
  expect(faults, document).toEqual([]);
  return bots.map(({ validation }) => validation.config);
}

describe.each(["yaml", "json"] as const)("export and import in %s", (format) => {
  test("one bot comes back as it was, and a second export is the same text", { timeout: 120_000 }, () => {
    const products = new Set<string>();
    fc.assert(
      fc.property(stored, (bot) => {
        products.add(`${bot.strategy} ${JSON.stringify(bot.params).includes("gridType")}`);
        const document = documentOf([bot], format);
        const back = read(document, format);
        expect(back).toEqual([bot]);
        expect(documentOf(back, format)).toBe(document);
      }),
      { numRuns: 1_000 },
    );
    expect(products.size).toBeGreaterThanOrEqual(4);
  });

  test("so do several in one document", { timeout: 60_000 }, () => {
    const several = fc.uniqueArray(stored, { minLength: 2, maxLength: 5, selector: ({ id }) => id });
    fc.assert(
      fc.property(several, (bots) => {
        expect(read(documentOf(bots, format), format)).toEqual(bots);
      }),
      { numRuns: 100 },
    );
  });
});
