// Values of configuration files: digits that survive, types from schemas, variables, overrides, secrets and differences.

import { describe, expect, test } from "vitest";
import { diffConfigs, sayChange } from "../../src/core/config-diff.ts";
import { botsOf } from "../../src/core/config-document.ts";
import { override, readSettings } from "../../src/core/config-overrides.ts";
import { isSecretName, isSecretValue, isSecretVariable, takeSecretsOut } from "../../src/core/config-secrets.ts";
import { escapeReferences, substitute } from "../../src/core/config-substitution.ts";
import { typedBot } from "../../src/core/config-typing.ts";
import {
  type ConfigObject,
  configValueOf,
  decimalText,
  exactNumber,
  isNumberText,
  plainValue,
  Word,
  WrittenNumber,
} from "../../src/core/config-values.ts";
import { UserError } from "../../src/core/text.ts";
import { loadStrategies } from "../../src/strategies/index.ts";
import { botConfig } from "../memory-fleet.ts";

const strategies = await loadStrategies([]);
const number = (text: string): WrittenNumber => new WrittenNumber(text);

describe("numbers", () => {
  test.each([
    ["0.1234567890123456789", "0.1234567890123456789"],
    ["1.10", "1.10"],
    ["-0.0", "-0.0"],
    ["12345678901234567890", "12345678901234567890"],
    ["1e3", "1000"],
    ["1.5E-3", "0.0015"],
    ["1e-18", "0.000000000000000001"],
    [".5", "0.5"],
    ["-.5", "-0.5"],
    ["5.", "5"],
    ["5.e2", "500"],
    ["+7", "7"],
    ["1e400", "1e400"],
  ])("%s as a decimal is %s", (text, decimal) => {
    expect(isNumberText(text)).toBe(true);
    expect(decimalText(text)).toBe(decimal);
  });

  test.each([
    ["0.1", 0.1],
    ["20", 20],
    ["1e-7", 1e-7],
    ["5e-324", 5e-324],
    ["9007199254740991", Number.MAX_SAFE_INTEGER],
    ["9007199254740992", null],
    ["0.1234567890123456789", null],
    ["1e400", null],
    ["1e-400", null],
  ])("%s as a number is %s", (text, value) => {
    expect(exactNumber(text)).toBe(value);
  });

  test.each(["", "x", "0x10", "1_000", "NaN", "--1", "1e", "1".repeat(101)])("%s is no number", (text) => {
    expect(isNumberText(text)).toBe(false);
  });
});

describe("types come from the schemas", () => {
  const base: ConfigObject = { id: "a", strategy: "perp_grid", symbol: "ETH/USDC:USDC" };

  test("a decimal field keeps every digit, a number field is a number, at any depth", () => {
    const params = { orderQuantity: number("0.1234567890123456789"), gridNum: number("20") };
    const risk = { maxPosition: { main: number("1.10") }, priceBandBps: number("500") };
    expect(typedBot({ ...base, params, risk }, strategies)).toEqual({
      faults: [],
      value: {
        ...base,
        params: { orderQuantity: "0.1234567890123456789", gridNum: 20 },
        risk: { maxPosition: { main: "1.10" }, priceBandBps: 500 },
      },
    });
    const levels = [{ spreadPercent: number("0.10"), quantity: number("1e-3") }];
    const maker = typedBot({ ...base, strategy: "perp_market_maker", params: { levels } }, strategies);
    expect(maker.value.params).toEqual({ levels: [{ spreadPercent: "0.10", quantity: "0.001" }] });
  });

  test("a number that cannot be one exactly is a fault; a word becomes what its field is", () => {
    const typed = typedBot({ ...base, risk: { priceBandBps: number("0.1234567890123456789") } }, strategies);
    expect(typed.faults).toMatchObject([{ path: "risk.priceBandBps", value: "0.1234567890123456789" }]);
    const params = {
      gridNum: new Word("24"),
      enableBoundaryCheck: new Word("false"),
      orderQuantity: new Word(" 0.05 "),
      gridType: new Word("long"),
    };
    const words = typedBot({ ...base, params, tags: new Word("a, b"), description: new Word(" 7 ") }, strategies);
    expect(words.value).toMatchObject({
      params: { gridNum: 24, enableBoundaryCheck: false, orderQuantity: "0.05", gridType: "long" },
      tags: ["a", "b"],
      description: " 7 ",
    });
  });

  test("what no schema knows stays, for validation to name", () => {
    const unknown = {
      ...base,
      strategy: "nonsense",
      params: { big: number("12345678901234567890"), small: number("3") },
      extra: new Word("x"),
    };
    expect(typedBot(unknown, strategies).value).toMatchObject({ params: { big: "12345678901234567890", small: 3 }, extra: "x" });
    expect(plainValue({ a: [number("1"), new Word("w"), null] })).toEqual({ a: [1, "w", null] });
    expect(configValueOf({ a: [1, "w", null, undefined], b: undefined })).toEqual({ a: [number("1"), "w", null, null] });
  });
});

