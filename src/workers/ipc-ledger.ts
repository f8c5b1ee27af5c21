// The instance's ledger: hands rows to the worker and waits for its word that they are stored.

import type { LedgerRow, LedgerStore, RowResult } from "../core/ports.ts";
import type { FromInstance } from "./protocol.ts";

/** Batches without an answer; more means that the database has been away for long, and new ones are refused. */
const BATCHES_MAX = 5_000;

export interface IpcLedger extends LedgerStore {
  committed(batch: number, results: readonly RowResult[]): void;
  refused(batch: number, message: string): void;
}

interface Waiting {
  readonly resolve: (results: readonly RowResult[]) => void;
  readonly reject: (error: Error) => void;
}

/** Without a worker the rows wait for ever: the process is about to leave, and the next one reads the facts again. */
export function createIpcLedger(send: (message: FromInstance) => void): IpcLedger {
  const waiting = new Map<number, Waiting>();
  let batch = 0;

  function take(answered: number): Waiting | undefined {
    const found = waiting.get(answered);
    waiting.delete(answered);
    return found;
  }

  return {
    async commit(rows: readonly LedgerRow[]) {
      if (waiting.size >= BATCHES_MAX) throw new Error(`${waiting.size} batches wait for the database`);
      batch += 1;
      const number = batch;
      return await new Promise<readonly RowResult[]>((resolve, reject) => {
        waiting.set(number, { resolve, reject });
        send({ type: "rows", batch: number, rows });
      });
    },
    committed: (answered, results) => take(answered)?.resolve(results),
    refused: (answered, message) => take(answered)?.reject(new Error(message)),
  };
}
