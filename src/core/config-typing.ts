// Gives the values of a file the types that the schemas ask for, so that a price never passes through a float.

import { z } from "zod";
import { botConfigSchema } from "./bot-config.ts";
import { productNamed } from "./bot-products.ts";
import {
  type ConfigObject,
  type ConfigValue,
  decimalText,
  exactNumber,
  isConfigList,
  isConfigObject,
  isNumberText,
  Word,
  WrittenNumber,
} from "./config-values.ts";
import type { Fault } from "./fault-words.ts";
import type { Strategy } from "./strategy.ts";
import type { Text } from "./text.ts";

interface JsonSchema {
  readonly type?: string | readonly string[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly anyOf?: readonly JsonSchema[];
  readonly oneOf?: readonly JsonSchema[];
  readonly allOf?: readonly JsonSchema[];
  readonly items?: JsonSchema;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly additionalProperties?: JsonSchema | boolean;
}

const NONE: JsonSchema = {};
const known = new WeakMap<z.ZodType, JsonSchema>();

const TOO_PRECISE: Text = {
  en: "must be a number with fewer digits (at most 15 significant ones)",
  "zh-TW": "必須是位數較少的數字（最多 15 位有效數字）",
};

export interface Typed {
  readonly value: Record<string, unknown>;
  readonly faults: readonly Fault[];
}

/** A bot's fields as its own schema and its strategy's want them; what does not fit stays as it is, for validation to name. */
export function typedBot(raw: ConfigObject, strategies: ReadonlyMap<string, Strategy>): Typed {
  const faults: Fault[] = [];
  const schema = jsonSchemaOf(botConfigSchema);
  const name = raw.strategy instanceof Word ? raw.strategy.text : raw.strategy;
  const strategy = typeof name === "string" ? strategies.get(productNamed(name)?.strategy ?? name) : undefined;
  const params = strategy === undefined ? NONE : jsonSchemaOf(strategy.params);
  const value = typed(raw, { ...schema, properties: { ...schema.properties, params } }, [], faults);
  return { value: value as Record<string, unknown>, faults };
}

/** As `typedBot`, for any other object. */
export function typedBy(schema: z.ZodType, raw: ConfigValue): { readonly value: unknown; readonly faults: readonly Fault[] } {
  const faults: Fault[] = [];
  return { value: typed(raw, jsonSchemaOf(schema), [], faults), faults };
}

function jsonSchemaOf(schema: z.ZodType): JsonSchema {
  const cached = known.get(schema);
  if (cached !== undefined) return cached;
  const made = z.toJSONSchema(schema, { io: "input", unrepresentable: "any" }) as JsonSchema;
  known.set(schema, made);
  return made;
}

function branchesOf(schema: JsonSchema): readonly JsonSchema[] {
  const inner = schema.anyOf ?? schema.oneOf ?? schema.allOf;
  return inner === undefined ? [schema] : inner.flatMap(branchesOf);
}

function typesOf(branches: readonly JsonSchema[]): readonly string[] {
  return branches.flatMap(({ type }) => (type === undefined ? [] : typeof type === "string" ? [type] : type));
}

function isNumeric(types: readonly string[]): boolean {
  return types.includes("number") || types.includes("integer");
}

function typed(value: ConfigValue, schema: JsonSchema, path: readonly string[], faults: Fault[]): unknown {
  const branches = branchesOf(schema);
  if (value instanceof WrittenNumber) return typedNumber(value, typesOf(branches), path, faults);
  if (value instanceof Word) return typedWord(value.text, branches, path, faults);
  if (isConfigList(value)) {
    const items = branches.find((branch) => branch.items !== undefined)?.items ?? NONE;
    return value.map((item, index) => typed(item, items, [...path, String(index)], faults));
  }
  if (!isConfigObject(value)) return value;
  const entries = Object.entries(value).map(([key, inner]) => [key, typed(inner, fieldOf(branches, key), [...path, key], faults)]);
  return Object.fromEntries(entries);
}

function fieldOf(branches: readonly JsonSchema[], key: string): JsonSchema {
  for (const { properties, additionalProperties } of branches) {
    if (properties !== undefined && Object.hasOwn(properties, key)) return properties[key] ?? NONE;
    if (typeof additionalProperties === "object") return additionalProperties;
  }
  return NONE;
}

function typedNumber({ text }: WrittenNumber, types: readonly string[], path: readonly string[], faults: Fault[]): unknown {
  if (types.includes("string") && isNumeric(types)) return decimalText(text);
  const exact = exactNumber(text);
  if (exact !== null) return exact;
  if (types.length === 0) return decimalText(text);
  if (isNumeric(types)) faults.push({ path: path.join("."), value: text, rule: TOO_PRECISE });
  return Number(text);
}

const TRUTH: Readonly<Record<string, boolean>> = { true: true, false: false };

function typedWord(word: string, branches: readonly JsonSchema[], path: readonly string[], faults: Fault[]): unknown {
  const constants = branches.flatMap((branch) => branch.enum ?? (branch.const === undefined ? [] : [branch.const]));
  const constant = constants.find((value) => String(value) === word.trim());
  if (constant !== undefined) return constant;
  const types = typesOf(branches);
  if (types.includes("string")) return isNumeric(types) ? word.trim() : word;
  const trimmed = word.trim();
  if (types.includes("boolean") && Object.hasOwn(TRUTH, trimmed)) return TRUTH[trimmed];
  if (isNumeric(types) && isNumberText(trimmed)) return typedNumber(new WrittenNumber(trimmed), types, path, faults);
  const items = branches.find((branch) => branch.items !== undefined)?.items;
  if (items === undefined) return word;
  const parts = trimmed === "" ? [] : trimmed.split(",").map((part) => part.trim());
  return parts.map((part, index) => typedWord(part, branchesOf(items), [...path, String(index)], faults));
}
