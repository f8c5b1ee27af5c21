// Groups the row batches of many instances into few commits, answers each after its commit, and waits out database trouble.

import type { Clock, LedgerRow, LedgerStore, RowResult } from "../core/ports.ts";

/** Batches that arrive within this are one commit. */
const GATHER_MS = 3;
/** Rows of one commit at most, so that no statement grows without bound. */
const GROUP_ROWS_MAX = 500;
/** Rows that may wait; beyond, new batches are refused. */
const WAITING_ROWS_MAX = 50_000;
const RETRY_FIRST_MS = 50;
const RETRY_MAX_MS = 5_000;
/** A batch that fails alone this often, while others are stored, is itself the fault. */
const LONE_FAILURES_MAX = 3;
/** So many sources failing in a row mean that the database is the fault. */
const FAILURES_WITHOUT_SUCCESS_MAX = 5;

export interface GroupCommitOptions {
  readonly store: LedgerStore;
  readonly clock: Clock;
  /** Called when trouble begins and when it ends. */
  readonly onTrouble: (isInTrouble: boolean, message: string) => void;
}

export interface GroupCommit {
  /** Resolves after the commit; rejects when the batch can never be stored or too much waits. `source` names whose rows they are. */
  commit(rows: readonly LedgerRow[], source: string): Promise<readonly RowResult[]>;
  readonly isInTrouble: boolean;
  /** Resolves when nothing waits any more. */
  drained(): Promise<void>;
  /** Stops retrying: what still waits is refused. */
  close(): void;
}

interface Batch {
  readonly source: string;
  readonly rows: readonly LedgerRow[];
  readonly resolve: (results: readonly RowResult[]) => void;
  readonly reject: (error: unknown) => void;
  failures: number;
}

/** Batches of one source commit in the order in which they came; each is whole in one transaction. */
export function createGroupCommit(options: GroupCommitOptions): GroupCommit {
  return new Grouping(options);
}

class Grouping implements GroupCommit {
  readonly #options: GroupCommitOptions;
  #waiting: Batch[] = [];
  #rows = 0;
  #isRunning = false;
  #isClosed = false;
  #troubleSince: number | null = null;
  #idle: (() => void)[] = [];

  constructor(options: GroupCommitOptions) {
    this.#options = options;
  }

  get isInTrouble(): boolean {
    return this.#troubleSince !== null;
  }

  async commit(rows: readonly LedgerRow[], source: string): Promise<readonly RowResult[]> {
    if (this.#isClosed) throw new Error("the writer is closed");
    if (this.#rows + rows.length > WAITING_ROWS_MAX) throw new Error(`${this.#rows} rows wait for the database; no more are taken`);
    this.#rows += rows.length;
    return await new Promise((resolve, reject) => {
      this.#waiting.push({ source, rows, resolve, reject, failures: 0 });
      if (this.#isRunning) return;
      this.#isRunning = true;
      setTimeout(() => void this.#run(), GATHER_MS);
    });
  }

  async drained(): Promise<void> {
    if (this.#waiting.length === 0 && !this.#isRunning) return;
    await new Promise<void>((resolve) => this.#idle.push(resolve));
  }

  close(): void {
    this.#isClosed = true;
  }

  async #run(): Promise<void> {
    let pauseMs = RETRY_FIRST_MS;
    while (this.#waiting.length > 0) {
      const size = this.#groupSize();
      const error = await this.#tryStore(this.#waiting.slice(0, size));
      if (error === null) {
        this.#ended();
        pauseMs = RETRY_FIRST_MS;
        continue;
      }
      // One bad batch must not hold up the others: alone, each shows whether it is the fault.
      if (size > 1 && (await this.#storeSingly(size))) {
        this.#ended();
        continue;
      }
      if (this.#isClosed) return this.#refuseAll(error);
      this.#began(error);
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
      pauseMs = Math.min(RETRY_MAX_MS, pauseMs * 2);
    }
    this.#isRunning = false;
    for (const resolve of this.#idle.splice(0)) resolve();
  }

  #groupSize(): number {
    let rows = 0;
    let size = 0;
    for (const batch of this.#waiting) {
      rows += batch.rows.length;
      if (size > 0 && rows > GROUP_ROWS_MAX) break;
      size += 1;
    }
    return size;
  }

  /** Null when the batches were stored and answered, else the error; they then wait as before. */
  async #tryStore(batches: readonly Batch[]): Promise<unknown> {
    try {
      const results = await this.#options.store.commit(batches.flatMap((batch) => batch.rows));
      let from = 0;
      for (const batch of batches) {
        batch.resolve(results.slice(from, from + batch.rows.length));
        from += batch.rows.length;
      }
      this.#forget(batches);
      return null;
    } catch (error) {
      return error ?? new Error("the commit failed");
    }
  }

  /** True when at least one of the first `size` batches was stored alone: the database works, and those that failed are the fault. */
  async #storeSingly(size: number): Promise<boolean> {
    const failed: { readonly batch: Batch; readonly error: unknown }[] = [];
    let stored = 0;
    for (const batch of this.#waiting.slice(0, size)) {
      // What one source sent is stored in its order, so nothing overtakes a batch that failed.
      if (failed.some((earlier) => earlier.batch.source === batch.source)) continue;
      const error = await this.#tryStore([batch]);
      if (error === null) stored += 1;
      else failed.push({ batch, error });
      if (stored === 0 && failed.length >= FAILURES_WITHOUT_SUCCESS_MAX) return false;
    }
    if (stored === 0) return false;
    for (const { batch, error } of failed) {
      batch.failures += 1;
      if (batch.failures < LONE_FAILURES_MAX) continue;
      this.#forget([batch]);
      batch.reject(error);
    }
    return true;
  }

  #forget(batches: readonly Batch[]): void {
    const gone = new Set(batches);
    this.#waiting = this.#waiting.filter((batch) => !gone.has(batch));
    for (const batch of batches) this.#rows -= batch.rows.length;
  }

  #refuseAll(error: unknown): void {
    const left = this.#waiting;
    this.#forget(left);
    for (const batch of left) batch.reject(error);
    this.#isRunning = false;
    for (const resolve of this.#idle.splice(0)) resolve();
  }

  #began(error: unknown): void {
    if (this.#troubleSince !== null) return;
    this.#troubleSince = this.#options.clock.monotonic();
    this.#options.onTrouble(true, error instanceof Error ? error.message : String(error));
  }

  #ended(): void {
    if (this.#troubleSince === null) return;
    const lasted = Math.round(this.#options.clock.monotonic() - this.#troubleSince);
    this.#troubleSince = null;
    this.#options.onTrouble(false, `the database takes rows again after ${lasted} ms`);
  }
}
