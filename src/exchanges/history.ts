// What the exchange's history says about fills, funding and orders of ours.

import type { ExchangeFill } from "../core/events.ts";
import type { Instrument } from "../core/instrument.ts";
import type { FillPage, FundingEntry, FundingPage, OrderLookup, OrderRef } from "../core/ports.ts";
import type { Lots } from "../core/units.ts";
import type { CcxtExchange, CcxtIncome, CcxtOrder } from "./ccxt-loader.ts";
import { filledOf, toFill } from "./normalize.ts";
import { ExchangeReadError } from "./outcome.ts";
import type { Quirks } from "./quirks.ts";

/** The exchange's clock may be behind ours when an order is stamped. */
export const CLOCK_SKEW_MS = 10_000;

/** Fills of the account on one symbol at or after `since`, oldest first. */
export async function readFills(
  exchange: CcxtExchange,
  quirks: Quirks,
  instrument: Instrument,
  since: number,
  now: number,
): Promise<FillPage> {
  const pages = await quirks.fills(exchange, instrument.ref.symbol, since, now);
  const fills = pages.rows.map((trade) => toFill(instrument, quirks, trade)).filter((fill) => fill.at >= since);
  fills.sort((a, b) => a.at - b.at || compareIds(a.tradeId, b.tradeId));
  return { fills, complete: pages.complete };
}

/** Funding payments of the account on one symbol at or after `since`, oldest first. Throws for one that cannot be told from others. */
export async function readFunding(
  exchange: CcxtExchange,
  quirks: Quirks,
  symbol: string,
  since: number,
  now: number,
): Promise<FundingPage> {
  const pages = await quirks.funding(exchange, symbol, since, now);
  const entries = pages.rows.map((income) => toFunding(quirks, symbol, income)).filter((entry) => entry.at >= since);
  entries.sort((a, b) => a.at - b.at);
  return { entries, complete: pages.complete };
}

function toFunding(quirks: Quirks, symbol: string, income: CcxtIncome): FundingEntry {
  const entry = quirks.fundingOf(income);
  if (entry === null || income.timestamp === undefined)
    throw new ExchangeReadError("transient", `funding of ${symbol}: a payment has no amount, time or identity`);
  return { ...entry, at: income.timestamp };
}

/** What the order history says about one order, or null when it says nothing yet. */
export function inOrderHistory(quirks: Quirks, instrument: Instrument, orders: readonly CcxtOrder[], ref: OrderRef): OrderLookup | null {
  const since = ref.createdAt - CLOCK_SKEW_MS;
  // Our ids wrap after 16 million orders: an old order of the same name is not this one.
  const order = orders.find(
    (row) => isSame(ref, row.id, ownId(quirks, row.clientOrderId)) && (row.timestamp === undefined || row.timestamp >= since),
  );
  if (order?.id === undefined) return null;
  const status = quirks.statusOf(order);
  const filledQuantity = filledOf(instrument, order);
  if (status === null || status === "open" || filledQuantity === null)
    return { found: "unknown", message: `the history lists order ${order.id} as ${status ?? "nothing we know"}` };
  return { found: "closed", status, exchangeOrderId: order.id, filledQuantity };
}

/** What the fills alone say: that the order arrived, but not how it ended. */
export function inFills(fills: readonly ExchangeFill[], ref: OrderRef): OrderLookup | null {
  const own = fills.filter((fill) => isSame(ref, fill.exchangeOrderId, fill.clientOrderId));
  if (own.length === 0) return null;
  const filled = own.reduce((sum, fill) => sum + fill.quantity, 0) as Lots;
  return { found: "unknown", message: `${own.length} fills of ${filled} lots are there, the closed order is not listed yet` };
}

function ownId(quirks: Quirks, id: string | null | undefined): string | null {
  return id === null || id === undefined ? null : quirks.idIn(id);
}

function isSame(ref: OrderRef, exchangeOrderId: string | null | undefined, clientOrderId: string | null | undefined): boolean {
  if (ref.exchangeOrderId !== null) return exchangeOrderId === ref.exchangeOrderId;
  return clientOrderId === ref.clientOrderId;
}

function compareIds(a: string, b: string): number {
  return a.length - b.length || (a < b ? -1 : a > b ? 1 : 0);
}
