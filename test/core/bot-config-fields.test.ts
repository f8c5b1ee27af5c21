// A strategy's parameters as a list, and typed words as values of the right type.

import { expect, test } from "vitest";
import { z } from "zod";
import { decimalString } from "../../src/core/bot-config.ts";
import { paramFields, readParam } from "../../src/core/param-fields.ts";

const schema = z
  .strictObject({
    quantity: decimalString.describe("quantity, base units"),
    percent: decimalString.default("5").describe("half width, percent"),
    count: z.number().int().min(2).max(200).default(10).describe("levels"),
    delayS: z.number().min(0).optional().describe("pause, seconds"),
    mode: z.enum(["a", "b"]).default("a").describe("way"),
    isOn: z.boolean().default(true).describe("switch"),
    start: z
      .union([z.literal("start"), decimalString])
      .default("start")
      .describe("reference"),
    levels: z.array(decimalString).optional().describe("levels"),
    symbol: z.string().optional().describe("other instrument"),
  })
  .superRefine(() => undefined);

test("name, type, default and meaning of every parameter", () => {
  const rows = paramFields(schema).map(({ name, type, isRequired, default: value }) => [name, type, isRequired, value]);
  expect(rows).toEqual([
    ["quantity", "decimal", true, undefined],
    ["percent", "decimal", false, "5"],
    ["count", "whole number, 2 to 200", false, 10],
    ["delayS", "number, at least 0", false, undefined],
    ["mode", "one of a, b", false, "a"],
    ["isOn", "true or false", false, true],
    ["start", "start or decimal", false, "start"],
    ["levels", "list of decimal", false, undefined],
    ["symbol", "text", false, undefined],
  ]);
  expect(paramFields(schema)[1]?.description).toBe("half width, percent");
  expect(paramFields(z.unknown())).toEqual([]);
});

test("words become what the schema wants; what does not fit stays a word, so that the schema can say so", () => {
  const read = (name: string, word: string) => readParam(schema, name, word);
  expect(read("quantity", "0.05")).toBe("0.05");
  expect(read("count", "24")).toBe(24);
  expect(read("count", "many")).toBe("many");
  expect(read("count", "")).toBe("");
  expect(read("delayS", "1.5")).toBe(1.5);
  expect([read("isOn", "off"), read("isOn", "TRUE"), read("isOn", "perhaps")]).toEqual([false, true, "perhaps"]);
  expect(read("levels", "0.1, 0.2")).toEqual(["0.1", "0.2"]);
  expect(read("levels", '["0.1"]')).toEqual(["0.1"]);
  expect(read("start", "start")).toBe("start");
  expect(read("symbol", "5")).toBe("5");
  expect(read("unknown", "5")).toBe("5");
});
