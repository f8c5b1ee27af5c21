// The registry of strategies: the built-in ones, a folder of the user's own, what is refused, and the documentation of both.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { withTables } from "../../src/cli/strategy-table.ts";
import type { Effect } from "../../src/core/effects.ts";
import type { KernelEvent } from "../../src/core/events.ts";
import { createKernel } from "../../src/core/kernel.ts";
import { paramFields } from "../../src/core/param-fields.ts";
import type { Strategy } from "../../src/core/strategy.ts";
import { UserError } from "../../src/core/text.ts";
import { ticks } from "../../src/core/units.ts";
import { loadStrategies, strategyFolders } from "../../src/strategies/index.ts";
import { ETH_PERP } from "../core/instruments.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** The strategy that CONTRIBUTING.md shows. */
const EXAMPLE = /```js\n([\s\S]*?)```/.exec(readFileSync(join(root, "CONTRIBUTING.md"), "utf8"))?.[1] ?? "";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "botswain-strategies-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function save(file: string, text: string): void {
  writeFileSync(join(folder, file), text);
}

/** The sentence with which a folder is refused; empty when it is not. */
async function refusal(): Promise<string> {
  try {
    await loadStrategies([folder]);
    return "";
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    expect(error.text["zh-TW"]).toMatch(/\p{Script=Han}/u);
    return error.text.en;
  }
}

async function loaded(name: string): Promise<Strategy> {
  const strategy = (await loadStrategies([folder])).get(name);
  if (strategy === undefined) throw new Error(`${name} was not loaded`);
  return strategy;
}

describe("the built-in strategies", () => {
  test("are loaded by name, and each describes every parameter and fits its own example", async () => {
    const strategies = await loadStrategies([]);
    expect([...strategies.keys()]).toEqual(expect.arrayContaining(["grid", "maker-taker-hedge", "market-maker"]));
    for (const [name, strategy] of strategies) {
      expect(strategy.name).toBe(name);
      expect(strategy.summary["zh-TW"]).toMatch(/\p{Script=Han}/u);
      expect(strategy.params.safeParse(strategy.example).success, name).toBe(true);
      const fields = paramFields(strategy.params);
      expect(fields.length, name).toBeGreaterThan(0);
      for (const { name: field, description } of fields) expect(description, `${name}.${field}`).not.toBe("");
    }
  });

  test("docs/strategies.md describes them as they are (node scripts/strategy-table.mjs after a build)", async () => {
    const document = readFileSync(join(root, "docs/strategies.md"), "utf8");
    expect(withTables(document, await loadStrategies([]))).toBe(document);
  });

  test("the document must have a place for each strategy, and none for one that does not exist", async () => {
    const strategies = await loadStrategies([]);
    expect(() => withTables("# nothing\n", strategies)).toThrow('add "<!-- parameters of ');
    expect(() => withTables("<!-- parameters of moon -->\n<!-- end -->", strategies)).toThrow("there is no such strategy");
  });
});

