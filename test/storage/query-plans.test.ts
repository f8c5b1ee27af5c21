// Every statement that is about one bot finds its rows by an index, on both databases, as their planners say.

import Sqlite from "better-sqlite3";
import pg from "pg";
import { describe, expect, it } from "vitest";
import { encodeClientOrderId } from "../../src/core/client-order-id.ts";
import type { LedgerRow } from "../../src/core/ports.ts";
import { createAlertOutbox } from "../../src/storage/alerts.ts";
import { createBots } from "../../src/storage/bots.ts";
import { createChanges } from "../../src/storage/changes.ts";
import { type Database, openDatabase } from "../../src/storage/database.ts";
import { createEquityStore } from "../../src/storage/equity.ts";
import { createFleet } from "../../src/storage/fleet.ts";
import { createHistory } from "../../src/storage/history.ts";
import { createLedgerStore } from "../../src/storage/ledger.ts";
import { createRetention, DEFAULT_RETENTION } from "../../src/storage/retention.ts";
import { botConfig, botStatus, createManualClock } from "../memory-fleet.ts";
import { onEachDatabase } from "./databases.ts";
import { AT, actor, endRow, fillRow, fundingRow, noteRow, orderRow, stateRow } from "./rows.ts";
import { quietSignals } from "./signals-fake.ts";

const BOTS = 8;
const ROWS = 150;
const MINUTE = 60_000;
const NEVER = Number.MAX_SAFE_INTEGER;

/** Tables that grow with trading or with use: never read whole for one bot. */
const LARGE = [
  "orders",
  "fills",
  "funding",
  "equity_points",
  "alerts",
  "changes",
  "runs",
  "bot_states",
  "bot_config_versions",
  "bot_numbers",
  "claims",
];

async function fill(db: Database): Promise<void> {
  const [bots, ledger, equity] = [createBots(db, () => AT), createLedgerStore(db), createEquityStore(db)];
  for (let bot = 0; bot < BOTS; bot += 1) {
    const botId = `bot${bot}`;
    await bots.create(botConfig(botId));
    const rows = Array.from({ length: ROWS }, (_, n): LedgerRow[] => {
      const ids = { botId, clientOrderId: encodeClientOrderId(bot + 1, n), exchangeOrderId: `e${bot}-${n}` };
      const status = n > ROWS - 5 ? "open" : "canceled";
      return [
        { type: "order", order: orderRow({ ...ids, status, createdAt: AT + n * MINUTE, updatedAt: AT + n * MINUTE }) },
        { type: "fill", fill: fillRow({ ...ids, tradeId: `t${n}`, at: AT + n * MINUTE }) },
        { type: "funding", funding: fundingRow({ botId, symbol: `S${bot}/USDC:USDC`, fundingId: `f${n}`, at: AT + n * MINUTE }) },
        noteRow(`note ${n}`, botId),
      ];
    });
    await ledger.commit(rows.flat());
    const point = { botId, currency: "USDC", realizedPnl: "0", unrealizedPnl: "0", fees: "0", funding: "0", netPnl: "0" };
    await equity.addPoints(Array.from({ length: ROWS }, (_, n) => ({ ...point, at: AT + n * MINUTE })));
  }
}

/** Uses everything that asks about one bot, or about what waits to be done. */
async function useEverything(db: Database): Promise<void> {
  const clock = createManualClock(AT + 400 * 86_400_000);
  const [bots, changes, equity, outbox] = [
    createBots(db, () => AT),
    createChanges(db),
    createEquityStore(db),
    createAlertOutbox(db, quietSignals()),
  ];
  const botId = "bot3";
  const config = botConfig(botId);
  await bots.claim(botId, [{ exchange: "backpack", account: "sim", symbol: "S3/USDC:USDC" }]);
  await bots.takeEpoch(botId, 0, { workerId: "w1", host: "h1" });
  await bots.setProcess(botId, 1, 4711);
  await bots.stored(botId);
  await bots.get(botId);
  await bots.openOrders(botId);
  await bots.fills(botId, 10);
  await bots.numbers(botId, [{ exchange: "backpack", account: "sim" }]);
  await bots.saveStatus(botStatus(config, { epoch: 1 }));
  const ids = { botId, clientOrderId: encodeClientOrderId(4, 5) };
  await createLedgerStore(db).commit([
    { type: "intent", order: orderRow({ ...ids, clientOrderId: encodeClientOrderId(4, 9_999) }) },
    { type: "order", order: orderRow({ ...ids, clientOrderId: encodeClientOrderId(4, 10_000), exchangeOrderId: "new" }) },
    { type: "fill", fill: fillRow({ ...ids, tradeId: "x1" }) },
    { type: "fill", fill: fillRow({ ...ids, tradeId: "x2", clientOrderId: null, exchangeOrderId: "e3-7" }) },
    { type: "funding", funding: fundingRow({ botId }) },
    { type: "state", state: stateRow({ botId }) },
    { type: "end", end: endRow({ botId }) },
    noteRow("one more", botId),
  ]);
  await changes.commit({ type: "adjust", botId, params: config.params }, actor("k"), [botId], AT);
  await changes.pending(AT);
  await changes.expire(AT + 1e9);
  await changes.finish("c1", { botId, outcome: "done", message: { en: "", "zh-TW": "" }, status: null });
  await equity.points(botId, AT);
  await equity.thin([botId], clock.now());
  await outbox.after(await outbox.cursor("telegram:1"), 100);
  // So many bots that a page is small and a second one is read.
  const filter = { botIds: [botId, ...Array.from({ length: 199 }, (_, n) => `other${n}`)], from: 0, to: NEVER, accounts: null };
  const history = createHistory(db);
  for (const rows of [history.fills(filter), history.orders(filter), history.funding(filter), history.equity(filter)]) {
    let count = 0;
    for await (const _ of rows as AsyncIterable<unknown>) count += 1;
    expect(count).toBeGreaterThan(100);
  }
  const away = async () => null;
  const fleet = createFleet({
    ...{ db, clock, signals: quietSignals(), queues: { enqueue: async () => {} }, preview: away },
    ...{ statusBoard: { get: async (wanted) => wanted.map(() => null) }, leases: { holder: away } },
  });
  await fleet.bot(botId);
  await fleet.pnl(botId, 7);
  await bots.endRun(botId, 1, "done");
  // Alerts and changes are walked oldest first, not by bot.
  await createRetention({ db, policy: { ...DEFAULT_RETENTION, alerts: null, changes: null }, holder: "w1", clock }).runIfDue();
}

