// No key of an old file is ever dropped, and hostile files are refused by the key, without a secret coming out.

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isSeedDocument } from "../../src/cli/seed-import/convert.ts";
import { leavesOf } from "../../src/cli/seed-import/leaves.ts";
import { botConfigSchema } from "../../src/core/bot-config.ts";
import { declareDesk } from "./config-desk.ts";
import { becomes, convert, faults, rowsOf, seed } from "./seed-files.ts";

const desk = declareDesk();

describe("no key is ever dropped", () => {
  const name = fc.stringMatching(/^[a-z_][a-zA-Z0-9_. -]{0,14}$/).filter((key) => !["bot_args", "__proto__"].includes(key));
  const leaf = fc.oneof(
    fc.string(),
    fc.integer(),
    fc.double({ noNaN: true }),
    fc.boolean(),
    fc.constant(null),
    fc.array(fc.string(), { maxLength: 3 }),
  );
  const value = fc.oneof({ weight: 4, arbitrary: leaf }, { weight: 1, arbitrary: fc.dictionary(name, leaf, { maxKeys: 3 }) });
  const blocks = fc.record(
    Object.fromEntries(
      ["metadata", "daemon_config", "exchange_config", "strategy_config", "instance_config", "environment", "top"].map((key) => [
        key,
        fc.dictionary(name, value, { maxKeys: 4 }),
      ]),
    ),
  );
  const known = [
    "grid_upper",
    "grid_num",
    "order_quantity",
    "quantity",
    "max_position",
    "stop_loss",
    "auto_price_range",
    "base_url",
    "api_key",
    "strategy",
    "symbol",
    "market_type",
    "exchange",
    "duration",
  ];
  const wrongs = fc.dictionary(fc.constantFrom(...known), value, { maxKeys: 5 });

  test("random further keys, and known ones with random values, each appear exactly once in the notes or faults", () => {
    fc.assert(
      fc.property(blocks, wrongs, fc.constantFrom("metadata", "strategy_config", "exchange_config", "top"), (more, wrong, where) => {
        const { top, ...inner } = more as Record<string, Record<string, unknown>>;
        const changed = where === "top" ? inner : { ...inner, [where]: { ...inner[where], ...wrong } };
        const document = {
          instance_config: inner.instance_config,
          environment: inner.environment,
          ...top,
          ...(where === "top" ? wrong : {}),
          ...seed(changed),
        };
        const { notes, faults: refused } = convert(document);
        const present = leavesOf(document).map(({ path }) => path);
        const told = [...notes.flatMap(({ key }) => key ?? []), ...refused.map(({ path }) => path)].filter((path) =>
          present.includes(path),
        );
        expect(told.sort()).toEqual([...present].sort());
      }),
      { numRuns: 400 },
    );
  });

  test("what imports without a fault is a bot by its schema", () => {
    const { bots, faults: none } = convert(seed());
    expect(none).toEqual([]);
    expect(botConfigSchema.safeParse(bots[0]).success).toBe(true);
  });
});

