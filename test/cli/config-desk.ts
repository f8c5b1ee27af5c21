// A desk for tests of the command line: a data folder of its own, files in a folder, and what a command prints.

import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, vi } from "vitest";
import { runCommandLine } from "../../src/cli/program.ts";
import { type Database, openDatabase } from "../../src/storage/database.ts";

export const EXAMPLES = fileURLToPath(new URL("../../examples/", import.meta.url));

export interface Run {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

export interface Desk {
  /** Where files are saved; not the data folder. */
  folder(): string;
  save(name: string, content: string | Buffer): string;
  botswain(...args: string[]): Promise<Run>;
  /** Runs with --json and reads the answer. */
  json(...args: string[]): Promise<{ readonly code: number; readonly data: Record<string, unknown> }>;
  /** Works with the database that the commands use. */
  withDatabase<T>(work: (db: Database) => Promise<T>): Promise<T>;
}

/** Declares the desk of a test file; every test has one of its own. */
export function declareDesk(): Desk {
  let root = "";
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), "botswain-config-"));
    vi.stubEnv("BOTSWAIN_HOME", join(root, "home"));
    vi.stubEnv("BOTSWAIN_ENV_FILE", "");
    vi.stubEnv("DATABASE_URL", "");
    mkdirSync(join(root, "files"));
  });
  afterEach(() => {
    vi.restoreAllMocks();
    vi.unstubAllEnvs();
    process.exitCode = undefined;
    rmSync(root, { recursive: true, force: true });
  });
  const folder = (): string => join(root, "files");
  return {
    folder,
    save(name, content) {
      const path = join(folder(), name);
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, content);
      return path;
    },
    botswain,
    async json(...args) {
      const { code, out, err } = await botswain(...args, "--json");
      if (err !== "") throw new Error(`--json wrote to stderr: ${err}`);
      return { code, data: JSON.parse(out) as Record<string, unknown> };
    },
    async withDatabase(work) {
      mkdirSync(join(root, "home"), { recursive: true });
      const db = await openDatabase(`file:${join(root, "home", "botswain.db")}`);
      try {
        return await work(db);
      } finally {
        await db.close();
      }
    },
  };
}

/** Collects what is written to a stream instead of writing it. */
function capture(stream: NodeJS.WriteStream): { text: string; restore(): void } {
  const captured = { text: "", restore: () => {} };
  const spy = vi.spyOn(stream, "write").mockImplementation((text) => {
    captured.text += String(text);
    return true;
  });
  captured.restore = () => spy.mockRestore();
  return captured;
}

/** Runs a command line of the program itself. */
export async function botswain(...args: string[]): Promise<Run> {
  const [out, err] = [capture(process.stdout), capture(process.stderr)];
  process.exitCode = undefined;
  try {
    const code = await runCommandLine(args);
    return { code, out: out.text, err: err.text };
  } finally {
    out.restore();
    err.restore();
  }
}

/** The fields of an example file. */
export function example(name = "perp-grid.json"): Record<string, unknown> {
  return JSON.parse(readFileSync(join(EXAMPLES, name), "utf8")) as Record<string, unknown>;
}
