// The registry of strategies: every file of this folder with a default export is one.

import { readdir } from "node:fs/promises";
import type { Strategy } from "../core/strategy.ts";

/** Loads every strategy file of this folder, by name. Throws when a file's strategy does not carry the file's name. */
export async function loadStrategies(): Promise<ReadonlyMap<string, Strategy>> {
  const strategies = new Map<string, Strategy>();
  for (const file of (await readdir(new URL(".", import.meta.url))).sort()) {
    const name = /^([a-z0-9-]+)\.(?:ts|js)$/.exec(file)?.[1];
    if (name === undefined || name === "index") continue;
    const strategy = ((await import(new URL(file, import.meta.url).href)) as { default: Strategy }).default;
    if (strategy?.name !== name) throw new Error(`strategies/${file} must export a default strategy named ${name}`);
    strategies.set(name, strategy);
  }
  return strategies;
}
