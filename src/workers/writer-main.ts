// The writer's thread: its own database connection, so that a slow commit holds up no control message.

import { setTimeout as sleep } from "node:timers/promises";
import { type MessagePort, parentPort, workerData } from "node:worker_threads";
import { openDatabase } from "../storage/database.ts";
import { createLedgerStore } from "../storage/ledger.ts";
import { createGroupCommit } from "./group-commit.ts";
import { systemClock } from "./system-clock.ts";
import type { FromWriter, ToWriter } from "./writer-protocol.ts";

/** What still waits when the worker leaves gets this long. */
const DRAIN_MAX_MS = 5_000;

async function main(port: MessagePort): Promise<void> {
  const { databaseUrl } = workerData as { readonly databaseUrl: string };
  const tell = (message: FromWriter) => port.postMessage(message);
  const db = await openDatabase(databaseUrl);
  const commits = createGroupCommit({
    store: createLedgerStore(db),
    clock: systemClock,
    onTrouble: (isInTrouble, message) => tell({ type: "trouble", isInTrouble, message }),
  });
  port.on("message", (message: ToWriter) => {
    if (message.type === "close") {
      void close();
      return;
    }
    commits.commit(message.rows, message.source).then(
      (results) => tell({ type: "committed", id: message.id, results }),
      (error: unknown) => tell({ type: "refused", id: message.id, message: error instanceof Error ? error.message : String(error) }),
    );
  });
  tell({ type: "ready" });

  async function close(): Promise<void> {
    await Promise.race([commits.drained(), sleep(DRAIN_MAX_MS, undefined, { ref: false })]);
    commits.close();
    await db.close();
    tell({ type: "closed" });
    port.close();
  }
}

if (parentPort !== null) await main(parentPort);
