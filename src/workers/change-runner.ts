// Carries out the commands that change bots: tells the bot, watches it, and answers each change once.

import type { Logger } from "pino";
import type { ChangeOutcome, FleetChange } from "../core/command.ts";
import type { Clock } from "../core/ports.ts";
import type { ChangeRow, Changes } from "../storage/changes.ts";
import type { BotView } from "./bot-view.ts";
import { judgeChange, replaces, type Verdict } from "./change-judge.ts";

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
  return new Runner(options);
}

class Runner implements ChangeRunner {
  readonly #options: ChangeRunnerOptions;
  readonly #running = new Map<string, Running>();
  readonly #answered = new Set<string>();

  constructor(options: ChangeRunnerOptions) {
    this.#options = options;
  }

  get running(): number {
    return this.#running.size;
  }

  run(row: ChangeRow): boolean {
    if (row.state !== "pending" || this.#running.has(row.id) || this.#answered.has(row.id)) return false;
    const bot = this.#options.bot(row.botId);
    if (bot === undefined || bot.view.isElsewhere) return false;
    this.#begin(row, bot);
    return true;
  }

  check(botId?: string): void {
    for (const entry of [...this.#running.values()]) if (botId === undefined || entry.row.botId === botId) this.#checkOne(entry);
  }

  #begin(row: ChangeRow, bot: ChangedBot): void {
    const { clock, log } = this.#options;
    this.#running.set(row.id, { row, begunAt: clock.monotonic(), epochBefore: bot.view.record.epoch });
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
      case "adjust":
      case "panicClear":
        return;
    }
  }

  #checkOne(entry: Running): void {
    const { row, epochBefore, begunAt } = entry;
    const view = this.#options.bot(row.botId)?.view;
    if (view === undefined) return;
    const forMs = this.#options.clock.monotonic() - begunAt;
    const { change, configVersion } = row;
    const verdict = judgeChange({ change, configVersion, forMs, epochBefore, replacedBy: this.#replacedBy(row) }, view);
    if (verdict.verdict === "wait") return;
    this.#running.delete(row.id);
    if (verdict.verdict !== "forward") void this.#answer(entry, verdict, view);
    else if (view.record.holder !== null) this.#options.forward(row, view.record.holder);
  }

  #replacedBy({ botId, number, change }: ChangeRow): FleetChange["type"] | null {
    for (const { row } of this.#running.values()) {
      if (row.botId === botId && row.number > number && replaces(row.change.type, change.type)) return row.change.type;
    }
    return null;
  }

  async #answer(entry: Running, verdict: Exclude<Verdict, { verdict: "wait" | "forward" }>, view: BotView): Promise<void> {
    const { changes, announce, log } = this.#options;
    const { row } = entry;
    this.#remember(row.id);
    const outcome: ChangeOutcome = { botId: row.botId, outcome: verdict.verdict, message: verdict.message, status: view.status };
    log.info({ botId: row.botId, change: row.id, outcome: outcome.outcome, message: outcome.message.en }, "change answered");
    try {
      await changes.finish(row.id, outcome);
      announce(row.id);
    } catch (error) {
      // It is still pending in the database: judged again, but not begun again.
      this.#running.set(row.id, entry);
      log.error({ err: error, change: row.id }, "outcome not stored");
    }
  }

  #remember(id: string): void {
    this.#answered.add(id);
    if (this.#answered.size <= ANSWERED_MAX) return;
    const oldest = this.#answered.values().next().value;
    if (oldest !== undefined) this.#answered.delete(oldest);
  }
}
