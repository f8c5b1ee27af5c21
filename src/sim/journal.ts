// The exchange's memory on disk: one line per command, written before its answer leaves, so that a killed server forgets nothing.

import { closeSync, existsSync, mkdirSync, openSync, readFileSync, renameSync, writeFileSync, writeSync } from "node:fs";
import { basename, dirname } from "node:path";
import { UserError } from "../core/text.ts";
import type { Fact } from "./exchange-facts.ts";
import type { StateSnapshot } from "./state-snapshot.ts";

const VERSION = 1;

interface Head {
  readonly version: number;
  readonly state: StateSnapshot;
}

export interface StoredJournal {
  readonly snapshot: StateSnapshot | null;
  /** All facts of one line happened together. */
  readonly lines: readonly (readonly Fact[])[];
}

export interface Journal {
  /** Returns once the operating system has the line: it outlives the process, not a power cut. */
  append(facts: readonly Fact[]): void;
  close(): void;
}

function damaged(file: string, line: number): UserError {
  return new UserError({
    en: `The simulated exchange's journal ${file} is damaged in line ${line}. Move it away to begin with a fresh exchange.`,
    "zh-TW": `模擬交易所的日誌 ${file} 第 ${line} 行已損壞。請移走此檔案，以全新的交易所重新開始。`,
  });
}

/**
 * Reads a journal. Its last line may have been cut short by a crash; that command was never answered, so it is left out.
 * Any other unreadable line throws a UserError.
 */
export function readJournal(file: string): StoredJournal {
  if (!existsSync(file)) return { snapshot: null, lines: [] };
  const rows = readFileSync(file, "utf8").split("\n");
  // A whole line ends with a line feed, so what follows the last one is empty or cut short.
  rows.pop();
  const values = rows.map((row, index): unknown => {
    try {
      return JSON.parse(row);
    } catch {
      throw damaged(file, index + 1);
    }
  });
  if (values.length === 0) return { snapshot: null, lines: [] };
  const head = values[0] as Partial<Head>;
  if (head.version !== VERSION || head.state === undefined) throw damaged(file, 1);
  const lines = values.slice(1).map((value, index) => {
    if (!Array.isArray(value)) throw damaged(file, index + 2);
    return value as readonly Fact[];
  });
  return { snapshot: head.state, lines };
}

/** Begins a compacted journal with this state as its head, in place of the old one (at once, by renaming), and opens it for appending. */
export function createJournal(file: string, state: StateSnapshot): Journal {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  const fresh = `${file}.new`;
  const head: Head = { version: VERSION, state };
  writeFileSync(fresh, `${JSON.stringify(head)}\n`, { mode: 0o600, flush: true });
  renameSync(fresh, file);
  const descriptor = openSync(file, "a", 0o600);
  return {
    append(facts) {
      const line = Buffer.from(`${JSON.stringify(facts)}\n`);
      const written = writeSync(descriptor, line);
      if (written !== line.length) throw new Error(`only ${written} of ${line.length} bytes were written to ${basename(file)}`);
    },
    close: () => closeSync(descriptor),
  };
}
