// Takes a document of the old system apart into its keys, each with the block that it stands in.

import { looksLikeSecret } from "../../core/chat/secret-words.ts";
import { isSecretValue, REDACTED } from "../../core/config-secrets.ts";
import type { Text } from "../../core/text.ts";
import { argumentLeaves } from "./arguments.ts";

/** The block of the old file; `top` is outside of all of them. */
export type SeedGroup = "metadata" | "daemon" | "instance" | "exchange" | "strategy" | "environment" | "arguments" | "top";

/** One key of the old file with its value: a scalar, a list or an empty object. */
export interface Leaf {
  readonly group: SeedGroup;
  /** Its name within the block, as the old system's configuration spells it (`grid_upper` for `--grid-upper`). */
  readonly name: string;
  /** Where it stands in the file; no two leaves share one. */
  readonly path: string;
  readonly value: unknown;
  /** Why it can only be refused. */
  readonly fault?: Text;
}

const BLOCKS: ReadonlyMap<string, SeedGroup> = new Map([
  ["metadata", "metadata"],
  ["daemon_config", "daemon"],
  ["instance_config", "instance"],
  ["exchange_config", "exchange"],
  ["strategy_config", "strategy"],
  ["environment", "environment"],
]);

/** Keys of the daemon, which a legacy file has at its top. */
const DAEMON_KEYS: ReadonlySet<string> = new Set([
  ...["python_path", "script_path", "working_dir", "log_dir", "max_restart_attempts", "restart_delay", "health_check_interval"],
  ...["memory_limit_mb", "cpu_limit_percent", "auto_restart", "log_cleanup_interval", "log_retention_days", "db_path", "web_port"],
  ...["bot_stop_timeout", "bot_kill_timeout"],
]);

export type SeedTree = Readonly<Record<string, unknown>>;

export function isTree(value: unknown): value is SeedTree {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Every key of a document, in its order; an object that holds something is taken apart. */
export function leavesOf(document: SeedTree): readonly Leaf[] {
  return Object.entries(document).flatMap(([key, value]) => {
    const group = BLOCKS.get(key);
    const path = segment(key);
    if (key === "bot_args") return argumentLeaves(value, path);
    if (group !== undefined && isTree(value)) return childrenOf(value, group, path);
    if (DAEMON_KEYS.has(key)) return spread(value, "daemon", key, path);
    return spread(value, "top", key, path);
  });
}

function childrenOf(block: SeedTree, group: SeedGroup, path: string): readonly Leaf[] {
  if (Object.keys(block).length === 0) return [{ group: "top", name: path, path, value: block }];
  return Object.entries(block).flatMap(([key, value]) => {
    const inner = `${path}.${segment(key)}`;
    if (group === "daemon" && key === "bot_args") return argumentLeaves(value, inner);
    if (group === "daemon" && key === "environment" && isTree(value) && Object.keys(value).length > 0)
      return childrenOf(value, "environment", inner);
    return spread(value, group, key, inner);
  });
}

function spread(value: unknown, group: SeedGroup, name: string, path: string): readonly Leaf[] {
  if (!isTree(value) || Object.keys(value).length === 0) return [{ group, name, path, value }];
  return Object.entries(value).flatMap(([key, inner]) => spread(inner, group, `${name}.${key}`, `${path}.${segment(key)}`));
}

/** A key as one part of a path; a key may itself be a secret that slipped to the wrong side of its colon. */
function segment(key: string): string {
  if (isSecretValue(key) || looksLikeSecret(key)) return REDACTED;
  return key === "" || /[.\s"]/.test(key) ? JSON.stringify(key) : key;
}
