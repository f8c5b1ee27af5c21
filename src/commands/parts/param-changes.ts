// Typed changes of a bot's parameters and limits: read, checked whole against the strategy, and shown as old → new.

import type { BotConfig, ConfigFields } from "../../core/bot-config.ts";
import { loosenedLimits } from "../../core/bot-limits.ts";
import { validateBot } from "../../core/bot-validation.ts";
import { cleanLine } from "../../core/chat/clean-text.ts";
import { nearestNames } from "../../core/chat/nearest-names.ts";
import { sayFault, shownValue } from "../../core/fault-words.ts";
import { type ParamField, paramFields, readParam } from "../../core/param-fields.ts";
import type { Strategy } from "../../core/strategy.ts";
import { join, type Text, UserError } from "../../core/text.ts";
import { CONFIG_NAMES, type ConfigField, changedFields, configFieldNamed, DEFAULT, type Draft } from "./config-fields.ts";

const PAIR = /^([A-Za-z][\w.*]*)\s*=\s*(.*)$/s;

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
  /** Other fields of the configuration that change. */
  readonly fields: ConfigFields;
  /** Limits of `risk` that would allow more than before. */
  readonly loosened: readonly string[];
  /** The changes as they may be typed again. */
  readonly line: string;
}

interface Pair {
  readonly name: string;
  readonly word: string;
  /** Set for what is no parameter of the strategy. */
  readonly field: ConfigField | null;
}

/** `gridNum=24 orderQuantity=0.1` for one bot. Throws one UserError with every fault, also when nothing would change. */
export function readChanges(config: BotConfig, words: string, strategies: ReadonlyMap<string, Strategy>): ParamChanges {
  const strategy = strategyOf(config, strategies);
  const fields = paramFields(strategy.params);
  const pairs = pairsOf(words, fields);
  const params: Record<string, unknown> = { ...config.params };
  const draft: Draft = { ...config, params };
  for (const { name, word, field } of pairs) {
    if (field !== null) field.write(draft, word);
    else if (word === DEFAULT) delete params[name];
    else params[name] = readParam(strategy.params, name, word);
  }
  const validation = validateBot(draft, strategies);
  if (!validation.ok) throw refused(validation.faults.map(sayFault));
  const after = validation.config;
  const configured = ({ name, field }: Pair, from: BotConfig): unknown =>
    field === null ? valueIn(from.params, fields, name) : field.value(from);
  const shownOf = (pair: Pair, from: BotConfig): string => pair.field?.shown?.(from) ?? shownValue(configured(pair, from));
  const changed = { ...after, params };
  const changes = pairs
    .filter((pair) => JSON.stringify(configured(pair, config)) !== JSON.stringify(configured(pair, changed)))
    .map((pair): ParamChange => ({ name: pair.name, before: shownOf(pair, config), after: shownOf(pair, changed) }));
  if (changes.length === 0)
    throw new UserError({
      en: `Nothing would change: ${config.id} has these values already.`,
      "zh-TW": `沒有任何變更：${config.id} 已是這些數值。`,
    });
  return {
    ...{ changes, params, fields: changedFields(config, after), loosened: loosenedLimits(config.risk, after.risk) },
    line: pairs.map(({ name, word }) => `${name}=${quoted(word)}`).join(" "),
  };
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
  for (const part of words.trim().split(/\s+(?=[A-Za-z][\w.*]*\s*=)/)) {
    const [, typed = "", word = ""] = PAIR.exec(part) ?? [];
    const param = fields.find((field) => field.name.toLowerCase() === typed.toLowerCase());
    const field = param === undefined ? configFieldNamed(typed) : null;
    const name = param?.name ?? field?.name;
    if (typed === "") faults.push(notAPair(part));
    else if (name === undefined) faults.push(noSuchParam(typed, fields));
    else pairs.set(name, { name, word: unquoted(word.trim()), field });
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
  const lower = new Map([...fields.map(({ name }) => name), ...CONFIG_NAMES].map((name) => [name.toLowerCase(), name]));
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

/** A name with a dot keeps its value's quotation marks on the way here. */
function unquoted(word: string): string {
  return /^"(.*)"$/s.exec(word)?.[1]?.replaceAll(/\\(["\\])/g, "$1") ?? word;
}

function quoted(word: string): string {
  return /[\s"'\\“‘「]/u.test(word) ? `"${word.replaceAll(/["\\]/g, "\\$&")}"` : word;
}
