// A file of bots, JSON or YAML, for the verbs that look at bots one by one.

import type { Validation } from "../core/bot-validation.ts";
import type { Strategy } from "../core/strategy.ts";
import type { FileFault } from "./config-fault.ts";
import type { InstrumentBlock } from "./config-instrument.ts";
import { readBots } from "./config-reader.ts";

export type { InstrumentBlock };

export type BotFile =
  | { readonly ok: true; readonly bots: readonly (Extract<Validation, { ok: true }> & { readonly instrument: InstrumentBlock | null })[] }
  | { readonly ok: false; readonly faults: readonly FileFault[] };

export interface BotFileOptions {
  readonly strategies: ReadonlyMap<string, Strategy>;
  /** Variables that the file may use. */
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** Reads and checks the bots of a file; every fault is in the result. */
export function readBotFile(path: string, options: BotFileOptions): BotFile {
  const { bots, faults } = readBots([path], { ...options, settings: { overrides: [], variables: new Map() } });
  if (faults.length > 0) return { ok: false, faults };
  if (bots.length > 0) return { ok: true, bots: bots.map(({ validation, instrument }) => ({ ...validation, instrument })) };
  return { ok: false, faults: [{ file: path, path: "", value: undefined, rule: { en: "holds no bot", "zh-TW": "沒有任何機器人" } }] };
}
