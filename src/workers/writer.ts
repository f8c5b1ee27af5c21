// The worker's writer: hands rows to a thread that commits them in groups, and tells when the database is in trouble.

import { Worker } from "node:worker_threads";
import type { Logger } from "pino";
import type { LedgerRow, RowResult } from "../core/ports.ts";
import { withinMs } from "./lease-guard.ts";
import type { FromWriter, ToWriter } from "./writer-protocol.ts";

const CLOSE_MAX_MS = 10_000;

export interface Writer {
  /** Resolves after the commit with one result per row; rejects when the batch can never be stored. */
  commit(rows: readonly LedgerRow[], source: string): Promise<readonly RowResult[]>;
  readonly isInTrouble: boolean;
  /** Called when trouble with the database begins and ends. */
  onTrouble(callback: (isInTrouble: boolean) => void): void;
  /** Stores what waits, then ends the thread. */
  close(): Promise<void>;
}

interface Waiting {
  readonly resolve: (results: readonly RowResult[]) => void;
  readonly reject: (error: Error) => void;
}

/** Starts the thread and waits until its database is open. `onDeath` is called when the thread ends without being asked. */
export async function startWriter(options: {
  readonly databaseUrl: string;
  readonly log: Logger;
  readonly onDeath: (error: Error) => void;
}): Promise<Writer> {
  const thread = new Worker(new URL("./writer-main.js", import.meta.url), { workerData: { databaseUrl: options.databaseUrl } });
  const waiting = new Map<number, Waiting>();
  const troubled: ((isInTrouble: boolean) => void)[] = [];
  let isInTrouble = false;
  let isClosing = false;
  let lastId = 0;
  let failure: Error | null = null;

  const ready = new Promise<void>((resolve, reject) => {
    thread.on("message", (message: FromWriter) => {
      if (message.type === "ready") resolve();
      else receive(message);
    });
    thread.once("error", (error) => {
      failure = error instanceof Error ? error : new Error(String(error));
    });
    thread.once("exit", (code) => {
      const error = failure ?? new Error(`the writer's thread ended with code ${code}`);
      reject(error);
      for (const batch of waiting.values()) batch.reject(error);
      waiting.clear();
      if (!isClosing) options.onDeath(error);
    });
  });

  function receive(message: FromWriter): void {
    if (message.type === "trouble") {
      isInTrouble = message.isInTrouble;
      options.log[message.isInTrouble ? "error" : "info"]({ reason: message.message }, "database trouble");
      for (const callback of troubled) callback(isInTrouble);
    } else if (message.type === "committed" || message.type === "refused") {
      const batch = waiting.get(message.id);
      waiting.delete(message.id);
      if (message.type === "committed") batch?.resolve(message.results);
      else batch?.reject(new Error(message.message));
    }
  }

  await ready;
  return {
    async commit(rows, source) {
      if (isClosing || failure !== null) throw failure ?? new Error("the writer is closing");
      lastId += 1;
      const id = lastId;
      return await new Promise<readonly RowResult[]>((resolve, reject) => {
        waiting.set(id, { resolve, reject });
        thread.postMessage({ type: "rows", id, source, rows } satisfies ToWriter);
      });
    },
    get isInTrouble() {
      return isInTrouble;
    },
    onTrouble: (callback) => void troubled.push(callback),
    async close() {
      if (isClosing) return;
      isClosing = true;
      const exited = new Promise<void>((resolve) => thread.once("exit", () => resolve()));
      thread.postMessage({ type: "close" } satisfies ToWriter);
      await withinMs(exited, CLOSE_MAX_MS).catch(() => thread.terminate());
    },
  };
}
