// Knows which exchange orders and fills are this bot's, so that nothing foreign is taken in or canceled.

import { decodeClientOrderId } from "../core/client-order-id.ts";
import type { ExchangeFill } from "../core/events.ts";

const IDS_MAX = 20_000;
const FOREIGN_FILLS_MAX = 1_000;
const SEEN_MAX = 20_000;

/** What an exchange calls an order; its ids are unique within an account and symbol only. */
export interface NamedOrder {
  readonly symbol: string;
  readonly clientOrderId: string | null;
  readonly exchangeOrderId: string;
}

/** The bot's orders on one account. */
export interface OwnOrders {
  /** Our client order id of an exchange order, from the id itself or from what we learned; null when it is not ours. */
  clientOrderIdOf(order: NamedOrder): string | null;
  /** Remembers whose an exchange order id of a symbol is. Returns fills that came before we knew. */
  learn(symbol: string, clientOrderId: string, exchangeOrderId: string): readonly ExchangeFill[];
  /** The fill with our client order id filled in; null when it is foreign (kept a while) or was handed on before. */
  claim(fill: ExchangeFill): ExchangeFill | null;
}

/** Bounded memory: the oldest 20 000 ids and fills are forgotten first, which costs at most a repeated look. */
export function createOwnOrders(botNumber: number): OwnOrders {
  const clientIds = new Map<string, string>();
  const foreign = new Map<string, ExchangeFill>();
  const seen = new Set<string>();

  function clientOrderIdOf({ symbol, clientOrderId, exchangeOrderId }: NamedOrder): string | null {
    if (clientOrderId !== null && decodeClientOrderId(clientOrderId)?.botNumber === botNumber) return clientOrderId;
    return clientIds.get(orderKey(symbol, exchangeOrderId)) ?? null;
  }

  function claim(fill: ExchangeFill): ExchangeFill | null {
    const key = fillKey(fill);
    if (seen.has(key)) return null;
    const clientOrderId = clientOrderIdOf(fill);
    if (clientOrderId === null) {
      foreign.set(key, fill);
      trim(foreign, FOREIGN_FILLS_MAX);
      return null;
    }
    foreign.delete(key);
    seen.add(key);
    trim(seen, SEEN_MAX);
    return { ...fill, clientOrderId };
  }

  return {
    clientOrderIdOf,
    claim,
    learn(symbol, clientOrderId, exchangeOrderId) {
      const key = orderKey(symbol, exchangeOrderId);
      if (clientIds.get(key) === clientOrderId) return [];
      clientIds.set(key, clientOrderId);
      trim(clientIds, IDS_MAX);
      const waiting = [...foreign.values()].filter((fill) => fill.symbol === symbol && fill.exchangeOrderId === exchangeOrderId);
      return waiting.flatMap((fill) => claim(fill) ?? []);
    },
  };
}

function orderKey(symbol: string, exchangeOrderId: string): string {
  return `${symbol} ${exchangeOrderId}`;
}

function fillKey(fill: ExchangeFill): string {
  return `${fill.symbol} ${fill.tradeId} ${fill.exchangeOrderId}`;
}

function trim(memory: Map<string, unknown> | Set<string>, max: number): void {
  while (memory.size > max) {
    const oldest = memory.keys().next().value;
    if (oldest === undefined) return;
    memory.delete(oldest);
  }
}