type Explain = (statement: string, values: readonly unknown[]) => Promise<readonly string[]>;

function explainSqlite(url: string): Explain {
  // Nobody runs ANALYZE on it, so its plans depend on the schema alone.
  const db = new Sqlite(url.slice("file:".length));
  return async (statement, values) => {
    const bound = values.map((value) => (typeof value === "boolean" ? Number(value) : value));
    const plan = db.prepare<unknown[], { detail: string }>(`EXPLAIN QUERY PLAN ${statement}`).all(...bound);
    return plan.map(({ detail }) => detail);
  };
}

async function explainPostgres(url: string): Promise<{ explain: Explain; end: () => Promise<void> }> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.query("ANALYZE");
  // What is read whole even so has no index to go by.
  await client.query("SET enable_seqscan = off");
  return {
    explain: async (statement, values) => {
      const plan = await client.query<{ "QUERY PLAN": string }>(`EXPLAIN ${statement}`, [...values]);
      return plan.rows.map((row) => row["QUERY PLAN"]);
    },
    end: () => client.end(),
  };
}

/** The lines of a plan that read a large table from its beginning to its end. */
function wholeReads(plan: readonly string[]): string[] {
  return plan.filter((line) => {
    const sqlite = /^SCAN (\w+)/.exec(line)?.[1];
    const postgres = /Seq Scan on (\w+)/.exec(line)?.[1];
    return LARGE.includes(sqlite ?? postgres ?? "") || sqlite === "o" || sqlite === "later";
  });
}

describe("a plan", () => {
  it("that reads a large table whole is recognized", () => {
    expect(
      wholeReads(["SCAN fills", "SEARCH fills USING INDEX x (botId=?)", "SCAN CONSTANT ROW", "SCAN fills USING INDEX y"]),
    ).toHaveLength(2);
    expect(wholeReads(["  ->  Seq Scan on orders o  (cost=1)", "Index Scan using a on orders", "Seq Scan on settings"])).toHaveLength(1);
  });
});

onEachDatabase("statements about a bot", ({ url }) => {
  it("use an index", async () => {
    const heard = new Map<string, string>();
    let isListening = false;
    const db = await openDatabase(url(), (statement, values) => {
      if (isListening && /^\s*(SELECT|INSERT|UPDATE|DELETE)\b/.test(statement)) heard.set(statement, values);
    });
    await fill(db);
    isListening = true;
    await useEverything(db);
    isListening = false;
    const server = db.provider === "postgresql" ? await explainPostgres(url()) : null;
    const explain = server?.explain ?? explainSqlite(url());
    const bad: string[] = [];
    for (const [statement, values] of heard) {
      const plan = await explain(statement, JSON.parse(values) as unknown[]);
      for (const line of wholeReads(plan)) bad.push(`${line.trim()}  ⟵  ${statement.replaceAll(/\s+/g, " ").slice(0, 300)}`);
    }
    await server?.end();
    await db.close();
    expect(bad).toEqual([]);
    const about = LARGE.filter((table) => [...heard.keys()].some((statement) => new RegExp(`\\b${table}\\b`).test(statement)));
    expect(about).toEqual(LARGE);
    console.log(`${db.provider}: ${heard.size} different statements`);
  });
});
