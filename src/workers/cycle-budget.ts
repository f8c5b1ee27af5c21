// The time that one decision may take: after a longer one, prices wait as long as it took too long; facts never wait.

import type { KernelEvent } from "../core/events.ts";
import type { Clock } from "../core/ports.ts";
import type { Text } from "../core/text.ts";
import { isGauge } from "./inbox.ts";

/** Prices are held back for at most this long at a time. */
const HOLD_MAX_MS = 2_000;
const TELL_EVERY_MS = 600_000;

export interface CycleBudgetOptions {
  readonly botId: string;
  readonly cycleMs: number;
  readonly clock: Clock;
  /** Takes the events that were held back, the newest of each kind and leg. */
  readonly post: (event: KernelEvent) => void;
  /** Called at most once in ten minutes. */
  readonly tell: (message: Text) => void;
}

export interface CycleBudget {
  /** Runs one decision and measures it. */
  measure<Result>(decide: () => Result): Result;
  /** True when the event has to wait; it is posted later, unless a newer one of its kind takes its place. */
  holds(event: KernelEvent): boolean;
  stop(): void;
}

export function createCycleBudget(options: CycleBudgetOptions): CycleBudget {
  const { botId, cycleMs, clock, post, tell } = options;
  const held = new Map<string, KernelEvent>();
  let freeAt = Number.NEGATIVE_INFINITY;
  let toldAt = Number.NEGATIVE_INFINITY;
  let timer: NodeJS.Timeout | undefined;

  function release(): void {
    timer = undefined;
    const waiting = [...held.values()];
    held.clear();
    freeAt = Number.NEGATIVE_INFINITY;
    for (const event of waiting) post(event);
  }

  return {
    measure(decide) {
      const startedAt = clock.monotonic();
      const result = decide();
      const now = clock.monotonic();
      const tookMs = now - startedAt;
      if (tookMs > cycleMs) {
        freeAt = now + Math.min(HOLD_MAX_MS, tookMs - cycleMs);
        if (now - toldAt >= TELL_EVERY_MS) {
          toldAt = now;
          tell(slowText(botId, Math.round(tookMs), cycleMs));
        }
      }
      return result;
    },
    holds(event) {
      const waitMs = freeAt - clock.monotonic();
      if (waitMs <= 0 || !isGauge(event)) return false;
      held.set(`${event.type} ${event.leg}`, event);
      timer ??= setTimeout(release, waitMs);
      return true;
    },
    stop: () => clearTimeout(timer),
  };
}

function slowText(id: string, tookMs: number, cycleMs: number): Text {
  return {
    en: `${id} took ${tookMs} ms for a decision, quotas.cycleMs is ${cycleMs}: prices reach it less often while that lasts`,
    "zh-TW": `${id} 一次決策耗時 ${tookMs} 毫秒，quotas.cycleMs 為 ${cycleMs}：在此期間會降低行情更新頻率`,
  };
}
