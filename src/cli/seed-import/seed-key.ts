// What is said about each key of an old file: where it went, why it went nowhere, or what is wrong with it.

import type { Mode } from "../../core/alert.ts";
import type { LookUp } from "../../core/config-substitution.ts";
import type { Fault } from "../../core/fault-words.ts";
import type { Text } from "../../core/text.ts";

/** `added`: a field that no key gave, such as a default of the old system. */
export type SeedAction = "mapped" | "ignored" | "added";

export interface SeedNote {
  readonly bot: string;
  /** `strategy_config.grid_num`; null for a field that no key gave. */
  readonly key: string | null;
  readonly action: SeedAction;
  /** Field of the bot's configuration, `params.gridNum`; null when there is none. */
  readonly to: string | null;
  /** As it stood in the old file, without a secret. */
  readonly value: unknown;
  /** As it stands in the bot. */
  readonly becomes: unknown;
  readonly reason: Text;
}

export interface SeedFault extends Fault {
  /** The field that the key would have filled, so that its absence is not named again. */
  readonly to: string | null;
}

/** One line of the report: a note or a fault of a file. */
export interface SeedRow extends Omit<SeedNote, "action"> {
  readonly file: string;
  readonly action: SeedAction | "refused";
}

export interface SeedConversion {
  /** Drafts: they are checked as any bot is. */
  readonly bots: readonly unknown[];
  readonly notes: readonly SeedNote[];
  readonly faults: readonly SeedFault[];
}

/** What the operator decides, beside the file. */
export interface SeedChoices {
  /** Mode of the imported bots; a file never chooses it. */
  readonly mode: Mode;
  /** Hosts outside of the exchange's own list that the operator has looked at. */
  readonly acceptHosts: readonly string[];
}

export interface SeedOptions extends SeedChoices {
  /** Variables that the file may use. */
  readonly lookUp: LookUp;
  /** What `--set` gives, by dotted field: it counts instead of what the file says or lacks. */
  readonly overrides: ReadonlyMap<string, string>;
}

/** Trades nothing with real money, at the market's own prices. */
export const DEFAULT_CHOICES: SeedChoices = { mode: "paper", acceptHosts: [] };
