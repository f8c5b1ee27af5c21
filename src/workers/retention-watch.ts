// Lets the database forget what is due, now and then, beside everything else; one worker of the fleet does it at a time.

import type { Logger } from "pino";
import { createRetention, type RetentionOptions } from "../storage/retention.ts";
import { pause } from "./pause.ts";

/** A start has better things to do first. */
const FIRST_AFTER_MS = 60_000;
const LOOK_EVERY_MS = 600_000;

/** Looks every ten minutes whether anything is due. `stop` ends it between two batches. */
export function startRetentionWatch(options: RetentionOptions & { readonly log: Logger }): { stop(): Promise<void> } {
  const { log } = options;
  const retention = createRetention(options);
  const end = new AbortController();
  const { signal } = end;
  const run = async (): Promise<void> => {
    await pause(FIRST_AFTER_MS, signal);
    while (!signal.aborted) {
      try {
        const report = await retention.runIfDue(signal);
        if (report !== null) log.info(report, "old rows were deleted");
      } catch (error) {
        log.warn({ err: error }, "old rows could not be deleted; tried again later");
      }
      await pause(LOOK_EVERY_MS, signal);
    }
  };
  const running = run();
  return {
    stop: async () => {
      end.abort();
      await running;
    },
  };
}
