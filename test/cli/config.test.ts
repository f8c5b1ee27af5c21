// `config validate` and `preview`: every example is right and can be previewed; what is wrong is one sentence or a list, never a stack.

import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { runCommandLine } from "../../src/cli/program.ts";
import { PRODUCTS } from "../../src/core/bot-products.ts";

const examples = fileURLToPath(new URL("../../examples/", import.meta.url));
/** Within the range that each example asks for. */
const PRICES: Readonly<Record<string, string>> = { ETH: "2500", BTC: "65000", SOL: "150" };

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "botswain-config-"));
  vi.stubEnv("BOTSWAIN_HOME", folder);
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
  process.exitCode = undefined;
  rmSync(folder, { recursive: true, force: true });
});

interface Run {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Collects what is written to a stream instead of writing it. */
function capture(stream: NodeJS.WriteStream): { text: string; restore(): void } {
  const captured = { text: "", restore: () => {} };
  const spy = vi.spyOn(stream, "write").mockImplementation((text) => {
    captured.text += String(text);
    return true;
  });
  captured.restore = () => spy.mockRestore();
  return captured;
}

async function botswain(...args: string[]): Promise<Run> {
  const [out, err] = [capture(process.stdout), capture(process.stderr)];
  process.exitCode = undefined;
  const code = await runCommandLine(args);
  out.restore();
  err.restore();
  return { code, out: out.text, err: err.text };
}

function save(text: string, name = "bot.json"): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

function example(name = "perp-grid.json"): Record<string, unknown> {
  return JSON.parse(readFileSync(join(examples, name), "utf8")) as Record<string, unknown>;
}

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
    const { config } = JSON.parse(checked.out) as { readonly config: { readonly id: string; readonly symbol: string } };
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
        { path: "risk.maxPosition", value: null, rule: "is missing" },
        { path: "params.gridNum", value: 1, rule: "must be at least 2" },
        { path: "params.lowerPrice", value: "3100", rule: "lowerPrice 3100 must be below upperPrice 2900" },
        { path: "params.orderQuantity", value: "x", rule: "must be a decimal number such as 0.05" },
        { path: "instrument.tickSize", value: "0", rule: "must be above 0" },
        { path: "instrument.lotSize", value: null, rule: "is missing" },
      ]),
    );
  });

  test("a file that is missing, YAML, no JSON or no object is one sentence", async () => {
    const cases: readonly (readonly [file: string, sentence: RegExp])[] = [
      [join(folder, "none.json"), /none\.json cannot be read \(ENOENT\)\.\n$/],
      [folder, /cannot be read \(EISDIR\)\.\n$/],
      [save("id: eth\n", "bot.yaml"), /bot\.yaml is YAML, which Botswain does not read; write the same fields as JSON\.\n$/],
      [save('{\n  "id": "eth",\n  id\n}', "bad.json"), /bad\.json is no JSON: line 3, column 3: [^\n]+\.\n$/],
      [save('{\n  "id": "eth"\n', "cut.json"), /cut\.json is no JSON: line 3, column 1: [^\n]+\.\n$/],
      [save("", "empty.json"), /empty\.json is no JSON: line 1, column 1: [^\n]+\.\n$/],
      [save("[]", "list.json"), /list\.json must hold one bot's fields as a JSON object in \{ \}\.\n$/],
    ];
    for (const [file, sentence] of cases) {
      const { code, err, out } = await botswain("config", "validate", file);
      expect(err, file).toMatch(sentence);
      expect(err.trim().split("\n"), file).toHaveLength(1);
      expect([code, out], file).toEqual([1, ""]);
      const json = await botswain("config", "validate", file, "--json");
      expect(JSON.parse(json.out), file).toMatchObject({ ok: false, error: { message: expect.any(String) } });
      expect(json.code).toBe(1);
    }
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
    vi.stubEnv("BOTSWAIN_STRATEGIES", folder);
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

  test("without a price and an exchange the sentence says what to give", async () => {
    const file = join(examples, "perp-grid.json");
    const sentence = "There is no price for ETH/USDC:USDC: give one with --price 2500, or start Botswain with its simulated exchange.\n";
    expect(await botswain("preview", file)).toEqual({ code: 1, out: "", err: sentence });
    vi.stubEnv("BOTSWAIN_SIM_URL", await serve(503, { code: "BUSY" }));
    expect((await botswain("preview", file)).err).toBe(sentence);
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
