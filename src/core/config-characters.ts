// Refuses characters in a configuration's texts that do not show: controls, marks that turn writing around, broken halves.

import { type ConfigObject, type ConfigValue, isConfigList, isConfigObject, Word } from "./config-values.ts";
import type { Fault } from "./fault-words.ts";

/** All but the tab and the line feed, which a description may hold. */
const HIDDEN = /(?![\t\n])[\p{Cc}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]|\p{Cs}/u;

/** A fault for every key and text that holds such a character. */
export function hiddenCharacters(tree: ConfigObject): readonly Fault[] {
  const faults: Fault[] = [];
  walk(tree, [], faults);
  return faults;
}

function walk(value: ConfigValue, path: readonly string[], faults: Fault[]): void {
  const text = value instanceof Word ? value.text : value;
  if (typeof text === "string") note(text, path, faults);
  else if (isConfigList(value)) for (const [index, item] of value.entries()) walk(item, [...path, String(index)], faults);
  else if (isConfigObject(value))
    for (const [key, inner] of Object.entries(value)) {
      note(key, path, faults);
      walk(inner, [...path, key], faults);
    }
}

function note(text: string, path: readonly string[], faults: Fault[]): void {
  const found = HIDDEN.exec(text)?.[0];
  if (found === undefined) return;
  const code = `U+${(found.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0")}`;
  faults.push({
    path: path.join("."),
    value: text,
    rule: { en: `must not hold the hidden character ${code}`, "zh-TW": `不可含有看不見的字元 ${code}` },
  });
}
