// What a new life of the process starts from: the market as it is, and the books that its stored trades amount to.

import type { Instrument } from "../../core/instrument.ts";
import type { LegMarket, MarketSnapshot } from "../../core/strategy.ts";
import { ticks } from "../../core/units.ts";
import { keyOf } from "./judge.ts";
import type { Surroundings } from "./surroundings.ts";
import type { Touches } from "./touches.ts";
import { TruthBooks } from "./truth.ts";

/** In the instruments' steps. Throws when a side of a market is empty. */
export function openMarket(world: Surroundings, instruments: Readonly<Record<string, Instrument>>, touches: Touches): MarketSnapshot {
  const { schedule, store } = world;
  const legs: Record<string, LegMarket> = {};
  for (const [leg, instrument] of Object.entries(instruments)) {
    const { touch, steps } = world.marketOf(leg);
    if (touch === null) throw new Error(`the market of ${leg} has no touch`);
    const [bestBid, bestAsk] = [ticks(touch.bestBid / steps.tick), ticks(touch.bestAsk / steps.tick)];
    legs[leg] = { instrument, bestBid, bestAsk, available: { base: "10", quote: "50000" } };
    // A first start takes no book from the snapshot, a later one does.
    const isFirst = store.state === null;
    touches.open(leg, isFirst ? null : bestBid, isFirst ? null : bestAsk, schedule.now);
  }
  return { at: schedule.now, legs };
}

/** By the exchange's own trades and payments, as far as they are stored. */
export function storedBooks(world: Surroundings): TruthBooks {
  const { scenario, store, payments } = world;
  const books = new TruthBooks(scenario.instruments, scenario.twists.feeToken?.isConverted !== false);
  for (const leg of Object.keys(scenario.instruments)) {
    for (const fill of world.marketOf(leg).fills) if (store.fills.get(keyOf(leg, fill))?.leg === leg) books.fold(leg, fill);
  }
  for (const { leg, id } of store.fundings) books.fund(leg, payments.find((payment) => payment.id === id)?.amount ?? "0");
  return books;
}