describe("variables", () => {
  const env: Readonly<Record<string, string>> = { SYMBOL: "ETH/USDC", EMPTY: "", N: "20" };
  const texts = (value: string) => {
    const { value: tree, faults } = substitute({ a: { b: [value] } }, (name) => env[name]);
    return { value: plainValue(tree), faults };
  };

  test.each([
    [`\${SYMBOL}`, "ETH/USDC"],
    [`x-\${N}-\${N}`, "x-20-20"],
    [`\${MISSING:-7d}`, "7d"],
    [`\${EMPTY:-x}`, "x"],
    [`\${EMPTY}`, ""],
    [`\${SYMBOL:-x}`, "ETH/USDC"],
    [`\${MISSING:-}`, ""],
    [`$\${SYMBOL}`, `\${SYMBOL}`],
    [`$$\${SYMBOL}`, `$\${SYMBOL}`],
    ["$SYMBOL $$ {x}", "$SYMBOL $$ {x}"],
  ])("%s becomes %s", (text, result) => {
    expect(texts(text)).toEqual({ value: { a: { b: [result] } }, faults: [] });
  });

  test("a missing one, a secret one and a malformed one are faults that name path and variable", () => {
    expect(texts(`\${NOWHERE}`).faults).toMatchObject([
      { path: "a.b.0", value: `\${NOWHERE}`, rule: { en: expect.stringContaining("NOWHERE") } },
    ]);
    const secret = texts(`\${BACKPACK_SECRET:-hunter2}`).faults;
    expect(secret).toMatchObject([{ path: "a.b.0", rule: { en: expect.stringMatching(/BACKPACK_SECRET.*default.*account add/) } }]);
    expect(JSON.stringify(secret)).not.toContain("hunter2");
    for (const text of [`\${`, `\${1X}`, `\${X`, `\${X:default}`, `\${}`]) expect(texts(text).faults, text).toHaveLength(1);
  });

  test("an escaped text reads back as it was", () => {
    for (const text of [`\${X}`, `$\${X}`, `$$$\${`, "a$", `\${`, "{}$"])
      expect(texts(escapeReferences(text)).value).toEqual({ a: { b: [text] } });
  });
});

describe("overrides", () => {
  const fields: ConfigObject = { id: "a", params: { gridNum: number("20"), levels: [{ quantity: "1" }] } };

  test("replace and add fields at any depth; default takes a parameter out; capitals are variables", () => {
    const { overrides, variables } = readSettings([
      "params.gridNum=24",
      "params.levels.0.quantity=2",
      "risk.maxPosition=1=2",
      "SYMBOL=ETH/USDC",
      "mode=",
    ]);
    expect([...variables]).toEqual([["SYMBOL", "ETH/USDC"]]);
    expect(plainValue(override(fields, overrides))).toEqual({
      ...{ id: "a", mode: "", risk: { maxPosition: "1=2" } },
      params: { gridNum: "24", levels: [{ quantity: "2" }] },
    });
    expect(plainValue(override(fields, readSettings(["params.gridNum=default"]).overrides))).toEqual({
      id: "a",
      params: { levels: [{ quantity: "1" }] },
    });
    expect(plainValue(override(fields, readSettings(["account=default"]).overrides))).toMatchObject({ account: "default" });
    expect(plainValue(fields)).toMatchObject({ params: { gridNum: 20 } });
  });

  test.each(["gridNum", "=5", "a..b=1", "__proto__.x=1", "params.constructor=1", "a b=1"])("%s is refused in one sentence", (pair) => {
    expect(() => readSettings([pair])).toThrow(UserError);
  });

  test.each(["id.x=1", "params.levels.7.quantity=1", "params.levels.x=1"])("%s leads nowhere", (pair) => {
    expect(() => override(fields, readSettings([pair]).overrides)).toThrow(/leads nowhere/);
  });
});

