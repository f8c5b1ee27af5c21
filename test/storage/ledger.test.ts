// The ledger under concurrent writers, stale epochs, repeated batches and reports that come late, twice and out of order.

import { expect, it } from "vitest";
import { encodeClientOrderId } from "../../src/core/client-order-id.ts";
import type { LedgerRow } from "../../src/core/ports.ts";
import { createAlertOutbox } from "../../src/storage/alerts.ts";
import { createBots } from "../../src/storage/bots.ts";
import { createChanges } from "../../src/storage/changes.ts";
import type { Database } from "../../src/storage/database.ts";
import { createLedgerStore } from "../../src/storage/ledger.ts";
import { botConfig } from "../memory-fleet.ts";
import { onEachDatabase } from "./databases.ts";
import { AT, actor, endRow, fillRow, fundingRow, noteRow, orderRow, stateRow } from "./rows.ts";
import { quietSignals } from "./signals-fake.ts";

/** A bot whose current epoch is `epoch`. */
async function makeBot(db: Database, id = "eth_grid", epoch = 1): Promise<void> {
  const bots = createBots(db, () => AT);
  await bots.create(botConfig(id));
  for (let taken = 0; taken < epoch; taken += 1) await bots.takeEpoch(id, taken, { workerId: "w1", host: "h1" });
}

