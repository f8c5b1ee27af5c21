// `config validate` and `preview`: every example is right and can be previewed; what is wrong is one sentence or a list, never a stack.

import { readdirSync, readFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, describe, expect, test, vi } from "vitest";
import { PRODUCTS } from "../../src/core/bot-products.ts";
import { declareDesk, example, EXAMPLES as examples } from "./config-desk.ts";

/** Within the range that each example asks for. */
const PRICES: Readonly<Record<string, string>> = { ETH: "2500", BTC: "65000", SOL: "150" };

const desk = declareDesk();
const { botswain } = desk;
const save = (text: string, name = "bot.json"): string => desk.save(name, text);

describe("the examples", () => {
  test("there is one file for each product, each with a description", () => {
    const names = readdirSync(examples).filter((name) => name.endsWith(".json"));
    expect(names.map((name) => example(name).strategy).sort()).toEqual(PRODUCTS.map(({ name }) => name).sort());
    for (const name of names) expect(String(example(name).description).length, name).toBeGreaterThan(40);
  });

  test.each(readdirSync(examples).filter((name) => name.endsWith(".json")))("%s is valid and can be previewed", async (name) => {
    const file = join(examples, name);
    const checked = await botswain("config", "validate", file, "--json");
    expect(checked.err + checked.out).toContain('"ok":true');
    expect(checked.code).toBe(0);
    const { bots } = JSON.parse(checked.out) as {
      readonly bots: readonly { readonly config: { readonly id: string; readonly symbol: string } }[];
    };
    const config = bots[0]?.config ?? { id: "", symbol: "" };
    expect(config).toMatchObject({ id: example(name).id, mode: "sim" });
    const price = PRICES[config.symbol.split("/")[0] ?? ""] ?? "";
    const shown = await botswain("preview", file, "--price", price, "--json");
    expect(shown.code, shown.err + shown.out).toBe(0);
    const { ok, preview } = JSON.parse(shown.out) as { readonly ok: boolean; readonly preview: Readonly<Record<string, unknown>> };
    expect(ok).toBe(true);
    expect(Number(preview.orders)).toBeGreaterThan(0);
    expect(Number(preview.notional)).toBeGreaterThan(0);
    expect(Number(preview.worstLoss)).toBeGreaterThan(0);
    const words = await botswain("preview", file, "--price", price);
    expect(words.out).toContain(config.id);
    expect(words.out).toContain("Worst loss");
  });
});

test("the folder of examples is right as a whole, the one with several bots included", async () => {
  const { code, data } = await desk.json("config", "validate", examples, "--set", "GRID_LEVELS=24");
  expect([code, data.faults]).toEqual([0, []]);
  const bots = data.bots as readonly { readonly config: { readonly id: string; readonly params: unknown } }[];
  expect(bots).toHaveLength(PRODUCTS.length + 2);
  expect(bots.find(({ config }) => config.id === "fleet_eth_grid")?.config.params).toMatchObject({ gridNum: 24, orderQuantity: "0.05" });
});

