// The worker's loop: once a second, and at once when something happens, it makes what runs here equal to what is wanted.

import type { Logger } from "pino";
import type { Clock } from "../core/ports.ts";
import type { BotRecord, Bots } from "../storage/bots.ts";
import type { ChangeRow, Changes } from "../storage/changes.ts";
import type { ChangeJob, QueueTarget } from "../storage/queue.ts";
import { type ChangeRunner, createChangeRunner } from "./change-runner.ts";
import { HostedBot, type HostedBotDoors } from "./hosted-bot.ts";
import type { LeaseWatch, MissingLeases } from "./lease-watch.ts";
import { type WorkerIdentity, workerIdOf } from "./worker-identity.ts";

const LOOK_EVERY_MS = 1_000;
/** Looks that somebody asks for are at least this far apart. */
const POKE_GAP_MS = 50;

export interface ReconcileLoopOptions {
  readonly bots: Bots;
  readonly changes: Changes;
  readonly watch: LeaseWatch;
  readonly enqueue: (target: QueueTarget, job: ChangeJob) => Promise<void>;
  /** Tells whoever waits that a change has its outcome. */
  readonly announce: (changeId: string) => void;
  /** Instances at once. */
  readonly capacity: number;
  readonly clock: Clock;
  readonly log: Logger;
  readonly identity: WorkerIdentity;
  readonly bot: Omit<HostedBotDoors, "hasRoom" | "poke" | "onView">;
}

export interface ReconcileLoop {
  start(): void;
  /** Looks again soon. */
  poke(): void;
  /** A job of a queue: a hint that a change waits; forwarded when another worker holds its bot. */
  take(job: ChangeJob): Promise<void>;
  ledgerTrouble(isInTrouble: boolean): void;
  /** Ends the loop and every instance. */
  stop(): Promise<void>;
}

export function createReconcileLoop(options: ReconcileLoopOptions): ReconcileLoop {
  return new Loop(options);
}

class Loop implements ReconcileLoop {
  readonly #options: ReconcileLoopOptions;
  readonly #runner: ChangeRunner;
  readonly #hosted = new Map<string, HostedBot>();
  #records: readonly BotRecord[] = [];
  /** When the reading of these records began, monotonic ms. */
  #readAt = Number.NEGATIVE_INFINITY;
  #timer: NodeJS.Timeout | undefined;
  #looking: Promise<void> | null = null;
  #lookedAt = Number.NEGATIVE_INFINITY;
  #isPoked = false;
  /** When a bot wants to be looked at again, ms from the end of a look. */
  #nextInMs = LOOK_EVERY_MS;
  #isStopped = false;

  constructor(options: ReconcileLoopOptions) {
    this.#options = options;
    this.#runner = createChangeRunner({
      changes: options.changes,
      bot: (id) => this.#hosted.get(id),
      forward: (row, holder) => this.#forward(row, holder),
      announce: options.announce,
      clock: options.clock,
      log: options.log,
    });
  }

  start(): void {
    this.#schedule(0);
  }

  poke(): void {
    if (this.#looking !== null) this.#isPoked = true;
    else this.#schedule(Math.max(0, POKE_GAP_MS - (this.#options.clock.monotonic() - this.#lookedAt)));
  }

  async take(job: ChangeJob): Promise<void> {
    const { changes, bots } = this.#options;
    const row = await changes.get(job.changeId);
    if (row === null || row.state !== "pending") return;
    // A late one is answered by the next look, not executed.
    const record = row.expiresAt > this.#options.clock.now() ? await bots.get(row.botId) : null;
    if (record !== null && record.holder !== null) this.#forward(row, record.holder);
    this.poke();
  }

  ledgerTrouble(isInTrouble: boolean): void {
    for (const bot of this.#hosted.values()) bot.ledgerTrouble(isInTrouble);
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    clearTimeout(this.#timer);
    await this.#looking;
    await Promise.all([...this.#hosted.values()].map((bot) => bot.shutdown()));
  }

  #schedule(ms: number): void {
    if (this.#isStopped) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#looking = this.#look().finally(() => {
        this.#looking = null;
        this.#lookedAt = this.#options.clock.monotonic();
        this.#schedule(this.#isPoked ? POKE_GAP_MS : Math.min(LOOK_EVERY_MS, Math.max(POKE_GAP_MS, this.#nextInMs)));
        this.#isPoked = false;
      });
    }, ms);
  }

  /** One look. Whatever fails is tried again at the next; the instances run on meanwhile. */
  async #look(): Promise<void> {
    const { changes, bots, clock, log } = this.#options;
    let pending: readonly ChangeRow[] = [];
    try {
      await changes.expire(clock.now());
      // Changes first: each of them then shows in the records that are read after it.
      pending = await changes.pending(clock.now());
      const readAt = clock.monotonic();
      this.#records = await bots.list();
      this.#readAt = readAt;
    } catch (error) {
      log.error({ err: error }, "the database did not answer; bots run on as they were wanted");
    }
    const held = this.#records.filter(({ holder }) => holder !== null && holder !== this.#options.identity.holder);
    const missing = await this.#options.watch.look(held.map(({ id }) => id));
    this.#nextInMs = Math.min(...(await Promise.all(this.#records.map((record) => this.#lookAt(record, missing)))), LOOK_EVERY_MS);
    const begun = pending.filter((row) => this.#runner.run(row));
    if (begun.length > 0) this.#isPoked = true;
    this.#runner.check();
  }

  async #lookAt(record: BotRecord, missing: MissingLeases): Promise<number> {
    try {
      return await this.#hostedBot(record).look(record, missing, this.#readAt);
    } catch (error) {
      this.#options.log.error({ err: error, botId: record.id }, "looking at the bot failed");
      return LOOK_EVERY_MS;
    }
  }

  #hostedBot(record: BotRecord): HostedBot {
    const known = this.#hosted.get(record.id);
    if (known !== undefined) return known;
    const fresh = new HostedBot(record, {
      ...this.#options.bot,
      hasRoom: (more = 0) => [...this.#hosted.values()].filter((bot) => bot.hasProcess).length < this.#options.capacity + more,
      poke: () => this.poke(),
      onView: (botId) => this.#runner.check(botId),
    });
    this.#hosted.set(record.id, fresh);
    return fresh;
  }

  #forward(row: ChangeRow, holder: string): void {
    const { enqueue, log, identity } = this.#options;
    const workerId = workerIdOf(holder);
    // Two lives of one worker share a queue: what is not ours is found by the other's next look.
    if (workerId === identity.workerId) return;
    enqueue({ workerId }, { changeId: row.id, botId: row.botId, expiresAt: row.expiresAt }).catch((error) =>
      // The holder reads pending changes each second anyway.
      log.debug({ err: error, change: row.id }, "change not forwarded"),
    );
  }
}
