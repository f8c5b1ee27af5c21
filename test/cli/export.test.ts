// Exports: exact cells, safe spreadsheets, tax columns, times of a zone, and a hundred thousand rows without their weight.

import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { type Cell, csvLine, type Sheet, writeSheet } from "../../src/cli/verbs/export-file.ts";
import { readSelection } from "../../src/cli/verbs/export-selection.ts";
import { sheetOf } from "../../src/cli/verbs/export-sheets.ts";
import { entriesOfFill, entriesOfFunding, taxSheet } from "../../src/cli/verbs/export-tax.ts";
import { createBots } from "../../src/storage/bots.ts";
import type { Database } from "../../src/storage/database.ts";
import { createLedgerStore } from "../../src/storage/ledger.ts";
import { botConfig } from "../memory-fleet.ts";
import { onEachDatabase } from "../storage/databases.ts";
import { AT, fillRow, fundingRow, orderRow } from "../storage/rows.ts";

const COLUMNS: Sheet["columns"] = [
  { name: "word", type: "text" },
  { name: "number", type: "exact" },
];

/** A reader of CSV of its own: quotes, doubled quotes, line ends in cells. */
function parseCsv(source: string): string[][] {
  const rows: string[][] = [[]];
  for (const match of source.matchAll(/(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n|$)/g)) {
    if (match[0] === "" && match.index === source.length) break;
    rows.at(-1)?.push(match[1]?.replaceAll('""', '"') ?? match[2] ?? "");
    if (match[3] === "\r\n") rows.push([]);
  }
  return rows.filter((row) => row.length > 0);
}

async function rowsOf(sheet: Sheet): Promise<Record<string, Cell>[]> {
  const rows: Record<string, Cell>[] = [];
  for await (const cells of sheet.rows) rows.push(Object.fromEntries(sheet.columns.map(({ name }, index) => [name, cells[index] ?? null])));
  return rows;
}

