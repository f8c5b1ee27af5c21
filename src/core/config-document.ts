// The shapes that a configuration file may have: `version: 1` with a list or map of bots, or one bot's fields alone.

import { type ConfigObject, type ConfigValue, isConfigList, isConfigObject, plainValue, WrittenNumber } from "./config-values.ts";
import type { Fault } from "./fault-words.ts";
import type { Text } from "./text.ts";

/** One bot of a document, unchecked. */
export interface BotFields {
  /** Where it stands in the document: empty, `bots.0` or `bots.eth_grid`. */
  readonly path: string;
  readonly fields: ConfigObject;
}

export interface BotsOfDocument {
  readonly bots: readonly BotFields[];
  readonly faults: readonly Fault[];
}

export const DOCUMENT_VERSION = 1;
const KEYS = ["version", "bots"];

const NO_DOCUMENT: Text = {
  en: "must hold one bot's fields, or version: 1 and bots: with a list of them",
  "zh-TW": "必須是一個機器人的欄位，或 version: 1 加上 bots: 清單",
};
const NO_FIELD: Text = {
  en: "is no field that exists here; a file of bots has version and bots",
  "zh-TW": "這裡沒有這個欄位；多機器人設定檔只有 version 與 bots",
};
const WRONG_VERSION: Text = { en: `must be ${DOCUMENT_VERSION}`, "zh-TW": `必須是 ${DOCUMENT_VERSION}` };
const NO_BOTS: Text = {
  en: "must be a list of bots, or an object with each bot under its id",
  "zh-TW": "必須是機器人清單，或以 id 為鍵的物件",
};
const EMPTY: Text = { en: "must name at least one bot", "zh-TW": "至少要有一個機器人" };
const NO_BOT: Text = { en: "must be an object with one bot's fields", "zh-TW": "必須是一個機器人欄位的物件" };

/** The bots of a document, each where it stands, and what is wrong with the frame around them. */
export function botsOf(document: ConfigValue): BotsOfDocument {
  if (!isConfigObject(document)) return { bots: [], faults: [{ path: "", value: shown(document), rule: NO_DOCUMENT }] };
  if (!KEYS.some((key) => Object.hasOwn(document, key))) {
    const isEmpty = Object.keys(document).length === 0;
    return isEmpty
      ? { bots: [], faults: [{ path: "", value: undefined, rule: NO_DOCUMENT }] }
      : { bots: [{ path: "", fields: document }], faults: [] };
  }
  const faults: Fault[] = Object.entries(document)
    .filter(([key]) => !KEYS.includes(key))
    .map(([key, value]) => ({ path: key, value: shown(value), rule: NO_FIELD }));
  const { version } = document;
  if (!(version instanceof WrittenNumber && Number(version.text) === DOCUMENT_VERSION))
    faults.push({ path: "version", value: version === undefined ? undefined : shown(version), rule: WRONG_VERSION });
  const bots = entriesOf(document.bots, faults);
  return { bots, faults };
}

function entriesOf(bots: ConfigValue | undefined, faults: Fault[]): readonly BotFields[] {
  const isMap = isConfigObject(bots);
  if (!isMap && !isConfigList(bots)) {
    faults.push({ path: "bots", value: bots === undefined ? undefined : shown(bots), rule: NO_BOTS });
    return [];
  }
  const entries = Object.entries(bots);
  if (entries.length === 0) faults.push({ path: "bots", value: undefined, rule: EMPTY });
  return entries.flatMap(([key, value]) => {
    const path = `bots.${key}`;
    if (!isConfigObject(value)) {
      faults.push({ path, value: shown(value), rule: NO_BOT });
      return [];
    }
    if (!isMap) return [{ path, fields: value }];
    if (value.id !== undefined && value.id !== key) faults.push({ path: `${path}.id`, value: shown(value.id), rule: otherId(key) });
    return [{ path, fields: { ...value, id: key } }];
  });
}

function otherId(key: string): Text {
  return { en: `must be ${key}, under which the bot stands, or be left out`, "zh-TW": `必須與所在的鍵 ${key} 相同，或省略` };
}

function shown(value: ConfigValue): unknown {
  return isConfigObject(value) || isConfigList(value) ? undefined : plainValue(value);
}
