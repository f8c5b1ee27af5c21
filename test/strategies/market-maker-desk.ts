// A desk for tests of the market maker: one leg's view that tests move about, and the answers in plain words.

import type { Instrument } from "../../src/core/instrument.ts";
import { money as decimal, text } from "../../src/core/money.ts";
import { quantumOf } from "../../src/core/position-ledger.ts";
import type { Intent, LegView, MarketSnapshot, Quote, StrategyEvent, Until, View } from "../../src/core/strategy.ts";
import { type Lots, lots, type Ticks, ticks } from "../../src/core/units.ts";
import { type MarketMakerParams, params } from "../../src/strategies/market-maker/params.ts";
import type { MarketMakerState } from "../../src/strategies/market-maker/state.ts";
import strategy from "../../src/strategies/market-maker.ts";
import { ETH_PERP } from "../core/instruments.ts";

export function settings(input: Record<string, unknown>): MarketMakerParams {
  return params.parse(input);
}

/** Keeps books, position and time of one leg, feeds the strategy and remembers its last answer. */
export class Desk {
  readonly value: MarketMakerParams;
  readonly instrument: Instrument;
  position = 0;
  /** Ticks x lots: what the open position cost, and what was received minus paid. */
  cost = 0;
  cash = 0;
  state: MarketMakerState;
  at = 1_000_000;
  bestBid: Ticks;
  bestAsk: Ticks;
  bidQuantity: Lots | null = null;
  askQuantity: Lots | null = null;
  mark: Ticks | null = null;
  last: Ticks | null = null;
  available: { base: string; quote: string } | null = null;
  reference: LegView | null = null;
  answer: readonly Intent[] = [];

  constructor(input: Record<string, unknown>, touch: readonly [number, number], instrument: Instrument = ETH_PERP) {
    this.value = settings(input);
    this.instrument = instrument;
    this.bestBid = ticks(touch[0]);
    this.bestAsk = ticks(touch[1]);
    this.state = strategy.init(this.value, this.market());
  }

  market(): MarketSnapshot {
    const main = { instrument: this.instrument, bestBid: this.bestBid, bestAsk: this.bestAsk };
    return { at: this.at, legs: { main: this.available === null ? main : { ...main, available: this.available } } };
  }

  view(): View<MarketMakerParams> {
    const mark = this.mark ?? ticks(Math.round((this.bestBid + this.bestAsk) / 2));
    const money = (quanta: number): string => text(quantumOf(this.instrument).times(Math.round(quanta)));
    const value = this.position * mark;
    const main: LegView = {
      instrument: this.instrument,
      bestBid: this.bestBid,
      bestAsk: this.bestAsk,
      bidQuantity: this.bidQuantity,
      askQuantity: this.askQuantity,
      mark: this.mark,
      last: this.last,
      available: this.available,
      realizedPnl: money(this.cash + this.cost),
      unrealizedPnl: money(value - this.cost),
      fees: "0",
      funding: "0",
      netPnl: money(this.cash + value),
      volume: "0",
      position: lots(this.position),
      averageEntryPrice: this.position === 0 ? null : text(decimal(this.instrument.tickSize).times(this.cost).div(this.position)),
    };
    return { params: this.value, at: this.at, legs: this.reference === null ? { main } : { main, reference: this.reference } };
  }

  tell(event: StrategyEvent): readonly Intent[] {
    this.answer = strategy.decide(this.state, event, this.view());
    return this.answer;
  }

  book(bestBid: number, bestAsk: number, afterMs = 0): readonly Intent[] {
    this.bestBid = ticks(bestBid);
    this.bestAsk = ticks(bestAsk);
    this.at += afterMs;
    return this.tell({ type: "book", leg: "main" });
  }

  wait(ms: number): readonly Intent[] {
    this.at += ms;
    return this.tell({ type: "time" });
  }

  /** A fill as the kernel tells it: the position has it already. */
  fill(slot: string, side: "buy" | "sell", price: number, quantity: number): readonly Intent[] {
    this.#enter(side, price, quantity);
    const fill = { side, price: ticks(price), quantity: lots(quantity), fee: "0", feeCurrency: this.instrument.quote };
    return this.tell({ type: "fill", leg: "main", slot, ...fill });
  }

  /** Changes the position without a word, as a fill of another life would have. */
  hold(position: number, price: number): void {
    const difference = position - this.position;
    if (difference !== 0) this.#enter(difference > 0 ? "buy" : "sell", price, Math.abs(difference));
  }

  /** Average cost; a fill through zero opens the rest at its price. */
  #enter(side: "buy" | "sell", price: number, quantity: number): void {
    const signed = side === "buy" ? quantity : -quantity;
    const closed = this.position * signed < 0 ? Math.min(quantity, Math.abs(this.position)) : 0;
    if (closed > 0) this.cost -= (this.cost * closed) / Math.abs(this.position);
    this.cost += Math.sign(signed) * (quantity - closed) * price;
    this.cash -= signed * price;
    this.position += signed;
  }

  orders(): readonly Quote[] {
    return this.answer.flatMap((intent) => (intent.type === "quote" && intent.leg === "main" ? intent.orders : []));
  }

  until(): Until {
    const quote = this.answer.find((intent) => intent.type === "quote");
    return quote?.type === "quote" ? (quote.until ?? {}) : {};
  }

  /** Prices of one side in ticks, innermost first. */
  prices(side: "buy" | "sell"): number[] {
    return this.orders().flatMap((order) => (order.side === side ? [order.price] : []));
  }

  quantities(side: "buy" | "sell"): number[] {
    return this.orders().flatMap((order) => (order.side === side ? [order.quantity] : []));
  }

  held(): Extract<Intent, { type: "hold" }> | undefined {
    return this.answer.find((intent) => intent.type === "hold");
  }
}
