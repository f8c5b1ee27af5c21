// One role of the supervisor (exchange-sim, worker, front) as a child process: restarted with growing pauses until stopped.

import { type ChildProcess, fork } from "node:child_process";
import { createInterface } from "node:readline";
import type { Text } from "../core/text.ts";
import { EXIT } from "./exit-code.ts";

const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 30_000;
/** A run this long counts as healthy: the next pause is the first one again. */
const STABLE_MS = 60_000;
const ERROR_LINES_KEPT = 9;

export interface RoleProcessOptions {
  readonly role: string;
  /** The compiled main.js. */
  readonly program: string;
  readonly args: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  /** Each line that the process writes. */
  readonly onLine: (line: string) => void;
  /** What happens to the process, in one line each. */
  readonly log: (text: Text) => void;
  readonly onChange: () => void;
  /** It ended before it was ever ready, saying that a person must mend something. */
  readonly onUnstartable: (reason: string) => void;
}

export interface RoleProcess {
  readonly role: string;
  readonly pid: number | null;
  readonly since: number;
  readonly restarts: number;
  readonly isReady: boolean;
  /** Asks it to end and waits; after the deadline it is killed. */
  stop(timeoutMs: number): Promise<void>;
  kill(): void;
}

/** Starts the role. */
export function runRoleProcess(options: RoleProcessOptions): RoleProcess {
  return new SupervisedRole(options);
}

class SupervisedRole implements RoleProcess {
  readonly role: string;
  since = Date.now();
  restarts = 0;
  isReady = false;
  readonly #options: RoleProcessOptions;
  #child: ChildProcess | null = null;
  #isStopping = false;
  #wasEverReady = false;
  #pauseMs = FIRST_PAUSE_MS;
  #restart: NodeJS.Timeout | undefined;
  /** The last lines of stderr in this run. */
  #errorLines: string[] = [];

  constructor(options: RoleProcessOptions) {
    this.role = options.role;
    this.#options = options;
    this.#start();
  }

  get pid(): number | null {
    const child = this.#child;
    return child === null || child.exitCode !== null || child.signalCode !== null ? null : (child.pid ?? null);
  }

  #start(): void {
    const { program, args, env, onLine, onChange } = this.#options;
    this.since = Date.now();
    this.#errorLines = [];
    // A group of its own: Ctrl-C reaches the supervisor alone, which then ends the roles in order.
    const child = fork(program, args, { env, detached: true, stdio: ["ignore", "pipe", "pipe", "ipc"] });
    this.#child = child;
    if (child.stdout !== null) createInterface({ input: child.stdout }).on("line", onLine);
    if (child.stderr !== null) {
      createInterface({ input: child.stderr }).on("line", (line) => {
        this.#errorLines = [...this.#errorLines.slice(-ERROR_LINES_KEPT), line];
        onLine(line);
      });
    }
    child.on("message", (message) => {
      if ((message as { readonly type?: unknown }).type !== "ready") return;
      this.isReady = true;
      this.#wasEverReady = true;
      onChange();
    });
    child.once("error", (error) => onLine(String(error)));
    // After `close`, everything that it said has been read; an orphaned grandchild may hold the pipes open, so `exit` counts.
    child.once("exit", (code, signal) => setImmediate(() => this.#ended(child, code, signal)));
    onChange();
  }

  #ended(child: ChildProcess, code: number | null, signal: NodeJS.Signals | null): void {
    if (this.#child !== child) return;
    this.#child = null;
    this.isReady = false;
    this.#options.onChange();
    if (this.#isStopping) return;
    if (code === EXIT.needsMending && !this.#wasEverReady) {
      this.#isStopping = true;
      this.#options.onUnstartable(this.#errorLines.join("\n"));
      return;
    }
    if (Date.now() - this.since > STABLE_MS) this.#pauseMs = FIRST_PAUSE_MS;
    const pauseMs = this.#pauseMs;
    this.#pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS);
    this.restarts += 1;
    const how = [signal ?? `code ${code}`, ...this.#errorLines.slice(-1)].join(": ");
    this.#options.log({
      en: `${this.role} ended (${how}); starting it again in ${pauseMs / 1000} s`,
      "zh-TW": `${this.role} 已結束（${how}）；${pauseMs / 1000} 秒後重新啟動`,
    });
    this.#restart = setTimeout(() => this.#start(), pauseMs);
  }

  async stop(timeoutMs: number): Promise<void> {
    this.#isStopping = true;
    clearTimeout(this.#restart);
    const child = this.#child;
    if (child === null) return;
    const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
    child.kill("SIGTERM");
    const timer = setTimeout(() => child.kill("SIGKILL"), timeoutMs);
    await ended;
    clearTimeout(timer);
  }

  kill(): void {
    this.#isStopping = true;
    clearTimeout(this.#restart);
    this.#child?.kill("SIGKILL");
  }
}
