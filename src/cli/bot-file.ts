// One bot's file, JSON or YAML, for the verbs that work with a single bot.

import type { Validation } from "../core/bot-validation.ts";
import type { Strategy } from "../core/strategy.ts";
import type { FileFault } from "./config-fault.ts";
import type { InstrumentBlock } from "./config-instrument.ts";
import { readBots } from "./config-reader.ts";

export type { InstrumentBlock };

export type BotFile =
  | (Validation & { readonly ok: true; readonly instrument: InstrumentBlock | null })
  | { readonly ok: false; readonly faults: readonly FileFault[] };

export interface BotFileOptions {
  readonly strategies: ReadonlyMap<string, Strategy>;
  /** Variables that the file may use. */
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** Reads and checks the file of one bot; every fault is in the result. */
export function readBotFile(path: string, options: BotFileOptions): BotFile {
  const { bots, faults } = readBots([path], { ...options, settings: { overrides: [], variables: new Map() } });
  if (faults.length > 0) return { ok: false, faults };
  const [bot, second] = bots;
  if (bot !== undefined && second === undefined) return { ...bot.validation, instrument: bot.instrument };
  const rule = { en: `must hold one bot here, but holds ${bots.length}`, "zh-TW": `這裡必須只有一個機器人，但有 ${bots.length} 個` };
  return { ok: false, faults: [{ file: path, path: "", value: undefined, rule }] };
}
