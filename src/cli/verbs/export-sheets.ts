// The sheets of an export: fills, orders, funding and profit per day, every number as exact as the ledger has it.

import type { Mode } from "../../core/alert.ts";
import { currenciesOf, type Grouping, notionalOf } from "../../core/statistics.ts";
import type { Database } from "../../storage/database.ts";
import { createHistory } from "../../storage/history.ts";
import { readPnl } from "../../storage/statistics.ts";
import type { Cell, Sheet } from "./export-file.ts";
import type { Selection } from "./export-selection.ts";

export type SheetKind = "fills" | "orders" | "funding" | "pnl";

/** The sheet of a kind over a selection. */
export function sheetOf(kind: SheetKind, db: Database, selection: Selection, grouping: Grouping): Sheet {
  switch (kind) {
    case "fills":
      return fillsSheet(db, selection);
    case "orders":
      return ordersSheet(db, selection);
    case "funding":
      return fundingSheet(db, selection);
    case "pnl":
      return pnlSheet(db, selection, grouping);
  }
}

type Columns<Row> = readonly (readonly [name: string, type: "text" | "exact", value: (row: Row) => Cell])[];

function sheet<Row>(columns: Columns<Row>, rows: AsyncIterable<Row>): Sheet {
  return { columns: columns.map(([name, type]) => ({ name, type })), rows: cellsOf(columns, rows) };
}

async function* cellsOf<Row>(columns: Columns<Row>, rows: AsyncIterable<Row>): AsyncIterable<readonly Cell[]> {
  for await (const row of rows) yield columns.map(([, , value]) => value(row));
}

/** UTC as programs read it. */
function utc(at: number): string {
  return new Date(at).toISOString();
}

/** The columns that every row of the ledger begins with. */
function ownerColumns<Row extends { botId: string; exchange: string; account: string; symbol: string }>(
  { bots, calendar }: Selection,
  atOf: (row: Row) => number,
): Columns<Row> {
  const modes = new Map<string, Mode>(bots.map(({ id, mode }) => [id, mode]));
  return [
    ["time", "exact", (row) => utc(atOf(row))],
    ["localTime", "exact", (row) => calendar.text(atOf(row))],
    ["bot", "text", (row) => row.botId],
    ["mode", "text", (row) => modes.get(row.botId) ?? null],
    ["exchange", "text", (row) => row.exchange],
    ["account", "text", (row) => row.account],
    ["symbol", "text", (row) => row.symbol],
  ];
}

function fillsSheet(db: Database, selection: Selection): Sheet {
  const rows = createHistory(db).fills(selection.filter);
  return sheet(
    [
      ...ownerColumns<FillOf<typeof rows>>(selection, (row) => row.at),
      ["side", "text", (row) => row.side],
      ["price", "exact", (row) => row.price],
      ["quantity", "exact", (row) => row.quantity],
      ["baseCurrency", "text", (row) => currenciesOf(row.symbol).base],
      ["notional", "exact", notionalOf],
      ["quoteCurrency", "text", (row) => currenciesOf(row.symbol).quote],
      ["fee", "exact", (row) => row.fee],
      ["feeCurrency", "text", (row) => row.feeCurrency],
      ["realizedPnl", "exact", (row) => row.realizedPnl],
      ["liquidity", "text", (row) => row.liquidity],
      ["slot", "text", (row) => row.slot],
      ["tradeId", "text", (row) => row.tradeId],
      ["exchangeOrderId", "text", (row) => row.exchangeOrderId],
      ["clientOrderId", "text", (row) => row.clientOrderId],
    ],
    rows,
  );
}

type FillOf<Rows> = Rows extends AsyncIterable<infer Row> ? Row : never;

function ordersSheet(db: Database, selection: Selection): Sheet {
  const rows = createHistory(db).orders(selection.filter);
  return sheet(
    [
      ...ownerColumns<FillOf<typeof rows>>(selection, (row) => row.createdAt),
      ["updatedTime", "exact", (row) => utc(row.updatedAt)],
      ["side", "text", (row) => row.side],
      ["price", "exact", (row) => row.price],
      ["quantity", "exact", (row) => row.quantity],
      ["filledQuantity", "exact", (row) => row.filledQuantity],
      ["status", "text", (row) => row.status],
      ["isUnknown", "exact", (row) => row.isUnknown],
      ["timeInForce", "text", (row) => row.timeInForce],
      ["postOnly", "exact", (row) => row.postOnly],
      ["reduceOnly", "exact", (row) => row.reduceOnly],
      ["leg", "text", (row) => row.leg],
      ["slot", "text", (row) => row.slot],
      ["reason", "text", (row) => row.reason],
      ["clientOrderId", "text", (row) => row.clientOrderId],
      ["exchangeOrderId", "text", (row) => row.exchangeOrderId],
    ],
    rows,
  );
}

function fundingSheet(db: Database, selection: Selection): Sheet {
  const rows = createHistory(db).funding(selection.filter);
  return sheet(
    [
      ...ownerColumns<FillOf<typeof rows>>(selection, (row) => row.at),
      ["amount", "exact", (row) => row.amount],
      ["currency", "text", (row) => row.currency],
      ["fundingId", "text", (row) => row.fundingId],
    ],
    rows,
  );
}

function pnlSheet(db: Database, { bots, filter, calendar }: Selection, grouping: Grouping): Sheet {
  async function* days() {
    const { from, to, accounts } = filter;
    yield* (await readPnl(db, { bots, from, to, accounts, calendar, grouping })).days;
  }
  const rows = days();
  return sheet<FillOf<typeof rows>>(
    [
      ["day", "exact", (row) => row.day],
      ["timezone", "text", () => calendar.timezone],
      ["bot", "text", (row) => row.botId],
      ["mode", "text", (row) => row.mode],
      ["exchange", "text", (row) => row.exchange],
      ["account", "text", (row) => row.account],
      ["currency", "text", (row) => row.currency],
      ["realizedPnl", "exact", (row) => row.realizedPnl],
      ["fees", "exact", (row) => row.fees],
      ["funding", "exact", (row) => row.funding],
      ["netPnl", "exact", (row) => row.netPnl],
      ["volume", "exact", (row) => row.volume],
      ["wearRatePercent", "exact", (row) => row.wearRate],
      ["trades", "exact", (row) => row.trades],
      ["maxDrawdown", "exact", (row) => row.maxDrawdown],
      ["maxEquityDrawdown", "exact", (row) => row.maxEquityDrawdown],
    ],
    rows,
  );
}
