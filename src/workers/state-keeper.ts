// Decides when the kernel's state is stored: with every fill, soon after anything that matters, now and then for the rest.

import type { KernelState } from "../core/kernel.ts";
import type { Clock, StateRow } from "../core/ports.ts";

/** What a life after a crash could not work out again is stored within this. */
const SOON_MS = 1_000;
/** What only books changed is stored this often. */
const LATER_MS = 10_000;

export interface StateKeeperOptions {
  readonly botId: string;
  readonly epoch: number;
  readonly strategy: string;
  readonly strategyVersion: number;
  readonly clock: Clock;
  readonly snapshot: () => KernelState;
}

export interface StateKeeper {
  /** Something happened. `matters`: more than a book moved. */
  changed(matters: boolean): void;
  /** The row to store now, whatever the time. */
  row(): StateRow;
  /** The row when one is due and differs from the last one, else null. */
  due(): StateRow | null;
}

export function createStateKeeper(options: StateKeeperOptions): StateKeeper {
  const { clock } = options;
  let sequence = 0;
  let storedAt = clock.monotonic();
  let isChanged = false;
  let hasMattered = false;
  let lastJson = "";

  function rowOf(json: string): StateRow {
    sequence += 1;
    storedAt = clock.monotonic();
    isChanged = false;
    hasMattered = false;
    lastJson = json;
    const { botId, epoch, strategy, strategyVersion } = options;
    return { botId, epoch, sequence, strategy, strategyVersion, json, at: clock.now() };
  }

  return {
    changed(matters) {
      isChanged = true;
      hasMattered ||= matters;
    },
    row: () => rowOf(JSON.stringify(options.snapshot())),
    due() {
      const age = clock.monotonic() - storedAt;
      if (!isChanged || age < (hasMattered ? SOON_MS : LATER_MS)) return null;
      const json = JSON.stringify(options.snapshot());
      if (json !== lastJson) return rowOf(json);
      isChanged = false;
      return null;
    },
  };
}
