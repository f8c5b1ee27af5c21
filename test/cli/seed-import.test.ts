// Files of the old system, key by key: what each sample means here, and what the operator decides.

import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, expect, test } from "vitest";
import { leavesOf, type SeedTree } from "../../src/cli/seed-import/leaves.ts";
import { seedTable } from "../../src/cli/seed-import/report.ts";
import { toCcxtSymbol } from "../../src/cli/seed-import/symbols.ts";
import { declareDesk } from "./config-desk.ts";
import { becomes, convert, faults, type Row, rowsOf, seed } from "./seed-files.ts";

const desk = declareDesk();
const SAMPLES = resolve(process.env.BOTSWAIN_SHARED_DATA ?? "../shared/data", "seed-config");

describe.skipIf(!existsSync(SAMPLES))(
  `the sample files (skipped when seed-config in BOTSWAIN_SHARED_DATA, here ${SAMPLES}, is missing)`,
  () => {
    const accept = ["--accept-host", "api.backpack.work", "--accept-host", "api.aster.exchange"];

    async function imported(
      file: string,
      ...more: string[]
    ): Promise<{ readonly code: number; readonly rows: readonly Row[]; readonly data: Record<string, unknown> }> {
      const { code, data } = await desk.json("config", "import", join(SAMPLES, file), "--dry-run", ...more);
      return { code, rows: rowsOf(data), data };
    }

    /** What a file's bot becomes, by field. */
    function fields(data: Record<string, unknown>): Record<string, unknown> {
      const [bot] = data.bots as readonly { readonly changes: readonly { readonly path: string; readonly after: unknown }[] }[];
      return Object.fromEntries((bot?.changes ?? []).map(({ path, after }) => [path, after]));
    }

    test("the legacy daemon file: every flag of its command line, and the old rule for the quantity", async () => {
      const { code, rows, data } = await imported("daemon_config.json");
      expect(code).toBe(0);
      expect(fields(data)).toMatchObject({
        ...{ id: "daemon_config", strategy: "grid", exchange: "backpack", account: "main", symbol: "ETH/USDC:USDC", mode: "paper" },
        ...{ "params.gridType": "long", "params.gridMode": "geometric", "params.gridNum": 50, "params.lowerPrice": "2750" },
        ...{
          "params.upperPrice": "3300",
          "params.stopLoss": "600",
          "params.takeProfit": "1200",
          "params.boundaryAction": "emergency_close",
        },
        ...{ "params.boundaryTolerance": "0.001", "params.enableBoundaryCheck": true, "params.afterStop": "halt" },
        // 0.8 x 2.4 / 50, since the file names no quantity.
        ...{ "params.orderQuantity": "0.0384", "risk.maxPosition": "2.4", runFor: "14d" },
        ...{ "restart.maxAttempts": 3, "restart.delayMs": 60_000, "quotas.memoryMb": 2048 },
      });
      const shape = rows.map(({ key, action, to }) => `${action} ${key ?? "-"} ${to ?? "-"}`);
      expect(shape).toContain("mapped bot_args.--grid-lower params.lowerPrice");
      expect(shape).toContain("mapped bot_args.--enable-boundary-check params.enableBoundaryCheck");
      expect(shape).toContain("ignored bot_args.--interval -");
      expect(shape).toContain("ignored environment -");
      expect(shape).toContain("added - params.orderQuantity");
    });

    test("the named instances, once their foreign host is confirmed", async () => {
      const first = await imported("active/backpack_eth_usdc_perp_grid.json", ...accept);
      expect(first.code).toBe(0);
      expect(fields(first.data)).toMatchObject({
        ...{
          id: "bp_eth_01",
          "params.gridNum": 20,
          "params.orderQuantity": "0.0015",
          "risk.maxPosition": "0.03",
          "params.takeProfit": "2000",
        },
        ...{ "params.upperPrice": "3200", "params.lowerPrice": "2900", "restart.maxAttempts": 3, runFor: "14d" },
      });
      const second = await imported("active/bp_eth_02.json", ...accept);
      // The sign of a stop loss does not matter; 0.8 x 0.03 / 45; auto_restart is false.
      expect(fields(second.data)).toMatchObject({
        ...{
          id: "bp_eth_02",
          "params.stopLoss": "100",
          "params.orderQuantity": "0.000533333",
          "restart.maxAttempts": 0,
          "params.gridNum": 45,
        },
      });
      expect(second.rows).toContainEqual(
        expect.objectContaining({ bot: "bp_eth_02", key: "strategy_config.stop_loss", action: "mapped", value: -100, becomes: "100" }),
      );
      expect(second.rows).toContainEqual(
        expect.objectContaining({
          key: "exchange_config.api_key",
          action: "mapped",
          to: "account",
          value: `\${BACKPACK_KEY}`,
          becomes: "main",
        }),
      );
      for (const key of [
        "daemon_config.web_port",
        "daemon_config.db_path",
        "daemon_config.max_restart_attempts",
        "exchange_config.default_window",
      ])
        expect(second.rows).toContainEqual(expect.objectContaining({ key, action: "ignored", to: null }));
      const third = await imported("active/bp_sol_01.json", ...accept);
      expect(fields(third.data)).toMatchObject({ id: "bp_sol_01", "params.orderQuantity": "0.06", symbol: "SOL/USDC:USDC", runFor: "1d" });
    });

    test.each([
      ["active/backpack_eth_usdc_perp_grid.json", "api.backpack.work"],
      ["active/bp_eth_02.json", "api.backpack.work"],
      ["active/bp_sol_01.json", "api.backpack.work"],
      ["templates/backpack_perp_grid.json", "api.backpack.work"],
      ["templates/aster_perp_grid.json", "api.aster.exchange"],
    ])("%s is refused for its host alone, by the key", async (file, host) => {
      const { code, rows, data } = await imported(file);
      expect(code).toBe(1);
      expect(data).toMatchObject({ ok: false, bots: [], faults: [{ path: "exchange_config.base_url" }] });
      const refused = rows.filter(({ action }) => action === "refused");
      expect(refused).toMatchObject([{ key: "exchange_config.base_url", reason: expect.stringContaining(`--accept-host ${host}`) }]);
      expect((await imported(file, "--accept-host", host)).code).toBe(0);
    });

    test("keys that slipped outside of their block are refused, and so are secrets, which are not shown", async () => {
      const { code, rows, data } = await imported("active/test_backpack_sol_usdc_spot_grid.json", ...accept);
      expect(code).toBe(1);
      const refused = rows.filter(({ action }) => action === "refused");
      expect(refused.map(({ key, value }) => [key, value])).toEqual([
        ["api_key", "[redacted]"],
        ["secret_key", "[redacted]"],
        ["grid_num", 15],
        ["order_quantity", 0.5],
      ]);
      expect(refused[2]?.reason).toContain("strategy_config.grid_num 20");
      expect(JSON.stringify(data)).not.toMatch(/test_key|test_secret/);
      expect(rows).toContainEqual(
        expect.objectContaining({ key: "symbol", action: "ignored", reason: "says the same as metadata.symbol" }),
      );
      const other = await imported("active/test_backpack_sol_usdc_spot_grid_env.json", ...accept);
      expect(other.rows.filter(({ action }) => action === "refused").map(({ key }) => key)).toEqual([
        "metadata.instance_id",
        "grid_num",
        "order_quantity",
      ]);
    });

    test("the spot template has no size from which a cap follows; with one it imports", async () => {
      const { code, data } = await imported("templates/backpack_spot_grid.json", ...accept);
      expect([code, data.faults]).toMatchObject([1, [{ path: "strategy_config.order_quantity" }]]);
      const sized = await imported("templates/backpack_spot_grid.json", ...accept, "--set", "params.orderQuantity=0.5");
      expect(sized.code).toBe(0);
      expect(fields(sized.data)).toMatchObject({
        ...{ strategy: "grid", symbol: "SOL/USDC", "params.gridNum": 20, "params.boundaryAction": "none", "risk.maxPosition": "10" },
      });
      const capped = await imported("templates/backpack_spot_grid.json", ...accept, "--set", "risk.maxPosition=12");
      expect(fields(capped.data)).toMatchObject({ "params.useRatio": "0.95", "risk.maxPosition": "12" });
    });

    test.each([
      ["templates/paradex_perp_grid.json", "BTC-USD-PERP", "BTC/USD:USDC"],
      ["templates/lighter_perp_grid.json", "BTC", "BTC/USDC:USDC"],
    ])(
      "%s is refused until it has a symbol, and is the perp grid with the range that the old daemon dropped",
      async (file, symbol, ours) => {
        const { code, data } = await imported(file);
        expect([code, data.faults]).toMatchObject([1, [{ path: "metadata.symbol" }]]);
        const named = await imported(file, "--set", `SYMBOL=${symbol}`);
        expect(named.code).toBe(0);
        expect(fields(named.data)).toMatchObject({
          ...{
            symbol: ours,
            strategy: "grid",
            "params.gridType": "neutral",
            "params.rangeMode": "percent",
            "params.priceRangePercent": "5",
          },
          ...{ "params.orderQuantity": "0.1", "risk.maxPosition": "1", "params.boundaryAction": "emergency_close", runFor: "1h" },
        });
        expect(named.rows).toContainEqual(expect.objectContaining({ key: "metadata.strategy", value: "grid", becomes: "perp_grid" }));
        expect(named.rows).toContainEqual(expect.objectContaining({ key: "strategy_config.grid_upper", action: "ignored" }));
        expect(named.rows).toContainEqual(expect.objectContaining({ key: "strategy_config.stop_loss", action: "ignored", value: null }));
      },
    );

    test.each([
      ...["daemon_config.json", "active/backpack_eth_usdc_perp_grid.json", "active/bp_eth_02.json", "active/bp_sol_01.json"],
      ...["active/test_backpack_sol_usdc_spot_grid.json", "active/test_backpack_sol_usdc_spot_grid_env.json"],
      ...["templates/aster_perp_grid.json", "templates/backpack_perp_grid.json", "templates/backpack_spot_grid.json"],
      ...["templates/lighter_perp_grid.json", "templates/paradex_perp_grid.json"],
    ])("every key of %s is told exactly once", async (file) => {
      const document = JSON.parse(readFileSync(join(SAMPLES, file), "utf8")) as SeedTree;
      const told = (await imported(file)).rows
        .flatMap(({ key }) => key ?? [])
        .filter((key) => key !== "metadata.instance_id" || file.includes("bp_") || file.includes("eth_usdc"));
      const present = leavesOf(document).map(({ path }) => path);
      const missing = told.filter((key) => !present.includes(key));
      expect(missing.filter((key) => key !== "strategy_config.order_quantity")).toEqual([]);
      expect(told.filter((key) => present.includes(key)).sort()).toEqual([...present].sort());
    });
  },
);

