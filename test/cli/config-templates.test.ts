// `config templates`: one for every exchange and product it can trade, each right as it is, with values of one's own by --set.

import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { templates } from "../../src/cli/config-templates.ts";
import { PRODUCTS } from "../../src/core/bot-products.ts";
import { kindOfSymbol, validateBot } from "../../src/core/bot-validation.ts";
import { loadStrategies } from "../../src/strategies/index.ts";
import { declareDesk } from "./config-desk.ts";

const desk = declareDesk();
const strategies = await loadStrategies([]);
const all = templates(strategies);
const EXCHANGES = ["backpack", "aster", "paradex", "lighter", "hyperliquid", "binance", "bybit", "okx", "apex", "standx"];
const PERP_ONLY = ["paradex", "apex", "standx"];

describe("the templates", () => {
  test("cover every exchange with every product that it has a market for", () => {
    const expected = EXCHANGES.flatMap((exchange) =>
      PRODUCTS.filter(({ name }) => !(PERP_ONLY.includes(exchange) && ["market_maker", "grid"].includes(name))).map(
        ({ name }) => `${exchange}_${name}`,
      ),
    );
    expect(all.map(({ name }) => name)).toEqual(expected);
    expect(new Set(all.map(({ config }) => config.id)).size).toBe(all.length);
  });

  test.each(all)(
    "$name is valid, trades the kind of its product, and begins without real money",
    ({ config, product, symbol, exchange }) => {
      const validation = validateBot(config, strategies);
      expect(validation).toMatchObject({ ok: true });
      const kind = product.name === "grid" ? "spot" : product.kind;
      if (kind !== "either") expect(kindOfSymbol(symbol)).toBe(kind);
      expect(config.mode).toBe(exchange === "backpack" ? "sim" : "paper");
    },
  );
});

describe("the verb", () => {
  test("lists them", async () => {
    const { code, data } = await desk.json("config", "templates");
    expect(code).toBe(0);
    expect(data.templates).toHaveLength(all.length);
    expect((await desk.botswain("config", "templates")).out).toMatch(/^backpack_market_maker +ETH\/USDC +Market maker/m);
  });

  test("writes one with overrides, typed by the schema, that validates and imports", async () => {
    const out = join(desk.folder(), "my.yaml");
    const set = [
      "id=my_grid",
      "params.gridNum=30",
      "params.orderQuantity=0.1234567890123456789",
      "risk.maxPosition=5",
      "mode=paper",
      "account=main",
    ];
    const written = await desk.botswain(
      "config",
      "templates",
      "paradex_perp_grid",
      ...set.flatMap((pair) => ["--set", pair]),
      "--out",
      out,
    );
    expect(written).toMatchObject({ code: 0, err: "", out: `${out} written\n` });
    const { data } = await desk.json("config", "validate", out);
    expect(data).toMatchObject({
      ok: true,
      bots: [
        {
          file: out,
          config: {
            ...{ id: "my_grid", strategy: "grid", exchange: "paradex", symbol: "ETH/USD:USDC", mode: "paper" },
            params: { gridNum: 30, orderQuantity: "0.1234567890123456789" },
          },
        },
      ],
    });
    expect((await desk.botswain("config", "import", out)).code).toBe(0);
    const again = await desk.botswain("config", "templates", "paradex_perp_grid", "--out", out);
    expect(again.err).toBe(`${out} exists already; --force overwrites it.\n`);
    expect((await desk.botswain("config", "templates", "backpack_perp_grid")).out).toContain('strategy: "perp_grid"');
  });

  test("a wrong name, a wrong value, a secret and a wrong file are told, and nothing is written", async () => {
    const out = join(desk.folder(), "x.yaml");
    expect((await desk.botswain("config", "templates", "backpack_prep_grid")).err).toContain("did you mean backpack_perp_grid?");
    const faults = await desk.botswain("config", "templates", "okx_grid", "--set", "params.gridNum=1", "--set", "symbl=x", "--out", out);
    expect(faults.code).toBe(1);
    expect(faults.err).toContain("params.gridNum 1 must be at least 2");
    expect(faults.err).toContain("did you mean symbol?");
    const secret = await desk.botswain("config", "templates", "okx_grid", "--set", "params.apiKey=hunter2hunter2", "--json");
    expect(secret.code).toBe(1);
    expect(secret.out).toContain("account add");
    expect(secret.out).not.toContain("hunter2");
    expect((await desk.botswain("config", "templates", "okx_grid", "--set", "gridNum", "--out", out)).err).toContain(
      "--set gridNum is not right",
    );
    expect((await desk.botswain("config", "templates", "okx_grid", "--out", join(desk.folder(), "x.txt"))).err).toContain(
      "must end in .yaml",
    );
    expect((await desk.botswain("config", "validate", out)).err).toContain("does not exist");
  });
});
