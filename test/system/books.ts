// Compares a bot's stored fills with the simulated exchange's own trade list.

import { expect } from "vitest";
import type { FleetUnderTest } from "./fleet.ts";
import { until } from "./fleet.ts";

interface SimFill {
  readonly tradeId: string | number;
  readonly orderId: string;
  readonly clientId: number | null;
  readonly symbol: string;
  readonly side: string;
  readonly price: string;
  readonly quantity: string;
}

interface StoredFill {
  readonly tradeId: string;
  readonly exchangeOrderId: string;
  readonly side: string;
  readonly price: string;
  readonly quantity: string;
}

/** `SOL/USDC:USDC` is `SOL_USDC_PERP` at the exchange, `SOL/USDC` is `SOL_USDC`. */
export function exchangeSymbol(symbol: string): string {
  const [pair, settle] = symbol.split(":");
  return `${(pair ?? "").replace("/", "_")}${settle === undefined ? "" : "_PERP"}`;
}

export async function exchangeFills(fleet: FleetUnderTest, symbol: string): Promise<SimFill[]> {
  const answer = await fleet.sim<SimFill[] | { fills: SimFill[] }>(`/sim/fills?account=sim&symbol=${exchangeSymbol(symbol)}`);
  return Array.isArray(answer) ? answer : answer.fills;
}

function storedFills(data: unknown): StoredFill[] {
  const found = Array.isArray(data) ? data : (data as { fills?: StoredFill[] }).fills;
  if (found === undefined) throw new Error(`no fills in ${JSON.stringify(data).slice(0, 200)}`);
  return found as StoredFill[];
}

function key(fill: { tradeId: string | number; side: string; price: string; quantity: string }): string {
  const side = /^(bid|buy)$/i.test(fill.side) ? "buy" : "sell";
  return `${fill.tradeId} ${side} ${Number(fill.quantity)} @ ${Number(fill.price)}`;
}

/** The set of fills in our database equals the exchange's list for that symbol: none missing, none extra, none twice. */
export async function expectSameBooks(fleet: FleetUnderTest, id: string, symbol: string): Promise<number> {
  const compare = async (): Promise<{ ours: string[]; theirs: string[] }> => {
    const result = await fleet.exec(`/fills ${id} 1000`);
    if (!result.ok) throw new Error(result.text);
    return { ours: storedFills(result.data).map(key).sort(), theirs: (await exchangeFills(fleet, symbol)).map(key).sort() };
  };
  await until(`${id}: ledger = exchange's list`, async () => {
    const { ours, theirs } = await compare();
    return JSON.stringify(ours) === JSON.stringify(theirs);
  }).catch(() => undefined);
  const { ours, theirs } = await compare();
  expect(ours).toEqual(theirs);
  return ours.length;
}

/** Open orders of the account at the exchange on one symbol. */
export async function openAtExchange(fleet: FleetUnderTest, symbol: string): Promise<{ id: string; clientId: number | null }[]> {
  const answer = await fleet.sim<
    { id: string; clientId: number | null; symbol: string }[] | { orders: { id: string; clientId: number | null; symbol: string }[] }
  >("/sim/orders?account=sim");
  const orders = Array.isArray(answer) ? answer : answer.orders;
  return orders.filter((order) => order.symbol === exchangeSymbol(symbol));
}