async function inFolder(work: (folder: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "botswain-export-"));
  try {
    await work(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

describe("a line of CSV", () => {
  it("reads back as it was, with quotes, commas and line ends", () => {
    const words = ["plain", 'say "hi"', "a,b", "two\r\nlines", "", "引號", " spaced "];
    const file = words.map((word, index) => csvLine([word, index], COLUMNS)).join("");
    expect(parseCsv(file)).toEqual(words.map((word, index) => [word, String(index)]));
  });

  it("makes words harmless that a spreadsheet would take for formulas, and leaves numbers exact", () => {
    for (const word of ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\rx", "＝1"])
      expect(parseCsv(csvLine([word, "0"], COLUMNS))[0]?.[0]).toBe(`'${word}`);
    expect(csvLine(["a-b=c", "-0.000000000000000001"], COLUMNS)).toBe("a-b=c,-0.000000000000000001\r\n");
    expect(csvLine([null, null], COLUMNS)).toBe(",\r\n");
  });
});

describe("a tax tool's entry", () => {
  const spot = { symbol: "ETH/USDC", price: "2000.5", quantity: "0.10", fee: "0.2", feeCurrency: "USDC" };
  it("of a spot fill exchanges one currency for the other", () => {
    expect(entriesOfFill(fillRow({ ...spot, side: "buy" }))).toMatchObject([
      { sent: ["200.05", "USDC"], received: ["0.10", "ETH"], fee: ["0.2", "USDC"] },
    ]);
    expect(entriesOfFill(fillRow({ ...spot, side: "sell" }))).toMatchObject([{ sent: ["0.10", "ETH"], received: ["200.05", "USDC"] }]);
  });

  it("of a perpetual is its outcome; a fee alone is a cost, a rebate a reward", () => {
    expect(entriesOfFill(fillRow({ realizedPnl: "3.5" }))).toMatchObject([
      { received: ["3.5", "USDC"], label: "realized gain", fee: ["0.036", "USDC"] },
    ]);
    expect(entriesOfFill(fillRow({ realizedPnl: "-3.5" }))).toMatchObject([{ sent: ["3.5", "USDC"], label: "realized gain" }]);
    expect(entriesOfFill(fillRow({ realizedPnl: "0" }))).toMatchObject([{ sent: ["0.036", "USDC"], label: "cost" }]);
    expect(entriesOfFill(fillRow({ realizedPnl: "1", fee: "-0.01" }))).toMatchObject([
      { label: "realized gain" },
      { received: ["0.01", "USDC"], label: "reward" },
    ]);
    expect(entriesOfFill(fillRow({ realizedPnl: "0", fee: "0" }))).toEqual([]);
  });

  it("of funding is received or paid", () => {
    expect(entriesOfFunding(fundingRow())).toMatchObject([{ sent: ["0.001301", "USDC"], label: "margin fee" }]);
    expect(entriesOfFunding(fundingRow({ amount: "0.5" }))).toMatchObject([{ received: ["0.5", "USDC"], label: "realized gain" }]);
    expect(entriesOfFunding(fundingRow({ amount: "0" }))).toEqual([]);
  });
});

onEachDatabase("an export", ({ open }) => {
  async function withTrades(): Promise<Database> {
    const db = await open();
    for (const id of ["eth_grid", "btc_grid"]) await createBots(db, () => AT).create(botConfig(id));
    await createBots(db, () => AT).create(botConfig("real", { mode: "live", account: "main" }));
    await createLedgerStore(db).commit([
      { type: "fill", fill: fillRow({ tradeId: "a", at: AT + 3, price: "0.1234567890123456789", fee: "-0.01" }) },
      { type: "fill", fill: fillRow({ tradeId: "b", at: AT + 1, botId: "btc_grid", slot: "=cmd()" }) },
      { type: "fill", fill: fillRow({ tradeId: "c", at: AT + 2, botId: "real", account: "main", realizedPnl: "2" }) },
      { type: "funding", funding: fundingRow({ at: AT + 86_400_000 }) },
      { type: "order", order: orderRow({ status: "open" }) },
    ]);
    return db;
  }
  const selection = (db: Database, flags: Parameters<typeof readSelection>[1] = {}) => readSelection(db, flags, "Asia/Taipei");

  it("gives every bot's rows in the order of time, exact, with both times and the mode", async () => {
    const db = await withTrades();
    const rows = await rowsOf(sheetOf("fills", db, await selection(db), "bot"));
    expect(rows.map(({ tradeId, bot, mode }) => [tradeId, bot, mode])).toEqual([
      ["b", "btc_grid", "sim"],
      ["c", "real", "live"],
      ["a", "eth_grid", "sim"],
    ]);
    expect(rows[2]).toMatchObject({
      ...{ time: "2025-05-04T12:00:00.003Z", localTime: "2025-05-04T20:00:00.003+08:00", price: "0.1234567890123456789", quantity: "0.10" },
      ...{ notional: "0.01234567890123456789", quoteCurrency: "USDC", fee: "-0.01", symbol: "ETH/USDC:USDC" },
    });
    expect(await rowsOf(sheetOf("orders", db, await selection(db), "bot"))).toMatchObject([
      { bot: "eth_grid", status: "open", postOnly: true, isUnknown: false },
    ]);
    expect(await rowsOf(sheetOf("funding", db, await selection(db), "bot"))).toMatchObject([{ amount: "-0.001301", currency: "USDC" }]);
  });

  it("is of the bots, accounts, modes and times that were asked for", async () => {
    const db = await withTrades();
    const ids = async (flags: Parameters<typeof readSelection>[1]) =>
      (await rowsOf(sheetOf("fills", db, await selection(db, flags), "bot"))).map(({ tradeId }) => tradeId);
    expect(await ids({ bot: ["eth_grid"] })).toEqual(["a"]);
    expect(await ids({ account: ["main"] })).toEqual(["c"]);
    expect(await ids({ account: ["backpack/sim"] })).toEqual(["b", "a"]);
    expect(await ids({ mode: "live" })).toEqual(["c"]);
    expect(await ids({ from: "2025-05-04T12:00:00.002Z" })).toEqual(["c", "a"]);
    expect(await ids({ to: "2025-05-04T12:00:00.002Z" })).toEqual(["b"]);
    expect(await ids({ from: "2025-05-04", to: "2025-05-04" })).toEqual(["b", "c", "a"]);
    expect(await ids({ from: "2025-05-04", to: "2025-05-04", timezone: "Pacific/Kiritimati" })).toEqual([]);
  });

  it("refuses what it cannot mean in one sentence", async () => {
    const db = await withTrades();
    for (const [flags, sentence] of [
      [{ bot: ["nobody"] }, "There is no bot nobody; the bots are btc_grid, eth_grid, real."],
      [{ account: ["nowhere"] }, "There is no account nowhere; the accounts are"],
      [{ mode: "demo" }, "--mode demo is no mode; the modes are sim, paper, testnet, live."],
      [{ from: "yesterday" }, "--from yesterday is no time; give a day such as"],
      [{ to: "2026-02-30" }, "--to 2026-02-30 is no time"],
      [{ from: "2026-02-02", to: "2026-02-01" }, "--from 2026-02-02 is not before --to 2026-02-01"],
      [{ timezone: "Mars/Olympus" }, "--timezone Mars/Olympus is no time zone"],
    ] as const)
      await expect(selection(db, flags)).rejects.toThrow(sentence);
  });

  it("of profit has a row per day and bot that adds up, and tax columns hold the same money", async () => {
    const db = await withTrades();
    const days = await rowsOf(sheetOf("pnl", db, await selection(db), "bot"));
    expect(days.map(({ day, bot, mode, netPnl, trades }) => [day, bot, mode, netPnl, trades])).toEqual([
      ["2025-05-04", "real", "live", "1.964", 1],
      ["2025-05-04", "btc_grid", "sim", "-0.036", 1],
      ["2025-05-04", "eth_grid", "sim", "0.01", 1],
      ["2025-05-05", "eth_grid", "sim", "-0.001301", 0],
    ]);
    const tax = await rowsOf(taxSheet("fills", db, await selection(db, { mode: "live" })));
    expect(tax).toMatchObject([
      {
        Date: "2025-05-04 12:00:00 UTC",
        "Received Amount": "2",
        "Received Currency": "USDC",
        "Fee Amount": "0.036",
        Label: "realized gain",
      },
    ]);
  });

  it("writes a file for its owner alone, whole or not at all, and never over another one unasked", () =>
    inFolder(async (folder) => {
      const db = await withTrades();
      const path = join(folder, "fills.csv");
      const sheet = async () => sheetOf("fills", db, await selection(db), "bot");
      expect(await writeSheet(await sheet(), "csv", path, false)).toBe(3);
      const [head, first] = parseCsv(readFileSync(path, "utf8"));
      expect(first?.[head?.indexOf("slot") ?? -1]).toBe("'=cmd()");
      expect(statSync(path).mode & 0o777).toBe(0o600);
      await expect(writeSheet(await sheet(), "json", path, false)).rejects.toThrow("exists already; name another file, or add --replace");
      expect(await writeSheet(await sheet(), "json", path, true)).toBe(3);
      expect(JSON.parse(readFileSync(path, "utf8"))).toHaveLength(3);
      await expect(writeSheet(await sheet(), "csv", join(folder, "none", "x.csv"), false)).rejects.toThrow("cannot be written");
    }));

  it("of a hundred thousand rows stays small in memory", { timeout: 120_000 }, () =>
    inFolder(async (folder) => {
      const db = await open();
      await createBots(db, () => AT).create(botConfig("eth_grid"));
      const count = 100_000;
      const values = `'backpack', 'sim', 'ETH/USDC:USDC', 'eth_grid', 1, 'slot', 'buy', '1800.5', '0.1', '0.01', 'USDC', 'maker', '0.5'`;
      const series =
        db.provider === "sqlite"
          ? `WITH RECURSIVE s(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < ${count})`
          : `WITH s(n) AS (SELECT generate_series(1, ${count}))`;
      const columns = `"exchange", "account", "symbol", "botId", "epoch", "slot", "side", "price", "quantity", "fee", "feeCurrency", "liquidity", "realizedPnl"`;
      await db.transact((tx) =>
        tx.$executeRawUnsafe(`INSERT INTO fills (${columns}, "tradeId", "exchangeOrderId", "number", "at")
          ${series} SELECT ${values}, CAST(n AS TEXT), CAST(n AS TEXT), n, CAST(${AT} AS BIGINT) + n * 1000 FROM s`),
      );
      const path = join(folder, "fills.csv");
      let most = 0;
      const sheet = sheetOf("fills", db, await selection(db), "bot");
      const watched = async function* () {
        let seen = 0;
        for await (const cells of sheet.rows) {
          seen += 1;
          if (seen % 5_000 === 0) most = Math.max(most, process.memoryUsage().heapUsed);
          yield cells;
        }
      };
      globalThis.gc?.();
      const before = process.memoryUsage().heapUsed;
      const startedAt = performance.now();
      expect(await writeSheet({ ...sheet, rows: watched() }, "csv", path, false)).toBe(count);
      const seconds = (performance.now() - startedAt) / 1_000;
      const days = await rowsOf(sheetOf("pnl", db, await selection(db), "bot"));
      expect(days.reduce((sum, { trades }) => sum + Number(trades), 0)).toBe(count);
      const size = statSync(path).size;
      console.log(
        `${db.provider}: ${count} fills, ${(size / 1e6).toFixed(1)} MB of CSV in ${seconds.toFixed(1)} s; heap grew by at most ${((most - before) / 1e6).toFixed(0)} MB`,
      );
      // The rows as objects would take several times the file.
      expect(most - before).toBeLessThan(150e6);
      expect(readFileSync(path, "utf8").split("\r\n")).toHaveLength(count + 2);
    }),
  );
});
