// Ten bots with a thousand fills each, written by several processes at once: every row once, none lost, no lock error.

import { execFile } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, it } from "vitest";
import { createBots } from "../../src/storage/bots.ts";
import { checkDatabase } from "../../src/storage/check.ts";
import { botConfig } from "../memory-fleet.ts";
import { type CompiledSources, compileSources } from "./compiled.ts";
import { onEachDatabase } from "./databases.ts";
import { fillRow } from "./rows.ts";

const BOTS = 10;
const FILLS = 1_000;
const PROCESSES = 4;
const ROWS_PER_COMMIT = 50;
/** Fills that only the first or only the second of a bot's two writers tells. */
const OWN = 400;

/** What each process runs: the bots of its share side by side, batch after batch, as a worker's writer does. */
function writerScript(compiled: CompiledSources): string {
  return `
import { openDatabase } from ${JSON.stringify(compiled.url("storage/database"))};
import { createLedgerStore } from ${JSON.stringify(compiled.url("storage/ledger"))};
const { url, share, fill } = JSON.parse(process.argv[2]);
const db = await openDatabase(url);
const ledger = createLedgerStore(db);
const counts = { stored: 0, duplicate: 0, stale: 0 };
const waits = [];
await Promise.all(share.map(async ({ bot, first, end }) => {
  const botId = "bot" + bot;
  for (let from = first; from < end; from += ${ROWS_PER_COMMIT}) {
    const rows = [];
    for (let n = from; n < from + ${ROWS_PER_COMMIT}; n += 1) {
      const own = { botId, exchangeOrderId: botId + "-" + n, clientOrderId: String((bot + 1) * 16777216 + n) };
      rows.push({ type: "fill", fill: { ...fill, ...own, tradeId: "t" + n } });
    }
    const startedAt = performance.now();
    const results = await ledger.commit(rows);
    waits.push(performance.now() - startedAt);
    for (const result of results) counts[result] += 1;
  }
}));
await db.close();
waits.sort((a, b) => a - b);
console.log(JSON.stringify({ counts, p50: waits[waits.length >> 1], p99: waits[Math.floor(waits.length * 0.99)] }));`;
}

let compiled: CompiledSources;
let script = "";
beforeAll(async () => {
  compiled = await compileSources(["storage/database", "storage/ledger"]);
  script = join(compiled.folder, "writer.mjs");
  writeFileSync(script, writerScript(compiled));
});
afterAll(() => compiled.remove());

onEachDatabase("concurrent writers", ({ url, open }) => {
  it("store each row once, though some are told by two processes", { timeout: 120_000 }, async () => {
    const db = await open();
    for (let bot = 0; bot < BOTS; bot += 1) await createBots(db).create(botConfig(`bot${bot}`));
    // Each bot is written by two processes whose parts overlap: as when a fill is streamed to one and found by the other.
    const shareOf = (process: number) =>
      Array.from({ length: BOTS }, (_, bot) => [
        ...(bot % PROCESSES === process ? [{ bot, first: 0, end: FILLS - OWN }] : []),
        ...((bot + 1) % PROCESSES === process ? [{ bot, first: OWN, end: FILLS }] : []),
      ]).flat();
    const startedAt = performance.now();
    const runs = await Promise.all(
      Array.from({ length: PROCESSES }, (_, process) => {
        const job = { url: url(), share: shareOf(process), fill: fillRow() };
        return promisify(execFile)(globalThis.process.execPath, [script, JSON.stringify(job)]);
      }),
    );
    const seconds = (performance.now() - startedAt) / 1_000;
    const told = runs.map(
      ({ stdout }) => JSON.parse(stdout) as { counts: { stored: number; duplicate: number }; p50: number; p99: number },
    );
    const sum = (key: "stored" | "duplicate") => told.reduce((total, { counts }) => total + counts[key], 0);
    console.log(
      `${db.provider}: ${BOTS} bots × ${FILLS} fills, a fifth told twice, by ${PROCESSES} processes in ${seconds.toFixed(1)} s (${Math.round((BOTS * FILLS) / seconds)} fills/s); commit p50 ${told.map(({ p50 }) => p50.toFixed(0)).join("/")} ms, p99 ${told.map(({ p99 }) => p99.toFixed(0)).join("/")} ms`,
    );
    expect([sum("stored"), sum("duplicate")]).toEqual([BOTS * FILLS, BOTS * (FILLS - 2 * OWN)]);
    expect(await db.prisma.fill.count()).toBe(BOTS * FILLS);
    // Numbered 1 … 1000 per bot without a gap, no row of nobody, everything readable.
    expect((await checkDatabase(url(), db)).filter(({ ok }) => !ok)).toEqual([]);
  });
});
