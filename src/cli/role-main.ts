// Runs one role (exchange-sim, worker, front) as a process of its own: settings, log, readiness, and a graceful end.

import type { Logger } from "pino";
import { redactor } from "../core/redact.ts";
import { UserError } from "../core/text.ts";
import { prepareDataFolder } from "./data-folder.ts";
import { EXIT } from "./exit-code.ts";
import { createLog } from "./log.ts";
import { languageIn, loadSettings, type Settings } from "./settings.ts";

/** How long a role may take to end before the process leaves anyway. */
const END_MS = 45_000;

export interface RoleContext {
  readonly settings: Settings;
  readonly log: Logger;
  /** Aborted when the process is asked to end; a start that waits for something gives up then. */
  readonly ending: AbortSignal;
}

/** A role that runs. */
export interface RunningRole {
  stop(): Promise<void>;
}

/**
 * Starts a role and keeps it until SIGTERM, SIGINT, or the end of its supervisor. Then it stops it and ends the process.
 * A fault that a person must mend is one sentence on stderr and its own exit code.
 */
export async function runRole(name: string, start: (context: RoleContext) => Promise<RunningRole>): Promise<void> {
  const ending = new AbortController();
  const asked = new Promise<string>((resolve) => {
    for (const signal of ["SIGTERM", "SIGINT"] as const) process.on(signal, () => resolve(signal));
    // Its supervisor is gone: a successor will start everything anew, so nothing may stay behind.
    process.on("disconnect", () => resolve("the supervisor is gone"));
  });
  void asked.then(() => ending.abort());
  const isSupervised = process.send !== undefined;
  try {
    const settings = loadSettings();
    prepareDataFolder(settings.dataFolder);
    const log = createLog(name, settings.logLevel);
    dieOfUncaught(log);
    const role = await start({ settings, log, ending: ending.signal });
    if (isSupervised && process.connected) process.send?.({ type: "ready" });
    const reason = await asked;
    log.info({ reason }, "ending");
    const late = setTimeout(() => leave(log, EXIT.failure), END_MS);
    await role.stop();
    clearTimeout(late);
    leave(log, EXIT.success);
  } catch (error) {
    if (ending.signal.aborted) process.exit(EXIT.success);
    const isMendable = error instanceof UserError;
    const words = isMendable ? error.text[languageIn(process.env)] : error instanceof Error ? error.stack : String(error);
    process.stderr.write(`${redactor.scrub(words ?? "")}\n`);
    process.exit(isSupervised && isMendable ? EXIT.needsMending : EXIT.failure);
  }
}

function leave(log: Logger, code: number): never {
  log.flush();
  process.exit(code);
}

/** Crash-only: a fault that nobody caught ends the process, loudly; the supervisor starts a new one. */
function dieOfUncaught(log: Logger): void {
  const die = (error: unknown): void => {
    log.fatal({ err: error }, "uncaught");
    leave(log, EXIT.failure);
  };
  process.on("uncaughtException", die);
  process.on("unhandledRejection", die);
}