describe("a strategy of the user's own", () => {
  test("the example of CONTRIBUTING.md is loaded, previewed and trades", async () => {
    expect(EXAMPLE.split("\n").length).toBeLessThan(45);
    save("two-quotes.mjs", EXAMPLE);
    const strategy = await loaded("two-quotes");
    expect(paramFields(strategy.params).map(({ name }) => name)).toEqual(["orderQuantity", "distanceTicks"]);
    const params = strategy.params.parse(strategy.example);
    const market = { at: 1_000, legs: { main: { instrument: ETH_PERP, bestBid: ticks(250_000), bestAsk: ticks(250_002) } } };
    expect(strategy.preview(params, market)).toMatchObject({ orders: 2, maxPosition: "0.05" });

    const kernel = createKernel(
      {
        ...{ botId: "own", botNumber: 9, strategy, params, instruments: { main: ETH_PERP }, lastCounter: null },
        risk: { maxPosition: { main: 1_000 }, maxOpenOrders: 10 },
      },
      { state: null, orders: [], market },
    );
    const feed = (event: KernelEvent): readonly Effect[] => kernel.apply(event);
    const book = { type: "book", leg: "main" } as const;
    feed({ ...book, at: 1_001, bestBid: ticks(250_000), bestAsk: ticks(250_002) });
    const placed = feed({ type: "recovered", at: 1_002 }).flatMap((effect) => (effect.type === "place" ? [effect.order] : []));
    expect(placed.map(({ side, price, quantity }) => [side, price, quantity])).toEqual([
      ["buy", 249_951, 50],
      ["sell", 250_051, 50],
    ]);
    for (const { clientOrderId } of placed)
      feed({ type: "accepted", at: 1_003, leg: "main", clientOrderId, exchangeOrderId: `x${clientOrderId}` });
    expect(feed({ ...book, at: 1_004, bestBid: ticks(250_003), bestAsk: ticks(250_005) }).map(({ type }) => type)).not.toContain("cancel");
    const moved = feed({ ...book, at: 1_005, bestBid: ticks(250_100), bestAsk: ticks(250_102) });
    expect(moved.filter(({ type }) => type === "cancel")).toHaveLength(2);
    expect(kernel.status(1_006).state).toBe("running");
  });

  test("a plain default export works as well, in .js", async () => {
    save("package.json", '{"type":"module"}');
    const parts = ["legs", "preview", "init", "decide", "adapt"].map((part) => `${part}: () => ({})`).join(", ");
    const schema = '{ safeParse: (value) => ({ success: true, data: value }), "~standard": {} }';
    save(
      "plain-one.js",
      `export default { name: "plain-one", version: 1, summary: { en: "x", "zh-TW": "x" }, params: ${schema}, example: {}, ${parts} };`,
    );
    expect((await loaded("plain-one")).version).toBe(1);
  });

  test("BOTSWAIN_STRATEGIES names the folder", () => {
    expect(strategyFolders({})).toEqual([]);
    expect(strategyFolders({ BOTSWAIN_STRATEGIES: " " })).toEqual([]);
    expect(strategyFolders({ BOTSWAIN_STRATEGIES: "/srv/own" })).toEqual(["/srv/own"]);
  });

  test("a built-in name is refused, and so is one name in two files", async () => {
    save("grid.mjs", EXAMPLE.replaceAll("two-quotes", "grid"));
    expect(await refusal()).toBe(`The strategy ${join(folder, "grid.mjs")} cannot be used: its name grid is taken by a built-in strategy.`);
    rmSync(join(folder, "grid.mjs"));
    save("package.json", '{"type":"module"}');
    save("two-quotes.mjs", EXAMPLE);
    save("two-quotes.js", EXAMPLE);
    expect(await refusal()).toContain("another file is named two-quotes too");
  });

  test("a fault names the file and what is wrong with it", async () => {
    const cases: readonly (readonly [file: string, text: string, fault: RegExp])[] = [
      ["broken.mjs", "export default {{", /broken\.mjs cannot be used: it cannot be loaded: /],
      [
        "throws.mjs",
        'export default () => { throw new Error("no luck"); };',
        /throws\.mjs cannot be used: it cannot be loaded: no luck\.$/,
      ],
      ["empty.mjs", "export const x = 1;", /empty\.mjs cannot be used: its default export is no strategy: /],
      [
        "half.mjs",
        'export default { name: "half", version: 1 };',
        /is no strategy: summary, params, example, legs, preview, init, decide, adapt /,
      ],
      ["other.mjs", EXAMPLE, /it declares the name two-quotes; file and strategy must share one\.$/],
      ["Big Name.mjs", EXAMPLE, /a file name holds a-z, 0-9 and - only\.$/],
      ["typed.ts", "export default 1;", /typed\.ts cannot be used: Node cannot load TypeScript here; compile it /],
      ["two-quotes.mjs", EXAMPLE.replace('orderQuantity: "0.05", ', ""), /its example does not fit its params: orderQuantity: /],
    ];
    for (const [file, text, fault] of cases) {
      save(file, text);
      expect(await refusal(), file).toMatch(fault);
      rmSync(join(folder, file));
    }
    expect(await refusal()).toBe("");
  });

  test("a folder that is not there is named", async () => {
    rmSync(folder, { recursive: true });
    expect(await refusal()).toMatch(/^BOTSWAIN_STRATEGIES names .*, which is no folder that can be read \(ENOENT/);
  });
});