describe("what is asked of the operator", () => {
  test("the mode is paper unless --mode says otherwise, and is told", async () => {
    const file = desk.save("sol.json", JSON.stringify(seed()));
    const mode = async (...args: string[]): Promise<unknown> => {
      const { data } = await desk.json("config", "validate", file, ...args);
      return (data.bots as readonly { readonly config: { readonly mode: string; readonly account: string } }[]).map(({ config }) => [
        config.mode,
        config.account,
      ]);
    };
    expect(await mode()).toEqual([["paper", "main"]]);
    expect(await mode("--mode", "live")).toEqual([["live", "main"]]);
    expect(await mode("--mode", "sim")).toEqual([["sim", "sim"]]);
    expect((await desk.botswain("config", "import", file, "--mode", "real")).err).toBe(
      "--mode real must be sim, paper, testnet or live.\n",
    );
  });

  test("people get a table, in Chinese as well, and import twice is import once", async () => {
    const file = desk.save("sol.json", JSON.stringify(seed()));
    const { code, out } = await desk.botswain("config", "import", file);
    expect(code).toBe(0);
    expect(out).toMatch(/mapped {3}strategy_config\.grid_num {2,}params\.gridNum {2,}10/);
    expect(out).toContain("SOL_USDC_PERP → SOL/USDC:USDC");
    expect((await desk.botswain("config", "import", file)).out).toContain("sol [paper]: unchanged");
    const { rows } = { rows: convert(seed()).notes.map((note) => ({ file, ...note })) };
    expect(seedTable(rows, "zh-TW").join("\n")).toMatch(/補上 +- +mode +paper +檔案不決定模式/);
  });

  test("variables come from the old .env, never a secret, and a grid of many levels may rest as many orders", async () => {
    const file = desk.save("sol.json", JSON.stringify(seed({ metadata: { symbol: `\${SYMBOL}` }, strategy_config: { grid_num: 150 } })));
    const env = desk.save("old.env", "SYMBOL=SOL_USDC_PERP\nBACKPACK_KEY=abc\n");
    const { code, data } = await desk.json("config", "validate", file, "--env-file", env);
    expect([code, data.bots]).toMatchObject([0, [{ config: { symbol: "SOL/USDC:USDC", risk: { maxOpenOrders: 300 } } }]]);
    expect((await desk.botswain("config", "validate", file, "--env-file", `${env}.not`)).err).toContain("There is no file");
    const secret = desk.save("other.json", JSON.stringify(seed({ metadata: { symbol: `\${BACKPACK_KEY}` } })));
    expect((await desk.json("config", "validate", secret, "--env-file", env)).data).toMatchObject({
      faults: [{ path: "metadata.symbol" }],
    });
  });

  test("a testnet's address is refused for live and told otherwise; no accepted host is ever used", () => {
    const testnet = seed({
      metadata: { exchange: "paradex", symbol: "BTC-USD-PERP" },
      exchange_config: { base_url: "https://api.testnet.paradex.trade/v1" },
    });
    expect(faults(testnet, { mode: "live" })["exchange_config.base_url"]).toContain("is the exchange's testnet, but --mode live");
    expect(faults(testnet, { mode: "testnet" })).toEqual({});
    const foreign = seed({ exchange_config: { base_url: "https://api.backpack.exchange.evil.example" } });
    expect(Object.keys(faults(foreign))).toEqual(["exchange_config.base_url"]);
    const { bots, faults: none } = convert(foreign, { mode: "live", acceptHosts: ["api.backpack.exchange.evil.example"] });
    expect([none, JSON.stringify(bots)]).toEqual([[], expect.not.stringContaining("evil")]);
  });
});

