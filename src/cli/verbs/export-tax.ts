// The sheet that tax tools take: what was sent, what was received, what it cost, in the columns that most of them share.

import { money, text } from "../../core/money.ts";
import type { FillRow, FundingRow } from "../../core/ports.ts";
import { currenciesOf, notionalOf } from "../../core/statistics.ts";
import type { Database } from "../../storage/database.ts";
import { createHistory } from "../../storage/history.ts";
import type { Cell, Sheet } from "./export-file.ts";
import type { Selection } from "./export-selection.ts";

/** Names and order as in Koinly's universal template, which other tools read too; times are UTC. */
const COLUMNS: Sheet["columns"] = [
  { name: "Date", type: "exact" },
  { name: "Sent Amount", type: "exact" },
  { name: "Sent Currency", type: "text" },
  { name: "Received Amount", type: "exact" },
  { name: "Received Currency", type: "text" },
  { name: "Fee Amount", type: "exact" },
  { name: "Fee Currency", type: "text" },
  { name: "Net Worth Amount", type: "exact" },
  { name: "Net Worth Currency", type: "text" },
  { name: "Label", type: "text" },
  { name: "Description", type: "text" },
  { name: "TxHash", type: "text" },
];

interface Entry {
  readonly at: number;
  readonly sent?: readonly [amount: string, currency: string];
  readonly received?: readonly [amount: string, currency: string];
  readonly fee?: readonly [amount: string, currency: string];
  readonly label?: "realized gain" | "margin fee" | "cost" | "reward";
  readonly description: string;
  readonly id: string;
}

/**
 * Spot fills are exchanges of one currency for another. Of perpetuals only outcomes count: realized profit as received, loss as
 * sent. Funding is received or paid; a rebate is a reward.
 */
export function taxSheet(kind: "fills" | "funding", db: Database, { filter }: Selection): Sheet {
  const history = createHistory(db);
  const entries = kind === "fills" ? flat(history.fills(filter), entriesOfFill) : flat(history.funding(filter), entriesOfFunding);
  return { columns: COLUMNS, rows: cellsOf(entries) };
}

async function* flat<Row>(rows: AsyncIterable<Row>, entriesOf: (row: Row) => readonly Entry[]): AsyncIterable<Entry> {
  for await (const row of rows) yield* entriesOf(row);
}

async function* cellsOf(entries: AsyncIterable<Entry>): AsyncIterable<readonly Cell[]> {
  for await (const { at, sent, received, fee, label, description, id } of entries) {
    const date = `${new Date(at).toISOString().slice(0, 19).replace("T", " ")} UTC`;
    const pair = (part: readonly [string, string] | undefined): readonly Cell[] => part ?? [null, null];
    yield [date, ...pair(sent), ...pair(received), ...pair(fee), null, null, label ?? null, description, id];
  }
}

export function entriesOfFill(fill: FillRow): readonly Entry[] {
  const { base, quote } = currenciesOf(fill.symbol);
  const isPerpetual = fill.symbol.includes(":");
  const common = {
    at: fill.at,
    description: `${fill.botId}: ${fill.side} ${fill.quantity} ${fill.symbol} at ${fill.price} (${fill.exchange}/${fill.account})`,
    id: `${fill.exchange}:${fill.tradeId}:${fill.exchangeOrderId}`,
  };
  const fee = money(fill.fee);
  const paid = fee.gt(0) ? { fee: [fill.fee, fill.feeCurrency] as const } : {};
  const rebate: Entry[] = fee.lt(0)
    ? [{ ...common, received: [text(fee.abs()), fill.feeCurrency], label: "reward", id: `${common.id}:rebate` }]
    : [];
  if (!isPerpetual) {
    const [bases, quotes] = [[fill.quantity, base] as const, [notionalOf(fill), quote] as const];
    const sides = fill.side === "buy" ? { sent: quotes, received: bases } : { sent: bases, received: quotes };
    return [{ ...common, ...sides, ...paid }, ...rebate];
  }
  const outcome = money(fill.realizedPnl);
  if (outcome.gt(0)) return [{ ...common, ...paid, received: [fill.realizedPnl, quote], label: "realized gain" }, ...rebate];
  if (outcome.lt(0)) return [{ ...common, ...paid, sent: [text(outcome.abs()), quote], label: "realized gain" }, ...rebate];
  return fee.gt(0) ? [{ ...common, sent: [fill.fee, fill.feeCurrency], label: "cost" }] : rebate;
}

export function entriesOfFunding(payment: FundingRow): readonly Entry[] {
  const amount = money(payment.amount);
  const common = {
    at: payment.at,
    description: `${payment.botId}: funding of ${payment.symbol} (${payment.exchange}/${payment.account})`,
    id: `${payment.exchange}:${payment.symbol}:${payment.fundingId}`,
  };
  if (amount.eq(0)) return [];
  if (amount.gt(0)) return [{ ...common, received: [payment.amount, payment.currency], label: "realized gain" }];
  return [{ ...common, sent: [text(amount.abs()), payment.currency], label: "margin fee" }];
}
