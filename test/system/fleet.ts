// A whole Botswain for tests: real processes from dist on a data folder of its own, driven as a user would.

import { type ChildProcess, execFile, spawn } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export const PROJECT = fileURLToPath(new URL("../..", import.meta.url));
const BOTSWAIN = join(PROJECT, "bin", "botswain");

export interface ExecResult {
  readonly code: number;
  readonly ok: boolean;
  readonly text: string;
  // biome-ignore lint/suspicious/noExplicitAny: a test reads whatever the JSON holds.
  readonly data: any;
  readonly stdout: string;
  readonly stderr: string;
}

export interface StatusRow {
  readonly id: string;
  readonly state: string;
  readonly desired: string;
  readonly mode: string;
  readonly epoch: number;
  readonly pid: number | null;
  readonly fills: number;
  readonly openOrders: number;
  readonly position: string;
  readonly symbol: string;
  readonly account: string;
}

/** Waits until `look` gives a value that is neither undefined, null nor false; fails with `what` and the last error. */
export async function until<T>(what: string, look: () => Promise<T | undefined | null | false>, timeoutMs = 30_000): Promise<T> {
  const deadline = Date.now() + timeoutMs;
  let last: unknown;
  for (;;) {
    try {
      const value = await look();
      if (value !== undefined && value !== null && value !== false) return value;
    } catch (error) {
      last = error;
    }
    if (Date.now() > deadline) throw new Error(`waited ${timeoutMs} ms for: ${what}${last === undefined ? "" : ` (${String(last)})`}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/** Runs `bin/botswain` with these arguments to its end. */
export function botswain(
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  timeoutMs = 60_000,
): Promise<{ code: number; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      [BOTSWAIN, ...args],
      { env: { ...cleanEnvironment(), ...env }, timeout: timeoutMs, maxBuffer: 64e6 },
      (error, stdout, stderr) => {
        resolve({ code: error === null ? 0 : typeof error.code === "number" ? error.code : 1, stdout, stderr });
      },
    );
  });
}

/** The environment without settings of the person who runs the tests. */
function cleanEnvironment(): Record<string, string> {
  const kept = Object.entries(process.env).filter(
    ([name, value]) => value !== undefined && !/^(BOTSWAIN_|TELEGRAM_|DISCORD_|REDIS_URL|DATABASE_URL|NODE_OPTIONS|VITEST)/.test(name),
  );
  return Object.fromEntries(kept) as Record<string, string>;
}

export class FleetUnderTest {
  readonly home: string;
  readonly env: Record<string, string>;
  output = "";
  #child: ChildProcess | null = null;

  constructor(env: Readonly<Record<string, string>> = {}) {
    this.home = mkdtempSync(join(tmpdir(), "botswain-"));
    this.env = { BOTSWAIN_HOME: this.home, BOTSWAIN_SIM_SEED: "7", ...env };
  }

  /** Starts `botswain up` and waits until `exec` answers. */
  async up(): Promise<void> {
    const child = spawn(process.execPath, [BOTSWAIN, "up"], {
      env: { ...cleanEnvironment(), ...this.env },
      stdio: ["ignore", "pipe", "pipe"],
      detached: true,
    });
    this.#child = child;
    for (const stream of [child.stdout, child.stderr]) stream?.on("data", (chunk: Buffer) => (this.output += chunk.toString()));
    await until("botswain up answers", async () => (await this.exec("/bots")).ok, 45_000).catch((error: unknown) => {
      throw new Error(`${String(error)}\n${this.output.slice(-4_000)}`);
    });
  }

  get pid(): number {
    return this.#child?.pid ?? -1;
  }

  async exec(line: string, extra: readonly string[] = ["--yes"]): Promise<ExecResult> {
    const { code, stdout, stderr } = await botswain(["exec", line, "--json", ...extra], this.env);
    let parsed: { ok?: boolean; text?: string; data?: unknown } = {};
    try {
      parsed = JSON.parse(stdout) as typeof parsed;
    } catch {
      parsed = {};
    }
    return { code, ok: parsed.ok === true && code === 0, text: parsed.text ?? "", data: parsed.data ?? null, stdout, stderr };
  }

  async status(id: string): Promise<StatusRow> {
    const result = await this.exec(`/status ${id}`);
    const row = (result.data as { bots?: StatusRow[] } | null)?.bots?.find((bot) => bot.id === id);
    if (row === undefined) throw new Error(`no status of ${id}: ${result.stdout}${result.stderr}`);
    return row;
  }

  async start(id: string): Promise<void> {
    const result = await this.exec(`/start ${id}`);
    if (!result.ok) throw new Error(`/start ${id}: ${result.stdout}${result.stderr}`);
  }

  /** Reads an admin answer of the simulated exchange. */
  async sim<T>(path: string): Promise<T> {
    const { url } = JSON.parse(readFileSync(join(this.home, "sim", "endpoint.json"), "utf8")) as { url: string };
    const response = await fetch(url + path);
    if (!response.ok) throw new Error(`${path}: ${response.status}`);
    return (await response.json()) as T;
  }

  async simPost(path: string, body: unknown): Promise<void> {
    const { url } = JSON.parse(readFileSync(join(this.home, "sim", "endpoint.json"), "utf8")) as { url: string };
    const response = await fetch(url + path, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
    });
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
  }

  /** SIGTERM to the supervisor, as Ctrl-C would; resolves when it is gone. */
  async down(): Promise<void> {
    const child = this.#child;
    if (child === null || child.exitCode !== null) return;
    const gone = new Promise<void>((resolve) => child.once("exit", () => resolve()));
    child.kill("SIGTERM");
    await Promise.race([gone, new Promise<void>((resolve) => setTimeout(resolve, 30_000))]);
    if (child.exitCode === null && child.signalCode === null) this.killAll();
    this.#child = null;
  }

  /** SIGKILL to everything of this fleet at once, as a power switch would for processes. */
  killAll(): void {
    for (const pid of processesOf(this.home)) {
      try {
        process.kill(pid, "SIGKILL");
      } catch {
        // It was gone already.
      }
    }
    this.#child = null;
  }

  async destroy(): Promise<void> {
    await this.down();
    this.killAll();
    rmSync(this.home, { recursive: true, force: true });
  }
}

/** Pids of every process that carries this data folder in its environment or command line (Linux). */
export function processesOf(home: string): number[] {
  if (!existsSync("/proc")) return [];
  return listPids().filter((pid) => {
    try {
      return readFileSync(`/proc/${pid}/environ`, "utf8").includes(home) || readFileSync(`/proc/${pid}/cmdline`, "utf8").includes(home);
    } catch {
      return false;
    }
  });
}

function listPids(): number[] {
  return readdirNumbers("/proc").filter((pid) => pid !== process.pid);
}

function readdirNumbers(folder: string): number[] {
  return readdirSync(folder).flatMap((name) => (/^\d+$/.test(name) ? [Number(name)] : []));
}
