// A strategy's parameters as a list for help, tables and typed changes, read from its zod schema.

import { z } from "zod";

export interface ParamField {
  readonly name: string;
  /** `decimal`, `whole number`, `one of a, b`, `list of decimal` … */
  readonly type: string;
  readonly isRequired: boolean;
  /** Undefined when there is none. */
  readonly default: unknown;
  readonly description: string;
}

interface JsonSchema {
  readonly type?: string | readonly string[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly anyOf?: readonly JsonSchema[];
  readonly oneOf?: readonly JsonSchema[];
  readonly items?: JsonSchema;
  readonly default?: unknown;
  readonly description?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
}

const NONE: JsonSchema = {};

/** The parameters of a schema in its order. Empty for a schema that is no object. */
export function paramFields(schema: z.ZodType): readonly ParamField[] {
  const { properties, required = [] } = jsonSchemaOf(schema);
  return Object.entries(properties ?? {}).map(([name, field]) => ({
    name,
    type: typeOf(field),
    isRequired: required.includes(name),
    default: field.default,
    description: field.description ?? "",
  }));
}

/** What a typed word means for a parameter: a number, a truth value or a list where the schema wants one, else the word itself. */
export function readParam(schema: z.ZodType, name: string, word: string): unknown {
  return readWord(jsonSchemaOf(schema).properties?.[name] ?? NONE, word.trim());
}

function jsonSchemaOf(schema: z.ZodType): JsonSchema {
  return z.toJSONSchema(schema, {
    io: "input",
    unrepresentable: "any",
    // zod leaves out defaults of fields that are transformed; ours are written as they would be typed.
    override: ({ zodSchema, jsonSchema }) => {
      const { def } = zodSchema._zod;
      if (def.type === "default") jsonSchema.default = (def as z.core.$ZodDefaultDef).defaultValue as never;
    },
  }) as JsonSchema;
}

function typesOf({ type }: JsonSchema): readonly string[] {
  return type === undefined ? [] : typeof type === "string" ? [type] : type;
}

function branchesOf(field: JsonSchema): readonly JsonSchema[] {
  return field.anyOf ?? field.oneOf ?? [field];
}

function typeOf(field: JsonSchema): string {
  if (field.anyOf !== undefined || field.oneOf !== undefined) return [...new Set(branchesOf(field).map(typeOf))].join(" or ");
  if (field.enum !== undefined) return `one of ${field.enum.join(", ")}`;
  if (field.const !== undefined) return String(field.const);
  const types = typesOf(field).filter((type) => type !== "null");
  if (types.includes("string") && types.includes("number")) return "decimal";
  switch (types[0]) {
    case "integer":
      return `whole number${rangeOf(field)}`;
    case "number":
      return `number${rangeOf(field)}`;
    case "boolean":
      return "true or false";
    case "string":
      return "text";
    case "array":
      return `list of ${typeOf(field.items ?? NONE)}`;
    case "object":
      return field.properties === undefined ? "object" : `{${Object.keys(field.properties).join(", ")}}`;
    default:
      return "any";
  }
}

/** Bounds that a person would care about: zod's own safe-integer bounds are none. */
function rangeOf({ minimum, maximum }: JsonSchema): string {
  const least = minimum !== undefined && minimum > Number.MIN_SAFE_INTEGER ? minimum : undefined;
  const most = maximum !== undefined && maximum < Number.MAX_SAFE_INTEGER ? maximum : undefined;
  if (least !== undefined && most !== undefined) return `, ${least} to ${most}`;
  if (least !== undefined) return `, at least ${least}`;
  return most === undefined ? "" : `, at most ${most}`;
}

function readWord(field: JsonSchema, word: string): unknown {
  const branches = branchesOf(field);
  const constant = branches
    .flatMap((branch) => branch.enum ?? [branch.const])
    .find((value) => value !== undefined && String(value) === word);
  if (constant !== undefined) return constant;
  const types = branches.flatMap(typesOf);
  if (types.includes("string")) return word;
  if (types.includes("boolean") && TRUTH[word.toLowerCase()] !== undefined) return TRUTH[word.toLowerCase()];
  if ((types.includes("integer") || types.includes("number")) && word !== "" && Number.isFinite(Number(word))) return Number(word);
  if (!types.includes("array") && !types.includes("object")) return word;
  try {
    return JSON.parse(word);
  } catch {
    const items = branches.find((branch) => branch.items !== undefined)?.items;
    return items === undefined ? word : word.split(",").map((part) => readWord(items, part.trim()));
  }
}

const TRUTH: Readonly<Record<string, boolean>> = { true: true, yes: true, on: true, false: false, no: false, off: false };
