// Lighter's orders: what the server takes is confirmed by what the sequencer makes of it, over the stream or by looking.

import { setTimeout as wait } from "node:timers/promises";
import { money } from "../../core/money.ts";
import type { CcxtExchange, CcxtOrder } from "../ccxt-loader.ts";
import { AnswerError, DeniedError } from "../outcome.ts";
import { byCursor, type Pages } from "../paging.ts";
import type { OrderName, OrderRequest } from "../quirks.ts";
import { newContext, withContext } from "../request-context.ts";
import { list, text } from "./fields.ts";
import { orderParams } from "./generic.ts";
import { QUEUED, refusalIn, statusIn } from "./lighter-answers.ts";
import type { Lighter } from "./lighter-ccxt.ts";

/** Documented: 200 to 300 ms until an order or cancel is carried out. The stream is waited for longer than that. */
const TOLD_MS = 1_500;
/** Without a stream, looks come after these pauses: each costs requests, of which there are 60 a minute. */
const LOOKS_MS: readonly number[] = [250, 750];
/** An order that is not there so soon after it was sent may still be on its way to the sequencer. */
const ON_ITS_WAY_MS = 1_000;
/** The exchange's clock may be behind ours. */
const CLOCK_SKEW_MS = 10_000;
export const PAGE = 100;
const ID_MAX = 2 ** 48 - 1;
/** Documented: a cancel can be scheduled five minutes ahead at least. What is sent arrives a little later. */
export const SCHEDULE_LEAST_MS = 300_000;
const SCHEDULE_MARGIN_MS = 5_000;
const ABORT_MS = 400;
const ABORTS_MAX = 3;

/** Of which nothing is known but that the server took it. */
const TAKEN: CcxtOrder = { info: {} };

export const own = (exchange: CcxtExchange): Lighter => exchange as Lighter;

/** Our id as Lighter's client order index. Throws a DeniedError. */
export function clientIndex(clientOrderId: string): number {
  const index = Number(clientOrderId);
  if (!/^\d{1,15}$/.test(clientOrderId) || index < 1 || index > ID_MAX)
    throw new DeniedError("clientOrderId", `Lighter takes client order ids from 1 to ${ID_MAX}, not ${clientOrderId.slice(0, 20)}`);
  return index;
}

function isNamed(order: CcxtOrder, { clientOrderId, exchangeOrderId }: Pick<OrderName, "clientOrderId" | "exchangeOrderId">): boolean {
  return exchangeOrderId === null ? order.clientOrderId === clientOrderId : order.id === exchangeOrderId;
}

/** Orders that are over, back to `since`. */
export function closedOrders(exchange: CcxtExchange, symbol: string, since: number): Promise<Pages<CcxtOrder>> {
  const lighter = own(exchange);
  const market = exchange.market(symbol);
  const page = async (cursor: string | null, limit: number) => {
    const query = { account_index: lighter.accountIndex, market_id: market.id, limit, ...(cursor === null ? {} : { cursor }) };
    const answer = await lighter.privateGetAccountInactiveOrders(query);
    return { rows: list(answer, "orders").map((raw) => lighter.parseOrder(raw, market)), next: text(answer, "next_cursor") };
  };
  return byCursor(page, { keyOf: (order) => order.id ?? "", since, limit: PAGE });
}

/** The order as the exchange shows it now: among the open ones, then (or, for one that never rests, first) among the closed. */
async function look(lighter: Lighter, name: OrderName, neverRests: boolean): Promise<CcxtOrder | null> {
  const isIt = (order: CcxtOrder): boolean => isNamed(order, name);
  const open = async (): Promise<CcxtOrder | undefined> => (await lighter.fetchOpenOrders(name.symbol)).find(isIt);
  const closed = async (): Promise<CcxtOrder | undefined> =>
    (await closedOrders(lighter, name.symbol, name.createdAt - CLOCK_SKEW_MS)).rows.find(isIt);
  return (neverRests ? ((await closed()) ?? (await open())) : ((await open()) ?? (await closed()))) ?? null;
}

/** Waits until the exchange shows the order as it should be; the last that was seen of it, or null when it is nowhere. */
async function confirmed(
  lighter: Lighter,
  name: OrderName,
  told: (ms: number) => Promise<CcxtOrder | null>,
  isDone: (order: CcxtOrder) => boolean,
  neverRests = false,
): Promise<CcxtOrder | null> {
  let seen = await told(TOLD_MS);
  for (const pauseMs of LOOKS_MS) {
    if (seen !== null && isDone(seen)) return seen;
    await wait(pauseMs);
    seen = await withContext(newContext("reconcile", "read"), () => look(lighter, name, neverRests));
  }
  return seen;
}

function isClosed(order: CcxtOrder): boolean {
  const status = statusIn(order.info);
  return status !== null && status !== "open";
}

