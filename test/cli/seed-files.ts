// What the tests of the importer share: a good file of the old system, and what the importer says of one.

import { convertSeedDocument } from "../../src/cli/seed-import/convert.ts";
import type { SeedTree } from "../../src/cli/seed-import/leaves.ts";
import type { SeedConversion, SeedOptions } from "../../src/cli/seed-import/seed-key.ts";

export interface Row {
  readonly file: string;
  readonly bot: string;
  readonly key: string | null;
  readonly action: string;
  readonly to: string | null;
  readonly value: unknown;
  readonly becomes: unknown;
  readonly reason: string;
}

export function rowsOf(data: Record<string, unknown>): readonly Row[] {
  return data.keys as readonly Row[];
}

/** A good multi-configuration file, with other blocks over its own. */
export function seed(
  blocks: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {},
  top: Readonly<Record<string, unknown>> = {},
): SeedTree {
  return {
    metadata: { name: "A", exchange: "backpack", symbol: "SOL_USDC_PERP", market_type: "perp", strategy: "perp_grid", ...blocks.metadata },
    daemon_config: { python_path: "python3", script_path: "run.py", ...blocks.daemon_config },
    exchange_config: { api_key: `\${BACKPACK_KEY}`, secret_key: `\${BACKPACK_SECRET}`, ...blocks.exchange_config },
    strategy_config: {
      ...{ grid_upper: 160, grid_lower: 140, grid_num: 10, order_quantity: 0.1, max_position: 1, duration: 3600 },
      ...blocks.strategy_config,
    },
    ...top,
  };
}

const OPTIONS: SeedOptions = { mode: "paper", acceptHosts: [], lookUp: () => undefined, overrides: new Map() };

export function convert(document: unknown, options: Partial<SeedOptions> = {}): SeedConversion {
  return convertSeedDocument(document, "/files/sol.json", { ...OPTIONS, ...options });
}

/** Notes of mapped and added fields: the field, and what it became. */
export function becomes(document: unknown, options: Partial<SeedOptions> = {}): Record<string, unknown> {
  const { notes } = convert(document, options);
  return Object.fromEntries(notes.flatMap(({ to, becomes: after }) => (to === null ? [] : [[to, after]])));
}

/** Paths of the faults and how each begins. */
export function faults(document: unknown, options: Partial<SeedOptions> = {}): Record<string, string> {
  return Object.fromEntries(convert(document, options).faults.map(({ path, rule }) => [path, rule.en]));
}
