// Dotted overrides of a configuration (`params.gridNum=20`) and variables (`SYMBOL=ETH/USDC`), as they are typed.

import { cleanLine } from "./chat/clean-text.ts";
import { type ConfigObject, type ConfigValue, isConfigList, isConfigObject, Word } from "./config-values.ts";
import { UserError } from "./text.ts";

/** What a person types to take a parameter out, so that its default counts. */
const DEFAULT = "default";
const VARIABLE = /^[A-Z][A-Z0-9_]*$/;
const PATH = /^[A-Za-z][\w-]*(?:\.[\w-]+)*$/;
/** Names that would reach into the language itself. */
const FORBIDDEN = new Set(["__proto__", "constructor", "prototype"]);
const LIST_MAX = 1_000;

export interface Override {
  readonly path: readonly string[];
  readonly word: string;
}

export interface Settings {
  readonly overrides: readonly Override[];
  readonly variables: ReadonlyMap<string, string>;
}

export function isForbiddenName(name: string): boolean {
  return FORBIDDEN.has(name);
}

/** Reads `--set` values: a name in capitals is a variable, anything else a field. Throws a UserError for one that is neither. */
export function readSettings(pairs: readonly string[]): Settings {
  const overrides: Override[] = [];
  const variables = new Map<string, string>();
  for (const pair of pairs) {
    const equals = pair.indexOf("=");
    const name = pair.slice(0, Math.max(0, equals)).trim();
    const word = pair.slice(equals + 1);
    const path = name.split(".");
    if (equals > 0 && VARIABLE.test(name)) variables.set(name, word);
    else if (equals > 0 && PATH.test(name) && !path.some(isForbiddenName)) overrides.push({ path, word });
    else throw notAnOverride(equals > 0 ? name : pair);
  }
  return { overrides, variables };
}

/** The fields with overrides put in. Throws a UserError for one that leads through a value that has no fields. */
export function override(fields: ConfigObject, overrides: readonly Override[]): ConfigObject {
  let result: ConfigValue = fields;
  for (const { path, word } of overrides) result = put(result, path, word, path);
  return isConfigObject(result) ? result : fields;
}

function put(value: ConfigValue | undefined, rest: readonly string[], word: string, path: readonly string[]): ConfigValue {
  const [key, ...deeper] = rest;
  if (key === undefined) return new Word(word);
  if (isConfigList(value)) {
    const index = Number(key);
    if (!/^\d+$/.test(key) || index > Math.min(value.length, LIST_MAX)) throw leadsNowhere(path, key);
    return [...value.slice(0, index), put(value[index], deeper, word, path), ...value.slice(index + 1)];
  }
  if (value !== undefined && !isConfigObject(value)) throw leadsNowhere(path, key);
  const fields = value ?? {};
  if (deeper.length > 0 || word !== DEFAULT || path[0] !== "params") return { ...fields, [key]: put(fields[key], deeper, word, path) };
  const { [key]: _, ...others } = fields;
  return others;
}

function notAnOverride(pair: string): UserError {
  const shown = cleanLine(pair, 60);
  return new UserError({
    en: `--set ${shown} is not right: write field=value (params.gridNum=20) or NAME=value for a variable.`,
    "zh-TW": `--set ${shown} 不正確：請寫 欄位=值（params.gridNum=20），或以 名稱=值 設定變數。`,
  });
}

function leadsNowhere(path: readonly string[], key: string): UserError {
  const shown = cleanLine(path.join("."), 60);
  return new UserError({
    en: `--set ${shown} leads nowhere: there is no place for ${cleanLine(key, 40)} in what the file has there.`,
    "zh-TW": `--set ${shown} 無法套用：檔案該處沒有 ${cleanLine(key, 40)} 的位置。`,
  });
}
