// Puts variables into the texts of a configuration: ${NAME}, ${NAME:-default}, and $${ for the characters themselves.

import { isSecretVariable, REDACTED } from "./config-secrets.ts";
import { type ConfigObject, type ConfigValue, isConfigList, isConfigObject, Word } from "./config-values.ts";
import type { Fault } from "./fault-words.ts";
import type { Text } from "./text.ts";

/** An escape, a whole reference, or the beginning of one that does not go on as it must. */
const REFERENCE = /\$\$\{|\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}|\$\{/g;

const MALFORMED: Text = {
  en: `must write a variable as \${NAME} or \${NAME:-default}, and the characters \${ themselves as $\${`,
  "zh-TW": `必須以 \${名稱} 或 \${名稱:-預設值} 書寫變數；若要 \${ 這兩個字元本身，請寫成 $\${`,
};

/** The value of a variable; undefined when it is not set. An empty value counts as not set where a default is given. */
export type LookUp = (name: string) => string | undefined;

/** The tree with every variable replaced, and a fault for each that cannot be. */
export function substitute(tree: ConfigObject, lookUp: LookUp): { readonly value: ConfigObject; readonly faults: readonly Fault[] } {
  const faults: Fault[] = [];
  const value = walk(tree, [], lookUp, faults);
  return { value: isConfigObject(value) ? value : {}, faults };
}

/** A text as a file must carry it, so that reading it gives the same text again. */
export function escapeReferences(text: string): string {
  // A function, since a replacement text would have its own meaning of $$.
  return text.replaceAll("${", () => "$${");
}

function walk(value: ConfigValue, path: readonly string[], lookUp: LookUp, faults: Fault[]): ConfigValue {
  if (typeof value === "string") return replaced(value, path.join("."), lookUp, faults);
  if (isConfigList(value)) return value.map((item, index) => walk(item, [...path, String(index)], lookUp, faults));
  if (!isConfigObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, walk(inner, [...path, key], lookUp, faults)]));
}

function replaced(text: string, path: string, lookUp: LookUp, faults: Fault[]): ConfigValue {
  let isSubstituted = false;
  const result = text.replace(REFERENCE, (whole: string, name: string | undefined, fallback: string | undefined) => {
    if (whole === "$${") return "${";
    isSubstituted = true;
    if (name === undefined) {
      faults.push({ path, value: text, rule: MALFORMED });
      return "";
    }
    if (isSecretVariable(name)) {
      faults.push({ path, value: fallback === undefined ? text : REDACTED, rule: secretVariable(name, fallback !== undefined) });
      return "";
    }
    const given = lookUp(name);
    if (given !== undefined && (given !== "" || fallback === undefined)) return given;
    if (fallback !== undefined) return fallback;
    faults.push({ path, value: text, rule: notSet(name) });
    return "";
  });
  return isSubstituted ? new Word(result) : result;
}

function notSet(name: string): Text {
  return {
    en: `must have the variable ${name}, which is not set: export it, give --set ${name}=VALUE, or write \${${name}:-default}`,
    "zh-TW": `需要變數 ${name}，但尚未設定：請設定環境變數、使用 --set ${name}=值，或寫成 \${${name}:-預設值}`,
  };
}

function secretVariable(name: string, hasDefault: boolean): Text {
  const more = hasDefault ? { en: "; least of all with a default", "zh-TW": "，更不可帶預設值" } : { en: "", "zh-TW": "" };
  return {
    en: `must not use ${name}: its name is that of a secret, and a bot's file holds none${more.en} (botswain account add is the place)`,
    "zh-TW": `不可使用 ${name}：名稱看起來是機密，機器人設定檔不可存放${more["zh-TW"]}（請改用 botswain account add）`,
  };
}
