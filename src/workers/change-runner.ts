// Carries out the commands that change bots: tells the bot, watches it, and answers each change once.

import type { Logger } from "pino";
import type { ChangeOutcome } from "../core/command.ts";
import type { Clock } from "../core/ports.ts";
import type { ChangeRow, Changes } from "../storage/changes.ts";
import { judgeChange, replaces, type Verdict } from "./change-judge.ts";
import type { BotView } from "./hosted-bot.ts";

/** What a change may ask of a bot here. */
export interface ChangedBot {
  readonly view: BotView;
  requestStart(): void;
  requestRestart(): void;
  requestFlatten(): void;
}

export interface ChangeRunnerOptions {
  readonly changes: Pick<Changes, "finish">;
  readonly bot: (id: string) => ChangedBot | undefined;
  /** Hands a change to the worker that holds its bot. */
  readonly forward: (row: ChangeRow, holder: string) => void;
  /** Tells whoever waits that a change has its outcome. */
  readonly announce: (changeId: string) => void;
  readonly clock: Clock;
  readonly log: Logger;
}

export interface ChangeRunner {
  /** Takes up a stored change unless it is under way or answered already; true when it has just begun. */
  run(row: ChangeRow): boolean;
  /** Looks whether changes have ended: of one bot, or of all. */
  check(botId?: string): void;
  readonly running: number;
}

interface Running {
  readonly row: ChangeRow;
  readonly begunAt: number;
  readonly epochBefore: number;
}

/** Answered ids that are remembered, so that a slow reader does not begin them again. */
const ANSWERED_MAX = 1_000;

export function createChangeRunner(options: ChangeRunnerOptions): ChangeRunner {
  const { clock, log } = options;
  const running = new Map<string, Running>();
  const answered = new Set<string>();

  function begin(row: ChangeRow, bot: ChangedBot): void {
    running.set(row.id, { row, begunAt: clock.monotonic(), epochBefore: bot.view.record.epoch });
    log.info({ botId: row.botId, change: row.id, type: row.change.type }, "change begins");
    switch (row.change.type) {
      case "start":
      case "resume":
        return bot.requestStart();
      case "restart":
        return bot.requestRestart();
      case "stop":
      case "panic":
        if (row.change.flatten) bot.requestFlatten();
        return;
      case "pause":
      case "panicClear":
        return;
    }
  }

  function replacedBy(entry: Running) {
    for (const { row } of running.values()) {
      const isLater = row.botId === entry.row.botId && row.number > entry.row.number;
      if (isLater && replaces(row.change.type, entry.row.change.type)) return row.change.type;
    }
    return null;
  }

  function checkOne(id: string, entry: Running): void {
    const bot = options.bot(entry.row.botId);
    if (bot === undefined) return;
    const { view } = bot;
    const verdict = judgeChange(
      {
        change: entry.row.change,
        forMs: clock.monotonic() - entry.begunAt,
        epochBefore: entry.epochBefore,
        replacedBy: replacedBy(entry),
      },
      view,
    );
    if (verdict.verdict === "wait") return;
    running.delete(id);
    if (verdict.verdict === "forward") {
      const { holder } = view.record;
      if (holder !== null) options.forward(entry.row, holder);
      return;
    }
    void answer(entry, verdict, view);
  }

  async function answer(entry: Running, verdict: Exclude<Verdict, { verdict: "wait" | "forward" }>, view: BotView): Promise<void> {
    const { row } = entry;
    remember(row.id);
    const outcome: ChangeOutcome = { botId: row.botId, outcome: verdict.verdict, message: verdict.message, status: view.status };
    log.info({ botId: row.botId, change: row.id, outcome: outcome.outcome, message: outcome.message.en }, "change answered");
    try {
      await options.changes.finish(row.id, outcome);
      options.announce(row.id);
    } catch (error) {
      // It is still pending in the database: judged again, but not begun again.
      running.set(row.id, entry);
      log.error({ err: error, change: row.id }, "outcome not stored");
    }
  }

  function remember(id: string): void {
    answered.add(id);
    if (answered.size <= ANSWERED_MAX) return;
    const oldest = answered.values().next().value;
    if (oldest !== undefined) answered.delete(oldest);
  }

  return {
    run(row) {
      if (row.state !== "pending" || running.has(row.id) || answered.has(row.id)) return false;
      const bot = options.bot(row.botId);
      if (bot === undefined || bot.view.isElsewhere) return false;
      begin(row, bot);
      return true;
    },
    check(botId) {
      for (const [id, entry] of [...running]) if (botId === undefined || entry.row.botId === botId) checkOne(id, entry);
    },
    get running() {
      return running.size;
    },
  };
}