describe("config validate", () => {
  test("a valid file is one sentence", async () => {
    const file = join(examples, "perp-grid.json");
    const { code, out } = await botswain("config", "validate", file);
    expect([code, out]).toEqual([0, `${file}: eth_perp_grid is valid (grid on ETH/USDC:USDC, sim).\n`]);
  });

  test("every fault is listed with path, value and rule", async () => {
    const params = { gridNum: 1, lowerPrice: "3100", upperPrice: "2900", orderQuantity: "x" };
    const file = save(JSON.stringify({ ...example(), params, risk: {}, instrument: { tickSize: "0" } }));
    const people = await botswain("config", "validate", file);
    expect(people.code).toBe(1);
    expect(people.out).toBe("");
    expect(people.err).toContain("faults:\n");
    expect(people.err).toContain("  lowerPrice 3100 must be below upperPrice 2900\n");
    const programs = await botswain("config", "validate", file, "--json");
    expect(programs.code).toBe(1);
    const { ok, faults } = JSON.parse(programs.out) as { readonly ok: boolean; readonly faults: readonly unknown[] };
    expect(ok).toBe(false);
    expect(faults).toEqual(
      expect.arrayContaining([
        { file, path: "risk.maxPosition", value: null, rule: "is missing" },
        { file, path: "params.gridNum", value: 1, rule: "must be at least 2" },
        { file, path: "params.lowerPrice", value: "3100", rule: "lowerPrice 3100 must be below upperPrice 2900" },
        { file, path: "params.orderQuantity", value: "x", rule: "must be a decimal number such as 0.05" },
        { file, path: "instrument.tickSize", value: "0", rule: "must be above 0" },
        { file, path: "instrument.lotSize", value: null, rule: "is missing" },
      ]),
    );
  });

  test("a file that is missing, no JSON or YAML, or no object is one sentence", async () => {
    const cases: readonly (readonly [file: string, sentence: RegExp])[] = [
      [join(desk.folder(), "none.json"), /none\.json does not exist\.\n$/],
      [save("id: {\n", "bot.yaml"), /bot\.yaml is no YAML: line 2, column 1: [^\n]+\.\n$/],
      [save('{\n  "id": "eth",\n  id\n}', "bad.json"), /bad\.json is no JSON: line 3, column 3: [^\n]+\.\n$/],
      [save('{\n  "id": "eth"\n', "cut.json"), /cut\.json is no JSON: line 3, column 1: [^\n]+\.\n$/],
      [save("", "empty.json"), /empty\.json is no JSON: line 1, column 1: [^\n]+\.\n$/],
      [save("[]", "list.json"), /list\.json must hold one bot's fields, or version: 1 and bots: with a list of them\.\n$/],
    ];
    for (const [file, sentence] of cases) {
      const { code, err, out } = await botswain("config", "validate", file);
      expect(err, file).toMatch(sentence);
      expect(err.trim().split("\n"), file).toHaveLength(1);
      expect([code, out], file).toEqual([1, ""]);
      const json = await botswain("config", "validate", file, "--json");
      expect(JSON.parse(json.out), file).toMatchObject({ ok: false, faults: [{ file, path: "", rule: expect.any(String) }] });
      expect(json.code).toBe(1);
    }
  });

  test("several files, YAML and JSON, and folders are checked at once", async () => {
    save("version: 1\nbots:\n  - id: eth\n    mode: real\n", "a.yaml");
    const good = join(examples, "grid.json");
    const { code, out } = await botswain("config", "validate", good, desk.folder(), "--json");
    expect(code).toBe(1);
    const { bots, faults } = JSON.parse(out) as {
      readonly bots: readonly unknown[];
      readonly faults: readonly { readonly path: string }[];
    };
    expect(bots).toHaveLength(1);
    expect(faults.map(({ path }) => path)).toEqual(expect.arrayContaining(["bots.0.mode", "bots.0.strategy", "bots.0.risk"]));
  });

  test("preview reads YAML with variables", async () => {
    const { params, risk, ...rest } = example();
    const text = `${Object.entries({ ...rest, id: `\${NAME:-eth}` })
      .map(([key, value]) => `${key}: ${JSON.stringify(value)}`)
      .join("\n")}`;
    const file = save(`${text}\nparams: ${JSON.stringify(params)}\nrisk: ${JSON.stringify(risk)}\n`, "one.yaml");
    expect((await botswain("preview", file, "--price", "2500", "--json")).out).toContain('"id":"eth"');
  });

  test("a wrong command line is a usage fault", async () => {
    expect((await botswain("config", "validate")).code).toBe(2);
    expect((await botswain("config", "nonsense")).code).toBe(2);
    expect((await botswain("preview")).code).toBe(2);
  });

  test("a strategy of the user's own is known", async () => {
    const text = readFileSync(fileURLToPath(new URL("../../CONTRIBUTING.md", import.meta.url)), "utf8");
    save(/```js\n([\s\S]*?)```/.exec(text)?.[1] ?? "", "two-quotes.mjs");
    const file = save(JSON.stringify({ ...example(), strategy: "two-quotes", params: { orderQuantity: "0.05" } }));
    expect((await botswain("config", "validate", file)).err).toContain("two-quotes is no strategy");
    vi.stubEnv("BOTSWAIN_STRATEGIES", desk.folder());
    expect((await botswain("config", "validate", file)).code).toBe(0);
    const { code, out } = await botswain("preview", file, "--price", "2500", "--json");
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({ preview: { orders: 2 } });
  });
});

describe("preview", () => {
  let server: Server | null = null;
  afterEach(() => {
    server?.close();
    server = null;
  });

  /** Answers as Backpack does: bids ascending, best last. */
  async function serve(status: number, depth: unknown): Promise<string> {
    server = createServer((request, response) => {
      expect(request.url).toBe("/api/v1/depth?symbol=ETH_USDC_PERP");
      response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(depth));
    });
    await new Promise<void>((resolve) => server?.listen(0, "127.0.0.1", resolve));
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  test("without a price the running simulated exchange is asked", async () => {
    const file = join(examples, "perp-grid.json");
    const bids = [
      ["2400.00", "1"],
      ["2400.10", "1"],
    ];
    vi.stubEnv("BOTSWAIN_SIM_URL", await serve(200, { bids, asks: [["2400.30", "1"]], lastUpdateId: "1", timestamp: 1 }));
    const { code, out } = await botswain("preview", file, "--json");
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({ market: { main: { symbol: "ETH/USDC:USDC", bestBid: "2400.10", bestAsk: "2400.30" } } });
  });

  test("without a price it reckons where the simulated market begins and says so; without a simulated market it asks for one", async () => {
    const file = join(examples, "perp-grid.json");
    vi.stubEnv("BOTSWAIN_SIM_URL", await serve(503, { code: "BUSY" }));
    const { code, out } = await botswain("preview", file, "--json");
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({ priceSource: "firstPrice", market: { main: { bestBid: "2500.00" } } });
    expect((await botswain("preview", file)).out).toContain("where the simulated market begins");
    const paper = save(JSON.stringify({ ...example(), mode: "paper" }));
    const sentence = "There is no price for ETH/USDC:USDC: give one with --price 2500.\n";
    expect(await botswain("preview", paper)).toEqual({ code: 1, out: "", err: sentence });
  });

  test("a file of several bots is previewed bot by bot", async () => {
    const { code, out } = await botswain("preview", join(examples, "fleet.yaml"), "--json");
    expect(code).toBe(0);
    const { bots } = JSON.parse(out) as { readonly bots: readonly { readonly id: string; readonly preview: object }[] };
    expect(bots).toHaveLength(2);
    expect(bots.every(({ preview }) => Object.keys(preview).length > 3)).toBe(true);
  });

  test("a wrong price, a wrong leg and unknown steps are one sentence each", async () => {
    const file = join(examples, "perp-grid.json");
    expect((await botswain("preview", file, "--price", "cheap")).err).toMatch(/^--price cheap is not right; give a price above 0/);
    expect((await botswain("preview", file, "--price=-5")).err).toMatch(/^--price -5 is not right/);
    expect((await botswain("preview", file, "--price", "hedge=2500")).err).toBe(
      "--price hedge=2500: hedge is no leg of this bot; it has main.\n",
    );
    const doge = save(JSON.stringify({ ...example(), symbol: "DOGE/USDC:USDC" }));
    const { code, err } = await botswain("preview", doge, "--price", "0.2");
    expect(code).toBe(1);
    expect(err).toContain("The steps of DOGE/USDC:USDC are not known here");
    expect((await botswain("preview", doge, "--price", "0.2", "--json")).out).toContain('"ok":false');
  });

  test("the file's own instrument counts: its steps, its fees, its smallest order", async () => {
    const params = { gridNum: 5, lowerPrice: "0.19", upperPrice: "0.21", orderQuantity: "10" };
    const instrument = { tickSize: "0.00001", lotSize: "1", minNotional: "5", makerFee: "0.001", takerFee: "0.002", maxLeverage: 10 };
    const file = save(JSON.stringify({ ...example(), symbol: "DOGE/USDC:USDC", params, instrument }));
    const { code, out, err } = await botswain("preview", file, "--price", "0.2", "--json");
    expect(code, err + out).toBe(0);
    const { preview, market } = JSON.parse(out) as { readonly preview: Readonly<Record<string, unknown>>; readonly market: unknown };
    expect(market).toMatchObject({ main: { bestBid: "0.20000", bestAsk: "0.20001" } });
    expect(preview).toMatchObject({ currency: "USDC", breakEvenStep: "0.002", breakEvenStepTaker: "0.003" });
    expect(JSON.stringify(preview.warnings)).toContain("below the smallest, 5");
  });
});