/** The sequencer's refusals look like canceled orders that never traded. Throws an AnswerError for one. */
function refuseCanceled(order: CcxtOrder): CcxtOrder {
  const status = text(order.info, "status") ?? "";
  const kind = refusalIn(status);
  if (kind === null || money(order.filled ?? "0").gt(0)) return order;
  throw new AnswerError(200, status, `the order was taken and then refused: ${status}`, { kind, isProof: true });
}

export async function place(exchange: CcxtExchange, order: OrderRequest): Promise<CcxtOrder> {
  const lighter = own(exchange);
  const { clientOrderId, price, quantity, side, symbol, timeInForce } = order;
  const name: OrderName = { symbol, clientOrderId, exchangeOrderId: null, createdAt: Date.now() };
  const neverRests = timeInForce === "ioc";
  const isDone = (one: CcxtOrder): boolean => (neverRests ? isClosed(one) : statusIn(one.info) !== null);
  const params = orderParams(order, { clientOrderId: clientIndex(clientOrderId) });
  const watch = lighter.listenFor((one) => isNamed(one, name) && isDone(one));
  try {
    await lighter.inTurn(() => exchange.createOrder(symbol, "limit", side, quantity, price, params));
    const seen = await confirmed(lighter, name, watch.within, isDone, neverRests).catch(() => null);
    return seen === null ? TAKEN : refuseCanceled(seen);
  } finally {
    watch.stop();
  }
}

/** A cancel is taken whether there is anything to cancel or not: what counts is that the order is over. */
export async function cancel(exchange: CcxtExchange, name: OrderName): Promise<CcxtOrder> {
  const lighter = own(exchange);
  const { clientOrderId, exchangeOrderId, symbol } = name;
  const watch = lighter.listenFor((order) => isNamed(order, name) && isClosed(order));
  try {
    await lighter.inTurn(() =>
      exchangeOrderId === null
        ? exchange.cancelOrder(undefined, symbol, { clientOrderId: clientIndex(clientOrderId) })
        : exchange.cancelOrder(exchangeOrderId, symbol, {}),
    );
    const seen = await confirmed(lighter, name, watch.within, isClosed).catch(() => TAKEN);
    if (seen !== null) return seen;
  } finally {
    watch.stop();
  }
  throw new AnswerError(200, null, "the cancel was taken, and the order is nowhere", { kind: "notFound", isProof: false });
}

export async function amend(exchange: CcxtExchange, name: OrderName, to: OrderRequest): Promise<CcxtOrder> {
  const lighter = own(exchange);
  const isDone = (order: CcxtOrder): boolean => isClosed(order) || (order.price !== undefined && money(order.price).eq(to.price));
  const watch = lighter.listenFor((order) => isNamed(order, name) && isDone(order));
  try {
    const index = name.exchangeOrderId ?? String(clientIndex(name.clientOrderId));
    await lighter.inTurn(() => exchange.editOrder(index, to.symbol, "limit", to.side, to.quantity, to.price, {}));
    const seen = await confirmed(lighter, name, watch.within, isDone).catch(() => null);
    return seen !== null && isDone(seen) ? seen : TAKEN;
  } finally {
    watch.stop();
  }
}

/** An open order. One that is missing right after it was sent is on its way for all we know. Throws an AnswerError. */
export async function openOrder(exchange: CcxtExchange, name: OrderName): Promise<CcxtOrder> {
  const found = (await exchange.fetchOpenOrders(name.symbol)).find((order) => isNamed(order, name));
  if (found !== undefined) return found;
  const isYoung = Date.now() - name.createdAt < ON_ITS_WAY_MS;
  const message = isYoung ? "the order may still be on its way" : "the order is not among the open ones";
  throw new AnswerError(200, null, message, { kind: isYoung ? "unknown" : "notFound", isProof: false });
}

/**
 * Lighter's dead-man switch is one time for the whole account, whatever the symbols, at least five minutes ahead. One that is set
 * must be taken back before the next: in that moment there is none. Throws a DeniedError for a shorter time.
 */
export async function deadManSwitch(exchange: CcxtExchange, timeoutMs: number | null): Promise<void> {
  const lighter = own(exchange);
  const abort = (): Promise<unknown> => lighter.inTurn(() => lighter.cancelAllOrders(undefined, { time_in_force: 2 }));
  if (timeoutMs === null) return void (await abort());
  if (timeoutMs < SCHEDULE_LEAST_MS)
    throw new DeniedError("deadManSwitch", `Lighter's dead-man switch takes at least ${SCHEDULE_LEAST_MS} ms, not ${timeoutMs}`);
  for (let aborts = 0; ; aborts += 1) {
    try {
      await lighter.inTurn(() => lighter.cancelAllOrdersAfter(timeoutMs + SCHEDULE_MARGIN_MS));
      return;
    } catch (error) {
      if (!(error instanceof AnswerError) || error.code !== QUEUED || aborts === ABORTS_MAX) throw error;
    }
    await abort();
    await wait(ABORT_MS);
  }
}
