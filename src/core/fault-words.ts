// Says in both languages what a value of a configuration breaks: zod's issues as faults with a path, the value and the rule.

import type { z } from "zod";
import { cleanLine } from "./chat/clean-text.ts";
import { nearestNames } from "./chat/nearest-names.ts";
import { join, plain, type Text } from "./text.ts";

/** One thing that is wrong with a configuration. */
export interface Fault {
  /** `params.lowerPrice`, `risk.maxPosition`; empty for the whole. */
  readonly path: string;
  /** What was given; undefined when it is missing. */
  readonly value: unknown;
  /** What would be right: a sentence that names the field itself, or words to be read after path and value. */
  readonly rule: Text;
}

type Issue = z.core.$ZodIssue;
type Path = readonly PropertyKey[];

const VALUE_SHOWN_MAX = 60;
/** How zod's own messages begin. */
const ZOD_WORDS = /^(Too |Invalid |Unrecognized )/;
const MISSING: Text = { en: "is missing", "zh-TW": "缺少此欄位" };
const TYPES: Readonly<Record<string, Text>> = {
  string: { en: "text", "zh-TW": "文字" },
  number: { en: "a number", "zh-TW": "數字" },
  int: { en: "a whole number", "zh-TW": "整數" },
  boolean: { en: "true or false", "zh-TW": "true 或 false" },
  array: { en: "a list", "zh-TW": "清單" },
  object: { en: "an object", "zh-TW": "物件" },
  record: { en: "an object", "zh-TW": "物件" },
};

/** Every fault of a zod error about `input`; `known` are the field names that a mistyped one may have meant. */
export function faultsIn(error: z.ZodError, input: unknown, known: readonly string[] = []): Fault[] {
  return error.issues.flatMap((issue) => spread(issue, [], input, known));
}

/** `lowerPrice 3100 must be below upperPrice 2900`: one sentence that names the field, without the full stop. */
export function sayFault({ path, value, rule }: Fault): Text {
  const field = path.slice(path.lastIndexOf(".") + 1);
  const isPredicate = /^(is|must) /.test(rule.en);
  if (path === "" || (!isPredicate && (path === "params" || rule.en.includes(field)))) return rule;
  const shown = value === undefined ? "" : ` ${shownValue(value)}`;
  return { en: `${path}${shown} ${rule.en}`, "zh-TW": `${path}${shown} ${rule["zh-TW"]}` };
}

/** A value on one short line. */
export function shownValue(value: unknown): string {
  if (value === undefined) return "-";
  return cleanLine(typeof value === "string" ? value : JSON.stringify(value), VALUE_SHOWN_MAX);
}

/** What lies at a path of plain JSON; undefined when nothing does. */
export function valueAt(input: unknown, path: Path): unknown {
  let found: unknown = input;
  for (const key of path) found = typeof found === "object" && found !== null ? (found as Record<PropertyKey, unknown>)[key] : undefined;
  return found;
}

function spread(issue: Issue, before: Path, input: unknown, known: readonly string[]): Fault[] {
  const path = [...before, ...issue.path];
  const value = valueAt(input, path);
  const fault = (rule: Text): Fault[] => [{ path: path.join("."), value, rule }];
  if (value === undefined && path.length > 0 && issue.code !== "custom") return fault(MISSING);
  switch (issue.code) {
    case "unrecognized_keys":
      return issue.keys.map((key) => ({ path: [...path, key].join("."), value: valueAt(value, [key]), rule: unknownField(key, known) }));
    case "invalid_union": {
      const near = issue.errors.filter((branch) => !branch.every(isWrongType));
      const deep = near.find((branch) => branch.some((inner) => inner.path.length > 0));
      if (deep !== undefined) return deep.flatMap((inner) => spread(inner, path, input, known));
      const branches = near.length > 0 ? near : issue.errors;
      const rules = branches.flatMap((branch) => branch.flatMap((inner) => spread(inner, path, input, known).map(({ rule }) => rule)));
      return fault(eitherOf(rules));
    }
    default:
      return fault(ruleOf(issue));
  }
}

/** True for an issue that says no more than that the value is of another type. */
function isWrongType(issue: Issue): boolean {
  if (issue.path.length > 0) return false;
  return issue.code === "invalid_type" || (issue.code === "invalid_union" && issue.errors.every((branch) => branch.every(isWrongType)));
}

function eitherOf(rules: readonly Text[]): Text {
  const distinct = rules.filter((rule, index) => rules.findIndex((other) => other.en === rule.en) === index);
  return {
    en: join(distinct, " or ").en.replaceAll(" or must be ", " or "),
    "zh-TW": join(distinct, "或")["zh-TW"].replaceAll("或必須是", "或"),
  };
}

function unknownField(key: string, known: readonly string[]): Text {
  const near = nearestNames(key, known)[0];
  return near === undefined
    ? { en: "is no field that exists here", "zh-TW": "這裡沒有這個欄位" }
    : { en: `is no field that exists here; did you mean ${near}?`, "zh-TW": `這裡沒有這個欄位；你是指 ${near} 嗎？` };
}

function ruleOf(issue: Issue): Text {
  // A schema's own sentence says it better than we can.
  if (issue.code !== "custom" && !ZOD_WORDS.test(issue.message)) return plain(issue.message);
  switch (issue.code) {
    case "custom": {
      const translated = issue.params?.["zh-TW"];
      return { en: issue.message, "zh-TW": typeof translated === "string" ? translated : issue.message };
    }
    case "invalid_type": {
      const type = TYPES[issue.expected] ?? plain(issue.expected);
      return { en: `must be ${type.en}`, "zh-TW": `必須是${type["zh-TW"]}` };
    }
    case "invalid_value": {
      const values = issue.values.map(String);
      return values.length === 1
        ? { en: `must be ${values[0]}`, "zh-TW": `必須是 ${values[0]}` }
        : { en: `must be one of ${values.join(", ")}`, "zh-TW": `必須是 ${values.join("、")} 其中之一` };
    }
    case "too_small":
      return bound(issue, Number(issue.minimum), "least");
    case "too_big":
      return bound(issue, Number(issue.maximum), "most");
    case "not_multiple_of":
      return { en: `must be a multiple of ${issue.divisor}`, "zh-TW": `必須是 ${issue.divisor} 的倍數` };
    default:
      return plain(issue.message);
  }
}

function bound(
  issue: Issue & { readonly origin: string; readonly inclusive?: boolean | undefined },
  limit: number,
  side: "least" | "most",
): Text {
  const isLeast = side === "least";
  if (issue.origin === "string" || issue.origin === "array") {
    const [unit, counter] = issue.origin === "string" ? (["characters", "個字元"] as const) : (["entries", "項"] as const);
    return { en: `must have at ${side} ${limit} ${unit}`, "zh-TW": `${isLeast ? "至少要有" : "最多只能有"} ${limit} ${counter}` };
  }
  if (issue.inclusive === false)
    return { en: `must be ${isLeast ? "above" : "below"} ${limit}`, "zh-TW": `必須${isLeast ? "大於" : "小於"} ${limit}` };
  return { en: `must be at ${side} ${limit}`, "zh-TW": `必須${isLeast ? "至少為" : "不超過"} ${limit}` };
}
