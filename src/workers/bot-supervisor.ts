// Decides what a worker does about one bot: a pure function of what is wanted, what runs, who holds it and how it ended before.

import type { BotConfig } from "../core/bot-config.ts";
import type { Desired } from "../core/events.ts";
import { LEASE_TTL_MS } from "./protocol.ts";

const DELAY_MAX_MS = 60_000;
/** An instance must come alive within this; importing an exchange on a busy machine takes seconds. */
export const BOOT_MAX_MS = 30_000;
/** Time for a shutdown that was asked for before the process is killed. */
export const SHUTDOWN_MAX_MS = 15_000;

/** Who holds the bot, as this worker sees it. */
export type Ownership =
  /** Nobody, or somebody proven dead. */
  | { readonly type: "free" }
  /** Another worker whose lease is alive, or whose lease nobody could look at. */
  | { readonly type: "elsewhere" }
  /** Another worker whose lease we have seen missing for this long. */
  | { readonly type: "silent"; readonly forMs: number }
  /** Redis does not answer. */
  | { readonly type: "unsure" };

/** The bot's process here. Times are lengths in ms. */
export interface ProcessFacts {
  /** Time without a word from it, counted only while we listened. */
  readonly silentMs: number;
  readonly hasSpoken: boolean;
  /** Since its shutdown was asked for; null when it was not. */
  readonly leavingMs: number | null;
  /** Nothing of the bot can fill any more, under the newest directive. */
  readonly isSettled: boolean;
  /** The database names a later epoch: somebody else owns the bot. */
  readonly isOutdated: boolean;
}

export interface BotFacts {
  readonly desired: Desired;
  readonly isHalted: boolean;
  /** Orders may rest at the exchange, or a position is to be closed; of a bot that should trade: nobody watches what rests. */
  readonly hasLooseEnds: boolean;
  readonly process: ProcessFacts | null;
  readonly ownership: Ownership;
  /** Monotonic times of unexpected ends, oldest first. */
  readonly crashes: readonly number[];
  /** A start that failed before the process ran is tried again then, monotonic ms. */
  readonly retryAt: number;
  readonly restart: BotConfig["restart"];
  readonly hasRoom: boolean;
  /** A full worker still has room for one process that only takes orders off. */
  readonly hasSpareRoom: boolean;
  /** Monotonic ms. */
  readonly now: number;
}

export type StartHow = "start" | "takeover" | "rescue" | "cover";

export type Decision =
  | { readonly do: "nothing" }
  | { readonly do: "wait"; readonly forMs: number }
  /**
   * `takeover`: a dead worker's bot. `rescue`: not to trade, only to take its orders off. `cover`: the same with the opening orders
   * of a bot that should trade and for which there is no room.
   */
  | { readonly do: "start"; readonly how: StartHow }
  | { readonly do: "leave" }
  | { readonly do: "kill"; readonly why: string }
  | { readonly do: "giveUp"; readonly attempts: number };

/** Crashes that still count, oldest first. */
export function recentCrashes(crashes: readonly number[], windowMs: number, now: number): readonly number[] {
  return crashes.filter((at) => now - at < windowMs);
}

/** Pause before the next attempt after `crashes` recent ones; doubles up to 60 s. */
export function restartDelayMs(crashes: number, restart: BotConfig["restart"]): number {
  return crashes === 0 ? 0 : Math.min(DELAY_MAX_MS, restart.delayMs * 2 ** (crashes - 1));
}

/** True when the bot should have an instance that may trade. */
export function shouldTrade(bot: Pick<BotFacts, "desired" | "isHalted">): boolean {
  return !bot.isHalted && bot.desired !== "stopped";
}

/** What to do now. Deterministic; called each second and after every change. */
export function decide(bot: BotFacts): Decision {
  return bot.process === null ? decideWithout(bot) : decideWith(bot.process);
}

/** Nobody watches the orders of a bot whose process is gone: what opens comes off although the bot itself has to wait. */
function decideFull({ hasLooseEnds, hasSpareRoom }: BotFacts, isTrading: boolean): Decision {
  if (!hasSpareRoom || !hasLooseEnds) return { do: "nothing" };
  return { do: "start", how: isTrading ? "cover" : "rescue" };
}

function decideWith(process: ProcessFacts): Decision {
  if (process.isOutdated) return { do: "kill", why: "another worker took the bot under a later epoch" };
  const silenceMaxMs = process.hasSpoken ? LEASE_TTL_MS : BOOT_MAX_MS;
  if (process.silentMs > silenceMaxMs) return { do: "kill", why: `no heartbeat for ${Math.round(process.silentMs)} ms` };
  if (process.leavingMs !== null)
    return process.leavingMs > SHUTDOWN_MAX_MS
      ? { do: "kill", why: `did not leave within ${SHUTDOWN_MAX_MS} ms` }
      : { do: "wait", forMs: SHUTDOWN_MAX_MS - process.leavingMs };
  return process.isSettled ? { do: "leave" } : { do: "nothing" };
}

function decideWithout(bot: BotFacts): Decision {
  const isTrading = shouldTrade(bot);
  if (!isTrading && !bot.hasLooseEnds) return { do: "nothing" };
  const recent = recentCrashes(bot.crashes, bot.restart.windowMs, bot.now);
  // A rescue is never given up: the operator was promised that nothing is left.
  if (isTrading && recent.length > bot.restart.maxAttempts) return { do: "giveUp", attempts: recent.length };
  switch (bot.ownership.type) {
    case "elsewhere":
      return { do: "nothing" };
    case "unsure":
      return { do: "wait", forMs: 1_000 };
    case "silent":
      if (bot.ownership.forMs < LEASE_TTL_MS) return { do: "wait", forMs: LEASE_TTL_MS - bot.ownership.forMs };
      break;
    case "free":
      break;
  }
  const last = recent.at(-1);
  const readyAt = Math.max(bot.retryAt, last === undefined ? 0 : last + restartDelayMs(recent.length, bot.restart));
  if (readyAt > bot.now) return { do: "wait", forMs: readyAt - bot.now };
  if (!bot.hasRoom) return decideFull(bot, isTrading);
  if (!isTrading) return { do: "start", how: "rescue" };
  return { do: "start", how: bot.ownership.type === "silent" ? "takeover" : "start" };
}
