// Reads JSON without losing a digit: the parser of the platform checks it, this one builds the tree from the same text.

import { isForbiddenName } from "../core/config-overrides.ts";
import { type ConfigValue, DEPTH_MAX, isNumberText, WrittenNumber } from "../core/config-values.ts";
import type { Text } from "../core/text.ts";
import { FileRefused } from "./config-fault.ts";
import { forbiddenName, numberTooLong, tooDeep, twice } from "./config-refusals.ts";

const TOKEN = /"[^"\\]*(?:\\.[^"\\]*)*"|[{}[\]]|-?\d[\d.eE+-]*|true|false|null/g;

type Container = ConfigValue[] | Record<string, ConfigValue>;

interface Open {
  readonly container: Container;
  /** Of an object: the key whose value comes next. */
  key: string | null;
}

/** The tree of a JSON text. Throws a FileRefused that names line and column. */
export function readJson(text: string): ConfigValue {
  checkSyntax(text);
  const open: Open[] = [];
  let root: ConfigValue = null;
  for (const match of text.matchAll(TOKEN)) {
    const token = match[0];
    const top = open.at(-1);
    if (token === "}" || token === "]") {
      open.pop();
      continue;
    }
    if (top !== undefined && !Array.isArray(top.container) && top.key === null) {
      top.key = keyOf(token, top.container, () => placeAt(text, match.index));
      continue;
    }
    const value = token === "{" ? {} : token === "[" ? [] : scalar(token);
    if (top === undefined) root = value;
    else if (Array.isArray(top.container)) top.container.push(value);
    else if (top.key !== null) top.container[top.key] = value;
    if (top !== undefined) top.key = null;
    if (token !== "{" && token !== "[") continue;
    if (open.length >= DEPTH_MAX) throw new FileRefused(tooDeep(placeAt(text, match.index)));
    open.push({ container: value as Container, key: null });
  }
  return root;
}

function keyOf(token: string, fields: Readonly<Record<string, ConfigValue>>, place: () => Place): string {
  const key = JSON.parse(token) as string;
  if (isForbiddenName(key)) throw new FileRefused(forbiddenName(place()), key);
  if (Object.hasOwn(fields, key)) throw new FileRefused(twice(place()), key);
  return key;
}

function scalar(token: string): ConfigValue {
  if (token.startsWith('"')) return JSON.parse(token) as string;
  if (token === "true" || token === "false") return token === "true";
  if (token === "null") return null;
  if (!isNumberText(token)) throw new FileRefused(numberTooLong(token.length));
  return new WrittenNumber(token);
}

function checkSyntax(text: string): void {
  try {
    JSON.parse(text);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    // The parser quotes what surrounds the place, which may be a secret; where it is, is said in lines.
    const what = why.replace(/\s*(in JSON )?at position \d+.*$/s, "").replace(/,? ?(\.\.\.)?".*is not valid JSON$/s, "");
    const { line, column } = placeAt(text, positionIn(why) ?? firstUnreadable(text));
    throw new FileRefused(noJson(line, column, what));
  }
}

interface Place {
  readonly line: number;
  readonly column: number;
}

/** Where nothing that JSON knows begins; the end of a text that only stops too early. */
function firstUnreadable(text: string): number {
  const known = new RegExp(`(?:${TOKEN.source}|[\\s,:])+`, "y");
  return known.test(text) ? known.lastIndex : 0;
}

/** Node names the position of some faults only. */
function positionIn(message: string): number | null {
  const position = /position (\d+)/.exec(message)?.[1];
  return position === undefined ? null : Number(position);
}

function placeAt(text: string, position: number): Place {
  const before = text.slice(0, position).split("\n");
  return { line: before.length, column: (before.at(-1)?.length ?? 0) + 1 };
}

function noJson(line: number, column: number, what: string): Text {
  return {
    en: `is no JSON: line ${line}, column ${column}: ${what}`,
    "zh-TW": `不是正確的 JSON：第 ${line} 行第 ${column} 字：${what}`,
  };
}
