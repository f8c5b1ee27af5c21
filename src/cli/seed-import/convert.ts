// Knows documents of the system that Botswain replaces and turns them into bots of ours, key by key.

import type { Fault } from "../../core/fault-words.ts";
import type { Text } from "../../core/text.ts";

/** What became of a key that is right but has no field of its own here. */
export interface SeedNote {
  /** `daemon_config.python_path`. */
  readonly path: string;
  readonly text: Text;
}

export interface SeedConversion {
  /** Drafts: `importBots` and `config validate` check them as they check any bot; `${NAME}` and numbers may stand in them. */
  readonly bots: readonly unknown[];
  readonly notes: readonly SeedNote[];
  readonly faults: readonly Fault[];
}

/** Keys at the top that only the old system's files have. */
const MARKS: readonly string[] = [
  "daemon_mode",
  "bot_args",
  "daemon_config",
  "exchange_config",
  "strategy_config",
  "instance_config",
  "python_path",
];

/** True for a multi-configuration, per-instance or legacy daemon file of the old system. */
export function isSeedDocument(document: unknown): boolean {
  if (typeof document !== "object" || document === null || Array.isArray(document)) return false;
  return MARKS.some((key) => Object.hasOwn(document, key));
}

/** The bots of such a document, and a note or a fault for every key that is not carried over. */
export function convertSeedDocument(_document: unknown, _source: string): SeedConversion {
  const rule: Text = {
    en: "is a file of the system that Botswain replaces, and no bot could be read from it",
    "zh-TW": "是舊系統的設定檔，無法從中讀出任何機器人",
  };
  return { bots: [], notes: [], faults: [{ path: "", value: undefined, rule }] };
}
