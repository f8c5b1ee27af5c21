// A progress bar for work that takes longer than two seconds, on a terminal only.

const SHOWN_AFTER_MS = 2_000;
const REDRAWN_EVERY_MS = 100;
const CELLS = 30;

export interface ProgressBar {
  /** `done` of the whole is done; `label` says what is under way. */
  show(done: number, label: string): void;
  /** Wipes the bar, so that the next line stands alone. */
  end(): void;
}

export interface ProgressOutput {
  readonly isTTY?: boolean;
  write(text: string): unknown;
}

/** `now` in ms, monotonic. */
export function createProgressBar(output: ProgressOutput, whole: number, now: () => number): ProgressBar {
  const startedAt = now();
  let drawnAt = Number.NEGATIVE_INFINITY;
  return {
    show(done, label) {
      const at = now();
      if (output.isTTY !== true || at - startedAt < SHOWN_AFTER_MS || at - drawnAt < REDRAWN_EVERY_MS) return;
      drawnAt = at;
      const filled = Math.min(CELLS, Math.floor((CELLS * done) / Math.max(1, whole)));
      output.write(`\r\x1b[K[${"#".repeat(filled)}${"-".repeat(CELLS - filled)}] ${done}/${whole} ${label}`);
    },
    end() {
      if (drawnAt > Number.NEGATIVE_INFINITY) output.write("\r\x1b[K");
      drawnAt = Number.NEGATIVE_INFINITY;
    },
  };
}