describe("secrets", () => {
  test("names and forms are known; ordinary fields are not", () => {
    for (const name of ["apiKey", "secret_key", "PRIVATE-KEY", "token", "walletPassword", "mnemonic"])
      expect(isSecretName(name), name).toBe(true);
    for (const name of ["gridNum", "maxPosition", "monkey", "keyboard", "hedgeAccount", "tags"])
      expect(isSecretName(name), name).toBe(false);
    for (const name of ["BACKPACK_KEY", "ASTER_SECRET_KEY", "LIGHTER_PRIVATE_KEY", "STANDX_API_TOKEN"])
      expect(isSecretVariable(name), name).toBe(true);
    expect(isSecretVariable("SYMBOL")).toBe(false);
    for (const value of [`0x${"ab".repeat(32)}`, `${"Ab1+".repeat(10)}abc=`, "https://u:p@host", "-----BEGIN EC PRIVATE KEY-----"])
      expect(isSecretValue(value), value).toBe(true);
    for (const value of ["ETH/USDC:USDC", "Grid on SOL, 20 levels", "0.1234567890123456789", "https://example.org/x"])
      expect(isSecretValue(value), value).toBe(false);
  });

  test("no strategy and no field of a bot has a name that counts as a secret", () => {
    const names = [...strategies.values()].flatMap(({ example }) => Object.keys(example));
    expect([...names, ...Object.keys(botConfig("a")), ...Object.keys(botConfig("a").risk)].filter(isSecretName)).toEqual([]);
  });

  test("they are taken out with a fault that does not show them", () => {
    const { value, faults } = takeSecretsOut({ id: "a", apiKey: "topsecret", params: { note: `key 0x${"ab".repeat(32)}`, list: ["x"] } });
    expect(plainValue(value)).toEqual({ id: "a", params: { list: ["x"] } });
    expect(faults.map(({ path }) => path)).toEqual(["apiKey", "params.note"]);
    expect(JSON.stringify(faults)).not.toMatch(/topsecret|abab/);
  });
});

describe("documents", () => {
  test("a list, a map and a single bot give the same bots", () => {
    const version = number("1");
    expect(botsOf({ version, bots: [{ id: "a" }, { id: "b" }] })).toEqual({
      faults: [],
      bots: [
        { path: "bots.0", fields: { id: "a" } },
        { path: "bots.1", fields: { id: "b" } },
      ],
    });
    expect(botsOf({ version, bots: { a: { mode: "sim" }, b: { id: "b" } } }).bots).toEqual([
      { path: "bots.a", fields: { id: "a", mode: "sim" } },
      { path: "bots.b", fields: { id: "b" } },
    ]);
    expect(botsOf({ id: "a" })).toEqual({ faults: [], bots: [{ path: "", fields: { id: "a" } }] });
  });

  test.each([
    [{ version: number("2"), bots: [{}] }, "version"],
    [{ bots: [{}] }, "version"],
    [{ version: number("1") }, "bots"],
    [{ version: number("1"), bots: [] }, "bots"],
    [{ version: number("1"), bots: ["a"] }, "bots.0"],
    [{ version: number("1"), bots: { a: { id: "b" } } }, "bots.a.id"],
    [{ version: number("1"), bots: [{}], accounts: {} }, "accounts"],
    [null, ""],
    [["a"], ""],
    [{}, ""],
  ])("%j has a fault at %s", (document, path) => {
    expect(botsOf(document as never).faults.map((fault) => fault.path)).toEqual([path]);
  });
});

test("a difference names every field that changed, appeared or went, with lists whole and no secret", () => {
  const before = botConfig("a", { tags: ["x"], params: { gridNum: 20, lowerPrice: "1" } });
  const after = botConfig("a", { tags: ["x", "y"], params: { gridNum: 24, apiKey: "topsecret" } });
  const changes = diffConfigs(before, after);
  expect(changes.map((change) => sayChange(change).en)).toEqual([
    "params.gridNum: 20 → 24",
    "params.lowerPrice: 1 → -",
    'tags: ["x"] → ["x","y"]',
    "params.apiKey: - → [redacted]",
  ]);
  expect(diffConfigs(before, structuredClone(before))).toEqual([]);
  expect(diffConfigs(null, before)).toContainEqual({ path: "id", before: undefined, after: "a" });
});
