// Reads `.env` files and changes single values in them.

import { chmodSync, existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { parse } from "dotenv";
import type { Text } from "../core/text.ts";

const ASSIGNMENT = /^\s*(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)\s*=/;

export interface EnvFile {
  readonly path: string;
  readonly values: Readonly<Record<string, string>>;
  /** Lines that are no assignment; dotenv would skip them silently. */
  readonly faults: readonly Text[];
}

/** Reads a file; a missing one is empty. */
export function readEnvFile(path: string): EnvFile {
  if (!existsSync(path)) return { path, values: {}, faults: [] };
  const source = readFileSync(path, "utf8");
  const faults = source.split(/\r?\n/).flatMap((line, index) =>
    line.trim() === "" || line.trim().startsWith("#") || ASSIGNMENT.test(line)
      ? []
      : [
          {
            en: `${path} line ${index + 1} is not an assignment: write NAME=value, or put # before a remark.`,
            "zh-TW": `${path} 第 ${index + 1} 行不是設定：請寫成 NAME=值，註解前請加 #。`,
          },
        ],
  );
  return { path, values: parse(source), faults };
}

/** Sets variables in a file, keeping its other lines; the file becomes readable by its owner only. */
export function writeEnvValues(path: string, values: Readonly<Record<string, string>>): void {
  const lines = existsSync(path) ? readFileSync(path, "utf8").replace(/\n$/, "").split("\n") : [];
  for (const [name, value] of Object.entries(values)) {
    const line = `${name}=${/^[\w.:/@%+,-]*$/.test(value) ? value : `'${value}'`}`;
    const index = lines.findIndex((existing) => ASSIGNMENT.exec(existing)?.[1] === name);
    if (index === -1) lines.push(line);
    else lines[index] = line;
  }
  const draft = `${path}.${process.pid}`;
  writeFileSync(draft, `${lines.join("\n")}\n`, { mode: 0o600 });
  chmodSync(draft, 0o600);
  renameSync(draft, path);
}
