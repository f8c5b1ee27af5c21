// Typed changes of a bot's parameters: read, checked whole against the strategy, and shown as old → new.

import type { BotConfig } from "../../core/bot-config.ts";
import { validateBot } from "../../core/bot-validation.ts";
import { cleanLine } from "../../core/chat/clean-text.ts";
import { nearestNames } from "../../core/chat/nearest-names.ts";
import { sayFault, shownValue } from "../../core/fault-words.ts";
import { type ParamField, paramFields, readParam } from "../../core/param-fields.ts";
import type { Strategy } from "../../core/strategy.ts";
import { join, type Text, UserError } from "../../core/text.ts";

/** What a person types to go back to a parameter's default. */
const DEFAULT = "default";
const PAIR = /^([A-Za-z][\w.]*)\s*=\s*(.*)$/s;

export interface ParamChange {
  readonly name: string;
  /** As configured, or the default where nothing is. */
  readonly before: string;
  readonly after: string;
}

export interface ParamChanges {
  readonly changes: readonly ParamChange[];
  /** All parameters of the bot after the change, as its configuration keeps them. */
  readonly params: Readonly<Record<string, unknown>>;
  /** The changes as they may be typed again. */
  readonly line: string;
}

interface Pair {
  readonly name: string;
  readonly word: string;
}

/** `gridNum=24 orderQuantity=0.1` for one bot. Throws one UserError with every fault, also when nothing would change. */
export function readChanges(config: BotConfig, words: string, strategies: ReadonlyMap<string, Strategy>): ParamChanges {
  const strategy = strategyOf(config, strategies);
  const fields = paramFields(strategy.params);
  const pairs = pairsOf(words, fields);
  const params: Record<string, unknown> = { ...config.params };
  for (const { name, word } of pairs) {
    if (word === DEFAULT) delete params[name];
    else params[name] = readParam(strategy.params, name, word);
  }
  const validation = validateBot({ ...config, params }, strategies);
  if (!validation.ok) throw refused(validation.faults.map(sayFault));
  const isChanged = ({ name }: Pair): boolean =>
    JSON.stringify(valueIn(config.params, fields, name)) !== JSON.stringify(valueIn(params, fields, name));
  const changes = pairs
    .filter(isChanged)
    .map(({ name }) => ({ name, before: shownParam(config.params, fields, name), after: shownParam(params, fields, name) }));
  if (changes.length === 0)
    throw new UserError({
      en: `Nothing would change: ${config.id} has these values already.`,
      "zh-TW": `沒有任何變更：${config.id} 已是這些數值。`,
    });
  return { changes, params, line: pairs.map(({ name, word }) => `${name}=${quoted(word)}`).join(" ") };
}

/** The strategy of a bot. Throws a UserError when it is not installed any more. */
export function strategyOf({ id, strategy: name }: BotConfig, strategies: ReadonlyMap<string, Strategy>): Strategy {
  const strategy = strategies.get(name);
  if (strategy !== undefined) return strategy;
  throw new UserError({
    en: `${id} runs the strategy ${name}, which is not installed here.`,
    "zh-TW": `${id} 使用的策略 ${name} 在此並未安裝。`,
  });
}

/** What a parameter is, its default where the configuration says nothing; a dash for neither. */
export function shownParam(params: Readonly<Record<string, unknown>>, fields: readonly ParamField[], name: string): string {
  return shownValue(valueIn(params, fields, name));
}

function valueIn(params: Readonly<Record<string, unknown>>, fields: readonly ParamField[], name: string): unknown {
  return params[name] ?? fields.find((field) => field.name === name)?.default;
}

/** The pairs of a line under the parameters' own names, whatever their case; a later one for the same name counts. */
function pairsOf(words: string, fields: readonly ParamField[]): readonly Pair[] {
  const faults: Text[] = [];
  const pairs = new Map<string, Pair>();
  for (const part of words.trim().split(/\s+(?=[A-Za-z][\w.]*\s*=)/)) {
    const [, typed = "", word = ""] = PAIR.exec(part) ?? [];
    const name = fields.find((field) => field.name.toLowerCase() === typed.toLowerCase())?.name;
    if (typed === "") faults.push(notAPair(part));
    else if (name === undefined) faults.push(noSuchParam(typed, fields));
    else pairs.set(name, { name, word: word.trim() });
  }
  if (faults.length > 0) throw refused(faults);
  return [...pairs.values()];
}

function notAPair(part: string): Text {
  const shown = cleanLine(part, 40);
  return {
    en: `"${shown}" is no change; write name=value, e.g. orderQuantity=0.05`,
    "zh-TW": `「${shown}」不是變更；請寫成 名稱=數值，例如 orderQuantity=0.05`,
  };
}

function noSuchParam(typed: string, fields: readonly ParamField[]): Text {
  const shown = cleanLine(typed, 40);
  const lower = new Map(fields.map(({ name }) => [name.toLowerCase(), name]));
  const near = nearestNames(typed, [...lower.keys()]).map((name) => lower.get(name))[0];
  return {
    en: `there is no parameter ${shown}${near === undefined ? "" : ` (did you mean ${near}?)`}`,
    "zh-TW": `沒有 ${shown} 這個參數${near === undefined ? "" : `（你是指 ${near} 嗎？）`}`,
  };
}

function refused(faults: readonly Text[]): UserError {
  const all = join(faults, "; ");
  return new UserError(
    { en: `Nothing was changed: ${all.en}.`, "zh-TW": `沒有任何變更：${all["zh-TW"].replaceAll("; ", "；")}。` },
    "faults",
  );
}

function quoted(word: string): string {
  return /[\s"'\\“‘「]/u.test(word) ? `"${word.replaceAll(/["\\]/g, "\\$&")}"` : word;
}
