// Runs `botswain account …` in this process on a data folder of the test's own, and gives back what was printed.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { Command, CommanderError } from "commander";
import { vi } from "vitest";
import { addAccount } from "../../src/cli/verbs/account.ts";
import { UserError } from "../../src/core/text.ts";

export interface Answer {
  readonly code: number;
  readonly out: string;
  /** The sentence of a UserError that nobody caught, or what commander said. */
  readonly error: string;
  // biome-ignore lint/suspicious/noExplicitAny: a test reads whatever the JSON holds.
  readonly json: any;
}

export class AccountBench {
  readonly home = mkdtempSync(join(tmpdir(), "botswain-account-"));

  env(overrides: Readonly<Record<string, string>> = {}): Record<string, string> {
    return { BOTSWAIN_HOME: this.home, BOTSWAIN_ENV_FILE: "", ...overrides };
  }

  /** Runs one line; `input` is what standard input holds. */
  async run(args: readonly string[], env: Readonly<Record<string, string>> = {}, input = ""): Promise<Answer> {
    let out = "";
    let error = "";
    for (const [name, value] of Object.entries(this.env(env))) vi.stubEnv(name, value);
    const stdout = vi.spyOn(process.stdout, "write").mockImplementation((chunk) => {
      out += String(chunk);
      return true;
    });
    const stderr = vi.spyOn(process.stderr, "write").mockImplementation((chunk) => {
      error += String(chunk);
      return true;
    });
    const stdin = vi.spyOn(process, "stdin", "get").mockReturnValue(Readable.from([input]) as unknown as typeof process.stdin);
    try {
      const program = new Command().exitOverride();
      addAccount(program);
      await program.parseAsync(["account", ...args], { from: "user" });
    } catch (thrown) {
      if (thrown instanceof CommanderError) process.exitCode = thrown.exitCode === 0 ? 0 : 2;
      else if (thrown instanceof UserError) process.exitCode = 1;
      else throw thrown;
      error += thrown instanceof UserError ? thrown.text.en : "";
    } finally {
      for (const spy of [stdout, stderr, stdin]) spy.mockRestore();
      vi.unstubAllEnvs();
    }
    const code = Number(process.exitCode ?? 0);
    process.exitCode = undefined;
    return { code, out, error, json: out.startsWith("{") ? JSON.parse(out) : null };
  }

  close(): void {
    rmSync(this.home, { recursive: true, force: true });
  }
}
