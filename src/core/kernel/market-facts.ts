// What the feeds say of a market: touch, mark, last trade, balances, margin and funding.

import type { KernelEvent } from "../events.ts";
import { applyFunding } from "../position-ledger.ts";
import { legOf, type Turn } from "./turn.ts";

export function onBook(turn: Turn, book: Extract<KernelEvent, { type: "book" }>): void {
  const { leg, bestBid, bestAsk } = book;
  const state = legOf(turn, leg);
  const isReadable = Number.isSafeInteger(bestBid) && Number.isSafeInteger(bestAsk) && bestBid > 0 && bestBid < bestAsk;
  if (!isReadable) return;
  const isFirst = state.bestBid === null;
  state.bestBid = bestBid;
  state.bestAsk = bestAsk;
  state.bidQuantity = book.bidQuantity ?? null;
  state.askQuantity = book.askQuantity ?? null;
  state.bookAt = turn.data.at;
  const until = state.wish.type === "quote" ? state.wish.until : null;
  const isCovered =
    until !== null && (until.below === undefined || bestBid >= until.below) && (until.above === undefined || bestAsk <= until.above);
  if (isFirst || !isCovered) turn.tell.push({ type: "book", leg });
}

export function onMarketFact(turn: Turn, event: Extract<KernelEvent, { type: "mark" | "last" | "balances" | "margin" }>): void {
  const state = legOf(turn, event.leg);
  if (event.type === "mark") {
    if (Number.isSafeInteger(event.mark) && event.mark > 0) state.mark = event.mark;
  } else if (event.type === "last") {
    if (Number.isSafeInteger(event.price) && event.price > 0) state.last = event.price;
  } else if (event.type === "balances") {
    const isFirst = state.available === null;
    state.available = { base: event.base, quote: event.quote };
    if (isFirst) turn.tell.push({ type: "book", leg: event.leg });
  } else state.liquidationPrice = event.liquidationPrice;
}

export function onFunding(turn: Turn, event: Extract<KernelEvent, { type: "funding" }>): void {
  if (!applyFunding(legOf(turn, event.leg).ledger, event.id, event.amount)) return;
  turn.effects.push({ type: "recordFunding", leg: event.leg, id: event.id, amount: event.amount, at: event.at });
}
