// Wakes the kernel at the times that it asked for.

import type { Clock } from "../core/ports.ts";

/** A wake far ahead is looked at this often: timers end at 2^31 ms, and the wall clock may jump. */
const LOOK_MS = 60_000;

export interface WakeTimer {
  /** Calls `onWake` at this time, epoch ms. */
  at(time: number): void;
  stop(): void;
}

export function createWakeTimer(clock: Clock, onWake: (now: number) => void): WakeTimer {
  const times = new Set<number>();
  let timer: NodeJS.Timeout | undefined;
  let isStopped = false;

  function arm(): void {
    clearTimeout(timer);
    if (times.size === 0 || isStopped) return;
    timer = setTimeout(wake, Math.min(LOOK_MS, Math.max(1, Math.min(...times) - clock.now())));
  }

  function wake(): void {
    const now = clock.now();
    const due = [...times].filter((time) => time <= now);
    for (const time of due) times.delete(time);
    if (due.length > 0) onWake(now);
    arm();
  }

  return {
    at(time) {
      times.add(time);
      arm();
    },
    stop() {
      isStopped = true;
      clearTimeout(timer);
    },
  };
}
