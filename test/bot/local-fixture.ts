// A local server in a folder of its own, on an in-memory fleet and outbox.

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pino } from "pino";
import { type LocalServer, startLocalServer } from "../../src/bot/local.ts";
import { loadCommands } from "../../src/commands/index.ts";
import type { Alert, AlertOutbox, StoredAlert } from "../../src/core/alert.ts";
import { dispatch } from "../../src/core/chat/dispatch.ts";
import type { Invocation, Reply } from "../../src/core/command.ts";
import { plain } from "../../src/core/text.ts";
import { createHarness, type Harness } from "../memory-fleet.ts";

const DEADLINE_MS = 5_000;
const log = pino({ level: "silent" });

export function noteOf(message: string): Alert {
  return { type: "note", message: plain(message), botId: "eth_grid", mode: "sim", at: 0 };
}

/** Alerts as storage would keep them. */
export interface MemoryOutbox extends AlertOutbox {
  raise(alert: Alert): void;
  readonly cursors: ReadonlyMap<string, number>;
}

export function createMemoryOutbox(): MemoryOutbox {
  const alerts: StoredAlert[] = [];
  const cursors = new Map<string, number>();
  const callbacks = new Set<() => void>();
  return {
    cursors,
    raise(alert) {
      alerts.push({ sequence: alerts.length + 1, alert });
      for (const callback of callbacks) callback();
    },
    after: async (sequence, limit) => alerts.filter((stored) => stored.sequence > sequence).slice(0, limit),
    async cursor(target) {
      const known = cursors.get(target) ?? alerts.length;
      cursors.set(target, known);
      return known;
    },
    advance: async (target, sequence) => void cursors.set(target, sequence),
    targets: async () => [],
    onRaised(callback) {
      callbacks.add(callback);
      return () => callbacks.delete(callback);
    },
  };
}

/** Waits for a condition; says what was there when the deadline passes. */
export async function until(condition: () => boolean, describeState: () => string): Promise<void> {
  const deadline = Date.now() + DEADLINE_MS;
  while (!condition()) {
    if (Date.now() > deadline) throw new Error(`not within ${DEADLINE_MS} ms; there is: ${describeState()}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

export interface LocalFixture {
  readonly folder: string;
  readonly path: string;
  readonly harness: Harness;
  readonly outbox: MemoryOutbox;
  /** Starts the server again, on the harness's dispatch unless told otherwise. */
  start(answer?: (invocation: Invocation) => Promise<Reply>): Promise<void>;
  stop(): Promise<void>;
  remove(): Promise<void>;
}

/** A running server; `remove` at the end. */
export async function openLocalFixture(): Promise<LocalFixture> {
  const folder = await mkdtemp(join(tmpdir(), "local-"));
  const path = join(folder, "front.sock");
  const harness = createHarness(await loadCommands());
  const outbox = createMemoryOutbox();
  let server: LocalServer | null = null;
  const fixture: LocalFixture = {
    folder,
    path,
    harness,
    outbox,
    async start(answer = (invocation) => dispatch(harness.services, invocation)) {
      server = await startLocalServer({ path, dispatch: answer, outbox, log });
    },
    async stop() {
      await server?.stop();
      server = null;
    },
    async remove() {
      await fixture.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
  await fixture.start();
  return fixture;
}