describe("hostile files", () => {
  const CANARY = `c${"4NaRy9Zx".repeat(5)}`;

  test.each<[string, unknown, Record<string, string>]>([
    [
      "wrong types",
      seed({ strategy_config: { grid_num: [1], grid_upper: true, max_position: {}, enable_boundary_check: 3 } }),
      {
        "strategy_config.grid_num": "must be a decimal",
        "strategy_config.grid_upper": "must be a decimal",
        "strategy_config.enable_boundary_check": "must be true",
      },
    ],
    ["a block that is none", { ...seed(), strategy_config: "x" }, { strategy_config: "is no key" }],
    ["an unknown strategy", seed({ metadata: { strategy: "moon" } }), { "metadata.strategy": "must be one of standard" }],
    ["the three-account strategy", seed({ metadata: { strategy: "tri_hedge" } }), { "metadata.strategy": "is tri_hedge" }],
    ["an unknown exchange", seed({ metadata: { exchange: "mtgox" } }), { "metadata.exchange": "must be one of backpack" }],
    ["a perp grid on spot", seed({ metadata: { market_type: "spot" } }), { "metadata.market_type": "must be perp" }],
    [
      "numbers that are words",
      seed({ strategy_config: { max_position: "a lot", order_quantity: "1e999" } }),
      { "strategy_config.max_position": "must be a decimal", "strategy_config.order_quantity": "must be a decimal" },
    ],
    [
      "negative numbers",
      seed({ strategy_config: { order_quantity: -1, grid_lower: -5, duration: -1, take_profit: -3 } }),
      {
        "strategy_config.order_quantity": "must be above 0",
        "strategy_config.grid_lower": "must be above 0",
        "strategy_config.duration": "must be at least 1",
        "strategy_config.take_profit": "must be above 0",
      },
    ],
    ["both forms", seed({}, { bot_args: ["--symbol", "SOL_USDC"] }), { "bot_args.--symbol": "is the older form" }],
    ["a path in the id", seed({ metadata: { instance_id: "../../etc/passwd" } }), { "metadata.instance_id": "must start with a letter" }],
    ["a secret as a symbol", seed({ metadata: { symbol: `\${BACKPACK_SECRET}` } }), { "metadata.symbol": "must not use BACKPACK_SECRET" }],
    [
      "an address with a user",
      seed({ exchange_config: { base_url: "https://api.backpack.exchange@evil.example" } }),
      { "exchange_config.base_url": "must be an http" },
    ],
    ["two spellings that differ", seed({ strategy_config: { quantity: 3 } }), { "strategy_config.quantity": "is in contradiction" }],
  ])("%s", (_name, document, expected) => {
    const found = faults(document);
    for (const [path, beginning] of Object.entries(expected)) expect(found[path]).toMatch(new RegExp(`^${beginning}`));
  });

  test("numbers as text are numbers", () => {
    const texts = seed({ strategy_config: { grid_num: "12", grid_upper: " 160.5 ", order_quantity: "1e-2", max_position: "0.50" } });
    expect(faults(texts)).toEqual({});
    expect(becomes(texts)).toMatchObject({
      "params.gridNum": 12,
      "params.upperPrice": "160.5",
      "params.orderQuantity": "0.01",
      "risk.maxPosition": "0.50",
    });
  });

  test("what only the bot's own rules refuse is told by the old key", async () => {
    const file = desk.save(
      "sol.json",
      JSON.stringify(seed({ strategy_config: { grid_lower: 200, grid_num: 900 }, daemon_config: { restart_delay: 9_000 } })),
    );
    const { data } = await desk.json("config", "import", file, "--dry-run");
    const paths = (data.faults as readonly { readonly path: string }[]).map(({ path }) => path).sort();
    expect(paths).toEqual(["daemon_config.restart_delay", "strategy_config.grid_lower", "strategy_config.grid_num"]);
    expect(rowsOf(data).filter(({ key }) => key === "strategy_config.grid_num")).toMatchObject([
      { action: "refused", reason: expect.stringContaining("is not fit for a bot") },
    ]);
  });

  test("two files of one id are refused", async () => {
    const files = ["a.json", "b.json"].map((name) => desk.save(name, JSON.stringify(seed({ metadata: { instance_id: "twin" } }))));
    const { code, data } = await desk.json("config", "import", ...files, "--dry-run");
    expect([code, data.faults]).toMatchObject([1, [{ path: "id", value: "twin" }]]);
  });

  test("a secret in any place never comes out, in the report, the table, the faults or the draft", async () => {
    const secrets = {
      exchange_config: {
        api_key: CANARY,
        secret_key: `\${BACKPACK_SECRET:-${CANARY}}`,
        passphrase: CANARY,
        other: CANARY,
        proxy: `http://u:${CANARY}@h:1`,
      },
      metadata: { description: CANARY, author: CANARY },
      daemon_config: {
        environment: { BACKPACK_KEY: CANARY, TELEGRAM_BOT_TOKEN: CANARY, MY_THING: CANARY },
        log_dir: CANARY,
        note: { deep: CANARY },
      },
      strategy_config: { grid_mode: CANARY, boundary_action: CANARY },
    };
    const document = seed(secrets, { secret_key: CANARY, [CANARY]: 1 });
    const file = desk.save("sol.json", JSON.stringify(document));
    const { code, data } = await desk.json("config", "import", file, "--dry-run");
    const people = await desk.botswain("config", "import", file);
    expect([code, people.code]).toEqual([1, 1]);
    const line = desk.save(
      "args.json",
      JSON.stringify({ bot_args: ["--api-key", CANARY, `--${CANARY}`, CANARY, CANARY, "--symbol", CANARY] }),
    );
    const args = await desk.botswain("config", "validate", line);
    for (const said of [JSON.stringify(data), people.out, people.err, args.out, args.err, JSON.stringify(convert(document))])
      expect(said).not.toContain(CANARY);
    expect((data.faults as readonly { readonly path: string }[]).map(({ path }) => path)).toEqual(
      expect.arrayContaining([
        "exchange_config.api_key",
        "exchange_config.secret_key",
        "daemon_config.environment.BACKPACK_KEY",
        "secret_key",
        "metadata.description",
      ]),
    );
  });

  test("only objects with a mark of the old system are its files", () => {
    for (const other of [null, [], "x", {}, { version: 1, bots: [] }, [seed()]]) expect(isSeedDocument(other)).toBe(false);
    expect(isSeedDocument(seed())).toBe(true);
    expect(convert([]).faults).toMatchObject([{ path: "" }]);
  });
});