onEachDatabase("the ledger", ({ open }) => {
  it("stores the rows of one step and reads them back as they were", async () => {
    const db = await open();
    await makeBot(db);
    const ledger = createLedgerStore(db);
    const order = orderRow({ exchangeOrderId: "e1", status: "open", filledQuantity: "0.04", updatedAt: AT + 5 });
    const fill = fillRow({ quantity: "0.04", price: "1800.1234567890123456789" });
    const state = stateRow({ json: '{"lots":"123456789012345678.123456789"}' });
    const results = await ledger.commit([
      { type: "intent", order: orderRow() },
      { type: "order", order },
      { type: "fill", fill },
      { type: "state", state },
      noteRow("hello"),
    ]);
    expect(results).toEqual(["stored", "stored", "stored", "stored", "stored"]);
    const bots = createBots(db);
    expect(await bots.stored("eth_grid")).toEqual({ state, openOrders: [order], lastCounter: 7, lastFillAt: fill.at, claims: [] });
    expect(await bots.fills("eth_grid", 10)).toEqual([fill]);
  });

  it("loses and doubles nothing under 10 writers of 300 fills on 4 connections", async () => {
    const connections = [await open(), await open(), await open(), await open()] as const;
    await makeBot(connections[0]);
    await makeBot(connections[0], "btc_grid");
    const write = async (writer: number): Promise<number> => {
      const ledger = createLedgerStore(connections[writer % 4] ?? connections[0]);
      let stored = 0;
      for (let from = 0; from < 300; from += 20) {
        const rows = Array.from({ length: 20 }, (_, index): LedgerRow => {
          // Two writers at a time report the same trades, as a stream and a look into history do.
          const tradeId = `${writer >> 1}-${from + index}`;
          return { type: "fill", fill: fillRow({ tradeId, botId: writer < 6 ? "eth_grid" : "btc_grid", quantity: "0.001" }) };
        });
        stored += (await ledger.commit(rows)).filter((result) => result === "stored").length;
      }
      return stored;
    };
    const counts = await Promise.all(Array.from({ length: 10 }, (_, writer) => write(writer)));
    expect(counts.reduce((sum, count) => sum + count, 0)).toBe(1_500);
    const fills = await connections[1].prisma.fill.findMany({ orderBy: [{ botId: "asc" }, { number: "asc" }] });
    expect(fills.filter((fill) => fill.botId === "eth_grid").map((fill) => fill.number)).toEqual(
      Array.from({ length: 900 }, (_, n) => n + 1),
    );
    expect(fills.filter((fill) => fill.botId === "btc_grid").map((fill) => fill.number)).toEqual(
      Array.from({ length: 600 }, (_, n) => n + 1),
    );
    expect(new Set(fills.map((fill) => fill.tradeId)).size).toBe(1_500);
    expect((await createBots(connections[2]).get("eth_grid"))?.fillCount).toBe(900);
  }, 60_000);

  it("refuses intents and states of a stale epoch, and takes its facts", async () => {
    const db = await open();
    await makeBot(db, "eth_grid", 2);
    const ledger = createLedgerStore(db);
    const adopted = orderRow({ clientOrderId: encodeClientOrderId(1, 9), status: "open", epoch: 1 });
    const results = await ledger.commit([
      { type: "intent", order: orderRow({ epoch: 1 }) },
      { type: "state", state: stateRow({ epoch: 1 }) },
      { type: "order", order: adopted },
      { type: "fill", fill: fillRow({ epoch: 1 }) },
      noteRow("from the old holder"),
    ]);
    expect(results).toEqual(["stale", "stale", "stored", "stored", "stored"]);
    const stored = await createBots(db).stored("eth_grid");
    expect(stored.state).toBeNull();
    expect(stored.openOrders).toEqual([adopted]);
    expect(stored.lastFillAt).toBe(AT + 1_000);
  });

  it("answers a batch that is sent again with duplicates and stores nothing twice", async () => {
    const db = await open();
    await makeBot(db);
    const ledger = createLedgerStore(db);
    const told: LedgerRow = {
      type: "alert",
      alert: {
        ...{ type: "filled", symbol: "ETH/USDC:USDC", side: "buy", price: "1800.50", quantity: "0.10", fee: "0.036", feeCurrency: "USDC" },
        ...{ liquidity: "maker", position: "0.10", realizedPnl: "0", currency: "USDC", tradeId: "t1" },
        ...{ botId: "eth_grid", mode: "sim", at: AT },
      },
    };
    const batch: LedgerRow[] = [
      { type: "intent", order: orderRow() },
      { type: "fill", fill: fillRow() },
    ];
    batch.push({ type: "fill", fill: fillRow() }, { type: "state", state: stateRow() }, told);
    expect(await ledger.commit(batch)).toEqual(["stored", "stored", "duplicate", "stored", "stored"]);
    expect(await ledger.commit(batch)).toEqual(["duplicate", "duplicate", "duplicate", "duplicate", "duplicate"]);
    expect(await db.prisma.fill.count()).toBe(1);
    expect(await createAlertOutbox(db, quietSignals()).after(0, 10)).toHaveLength(1);
    expect((await createBots(db).get("eth_grid"))?.fillCount).toBe(1);
  });

  it("stores a funding payment once, whoever tells it and however often", async () => {
    const db = await open();
    await makeBot(db);
    await makeBot(db, "btc_grid");
    const ledger = createLedgerStore(db);
    const row = (overrides: Parameters<typeof fundingRow>[0] = {}): LedgerRow => ({ type: "funding", funding: fundingRow(overrides) });
    expect(await ledger.commit([row(), row(), row({ fundingId: "next" })])).toEqual(["stored", "duplicate", "stored"]);
    expect(await ledger.commit([row({ botId: "btc_grid" }), row({ account: "other" })])).toEqual(["duplicate", "stored"]);
    expect(await db.prisma.funding.findMany({ where: { fundingId: fundingRow().fundingId, account: "sim" } })).toMatchObject([
      { botId: "eth_grid", amount: "-0.001301", currency: "USDC", at: BigInt(AT + 4_000) },
    ]);
  });

  it("keeps a halt that a bot called until a person clears it, and stops a bot that has finished", async () => {
    const db = await open();
    await makeBot(db);
    const [bots, ledger] = [createBots(db), createLedgerStore(db)];
    const end = (overrides: Parameters<typeof endRow>[0] = {}): LedgerRow => ({ type: "end", end: endRow(overrides) });
    await bots.setDesired("eth_grid", "running");
    expect(await ledger.commit([end({ kind: "risk", flatten: true }), { type: "state", state: stateRow() }])).toEqual(["stored", "stored"]);
    await ledger.commit([end({ reason: { en: "later", "zh-TW": "之後" } })]);
    expect(await bots.get("eth_grid")).toMatchObject({
      ...{ desired: "running", flatten: true },
      halt: { kind: "risk", reason: JSON.stringify(endRow().reason), at: AT },
    });
    await createChanges(db).commit({ type: "resume", botId: "eth_grid" }, actor("r"), ["eth_grid"], AT);
    expect(await bots.get("eth_grid")).toMatchObject({ desired: "running", flatten: false, halt: null });
    await ledger.commit([end({ kind: "finished", flatten: true })]);
    expect(await bots.get("eth_grid")).toMatchObject({ desired: "stopped", flatten: true, halt: null });
    await bots.flattened("eth_grid");
    expect(await bots.get("eth_grid")).toMatchObject({ flatten: false });
    await bots.setDesired("eth_grid", "running");
    await bots.takeEpoch("eth_grid", 1, { workerId: "w2", host: "h2" });
    expect(await ledger.commit([end(), end({ kind: "finished" })])).toEqual(["stale", "stale"]);
    expect(await bots.get("eth_grid")).toMatchObject({ desired: "running", halt: null });
  });

  it("lets price and quantity follow an amendment, but not a report that is late", async () => {
    const db = await open();
    await makeBot(db);
    const ledger = createLedgerStore(db);
    await ledger.commit([{ type: "intent", order: orderRow() }]);
    await ledger.commit([{ type: "order", order: orderRow({ status: "open", price: "1801.00", quantity: "0.20", updatedAt: AT + 20 }) }]);
    await ledger.commit([{ type: "order", order: orderRow({ status: "open", updatedAt: AT + 10 }) }]);
    expect(await createBots(db).openOrders("eth_grid")).toMatchObject([{ price: "1801.00", quantity: "0.20", updatedAt: AT + 20 }]);
  });

  it("tells two fills of one self-trade apart", async () => {
    const db = await open();
    await makeBot(db);
    const rows: LedgerRow[] = [
      { type: "fill", fill: fillRow({ exchangeOrderId: "e1", side: "buy" }) },
      { type: "fill", fill: fillRow({ exchangeOrderId: "e2", side: "sell", clientOrderId: null }) },
    ];
    expect(await createLedgerStore(db).commit(rows)).toEqual(["stored", "stored"]);
  });

  it("stores nothing of a batch that fails", async () => {
    const db = await open();
    await makeBot(db);
    const rows: LedgerRow[] = [
      { type: "fill", fill: fillRow() },
      { type: "state", state: stateRow({ botId: "nobody" }) },
    ];
    await expect(createLedgerStore(db).commit(rows)).rejects.toThrow("knows no bot nobody");
    expect(await db.prisma.fill.count()).toBe(0);
    expect(await createLedgerStore(db).commit([{ type: "fill", fill: fillRow() }])).toEqual(["stored"]);
  });

  it("moves an order only forward", async () => {
    const db = await open();
    await makeBot(db, "eth_grid", 2);
    const ledger = createLedgerStore(db);
    const report = async (overrides: Parameters<typeof orderRow>[0]): Promise<string> => {
      const results = await ledger.commit([{ type: "order", order: orderRow({ epoch: 2, exchangeOrderId: "e1", ...overrides }) }]);
      const { status, filledQuantity } = await db.prisma.order.findFirstOrThrow();
      return `${results[0]} ${status} ${filledQuantity}`;
    };
    expect(await report({ status: "open", filledQuantity: "0.05", updatedAt: AT + 10 })).toBe("stored open 0.05");
    expect(await report({ status: "submitted", filledQuantity: "0.00", updatedAt: AT })).toBe("duplicate open 0.05");
    expect(await report({ status: "cancelSubmitted", filledQuantity: "0.04", updatedAt: AT + 20 })).toBe("stored cancelSubmitted 0.05");
    expect(await report({ status: "open", filledQuantity: "0.05", updatedAt: AT + 15 })).toBe("duplicate cancelSubmitted 0.05");
    expect(await report({ status: "open", filledQuantity: "0.05", updatedAt: AT + 900, epoch: 1 })).toMatch(/cancelSubmitted 0.05$/);
    expect(await report({ status: "canceled", filledQuantity: "0.05", updatedAt: AT + 12, epoch: 1 })).toBe("stored canceled 0.05");
    expect(await report({ status: "open", filledQuantity: "0.05", updatedAt: AT + 1_000 })).toMatch(/canceled 0.05$/);
    expect(await report({ status: "filled", filledQuantity: "0.10", updatedAt: AT + 1_100 })).toBe("stored filled 0.10");
    expect(await report({ status: "canceled", filledQuantity: "0.050", updatedAt: AT + 1_200 })).toMatch(/filled 0.10$/);
  });

  it("opens a rejected order again when a newer report shows it resting", async () => {
    const db = await open();
    await makeBot(db);
    const ledger = createLedgerStore(db);
    await ledger.commit([{ type: "intent", order: orderRow() }]);
    await ledger.commit([{ type: "order", order: orderRow({ status: "rejected", updatedAt: AT + 10 }) }]);
    await ledger.commit([{ type: "order", order: orderRow({ status: "open", updatedAt: AT + 5 }) }]);
    expect((await createBots(db).stored("eth_grid")).openOrders).toEqual([]);
    await ledger.commit([{ type: "order", order: orderRow({ status: "open", updatedAt: AT + 20 }) }]);
    expect((await createBots(db).stored("eth_grid")).openOrders).toHaveLength(1);
  });

  it("keeps an order open until every fill that was reported is stored, in whatever order they come", async () => {
    const db = await open();
    await makeBot(db);
    const ledger = createLedgerStore(db);
    const openIds = async (): Promise<number> => (await createBots(db).stored("eth_grid")).openOrders.length;
    const early = fillRow({ tradeId: "t0", quantity: "0.03", clientOrderId: null });
    await ledger.commit([{ type: "fill", fill: early }]);
    const done = orderRow({ exchangeOrderId: "e1", status: "filled", filledQuantity: "0.10", updatedAt: AT + 9 });
    await ledger.commit([{ type: "order", order: done }]);
    expect(await openIds()).toBe(1);
    await ledger.commit([{ type: "fill", fill: fillRow({ tradeId: "t1", quantity: "0.05" }) }]);
    expect(await openIds()).toBe(1);
    await ledger.commit([{ type: "fill", fill: fillRow({ tradeId: "t2", quantity: "0.020", clientOrderId: null }) }]);
    expect(await openIds()).toBe(0);
  });

  it("keeps unknown orders open whatever their status", async () => {
    const db = await open();
    await makeBot(db);
    const ledger = createLedgerStore(db);
    await ledger.commit([{ type: "order", order: orderRow({ status: "rejected", isUnknown: true }) }]);
    expect((await createBots(db).stored("eth_grid")).openOrders).toHaveLength(1);
    await ledger.commit([{ type: "order", order: orderRow({ status: "rejected", isUnknown: false, updatedAt: AT + 1 }) }]);
    expect((await createBots(db).stored("eth_grid")).openOrders).toHaveLength(0);
  });

  it("keeps the newest state and the highest counter", async () => {
    const db = await open();
    await makeBot(db);
    const ledger = createLedgerStore(db);
    const state = (sequence: number): LedgerRow => ({ type: "state", state: stateRow({ sequence, json: String(sequence) }) });
    expect(await ledger.commit([state(2), state(3), state(1)])).toEqual(["stored", "stored", "duplicate"]);
    expect(await ledger.commit([state(2)])).toEqual(["duplicate"]);
    const intent = (counter: number): LedgerRow => ({
      type: "intent",
      order: orderRow({ clientOrderId: encodeClientOrderId(1, counter), status: "submitted" }),
    });
    await ledger.commit([intent(9), intent(1_000_000), intent(10)]);
    await ledger.commit([{ type: "order", order: orderRow({ clientOrderId: "4294967295" }) }]);
    const stored = await createBots(db).stored("eth_grid");
    expect(stored.state?.json).toBe("3");
    expect(stored.lastCounter).toBe(1_000_000);
  });

  it("stores a batch of thousands of rows", async () => {
    const db = await open();
    await makeBot(db);
    const rows = Array.from({ length: 3_000 }, (_, n): LedgerRow => {
      const clientOrderId = encodeClientOrderId(1, n);
      return n % 2 === 0
        ? { type: "intent", order: orderRow({ clientOrderId }) }
        : { type: "fill", fill: fillRow({ tradeId: `t${n}`, clientOrderId }) };
    });
    expect(new Set(await createLedgerStore(db).commit(rows))).toEqual(new Set(["stored"]));
    expect((await createBots(db).stored("eth_grid")).openOrders).toHaveLength(1_500);
  });
});