describe("the other strategies and forms", () => {
  test("standard on spot is the market maker with its rebalancing", () => {
    const metadata = { symbol: "SOL_USDC", market_type: "spot", strategy: "standard" };
    const strategy_config = { spread: 0.3, quantity: "0.5", max_orders: 4, grid_num: null, interval: 30 };
    expect(becomes({ ...seed({ metadata }), strategy_config })).toMatchObject({
      ...{
        strategy: "market_maker",
        symbol: "SOL/USDC",
        "params.spreadPercent": "0.3",
        "params.orderQuantity": "0.5",
        "params.maxOrders": 4,
      },
      ...{ "params.enableRebalance": true, "params.baseAssetTargetPercent": "30", "params.rebalanceThreshold": "15" },
      ...{ "params.refreshIntervalS": 30, "risk.maxPosition": "2", runFor: "1h" },
    });
    const bare = { ...seed({ metadata }), strategy_config: { max_orders: 2 } };
    expect(Object.keys(faults(bare)).sort()).toEqual(["strategy_config.quantity", "strategy_config.spread"]);
  });

  test("standard on a perpetual writes the old defaults down: a target of 1 within the cap", () => {
    const perp = {
      ...seed({ metadata: { strategy: "standard" } }),
      strategy_config: { spread: "0.1", quantity: 0.1, max_position: 0.5, inventory_skew: 0.3 },
    };
    expect(becomes(perp)).toMatchObject({
      ...{ strategy: "perp_market_maker", "risk.maxPosition": "0.5", "params.maxPosition": "0.5", "params.targetPosition": "0.5" },
      ...{ "params.positionThreshold": "0.1", "params.inventorySkew": "0.3", "params.maxOrders": 3, "params.refreshIntervalS": 60 },
    });
  });

  test("maker_hedge ignores what it ignored there", () => {
    const hedge = {
      ...seed({ metadata: { strategy: "maker_hedge" } }),
      strategy_config: { spread: 0.1, quantity: 0.2, max_position: 2, max_orders: 3, stop_loss: -5 },
    };
    expect(becomes(hedge)).toMatchObject({
      strategy: "maker_taker_hedge",
      "params.orderQuantity": "0.2",
      "params.maxPosition": "2",
      "params.stopLoss": "5",
    });
    const ignored = convert(hedge).notes.flatMap(({ key, action }) => (action === "ignored" ? [key] : []));
    expect(ignored).toEqual(expect.arrayContaining(["strategy_config.spread", "strategy_config.max_orders"]));
  });

  test("the per-instance block keeps its id and needs no pid file, log folder or port", () => {
    const block = {
      bot_id: "eth_perp_grid_1",
      instance_config: { pid_file: "logs/bots/a.pid", log_dir: "logs/bots/a", port: 5001 },
      daemon_config: { auto_restart: false },
      exchange_config: {
        exchange: "backpack",
        symbol: "ETH_USDC_PERP",
        market_type: "perp",
        api_key: `\${BACKPACK_KEY_2}`,
        secret_key: `\${BACKPACK_SECRET_2}`,
      },
      strategy_config: { strategy: "perp_grid", grid_upper_price: 3200, grid_lower_price: 2900, order_quantity: 0.01 },
    };
    expect(faults(block)).toEqual({});
    // 10 levels by the old default, 0.01 each.
    expect(becomes(block)).toMatchObject({
      id: "eth_perp_grid_1",
      account: "account_2",
      "risk.maxPosition": "0.1",
      "restart.maxAttempts": 0,
    });
    expect(convert(block).notes.filter(({ key }) => key?.startsWith("instance_config"))).toHaveLength(3);
  });

  test("every flag of the old command line is known, with --flag=value, and defaults are the command line's", () => {
    const bot_args = [
      ...["--symbol=SOL_USDC", "--spread", "0.4", "--quantity", "1", "--disable-rebalance", "--enable-db", "--tui", "--close-on-exit"],
      ...[
        "--base-asset-target",
        "40",
        "--rebalance-threshold",
        "10",
        "--max-orders",
        "2",
        "--inventory-skew",
        "0.1",
        "--grid-type",
        "long",
      ],
      ...["--auto-price", "--price-range", "3", "--boundary-action", "stop_only", "--disable-boundary-check", "--interval", "20"],
    ];
    expect(faults({ bot_args })).toEqual({});
    expect(becomes({ bot_args })).toMatchObject({
      ...{
        exchange: "backpack",
        strategy: "market_maker",
        symbol: "SOL/USDC",
        "params.enableRebalance": false,
        "params.spreadPercent": "0.4",
      },
      ...{ "params.baseAssetTargetPercent": "40", "risk.maxPosition": "2", "restart.maxAttempts": 3, runFor: "1h" },
    });
    const wrong = {
      bot_args: ["run", "--symbol", "--grid-nmu", "3", "--web", "--max-orders", "2", "--max-orders", "3", "--api-key", "k", 7],
    };
    expect(faults(wrong)).toMatchObject({
      "bot_args.0": expect.stringContaining("is no flag"),
      "bot_args.--symbol": expect.stringContaining("must have a value"),
      "bot_args.2": expect.stringContaining("did you mean --grid-num?"),
      "bot_args.--web": expect.stringContaining("is for a menu or a page"),
      "bot_args.7": expect.stringContaining("is there a second time"),
      "bot_args.--api-key": expect.stringContaining("looks like a secret"),
      "bot_args.11": expect.stringContaining("is no flag"),
    });
  });

  test.each([
    ["backpack", "sol_usdc_perp", "perp", "SOL/USDC:USDC"],
    ["aster", "SOLUSDT", "perp", "SOL/USDT:USDT"],
    ["aster", "BTCUSDC", "perp", "BTC/USDC:USDC"],
    ["paradex", "BTC-USD-PERP", "perp", "BTC/USD:USDC"],
    ["lighter", "BTC", "perp", "BTC/USDC:USDC"],
    ["apex", "BTC-USDT", "perp", "BTC/USDT:USDT"],
    ["apex", "BTCUSDT", "perp", "BTC/USDT:USDT"],
    ["standx", "BTC-USD", "perp", "BTC/USD:DUSD"],
    ["hyperliquid", "ETH", "perp", "ETH/USDC:USDC"],
  ] as const)("%s %s (%s) is %s", (exchange, symbol, kind, ours) => expect(toCcxtSymbol(exchange, symbol, kind)).toEqual({ symbol: ours }));

  test("lighter_robinhood is Lighter on Robinhood Chain; unlike accounts are refused", () => {
    const robinhood = seed({
      metadata: { exchange: "lighter_robinhood", symbol: "BTC" },
      exchange_config: { api_key: `\${LIGHTER_RH_API_KEY}`, secret_key: null },
    });
    expect(becomes(robinhood)).toMatchObject({ exchange: "lighterrobinhood", account: "main", symbol: "BTC/USDG:USDG" });
    expect(faults(seed({ exchange_config: { secret_key: `\${BACKPACK_SECRET_B}` } }))).toMatchObject({
      "exchange_config.secret_key": expect.stringContaining("is for the account b"),
    });
  });
});
